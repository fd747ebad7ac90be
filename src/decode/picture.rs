//! A picture in libavcodec's own buffer, lent out without copying, and libswscale for the formats that are not planar 4:2:0.

use ffmpeg::format::Pixel;
use ffmpeg::frame::Video as AvFrame;
use ffmpeg::software::scaling::{Context as Scaler, Flags as Scaling};
use ffmpeg::{Error, color};

use super::frame::{ColourMatrix, ColourRange, Picture, Planes};
use crate::base::geom::FrameSize;

/// A planar 4:2:0 picture of 8 bits. Invariant, checked in [`AvPicture::new`]: three planes, positive strides at least as long as a row.
pub(super) struct AvPicture {
    frame: AvFrame,
    range: ColourRange,
    matrix: ColourMatrix,
}

impl AvPicture {
    /// Takes the frame, or gives it back when it is in another format.
    pub(super) fn new(frame: AvFrame) -> Result<Self, AvFrame> {
        let (range, matrix) = (range_of(&frame), matrix_of(&frame));
        if is_planar_420(&frame) { Ok(Self { frame, range, matrix }) } else { Err(frame) }
    }
}

impl Picture for AvPicture {
    fn planes(&self) -> Planes<'_> {
        Planes {
            size: FrameSize::new(self.frame.width(), self.frame.height()),
            y: self.frame.data(0),
            u: self.frame.data(1),
            v: self.frame.data(2),
            y_stride: self.frame.stride(0),
            uv_stride: self.frame.stride(1),
            range: self.range,
            matrix: self.matrix,
        }
    }
}

fn is_planar_420(frame: &AvFrame) -> bool {
    // SAFETY: `frame` owns a live AVFrame; plain numbers and pointers are read, none is followed.
    let (lines, data) = unsafe { ((*frame.as_ptr()).linesize, (*frame.as_ptr()).data) };
    let (width, half) = (frame.width() as i32, frame.width().div_ceil(2) as i32);
    let long_enough = lines[0] >= width && lines[1] >= half && lines[1] == lines[2];
    let filled = data[..3].iter().all(|plane| !plane.is_null()) && width > 0 && frame.height() > 0;
    matches!(frame.format(), Pixel::YUV420P | Pixel::YUVJ420P) && long_enough && filled
}

fn range_of(frame: &AvFrame) -> ColourRange {
    if frame.format() == Pixel::YUVJ420P || frame.color_range() == color::Range::JPEG { ColourRange::Full } else { ColourRange::Limited }
}

/// Where the stream does not say, BT.601: what OpenCV assumes of every film, and with it whoever trained on its pictures.
fn matrix_of(frame: &AvFrame) -> ColourMatrix {
    match frame.color_space() {
        color::Space::BT709 | color::Space::BT2020NCL | color::Space::BT2020CL => ColourMatrix::Bt709,
        _ => ColourMatrix::Bt601,
    }
}

/// Turns one format and size into planar 4:2:0.
pub(super) struct Converter {
    scaler: Scaler,
}

// SAFETY: an SwsContext has no tie to a thread; it is only ever used through `&mut self`.
unsafe impl Send for Converter {}

impl Converter {
    pub(super) fn new(like: &AvFrame) -> Result<Self, Error> {
        let (from, width, height) = (like.format(), like.width(), like.height());
        // The JPEG formats hold full-range luma by name: kept, so that nothing is rescaled and rounded.
        let to = match from {
            Pixel::YUVJ422P | Pixel::YUVJ444P | Pixel::YUVJ440P | Pixel::YUVJ411P | Pixel::YUVJ420P => Pixel::YUVJ420P,
            _ => Pixel::YUV420P,
        };
        Ok(Self { scaler: Scaler::get(from, width, height, to, width, height, Scaling::BILINEAR)? })
    }

    pub(super) fn fits(&self, frame: &AvFrame) -> bool {
        let input = self.scaler.input();
        (input.format, input.width, input.height) == (frame.format(), frame.width(), frame.height())
    }

    pub(super) fn convert(&mut self, frame: &AvFrame) -> Result<AvPicture, Error> {
        let mut out = AvFrame::empty();
        self.scaler.run(frame, &mut out)?;
        let matrix = if out_of_rgb(frame) { ColourMatrix::Bt601 } else { matrix_of(frame) };
        let range = if out.format() == Pixel::YUVJ420P || (range_of(frame) == ColourRange::Full && !out_of_rgb(frame)) {
            ColourRange::Full
        } else {
            ColourRange::Limited
        };
        let picture = AvPicture::new(out).map_err(|_| Error::InvalidData)?;
        Ok(AvPicture { range, matrix, ..picture })
    }
}

/// RGB and grey become limited-range BT.601, which is libswscale's default for them.
fn out_of_rgb(frame: &AvFrame) -> bool {
    frame.color_space() == color::Space::RGB
        || matches!(frame.format(), Pixel::GRAY8 | Pixel::RGB24 | Pixel::BGR24 | Pixel::RGBA | Pixel::BGRA | Pixel::PAL8 | Pixel::GBRP)
}
