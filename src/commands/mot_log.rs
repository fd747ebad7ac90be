//! What a replay saw and followed, as MOTChallenge files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::time::MediaTime;
use crate::decode::Frame;
use crate::detect::Detection;
use crate::pipeline::Step;
use crate::track::TrackId;
use crate::track::mot::{self, MotDetection, MotTrack};

/// Collects until the end: a track's first detection is known as such only when a second one confirms it.
pub(super) struct MotLog {
    tracks: Log<MotTrack>,
    detections: Log<MotDetection>,
    frames: Vec<(MediaTime, u32)>,
    known: TrackId,
}

impl MotLog {
    /// Opens the files now, so that a wrong path is said before the work and not after it.
    pub(super) fn create(tracks: Option<&Path>, detections: Option<&Path>) -> Result<Self> {
        Ok(Self { tracks: open(tracks)?, detections: open(detections)?, frames: Vec::new(), known: TrackId(0) })
    }

    /// Adds one analysed frame.
    pub(super) fn add(&mut self, frame: &Frame, step: &Step<'_>) -> Result<()> {
        let number = u32::try_from(frame.number()).context("the film has more than four thousand million frames")?;
        self.frames.push((frame.stamp().media, number));
        if let Some((_, _, boxes)) = &mut self.detections {
            boxes.extend(step.detections.iter().map(|&detection| MotDetection { frame: number, detection }));
        }
        let Some((_, _, boxes)) = &mut self.tracks else { return Ok(()) };
        for track in step.tracks {
            let seen =
                |frame, rect| MotTrack { frame, id: track.id, detection: Detection { rect, class: track.class, score: track.score } };
            if track.id > self.known {
                self.known = track.id;
                let (first_at, first_rect) = track.first_seen;
                let first = self.frames.iter().rev().find(|&&(at, _)| at <= first_at);
                if let Some(&(_, first)) = first
                    && first < number
                {
                    boxes.push(seen(first, first_rect));
                }
            }
            if track.is_observed {
                boxes.push(seen(number, track.rect));
            }
        }
        Ok(())
    }

    /// Writes the files.
    pub(super) fn finish(self) -> Result<()> {
        if let Some((path, mut file, mut boxes)) = self.tracks {
            boxes.sort_by_key(|found| (found.frame, found.id));
            mot::write_tracks(&boxes, &mut file).and_then(|()| file.flush()).with_context(|| unwritable(&path))?;
        }
        if let Some((path, mut file, boxes)) = self.detections {
            mot::write_detections(&boxes, &mut file).and_then(|()| file.flush()).with_context(|| unwritable(&path))?;
        }
        Ok(())
    }
}

fn unwritable(path: &Path) -> String {
    format!("cannot write `{}`", path.display())
}

type Log<T> = Option<(PathBuf, BufWriter<File>, Vec<T>)>;

fn open<T>(path: Option<&Path>) -> Result<Log<T>> {
    let Some(path) = path else { return Ok(None) };
    let file = File::create(path).with_context(|| unwritable(path))?;
    Ok(Some((path.to_owned(), BufWriter::new(file), Vec::new())))
}
