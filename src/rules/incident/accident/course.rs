//! How a thing moved during a part of its trail.

use std::time::Duration;

use crate::base::geom::{Pixel, Point};
use crate::base::time::MediaTime;
use crate::scene::{Heading, Sample, Trail};

/// A velocity in pixels a second, and the middle of the time it was measured over. Pixels up and down the picture are stretched
/// ([`crate::scene::SceneTrack::stretch`]), so that a pixel is the same length on the road in every direction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Course {
    pub(super) at: MediaTime,
    x: f32,
    y: f32,
    stretch: f32,
}

/// Fewer samples or a shorter time say more about the jitter of boxes than about motion.
const FEWEST: usize = 3;
const SHORTEST: Duration = Duration::from_millis(350);
/// A step this much faster than the whole is a jump: one among two steps is twice as fast.
const JUMPS: f32 = 1.9;
/// Of the whole way a single step is less than this share: with one sighting missing it is two thirds of the shortest one.
const MOST_OF_WAY: f32 = 0.75;
/// Below this a direction means nothing, in pixels a second.
const NO_DIRECTION: f32 = 1e-3;

impl Course {
    /// Motion of the foot point: where the thing goes.
    pub(super) fn of_foot<'a>(samples: impl Iterator<Item = &'a Sample> + Clone, stretch: f32) -> Option<Self> {
        let at = middle(samples.clone())?;
        let [x, y] = slopes(samples, |sample| [sample.rect.foot().x, sample.rect.foot().y])?;
        Some(Self { at, x, y: stretch * y, stretch })
    }

    /// Motion that all edges of the box agree on: a box that is cut by something in front of it moves one edge only.
    pub(super) fn of_whole<'a>(samples: impl Iterator<Item = &'a Sample> + Clone, stretch: f32) -> Option<Self> {
        let at = middle(samples.clone())?;
        let edges = |sample: &Sample| [sample.rect.left, sample.rect.right(), sample.rect.top, sample.rect.bottom()];
        let [left, right, top, bottom] = slopes(samples, edges)?;
        Some(Self { at, x: lesser(left, right), y: stretch * lesser(top, bottom), stretch })
    }

    /// Whether the samples show motion, not a jump: in no step between them did the thing go much faster than on the whole, and no step alone makes most of the
    /// way. A tracker that takes one standing vehicle for another one jumps.
    pub(super) fn is_steady<'a>(self, samples: impl Iterator<Item = &'a Sample> + Clone) -> bool {
        let steps = || samples.clone().zip(samples.clone().skip(1));
        let way = |(a, b): (&Sample, &Sample)| self.apart(a.rect.foot(), b.rect.foot());
        let whole = steps().map(way).sum::<f32>();
        steps().all(|(a, b)| {
            let step = way((a, b));
            step < JUMPS * self.speed() * b.at.since(a.at).as_secs_f32() && step <= MOST_OF_WAY * whole
        })
    }

    /// Pixels a second.
    pub(super) fn speed(self) -> f32 {
        self.x.hypot(self.y)
    }

    /// Its direction in the picture; `None` when it has none.
    pub(super) fn heading(self) -> Option<Heading> {
        Heading::of(Point::new(self.x, self.y / self.stretch))
    }

    /// Pixels a second in the direction of `other`; zero when that has none.
    pub(super) fn along(self, other: Self) -> f32 {
        let speed = other.speed();
        if speed < NO_DIRECTION { 0.0 } else { (self.x * other.x + self.y * other.y) / speed }
    }

    /// Angle between the two directions in degrees, 0..=180.
    pub(super) fn turned_from(self, before: Self) -> f32 {
        let cross = before.x * self.y - before.y * self.x;
        let dot = before.x * self.x + before.y * self.y;
        cross.atan2(dot).abs().to_degrees()
    }

    /// Where a thing at `from` is after `secs` (before, when negative).
    pub(super) fn lead(self, from: Point<Pixel>, secs: f32) -> Point<Pixel> {
        Point::new(from.x + self.x * secs, from.y + self.y / self.stretch * secs)
    }

    /// Distance of two places.
    pub(super) fn apart(self, a: Point<Pixel>, b: Point<Pixel>) -> f32 {
        a.distance_stretched(b, self.stretch)
    }

    /// Distance of `place` ahead of and beside a thing at `from` that moves so.
    pub(super) fn ahead_and_beside(self, from: Point<Pixel>, place: Point<Pixel>) -> (f32, f32) {
        let speed = self.speed().max(NO_DIRECTION);
        let (dx, dy) = (place.x - from.x, self.stretch * (place.y - from.y));
        ((dx * self.x + dy * self.y) / speed, (dx * self.y - dy * self.x).abs() / speed)
    }
}

/// The samples of `trail` in `from..=to`.
pub(super) fn window(trail: &Trail, from: MediaTime, to: MediaTime) -> impl Iterator<Item = &Sample> + Clone {
    trail.between(from, to)
}

/// `by` earlier than `at`.
pub(super) fn earlier(at: MediaTime, by: Duration) -> MediaTime {
    MediaTime::from_micros(at.as_micros().saturating_sub(by.as_micros() as i64))
}

/// Middle of the samples' time, when there are enough of them.
fn middle<'a>(samples: impl Iterator<Item = &'a Sample> + Clone) -> Option<MediaTime> {
    let first = samples.clone().next()?;
    let (count, last) = samples.fold((0, first), |(count, _), sample| (count + 1, sample));
    let span = last.at.since(first.at);
    (count >= FEWEST && span >= SHORTEST).then(|| first.at + span / 2)
}

/// Slopes by least squares of `N` figures over the same time, in units a second.
fn slopes<'a, const N: usize>(samples: impl Iterator<Item = &'a Sample> + Clone, values: impl Fn(&Sample) -> [f32; N]) -> Option<[f32; N]> {
    let first = samples.clone().next()?.at;
    let time = |sample: &Sample| sample.at.since(first).as_secs_f32();
    let (mut n, mut t0, mut v0) = (0.0, 0.0, [0.0; N]);
    for sample in samples.clone() {
        (n, t0) = (n + 1.0, t0 + time(sample));
        v0.iter_mut().zip(values(sample)).for_each(|(sum, value)| *sum += value);
    }
    t0 /= n;
    v0.iter_mut().for_each(|sum| *sum /= n);
    let (mut tt, mut tv) = (0.0, [0.0; N]);
    for sample in samples {
        let dt = time(sample) - t0;
        tt += dt * dt;
        tv.iter_mut().zip(values(sample)).zip(v0).for_each(|((sum, value), mean)| *sum += dt * (value - mean));
    }
    let slopes = tv.map(|tv| tv / tt);
    slopes.iter().all(|slope| slope.is_finite()).then_some(slopes)
}

/// What both agree on: the smaller one, nothing when they point apart.
fn lesser(a: f32, b: f32) -> f32 {
    if a * b <= 0.0 {
        0.0
    } else if a.abs() < b.abs() {
        a
    } else {
        b
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::geom::Rect;

    fn samples(rects: impl IntoIterator<Item = Rect<Pixel>>) -> Vec<Sample> {
        let timed = rects.into_iter().enumerate();
        timed.map(|(i, rect)| Sample { at: MediaTime::from_secs_f64(i as f64 / 8.0), rect }).collect()
    }

    #[test]
    fn a_car_that_drives_has_one_course_however_it_is_measured() {
        let drives = samples((0..6).map(|i| Rect::new(10.0 * i as f32, 5.0 * i as f32, 60.0, 40.0)));
        for course in [Course::of_foot(drives.iter(), 1.0), Course::of_whole(drives.iter(), 1.0)] {
            let course = course.expect("five eighths of a second");
            assert!((course.speed() - 80.0_f32.hypot(40.0)).abs() < 0.1, "{course:?}");
            assert!((course.at.as_secs_f64() - 0.3125).abs() < 1e-6);
        }
    }

    #[test]
    fn a_standing_car_that_something_covers_from_the_side_does_not_move() {
        let covered = samples((0..6).map(|i| Rect::new(100.0 + 8.0 * i as f32, 100.0, 60.0 - 8.0 * i as f32, 40.0)));
        assert!(Course::of_whole(covered.iter(), 1.0).expect("long enough").speed() < 1e-3);
        assert!(Course::of_foot(covered.iter(), 1.0).expect("long enough").speed() > 20.0);
    }

    #[test]
    fn on_a_flat_view_a_car_that_drives_away_is_as_fast_as_one_that_crosses() {
        let away = samples((0..6).map(|i| Rect::new(0.0, -5.0 * i as f32, 60.0, 40.0)));
        let course = Course::of_foot(away.iter(), 2.0).expect("long enough");
        assert!((course.speed() - 80.0).abs() < 0.1, "{course:?}");
        let (from, to) = (Point::new(0.0, 100.0), Point::new(0.0, 90.0));
        let (ahead, beside) = course.ahead_and_beside(from, to);
        assert!((ahead - 20.0).abs() < 0.1 && beside < 0.1 && (course.apart(from, to) - 20.0).abs() < 0.1, "{ahead} {beside}");
        assert!((course.lead(from, 0.25).y - 90.0).abs() < 0.1, "places are in the picture's pixels");
    }

    #[test]
    fn what_stands_and_is_then_somewhere_else_has_not_driven_there() {
        let at = |x: f32| Rect::new(x, 0.0, 60.0, 40.0);
        let is_steady = |xs: &[f32]| {
            let samples = samples(xs.iter().map(|x| at(*x)));
            Course::of_foot(samples.iter(), 1.0).expect("long enough").is_steady(samples.iter())
        };
        assert!(is_steady(&[0.0, 10.0, 20.0, 30.0, 40.0]));
        assert!(is_steady(&[0.0, 16.0, 28.0, 36.0, 40.0]), "it brakes");
        assert!(!is_steady(&[0.0, 1.0, 2.0, 3.0, 40.0]));
        // Between the second and the third it was not seen for three frames: the step is no faster than the whole, and all there is.
        let mut gap = samples([0.0, 2.0, 34.0, 35.0].map(at));
        (gap[2].at, gap[3].at) = (MediaTime::from_secs_f64(0.5), MediaTime::from_secs_f64(0.625));
        let course = Course::of_foot(gap.iter(), 1.0).expect("long enough");
        assert!(!course.is_steady(gap.iter()), "{course:?}");
    }

    #[test]
    fn a_moment_has_no_course_and_repeated_times_do_no_harm() {
        let two = samples([Rect::new(0.0, 0.0, 9.0, 9.0), Rect::new(9.0, 0.0, 9.0, 9.0)]);
        assert_eq!(Course::of_foot(two.iter(), 1.0), None);
        let still = [two[0]; 5];
        assert_eq!(Course::of_whole(still.iter(), 1.0), None);
    }

    #[test]
    fn angles_are_between_directions_whichever_way_round() {
        let course = |x: f32, y: f32| Course { at: MediaTime::ZERO, x, y, stretch: 1.0 };
        assert_eq!(course(0.0, 1.0).turned_from(course(1.0, 0.0)).round(), 90.0);
        assert_eq!(course(-1.0, 0.1).turned_from(course(-1.0, -0.1)).round(), 11.0);
        assert_eq!(course(-2.0, 0.0).along(course(1.0, 0.0)), -2.0);
    }
}
