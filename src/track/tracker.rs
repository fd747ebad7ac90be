//! The tracker: BYTE's cascade of associations on a Kalman filter, with times in seconds.

use std::cmp::Ordering;
use std::time::Duration;

use super::affinity::{Expectation, Gate, Offer, could_be};
use super::assign::Assignment;
use super::camera::Camera;
use super::jitter::Jitter;
use super::rider;
use super::tracklet::{Stage, Tracklet};
use super::tuning::Tuning;
use super::types::{Track, TrackId};
use crate::base::class::Class;
use crate::base::geom::{Pixel, Point};
use crate::base::time::MediaTime;
use crate::config::settings::TrackSettings;
use crate::detect::Detection;

/// Things in view for which memory is taken at once; more is no error, it only costs an allocation when it first happens.
const ROOM: usize = 256;
/// Detections after which a newcomer is no flicker.
const HITS_TO_REPLACE: u32 = 4;
/// Longest time between frames at which things are still followed by their movement.
const SLOWEST_SECS: f32 = 1.0;

/// Follows things from frame to frame.
#[derive(Debug)]
pub struct Tracker {
    settings: TrackSettings,
    tuning: Tuning,
    tracklets: Vec<Tracklet>,
    next_id: u32,
    last_frame: Option<MediaTime>,
    /// Time since the frame before, in seconds.
    step_secs: f32,
    /// Usual time between frames, in seconds, smoothed.
    interval: f32,
    detections: Vec<Detection>,
    /// The same, weighed.
    offers: Vec<Offer>,
    is_taken: Vec<bool>,
    rows: Vec<usize>,
    columns: Vec<usize>,
    pairs: Vec<(usize, usize)>,
    assignment: Assignment,
    camera: Camera,
    jitter: Jitter,
    tracks: Vec<Track>,
}

impl Tracker {
    /// A tracker that has seen nothing.
    pub fn new(settings: &TrackSettings) -> Self {
        let tuning = Tuning::default();
        Self {
            settings: settings.clone(),
            jitter: Jitter::new(&tuning),
            tuning,
            tracklets: Vec::with_capacity(ROOM),
            next_id: 1,
            last_frame: None,
            step_secs: 0.0,
            interval: 0.0,
            detections: Vec::with_capacity(ROOM),
            offers: Vec::with_capacity(ROOM),
            is_taken: Vec::with_capacity(ROOM),
            rows: Vec::with_capacity(ROOM),
            columns: Vec::with_capacity(ROOM),
            pairs: Vec::with_capacity(ROOM),
            assignment: Assignment::with_room(ROOM),
            camera: Camera::with_room(ROOM),
            tracks: Vec::with_capacity(ROOM),
        }
    }

    /// Forgets everything followed: a new session has begun. Ids go on, so none is ever used twice.
    pub fn reset(&mut self) {
        self.tracklets.clear();
        self.tracks.clear();
        self.camera.moved(Point::new(0.0, 0.0), 0.0);
        self.last_frame = None;
    }

    /// Takes in the detections of the frame at `at`; gives the confirmed tracks now, ordered by id.
    ///
    /// What is out of sight stays among them until it is given up, with `is_observed` false: moving things for `lost_after`, where they are
    /// predicted, standing things for `lost_after_standing`, where they stood. A frame older than the one before begins anew, as
    /// [`Self::reset`] does. Boxes without size or with impossible numbers are left out.
    pub fn update(&mut self, at: MediaTime, detections: &[Detection]) -> &[Track] {
        if self.last_frame.is_some_and(|last| at < last) {
            self.reset();
        }
        self.end_lost(at);
        self.predict(at);
        self.sort_in(detections);
        self.associate(at);
        self.begin_new(at);
        self.end_replaced();
        self.confirm();
        rider::mark(&mut self.tracklets, at);
        self.tracks.clear();
        self.tracks.extend(self.tracklets.iter().filter_map(|tracklet| tracklet.to_track(&self.tuning)));
        self.tracks.sort_unstable_by_key(|track| track.id);
        &self.tracks
    }

    fn predict(&mut self, at: MediaTime) {
        let Some(last) = self.last_frame.replace(at) else { return };
        let secs = at.since(last).as_secs_f32();
        self.step_secs = secs;
        // A stall of the stream is no frame rate.
        let usual = secs.min(SLOWEST_SECS);
        self.interval = if self.interval > 0.0 { 0.8 * self.interval + 0.2 * usual } else { usual };
        for tracklet in &mut self.tracklets {
            tracklet.predict(secs, at, &self.tuning);
        }
    }

    /// Takes the detections over in an order of our own, so that the caller's does not matter.
    fn sort_in(&mut self, detections: &[Detection]) {
        self.detections.clear();
        self.detections.extend(detections.iter().filter(|detection| is_usable(detection)));
        self.detections.sort_unstable_by(surest_first);
        let sure = self.tuning.trusted * self.settings.high_score;
        self.offers.clear();
        self.offers.extend(self.detections.iter().map(|found| Offer {
            rect: found.rect,
            class: found.class,
            trust: (standing(&self.settings, found) / sure.max(f32::EPSILON)).min(1.0),
        }));
        self.is_taken.clear();
        self.is_taken.resize(self.detections.len(), false);
    }

    /// How long it may go unseen.
    fn patience(&self, tracklet: &Tracklet) -> Duration {
        let few_frames = |frames: f32| Duration::from_secs_f32((frames * self.interval).clamp(0.0, 60.0));
        match tracklet.stage {
            Stage::Tentative => self.settings.confirm_within.max(few_frames(2.5)),
            Stage::Confirmed(_) if tracklet.was_standing(&self.tuning) => self.settings.lost_after_standing,
            Stage::Confirmed(_) => self.settings.lost_after.max(few_frames(2.5)),
        }
    }

    fn end_lost(&mut self, at: MediaTime) {
        let mut tracklets = std::mem::take(&mut self.tracklets);
        tracklets.retain(|tracklet| tracklet.unseen(at) <= self.patience(tracklet));
        self.tracklets = tracklets;
    }

    /// BYTE's cascade: sure boxes to what was seen lately, faint boxes to what is left of it, then sure boxes to what was lost longer,
    /// and last to what is not confirmed yet.
    fn associate(&mut self, at: MediaTime) {
        let just = Duration::from_secs_f32(self.tuning.fresh_secs.max(1.5 * self.interval));
        let awaited = Duration::from_secs_f32(self.tuning.awaited_secs.max(1.5 * self.interval));
        let lately = Duration::from_secs_f32(self.tuning.low_within_secs.max(1.5 * self.interval));
        let near = Gate { buffer: self.tuning.buffer, overlap: self.tuning.gate };
        let faint = Gate { buffer: self.tuning.buffer_low, overlap: self.tuning.gate_low };
        let lost = Gate { overlap: self.tuning.gate_lost, ..near };
        let tentative = Gate { overlap: self.tuning.gate_tentative, ..near };
        let tentative_vehicle = Gate { overlap: self.tuning.gate_tentative_vehicle, ..near };
        let high = self.settings.high_score;
        let low = high * self.tuning.low_score;
        let is_sure = |score: f32| score >= high;

        let is_fresh = |track: &Tracklet, unseen| track.is_confirmed() && unseen <= just;
        let is_awaited = |track: &Tracklet, unseen| track.is_confirmed() && unseen <= awaited;
        self.choose(at, is_fresh, is_sure);
        let mut moved = Point::new(0.0, 0.0);
        if let Some(shift) = self.look_for_jerk() {
            self.shift(shift);
            moved = shift;
        }
        self.choose(at, is_awaited, is_sure);
        self.propose(at, near);
        if let Some(shift) = self.look_for_drift(at, just) {
            self.shift(shift);
            self.propose(at, near);
            moved = Point::new(moved.x + shift.x, moved.y + shift.y);
        }
        self.camera.moved(moved, self.step_secs);
        self.accept(at);
        self.choose(at, |track, unseen| track.is_confirmed() && unseen <= lately, |score| score < high && score >= low);
        self.propose(at, faint);
        self.accept(at);
        self.choose(at, |track, _| track.is_confirmed(), is_sure);
        self.propose(at, lost);
        self.accept(at);
        for (is_vehicle, gate) in [(false, tentative), (true, tentative_vehicle)] {
            self.choose(at, |track, _| !track.is_confirmed() && track.class().is_vehicle() == is_vehicle, is_sure);
            self.propose(at, gate);
            self.accept(at);
        }
    }

    fn look_for_jerk(&mut self) -> Option<Point<Pixel>> {
        let camera = &mut self.camera;
        camera.expected.clear();
        camera.expected.extend(self.rows.iter().map(|&track| self.tracklets[track].filter.rect()));
        camera.found.clear();
        camera.found.extend(self.columns.iter().map(|&detection| self.offers[detection].rect));
        camera.jerk(self.step_secs, &self.tuning)
    }

    /// From what was seen `just` before: what was away surprises by itself.
    fn look_for_drift(&mut self, at: MediaTime, just: Duration) -> Option<Point<Pixel>> {
        let camera = &mut self.camera;
        camera.expected.clear();
        camera.found.clear();
        for &(track, detection) in self.pairs.iter().filter(|&&(track, _)| self.tracklets[track].unseen(at) <= just) {
            camera.expected.push(self.tracklets[track].filter.rect());
            camera.found.push(self.offers[detection].rect);
        }
        camera.drift(&self.tuning)
    }

    fn shift(&mut self, by: Point<Pixel>) {
        for tracklet in &mut self.tracklets {
            tracklet.filter.shift(by.x, by.y);
        }
    }

    /// Who takes part in the next association: the wanted of the tracks without support, the wanted of the free detections.
    fn choose(&mut self, at: MediaTime, wants_track: impl Fn(&Tracklet, Duration) -> bool, wants_score: impl Fn(f32) -> bool) {
        self.rows.clear();
        self.columns.clear();
        let open = self.tracklets.iter().enumerate().filter(|(_, track)| !track.is_observed && wants_track(track, track.unseen(at)));
        self.rows.extend(open.map(|(index, _)| index));
        let free =
            (0..self.offers.len()).filter(|&index| !self.is_taken[index] && wants_score(standing(&self.settings, &self.detections[index])));
        self.columns.extend(free);
    }

    /// Pairs who was chosen at the least cost.
    fn propose(&mut self, at: MediaTime, gate: Gate) {
        self.pairs.clear();
        if self.rows.is_empty() || self.columns.is_empty() {
            return;
        }
        self.assignment.begin(self.columns.len(), self.tuning.limit);
        for &track in &self.rows {
            self.assignment.next_row();
            let expectation = self.expectation(&self.tracklets[track], at, gate);
            for (column, &detection) in self.columns.iter().enumerate() {
                if let Some(cost) = expectation.cost(&self.offers[detection], &self.tuning) {
                    self.assignment.allow(column, cost);
                }
            }
        }
        let solved = self.assignment.solve().iter().enumerate();
        self.pairs.extend(solved.filter_map(|(row, column)| Some((self.rows[row], self.columns[(*column)?]))));
    }

    fn expectation(&self, tracklet: &Tracklet, at: MediaTime, gate: Gate) -> Expectation {
        if tracklet.was_standing(&self.tuning) && tracklet.unseen(at) > self.settings.lost_after {
            Expectation::standing(tracklet, &self.tuning)
        } else {
            Expectation::moving(tracklet, at, gate, &self.tuning)
        }
    }

    fn accept(&mut self, at: MediaTime) {
        let next_frame = Duration::from_secs_f32(1.5 * self.interval);
        for &(track, detection) in &self.pairs {
            let (found, trust) = (self.detections[detection], self.offers[detection].trust);
            let tracklet = &mut self.tracklets[track];
            if tracklet.unseen(at) <= next_frame {
                self.jitter.observe(tracklet.last.rect, found.rect, &self.tuning);
            }
            tracklet.observe(at, found, trust, &self.tuning);
            self.is_taken[detection] = true;
        }
        self.tuning.measured = self.jitter.measured(&self.tuning);
    }

    /// What is sure, free and no double of something seen begins a track.
    fn begin_new(&mut self, at: MediaTime) {
        let least = self.settings.new_score;
        for index in 0..self.detections.len() {
            let detection = self.detections[index];
            if self.is_taken[index] || standing(&self.settings, &detection) < least {
                continue;
            }
            let is_double = |tracklet: &Tracklet| {
                tracklet.is_observed
                    && could_be(tracklet.class(), detection.class)
                    && tracklet.last.rect.iou(detection.rect) > self.tuning.duplicate
            };
            if !self.tracklets.iter().any(is_double) {
                self.tracklets.push(Tracklet::new(at, detection, &self.tuning));
            }
        }
    }

    /// What is out of sight ends when something that came later is where it should be: it left unseen.
    fn end_replaced(&mut self) {
        for index in (0..self.tracklets.len()).rev() {
            let old = &self.tracklets[index];
            if old.is_observed || !old.is_confirmed() {
                continue;
            }
            let rect = old.rect(&self.tuning);
            let takes_its_place = |other: &Tracklet| {
                other.is_observed
                    && other.hits >= HITS_TO_REPLACE
                    && other.first.at > old.last.at
                    && could_be(old.class(), other.class())
                    && other.last.rect.iou(rect) > self.tuning.replaced
            };
            if self.tracklets.iter().any(takes_its_place) {
                self.tracklets.remove(index);
            }
        }
    }

    /// A second detection confirms (that it came in time, `end_lost` has seen to).
    fn confirm(&mut self) {
        for tracklet in &mut self.tracklets {
            if tracklet.stage == Stage::Tentative && tracklet.hits >= 2 {
                tracklet.stage = Stage::Confirmed(TrackId(self.next_id));
                self.next_id += 1;
            }
        }
    }
}

impl Tracklet {
    fn is_confirmed(&self) -> bool {
        matches!(self.stage, Stage::Confirmed(_))
    }
}

/// Any fixed order would do, as long as it is not the caller's.
fn surest_first(a: &Detection, b: &Detection) -> Ordering {
    let sides = |found: &Detection| [found.rect.left, found.rect.top, found.rect.width, found.rect.height];
    let by_place = || sides(a).iter().zip(&sides(b)).map(|(x, y)| x.total_cmp(y)).find(|order| order.is_ne());
    let by_score = b.score.get().total_cmp(&a.score.get());
    by_score.then_with(|| by_place().unwrap_or(Ordering::Equal)).then_with(|| a.class.cmp(&b.class))
}

/// The score to compare with thresholds, which are a vehicle's.
fn standing(settings: &TrackSettings, found: &Detection) -> f32 {
    let factor = if found.class == Class::Person { settings.person_factor } else { 1.0 };
    found.score.get() / factor
}

/// Boxes that are no boxes are left out: models give infinities on broken input, and one NaN would spoil every later frame.
fn is_usable(detection: &Detection) -> bool {
    let rect = detection.rect;
    let sides = [rect.left, rect.top, rect.width, rect.height];
    sides.iter().all(|side| side.is_finite() && side.abs() < 1e6) && rect.width > 0.0 && rect.height > 0.0
}
