//! A finished picture as a file that any browser opens.

use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::base::geom::FrameSize;
use crate::decode::{ColourMatrix, ColourRange, Frame};

/// Why a still could not be encoded or written, in the encoder's words.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StillError(#[from] image::ImageError);

/// Packed RGB, 8 bits, rows top to bottom without padding: `height × width × 3` bytes.
#[derive(Clone, Debug)]
pub struct Still {
    /// Width and height in pixels.
    pub size: FrameSize,
    /// The bytes.
    pub rgb: Vec<u8>,
}

impl Still {
    /// The frame as it is, in its own colours. One picture now and then: clarity before speed.
    pub fn of(frame: &Frame) -> Self {
        let planes = frame.planes();
        let (scale_y, scale_c, black) = match planes.range {
            ColourRange::Limited => (255.0 / 219.0, 255.0 / 224.0, 16.0),
            ColourRange::Full => (1.0, 1.0, 0.0),
        };
        // ITU-R BT.601-7 and BT.709-6: red from v, green from u and v, blue from u.
        let [rv, gu, gv, bu] = match planes.matrix {
            ColourMatrix::Bt601 => [1.402, 0.344_136, 0.714_136, 1.772],
            ColourMatrix::Bt709 => [1.5748, 0.187_324, 0.468_124, 1.8556],
        };
        let mut rgb = Vec::with_capacity(planes.size.width as usize * planes.size.height as usize * 3);
        for row in 0..planes.size.height as usize {
            for column in 0..planes.size.width as usize {
                let chroma = (row / 2) * planes.uv_stride + column / 2;
                let y = (f32::from(planes.y[row * planes.y_stride + column]) - black) * scale_y;
                let (u, v) = ((f32::from(planes.u[chroma]) - 128.0) * scale_c, (f32::from(planes.v[chroma]) - 128.0) * scale_c);
                // `as` saturates at 0 and 255.
                rgb.extend([y + rv * v, y - gu * u - gv * v, y + bu * u].map(|value| value.round() as u8));
            }
        }
        Self { size: planes.size, rgb }
    }

    /// JPEG (ITU-T T.81) at `quality` 1..=100.
    ///
    /// # Errors
    /// When the encoder refuses the size.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, StillError> {
        let mut bytes = Vec::with_capacity(self.rgb.len() / 8);
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .write_image(&self.rgb, self.size.width, self.size.height, ExtendedColorType::Rgb8)?;
        Ok(bytes)
    }

    /// Writes a file; the ending of the name (`.jpg`, `.png`) chooses the format.
    ///
    /// # Errors
    /// When the format is not known or the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), StillError> {
        Ok(image::save_buffer(path, &self.rgb, self.size.width, self.size.height, ExtendedColorType::Rgb8)?)
    }
}
