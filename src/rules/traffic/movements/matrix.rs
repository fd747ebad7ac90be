//! The numbers of one junction for a quarter of an hour.

use crate::base::class::Class;
use crate::base::id::Slug;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::MovementsSettings;
use crate::event::{ByClass, FlowMeasure, FlowReport, Movement, MovementCounts};
use crate::rules::Findings;
use crate::rules::period::{Closed, Periods, REPORTED};

/// How a movement is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Known {
    /// Both gates were seen.
    Seen,
    /// One was; the other follows from the way it went.
    Inferred,
}

/// Counts by entry, exit and class. A movement belongs to the quarter of an hour in which it was decided: a report that was sent is never wrong afterwards.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    camera: Slug,
    arms: Vec<(Slug, String)>,
    periods: Periods,
    cells: Vec<Cell>,
    unknown: ByClass,
    observed_secs: f64,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    counts: ByClass,
    inferred: u32,
    /// Whether there are gates for it.
    is_possible: bool,
}

impl Matrix {
    pub(super) fn new(camera: Slug, settings: &MovementsSettings) -> Self {
        use crate::config::settings::Ways;
        let arms: Vec<(Slug, String)> = settings.arms.iter().map(|arm| (arm.id.clone(), arm.name.clone())).collect();
        let has = |arm: usize, not: Ways| settings.gates.iter().any(|gate| gate.arm == arm && gate.ways != not);
        let number = arms.len();
        let cell = |index: usize| Cell {
            counts: ByClass::default(),
            inferred: 0,
            is_possible: has(index / number, Ways::Out) && has(index % number, Ways::In),
        };
        let cells = (0..number * number).map(cell).collect();
        Self { camera, arms, periods: Periods::new(REPORTED[1]), cells, unknown: ByClass::default(), observed_secs: 0.0 }
    }

    /// Place of a movement among all.
    pub(super) fn place(&self, entry: usize, exit: usize) -> usize {
        entry * self.arms.len() + exit
    }

    pub(super) fn number(&self) -> usize {
        self.cells.len()
    }

    /// Whether traffic can come in at the one arm and go out at the other.
    pub(super) fn is_possible(&self, place: usize) -> bool {
        self.cells[place].is_possible
    }

    pub(super) fn add(&mut self, place: usize, class: Class, known: Known) {
        let cell = &mut self.cells[place];
        cell.counts[class.index()] = cell.counts[class.index()].saturating_add(1);
        cell.inferred = cell.inferred.saturating_add(u32::from(known == Known::Inferred));
    }

    pub(super) fn add_unknown(&mut self, class: Class) {
        self.unknown[class.index()] = self.unknown[class.index()].saturating_add(1);
    }

    /// The period that is over at this frame.
    pub(super) fn advance(&mut self, at: Stamp) -> Option<Closed> {
        self.periods.advance(at)
    }

    /// A frame that stands for `secs` was looked at.
    pub(super) fn observe(&mut self, secs: f64) {
        self.observed_secs += secs;
    }

    /// The open period as far as it went: the session ends.
    pub(super) fn finish(&mut self, at: MediaTime) -> Option<Closed> {
        self.periods.finish(at)
    }

    pub(super) fn clear(&mut self) {
        self.cells.iter_mut().for_each(|cell| (cell.counts, cell.inferred) = (ByClass::default(), 0));
        (self.unknown, self.observed_secs) = (ByClass::default(), 0.0);
    }

    /// Tells the numbers of a period that is over.
    pub(super) fn report(&mut self, over: Closed, out: &mut Findings) {
        let number = self.arms.len();
        let arm = |index: usize| self.arms[index].0.clone();
        let possible = self.cells.iter().enumerate().filter(|(_, cell)| cell.is_possible);
        let movement = |(index, cell): (usize, &Cell)| Movement {
            entry: arm(index / number),
            exit: arm(index % number),
            counts: cell.counts,
            inferred: cell.inferred,
        };
        let measure = MovementCounts {
            arms: self.arms.clone(),
            movements: possible.map(movement).collect(),
            unknown: self.unknown,
            coverage: (self.observed_secs / over.secs()).clamp(0.0, 1.0),
        };
        let measure = FlowMeasure::Movements(measure);
        let (camera, place) = (self.camera.clone(), self.camera.clone());
        out.reports.push(FlowReport { camera, place, from: over.from, to: over.to, measure });
        self.clear();
    }
}
