//! People: how many are in one place.

pub mod crowd_count;
