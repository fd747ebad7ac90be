//! What a picture shows that the place does not show usually, as plain figures: made from pixels in one place, read by rules that never see any.

use super::geom::{FrameSize, Norm, Pixel, Point, Rect};
use super::time::MediaTime;

/// One look at a camera's picture beside its background. Reused from look to look.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Foreground {
    /// When the picture was taken.
    looked: MediaTime,
    columns: usize,
    rows: usize,
    /// Width and height of a cell in shares of the picture.
    cell: [f32; 2],
    cells: Vec<f32>,
    regions: Vec<StaticRegion>,
}

/// Something that was not there, and that has not moved since. All its figures are of the picture: whether it is a thing is for a rule to say.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StaticRegion {
    /// Where it is.
    pub rect: Rect<Pixel>,
    /// How much of the rectangle it fills, 0..=1.
    pub fill: f32,
    /// For how many seconds it was seen, on the mean of its pixels. Time in which something hid it does not count.
    pub seen_secs: f32,
    /// For how many seconds more it may be seen until it is taken for a part of the place and is not found any more.
    pub spare_secs: f32,
    /// Share of its pixels that show it in this look, 0..=1: less while something hides it.
    pub visible: f32,
    /// The edges along its rim beside those of the background at the same place: more than 1 is something that appeared, less than 1 is something that went.
    pub edges: f32,
    /// How much brighter (or darker, below 1) it is than the background, by factors: the mean ...
    pub brightness: f32,
    /// ... and how far its pixels scatter around it, as standard deviation of the logarithm. Light and shade take the same share of everything.
    pub scatter: f32,
}

impl Foreground {
    /// Of `columns` × `rows` cells, each `cell` wide and high in shares of the picture, that show the background and nothing else.
    pub fn new(columns: usize, rows: usize, cell: [f32; 2]) -> Self {
        Self { looked: MediaTime::ZERO, columns, rows, cell, cells: vec![0.0; columns * rows], regions: Vec::new() }
    }

    /// Begins the look at `at`: no region, and cells as they were.
    pub fn begin(&mut self, at: MediaTime) {
        self.looked = at;
        self.regions.clear();
    }

    /// When the picture was taken.
    pub fn looked(&self) -> MediaTime {
        self.looked
    }

    /// Share of each cell that does not show the background, 0..=1, row by row.
    pub fn cells(&self) -> &[f32] {
        &self.cells
    }

    /// The same, to be written.
    pub fn cells_mut(&mut self) -> &mut [f32] {
        &mut self.cells
    }

    /// Cells in a row, and rows.
    pub fn grid(&self) -> (usize, usize) {
        (self.columns, self.rows)
    }

    /// Middle of the cell at `index`.
    pub fn place(&self, index: usize) -> Point<Norm> {
        let columns = self.columns.max(1);
        Point::new(((index % columns) as f32 + 0.5) * self.cell[0], ((index / columns) as f32 + 0.5) * self.cell[1])
    }

    /// Width and height of a cell in pixels of a picture of this size.
    pub fn cell_px(&self, size: FrameSize) -> [f32; 2] {
        [self.cell[0] * size.width as f32, self.cell[1] * size.height as f32]
    }

    /// What is new and does not move, in reading order of the picture.
    pub fn regions(&self) -> &[StaticRegion] {
        &self.regions
    }

    /// The same, to be written.
    pub fn regions_mut(&mut self) -> &mut Vec<StaticRegion> {
        &mut self.regions
    }
}
