//! A condition of a place that begins, lasts and ends: when to tell of it.

use std::time::Duration;

use super::hold::{Hold, Truth};
use super::{Findings, LeftOpen};
use crate::base::id::Slug;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::{Zone, ZoneUse};
use crate::event::{EndReason, EventId, EventScope, Finding, Kind, OpenEvent, Opening, RuleText, Severity, ZoneKind, ZoneRef};

/// When an episode is told of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// How long the condition must hold to begin and to end.
    pub(crate) hold: Duration,
    /// How often it is said that it lasts.
    pub(crate) update_every: Duration,
    /// How much earlier than its condition an episode began: a mean over a window notices late.
    pub(crate) lead: Duration,
}

/// What a rule thinks of its place now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judgement {
    /// The condition to begin.
    pub(crate) begins: Truth,
    /// The condition to end.
    pub(crate) ends: Truth,
    /// What an event would be called now.
    pub(crate) grade: (Severity, Kind),
}

/// At most one open event about one place. What gets worse is told at once, what gets better with the next regular update: so a figure at the
/// edge of a class costs one message a period.
#[derive(Debug)]
pub(crate) struct Episode {
    scope: EventScope,
    zone: ZoneRef,
    rule: RuleText,
    timing: Timing,
    /// How long it must be over to end; [`Timing::hold`] unless said otherwise.
    end_hold: Duration,
    first: Option<Stamp>,
    state: State,
}

#[derive(Debug)]
enum State {
    Quiet(Hold),
    /// Left open by an earlier run of the program, and not judged yet; since when frames come.
    Left(Box<LeftOpen>, Option<MediaTime>),
    Open {
        event: Box<OpenEvent>,
        over: Hold,
        told: MediaTime,
    },
}

impl Episode {
    pub(crate) fn new(scope: EventScope, zone: ZoneRef, rule: RuleText, timing: Timing) -> Self {
        Self { scope, zone, rule, timing, end_hold: timing.hold, first: None, state: State::Quiet(Hold::default()) }
    }

    /// From now on: how long the conditions must hold to begin and to end, and how much earlier than its condition an episode began. For rules whose
    /// times follow what they measure, such as the cycle of a signal.
    pub(crate) fn retime(&mut self, begin: Duration, end: Duration, lead: Duration) {
        (self.timing.hold, self.timing.lead, self.end_hold) = (begin, lead, end);
    }

    /// Takes the judgement; asks for the finding, which is made of texts, only when there is something to tell it in.
    pub(crate) fn observe(&mut self, now: Stamp, judgement: Judgement, finding: impl FnOnce() -> Finding, out: &mut Findings) {
        let Judgement { begins, ends, grade } = judgement;
        let first = *self.first.get_or_insert(now);
        let Timing { hold, update_every, lead } = self.timing;
        match &mut self.state {
            State::Quiet(holds) => {
                let Some(since) = holds.reached(now, begins, hold) else { return };
                let onset = earlier(since, lead.min(since.media.since(first.media)));
                let (zone, rule, subject) = (self.zone.clone(), self.rule.clone(), self.zone.id.as_str());
                let (event, message) = OpenEvent::begin(Opening { scope: &self.scope, zone, rule, subject, onset, now }, finding());
                out.events.push(message);
                self.state = State::Open { event: Box::new(event), over: Hold::default(), told: now.media };
            }
            State::Left(left, since) => {
                let waited = now.media.since(*since.get_or_insert(now.media));
                match ends {
                    Truth::Unknown if waited < left.patience => {}
                    Truth::Unknown => self.end(now, now, EndReason::CameraLost, out),
                    Truth::Yes | Truth::No => self.go_on(now, ends, finding, out),
                }
            }
            State::Open { event, over, told } => {
                if let Some(since) = over.reached(now, ends, self.end_hold) {
                    self.end(now, since, EndReason::Cleared, out);
                    return;
                }
                let is_worse = grade > (event.last().severity, event.last().kind);
                let is_known = ends != Truth::Unknown;
                if is_known && (is_worse || now.media.since(*told) >= update_every) {
                    out.events.push(event.update(now.wall, finding()));
                    *told = now.media;
                }
            }
        }
    }

    /// Goes on with an event that an earlier run left open, when it is about this place by this rule.
    pub(crate) fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        let event = &left.event;
        let is_ours = event.id == EventId::derive(&self.scope, event.kind, self.zone.id.as_str(), event.started);
        if !is_ours || !matches!(self.state, State::Quiet(_)) {
            return Some(left);
        }
        self.state = State::Left(Box::new(left), None);
        None
    }

    /// Enough was seen to judge what an earlier run left open: that it lasts is said at once, that it is over needs its time as ever.
    fn go_on(&mut self, now: Stamp, ends: Truth, finding: impl FnOnce() -> Finding, out: &mut Findings) {
        let State::Left(left, _) = std::mem::replace(&mut self.state, State::Quiet(Hold::default())) else { return };
        let mut event = OpenEvent::resume(left.event);
        let mut over = Hold::default();
        over.observe(now, ends);
        if ends == Truth::No {
            out.events.push(event.update(now.wall, finding()));
        }
        self.state = State::Open { event: Box::new(event), over, told: now.media };
    }

    /// The session ends.
    pub(crate) fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        self.end(at, at, reason, out);
        self.first = None;
    }

    fn end(&mut self, now: Stamp, ended: Stamp, reason: EndReason, out: &mut Findings) {
        match std::mem::replace(&mut self.state, State::Quiet(Hold::default())) {
            State::Quiet(_) => {}
            State::Left(left, _) => out.events.push(left.end(now.wall)),
            State::Open { event, .. } => out.events.push(event.end(now.wall, ended.wall, reason)),
        }
    }
}

/// The same instant earlier by `by`, on both clocks.
pub(crate) fn earlier(at: Stamp, by: Duration) -> Stamp {
    Stamp { media: MediaTime::from_micros(at.media.as_micros() - by.as_micros() as i64), wall: at.wall - by }
}

/// As a message shows it: more digits would claim a precision that boxes do not have.
pub(crate) fn two_decimals(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The zone as events name it.
pub(crate) fn zone_ref(id: &Slug, zone: &Zone) -> ZoneRef {
    let kind = match zone.kind {
        ZoneUse::Approach => ZoneKind::Approach,
        ZoneUse::Exit => ZoneKind::Exit,
        ZoneUse::Box => ZoneKind::Box,
        ZoneUse::Sidewalk => ZoneKind::Sidewalk,
        ZoneUse::Crossing => ZoneKind::Crossing,
        ZoneUse::Plaza => ZoneKind::Plaza,
        ZoneUse::Waiting => ZoneKind::Waiting,
        ZoneUse::Area => ZoneKind::Area,
    };
    ZoneRef { id: id.clone(), name: zone.name.clone(), kind }
}
