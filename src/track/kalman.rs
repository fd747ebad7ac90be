//! Where a box is and how it moves: a Kalman filter with true time steps.
//!
//! State: centre, width and height of the box, each with its velocity (the layout of SORT, Bewley et al. 2016, and of ByteTrack,
//! Zhang et al. 2022). Transition, noise and measurement couple no two of the four, so the 8 × 8 filter *is* four 2 × 2 filters:
//! exact, and about fifty multiplications a frame. Process noise is white-noise acceleration, growing with Δt as it must when
//! frames come irregularly (Bar-Shalom et al. 2001, section 6.2.2), and scaled by the size of the box: things far away move fewer pixels.

use crate::base::geom::{Pixel, Point, Rect};

/// How fast uncertainty grows, in box sizes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Noise {
    /// Standard deviation of one measurement of the position.
    pub(super) measured: f32,
    /// Growth of the velocity's standard deviation, per second to the power 1.5.
    pub(super) acceleration: f32,
    /// Standard deviation of the velocity of something seen once, per second.
    pub(super) first_velocity: f32,
}

/// One coordinate and its velocity.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Axis {
    at: f32,
    velocity: f32,
    /// Variance of `at`, covariance, variance of `velocity`.
    var: f32,
    cov: f32,
    var_velocity: f32,
}

impl Axis {
    fn first(at: f32, noise: Noise, size: f32) -> Self {
        Self { at, velocity: 0.0, var: squared(noise.measured * size), cov: 0.0, var_velocity: squared(noise.first_velocity * size) }
    }

    fn predict(&mut self, secs: f32, noise: Noise, size: f32) {
        let power = squared(noise.acceleration * size);
        self.at += self.velocity * secs;
        self.var += secs * (2.0 * self.cov + secs * self.var_velocity) + power * secs * secs * secs / 3.0;
        self.cov += secs * self.var_velocity + power * secs * secs / 2.0;
        self.var_velocity += power * secs;
    }

    fn update(&mut self, measured: f32, variance: f32) {
        let total = self.var + variance;
        let (gain, gain_velocity) = (self.var / total, self.cov / total);
        let surprise = measured - self.at;
        self.at += gain * surprise;
        self.velocity += gain_velocity * surprise;
        // Joseph-free form is safe here: `gain` is in 0..1, so no variance can turn negative.
        self.var_velocity = (self.var_velocity - gain_velocity * self.cov).max(0.0);
        self.cov *= 1.0 - gain;
        self.var *= 1.0 - gain;
    }
}

fn squared(x: f32) -> f32 {
    x * x
}

/// Belief about one box.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct BoxFilter {
    x: Axis,
    y: Axis,
    width: Axis,
    height: Axis,
}

/// Sizes change slowly; their noise is that of the position times this (a person's swinging arms are noise, not growth).
const SIZE_CALM: f32 = 0.5;

impl BoxFilter {
    /// Seen once, at `rect`.
    pub(super) fn first(rect: Rect<Pixel>, noise: Noise) -> Self {
        let (center, size) = (rect.center(), size_of(rect));
        Self {
            x: Axis::first(center.x, noise, size),
            y: Axis::first(center.y, noise, size),
            width: Axis::first(rect.width, calm(noise), size),
            height: Axis::first(rect.height, calm(noise), size),
        }
    }

    /// Moves on by `secs`.
    pub(super) fn predict(&mut self, secs: f32, noise: Noise) {
        let size = size_of(self.rect());
        self.x.predict(secs, noise, size);
        self.y.predict(secs, noise, size);
        self.width.predict(secs, calm(noise), size);
        self.height.predict(secs, calm(noise), size);
        self.width.at = self.width.at.max(1.0);
        self.height.at = self.height.at.max(1.0);
    }

    /// Takes in a detection; `doubt` multiplies the standard deviation of the measurement (1 = an ordinary one).
    pub(super) fn update(&mut self, rect: Rect<Pixel>, noise: Noise, doubt: f32) {
        let (center, size) = (rect.center(), size_of(rect));
        let variance = squared(noise.measured * doubt * size).max(1e-4);
        self.x.update(center.x, variance);
        self.y.update(center.y, variance);
        self.width.update(rect.width, variance);
        self.height.update(rect.height, variance);
    }

    /// Where it is believed to be.
    pub(super) fn rect(&self) -> Rect<Pixel> {
        let (width, height) = (self.width.at.max(1.0), self.height.at.max(1.0));
        Rect::new(self.x.at - width / 2.0, self.y.at - height / 2.0, width, height)
    }

    /// Velocity of the centre in pixels per second.
    pub(super) fn velocity(&self) -> Point<Pixel> {
        Point::new(self.x.velocity, self.y.velocity)
    }

    /// Standard deviation of the centre, in box sizes.
    pub(super) fn spread(&self) -> f32 {
        (self.x.var.max(self.y.var)).sqrt() / size_of(self.rect())
    }

    /// Forgets a share of the velocities: what is lost from sight seldom goes on straight.
    pub(super) fn damp(&mut self, keep: f32) {
        self.x.velocity *= keep;
        self.y.velocity *= keep;
        self.stop_growing();
    }

    /// Nothing grows or shrinks out of sight.
    pub(super) fn stop_growing(&mut self) {
        self.width.velocity = 0.0;
        self.height.velocity = 0.0;
    }

    /// Moves the belief by `dx`, `dy`: the camera moved, not the thing.
    pub(super) fn shift(&mut self, dx: f32, dy: f32) {
        self.x.at += dx;
        self.y.at += dy;
    }
}

fn calm(noise: Noise) -> Noise {
    Noise { measured: noise.measured, acceleration: noise.acceleration * SIZE_CALM, first_velocity: noise.first_velocity * SIZE_CALM }
}

/// The one length that stands for a box: the side of the square of the same area, at least a pixel.
pub(super) fn size_of(rect: Rect<Pixel>) -> f32 {
    rect.area().sqrt().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOISE: Noise = Noise { measured: 0.05, acceleration: 1.0, first_velocity: 1.0 };

    /// Follows a box that moves at 80 px/s for three seconds, seen at these intervals in turn.
    fn followed(intervals: &[f32]) -> BoxFilter {
        let at = |secs: f32| Rect::new(100.0 + 80.0 * secs, 50.0, 40.0, 40.0);
        let (mut filter, mut secs) = (BoxFilter::first(at(0.0), NOISE), 0.0);
        for &interval in intervals.iter().cycle() {
            secs += interval;
            if secs > 3.0 {
                break;
            }
            filter.predict(interval, NOISE);
            filter.update(at(secs), NOISE, 1.0);
        }
        filter
    }

    #[test]
    fn velocity_is_per_second_whatever_the_frame_rate() {
        for intervals in [&[0.033][..], &[0.125], &[0.2], &[0.05, 0.3, 0.1]] {
            let velocity = followed(intervals).velocity();
            assert!((velocity.x - 80.0).abs() < 3.0 && velocity.y.abs() < 1.0, "{intervals:?}: {velocity:?}");
        }
    }

    #[test]
    fn doubt_grows_while_nothing_is_seen_and_shrinks_when_something_is() {
        let mut filter = followed(&[0.1]);
        let settled = filter.spread();
        filter.predict(0.5, NOISE);
        let after_half_a_second = filter.spread();
        filter.predict(0.5, NOISE);
        let after_a_second = filter.spread();
        assert!(settled < after_half_a_second && after_half_a_second < after_a_second);
        filter.update(filter.rect(), NOISE, 1.0);
        assert!(filter.spread() < after_half_a_second);
    }

    #[test]
    fn a_long_wait_in_one_step_or_many_is_the_same() {
        let (mut once, mut often) = (followed(&[0.1]), followed(&[0.1]));
        once.predict(1.0, NOISE);
        (0..10).for_each(|_| often.predict(0.1, NOISE));
        assert!((once.rect().left - often.rect().left).abs() < 0.1);
        assert!((once.spread() - often.spread()).abs() < 0.01);
    }
}
