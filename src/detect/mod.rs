//! Pictures in, boxes out: the model behind one trait.

mod detection;
mod scene_detector;

pub use detection::{Cost, Detection, Score};
pub use scene_detector::SceneDetector;

use crate::base::geom::{Pixel, Rect};
use crate::decode::Frame;

/// Finds vehicles and people in a frame.
///
/// Contract (one suite runs on every implementation): the same frame and focus give the same detections; boxes lie inside the
/// picture; `out` is cleared first; no allocation once warm, apart from the runtime's own call.
pub trait Detector: Send {
    /// Replaces `out` by what is in `frame`. `focus` are the boxes where tracks are expected now, in pixels: where a closer look pays.
    ///
    /// # Errors
    /// When the model could not be run; the caller counts it and goes on with the next frame.
    fn detect(&mut self, frame: &Frame, focus: &[Rect<Pixel>], out: &mut Vec<Detection>) -> Result<Cost, DetectError>;
}

/// Why a model could not be opened or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DetectError {
    /// The model ran and failed.
    #[error("model `{model}` failed on a frame: {detail}")]
    Run {
        /// Name of the model.
        model: String,
        /// The runtime's words.
        detail: String,
    },
}
