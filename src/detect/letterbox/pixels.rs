//! Rows of finished pixels, and the way from columns to the bytes of a row.
//!
//! Columns come in the order of [`QUAD`]: all first ones of the groups of four, then all second ones, and so on. Then the bytes of four pixels
//! are put together by arithmetic on whole stretches of columns, which goes by vectors.

use multiversion::multiversion;

use super::ROWS;

/// Four pixels are twelve bytes: three words.
pub(super) const QUAD: usize = 4;

/// Colours by columns, in stretches of one row of every quad after the other.
#[derive(Debug, Default)]
pub(super) struct Pixels {
    columns: usize,
    /// The tensor's first channel in the low byte, its second in the high one.
    first_second: Vec<i16>,
    /// The third, in the low byte.
    third: Vec<i16>,
    /// Of each quad the first, second and third word of every row.
    words: [Vec<u32>; 3],
    row: Vec<u8>,
}

/// Output columns in the order in which they are computed, for a picture so wide. Some are beyond it: quads are whole.
pub(super) fn column_order(columns: u32) -> impl Iterator<Item = u32> {
    (0..QUAD as u32).flat_map(move |place| (place..columns.next_multiple_of(QUAD as u32)).step_by(QUAD))
}

impl Pixels {
    pub(super) fn resize(&mut self, columns: usize) {
        self.columns = columns;
        let stretch = columns.div_ceil(QUAD) * ROWS;
        self.first_second.resize(QUAD * stretch, 0);
        self.third.resize(QUAD * stretch, 0);
        self.words.iter_mut().for_each(|words| words.resize(stretch, 0));
        self.row.resize(columns * 3, 0);
    }

    /// Where the colours go: the first two channels, the third.
    pub(super) fn channels(&mut self) -> (&mut [i16], &mut [i16]) {
        (&mut self.first_second, &mut self.third)
    }

    /// Puts the bytes of four pixels side by side: a₀b₀c₀a₁ b₁c₁a₂b₂ c₂a₃b₃c₃.
    pub(super) fn join(&mut self) {
        let stretch = self.words[0].len();
        let ab = std::array::from_fn(|place| &self.first_second[place * stretch..][..stretch]);
        let c = std::array::from_fn(|place| &self.third[place * stretch..][..stretch]);
        let [first, second, third] = &mut self.words;
        join(ab, c, (first, second, third));
    }

    /// Row `of` as bytes of interleaved channels, after [`Self::join`].
    pub(super) fn bytes(&self, of: usize, out: &mut [u8]) {
        let [first, second, third] = self.words.each_ref().map(|words| words.as_chunks::<ROWS>().0);
        let (quads, rest) = out.as_chunks_mut::<12>();
        let words = first.iter().zip(second).zip(third).map(|((first, second), third)| [first[of], second[of], third[of]]);
        let mut words = words.map(bytes_of);
        for (out, bytes) in quads.iter_mut().zip(&mut words) {
            *out = bytes;
        }
        if let Some(bytes) = words.next() {
            rest.copy_from_slice(&bytes[..rest.len()]);
        }
    }

    /// The same, kept here until the next call.
    pub(super) fn row(&mut self, of: usize) -> &[[u8; 3]] {
        let mut row = std::mem::take(&mut self.row);
        self.bytes(of, &mut row);
        self.row = row;
        self.row.as_chunks::<3>().0
    }
}

#[multiversion(targets = "simd")]
fn join(
    [ab0, ab1, ab2, ab3]: [&[i16]; QUAD],
    [c0, c1, c2, c3]: [&[i16]; QUAD],
    (first, second, third): (&mut [u32], &mut [u32], &mut [u32]),
) {
    for (((word, &ab0), &c0), &ab1) in first.iter_mut().zip(ab0).zip(c0).zip(ab1) {
        *word = joined(ab0, c0 | ab1 << 8);
    }
    for (((word, &ab1), &c1), &ab2) in second.iter_mut().zip(ab1).zip(c1).zip(ab2) {
        *word = joined(high_byte(ab1) | c1 << 8, ab2);
    }
    for (((word, &c2), &ab3), &c3) in third.iter_mut().zip(c2).zip(ab3).zip(c3) {
        *word = joined(c2 | ab3 << 8, high_byte(ab3) | c3 << 8);
    }
}

#[inline(always)]
fn joined(low: i16, high: i16) -> u32 {
    u32::from(low as u16) | u32::from(high as u16) << 16
}

#[inline(always)]
fn high_byte(both: i16) -> i16 {
    (both as u16 >> 8) as i16
}

fn bytes_of(words: [u32; 3]) -> [u8; 12] {
    let mut bytes = [0; 12];
    for (bytes, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    bytes
}
