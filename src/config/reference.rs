//! `docs/configuration.md` and `configs/all-options.toml`, made from the doc comments and defaults of [`file`](super::file).
//!
//! The types say everything about a key but two things: `x-example` (a value for keys without default) and `x-required`.

use std::fmt::Write as _;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::{Deserialize, Deserializer, Error as _, Visitor, value::Error};
use serde_json::{Map, Value};

use super::file::calibration::{CalibrationFile, CheckDistanceFile, GroundPointFile};
use super::file::camera::{DetectFile, LineFile, SimulatedFile, TrackFile, ZoneFile};
use super::file::debris::DebrisFile;
use super::file::measures::{ApproachFile, GateFile, MovementsFile};
use super::file::rules::{
    AccidentFile, CongestionFile, CrowdFile, LineCountFile, PedestrianOnRoadFile, RulesFile, StoppedVehicleFile, WrongWayFile,
    ZoneOccupancyFile,
};
use super::file::view::ViewFile;
use super::file::{CameraFile, DetectorFile, EmpFile, File, MqttFile, OutboxFile, PageFile, ReportFile, RestartFile, SiteFile, TlsFile};

/// Widest line of generated text.
const WIDTH: usize = 118;

/// One table of the file.
struct Table {
    /// Header in the reference, `[cameras.<id>.zones.<id>]`; empty for the whole file.
    header: &'static str,
    /// Header in the example, `[cameras.utara.zones.lajur]`.
    example: &'static str,
    /// Whether the example has it in comments only.
    optional: bool,
    doc: String,
    keys: Vec<Key>,
}

/// One key of a table.
struct Key {
    name: &'static str,
    doc: String,
    kind: String,
    /// Other tables are keys too, but are described where they stand.
    is_table: bool,
    required: bool,
    /// Written in the example without being required.
    shown: bool,
    default: Option<String>,
    example: Option<String>,
}

/// The reference for people, in Markdown.
pub fn markdown() -> String {
    let mut text = String::from("# Configuration\n\n<!-- Made from src/config/file.rs and below by `make golden`; do not edit. -->\n\n");
    for table in tables() {
        if table.header.is_empty() {
            let _ = writeln!(
                text,
                "{}\n\n`simpang check FILE` says everything that is wrong with a file. `configs/all-options.toml` has every key.\n",
                table.doc
            );
            continue;
        }
        let _ = writeln!(text, "## `{}`\n\n{}\n", table.header, wrapped(&table.doc, ""));
        for key in table.keys.iter().filter(|key| !key.is_table) {
            let fallback = match (&key.default, key.required) {
                (_, true) => ", **required**".to_owned(),
                (Some(default), false) => format!(", default `{default}`"),
                (None, false) => ", optional".to_owned(),
            };
            let _ = writeln!(text, "- **`{}`** ({}{fallback})\n{}", key.name, key.kind, wrapped(&key.doc, "  "));
        }
        if table.keys.iter().any(|key| !key.is_table) {
            text.push('\n');
        }
    }
    text.trim_end().to_owned() + "\n"
}

/// A file with every key: defaults as they are, required ones with an example, the rest in comments.
pub fn all_options() -> String {
    let mut text = String::from(
        "# Every key, with its default. Made by `make golden`; do not edit. Start from minimal.toml and copy what you need.\n",
    );
    for table in tables().iter().filter(|table| !table.header.is_empty()) {
        let off = if table.optional { "# " } else { "" };
        let _ = write!(text, "\n{}{off}{}\n", wrapped(&table.doc, "# "), table.example);
        for key in table.keys.iter().filter(|key| !key.is_table) {
            let value = key.default.as_ref().or(key.example.as_ref()).map_or("\"\"", String::as_str);
            let off = if table.optional || (key.default.is_none() && !key.required && !key.shown) { "# " } else { "" };
            let _ = write!(text, "\n{}{off}{} = {value}\n", wrapped(&key.doc, "# "), key.name);
        }
    }
    text
}

/// All tables in the order of the reference.
fn tables() -> Vec<Table> {
    vec![
        table::<File>("", ""),
        table::<SiteFile>("[site]", "[site]"),
        Table { optional: true, ..table::<EmpFile>("[site.emp]", "[site.emp]") },
        table::<DetectorFile>("[detector]", "[detector]"),
        table::<MqttFile>("[mqtt]", "[mqtt]"),
        Table { optional: true, ..table::<TlsFile>("[mqtt.tls]", "[mqtt.tls]") },
        table::<OutboxFile>("[outbox]", "[outbox]"),
        table::<RestartFile>("[restart]", "[restart]"),
        Table { optional: true, ..table::<ReportFile>("[report]", "[report]") },
        table::<PageFile>("[page]", "[page]"),
        table::<CameraFile>("[cameras.<id>]", "[cameras.utara]"),
        Table { optional: true, ..table::<SimulatedFile>("[cameras.<id>.simulated]", "[cameras.utara.simulated]") },
        table::<DetectFile>("[cameras.<id>.detect]", "[cameras.utara.detect]"),
        table::<TrackFile>("[cameras.<id>.track]", "[cameras.utara.track]"),
        table::<ViewFile>("[cameras.<id>.view]", "[cameras.utara.view]"),
        Table { optional: true, ..table::<CalibrationFile>("[cameras.<id>.calibration]", "[cameras.utara.calibration]") },
        Table { optional: true, ..table::<GroundPointFile>("[[cameras.<id>.calibration.points]]", "[[cameras.utara.calibration.points]]") },
        Table {
            optional: true,
            ..table::<CheckDistanceFile>("[[cameras.<id>.calibration.distances]]", "[[cameras.utara.calibration.distances]]")
        },
        table::<LineFile>("[cameras.<id>.lines.<id>]", "[cameras.utara.lines.garis-henti]"),
        table::<ZoneFile>("[cameras.<id>.zones.<id>]", "[cameras.utara.zones.lajur]"),
        Table { optional: true, ..table::<GateFile>("[cameras.<id>.gates.<arm>]", "[cameras.utara.gates.utara]") },
        table::<RulesFile>("[cameras.<id>.rules]", "[cameras.utara.rules]"),
        table::<LineCountFile>("[[cameras.<id>.rules.line_count]]", "[[cameras.utara.rules.line_count]]"),
        table::<ZoneOccupancyFile>("[[cameras.<id>.rules.zone_occupancy]]", "[[cameras.utara.rules.zone_occupancy]]"),
        table::<CongestionFile>("[[cameras.<id>.rules.congestion]]", "[[cameras.utara.rules.congestion]]"),
        table::<CrowdFile>("[[cameras.<id>.rules.crowd]]", "[[cameras.utara.rules.crowd]]"),
        table::<StoppedVehicleFile>("[[cameras.<id>.rules.stopped_vehicle]]", "[[cameras.utara.rules.stopped_vehicle]]"),
        table::<WrongWayFile>("[[cameras.<id>.rules.wrong_way]]", "[[cameras.utara.rules.wrong_way]]"),
        table::<PedestrianOnRoadFile>("[[cameras.<id>.rules.pedestrian_on_road]]", "[[cameras.utara.rules.pedestrian_on_road]]"),
        table::<AccidentFile>("[[cameras.<id>.rules.accident]]", "[[cameras.utara.rules.accident]]"),
        Table { optional: true, ..table::<MovementsFile>("[[cameras.<id>.rules.movements]]", "[[cameras.utara.rules.movements]]") },
        Table { optional: true, ..table::<ApproachFile>("[[cameras.<id>.rules.approach]]", "[[cameras.utara.rules.approach]]") },
        table::<DebrisFile>("[[cameras.<id>.rules.debris]]", "[[cameras.utara.rules.debris]]"),
    ]
}

fn table<T: JsonSchema + for<'de> Deserialize<'de>>(header: &'static str, example: &'static str) -> Table {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    let described = |value: &Value| value.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let keys = field_names::<T>().iter().filter_map(|name| properties.get(*name).map(|of| key(name, of, described(of)))).collect();
    Table { header, example, optional: false, doc: described(&schema), keys }
}

fn key(name: &'static str, schema: &Value, doc: String) -> Key {
    let is_float = schema.get("format").and_then(Value::as_str) == Some("float");
    let flag = |name: &str| schema.get(name).and_then(Value::as_bool).unwrap_or(false);
    let written = |name: &str| schema.get(name).filter(|value| !value.is_null()).map(|value| as_toml(value, is_float));
    Key {
        name,
        doc,
        kind: kind(schema),
        is_table: is_table(schema),
        required: flag("x-required"),
        shown: flag("x-shown"),
        default: written("default"),
        example: written("x-example"),
    }
}

/// Tables, optional tables, maps of tables and lists of tables.
fn is_table(schema: &Value) -> bool {
    let is_object = |schema: &Value| schema.get("properties").is_some() || schema.get("additionalProperties").is_some_and(Value::is_object);
    let among = schema.get("anyOf").and_then(Value::as_array).is_some_and(|any| any.iter().any(is_object));
    is_object(schema) || among || schema.get("items").is_some_and(is_object)
}

/// The type in plain words.
fn kind(schema: &Value) -> String {
    if schema.get("oneOf").is_some() || schema.get("enum").is_some() {
        return "word".to_owned();
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
        _ => Vec::new(),
    };
    match (types.first().copied(), schema.get("format").and_then(Value::as_str)) {
        (Some("string"), Some("duration")) => "duration".to_owned(),
        (Some("string"), _) => "text".to_owned(),
        (Some("integer"), _) => "whole number".to_owned(),
        (Some("number"), _) => "number".to_owned(),
        (Some("boolean"), _) => "true or false".to_owned(),
        (Some("array"), _) => match schema.get("items").map(kind) {
            Some(of) if schema.get("maxItems") == Some(&Value::from(2)) => format!("two {of}s"),
            Some(of) if of.starts_with("two ") => "list of points".to_owned(),
            Some(of) if of == "text" => "list of words".to_owned(),
            Some(of) => format!("list of {of}s"),
            None => "list".to_owned(),
        },
        _ => "value".to_owned(),
    }
}

/// A value as it stands in a file. `f32` has fewer digits than JSON pretends.
fn as_toml(value: &Value, is_float: bool) -> String {
    match value {
        Value::Number(number) if is_float => format!("{:?}", number.as_f64().unwrap_or_default() as f32),
        Value::Array(items) => format!("[{}]", items.iter().map(|item| as_toml(item, is_float)).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Paragraphs of `text` filled to [`WIDTH`], each line after `prefix`.
fn wrapped(text: &str, prefix: &str) -> String {
    let mut lines = String::new();
    for paragraph in text.split("\n\n") {
        if !lines.is_empty() {
            let _ = writeln!(lines, "{}", prefix.trim_end());
        }
        let mut line = prefix.to_owned();
        for word in paragraph.split_whitespace() {
            if line.chars().count() + word.chars().count() > WIDTH {
                let _ = writeln!(lines, "{}", line.trim_end());
                line = prefix.to_owned();
            }
            line.push_str(word);
            line.push(' ');
        }
        let _ = writeln!(lines, "{}", line.trim_end());
    }
    if prefix.trim().is_empty() { lines.trim_end().to_owned() } else { lines }
}

/// The fields of a struct in the order they are declared, which a schema does not keep.
fn field_names<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    let mut names = FieldNames(&[]);
    // Always an error: it is asked only for what it would look for.
    let _ = T::deserialize(&mut names);
    names.0
}

/// Notes what a struct asks for and gives nothing.
struct FieldNames(&'static [&'static str]);

impl<'de> Deserializer<'de> for &mut FieldNames {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("only structs have field names"))
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, fields: &'static [&'static str], _: V) -> Result<V::Value, Error> {
        self.0 = fields;
        Err(Error::custom("asked for its field names only"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}
