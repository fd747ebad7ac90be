//! Vehicles that went the wrong way, gathered into one event.

use std::collections::VecDeque;
use std::time::Duration;

use super::against::Run;
use super::case::{Case, First};
use super::spot::recalled;
use crate::base::time::Stamp;
use crate::event::{EndReason, Finding, Involved, Kind, Measurement, Severity};
use crate::rules::episode::two_decimals;
use crate::rules::{Findings, LeftOpen};
use crate::scene::SceneTrack;

/// Who they are: that decides how urgent it is, and when the event about them is over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    /// Cars, buses and lorries: high, over when none was seen for ten seconds, because the last has gone or turned.
    Vehicles,
    /// Riders of two-wheelers: low, over this long after it began, however many come.
    Riders(Duration),
}

/// A wrong-way car that is not seen for this long has gone or turned.
pub(super) const GONE: Duration = Duration::from_secs(10);

/// One that was caught.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caught<'a> {
    pub(super) track: &'a SceneTrack,
    pub(super) run: &'a Run,
    /// How sure that is, 0..=1.
    pub(super) confidence: f32,
}

/// Vehicles of one kind that go against one zone's direction: one open event at a time, updated when more come.
#[derive(Debug)]
pub(super) struct Offenders {
    case: Case,
    who: Who,
    update_every: Duration,
    /// What every message says about how the direction is known.
    method: &'static str,
    total: u32,
    /// How many of them the last message told of.
    told: u32,
    involved: VecDeque<Involved>,
    since: Option<Stamp>,
    /// When one was last seen: on both clocks, and in watched seconds.
    last: Option<(Stamp, f64)>,
    confidence: f32,
    distance_l: f32,
    speed_l_s: Option<f32>,
}

/// Road users that a message names; the number of all stands beside them.
const NAMED: usize = 8;

impl Offenders {
    pub(super) fn new(case: Case, who: Who, update_every: Duration, method: &'static str) -> Self {
        Self {
            case,
            who,
            update_every,
            method,
            total: 0,
            told: 0,
            involved: VecDeque::with_capacity(NAMED),
            since: None,
            last: None,
            confidence: 0.0,
            distance_l: 0.0,
            speed_l_s: None,
        }
    }

    /// Goes on with an event of an earlier run about road users of this kind.
    pub(super) fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        let are_riders = left.event.involved.iter().all(|one| one.class.is_two_wheeler());
        if are_riders == matches!(self.who, Who::Riders(_)) { self.case.resume(left) } else { Some(left) }
    }

    /// The first frame is here: what an earlier run left open is over when nobody more comes, as ever.
    pub(super) fn take_up(&mut self, now: Stamp, watched_secs: f64) {
        let Some(event) = self.case.take_up(now.media) else { return };
        self.total = event.measurement.users_total.unwrap_or(0);
        (self.told, self.confidence) = (self.total, event.confidence);
        self.distance_l = event.measurement.distance_l.unwrap_or(0.0) as f32;
        self.speed_l_s = event.measurement.speed_l_s.map(|speed| speed as f32);
        self.involved.extend(event.involved.iter().take(NAMED));
        self.since = Some(recalled(event.started, now));
        self.last = Some((now, watched_secs));
    }

    /// One more, caught now.
    pub(super) fn add(&mut self, now: Stamp, caught: Caught<'_>, out: &mut Findings) {
        let Caught { track, run, confidence } = caught;
        self.total = self.total.saturating_add(1);
        if self.involved.len() == NAMED {
            self.involved.pop_front();
        }
        self.involved.push_back(Involved { track: track.track.id.0, class: track.track.class });
        self.confidence = self.confidence.max(confidence);
        self.distance_l = self.distance_l.max(run.distance_l);
        self.speed_l_s = track.speed_l_s.or(self.speed_l_s);
        if self.case.last().is_none() {
            self.since = Some(run.since);
            let finding = self.finding(now);
            self.case.begin(now, First { onset: run.since, track: track.track.id }, finding, out);
            self.told = self.total;
        }
    }

    /// One of them is seen now.
    pub(super) fn is_seen(&mut self, now: Stamp, watched_secs: f64, run: &Run) {
        self.last = Some((now, watched_secs));
        self.distance_l = self.distance_l.max(run.distance_l);
    }

    /// Tells what changed, or that it is over.
    pub(super) fn follow(&mut self, now: Stamp, watched_secs: f64, out: &mut Findings) {
        let Some(told_ago) = self.case.told_ago(now.media) else { return };
        let is_over = match self.who {
            Who::Vehicles => self.last.is_none_or(|(_, last_secs)| watched_secs - last_secs >= GONE.as_secs_f64()),
            Who::Riders(together) => self.since.is_none_or(|since| now.media.since(since.media) >= together),
        };
        if self.total > self.told && (is_over || told_ago >= self.update_every) {
            let finding = self.finding(now);
            self.case.update(now, finding, out);
            self.told = self.total;
        }
        if is_over {
            self.finish(now, EndReason::Cleared, out);
        }
    }

    /// The event ends, if one is open: when nobody comes any more, with the last who was seen; when it is cut off, now.
    pub(super) fn finish(&mut self, now: Stamp, reason: EndReason, out: &mut Findings) {
        let ended = match (reason, self.last) {
            (EndReason::Cleared, Some((last, _))) => last,
            _ => now,
        };
        self.case.end(now, ended, reason, out);
        (self.total, self.told, self.since, self.last) = (0, 0, None, None);
        (self.confidence, self.distance_l, self.speed_l_s) = (0.0, 0.0, None);
        self.involved.clear();
    }

    fn finding(&self, now: Stamp) -> Finding {
        let figure = |value: f32| Some(two_decimals(f64::from(value)));
        let since = self.since.unwrap_or(now);
        let measurement = Measurement {
            window_start: Some(since.wall.to_string()),
            window_end: Some(now.wall.to_string()),
            window_s: Some(two_decimals(now.media.since(since.media).as_secs_f64())),
            speed_l_s: self.speed_l_s.and_then(figure),
            method: Some(self.method.to_owned()),
            distance_l: figure(self.distance_l),
            users_total: Some(self.total),
            ..Measurement::default()
        };
        let severity = match self.who {
            Who::Vehicles => Severity::High,
            Who::Riders(_) => Severity::Low,
        };
        let involved = self.involved.iter().copied().collect();
        Finding { kind: Kind::WrongWay, severity, confidence: self.confidence, measurement, involved, why: Vec::new() }
    }
}
