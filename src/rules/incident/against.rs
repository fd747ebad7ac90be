//! How far one vehicle has been going against its lane.

use std::time::Duration;

use crate::base::geom::{Pixel, Point, Rect};
use crate::base::time::{MediaTime, Stamp};
use crate::scene::{Heading, Sample, SceneTrack};

/// What a vehicle's movement is, seen from its lane.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Sense {
    /// Against the lane's direction.
    Against(Heading),
    /// Along it.
    With,
    /// Across it, too slow to say, or where no direction is known.
    Unclear,
}

/// One vehicle's way against its lane without a break.
///
/// A break is what a wrong-way driver does not do: going along the lane, or one second in which nothing says "against". A jump of the box or of its
/// size is one too: the tracker may have gone on with another vehicle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Against {
    seen: Option<Seen>,
    /// Since when it has been one vehicle without a break in its sightings.
    steady_since: MediaTime,
    run: Option<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: MediaTime,
    rect: Rect<Pixel>,
    is_two_wheeler: bool,
    speed_px: f32,
}

/// A way against the lane. Distances are net: a box that trembles goes nowhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// When it began to go against the lane.
    pub(super) since: Stamp,
    /// Where that was.
    pub(super) from: Point<Pixel>,
    /// When it last was.
    pub(super) last: MediaTime,
    /// Seconds of it.
    pub(super) secs: f64,
    /// How far, in L.
    pub(super) distance_l: f32,
}

/// Longest time without "against" within one run.
const BREAK: Duration = Duration::from_millis(1000);
/// Farthest step from one sighting to the next beyond twice what its speed explains, in L.
const JUMP_L: f32 = 1.0;
/// A box does not become this many times larger or smaller from one sighting to the next.
const RESIZED: f32 = 2.0;

impl Against {
    /// Takes what was seen of it in this frame.
    pub(super) fn take(&mut self, now: Stamp, track: &SceneTrack, sense: Sense) {
        let before = self.seen.replace(Seen::of(now.media, track));
        let step = before.filter(|before| now.media.since(before.at) <= BREAK && !before.is_another(now.media, track));
        if step.is_none() {
            self.steady_since = now.media;
        }
        if step.is_none() || sense == Sense::With {
            self.run = None;
        }
        if self.run.is_some_and(|run| now.media.since(run.last) > BREAK) {
            self.run = None;
        }
        let Sense::Against(lane) = sense else { return };
        let foot = track.foot();
        let back_l = |from: Point<Pixel>| -lane.ahead_and_beside(from, foot, track.stretch).0 / track.car_length;
        match (&mut self.run, step) {
            (Some(run), Some(before)) => {
                run.secs += now.media.since(run.last).as_secs_f64();
                run.distance_l += back_l(before.rect.foot());
                run.last = now.media;
            }
            (None, _) | (_, None) => self.run = self.begun(now, track, back_l),
        }
    }

    /// A way that is noticed now began where the vehicle was when its movement, which says so, began: fast cars are in view for a few seconds only.
    fn begun(&self, now: Stamp, track: &SceneTrack, back_l: impl Fn(Point<Pixel>) -> f32) -> Option<Run> {
        let span = track.motion?.span;
        let is_part = |sample: &&Sample| now.media.since(sample.at) <= span && sample.at >= self.steady_since;
        let first = track.trail().iter().rev().take_while(is_part).last()?;
        let (ago, from) = (now.media.since(first.at), first.rect.foot());
        let since = Stamp { media: first.at, wall: now.wall - ago };
        Some(Run { since, from, last: now.media, secs: ago.as_secs_f64(), distance_l: back_l(from) })
    }

    /// Where it was last seen.
    pub(super) fn last_place(&self) -> Option<Point<Pixel>> {
        self.seen.map(|seen| seen.rect.foot())
    }

    /// The way against the lane that it is on.
    pub(super) fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }
}

impl Seen {
    fn of(at: MediaTime, track: &SceneTrack) -> Self {
        let speed_px = track.motion.map_or(0.0, |motion| motion.velocity.x.hypot(motion.velocity.y));
        Self { at, rect: track.track.rect, is_two_wheeler: track.track.class.is_two_wheeler(), speed_px }
    }

    /// Whether what is seen now can hardly be the same vehicle.
    fn is_another(&self, now: MediaTime, track: &SceneTrack) -> bool {
        let rect = track.track.rect;
        let explained = JUMP_L * track.car_length + 2.0 * self.speed_px * now.since(self.at).as_secs_f32();
        let (a, b) = (self.rect.area(), rect.area());
        self.rect.foot().distance(rect.foot()) > explained
            || a > RESIZED * b
            || b > RESIZED * a
            || self.is_two_wheeler != track.track.class.is_two_wheeler()
    }
}
