//! Tracks that went on with another vehicle: where two hide each other, in the middle of the junction or far away, a tracker takes one for the other.
//!
//! Such a way leaves the junction and comes in again, or it begins like a typical one and ends like another and is like none as a whole. It is cut in two.

use super::gates::{Gates, returns};
use super::journey::{Journey, Spot};
use super::junction::Junction;
use super::movements::{Movement, off_spot};

/// A way this far off the typical path of its gates, in L on average, is none of it: a vehicle is up to 0.9 off, with each place at most [`FARTHEST_L`].
const ODD_L: f32 = 1.05;
const FARTHEST_L: f32 = 1.5;
/// Both parts together must be so much nearer to theirs.
const BETTER: f32 = 0.85;
/// Parts of fewer sightings, or shorter than this, say nothing.
const FEWEST_SPOTS: usize = 4;
const SHORTEST_L: f32 = 1.0;
/// Around the place where it changed, headings are of neither.
const BLURRED: usize = 2;

/// Cuts journeys where they leave and come in again.
pub(super) fn cut_returns(junction: &Junction, journeys: Vec<Journey>) -> Vec<Journey> {
    let mut whole = Vec::with_capacity(journeys.len());
    for mut journey in journeys {
        for at in returns(junction, &journey).into_iter().rev() {
            if at >= 2 && journey.spots.len() - at >= 2 {
                whole.push(Journey { class: journey.class, spots: journey.spots.split_off(at) });
            }
        }
        whole.push(journey);
    }
    whole.sort_by(|a, b| a.first().at.total_cmp(&b.first().at));
    whole
}

/// Cuts the journeys that are two vehicles; the second parts are added at the end.
pub(super) fn cut(journeys: &mut Vec<Journey>, gates: &mut Vec<Gates>, typical: &[Movement]) {
    for index in 0..journeys.len() {
        let Gates { entry: Some((from, first)), exit: Some((to, last)) } = gates[index] else { continue };
        let Some(inner) = journeys[index].spots.get(first..=last) else { continue };
        let Some(at) = change(inner, (from, to), typical).map(|at| first + at) else { continue };
        let Journey { class, spots } = &mut journeys[index];
        let mut second = spots.split_off(at);
        spots.truncate(at.saturating_sub(BLURRED).max(first + 2));
        let blurred = BLURRED.min(second.len().saturating_sub(FEWEST_SPOTS));
        second.drain(..blurred);
        let second = Journey { class: *class, spots: second };
        gates[index].exit = None;
        gates.push(Gates { entry: None, exit: Some((to, last - at - blurred)) });
        journeys.push(second);
    }
}

/// Before which of the spots between its gates it changed; `None` of one vehicle.
fn change(spots: &[Spot], (from, to): (usize, usize), typical: &[Movement]) -> Option<usize> {
    if spots.len() < 2 * FEWEST_SPOTS {
        return None;
    }
    let sums: Vec<Vec<f32>> = typical.iter().map(|movement| sums(movement, spots)).collect();
    let number = spots.len();
    let part = |of: usize, range: (usize, usize)| sums[of][range.1] - sums[of][range.0];
    let own = typical.iter().position(|movement| (movement.from, movement.to) == (from, to));
    let whole = own.map_or(FARTHEST_L, |own| part(own, (0, number)) / number as f32);
    if whole < ODD_L {
        return None;
    }
    let best = |is_it: &dyn Fn(&Movement) -> bool, range: (usize, usize)| {
        let possible = (0..typical.len()).filter(|&of| Some(of) != own && is_it(&typical[of]));
        possible.map(|of| part(of, range)).fold(FARTHEST_L * number as f32, f32::min)
    };
    let cost = |at: usize| best(&|movement| movement.from == from, (0, at)) + best(&|movement| movement.to == to, (at, number));
    let is_long = |part: &[Spot]| part[0].place.distance(part[part.len() - 1].place) >= SHORTEST_L;
    let cuts = (FEWEST_SPOTS..=number - FEWEST_SPOTS).filter(|&at| is_long(&spots[..at]) && is_long(&spots[at..]));
    let (at, cost) = cuts.map(|at| (at, cost(at) / number as f32)).min_by(|a, b| a.1.total_cmp(&b.1))?;
    (cost <= BETTER * whole).then_some(at)
}

/// How far the first spots are off a path, added up: none, one, two, …
fn sums(movement: &Movement, spots: &[Spot]) -> Vec<f32> {
    let mut sum = 0.0;
    let added = spots.iter().map(|spot| {
        sum += off_spot(&movement.path, spot).min(FARTHEST_L);
        sum
    });
    std::iter::once(0.0).chain(added.collect::<Vec<_>>()).collect()
}
