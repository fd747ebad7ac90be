//! One decoded picture, shared without copying.

use std::sync::Arc;

use crate::base::geom::FrameSize;
use crate::base::time::Stamp;

/// A decoded picture with its time. Cloning shares the pixels.
#[derive(Clone)]
pub struct Frame {
    shared: Arc<Shared>,
}

struct Shared {
    stamp: Stamp,
    session: u32,
    number: u64,
    damaged: bool,
    size: FrameSize,
    picture: Box<dyn Picture>,
}

/// Where the pixels live: libavcodec's buffer, or our own memory for drawn scenes and tests.
pub(super) trait Picture: Send + Sync {
    fn planes(&self) -> Planes<'_>;
}

impl Frame {
    pub(super) fn new(stamp: Stamp, session: u32, number: u64, damaged: bool, picture: Box<dyn Picture>) -> Self {
        let size = picture.planes().size;
        Self { shared: Arc::new(Shared { stamp, session, number, damaged, size, picture }) }
    }

    /// A frame from bytes that are already there.
    ///
    /// # Panics
    /// When a plane is too short: that is a mistake of the caller, not of a camera.
    pub fn from_i420(stamp: Stamp, session: u32, number: u64, picture: I420) -> Self {
        let size = picture.size;
        let chroma = (size.width.div_ceil(2) * size.height.div_ceil(2)) as usize;
        let is_whole = picture.y.len() >= (size.width * size.height) as usize && picture.u.len() >= chroma && picture.v.len() >= chroma;
        assert!(is_whole, "short plane");
        Self::new(stamp, session, number, false, Box::new(picture))
    }

    /// When it was taken.
    pub fn stamp(&self) -> Stamp {
        self.shared.stamp
    }

    /// Counts showings of a film, and a camera's long interruptions: media times compare within one session only.
    pub fn session(&self) -> u32 {
        self.shared.session
    }

    /// Number of the frame in its source, from 1, counting also frames nobody analysed.
    pub fn number(&self) -> u64 {
        self.shared.number
    }

    /// Whether the decoder or the network reported damage in this picture.
    pub fn is_damaged(&self) -> bool {
        self.shared.damaged
    }

    /// Width and height in pixels.
    pub fn size(&self) -> FrameSize {
        self.shared.size
    }

    /// The pixels.
    pub fn planes(&self) -> Planes<'_> {
        self.shared.picture.planes()
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame {{ number: {}, {}, {:?} }}", self.number(), self.size(), self.stamp().media)
    }
}

/// Planar 4:2:0 pixels, 8 bits, borrowed from a frame. Row `r` of a plane starts at `r * stride`.
#[derive(Clone, Copy)]
pub struct Planes<'a> {
    /// Size of the luma plane; chroma planes are half, rounded up.
    pub size: FrameSize,
    /// Luma.
    pub y: &'a [u8],
    /// Blue difference.
    pub u: &'a [u8],
    /// Red difference.
    pub v: &'a [u8],
    /// Bytes from one luma row to the next.
    pub y_stride: usize,
    /// Bytes from one chroma row to the next, both planes.
    pub uv_stride: usize,
    /// How luma is scaled.
    pub range: ColourRange,
    /// Which coefficients turn YUV into RGB.
    pub matrix: ColourMatrix,
}

/// Scaling of luma and chroma (ITU-R BT.601-7, section 2.5.3; JFIF for full range).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColourRange {
    /// Luma 16..=235, the rule for video.
    Limited,
    /// Luma 0..=255 ("yuvj", JPEG).
    Full,
}

/// Coefficients of the colour transform.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColourMatrix {
    /// ITU-R BT.601: standard definition, and what OpenCV always assumes.
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
}

/// Planar 4:2:0 bytes without padding, limited range, BT.601.
pub struct I420 {
    /// Size of the luma plane.
    pub size: FrameSize,
    /// Luma: width × height bytes.
    pub y: Vec<u8>,
    /// Blue difference: half as wide and half as high, rounded up.
    pub u: Vec<u8>,
    /// Red difference, as large.
    pub v: Vec<u8>,
}

impl Picture for I420 {
    fn planes(&self) -> Planes<'_> {
        Planes {
            size: self.size,
            y: &self.y,
            u: &self.u,
            v: &self.v,
            y_stride: self.size.width as usize,
            uv_stride: self.size.width.div_ceil(2) as usize,
            range: ColourRange::Limited,
            matrix: ColourMatrix::Bt601,
        }
    }
}
