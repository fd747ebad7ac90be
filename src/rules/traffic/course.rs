//! On which side of a line a thing is, with hysteresis: the part of counting that one thing's path decides.

use std::time::Duration;

use crate::base::time::MediaTime;

/// A side of a directed line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Left,
    Right,
}

impl Side {
    pub(super) fn of(distance: f32) -> Self {
        if distance < 0.0 { Self::Left } else { Self::Right }
    }
}

/// Where a thing was seen, relative to the line.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Sighting {
    pub(super) at: MediaTime,
    /// Signed distance from the line in L, positive on the right.
    pub(super) distance: f32,
    /// Position along the line: 0 at its first end, 1 at its second.
    pub(super) along: f32,
}

/// The line was passed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Passed {
    /// When, interpolated between sightings.
    pub(super) at: MediaTime,
    /// Where along the line.
    pub(super) along: f32,
    /// To which side.
    pub(super) to: Side,
}

/// How far to each side a thing must have been for the passage to be more than jitter, in L.
pub(super) const BAND_L: f32 = 0.3;
/// A passage in the same direction counts again after this time and after having been this far back.
const REARM_AFTER: Duration = Duration::from_secs(2);
const REARM_L: f32 = 1.0;
/// At the end of a path this far behind the line is behind it.
const SETTLED_L: f32 = 0.05;

/// One thing's way across one line.
///
/// The thing has passed when it is `band` beyond the line and has travelled two bands since its farthest point on the old side. So a path that
/// begins inside the band counts as soon as it has moved as far as a full passage of the band, and jitter smaller than the band never counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    side: Side,
    farthest: f32,
    last: Sighting,
    met: Option<(MediaTime, f32)>,
    /// When a passage to the left and to the right last counted.
    counted: [Option<MediaTime>; 2],
}

impl Course {
    pub(super) fn new(first: Sighting) -> Self {
        Self { side: Side::of(first.distance), farthest: first.distance.abs(), last: first, met: None, counted: [None; 2] }
    }

    /// Where it was seen last.
    pub(super) fn last(&self) -> Sighting {
        self.last
    }

    /// Takes the next sighting; `band` in L.
    pub(super) fn see(&mut self, now: Sighting, band: f32) -> Option<Passed> {
        let before = std::mem::replace(&mut self.last, now);
        if Side::of(before.distance) != Side::of(now.distance) {
            self.met = Some(meeting(before, now));
        }
        if Side::of(now.distance) == self.side {
            self.farthest = self.farthest.max(now.distance.abs());
            return None;
        }
        (now.distance.abs() >= band).then(|| self.pass(band)).flatten()
    }

    /// Nothing more will be seen of it: a path that ends inside the band has passed when it had come from outside.
    pub(super) fn settle(&mut self, band: f32) -> Option<Passed> {
        let is_behind = Side::of(self.last.distance) != self.side && self.last.distance.abs() >= SETTLED_L;
        is_behind.then(|| self.pass(band)).flatten()
    }

    /// Nobody saw it pass, but it was at `to` or will be: notes the passage if none to that side counted yet.
    pub(super) fn pass_unseen(&mut self, at: MediaTime, along: f32, to: Side) -> Option<Passed> {
        let counted = &mut self.counted[to as usize];
        if counted.is_some() {
            return None;
        }
        *counted = Some(at);
        (self.side, self.met) = (to, None);
        Some(Passed { at, along, to })
    }

    fn pass(&mut self, band: f32) -> Option<Passed> {
        if self.farthest + self.last.distance.abs() < 2.0 * band {
            return None;
        }
        let from_farthest = std::mem::replace(&mut self.farthest, self.last.distance.abs());
        self.side = Side::of(self.last.distance);
        let (at, along) = self.met.take()?;
        let counted = &mut self.counted[self.side as usize];
        let is_armed = counted.is_none_or(|last| at.since(last) >= REARM_AFTER && from_farthest >= REARM_L);
        if is_armed {
            *counted = Some(at);
        }
        is_armed.then_some(Passed { at, along, to: self.side })
    }
}

/// Where and when the straight way from `a` to `b` meets the line.
fn meeting(a: Sighting, b: Sighting) -> (MediaTime, f32) {
    let span = (a.distance - b.distance).abs();
    let share = if span > 0.0 { a.distance.abs() / span } else { 0.0 };
    (a.at + b.at.since(a.at).mul_f32(share.clamp(0.0, 1.0)), a.along + (b.along - a.along) * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Distances in L, one every 125 ms; what counted, and what counts at the end.
    fn walk(distances: &[f32]) -> Vec<Side> {
        let sighting = |(i, &distance): (usize, &f32)| Sighting { at: MediaTime::from_micros(i as i64 * 125_000), distance, along: 0.5 };
        let mut sightings = distances.iter().enumerate().map(sighting);
        let Some(first) = sightings.next() else { return Vec::new() };
        let mut course = Course::new(first);
        let mut passed: Vec<Side> = sightings.filter_map(|now| course.see(now, BAND_L)).map(|passed| passed.to).collect();
        passed.extend(course.settle(BAND_L).map(|passed| passed.to));
        passed
    }

    #[test]
    fn one_path_one_count() {
        use Side::{Left, Right};
        let cases: &[(&str, &[f32], &[Side])] = &[
            ("a car that drives across counts once", &[-2.0, -1.0, 0.0, 1.0, 2.0], &[Right]),
            ("a fast car that is never seen near the line counts", &[-3.0, 3.0], &[Right]),
            ("a car that drives the other way counts the other way", &[2.0, 1.0, -1.0], &[Left]),
            ("a car that stops before the line does not count", &[-2.0, -1.0, -0.4, -0.4, -0.4], &[]),
            ("a car that stops on the line counts once", &[-2.0, -0.2, 0.2, -0.2, 0.2, 0.1, 0.25, 1.0, 2.0], &[Right]),
            ("a car that stops on the line and jitters across the band counts once", &[-2.0, 0.4, -0.1, 0.4, -0.2, 0.4, 2.0], &[Right]),
            ("a car that turns back at the line does not count", &[-2.0, -0.5, 0.2, -0.5, -2.0], &[]),
            ("a path that begins at the line counts when it has moved on", &[-0.1, 0.2, 0.8], &[Right]),
            ("a path that ends just behind the line counts", &[-2.0, -1.0, 0.15], &[Right]),
            ("a path that begins and ends at the line does not count", &[-0.1, 0.1], &[]),
            ("a car that reverses out again counts once each way", &[-2.0, 2.0, -2.0], &[Right, Left]),
            ("a box that swings to and fro in less than two seconds counts once each way", &[-2., 2., -2., 2., -2., 2.], &[Right, Left]),
        ];
        for (story, path, expected) in cases {
            assert_eq!(walk(path), *expected, "{story}");
        }
    }

    #[test]
    fn a_taxi_that_comes_round_again_counts_again() {
        let mut path = vec![-2.0, -1.0, 1.0, 2.0];
        path.extend([2.0; 16]);
        path.extend([1.0, -1.0, -2.0, 1.0]);
        assert_eq!(walk(&path), [Side::Right, Side::Left, Side::Right]);
    }

    #[test]
    fn the_time_and_place_of_a_passage_lie_between_the_sightings() {
        let first = Sighting { at: MediaTime::ZERO, distance: -3.0, along: 0.2 };
        let mut course = Course::new(first);
        let passed = course.see(Sighting { at: MediaTime::from_micros(1_000_000), distance: 1.0, along: 0.6 }, BAND_L).expect("passed");
        assert_eq!((passed.at, passed.to), (MediaTime::from_micros(750_000), Side::Right));
        assert!((passed.along - 0.5).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn jitter_smaller_than_the_band_never_counts(place in -2.0f32..2.0, jitter in prop::collection::vec(-0.299f32..0.299, 2..200)) {
            let path: Vec<f32> = jitter.iter().map(|by| place + by).collect();
            prop_assert_eq!(walk(&path), []);
        }

        #[test]
        fn any_walk_counts_in_turns(path in prop::collection::vec(-3.0f32..3.0, 2..60)) {
            let passed = walk(&path);
            let lefts = passed.iter().filter(|&&side| side == Side::Left).count() as i64;
            prop_assert!((passed.len() as i64 - 2 * lefts).abs() <= passed.len() as i64);
            prop_assert!(passed.len() < path.len());
        }

        #[test]
        fn a_mirrored_walk_counts_the_same_to_the_other_side(path in prop::collection::vec(-3.0f32..3.0, 2..60)) {
            prop_assume!(path.iter().all(|distance| *distance != 0.0));
            let mirrored: Vec<f32> = path.iter().map(|distance| -distance).collect();
            let sides = |path: &[f32]| walk(path).iter().map(|side| *side as i32).collect::<Vec<_>>();
            let swapped: Vec<i32> = sides(&mirrored).iter().map(|side| 1 - side).collect();
            prop_assert_eq!(sides(&path), swapped);
        }

        #[test]
        fn a_straight_drive_backwards_in_time_counts_the_other_way(from in -4.0f32..-0.7, to in 0.7f32..4.0, steps in 2usize..40) {
            let path: Vec<f32> = (0..steps).map(|i| from + (to - from) * i as f32 / (steps - 1) as f32).collect();
            let reversed: Vec<f32> = path.iter().rev().copied().collect();
            prop_assert_eq!(walk(&path), [Side::Right]);
            prop_assert_eq!(walk(&reversed), [Side::Left]);
        }
    }
}
