//! How much this detector's boxes tremble: learned from what it shows, so that good and mediocre detectors are each believed as they deserve.
//!
//! The height of a thing hardly changes from one frame to the next, whether it walks or the camera turns, so what the height of its box
//! changes is the detector's trembling. The middle of these changes over all things is followed step by step (a running median: half boxes and
//! mistaken identities are far off, and weigh no more than others). Believing trembling boxes makes velocities out of nothing, which carry
//! what is hidden away from where it comes out again, and people who meet into each other.

use super::kalman::size_of;
use super::tuning::Tuning;
use crate::base::geom::{Pixel, Rect};

/// Share by which one box moves the estimate: some hundred boxes, seconds of a busy road, bring it to where it belongs.
const STEP: f32 = 0.03;

/// Follows how much boxes tremble.
#[derive(Debug)]
pub(super) struct Jitter {
    /// Usual change of a box's height between frames, in box sizes.
    change: f32,
}

impl Jitter {
    /// Of a good detector, until it shows otherwise.
    pub(super) fn new(tuning: &Tuning) -> Self {
        Self { change: tuning.measured_least / tuning.jitter }
    }

    /// The same thing had one box, and has the other in the next frame.
    pub(super) fn observe(&mut self, before: Rect<Pixel>, now: Rect<Pixel>, tuning: &Tuning) {
        let change = (now.height - before.height).abs() / size_of(before);
        self.change *= if change > self.change { 1.0 + STEP } else { 1.0 / (1.0 + STEP) };
        self.change = self.change.clamp(tuning.measured_least / tuning.jitter, tuning.measured_most / tuning.jitter);
    }

    /// Standard deviation of a good detection's position, in box sizes.
    pub(super) fn measured(&self, tuning: &Tuning) -> f32 {
        self.change * tuning.jitter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(heights: &[f32]) -> f32 {
        let tuning = Tuning::default();
        let mut jitter = Jitter::new(&tuning);
        let boxes = heights.iter().cycle().map(|&height| Rect::new(0.0, 0.0, 40.0, height));
        for (before, now) in boxes.clone().zip(boxes.skip(1)).take(300) {
            jitter.observe(before, now, &tuning);
        }
        jitter.measured(&tuning)
    }

    #[test]
    fn trembling_boxes_are_believed_less_and_a_few_half_ones_change_nothing() {
        let (steady, trembling) = (learned(&[100.0, 101.0]), learned(&[100.0, 108.0]));
        assert!(trembling > 1.5 * steady, "{trembling} {steady}");
        assert!((learned(&[100.0, 101.0, 100.0, 101.0, 100.0, 50.0, 100.0, 101.0]) - steady).abs() < 0.02);
    }
}
