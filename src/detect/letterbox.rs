//! From decoded YUV straight into the model's input: crop, resize, colours and number format in one pass, without a picture in between.
//!
//! The result equals "convert all of it to RGB, then `cv::resize` with `INTER_LINEAR`" (half-pixel centres, two taps, no antialiasing:
//! an antialiased resize loses small vehicles) to 2/255, but reads every needed source row once and writes only the tensor.
//! Sixteen output rows at a time: the two source rows of each are blended at full width and interleaved, so that one look-up of a column serves sixteen
//! pixels; columns are picked from the blend, colours computed on the picked columns. All steps go by vectors of 16-bit numbers. Fixed point all
//! the way, so the same picture gives the same tensor on every machine.
//!
//! The hot loops stand in functions of their own with `#[multiversion]`: the same loop is compiled for every width of vectors that a processor of
//! this kind may have, and the widest that is there runs.
//!
//! The loops use `wrapping_*` although nothing can wrap (the bounds stand beside them): we build with overflow checks, and a check in each
//! step would keep the compiler from using vector instructions.

mod blend;
mod colours;
mod columns;
mod pixels;
mod sink;

use crate::decode::Planes;

use super::contract::InputSpec;
use super::inference::InputTensor;
use super::region::{Placement, Region, Window};
use blend::{Blend, Parts, blend_rows};
use columns::{Columns, source_position};
use pixels::{Pixels, QUAD, column_order};
use sink::{Number, Sink};

/// Output rows that are computed together.
const ROWS: usize = 16;
/// One column of them.
type Rows = [i16; ROWS];

/// Scratch rows and column positions; allocated once, grown when a wider picture comes.
#[derive(Debug, Default)]
pub(super) struct Letterbox {
    luma_columns: Columns,
    chroma_columns: Columns,
    columns_for: Option<(u32, u32)>,
    /// Of every output row.
    row_blends: Vec<Blend>,
    rows_for: Option<(u32, u32)>,
    parts: Parts,
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

impl Letterbox {
    /// Fills the whole tensor: the region's picture where `placement` says, the contract's padding elsewhere, unless it is there already:
    /// `padded` says around which part of the tensor, and is kept up to date.
    pub(super) fn fill(
        &mut self,
        planes: &Planes<'_>,
        placement: &Placement,
        spec: &InputSpec,
        tensor: InputTensor<'_>,
        padded: &mut Option<Window>,
    ) {
        self.set_positions(placement);
        self.resize_scratch(placement);
        match tensor {
            InputTensor::U8(values) => self.rows(planes, placement, Sink::new(values, placement, spec), *padded),
            InputTensor::F32(values) => self.rows(planes, placement, Sink::new(values, placement, spec), *padded),
        }
        *padded = Some(placement.window());
    }

    fn set_positions(&mut self, placement: &Placement) {
        let (from, to) = (placement.region.width, placement.width);
        if self.columns_for != Some((from, to)) {
            let positions = || column_order(to).map(|column| source_position(column.min(to - 1), from, to));
            self.luma_columns.set(positions());
            // An even column and its right-hand neighbour share one chroma sample: then there is nothing to blend.
            self.chroma_columns.set(positions().map(|(at, share)| (at / 2, if at % 2 == 1 { share } else { 0.0 })));
            self.columns_for = Some((from, to));
        }
        let (from, to) = (placement.region.height, placement.height);
        if self.rows_for != Some((from, to)) {
            self.row_blends.clear();
            self.row_blends.extend((0..to).map(|row| Blend::new(row, from, to)));
            self.rows_for = Some((from, to));
        }
    }

    fn resize_scratch(&mut self, placement: &Placement) {
        let (from, to) = (placement.region.width, placement.width);
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

    fn rows<T: Number>(&mut self, planes: &Planes<'_>, placement: &Placement, mut sink: Sink<'_, T>, padded: Option<Window>) {
        let to_pixels = colours::to_pixels(planes.matrix, planes.range, sink.order());
        if padded != Some(placement.window()) {
            sink.pad();
        }
        fetch(planes, &placement.region);
        let rows = self.row_blends.len();
        for first in (0..rows).step_by(ROWS) {
            // Beyond the last row the last one once more: computed, not written.
            let count = ROWS.min(rows - first);
            let at = |row: usize| self.row_blends[(first + row).min(rows - 1)].below(placement.region.top);
            self.blend(planes, placement, std::array::from_fn(at));
            self.luma_columns.pick(&self.luma, &mut self.y);
            self.chroma_columns.pick(&self.blue_difference, &mut self.u);
            self.chroma_columns.pick(&self.red_difference, &mut self.v);
            let yuv = (self.y.as_flattened(), self.u.as_flattened(), self.v.as_flattened());
            to_pixels(yuv, self.pixels.channels());
            self.pixels.join();
            for row in 0..count {
                sink.row(first + row, &mut self.pixels, row);
            }
        }
    }

    /// Source rows → `luma`, `blue_difference`, `red_difference`.
    fn blend(&mut self, planes: &Planes<'_>, placement: &Placement, at: [Blend; ROWS]) {
        let (left, width) = (placement.region.left as usize, placement.region.width as usize);
        let row = |row: usize| &planes.y[row * planes.y_stride + left..][..width];
        blend_rows(at.map(|at| row(at.upper)), at.map(|at| row(at.lower)), at.map(|at| at.weight), &mut self.parts, &mut self.luma);

        // Chroma sample c stands for luma rows 2c and 2c + 1: both taps may fall on the same sample.
        let (start, count) = (left / 2, width.div_ceil(2));
        let weights = at.map(|at| if at.upper / 2 == at.lower / 2 { 0 } else { at.weight });
        for (plane, out) in [(planes.u, &mut self.blue_difference), (planes.v, &mut self.red_difference)] {
            // Libraries disagree whether a picture of odd height has half a chroma row more: what is not there keeps the column before.
            let row = |row: usize| {
                let first = row / 2 * planes.uv_stride + start;
                &plane[first..plane.len().min(first + count)]
            };
            blend_rows(at.map(|at| row(at.upper)), at.map(|at| row(at.lower)), weights, &mut self.parts, out);
        }
    }
}

/// Brings a large part of the picture into the cache. The decoder's picture is in memory by now; sixteen rows read side by side are a pattern that
/// processors do not foresee, and a picture read in order is there in a third of the time.
fn fetch(planes: &Planes<'_>, region: &Region) {
    if 2 * (region.width as usize) < planes.y_stride {
        return;
    }
    let rows = |plane: &[u8], stride: usize, first: u32, rows: u32| {
        let (from, until) = (first as usize * stride, (first + rows) as usize * stride);
        touch(plane.get(from..plane.len().min(until)).unwrap_or_default());
    };
    rows(planes.y, planes.y_stride, region.top, region.height);
    for plane in [planes.u, planes.v] {
        rows(plane, planes.uv_stride, region.top / 2, region.height.div_ceil(2));
    }
}

/// Reads a byte of every cache line.
fn touch(bytes: &[u8]) {
    const CACHE_LINE: usize = 64;
    std::hint::black_box(bytes.iter().step_by(CACHE_LINE).fold(0u8, |sum, byte| sum.wrapping_add(*byte)));
}

/// One vector instruction where `a` and `b` are known to have 16 bits.
#[inline(always)]
fn high_product(a: i16, b: i16) -> i16 {
    (i32::from(a).wrapping_mul(i32::from(b)) >> 16) as i16
}

#[cfg(test)]
mod tests;
