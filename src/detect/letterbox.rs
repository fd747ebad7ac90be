//! From decoded YUV straight into the model's input: crop, resize, colours and number format in one pass, without a picture in between.
//!
//! The result equals "convert all of it to RGB, then `cv::resize` with `INTER_LINEAR`" (half-pixel centres, two taps, no antialiasing:
//! an antialiased resize loses small vehicles) to 2/255, but reads every needed source row once and writes only the tensor.
//! Four output rows at a time: the two source rows of each are blended at full width and interleaved, so that one look-up of a column serves four
//! pixels; columns are picked from the blend, colours computed on the picked columns. All steps go by vectors of 16-bit numbers. Fixed point all
//! the way, so the same picture gives the same tensor on every machine.
//!
//! The loops use `wrapping_*` although nothing can wrap (the bounds stand beside them): we build with overflow checks, and a check in each
//! step would keep the compiler from using vector instructions.

mod colours;
mod columns;
mod pixels;
mod sink;

use crate::decode::Planes;

use super::contract::{Colour, InputSpec};
use super::inference::InputTensor;
use super::region::Placement;
use columns::{Columns, source_position};
use pixels::{Pixels, QUAD, column_order};
use sink::{Number, Sink};

/// Output rows that are computed together.
const ROWS: usize = 4;
/// One column of them.
type Rows = [i16; ROWS];

/// Scratch rows and column positions; allocated once, grown when a wider picture comes.
#[derive(Debug, Default)]
pub(super) struct Letterbox {
    luma_columns: Columns,
    chroma_columns: Columns,
    columns_for: Option<(u32, u32)>,
    /// Source columns, each blended from two rows, in 1/128.
    luma: Vec<Rows>,
    blue_difference: Vec<Rows>,
    red_difference: Vec<Rows>,
    /// Output columns, in 1/128.
    y: Vec<Rows>,
    u: Vec<Rows>,
    v: Vec<Rows>,
    pixels: Pixels,
}

/// Two source rows and the weight of the lower one, in 1/256.
#[derive(Clone, Copy)]
struct Blend {
    upper: usize,
    lower: usize,
    weight: u16,
}

impl Letterbox {
    /// Fills the whole tensor: the region's picture where `placement` says, the contract's padding elsewhere.
    pub(super) fn fill(&mut self, planes: &Planes<'_>, placement: &Placement, spec: &InputSpec, tensor: InputTensor<'_>) {
        self.prepare(placement);
        match tensor {
            InputTensor::U8(values) => self.rows(planes, placement, spec.colour, Sink::new(values, placement, spec)),
            InputTensor::F32(values) => self.rows(planes, placement, spec.colour, Sink::new(values, placement, spec)),
        }
    }

    fn prepare(&mut self, placement: &Placement) {
        let (from, to) = (placement.region.width, placement.width);
        if self.columns_for != Some((from, to)) {
            let positions = || column_order(to).map(|column| source_position(column.min(to - 1), from, to));
            self.luma_columns.set(positions());
            // An even column and its right-hand neighbour share one chroma sample: then there is nothing to blend.
            self.chroma_columns.set(positions().map(|(at, share)| (at / 2, if at % 2 == 1 { share } else { 0.0 })));
            self.columns_for = Some((from, to));
        }
        // One more than the width: the last column's right-hand neighbour has weight 0 but is read.
        self.luma.resize(from as usize + 1, Rows::default());
        for plane in [&mut self.blue_difference, &mut self.red_difference] {
            plane.resize(from.div_ceil(2) as usize + 1, Rows::default());
        }
        for row in [&mut self.y, &mut self.u, &mut self.v] {
            row.resize((to as usize).next_multiple_of(QUAD), Rows::default());
        }
        self.pixels.resize(to as usize);
    }

    fn rows<T: Number>(&mut self, planes: &Planes<'_>, placement: &Placement, order: Colour, mut sink: Sink<'_, T>) {
        let to_pixels = colours::to_pixels(planes.matrix, planes.range, order);
        for first in (0..placement.height).step_by(ROWS) {
            // Beyond the last row the last one once more: computed, not written.
            self.blend(planes, placement, std::array::from_fn(|row| Blend::new((first + row as u32).min(placement.height - 1), placement)));
            self.luma_columns.pick(&self.luma, &mut self.y);
            self.chroma_columns.pick(&self.blue_difference, &mut self.u);
            self.chroma_columns.pick(&self.red_difference, &mut self.v);
            let yuv = (self.y.as_flattened(), self.u.as_flattened(), self.v.as_flattened());
            to_pixels(yuv, self.pixels.channels());
            self.pixels.join();
            for row in 0..ROWS.min((placement.height - first) as usize) {
                sink.row(first as usize + row, &mut self.pixels, row);
            }
        }
    }

    /// Source rows → `luma`, `blue_difference`, `red_difference`.
    fn blend(&mut self, planes: &Planes<'_>, placement: &Placement, at: [Blend; ROWS]) {
        let (left, width) = (placement.region.left as usize, placement.region.width as usize);
        let row = |row: usize| &planes.y[row * planes.y_stride + left..][..width];
        blend_rows(at.map(|at| row(at.upper)), at.map(|at| row(at.lower)), at.map(|at| at.weight), &mut self.luma);

        // Chroma sample c stands for luma rows 2c and 2c + 1: both taps may fall on the same sample.
        let (start, count) = (left / 2, width.div_ceil(2));
        let weights = at.map(|at| if at.upper / 2 == at.lower / 2 { 0 } else { at.weight });
        for (plane, out) in [(planes.u, &mut self.blue_difference), (planes.v, &mut self.red_difference)] {
            // Libraries disagree whether a picture of odd height has half a chroma row more: what is not there keeps the column before.
            let row = |row: usize| {
                let first = row / 2 * planes.uv_stride + start;
                &plane[first..plane.len().min(first + count)]
            };
            blend_rows(at.map(|at| row(at.upper)), at.map(|at| row(at.lower)), weights, out);
        }
    }
}

impl Blend {
    fn new(row: u32, placement: &Placement) -> Self {
        let (at, share) = source_position(row, placement.region.height, placement.height);
        let upper = (placement.region.top + at) as usize;
        let weight = (share * 256.0).round() as u16;
        Self { upper, lower: if weight == 0 { upper } else { upper + 1 }, weight }
    }
}

/// Four pairs of rows side by side: each pair mixed, in 1/128.
fn blend_rows(upper: [&[u8]; ROWS], lower: [&[u8]; ROWS], weights: [u16; ROWS], out: &mut [Rows]) {
    // Weights in 1/256: at most 255 · 256, which fits 16 bits.
    let mix = |upper: u8, lower: u8, weight: u16| {
        (u16::from(upper).wrapping_mul(256u16.wrapping_sub(weight)).wrapping_add(u16::from(lower).wrapping_mul(weight)) >> 1) as i16
    };
    let ([a, b, c, d], [e, f, g, h]) = (upper, lower);
    let (upper, lower) = (a.iter().zip(b).zip(c).zip(d), e.iter().zip(f).zip(g).zip(h));
    for ((out, (((&a, &b), &c), &d)), (((&e, &f), &g), &h)) in out.iter_mut().zip(upper).zip(lower) {
        *out = [mix(a, e, weights[0]), mix(b, f, weights[1]), mix(c, g, weights[2]), mix(d, h, weights[3])];
    }
}

/// One vector instruction where `a` and `b` are known to have 16 bits.
fn high_product(a: i16, b: i16) -> i16 {
    (i32::from(a).wrapping_mul(i32::from(b)) >> 16) as i16
}

#[cfg(test)]
mod tests;
