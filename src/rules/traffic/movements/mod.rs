//! Turning movements: from which arm to which, U-turns included.
//!
//! A vehicle belongs to the movement of the gates it was seen to pass, in and out. Who was seen at one gate only, because he was hidden at the other or came
//! out of nowhere, is put with the movement whose usual way is most like his, when that is at least 7 to 3, also by which arm had green; otherwise he is counted as unknown, and the share of
//! unknown ones is published. They are judged when their quarter of an hour is told, by all that is known then. Who was seen at no gate (parked, a double, beside the junction) is no movement.

mod half_seen;
mod journey;
mod matrix;
mod memory;
mod releases;
mod trace;
mod usual;

use self::half_seen::{HalfSeen, Waiting};
use self::journey::{Journey, Passage, Phase, Placed, WayThrough};
use self::matrix::{Known, Matrix};
pub use self::memory::MovementsMemory;
use self::releases::Releases;
use self::usual::{Missing, Scale, Usual};
use super::doubles::Doubles;
use super::stitched::{Stitched, Way};
use crate::base::id::Slug;
use crate::base::time::Stamp;
use crate::config::settings::{Gate, MovementsSettings, Ways};
use crate::event::EndReason;
use crate::rules::memory::{Keeper, Kept};
use crate::rules::period::Closed;
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
    waiting: Waiting,
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
        let junction = Junction { settings, doubles, usual, releases, waiting: Waiting::default(), matrix };
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
            self.pass(placed, way, passage, Scale { size: scene.size, car_length: track.car_length });
        }
    }

    fn pass(&mut self, placed: &Placed, way: &mut Way<Journey>, passage: Passage, scale: Scale) {
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
                match self.entered_aslant(placed, way, arm, scale) {
                    // Its trace began outside: it does not show the usual way.
                    Some(from) => _ = self.count_seen(way, self.matrix.place(from, arm)),
                    None => self.came_from_somewhere(way, (arm, passage), scale),
                }
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
    fn came_from_somewhere(&mut self, way: &Way<Journey>, (arm, passage): (usize, Passage), scale: Scale) {
        let number = self.settings.arms.len();
        let favour = |place| self.releases.favour(place, place / number, passage.passed.at);
        let possible = self.possible(|place| place % number == arm).map(|place| (place, favour(place))).collect();
        self.wait(way, Missing::Entry, scale, possible);
    }

    /// The arm from which it came before it left at `arm`, when it crossed a gate there and then drove along so close behind it that this was no passage yet, as who
    /// turns at once into the next road does.
    fn entered_aslant(&self, placed: &Placed, way: &mut Way<Journey>, arm: usize, scale: Scale) -> Option<usize> {
        let entries = self.settings.gates.iter().enumerate().filter(|(_, gate)| gate.arm != arm && gate.ways != Ways::Out);
        let mut passed = entries.filter_map(|(index, gate)| {
            way.own.settle((index, gate.ways), placed, scale.car_length).map(|passage| (gate.arm, passage.way))
        });
        passed.find(|(_, way)| *way == WayThrough::In).map(|(from, _)| from)
    }

    /// Both gates were seen.
    fn count(&mut self, way: &Way<Journey>, (entry, exit): (usize, usize), scale: Scale) {
        let place = self.matrix.place(entry, exit);
        if self.count_seen(way, place) {
            self.usual[place].learn(&way.own.trace, scale);
        }
    }

    /// Says whether it counts.
    fn count_seen(&mut self, way: &Way<Journey>, place: usize) -> bool {
        let counts = self.is_counted(way);
        if counts {
            self.matrix.add(place, way.class(), Known::Seen);
        }
        counts
    }

    /// It came in at `entry`, and where it went was not seen.
    fn decide(&mut self, way: &Way<Journey>, entry: usize, scale: Scale) {
        let number = self.settings.arms.len();
        let possible = self.possible(|place| place / number == entry).map(|place| (place, 1.0)).collect();
        self.wait(way, Missing::Exit, scale, possible);
    }

    fn possible(&self, can_be: impl Fn(usize) -> bool) -> impl Iterator<Item = usize> {
        (0..self.usual.len()).filter(move |place| can_be(*place) && self.matrix.is_possible(*place))
    }

    fn wait(&mut self, way: &Way<Journey>, missing: Missing, scale: Scale, possible: Vec<(usize, f64)>) {
        if self.is_counted(way) {
            let vehicle = HalfSeen { class: way.class(), trace: way.own.trace, missing, scale, possible };
            if let Some(vehicle) = self.waiting.push(vehicle) {
                self.count_inferred(&vehicle);
            }
        }
    }

    fn count_inferred(&mut self, vehicle: &HalfSeen) {
        match vehicle.movement(&self.usual) {
            Some(place) => self.matrix.add(place, vehicle.class, Known::Inferred),
            None => self.matrix.add_unknown(vehicle.class),
        }
    }

    /// Reports the quarter of an hour that is over.
    fn report(&mut self, over: Option<Closed>, out: &mut Findings) {
        let Some(over) = over else { return };
        self.waiting.take().iter().for_each(|vehicle| self.count_inferred(vehicle));
        self.matrix.report(over, out);
    }

    /// The session ends. What was learned about usual ways stays: the view is the same.
    fn forget(&mut self) {
        self.matrix.clear();
        self.waiting.take();
        self.doubles.iter_mut().for_each(Doubles::clear);
        self.releases.clear();
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
                self.pass(placed, &mut way, passage, scale);
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
        let over = junction.matrix.advance(scene.at);
        junction.report(over, out);
        junction.matrix.observe(sampling.secs(scene));
        placed.keep_up(&junction.settings.gates, scene.size);
        ways.observe(scene, |track, sight| Journey::new(track, sight, placed), |track, way| junction.look(placed, track, way, scene));
        ways.settle(scene.at.media, |way| junction.end(placed, way));
        junction.doubles.iter_mut().for_each(|doubles| doubles.forget(scene.at.media));
        junction.releases.forget(scene.at.media);
    }

    fn finish(&mut self, at: Stamp, _reason: EndReason, out: &mut Findings) {
        let Self { ways, placed, junction, .. } = self;
        ways.finish(|way| junction.end(placed, way));
        let over = junction.matrix.finish(at.media);
        junction.report(over, out);
        junction.forget();
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
