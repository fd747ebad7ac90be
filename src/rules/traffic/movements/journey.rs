//! One vehicle between the gates of a junction.

use super::trace::Trace;
use crate::base::geom::{FrameSize, Line, Pixel, Point};
use crate::base::time::MediaTime;
use crate::config::settings::{Gate, Ways};
use crate::rules::traffic::course::{BAND_L, Course, Passed, Side, Sighting};
use crate::rules::traffic::stitched::Sight;
use crate::scene::SceneTrack;

/// What is remembered of one vehicle.
#[derive(Clone, Debug)]
pub(super) struct Journey {
    /// Its way across each gate, in the order of the gates.
    courses: Vec<Course>,
    pub(super) phase: Phase,
    pub(super) trace: Trace,
    /// It shows what another track shows too.
    pub(super) is_double: bool,
}

/// How far it has come.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Phase {
    /// It was not seen coming in.
    Somewhere,
    /// It came in at an arm, when, and was that far inside the gate at most, in L.
    Inside { arm: usize, gate: usize, since: MediaTime, deepest_l: f32 },
    /// It has left; what it does outside is no movement.
    Outside,
}

/// A gate was passed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Passage {
    pub(super) gate: usize,
    pub(super) passed: Passed,
    pub(super) way: WayThrough,
}

/// Which way through a gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WayThrough {
    In,
    Out,
}

/// How far beyond its ends a gate still counts, in L.
const BEYOND_ENDS_L: f32 = 0.25;
/// The box of a small thing jitters less: its band is at most this share of its own size.
const BAND_OWN_SIZE: f32 = 0.5;

/// The gates as they lie in a picture of one size.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    size: Option<FrameSize>,
    lines: Vec<Line<Pixel>>,
}

impl Placed {
    pub(super) fn keep_up(&mut self, gates: &[Gate], size: FrameSize) {
        if self.size != Some(size) {
            self.size = Some(size);
            self.lines.clear();
            self.lines.extend(gates.iter().map(|gate| size.line_to_pixel(gate.line)));
        }
    }

    fn sighting(&self, gate: usize, at: MediaTime, foot: Point<Pixel>, car_length: f32) -> Sighting {
        let line = self.lines[gate];
        Sighting { at, distance: line.signed_distance(foot) / car_length, along: line.along(foot) }
    }
}

impl Journey {
    /// Begins at `sight`, which for a new track is where it was detected first, before it was confirmed: the confirmation must not hide a passage.
    pub(super) fn new(track: &SceneTrack, (at, rect): Sight, placed: &Placed) -> Self {
        let course = |gate| Course::new(placed.sighting(gate, at, rect.foot(), track.car_length));
        let courses = (0..placed.lines.len()).map(course).collect();
        Self { courses, phase: Phase::Somewhere, trace: Trace::new(), is_double: false }
    }

    /// Takes where the vehicle is now, at one gate.
    pub(super) fn see(&mut self, (gate, ways): (usize, Ways), track: &SceneTrack, now: MediaTime, placed: &Placed) -> Option<Passage> {
        let sighting = placed.sighting(gate, now, track.foot(), track.car_length);
        if let Phase::Inside { gate: entry, deepest_l, .. } = &mut self.phase
            && *entry == gate
        {
            *deepest_l = deepest_l.max(sighting.distance);
        }
        let band = BAND_L.min(BAND_OWN_SIZE * track.track.rect.area().sqrt() / track.car_length);
        let passed = self.courses[gate].see(sighting, band)?;
        passage((gate, ways), passed, placed.lines[gate], track.car_length)
    }

    /// Nothing more will be seen of it: whether it ended just behind a gate. `car_length` in pixels.
    pub(super) fn settle(&mut self, (gate, ways): (usize, Ways), placed: &Placed, car_length: f32) -> Option<Passage> {
        let passed = self.courses[gate].settle(BAND_L)?;
        passage((gate, ways), passed, placed.lines[gate], car_length)
    }

    /// It came in.
    pub(super) fn enter(&mut self, arm: usize, gate: usize, since: MediaTime) {
        (self.phase, self.trace) = (Phase::Inside { arm, gate, since, deepest_l: 0.0 }, Trace::new());
    }

    /// It went out.
    pub(super) fn leave(&mut self) {
        (self.phase, self.trace) = (Phase::Outside, Trace::new());
    }
}

/// The junction is to the right of every gate.
fn passage((gate, ways): (usize, Ways), passed: Passed, line: Line<Pixel>, car_length: f32) -> Option<Passage> {
    let way = match (passed.to, ways) {
        (Side::Right, Ways::In | Ways::Both) => WayThrough::In,
        (Side::Left, Ways::Out | Ways::Both) => WayThrough::Out,
        (Side::Right, Ways::Out) | (Side::Left, Ways::In) => return None,
    };
    let beyond = BEYOND_ENDS_L * car_length / line.length().max(1.0);
    (-beyond..=1.0 + beyond).contains(&passed.along).then_some(Passage { gate, passed, way })
}
