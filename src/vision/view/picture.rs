//! One frame's luma, reduced, and what can be said about it without knowing home.

use opencv::core::{self, CV_16S, Mat, Rect as CvRect, Size};
use opencv::imgproc;
use opencv::prelude::*;

use super::field::{BLOCKS, HEIGHT, WIDTH, block_of};
use crate::decode::{ColourRange, Frame, Planes};
use crate::vision::VisionError;

/// The finer reduction, on which sharpness is measured: 320 x 180.
const FINE: Size = Size { width: 2 * WIDTH as i32, height: 2 * HEIGHT as i32 };
const PIXELS: usize = WIDTH * HEIGHT;
/// The Laplacian of a byte reaches no further.
const STEEPEST_BEND: usize = 4 * 255;

/// Reused from look to look.
#[derive(Debug)]
pub(super) struct Picture {
    fine: Mat,
    bends: Mat,
    luma: Vec<f32>,
    before: Vec<f32>,
    black: u8,
    figures: Figures,
}

/// What one picture says by itself.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Figures {
    /// Luma that 98 of 100 pixels stay below, 0 (black) to 1 (white).
    pub(super) highlights: f32,
    /// Fine structure in proportion to coarse structure: variance of the Laplacian, without that of noise, over the mean
    /// square of the gradient. Light cancels out.
    pub(super) sharpness: f32,
    /// Digest of a part of the untouched pixels: equal for repeated frames only.
    pub(super) fingerprint: u64,
    /// Height of a reduced pixel in its widths.
    pub(super) stretch: f32,
    /// Luma that half of the pixels stay below, in levels: the light, whatever drives through the picture.
    pub(super) light: f32,
    /// What changed since the look before.
    pub(super) change: Change,
}

/// Mean differences of blocks from the look before, in levels of luma.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Change {
    /// A quarter of the blocks stays below this: what moves elsewhere in the picture has no part in it.
    pub(super) quarter: f32,
    /// Of the middle block.
    pub(super) middle: f32,
    /// Of the most changed one.
    pub(super) most: f32,
}

impl Picture {
    pub(super) fn new() -> Self {
        let zeros = || vec![0.0; PIXELS];
        Self { fine: Mat::default(), bends: Mat::default(), luma: zeros(), before: zeros(), black: 0, figures: Figures::default() }
    }

    /// Luma of [`WIDTH`] x [`HEIGHT`], 0..=255, row by row.
    pub(super) fn luma(&self) -> &[f32] {
        &self.luma
    }

    /// The finer reduction: 320 x 180 levels of luma.
    pub(super) fn fine(&self) -> &Mat {
        &self.fine
    }

    /// Levels up to this one are black.
    pub(super) fn black(&self) -> u8 {
        self.black
    }

    /// Takes the next frame.
    pub(super) fn take(&mut self, frame: &Frame) -> Result<Figures, VisionError> {
        let planes = frame.planes();
        self.reduce(&planes)?;
        std::mem::swap(&mut self.luma, &mut self.before);
        self.halve()?;
        self.black = if planes.range == ColourRange::Limited { 16 } else { 0 };
        let (width, height) = (planes.size.width as f32, planes.size.height as f32);
        let mut histogram = [0u32; 256];
        self.luma.iter().for_each(|luma| histogram[*luma as usize] += 1);
        self.figures = Figures {
            highlights: highlights(&histogram, planes.range),
            sharpness: self.sharpness()?,
            fingerprint: fingerprint(&planes),
            stretch: (height / HEIGHT as f32) / (width / WIDTH as f32),
            light: level_above(&histogram, PIXELS / 2) as f32,
            change: self.change(),
        };
        Ok(self.figures)
    }

    fn reduce(&mut self, planes: &Planes<'_>) -> Result<(), VisionError> {
        let (width, stride) = (planes.size.width as usize, planes.y_stride);
        // The last row need not be padded to the stride: without it nothing is missing from a picture this much smaller.
        let rows = (planes.y.len() / stride).min(planes.size.height as usize);
        let whole = Mat::new_rows_cols_with_data(rows as i32, stride as i32, &planes.y[..rows * stride])?;
        let visible = Mat::roi(&whole, CvRect::new(0, 0, width as i32, rows as i32))?;
        Ok(imgproc::resize(&visible, &mut self.fine, FINE, 0.0, 0.0, imgproc::INTER_AREA)?)
    }

    fn halve(&mut self) -> Result<(), VisionError> {
        let fine = self.fine.data_typed::<u8>()?;
        for (y, row) in self.luma.chunks_exact_mut(WIDTH).enumerate() {
            let upper = &fine[2 * y * 2 * WIDTH..][..2 * WIDTH];
            let lower = &fine[(2 * y + 1) * 2 * WIDTH..][..2 * WIDTH];
            for ((to, up), low) in row.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
                *to = f32::from(u16::from(up[0]) + u16::from(up[1]) + u16::from(low[0]) + u16::from(low[1])) / 4.0;
            }
        }
        Ok(())
    }

    fn sharpness(&mut self) -> Result<f32, VisionError> {
        imgproc::laplacian(&self.fine, &mut self.bends, CV_16S, 1, 1.0, 0.0, core::BORDER_DEFAULT)?;
        let mut histogram = [0u32; STEEPEST_BEND + 1];
        let mut squares = 0i64;
        for &bend in self.bends.data_typed::<i16>()? {
            squares += i64::from(bend) * i64::from(bend);
            histogram[usize::from(bend.unsigned_abs()).min(STEEPEST_BEND)] += 1;
        }
        let variance = squares as f32 / (4 * PIXELS) as f32;
        let mut slopes = 0.0f32;
        for (row, below) in self.luma.chunks_exact(WIDTH).zip(self.luma[WIDTH..].chunks_exact(WIDTH)) {
            slopes += row.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f32>();
            slopes += row.iter().zip(below).map(|(here, below)| (below - here).powi(2)).sum::<f32>();
        }
        let structure = (variance - noise(&histogram).powi(2)).max(0.0);
        Ok(structure / (slopes / PIXELS as f32).max(1.0))
    }

    fn change(&self) -> Change {
        const AREA: f32 = (PIXELS / BLOCKS) as f32;
        let mut blocks = [0.0f32; BLOCKS];
        for (y, (now, before)) in self.luma.chunks_exact(WIDTH).zip(self.before.chunks_exact(WIDTH)).enumerate() {
            for (x, (now, before)) in now.iter().zip(before).enumerate() {
                blocks[block_of(x, y)] += (now - before).abs() / AREA;
            }
        }
        blocks.sort_by(f32::total_cmp);
        Change { quarter: blocks[BLOCKS / 4], middle: blocks[BLOCKS / 2], most: blocks[BLOCKS - 1] }
    }
}

fn highlights(histogram: &[u32; 256], range: ColourRange) -> f32 {
    let (black, white) = if range == ColourRange::Limited { (16.0, 235.0) } else { (0.0, 255.0) };
    ((level_above(histogram, PIXELS / 50) as f32 - black) / (white - black)).clamp(0.0, 1.0)
}

/// The level that at most so many pixels lie above.
fn level_above(histogram: &[u32; 256], pixels: usize) -> usize {
    let mut above = 0;
    let level = (0..256).rev().find(|&level| {
        above += histogram[level] as usize;
        above > pixels
    });
    level.unwrap_or_default()
}

/// Standard deviation of the bends that noise alone would give: a quarter of them lies nearer to zero than 0.32 of it, edges or not.
fn noise(bends: &[u32]) -> f32 {
    let quarter = bends.iter().sum::<u32>() as f32 / 4.0;
    let mut below = 0.0;
    for (bend, &count) in bends.iter().enumerate() {
        let with = below + count as f32;
        if with >= quarter && count > 0 {
            // Whole numbers stand for half a level to each side, zero for half a level in all.
            let (from, width) = if bend == 0 { (0.0, 0.5) } else { (bend as f32 - 0.5, 1.0) };
            return (from + width * (quarter - below) / count as f32) / 0.3186;
        }
        below = with;
    }
    0.0
}

/// Mixes every few rows of luma, eight bytes at a time. Not for secrets: equal pictures give equal numbers, and others as good as never.
fn fingerprint(planes: &Planes<'_>) -> u64 {
    const ROWS: usize = 64;
    let (width, height) = (planes.size.width as usize, planes.size.height as usize);
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    for row in (0..height).step_by((height / ROWS).max(1)) {
        for bytes in planes.y[row * planes.y_stride..][..width].chunks(8) {
            let mut word = [0u8; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            digest = (digest ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        }
    }
    digest
}
