//! Two layers a pixel: the background, which is what was seen there longest, and what hides it now and may stay.

use super::light::Light;

/// The background follows slow changes of light with this time.
const FOLLOWS_SECS: f32 = 20.0;
/// Light that is off by less than this does not change: over an hour, an error of the median would add up.
const STEADY: f32 = 0.02;
/// A pixel differs when it is off by this share of its brightness, and by so many standard deviations of the noise.
const SHARE: f32 = 0.12;
const NOISES: f32 = 4.0;
/// In levels of luma: what the noise is taken for at least and at most.
const LEAST_NOISE: f32 = 1.5;
const MOST_NOISE: f32 = 8.0;
/// What hides the background and was seen for so many seconds stays.
const STAYS_SECS: f32 = 15.0;
/// Something else in front of it takes this much of its time a second: half, so that traffic that hides it now and then does not wear it away.
const HIDDEN_COST: f32 = 0.5;
/// Each second of background takes this share of it: gone within a few.
const GONE_SHARE: f32 = 0.36;
/// What was seen so many times as long as the background is the background; a background needs so many seconds at least and is never surer than an hour.
const LONGER: f32 = 2.0;
const LEAST_SUPPORT_SECS: f32 = 2.0;
const MOST_SUPPORT_SECS: f32 = 3600.0;

/// The background shows.
pub(super) const BACKGROUND: u8 = 0;
/// Something hides it.
pub(super) const HIDES: u8 = 1;
/// What hides it is what hid it before.
pub(super) const STAYS: u8 = 2;

/// All arrays are as large as the reduced picture, row by row.
#[derive(Debug, Default)]
pub(super) struct Layers {
    width: usize,
    background: Vec<f32>,
    /// For how many seconds it was seen.
    support: Vec<f32>,
    /// What hides it, as bright as the background is remembered.
    front: Vec<f32>,
    front_secs: Vec<f32>,
    states: Vec<u8>,
    gains: Vec<f32>,
    /// Standard deviation of the background's noise in levels of luma.
    noise: f32,
    /// The same of the latest picture alone.
    noise_now: f32,
}

impl Layers {
    /// All that is seen now is background, as long as nothing says otherwise.
    pub(super) fn begin(&mut self, luma: &[f32], width: usize) {
        self.width = width;
        self.background.clear();
        self.background.extend_from_slice(luma);
        self.front.clear();
        self.front.extend_from_slice(luma);
        for zeros in [&mut self.support, &mut self.front_secs] {
            zeros.clear();
            zeros.resize(luma.len(), 0.0);
        }
        self.states.clear();
        self.states.resize(luma.len(), BACKGROUND);
        self.gains.clear();
        self.gains.resize(width, 1.0);
        (self.noise, self.noise_now) = (LEAST_NOISE, LEAST_NOISE);
    }

    pub(super) fn background(&self) -> &[f32] {
        &self.background
    }

    pub(super) fn states(&self) -> &[u8] {
        &self.states
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// What hides the background at this pixel, when it was seen for long enough to stay.
    pub(super) fn staying(&self, at: usize) -> Option<f32> {
        (self.front_secs[at] >= STAYS_SECS && self.states[at] != BACKGROUND).then(|| self.front[at])
    }

    /// For how many seconds it was seen.
    pub(super) fn front_secs(&self, at: usize) -> f32 {
        self.front_secs[at]
    }

    /// For how many seconds more it may be seen before it is the background.
    pub(super) fn spare_secs(&self, at: usize) -> f32 {
        LONGER * self.support[at].max(LEAST_SUPPORT_SECS) - self.front_secs[at]
    }

    /// Says of each pixel what it shows. Gives the share of those that do not show the background.
    pub(super) fn compare(&mut self, luma: &[f32], light: &Light) -> f32 {
        let width = self.width.max(1);
        let (mut hides, mut off, mut shown) = (0u32, 0.0f32, 0u32);
        let base = NOISES * self.noise;
        for (y, row) in luma.chunks_exact(width).enumerate() {
            light.row(y, &mut self.gains);
            let start = y * width;
            for (x, (&now, &gain)) in row.iter().zip(&self.gains).enumerate() {
                let at = start + x;
                let expected = gain * self.background[at];
                let tolerance = base + SHARE * expected;
                if (now - expected).abs() <= tolerance || is_beside(&self.background, (at, width), now, (gain, tolerance)) {
                    self.states[at] = BACKGROUND;
                    off += (now - expected).abs().min(tolerance);
                    shown += 1;
                } else {
                    let front = gain * self.front[at];
                    let is_known = (now - front).abs() <= base + SHARE * front;
                    self.states[at] = if is_known { STAYS } else { HIDES };
                    hides += 1;
                }
            }
        }
        if shown > 0 {
            // Mean deviation times 1.25 is the standard deviation of a normal distribution.
            self.noise_now = (1.25 * off / shown as f32).clamp(LEAST_NOISE, MOST_NOISE);
        }
        hides as f32 / luma.len().max(1) as f32
    }

    /// Learns from the pixels as they were compared; `secs` passed since the last time.
    pub(super) fn learn(&mut self, luma: &[f32], light: &Light, secs: f32) {
        let width = self.width.max(1);
        self.noise += 0.1 * (self.noise_now - self.noise);
        let (follow, kept) = ((secs / FOLLOWS_SECS).min(1.0), (1.0 - GONE_SHARE).powf(secs));
        for (y, row) in luma.chunks_exact(width).enumerate() {
            light.lasting_row(y, &mut self.gains);
            let start = y * width;
            for (x, &now) in row.iter().enumerate() {
                let (at, gain) = (start + x, self.gains[x]);
                // What is hidden is lit as its surroundings are.
                let drift = if (gain - 1.0).abs() > STEADY { 1.0 + follow * (gain - 1.0) } else { 1.0 };
                match self.states[at] {
                    BACKGROUND => {
                        self.background[at] += follow * (now - self.background[at]);
                        self.support[at] = (self.support[at] + secs).min(MOST_SUPPORT_SECS);
                        self.front[at] *= drift;
                        self.front_secs[at] *= kept;
                    }
                    STAYS => {
                        self.background[at] *= drift;
                        self.front[at] += follow * (now - self.front[at]);
                        self.front_secs[at] += secs;
                        if self.spare_secs(at) < 0.0 {
                            self.settle(at);
                        }
                    }
                    _ => {
                        self.background[at] *= drift;
                        self.front_secs[at] -= HIDDEN_COST * secs;
                        if self.front_secs[at] <= 0.0 {
                            // Remembered as bright as it would be in the light that the background remembers.
                            (self.front[at], self.front_secs[at]) = (now / gain, 0.0);
                        } else {
                            self.front[at] *= drift;
                        }
                    }
                }
            }
        }
    }

    /// What hid the background at this pixel is the background from now on.
    pub(super) fn settle(&mut self, at: usize) {
        std::mem::swap(&mut self.background[at], &mut self.front[at]);
        self.support[at] = self.support[at].max(self.front_secs[at]).min(MOST_SUPPORT_SECS);
        (self.front_secs[at], self.states[at]) = (0.0, BACKGROUND);
    }

    /// Share of each square of `side` × `side` pixels that does not show the background.
    pub(super) fn count(&self, side: usize, cells: &mut [f32]) {
        let columns = self.width / side;
        let share = 1.0 / (side * side) as f32;
        for (row, cells) in self.states.chunks_exact((self.width * side).max(1)).zip(cells.chunks_exact_mut(columns.max(1))) {
            cells.fill(0.0);
            for states in row.chunks_exact(self.width) {
                for (cell, states) in cells.iter_mut().zip(states.chunks_exact(side)) {
                    *cell += share * states.iter().filter(|state| **state != BACKGROUND).count() as f32;
                }
            }
        }
    }
}

/// Whether the background beside the pixel explains it: cameras tremble, and codecs smear edges.
fn is_beside(background: &[f32], (at, width): (usize, usize), now: f32, (gain, tolerance): (f32, f32)) -> bool {
    let (mut least, mut most) = (f32::INFINITY, 0.0f32);
    for first in [at.saturating_sub(width + 1), at.saturating_sub(1), at + width - 1] {
        for &luma in background.iter().skip(first).take(3) {
            (least, most) = (least.min(luma), most.max(luma));
        }
    }
    (gain * least - tolerance..=gain * most + tolerance).contains(&now)
}
