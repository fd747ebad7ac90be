//! What is usual at each place of the picture: where vehicles turn sharply or stand for long as a rule, it says nothing when one does.
//!
//! Far from the camera the lanes of both directions share a place; the one that leads away from the junction must not be judged by the queues in the other.

use std::time::Duration;

use crate::base::geom::{FrameSize, Pixel, Point};
use crate::scene::{Heading, PerTrack, Scene, SceneTrack};

const COLUMNS: usize = 16;
const ROWS: usize = 9;
/// Ways that are told apart: eighths of a circle, and one for what nobody saw drive.
const EIGHTHS: usize = 8;
const UNSEEN: usize = EIGHTHS;
/// Slower than this, in L/s, the jitter of a box makes its direction.
const DRIVES_L_S: f32 = 0.5;
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

/// Whether vehicles drive off at a place, as the configuration says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IsExit {
    Yes,
    No,
}

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

/// Counts of vehicles by cell of a 16 × 9 grid and by the way they came, each vehicle once a cell.
#[derive(Debug)]
pub(super) struct Usual {
    cells: Vec<Cell>,
    at: PerTrack<Place>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    turned: u32,
    ways: [Counts; EIGHTHS + 1],
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    came: u32,
    stood: u32,
}

/// The cell and the way a track is counted in, and whether as a standing one.
#[derive(Clone, Copy, Debug)]
struct Place {
    cell: Option<usize>,
    way: usize,
    stood: bool,
}

impl Usual {
    pub(super) fn new() -> Self {
        Self { cells: vec![Cell::default(); COLUMNS * ROWS], at: PerTrack::default() }
    }

    /// Counts the vehicles that leave a cell in this frame. Who stands behind an incident says nothing about what is usual.
    pub(super) fn observe(&mut self, scene: &Scene<'_>) {
        let Self { cells, at } = self;
        let is_disturbed = !scene.known.is_empty();
        let mut leaves = |place: Place| {
            let cell = place.cell.filter(|_| !is_disturbed);
            cell.into_iter().for_each(|cell| cells[cell].count(place));
        };
        at.keep_up(scene.tracks, |_| Place { cell: None, way: UNSEEN, stood: false }, |_, place| leaves(place));
        for (track, place) in scene.tracks.iter().zip(at.values_mut()) {
            if !track.track.is_observed || !track.track.class.is_vehicle() {
                continue;
            }
            let index = cell(scene.size, track.foot());
            if place.cell != Some(index) {
                leaves(*place);
                *place = Place { cell: Some(index), way: place.way, stood: false };
            }
            if place.way == UNSEEN || !place.stood {
                place.way = heading(track).map_or(place.way, eighth);
            }
            place.stood |= track.standing_for(scene.at.media) >= LONG;
        }
    }

    /// A vehicle turned sharply at `place`.
    pub(super) fn turned(&mut self, size: FrameSize, place: Point<Pixel>) {
        self.cells[cell(size, place)].turned += 1;
    }

    /// Whether vehicles turn sharply here as a rule.
    pub(super) fn is_turning(&self, size: FrameSize, place: Point<Pixel>) -> bool {
        let cell = &self.cells[cell(size, place)];
        let came = cell.all().came;
        came >= ENOUGH && cell.turned as f32 > TURNS * came as f32
    }

    /// How usual it is that vehicles that came the way of `heading` stand at `place` for long; of all ways, where it is not known. In an `exit` nobody waits as
    /// a rule: fewer must have come before that is believed.
    pub(super) fn standing(&self, size: FrameSize, (place, exit): (Point<Pixel>, IsExit), heading: Option<Heading>) -> Standing {
        let flows = match exit {
            IsExit::Yes => ENOUGH,
            IsExit::No => ENOUGH_TO_FLOW,
        };
        let cell = &self.cells[cell(size, place)];
        let counts = heading.map_or_else(|| cell.all(), |heading| cell.about(eighth(heading)));
        let share = counts.stood as f32 / counts.came.max(1) as f32;
        match counts.came {
            came if came >= ENOUGH && share > STANDS => Standing::Usual,
            came if came >= flows && share < FLOWS => Standing::Strange,
            _ => Standing::InQueues,
        }
    }

    /// The tracks of a session mean nothing in the next one; the view is the same.
    pub(super) fn restart(&mut self) {
        *self = Self::new();
    }
}

impl Cell {
    fn count(&mut self, place: Place) {
        let counts = &mut self.ways[place.way];
        *counts = Counts { came: counts.came + 1, stood: counts.stood + u32::from(place.stood) };
        if self.all().came >= FULL {
            self.turned /= 2;
            self.ways.iter_mut().for_each(|counts| *counts = Counts { came: counts.came / 2, stood: counts.stood / 2 });
        }
    }

    fn all(&self) -> Counts {
        Counts::sum(self.ways.iter())
    }

    /// Of this eighth and its neighbours.
    fn about(&self, way: usize) -> Counts {
        Counts::sum([way + EIGHTHS - 1, way, way + 1].iter().map(|near| &self.ways[near % EIGHTHS]))
    }
}

impl Counts {
    fn sum<'a>(counts: impl Iterator<Item = &'a Self>) -> Self {
        counts.fold(Self::default(), |sum, counts| Self { came: sum.came + counts.came, stood: sum.stood + counts.stood })
    }
}

/// Where a vehicle drives to; `None` while it is slow.
fn heading(track: &SceneTrack) -> Option<Heading> {
    track.speed_l_s.filter(|speed| *speed >= DRIVES_L_S)?;
    Heading::of(track.motion?.velocity)
}

fn eighth(heading: Heading) -> usize {
    (heading.degrees() / (360.0 / EIGHTHS as f32)) as usize % EIGHTHS
}

fn cell(size: FrameSize, place: Point<Pixel>) -> usize {
    let share = size.to_norm(place);
    let column = ((share.x * COLUMNS as f32) as usize).min(COLUMNS - 1);
    let row = ((share.y * ROWS as f32) as usize).min(ROWS - 1);
    row * COLUMNS + column
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: FrameSize = FrameSize { width: 1280, height: 720 };

    #[test]
    fn a_queue_says_nothing_about_the_lane_beside_it_that_leads_the_other_way() {
        let (mut usual, place) = (Usual::new(), Point::new(640.0, 360.0));
        let heading = |x: f32, y: f32| Heading::of(Point::new(x, y));
        let (towards, away) = (heading(-2.0, 1.0), heading(2.0, -1.0));
        let here = cell(SIZE, place);
        let mut come = |heading: Option<Heading>, stood| {
            let way = heading.map_or(UNSEEN, eighth);
            (0..40).for_each(|_| usual.cells[here].count(Place { cell: Some(here), way, stood }));
        };
        come(away, false);
        come(towards, true);
        let standing = |heading| usual.standing(SIZE, (place, IsExit::No), heading);
        assert_eq!(standing(away), Standing::Strange);
        assert_eq!(standing(heading(2.0, -1.6)), Standing::Strange, "about the same way");
        assert_eq!(standing(towards), Standing::Usual);
        assert_eq!(standing(None), Standing::InQueues, "half of all do");
        assert_eq!(standing(heading(-1.0, -2.0)), Standing::InQueues, "nobody came that way");
    }

    #[test]
    fn that_an_exit_flows_is_believed_sooner_and_not_without_having_seen_it() {
        let (mut usual, place) = (Usual::new(), Point::new(640.0, 360.0));
        let here = cell(SIZE, place);
        for (came, exit, elsewhere) in [
            (9, Standing::InQueues, Standing::InQueues),
            (29, Standing::Strange, Standing::InQueues),
            (30, Standing::Strange, Standing::Strange),
        ] {
            while usual.cells[here].all().came < came {
                usual.cells[here].count(Place { cell: Some(here), way: UNSEEN, stood: false });
            }
            assert_eq!(usual.standing(SIZE, (place, IsExit::Yes), None), exit, "{came}");
            assert_eq!(usual.standing(SIZE, (place, IsExit::No), None), elsewhere, "{came}");
        }
    }
}
