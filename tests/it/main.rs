//! Tests of the whole program; one binary.

mod counting_allocator;
mod models;
mod onnx_maker;
