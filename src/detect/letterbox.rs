//! From decoded YUV straight into the model's input: crop, resize, colours and number format in one pass, without a picture in between.
//!
//! The result equals "convert all of it to RGB, then `cv::resize` with `INTER_LINEAR`" (half-pixel centres, two taps, no antialiasing:
//! an antialiased resize loses small vehicles) to 2/255, but reads every needed source row once and writes only the tensor.
//! Each output row: two source rows are blended at full width (vectorised), columns are picked from the blend, colours are computed on the
//! picked columns (vectorised). Fixed point all the way, so the same picture gives the same tensor on every machine.
//!
//! The loops use `wrapping_*` although nothing can wrap (the bounds stand beside them): we build with overflow checks, and a check in each
//! step would keep the compiler from using vector instructions.

use crate::decode::{ColourMatrix, ColourRange, Planes};

use super::contract::{Colour, InputSpec, Layout};
use super::inference::InputTensor;
use super::region::Placement;

/// Scratch rows and column positions; allocated once, grown when a wider picture comes.
#[derive(Debug, Default)]
pub(super) struct Letterbox {
    columns: Vec<Column>,
    columns_for: Option<(u32, u32)>,
    /// One source row of luma, blended from two, in 1/256.
    luma: Vec<u16>,
    /// The same of chroma: blue difference in the low 32 bits, red difference in the high ones, so that one multiplication does both.
    chroma: Vec<u64>,
    /// One output row each, in 1/128.
    y: Vec<i16>,
    u: Vec<i16>,
    v: Vec<i16>,
    red: Vec<u8>,
    green: Vec<u8>,
    blue: Vec<u8>,
}

/// Where an output column lies between two source columns. Weights are in 1/2048 and belong to the right-hand one.
#[derive(Clone, Copy, Debug)]
struct Column {
    luma_at: u32,
    luma_weight: u32,
    chroma_at: u32,
    chroma_weight: u32,
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
        let colours = Colours::new(planes.matrix, planes.range);
        match tensor {
            InputTensor::U8(values) => {
                let mut sink = Sink::new(values, placement, spec, |byte, _| byte);
                self.rows(planes, placement, &colours, &mut sink);
            }
            InputTensor::F32(values) => {
                let (mean, scale) = (spec.mean, spec.scale);
                let mut sink = Sink::new(values, placement, spec, |byte, channel| (f32::from(byte) - mean[channel]) * scale[channel]);
                self.rows(planes, placement, &colours, &mut sink);
            }
        }
    }

    fn prepare(&mut self, placement: &Placement) {
        let (from, to) = (placement.region.width, placement.width);
        if self.columns_for != Some((from, to)) {
            self.columns.clear();
            self.columns.extend((0..to).map(|column| Column::new(column, from, to)));
            self.columns_for = Some((from, to));
        }
        // One more than the width: the last column's right-hand neighbour has weight 0 but is read.
        self.luma.resize(from as usize + 1, 0);
        self.chroma.resize(from.div_ceil(2) as usize + 1, 0);
        for row in [&mut self.y, &mut self.u, &mut self.v] {
            row.resize(to as usize, 0);
        }
        for row in [&mut self.red, &mut self.green, &mut self.blue] {
            row.resize(to as usize, 0);
        }
    }

    fn rows<T: Copy, F: Fn(u8, usize) -> T>(
        &mut self,
        planes: &Planes<'_>,
        placement: &Placement,
        colours: &Colours,
        sink: &mut Sink<'_, T, F>,
    ) {
        for row in 0..placement.height {
            self.blend(planes, placement, Blend::new(row, placement));
            self.pick();
            colours.row((&self.y, &self.u, &self.v), (&mut self.red, &mut self.green, &mut self.blue));
            sink.row(row as usize, &self.red, &self.green, &self.blue);
        }
    }

    /// Source rows → `luma`, `chroma`.
    fn blend(&mut self, planes: &Planes<'_>, placement: &Placement, at: Blend) {
        let (left, width) = (placement.region.left as usize, placement.region.width as usize);
        let luma = |row: usize| &planes.y[row * planes.y_stride + left..][..width];
        blend_luma(luma(at.upper), luma(at.lower), at.weight, &mut self.luma[..width]);

        // Chroma sample c stands for luma rows 2c and 2c + 1: both taps may fall on the same sample.
        let (start, count) = (left / 2, width.div_ceil(2));
        let chroma =
            |plane: &[u8], row: usize| row / 2 * planes.uv_stride + start..plane.len().min(row / 2 * planes.uv_stride + start + count);
        let rows = |row: usize| (&planes.u[chroma(planes.u, row)], &planes.v[chroma(planes.v, row)]);
        let weight = if at.upper / 2 == at.lower / 2 { 0 } else { at.weight };
        blend_chroma(rows(at.upper), rows(at.lower), weight, &mut self.chroma[..count]);
    }

    /// `luma`, `chroma` → `y`, `u`, `v`.
    fn pick(&mut self) {
        const HALF: u32 = 1 << 11;
        let outputs = self.y.iter_mut().zip(&mut self.u).zip(&mut self.v);
        for (column, ((y, u), v)) in self.columns.iter().zip(outputs) {
            let pair = &self.luma[column.luma_at as usize..][..2];
            // At most 65280 · 2048 < 2³².
            let luma = lerp(u64::from(pair[0]), u64::from(pair[1]), column.luma_weight) as u32;
            *y = (luma.wrapping_add(HALF) >> 12) as i16;
            let pair = &self.chroma[column.chroma_at as usize..][..2];
            // The same holds for each half, so the halves never touch.
            let both = lerp(pair[0], pair[1], column.chroma_weight).wrapping_add(u64::from(HALF) << 32 | u64::from(HALF));
            *u = ((both as u32) >> 12) as i16;
            *v = (both >> 44) as i16;
        }
    }
}

impl Column {
    fn new(column: u32, from: u32, to: u32) -> Self {
        let (at, share) = source_position(column, from, to);
        let weight = (share * 2048.0).round() as u32;
        // An even column and its right-hand neighbour share one chroma sample: then there is nothing to blend.
        Self { luma_at: at, luma_weight: weight, chroma_at: at / 2, chroma_weight: if at % 2 == 1 { weight } else { 0 } }
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

/// Weights in 1/2048.
fn lerp(left: u64, right: u64, weight: u32) -> u64 {
    // left · (2048 − weight) + right · weight with one multiplication; exact modulo 2⁶⁴, and so for the halves, whose results fit.
    (left << 11).wrapping_add(right.wrapping_sub(left).wrapping_mul(u64::from(weight)))
}

/// Weights in 1/256: at most 255 · 256, which fits.
fn mix(upper: u8, lower: u8, weight: u16) -> u16 {
    u16::from(upper).wrapping_mul(256u16.wrapping_sub(weight)).wrapping_add(u16::from(lower).wrapping_mul(weight))
}

fn blend_luma(upper: &[u8], lower: &[u8], weight: u16, out: &mut [u16]) {
    for ((out, &upper), &lower) in out.iter_mut().zip(upper).zip(lower) {
        *out = mix(upper, lower, weight);
    }
}

fn blend_chroma(upper: (&[u8], &[u8]), lower: (&[u8], &[u8]), weight: u16, out: &mut [u64]) {
    let upper = upper.0.iter().zip(upper.1);
    let lower = lower.0.iter().zip(lower.1);
    for ((out, (&u0, &v0)), (&u1, &v1)) in out.iter_mut().zip(upper).zip(lower) {
        *out = u64::from(mix(v0, v1, weight)) << 32 | u64::from(mix(u0, u1, weight));
    }
}

/// YUV to RGB with 13 fractional bits (ITU-R BT.601-7 section 2.5, BT.709-6 section 3).
struct Colours {
    black: i16,
    y: i16,
    red_v: i16,
    green_u: i16,
    green_v: i16,
    blue_u: i16,
}

impl Colours {
    fn new(matrix: ColourMatrix, range: ColourRange) -> Self {
        let (red, blue) = match matrix {
            ColourMatrix::Bt601 => (0.299, 0.114),
            ColourMatrix::Bt709 => (0.2126, 0.0722),
        };
        let (black, luma, chroma) = match range {
            ColourRange::Limited => (16, 255.0 / 219.0, 255.0 / 224.0),
            ColourRange::Full => (0, 1.0, 1.0),
        };
        let green = 1.0 - red - blue;
        let fixed = |value: f64| (value * 8192.0).round() as i16;
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
    fn row(&self, (y, u, v): (&[i16], &[i16], &[i16]), (red, green, blue): (&mut [u8], &mut [u8], &mut [u8])) {
        let sources = y.iter().zip(u).zip(v);
        let targets = red.iter_mut().zip(green).zip(blue);
        for (((&y, &u), &v), ((red, green), blue)) in sources.zip(targets) {
            // Within ±16384; sums of products within ±9000.
            let (u, v) = (u.wrapping_sub(128 * 128), v.wrapping_sub(128 * 128));
            let luma = high_product(y.wrapping_sub(self.black), self.y);
            *red = to_byte(luma.wrapping_add(high_product(v, self.red_v)));
            *green = to_byte(luma.wrapping_add(high_product(u, self.green_u)).wrapping_add(high_product(v, self.green_v)));
            *blue = to_byte(luma.wrapping_add(high_product(u, self.blue_u)));
        }
    }
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

    fn row(&mut self, row: usize, red: &[u8], green: &[u8], blue: &[u8]) {
        let start = (self.top + row) * self.width + self.left;
        let (first, third) = match self.colour {
            Colour::Rgb => (red, blue),
            Colour::Bgr => (blue, red),
        };
        match self.layout {
            Layout::Nhwc => {
                let pixels = self.values[start * 3..(start + red.len()) * 3].as_chunks_mut::<3>().0;
                for (pixel, ((&a, &b), &c)) in pixels.iter_mut().zip(first.iter().zip(green).zip(third)) {
                    *pixel = [(self.convert)(a, 0), (self.convert)(b, 1), (self.convert)(c, 2)];
                }
            }
            Layout::Nchw => {
                for (channel, source) in [first, green, third].into_iter().enumerate() {
                    let plane = channel * self.width * self.height + start;
                    for (value, &byte) in self.values[plane..plane + source.len()].iter_mut().zip(source) {
                        *value = (self.convert)(byte, channel);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
