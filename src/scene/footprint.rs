//! How much of a zone's road is covered by vehicles: the union of their footprints.
//!
//! Motorcycles stand side by side and boxes overlap, so neither a number of vehicles nor a sum of boxes says how full a road is.

use crate::base::geom::{FrameSize, Norm, Pixel, Point, Polygon, Rect};

const COLUMNS: usize = 64;
const ROWS: usize = 48;

/// A zone cut into 64 × 48 cells of its bounding box; a row of cells is one word of bits.
#[derive(Clone, Debug)]
pub(super) struct Footprint {
    size: FrameSize,
    bounds: Rect<Pixel>,
    zone: [u64; ROWS],
    covered: [u64; ROWS],
    /// Car length in pixels seen last in each row.
    car_length: [Option<f32>; ROWS],
}

impl Footprint {
    pub(super) fn new(zone: &Polygon<Norm>, size: FrameSize) -> Self {
        let corners = || zone.corners().iter().map(|&corner| size.to_pixel(corner));
        let (mut left, mut top, mut right, mut bottom) = (f32::MAX, f32::MAX, 0.0f32, 0.0f32);
        for corner in corners() {
            (left, top, right, bottom) = (left.min(corner.x), top.min(corner.y), right.max(corner.x), bottom.max(corner.y));
        }
        let bounds = Rect::from_corners(left, top, right, bottom);
        let mut this = Self { size, bounds, zone: [0; ROWS], covered: [0; ROWS], car_length: [None; ROWS] };
        let (width, height) = this.cell();
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let middle = Point::new(bounds.left + (column as f32 + 0.5) * width, bounds.top + (row as f32 + 0.5) * height);
                if zone.contains(size.to_norm(middle)) {
                    this.zone[row] |= 1 << column;
                }
            }
        }
        this
    }

    /// The picture it was made for.
    pub(super) fn size(&self) -> FrameSize {
        self.size
    }

    fn cell(&self) -> (f32, f32) {
        (self.bounds.width / COLUMNS as f32, self.bounds.height / ROWS as f32)
    }

    pub(super) fn clear(&mut self) {
        self.covered = [0; ROWS];
    }

    /// Adds a vehicle: the lower half of its box, which is about what it covers of the road.
    pub(super) fn add(&mut self, rect: Rect<Pixel>) {
        let foot = Rect::new(rect.left, rect.top + rect.height / 2.0, rect.width, rect.height / 2.0);
        let Some(common) = foot.intersection(self.bounds) else { return };
        let (width, height) = self.cell();
        // Cells whose middle lies inside.
        let first = |offset: f32, cell: f32| (offset / cell - 0.5).ceil().max(0.0) as usize;
        let columns = first(common.left - self.bounds.left, width)..first(common.right() - self.bounds.left, width).min(COLUMNS);
        let rows = first(common.top - self.bounds.top, height)..first(common.bottom() - self.bounds.top, height).min(ROWS);
        let below = |n: usize| if n >= COLUMNS { u64::MAX } else { (1 << n) - 1 };
        let bits = below(columns.end) & !below(columns.start);
        for row in rows {
            self.covered[row] |= bits;
        }
    }

    /// Share of the zone that is covered, 0..=1.
    pub(super) fn share(&self) -> f64 {
        let zone: u32 = self.zone.iter().map(|row| row.count_ones()).sum();
        let covered: u32 = self.zone.iter().zip(&self.covered).map(|(zone, covered)| (zone & covered).count_ones()).sum();
        if zone > 0 { f64::from(covered) / f64::from(zone) } else { 0.0 }
    }

    /// Learns how large cars look at the height of `foot`.
    pub(super) fn learn(&mut self, foot: Point<Pixel>, car_length: f32) {
        let row = (foot.y - self.bounds.top) / self.bounds.height.max(1.0) * ROWS as f32;
        self.car_length[(row.max(0.0) as usize).min(ROWS - 1)] = Some(car_length.max(1.0));
    }

    /// Car length in pixels seen last in each row.
    pub(super) fn car_lengths(&self) -> &[Option<f32>] {
        &self.car_length
    }

    /// Takes over what was learned about each row.
    pub(super) fn recall(&mut self, car_lengths: &[Option<f32>]) {
        for (known, length) in self.car_length.iter_mut().zip(car_lengths) {
            *known = length.filter(|length| *length >= 1.0);
        }
    }

    /// Area of the zone in square car lengths: about as many passenger cars as can queue in it (20 m² each in MKJI 1997, and L is about 4.5 m).
    /// Rows in which no vehicle was seen are taken as the nearest one that has seen some; `None` when none has.
    pub(super) fn area_l2(&self) -> Option<f64> {
        let (width, height) = self.cell();
        let mut area = 0.0;
        for (row, cells) in self.zone.iter().enumerate().filter(|(_, cells)| **cells != 0) {
            let nearest = (0..ROWS).find_map(|off| {
                let above = row.checked_sub(off).and_then(|above| self.car_length[above]);
                above.or_else(|| self.car_length.get(row + off).copied().flatten())
            })?;
            area += f64::from(cells.count_ones()) * f64::from(width * height) / f64::from(nearest * nearest);
        }
        Some(area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: FrameSize = FrameSize::new(640, 360);

    fn whole() -> Footprint {
        let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(x, y)| Point::new(x, y));
        Footprint::new(&Polygon::new(corners.to_vec()).expect("four corners"), SIZE)
    }

    #[test]
    fn vehicles_side_by_side_add_up_and_overlapping_ones_do_not() {
        let mut road = whole();
        let quarter = Rect::new(0.0, 0.0, 320.0, 360.0);
        road.add(quarter);
        assert_eq!(road.share(), 0.25, "the lower half of the box");
        road.add(quarter);
        assert_eq!(road.share(), 0.25);
        road.add(Rect::new(320.0, 0.0, 320.0, 360.0));
        assert_eq!(road.share(), 0.5);
        road.add(Rect::new(-50.0, -9000.0, 9000.0, 18_000.0));
        assert_eq!(road.share(), 1.0, "what reaches over the picture covers no more than all");
        road.clear();
        assert_eq!(road.share(), 0.0);
    }

    #[test]
    fn only_what_lies_in_the_zone_counts() {
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)].map(|(x, y)| Point::new(x, y));
        let mut half = Footprint::new(&Polygon::new(corners.to_vec()).expect("three corners"), SIZE);
        half.add(Rect::new(0.0, -360.0, 640.0, 720.0));
        assert_eq!(half.share(), 1.0);
        half.clear();
        half.add(Rect::new(400.0, 300.0, 200.0, 60.0));
        assert_eq!(half.share(), 0.0, "beside the zone, inside its bounding box");
    }

    #[test]
    fn room_is_told_in_cars_as_they_look_at_each_height() {
        let mut road = whole();
        assert_eq!(road.area_l2(), None);
        road.learn(Point::new(10.0, 350.0), 60.0);
        let flat = road.area_l2().expect("learned");
        assert!((flat - 64.0).abs() < 0.01, "{flat}");
        road.learn(Point::new(10.0, 10.0), 30.0);
        assert!((100.0..200.0).contains(&road.area_l2().expect("learned")), "far cars are smaller");
        road.learn(Point::new(f32::NAN, -9e9), 0.0);
    }
}
