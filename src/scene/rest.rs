//! How long a thing has been standing at one place.

use std::time::Duration;

use crate::base::geom::{Pixel, Rect};
use crate::base::time::{MediaTime, Stamp};

/// A place something rests at. It follows the thing as soon as it moves on, so it always exists; only a long rest means something.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rest {
    since: Stamp,
    place: Rect<Pixel>,
    farthest_px: f32,
    /// What a pixel up or down the picture is worth: see [`super::SceneTrack::stretch`].
    stretch: f32,
    away_since: Option<MediaTime>,
}

/// A box that jumps for less than this (half hidden by a passing lorry) has not moved on.
const AWAY_FOR: Duration = Duration::from_millis(1000);
/// Farther than this many limits is no jump of a box but motion.
const SURELY_AWAY: f32 = 3.0;

impl Rest {
    /// Begins to rest where it is seen first.
    pub fn new(since: Stamp, place: Rect<Pixel>) -> Self {
        Self { since, place, farthest_px: 0.0, stretch: 1.0, away_since: None }
    }

    /// The same rest on a flat view: what goes along the view moves few pixels.
    pub fn stretched(self, stretch: f32) -> Self {
        Self { stretch, ..self }
    }

    /// The same rest, known to have begun at another moment.
    pub(super) fn begun(self, since: Stamp) -> Self {
        Self { since, ..self }
    }

    /// The same rest, known to be at another place.
    pub(crate) fn at(self, place: Rect<Pixel>) -> Self {
        Self { place, farthest_px: 0.0, away_since: None, ..self }
    }

    /// Takes the next observed box; farther away than `limit_px` for a second means that it moved on.
    pub fn observe(&mut self, at: Stamp, rect: Rect<Pixel>, limit_px: f32) {
        let drift = self.away_px(rect);
        if drift <= limit_px {
            self.away_since = None;
            self.farthest_px = self.farthest_px.max(drift);
            return;
        }
        let away_since = *self.away_since.get_or_insert(at.media);
        if drift > SURELY_AWAY * limit_px || at.media.since(away_since) >= AWAY_FOR {
            *self = Self::new(at, rect).stretched(self.stretch);
        }
    }

    /// Since when it has been here.
    pub fn since(&self) -> Stamp {
        self.since
    }

    /// Where it came to rest.
    pub fn place(&self) -> Rect<Pixel> {
        self.place
    }

    /// How far `rect` is from here, in pixels.
    pub(crate) fn away_px(&self, rect: Rect<Pixel>) -> f32 {
        displacement(self.place, rect, self.stretch)
    }

    /// What a pixel up or down is worth for it.
    pub(crate) fn stretch(&self) -> f32 {
        self.stretch
    }

    /// How far it moved meanwhile, at most, in pixels.
    pub fn drift_px(&self) -> f32 {
        self.farthest_px
    }

    /// How long it has been here.
    pub fn lasted(&self, now: MediaTime) -> Duration {
        now.since(self.since.media)
    }
}

/// How far a thing moved from `a` to `b`, in pixels, by the edges that moved least: when something passes in front of a standing car, one
/// edge of its box moves and the opposite one stays, when the car itself moves all edges do. A pixel up or down is worth `stretch` of them.
pub(crate) fn displacement(a: Rect<Pixel>, b: Rect<Pixel>, stretch: f32) -> f32 {
    let x = (a.left - b.left).abs().min((a.right() - b.right()).abs());
    let y = (a.top - b.top).abs().min((a.bottom() - b.bottom()).abs());
    x.hypot(stretch * y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::WallTime;

    fn at(secs: f64) -> Stamp {
        Stamp { media: MediaTime::from_secs_f64(secs), wall: WallTime::from_micros((secs * 1e6) as i64) }
    }

    #[test]
    fn a_car_half_hidden_by_a_bus_keeps_standing_and_one_that_drives_off_does_not() {
        let car = Rect::new(100.0, 100.0, 60.0, 40.0);
        let mut rest = Rest::new(at(0.0), car);
        for i in 1..40 {
            let rect = if i % 10 < 5 { Rect::new(100.0, 100.0, 60.0, 18.0) } else { car };
            rest.observe(at(i as f64 / 8.0), rect, 25.0);
        }
        assert_eq!(rest.since(), at(0.0));
        for i in 40..56 {
            rest.observe(at(i as f64 / 8.0), Rect::new(100.0 + (i - 40) as f32 * 10.0, 100.0, 60.0, 40.0), 25.0);
        }
        assert!(rest.lasted(at(7.0).media) < Duration::from_secs(2), "{rest:?}");
    }

    #[test]
    fn a_single_wild_box_does_not_end_a_rest() {
        let mut rest = Rest::new(at(0.0), Rect::new(0.0, 0.0, 60.0, 40.0));
        rest.observe(at(1.0), Rect::new(30.0, 0.0, 60.0, 40.0), 25.0);
        rest.observe(at(1.1), Rect::new(0.0, 0.0, 60.0, 40.0), 25.0);
        assert_eq!((rest.since(), rest.drift_px()), (at(0.0), 0.0));
    }
}
