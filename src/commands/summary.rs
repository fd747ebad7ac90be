//! The last line of a replay: what was counted, in one JSON object.

use serde_json::{Value, json};

use crate::base::class::Class;
use crate::base::number::rounded;
use crate::base::time::MediaTime;
use crate::event::Crossing;
use crate::pipeline::Pipeline;
use crate::rules::Findings;
use crate::track::Track;
use crate::vision::view::ViewState;

const HOLDS: &str = ViewState::Holds.word();

/// Adds up a replay.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// Frames of the source.
    pub(super) frames: u64,
    crossings: Vec<Crossing>,
    events: u64,
    people: u64,
    looked: u64,
    view: Vec<(MediaTime, &'static str)>,
}

impl Summary {
    /// Adds what one frame led to.
    pub(super) fn add(&mut self, findings: &Findings) {
        self.crossings.extend_from_slice(&findings.crossings);
        self.events += findings.events.len() as u64;
    }

    /// Notes when the view was lost and when it was back.
    pub(super) fn add_view(&mut self, at: MediaTime, view: ViewState) {
        if self.view.last().map_or(HOLDS, |(_, word)| word) != view.word() {
            self.view.push((at, view.word()));
        }
    }

    /// Adds the people of one frame: seen in this very frame, on foot.
    pub(super) fn add_tracks(&mut self, tracks: &[Track]) {
        let on_foot = |track: &&Track| track.class == Class::Person && track.is_observed && !track.is_rider;
        self.people += tracks.iter().filter(on_foot).count() as u64;
        self.looked += 1;
    }

    /// `{"summary": {…}}`; every map in it is sorted.
    pub(super) fn to_json(&self, pipeline: &Pipeline) -> Value {
        let totals = pipeline.totals();
        let people = if self.looked > 0 { self.people as f64 / self.looked as f64 } else { 0.0 };
        let crossing = |c: &Crossing| json!([rounded(c.at.as_secs_f64()), c.line.as_str(), c.direction.as_str(), c.class.name()]);
        json!({"summary": {
            "frames": self.frames,
            "analysed": totals.analysed,
            "damaged": totals.damaged,
            "inferences": totals.inferences,
            "events": self.events,
            "view": self.view.iter().map(|(at, word)| json!([rounded(at.as_secs_f64()), word])).collect::<Vec<_>>(),
            "counts": counts(pipeline),
            "crossings": self.crossings.iter().map(crossing).collect::<Vec<_>>(),
            "zones": zones(pipeline),
            "people_per_frame": rounded(people),
        }})
    }
}

fn counts(pipeline: &Pipeline) -> Value {
    let mut lines = serde_json::Map::new();
    for (line, directions) in pipeline.rules().totals() {
        let mut by_direction = serde_json::Map::new();
        for (direction, classes) in directions {
            let classes = classes.iter().map(|(class, n)| (class.name().to_owned(), json!(n))).collect();
            by_direction.insert(direction.to_string(), Value::Object(classes));
        }
        lines.insert(line.to_string(), Value::Object(by_direction));
    }
    Value::Object(lines)
}

fn zones(pipeline: &Pipeline) -> Value {
    let zones = pipeline.rules().zones_now();
    let of_zone = |classes: &std::collections::BTreeMap<Class, u32>| {
        Value::Object(classes.iter().map(|(class, n)| (class.name().to_owned(), json!(n))).collect())
    };
    Value::Object(zones.iter().map(|(zone, classes)| (zone.to_string(), of_zone(classes))).collect())
}
