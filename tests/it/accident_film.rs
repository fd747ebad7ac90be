//! Probable accidents and congestion on recorded films, with the model: two crashes are suspected within seconds, five films of ordinary traffic confirm none,
//! and in no film is there congestion, though its whole picture counts as an approach.
//!
//! The films are not ours to ship: they are looked for in `../shared/media/film`, and what is not there is said. What happened in them stands in
//! `tests/score/accidents.json`, seen by eye. Every film at about 8 frames a second; `SIMPANG_LONG_TESTS=1` adds every frame of all of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::program::{Program, Workshop};

#[derive(Deserialize)]
struct Truth {
    films: Vec<FilmTruth>,
}

#[derive(Deserialize)]
struct FilmTruth {
    film: String,
    fps: f64,
    /// When the impact is, in seconds; `null` where nothing happens.
    impact_s: Option<f64>,
    uncertainty_s: Option<f64>,
}

/// Every frame of half a minute takes a busy machine minutes.
const PATIENCE: Duration = Duration::from_secs(1200);
/// Suspected this much after the impact, at most.
const WITHIN_S: f64 = 5.0;
/// The whole picture.
const CONFIG: &str = "[site]\ncity = \"palembang\"\nid = \"film\"\ndevice = \"film\"\n\n[page]\nenabled = false\n\n\
    [cameras.film]\nurl = \"rtsp://192.0.2.1/film\"\nanalyse_fps = 60\n\n[[cameras.film.rules.accident]]\n\n\
    [cameras.film.zones.jalan]\nname = \"jalan\"\nkind = \"approach\"\npolygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]\n\n\
    [[cameras.film.rules.congestion]]\nzone = \"jalan\"\n";

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The events of a film in which every `every`th frame is looked at.
fn events(config: &Path, film: &Path, every: u32) -> Vec<Value> {
    let every = every.to_string();
    let words = ["replay", "--config", config.to_str().expect("plain"), "--input", film.to_str().expect("plain"), "--every", &every];
    let ended = Program::start(&words).ended_within(PATIENCE);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mut lines = ended.json_lines();
    lines.pop();
    lines.into_iter().map(|mut line| line["data"].take()).collect()
}

/// Seconds of a film that begins at midnight, as replays do.
fn secs(time: &Value) -> f64 {
    let at = simpang::base::time::WallTime::parse_rfc3339(time.as_str().expect("a time")).expect("RFC 3339");
    let midnight = simpang::base::time::WallTime::parse_rfc3339("2026-01-01T00:00:00Z").expect("valid");
    midnight.secs_until(at)
}

fn judge(film: &FilmTruth, every: u32, events: &[Value], wrong: &mut Vec<String>) {
    let (accidents, others): (Vec<&Value>, Vec<&Value>) = events.iter().partition(|event| event["category"] == "accident");
    wrong.extend(others.iter().map(|event| format!("{} every {every}: {}", film.film, event["text"]["en"])));
    let confirmed = accidents.iter().filter(|event| event["severity"] == "critical").count();
    let suspected: Vec<&Value> = accidents.into_iter().filter(|event| event["phase"] == "new").collect();
    let times: Vec<f64> = suspected.iter().map(|event| secs(&event["detectTime"])).collect();
    eprintln!("{} every {every}: suspected at {times:?}, {confirmed} messages of a confirmed accident", film.film);
    for event in suspected {
        eprintln!("    {} {}", event["text"]["en"], event["why"]);
        if event["why"].as_array().is_none_or(Vec::is_empty) {
            wrong.push(format!("{}: an event without reasons: {event}", film.film));
        }
    }
    match film.impact_s {
        Some(impact) => {
            let earliest = impact - film.uncertainty_s.unwrap_or(0.0);
            if !times.iter().any(|at| (earliest..=impact + WITHIN_S).contains(at)) {
                wrong.push(format!("{} every {every}: impact at {impact} s, suspected at {times:?}", film.film));
            }
        }
        None if confirmed > 0 => wrong.push(format!("{} every {every}: nothing happens, and an accident is confirmed", film.film)),
        None => {}
    }
}

#[test]
fn crashes_on_film_are_suspected_within_five_seconds_and_ordinary_traffic_is_no_accident_and_no_congestion() {
    let text = std::fs::read_to_string(root("tests/score/accidents.json")).expect("part of the repository");
    let truth: Truth = serde_json::from_str(&text).expect("as above");
    let workshop = Workshop::new();
    let config = workshop.write("film.toml", CONFIG);
    let is_long = std::env::var_os("SIMPANG_LONG_TESTS").is_some();
    let mut wrong = Vec::new();
    for film in &truth.films {
        let places = ["../shared/media/film", ".cache/films"].map(|folder| root(folder).join(&film.film));
        let Some(path) = places.iter().find(|path| path.is_file()) else {
            eprintln!("NOT TESTED: {} is not in ../shared/media/film, no accident was looked for in it", film.film);
            continue;
        };
        let thinned = (film.fps / 8.0).round().max(1.0) as u32;
        let rates = if is_long && thinned > 1 { vec![thinned, 1] } else { vec![thinned] };
        for every in rates {
            judge(film, every, &events(&config, path, every), &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
