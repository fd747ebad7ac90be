//! Vehicles: what passes, what is there, whether it flows.

mod course;
mod doubles;
mod edges;
mod fragments;
mod path;
mod cycle_window;
mod discharge;
mod free_flow;
mod stitched;
mod tally;
pub mod approach;
pub mod congestion;
pub mod line_count;
pub mod movements;
pub mod zone_occupancy;

pub use tally::LineCounts;
