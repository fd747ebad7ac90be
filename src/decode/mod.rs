//! Compressed pictures in, [`Frame`]s out.

mod frame;

pub use frame::{ColourMatrix, ColourRange, Frame, Planes};
