//! One compressed picture on its way from a camera to the decoder.

use std::sync::Arc;

use bytes::Bytes;

use super::nal;
use crate::base::time::Stamp;

/// How a camera compresses. What else exists is refused by name when connecting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VideoCodec {
    /// ITU-T H.264, AVC.
    H264,
    /// ITU-T H.265, HEVC.
    H265,
    /// Every picture a JPEG (RFC 2435).
    Jpeg,
}

impl std::fmt::Display for VideoCodec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::H265 => "H.265",
            Self::Jpeg => "JPEG",
        })
    }
}

/// What a decoder must know before the first picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamParameters {
    /// How pictures are compressed.
    pub codec: VideoCodec,
    /// VPS, SPS and PPS with Annex B start codes; empty for JPEG. Without them one lost key frame costs every picture until the camera
    /// repeats the sets, which an H.265 camera may never do.
    pub sets: Bytes,
}

/// One compressed picture with everything the decoder needs to know about it.
#[derive(Clone, Debug)]
pub struct AccessUnit {
    /// NAL units with Annex B start codes, or one JPEG.
    pub data: Bytes,
    /// When it was taken.
    pub stamp: Stamp,
    /// Counts connections: what decodes this unit cannot refer to a unit of another one.
    pub connection: u32,
    /// Counts stretches of time whose stamps compare, from 1.
    pub session: u32,
    /// Number in its source, from 1.
    pub number: u64,
    /// Whether anything between this unit and the one before was lost, on the network or by skipping.
    pub after_loss: bool,
    /// Shared by the units of a stretch: a unit that is skipped must not take a parameter change with it.
    pub parameters: Arc<StreamParameters>,
}

impl AccessUnit {
    /// Whether decoding can begin here (IDR, CRA, BLA, recovery point). Reads only as far as the first slice.
    pub fn is_random_access(&self) -> bool {
        nal::is_random_access(self.parameters.codec, &self.data)
    }
}
