//! Who came in where and left where: by the gates that a vehicle passed, and where one of the two was not seen, by the typical paths of those of whom both were.

use super::bridges::{along, bridges};
use super::gates::Gates;
use super::journey::{Journey, Spot};
use super::junction::Junction;
use super::plan::Place;
use super::step::Step;
use super::swaps::cut;

/// How a gate of a passage is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// The vehicle was seen at it.
    Seen,
    /// Its path is the typical one of a movement.
    Path,
}

/// One vehicle's way through the junction; arms by their place in the list.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Passage {
    /// Which journey.
    pub journey: usize,
    /// Which of its spots, first and last, were between the gates.
    pub spots: (usize, usize),
    /// Where it came from.
    pub entry: Option<(usize, Known)>,
    /// Where it went.
    pub exit: Option<(usize, Known)>,
}

impl Passage {
    /// Entry and exit, when both are known.
    pub fn movement(&self) -> Option<(usize, usize)> {
        Some((self.entry?.0, self.exit?.0))
    }
}

/// All who go from one arm to another.
#[derive(Clone, PartialEq, Debug)]
pub struct Movement {
    /// From this arm.
    pub from: usize,
    /// To this arm.
    pub to: usize,
    /// Vehicles that were seen at both gates.
    pub seen: usize,
    /// Vehicles of which one end is known by the path only.
    pub by_path: usize,
    /// The typical path from gate to gate, 16 places.
    pub path: Vec<Place>,
}

/// Places of a typical path.
const PATH_POINTS: usize = 16;
/// Behind the exit it is known for so long.
const BEHIND_L: f32 = 15.0;
/// So many vehicles make a typical path.
const FEWEST_SEEN: usize = 3;
/// Half a car length beside a typical path is usual; a turned heading counts as being so far beside it, in L a radian.
const USUAL_OFF_L: f32 = 0.45;
const HEADING_L: f32 = 0.8;
/// A path says where somebody goes when it has this share of what all possible ones weigh, and is no farther off than this.
const LIKELY: f32 = 0.6;
const FARTHEST_OFF_L: f32 = 1.3;
/// Others who came in when this one must have, give or take this, show that the arm had green; one alone can come in as well.
const GIVE_OR_TAKE_S: f64 = 1.5;
/// So long before at most: who drives slower stood meanwhile, and nobody knows when it came in.
const LONGEST_S: f64 = 12.0;
/// Slower than this, in L/s, it waits in the junction, and when it came in is not known at all.
const WAITING_L_S: f64 = 0.3;
const ALONE: f32 = 0.2;
/// The mean speed is that of the first sightings within this time.
const FIRST_S: f64 = 1.5;
/// So much way behind the gate says where somebody goes.
const SHORTEST_L: f32 = 1.2;

/// Passages and movements of all journeys.
pub(super) fn movements(junction: &Junction, journeys: &mut Vec<Journey>) -> (Vec<Passage>, Vec<Movement>) {
    let mut gates: Vec<Gates> = journeys.iter().enumerate().map(|(index, journey)| Gates::of(junction, index, journey)).collect();
    let mut typical = typical_paths(junction, journeys, &gates);
    cut(journeys, &mut gates, &typical);
    let releases = Releases::of(junction, journeys, &gates);
    let longer = lengthened(junction, &typical);
    let continues = bridges(junction, journeys, &gates, &longer);
    let mut is_continued = vec![false; journeys.len()];
    continues.iter().flatten().for_each(|(end, _)| is_continued[*end] = true);
    let mut passages = Vec::new();
    for (index, (journey, gates)) in journeys.iter().zip(&gates).enumerate().filter(|(index, _)| !is_continued[*index]) {
        let Some(inner) = gates.inner(journey, junction) else { continue };
        let mut passage = seen_passage(index, journey, gates);
        passage.entry = passage.entry.or(continues[index].map(|(_, from)| (from, Known::Path)));
        let has_turned = gates.exit.is_some() || inner[0].place.distance(inner[inner.len() - 1].place) >= SHORTEST_L;
        if passage.movement().is_none()
            && has_turned
            && let Some((from, to)) = likely(&longer, inner, gates, &releases)
        {
            passage.entry = passage.entry.or(Some((from, Known::Path)));
            passage.exit = passage.exit.or(Some((to, Known::Path)));
        }
        passages.push(passage);
    }
    passages.iter().for_each(|passage| count(&mut typical, passage));
    (passages, typical)
}

/// What the gates say alone.
fn seen_passage(index: usize, journey: &Journey, gates: &Gates) -> Passage {
    let seen = |gate: Option<(usize, usize)>| gate.map(|(arm, _)| (arm, Known::Seen));
    Passage { journey: index, spots: gates.between(journey), entry: seen(gates.entry), exit: seen(gates.exit) }
}

fn count(movements: &mut [Movement], passage: &Passage) {
    let (Some((from, entry)), Some((to, exit))) = (passage.entry, passage.exit) else { return };
    if let Some(movement) = movements.iter_mut().find(|movement| (movement.from, movement.to) == (from, to)) {
        let is_seen = (entry, exit) == (Known::Seen, Known::Seen);
        *(if is_seen { &mut movement.seen } else { &mut movement.by_path }) += 1;
    }
}

/// The typical path of each pair of arms that enough were seen to take, in order.
fn typical_paths(junction: &Junction, journeys: &[Journey], gates: &[Gates]) -> Vec<Movement> {
    let arms = junction.arms.len();
    let mut found = Vec::new();
    for (from, to) in (0..arms).flat_map(|from| (0..arms).map(move |to| (from, to))) {
        let paths: Vec<Vec<Place>> = journeys
            .iter()
            .zip(gates)
            .filter_map(|(journey, gates)| match (gates.entry, gates.exit) {
                (Some((entry, first)), Some((exit, last))) if (entry, exit) == (from, to) => resampled(journey.spots.get(first..=last)?),
                _ => None,
            })
            .collect();
        if paths.len() >= FEWEST_SEEN {
            let path = (0..PATH_POINTS).map(|point| median(paths.iter().map(|path| path[point]))).collect();
            found.push(Movement { from, to, seen: 0, by_path: 0, path });
        }
    }
    found
}

/// The same with the road behind the exit, where many are seen first that were hidden in the junction.
fn lengthened(junction: &Junction, typical: &[Movement]) -> Vec<Movement> {
    let longer = |movement: &Movement| {
        let mut movement = movement.clone();
        let road = junction.arms[movement.to].outbound.as_ref().map(|side| side.road.heading());
        let end = road.zip(movement.path.last()).map(|(heading, last)| heading.times(BEHIND_L).from(*last));
        movement.path.extend(end);
        movement
    };
    typical.iter().map(longer).collect()
}

fn median(places: impl Iterator<Item = Place> + Clone) -> Place {
    let of = |axis: fn(&Place) -> f32| {
        let mut values: Vec<f32> = places.clone().map(|place| axis(&place)).collect();
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    };
    Place::new(of(|place| place.x), of(|place| place.y))
}

/// [`PATH_POINTS`] places at even distances along the way.
fn resampled(spots: &[Spot]) -> Option<Vec<Place>> {
    let lengths: Vec<f32> = spots.windows(2).map(|pair| pair[0].place.distance(pair[1].place)).collect();
    let total: f32 = lengths.iter().sum();
    if total < 0.5 {
        return None;
    }
    let (mut piece, mut before) = (0, 0.0);
    let at = |point: usize| total * point as f32 / (PATH_POINTS - 1) as f32;
    let place = |point: usize| {
        while piece + 1 < lengths.len() && before + lengths[piece] < at(point) {
            before += lengths[piece];
            piece += 1;
        }
        let share = ((at(point) - before) / lengths[piece].max(1e-6)).clamp(0.0, 1.0);
        Step::between(spots[piece].place, spots[piece + 1].place).times(share).from(spots[piece].place)
    };
    Some((0..PATH_POINTS).map(place).collect())
}

/// What is expected before looking at a way: when vehicles came in, by arm, and how many of those take which movement. While others come in from an arm,
/// it has green, and who appears in the middle is more likely to be from there.
struct Releases {
    by_arm: Vec<Vec<f64>>,
    /// By entry and exit, vehicles that were seen at both gates.
    seen: Vec<Vec<f32>>,
}

impl Releases {
    fn of(junction: &Junction, journeys: &[Journey], gates: &[Gates]) -> Self {
        let arms = junction.arms.len();
        let (mut by_arm, mut seen) = (vec![Vec::new(); arms], vec![vec![0.0; arms]; arms]);
        for (journey, gates) in journeys.iter().zip(gates) {
            if let Some((spot, (arm, _))) = gates.entry.and_then(|entry| Some((journey.spots.get(entry.1)?, entry))) {
                by_arm[arm].push(spot.at);
            }
            if let (Some((from, _)), Some((to, _))) = (gates.entry, gates.exit) {
                seen[from][to] += 1.0;
            }
        }
        by_arm.iter_mut().for_each(|times: &mut Vec<f64>| times.sort_by(f64::total_cmp));
        Self { by_arm, seen }
    }

    /// Of those who come in by its arm, the share that takes this movement.
    fn share(&self, movement: &Movement) -> f32 {
        let all: f32 = self.seen[movement.from].iter().sum();
        self.seen[movement.from][movement.to] / all.max(1.0)
    }

    /// Vehicles a second that came in by the arm of this movement when one with these spots on its way must have.
    fn rate(&self, movement: &Movement, spots: &[Spot]) -> f32 {
        let first = &spots[0];
        let until = spots.iter().rev().find(|spot| spot.at - first.at <= FIRST_S).unwrap_or(first);
        let speed = f64::from(first.place.distance(until.place)) / (until.at - first.at).max(0.1);
        if speed < WAITING_L_S {
            return 1.0;
        }
        let way = along(&movement.path, first.place).map_or(0.0, |(way, _)| f64::from(way));
        let ago = (way / speed).min(LONGEST_S);
        // Who moved off at the line was half as fast on average as it is now.
        let (from, to) = (first.at - (2.0 * ago).min(LONGEST_S) - GIVE_OR_TAKE_S, first.at - ago + GIVE_OR_TAKE_S);
        let times = &self.by_arm[movement.from];
        let count = times.partition_point(|time| *time <= to) - times.partition_point(|time| *time < from);
        (ALONE + count as f32) / (to - from) as f32
    }
}

/// The movement whose path these spots follow, among those with the gates that are known.
fn likely(typical: &[Movement], spots: &[Spot], gates: &Gates, releases: &Releases) -> Option<(usize, usize)> {
    let is_possible = |movement: &&Movement| {
        gates.entry.is_none_or(|(arm, _)| arm == movement.from) && gates.exit.is_none_or(|(arm, _)| arm == movement.to)
    };
    let possible = typical.iter().filter(is_possible);
    let judged: Vec<(&Movement, f32, f32)> = possible
        .map(|movement| {
            let off = off(&movement.path, spots);
            let released = if gates.entry.is_some() { 1.0 } else { releases.rate(movement, spots) };
            (movement, off, released * releases.share(movement) * (-0.5 * (off / USUAL_OFF_L).powi(2)).exp())
        })
        .collect();
    let total: f32 = judged.iter().map(|(_, _, weight)| weight).sum();
    let (best, off, weight) = judged.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    (*off <= FARTHEST_OFF_L && *weight >= LIKELY * total).then_some((best.from, best.to))
}

/// How far spots are off a path, in L on average.
fn off(path: &[Place], spots: &[Spot]) -> f32 {
    spots.iter().map(|spot| off_spot(path, spot)).sum::<f32>() / spots.len() as f32
}

/// How far a spot is beside a path and turned away from it, in L.
pub(super) fn off_spot(path: &[Place], spot: &Spot) -> f32 {
    let pieces = path.windows(2).map(|pair| {
        let piece = Step::between(pair[0], pair[1]);
        let share = (piece.dot(Step::between(pair[0], spot.place)) / piece.dot(piece).max(1e-6)).clamp(0.0, 1.0);
        let turned = if spot.heading.length() > 0.5 { piece.degrees_to(spot.heading).to_radians() } else { 0.0 };
        piece.times(share).from(pair[0]).distance(spot.place) + HEADING_L * turned
    });
    pieces.fold(f32::MAX, f32::min)
}
