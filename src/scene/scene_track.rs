//! One track with what its history says.

use std::time::Duration;

use super::rest::{Rest, displacement};
use super::trail::{Motion, Sample, Trail};
use crate::base::class::Class;
use crate::base::geom::{Pixel, Point};
use crate::base::time::{MediaTime, Stamp};
use crate::track::Track;

/// A track and what its last seconds say about it.
#[derive(Clone, Debug)]
pub struct SceneTrack {
    /// What the tracker says now.
    pub track: Track,
    /// Length of a car in pixels where this thing is: the unit "L".
    pub car_length: f32,
    /// How many times a pixel up or down the picture is worth one across it here, 1 at least: the view is flat, and a road along it looks short.
    pub stretch: f32,
    /// Speed of its foot point in car lengths a second, over 0.6 to 1 second; `None` until it has been seen for that long.
    pub speed_l_s: Option<f32>,
    /// How its foot point moves, as soon as it was seen twice.
    pub motion: Option<Motion>,
    rest: Rest,
    halt: Rest,
    trail: Trail,
}

/// What a pixel means where a track is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) car_length: f32,
    pub(super) stretch: f32,
}

/// Shortest base line of a speed: below it, the jitter of boxes is larger than the motion.
const MIN_SPAN: Duration = Duration::from_millis(600);
/// Jitter of a foot point that a fit takes as normal, in L.
const NOISE_L: f32 = 0.1;
/// Moving less than this is standing.
const STANDING_DRIFT_L: f32 = 0.5;
/// Nearer than this to where it stands in the end it has come to a stand: farther than its box trembles, nearer than braking takes long.
const SETTLED_L: f32 = 0.2;
/// A thing that was missed for this long is still where it was seen: a detector blinks.
const BLINK: Duration = Duration::from_millis(500);

impl SceneTrack {
    pub(super) fn new(track: Track, scale: Scale, now: Stamp, mut trail: Trail) -> Self {
        let (first_at, first_rect) = track.first_seen;
        trail.clear();
        trail.push(Sample { at: first_at, rect: first_rect });
        let ago = now.media.since(first_at);
        let first = Stamp { media: first_at, wall: now.wall - ago };
        let mut this = Self {
            track,
            car_length: scale.car_length,
            stretch: scale.stretch,
            speed_l_s: None,
            motion: None,
            rest: Rest::new(first, first_rect),
            halt: Rest::new(first, first_rect),
            trail,
        };
        this.take(now);
        this
    }

    pub(super) fn update(&mut self, track: Track, scale: Scale, now: Stamp) {
        self.track = track;
        (self.car_length, self.stretch) = (scale.car_length, scale.stretch);
        self.take(now);
    }

    pub(super) fn into_trail(self) -> Trail {
        self.trail
    }

    fn take(&mut self, now: Stamp) {
        if !self.track.is_observed {
            return;
        }
        self.trail.push(Sample { at: now.media, rect: self.track.rect });
        self.rest.observe(now, self.track.rect, STANDING_DRIFT_L * self.car_length);
        self.halt = self.halt.stretched(self.stretch);
        self.halt.observe(now, self.track.rect, STANDING_DRIFT_L * self.car_length);
        self.motion = self.trail.motion(NOISE_L * self.car_length);
        let is_long = |motion: &Motion| motion.span >= MIN_SPAN;
        self.speed_l_s = self.motion.filter(is_long).map(|motion| motion.velocity.x.hypot(motion.velocity.y) / self.car_length);
    }

    /// Where it touches the ground.
    pub fn foot(&self) -> Point<Pixel> {
        self.track.rect.foot()
    }

    /// Where it was during the last three seconds.
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// The place it rests at now.
    pub fn rest(&self) -> Rest {
        self.rest
    }

    /// The place it stands at on the road: what creeps along a flat view moves on, though few pixels.
    pub fn halt(&self) -> Rest {
        self.halt
    }

    /// The place it stands at since it came to a stand there: [`Self::halt`] without the braking before, of which the last half car length alone takes more
    /// than a second. What is older than the trail is left as it is.
    pub fn stand(&self, now: Stamp) -> Rest {
        let Some((first, latest)) = self.trail.iter().next().zip(self.trail.last()) else { return self.halt };
        if first.at > self.halt.since().media {
            return self.halt;
        }
        let is_there = |sample: &&Sample| displacement(sample.rect, latest.rect, self.stretch) <= SETTLED_L * self.car_length;
        let settled = self.trail.between(self.halt.since().media, now.media).find(is_there).unwrap_or(latest);
        self.halt.begun(Stamp { media: settled.at, wall: now.wall - now.media.since(settled.at) })
    }

    /// How long it has been standing: moved less than half a car length.
    pub fn standing_for(&self, now: MediaTime) -> Duration {
        self.rest.lasted(now)
    }

    /// Whether it is there: seen in this frame, or missed for no longer than a detector blinks.
    pub fn is_present(&self, now: MediaTime) -> bool {
        self.track.is_observed || now.since(self.track.last_seen) <= BLINK
    }

    /// A person on foot.
    pub fn is_pedestrian(&self) -> bool {
        self.track.class == Class::Person && !self.track.is_rider
    }
}
