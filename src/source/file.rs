//! A recorded film as a source: every frame, in order, as fast as it decodes. The same file gives the same frames in every run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fault::SourceError;
use crate::base::geom::FrameSize;
use crate::base::time::{MediaTime, Stamp, WallTime};
use crate::decode::{Film, Frame};

/// Where a file says neither frame rate nor times.
const ASSUMED_RATE: f64 = 25.0;
/// An index counts exactly, a duration times a rate about: this share may be missing before a film counts as cut off.
const MISSING_SHARE: f64 = 0.02;

/// The frames of a film, numbered from 1, media time from zero.
pub struct FileFrames {
    path: PathBuf,
    film: Film,
    start_wall: WallTime,
    session: u32,
    interval: Duration,
    origin_secs: Option<f64>,
    last: Option<MediaTime>,
    delivered: u64,
    ended: bool,
}

impl FileFrames {
    /// Opens the film; its first frame was taken at `start_wall`.
    ///
    /// # Errors
    /// [`SourceError::NoFile`] or [`SourceError::NotAFilm`].
    pub fn open(path: &Path, start_wall: WallTime) -> Result<Self, SourceError> {
        // Asked here for the system's own words: libav has one sentence for everything.
        let readable = std::fs::File::open(path).and_then(|file| file.metadata()).and_then(|about| match about.is_dir() {
            true => Err(std::io::ErrorKind::IsADirectory.into()),
            false => Ok(()),
        });
        readable.map_err(|source| SourceError::NoFile { path: path.to_owned(), source })?;
        let film = Film::open(path).map_err(|error| SourceError::NotAFilm { path: path.to_owned(), detail: error.to_string() })?;
        let interval = Duration::from_secs_f64(1.0 / film.frame_rate().unwrap_or(ASSUMED_RATE).clamp(0.01, 1000.0));
        Ok(Self {
            path: path.to_owned(),
            film,
            start_wall,
            session: 1,
            interval,
            origin_secs: None,
            last: None,
            delivered: 0,
            ended: false,
        })
    }

    /// Numbers its frames as a later session: a film that is shown once more.
    #[must_use]
    pub fn in_session(self, session: u32) -> Self {
        Self { session, ..self }
    }

    /// Frames a second, by the file's account.
    pub fn frame_rate(&self) -> f64 {
        1.0 / self.interval.as_secs_f64()
    }

    /// About how many frames will come: exact where the file has an index (mp4, avi).
    pub fn frame_count(&self) -> Option<u64> {
        let by_duration = || self.film.duration().map(|duration| (duration.as_secs_f64() * self.frame_rate()).round() as u64);
        self.film.frames_in_index().or_else(by_duration)
    }

    /// libav's name of the codec.
    pub fn codec(&self) -> &str {
        self.film.codec()
    }

    /// Size in the file's header.
    pub fn size(&self) -> FrameSize {
        self.film.size()
    }

    /// Packets the decoder refused so far.
    pub fn decode_errors(&self) -> u64 {
        self.film.errors()
    }

    /// Media time of a picture that the file presents at `secs`: never standing still, never backwards.
    fn media(&mut self, secs: Option<f64>) -> MediaTime {
        let origin = *self.origin_secs.get_or_insert(secs.unwrap_or_default());
        let told = secs.map(|secs| MediaTime::from_secs_f64(secs - origin));
        let media = match (self.last, told) {
            (None, _) => MediaTime::ZERO,
            (Some(last), Some(told)) if told > last => told,
            (Some(last), _) => last + self.interval,
        };
        self.last = Some(media);
        media
    }

    /// What is to be said at the end: nothing, or that the film is not whole.
    fn verdict(&self) -> Option<SourceError> {
        let path = self.path.clone();
        if self.delivered == 0 {
            return Some(SourceError::NotAFilm { path, detail: "not one picture could be decoded".into() });
        }
        let expected = self.frame_count()?;
        let missing = expected.saturating_sub(self.delivered) as f64;
        // A few frames more or less are rounding, or an encoder that counted what it never wrote.
        let cut_off = missing > 3.0 && missing > expected as f64 * MISSING_SHARE;
        cut_off.then_some(SourceError::CutOff { path, delivered: self.delivered, expected })
    }
}

impl Iterator for FileFrames {
    type Item = Result<Frame, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let Some(picture) = self.film.next_picture() else {
            self.ended = true;
            return self.verdict().map(Err);
        };
        self.delivered += 1;
        let media = self.media(picture.seconds);
        let stamp = Stamp { media, wall: self.start_wall + media.since(MediaTime::ZERO) };
        Some(Ok(picture.into_frame(stamp, self.session, self.delivered)))
    }
}
