//! Where one track was during the last seconds.

use std::collections::VecDeque;
use std::time::Duration;

use crate::base::geom::{Pixel, Point, Rect};
use crate::base::time::MediaTime;

/// Where a detection supported the track.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sample {
    /// When.
    pub at: MediaTime,
    /// The detector's box.
    pub rect: Rect<Pixel>,
}

/// The observed boxes of the last three seconds, oldest first. Predictions are not part of it: they would only repeat the motion model.
#[derive(Clone, Debug)]
pub struct Trail {
    samples: VecDeque<Sample>,
}

/// Three seconds at 30 frames a second; faster cameras keep a shorter time, enough for every fit.
const CAPACITY: usize = 90;
const KEEP: Duration = Duration::from_secs(3);

impl Trail {
    pub(super) fn new() -> Self {
        Self { samples: VecDeque::with_capacity(CAPACITY) }
    }

    pub(super) fn clear(&mut self) {
        self.samples.clear();
    }

    /// Appends what was seen. A sample that is not later than the last one is ignored: a source may repeat a time stamp.
    pub(super) fn push(&mut self, sample: Sample) {
        if self.samples.back().is_some_and(|last| last.at >= sample.at) {
            return;
        }
        let is_old = |first: &Sample| sample.at.since(first.at) > KEEP;
        while self.samples.len() >= CAPACITY || self.samples.front().is_some_and(is_old) {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// The samples, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Sample> + ExactSizeIterator + Clone {
        self.samples.iter()
    }

    /// The samples in `from..=to`, oldest first.
    pub fn between(&self, from: MediaTime, to: MediaTime) -> impl DoubleEndedIterator<Item = &Sample> + ExactSizeIterator + Clone {
        let first = self.samples.partition_point(|sample| sample.at < from);
        let end = self.samples.partition_point(|sample| sample.at <= to);
        self.samples.range(first..end.max(first))
    }

    /// The latest sample.
    pub fn last(&self) -> Option<&Sample> {
        self.samples.back()
    }

    /// Motion of the foot point: a straight line fitted by least squares to the samples of the last second.
    ///
    /// One pass of Cauchy weights with scale `noise_px` follows, so that a single bad box (half hidden, merged with a neighbour) does not
    /// pass for a jump. `None` with fewer than two samples.
    pub fn motion(&self, noise_px: f32) -> Option<Motion> {
        let last = self.samples.back()?;
        let recent = || self.samples.iter().rev().take_while(|sample| last.at.since(sample.at) <= WINDOW);
        let place = |sample: &Sample| (-last.at.since(sample.at).as_secs_f32(), sample.rect.foot());
        let plain = fit(recent().map(|sample| (place(sample), 1.0)))?;
        let weight = |(t, p): (f32, Point<Pixel>)| {
            let residual = plain.at(t).distance(p) / noise_px.max(1.0);
            1.0 / (1.0 + residual * residual)
        };
        let fitted = fit(recent().map(|sample| (place(sample), weight(place(sample)))))?;
        let span = recent().last().map_or(Duration::ZERO, |first| last.at.since(first.at));
        Some(Motion { velocity: fitted.slope, span })
    }
}

/// How something moves.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Motion {
    /// Pixels per second.
    pub velocity: Point<Pixel>,
    /// The time it was measured over; below 0.6 s the jitter of boxes may be larger than the motion.
    pub span: Duration,
}

/// The longest base line of a speed: longer would smear out braking.
const WINDOW: Duration = Duration::from_millis(1000);

struct Fit {
    origin: Point<Pixel>,
    slope: Point<Pixel>,
}

impl Fit {
    fn at(&self, t: f32) -> Point<Pixel> {
        Point::new(self.origin.x + self.slope.x * t, self.origin.y + self.slope.y * t)
    }
}

/// Weighted least squares of x and y over time; `None` when all times are the same.
fn fit(samples: impl Iterator<Item = ((f32, Point<Pixel>), f32)> + Clone) -> Option<Fit> {
    let (mut sum, mut t0, mut x0, mut y0) = (0.0, 0.0, 0.0, 0.0);
    for ((t, p), w) in samples.clone() {
        (sum, t0, x0, y0) = (sum + w, t0 + w * t, x0 + w * p.x, y0 + w * p.y);
    }
    (t0, x0, y0) = (t0 / sum, x0 / sum, y0 / sum);
    let (mut tt, mut tx, mut ty) = (0.0, 0.0, 0.0);
    for ((t, p), w) in samples {
        let dt = t - t0;
        (tt, tx, ty) = (tt + w * dt * dt, tx + w * dt * (p.x - x0), ty + w * dt * (p.y - y0));
    }
    (tt > 0.0).then(|| {
        let slope = Point::new(tx / tt, ty / tt);
        Fit { origin: Point::new(x0 - slope.x * t0, y0 - slope.y * t0), slope }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(xs: &[f32], fps: f64) -> Trail {
        let mut trail = Trail::new();
        for (i, &x) in xs.iter().enumerate() {
            trail.push(Sample { at: MediaTime::from_secs_f64(i as f64 / fps), rect: Rect::new(x, 0.0, 10.0, 10.0) });
        }
        trail
    }

    #[test]
    fn a_steady_motion_gives_its_speed_and_a_single_place_none() {
        let steady: Vec<f32> = (0..16).map(|i| i as f32 * 5.0).collect();
        let velocity = trail(&steady, 8.0).motion(5.0).expect("two seconds").velocity;
        assert!((velocity.x - 40.0).abs() < 0.1 && velocity.y.abs() < 1e-3, "{velocity:?}");
        assert_eq!(trail(&steady[..4], 8.0).motion(5.0).expect("four").span, Duration::from_millis(375));
        assert_eq!(trail(&steady[..1], 8.0).motion(5.0), None);
    }

    #[test]
    fn one_bad_box_hardly_changes_the_speed() {
        let mut xs: Vec<f32> = (0..9).map(|i| i as f32 * 5.0).collect();
        xs[7] += 40.0;
        let velocity = trail(&xs, 8.0).motion(4.0).expect("one second").velocity;
        assert!((velocity.x - 40.0).abs() < 12.0, "{velocity:?}");
    }

    #[test]
    fn the_ring_forgets_what_is_older_than_three_seconds() {
        let trail = trail(&vec![0.0; 80], 10.0);
        assert_eq!(trail.iter().len(), 31);
    }
}
