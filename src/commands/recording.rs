//! What a replay goes through: a film, or detections that were made before.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;

use super::track::read_detections;
use crate::agent::look;
use crate::base::geom::FrameSize;
use crate::base::time::WallTime;
use crate::config::settings::{CameraSettings, DetectorSettings, SourceSettings, TrackSettings};
use crate::decode::Frame;
use crate::detect::{Detector, Pool, RecordedDetector};
use crate::source::blank::BlankFrames;
use crate::source::fault::SourceError;
use crate::source::file::FileFrames;

/// Where the frames or the detections come from.
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = true)]
pub(super) struct RecordingArgs {
    /// The film: mp4, mkv, avi, anything libav reads
    #[arg(long, conflicts_with_all = ["detections", "fps", "size"])]
    input: Option<PathBuf>,
    /// Instead of a film: what a detector found, in MOTChallenge format (as --detections-out writes it); no model is run
    #[arg(long, value_name = "MOT.txt", requires = "fps", requires = "size")]
    detections: Option<PathBuf>,
    /// Frames a second of the detections
    #[arg(long, value_name = "F", value_parser = super::track::frame_rate, requires = "detections")]
    fps: Option<f64>,
    /// Size of the picture that the detections lie in
    #[arg(long, value_name = "WxH", value_parser = picture_size, requires = "detections")]
    size: Option<FrameSize>,
}

fn picture_size(text: &str) -> Result<FrameSize, String> {
    let side = |text: &str| text.parse().ok().filter(|side| (16..=16_384).contains(side));
    let sides = text.split_once('x').and_then(|(width, height)| Some((side(width)?, side(height)?)));
    sides.map(|(width, height)| FrameSize::new(width, height)).ok_or_else(|| "a size in pixels is needed, such as 1280x720".to_owned())
}

/// Frames in order.
pub(super) enum Recording {
    Film(Box<FileFrames>),
    Detections(BlankFrames),
}

impl Recording {
    /// Whether there is something to see in its frames.
    pub(super) fn has_pictures(&self) -> bool {
        matches!(self, Self::Film(_))
    }

    /// Frames a second.
    pub(super) fn frame_rate(&self) -> f64 {
        match self {
            Self::Film(film) => film.frame_rate(),
            Self::Detections(frames) => frames.frame_rate(),
        }
    }

    /// About how many frames will come.
    pub(super) fn frame_count(&self) -> Option<u64> {
        match self {
            Self::Film(film) => film.frame_count(),
            Self::Detections(frames) => Some(frames.frame_count()),
        }
    }
}

impl Iterator for Recording {
    type Item = Result<Frame, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Film(film) => film.next(),
            Self::Detections(frames) => frames.next().map(Ok),
        }
    }
}

/// A recording, and the way of looking at it.
pub(super) type Opened = (Recording, Box<dyn Detector>, TrackSettings);

impl RecordingArgs {
    /// Opens what is named; it begins at `start`.
    ///
    /// # Errors
    /// A film or detections that cannot be read, a model that cannot be opened.
    pub(super) fn open(&self, camera: &CameraSettings, detector: &DetectorSettings, start: WallTime) -> Result<Opened> {
        match (&self.input, &self.detections, self.size, self.fps) {
            (Some(film), ..) => {
                let film = FileFrames::open(film, start)?;
                let (detector, track) = look(camera, pool(detector, camera)?.as_ref());
                Ok((Recording::Film(Box::new(film)), detector, track))
            }
            (None, Some(path), Some(size), Some(fps)) => {
                let detector = recorded(path)?;
                let frames = BlankFrames::new(size, fps, detector.last_frame(), start);
                Ok((Recording::Detections(frames), Box::new(detector), camera.track.clone()))
            }
            _ => unreachable!("the command line asks for a film, or for detections with their rate and size"),
        }
    }
}

fn recorded(path: &Path) -> Result<RecordedDetector> {
    let found = read_detections(path)?;
    Ok(RecordedDetector::new(found.into_iter().map(|found| (u64::from(found.frame), found.detection)).collect()))
}

fn pool(settings: &DetectorSettings, camera: &CameraSettings) -> Result<Option<Arc<Pool>>> {
    let is_drawn = matches!(camera.source, SourceSettings::Simulated { .. });
    Ok(if is_drawn { None } else { Some(Pool::open(settings)?) })
}
