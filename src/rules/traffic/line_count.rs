//! Counts what passes a line, per direction and class.
//!
//! Trackers break paths: a car is lost in front of the line and found again behind it under a new number. Every path's way across the line
//! is kept for as long as another path may continue it, so the count does not depend on who kept which number.

use std::collections::VecDeque;
use std::time::Duration;

use super::course::{BAND_L, Course, Passed, Side, Sighting};
use super::fragments::{Group, MOVING_GAP, PathEnd, PathStart, STANDING_GAP, mismatch};
use super::tally::{LineCounts, Tally};
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Line, Norm, Pixel, Rect};
use crate::base::id::Slug;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::{Anchor, LineCountSettings};
use crate::event::{Crossing, EndReason};
use crate::rules::{Findings, Rule};
use crate::scene::{PerTrack, Scene, SceneTrack};
use crate::track::TrackId;

/// Counts what passes one line.
#[derive(Debug)]
pub struct LineCount {
    settings: LineCountSettings,
    line: Line<Norm>,
    paths: PerTrack<Path>,
    lost: Vec<Path>,
    recent: VecDeque<Recent>,
    size: Option<FrameSize>,
    tally: Tally,
}

/// One path and its way across the line.
#[derive(Clone, Copy, Debug)]
struct Path {
    state: PathState,
    course: Course,
    end: PathEnd,
    /// Hysteresis in L.
    band: f32,
    votes: [u16; Class::ALL.len()],
    is_rider: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum PathState {
    /// It began in this frame; whether it continues another one is not decided.
    New,
    /// It is followed, or it was lost and may be continued.
    Followed,
    /// Another path continues it. When it is seen again after all, it is someone else.
    Continued,
}

/// Who was counted a moment ago: two boxes around one lorry must not count twice.
#[derive(Clone, Copy, Debug)]
struct Recent {
    track: TrackId,
    at: MediaTime,
    to: Side,
}

/// Boxes of two counted tracks that overlap more than this are one thing. Motorcycles side by side overlap less.
const DOUBLE_IOU: f32 = 0.6;
const DOUBLE_WITHIN: Duration = Duration::from_millis(1500);
/// How far beyond its ends the line still counts, in L.
const BEYOND_ENDS_L: f32 = 0.25;
/// The box of a small thing jitters less than 0.3 car lengths: its band is at most this share of its own size.
const BAND_OWN_SIZE: f32 = 0.5;
/// Ended paths that are remembered at most; far more than come near a line in the time they are remembered.
const MOST_LOST: usize = 128;

impl LineCount {
    /// Counts on `line` of `camera`.
    pub fn new(camera: Slug, settings: LineCountSettings, line: Line<Norm>) -> Self {
        let tally = Tally::new(camera, &settings);
        let (paths, lost, recent) = (PerTrack::default(), Vec::new(), VecDeque::new());
        Self { settings, line, paths, lost, recent, size: None, tally }
    }

    /// What passed since the start; both directions are always there.
    pub fn totals(&self) -> &LineCounts {
        self.tally.totals()
    }

    fn sighting(&self, at: MediaTime, rect: Rect<Pixel>, size: FrameSize, car_length: f32) -> Sighting {
        let line = size.line_to_pixel(self.line);
        let point = match self.settings.anchor {
            Anchor::Foot => rect.foot(),
            Anchor::Center => rect.center(),
        };
        Sighting { at, distance: line.signed_distance(point) / car_length, along: line.along(point) }
    }

    /// Where the track was detected first, before it was confirmed: the confirmation must not hide a passage.
    fn first_sighting(&self, track: &SceneTrack, size: FrameSize) -> Sighting {
        let (at, rect) = track.track.first_seen;
        self.sighting(at, rect, size, track.car_length)
    }

    fn begin(&self, track: &SceneTrack, size: FrameSize) -> Path {
        let (at, rect) = track.track.first_seen;
        let group = Group::of(track.track.class);
        Path {
            state: PathState::New,
            course: Course::new(self.first_sighting(track, size)),
            end: PathEnd { group, at, rect, velocity: None, car_length: track.car_length },
            band: BAND_L,
            votes: [0; Class::ALL.len()],
            is_rider: track.track.is_rider,
        }
    }

    /// Opens a path for every new track, and keeps the ended ones that another path may continue.
    fn follow(&mut self, scene: &Scene<'_>) {
        let mut paths = std::mem::take(&mut self.paths);
        let mut lost = std::mem::take(&mut self.lost);
        let keep = |path: Path| (path.state == PathState::Followed).then_some(path);
        paths.keep_up(scene.tracks, |track| self.begin(track, scene.size), |_, path| lost.extend(keep(path)));
        (self.paths, self.lost) = (paths, lost);
    }

    /// Lets a new path continue the lost one that fits best: the old path's way across the line goes on.
    fn continue_lost(&mut self, index: usize) {
        let new = self.paths.at(index).end;
        let start = PathStart { group: new.group, at: new.at, rect: new.rect };
        let candidates = self.lost.iter_mut().chain(self.paths.values_mut());
        let followed = candidates.filter(|old| old.state == PathState::Followed);
        let fits = followed.filter_map(|old| mismatch(&old.end, &start).map(|mismatch| (mismatch, old)));
        let Some((_, old)) = fits.min_by(|a, b| a.0.total_cmp(&b.0)) else { return };
        old.state = PathState::Continued;
        let (course, votes) = (old.course, old.votes);
        let new = self.paths.at_mut(index);
        (new.course, new.votes) = (course, votes);
    }

    /// Takes where an observed track is now; counts when it passed.
    fn look(&mut self, index: usize, scene: &Scene<'_>, out: &mut Findings) {
        let track = &scene.tracks[index];
        let first = self.first_sighting(track, scene.size);
        let now = self.sighting(scene.at.media, track.track.rect, scene.size, track.car_length);
        let path = self.paths.at_mut(index);
        if path.state == PathState::Continued {
            path.course = Course::new(now);
        }
        path.take(track, scene.at.media);
        let on_the_way = if path.course.last().at < first.at { path.course.see(first, path.band) } else { None };
        if let Some(passed) = on_the_way.or(path.course.see(now, path.band)) {
            let path = *path;
            if !self.is_double(passed, track, scene) {
                self.recent.push_back(Recent { track: track.track.id, at: scene.at.media, to: passed.to });
                self.count(passed, &path, scene.at, scene.size, out);
            }
        }
    }

    fn is_double(&self, passed: Passed, track: &SceneTrack, scene: &Scene<'_>) -> bool {
        let others = self.recent.iter().filter(|recent| recent.to == passed.to && recent.track != track.track.id);
        others
            .filter_map(|recent| scene.find(recent.track))
            .any(|other| other.track.is_observed && other.track.rect.iou(track.track.rect) > DOUBLE_IOU)
    }

    fn count(&mut self, passed: Passed, path: &Path, now: Stamp, size: FrameSize, out: &mut Findings) {
        let beyond = BEYOND_ENDS_L * path.end.car_length / size.line_to_pixel(self.line).length().max(1.0);
        let class = path.class();
        let is_wanted = self.settings.classes.contains(&class) && !(class == Class::Person && path.is_rider);
        if !is_wanted || !(-beyond..=1.0 + beyond).contains(&passed.along) {
            return;
        }
        self.tally.add(passed.to, class);
        let wall = now.wall - now.media.since(passed.at);
        let direction = self.tally.direction(passed.to).clone();
        out.crossings.push(Crossing { at: passed.at, wall, line: self.settings.line.clone(), direction, class });
    }

    /// Decides about paths that have not been seen for `patience` and that nothing continues: where they were seen last counts.
    fn settle(&mut self, now: Stamp, size: FrameSize, patience: Duration, out: &mut Findings) {
        for index in 0..self.lost.len() + self.paths.len() {
            let path = match index.checked_sub(self.lost.len()) {
                None => &mut self.lost[index],
                Some(index) => self.paths.at_mut(index),
            };
            if path.state == PathState::Followed && now.media.since(path.end.at) >= patience {
                let path_now = *path;
                if let Some(passed) = path.course.settle(path.band) {
                    self.count(passed, &path_now, now, size, out);
                }
            }
        }
    }

    fn forget(&mut self, now: MediaTime) {
        self.lost.retain(|path| path.state == PathState::Followed && now.since(path.end.at) <= STANDING_GAP);
        let surplus = self.lost.len().saturating_sub(MOST_LOST);
        self.lost.drain(..surplus);
        self.recent.retain(|recent| now.since(recent.at) <= DOUBLE_WITHIN);
    }
}

impl Path {
    fn take(&mut self, track: &SceneTrack, now: MediaTime) {
        self.state = PathState::Followed;
        self.is_rider = track.track.is_rider;
        let vote = &mut self.votes[track.track.class.index()];
        *vote = vote.saturating_add(1);
        let rect = track.track.rect;
        self.band = BAND_L.min(BAND_OWN_SIZE * rect.area().sqrt() / track.car_length);
        let velocity = track.motion.map(|motion| motion.velocity);
        self.end = PathEnd { group: Group::of(track.track.class), at: now, rect, velocity, car_length: track.car_length };
    }

    /// The class it was seen as most often; the later one in the list wins a draw, which no output may depend on but must repeat.
    fn class(&self) -> Class {
        let most = Class::ALL.into_iter().max_by_key(|class| self.votes[class.index()]);
        most.expect("there are classes")
    }
}

impl Rule for LineCount {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        self.tally.advance(scene.at, out);
        self.size = Some(scene.size);
        self.follow(scene);
        let observed = || (0..scene.tracks.len()).filter(|&index| scene.tracks[index].track.is_observed);
        // Known tracks first: one that is seen now cannot be what a new one continues.
        for index in observed() {
            if self.paths.at(index).state != PathState::New {
                self.look(index, scene, out);
            }
        }
        for index in observed() {
            if self.paths.at(index).state == PathState::New {
                self.continue_lost(index);
                self.look(index, scene, out);
            }
        }
        self.settle(scene.at, scene.size, MOVING_GAP, out);
        self.forget(scene.at.media);
    }

    fn finish(&mut self, at: Stamp, _reason: EndReason, out: &mut Findings) {
        if let Some(size) = self.size {
            self.settle(at, size, Duration::ZERO, out);
        }
        self.tally.finish(at.media, out);
        self.paths = PerTrack::default();
        self.lost.clear();
        self.recent.clear();
    }
}
