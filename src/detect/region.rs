//! A part of the picture and where it lies in the model's input.

use crate::base::geom::{FrameSize, Model, Pixel, Point, Rect};

use super::contract::{Fit, InputSpec};

/// Whole pixels of the source. `left` and `top` are even, so that chroma samples keep their place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Region {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Region {
    /// All of a picture.
    pub(super) fn whole(size: FrameSize) -> Self {
        Self { left: 0, top: 0, width: size.width, height: size.height }
    }

    /// As a rectangle.
    pub(super) fn rect(self) -> Rect<Pixel> {
        Rect::new(self.left as f32, self.top as f32, self.width as f32, self.height as f32)
    }
}

/// Where a region lies in the input tensor, and the way back for boxes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Placement {
    pub(super) region: Region,
    /// Columns of the tensor left of the picture.
    pub(super) left: u32,
    /// Rows of the tensor above the picture.
    pub(super) top: u32,
    /// Columns the picture covers.
    pub(super) width: u32,
    /// Rows the picture covers.
    pub(super) height: u32,
}

/// The part of the input tensor that a picture covers; the rest is padding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Window {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Placement {
    /// Where it lies, whatever it shows.
    pub(super) fn window(&self) -> Window {
        Window { left: self.left, top: self.top, width: self.width, height: self.height }
    }

    /// Fits `region` into the model's input as its contract says.
    pub(super) fn new(region: Region, input: &InputSpec) -> Self {
        if input.fit == Fit::Stretch {
            return Self { region, left: 0, top: 0, width: input.width, height: input.height };
        }
        let scale = (f64::from(input.width) / f64::from(region.width)).min(f64::from(input.height) / f64::from(region.height));
        let width = ((f64::from(region.width) * scale).round() as u32).clamp(1, input.width);
        let height = ((f64::from(region.height) * scale).round() as u32).clamp(1, input.height);
        let (left, top) = match input.fit {
            Fit::LetterboxCentre => ((input.width - width) / 2, (input.height - height) / 2),
            Fit::LetterboxTopLeft | Fit::Stretch => (0, 0),
        };
        Self { region, left, top, width, height }
    }

    /// Source pixels per input pixel, horizontally and vertically.
    pub(super) fn step(&self) -> (f32, f32) {
        (self.region.width as f32 / self.width as f32, self.region.height as f32 / self.height as f32)
    }

    /// A point of the input, in pixels of the source; may lie outside the region.
    pub(super) fn to_pixel(self, p: Point<Model>) -> Point<Pixel> {
        let (step_x, step_y) = self.step();
        let x = (p.x - self.left as f32) * step_x + self.region.left as f32;
        Point::new(x, (p.y - self.top as f32) * step_y + self.region.top as f32)
    }
}
