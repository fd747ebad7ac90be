//! The only place that names OpenCV, and the one that names `image`: watching over the view, drawing over pictures and writing stills.

mod canvas;
mod grid;
mod still;
pub mod view;

pub use canvas::{Canvas, Colour, VisionError};
pub use grid::{draw_distance, draw_ground};
pub use still::{Still, StillError};
