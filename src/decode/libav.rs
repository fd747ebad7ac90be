//! libavcodec behind a safe type: packets in, pictures out.

use std::sync::Once;

use ffmpeg::codec::decoder::Video;
use ffmpeg::codec::{Context, Flags, ParametersRef, threading};
use ffmpeg::frame::Video as AvFrame;
use ffmpeg::{Error, Packet, ffi};

use super::access_unit::{StreamParameters, VideoCodec};
use super::frame::Frame;
#[cfg(feature = "hardware-decoding")]
use super::hardware::{context as in_hardware, in_memory};
use super::picture::{AvPicture, Converter};
use crate::base::hardware::HardwareDecoder;
use crate::base::time::Stamp;

/// Larger pictures are refused: a damaged or hostile parameter set must not ask for gigabytes. 8K UHD is 33 million.
const MAX_PIXELS: i64 = 36_000_000;

/// What turns packets into pictures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DecodedBy {
    Processor,
    Hardware(HardwareDecoder),
}

/// What became of a packet.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sent {
    Taken,
    /// Pictures must be received before it can be taken.
    Full,
}

/// An open decoder of libavcodec: one thread, damaged pictures given out and flagged instead of hidden.
pub(super) struct Codec {
    video: Video,
    by: DecodedBy,
    converter: Option<Converter>,
    scratch: AvFrame,
}

/// A picture as it left the decoder.
pub(super) struct Decoded {
    /// Presentation time of the very packet it came from, in the unit the packets had.
    pub(super) pts: Option<i64>,
    /// The same, guessed from decoding times where a film has no presentation times.
    pub(super) best_pts: Option<i64>,
    /// Whether the decoder noticed damage.
    pub(super) damaged: bool,
    picture: AvPicture,
}

impl Decoded {
    pub(super) fn into_frame(self, stamp: Stamp, session: u32, number: u64, damaged: bool) -> Frame {
        Frame::new(stamp, session, number, damaged || self.damaged, Box::new(self.picture))
    }
}

impl Codec {
    /// For a live stream: a picture without later ones to wait for comes out at once.
    pub(super) fn open_live(parameters: &StreamParameters, by: DecodedBy) -> Result<Self, Error> {
        let mut context = match by {
            DecodedBy::Processor => in_software(parameters.codec)?,
            DecodedBy::Hardware(hardware) => in_hardware(hardware, parameters.codec)?,
        };
        set_extradata(&mut context, &parameters.sets)?;
        Self::open(context, Flags::LOW_DELAY | Flags::OUTPUT_CORRUPT, by)
    }

    /// For a recorded film: pictures come out in the order they are shown.
    pub(super) fn open_film(parameters: ParametersRef<'_>) -> Result<Self, Error> {
        Self::open(Context::from_parameters(parameters)?, Flags::OUTPUT_CORRUPT, DecodedBy::Processor)
    }

    /// What decodes.
    pub(super) fn by(&self) -> DecodedBy {
        self.by
    }

    fn open(mut context: Context, flags: Flags, by: DecodedBy) -> Result<Self, Error> {
        silence();
        context.set_flags(flags);
        // One thread a camera: cheapest in total CPU, and slice and frame threads are where damaged streams crash decoders.
        context.set_threading(threading::Config::count(1));
        // SAFETY: the context is alive and not yet open, which is when this plain number may be set.
        unsafe { (*context.as_mut_ptr()).max_pixels = MAX_PIXELS };
        Ok(Self { video: context.decoder().video()?, by, converter: None, scratch: AvFrame::empty() })
    }

    /// Gives one packet to the decoder.
    pub(super) fn send(&mut self, packet: &Packet) -> Result<Sent, Error> {
        match self.video.send_packet(packet) {
            Ok(()) => Ok(Sent::Taken),
            Err(error) if is_not_now(error) => Ok(Sent::Full),
            Err(error) => Err(error),
        }
    }

    /// Says that nothing more comes; what is still inside can then be received.
    pub(super) fn send_end(&mut self) -> Result<(), Error> {
        self.video.send_eof()
    }

    /// Forgets everything it has seen, keeps the parameter sets.
    pub(super) fn forget(&mut self) {
        self.video.flush();
    }

    /// The next picture; `None` when another packet is needed, or after the end.
    pub(super) fn receive(&mut self) -> Result<Option<Decoded>, Error> {
        match self.video.receive_frame(&mut self.scratch) {
            Ok(()) => {}
            Err(error) if error == Error::Eof || is_not_now(error) => return Ok(None),
            Err(error) => return Err(error),
        }
        let frame = std::mem::replace(&mut self.scratch, AvFrame::empty());
        // SAFETY: the frame was just filled by the decoder; both are plain numbers.
        let flags = unsafe { (*frame.as_ptr()).decode_error_flags };
        let damaged = frame.is_corrupt() || flags != 0;
        let frame = if self.by == DecodedBy::Processor { frame } else { in_memory(&frame)? };
        let (pts, best_pts) = (frame.pts(), frame.timestamp());
        Ok(Some(Decoded { pts, best_pts, damaged, picture: self.as_planar_420(frame)? }))
    }

    fn as_planar_420(&mut self, frame: AvFrame) -> Result<AvPicture, Error> {
        let frame = match AvPicture::new(frame) {
            Ok(picture) => return Ok(picture),
            Err(other_format) => other_format,
        };
        if !self.converter.as_ref().is_some_and(|converter| converter.fits(&frame)) {
            self.converter = Some(Converter::new(&frame)?);
        }
        self.converter.as_mut().expect("made just above").convert(&frame)
    }
}

/// A packet with `data`, presented at `pts`.
pub(super) fn packet(data: &[u8], pts: i64) -> Packet {
    let mut packet = Packet::copy(data);
    packet.set_pts(Some(pts));
    packet
}

/// libavcodec writes to standard error, once a damaged macroblock row: errors are counted here instead.
pub(super) fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| ffmpeg::util::log::set_level(ffmpeg::util::log::Level::Fatal));
}

/// "Give me more first" when receiving, "take something out first" when sending.
fn is_not_now(error: Error) -> bool {
    matches!(error, Error::Other { errno } if std::io::Error::from_raw_os_error(errno).kind() == std::io::ErrorKind::WouldBlock)
}

fn in_software(codec: VideoCodec) -> Result<Context, Error> {
    let id = match codec {
        VideoCodec::H264 => ffmpeg::codec::Id::H264,
        VideoCodec::H265 => ffmpeg::codec::Id::HEVC,
        VideoCodec::Jpeg => ffmpeg::codec::Id::MJPEG,
    };
    ffmpeg::decoder::find(id).map(Context::new_with_codec).ok_or(Error::DecoderNotFound)
}

#[cfg(not(feature = "hardware-decoding"))]
fn in_hardware(_: HardwareDecoder, _: VideoCodec) -> Result<Context, Error> {
    Err(Error::DecoderNotFound)
}

#[cfg(not(feature = "hardware-decoding"))]
fn in_memory(_: &AvFrame) -> Result<AvFrame, Error> {
    Err(Error::DecoderNotFound)
}

fn set_extradata(context: &mut Context, sets: &[u8]) -> Result<(), Error> {
    if sets.is_empty() {
        return Ok(());
    }
    let too_long = |_| Error::InvalidData;
    let size = i32::try_from(sets.len()).map_err(too_long)?;
    // SAFETY: libavcodec wants extradata allocated by av_malloc, followed by zeroed padding, and frees it with the context. The copy
    // stays inside the allocation, which is `sets.len()` plus the padding long.
    unsafe {
        let memory = ffi::av_mallocz(sets.len() + ffi::AV_INPUT_BUFFER_PADDING_SIZE as usize).cast::<u8>();
        if memory.is_null() {
            return Err(Error::Unknown);
        }
        std::ptr::copy_nonoverlapping(sets.as_ptr(), memory, sets.len());
        let context = context.as_mut_ptr();
        (*context).extradata = memory;
        (*context).extradata_size = size;
    }
    Ok(())
}
