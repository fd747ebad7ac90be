//! How far a queue reaches back from the stop line: in car lengths, and in metres where the ground is known.

use super::SceneTrack;
use crate::base::geom::{FrameSize, Line, Norm, Pixel, Point};
use crate::base::ground::Ground;

/// A longer gap ends a queue, in L from foot to foot (10 to 15 m in the literature, and a bus of 12 m).
const GAP_L: f32 = 3.5;
/// A passenger car in metres.
const L_M: f64 = 4.5;

/// A queued vehicle at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    foot: Point<Pixel>,
    /// How far it is along the road.
    pub(super) back_px: f32,
    /// Car lengths in a pixel of the road here: what goes away from a camera that looks flat over a road looks short.
    l_per_px: f32,
}

/// The way along the road.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Where "back" begins, and the unit vector that points back.
    origin: Point<Pixel>,
    back: Point<Pixel>,
    begins_at_line: bool,
}

impl Axis {
    /// Back from a stop line that has the zone on its positive side; without one against the direction of the traffic, as far as it is known.
    pub(super) fn of(stop_line: Option<Line<Pixel>>, direction: Option<Point<Pixel>>) -> Self {
        if let Some(line) = stop_line {
            let length = line.length().max(1.0);
            // To the right of a line walked from a to b with y down is (-dy, dx).
            let back = Point::new(-(line.b.y - line.a.y) / length, (line.b.x - line.a.x) / length);
            return Self { origin: line.a, back, begins_at_line: true };
        }
        let length = direction.map_or(0.0, |direction| direction.x.hypot(direction.y));
        // Ways that cancel each other out are no direction.
        let is_known = length > 0.5;
        let back = direction.filter(|_| is_known).map_or(Point::new(0.0, -1.0), |ahead| Point::new(-ahead.x / length, -ahead.y / length));
        Self { origin: Point::new(0.0, 0.0), back, begins_at_line: false }
    }

    pub(super) fn place(self, track: &SceneTrack) -> Place {
        let foot = track.foot();
        let (x, y) = (foot.x - self.origin.x, foot.y - self.origin.y);
        let back_px = x * self.back.x + y * self.back.y;
        let l_per_px = self.back.x.hypot(self.back.y * track.stretch) / track.car_length;
        Place { foot, back_px, l_per_px }
    }
}

/// The part of a queue, sorted from the front, that stands without a longer gap.
pub(super) fn without_gap(queue: &[Place]) -> &[Place] {
    let is_gap = |pair: &[Place]| gap_l(&pair[0], &pair[1]) > GAP_L;
    let end = queue.windows(2).position(is_gap).map_or(queue.len(), |last| last + 1);
    &queue[..end]
}

/// How far it reaches in L: gaps are added up each in the car lengths of its place, because perspective changes along a queue.
pub(super) fn length_l(queue: &[Place], axis: Axis) -> f64 {
    let Some(first) = queue.first() else { return 0.0 };
    let start = if axis.begins_at_line { first.back_px.max(0.0) * first.l_per_px + 0.5 } else { 1.0 };
    f64::from(start + queue.windows(2).map(|pair| gap_l(&pair[0], &pair[1])).sum::<f32>())
}

/// How far it reaches in metres, from the stop line or else from its first vehicle. `None` at the horizon.
pub(super) fn length_m(queue: &[Place], ground: &Ground, stop_line: Option<Line<Norm>>, size: FrameSize) -> Option<f64> {
    let (Some(first), Some(last)) = (queue.first(), queue.last()) else { return Some(0.0) };
    let foot = |place: &Place| ground.to_ground(size.to_norm(place.foot));
    let last = foot(last)?;
    match stop_line {
        Some(line) => {
            let on_ground = Line::new(ground.to_ground(line.a)?, ground.to_ground(line.b)?);
            // Half a car: the foot is the front of who comes and the rear of who goes.
            Some(f64::from(on_ground.signed_distance(last).abs()) + 0.5 * L_M)
        }
        None => Some(f64::from(foot(first)?.distance(last)) + L_M),
    }
}

fn gap_l(near: &Place, far: &Place) -> f32 {
    (far.back_px - near.back_px) * 0.5 * (near.l_per_px + far.l_per_px)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ground::GroundPoint;

    const SIZE: FrameSize = FrameSize::new(640, 360);

    /// Vehicles one behind the other up the picture from a line at its height 300, L being 40 pixels.
    fn queue(heights: &[f32], l_per_px: f32) -> Vec<Place> {
        heights.iter().map(|y| Place { foot: Point::new(320.0, *y), back_px: 300.0 - y, l_per_px }).collect()
    }

    fn axis() -> Axis {
        Axis::of(Some(Line::new(Point::new(640.0, 300.0), Point::new(0.0, 300.0))), None)
    }

    #[test]
    fn a_queue_ends_at_a_gap_that_no_queue_has() {
        let all = queue(&[280.0, 220.0, 160.0, 10.0], 1.0 / 40.0);
        assert_eq!(without_gap(&all).len(), 3);
        assert_eq!(without_gap(&[]).len(), 0);
        assert_eq!(length_l(without_gap(&all), axis()), 4.0, "20 and 60 and 60 pixels, and half a car");
    }

    #[test]
    fn the_same_pixels_are_a_longer_queue_where_the_camera_looks_flat() {
        let (steep, flat) = (queue(&[280.0, 250.0], 1.0 / 40.0), queue(&[280.0, 250.0], 2.0 / 40.0));
        assert_eq!((length_l(&steep, axis()), length_l(&flat, axis())), (1.75, 3.0));
    }

    #[test]
    fn metres_are_those_of_the_ground_whichever_way_the_line_is_drawn() {
        // A tenth of a metre a pixel across and two tenths along.
        let at = |x: f32, y: f32| GroundPoint { image: Point::new(x / 640.0, y / 360.0), ground: Point::new(x / 10.0, (300.0 - y) / 5.0) };
        let ground = Ground::fit(vec![at(0.0, 300.0), at(640.0, 300.0), at(640.0, 0.0), at(0.0, 0.0)]).expect("a view");
        let (left, right) = (Point::new(0.0, 300.0 / 360.0), Point::new(1.0, 300.0 / 360.0));
        let places = queue(&[280.0, 250.0], 1.0 / 40.0);
        for line in [Line::new(left, right), Line::new(right, left)] {
            let metres = length_m(&places, &ground, Some(line), SIZE).expect("below the horizon");
            assert!((metres - 12.25).abs() < 0.01, "{metres}");
        }
        let metres = length_m(&places, &ground, None, SIZE).expect("below the horizon");
        assert!((metres - 10.5).abs() < 0.01, "from the first to the last and a car: {metres}");
        assert_eq!(length_m(&[], &ground, None, SIZE), Some(0.0));
    }
}
