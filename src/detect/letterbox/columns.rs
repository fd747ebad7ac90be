//! Resizing along a row: every output column lies between two source columns.

use multiversion::multiversion;

use super::{ROWS, Rows, high_product};

/// Where the output columns lie between the source columns of a plane.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The left-hand source column of each.
    at: Vec<u32>,
    shares: Vec<Share>,
}

/// Share of the right-hand source column: the same for all rows, repeated so that the arithmetic goes straight through.
#[derive(Clone, Copy, Debug)]
struct Share {
    /// All bits where the share is above a half: then the whole difference is added, and what is too much taken off.
    whole: Rows,
    /// The rest, in 1/65536: between minus and plus a half, which just fits a signed number.
    rest: Rows,
}

impl Share {
    fn new(share: f64) -> Self {
        let (whole, rest) = if share > 0.5 { (-1, share - 1.0) } else { (0, share) };
        let rest = (rest * 65536.0).round().clamp(-32768.0, 32767.0) as i16;
        Self { whole: [whole; _], rest: [rest; _] }
    }
}

impl Columns {
    /// From left-hand source columns and shares (0..1) of the right-hand ones.
    pub(super) fn set(&mut self, positions: impl Iterator<Item = (u32, f64)>) {
        self.at.clear();
        self.shares.clear();
        for (at, share) in positions {
            self.at.push(at);
            self.shares.push(Share::new(share));
        }
    }

    /// Source columns, one more than there are, → output columns, both in 1/128.
    pub(super) fn pick(&self, columns: &[Rows], out: &mut [Rows]) {
        pick(&self.at, &self.shares, columns, out);
    }
}

#[allow(
    clippy::needless_range_loop,
    reason = "as indexed arrays the compiler makes one vector of the rows, as zipped iterators it does not"
)]
#[multiversion(targets = "simd")]
fn pick(at: &[u32], shares: &[Share], columns: &[Rows], out: &mut [Rows]) {
    // Of equal lengths, so that one check serves both.
    let last = columns.len() - 1;
    let (lefts, rights) = (&columns[..last], &columns[1..][..last]);
    for ((out, &at), share) in out.iter_mut().zip(at).zip(shares) {
        let (left, right) = (&lefts[at as usize], &rights[at as usize]);
        for row in 0..ROWS {
            // Both are within 0..=32640.
            let difference = right[row].wrapping_sub(left[row]);
            out[row] = left[row].wrapping_add(difference & share.whole[row]).wrapping_add(high_product(difference, share.rest[row]));
        }
    }
}

/// Source sample to the left of the output sample's centre, and how far beyond it the centre lies (0..1). The last sample has no neighbour: 0.
pub(super) fn source_position(output: u32, from: u32, to: u32) -> (u32, f64) {
    let position = (f64::from(output) + 0.5) * f64::from(from) / f64::from(to) - 0.5;
    let position = position.clamp(0.0, f64::from(from - 1));
    let at = position.floor();
    (at as u32, if at as u32 == from - 1 { 0.0 } else { position - at })
}
