//! What a detector says: a box, a class, a score.

use std::time::Duration;

use crate::base::class::Class;
use crate::base::geom::{Pixel, Rect};

/// How sure a detector is, 0..=1.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Score(f32);

impl Score {
    /// Clamps into 0..=1; NaN becomes 0.
    pub fn new(value: f32) -> Self {
        Self(if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) })
    }

    /// The number.
    pub const fn get(self) -> f32 {
        self.0
    }
}

/// One thing found in one picture.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Detection {
    /// Where, in pixels of the source.
    pub rect: Rect<Pixel>,
    /// What.
    pub class: Class,
    /// How sure.
    pub score: Score,
}

/// What detecting in one frame took.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cost {
    /// Times the model ran.
    pub inferences: u32,
    /// CPU time of this thread for filling tensors.
    pub preprocess: Duration,
    /// CPU time of this thread inside the runtime's call.
    pub inference: Duration,
    /// CPU time of this thread for reading outputs and suppressing doubles.
    pub postprocess: Duration,
}
