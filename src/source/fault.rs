//! Why a source gives no pictures, in words somebody in front of a camera can act on.

use std::path::PathBuf;
use std::time::Duration;

use crate::base::id::Slug;

/// What went wrong with a camera. Each has a [`Fault::hint`]; none ever holds a password.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The name has no address.
    #[error("its host name is unknown")]
    UnknownHost,
    /// The host answered that nothing listens there.
    #[error("connection refused")]
    Refused,
    /// No way to the host.
    #[error("its host cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("no answer to {step} within {} s", after.as_secs_f32())]
    TimedOut {
        /// What was being done.
        step: Step,
        /// How long was waited.
        after: Duration,
    },
    /// 401: user or password.
    #[error("it refuses user or password (401)")]
    Unauthorized,
    /// 404: no such stream.
    #[error("it has no stream at this path (404)")]
    NotFound,
    /// Another refusal.
    #[error("it answered with status {status}")]
    Answered {
        /// RTSP status code (RFC 2326, section 7.1.1).
        status: u16,
    },
    /// It sends pictures, but not as H.264, H.265 or JPEG.
    #[error("its picture format {offered} is not supported")]
    CodecNotSupported {
        /// What the camera offers.
        offered: String,
    },
    /// It offers no pictures at all.
    #[error("it offers no picture stream")]
    NoVideo,
    /// Pictures come, but none that decoding could begin with.
    #[error("no key frame within {} s", after.as_secs())]
    NoKeyFrame {
        /// How long was waited.
        after: Duration,
    },
    /// Connected, but no picture came.
    #[error("no picture for {:.1} s", after.as_secs_f32())]
    Stalled {
        /// How long was waited.
        after: Duration,
    },
    /// The camera closed the connection.
    #[error("it closed the connection")]
    Ended,
    /// Anything else in the conversation.
    #[error("the conversation failed: {detail}")]
    Protocol {
        /// The library's words, one line.
        detail: String,
    },
    /// The decoder does not know this stream.
    #[error("{detail}")]
    NotDecodable {
        /// The decoder's words.
        detail: String,
    },
}

/// A step of the conversation with a camera.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Name to address.
    Lookup,
    /// Connecting and DESCRIBE.
    Describe,
    /// SETUP.
    Setup,
    /// PLAY.
    Play,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lookup => "the name lookup",
            Self::Describe => "DESCRIBE",
            Self::Setup => "SETUP",
            Self::Play => "PLAY",
        })
    }
}

impl Fault {
    /// What to do about it, one sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnknownHost => "check the host name in the camera's url, or use its address",
            Self::Refused => "check the port (usually 554) and that RTSP is switched on in the camera",
            Self::Unreachable => "check that the camera has power and that this box has a route to its network",
            Self::TimedOut { step: Step::Lookup, .. } => "check the name server of this box, or use the camera's address",
            Self::TimedOut { .. } => "check the camera's address and power; a camera that hangs needs a restart",
            Self::Unauthorized => "set user and password of an account that may view the stream",
            Self::NotFound => "check the path in the url: each maker has its own, see the camera's manual or its ONVIF page",
            Self::Answered { status: 461 } => "the camera refuses this transport: set `transport` to the other one",
            Self::Answered { status: 403 } => "give the account the right to view the stream",
            Self::Answered { status: 453 | 503 } => "the camera is busy: close other viewers or use its second stream",
            Self::Answered { .. } => "look the status up in the camera's log; a restart of the camera often helps",
            Self::CodecNotSupported { .. } => "set the camera's encoder to H.264 or H.265",
            Self::NoVideo => "check that the path leads to a picture stream, not to sound or metadata",
            Self::NoKeyFrame { .. } => "set the camera's key-frame interval (I-frame interval, GOP) to 2 s",
            Self::Stalled { .. } => "check the network between camera and box; with udp, try `transport = \"tcp\"`",
            Self::Ended => "if this repeats, the camera restarts or allows too few viewers",
            Self::Protocol { .. } => "update the camera's firmware; with udp, try `transport = \"tcp\"`",
            Self::NotDecodable { .. } => "set the camera's encoder to H.264 main profile, 8 bit",
        }
    }
}

/// Why a source could not be opened or ended before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The file is not there or may not be read.
    #[error("film {} cannot be opened; check the path and that this user may read it", path.display())]
    NoFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds nothing that can be shown.
    #[error("{} is not a film that can be read: {detail}; try to play it with ffplay", path.display())]
    NotAFilm {
        /// Which.
        path: PathBuf,
        /// The library's words.
        detail: String,
    },
    /// The film ended before its own end. What came before is good.
    #[error("{} is cut off: {delivered} of about {expected} frames could be read; copy the file again", path.display())]
    CutOff {
        /// Which.
        path: PathBuf,
        /// Frames that came.
        delivered: u64,
        /// Frames the file promised.
        expected: u64,
    },
    /// A thread could not be started.
    #[error("camera `{}`: no thread can be started; check the limit of processes", camera.as_str())]
    NoThread {
        /// Which camera.
        camera: Slug,
        /// Why.
        source: std::io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_what_it_waited_for_and_what_to_do() {
        let fault = Fault::TimedOut { step: Step::Describe, after: Duration::from_millis(2500) };
        assert_eq!(fault.to_string(), "no answer to DESCRIBE within 2.5 s");
        assert_eq!(fault.hint(), "check the camera's address and power; a camera that hangs needs a restart");
    }
}
