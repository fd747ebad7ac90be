//! An event on the wire: CloudEvents 1.0, structured JSON. Written by [`super::Wire`], read by [`super::reader`].
//!
//! Unknown fields are refused by the schemas (they describe this version exactly) and ignored by readers (later 1.x versions add some).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::{Category, EndReason, Kind, Measurement, Phase, Severity, ZoneKind};
use super::utc::Utc;
use super::vocabulary::{Mapping, Verification};
use super::word::Word;

/// One message of an event's life (CloudEvents 1.0.2, JSON format 1.0.2).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CloudEvent {
    /// Version of the CloudEvents specification.
    #[schemars(extend("const" = "1.0"))]
    pub specversion: String,
    /// `{eventId}.{revision}`, the revision with four digits. Together with `source` it recognises a repeated delivery.
    #[schemars(regex(pattern = r"^[0-9a-f-]{36}\.[0-9]{4,}$"))]
    pub id: String,
    /// Which camera, `/city/operator/site/device/camera`.
    #[schemars(extend("format" = "uri-reference"), regex(pattern = r"^(/[a-z0-9-]{1,32}){5}$"))]
    pub source: String,
    /// `id.its.{category}.{phase}.v1`.
    #[serde(rename = "type")]
    #[schemars(regex(pattern = r"^id\.its\.(congestion|crowd|accident|incident)\.(new|update|end)\.v1$"))]
    pub kind: String,
    /// The event's id, the same over its whole life.
    #[schemars(extend("format" = "uuid"))]
    pub subject: String,
    /// When this message's news came true.
    pub time: Utc,
    /// When the message was written to the box's disk; never before `time`.
    pub recordedtime: Utc,
    /// What `data` is.
    #[schemars(extend("const" = "application/json"))]
    pub datacontenttype: String,
    /// Where the schema of `data` is.
    #[schemars(extend("format" = "uri"))]
    pub dataschema: String,
    /// Counts the messages of a source, zero-padded so that it sorts as text: gaps can be seen.
    #[schemars(regex(pattern = r"^[0-9]{10,}$"))]
    pub sequence: String,
    /// The event's id again: what belongs together.
    #[schemars(extend("format" = "uuid"))]
    pub correlationid: String,
    /// `INFO`, `WARN`, `ERROR` or `FATAL`.
    #[schemars(regex(pattern = r"^(INFO|WARN|ERROR|FATAL)$"))]
    pub severitytext: String,
    /// Severity number of OpenTelemetry's log model: 9, 10, 13, 17 or 21.
    #[schemars(range(min = 1, max = 24))]
    pub severitynumber: u8,
    /// Who may see it.
    #[schemars(extend("const" = "internal"))]
    pub dataclassification: String,
    /// Which law protects it: Indonesia's personal data protection law.
    #[schemars(extend("const" = "UU-PDP-27-2022"))]
    pub dataregulation: String,
    /// The event itself.
    pub data: EventData,
}

/// What happened. Complete in itself: a reader that sees only one message of an event knows all there is to know at that moment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct EventData {
    /// Name and version of this vocabulary. Within 1.x fields are only added.
    #[schemars(extend("const" = "its-event/1.0"))]
    pub schema: String,
    /// Identity of the event over its whole life: a name-based UUID, so that a replay of the same film gives the same one.
    #[schemars(extend("format" = "uuid"))]
    pub event_id: String,
    /// The family of events.
    pub category: Category,
    /// What exactly; it can change during an event's life (a queue becomes stationary).
    pub kind: Word<Kind>,
    /// Where in its life the event is.
    pub phase: Phase,
    /// Counts the messages of this event, from 1.
    #[schemars(range(min = 1))]
    pub revision: u32,
    /// Estimated beginning.
    pub start_time: Utc,
    /// When the rule became sure.
    pub detect_time: Utc,
    /// When this message was made.
    pub update_time: Utc,
    /// When it ended; `null` while it lasts.
    pub end_time: Option<Utc>,
    /// Seconds from the beginning to the end, or to this message while it lasts.
    #[serde(rename = "durationS")]
    #[schemars(range(min = 0.0))]
    pub duration_s: f64,
    /// Why it ended; only in the last message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_reason: Option<Word<EndReason>>,
    /// How urgent it is.
    pub severity: Severity,
    /// How sure the rule is, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
    /// Whether a person has looked at it.
    pub verification: Word<Verification>,
    /// Where it is.
    #[serde(rename = "where")]
    pub place: Place,
    /// The figures behind it.
    pub measurement: Measurement,
    /// Road users that take part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub involved: Vec<InvolvedUser>,
    /// What speaks for it, strongest first: every cue with what was measured and what it was held against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<ReasonWords>,
    /// The rule in words.
    pub rule: RuleWords,
    /// The same in the words of other standards.
    pub mapping: Mapping,
    /// One sentence to read out.
    pub text: Sentences,
}

/// Where an event is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Place {
    /// Intersection.
    pub site_id: String,
    /// Intersection as locals say it.
    pub site_name: String,
    /// Which box saw it.
    pub device_id: String,
    /// Which camera saw it.
    pub camera_id: String,
    /// The camera's name as locals say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera_name: Option<String>,
    /// Which part of the picture.
    pub zone_id: String,
    /// That part's name as locals say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone_name: Option<String>,
    /// What that part is for.
    pub zone_type: Word<ZoneKind>,
    /// Compass bearing of the camera's view in degrees; `null` when not configured.
    pub bearing_deg: Option<f64>,
    /// Lane from the kerb, from 1; `null` when lanes are not told apart.
    pub lane: Option<u32>,
    /// The site on the map; `null` when not configured.
    pub geo: Option<GeoPoint>,
}

/// A point on the map (GeoJSON, RFC 7946, 3.1.2).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GeoPoint {
    /// What it is.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "Point"))]
    pub kind: String,
    /// Longitude and latitude in degrees, in this order.
    pub coordinates: (f64, f64),
}

impl GeoPoint {
    /// From longitude and latitude in degrees.
    pub fn new(position: (f64, f64)) -> Self {
        Self { kind: "Point".to_owned(), coordinates: position }
    }
}

/// A road user that takes part in an event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct InvolvedUser {
    /// Number of the track on this camera since its start; means nothing elsewhere and identifies nobody.
    pub track_id: u32,
    /// person, bicycle, car, motorcycle, bus or truck.
    pub class: String,
}

/// One cue as it was when the message was made. Several together make a decision.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ReasonWords {
    /// suddenStop, contact, headingJump, riderDown, personBeside, postImpactStop, gathering or flowBlocked; later versions add some.
    pub cue: String,
    /// What was measured.
    pub value: f64,
    /// Unit of value and threshold: `L` is a local car length (about 4.5 m), `1` a ratio.
    pub unit: String,
    /// From where on the cue begins to count; for a ratio and a distance, below which.
    pub threshold: f64,
    /// How much the cue can add to the score at most.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub weight: f64,
}

/// The rule in words, so that an operator sees what was decided.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RuleWords {
    /// Rule and version.
    pub id: String,
    /// Condition to begin.
    pub enter: String,
    /// Condition to end.
    pub exit: String,
}

/// One sentence, short enough to be read out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Sentences {
    /// Bahasa Indonesia.
    pub id: String,
    /// English.
    pub en: String,
}
