//! An event about several road users of one zone, who come and go while it is open.

use std::time::Duration;

use crate::base::time::{MediaTime, Stamp};
use crate::event::{EndReason, Event, EventScope, Finding, OpenEvent, Opening, RuleText, ZoneRef};
use crate::rules::{Findings, LeftOpen};
use crate::track::TrackId;

/// Who an event begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct First {
    /// When it was first seen doing what the event is about.
    pub(super) onset: Stamp,
    /// Its number.
    pub(super) track: TrackId,
}

/// At most one open event; the rule decides when it is told of.
#[derive(Debug)]
pub(super) struct Case {
    scope: EventScope,
    zone: ZoneRef,
    rule: RuleText,
    open: Option<(OpenEvent, MediaTime)>,
    /// Left open by an earlier run of the program, until the first frame.
    left: Option<LeftOpen>,
}

impl Case {
    pub(super) fn new(scope: EventScope, zone: ZoneRef, rule: RuleText) -> Self {
        Self { scope, zone, rule, open: None, left: None }
    }

    /// Goes on with an event that an earlier run left open, when it is about this zone by this rule.
    pub(super) fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        let event = &left.event;
        let is_ours = event.camera == self.scope.camera && event.zone.id == self.zone.id && event.rule.id == self.rule.id;
        if !is_ours || self.left.is_some() {
            return Some(left);
        }
        self.left = Some(left);
        None
    }

    /// The first frame is here: the event that was left open is open, and its last message says how far it had come.
    pub(super) fn take_up(&mut self, now: MediaTime) -> Option<&Event> {
        let left = self.left.take()?;
        let (event, _) = self.open.insert((OpenEvent::resume(left.event), now));
        Some(event.last())
    }

    /// The latest message of the open event.
    pub(super) fn last(&self) -> Option<&Event> {
        self.open.as_ref().map(|(event, _)| event.last())
    }

    /// Time since the open event was last told of.
    pub(super) fn told_ago(&self, now: MediaTime) -> Option<Duration> {
        self.open.as_ref().map(|(_, told)| now.since(*told))
    }

    /// Begins the event with its `first` road user.
    pub(super) fn begin(&mut self, now: Stamp, first: First, finding: Finding, out: &mut Findings) {
        let (subject, onset) = (format!("{}/{}", self.zone.id, first.track.0), first.onset);
        let (zone, rule) = (self.zone.clone(), self.rule.clone());
        let (event, message) = OpenEvent::begin(Opening { scope: &self.scope, zone, rule, subject: &subject, onset, now }, finding);
        out.events.push(message);
        self.open = Some((event, now.media));
    }

    /// Says what is so now, when an event is open.
    pub(super) fn update(&mut self, now: Stamp, finding: Finding, out: &mut Findings) {
        if let Some((event, told)) = &mut self.open {
            out.events.push(event.update(now.wall, finding));
            *told = now.media;
        }
    }

    /// Ends the event when one is open.
    pub(super) fn end(&mut self, now: Stamp, ended: Stamp, reason: EndReason, out: &mut Findings) {
        out.events.extend(self.left.take().map(|left| left.end(now.wall)));
        out.events.extend(self.open.take().map(|(event, _)| event.end(now.wall, ended.wall, reason)));
    }
}
