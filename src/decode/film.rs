//! Recorded films: libavformat takes the file apart, libavcodec decodes its picture track.
//!
//! Only for files somebody put on this box. Bytes of a camera never reach libavformat: its demuxers are the larger part to attack.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use ffmpeg::format::context::Input;
use ffmpeg::{Error, Packet, Rational, media};

use super::frame::Frame;
use super::libav::{Codec, Decoded, Sent, silence};
use crate::base::geom::FrameSize;
use crate::base::time::Stamp;

/// Why a file cannot be shown.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FilmError(String);

/// An open film, decoded one picture after the other in the order they are shown.
pub struct Film {
    input: Input,
    track: usize,
    time_base: f64,
    codec: Codec,
    ended: bool,
    facts: FilmFacts,
    errors: u64,
}

/// What the file says about itself.
#[derive(Clone, PartialEq, Debug)]
struct FilmFacts {
    codec: String,
    size: FrameSize,
    frame_rate: Option<f64>,
    frames: Option<u64>,
    duration: Option<Duration>,
}

/// One picture that does not know its place in time yet.
pub struct FilmPicture {
    /// Seconds on the film's own clock, when the file says.
    pub seconds: Option<f64>,
    decoded: Decoded,
}

impl FilmPicture {
    /// The frame, with its time.
    pub fn into_frame(self, stamp: Stamp, session: u32, number: u64) -> Frame {
        self.decoded.into_frame(stamp, session, number, false)
    }
}

impl Film {
    /// Opens the best picture track of the file.
    ///
    /// # Errors
    /// [`FilmError`] in libav's words, when this is no film or its codec is unknown.
    pub fn open(path: &Path) -> Result<Self, FilmError> {
        silence();
        // `file:` so that a name with a colon is never taken for a network protocol.
        let mut name = OsString::from("file:");
        name.push(path);
        let input = ffmpeg::format::input(name).map_err(in_words)?;
        // A plain text file is an "ANSI art film" for libavformat.
        if input.format().name() == "tty" {
            return Err(FilmError("it holds text".into()));
        }
        let track = input.streams().best(media::Type::Video).ok_or_else(|| FilmError("it holds no picture track".into()))?;
        let codec = Codec::open_film(track.parameters()).map_err(in_words)?;
        let facts = FilmFacts {
            codec: track.parameters().id().name().to_owned(),
            size: FrameSize::new(track.parameters().width(), track.parameters().height()),
            frame_rate: rate(track.avg_frame_rate()).or_else(|| rate(track.rate())),
            frames: u64::try_from(track.frames()).ok().filter(|&frames| frames > 0),
            duration: u64::try_from(input.duration()).ok().filter(|&micros| micros > 0).map(Duration::from_micros),
        };
        let (track, time_base) = (track.index(), f64::from(track.time_base()));
        Ok(Self { input, track, time_base, codec, ended: false, facts, errors: 0 })
    }

    /// Frames a second, when the file says.
    pub fn frame_rate(&self) -> Option<f64> {
        self.facts.frame_rate
    }

    /// How many frames the file's index lists; exact in mp4 and avi, absent in mkv.
    pub fn frames_in_index(&self) -> Option<u64> {
        self.facts.frames
    }

    /// How long the file says it is.
    pub fn duration(&self) -> Option<Duration> {
        self.facts.duration
    }

    /// libav's name of the codec.
    pub fn codec(&self) -> &str {
        &self.facts.codec
    }

    /// Size in the file's header.
    pub fn size(&self) -> FrameSize {
        self.facts.size
    }

    /// Packets libavcodec refused so far.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// The next picture; `None` at the end. What cannot be decoded is counted and skipped.
    pub fn next_picture(&mut self) -> Option<FilmPicture> {
        loop {
            match self.codec.receive() {
                Ok(Some(decoded)) => {
                    let seconds = decoded.best_pts.map(|pts| pts as f64 * self.time_base);
                    return Some(FilmPicture { seconds, decoded });
                }
                Ok(None) if self.ended => return None,
                Ok(None) => self.feed(),
                Err(_) => {
                    self.errors += 1;
                    if self.ended {
                        return None;
                    }
                    self.feed();
                }
            }
        }
    }

    /// Gives the decoder the next packet of the track, or the end.
    fn feed(&mut self) {
        match self.next_packet() {
            Some(packet) => self.errors += u64::from(self.codec.send(&packet) != Ok(Sent::Taken)),
            None => {
                self.ended = true;
                self.errors += u64::from(self.codec.send_end().is_err());
            }
        }
    }

    fn next_packet(&mut self) -> Option<Packet> {
        // A damaged file can fail again and again without moving on.
        const MOST_FAILURES: u32 = 100;
        let mut failures = 0;
        loop {
            let mut packet = Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() == self.track => return Some(packet),
                Ok(()) => {}
                Err(Error::Eof) => return None,
                Err(_) if failures == MOST_FAILURES => return None,
                Err(_) => {
                    failures += 1;
                    self.errors += 1;
                }
            }
        }
    }
}

fn rate(rational: Rational) -> Option<f64> {
    let rate = f64::from(rational);
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

fn in_words(error: Error) -> FilmError {
    FilmError(match error {
        Error::InvalidData => "no film format that is known, or cut off before its index".into(),
        Error::DecoderNotFound => "no decoder for its codec".into(),
        other => other.to_string().to_lowercase(),
    })
}
