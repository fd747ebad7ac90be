//! When everything moved alike and unexpectedly, the camera did: wind, a lorry shaking the pole, a car that carries it.
//!
//! Boxes alone tell, so no picture is looked at. Small movements show in what was paired anyway: the median of the surprises. A jerk
//! that leaves nothing to pair with is found by vote: the movement that brings most boxes to where a detection of their size is.

use super::kalman::size_of;
use super::tuning::Tuning;
use crate::base::geom::{Pixel, Point, Rect};

/// Things that must agree before the camera is said to have moved.
const WITNESSES: usize = 4;
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
}

impl Camera {
    /// With room for this many things.
    pub(super) fn with_room(things: usize) -> Self {
        Self { expected: Vec::with_capacity(things), found: Vec::with_capacity(things), scratch: Vec::with_capacity(things) }
    }

    /// A jerk: `None` unless it explains most of what was expected, and twice as much as a camera at rest.
    pub(super) fn jerk(&self, tuning: &Tuning) -> Option<Point<Pixel>> {
        let at_rest = self.explained(Point::new(0.0, 0.0), tuning);
        let wanted = WITNESSES.max(self.expected.len().div_ceil(2)).max(2 * at_rest);
        if wanted > self.expected.len() || wanted > self.found.len() {
            return None;
        }
        let mut best = (wanted - 1, None);
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

    /// How many expected boxes have a detection of their size where this shift puts them.
    fn explained(&self, shift: Point<Pixel>, tuning: &Tuning) -> usize {
        let is_explained = |&&from: &&Rect<Pixel>| {
            let center = from.center();
            let (center, near) = (Point::new(center.x + shift.x, center.y + shift.y), tuning.jerk_near * size_of(from));
            self.found.iter().any(|&to| to.center().distance(center) <= near && are_alike(from, to))
        };
        self.expected.iter().filter(is_explained).count()
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
        let shift = camera(&[(5.0, -3.0), (5.5, -3.0), (5.0, -2.5), (40.0, 9.0), (5.0, -3.5)]).drift(&Tuning::default());
        assert_eq!(shift, Some(Point::new(5.0, -3.0)));
    }

    #[test]
    fn things_that_move_their_own_ways_are_no_camera() {
        let mut camera = camera(&[(9.0, 0.0), (-9.0, 0.0), (0.0, 9.0), (0.0, -9.0), (7.0, 7.0)]);
        assert_eq!(camera.drift(&Tuning::default()), None);
        assert_eq!(camera.jerk(&Tuning::default()), None);
    }

    #[test]
    fn a_jerk_of_most_of_a_box_is_found() {
        let camera = camera(&[(25.0, 20.0), (25.0, 20.0), (26.0, 20.0), (25.0, 21.0), (-60.0, 5.0)]);
        let shift = camera.jerk(&Tuning::default()).expect("four of five agree");
        assert!(shift.distance(Point::new(25.0, 20.0)) < 2.0, "{shift:?}");
    }

    #[test]
    fn one_mover_among_things_at_rest_is_no_jerk() {
        assert_eq!(camera(&[(0.0, 0.0), (0.0, 1.0), (0.0, 0.0), (28.0, 0.0), (1.0, 0.0)]).jerk(&Tuning::default()), None);
        assert_eq!(camera(&[]).jerk(&Tuning::default()), None);
    }
}
