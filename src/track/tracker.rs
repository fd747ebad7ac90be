//! The tracker: BYTE's cascade of associations on a Kalman filter, with times in seconds.

use std::time::Duration;

use super::affinity;
use super::assign::Assignment;
use super::rider;
use super::tracklet::{Stage, Tracklet};
use super::tuning::Tuning;
use super::types::{Track, TrackId};
use crate::base::time::MediaTime;
use crate::config::settings::TrackSettings;
use crate::detect::Detection;

/// Follows things from frame to frame.
#[derive(Debug)]
pub struct Tracker {
    settings: TrackSettings,
    tuning: Tuning,
    tracklets: Vec<Tracklet>,
    next_id: u32,
    last_frame: Option<MediaTime>,
    /// Usual time between frames, in seconds, smoothed.
    interval: f32,
    detections: Vec<Detection>,
    is_taken: Vec<bool>,
    rows: Vec<usize>,
    columns: Vec<usize>,
    pairs: Vec<(usize, usize)>,
    assignment: Assignment,
    tracks: Vec<Track>,
}

impl Tracker {
    /// A tracker that has seen nothing.
    pub fn new(settings: &TrackSettings) -> Self {
        Self {
            settings: settings.clone(),
            tuning: Tuning::default(),
            tracklets: Vec::new(),
            next_id: 1,
            last_frame: None,
            interval: 0.0,
            detections: Vec::new(),
            is_taken: Vec::new(),
            rows: Vec::new(),
            columns: Vec::new(),
            pairs: Vec::new(),
            assignment: Assignment::default(),
            tracks: Vec::new(),
        }
    }

    /// Forgets everything followed: a new session has begun. Ids go on, so none is ever used twice.
    pub fn reset(&mut self) {
        self.tracklets.clear();
        self.tracks.clear();
        self.last_frame = None;
    }

    /// Takes in the detections of the frame at `at`; gives the confirmed tracks now, ordered by id.
    pub fn update(&mut self, at: MediaTime, detections: &[Detection]) -> &[Track] {
        if self.last_frame.is_some_and(|last| at < last) {
            self.reset();
        }
        self.predict(at);
        self.sort_in(detections);
        self.end_lost(at);
        self.associate(at);
        self.begin_new(at);
        self.end_duplicates();
        self.confirm(at);
        rider::mark(&mut self.tracklets, at);
        self.tracks.clear();
        self.tracks.extend(self.tracklets.iter().filter_map(|tracklet| tracklet.to_track(&self.tuning)));
        self.tracks.sort_unstable_by_key(|track| track.id);
        &self.tracks
    }

    fn predict(&mut self, at: MediaTime) {
        let Some(last) = self.last_frame.replace(at) else { return };
        let secs = at.since(last).as_secs_f32();
        self.interval = if self.interval > 0.0 { 0.8 * self.interval + 0.2 * secs } else { secs };
        for tracklet in &mut self.tracklets {
            tracklet.predict(secs, at, &self.tuning);
        }
    }

    fn sort_in(&mut self, detections: &[Detection]) {
        self.detections.clear();
        self.detections.extend(detections.iter().filter(|detection| is_usable(detection)));
        self.detections.sort_unstable_by(|a, b| {
            let key = |d: &Detection| [-d.score.get(), d.rect.left, d.rect.top, d.rect.width, d.rect.height];
            let (p, q) = (key(a), key(b));
            let mut order = a.class.cmp(&b.class);
            for (x, y) in p.iter().zip(&q).rev() {
                order = x.total_cmp(y).then(order);
            }
            order
        });
        self.is_taken.clear();
        self.is_taken.resize(self.detections.len(), false);
    }

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

    fn associate(&mut self, at: MediaTime) {
        let t = self.tuning.clone();
        let high = self.settings.high_score;
        let fresh = Duration::from_secs_f32(t.fresh_secs.max(1.5 * self.interval));
        let low_within = Duration::from_secs_f32(t.low_within_secs.max(1.5 * self.interval));
        let seen_lately = |tracklet: &Tracklet, unseen| tracklet.is_confirmed() && unseen <= fresh;
        let is_high = |d: &Detection| d.score.get() >= high;
        if self.propose(at, t.buffer, t.gate, seen_lately, is_high) && t.cmc > 0.0 && self.follow_camera() {
            self.propose(at, t.buffer, t.gate, seen_lately, is_high);
        }
        self.accept(at);
        self.propose(
            at,
            t.buffer_low,
            t.gate_low,
            |tracklet, unseen| tracklet.is_confirmed() && unseen <= low_within,
            |d| d.score.get() < high && d.score.get() >= t.low_score,
        );
        self.accept(at);
        self.propose(at, t.buffer, t.gate_lost, |tracklet, _| tracklet.is_confirmed(), is_high);
        self.accept(at);
        self.propose(at, t.buffer, t.gate_tentative, |tracklet, _| !tracklet.is_confirmed(), is_high);
        self.accept(at);
    }

    /// When everything moved alike and unexpectedly, the camera did: moves all beliefs along. Whether it was so.
    fn follow_camera(&mut self) -> bool {
        if self.pairs.len() < 4 {
            return false;
        }
        let mut dx = Vec::new();
        let mut dy = Vec::new();
        let mut sizes = Vec::new();
        for &(track, detection) in &self.pairs {
            let (a, b) = (self.tracklets[track].filter.rect().center(), self.detections[detection].rect.center());
            dx.push(b.x - a.x);
            dy.push(b.y - a.y);
            sizes.push(super::kalman::size_of(self.detections[detection].rect));
        }
        let (mx, my, size) = (median(&mut dx), median(&mut dy), median(&mut sizes));
        let mut off: Vec<f32> = dx.iter().zip(&dy).map(|(_x, _y)| 0.0).collect();
        off.clear();
        for &(track, detection) in &self.pairs {
            let (a, b) = (self.tracklets[track].filter.rect().center(), self.detections[detection].rect.center());
            off.push((b.x - a.x - mx).hypot(b.y - a.y - my));
        }
        let spread = median(&mut off);
        let moved = mx.hypot(my);
        if moved < self.tuning.cmc * size || spread > self.tuning.cmc_spread * moved {
            return false;
        }
        for tracklet in &mut self.tracklets {
            tracklet.filter.shift(mx, my);
        }
        true
    }

    /// One association: the wanted of the unsupported tracks against the wanted of the free detections. Whether there is any pair.
    fn propose(
        &mut self,
        at: MediaTime,
        buffer: f32,
        gate: f32,
        wants_track: impl Fn(&Tracklet, Duration) -> bool,
        wants_detection: impl Fn(&Detection) -> bool,
    ) -> bool {
        self.rows.clear();
        self.columns.clear();
        self.pairs.clear();
        let open = self.tracklets.iter().enumerate();
        self.rows.extend(open.filter(|(_, track)| !track.is_observed && wants_track(track, track.unseen(at))).map(|(index, _)| index));
        let free = self.detections.iter().enumerate();
        self.columns.extend(free.filter(|&(index, found)| !self.is_taken[index] && wants_detection(found)).map(|(index, _)| index));
        if self.rows.is_empty() || self.columns.is_empty() {
            return false;
        }
        self.assignment.begin(self.rows.len(), self.columns.len(), self.tuning.limit);
        for (row, &track) in self.rows.iter().enumerate() {
            let tracklet = &self.tracklets[track];
            let standing = tracklet.was_standing(&self.tuning) && tracklet.unseen(at) > self.settings.lost_after;
            let (predicted, buffer, gate) = if standing {
                (tracklet.last.rect, 0.0, self.tuning.gate_standing)
            } else {
                (tracklet.filter.rect(), affinity::buffer(tracklet, buffer, &self.tuning), gate)
            };
            for (column, &detection) in self.columns.iter().enumerate() {
                let found = &self.detections[detection];
                if let Some(cost) = affinity::cost(tracklet, predicted, buffer, found, gate, &self.tuning) {
                    self.assignment.allow(row, column, cost);
                }
            }
        }
        let solved = self.assignment.solve().iter().enumerate();
        self.pairs.extend(solved.filter_map(|(row, column)| Some((self.rows[row], self.columns[(*column)?]))));
        !self.pairs.is_empty()
    }

    fn accept(&mut self, at: MediaTime) {
        for &(track, detection) in &self.pairs {
            self.tracklets[track].observe(at, self.detections[detection], &self.tuning);
            self.is_taken[detection] = true;
        }
    }

    fn begin_new(&mut self, at: MediaTime) {
        for index in 0..self.detections.len() {
            let detection = self.detections[index];
            if self.is_taken[index] || detection.score.get() < self.settings.new_score {
                continue;
            }
            let doubles = self.tracklets.iter().any(|tracklet| {
                tracklet.is_observed
                    && (tracklet.last.rect.iou(detection.rect) > self.tuning.duplicate
                        || detection.rect.share_inside(tracklet.last.rect) > self.tuning.nested)
            });
            if !doubles {
                self.tracklets.push(Tracklet::new(at, detection, &self.tuning));
            }
        }
    }

    fn end_duplicates(&mut self) {
        for index in (0..self.tracklets.len()).rev() {
            let old = self.tracklets[index];
            if old.is_observed || !old.is_confirmed() {
                continue;
            }
            let replaced = self.tracklets.iter().any(|other| {
                other.is_observed
                    && other.hits > 3
                    && other.first.at > old.last.at
                    && other.last.rect.iou(old.rect(&self.tuning)) > self.tuning.replaced
            });
            if replaced {
                self.tracklets.remove(index);
            }
        }
    }

    fn confirm(&mut self, at: MediaTime) {
        for tracklet in &mut self.tracklets {
            if tracklet.stage == Stage::Tentative
                && (tracklet.hits >= 2 && at.since(tracklet.first.at).as_secs_f32() >= self.tuning.confirm)
            {
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

/// Boxes that are no boxes are left out: models give infinities on broken input, and one NaN would spoil every later frame.
fn is_usable(detection: &Detection) -> bool {
    let rect = detection.rect;
    let sides = [rect.left, rect.top, rect.width, rect.height];
    sides.iter().all(|side| side.is_finite() && side.abs() < 1e6) && rect.width > 0.0 && rect.height > 0.0
}

fn median(values: &mut [f32]) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    values[values.len() / 2]
}
