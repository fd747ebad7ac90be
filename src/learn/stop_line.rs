//! Where traffic waits: the line that the first of the waiting stand at.

use super::arms::Stream;
use super::journey::Journey;
use super::road::Road;
use super::step::Step;

/// Standing is staying within this for so long.
const STILL_L: f32 = 0.3;
const STILL_S: f64 = 2.5;
/// Nobody stands in front when nobody of the same lane is nearer than this.
const GAP_L: f32 = 1.1;
const LANE_L: f32 = 0.35;
/// Turned farther than this, it waits in the middle of the junction to turn off.
const AHEAD_DEG: f32 = 25.0;
/// The line is where the first of the queues stand closest together, smoothed by so much.
const SMOOTHED_L: f32 = 0.2;
/// So many first ones make a line.
pub(super) const FEWEST_FIRST: usize = 5;

/// Someone stands.
#[derive(Clone, Copy, Debug)]
struct Stand {
    from: f64,
    to: f64,
    front: f32,
    rear: f32,
    beside: f32,
}

/// Where fronts of queues stand, and how many did.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StopLine {
    /// On its road, in L.
    pub along: f32,
    /// First ones that stood there.
    pub seen: usize,
}

/// The stop line of a way towards the junction; `None` when too few stood.
pub(super) fn stop_line(road: &Road, stream: &Stream, journeys: &[Journey]) -> Option<StopLine> {
    let fronts = fronts(stream.journeys.iter().flat_map(|&index| stands(road, &journeys[index])).collect());
    let mode = mode(&fronts)?;
    let near: Vec<f32> = fronts.iter().copied().filter(|front| (front - mode).abs() <= 2.5 * SMOOTHED_L).collect();
    (near.len() >= FEWEST_FIRST).then(|| StopLine { along: near.iter().sum::<f32>() / near.len() as f32, seen: near.len() })
}

/// Where those stood who had nobody in front of them.
fn fronts(mut stands: Vec<Stand>) -> Vec<f32> {
    stands.sort_by(|a, b| a.from.total_cmp(&b.from));
    let mut has_ahead = vec![false; stands.len()];
    // Those that stand while the next one comes: a queue, not a day.
    let mut standing: Vec<usize> = Vec::new();
    for (index, stand) in stands.iter().enumerate() {
        standing.retain(|&other| stands[other].to > stand.from);
        for &other in &standing {
            has_ahead[index] |= is_ahead(stand, &stands[other]);
            has_ahead[other] |= is_ahead(&stands[other], stand);
        }
        standing.push(index);
    }
    stands.iter().zip(has_ahead).filter(|(_, has_ahead)| !has_ahead).map(|(stand, _)| stand.front).collect()
}

/// Where fronts lie closest together; `None` when there are none.
fn mode(fronts: &[f32]) -> Option<f32> {
    const STEP_L: f32 = 0.05;
    let mut counts = std::collections::BTreeMap::<i32, f32>::new();
    for front in fronts {
        *counts.entry((front / STEP_L).round() as i32).or_default() += 1.0;
    }
    let reach = (4.0 * SMOOTHED_L / STEP_L) as i32;
    let weight = |at: i32| {
        let near = counts.range(at.saturating_sub(reach)..=at.saturating_add(reach));
        near.map(|(other, count)| count * (-0.5 * ((other - at) as f32 * STEP_L / SMOOTHED_L).powi(2)).exp()).sum::<f32>()
    };
    let best = counts.keys().copied().max_by(|&a, &b| weight(a).total_cmp(&weight(b)))?;
    Some(best as f32 * STEP_L)
}

fn is_ahead(stand: &Stand, other: &Stand) -> bool {
    let gap = other.rear - stand.front;
    let is_together = other.from < stand.to - 1.0 && other.to > stand.from + 1.0;
    is_together && (other.beside - stand.beside).abs() < LANE_L && other.front > stand.front + 0.2 && gap < GAP_L
}

/// Each time that a vehicle stood on its way in.
fn stands(road: &Road, journey: &Journey) -> Vec<Stand> {
    let mut found = Vec::new();
    let spots = &journey.spots;
    let mut first = 0;
    while first < spots.len() {
        let stays = |spot: &&super::journey::Spot| spot.place.distance(spots[first].place) <= STILL_L;
        let count = spots[first..].iter().take_while(stays).count();
        let (from, last) = (spots[first], spots[first + count - 1]);
        let is_ahead = from.heading.length() > 0.5 && from.heading.degrees_to(road.heading()) <= AHEAD_DEG;
        if last.at - from.at < STILL_S {
            first += 1;
            continue;
        }
        if is_ahead {
            let sum =
                spots[first..first + count].iter().fold(Step::default(), |sum, spot| sum.plus(Step { x: spot.place.x, y: spot.place.y }));
            let on = road.locate(super::plan::Place::new(sum.x / count as f32, sum.y / count as f32));
            let half = journey.half_length();
            found.push(Stand { from: from.at, to: last.at, front: on.along + half, rear: on.along - half, beside: on.beside });
        }
        first += count;
    }
    found
}
