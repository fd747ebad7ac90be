//! Pictures in, boxes out: the model behind one trait.
//!
//! ```text
//! Frame ─► attention (where to look closer) ─► letterbox ─► Inference (a copy from the pool) ─► head ─► merge ─► Detections
//! ```

mod attention;
mod class_map;
mod contract;
mod detection;
mod error;
mod heads;
mod heap;
mod inference;
mod letterbox;
mod merge;
mod onnx;
mod onnx_detector;
mod pool;
mod recorded_detector;
mod region;
mod scene_detector;
mod turn;

pub use contract::{ClassName, Colour, Contract, Element, Fit, HeadKind, InputSpec, Layout, Model, NmsSpec, OutputSpec, ScoreSpec};
pub use detection::{Cost, Detection, Score};
pub use error::DetectError;
pub use inference::{Inference, InputTensor, OutputTensor, Values};
pub use onnx::{check_processor, open as open_copy};
pub use onnx_detector::OnnxDetector;
pub use pool::Pool;
pub use recorded_detector::RecordedDetector;
pub use scene_detector::SceneDetector;
pub use turn::Turn;

use crate::base::geom::{Pixel, Rect};
use crate::decode::Frame;

/// Finds vehicles and people in a frame.
///
/// Contract (one suite runs on every implementation): the same frames and focus in the same order give the same detections; boxes lie inside the
/// picture; `out` is cleared first; no allocation once warm, apart from the runtime's own call.
pub trait Detector: Send {
    /// Waits until this camera may use the model. A live camera takes its newest frame only then: a frame that waited for the model would be
    /// old before anybody looks at it.
    fn turn(&self) -> Turn;

    /// Replaces `out` by what is in `frame`. `focus` are the boxes where tracks are expected now, in pixels: where a closer look pays.
    ///
    /// # Errors
    /// When the model could not be run; the caller counts it and goes on with the next frame.
    fn detect_in(&mut self, turn: Turn, frame: &Frame, focus: &[Rect<Pixel>], out: &mut Vec<Detection>) -> Result<Cost, DetectError>;

    /// Waits for its turn with `frame` in hand: recorded films, where no frame is newer than another.
    ///
    /// # Errors
    /// As [`Self::detect_in`].
    fn detect(&mut self, frame: &Frame, focus: &[Rect<Pixel>], out: &mut Vec<Detection>) -> Result<Cost, DetectError> {
        let turn = self.turn();
        self.detect_in(turn, frame, focus, out)
    }
}
