//! Vehicles: what passes, what is there, whether it flows.

mod course;
mod fragments;
mod tally;
pub mod congestion;
pub mod line_count;
pub mod zone_occupancy;

pub use tally::LineCounts;
