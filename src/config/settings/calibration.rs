//! What is known about the ground before a camera.

use crate::base::geom::{Norm, Point};
use crate::base::ground::Ground;

/// A checked calibration: every point fits, every check distance is met, no line or zone reaches the horizon.
#[derive(Clone, PartialEq, Debug)]
pub struct Calibration {
    /// From the picture to metres and back.
    pub ground: Ground,
    /// Distances that were measured besides the points, to judge them by.
    pub distances: Vec<CheckDistance>,
}

/// A distance that was measured on the ground between two places of the picture.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CheckDistance {
    /// One end.
    pub from: Point<Norm>,
    /// The other end.
    pub to: Point<Norm>,
    /// As measured.
    pub metres: f64,
}

impl CheckDistance {
    /// How much longer it is by the calibration than as measured, in percent; `None` when an end is at the horizon.
    pub fn error_pct(&self, ground: &Ground) -> Option<f64> {
        Some(100.0 * (ground.distance_m(self.from, self.to)? / self.metres - 1.0))
    }
}
