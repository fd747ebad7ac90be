//! Resizing across rows: every output row lies between two source rows. Eight of them come side by side, column by column.

use multiversion::multiversion;

use super::columns::source_position;
use super::{ROWS, Rows};

/// Rows that are interleaved in one go: compilers make good vector code of four, and bad of eight.
const HALF: usize = ROWS / 2;

/// Two source rows and the weight of the lower one, in 1/256.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blend {
    pub(super) upper: usize,
    pub(super) lower: usize,
    pub(super) weight: u16,
}

impl Blend {
    /// Of output row `row`, when so many source rows become so many; source rows counted from the region's first.
    pub(super) fn new(row: u32, from: u32, to: u32) -> Self {
        let (at, share) = source_position(row, from, to);
        let weight = (share * 256.0).round() as u16;
        let upper = at as usize;
        Self { upper, lower: if weight == 0 { upper } else { upper + 1 }, weight }
    }

    /// The same, counted from the picture's first row.
    pub(super) fn below(self, top: u32) -> Self {
        let top = top as usize;
        Self { upper: top + self.upper, lower: top + self.lower, ..self }
    }
}

/// Blended columns, the upper rows and the lower ones apart.
#[derive(Debug, Default)]
pub(super) struct Halves([Vec<[i16; HALF]>; 2]);

/// Eight pairs of rows side by side: each pair mixed, in 1/128. Columns that one of the rows does not have keep what they hold.
pub(super) fn blend_rows(upper: [&[u8]; ROWS], lower: [&[u8]; ROWS], weights: [u16; ROWS], halves: &mut Halves, out: &mut [Rows]) {
    let width = upper.iter().chain(&lower).map(|row| row.len()).min().map_or(0, |width| width.min(out.len()));
    let ([upper, upper_rest], [lower, lower_rest]) = (split(upper), split(lower));
    let [weights, weights_rest] = split(weights);
    let [left, right] = halves.0.each_mut().map(|half| {
        half.resize(half.len().max(width), Default::default());
        &mut half[..width]
    });
    blend_half(upper, lower, weights, left);
    blend_half(upper_rest, lower_rest, weights_rest, right);
    join(left, right, &mut out[..width]);
}

fn split<T: Copy>(rows: [T; ROWS]) -> [[T; HALF]; 2] {
    [std::array::from_fn(|row| rows[row]), std::array::from_fn(|row| rows[HALF + row])]
}

#[multiversion(targets = "simd")]
fn blend_half(upper: [&[u8]; HALF], lower: [&[u8]; HALF], weights: [u16; HALF], out: &mut [[i16; HALF]]) {
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

#[multiversion(targets = "simd")]
fn join(left: &[[i16; HALF]], right: &[[i16; HALF]], out: &mut [Rows]) {
    let out = out.as_flattened_mut().as_chunks_mut::<HALF>().0.as_chunks_mut::<2>().0;
    for ((out, &left), &right) in out.iter_mut().zip(left).zip(right) {
        *out = [left, right];
    }
}
