//! Boxes of successive frames in, things with an identity out.

mod affinity;
mod assign;
mod camera;
mod jitter;
mod kalman;
pub mod mot;
mod rider;
mod tracker;
mod tracklet;
mod tuning;
mod types;

pub use rider::is_on_machine;
pub use tracker::Tracker;
pub use types::{Track, TrackId};
