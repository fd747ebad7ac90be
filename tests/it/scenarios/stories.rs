//! Runs every folder of `tests/scenarios`: adding a test is adding a folder.
//!
//! `story.md` says in a few sentences what happens and what must be told; `settings.json` is the camera; `tracks.jsonl` holds the road users, one a
//! line; `events.jsonl` is what must come out. With `SIMPANG_GOLDEN=write` the outcome is written instead of compared: read it before it is committed.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use simpang::base::class::Class;
use simpang::base::time::WallTime;
use simpang::event::{ByClass, EndReason, Event, FlowMeasure, FlowReport, Reason};
use simpang::rules::{Findings, RuleSet};
use simpang::scene::SceneState;

use super::camera::Story;
use super::film::{Film, SIZE, User};

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).expect("the scenarios").map(|entry| entry.expect("readable").path()).collect();
    folders.sort();
    folders
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{}/{file}: {error}", folder.display()))
}

pub(super) fn film_of(story: &Story, tracks: &str) -> Film {
    let lines = tracks.lines().filter(|line| !line.trim().is_empty());
    let users: Vec<User> = lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    let mut film = Film::new(story.fps, users.into_iter().flat_map(User::repeated).collect());
    (film.outages, film.length) = (story.outages.clone(), story.length);
    film
}

/// A story by the name of its folder.
pub(super) fn named(name: &str) -> (Story, Film) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(name);
    let story = Story::read(&read(&folder, "settings.json"));
    let film = film_of(&story, &read(&folder, "tracks.jsonl"));
    (story, film)
}

/// What comes out: messages in order, then the totals and what is in the zones.
pub(super) fn tell(story: &Story, film: &Film) -> (Vec<String>, Findings) {
    let mut rules = RuleSet::build(&story.camera(), "/kota/atcs/simpang/edge-01").expect("a story's rules");
    let mut scene = SceneState::new();
    let (mut all, mut lines, mut last) = (Findings::default(), Vec::new(), None);
    for (at, tracks) in film.frames() {
        let mut out = Findings::default();
        rules.observe(&scene.observe(at, SIZE, &tracks), &mut out);
        lines.extend(told(film.start, &out));
        join(&mut all, out);
        last = Some(at);
    }
    let zones = json!({ "zones": names(rules.zones_now()) });
    let mut out = Findings::default();
    rules.finish(last.expect("a film has frames"), EndReason::CameraLost, &mut out);
    lines.extend(told(film.start, &out));
    join(&mut all, out);
    lines.push(zones.to_string());
    lines.push(json!({ "counts": rules.totals().iter().map(|(line, counts)| (line.to_string(), names(counts.clone()))).collect::<serde_json::Map<_, _>>() }).to_string());
    (lines, all)
}

fn names(
    places: std::collections::BTreeMap<simpang::base::id::Slug, std::collections::BTreeMap<simpang::base::class::Class, u32>>,
) -> Value {
    let classes = |classes: std::collections::BTreeMap<simpang::base::class::Class, u32>| -> serde_json::Map<String, Value> {
        classes.into_iter().map(|(class, number)| (class.name().to_owned(), json!(number))).collect()
    };
    Value::Object(places.into_iter().map(|(place, inside)| (place.to_string(), Value::Object(classes(inside)))).collect())
}

fn join(all: &mut Findings, out: Findings) {
    all.events.extend(out.events);
    all.crossings.extend(out.crossings);
    all.reports.extend(out.reports);
}

fn told(start: WallTime, out: &Findings) -> Vec<String> {
    let secs = |at: WallTime| (start.secs_until(at) * 10.0).round() / 10.0;
    let crossings = out.crossings.iter().map(|crossing| {
        let at = (crossing.at.as_secs_f64() * 10.0).round() / 10.0;
        json!({ "crossed": crossing.line.as_str(), "at": at, "to": crossing.direction.as_str(), "class": crossing.class.name() })
            .to_string()
    });
    let events = out.events.iter().map(|event| essentials(event, secs).to_string());
    crossings.chain(events).chain(out.reports.iter().filter_map(turned)).collect()
}

/// Turning movements of one report; those that nobody made are left out.
fn turned(report: &FlowReport) -> Option<String> {
    let FlowMeasure::Movements(counts) = &report.measure else { return None };
    let classes = |counts: &ByClass| -> serde_json::Map<String, Value> {
        let passed = Class::ALL.into_iter().zip(counts).filter(|(_, number)| **number > 0);
        passed.map(|(class, number)| (class.name().to_owned(), json!(number))).collect()
    };
    let made = counts.movements.iter().filter(|movement| movement.counts.iter().any(|number| *number > 0));
    let movements: serde_json::Map<String, Value> = made
        .map(|movement| {
            let told = json!({ "seen": classes(&movement.counts), "inferred": movement.inferred });
            (format!("{} to {}", movement.entry, movement.exit), told)
        })
        .collect();
    Some(json!({ "movements": movements, "unknown": classes(&counts.unknown) }).to_string())
}

fn essentials(event: &Event, secs: impl Fn(WallTime) -> f64) -> Value {
    let mut told = json!({
        "at": secs(event.updated), "phase": event.phase, "revision": event.revision, "kind": event.kind, "severity": event.severity,
        "zone": event.zone.id.as_str(), "started": secs(event.started), "confidence": (f64::from(event.confidence) * 100.0).round() / 100.0,
    });
    let measured = &event.measurement;
    let figures = [
        ("speedRatio", measured.speed_ratio),
        ("peopleMean", measured.people_mean),
        ("stationaryS", measured.stationary_s),
        ("passed", measured.vehicles_passed.map(f64::from)),
        ("distanceL", measured.distance_l),
        ("users", measured.users_total.map(f64::from)),
        ("zoneAreaM2", measured.zone_area_m2),
        ("densityPerM2", measured.density_per_m2),
    ];
    for (name, figure) in figures {
        if let Some(figure) = figure {
            told[name] = json!(figure);
        }
    }
    if let (Some(level), Some(table)) = (measured.fruin_los, measured.fruin_table) {
        told["fruin"] = json!([level, table]);
    }
    if !event.why.is_empty() {
        let cue = |reason: &Reason| json!({ "cue": reason.cue.name(), "value": (reason.value * 10.0).round() / 10.0 });
        told["why"] = event.why.iter().map(cue).collect();
    }
    if let Some((at, reason)) = event.ended {
        told["ended"] = json!(secs(at));
        told["reason"] = json!(reason);
    }
    told
}

#[test]
fn every_story_is_told_as_written() {
    let folders = folders();
    assert!(folders.len() >= 10, "the stories are there");
    let mut wrong = Vec::new();
    for folder in &folders {
        let name = folder.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(read(folder, "story.md").len() > 40, "{name}: story.md tells what happens");
        let story = Story::read(&read(folder, "settings.json"));
        let (lines, _) = tell(&story, &film_of(&story, &read(folder, "tracks.jsonl")));
        let told = lines.join("\n") + "\n";
        if std::env::var("SIMPANG_GOLDEN").as_deref() == Ok("write") {
            fs::write(folder.join("events.jsonl"), told).expect("writable");
        } else if told != read(folder, "events.jsonl") {
            wrong.push(format!("{name}: told\n{told}but events.jsonl says\n{}", read(folder, "events.jsonl")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
