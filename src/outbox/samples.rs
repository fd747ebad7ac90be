//! Made-up events for the tests of this module.

use super::{Outgoing, Render};
use crate::base::class::Class;
use crate::base::cue::Cue;
use crate::base::id::Slug;
use crate::base::time::WallTime;
use crate::event::{
    Envelope, Event, EventId, EventScope, FlowMeasure, FlowReport, Importance, Involved, Kind, Measurement, Phase, Qos, Reason, RuleText,
    Severity, ZoneKind, ZoneRef,
};

pub(super) fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

/// The `number`th event of `camera`, first message.
pub(super) fn event(camera: &str, number: u32) -> Event {
    let at = WallTime::from_micros(1_700_000_000_000_000 + i64::from(number) * 1_000_000);
    let scope = EventScope { source: "/palembang/atcs/charitas/edge-01".into(), camera: slug(camera), rule: slug("stopped") };
    Event {
        id: EventId::derive(&scope, Kind::StoppedVehicle, &number.to_string(), at),
        revision: 1,
        phase: Phase::New,
        kind: Kind::StoppedVehicle,
        camera: slug(camera),
        zone: ZoneRef { id: slug("exit"), name: "Keluar".into(), kind: ZoneKind::Exit },
        started: at,
        detected: at,
        updated: at,
        ended: None,
        severity: Severity::Medium,
        confidence: 0.5,
        measurement: Measurement { stationary_s: Some(31.5), ..Measurement::default() },
        involved: vec![Involved { track: number, class: Class::Car }],
        why: vec![Reason { cue: Cue::SuddenStop, value: 2.5, threshold: 1.0, weight: 0.35 }],
        rule: RuleText { id: "stopped-vehicle.v1".into(), enter: "dwell > 30 s".into(), exit: "gone".into() },
    }
}

/// A report of one minute.
pub(super) fn report(camera: &str, number: i64) -> FlowReport {
    let from = WallTime::from_micros(number * 60_000_000);
    let to = WallTime::from_micros((number + 1) * 60_000_000);
    FlowReport { camera: slug(camera), place: slug("north"), from, to, measure: FlowMeasure::Line([].into()) }
}

/// Small payloads that say id and sequence.
pub(super) fn render() -> Render {
    Box::new(|outgoing, sequence, _recorded| {
        let envelope = |topic: String, payload: String, importance| Envelope {
            topic,
            payload: payload.into_bytes(),
            retain: false,
            qos: Qos::AtLeastOnce,
            expires_after: None,
            content_type: "application/json".into(),
            importance,
        };
        match outgoing {
            Outgoing::Event(event) => {
                let payload = format!("{{\"id\":\"{}.{}\",\"sequence\":{sequence}}}", event.id, event.revision);
                vec![envelope(format!("t/{}/event", event.camera), payload, Importance::Event)]
            }
            Outgoing::Report(report) => {
                let payload = format!("{{\"from\":\"{}\",\"pad\":\"{}\"}}", report.from, "x".repeat(500));
                vec![envelope(format!("t/{}/flow", report.camera), payload, Importance::Measure)]
            }
        }
    })
}
