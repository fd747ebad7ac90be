//! When a tracker loses a thing and finds it again under a new number: does the new path continue an old one?

use std::time::Duration;

use crate::base::class::Class;
use crate::base::geom::{Pixel, Point, Rect};
use crate::base::time::MediaTime;

/// Classes that a detector mixes up; a path is never continued by one of another group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Group {
    Person,
    TwoWheeler,
    Vehicle,
}

impl Group {
    pub(super) fn of(class: Class) -> Self {
        match class {
            Class::Person => Self::Person,
            Class::Bicycle | Class::Motorcycle => Self::TwoWheeler,
            Class::Car | Class::Bus | Class::Truck => Self::Vehicle,
        }
    }
}

/// The last that was seen of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathEnd {
    pub(super) group: Group,
    pub(super) at: MediaTime,
    pub(super) rect: Rect<Pixel>,
    /// Pixels per second; `None` when it was seen only once.
    pub(super) velocity: Option<Point<Pixel>>,
    /// Car length there, in pixels.
    pub(super) car_length: f32,
}

/// The first that was seen of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathStart {
    pub(super) group: Group,
    pub(super) at: MediaTime,
    pub(super) rect: Rect<Pixel>,
}

/// A moving thing may be hidden for this long.
pub(super) const MOVING_GAP: Duration = Duration::from_millis(2500);
/// A standing one, behind what passes in front of it.
pub(super) const STANDING_GAP: Duration = Duration::from_secs(20);
/// Slower than this stands, in L/s.
const STANDING_L_S: f32 = 0.2;
/// How far a new path may begin from where the old one would be, along its way and beside it, in L.
const ALONG_L: f32 = 1.5;
const BESIDE_L: f32 = 0.8;
/// What a guess of the speed is wrong by.
const SPEED_ERROR: f32 = 0.25;
/// A path goes on where it stopped or ahead of it; behind it is someone else.
const BEHIND_L: f32 = 0.5;
const AT_REST_L: f32 = 0.6;
/// One thing does not change its area by more than this.
const AREA_RATIO: f32 = 3.0;

/// How badly `start` continues `end`: 0 is perfect, 1 the limit; `None` when it cannot be the same thing.
pub(super) fn mismatch(end: &PathEnd, start: &PathStart) -> Option<f32> {
    let gap = start.at.since(end.at);
    let areas = (end.rect.area().max(1.0), start.rect.area().max(1.0));
    let is_like = end.group == start.group && areas.0 < AREA_RATIO * areas.1 && areas.1 < AREA_RATIO * areas.0;
    if gap.is_zero() || !is_like || end.car_length <= 0.0 {
        return None;
    }
    let (from, to) = (end.rect.center(), start.rect.center());
    let moved = Point::<Pixel>::new((to.x - from.x) / end.car_length, (to.y - from.y) / end.car_length);
    let velocity = end.velocity.unwrap_or(Point::new(0.0, 0.0));
    let speed = velocity.x.hypot(velocity.y) / end.car_length;
    let is_within = if speed < STANDING_L_S && end.velocity.is_some() {
        (gap <= STANDING_GAP).then(|| moved.x.hypot(moved.y) / AT_REST_L)
    } else if speed < STANDING_L_S {
        (gap <= MOVING_GAP).then(|| moved.x.hypot(moved.y) / ALONG_L)
    } else {
        (gap <= MOVING_GAP).then(|| moving_mismatch(moved, velocity, speed, gap.as_secs_f32())).flatten()
    };
    is_within.filter(|mismatch| *mismatch <= 1.0)
}

/// The gate of a moving thing: an ellipse around the predicted place, longer along the way, because a guessed speed errs along it.
fn moving_mismatch(moved: Point<Pixel>, velocity: Point<Pixel>, speed: f32, gap: f32) -> Option<f32> {
    let length = velocity.x.hypot(velocity.y);
    let (ux, uy) = (velocity.x / length, velocity.y / length);
    let along = moved.x * ux + moved.y * uy;
    let beside = moved.x * uy - moved.y * ux;
    let reach = ALONG_L + SPEED_ERROR * speed * gap;
    let width = BESIDE_L + 0.1 * speed * gap;
    (along >= -BEHIND_L).then(|| ((along - speed * gap) / reach).hypot(beside / width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(vx: f32) -> PathEnd {
        PathEnd {
            group: Group::Vehicle,
            at: MediaTime::ZERO,
            rect: Rect::new(100.0, 100.0, 60.0, 40.0),
            velocity: Some(Point::new(vx, 0.0)),
            car_length: 50.0,
        }
    }

    fn start(after: f64, x: f32, y: f32) -> PathStart {
        PathStart { group: Group::Vehicle, at: MediaTime::from_secs_f64(after), rect: Rect::new(x, y, 60.0, 40.0) }
    }

    #[test]
    fn a_path_goes_on_where_the_thing_would_be() {
        let cases = [
            ("where it was going", end(100.0), start(1.0, 200.0, 100.0), true),
            ("a little slower", end(100.0), start(1.0, 140.0, 100.0), true),
            ("behind where it was lost is someone else", end(100.0), start(1.0, 60.0, 100.0), false),
            ("the next lane is someone else", end(100.0), start(1.0, 200.0, 160.0), false),
            ("after three seconds nobody knows", end(100.0), start(3.0, 400.0, 100.0), false),
            ("a standing car is where it was, also after ten seconds", end(0.0), start(10.0, 105.0, 100.0), true),
            ("a standing car is not one length ahead", end(0.0), start(2.0, 160.0, 100.0), false),
            ("at the same time there are two", end(100.0), start(0.0, 100.0, 100.0), false),
        ];
        for (story, end, start, expected) in cases {
            assert_eq!(mismatch(&end, &start).is_some(), expected, "{story}");
        }
    }

    #[test]
    fn a_motorcycle_does_not_become_a_car_nor_a_car_a_bus_three_times_its_size() {
        let bike = PathStart { group: Group::TwoWheeler, ..start(1.0, 200.0, 100.0) };
        let large = PathStart { rect: Rect::new(200.0, 50.0, 150.0, 90.0), ..start(1.0, 200.0, 100.0) };
        assert_eq!((mismatch(&end(100.0), &bike), mismatch(&end(100.0), &large)), (None, None));
    }
}
