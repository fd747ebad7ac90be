//! `simpang capacity`: how many cameras this box carries, measured on it.
//!
//! Nothing is extrapolated from another box: the analysis of a camera runs as often at the same time as keeps every processor busy, and the seconds of film that went
//! through it in a second are the cameras that the box could carry at most.

mod choice;
mod clip;
mod load;
mod others;
mod report;
mod this_box;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::base::time::SystemClock;
use crate::config::check;
use crate::config::settings::{CameraSettings, DetectorSettings, Settings, SourceSettings};
use clip::Clip;
use load::{Load, Way};
use others::Others;
use report::Report;

/// Share of the box that stays free: for a hot summer, a busy road, and what else the box does.
const HEAD_ROOM: f64 = 0.3;
/// Frames a second that the table is for, beside the configured ones.
const RATES: [f32; 3] = [5.0, 8.0, 12.0];

/// Measures how many cameras this box carries, and with how many threads.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Configuration whose model, rules and frame rate count
    #[arg(long)]
    config: PathBuf,
    /// Which camera of the configuration stands for all; may be left out when there is one
    #[arg(long)]
    camera: Option<String>,
    /// A film to measure with; without it the camera itself is recorded for some seconds
    #[arg(long, value_name = "FILM")]
    input: Option<PathBuf>,
    /// How long each way of running the model is measured, in seconds
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(2..=600))]
    seconds: u64,
    /// Writes the best number of threads and copies of the model into the configuration
    #[arg(long)]
    write: bool,
    /// Adds this box's row to a page of measured boxes, or replaces it
    #[arg(long, value_name = "PAGE.md")]
    table: Option<PathBuf>,
    /// Prints one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// Measures and says what was found.
///
/// # Errors
/// A bad configuration, a film or camera that cannot be read, a model that cannot be opened, a file that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let settings = check::load(&args.config)?.settings;
    let camera = super::choose::choose(&settings, args.camera.as_deref())?;
    let clip = clip(args, camera)?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let report = measure(&settings, camera, clip, processors, Duration::from_secs(args.seconds))?;
    if args.json {
        println!("{}", report.json());
    } else {
        print!("{}", report.text());
    }
    if let Some(page) = &args.table {
        this_box::add_to(page, &report)?;
    }
    if args.write { choice::write(&args.config, report.best().way()) } else { Ok(()) }
}

fn clip(args: &Args, camera: &CameraSettings) -> Result<Clip> {
    match (&args.input, &camera.source) {
        (Some(film), _) => Clip::of_film(film),
        (None, SourceSettings::File { path, .. }) => Clip::of_film(path),
        (None, SourceSettings::Rtsp(rtsp)) => Clip::of_camera(rtsp)
            .with_context(|| format!("camera `{}` could not be recorded; give a film with --input FILM instead", camera.id)),
        (None, SourceSettings::Simulated { .. }) => {
            bail!("camera `{}` is drawn, which costs nothing to decode: give a film with --input FILM", camera.id)
        }
    }
}

/// Every number of threads inside an inference at the configured rate, then the best one at the other rates.
fn measure(settings: &Settings, camera: &CameraSettings, clip: Clip, processors: usize, how_long: Duration) -> Result<Report> {
    let ways: Vec<Way> = threads(processors).into_iter().map(|threads| Way::with_threads(threads, processors)).collect();
    let bar = super::progress::bar(Some((ways.len() + RATES.len()) as u64), "capacity");
    let take = |way: Way, rate: f32| -> Result<Load> {
        let detector = DetectorSettings { sessions: way.sessions, threads_per_inference: way.threads, ..settings.detector.clone() };
        let camera = CameraSettings { analyse_fps: rate, ..camera.clone() };
        let load = load::measure(&settings.site.source(), &detector, &camera, &clip, (way, how_long));
        bar.inc(1);
        load
    };
    let clock = SystemClock::new();
    let others = Others::begin(&clock);
    let configured: Vec<Load> = ways.into_iter().map(|way| take(way, camera.analyse_fps)).collect::<Result<_>>()?;
    let best = report::best_of(&configured).way();
    let rates = RATES.into_iter().map(|rate| take(best, rate)).collect::<Result<_>>()?;
    bar.finish_and_clear();
    let (box_name, model) = (this_box::name(), settings.detector.model.clone());
    Ok(Report { box_name, model, clip: clip.facts(), processors, others: others.processors(), configured, rates })
}

/// 1, 2, 4 … and all processors.
fn threads(processors: usize) -> Vec<usize> {
    let mut all: Vec<usize> =
        std::iter::successors(Some(1), |threads| Some(threads * 2)).take_while(|threads| *threads < processors).collect();
    all.push(processors);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_doubled_up_to_all_processors() {
        assert_eq!(threads(1), [1]);
        assert_eq!(threads(2), [1, 2]);
        assert_eq!(threads(6), [1, 2, 4, 6]);
    }
}
