//! New → update → end under one id: the only place that numbers revisions.

use super::reason::Reason;
use super::types::{EndReason, Event, EventId, EventScope, Involved, Kind, Measurement, Phase, RuleText, Severity, ZoneRef};
use crate::base::time::{Stamp, WallTime};

/// What an event says at one moment; the rule fills it, the life cycle adds identity and times.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// What kind it is now (a queue can become stationary).
    pub kind: Kind,
    /// How urgent it is now.
    pub severity: Severity,
    /// 0..=1.
    pub confidence: f32,
    /// The figures now.
    pub measurement: Measurement,
    /// Who takes part now.
    pub involved: Vec<Involved>,
    /// What speaks for it now, strongest first; empty when the rule decides by its figures alone.
    pub why: Vec<Reason>,
}

/// What is fixed when an event begins.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// Whose event it is.
    pub scope: &'a EventScope,
    /// Where.
    pub zone: ZoneRef,
    /// By which rule, in words.
    pub rule: RuleText,
    /// What the event is about within the rule, such as a zone or a track: a part of its id.
    pub subject: &'a str,
    /// The estimated start.
    pub onset: Stamp,
    /// When the rule became sure.
    pub now: Stamp,
}

/// An event that has begun and not ended. Invariant: `revision` is the number of messages made so far.
#[derive(Clone, Debug)]
pub struct OpenEvent {
    last: Event,
}

impl OpenEvent {
    /// Begins an event. Returns it with its first message.
    pub fn begin(opening: Opening<'_>, finding: Finding) -> (Self, Event) {
        let Opening { scope, zone, rule, subject, onset, now } = opening;
        let event = Event {
            id: EventId::derive(scope, finding.kind, subject, onset.wall),
            revision: 1,
            phase: Phase::New,
            kind: finding.kind,
            camera: scope.camera.clone(),
            zone,
            started: onset.wall,
            detected: now.wall,
            updated: now.wall,
            ended: None,
            severity: finding.severity,
            confidence: finding.confidence,
            measurement: finding.measurement,
            involved: finding.involved,
            why: finding.why,
            rule,
        };
        (Self { last: event.clone() }, event)
    }

    /// Goes on with an event that an earlier run left open, after its `last` message.
    pub fn resume(last: Event) -> Self {
        Self { last }
    }

    /// The latest message.
    pub fn last(&self) -> &Event {
        &self.last
    }

    /// The next message while it lasts.
    pub fn update(&mut self, now: WallTime, finding: Finding) -> Event {
        self.last.revision += 1;
        self.last.phase = Phase::Update;
        self.last.updated = now;
        self.last.kind = finding.kind;
        self.last.severity = finding.severity;
        self.last.confidence = finding.confidence;
        self.last.measurement = finding.measurement;
        self.last.involved = finding.involved;
        self.last.why = finding.why;
        self.last.clone()
    }

    /// The last message. Severity falls to informational: there is nothing left to act on.
    pub fn end(mut self, now: WallTime, ended: WallTime, reason: EndReason) -> Event {
        self.last.revision += 1;
        self.last.phase = Phase::End;
        self.last.updated = now;
        self.last.ended = Some((ended, reason));
        self.last.severity = Severity::Informational;
        self.last
    }
}
