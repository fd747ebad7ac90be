//! Where a closer look pays: chooses the few regions a frame that are searched again at a larger scale.
//!
//! The picture is divided into cells. A cell is interesting when something small is followed there or its luma changes, and a little even
//! when nothing is known about it. Interest counts the more, the longer nobody looked: so busy parts are seen often, every part is seen
//! again after seconds, and nothing is chosen by chance: the same frames give the same regions.

use crate::base::geom::{FrameSize, Pixel, Rect};
use crate::base::time::MediaTime;
use crate::decode::{Frame, Planes};

use super::contract::InputSpec;
use super::region::Region;

/// Cells along a region's side. The outermost ring of a region counts as unseen: what lies there may be cut.
const CELLS_PER_SIDE: u32 = 8;
/// Luma samples along a cell's side.
const SAMPLES_PER_CELL: u32 = 8;
/// Luma difference from the last frame that is a change and not noise, of 255.
const CHANGE: u8 = 18;
/// Interest of a cell about which nothing is known; moving or followed things have about 1.
const UNKNOWN: f32 = 0.02;
/// A cell not looked at for this long is as urgent as one never looked at.
const FORGOTTEN_SECS: f64 = 4.0;
/// Things longer than this share of the picture's longer side are seen well enough in the whole picture.
const LARGE: f32 = 0.25;

/// Chooses regions for one camera.
#[derive(Debug)]
pub(super) struct Attention {
    budget: usize,
    input: (u32, u32),
    grid: Option<Grid>,
    chosen: Vec<Region>,
}

/// What is remembered between frames of one session and size.
#[derive(Debug)]
struct Grid {
    session: u32,
    size: FrameSize,
    region: (u32, u32),
    cell: u32,
    columns: u32,
    rows: u32,
    looked: Vec<Option<MediaTime>>,
    samples: Vec<u8>,
    interest: Vec<f32>,
    /// Sums of urgency over all cells above and to the left; one row and column more than there are cells.
    sums: Vec<f64>,
}

impl Attention {
    /// For a model with this input; at most `budget` regions a frame.
    pub(super) fn new(budget: usize, input: &InputSpec) -> Self {
        Self { budget, input: (input.width, input.height), grid: None, chosen: Vec::with_capacity(budget) }
    }

    /// The regions to search in `frame` besides the whole picture, most urgent first. `focus` are the boxes where tracks are expected.
    pub(super) fn choose(&mut self, frame: &Frame, focus: &[Rect<Pixel>]) -> &[Region] {
        self.chosen.clear();
        if self.budget == 0 {
            return &self.chosen;
        }
        let planes = frame.planes();
        let input = self.input;
        let is_same = |grid: &Grid| grid.session == frame.session() && grid.size == planes.size;
        if !self.grid.as_ref().is_some_and(is_same) {
            self.grid = None;
        }
        let grid = self.grid.get_or_insert_with(|| Grid::new(frame.session(), planes.size, input));
        grid.notice_motion(&planes);
        grid.notice_tracks(focus);
        let now = frame.stamp().media;
        for _ in 0..self.budget {
            grid.sum_urgency(now);
            match grid.most_urgent() {
                Some(region) => {
                    grid.mark_looked(region, now);
                    self.chosen.push(region);
                }
                None => break,
            }
        }
        &self.chosen
    }
}

/// Side of a region: at the model's own scale, but a third to a half of the picture's longer side, so that a region is worth its price.
fn side(length: u32, input: u32) -> u32 {
    input.clamp(length / 3, (length / 2).max(1))
}

impl Grid {
    fn new(session: u32, size: FrameSize, input: (u32, u32)) -> Self {
        let side = side(size.width.max(size.height), input.0.max(input.1)).max(2 * CELLS_PER_SIDE);
        // Even, so that every region begins on a chroma sample.
        let cell = (side / CELLS_PER_SIDE).next_multiple_of(2);
        let side = cell * CELLS_PER_SIDE;
        let (columns, rows) = (size.width.div_ceil(cell), size.height.div_ceil(cell));
        let cells = (columns * rows) as usize;
        Self {
            session,
            size,
            region: (side.min(size.width), side.min(size.height)),
            cell,
            columns,
            rows,
            looked: vec![None; cells],
            samples: Vec::new(),
            interest: vec![0.0; cells],
            sums: vec![0.0; ((columns + 1) * (rows + 1)) as usize],
        }
    }

    /// Interest of every cell = share of its luma samples that changed since the last frame.
    fn notice_motion(&mut self, planes: &Planes<'_>) {
        self.interest.fill(UNKNOWN);
        let step = (self.cell / SAMPLES_PER_CELL).max(1);
        let (width, height) = (self.size.width.div_ceil(step), self.size.height.div_ceil(step));
        let is_first = self.samples.is_empty();
        self.samples.resize((width * height) as usize, 0);
        let per_sample = (step * step) as f32 / (self.cell * self.cell) as f32;
        for row in 0..height {
            let source = &planes.y[(row * step) as usize * planes.y_stride..][..self.size.width as usize];
            let old = &mut self.samples[(row * width) as usize..][..width as usize];
            let cells = &mut self.interest[(row * step / self.cell * self.columns) as usize..][..self.columns as usize];
            let in_cells = source.chunks(self.cell as usize).zip(old.chunks_mut(self.cell.div_ceil(step) as usize)).zip(cells);
            for ((source, old), interest) in in_cells {
                let changed: u32 = source
                    .iter()
                    .step_by(step as usize)
                    .zip(old)
                    .map(|(&new, old)| u32::from(new.abs_diff(std::mem::replace(old, new)) > CHANGE))
                    .sum();
                *interest += if is_first { 0.0 } else { changed as f32 * per_sample };
            }
        }
    }

    /// Small followed things make their cells interesting; large ones make the change they cause uninteresting.
    fn notice_tracks(&mut self, focus: &[Rect<Pixel>]) {
        let large = LARGE * self.size.width.max(self.size.height) as f32;
        for rect in focus {
            let is_large = rect.width.max(rect.height) > large;
            for index in self.cells_under(*rect) {
                let interest = &mut self.interest[index];
                *interest = if is_large { UNKNOWN } else { *interest + 1.0 };
            }
        }
    }

    fn cells_under(&self, rect: Rect<Pixel>) -> impl Iterator<Item = usize> + use<> {
        let (cell, columns, rows) = (self.cell as f32, self.columns, self.rows);
        let span = move |from: f32, to: f32, count: u32| {
            let first = (from / cell).floor().max(0.0) as u32;
            let end = ((to / cell).ceil().max(0.0) as u32).min(count);
            first.min(end)..end
        };
        let across = span(rect.left, rect.right(), columns);
        span(rect.top, rect.bottom(), rows).flat_map(move |row| across.clone().map(move |column| (row * columns + column) as usize))
    }

    fn sum_urgency(&mut self, now: MediaTime) {
        let width = (self.columns + 1) as usize;
        for row in 0..self.rows as usize {
            let mut line = 0.0;
            for column in 0..self.columns as usize {
                let cell = row * self.columns as usize + column;
                let idle = self.looked[cell].map_or(FORGOTTEN_SECS, |at| now.since(at).as_secs_f64().min(FORGOTTEN_SECS));
                line += f64::from(self.interest[cell]) * idle;
                self.sums[(row + 1) * width + column + 1] = self.sums[row * width + column + 1] + line;
            }
        }
    }

    /// The region whose inside is most urgent; the uppermost, then leftmost of equals. `None` when everything was looked at just now.
    fn most_urgent(&self) -> Option<Region> {
        let mut best: Option<(f64, Region)> = None;
        for top in positions(self.size.height, self.region.1, self.cell) {
            for left in positions(self.size.width, self.region.0, self.cell) {
                let region = Region { left, top, width: self.region.0, height: self.region.1 };
                let urgency = self.urgency(region);
                if urgency > best.map_or(1e-6, |best| best.0) {
                    best = Some((urgency, region));
                }
            }
        }
        best.map(|best| best.1)
    }

    fn urgency(&self, region: Region) -> f64 {
        let (across, down) = self.inside(region);
        let at = |row: u32, column: u32| self.sums[(row * (self.columns + 1) + column) as usize];
        at(down.end, across.end) - at(down.start, across.end) - at(down.end, across.start) + at(down.start, across.start)
    }

    fn mark_looked(&mut self, region: Region, now: MediaTime) {
        let (across, down) = self.inside(region);
        for row in down {
            let line = row * self.columns;
            self.looked[(line + across.start) as usize..(line + across.end) as usize].fill(Some(now));
        }
    }

    /// Columns and rows of cells that lie in the region and not at a border where things are cut.
    fn inside(&self, region: Region) -> (std::ops::Range<u32>, std::ops::Range<u32>) {
        let span = |start: u32, length: u32, full: u32, count: u32| {
            let first = if start == 0 { 0 } else { start.div_ceil(self.cell) + 1 };
            let end = if start + length >= full { count } else { (start + length) / self.cell - 1 };
            first.min(end)..end
        };
        let across = span(region.left, region.width, self.size.width, self.columns);
        (across, span(region.top, region.height, self.size.height, self.rows))
    }
}

/// Starts of regions along one axis: every cell, and the last one that still fits (rounded down to even: one pixel may stay unseen).
fn positions(full: u32, length: u32, cell: u32) -> impl Iterator<Item = u32> {
    let last = (full - length) & !1;
    (0..=last / cell).map(move |index| index * cell).chain((!last.is_multiple_of(cell)).then_some(last))
}

#[cfg(test)]
mod tests {
    use super::super::contract::{Colour, Element, Fit, Layout};
    use super::*;
    use crate::base::time::{Stamp, WallTime};
    use crate::decode::I420;

    const SIZE: FrameSize = FrameSize::new(768, 576);

    fn attention(budget: usize) -> Attention {
        let input = InputSpec {
            name: "image".to_owned(),
            size_name: None,
            width: 320,
            height: 320,
            layout: Layout::Nhwc,
            element: Element::U8,
            colour: Colour::Rgb,
            fit: Fit::LetterboxTopLeft,
            padding: 0,
            mean: [0.0; 3],
            scale: [1.0; 3],
        };
        Attention::new(budget, &input)
    }

    fn frame(secs: f64, session: u32, bright: Option<(usize, usize)>) -> Frame {
        let mut y = vec![50; 768 * 576];
        if let Some((left, top)) = bright {
            (top..top + 40).for_each(|row| y[row * 768 + left..][..40].fill(200));
        }
        let stamp = Stamp { media: MediaTime::from_secs_f64(secs), wall: WallTime::from_micros(0) };
        Frame::from_i420(stamp, session, 1, I420 { size: SIZE, y, u: vec![128; 384 * 288], v: vec![128; 384 * 288] })
    }

    fn holds(region: &Region, x: f32, y: f32) -> bool {
        let rect = region.rect();
        (rect.left..rect.right()).contains(&x) && (rect.top..rect.bottom()).contains(&y)
    }

    #[test]
    fn a_region_goes_where_something_small_is_followed() {
        let mut attention = attention(1);
        for step in 0..20 {
            attention.choose(&frame(f64::from(step), 1, None), &[]);
        }
        let regions = attention.choose(&frame(20.0, 1, None), &[Rect::new(700.0, 30.0, 20.0, 20.0)]);
        assert!(holds(&regions[0], 710.0, 40.0), "{regions:?}");
    }

    #[test]
    fn a_region_goes_where_the_picture_changes() {
        let mut attention = attention(1);
        for step in 0..20 {
            attention.choose(&frame(f64::from(step), 1, None), &[]);
        }
        let regions = attention.choose(&frame(20.0, 1, Some((60, 500))), &[]);
        assert!(holds(&regions[0], 80.0, 520.0), "{regions:?}");
    }

    #[test]
    fn every_part_is_seen_again_even_when_something_is_followed_elsewhere() {
        let mut attention = attention(1);
        let mut seen = [false; 4];
        for step in 0..80 {
            let regions = attention.choose(&frame(f64::from(step) * 0.125, 1, None), &[Rect::new(700.0, 30.0, 20.0, 20.0)]);
            for (seen, (x, y)) in seen.iter_mut().zip([(20.0, 20.0), (750.0, 20.0), (20.0, 560.0), (750.0, 560.0)]) {
                *seen |= holds(&regions[0], x, y);
            }
        }
        assert_eq!(seen, [true; 4]);
    }

    #[test]
    fn regions_of_one_frame_lie_inside_it_on_even_pixels_and_differ() {
        let mut attention = attention(4);
        let regions = attention.choose(&frame(0.0, 1, None), &[]).to_vec();
        assert_eq!(regions.len(), 4);
        for (index, region) in regions.iter().enumerate() {
            assert!(region.left % 2 == 0 && region.top % 2 == 0);
            assert!(region.left + region.width <= 768 && region.top + region.height <= 576);
            assert!(!regions[..index].contains(region), "{regions:?}");
        }
    }

    #[test]
    fn pictures_of_any_size_are_survived() {
        for (width, height) in [(1, 1), (3, 2), (17, 500), (640, 33), (321, 321)] {
            let size = FrameSize::new(width, height);
            let chroma = (width.div_ceil(2) * height.div_ceil(2)) as usize;
            let stamp = Stamp { media: MediaTime::ZERO, wall: WallTime::from_micros(0) };
            let picture =
                Frame::from_i420(stamp, 1, 1, I420 { size, y: vec![0; (width * height) as usize], u: vec![0; chroma], v: vec![0; chroma] });
            let mut attention = attention(3);
            for region in attention.choose(&picture, &[Rect::new(-5.0, -5.0, 9999.0, 9999.0)]) {
                assert!(region.left + region.width <= width && region.top + region.height <= height && region.width > 0);
            }
        }
    }
}
