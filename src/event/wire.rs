//! From what the rules found to what goes over MQTT. The only place that builds a topic or an [`Envelope`].

use serde::Serialize;

use super::channel::{Channel, ChannelSpec};
use super::cloud_event::{CloudEvent, EventData, GeoPoint, InvolvedUser, Place, ReasonWords, RuleWords};
use super::envelope::Envelope;
use super::identity::Identity;
use super::reason::Reason;
use super::text::sentences;
use super::types::{Event, Measurement, Phase};
use super::utc::Utc;
use super::vocabulary::{Mapping, Verification};
use crate::base::number::rounded;
use crate::base::time::WallTime;

/// Where the schema of an event's `data` is published.
pub const EVENT_DATA_SCHEMA: &str = "https://schemas.example.go.id/its/event/1.0.json";

/// Writes the messages of one box.
#[derive(Clone, Debug)]
pub struct Wire {
    identity: Identity,
}

impl Wire {
    /// Speaks as `identity`.
    pub fn new(identity: Identity) -> Self {
        Self { identity }
    }

    /// Who speaks.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The messages for one step of an event's life: the event itself, and the retained picture of what is going on
    /// (emptied when the event ends). `sequence` counts the events of this camera, `recorded` is when it reaches the disk.
    pub fn event(&self, event: &Event, sequence: u64, recorded: WallTime) -> Vec<Envelope> {
        let message = self.cloud_event(event, sequence, recorded);
        let payload = to_json(&message);
        let category = event.kind.category().word();
        let picture = match event.phase {
            Phase::New | Phase::Update => payload.clone(),
            Phase::End => Vec::new(),
        };
        vec![
            self.envelope(Channel::Event, &[category], payload),
            self.envelope(Channel::Active, &[category, &event.id.to_string()], picture),
        ]
    }

    /// The event as a CloudEvent (domain vocabulary `its-event/1.0`).
    pub fn cloud_event(&self, event: &Event, sequence: u64, recorded: WallTime) -> CloudEvent {
        let (severitynumber, severitytext) = event.severity.number_and_name();
        let id = event.id.to_string();
        CloudEvent {
            specversion: "1.0".to_owned(),
            id: format!("{id}.{:04}", event.revision),
            source: self.identity.source(&event.camera),
            kind: format!("id.its.{}.{}.v1", event.kind.category().word(), event.phase.word()),
            subject: id.clone(),
            time: event.updated.into(),
            // A camera's clock may run ahead of the box; the specification wants recordedtime not before time.
            recordedtime: recorded.max(event.updated).into(),
            datacontenttype: "application/json".to_owned(),
            dataschema: EVENT_DATA_SCHEMA.to_owned(),
            sequence: format!("{sequence:010}"),
            correlationid: id,
            severitytext: severitytext.to_owned(),
            severitynumber,
            dataclassification: "internal".to_owned(),
            dataregulation: "UU-PDP-27-2022".to_owned(),
            data: self.event_data(event),
        }
    }

    fn event_data(&self, event: &Event) -> EventData {
        let until = event.ended.map_or(event.updated, |(ended, _)| ended);
        EventData {
            schema: "its-event/1.0".to_owned(),
            event_id: event.id.to_string(),
            category: event.kind.category(),
            kind: event.kind.into(),
            phase: event.phase,
            revision: event.revision,
            start_time: event.started.into(),
            detect_time: event.detected.into(),
            update_time: event.updated.into(),
            end_time: event.ended.map(|(ended, _)| Utc(ended)),
            duration_s: rounded(event.started.secs_until(until)).max(0.0),
            end_reason: event.ended.map(|(_, reason)| reason.into()),
            severity: event.severity,
            confidence: (f64::from(event.confidence).clamp(0.0, 1.0) * 100.0).round() / 100.0,
            verification: Verification::Automatic.into(),
            place: self.place(event),
            measurement: readable(&event.measurement),
            involved: event
                .involved
                .iter()
                .map(|user| InvolvedUser { track_id: user.track, class: user.class.name().to_owned() })
                .collect(),
            why: event.why.iter().filter(|reason| reason.value.is_finite()).map(reason_words).collect(),
            rule: RuleWords { id: event.rule.id.clone(), enter: event.rule.enter.clone(), exit: event.rule.exit.clone() },
            mapping: Mapping::of(event.kind),
            text: sentences(&self.identity.site_name, event),
        }
    }

    fn place(&self, event: &Event) -> Place {
        let camera = self.identity.cameras.get(&event.camera);
        Place {
            site_id: self.identity.site.to_string(),
            site_name: self.identity.site_name.clone(),
            device_id: self.identity.device.to_string(),
            camera_id: event.camera.to_string(),
            camera_name: camera.map(|camera| camera.name.clone()),
            zone_id: event.zone.id.to_string(),
            zone_name: Some(event.zone.name.clone()),
            zone_type: event.zone.kind.into(),
            bearing_deg: camera.and_then(|camera| camera.bearing_deg).map(|bearing| rounded(f64::from(bearing))),
            lane: None,
            geo: self.identity.position.map(GeoPoint::new),
        }
    }

    /// A message on `channel`. `levels` are the variable levels after site and device, in the order of the address.
    pub(super) fn envelope(&self, channel: Channel, levels: &[&str], payload: Vec<u8>) -> Envelope {
        let spec = channel.spec();
        Envelope {
            topic: self.topic(&spec, levels),
            payload,
            retain: spec.retain,
            qos: spec.qos,
            expires_after: spec.expires_after,
            content_type: spec.content_type.into(),
            importance: spec.importance,
        }
    }

    fn topic(&self, spec: &ChannelSpec, levels: &[&str]) -> String {
        let mut levels = levels.iter();
        let filled = spec.address.split('/').map(|level| match level {
            "{root}" => self.identity.root.as_str(),
            "{site}" => self.identity.site.as_str(),
            "{device}" => self.identity.device.as_str(),
            variable if variable.starts_with('{') => levels.next().expect("callers give as many levels as the address has"),
            fixed => fixed,
        });
        filled.collect::<Vec<_>>().join("/")
    }
}

/// Our messages hold strings, numbers and maps with string keys: none of what JSON cannot say.
pub(super) fn to_json(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("message types have string keys only")
}

fn reason_words(reason: &Reason) -> ReasonWords {
    let Reason { cue, value, threshold, weight } = *reason;
    ReasonWords {
        cue: cue.name().to_owned(),
        value: rounded(value),
        unit: cue.unit().to_owned(),
        threshold: rounded(threshold),
        weight: rounded(weight),
    }
}

/// Rounded, and without what is not a number: JSON has no word for it, and "not measured" is the truth.
fn readable(measurement: &Measurement) -> Measurement {
    let figure = |value: Option<f64>| value.filter(|value| value.is_finite()).map(rounded);
    Measurement {
        window_start: measurement.window_start.clone(),
        window_end: measurement.window_end.clone(),
        window_s: figure(measurement.window_s),
        coverage: figure(measurement.coverage),
        speed_ratio: figure(measurement.speed_ratio),
        speed_l_s: figure(measurement.speed_l_s),
        stopped_share: figure(measurement.stopped_share),
        vehicles_mean: figure(measurement.vehicles_mean),
        area_occupancy: figure(measurement.area_occupancy),
        people_mean: figure(measurement.people_mean),
        people_max: measurement.people_max,
        method: measurement.method.clone(),
        stationary_s: figure(measurement.stationary_s),
        drift_l: figure(measurement.drift_l),
        vehicles_passed: measurement.vehicles_passed,
        distance_l: figure(measurement.distance_l),
        users_total: measurement.users_total,
        free_flow_l_s: figure(measurement.free_flow_l_s),
        cycle_s: figure(measurement.cycle_s),
        cycle_source: measurement.cycle_source,
        queue_max_l: figure(measurement.queue_max_l),
        queue_residual_l: figure(measurement.queue_residual_l),
        queue_residual_pcu: figure(measurement.queue_residual_pcu),
        flow_veh_h: figure(measurement.flow_veh_h),
        flow_pcu_h: figure(measurement.flow_pcu_h),
        queue_max_m: figure(measurement.queue_max_m),
        queue_residual_m: figure(measurement.queue_residual_m),
        arrivals_veh_h: figure(measurement.arrivals_veh_h),
        usual_arrivals_veh_h: figure(measurement.usual_arrivals_veh_h),
        capacity_veh_h: figure(measurement.capacity_veh_h),
        zone_area_m2: figure(measurement.zone_area_m2),
        density_per_m2: figure(measurement.density_per_m2),
        fruin_los: measurement.fruin_los,
        fruin_table: measurement.fruin_table,
        uncertainty_pct: figure(measurement.uncertainty_pct),
        size_l: figure(measurement.size_l),
        counts: measurement.counts.clone(),
        units: measurement.units,
    }
}
