//! When a tracker loses a thing and finds it again under a new number: does the new path continue an old one?

use std::time::Duration;

use super::edges::{are_alike, is_near};
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Pixel, Point, Rect};
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
    /// What of the world is in the picture.
    pub(super) picture: FrameSize,
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
    let is_like = match end.group {
        // People whom the border cuts at the knee are many and all alike.
        Group::Person => is_near(end.rect.area(), start.rect.area(), AREA_RATIO),
        Group::TwoWheeler | Group::Vehicle => are_alike(end.rect, start.rect, end.picture, AREA_RATIO),
    };
    if gap.is_zero() || end.group != start.group || !is_like || end.car_length <= 0.0 {
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
        (gap <= MOVING_GAP).then(|| moving_mismatch(end, velocity, moved, gap.as_secs_f32())).flatten()
    };
    is_within.filter(|mismatch| *mismatch <= 1.0)
}

/// The gate of a moving thing: an ellipse around the predicted place, longer along the way, because a guessed speed errs along it.
fn moving_mismatch(end: &PathEnd, velocity: Point<Pixel>, moved: Point<Pixel>, gap: f32) -> Option<f32> {
    let length = velocity.x.hypot(velocity.y);
    let (ux, uy) = (velocity.x / length, velocity.y / length);
    let way = length * gap / end.car_length;
    let expected = expected(end, velocity, gap);
    let missed = Point::<Pixel>::new(moved.x - expected.x, moved.y - expected.y);
    let (along, beside) = (missed.x * ux + missed.y * uy, missed.x * uy - missed.y * ux);
    let (reach, width) = (ALONG_L + SPEED_ERROR * way, BESIDE_L + 0.1 * way);
    (moved.x * ux + moved.y * uy >= -BEHIND_L).then(|| (along / reach).hypot(beside / width))
}

/// How far the middle of the box has come, in L: of what leaves the picture only the part that is still in it has a middle.
fn expected(end: &PathEnd, velocity: Point<Pixel>, gap: f32) -> Point<Pixel> {
    if end.group == Group::Person {
        return Point::new(velocity.x * gap / end.car_length, velocity.y * gap / end.car_length);
    }
    let rect = end.rect;
    let there: Rect<Pixel> = Rect::new(rect.left + velocity.x * gap, rect.top + velocity.y * gap, rect.width, rect.height);
    let picture = Rect::new(0.0, 0.0, end.picture.width as f32, end.picture.height as f32);
    let (from, to) = (rect.center(), there.intersection(picture).unwrap_or(there).center());
    Point::new((to.x - from.x) / end.car_length, (to.y - from.y) / end.car_length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(vx: f32) -> PathEnd {
        PathEnd {
            group: Group::Vehicle,
            at: MediaTime::ZERO,
            rect: Rect::new(100.0, 100.0, 60.0, 40.0),
            picture: FrameSize::new(640, 360),
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
    fn a_car_lost_while_it_came_in_below_is_known_again_while_it_leaves_above() {
        let (came_in, leaves) = (Rect::new(267.0, 189.0, 230.0, 240.0), Rect::new(283.0, 0.0, 121.0, 139.0));
        let upwards = |speed: f32| PathEnd {
            rect: came_in,
            picture: FrameSize::new(768, 432),
            velocity: Some(Point::new(0.0, -speed)),
            car_length: 230.0,
            ..end(0.0)
        };
        let start = PathStart { rect: leaves, ..start(1.9, 0.0, 0.0) };
        assert!(mismatch(&upwards(175.0), &start).is_some(), "by the speed of its front");
        assert_eq!(mismatch(&upwards(5.0), &start), None, "by the speed of its foot, which stayed on the border");
    }

    #[test]
    fn a_motorcycle_does_not_become_a_car_nor_a_car_a_bus_three_times_its_size() {
        let bike = PathStart { group: Group::TwoWheeler, ..start(1.0, 200.0, 100.0) };
        let large = PathStart { rect: Rect::new(200.0, 50.0, 150.0, 90.0), ..start(1.0, 200.0, 100.0) };
        assert_eq!((mismatch(&end(100.0), &bike), mismatch(&end(100.0), &large)), (None, None));
    }
}
