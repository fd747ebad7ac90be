//! A finished picture as a file that any browser opens.

use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::VisionError;
use crate::base::geom::FrameSize;

/// Packed RGB, 8 bits, rows top to bottom without padding: `height × width × 3` bytes.
#[derive(Clone, Debug)]
pub struct Still {
    /// Width and height in pixels.
    pub size: FrameSize,
    /// The bytes.
    pub rgb: Vec<u8>,
}

impl Still {
    /// JPEG (ITU-T T.81) at `quality` 1..=100.
    ///
    /// # Errors
    /// When the encoder refuses the size.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, VisionError> {
        let mut bytes = Vec::with_capacity(self.rgb.len() / 8);
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .write_image(&self.rgb, self.size.width, self.size.height, ExtendedColorType::Rgb8)
            .map_err(|source| VisionError::Still { source })?;
        Ok(bytes)
    }

    /// Writes a file; the ending of the name (`.jpg`, `.png`) chooses the format.
    ///
    /// # Errors
    /// When the format is not known or the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), VisionError> {
        image::save_buffer(path, &self.rgb, self.size.width, self.size.height, ExtendedColorType::Rgb8)
            .map_err(|source| VisionError::Still { source })
    }
}
