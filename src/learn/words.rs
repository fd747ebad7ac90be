//! Words in the picture of a proposal, none over another.

use crate::base::geom::{Pixel, Point, Rect};
use crate::vision::{Canvas, Colour, VisionError};

/// Where words stand already.
#[derive(Default)]
pub(super) struct Words {
    taken: Vec<Rect<Pixel>>,
}

impl Words {
    /// Keeps this place free.
    pub(super) fn keep_free(&mut self, place: Rect<Pixel>) {
        self.taken.push(place);
    }

    /// Writes with the middle at the first of these places where there are no other words; nowhere when there are everywhere: half a word over another is read
    /// by nobody.
    pub(super) fn put(&mut self, canvas: &mut Canvas, places: &[Point<Pixel>], (text, colour): (&str, Colour)) -> Result<(), VisionError> {
        let (width, height) = canvas.label_size(text)?;
        let around = |at: &Point<Pixel>| Rect::new(at.x - width / 2.0, at.y - height / 2.0, width, height);
        let is_free = |place: &Rect<Pixel>| self.taken.iter().all(|taken| taken.intersection(*place).is_none());
        let Some(place) = places.iter().map(around).find(is_free) else { return Ok(()) };
        self.taken.push(place);
        canvas.label(Point::new(place.left, place.bottom()), text, colour)
    }
}
