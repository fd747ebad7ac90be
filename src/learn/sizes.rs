//! The car-length map: how large a car looks at each place of the picture.

use super::watch::Watch;
use crate::base::class::Class;
use crate::scene::own_length;

/// As the scene's map.
pub(super) const COLUMNS: usize = 16;
pub(super) const ROWS: usize = 9;
/// Boxes that make a size.
const FEWEST: usize = 5;

/// Car length as a share of the picture's width by cell, row by row; `None` where too few cars and motorcycles were seen.
pub(super) fn car_lengths(watch: &Watch) -> Vec<Option<f32>> {
    let mut cells: Vec<Vec<f32>> = vec![Vec::new(); COLUMNS * ROWS];
    for track in watch.tracks.iter().filter(|track| matches!(track.class(), Class::Car | Class::Motorcycle)) {
        let mut before = None;
        for sighting in track.sightings.iter().filter(|sighting| watch.is_whole(sighting.rect)) {
            let share = watch.size.to_norm(sighting.rect.foot());
            let (column, row) = ((share.x * COLUMNS as f32) as usize, (share.y * ROWS as f32) as usize);
            let cell = row.min(ROWS - 1) * COLUMNS + column.min(COLUMNS - 1);
            if before.replace(cell) != Some(cell) {
                cells[cell].push(own_length(track.class(), sighting.rect) / watch.size.width.max(1) as f32);
            }
        }
    }
    let median = |sizes: &mut Vec<f32>| {
        sizes.sort_by(f32::total_cmp);
        (sizes.len() >= FEWEST).then(|| sizes[sizes.len() / 2])
    };
    cells.iter_mut().map(median).collect()
}
