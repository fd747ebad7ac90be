//! Which gates a vehicle was seen to pass.

use super::arms::Way;
use super::journey::{Journey, Spot};
use super::junction::{Junction, Side};
use super::step::Step;

/// A vehicle passes a gate also so far beside its ends: who turns early cuts the corner.
const BESIDE_GATE_L: f32 = 0.5;
const PASSING_DEG: f32 = 65.0;
/// A vehicle that was seen first so shortly behind a gate, or last before one, and goes straight through it, has passed it or will.
const NEAR_GATE_L: f32 = 1.8;
const STRAIGHT_DEG: f32 = 25.0;
/// So much way in the middle of the junction makes a passage of one who was seen at no gate.
const SHORTEST_L: f32 = 1.5;

/// Gates that a journey was seen at: arm, and the number of the first spot behind the gate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gates {
    pub(super) entry: Option<(usize, usize)>,
    pub(super) exit: Option<(usize, usize)>,
}

impl Gates {
    pub(super) fn of(junction: &Junction, index: usize, journey: &Journey) -> Self {
        let inbound = junction.arms.iter().enumerate().filter_map(|(arm, learned)| Some((arm, learned.inbound.as_ref()?)));
        let entry = inbound.clone().filter_map(|(arm, side)| Some((arm, passed(side, journey)?))).min_by_key(|(_, at)| *at);
        let entry = entry.or_else(|| inbound.clone().find_map(|(arm, side)| Some((arm, left_road(side, index, journey)?))));
        let after = entry.map_or(0, |(_, at)| at);
        let outbound = junction.arms.iter().enumerate().filter_map(|(arm, learned)| Some((arm, learned.outbound.as_ref()?)));
        let exits = outbound.clone().filter_map(|(arm, side)| Some((arm, passed(side, journey)?)));
        let exit = exits.filter(|(_, at)| *at >= after).max_by_key(|(_, at)| *at);
        let is_member = |side: &Side| side.members.binary_search(&index).is_ok();
        let last = journey.spots.len() - 1;
        let exit = exit.or_else(|| outbound.clone().find(|(_, side)| is_member(side)).map(|(arm, _)| (arm, last)));
        Self { entry, exit }
    }

    /// First and last spot between the gates.
    pub(super) fn between(&self, journey: &Journey) -> (usize, usize) {
        let last = journey.spots.len() - 1;
        (self.entry.map_or(0, |(_, at)| at).min(last), self.exit.map_or(last, |(_, at)| at))
    }

    /// What was seen between the gates; `None` of one that has not come into the junction, or says nothing about it.
    pub(super) fn inner<'a>(&self, journey: &'a Journey, junction: &Junction) -> Option<&'a [Spot]> {
        let (from, to) = self.between(journey);
        let inner = journey.spots.get(from..=to).filter(|inner| !inner.is_empty())?;
        if self.entry.is_some() || self.exit.is_some() {
            return Some(inner);
        }
        // Neither: it counts when it crossed a good part of the middle, and not when it waits on an arm.
        let edge = junction.arms.iter().flat_map(|arm| arm.sides()).map(|side| side.gate.abs()).fold(0.0, f32::max);
        let is_inside = |spot: &&Spot| spot.place.distance(junction.middle) <= edge;
        let count = inner.iter().filter(is_inside).count();
        let way = inner[0].place.distance(inner[inner.len() - 1].place);
        (2 * count > inner.len() && way >= SHORTEST_L).then_some(inner)
    }
}

/// Where a journey leaves by a gate and comes in by one again: it is another vehicle, taken for the one that drove away, or one that has turned round. Numbers
/// of the spots that are farthest away in between.
pub(super) fn returns(junction: &Junction, journey: &Journey) -> Vec<usize> {
    let through = |side: &Side| crossings(side, journey).map(|at| (at, side.road.way)).collect::<Vec<_>>();
    let mut passages: Vec<(usize, Way)> = junction.arms.iter().flat_map(|arm| arm.sides()).flat_map(through).collect();
    passages.sort_by_key(|(at, _)| *at);
    let pairs = passages.windows(2).filter(|pair| pair[0].1 == Way::Out && pair[1].1 == Way::In);
    let far = |at: &usize| journey.spots[*at].place.distance(junction.middle);
    pairs.filter_map(|pair| (pair[0].0..pair[1].0).max_by(|a, b| far(a).total_cmp(&far(b)))).collect()
}

/// So far beside the ends of a gate it is still passed.
fn is_within(side: &Side, beside: f32) -> bool {
    let (right, left) = side.edges();
    (right - BESIDE_GATE_L..=left + BESIDE_GATE_L).contains(&beside)
}

/// Numbers of the first spots behind the gate of this side, each time that it is passed.
fn crossings<'a>(side: &'a Side, journey: &'a Journey) -> impl Iterator<Item = usize> + 'a {
    let crosses = |pair: &[Spot]| {
        let (before, behind) = (side.road.locate(pair[0].place), side.road.locate(pair[1].place));
        let step = Step::between(pair[0].place, pair[1].place);
        let share = (side.gate - before.along) / (behind.along - before.along).max(1e-6);
        before.along < side.gate
            && behind.along >= side.gate
            && is_within(side, before.beside + share * (behind.beside - before.beside))
            && step.degrees_to(side.road.heading()) <= PASSING_DEG
    };
    journey.spots.windows(2).enumerate().filter(move |(_, pair)| crosses(pair)).map(|(at, _)| at + 1)
}

/// The number of the first spot behind the gate of this side.
fn passed(side: &Side, journey: &Journey) -> Option<usize> {
    let straight = |spot: &Spot| spot.heading.length() > 0.5 && spot.heading.degrees_to(side.road.heading()) <= STRAIGHT_DEG;
    let located = |spot: &Spot| side.road.locate(spot.place);
    let first = || {
        let on = located(journey.first());
        let has_passed = side.road.way == Way::In && (side.gate..side.gate + NEAR_GATE_L).contains(&on.along);
        (has_passed && is_within(side, on.beside) && straight(journey.first())).then_some(0)
    };
    let last = || {
        let on = located(journey.last());
        let will_pass = side.road.way == Way::Out && (side.gate - NEAR_GATE_L..side.gate).contains(&on.along);
        (will_pass && is_within(side, on.beside) && straight(journey.last())).then_some(journey.spots.len() - 1)
    };
    crossings(side, journey).next().or_else(first).or_else(last)
}

/// One who came by this road and left it without passing its gate: the number of the first spot behind the gate's line.
fn left_road(side: &Side, index: usize, journey: &Journey) -> Option<usize> {
    side.members.binary_search(&index).ok()?;
    journey.spots.iter().position(|spot| side.road.locate(spot.place).along >= side.gate)
}
