//! What is usual at each place of the picture: where vehicles turn sharply or stand for long as a rule, it says nothing when one does.

use std::time::Duration;

use crate::base::geom::{FrameSize, Pixel, Point};
use crate::scene::{PerTrack, Scene};

const COLUMNS: usize = 16;
const ROWS: usize = 9;
/// Vehicles that a cell must have seen before anything is called usual there.
const ENOUGH: u32 = 10;
/// Share of them that turns sharply where turning is usual: the inside of a turning lane.
const TURNS: f32 = 0.1;
/// Share of them that stands for long where standing is usual: a kerb, a rank. At a stop line about half of them do.
const STANDS: f32 = 0.8;
/// Share of them that stands where traffic flows, below; and how many must have come before that is believed.
const FLOWS: f32 = 0.05;
const ENOUGH_TO_FLOW: u32 = 30;
/// Standing for this long is counted.
const LONG: Duration = Duration::from_secs(8);
/// When a cell has seen this many, all its counts are halved: what was long ago counts less.
const FULL: u32 = 1000;

/// What it says that a vehicle stands at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// Nothing: most do.
    Usual,
    /// Something when others pass: some do, or nobody knows yet.
    InQueues,
    /// That something is wrong: traffic flows here.
    Strange,
}

/// Counts of vehicles by cell of a 16 × 9 grid, each vehicle once a cell.
#[derive(Debug)]
pub(super) struct Usual {
    cells: Vec<Counts>,
    at: PerTrack<Place>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    came: u32,
    turned: u32,
    stood: u32,
}

/// The cell a track is counted in, and whether as a standing one.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    cell: Option<usize>,
    stood: bool,
}

impl Usual {
    pub(super) fn new() -> Self {
        Self { cells: vec![Counts::default(); COLUMNS * ROWS], at: PerTrack::default() }
    }

    /// Counts the vehicles of one frame.
    pub(super) fn observe(&mut self, scene: &Scene<'_>) {
        self.at.keep_up(scene.tracks, |_| Place::default(), |_, _| {});
        for (track, place) in scene.tracks.iter().zip(self.at.values_mut()) {
            if !track.track.is_observed || !track.track.class.is_vehicle() {
                continue;
            }
            let cell = cell(scene.size, track.foot());
            if place.cell != Some(cell) {
                *place = Place { cell: Some(cell), stood: false };
                self.cells[cell].came();
            }
            if !place.stood && track.standing_for(scene.at.media) >= LONG {
                place.stood = true;
                self.cells[cell].stood += 1;
            }
        }
    }

    /// A vehicle turned sharply at `place`.
    pub(super) fn turned(&mut self, size: FrameSize, place: Point<Pixel>) {
        self.cells[cell(size, place)].turned += 1;
    }

    /// Whether vehicles turn sharply here as a rule.
    pub(super) fn is_turning(&self, size: FrameSize, place: Point<Pixel>) -> bool {
        let counts = self.cells[cell(size, place)];
        counts.came >= ENOUGH && counts.turned as f32 > TURNS * counts.came as f32
    }

    /// How usual it is that vehicles stand here for long.
    pub(super) fn standing(&self, size: FrameSize, place: Point<Pixel>) -> Standing {
        let counts = self.cells[cell(size, place)];
        let share = counts.stood as f32 / counts.came.max(1) as f32;
        match counts.came {
            came if came >= ENOUGH && share > STANDS => Standing::Usual,
            came if came >= ENOUGH_TO_FLOW && share < FLOWS => Standing::Strange,
            _ => Standing::InQueues,
        }
    }

    /// The tracks of a session mean nothing in the next one; the view is the same.
    pub(super) fn restart(&mut self) {
        *self = Self::new();
    }
}

impl Counts {
    fn came(&mut self) {
        self.came += 1;
        if self.came >= FULL {
            *self = Self { came: self.came / 2, turned: self.turned / 2, stood: self.stood / 2 };
        }
    }
}

fn cell(size: FrameSize, place: Point<Pixel>) -> usize {
    let share = size.to_norm(place);
    let column = ((share.x * COLUMNS as f32) as usize).min(COLUMNS - 1);
    let row = ((share.y * ROWS as f32) as usize).min(ROWS - 1);
    row * COLUMNS + column
}
