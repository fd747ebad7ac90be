//! The similarity (shift, zoom, rotation) that explains what the blocks say, by least squares.

use std::fmt;

use super::field::{self, BLOCKS, Vote, Votes, WIDTH};

/// How the content of the picture lies against home.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Transform {
    /// To the right, as share of the picture's width.
    pub shift_x: f32,
    /// Down, as share of the picture's width too.
    pub shift_y: f32,
    /// Larger than one: zoomed in.
    pub zoom: f32,
    /// Clockwise, in degrees.
    pub rotation_deg: f32,
}

/// `12 % → 3 % ↓ zoom 1.10, 5° ↻`: how the picture's content lies, in every language. What is too little to matter is left out.
impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f32| (100.0 * share).abs().round();
        write!(f, "{} % {}", percent(self.shift_x), if self.shift_x < 0.0 { '←' } else { '→' })?;
        write!(f, " {} % {}", percent(self.shift_y), if self.shift_y < 0.0 { '↑' } else { '↓' })?;
        if (self.zoom - 1.0).abs() >= 0.01 {
            write!(f, " zoom {:.2}", self.zoom)?;
        }
        if self.rotation_deg.abs() >= 0.5 {
            write!(f, " {:.0}° {}", self.rotation_deg.abs(), if self.rotation_deg < 0.0 { '↺' } else { '↻' })?;
        }
        Ok(())
    }
}

/// Equations fewer than this say nothing.
const FEWEST: usize = 8;
/// Votes that the first solution misses by more than this many reduced pixels are left out of the second.
const OUTLIER: f32 = 1.5;

/// Votes nearer than this to the solution agree with it. By chance a quarter of them would.
const INLIER: f32 = 1.0;

/// tx, ty, zoom - 1, rotation: small ones, where sine and angle are the same.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Similarity([f32; 4]);

impl Similarity {
    /// Through all votes of at least `trusted`; `stretch` is the height of a reduced pixel in its widths.
    pub(super) fn fit(votes: &Votes, trusted: f32, stretch: f32) -> Option<Self> {
        let first = Self::solve(votes, trusted, stretch, None)?;
        // Where most of it was outliers, the first one is all there is.
        Self::solve(votes, trusted, stretch, Some(first)).or(Some(first))
    }

    fn solve(votes: &Votes, trusted: f32, stretch: f32, near: Option<Self>) -> Option<Self> {
        let (mut matrix, mut count) = ([[0.0f64; 5]; 4], 0);
        for (axis, votes) in votes.iter().enumerate() {
            for (block, vote) in votes.iter().enumerate() {
                let Vote::Seen { score, offset } = *vote else { continue };
                let (row, value) = equation(axis, block, offset, stretch);
                let is_far = |near: Self| (near.apply(row) - value).abs() > OUTLIER;
                if score < trusted || near.is_some_and(is_far) {
                    continue;
                }
                count += 1;
                for i in 0..4 {
                    (0..4).for_each(|j| matrix[i][j] += f64::from(row[i] * row[j]));
                    matrix[i][4] += f64::from(row[i] * value);
                }
            }
        }
        if count < FEWEST { None } else { eliminate(matrix).map(|solved| Self(solved.map(|value| value as f32))) }
    }

    /// Whether a vote fits in.
    pub(super) fn explains(self, axis: usize, block: usize, offset: f32, stretch: f32) -> bool {
        let (row, value) = equation(axis, block, offset, stretch);
        (self.apply(row) - value).abs() <= INLIER
    }

    fn apply(self, row: [f32; 4]) -> f32 {
        row.iter().zip(self.0).map(|(factor, value)| factor * value).sum()
    }

    /// How far the content strays on average over the picture, as share of its width.
    pub(super) fn stray(self, stretch: f32) -> f32 {
        let of_block = |block| {
            let (x, _) = equation(0, block, 0.0, stretch);
            let (y, _) = equation(1, block, 0.0, stretch);
            self.apply(x).hypot(self.apply(y))
        };
        (0..BLOCKS).map(of_block).sum::<f32>() / (BLOCKS * WIDTH) as f32
    }

    /// Shift alone, in reduced pixels.
    pub(super) fn shift(self) -> (f32, f32) {
        (self.0[0], self.0[1])
    }

    /// The same with another shift on top, in reduced pixels.
    pub(super) fn plus(self, shift: (f32, f32)) -> Self {
        Self([self.0[0] + shift.0, self.0[1] + shift.1, self.0[2], self.0[3]])
    }

    pub(super) fn transform(self) -> Transform {
        let [x, y, zoom, turn] = self.0;
        Transform { shift_x: x / WIDTH as f32, shift_y: y / WIDTH as f32, zoom: 1.0 + zoom, rotation_deg: turn.to_degrees() }
    }
}

/// What one vote says: the row of the equation and its right side, in widths of a reduced pixel.
fn equation(axis: usize, block: usize, offset: f32, stretch: f32) -> ([f32; 4], f32) {
    let (x, y) = field::middle(block);
    let y = y * stretch;
    if axis == 0 { ([1.0, 0.0, x, -y], offset) } else { ([0.0, 1.0, y, x], offset * stretch) }
}

/// Gauss with pivots; `None` when the votes leave something open.
fn eliminate(mut matrix: [[f64; 5]; 4]) -> Option<[f64; 4]> {
    for column in 0..4 {
        let pivot = (column..4).max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        matrix.swap(column, pivot);
        if matrix[column][column].abs() < 1e-6 {
            return None;
        }
        let top = matrix[column];
        for (index, row) in matrix.iter_mut().enumerate().filter(|(index, _)| *index != column) {
            let _ = index;
            let factor = row[column] / top[column];
            row.iter_mut().zip(top).for_each(|(value, top)| *value -= factor * top);
        }
    }
    Some(std::array::from_fn(|i| matrix[i][4] / matrix[i][i]))
}
