//! What a replay saw and followed, as MOTChallenge files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::mot_tracks::MotTracks;
use super::unwritable;
use crate::decode::Frame;
use crate::pipeline::Step;
use crate::track::mot::{self, MotDetection};

/// Collects until the end, because the rows of a track are put in their places afterwards.
pub(super) struct MotLog {
    tracks: Log<MotTracks>,
    detections: Log<Vec<MotDetection>>,
}

impl MotLog {
    /// Opens the files now, so that a wrong path is said before the work and not after it.
    pub(super) fn create(tracks: Option<&Path>, detections: Option<&Path>) -> Result<Self> {
        Ok(Self { tracks: open(tracks, MotTracks::new)?, detections: open(detections, Vec::new)? })
    }

    /// Adds one analysed frame.
    pub(super) fn add(&mut self, frame: &Frame, step: &Step<'_>) -> Result<()> {
        let number = u32::try_from(frame.number()).context("the film has more than four thousand million frames")?;
        if let Some((_, _, boxes)) = &mut self.detections {
            boxes.extend(step.detections.iter().map(|&detection| MotDetection { frame: number, detection }));
        }
        if let Some((_, _, tracks)) = &mut self.tracks {
            tracks.add(number, frame.stamp().media, step.tracks);
        }
        Ok(())
    }

    /// Writes the files.
    pub(super) fn finish(self) -> Result<()> {
        if let Some((path, mut file, tracks)) = self.tracks {
            mot::write_tracks(&tracks.into_rows(), &mut file).and_then(|()| file.flush()).with_context(|| unwritable(&path))?;
        }
        if let Some((path, mut file, boxes)) = self.detections {
            mot::write_detections(&boxes, &mut file).and_then(|()| file.flush()).with_context(|| unwritable(&path))?;
        }
        Ok(())
    }
}

type Log<T> = Option<(PathBuf, BufWriter<File>, T)>;

fn open<T>(path: Option<&Path>, empty: fn() -> T) -> Result<Log<T>> {
    let Some(path) = path else { return Ok(None) };
    let file = File::create(path).with_context(|| unwritable(path))?;
    Ok(Some((path.to_owned(), BufWriter::new(file), empty())))
}
