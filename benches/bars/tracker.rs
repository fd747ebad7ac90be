//! The tracker alone at 30 objects, against the peer's: the same detections, rounds in turn.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use simpang::base::class::Class;
use simpang::base::geom::Rect;
use simpang::base::time::{MediaTime, thread_cpu};
use simpang::config::settings::TrackSettings;
use simpang::detect::{Detection, Score};
use simpang::track::Tracker;

use super::machine::{median, millis};
use super::peer::Peer;
use super::stage;
use super::table::Table;

const OBJECTS: usize = 30;
const ROUNDS: usize = 9;
const FPS: f64 = 10.0;

/// Adds the line of this section.
pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let text = objects()?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), &text)?;
    let frames = read(&text)?;
    let mut peer = Peer::on_detections(file.path())?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(follow(&frames));
        theirs.push(peer.run(frames.len())?.ms("track"));
    }
    let ratio = median(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect());
    let detail = format!("{:.4} against {:.3} ms a frame", median(ours), median(theirs));
    table.at_most(&format!("tracker at {OBJECTS} objects, against the Python peer"), (ratio, 0.05), "×", &detail);
    Ok(())
}

fn objects() -> Result<String> {
    let made = Command::new("python3").arg(stage::project("benches/peer/objects.py")).arg(OBJECTS.to_string()).output()?;
    ensure!(made.status.success(), "benches/peer/objects.py failed");
    Ok(String::from_utf8(made.stdout)?)
}

/// MOTChallenge text → detections by frame.
fn read(text: &str) -> Result<Vec<Vec<Detection>>> {
    let mut frames: BTreeMap<u32, Vec<Detection>> = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<f32> = line.split(',').map(str::parse).collect::<Result<_, _>>()?;
        let [frame, _, left, top, width, height, score, ..] = cells[..] else { anyhow::bail!("a line with too few cells") };
        let detection = Detection { rect: Rect::new(left, top, width, height), class: Class::Car, score: Score::new(score) };
        frames.entry(frame as u32).or_default().push(detection);
    }
    let last = *frames.keys().last().context("no detections")?;
    Ok((1..=last).map(|frame| frames.remove(&frame).unwrap_or_default()).collect())
}

/// CPU milliseconds a frame.
fn follow(frames: &[Vec<Detection>]) -> f64 {
    let mut tracker = Tracker::new(&TrackSettings::default());
    let before = thread_cpu();
    let mut seen = 0;
    for (number, detections) in frames.iter().enumerate() {
        seen += tracker.update(MediaTime::from_secs_f64(number as f64 / FPS), detections).len();
    }
    std::hint::black_box(seen);
    millis(thread_cpu().saturating_sub(before)) / frames.len() as f64
}
