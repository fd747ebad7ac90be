//! Which way something goes in the picture.

use crate::base::geom::{Pixel, Point};

/// A direction in the picture: x to the right, y down. Lengths and sizes do not matter to it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Heading {
    /// Invariant: length 1.
    unit: Point<Pixel>,
}

impl Heading {
    /// The way of a step or a velocity; `None` when it goes nowhere or is no number.
    pub fn of(step: Point<Pixel>) -> Option<Self> {
        let length = step.x.hypot(step.y);
        (length.is_finite() && length > f32::EPSILON).then(|| Self { unit: Point::new(step.x / length, step.y / length) })
    }

    /// Angle between two directions in degrees, 0 (the same) to 180 (opposite).
    pub fn degrees_to(self, other: Self) -> f32 {
        let cosine = self.unit.x * other.unit.x + self.unit.y * other.unit.y;
        cosine.clamp(-1.0, 1.0).acos().to_degrees()
    }

    /// How far `step` goes this way, in pixels; negative when it goes back.
    pub fn along(self, step: Point<Pixel>) -> f32 {
        step.x * self.unit.x + step.y * self.unit.y
    }

    /// How far `to` lies ahead of `from` this way (negative when behind), and how far beside, in pixels across the picture; a pixel down is worth
    /// `stretch` of them ([`super::SceneTrack::stretch`]).
    pub fn ahead_and_beside(self, from: Point<Pixel>, to: Point<Pixel>, stretch: f32) -> (f32, f32) {
        let (ux, uy) = (self.unit.x, stretch * self.unit.y);
        let way = ux.hypot(uy).max(f32::EPSILON);
        let (dx, dy) = (to.x - from.x, stretch * (to.y - from.y));
        ((dx * ux + dy * uy) / way, (dx * uy - dy * ux).abs() / way)
    }

    /// The place `by` pixels beside `from`, to the right of this direction (to the left when negative).
    pub fn beside(self, from: Point<Pixel>, by: f32) -> Point<Pixel> {
        Point::new(from.x - by * self.unit.y, from.y + by * self.unit.x)
    }

    /// Degrees clockwise from the picture's right, 0 to 360.
    pub(crate) fn degrees(self) -> f32 {
        self.unit.y.atan2(self.unit.x).to_degrees().rem_euclid(360.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_between_directions_and_a_step_to_nowhere_has_none() {
        let of = |x, y| Heading::of(Point::new(x, y));
        let right = of(10.0, 0.0).expect("goes right");
        for (x, y, degrees) in [(3.0, 0.0, 0.0), (1.0, 1.0, 45.0), (0.0, -2.0, 90.0), (-5.0, 0.0, 180.0)] {
            assert!((of(x, y).expect("goes").degrees_to(right) - degrees).abs() < 0.1, "{x} {y}");
        }
        assert_eq!(of(0.0, 0.0), None);
        assert_eq!(of(f32::NAN, 1.0), None);
        assert_eq!(of(f32::INFINITY, 1.0), None);
        assert_eq!(right.along(Point::new(-4.0, 7.0)), -4.0);
        let down = of(0.0, 3.0).expect("goes down");
        assert_eq!(down.ahead_and_beside(Point::new(5.0, 5.0), Point::new(8.0, 7.0), 2.0), (4.0, 3.0));
        assert_eq!(right.beside(Point::new(5.0, 5.0), 2.0), Point::new(5.0, 7.0));
    }
}
