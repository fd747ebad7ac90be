//! The only place that names OpenCV, and the one that names `image`: drawing over pictures and writing stills.

mod canvas;
mod still;

pub use canvas::{Canvas, Colour, VisionError};
pub use still::{Still, StillError};
