//! One followed thing and its way across a line.

use std::time::Duration;

use super::course::{BAND_L, Course, Passed, Side, Sighting};
use super::edges::velocity;
use super::fragments::{Group, PathEnd, PathStart};
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Line, Pixel, Point};
use crate::base::time::MediaTime;
use crate::scene::SceneTrack;

/// A path and what it has to do with the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    pub(super) state: PathState,
    pub(super) course: Course,
    pub(super) end: PathEnd,
    /// Hysteresis in L.
    pub(super) band: f32,
    beginning: Beginning,
    votes: [u16; Class::ALL.len()],
    is_rider: bool,
    /// In how many more frames than not its box, still new, showed parts of other vehicles.
    covered: i16,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PathState {
    /// It began in this frame; whether it continues another one is not decided.
    New,
    /// It is followed, or it was lost and may be continued.
    Followed,
    /// Another path continues it. When it is seen again after all, it is someone else.
    Continued,
}

/// Whether a path may have passed before it was seen first.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Beginning {
    /// It was seen here first; undecided until its speed is known.
    Open(Sighting),
    /// It continues another path, or it has been decided.
    Known,
}

/// The box of a small thing jitters less than 0.3 car lengths: its band is at most this share of its own size.
const BAND_OWN_SIZE: f32 = 0.5;
/// A detector misses a thing for a while and sees it again. What cannot stop before the line, however hard it brakes (4.5 m/s²), does not stop
/// in that time: seen last before the line within this time of its own way it will pass, seen first behind it, it has passed. People stop and
/// turn at once, unless they are faster than that (24 km/h).
const BLINK: Duration = Duration::from_millis(500);
const BRAKING_L_S2: f32 = 1.0;
const RUNNING_L_S: f32 = 1.5;
/// A speed needs this base line.
const MIN_SPAN: Duration = Duration::from_millis(300);

impl Path {
    pub(super) fn new(track: &SceneTrack, first: Sighting, picture: FrameSize) -> Self {
        let (at, rect) = track.track.first_seen;
        let group = Group::of(track.track.class);
        Self {
            state: PathState::New,
            course: Course::new(first),
            end: PathEnd { group, at, rect, picture, velocity: None, car_length: track.car_length },
            band: BAND_L,
            beginning: Beginning::Open(first),
            votes: [0; Class::ALL.len()],
            is_rider: track.track.is_rider,
            covered: 0,
        }
    }

    pub(super) fn start(&self) -> PathStart {
        PathStart { group: self.end.group, at: self.end.at, rect: self.end.rect }
    }

    /// Goes on with the way of a lost path.
    pub(super) fn continue_from(&mut self, old: &Self) {
        (self.course, self.votes, self.beginning) = (old.course, old.votes, Beginning::Known);
    }

    /// Takes where an observed track is now; `Some` when it has passed the line.
    pub(super) fn see(&mut self, track: &SceneTrack, first: Sighting, now: Sighting) -> Option<Passed> {
        if self.state == PathState::Continued {
            (self.course, self.beginning) = (Course::new(now), Beginning::Known);
        }
        self.take(track, now.at);
        // A continued path leads over the place where the new one was detected first.
        let to_first = if self.course.last().at < first.at { self.course.see(first, self.band) } else { None };
        to_first.or(self.course.see(now, self.band))
    }

    fn take(&mut self, track: &SceneTrack, now: MediaTime) {
        self.state = PathState::Followed;
        self.is_rider = track.track.is_rider;
        let vote = &mut self.votes[track.track.class.index()];
        *vote = vote.saturating_add(1);
        let rect = track.track.rect;
        self.band = BAND_L.min(BAND_OWN_SIZE * rect.area().sqrt() / track.car_length);
        let (velocity, picture) = (velocity(track, self.end.picture), self.end.picture);
        self.end = PathEnd { group: Group::of(track.track.class), at: now, rect, picture, velocity, car_length: track.car_length };
    }

    /// Notes whether its box shows parts of other vehicles; `None` when it has been seen for long enough to be one of its own.
    pub(super) fn note_cover(&mut self, is_covered: Option<bool>) {
        self.covered = is_covered.map_or(0, |is_covered| self.covered.saturating_add(if is_covered { 1 } else { -1 }));
    }

    /// It showed parts of others more often than not.
    pub(super) fn is_ghost(&self) -> bool {
        self.covered > 0
    }

    /// Decides once whether the path passed `line` in the moment before it was seen first.
    pub(super) fn passed_before_seen(&mut self, track: &SceneTrack, line: Line<Pixel>) -> Option<Passed> {
        let Beginning::Open(first) = self.beginning else { return None };
        let velocity = track.motion.filter(|motion| motion.span >= MIN_SPAN).and(self.end.velocity)?;
        self.beginning = Beginning::Known;
        let to_line = self.time_to_line(first, velocity, line).filter(|secs| *secs < 0.0)?;
        let at = MediaTime::from_secs_f64(first.at.as_secs_f64() + f64::from(to_line));
        self.course.pass_unseen(at, first.along + along_speed(velocity, line) * to_line, Side::of(first.distance))
    }

    /// Whether the path, lost before `line`, has passed it in the moment after it was seen last.
    pub(super) fn passed_after_seen(&mut self, line: Line<Pixel>, now: MediaTime) -> Option<Passed> {
        let last = self.course.last();
        let velocity = self.end.velocity?;
        let to_line = self.time_to_line(last, velocity, line).filter(|secs| *secs > 0.0)?;
        let at = MediaTime::from_secs_f64(last.at.as_secs_f64() + f64::from(to_line));
        let to = Side::of(-last.distance);
        let along = last.along + along_speed(velocity, line) * to_line;
        let passed = (at < now).then(|| self.course.pass_unseen(at, along, to)).flatten()?;
        // Nobody saw it since, however soon it would have been there.
        Some(Passed { unseen: now.since(last.at), ..passed })
    }

    /// Seconds until it is on the line when it moves with `velocity` from `from`, negative when it was; `None` when it could have stopped, or is
    /// too far.
    fn time_to_line(&self, from: Sighting, velocity: Point<Pixel>, line: Line<Pixel>) -> Option<f32> {
        let (dx, dy) = (line.b.x - line.a.x, line.b.y - line.a.y);
        let across = (dx * velocity.y - dy * velocity.x) / dx.hypot(dy).max(1.0) / self.end.car_length;
        let secs = -from.distance / across;
        let could_stop = match self.end.group {
            Group::Person => across.abs() < RUNNING_L_S,
            Group::TwoWheeler | Group::Vehicle => from.distance.abs() > across * across / (2.0 * BRAKING_L_S2),
        };
        (!could_stop && secs.abs() <= BLINK.as_secs_f32()).then_some(secs)
    }

    /// Its own size in L, as √(width · height) of its box.
    pub(super) fn size_l(&self) -> f32 {
        self.end.rect.area().sqrt() / self.end.car_length
    }

    /// The class it was seen as most often, the last of the list in a draw.
    pub(super) fn class(&self) -> Class {
        let most = Class::ALL.into_iter().max_by_key(|class| self.votes[class.index()]);
        most.expect("there are classes")
    }

    /// A rider is no pedestrian: the motorcycle counts.
    pub(super) fn is_rider(&self) -> bool {
        self.class() == Class::Person && self.is_rider
    }
}

/// How fast the position along the line changes, in line lengths per second.
fn along_speed(velocity: Point<Pixel>, line: Line<Pixel>) -> f32 {
    let (dx, dy) = (line.b.x - line.a.x, line.b.y - line.a.y);
    (velocity.x * dx + velocity.y * dy) / (dx * dx + dy * dy).max(1.0)
}
