//! Vehicles that were lost at the stop line and found again in the middle of the junction, where they turn: joined along the typical paths.
//!
//! A queue that moves off is where a tracker loses most: everybody hides everybody and speeds change. A straight guess does not bridge a turn, a typical
//! path does.

use super::gates::Gates;
use super::journey::{Journey, Spot};
use super::junction::Junction;
use super::movements::Movement;
use super::plan::Place;
use super::step::Step;

/// Hidden for so long at most; one that was lost while it stood in the queue, longer.
const HIDDEN_S: f64 = 4.0;
const STANDING_S: f64 = 12.0;
/// One that is lost so far before the gate is lost in the queue, not at its front.
const BEFORE_GATE_L: f32 = 4.0;
/// On the road towards the gate is who goes its way, so far beside its edges at most.
const AHEAD_DEG: f32 = 25.0;
const BESIDE_ROAD_L: f32 = 0.3;
/// Beside the typical path, at most.
const BESIDE_L: f32 = 0.9;
/// Moving off with 2.5 m/s² and going on at 55 km/h at most, in L.
const SPEEDING_L_S2: f32 = 0.55;
const FASTEST_L_S: f32 = 3.4;
const STANDING_L_S: f32 = 0.3;
const SLACK_L: f32 = 0.8;

/// For each journey, the one that it continues and the arm that one came from.
pub(super) fn bridges(junction: &Junction, journeys: &[Journey], gates: &[Gates], typical: &[Movement]) -> Vec<Option<(usize, usize)>> {
    let mut pairs: Vec<(f32, usize, usize, usize)> = Vec::new();
    let mut ends: Vec<(usize, usize, f32)> =
        (0..journeys.len()).filter_map(|index| end_of(junction, index, &journeys[index], &gates[index])).collect();
    let ended = |end: usize| journeys[end].last().at;
    ends.sort_by(|a, b| ended(a.0).total_cmp(&ended(b.0)));
    for (start, journey) in journeys.iter().enumerate() {
        let (None, Some((to, _))) = (gates[start].entry, gates[start].exit) else { continue };
        let found_at = journey.first().at;
        let lost = ends.partition_point(|end| ended(end.0) < found_at - STANDING_S)..ends.partition_point(|end| ended(end.0) < found_at);
        for &(end, from, speed) in &ends[lost] {
            let gap = found_at - ended(end);
            let is_alike = journeys[end].is_two_wheeler() == journey.is_two_wheeler();
            let movement = typical.iter().find(|movement| (movement.from, movement.to) == (from, to));
            let longest = if speed < STANDING_L_S { STANDING_S } else { HIDDEN_S };
            if let Some(movement) = movement.filter(|_| is_alike && gap <= longest)
                && let Some(off) = off(&movement.path, journeys[end].last(), journey.first(), (gap as f32, speed))
            {
                pairs.push((off, end, start, from));
            }
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let (mut continues, mut is_taken) = (vec![None; journeys.len()], vec![false; journeys.len()]);
    for (_, end, start, from) in pairs {
        if continues[start].is_none() && !std::mem::replace(&mut is_taken[end], true) {
            continues[start] = Some((end, from));
        }
    }
    continues
}

/// Of a journey that ended between an arm and the middle: its number, the arm, its last speed.
fn end_of(junction: &Junction, index: usize, journey: &Journey, gates: &Gates) -> Option<(usize, usize, f32)> {
    if gates.exit.is_some() {
        return None;
    }
    let speed = journey.last_speed().length();
    if let Some((arm, _)) = gates.entry {
        return Some((index, arm, speed));
    }
    let last = journey.last();
    let is_at_gate = |side: &super::Side| {
        let (on, (right, left)) = (side.road.locate(last.place), side.edges());
        let is_on_road = (right - BESIDE_ROAD_L..=left + BESIDE_ROAD_L).contains(&on.beside)
            && last.heading.length() > 0.5
            && last.heading.degrees_to(side.road.heading()) <= AHEAD_DEG;
        let is_there = (side.gate - BEFORE_GATE_L..=side.gate).contains(&on.along);
        is_there && (is_on_road || side.members.binary_search(&index).is_ok())
    };
    let arm = junction.arms.iter().position(|arm| arm.inbound.as_ref().is_some_and(is_at_gate))?;
    Some((index, arm, speed))
}

/// How badly a path leads from where one was lost to where one was found, in L; `None` when it does not, or not in this time.
fn off(path: &[Place], last: &Spot, first: &Spot, (gap, speed): (f32, f32)) -> Option<f32> {
    let (to, beside_first) = along(path, first.place)?;
    let (from, beside_last) = along(path, last.place)?;
    // Before the gate there is no path: one comes from where one was.
    let (from, beside_last) = if from <= 0.0 { (-path[0].distance(last.place), 0.0) } else { (from, beside_last) };
    let way = to - from;
    let most = if speed < STANDING_L_S { 0.5 * SPEEDING_L_S2 * gap * gap } else { FASTEST_L_S * gap };
    let fits = way > 0.0 && way <= SLACK_L + most.min(FASTEST_L_S * gap) && beside_first <= BESIDE_L && beside_last <= BESIDE_L;
    fits.then_some(beside_first + beside_last + 0.2 * gap)
}

/// How far along a path a place is, and how far beside it.
pub(super) fn along(path: &[Place], place: Place) -> Option<(f32, f32)> {
    let mut before = 0.0;
    let mut best: Option<(f32, f32)> = None;
    for pair in path.windows(2) {
        let piece = Step::between(pair[0], pair[1]);
        let share = (piece.dot(Step::between(pair[0], place)) / piece.dot(piece).max(1e-6)).clamp(0.0, 1.0);
        let beside = piece.times(share).from(pair[0]).distance(place);
        if best.is_none_or(|(_, least)| beside < least) {
            best = Some((before + share * piece.length(), beside));
        }
        before += piece.length();
    }
    best
}
