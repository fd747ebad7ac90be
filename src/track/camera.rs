//! When everything moved alike and unexpectedly, the camera did: wind, a lorry shaking the pole, a car that carries it.
//!
//! Boxes alone tell, so no picture is looked at. Small movements show in what was paired anyway: the median of the surprises. A jerk
//! that leaves nothing to pair with is found by vote: the movement that brings most boxes to where a detection of their size is.

use super::kalman::size_of;
use super::tuning::Tuning;
use crate::base::geom::{Pixel, Point, Rect};

/// Things that must agree before the camera is said to have drifted: a few people on a still camera agree by chance now and then.
const WITNESSES: usize = 7;
/// What a jerk must explain more than, 1 for each thing that fits exactly.
const EXPLAINED: f32 = 5.0;
/// Share of what was expected that a movement must explain.
const SHARE: f32 = 0.5;
/// Times as much as rest, or as going on, that another movement must explain: people in a row at equal distances explain a movement by one
/// place nearly as well.
const BETTER: f32 = 1.5;
/// Boxes from which candidates for a jerk are taken; more would find nothing new.
const CANDIDATES: usize = 8;

/// Looks for the camera's own movement, on buffers that are used again.
#[derive(Debug)]
pub(super) struct Camera {
    /// Where things were expected, if the camera stands still.
    pub(super) expected: Vec<Rect<Pixel>>,
    /// Where something was found.
    pub(super) found: Vec<Rect<Pixel>>,
    scratch: Vec<f32>,
    /// Its last movement, in pixels per second.
    pace: Point<Pixel>,
}

impl Camera {
    /// With room for this many things.
    pub(super) fn with_room(things: usize) -> Self {
        Self {
            expected: Vec::with_capacity(things),
            found: Vec::with_capacity(things),
            scratch: Vec::with_capacity(things),
            pace: Point::new(0.0, 0.0),
        }
    }

    /// How far the camera moved in these seconds, if most of what was expected says so.
    ///
    /// A camera that turns goes on turning: where its last movement leads is asked first.
    pub(super) fn jerk(&self, secs: f32, tuning: &Tuning) -> Option<Point<Pixel>> {
        let goes_on = Point::new(self.pace.x * secs, self.pace.y * secs);
        let rest = Point::new(0.0, 0.0);
        let at_rest = self.explained(rest, tuning);
        let going_on = if goes_on == rest { at_rest } else { self.explained(goes_on, tuning) };
        let few = EXPLAINED.max(SHARE * self.expected.len() as f32);
        let (before, known) = if going_on > at_rest && going_on > few { (Some(goes_on), going_on) } else { (None, at_rest) };
        let wanted = few.max(BETTER * known);
        if wanted > self.expected.len().min(self.found.len()) as f32 {
            return before;
        }
        self.best_jerk(wanted, tuning).or(before)
    }

    /// The movement that explains most, and more than `wanted`.
    fn best_jerk(&self, wanted: f32, tuning: &Tuning) -> Option<Point<Pixel>> {
        let mut best = (wanted, None);
        for &from in self.expected.iter().take(CANDIDATES) {
            for &to in self.found.iter().filter(|&&to| are_alike(from, to)) {
                let (a, b) = (from.center(), to.center());
                if a.distance(b) <= tuning.jerk_reach * size_of(from) {
                    let shift = Point::new(b.x - a.x, b.y - a.y);
                    let explained = self.explained(shift, tuning);
                    if explained > best.0 {
                        best = (explained, Some(shift));
                    }
                }
            }
        }
        best.1
    }

    /// The camera moved by `shift` in these seconds, all told.
    pub(super) fn moved(&mut self, shift: Point<Pixel>, secs: f32) {
        self.pace = if secs > 0.0 { Point::new(shift.x / secs, shift.y / secs) } else { Point::new(0.0, 0.0) };
    }

    /// How many expected boxes have a detection of their size where this shift puts them; one that is a little off counts less.
    fn explained(&self, shift: Point<Pixel>, tuning: &Tuning) -> f32 {
        let explains = |&from: &Rect<Pixel>| {
            let center = from.center();
            let (center, near) = (Point::new(center.x + shift.x, center.y + shift.y), tuning.jerk_near * size_of(from));
            // Most are far away: the cheap look first.
            let close = self.found.iter().filter(|to| (to.center().x - center.x).abs() < near);
            let off = close.filter(|&&to| are_alike(from, to)).map(|to| to.center().distance(center) / near).fold(1.0, f32::min);
            1.0 - off * off
        };
        self.expected.iter().map(explains).sum()
    }

    /// The common part of the surprises, when `found[i]` was taken for `expected[i]`; `None` when it is small or they do not agree.
    pub(super) fn drift(&mut self, tuning: &Tuning) -> Option<Point<Pixel>> {
        if self.expected.len() < WITNESSES {
            return None;
        }
        let (expected, found, scratch) = (&self.expected, &self.found, &mut self.scratch);
        let surprises = expected.iter().zip(found).map(|(expected, found)| {
            let (a, b) = (expected.center(), found.center());
            Point::<Pixel>::new(b.x - a.x, b.y - a.y)
        });
        let dx = median(scratch, surprises.clone().map(|surprise| surprise.x));
        let dy = median(scratch, surprises.clone().map(|surprise| surprise.y));
        let size = median(scratch, found.iter().map(|&found| size_of(found)));
        let disagreement = median(scratch, surprises.map(|surprise| surprise.distance(Point::new(dx, dy))));
        let moved = dx.hypot(dy);
        (moved >= tuning.drift_min * size && disagreement <= tuning.drift_spread * moved).then(|| Point::new(dx, dy))
    }
}

fn are_alike(a: Rect<Pixel>, b: Rect<Pixel>) -> bool {
    let is_near = |p: f32, q: f32| p < 1.4 * q && q < 1.4 * p;
    is_near(a.width, b.width) && is_near(a.height, b.height)
}

/// Upper median; there must be a value.
fn median(scratch: &mut Vec<f32>, values: impl Iterator<Item = f32>) -> f32 {
    scratch.clear();
    scratch.extend(values);
    let middle = scratch.len() / 2;
    *scratch.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(shifts: &[(f32, f32)]) -> Camera {
        let mut camera = Camera::with_room(8);
        for (index, &(dx, dy)) in shifts.iter().enumerate() {
            let (x, y) = (index as f32 * 97.0, (index * index % 7) as f32 * 31.0);
            camera.expected.push(Rect::new(x, y, 30.0, 40.0));
            camera.found.push(Rect::new(x + dx, y + dy, 30.0, 40.0));
        }
        camera
    }

    #[test]
    fn a_common_surprise_is_the_cameras() {
        let shifts = [(5.0, -3.0), (5.5, -3.0), (5.0, -2.5), (40.0, 9.0), (5.0, -3.5), (5.0, -3.0), (4.5, -3.0)];
        let shift = camera(&shifts).drift(&Tuning::default());
        assert_eq!(shift, Some(Point::new(5.0, -3.0)));
        assert_eq!(camera(&shifts[..5]).drift(&Tuning::default()), None, "few may agree by chance");
    }

    #[test]
    fn things_that_move_their_own_ways_are_no_camera() {
        let mut camera = camera(&[(9.0, 0.0), (-9.0, 0.0), (0.0, 9.0), (0.0, -9.0), (7.0, 7.0), (-7.0, 7.0), (7.0, -7.0), (-7.0, -7.0)]);
        assert_eq!(camera.drift(&Tuning::default()), None);
        assert_eq!(camera.jerk(0.1, &Tuning::default()), None);
    }

    #[test]
    fn a_jerk_of_most_of_a_box_is_found() {
        let mut shifts = vec![(25.0, 20.0), (25.0, 20.0), (26.0, 20.0), (25.0, 21.0), (25.0, 20.0), (25.0, 20.0), (-60.0, 5.0)];
        let shift = camera(&shifts).jerk(0.1, &Tuning::default()).expect("six of seven agree");
        assert!(shift.distance(Point::new(25.0, 20.0)) < 2.0, "{shift:?}");
        shifts.truncate(4);
        assert_eq!(camera(&shifts).jerk(0.1, &Tuning::default()), None, "four may agree by chance");
    }

    #[test]
    fn a_camera_that_turns_goes_on_turning() {
        // In a row at distances of 60, a turn by 50 looks like one by 10 the other way.
        let row =
            |shift: f32| -> Vec<Rect<Pixel>> { (0..8).map(|index| Rect::new(index as f32 * 60.0 + shift, 0.0, 30.0, 60.0)).collect() };
        let mut camera = Camera::with_room(8);
        (camera.expected, camera.found) = (row(0.0), row(50.0));
        let back = camera.jerk(0.2, &Tuning::default()).expect("something moved");
        assert!(back.x < 0.0, "the nearer explanation, while nothing is known: {back:?}");
        camera.moved(Point::new(48.0, 0.0), 0.2);
        let on = camera.jerk(0.2, &Tuning::default()).expect("it goes on");
        assert!((on.x - 48.0).abs() < 4.0, "{on:?}");
        camera.moved(Point::new(0.0, 0.0), 0.2);
        (camera.expected, camera.found) = (row(0.0), row(0.0));
        assert_eq!(camera.jerk(0.2, &Tuning::default()), None, "at rest");
    }

    #[test]
    fn one_mover_among_things_at_rest_is_no_jerk() {
        assert_eq!(camera(&[(0.0, 0.0), (0.0, 1.0), (0.0, 0.0), (28.0, 0.0), (1.0, 0.0)]).jerk(0.1, &Tuning::default()), None);
        assert_eq!(camera(&[]).jerk(0.1, &Tuning::default()), None);
    }
}
