//! What the rule remembers about a road user beyond its trail: how sure the detector was, and what it was before an impact broke its track.

use std::time::Duration;

use super::course::{Course, earlier, window};
use super::lying;
use super::rider::{self, Fall, Upright};
use super::shake::jump;
use crate::base::class::Class;
use crate::base::time::MediaTime;
use crate::scene::{Sample, Scene, SceneTrack};
use crate::track::TrackId;

/// One track's memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    scores: f64,
    seen: u32,
    /// Sum of the jumps from where the last two boxes led, in L, and their number.
    jumps: f64,
    jumped: u32,
    /// When it was last taken for another one.
    mistaken: Option<MediaTime>,
    /// Its latest moment, for whoever takes its place.
    last: Option<Past>,
    /// When it was seen upright last, should it have a rider.
    upright: Option<Upright>,
    /// In how many of its sightings it was as low as what lies.
    low: u32,
    /// When its box last jumped or changed as no vehicle does.
    changed: Option<MediaTime>,
    /// That it went down.
    pub(super) fell: Option<Fall>,
    /// Whose place it took.
    pub(super) past: Option<Past>,
}

/// The last that was seen of a track.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past {
    pub(super) track: TrackId,
    pub(super) class: Class,
    pub(super) course: Course,
    pub(super) sample: Sample,
    /// When it was seen first.
    pub(super) since: MediaTime,
    pub(super) upright: Option<Upright>,
}

/// A track that begins within this time after another was lost may go on from it.
pub(super) const LOST_FOR: Duration = Duration::from_millis(1500);
/// And this near, in L: an impact throws nothing farther in that time without being a blur to the detector.
const LOST_WITHIN_L: f32 = 1.0;
/// The course before is taken over this time.
pub(super) const COURSE: Duration = Duration::from_millis(600);
/// How far back a trail goes.
const TRAIL: Duration = Duration::from_secs(3);
/// Boxes of one thing differ by less than this factor in each direction.
const ALIKE: f32 = 1.67;
/// And by less than this from one sighting to the next.
const ALIKE_AT_ONCE: f32 = 1.5;

/// A box that jumped or changed is not believed for this long.
const BROKEN_FOR: Duration = TRAIL;
/// Faster than before by this from one sighting to the next, in L/s: an impact gives half of the speed of who runs into it, 1.5 at most.
const LEAPS_L_S: f32 = 2.5;

impl Body {
    pub(super) fn new(past: Option<Past>) -> Self {
        Self {
            scores: 0.0,
            seen: 0,
            jumps: 0.0,
            jumped: 0,
            mistaken: None,
            last: None,
            upright: None,
            low: 0,
            changed: None,
            fell: None,
            past,
        }
    }

    /// Takes the track as it is in this frame.
    pub(super) fn observe(&mut self, track: &SceneTrack, now: MediaTime) {
        if !track.track.is_observed {
            return;
        }
        self.scores += f64::from(track.track.score.get());
        self.seen = self.seen.saturating_add(1);
        if let Some((right, down)) = jump(track) {
            self.jumps += f64::from(right.hypot(down));
            self.jumped = self.jumped.saturating_add(1);
        }
        self.low = self.low.saturating_add(u32::from(lying::is_low(track)));
        if is_broken(track) {
            self.changed = Some(now);
        }
        let Some(sample) = track.trail().last().copied() else { return };
        if track.track.class.is_two_wheeler() {
            let next = Upright::of(track, &sample);
            self.upright = next.map(|next| self.upright().map_or(next, |known| known.then(next))).or(self.upright);
            self.fell = self.fell.or_else(|| rider::fall(track, self));
        }
        if let Some(course) = Course::of_foot(window(track.trail(), earlier(now, COURSE), now), track.stretch) {
            let (id, class, since) = (track.track.id, track.track.class, track.track.first_seen.0);
            let since = self.past.map_or(since, |past| past.since);
            self.last = Some(Past { track: id, class, course, sample, since, upright: self.upright() });
        }
    }

    /// Mean score of its detections, 0..=1.
    pub(super) fn score(&self) -> f64 {
        self.scores / f64::from(self.seen.max(1))
    }

    /// Mean jump of its box from frame to frame, in L: how much its detections tremble.
    pub(super) fn jitter_l(&self) -> f64 {
        self.jumps / f64::from(self.jumped.max(1))
    }

    /// The tracker took it for another one: as long as its trail still shows that, its motion says nothing.
    pub(super) fn mistake(&mut self, now: MediaTime) {
        self.mistaken = Some(now);
    }

    /// Whether its motion is its own.
    pub(super) fn is_itself(&self, now: MediaTime) -> bool {
        self.mistaken.is_none_or(|at| now.since(at) > TRAIL)
    }

    /// Whether its box changed lately as no vehicle does: what it touched meanwhile may be another one's.
    pub(super) fn is_broken(&self, now: MediaTime) -> bool {
        self.changed.is_some_and(|at| now.since(at) <= BROKEN_FOR)
    }

    /// In which share of its sightings it was as low as what lies, 0..=1.
    pub(super) fn low_share(&self) -> f32 {
        self.low as f32 / self.seen.max(1) as f32
    }

    /// Since when it has been followed, under whatever number.
    pub(super) fn since(&self, track: &SceneTrack) -> MediaTime {
        self.past.map_or(track.track.first_seen.0, |past| past.since)
    }

    /// How it was seen upright last, under whatever number.
    pub(super) fn upright(&self) -> Option<Upright> {
        self.upright.or_else(|| self.past.and_then(|past| past.upright))
    }

    /// The last that was seen of it.
    pub(super) fn last(&self) -> Option<Past> {
        self.last
    }
}

impl Past {
    /// Whether `track`, which has just begun, may be the same thing: an impact turns and blurs what it hits, and the tracker begins anew.
    pub(super) fn fits(&self, track: &SceneTrack) -> bool {
        let (first_at, first) = track.track.first_seen;
        let size = (first.area() / self.sample.rect.area().max(1.0)).sqrt();
        first_at > self.sample.at
            && first_at.since(self.sample.at) <= LOST_FOR
            && track.track.class.is_two_wheeler() == self.class.is_two_wheeler()
            && track.track.class.is_vehicle() == self.class.is_vehicle()
            && (1.0 / ALIKE..=ALIKE).contains(&size)
            && first.foot().distance(self.sample.rect.foot()) <= LOST_WITHIN_L * track.car_length
    }

    /// Whether the track it was is seen again after all.
    pub(super) fn is_back(&self, scene: &Scene<'_>) -> bool {
        scene.find(self.track).is_some_and(|track| track.track.last_seen > self.sample.at)
    }
}

/// Whether the latest box is another vehicle's: it leapt, or has grown or shrunk at once or within half a second; one that was hidden for longer is
/// compared with what was seen before that.
fn is_broken(track: &SceneTrack) -> bool {
    let mut samples = track.trail().iter().rev();
    let (Some(last), Some(before), Some(next)) = (samples.next(), samples.next(), samples.next()) else { return false };
    let first = samples.take_while(|sample| last.at.since(sample.at) <= COURSE).last().unwrap_or(next);
    let size = |earlier: &Sample| (last.rect.area() / earlier.rect.area().max(1.0)).sqrt();
    let is_alike = |earlier: &Sample, factor: f32| (1.0 / factor..=factor).contains(&size(earlier));
    has_leapt(velocity(track, first, before), velocity(track, before, last)) || !is_alike(first, ALIKE) || !is_alike(before, ALIKE_AT_ONCE)
}

/// Whether who came with one velocity cannot go on with the other, both in L/s: faster than an impact makes, or thrown aside by more than he brought along.
fn has_leapt(came: [f32; 2], goes: [f32; 2]) -> bool {
    let speed = |[x, y]: [f32; 2]| x.hypot(y);
    let change = speed([goes[0] - came[0], goes[1] - came[1]]);
    speed(goes) > speed(came) + LEAPS_L_S || change > speed(came) + LEAPS_L_S
}

/// From one sighting to another, in L/s across and along the view.
fn velocity(track: &SceneTrack, from: &Sample, to: &Sample) -> [f32; 2] {
    let (a, b) = (from.rect.foot(), to.rect.foot());
    let per_l_s = track.car_length * to.at.since(from.at).as_secs_f32().max(f32::EPSILON);
    [(b.x - a.x) / per_l_s, track.stretch * (b.y - a.y) / per_l_s]
}
