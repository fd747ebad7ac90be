//! What time a frame stands for.

use std::time::Duration;

use crate::scene::Scene;

/// A frame stands for the time since the one before it, as long as no frames are missing between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    longest: Duration,
}

/// Frames missing in a row that are still taken as seen: a short stall says nothing new about a queue.
const MISSING: f64 = 3.0;
const AT_LEAST: Duration = Duration::from_secs(1);

impl Sampling {
    /// For a camera that is analysed at `fps` frames a second.
    pub(crate) fn new(fps: f32) -> Self {
        let expected = MISSING / f64::from(fps.max(0.01));
        Self { longest: AT_LEAST.max(Duration::from_secs_f64(expected)) }
    }

    /// Seconds that this frame stands for; what is longer than a short stall is not observed.
    pub(crate) fn secs(&self, scene: &Scene<'_>) -> f64 {
        scene.since_last.map_or(0.0, |since| since.min(self.longest).as_secs_f64())
    }

    /// The rest of the time since the frame before: nothing was seen then.
    pub(crate) fn unseen(&self, scene: &Scene<'_>) -> Duration {
        scene.since_last.map_or(Duration::ZERO, |since| since.saturating_sub(self.longest))
    }
}
