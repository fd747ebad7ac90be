//! Who came in where and left where: by the gates that a vehicle passed, and where one of the two was not seen, by the typical paths of those of whom both were.

use super::bridges::bridges;
use super::gates::Gates;
use super::journey::{Journey, Spot};
use super::junction::Junction;
use super::plan::Place;
use super::step::Step;

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
/// So many vehicles make a typical path.
const FEWEST_SEEN: usize = 3;
/// Half a car length beside a typical path is usual; a turned heading counts as being so far beside it, in L a radian.
const USUAL_OFF_L: f32 = 0.45;
const HEADING_L: f32 = 0.8;
/// A path says where somebody goes when it has this share of what all possible ones weigh, and is no farther off than this.
const LIKELY: f32 = 0.7;
const FARTHEST_OFF_L: f32 = 1.3;
/// Others who came in so long before or after show that the arm has green; one alone can come in as well.
const BEFORE_S: f64 = 7.0;
const AFTER_S: f64 = 1.0;
const ALONE: f32 = 0.2;
/// So much way behind the gate says where somebody goes.
const SHORTEST_L: f32 = 1.2;

/// Passages and movements of all journeys.
pub(super) fn movements(junction: &Junction, journeys: &[Journey]) -> (Vec<Passage>, Vec<Movement>) {
    let gates: Vec<Gates> = journeys.iter().enumerate().map(|(index, journey)| Gates::of(junction, index, journey)).collect();
    let mut typical = typical_paths(junction, journeys, &gates);
    let releases = Releases::of(junction, journeys, &gates);
    let continues = bridges(junction, journeys, &gates, &typical);
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
            && let Some((from, to)) = likely(&typical, inner, gates, &releases)
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

/// When vehicles came in, by arm: while others come in from an arm, it has green, and who appears in the middle is more likely to be from there.
struct Releases {
    by_arm: Vec<Vec<f64>>,
}

impl Releases {
    fn of(junction: &Junction, journeys: &[Journey], gates: &[Gates]) -> Self {
        let mut by_arm = vec![Vec::new(); junction.arms.len()];
        for (journey, gates) in journeys.iter().zip(gates) {
            if let Some((spot, (arm, _))) = gates.entry.and_then(|entry| Some((journey.spots.get(entry.1)?, entry))) {
                by_arm[arm].push(spot.at);
            }
        }
        by_arm.iter_mut().for_each(|times: &mut Vec<f64>| times.sort_by(f64::total_cmp));
        Self { by_arm }
    }

    /// How likely one who is in the middle at `at` came from this arm, beside the others.
    fn weight(&self, arm: usize, at: f64) -> f32 {
        let times = &self.by_arm[arm];
        let count = times.partition_point(|time| *time <= at + AFTER_S) - times.partition_point(|time| *time < at - BEFORE_S);
        ALONE + count as f32
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
            let released = if gates.entry.is_some() { 1.0 } else { releases.weight(movement.from, spots[0].at) };
            (movement, off, released * (-0.5 * (off / USUAL_OFF_L).powi(2)).exp())
        })
        .collect();
    let total: f32 = judged.iter().map(|(_, _, weight)| weight).sum();
    let (best, off, weight) = judged.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    (*off <= FARTHEST_OFF_L && *weight >= LIKELY * total).then_some((best.from, best.to))
}

/// How far spots are beside a path and turned away from it, in L on average.
fn off(path: &[Place], spots: &[Spot]) -> f32 {
    let one = |spot: &Spot| {
        let pieces = path.windows(2).map(|pair| {
            let piece = Step::between(pair[0], pair[1]);
            let share = (piece.dot(Step::between(pair[0], spot.place)) / piece.dot(piece).max(1e-6)).clamp(0.0, 1.0);
            let turned = if spot.heading.length() > 0.5 { piece.degrees_to(spot.heading).to_radians() } else { 0.0 };
            piece.times(share).from(pair[0]).distance(spot.place) + HEADING_L * turned
        });
        pieces.fold(f32::MAX, f32::min)
    };
    spots.iter().map(one).sum::<f32>() / spots.len() as f32
}
