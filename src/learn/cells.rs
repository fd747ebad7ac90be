//! Which way traffic goes in each cell of a grid over the picture: the arrows of the picture, and a check of the lanes that does not know about roads.

use super::journey::Journey;
use super::plan::View;
use crate::base::geom::{Norm, Pixel, Point};

/// Twice the scene's grid of directions in each direction.
pub(super) const COLUMNS: usize = 48;
pub(super) const ROWS: usize = 27;
/// Vehicles that make a direction.
const FEWEST: u16 = 5;
/// Share of a unit vector's length that the mean must keep: at 0.8, half of the ways lie within 37 degrees.
const STEADY: f32 = 0.8;
/// Arrows are steps of this length on the plan, put into the picture.
const AHEAD_L: f32 = 0.5;

/// A cell with one direction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Arrow {
    /// Middle of the cell.
    pub(super) at: Point<Norm>,
    /// Direction in pixels, of length 1.
    pub(super) way: Point<Pixel>,
}

/// Cells in which traffic goes one way, row by row.
pub(super) fn arrows(view: &View, journeys: &[Journey]) -> Vec<Arrow> {
    let mut sums = vec![(0u16, 0.0f32, 0.0f32); COLUMNS * ROWS];
    for journey in journeys {
        let mut before = None;
        for spot in journey.spots.iter().filter(|spot| spot.heading.length() > 0.5) {
            let Some((here, ahead)) = view.to_image(spot.place).zip(view.to_image(spot.heading.times(AHEAD_L).from(spot.place))) else {
                continue;
            };
            let (dx, dy) = (ahead.x - here.x, ahead.y - here.y);
            let length = dx.hypot(dy);
            let share = view.size().to_norm(here);
            if length <= 0.0 || !(0.0..1.0).contains(&share.x) || !(0.0..1.0).contains(&share.y) {
                continue;
            }
            let cell = (share.y * ROWS as f32) as usize * COLUMNS + (share.x * COLUMNS as f32) as usize;
            if before.replace(cell) != Some(cell) {
                let (count, x, y) = sums[cell];
                sums[cell] = (count.saturating_add(1), x + dx / length, y + dy / length);
            }
        }
    }
    let arrow = |(cell, &(count, x, y)): (usize, &(u16, f32, f32))| {
        let length = x.hypot(y);
        let middle = |index: usize, of: usize| (index as f32 + 0.5) / of as f32;
        let at = Point::new(middle(cell % COLUMNS, COLUMNS), middle(cell / COLUMNS, ROWS));
        (count >= FEWEST && length >= STEADY * f32::from(count)).then(|| Arrow { at, way: Point::new(x / length, y / length) })
    };
    sums.iter().enumerate().filter_map(arrow).collect()
}
