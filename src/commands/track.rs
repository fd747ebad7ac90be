//! `simpang track`: the tracker alone on MOTChallenge detections, so that TrackEval or py-motmetrics can score it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::mot_tracks::MotTracks;
use crate::base::time::MediaTime;
use crate::config::settings::TrackSettings;
use crate::detect::Detection;
use crate::track::Tracker;
use crate::track::mot::{self, MotDetection, MotTrack};

/// Follow the boxes of a MOTChallenge detection file.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Detections: frame,id,left,top,width,height,conf[,class,...]. Class is a COCO id, or -1 for a person.
    #[arg(long, value_name = "MOT.txt")]
    pub detections: PathBuf,
    /// Frames a second of the source.
    #[arg(long, value_name = "F", value_parser = frame_rate)]
    pub fps: f64,
    /// Where the tracks go, in the same format: those that last a second, from their first detection on, gaps up to a second filled.
    #[arg(long, value_name = "MOT.txt")]
    pub out: PathBuf,
    /// Analyse frames 1, 1+N, ... only; the frame numbers stay those of the source.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub every: u32,
    /// Detections at least this sure are matched first. The defaults suit detectors that give good boxes 0.9.
    #[arg(long, value_name = "0..1", value_parser = share, default_value_t = 0.6)]
    pub high_score: f32,
    /// Detections at least this sure can begin a track.
    #[arg(long, value_name = "0..1", value_parser = share, default_value_t = 0.7)]
    pub new_score: f32,
}

pub(super) fn frame_rate(text: &str) -> Result<f64, String> {
    let fps = text.parse().ok().filter(|fps: &f64| fps.is_finite() && *fps > 0.0);
    fps.ok_or_else(|| "frames a second must be a number above 0, such as 25 or 23.976".to_owned())
}

/// The detections of a MOTChallenge file.
///
/// # Errors
/// When it cannot be read, or a line of it is wrong.
pub(super) fn read_detections(path: &Path) -> Result<Vec<MotDetection>> {
    let input =
        File::open(path).with_context(|| format!("cannot open detections `{}`; check the path and who may read it", path.display()))?;
    mot::read_detections(BufReader::new(input))
        .with_context(|| format!("detections `{}` are not in MOT format, frame,id,left,top,width,height,conf a line", path.display()))
}

fn share(text: &str) -> Result<f32, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a score is a number from 0 to 1, such as 0.6".to_owned())
}

/// Runs it.
///
/// # Errors
/// When a file cannot be read or written, or a line of it is wrong.
pub fn run(args: Args) -> Result<()> {
    let detections = read_detections(&args.detections)?;
    let settings = TrackSettings { high_score: args.high_score, new_score: args.new_score, ..TrackSettings::default() };
    let tracks = follow(&detections, args.fps, args.every, &settings);
    let output = File::create(&args.out).with_context(|| {
        format!("cannot write tracks to `{}`; check the folder, who may write there and the room on the disk", args.out.display())
    })?;
    let mut output = BufWriter::new(output);
    mot::write_tracks(&tracks, &mut output).and_then(|()| output.flush()).with_context(|| {
        format!("cannot write tracks to `{}`; check the folder, who may write there and the room on the disk", args.out.display())
    })
}

/// Tracks in frames 1, 1+`every`, ..., ordered by frame and id: those that last, with short gaps filled.
pub fn follow(detections: &[MotDetection], fps: f64, every: u32, settings: &TrackSettings) -> Vec<MotTrack> {
    let mut frames: BTreeMap<u32, Vec<Detection>> = BTreeMap::new();
    for found in detections {
        frames.entry(found.frame).or_default().push(found.detection);
    }
    let last = frames.keys().next_back().copied().unwrap_or(0);
    let (mut tracker, mut tracks) = (Tracker::new(settings), MotTracks::new());
    for frame in (1..=last).step_by(every as usize) {
        let at = MediaTime::from_secs_f64(f64::from(frame - 1) / fps);
        let found = frames.get(&frame).map_or(&[][..], Vec::as_slice);
        tracks.add(frame, at, tracker.update(at, found));
    }
    tracks.into_rows()
}
