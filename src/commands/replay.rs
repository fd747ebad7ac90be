//! `simpang replay`: the agent's analysis on a recorded film or on recorded detections, as fast as possible and without a clock.
//!
//! Standard output is the same from run to run: events as JSON lines, then one summary. What varies (CPU seconds) goes to standard error.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use super::annotate::FilmWriter;
use super::choose::choose;
use super::csv_tables::Tables;
use super::mot_log::MotLog;
use super::recording::RecordingArgs;
use super::summary::Summary;
use crate::agent::{camera_plan, identity};
use crate::base::time::{WallTime, thread_cpu};
use crate::config::check;
use crate::config::settings::{CameraSettings, Settings};
use crate::decode::Frame;
use crate::event::{CsvTable, EndReason, Wire};
use crate::pipeline::{Pipeline, Step, Totals};
use crate::rules::{Findings, RuleSet};
use crate::vision::view::CameraView;

/// Analyses a recorded film, or recorded detections, as fast as possible.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Configuration that describes the camera
    #[arg(long)]
    config: PathBuf,
    /// Which camera of the configuration the film stands for; may be left out when there is one
    #[arg(long)]
    camera: Option<String>,
    #[command(flatten)]
    recording: RecordingArgs,
    /// When the recording begins, RFC 3339
    #[arg(long, default_value = "2026-01-01T00:00:00Z", value_parser = parse_start)]
    start: WallTime,
    /// Analyse frames 1, 1+N, 1+2N, …
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Write what is followed for a second and longer, short gaps filled, in MOTChallenge format
    #[arg(long)]
    tracks_out: Option<PathBuf>,
    /// Write what the model finds, in MOTChallenge format
    #[arg(long)]
    detections_out: Option<PathBuf>,
    /// Write what passed the lines as CSV: a row for each minute and quarter of an hour, line, direction and class
    #[arg(long)]
    flow_csv: Option<PathBuf>,
    /// Write turning movements as CSV: a row for each quarter of an hour, movement and class
    #[arg(long)]
    movements_csv: Option<PathBuf>,
    /// Write the measures of approaches as CSV: a row for each minute and quarter of an hour and approach
    #[arg(long)]
    approach_csv: Option<PathBuf>,
    /// Write a film with boxes, zones and lines drawn (needs the `ffmpeg` tool)
    #[arg(long)]
    annotate: Option<PathBuf>,
}

fn parse_start(text: &str) -> Result<WallTime, String> {
    WallTime::parse_rfc3339(text).ok_or_else(|| "an RFC 3339 instant such as 2026-11-21T10:00:00Z is needed".to_owned())
}

/// Runs it.
///
/// # Errors
/// Bad configuration, a film that cannot be read, a model that cannot be opened or run, an output that cannot be written.
pub fn run(args: Args) -> Result<()> {
    let settings = check::load(&args.config)?.settings;
    let camera = choose(&settings, args.camera.as_deref())?;
    let rules = RuleSet::build(camera, &settings.site.source())?;
    let (mut frames, detector, track) = args.recording.open(camera, &settings.detector, args.start)?;
    // Recorded detections have no picture to watch over.
    let view = camera.view.clone().filter(|_| frames.has_pictures()).map(CameraView::new);
    let mut pipeline = Pipeline::new(detector, &track, rules).watching(view);
    let mut outputs = Outputs::open(&args, &settings, camera, frames.frame_rate())?;
    let bar = super::progress::bar(frames.frame_count(), "replay");
    let (mut decode, mut cut_off) = (Duration::ZERO, None);
    loop {
        let before = thread_cpu();
        let Some(frame) = frames.next() else { break };
        decode += thread_cpu().saturating_sub(before);
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                cut_off = Some(error);
                break;
            }
        };
        outputs.summary.frames += 1;
        bar.inc(1);
        if (frame.number() - 1).is_multiple_of(args.every) {
            let step = pipeline.step(&frame)?;
            outputs.write_step(&frame, &step)?;
        }
    }
    bar.finish_and_clear();
    let findings = pipeline.finish(EndReason::CameraLost);
    outputs.write_findings(findings)?;
    outputs.finish(&pipeline)?;
    print_cost(&pipeline.totals(), decode);
    // What could be read is summed up all the same; the exit code says that it is not everything.
    cut_off.map_or(Ok(()), |error| Err(error.into()))
}

const NO_OUTPUT: &str = "standard output takes no more; is whoever reads it still there, is the disk full";

/// Everything a replay writes.
struct Outputs {
    wire: Wire,
    sequence: u64,
    stdout: BufWriter<std::io::Stdout>,
    log: MotLog,
    tables: Tables,
    film: Option<FilmWriter>,
    summary: Summary,
}

impl Outputs {
    fn open(args: &Args, settings: &Settings, camera: &CameraSettings, fps: f64) -> Result<Self> {
        Ok(Self {
            wire: Wire::new(identity(settings, args.start)),
            sequence: 0,
            stdout: BufWriter::new(std::io::stdout()),
            log: MotLog::create(args.tracks_out.as_deref(), args.detections_out.as_deref())?,
            tables: Tables::create(&[
                (CsvTable::Flow, args.flow_csv.as_deref()),
                (CsvTable::Movements, args.movements_csv.as_deref()),
                (CsvTable::Approach, args.approach_csv.as_deref()),
            ])?,
            film: args.annotate.clone().map(|path| FilmWriter::new(path, fps / args.every as f64, camera_plan(camera))),
            summary: Summary::default(),
        })
    }

    fn write_step(&mut self, frame: &Frame, step: &Step<'_>) -> Result<()> {
        self.log.add(frame, step)?;
        if let Some(film) = &mut self.film {
            film.write(frame, step.tracks)?;
        }
        self.summary.add_view(frame.stamp().media, step.view);
        self.summary.add_tracks(step.tracks);
        self.write_findings(step.findings)
    }

    fn write_findings(&mut self, findings: &Findings) -> Result<()> {
        self.summary.add(findings);
        self.tables.add(&findings.reports, &self.wire)?;
        for event in &findings.events {
            self.sequence += 1;
            let message = self.wire.cloud_event(event, self.sequence, event.updated);
            print(&mut self.stdout, &message)?;
        }
        Ok(())
    }

    fn finish(mut self, pipeline: &Pipeline) -> Result<()> {
        if let Some(film) = self.film.take() {
            film.finish()?;
        }
        self.log.finish()?;
        self.tables.finish()?;
        let summary = self.summary.to_json(pipeline);
        print(&mut self.stdout, &summary)?;
        self.stdout.flush().context(NO_OUTPUT)
    }
}

/// One line.
fn print(out: &mut impl Write, message: &impl serde::Serialize) -> Result<()> {
    serde_json::to_writer(&mut *out, message).context(NO_OUTPUT)?;
    out.write_all(b"\n").context(NO_OUTPUT)
}

fn print_cost(totals: &Totals, decode: Duration) {
    let stages = [
        ("decode", decode),
        ("view", totals.view),
        ("preprocess", totals.preprocess),
        ("inference", totals.inference),
        ("postprocess", totals.postprocess),
        ("track", totals.track),
        ("rules", totals.rules),
    ];
    let words: Vec<String> = stages.iter().map(|(name, spent)| format!("{name} {:.3}", spent.as_secs_f64())).collect();
    eprintln!("CPU seconds: {}", words.join(", "));
}
