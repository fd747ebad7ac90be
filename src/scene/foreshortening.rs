//! How much shorter the road looks along the view than across it, from how fast cars grow down the picture.
//!
//! A camera low above a long road sees a car that drives away from it move few pixels up the picture. Measured by how large the car looks, its speed and
//! its braking come out at half of what they are. On flat ground the size of a car is proportional to how far below the horizon it is (pinhole camera
//! without roll), so a straight line through sizes finds the horizon, and with the focal length the angle at which the camera looks down at each height.

use serde::{Deserialize, Serialize};

use crate::base::geom::FrameSize;

/// Focal length in picture widths: between the wide (0.55) and the narrow (1.0) lenses of street cameras. The angle is as wrong as this is.
const FOCAL: f32 = 0.75;
/// Votes that are needed.
const ENOUGH: f32 = 30.0;
/// When this many are in, all are halved: what was seen long ago counts less.
const FULL: f32 = 1024.0;
/// Sizes from this much of the picture's height, as a standard deviation: closer together they say nothing about growth.
const SPREAD: f32 = 0.06;
/// A passenger car in metres; L is 4.5 m.
const CAR_LENGTH_M: f32 = 4.4;
const CAR_WIDTH_M: f32 = 1.8;
const CAR_HEIGHT_M: f32 = 1.5;
const L_M: f32 = 4.5;
/// No more than this: nearer the horizon a pixel is any length.
const MOST: f32 = 3.0;

/// Sums of a weighted least-squares line: size of cars over height in the picture, both in picture widths.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Foreshortening {
    weight: f32,
    votes: f32,
    y: f32,
    yy: f32,
    size: f32,
    y_size: f32,
}

impl Foreshortening {
    /// Learns that a car looks `length` pixels large at the height `y` of a picture of `size`.
    pub(super) fn vote(&mut self, size: FrameSize, y: f32, length: f32) {
        let width = size.width.max(1) as f32;
        let (y, length) = (y / width, length / width);
        // Large boxes are as many per cent wrong as small ones.
        let weight = 1.0 / (length * length);
        if !(weight.is_finite() && y.is_finite()) {
            return;
        }
        self.votes += 1.0;
        self.weight += weight;
        self.y += weight * y;
        self.yy += weight * y * y;
        self.size += weight * length;
        self.y_size += weight * y * length;
        if self.votes >= FULL {
            for sum in [&mut self.votes, &mut self.weight, &mut self.y, &mut self.yy, &mut self.size, &mut self.y_size] {
                *sum /= 2.0;
            }
        }
    }

    /// How many times a pixel up or down the picture at the height `y` is worth one across it where cars go along the view, 1 at least: where nothing
    /// is known and where the camera looks down steeply, car lengths by the size of the box are right.
    pub(super) fn stretch(&self, size: FrameSize, y: f32) -> f32 {
        let width = size.width.max(1) as f32;
        let Some(horizon) = self.horizon(size) else { return 1.0 };
        let below = (y / width - horizon).max(0.0);
        let sine = below / below.hypot(FOCAL);
        let height_m = CAR_HEIGHT_M * FOCAL / below.hypot(FOCAL) + CAR_LENGTH_M * sine;
        let stretch = (CAR_WIDTH_M * height_m).sqrt() / (L_M * sine);
        if stretch.is_nan() { 1.0 } else { stretch.clamp(1.0, MOST) }
    }

    /// Height at which cars have no size, in picture widths; `None` while cars do not grow down the picture as far as is known.
    fn horizon(&self, size: FrameSize) -> Option<f32> {
        if self.votes < ENOUGH {
            return None;
        }
        let (y, length) = (self.y / self.weight, self.size / self.weight);
        let variance = self.yy / self.weight - y * y;
        let spread = SPREAD * size.height as f32 / size.width.max(1) as f32;
        let growth = (self.y_size / self.weight - y * length) / variance;
        (variance > spread * spread && growth > 0.0).then(|| y - length / growth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: FrameSize = FrameSize::new(1280, 720);

    /// A camera that sees the horizon at the height `horizon`, in pixels; cars grow by `growth` a pixel.
    fn learned(horizon: f32, growth: f32) -> Foreshortening {
        let mut map = Foreshortening::default();
        (0..60).for_each(|i| map.vote(SIZE, 200.0 + 8.0 * i as f32, growth * (200.0 + 8.0 * i as f32 - horizon)));
        map
    }

    #[test]
    fn a_flat_view_is_stretched_the_more_the_nearer_to_the_horizon() {
        let map = learned(100.0, 0.3);
        let at = |y: f32| map.stretch(SIZE, y);
        // 20 degrees below the horizon: 0.342 * 4.4 m + 0.94 * 1.5 m high, 1.8 m wide, 4.5 * 0.342 m along.
        let y = 100.0 + 960.0 * 20.0_f32.to_radians().tan();
        assert!((at(y) - 1.49).abs() < 0.02, "{}", at(y));
        assert!(at(300.0) > at(y) && at(700.0) < at(y));
        assert_eq!((at(100.0), at(-50.0)), (MOST, MOST));
    }

    #[test]
    fn a_view_from_above_and_one_that_is_not_known_are_not_stretched() {
        assert_eq!(Foreshortening::default().stretch(SIZE, 300.0), 1.0);
        assert_eq!(learned(-4000.0, 0.02).stretch(SIZE, 300.0), 1.0, "cars are of one size everywhere");
        let mut one_road = Foreshortening::default();
        (0..60).for_each(|i| one_road.vote(SIZE, 300.0 + (i % 7) as f32, 50.0 + (i % 5) as f32));
        assert_eq!(one_road.stretch(SIZE, 300.0), 1.0, "all at one height");
    }

    #[test]
    fn figures_that_are_none_do_no_harm() {
        let mut map = learned(100.0, 0.3);
        for (y, length) in [(f32::NAN, 9.0), (9.0, 0.0), (9.0, f32::NAN)] {
            map.vote(SIZE, y, length);
        }
        assert!(map.stretch(SIZE, f32::NAN) >= 1.0 && map.stretch(FrameSize::new(0, 0), 3.0) >= 1.0);
    }
}
