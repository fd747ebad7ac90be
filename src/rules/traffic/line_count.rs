//! Counts what passes a line, per direction and class.
//!
//! Trackers break paths: a car is lost in front of the line and found again behind it under a new number. Every path's way across the line
//! is kept for as long as another path may continue it, so the count does not depend on who kept which number. A fast thing that is missed
//! for half a second right at the line counts too.

use std::time::Duration;

use super::course::{Passed, Sighting};
use super::doubles::{Doubles, covered};
use super::fragments::{MOVING_GAP, STANDING_GAP, mismatch};
use super::path::{Path, PathState};
use super::tally::{LineCounts, Tally};
use crate::base::geom::{FrameSize, Line, Norm, Pixel, Rect};
use crate::base::id::Slug;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::{Anchor, LineCountSettings};
use crate::event::{Crossing, EndReason};
use crate::rules::{Findings, Rule};
use crate::scene::{PerTrack, Scene, SceneTrack};

/// Counts what passes one line.
#[derive(Debug)]
pub struct LineCount {
    settings: LineCountSettings,
    line: Line<Norm>,
    paths: PerTrack<Path>,
    lost: Vec<Path>,
    doubles: Doubles,
    session: Option<Session>,
    tally: Tally,
}

/// What is the same for a whole session.
#[derive(Clone, Copy, Debug)]
struct Session {
    size: FrameSize,
    first: MediaTime,
}

/// How far beyond its ends the line still counts, in L.
const BEYOND_ENDS_L: f32 = 0.25;
/// Ended paths that are remembered at most; far more than come near a line in the time they are remembered.
const MOST_LOST: usize = 128;

impl LineCount {
    /// Counts on `line` of `camera`.
    pub fn new(camera: Slug, settings: LineCountSettings, line: Line<Norm>) -> Self {
        let tally = Tally::new(camera, &settings);
        let (paths, lost, doubles) = (PerTrack::default(), Vec::new(), Doubles::default());
        Self { settings, line, paths, lost, doubles, session: None, tally }
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

    /// Opens a path for every new track, and keeps the ended ones that another path may continue.
    fn follow(&mut self, scene: &Scene<'_>) {
        let mut paths = std::mem::take(&mut self.paths);
        let mut lost = std::mem::take(&mut self.lost);
        let keep = |path: Path| (path.state == PathState::Followed).then_some(path);
        let begin = |track: &SceneTrack| Path::new(track, self.first_sighting(track, scene.size), scene.size);
        paths.keep_up(scene.tracks, begin, |_, path| lost.extend(keep(path)));
        (self.paths, self.lost) = (paths, lost);
    }

    /// Lets a new path continue the lost one that fits best: the old path's way across the line goes on.
    fn continue_lost(&mut self, index: usize) {
        let start = self.paths.at(index).start();
        let candidates = self.lost.iter_mut().chain(self.paths.values_mut());
        let followed = candidates.filter(|old| old.state == PathState::Followed);
        let fits = followed.filter_map(|old| mismatch(&old.end, &start).map(|mismatch| (mismatch, old)));
        let Some((_, old)) = fits.min_by(|a, b| a.0.total_cmp(&b.0)) else { return };
        old.state = PathState::Continued;
        let old = *old;
        self.paths.at_mut(index).continue_from(&old);
    }

    /// Takes where an observed track is now; counts when it passed.
    fn look(&mut self, index: usize, scene: &Scene<'_>, out: &mut Findings) {
        let track = &scene.tracks[index];
        let first = self.first_sighting(track, scene.size);
        let now = self.sighting(scene.at.media, track.track.rect, scene.size, track.car_length);
        let line = scene.size.line_to_pixel(self.line);
        let path = self.paths.at_mut(index);
        let seen = path.see(track, first, now);
        let begins = self.session.map_or(scene.at.media, |session| session.first);
        let guess = path.passed_before_seen(track, line).filter(|guess| guess.at >= begins);
        path.note_cover(covered(track, scene));
        let path = *path;
        for passed in [seen, guess].into_iter().flatten() {
            if !path.is_ghost() && !self.doubles.is_double(track, passed, scene) {
                self.count(passed, &path, scene.at, out);
            }
            self.doubles.note(Some(track.track.id), passed);
        }
    }

    /// A car length in line lengths.
    fn car_length_along(&self, path: &Path) -> f32 {
        let pixels = self.session.map_or(1.0, |session| session.size.line_to_pixel(self.line).length());
        path.end.car_length / pixels.max(1.0)
    }

    fn count(&mut self, passed: Passed, path: &Path, now: Stamp, out: &mut Findings) {
        let car_along = self.car_length_along(path);
        let beyond = BEYOND_ENDS_L * car_along;
        let class = path.class();
        let is_wanted = self.settings.classes.contains(&class) && !path.is_rider();
        let is_here = (-beyond..=1.0 + beyond).contains(&passed.along);
        if !is_wanted || !is_here || self.doubles.explains(passed, car_along * path.size_l().min(1.0)) {
            return;
        }
        self.tally.add(passed.to, class);
        let wall = now.wall - now.media.since(passed.at);
        let direction = self.tally.direction(passed.to).clone();
        out.crossings.push(Crossing { at: passed.at, wall, line: self.settings.line.clone(), direction, class });
    }

    /// Decides about paths that have not been seen for `patience` and that nothing continues.
    fn settle(&mut self, now: Stamp, patience: Duration, out: &mut Findings) {
        let Some(session) = self.session else { return };
        let line = session.size.line_to_pixel(self.line);
        for index in 0..self.lost.len() + self.paths.len() {
            let path = match index.checked_sub(self.lost.len()) {
                None => &mut self.lost[index],
                Some(index) => self.paths.at_mut(index),
            };
            if path.state != PathState::Followed || now.media.since(path.end.at) < patience {
                continue;
            }
            let ending = path.course.settle(path.band);
            if let Some(passed) = ending.or_else(|| path.passed_after_seen(line, now.media)) {
                let path = *path;
                if !path.is_ghost() {
                    self.count(passed, &path, now, out);
                }
                self.doubles.note(None, passed);
            }
        }
    }

    fn forget(&mut self, now: MediaTime) {
        self.lost.retain(|path| path.state == PathState::Followed && now.since(path.end.at) <= STANDING_GAP);
        let surplus = self.lost.len().saturating_sub(MOST_LOST);
        self.lost.drain(..surplus);
        self.doubles.forget(now);
    }
}

impl Rule for LineCount {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        self.tally.advance(scene.at, out);
        let first = self.session.map_or(scene.at.media, |session| session.first);
        self.session = Some(Session { size: scene.size, first });
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
        self.settle(scene.at, MOVING_GAP, out);
        self.forget(scene.at.media);
    }

    fn finish(&mut self, at: Stamp, _reason: EndReason, out: &mut Findings) {
        self.settle(at, Duration::ZERO, out);
        self.tally.finish(at.media, out);
        self.paths = PerTrack::default();
        self.lost.clear();
        self.doubles.clear();
        self.session = None;
    }
}
