//! How far the whole picture was shifted: the highest point of the correlation of two fields, by Fourier transform.
//!
//! Orientation correlation (Fitch, Kadyrov, Christmas and Kittler, BMVC 2002): gradients as complex numbers of bounded length, so that light cancels out.

use opencv::core::{self, CV_32FC2, Mat, Scalar, Vec2f};
use opencv::prelude::*;

use super::field::{HEIGHT, WIDTH};
use crate::vision::VisionError;

/// Points this near to the highest one belong to it.
const SAME: usize = 4;
/// Reduced pixels around no shift at all that are in place.
const IN_PLACE: usize = 2;

/// Where the picture correlates best.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Peak {
    /// Shift of the content to the right and down, in reduced pixels.
    pub(super) shift: (f32, f32),
    /// Its height over the mean of the rest, in standard deviations of the rest.
    pub(super) height: f32,
    /// Its height itself, in squares of what the fields hold.
    pub(super) value: f32,
    /// The highest one in place, in the same.
    pub(super) in_place: f32,
}

/// Memory of the transforms, taken when the first one is needed.
#[derive(Debug, Default)]
pub(super) struct Correlator {
    fields: [Mat; 2],
    spectra: [Mat; 2],
    product: Mat,
    surface: Mat,
}

impl Correlator {
    /// Where `now` lies against `home`: each tells its vector at a pixel, row by row.
    pub(super) fn peak(&mut self, home: impl Fn(usize) -> (f32, f32), now: impl Fn(usize) -> (f32, f32)) -> Result<Peak, VisionError> {
        let [home_field, now_field] = &mut self.fields;
        fill(home_field, home)?;
        fill(now_field, now)?;
        for (field, spectrum) in self.fields.iter().zip(&mut self.spectra) {
            core::dft(field, spectrum, 0, 0)?;
        }
        core::mul_spectrums(&self.spectra[1], &self.spectra[0], &mut self.product, 0, true)?;
        core::dft(&self.product, &mut self.surface, core::DFT_INVERSE | core::DFT_SCALE, 0)?;
        Ok(highest(self.surface.data_typed::<Vec2f>()?))
    }
}

fn fill(mat: &mut Mat, at: impl Fn(usize) -> (f32, f32)) -> Result<(), VisionError> {
    if mat.empty() {
        *mat = Mat::new_rows_cols_with_default(HEIGHT as i32, WIDTH as i32, CV_32FC2, Scalar::all(0.0))?;
    }
    for (index, pixel) in mat.data_typed_mut::<Vec2f>()?.iter_mut().enumerate() {
        let (x, y) = at(index);
        *pixel = Vec2f::from([x, y]);
    }
    Ok(())
}

fn highest(surface: &[Vec2f]) -> Peak {
    let value = |index: usize| surface[index][0];
    let top = (0..surface.len()).max_by(|&a, &b| value(a).total_cmp(&value(b))).unwrap_or_default();
    let (x, y) = (top % WIDTH, top / WIDTH);
    let to_zero = |at: usize, around: usize| at.min(around - at);
    let apart = |a: usize, b: usize, around: usize| a.abs_diff(b).min(around - a.abs_diff(b)) > SAME;
    let (mut count, mut sum, mut squares, mut in_place) = (0.0f64, 0.0f64, 0.0f64, f32::MIN);
    for (index, point) in surface.iter().enumerate() {
        if apart(index % WIDTH, x, WIDTH) || apart(index / WIDTH, y, HEIGHT) {
            let value = f64::from(point[0]);
            (count, sum, squares) = (count + 1.0, sum + value, squares + value * value);
        }
        if to_zero(index % WIDTH, WIDTH).max(to_zero(index / WIDTH, HEIGHT)) <= IN_PLACE {
            in_place = in_place.max(point[0]);
        }
    }
    let mean = sum / count;
    let deviation = (squares / count - mean * mean).max(1e-9).sqrt();
    let signed = |at: usize, around: usize| if at > around / 2 { at as f32 - around as f32 } else { at as f32 };
    let height = ((f64::from(value(top)) - mean) / deviation) as f32;
    Peak { shift: (signed(x, WIDTH), signed(y, HEIGHT)), height, value: value(top), in_place }
}
