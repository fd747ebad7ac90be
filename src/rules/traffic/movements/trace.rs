//! Where a vehicle went, in a few points.

use crate::base::geom::{FrameSize, Norm, Pixel, Point};

/// Points of a trace at most.
pub(super) const POINTS: usize = 24;
/// Distance of two points at first, in L; doubled whenever the trace is full.
const FIRST_SPACING_L: f32 = 0.5;

/// A way in at most [`POINTS`] points, evenly spaced along it; the last point is where the vehicle was seen last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trace {
    points: [Point<Norm>; POINTS],
    number: usize,
    spacing_l: f32,
    last: Option<Point<Norm>>,
}

impl Trace {
    pub(super) fn new() -> Self {
        Self { points: [Point::new(0.0, 0.0); POINTS], number: 0, spacing_l: FIRST_SPACING_L, last: None }
    }

    /// Takes where the vehicle is now; `car_length` in pixels there.
    pub(super) fn push(&mut self, at: Point<Pixel>, size: FrameSize, car_length: f32) {
        let place = size.to_norm(at);
        self.last = Some(place);
        let kept = self.points[..self.number].last();
        let is_far = kept.is_none_or(|kept| size.to_pixel(*kept).distance(at) >= self.spacing_l * car_length);
        if !is_far {
            return;
        }
        if self.number == POINTS {
            for index in 0..POINTS / 2 {
                self.points[index] = self.points[2 * index];
            }
            self.number = POINTS / 2;
            self.spacing_l *= 2.0;
        }
        self.points[self.number] = place;
        self.number += 1;
    }

    /// The points in order.
    pub(super) fn points(&self) -> impl DoubleEndedIterator<Item = Point<Norm>> + Clone + '_ {
        let kept = &self.points[..self.number];
        let last = self.last.filter(|last| kept.last() != Some(last));
        kept.iter().copied().chain(last)
    }

    /// `N` points at equal distances from the first to the last; `None` when the vehicle did not move.
    pub(super) fn even<const N: usize>(&self, size: FrameSize) -> Option<[Point<Norm>; N]> {
        let pixel = |p: Point<Norm>| size.to_pixel(p);
        let pairs = || self.points().zip(self.points().skip(1));
        let length: f32 = pairs().map(|(a, b)| pixel(a).distance(pixel(b))).sum();
        if length <= 1.0 {
            return None;
        }
        let mut even = [Point::new(0.0, 0.0); N];
        let (mut next, mut passed) = (0, 0.0);
        for (a, b) in pairs() {
            let step = pixel(a).distance(pixel(b));
            while next < N && passed + step >= length * next as f32 / (N - 1) as f32 - 1e-3 * length {
                let share = if step > 0.0 { ((length * next as f32 / (N - 1) as f32 - passed) / step).clamp(0.0, 1.0) } else { 0.0 };
                even[next] = Point::new(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share);
                next += 1;
            }
            passed += step;
        }
        (next == N).then_some(even)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: FrameSize = FrameSize::new(640, 360);

    #[test]
    fn a_long_way_keeps_its_ends_and_its_shape_in_few_points() {
        let mut trace = Trace::new();
        for step in 0..2000 {
            let along = step as f32 * 0.4;
            let at = if along < 400.0 { Point::new(along, 50.0) } else { Point::new(400.0, 50.0 + (along - 400.0) * 0.5) };
            trace.push(at, SIZE, 20.0);
        }
        assert!(trace.points().count() <= POINTS + 1);
        let even = trace.even::<5>(SIZE).expect("it moved").map(|p| SIZE.to_pixel(p));
        assert!(even[0].distance(Point::new(0.0, 50.0)) < 1.0 && even[4].distance(Point::new(400.0, 249.8)) < 1.0, "{even:?}");
        assert!(even[2].distance(Point::new(300.0, 50.0)) < 5.0, "{even:?}");
    }

    #[test]
    fn what_never_moved_has_no_way() {
        let mut trace = Trace::new();
        assert_eq!(trace.even::<5>(SIZE), None);
        (0..50).for_each(|_| trace.push(Point::new(100.0, 100.0), SIZE, 20.0));
        assert_eq!(trace.even::<5>(SIZE), None);
        trace.push(Point::new(f32::NAN, 1.0), SIZE, 0.0);
        let _ = trace.even::<5>(SIZE);
    }
}
