//! How much brighter than its background each part of the picture is: clouds, exposure and night are no new things.

use super::layers::{BACKGROUND, Layers};

/// Parts across and down; the light between their middles is interpolated.
const COLUMNS: usize = 8;
const ROWS: usize = 5;
/// Ratios are sorted into steps of 1/32, up to 4 times as bright.
const STEPS: usize = 128;
const STEP: f32 = 1.0 / 32.0;
/// Every so many-th pixel is asked, both ways.
const EVERY: usize = 2;
/// Share of the newest look in the mean of the last ones.
const NEWEST: f32 = 0.15;
/// No light changes by more than this at once and leaves a picture.
const MOST: f32 = 3.0;

/// Reused from look to look.
#[derive(Debug)]
pub(super) struct Light {
    width: usize,
    height: usize,
    counts: Box<[[u16; STEPS]; COLUMNS * ROWS]>,
    gains: [f32; COLUMNS * ROWS],
    /// The same over the last few seconds: a lorry that fills a part for a moment is no light.
    lasting: [f32; COLUMNS * ROWS],
    /// For each column of pixels: the part left of it, and how far it is from its middle to the next one's.
    across: Vec<(u8, f32)>,
}

impl Default for Light {
    fn default() -> Self {
        Self {
            width: 0,
            height: 0,
            counts: Box::new([[0; STEPS]; COLUMNS * ROWS]),
            gains: [1.0; COLUMNS * ROWS],
            lasting: [1.0; COLUMNS * ROWS],
            across: Vec::new(),
        }
    }
}

impl Light {
    pub(super) fn begin(&mut self, width: usize, height: usize) {
        (self.width, self.height, self.gains) = (width, height, [1.0; COLUMNS * ROWS]);
        self.lasting = self.gains;
        self.across.clear();
        self.across.extend((0..width).map(|x| between(x, width, COLUMNS)).map(|(first, share)| (first as u8, share)));
    }

    /// Takes a picture beside its background. A part's light is the median over it and its neighbours: what moves is less than half of that.
    /// Pixels that showed something else the last time are not asked, as long as enough others are left: a queue of white cars is no light.
    pub(super) fn measure(&mut self, luma: &[f32], layers: &Layers) {
        let background = layers.background();
        let is_asked = |at: usize| layers.states()[at] == BACKGROUND;
        let shown = (0..luma.len()).step_by(EVERY * EVERY).filter(|&at| is_asked(at)).count();
        let asks_all = 2 * shown * EVERY * EVERY < luma.len();

        self.counts.iter_mut().for_each(|counts| counts.fill(0));
        for y in (0..self.height).step_by(EVERY) {
            let row = y * ROWS / self.height * COLUMNS;
            for x in (0..self.width).step_by(EVERY) {
                let at = y * self.width + x;
                if !asks_all && !is_asked(at) {
                    continue;
                }
                let step = ((luma[at] / background[at]) * (1.0 / STEP)) as usize;
                // No part has more pixels than its counter can hold.
                let count = &mut self.counts[row + x * COLUMNS / self.width][step.min(STEPS - 1)];
                *count = count.wrapping_add(1);
            }
        }
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                self.gains[row * COLUMNS + column] = self.median_around(column, row).clamp(1.0 / MOST, MOST);
            }
        }
        self.lasting.iter_mut().zip(&self.gains).for_each(|(lasting, gain)| *lasting += NEWEST * (gain - *lasting));
    }

    fn median_around(&self, column: usize, row: usize) -> f32 {
        let mut pooled = [0u32; STEPS];
        for row in row.saturating_sub(1)..(row + 2).min(ROWS) {
            for column in column.saturating_sub(1)..(column + 2).min(COLUMNS) {
                let counts = &self.counts[row * COLUMNS + column];
                pooled.iter_mut().zip(counts).for_each(|(sum, &count)| *sum = sum.wrapping_add(u32::from(count)));
            }
        }
        let half = pooled.iter().sum::<u32>() as f32 / 2.0;
        let mut below = 0.0;
        for (step, &count) in pooled.iter().enumerate() {
            if count > 0 && below + count as f32 >= half {
                return (step as f32 + (half - below) / count as f32) * STEP;
            }
            below += count as f32;
        }
        1.0
    }

    /// How much brighter than its background the row `y` is at each pixel: written into `out`.
    pub(super) fn row(&self, y: usize, out: &mut [f32]) {
        self.interpolate(&self.gains, y, out);
    }

    /// The same over the last few seconds.
    pub(super) fn lasting_row(&self, y: usize, out: &mut [f32]) {
        self.interpolate(&self.lasting, y, out);
    }

    fn interpolate(&self, of: &[f32; COLUMNS * ROWS], y: usize, out: &mut [f32]) {
        let (upper, down) = between(y, self.height, ROWS);
        let lower = (upper + 1).min(ROWS - 1);
        let mut gains = [0.0; COLUMNS + 1];
        for (column, gain) in gains.iter_mut().enumerate() {
            let column = column.min(COLUMNS - 1);
            let (above, below) = (of[upper * COLUMNS + column], of[lower * COLUMNS + column]);
            *gain = above + (below - above) * down;
        }
        for (gain, &(first, share)) in out.iter_mut().zip(&self.across) {
            let (left, right) = (gains[usize::from(first)], gains[usize::from(first) + 1]);
            *gain = left + (right - left) * share;
        }
    }
}

/// The part whose middle lies before pixel `at` of `length`, and how far it is from there to the next one's.
fn between(at: usize, length: usize, parts: usize) -> (usize, f32) {
    let place = ((at as f32 + 0.5) * parts as f32 / length.max(1) as f32 - 0.5).max(0.0);
    let first = (place as usize).min(parts - 1);
    (first, place - first as f32)
}
