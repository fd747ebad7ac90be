//! How large a car looks at each place of the picture, learned from the cars that pass.

use serde::{Deserialize, Serialize};

use crate::base::class::Class;
use crate::base::geom::{FrameSize, Pixel, Point, Rect};

const COLUMNS: usize = 16;
const ROWS: usize = 9;
/// Votes a cell needs before it is believed without its neighbours.
const ENOUGH: u32 = 5;

/// Local car length L in pixels: per cell of a 16 × 9 grid the running median of √(width · height) of the cars seen there, motorcycles
/// scaled by 2.2. A cell that has seen too few borrows from its neighbours, then from its rows (perspective changes along y). Where nothing
/// is known the thing's own box decides, by the usual size of its class.
#[derive(Clone, Debug)]
pub struct CarLengthMap {
    cells: Vec<Histogram>,
    learned: [Option<f32>; COLUMNS * ROWS],
}

impl Default for CarLengthMap {
    fn default() -> Self {
        Self::new()
    }
}

/// Votes of all cells, row by row, [`BINS`] each.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct CarLengthMemory {
    votes: Vec<u32>,
}

/// Place in the grid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cell {
    column: usize,
    row: usize,
}

impl CarLengthMap {
    /// Knows nothing.
    pub fn new() -> Self {
        Self { cells: vec![Histogram::default(); COLUMNS * ROWS], learned: [None; COLUMNS * ROWS] }
    }

    /// The cell that holds `p` of a picture of `size`; places outside belong to the nearest cell.
    pub(super) fn cell(size: FrameSize, p: Point<Pixel>) -> Cell {
        let share = size.to_norm(p);
        let column = ((share.x * COLUMNS as f32) as usize).min(COLUMNS - 1);
        let row = ((share.y * ROWS as f32) as usize).min(ROWS - 1);
        Cell { column, row }
    }

    /// Learns from one box. Call it once per track and cell, so that a standing car has one vote as a passing one.
    pub(super) fn vote(&mut self, cell: Cell, class: Class, rect: Rect<Pixel>) {
        if !matches!(class, Class::Car | Class::Motorcycle) {
            return;
        }
        self.cells[cell.row * COLUMNS + cell.column].add(own_length(class, rect));
        // Only the rows beside the vote can change, through their own cells, their neighbours or the rows themselves.
        self.judge(cell.row.saturating_sub(1)..=(cell.row + 1).min(ROWS - 1));
    }

    /// What the votes say about these rows.
    fn judge(&mut self, rows: std::ops::RangeInclusive<usize>) {
        for row in rows {
            let band = self.median_of(row, 0..COLUMNS);
            for column in 0..COLUMNS {
                let own = self.cells[row * COLUMNS + column].median();
                let near = column.saturating_sub(1)..(column + 2).min(COLUMNS);
                self.learned[row * COLUMNS + column] = own.or_else(|| self.median_of(row, near)).or(band);
            }
        }
    }

    /// What was learned, for the next run of the program.
    pub(super) fn memory(&self) -> CarLengthMemory {
        CarLengthMemory { votes: self.cells.iter().flat_map(|cell| cell.bins).collect() }
    }

    /// Goes on from what an earlier run learned. Votes on another grid are none.
    pub(super) fn recall(&mut self, memory: &CarLengthMemory) {
        if memory.votes.len() != COLUMNS * ROWS * BINS {
            return;
        }
        for (cell, votes) in self.cells.iter_mut().zip(memory.votes.chunks_exact(BINS)) {
            // More than a full histogram holds was not written by this program; it must do no harm all the same.
            cell.bins.iter_mut().zip(votes).for_each(|(bin, votes)| *bin = (*votes).min(FULL));
            cell.total = cell.bins.iter().sum();
        }
        self.judge(0..=ROWS - 1);
    }

    /// Local car length in pixels for a thing of `class` with box `rect`, at its foot point.
    pub(super) fn at(&self, cell: Cell, class: Class, rect: Rect<Pixel>) -> f32 {
        self.learned[cell.row * COLUMNS + cell.column].unwrap_or_else(|| own_length(class, rect)).max(SMALLEST_PX)
    }

    /// Local car length in pixels at a place, as far as cars have taught it.
    pub fn known(&self, size: FrameSize, at: Point<Pixel>) -> Option<f32> {
        let cell = Self::cell(size, at);
        self.learned[cell.row * COLUMNS + cell.column].map(|length| length.max(SMALLEST_PX))
    }

    fn median_of(&self, row: usize, columns: std::ops::Range<usize>) -> Option<f32> {
        let rows = row.saturating_sub(1)..=(row + 1).min(ROWS - 1);
        let mut pooled = Histogram::default();
        for cell in rows.flat_map(|row| columns.clone().map(move |column| row * COLUMNS + column)) {
            pooled.join(&self.cells[cell]);
        }
        pooled.median()
    }
}

/// Car length that a single box suggests, by how large its class is beside a car. Person: 1.7 m × 0.6 m against a car's mean view.
pub(crate) fn own_length(class: Class, rect: Rect<Pixel>) -> f32 {
    let beside_a_car = match class {
        Class::Car => 1.0,
        Class::Motorcycle | Class::Bicycle => 2.2,
        Class::Person => 2.6,
        Class::Truck => 0.8,
        Class::Bus => 0.6,
    };
    rect.area().sqrt() * beside_a_car
}

const SMALLEST_PX: f32 = 4.0;
const BINS: usize = 60;
/// Bins per doubling: each is 12 % wide, and the median is interpolated within one.
const BINS_PER_OCTAVE: f32 = 6.0;
/// When this many votes are in, all are halved: what was seen long ago counts less.
const FULL: u32 = 256;

/// Votes by size on a logarithmic scale from 4 pixels up. `total` votes, of which `bins` keeps the places.
#[derive(Clone, Debug)]
struct Histogram {
    bins: [u32; BINS],
    total: u32,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { bins: [0; BINS], total: 0 }
    }
}

impl Histogram {
    fn add(&mut self, length: f32) {
        let bin = ((length / SMALLEST_PX).max(1.0).log2() * BINS_PER_OCTAVE) as usize;
        self.bins[bin.min(BINS - 1)] += 1;
        self.total += 1;
        if self.total >= FULL {
            self.bins.iter_mut().for_each(|votes| *votes /= 2);
            self.total = self.bins.iter().sum();
        }
    }

    fn join(&mut self, other: &Self) {
        if other.total > 0 {
            self.bins.iter_mut().zip(&other.bins).for_each(|(votes, more)| *votes += more);
            self.total += other.total;
        }
    }

    fn median(&self) -> Option<f32> {
        if self.total < ENOUGH {
            return None;
        }
        let half = self.total as f32 / 2.0;
        let mut below = 0.0;
        for (bin, &votes) in self.bins.iter().enumerate() {
            if below + votes as f32 >= half {
                let within = (half - below) / votes as f32;
                return Some(SMALLEST_PX * ((bin as f32 + within) / BINS_PER_OCTAVE).exp2());
            }
            below += votes as f32;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: FrameSize = FrameSize::new(640, 360);

    #[test]
    fn what_is_not_known_comes_from_the_things_own_box() {
        let map = CarLengthMap::new();
        let rect = Rect::new(100.0, 100.0, 20.0, 20.0);
        let cell = CarLengthMap::cell(SIZE, rect.foot());
        assert_eq!(map.at(cell, Class::Car, rect), 20.0);
        assert_eq!(map.at(cell, Class::Motorcycle, rect), 44.0);
    }

    #[test]
    fn cars_teach_their_cell_and_its_neighbours_and_their_rows() {
        let mut map = CarLengthMap::new();
        let car = |px: f32| Rect::new(300.0, 150.0, px, px);
        let here = CarLengthMap::cell(SIZE, Point::new(300.0, 150.0));
        for px in [50.0, 52.0, 48.0, 51.0, 200.0, 50.0, 49.0] {
            map.vote(here, Class::Car, car(px));
        }
        let bike = Rect::new(0.0, 0.0, 10.0, 10.0);
        for (x, y) in [(300.0, 150.0), (345.0, 150.0), (20.0, 150.0), (300.0, 185.0)] {
            let learned = map.at(CarLengthMap::cell(SIZE, Point::new(x, y)), Class::Motorcycle, bike);
            assert!((learned - 50.0).abs() < 4.0, "{learned} at {x},{y}");
        }
        assert_eq!(map.at(CarLengthMap::cell(SIZE, Point::new(300.0, 340.0)), Class::Motorcycle, bike), 22.0);
    }

    #[test]
    fn what_was_learned_is_the_same_in_the_next_run_and_learning_goes_on() {
        let mut map = CarLengthMap::new();
        let vote = |map: &mut CarLengthMap, n: u32| {
            let (x, y, px) = ((n * 97 % 640) as f32, (n * 53 % 360) as f32, 20.0 + (n * 31 % 90) as f32);
            map.vote(CarLengthMap::cell(SIZE, Point::new(x, y)), Class::Car, Rect::new(x, y, px, px));
        };
        (0..3000).for_each(|n| vote(&mut map, n));
        let mut next = CarLengthMap::new();
        next.recall(&map.memory());
        assert_eq!(next.learned, map.learned);
        assert!(map.learned.iter().any(Option::is_some));
        (3000..6000).for_each(|n| [&mut map, &mut next].into_iter().for_each(|map| vote(map, n)));
        assert_eq!(next.learned, map.learned);
    }

    #[test]
    fn a_memory_that_no_map_wrote_does_no_harm() {
        for votes in [Vec::new(), vec![1; 7], vec![u32::MAX; COLUMNS * ROWS * BINS]] {
            let mut map = CarLengthMap::new();
            map.recall(&CarLengthMemory { votes });
            let rect = Rect::new(300.0, 150.0, 50.0, 50.0);
            (0..600).for_each(|_| map.vote(CarLengthMap::cell(SIZE, rect.foot()), Class::Car, rect));
            assert!(map.at(CarLengthMap::cell(SIZE, rect.foot()), Class::Car, rect).is_finite());
        }
    }

    #[test]
    fn a_place_outside_the_picture_belongs_to_the_nearest_cell() {
        for (x, y) in [(-50.0, -50.0), (9e9, 9e9), (f32::NAN, 1.0)] {
            let _ = CarLengthMap::cell(SIZE, Point::new(x, y));
        }
    }
}
