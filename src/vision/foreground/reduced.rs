//! A frame's luma, reduced so far that noise is small and a look is cheap.

use crate::decode::Planes;

/// The reduced picture is no larger than this.
const WIDEST: usize = 320;
const HIGHEST: usize = 240;
/// Rows of the picture that are averaged to one, at most: more cost time and tell nothing new.
const ROWS: usize = 4;
/// Added to all luma: ratios of what is nearly black are noise.
const FLOOR: f32 = 4.0;

/// Reused from look to look.
#[derive(Debug, Default)]
pub(super) struct Reduced {
    width: usize,
    height: usize,
    sums: Vec<u16>,
    luma: Vec<f32>,
}

impl Reduced {
    /// Columns.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// Luma 4..=259, row by row.
    pub(super) fn luma(&self) -> &[f32] {
        &self.luma
    }

    /// Takes the next picture: the mean of whole blocks, so that no pixel weighs more than another.
    pub(super) fn take(&mut self, planes: &Planes<'_>) {
        let (wide, high) = (planes.size.width as usize, planes.size.height as usize);
        let side = wide.div_ceil(WIDEST).max(high.div_ceil(HIGHEST)).max(1);
        (self.width, self.height) = (wide / side, high / side);
        self.sums.resize(wide, 0);
        self.luma.resize(self.width * self.height, 0.0);
        let step = side.div_ceil(ROWS);
        let share = 1.0 / (side * side.div_ceil(step)) as f32;
        for (y, out) in self.luma.chunks_exact_mut(self.width.max(1)).enumerate() {
            self.sums.fill(0);
            for row in (y * side..(y + 1) * side).step_by(step) {
                let row = &planes.y[row * planes.y_stride..][..wide];
                // No sum of four bytes overflows; said so, the loop becomes a vector instruction.
                self.sums.iter_mut().zip(row).for_each(|(sum, &luma)| *sum = sum.wrapping_add(u16::from(luma)));
            }
            for (to, block) in out.iter_mut().zip(self.sums.chunks_exact(side)) {
                *to = FLOOR + share * block.iter().map(|&sum| f32::from(sum)).sum::<f32>();
            }
        }
    }
}
