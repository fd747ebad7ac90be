//! Hardware that decodes, by the names that libavcodec gives its wrappers of it (`h264_v4l2m2m`, `hevc_rkmpp`, …).

use ffmpeg::codec::Context;
use ffmpeg::frame::Video as AvFrame;
use ffmpeg::{Error, ffi};

use super::access_unit::VideoCodec;
use crate::base::hardware::HardwareDecoder;

/// A context for the wrapper, not yet open.
///
/// # Errors
/// When this libavcodec was built without it, or it does not do the codec. A missing device is told on opening.
pub(super) fn context(hardware: HardwareDecoder, codec: VideoCodec) -> Result<Context, Error> {
    let codec = match codec {
        VideoCodec::H264 => "h264",
        VideoCodec::H265 => "hevc",
        VideoCodec::Jpeg => "mjpeg",
    };
    let found = ffmpeg::decoder::find_by_name(&format!("{codec}_{hardware}")).ok_or(Error::DecoderNotFound)?;
    let mut context = Context::new_with_codec(found);
    // SAFETY: the context is alive and not yet open, which is when this plain value may be set. Presentation times travel through the device
    // in microseconds; with this unit they come back as they went in.
    unsafe { (*context.as_mut_ptr()).pkt_timebase = ffi::AVRational { num: 1, den: 1_000_000 } };
    Ok(context)
}

/// The picture in memory of its own. A device's buffers are few, and must be given back on the decoder's thread while the device is open.
///
/// # Errors
/// When the device does not give it out.
pub(super) fn in_memory(frame: &AvFrame) -> Result<AvFrame, Error> {
    // SAFETY: `frame` owns a live AVFrame; a pointer is read, not followed.
    let is_mapped = unsafe { (*frame.as_ptr()).hw_frames_ctx.is_null() };
    let mut copy = if is_mapped { AvFrame::new(frame.format(), frame.width(), frame.height()) } else { AvFrame::empty() };
    // SAFETY: both frames are alive for the call. The copy has, or gets, buffers of its own, which it frees when dropped; the first has the
    // format and size of what is copied into it.
    let done = unsafe {
        match is_mapped {
            true => ffi::av_frame_copy(copy.as_mut_ptr(), frame.as_ptr()),
            false => ffi::av_hwframe_transfer_data(copy.as_mut_ptr(), frame.as_ptr(), 0),
        }
    };
    // SAFETY: the same two frames; only plain properties (colours, times) are copied.
    let done = if done < 0 { done } else { unsafe { ffi::av_frame_copy_props(copy.as_mut_ptr(), frame.as_ptr()) } };
    if done < 0 { Err(Error::from(done)) } else { Ok(copy) }
}
