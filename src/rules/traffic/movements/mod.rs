//! Turning movements: from which arm to which, U-turns included.
//!
//! A vehicle belongs to the movement of the gates it was seen to pass, in and out. Who was seen at one gate only, because he was hidden at the other or came
//! out of nowhere, is put with the movement whose usual way is most like his, when that is at least 7 to 3, also by which arm had green; otherwise he is counted as unknown, and the share of
//! unknown ones is published. Who was seen at no gate (parked, a double, beside the junction) is no movement.

mod journey;
mod matrix;
mod memory;
mod releases;
mod trace;
mod usual;

use self::journey::{Journey, Passage, Phase, Placed, WayThrough};
use self::matrix::{Known, Matrix};
pub use self::memory::MovementsMemory;
use self::releases::Releases;
use self::usual::{Missing, Scale, Usual, most_like};
use super::doubles::Doubles;
use super::stitched::{Stitched, Way};
use crate::base::id::Slug;
use crate::base::time::Stamp;
use crate::config::settings::{Gate, MovementsSettings};
use crate::event::EndReason;
use crate::rules::memory::{Keeper, Kept};
use crate::rules::sampling::Sampling;
use crate::rules::{Findings, Rule, RuleMemory};
use crate::scene::{Scene, SceneTrack};

/// A way out through the gate of one's own arm is a U-turn when it led this far inside, in L; less is turning back at the mouth.
const U_TURN_L: f32 = 2.0;

/// Counts turning movements.
#[derive(Debug)]
pub struct Movements {
    sampling: Sampling,
    ways: Stitched<Journey>,
    placed: Placed,
    junction: Junction,
    keeper: Keeper,
}

/// What is known about the junction, and its counts.
#[derive(Debug)]
struct Junction {
    settings: MovementsSettings,
    /// By gate.
    doubles: Vec<Doubles>,
    /// By movement.
    usual: Vec<Usual>,
    releases: Releases,
    matrix: Matrix,
}

impl Movements {
    /// Counts between the gates of `camera`.
    pub(crate) fn new(camera: Slug, settings: MovementsSettings, sampling: Sampling) -> Self {
        let matrix = Matrix::new(camera, &settings);
        let doubles = vec![Doubles::default(); settings.gates.len()];
        let usual = vec![Usual::default(); matrix.number()];
        let keeper = Keeper::of_ground(&settings.name, memory::ground(&settings));
        let releases = Releases::new(matrix.number());
        let junction = Junction { settings, doubles, usual, releases, matrix };
        Self { sampling, ways: Stitched::default(), placed: Placed::default(), junction, keeper }
    }
}

impl Junction {
    fn look(&mut self, placed: &Placed, track: &SceneTrack, way: &mut Way<Journey>, scene: &Scene<'_>) {
        way.own.trace.push(track.foot(), scene.size, track.car_length);
        for gate in 0..self.settings.gates.len() {
            let Gate { ways, .. } = self.settings.gates[gate];
            let Some(passage) = way.own.see((gate, ways), track, scene.at.media, placed) else { continue };
            way.own.is_double |= self.doubles[gate].is_double(track, passage.passed, scene);
            self.doubles[gate].note(Some(track.track.id), passage.passed);
            self.pass(way, passage, Scale { size: scene.size, car_length: track.car_length });
        }
    }

    fn pass(&mut self, way: &mut Way<Journey>, passage: Passage, scale: Scale) {
        let arm = self.settings.gates[passage.gate].arm;
        match (passage.way, way.own.phase) {
            (WayThrough::In, Phase::Somewhere | Phase::Outside) => self.enter(way, (arm, passage)),
            (WayThrough::In, Phase::Inside { arm: from, .. }) => {
                // Nobody saw it leave before it came in again.
                self.decide(way, from, scale);
                self.enter(way, (arm, passage));
            }
            (WayThrough::Out, Phase::Inside { arm: from, since, deepest_l, .. }) => {
                if from != arm || deepest_l >= U_TURN_L {
                    self.releases.learn(self.matrix.place(from, arm), passage.passed.at.since(since));
                    self.count(way, (from, arm), scale);
                }
                way.own.leave();
            }
            (WayThrough::Out, Phase::Somewhere) => {
                let place = self.origin(way, (arm, passage), scale);
                self.count_inferred(way, place);
                way.own.leave();
            }
            (WayThrough::Out, Phase::Outside) => {}
        }
    }

    fn enter(&mut self, way: &mut Way<Journey>, (arm, passage): (usize, Passage)) {
        self.releases.enter(arm, passage.passed.at);
        way.own.enter(arm, passage.gate, passage.passed.at);
    }

    /// It went out at an arm, and where it came in was not seen.
    fn origin(&self, way: &Way<Journey>, (arm, passage): (usize, Passage), scale: Scale) -> Option<usize> {
        let number = self.settings.arms.len();
        let possible = self.possible(|place| place % number == arm);
        let favoured = possible.map(|(place, usual)| (place, usual, self.releases.favour(place, place / number, passage.passed.at)));
        most_like(&way.own.trace, Missing::Entry, scale, favoured)
    }

    /// Both gates were seen.
    fn count(&mut self, way: &Way<Journey>, (entry, exit): (usize, usize), scale: Scale) {
        if self.is_counted(way) {
            let place = self.matrix.place(entry, exit);
            self.matrix.add(place, way.class(), Known::Seen);
            self.usual[place].learn(&way.own.trace, scale);
        }
    }

    /// It came in at `entry`, and where it went was not seen.
    fn decide(&mut self, way: &Way<Journey>, entry: usize, scale: Scale) {
        let number = self.settings.arms.len();
        let possible = self.possible(|place| place / number == entry).map(|(place, usual)| (place, usual, 1.0));
        let place = most_like(&way.own.trace, Missing::Exit, scale, possible);
        self.count_inferred(way, place);
    }

    fn possible(&self, can_be: impl Fn(usize) -> bool) -> impl Iterator<Item = (usize, &Usual)> {
        self.usual.iter().enumerate().filter(move |(place, _)| can_be(*place) && self.matrix.is_possible(*place))
    }

    fn count_inferred(&mut self, way: &Way<Journey>, place: Option<usize>) {
        match place {
            _ if !self.is_counted(way) => {}
            Some(place) => self.matrix.add(place, way.class(), Known::Inferred),
            None => self.matrix.add_unknown(way.class()),
        }
    }

    fn is_counted(&self, way: &Way<Journey>) -> bool {
        !way.own.is_double && !way.is_ghost() && self.settings.classes.contains(&way.class())
    }

    /// Nothing more will be seen of it.
    fn end(&mut self, placed: &Placed, mut way: Way<Journey>) {
        let scale = Scale { size: way.end.picture, car_length: way.end.car_length };
        for gate in 0..self.settings.gates.len() {
            let Gate { ways, .. } = self.settings.gates[gate];
            if let Some(passage) = way.own.settle((gate, ways), placed, scale.car_length) {
                self.pass(&mut way, passage, scale);
            }
        }
        if let Phase::Inside { arm, .. } = way.own.phase {
            self.decide(&way, arm, scale);
        }
    }
}

impl Rule for Movements {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        let Self { sampling, ways, placed, junction, .. } = self;
        junction.matrix.advance(scene.at, sampling.secs(scene), out);
        placed.keep_up(&junction.settings.gates, scene.size);
        ways.observe(scene, |track, sight| Journey::new(track, sight, placed), |track, way| junction.look(placed, track, way, scene));
        ways.settle(scene.at.media, |way| junction.end(placed, way));
        junction.doubles.iter_mut().for_each(|doubles| doubles.forget(scene.at.media));
        junction.releases.forget(scene.at.media);
    }

    /// What was learned about usual ways stays: the view is the same.
    fn finish(&mut self, at: Stamp, _reason: EndReason, out: &mut Findings) {
        let Self { ways, placed, junction, .. } = self;
        ways.finish(|way| junction.end(placed, way));
        junction.matrix.finish(at.media, out);
        junction.doubles.iter_mut().for_each(Doubles::clear);
        junction.releases.clear();
    }

    fn memory(&self) -> Option<RuleMemory> {
        let usual = self.junction.usual.iter().map(Usual::memory).collect();
        Some(self.keeper.keep(Kept::Movements(MovementsMemory { usual })))
    }

    fn recall(&mut self, memory: &RuleMemory) -> bool {
        let (true, Kept::Movements(known)) = (self.keeper.is_mine(memory), &memory.kept) else { return false };
        for (usual, known) in self.junction.usual.iter_mut().zip(&known.usual) {
            *usual = Usual::recalled(known);
        }
        true
    }
}
