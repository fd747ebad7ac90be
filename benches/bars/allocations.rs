//! Heap allocations from decoded frame to tracks, counted.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use simpang::agent::look;
use simpang::config::settings::{CameraSettings, Settings};
use simpang::detect::{Detector, OnnxDetector, Pool};
use simpang::track::Tracker;

use super::bare::{Tape, Taped, copy_of_the_model};
use super::cost::pipeline;
use super::counting::Count;
use super::stage::{self, Stage};
use super::table::Table;

/// Frames until every buffer has its size.
const WARM: usize = 150;
const MEASURED: usize = 200;

/// Adds the lines of this section.
pub(crate) fn measure(table: &mut Table) -> Result<()> {
    for crops in [0, 1] {
        let settings = Stage::new(1, crops)?.settings()?;
        let camera = settings.cameras.first().context("the stage has a camera")?;
        let looks = if crops == 0 { "whole picture only" } else { "one closer look" };
        let to_tracks = to_tracks(&settings, camera)?;
        table.at_most(
            &format!("heap allocations in our code, decoded frame to tracks, {looks}"),
            (to_tracks.ours.all as f64, 0.0),
            "",
            &format!("in {MEASURED} frames after {WARM} to warm up"),
        );
        let per_frame = |count: u64| count as f64 / MEASURED as f64;
        table.state(
            &format!("allocations inside the runtime's call, {looks}"),
            &format!("{:.1} a frame, {:.1} of them by the Rust binding", per_frame(to_tracks.inside.all), per_frame(to_tracks.inside.rust)),
        );
    }
    let (in_rules, findings) = in_rules()?;
    table.state(
        "allocations of the rules",
        &format!("{in_rules} in {MEASURED} frames, for {findings} crossings and event messages that are texts"),
    );
    Ok(())
}

struct Spent {
    ours: Count,
    inside: Count,
}

/// Detector and tracker as the pipeline drives them.
fn to_tracks(settings: &Settings, camera: &CameraSettings) -> Result<Spent> {
    let (pool, tape) = taped_pool(settings)?;
    let (_, track) = look(camera, Some(&pool));
    let mut detector = OnnxDetector::new(Arc::clone(&pool), &camera.detect);
    let (mut tracker, mut detections, mut focus) = (Tracker::new(&track), Vec::new(), Vec::new());
    let mut spent = Count::default();
    for (number, frame) in stage::frames()?.take(WARM + MEASURED).enumerate() {
        let frame = frame?;
        if number == WARM {
            tape.lock().expect("no holder panics").inside = Count::default();
            spent = Count::default();
        }
        let before = Count::now();
        detector.detect(&frame, &focus, &mut detections)?;
        let tracks = tracker.update(frame.stamp().media, &detections);
        focus.clear();
        focus.extend(tracks.iter().map(|track| track.rect));
        spent = spent.plus(Count::now().since(before));
    }
    let inside = tape.lock().expect("no holder panics").inside;
    Ok(Spent { ours: spent.since(inside), inside })
}

/// What a whole step allocates beyond the runtime's call, and how much it had to say.
fn in_rules() -> Result<(u64, usize)> {
    let settings = Stage::new(1, 0)?.settings()?;
    let camera = settings.cameras.first().context("the stage has a camera")?;
    let (pool, tape) = taped_pool(&settings)?;
    let mut pipeline = pipeline(&settings, camera, &pool)?;
    let (mut spent, mut findings) = (Count::default(), 0);
    for (number, frame) in stage::frames()?.take(WARM + MEASURED).enumerate() {
        let frame = frame?;
        if number == WARM {
            tape.lock().expect("no holder panics").inside = Count::default();
            (spent, findings) = (Count::default(), 0);
        }
        let before = Count::now();
        let step = pipeline.step(&frame)?;
        spent = spent.plus(Count::now().since(before));
        findings += step.findings.crossings.len() + step.findings.events.len() + step.findings.reports.len();
    }
    let inside = tape.lock().expect("no holder panics").inside;
    Ok((spent.since(inside).all, findings))
}

fn taped_pool(settings: &Settings) -> Result<(Arc<Pool>, Arc<Mutex<Tape>>)> {
    let (model, copy) = copy_of_the_model(&settings.detector)?;
    let (taped, tape) = Taped::new(copy);
    Ok((Pool::with_copies(model.contract().clone(), vec![Box::new(taped)])?, tape))
}
