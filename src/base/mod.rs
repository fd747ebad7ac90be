//! What everything else stands on: time, geometry, names, the one queue, back-off and log rate limits, and what the system tells of the box.
//!
//! Nothing here knows about cameras, models or brokers.

pub mod backoff;
pub mod camera_url;
pub mod checksum;
pub mod class;
pub mod cue;
pub mod disk;
pub mod durable;
mod eigen;
pub mod elf;
pub mod emp;
pub mod foreground;
pub mod geom;
pub mod ground;
pub mod handoff;
pub mod hardware;
mod homography;
pub mod id;
pub mod los;
pub mod number;
pub mod percent;
pub mod rate_limit;
pub mod thermal;
pub mod time;
