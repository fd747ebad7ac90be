//! Why a device does not tell its stream, in words somebody in front of it can act on.

use std::time::Duration;

/// What went wrong with a device. None ever holds a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnvifError {
    /// No connection.
    #[error("no connection to its ONVIF service ({})", .0.kind())]
    NoConnection(#[source] std::io::Error),
    /// No answer in time.
    #[error("no answer from its ONVIF service within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// Something else than HTTP, or a connection that broke.
    #[error("what listens there does not answer as an ONVIF service")]
    NotHttp,
    /// More than anybody has to say.
    #[error("its answer is longer than {0} bytes")]
    TooLong(usize),
    /// An HTTP status without an explanation.
    #[error("its ONVIF service answered with status {0}")]
    Answered(u16),
    /// User or password.
    #[error("its ONVIF service refuses user or password")]
    Unauthorized,
    /// A refusal with a reason.
    #[error("its ONVIF service refused: {0}")]
    Refused(String),
    /// Not the document that was asked for.
    #[error("its ONVIF service answered something that is not understood")]
    NotUnderstood,
    /// Nothing to look at.
    #[error("it has no profile with pictures")]
    NoProfile,
    /// No address of a stream.
    #[error("it tells no rtsp:// address of its stream")]
    NoStream,
}

impl OnvifError {
    /// What to do about it, one sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoConnection(_) | Self::TimedOut(_) => "check the address and that ONVIF is switched on in the camera",
            Self::NotHttp | Self::NotUnderstood | Self::TooLong(_) => {
                "check that the address is the camera's ONVIF service, or write its rtsp:// address"
            }
            Self::Unauthorized => "many makers keep accounts for ONVIF apart: add one in the camera, or write its rtsp:// address",
            Self::Answered(_) | Self::Refused(_) => "write the camera's rtsp:// address instead; its manual or its web page tells it",
            Self::NoProfile | Self::NoStream => "check the video profiles in the camera, or write its rtsp:// address",
        }
    }
}
