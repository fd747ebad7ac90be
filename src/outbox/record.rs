//! The last message of an open event as the store keeps it, so that a life cut short by a crash can be ended honestly.
//!
//! Not the wire format: that may change with its consumers, this must be readable by the next version of this program only.

use serde::{Deserialize, Serialize};

use crate::base::class::Class;
use crate::base::cue::Cue;
use crate::base::id::Slug;
use crate::base::time::WallTime;
use crate::event::{Event, EventId, Involved, Kind, Measurement, Phase, Reason, RuleText, Severity, ZoneKind, ZoneRef};

#[derive(Serialize, Deserialize)]
struct Record {
    id: String,
    revision: u32,
    kind: Kind,
    camera: String,
    zone: String,
    zone_name: String,
    zone_kind: ZoneKind,
    started: i64,
    detected: i64,
    updated: i64,
    severity: Severity,
    confidence: f32,
    measurement: Measurement,
    involved: Vec<(u32, String)>,
    /// Missing in what an earlier version of this program wrote.
    #[serde(default)]
    why: Vec<(String, f64, f64, f64)>,
    rule: (String, String, String),
}

/// The event as text for the store.
///
/// # Errors
/// When a figure of the measurement cannot be written (JSON knows no infinity).
pub(super) fn to_text(event: &Event) -> serde_json::Result<String> {
    serde_json::to_string(&Record {
        id: event.id.to_string(),
        revision: event.revision,
        kind: event.kind,
        camera: event.camera.to_string(),
        zone: event.zone.id.to_string(),
        zone_name: event.zone.name.clone(),
        zone_kind: event.zone.kind,
        started: event.started.as_micros(),
        detected: event.detected.as_micros(),
        updated: event.updated.as_micros(),
        severity: event.severity,
        confidence: event.confidence,
        measurement: event.measurement.clone(),
        involved: event.involved.iter().map(|one| (one.track, one.class.name().to_owned())).collect(),
        why: event.why.iter().map(|reason| (reason.cue.name().to_owned(), reason.value, reason.threshold, reason.weight)).collect(),
        rule: (event.rule.id.clone(), event.rule.enter.clone(), event.rule.exit.clone()),
    })
}

/// Reads it back as an event that goes on; `None` when the text is damaged.
pub(super) fn from_text(text: &str) -> Option<Event> {
    let record: Record = serde_json::from_str(text).ok()?;
    let involved = record.involved.iter().map(|(track, class)| Some(Involved { track: *track, class: Class::from_name(class)? }));
    let why = record.why.iter().map(|(cue, value, threshold, weight)| {
        Some(Reason { cue: Cue::from_name(cue)?, value: *value, threshold: *threshold, weight: *weight })
    });
    Some(Event {
        id: EventId::parse(&record.id)?,
        revision: record.revision,
        phase: Phase::Update,
        kind: record.kind,
        camera: Slug::new(&record.camera)?,
        zone: ZoneRef { id: Slug::new(&record.zone)?, name: record.zone_name, kind: record.zone_kind },
        started: WallTime::from_micros(record.started),
        detected: WallTime::from_micros(record.detected),
        updated: WallTime::from_micros(record.updated),
        ended: None,
        severity: record.severity,
        confidence: record.confidence,
        measurement: record.measurement,
        involved: involved.collect::<Option<_>>()?,
        why: why.collect::<Option<_>>()?,
        rule: RuleText { id: record.rule.0, enter: record.rule.1, exit: record.rule.2 },
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::event;
    use super::*;

    #[test]
    fn an_open_event_is_read_back_as_it_was_written() {
        let mut event = event("north", 7);
        event.phase = Phase::Update;
        let text = to_text(&event).expect("finite figures");
        assert_eq!(from_text(&text), Some(event));
        assert_eq!(from_text(&text[..text.len() / 2]), None, "damaged");
    }
}
