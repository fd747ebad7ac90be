//! From decoded YUV straight into the model's input: crop, resize, colours and number format in one pass, without a picture in between.
//!
//! The result equals "convert all of it to RGB, then `cv::resize` with `INTER_LINEAR`" (half-pixel centres, two taps, no antialiasing:
//! an antialiased resize loses small vehicles) to 2/255, but reads every needed source row once and writes only the tensor.
//! Four output rows at a time: the two source rows of each are blended at full width and interleaved, so that one look-up of a column serves four
//! pixels; columns are picked from the blend, colours computed on the picked columns. All three steps go by vectors. Fixed point all the way, so the
//! same picture gives the same tensor on every machine.
//!
//! The loops use `wrapping_*` although nothing can wrap (the bounds stand beside them): we build with overflow checks, and a check in each
//! step would keep the compiler from using vector instructions.

use crate::decode::{ColourMatrix, ColourRange, Planes};

use super::contract::{Colour, InputSpec, Layout};
use super::inference::InputTensor;
use super::region::Placement;

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
    /// Source rows, each blended from two, in 1/256 less 32768.
    blended: [Vec<i16>; ROWS],
    /// The same by columns.
    luma: Vec<Rows>,
    blue_difference: Vec<Rows>,
    red_difference: Vec<Rows>,
    /// Output columns, in 1/128.
    y: Vec<Rows>,
    u: Vec<Rows>,
    v: Vec<Rows>,
    red: Vec<[u8; ROWS]>,
    green: Vec<[u8; ROWS]>,
    blue: Vec<[u8; ROWS]>,
}

/// Where the output columns lie between two source columns of a plane.
#[derive(Debug, Default)]
struct Columns {
    /// The left-hand source column of each.
    at: Vec<u32>,
    /// Weights of the right-hand one, in 1/2048: the same for all rows, repeated so that the arithmetic goes straight through.
    weights: Vec<Rows>,
    /// The samples at hand on both sides.
    left: Vec<Rows>,
    right: Vec<Rows>,
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
        match (planes.matrix, planes.range) {
            (ColourMatrix::Bt601, ColourRange::Limited) => self.fill_as::<0>(planes, placement, spec, tensor),
            (ColourMatrix::Bt601, ColourRange::Full) => self.fill_as::<1>(planes, placement, spec, tensor),
            (ColourMatrix::Bt709, ColourRange::Limited) => self.fill_as::<2>(planes, placement, spec, tensor),
            (ColourMatrix::Bt709, ColourRange::Full) => self.fill_as::<3>(planes, placement, spec, tensor),
        }
    }

    fn fill_as<const COLOURS: usize>(&mut self, planes: &Planes<'_>, placement: &Placement, spec: &InputSpec, tensor: InputTensor<'_>) {
        match tensor {
            InputTensor::U8(values) => {
                let mut sink = Sink::new(values, placement, spec, |byte, _| byte);
                self.rows::<COLOURS, _, _>(planes, placement, &mut sink);
            }
            InputTensor::F32(values) => {
                let (mean, scale) = (spec.mean, spec.scale);
                let mut sink = Sink::new(values, placement, spec, |byte, channel| (f32::from(byte) - mean[channel]) * scale[channel]);
                self.rows::<COLOURS, _, _>(planes, placement, &mut sink);
            }
        }
    }

    fn prepare(&mut self, placement: &Placement) {
        let (from, to) = (placement.region.width, placement.width);
        if self.columns_for != Some((from, to)) {
            let positions =
                || (0..to).map(|column| source_position(column, from, to)).map(|(at, share)| (at, (share * 2048.0).round() as i16));
            self.luma_columns.set(positions());
            // An even column and its right-hand neighbour share one chroma sample: then there is nothing to blend.
            self.chroma_columns.set(positions().map(|(at, weight)| (at / 2, if at % 2 == 1 { weight } else { 0 })));
            self.columns_for = Some((from, to));
        }
        for row in &mut self.blended {
            row.resize(from as usize, 0);
        }
        // One more than the width: the last column's right-hand neighbour has weight 0 but is read.
        self.luma.resize(from as usize + 1, Rows::default());
        for plane in [&mut self.blue_difference, &mut self.red_difference] {
            plane.resize(from.div_ceil(2) as usize + 1, Rows::default());
        }
        for row in [&mut self.y, &mut self.u, &mut self.v] {
            row.resize(to as usize, Rows::default());
        }
        for row in [&mut self.red, &mut self.green, &mut self.blue] {
            row.resize(to as usize, Default::default());
        }
    }

    fn rows<const COLOURS: usize, T: Copy, F: Fn(u8, usize) -> T>(
        &mut self,
        planes: &Planes<'_>,
        placement: &Placement,
        sink: &mut Sink<'_, T, F>,
    ) {
        for first in (0..placement.height).step_by(ROWS) {
            // Beyond the last row the last one once more: computed, not written.
            self.blend(planes, placement, std::array::from_fn(|row| Blend::new((first + row as u32).min(placement.height - 1), placement)));
            self.pick();
            let yuv = (self.y.as_flattened(), self.u.as_flattened(), self.v.as_flattened());
            Colours::row::<COLOURS>(yuv, (self.red.as_flattened_mut(), self.green.as_flattened_mut(), self.blue.as_flattened_mut()));
            for row in 0..ROWS.min((placement.height - first) as usize) {
                sink.row(first as usize + row, (&self.red, &self.green, &self.blue), row);
            }
        }
    }

    /// Source rows → `luma`, `blue_difference`, `red_difference`.
    fn blend(&mut self, planes: &Planes<'_>, placement: &Placement, at: [Blend; ROWS]) {
        let (left, width) = (placement.region.left as usize, placement.region.width as usize);
        let row = |row: usize| &planes.y[row * planes.y_stride + left..][..width];
        for (at, out) in at.iter().zip(&mut self.blended) {
            blend_rows(row(at.upper), row(at.lower), at.weight, out);
        }
        by_columns(&self.blended, &mut self.luma[..width]);

        // Chroma sample c stands for luma rows 2c and 2c + 1: both taps may fall on the same sample.
        let (start, count) = (left / 2, width.div_ceil(2));
        for (plane, columns) in [(planes.u, &mut self.blue_difference), (planes.v, &mut self.red_difference)] {
            // Libraries disagree whether a picture of odd height has half a chroma row more: what is not there keeps the row before.
            let row = |row: usize| {
                let first = row / 2 * planes.uv_stride + start;
                &plane[first..plane.len().min(first + count)]
            };
            for (at, out) in at.iter().zip(&mut self.blended) {
                let weight = if at.upper / 2 == at.lower / 2 { 0 } else { at.weight };
                blend_rows(row(at.upper), row(at.lower), weight, &mut out[..count]);
            }
            by_columns(&self.blended, &mut columns[..count]);
        }
    }

    /// Blended source columns → `y`, `u`, `v`.
    fn pick(&mut self) {
        self.luma_columns.pick(&self.luma, &mut self.y);
        self.chroma_columns.pick(&self.blue_difference, &mut self.u);
        self.chroma_columns.pick(&self.red_difference, &mut self.v);
    }
}

impl Columns {
    /// From left-hand source columns and weights of the right-hand ones.
    fn set(&mut self, positions: impl Iterator<Item = (u32, i16)>) {
        self.at.clear();
        self.weights.clear();
        for (at, weight) in positions {
            self.at.push(at);
            self.weights.push([weight; ROWS]);
        }
        self.left.resize(self.at.len(), Rows::default());
        self.right.resize(self.at.len(), Rows::default());
    }

    /// Source columns in 1/256 less 32768 → output columns in 1/128.
    fn pick(&mut self, columns: &[Rows], out: &mut [Rows]) {
        for ((left, right), &at) in self.left.iter_mut().zip(&mut self.right).zip(&self.at) {
            let pair = &columns[at as usize..at as usize + 2];
            (*left, *right) = (pair[0], pair[1]);
        }
        // What was taken off each sample times the weights' sum, and half of what is dropped.
        const BACK: i32 = (32768 * 2048) + (1 << 11);
        let sides = self.left.as_flattened().iter().zip(self.right.as_flattened());
        for ((out, (&left, &right)), &weight) in out.as_flattened_mut().iter_mut().zip(sides).zip(self.weights.as_flattened()) {
            // Within ±2²⁶, as their sum.
            let left = i32::from(left).wrapping_mul(i32::from(2048i16.wrapping_sub(weight)));
            let right = i32::from(right).wrapping_mul(i32::from(weight));
            *out = (left.wrapping_add(right).wrapping_add(BACK) >> 12) as i16;
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

/// Source sample to the left of the output sample's centre, and how far beyond it the centre lies (0..1). The last sample has no neighbour: 0.
fn source_position(output: u32, from: u32, to: u32) -> (u32, f64) {
    let position = (f64::from(output) + 0.5) * f64::from(from) / f64::from(to) - 0.5;
    let position = position.clamp(0.0, f64::from(from - 1));
    let at = position.floor();
    (at as u32, if at as u32 == from - 1 { 0.0 } else { position - at })
}

/// Weights in 1/256: at most 255 · 256, which fits 16 bits; less 32768, which makes it signed: vectors multiply signed numbers best.
fn blend_rows(upper: &[u8], lower: &[u8], weight: u16, out: &mut [i16]) {
    for ((out, &upper), &lower) in out.iter_mut().zip(upper).zip(lower) {
        let mixed = u16::from(upper).wrapping_mul(256u16.wrapping_sub(weight)).wrapping_add(u16::from(lower).wrapping_mul(weight));
        *out = (mixed ^ 0x8000) as i16;
    }
}

fn by_columns([a, b, c, d]: &[Vec<i16>; ROWS], out: &mut [Rows]) {
    for ((((out, &a), &b), &c), &d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *out = [a, b, c, d];
    }
}

/// YUV to RGB with 13 fractional bits (ITU-R BT.601-7 section 2.5, BT.709-6 section 3).
///
/// Constants of the compiled loops, not variables: only then does the compiler use the 16-bit multiplications that vectors have.
struct Colours {
    black: i16,
    y: i16,
    red_v: i16,
    green_u: i16,
    green_v: i16,
    blue_u: i16,
}

impl Colours {
    /// In the order in which `Letterbox::fill` numbers them.
    const ALL: [Self; 4] = [
        Self::new(ColourMatrix::Bt601, ColourRange::Limited),
        Self::new(ColourMatrix::Bt601, ColourRange::Full),
        Self::new(ColourMatrix::Bt709, ColourRange::Limited),
        Self::new(ColourMatrix::Bt709, ColourRange::Full),
    ];

    const fn new(matrix: ColourMatrix, range: ColourRange) -> Self {
        let (red, blue) = match matrix {
            ColourMatrix::Bt601 => (0.299, 0.114),
            ColourMatrix::Bt709 => (0.2126, 0.0722),
        };
        let (black, luma, chroma) = match range {
            ColourRange::Limited => (16, 255.0 / 219.0, 255.0 / 224.0),
            ColourRange::Full => (0, 1.0, 1.0),
        };
        let green = 1.0 - red - blue;
        Self {
            black: black * 128,
            y: fixed(luma),
            red_v: fixed(2.0 * (1.0 - red) * chroma),
            green_u: fixed(-2.0 * (1.0 - blue) * blue / green * chroma),
            green_v: fixed(-2.0 * (1.0 - red) * red / green * chroma),
            blue_u: fixed(2.0 * (1.0 - blue) * chroma),
        }
    }

    /// Values in 1/128 → bytes.
    fn row<const COLOURS: usize>((y, u, v): (&[i16], &[i16], &[i16]), (red, green, blue): (&mut [u8], &mut [u8], &mut [u8])) {
        let sources = y.iter().zip(u).zip(v);
        let targets = red.iter_mut().zip(green).zip(blue);
        for (((&y, &u), &v), ((red, green), blue)) in sources.zip(targets) {
            // Within ±16384; sums of products within ±9000.
            let (u, v) = (u.wrapping_sub(128 * 128), v.wrapping_sub(128 * 128));
            let luma = high_product(y.wrapping_sub(const { Self::ALL[COLOURS].black }), const { Self::ALL[COLOURS].y });
            *red = to_byte(luma.wrapping_add(high_product(v, const { Self::ALL[COLOURS].red_v })));
            *green = to_byte(
                luma.wrapping_add(high_product(u, const { Self::ALL[COLOURS].green_u }))
                    .wrapping_add(high_product(v, const { Self::ALL[COLOURS].green_v })),
            );
            *blue = to_byte(luma.wrapping_add(high_product(u, const { Self::ALL[COLOURS].blue_u })));
        }
    }
}

/// To 13 fractional bits, rounded.
const fn fixed(value: f64) -> i16 {
    (value * 8192.0 + if value < 0.0 { -0.5 } else { 0.5 }) as i16
}

/// 1/128 times 1/8192 gives 1/16 after dropping 16 bits; compiles to one vector instruction.
fn high_product(a: i16, b: i16) -> i16 {
    (i32::from(a).wrapping_mul(i32::from(b)) >> 16) as i16
}

/// From 1/16, rounded. 9 instead of 8: the two or three products were each rounded down, by 1/2 on average.
fn to_byte(sixteenths: i16) -> u8 {
    (sixteenths.wrapping_add(9) >> 4).clamp(0, 255) as u8
}

/// Writes finished rows into the tensor and paints what the picture does not cover.
struct Sink<'a, T, F> {
    values: &'a mut [T],
    layout: Layout,
    colour: Colour,
    width: usize,
    height: usize,
    left: usize,
    top: usize,
    convert: F,
}

/// One channel each, a column of rows at a time.
type Channels<'a> = (&'a [[u8; ROWS]], &'a [[u8; ROWS]], &'a [[u8; ROWS]]);

impl<'a, T: Copy, F: Fn(u8, usize) -> T> Sink<'a, T, F> {
    fn new(values: &'a mut [T], placement: &Placement, spec: &InputSpec, convert: F) -> Self {
        let mut sink = Self {
            values,
            layout: spec.layout,
            colour: spec.colour,
            width: spec.width as usize,
            height: spec.height as usize,
            left: placement.left as usize,
            top: placement.top as usize,
            convert,
        };
        sink.pad(placement, spec.padding);
        sink
    }

    /// Only the margins: the picture is written anyway.
    fn pad(&mut self, placement: &Placement, padding: u8) {
        let (right, bottom) = (self.left + placement.width as usize, self.top + placement.height as usize);
        for row in 0..self.height {
            let inside = (self.top..bottom).contains(&row);
            let margins = if inside { [0..self.left, right..self.width] } else { [0..self.width, 0..0] };
            for margin in margins {
                self.paint(row, margin, padding);
            }
        }
    }

    fn paint(&mut self, row: usize, columns: std::ops::Range<usize>, padding: u8) {
        if columns.is_empty() {
            return;
        }
        let colour = [(self.convert)(padding, 0), (self.convert)(padding, 1), (self.convert)(padding, 2)];
        let start = row * self.width;
        match self.layout {
            Layout::Nhwc => {
                let span = (start + columns.start) * 3..(start + columns.end) * 3;
                self.values[span].as_chunks_mut::<3>().0.fill(colour);
            }
            Layout::Nchw => {
                for (channel, value) in colour.into_iter().enumerate() {
                    let plane = channel * self.width * self.height + start;
                    self.values[plane + columns.start..plane + columns.end].fill(value);
                }
            }
        }
    }

    /// Row `of` of the four.
    fn row(&mut self, row: usize, (red, green, blue): Channels<'_>, of: usize) {
        let start = (self.top + row) * self.width + self.left;
        let (first, third) = match self.colour {
            Colour::Rgb => (red, blue),
            Colour::Bgr => (blue, red),
        };
        match self.layout {
            Layout::Nhwc => {
                let pixels = self.values[start * 3..(start + red.len()) * 3].as_chunks_mut::<3>().0;
                for (pixel, ((a, b), c)) in pixels.iter_mut().zip(first.iter().zip(green).zip(third)) {
                    *pixel = [(self.convert)(a[of], 0), (self.convert)(b[of], 1), (self.convert)(c[of], 2)];
                }
            }
            Layout::Nchw => {
                for (channel, source) in [first, green, third].into_iter().enumerate() {
                    let plane = channel * self.width * self.height + start;
                    for (value, bytes) in self.values[plane..plane + source.len()].iter_mut().zip(source) {
                        *value = (self.convert)(bytes[of], channel);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
