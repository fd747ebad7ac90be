//! What everything else stands on: time, geometry, names, the one queue, back-off and log rate limits.
//!
//! Nothing here knows about cameras, models or brokers.

pub mod backoff;
pub mod class;
pub mod geom;
pub mod handoff;
pub mod id;
pub mod rate_limit;
pub mod time;
