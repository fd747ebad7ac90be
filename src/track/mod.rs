//! Boxes of successive frames in, things with an identity out.

mod types;

pub use types::{Track, TrackId};
