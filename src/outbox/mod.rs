//! Delivery: store, window, transport. The disk is the queue.

pub mod subscriber;
