//! What a night leaves to hold on to: a few lit marks, lamps and stretches of line in a black picture, too few for comparing edges block by block.
//!
//! A mark is brighter than its neighbourhood (top-hat transform: Serra, Image Analysis and Mathematical Morphology, 1982) in every one of the last looks,
//! so passing headlights are none. Where most marks are not at their place any more, they are looked for elsewhere by correlation of the whole picture.

use opencv::core::{self, Mat, Point, Scalar, Size};
use opencv::imgproc;
use opencv::prelude::*;

use super::field::{BLOCKS, HEIGHT, WIDTH, block_of};
use super::fit::Transform;
use super::shift::Correlator;
use super::watch::{Impression, Trouble};
use crate::config::settings::ViewSettings;
use crate::vision::VisionError;

/// Columns and rows of the finer reduction: a lamp is a pixel or two of it.
const ACROSS: usize = 2 * WIDTH;
const DOWN: usize = 2 * HEIGHT;
const PIXELS: usize = ACROSS * DOWN;
/// Wider things are no marks but bodies.
const WIDEST: i32 = 9;
/// Levels of luma over the neighbourhood that are nothing yet, beside noise, and how many more make a full mark.
const NOTHING: u8 = 2;
const FULL: u8 = 6;
/// So many of eight points have no marks: what they reach is noise. Where marks are widened, more.
const STEADY_NOISE: u32 = 6;
const SHOWN_NOISE: u32 = 7;
/// A full mark; home counts in as many fractions of a level.
const ONE: u16 = 255;
const FRACTIONS: u16 = 256;
/// What is at least half a mark most of the time is one of home's, and is seen again with half as much.
const MARK: u8 = 128;
const SEEN: u8 = 64;
/// What is told by the last looks together.
const LATEST: usize = 3;
/// Looks from which marks are learned, longer than a codec repeats its noise, and looks in which they must then be seen again before they are trusted:
/// what rain or noise shows is not.
const LEARNED_AFTER: u32 = 8;
const PROVED_AFTER: u32 = 4;
/// Pixels of marks below which there is nothing to hold on to.
const FEWEST: f32 = 40.0;
/// Home gains a new mark and loses one that faded as a mean over so many looks does.
const GAINS: u16 = 60;
const LOSES: u16 = 10;
/// From this share of home's marks on they are at their place; below the other one they are not.
const THERE: f32 = 0.6;
const GONE: f32 = 0.45;
/// Share of home that must be found elsewhere, and how much better than in place.
const ELSEWHERE: f32 = 0.4;
const BETTER: f32 = 1.4;
/// New steady marks of this share of home's say that something else is seen now.
const OTHERS: f32 = 0.3;
/// Blocks that something bright and plain lies over: levels from home, levels of their own, share of the picture.
const BRIGHTER: f32 = 20.0;
const PLAIN: f32 = 3.0;
const COVERED: f32 = 0.5;
/// Share of the picture that stays as dark as it was beside a cover; where less does, and the marks are in place, it is day.
const BESIDE: f32 = 0.125;
/// Share of the marks under it that may still be seen, and pixels of marks that must lie under it.
const SHINES_THROUGH: f32 = 0.3;
const UNDER: u32 = 4;
/// The bound of sharpness for marks, in proportion to that for a whole picture, and up to where nothing is said.
const BLURRED: f32 = 1.25;
const NEARLY: f32 = 1.6;
/// More levels of noise than usual in which marks drown: rain, snow.
const DROWNED: u8 = 3;

/// Marks of home and of the last looks. Owned by the view.
#[derive(Debug)]
pub(super) struct Marks {
    kernel: Mat,
    wider: Mat,
    top: Mat,
    middle: Mat,
    /// Levels over the neighbourhood in the last looks, and whose turn it is.
    latest: [Vec<u8>; LATEST],
    turn: usize,
    /// The least of them, as levels.
    least: Vec<u8>,
    /// How much of a mark there is by the least and by the middle one of them.
    steady: Vec<u8>,
    shown: Vec<u8>,
    /// How much of a mark there usually is.
    home: Vec<u16>,
    looks: u32,
    /// Looks in which they were seen again.
    proofs: u32,
    /// Noise of the latest look, and the usual one.
    noise: u8,
    usual_noise: f32,
    crispness: f32,
    brightness: [f32; BLOCKS],
    correlator: Correlator,
    figures: MarkFigures,
}

/// What the marks say, for people who tune.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct MarkFigures {
    /// Share of home's marks that are at their place, 0..=1.
    pub found: f32,
    /// Steady marks where home has none, as share of home's.
    pub others: f32,
    /// Sharpness of the marks in proportion to home's.
    pub crispness: f32,
}

impl Marks {
    /// Knows none yet.
    pub(super) fn new() -> Self {
        Self {
            kernel: Mat::default(),
            wider: Mat::default(),
            top: Mat::default(),
            middle: Mat::default(),
            latest: std::array::from_fn(|_| vec![0; PIXELS]),
            turn: 0,
            least: vec![0; PIXELS],
            steady: vec![0; PIXELS],
            shown: vec![0; PIXELS],
            home: vec![0; PIXELS],
            looks: 0,
            proofs: 0,
            noise: 0,
            usual_noise: 0.0,
            crispness: 0.0,
            brightness: [0.0; BLOCKS],
            correlator: Correlator::default(),
            figures: MarkFigures::default(),
        }
    }

    /// Forgets home.
    pub(super) fn restart(&mut self) {
        self.looks = 0;
        self.proofs = 0;
        self.home.fill(0);
    }

    /// Whether there are enough to go by.
    pub(super) fn are_known(&self) -> bool {
        self.proofs >= PROVED_AFTER
    }

    /// What the latest look measured, once marks are known.
    pub(super) fn figures(&self) -> Option<MarkFigures> {
        self.are_known().then_some(self.figures)
    }

    /// Takes the finer reduction of the next picture, 320 x 180 levels of luma, of which those up to `black` are all black.
    pub(super) fn take(&mut self, fine: &Mat, black: u8) -> Result<(), VisionError> {
        if self.kernel.empty() {
            let square = |side| imgproc::get_structuring_element(imgproc::MORPH_RECT, Size::new(side, side), Point::new(-1, -1));
            (self.kernel, self.wider) = (square(WIDEST)?, square(3)?);
        }
        let border = imgproc::morphology_default_border_value()?;
        let (anchor, edge) = (Point::new(-1, -1), core::BORDER_CONSTANT);
        core::max(fine, &Scalar::all(f64::from(black)), &mut self.middle)?;
        imgproc::morphology_ex(&self.middle, &mut self.top, imgproc::MORPH_TOPHAT, &self.kernel, anchor, 1, edge, border)?;
        self.latest[self.turn].copy_from_slice(self.top.data_typed::<u8>()?);
        self.turn = (self.turn + 1) % LATEST;
        let [a, b, c] = &self.latest;
        let middle = self.middle.data_typed_mut::<u8>()?;
        for ((((least, middle), a), b), c) in self.least.iter_mut().zip(middle).zip(a).zip(b).zip(c) {
            (*least, *middle) = (*a.min(b).min(c), *a.min(b).max(a.max(b).min(c)));
        }
        // The camera sways a little.
        imgproc::dilate(&self.middle, &mut self.top, &self.wider, anchor, 1, edge, border)?;
        self.shown.copy_from_slice(self.top.data_typed::<u8>()?);
        self.steady.copy_from_slice(&self.least);
        weigh(&mut self.steady, STEADY_NOISE);
        self.noise = weigh(&mut self.shown, SHOWN_NOISE);
        Ok(())
    }

    /// Home becomes, or stays, what the last looks show; `luma` is the reduced picture.
    pub(super) fn learn(&mut self, luma: &[f32]) {
        let share = 1.0 / (self.looks + 1) as f32;
        let gains = (self.looks as u16 + 1).min(GAINS);
        for ((home, level), shown) in self.home.iter_mut().zip(&self.steady).zip(&self.shown) {
            let now = u16::from(*level) * FRACTIONS;
            if now > *home {
                *home += (now - *home) / gains;
            } else {
                *home -= home.saturating_sub(u16::from(*shown) * FRACTIONS) / gains.min(LOSES);
            }
        }
        let (crispness, brightness) = (self.crispness_now(), means(luma));
        self.crispness += share * (crispness - self.crispness);
        self.brightness.iter_mut().zip(brightness).for_each(|(mean, new)| *mean += share * (new.0 - *mean));
        self.usual_noise += share * (f32::from(self.noise) - self.usual_noise);
        self.looks = (self.looks + 1).min(u32::from(GAINS));
        if self.looks >= LEARNED_AFTER && !self.are_known() {
            self.prove();
        }
    }

    fn prove(&mut self) {
        let size = self.size();
        if size >= FEWEST {
            self.measure(size);
        }
        if size < FEWEST || self.figures.found < THERE {
            self.restart();
        } else {
            self.proofs += 1;
        }
    }

    /// What the marks say of this look; `None` where there are too few. `luma` is the reduced picture, `stretch` the height of one of its pixels in widths.
    pub(super) fn judge(&mut self, luma: &[f32], stretch: f32, settings: &ViewSettings) -> Result<Option<Impression>, VisionError> {
        let size = self.size();
        if !self.are_known() || size < FEWEST {
            return Ok(None);
        }
        self.measure(size);
        if f32::from(self.noise) > self.usual_noise + f32::from(DROWNED) {
            return Ok(Some(Impression::Unsure));
        }
        let MarkFigures { found, others, crispness } = self.figures;
        if self.is_covered(luma) {
            return Ok(Some(Impression::Wrong(Trouble::Obstructed)));
        }
        if found < THERE {
            return self.elsewhere(stretch, settings.tolerance).map(|moved| match moved {
                Some(by) => Some(Impression::Wrong(Trouble::Moved(Some(by)))),
                None if found >= GONE => Some(Impression::Unsure),
                None if others >= OTHERS => Some(Impression::Wrong(Trouble::Moved(None))),
                None => Some(Impression::Wrong(Trouble::Dark)),
            });
        }
        Ok(Some(match () {
            () if crispness < BLURRED * settings.sharpness => Impression::Wrong(Trouble::Blurred),
            () if crispness < NEARLY * settings.sharpness => Impression::Unsure,
            () => Impression::Home,
        }))
    }

    /// Pixels of home's marks.
    fn size(&self) -> f32 {
        self.home.iter().filter(|home| is_mark(**home)).count() as f32
    }

    fn measure(&mut self, size: f32) {
        let (mut found, mut others) = (0u32, 0u32);
        for ((&home, &shown), &level) in self.home.iter().zip(&self.shown).zip(&self.steady) {
            found += u32::from(is_mark(home) && shown >= SEEN);
            others += u32::from(home == 0 && level >= MARK);
        }
        let crispness = self.crispness_now() / self.crispness.max(1e-6);
        self.figures = MarkFigures { found: found as f32 / size, others: others as f32 / size, crispness };
    }

    /// Fine structure in proportion to coarse structure where home has marks: light cancels out.
    fn crispness_now(&self) -> f32 {
        let (mut bends, mut slopes) = (0.0f32, 0.0f32);
        for y in 1..DOWN - 1 {
            for x in 1..ACROSS - 1 {
                let index = y * ACROSS + x;
                let near = [index - ACROSS, index - 1, index, index + 1, index + ACROSS];
                if !near.iter().any(|&near| is_mark(self.home[near])) {
                    continue;
                }
                let [above, left, here, right, below] = near.map(|near| f32::from(self.least[near]));
                bends += (above + left + right + below - 4.0 * here).powi(2);
                slopes += ((right - left).powi(2) + (below - above).powi(2)) / 4.0;
            }
        }
        bends / slopes.max(1.0)
    }

    /// Whether half of the picture is brighter than at home without anything in it, and the marks there are hidden: light would show them. Weak ones
    /// it does not: by day plain asphalt is as bright and as plain as a board, and its grain hides what glittered. But day is everywhere.
    fn is_covered(&self, luma: &[f32]) -> bool {
        let (mut covered, mut dark) = ([false; BLOCKS], 0);
        for ((covered, home), (mean, own)) in covered.iter_mut().zip(self.brightness).zip(means(luma)) {
            *covered = mean - home > BRIGHTER && own < PLAIN;
            dark += usize::from(mean - home <= BRIGHTER);
        }
        let is_day = self.figures.found >= THERE && (dark as f32) < BESIDE * BLOCKS as f32;
        if is_day || (covered.iter().filter(|covered| **covered).count() as f32) < COVERED * BLOCKS as f32 {
            return false;
        }
        let (mut under, mut seen) = (0u32, 0u32);
        for (index, (&home, &level)) in self.home.iter().zip(&self.steady).enumerate() {
            if is_mark(home) && covered[block_of(index % ACROSS / 2, index / ACROSS / 2)] {
                under += 1;
                seen += u32::from(level >= SEEN);
            }
        }
        under >= UNDER && (seen as f32) < SHINES_THROUGH * under as f32
    }

    /// Where home's marks are now, when most of them are found together somewhere else.
    fn elsewhere(&mut self, stretch: f32, tolerance: f32) -> Result<Option<Transform>, VisionError> {
        let brightest = |value: &dyn Fn(usize) -> u8, index: usize| {
            let corner = index / WIDTH * 2 * ACROSS + index % WIDTH * 2;
            let most = [corner, corner + 1, corner + ACROSS, corner + ACROSS + 1].into_iter().map(value).max();
            f32::from(most.unwrap_or_default()) / f32::from(ONE)
        };
        let home = |index| brightest(&|fine| if is_mark(self.home[fine]) { ONE as u8 } else { 0 }, index);
        let now = |index| brightest(&|fine| self.steady[fine], index);
        let itself: f32 = (0..WIDTH * HEIGHT).map(|index| home(index).powi(2)).sum();
        let peak = self.correlator.peak(|index| (home(index), 0.0), |index| (now(index), 0.0))?;
        let (x, y) = (peak.shift.0 / WIDTH as f32, peak.shift.1 * stretch / WIDTH as f32);
        let is_clear = peak.value >= ELSEWHERE * itself && peak.value >= BETTER * peak.in_place;
        let moved = Transform { shift_x: x, shift_y: y, zoom: 1.0, rotation_deg: 0.0 };
        Ok((is_clear && x.hypot(y) > tolerance).then_some(moved))
    }
}

fn is_mark(home: u16) -> bool {
    home / FRACTIONS >= u16::from(MARK)
}

/// Turns levels over the neighbourhood into how much of a mark they are, noise taken off: what `eighths` of the points do not exceed. Gives the noise.
fn weigh(levels: &mut [u8], eighths: u32) -> u8 {
    let mut histogram = [0u32; 256];
    levels.iter().for_each(|level| histogram[usize::from(*level)] += 1);
    let (mut below, bound) = (0, eighths * levels.len() as u32 / 8);
    let noise = histogram.iter().position(|count| {
        below += count;
        below >= bound
    });
    let noise = noise.unwrap_or_default() as u8;
    let nothing = noise.saturating_add(NOTHING);
    levels.iter_mut().for_each(|level| *level = (u16::from(level.saturating_sub(nothing).min(FULL)) * ONE / u16::from(FULL)) as u8);
    noise
}

/// Mean and mean deviation of the luma of each block.
fn means(luma: &[f32]) -> [(f32, f32); BLOCKS] {
    let mut blocks = [(0.0f32, 0.0f32); BLOCKS];
    let share = BLOCKS as f32 / (WIDTH * HEIGHT) as f32;
    let of = |index: usize| block_of(index % WIDTH, index / WIDTH);
    luma.iter().enumerate().for_each(|(index, luma)| blocks[of(index)].0 += share * luma);
    luma.iter().enumerate().for_each(|(index, luma)| blocks[of(index)].1 += share * (luma - blocks[of(index)].0).abs());
    blocks
}
