//! The only place that names OpenCV, and the one that names `image`: watching over the view and for what is new in it, drawing over pictures and writing stills.

mod blocks;
mod canvas;
pub mod foreground;
mod grid;
mod still;
pub mod view;

pub use blocks::half_blocks;
pub use canvas::{Canvas, Colour, VisionError};
pub use grid::{draw_distance, draw_ground};
pub use still::{Still, StillError};
