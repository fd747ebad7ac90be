//! Resizing across rows: every output row lies between two source rows. Sixteen of them come side by side, column by column.

use multiversion::multiversion;

use super::columns::source_position;
use super::{ROWS, Rows};

/// Rows that are interleaved in one go: compilers make good vector code of four, and bad of eight.
const PART: usize = 4;
const PARTS: usize = ROWS / PART;

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

/// Blended columns of four rows each.
#[derive(Debug, Default)]
pub(super) struct Parts([Vec<[i16; PART]>; PARTS]);

/// Pairs of rows side by side: each pair mixed, in 1/128. Columns that one of the rows does not have keep what they hold.
pub(super) fn blend_rows(upper: [&[u8]; ROWS], lower: [&[u8]; ROWS], weights: [u16; ROWS], parts: &mut Parts, out: &mut [Rows]) {
    let width = upper.iter().chain(&lower).map(|row| row.len()).min().map_or(0, |width| width.min(out.len()));
    for (number, part) in parts.0.iter_mut().enumerate() {
        part.resize(part.len().max(width), Default::default());
        blend_part(part_of(&upper, number), part_of(&lower, number), part_of(&weights, number), &mut part[..width]);
    }
    join(parts.0.each_ref().map(|part| &part[..width]), &mut out[..width]);
}

fn part_of<T: Copy>(rows: &[T; ROWS], number: usize) -> [T; PART] {
    std::array::from_fn(|row| rows[number * PART + row])
}

#[multiversion(targets = "simd")]
fn blend_part(upper: [&[u8]; PART], lower: [&[u8]; PART], weights: [u16; PART], out: &mut [[i16; PART]]) {
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
fn join([a, b, c, d]: [&[[i16; PART]]; PARTS], out: &mut [Rows]) {
    let out = out.as_flattened_mut().as_chunks_mut::<PART>().0.as_chunks_mut::<PARTS>().0;
    for (out, (((&a, &b), &c), &d)) in out.iter_mut().zip(a.iter().zip(b).zip(c).zip(d)) {
        *out = [a, b, c, d];
    }
}
