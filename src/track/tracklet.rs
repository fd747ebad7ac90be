//! One thing being followed: its motion, its observations, its votes.

use std::time::Duration;

use super::kalman::{BoxFilter, size_of};
use super::rider::Riding;
use super::tuning::Tuning;
use super::types::{Track, TrackId};
use crate::base::class::Class;
use crate::base::geom::{Pixel, Point, Rect};
use crate::base::time::MediaTime;
use crate::detect::{Detection, Score};

/// A box that was really seen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Seen {
    pub(super) at: MediaTime,
    pub(super) rect: Rect<Pixel>,
}

/// How many past observations direction is taken from.
const MEMORY: usize = 8;

/// How far a thing has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Seen, and to be seen again before anyone hears of it.
    Tentative,
    /// Known to the outside under this id.
    Confirmed(TrackId),
}

/// One thing being followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tracklet {
    pub(super) stage: Stage,
    pub(super) filter: BoxFilter,
    /// The belief right after the last observation: where repair after a gap starts from.
    settled: BoxFilter,
    pub(super) first: Seen,
    pub(super) last: Seen,
    pub(super) score: Score,
    pub(super) hits: u32,
    recent: [Seen; MEMORY],
    recent_next: usize,
    /// Where it stood when it last moved on.
    anchor: Seen,
    votes: [f32; Class::ALL.len()],
    pub(super) riding: Riding,
    pub(super) is_observed: bool,
}

impl Tracklet {
    pub(super) fn new(at: MediaTime, detection: Detection, tuning: &Tuning) -> Self {
        let seen = Seen { at, rect: detection.rect };
        let filter = BoxFilter::first(detection.rect, tuning.noise(detection.class));
        let mut votes = [0.0; Class::ALL.len()];
        votes[detection.class.index()] = detection.score.get();
        Self {
            stage: Stage::Tentative,
            filter,
            settled: filter,
            first: seen,
            last: seen,
            score: detection.score,
            hits: 1,
            recent: [seen; MEMORY],
            recent_next: 0,
            anchor: seen,
            votes,
            riding: Riding::No,
            is_observed: true,
        }
    }

    /// The class with most votes, weighted by score; the earlier of [`Class::ALL`] when even.
    pub(super) fn class(&self) -> Class {
        let mut best = Class::Person;
        for class in Class::ALL {
            if self.votes[class.index()] > self.votes[best.index()] {
                best = class;
            }
        }
        best
    }

    /// Moves on to `at`, `secs` after the frame before.
    pub(super) fn predict(&mut self, secs: f32, at: MediaTime, tuning: &Tuning) {
        self.is_observed = false;
        let noise = tuning.noise(self.class());
        self.filter.predict(secs, noise);
        let unseen = at.since(self.last.at).as_secs_f32();
        if unseen > secs * 1.5 {
            self.filter.damp((-secs / tuning.damping_secs).exp());
        }
    }

    /// A detection supports it now.
    pub(super) fn observe(&mut self, at: MediaTime, detection: Detection, trust: f32, tuning: &Tuning) {
        let noise = tuning.noise(self.class());
        let gap = at.since(self.last.at).as_secs_f32();
        if gap > tuning.repair_after_secs {
            self.repair(gap, detection.rect, tuning);
        }
        let doubt = 1.0 + tuning.doubt * (1.0 - trust);
        self.filter.update(detection.rect, noise, doubt);
        self.settled = self.filter;
        self.last = Seen { at, rect: detection.rect };
        self.score = detection.score;
        self.hits += 1;
        self.recent[self.recent_next] = self.last;
        self.recent_next = (self.recent_next + 1) % MEMORY;
        self.votes[detection.class.index()] += detection.score.get();
        self.is_observed = true;
        let moved = self.anchor.rect.center().distance(detection.rect.center());
        if moved > tuning.standing_drift * size_of(detection.rect) {
            self.anchor = self.last;
        }
    }

    /// Observation-centric re-update (OC-SORT, Cao et al. 2023): the belief drifted while nothing was seen, so go back to the last
    /// observation and walk a straight line to the new one as if it had been seen on the way.
    fn repair(&mut self, gap: f32, to: Rect<Pixel>, tuning: &Tuning) {
        let noise = tuning.noise(self.class());
        let from = self.last.rect;
        let steps = ((gap / tuning.repair_step_secs).ceil() as u32).clamp(1, 10);
        let secs = gap / steps as f32;
        self.filter = self.settled;
        for step in 1..steps {
            let share = step as f32 / steps as f32;
            self.filter.predict(secs, noise);
            self.filter.update(from.towards(to, share), noise, 1.0);
        }
        self.filter.predict(secs, noise);
    }

    /// Whether it stood still when it was last seen.
    pub(super) fn was_standing(&self, tuning: &Tuning) -> bool {
        self.last.at.since(self.anchor.at).as_secs_f32() >= tuning.standing_secs
    }

    /// How long nothing supported it.
    pub(super) fn unseen(&self, at: MediaTime) -> Duration {
        at.since(self.last.at)
    }

    /// Movement from an observation about `over` seconds before the last one to the last one, in pixels.
    pub(super) fn course(&self, over: f32) -> Point<Pixel> {
        let mut best = self.recent[0];
        let mut best_miss = f32::INFINITY;
        for seen in self.recent {
            let age = self.last.at.since(seen.at).as_secs_f32();
            let miss = (age - over).abs();
            if age > 0.0 && miss < best_miss {
                (best, best_miss) = (seen, miss);
            }
        }
        let (a, b) = (best.rect.center(), self.last.rect.center());
        Point::new(b.x - a.x, b.y - a.y)
    }

    /// Where it is now: as detected, or as predicted. What stood still is where it stood.
    pub(super) fn rect(&self, tuning: &Tuning) -> Rect<Pixel> {
        if self.is_observed || self.was_standing(tuning) { self.last.rect } else { self.filter.rect() }
    }

    /// As the outside sees it; `None` while tentative.
    pub(super) fn to_track(self, tuning: &Tuning) -> Option<Track> {
        let Stage::Confirmed(id) = self.stage else { return None };
        Some(Track {
            id,
            rect: self.rect(tuning),
            class: self.class(),
            score: self.score,
            velocity: self.filter.velocity(),
            is_observed: self.is_observed,
            is_rider: matches!(self.riding, Riding::Yes(_)),
            first_seen: (self.first.at, self.first.rect),
            last_seen: self.last.at,
        })
    }
}
