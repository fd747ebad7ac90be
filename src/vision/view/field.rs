//! Where the edges of a picture are and which way they run, and how well two such fields fit block by block.
//!
//! A gradient divided by its own length says the same by day and by night; soft division (a floor is added) keeps noise out. Blocks are compared
//! for each axis apart: only upright edges tell a shift sideways, only level ones a shift up or down.

use super::slopes::Slopes;

/// Columns of the reduced picture.
pub(super) const WIDTH: usize = 160;
/// Rows of the reduced picture, whatever its true shape.
pub(super) const HEIGHT: usize = 90;
/// How far a block is searched for, in reduced pixels to each side.
const REACH: usize = 4;
/// Blocks across and down.
const ACROSS: usize = 8;
const DOWN: usize = 6;
const BLOCK_WIDTH: usize = WIDTH / ACROSS;
const BLOCK_HEIGHT: usize = HEIGHT / DOWN;
/// Number of blocks.
pub(super) const BLOCKS: usize = ACROSS * DOWN;
const AREA: f32 = (BLOCK_WIDTH * BLOCK_HEIGHT) as f32;
const STRIDE: usize = WIDTH + 2 * REACH;
const ROWS: usize = HEIGHT + 2 * REACH;
/// Stands for 1.
const ONE: f32 = 127.0;
/// Gradients well below this many levels of luma a pixel are noise.
const FLOOR: f32 = 3.0;
/// A block with less mean square has no edges to speak of.
const TEXTURED: f32 = 0.01 * ONE * ONE;
/// A block that kept less than this share of home's energy shows nothing now.
const BLANK: f32 = 0.25;

/// Which component of the gradient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Axis {
    /// Upright edges.
    X,
    /// Level edges.
    Y,
}

/// What one block says about one axis.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Vote {
    /// Home has no edges here.
    Nothing,
    /// Home has edges here, and now there are none.
    Blank,
    /// There are edges: the best correlation, -1..=1, and where it was found along the axis, in reduced pixels.
    Seen {
        /// Normalised correlation.
        score: f32,
        /// Shift of the content along the axis.
        offset: f32,
    },
}

/// Votes of all blocks, row by row: first the X axis, then Y.
pub(super) type Votes = [[Vote; BLOCKS]; 2];

/// Middle of a block in reduced pixels from the picture's middle.
pub(super) fn middle(block: usize) -> (f32, f32) {
    let (column, row) = (block % ACROSS, block / ACROSS);
    let x = (column as f32 + 0.5) * BLOCK_WIDTH as f32 - WIDTH as f32 / 2.0;
    (x, (row as f32 + 0.5) * BLOCK_HEIGHT as f32 - HEIGHT as f32 / 2.0)
}

/// Block of a pixel.
pub(super) fn block_of(x: usize, y: usize) -> usize {
    y / BLOCK_HEIGHT * ACROSS + x / BLOCK_WIDTH
}

/// Mean gradient directions of one or more pictures.
#[derive(Clone, Debug)]
pub(super) struct EdgeField {
    mean: [Vec<f32>; 2],
    /// The same in whole numbers with a border of zeros, and the running sums of squares.
    whole: [Vec<i16>; 2],
    sums: [Vec<u32>; 2],
}

impl EdgeField {
    /// Of nothing.
    pub(super) fn new() -> Self {
        Self {
            mean: std::array::from_fn(|_| vec![0.0; WIDTH * HEIGHT]),
            whole: std::array::from_fn(|_| vec![0; STRIDE * ROWS]),
            sums: std::array::from_fn(|_| vec![0; (STRIDE + 1) * (ROWS + 1)]),
        }
    }

    /// Becomes the field of one picture. To be compared it needs [`Self::prepare`].
    pub(super) fn measure(&mut self, slopes: &Slopes) {
        let [mean_x, mean_y] = &mut self.mean;
        for y in 1..HEIGHT - 1 {
            for x in 1..WIDTH - 1 {
                let (across, down) = slopes.at(x, y);
                let scale = ONE / ((across * across + down * down).sqrt() + FLOOR);
                mean_x[y * WIDTH + x] = across * scale;
                mean_y[y * WIDTH + x] = down * scale;
            }
        }
    }

    /// Moves towards `other` by `share`, 1 takes it over, and can be compared.
    pub(super) fn blend(&mut self, other: &Self, share: f32) {
        for (mean, new) in self.mean.iter_mut().zip(&other.mean) {
            mean.iter_mut().zip(new).for_each(|(mean, new)| *mean += share * (new - *mean));
        }
        self.prepare();
    }

    /// Makes it comparable: whole numbers, and sums of squares for the energy of any block.
    pub(super) fn prepare(&mut self) {
        for ((mean, whole), sums) in self.mean.iter().zip(&mut self.whole).zip(&mut self.sums) {
            for (y, from) in mean.chunks_exact(WIDTH).enumerate() {
                let to = &mut whole[(y + REACH) * STRIDE + REACH..][..WIDTH];
                // Rounded away from zero like `round`, which is a call of a library function.
                to.iter_mut().zip(from).for_each(|(to, from)| *to = (from + 0.5f32.copysign(*from)) as i16);
            }
            for (y, values) in whole.chunks_exact(STRIDE).enumerate() {
                let (above, here) = sums[y * (STRIDE + 1)..].split_at_mut(STRIDE + 1);
                let mut row = 0;
                for ((sum, above), value) in here[1..=STRIDE].iter_mut().zip(&above[1..]).zip(values) {
                    row += u32::from(value.unsigned_abs()) * u32::from(value.unsigned_abs());
                    *sum = above + row;
                }
            }
        }
    }

    /// Places with edges, both axes together.
    pub(super) fn textured(&self) -> usize {
        let places = [Axis::X, Axis::Y].into_iter().flat_map(|axis| (0..BLOCKS).map(move |block| (axis, block)));
        places.filter(|&(axis, block)| self.energy(axis, corner(block)) >= TEXTURED * AREA).count()
    }

    /// Its whole numbers, axis by axis, row by row: what comparing looks at.
    pub(super) fn whole_numbers(&self) -> Vec<i8> {
        // At most 127 by construction.
        self.mean.iter().flatten().map(|mean| (mean + 0.5f32.copysign(*mean)) as i8).collect()
    }

    /// The field with these whole numbers, ready to be compared; `None` when they are not as many as a field has.
    pub(super) fn from_whole_numbers(whole: &[i8]) -> Option<Self> {
        if whole.len() != 2 * WIDTH * HEIGHT {
            return None;
        }
        let mut field = Self::new();
        for (mean, whole) in field.mean.iter_mut().zip(whole.chunks_exact(WIDTH * HEIGHT)) {
            mean.iter_mut().zip(whole).for_each(|(mean, whole)| *mean = f32::from(*whole));
        }
        field.prepare();
        Some(field)
    }

    /// The mean field as (x, y) of one pixel.
    pub(super) fn at(&self, index: usize) -> (f32, f32) {
        (self.mean[0][index], self.mean[1][index])
    }

    /// How well `now` fits this field, block by block.
    pub(super) fn compare(&self, now: &Self, votes: &mut Votes) {
        for (axis, votes) in [Axis::X, Axis::Y].into_iter().zip(votes.iter_mut()) {
            for (block, vote) in votes.iter_mut().enumerate() {
                *vote = self.vote(now, axis, block);
            }
        }
    }

    fn vote(&self, now: &Self, axis: Axis, block: usize) -> Vote {
        let (left, top) = corner(block);
        let energy = self.energy(axis, (left, top));
        if energy < TEXTURED * AREA {
            return Vote::Nothing;
        }
        if now.energy(axis, (left, top)) < BLANK * energy {
            return Vote::Blank;
        }
        let mut grid = [[0.0f32; 2 * REACH + 1]; 2 * REACH + 1];
        let (mut best, mut at) = (-1.0, (REACH, REACH));
        for (dy, row) in grid.iter_mut().enumerate() {
            for (dx, score) in row.iter_mut().enumerate() {
                let (x, y) = (left + dx - REACH, top + dy - REACH);
                *score = self.dot(now, axis, (left, top), (x, y)) as f32 / (energy * now.energy(axis, (x, y)).max(1.0)).sqrt();
                if *score > best {
                    (best, at) = (*score, (dx, dy));
                }
            }
        }
        let along = |step: isize| match axis {
            Axis::X => at.0.checked_add_signed(step).and_then(|dx| grid[at.1].get(dx)),
            Axis::Y => at.1.checked_add_signed(step).and_then(|dy| grid.get(dy)).map(|row| &row[at.0]),
        };
        let part = along(-1).zip(along(1)).map_or(0.0, |(before, after)| summit(*before, best, *after));
        let whole = if axis == Axis::X { at.0 } else { at.1 };
        Vote::Seen { score: best, offset: whole as f32 - REACH as f32 + part }
    }

    fn dot(&self, now: &Self, axis: Axis, ours: (usize, usize), theirs: (usize, usize)) -> i32 {
        let (home, now) = (&self.whole[axis as usize], &now.whole[axis as usize]);
        let mut sum = 0i32;
        for row in 0..BLOCK_HEIGHT {
            let home = &home[(ours.1 + row) * STRIDE + ours.0..][..BLOCK_WIDTH];
            let now = &now[(theirs.1 + row) * STRIDE + theirs.0..][..BLOCK_WIDTH];
            // At most 300 products of 127 x 127: far from overflow.
            sum += home.iter().zip(now).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>();
        }
        sum
    }

    /// Sum of squares of the block whose corner is there in the bordered field.
    fn energy(&self, axis: Axis, (left, top): (usize, usize)) -> f32 {
        let sums = &self.sums[axis as usize];
        let at = |x: usize, y: usize| sums[y * (STRIDE + 1) + x];
        let (right, bottom) = (left + BLOCK_WIDTH, top + BLOCK_HEIGHT);
        (at(right, bottom) + at(left, top) - at(left, bottom) - at(right, top)) as f32
    }
}

/// A block's left and upper side in the bordered field.
fn corner(block: usize) -> (usize, usize) {
    (REACH + block % ACROSS * BLOCK_WIDTH, REACH + block / ACROSS * BLOCK_HEIGHT)
}

/// Where between its neighbours a maximum lies, -0.5..=0.5: top of the parabola through three points.
fn summit(before: f32, top: f32, after: f32) -> f32 {
    let bend = before + after - 2.0 * top;
    if bend < -1e-6 { ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 }
}
