//! How a thing moves while the picture's border cuts its box.
//!
//! The foot of a car that drives in from below stays on the border until all of the car is in the picture, and the middle of its box moves
//! at half its speed. The edges that are not on the border tell the truth.

use crate::base::geom::{FrameSize, Pixel, Point, Rect};
use crate::scene::SceneTrack;

/// An edge nearer to the border than this share of the picture's side may be cut: detectors end a cut box a little before it.
const AT_BORDER: f32 = 0.02;
/// A side that is not cut does not change by more than this from one border of the picture to the other.
const SIDE_RATIO: f32 = 2.0;
/// The base line of a speed, as the scene's.
const WINDOW_SECS: f32 = 1.0;

/// Which sides of a box the picture's border may cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cut {
    left: bool,
    right: bool,
    top: bool,
    bottom: bool,
}

impl Cut {
    pub(super) fn of(rect: Rect<Pixel>, picture: FrameSize) -> Self {
        let (width, height) = (picture.width as f32, picture.height as f32);
        let (dx, dy) = (AT_BORDER * width, AT_BORDER * height);
        Self { left: rect.left < dx, right: rect.right() > width - dx, top: rect.top < dy, bottom: rect.bottom() > height - dy }
    }

    /// Its width does not show how wide the thing is.
    pub(super) fn across(self) -> bool {
        self.left || self.right
    }

    /// Its height does not show how high the thing is.
    pub(super) fn along(self) -> bool {
        self.top || self.bottom
    }
}

/// Pixels per second over the last second; the scene's own figure for what is all in the picture. `None` when it was seen once.
pub(super) fn velocity(track: &SceneTrack, picture: FrameSize) -> Option<Point<Pixel>> {
    let motion = track.motion?;
    let last = track.trail().last()?.at;
    let recent = || track.trail().iter().rev().map(|sample| (sample, Cut::of(sample.rect, picture)));
    let recent = || recent().take_while(|(sample, _)| last.since(sample.at).as_secs_f32() <= WINDOW_SECS);
    let slope = |edge: fn(Rect<Pixel>) -> f32, is_cut: fn(Cut) -> bool| {
        slope(recent().filter(|(_, cut)| !is_cut(*cut)).map(|(sample, _)| (-last.since(sample.at).as_secs_f32(), edge(sample.rect))))
    };
    let x = if recent().any(|(_, cut)| cut.across()) {
        surer(slope(|rect| rect.left, |cut| cut.left), slope(Rect::right, |cut| cut.right))
    } else {
        None
    };
    let y = if recent().any(|(_, cut)| cut.along()) {
        surer(slope(|rect| rect.top, |cut| cut.top), slope(Rect::bottom, |cut| cut.bottom))
    } else {
        None
    };
    Some(Point::new(x.unwrap_or(motion.velocity.x), y.unwrap_or(motion.velocity.y)))
}

/// Of what two opposite edges say, that of the one seen more often.
fn surer(a: Option<(f32, usize)>, b: Option<(f32, usize)>) -> Option<f32> {
    a.into_iter().chain(b).max_by_key(|(_, seen)| *seen).map(|(slope, _)| slope)
}

/// Least squares over `(time, place)`, with their number; `None` below two.
fn slope(mut places: impl Iterator<Item = (f32, f32)>) -> Option<(f32, usize)> {
    let (t0, x0) = places.next()?;
    // Relative to the first: squares of large numbers leave few digits.
    let (mut n, mut t_sum, mut x_sum, mut tt, mut tx) = (1, 0.0, 0.0, 0.0, 0.0);
    for (t, x) in places.map(|(t, x)| (t - t0, x - x0)) {
        (n, t_sum, x_sum, tt, tx) = (n + 1, t_sum + t, x_sum + x, tt + t * t, tx + t * x);
    }
    let spread = tt - t_sum * t_sum / n as f32;
    (n >= 2 && spread > 0.0).then(|| ((tx - t_sum * x_sum / n as f32) / spread, n))
}

/// Whether two boxes can be of one thing: their areas do not differ by more than `area_ratio`, or else the border cuts one and the sides that it
/// leaves alone in both are near.
pub(super) fn are_alike(a: Rect<Pixel>, b: Rect<Pixel>, picture: FrameSize, area_ratio: f32) -> bool {
    let (cut_a, cut_b) = (Cut::of(a, picture), Cut::of(b, picture));
    let by_sides = match (cut_a.across() || cut_b.across(), cut_a.along() || cut_b.along()) {
        (false, false) => false,
        (true, false) => is_near(a.height, b.height, SIDE_RATIO),
        (false, true) => is_near(a.width, b.width, SIDE_RATIO),
        (true, true) => true,
    };
    by_sides || is_near(a.area(), b.area(), area_ratio)
}

/// Whether neither is more than `ratio` times the other.
pub(super) fn is_near(a: f32, b: f32, ratio: f32) -> bool {
    a.max(1.0) < ratio * b.max(1.0) && b.max(1.0) < ratio * a.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: FrameSize = FrameSize::new(768, 432);

    #[test]
    fn a_slope_is_that_of_the_straight_line() {
        let places = |n: u32| (0..n).map(|i| (-0.1 * i as f32, 500.0 - 12.0 * i as f32));
        let (found, seen) = slope(places(8)).expect("eight places");
        assert!((found - 120.0).abs() < 0.1 && seen == 8, "{found} {seen}");
        assert_eq!((slope(places(1)), slope(places(0))), (None, None));
    }

    #[test]
    fn boxes_on_the_border_are_cut() {
        let cut = |left, top, width, height| Cut::of(Rect::new(left, top, width, height), PICTURE);
        assert!(!cut(100.0, 100.0, 50.0, 50.0).across() && !cut(100.0, 100.0, 50.0, 50.0).along());
        assert!(cut(100.0, 380.0, 50.0, 50.0).along() && !cut(100.0, 380.0, 50.0, 50.0).across());
        assert!(cut(3.0, 100.0, 50.0, 50.0).across());
    }

    #[test]
    fn what_the_border_hides_does_not_make_a_box_another_thing() {
        let (cut, whole) = (Rect::new(300.0, 390.0, 100.0, 40.0), Rect::new(300.0, 150.0, 100.0, 220.0));
        assert!(are_alike(cut, whole, PICTURE, 3.0));
        assert!(!are_alike(Rect::new(300.0, 300.0, 100.0, 40.0), whole, PICTURE, 3.0), "nothing hides this one");
        assert!(!are_alike(Rect::new(300.0, 390.0, 30.0, 40.0), whole, PICTURE, 3.0), "the width shows that it is smaller");
    }
}
