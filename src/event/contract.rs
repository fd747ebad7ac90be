//! The documents that other programs build on: one JSON Schema for each message, made from the types that write it.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::applied::ConfigMessage;
use super::approach::ApproachObserved;
use super::cloud_event::{CloudEvent, EventData};
use super::flow::{CrowdFlowObserved, FlowMessage};
use super::health::HealthMessage;
use super::movements::MovementsObserved;
use super::status::{CameraStateMessage, StatusMessage};
use super::wire::EVENT_DATA_SCHEMA;

/// A message, or a part of one, that has a schema of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Document {
    /// An event: CloudEvents envelope and data.
    Event,
    /// The data of an event, which `dataschema` points to.
    EventData,
    /// Flow over a line.
    Flow,
    /// People in a zone.
    Crowd,
    /// Birth, last will, graceful stop.
    Status,
    /// State of a camera.
    CameraState,
    /// Health of the box.
    Health,
    /// Applied configuration.
    Config,
    /// Turning movements.
    Movements,
    /// Measures of an approach.
    Approach,
}

impl Document {
    /// Every document, in the order of the reference.
    pub const ALL: [Self; 10] = [
        Self::Event,
        Self::EventData,
        Self::Flow,
        Self::Movements,
        Self::Approach,
        Self::Crowd,
        Self::Status,
        Self::CameraState,
        Self::Health,
        Self::Config,
    ];

    /// File name without extension, and key in the AsyncAPI file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::EventData => "event-data",
            Self::Flow => "flow",
            Self::Crowd => "crowd",
            Self::Status => "status",
            Self::CameraState => "camera-state",
            Self::Health => "health",
            Self::Config => "config",
            Self::Movements => "movements",
            Self::Approach => "approach",
        }
    }

    /// The schema's identifier.
    pub fn id(self) -> String {
        match self {
            Self::EventData => EVENT_DATA_SCHEMA.to_owned(),
            other => format!("https://schemas.example.go.id/its/message/{}/1.0.json", other.name()),
        }
    }

    /// JSON Schema, draft 2020-12, of what this program writes. It refuses unknown fields, so that a mistake is found;
    /// readers must not: later versions add some.
    pub fn schema(self) -> Value {
        let mut schema = match self {
            Self::Event => schema_of::<CloudEvent>(),
            Self::EventData => schema_of::<EventData>(),
            Self::Flow => schema_of::<FlowMessage>(),
            Self::Crowd => schema_of::<CrowdFlowObserved>(),
            Self::Status => schema_of::<StatusMessage>(),
            Self::CameraState => schema_of::<CameraStateMessage>(),
            Self::Health => schema_of::<HealthMessage>(),
            Self::Config => schema_of::<ConfigMessage>(),
            Self::Movements => schema_of::<MovementsObserved>(),
            Self::Approach => schema_of::<ApproachObserved>(),
        };
        schema.insert("$id".to_owned(), Value::String(self.id()));
        let mut schema = schema.to_value();
        say_what_is_written(&mut schema);
        schema
    }
}

fn schema_of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}

/// What the generator cannot know: a field that is left out when there is nothing to say is never `null`, and links between doc comments
/// lead nowhere outside the code.
fn say_what_is_written(schema: &mut Value) {
    if let Some(text) = schema.get("description").and_then(Value::as_str).map(|text| text.replace("[`", "`").replace("`]", "`")) {
        schema["description"] = Value::String(text);
    }
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| required.as_array().is_some_and(|names| names.iter().any(|required| required == name));
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (_, property) in properties.iter_mut().filter(|(name, _)| !is_required(name)) {
            refuse_null(property);
        }
    }
    match schema {
        Value::Object(entries) => entries.values_mut().for_each(say_what_is_written),
        Value::Array(entries) => entries.iter_mut().for_each(say_what_is_written),
        _ => {}
    }
}

fn refuse_null(property: &mut Value) {
    if let Some(kinds) = property.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            property["type"] = kind.clone();
        }
    }
    if let Some(choices) = property.get_mut("anyOf").and_then(Value::as_array_mut) {
        choices.retain(|choice| choice["type"] != "null");
        if let [choice] = choices.as_slice() {
            let reference = choice["$ref"].clone();
            if let (Some(entries), true) = (property.as_object_mut(), reference.is_string()) {
                entries.remove("anyOf");
                entries.insert("$ref".to_owned(), reference);
            }
        }
    }
}
