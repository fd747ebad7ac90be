//! The middle of the junction and its arms, from where vehicles come and go.
//!
//! Ways cross in the middle and nowhere else. Towards it and away from it a road is straight enough that all who come in by an arm have about the same
//! heading, wherever they are seen first: so arms are peaks in a circular histogram of headings, which needs neither borders of the picture nor a map.

use super::journey::Journey;
use super::plan::Place;
use super::step::Step;

/// Where ways cross, by cells of this side in L.
const CELL_L: f32 = 0.7;
/// Headings this far apart cross; farther, it is a two-way road.
const CROSSING_DEG: (f32, f32) = (50.0, 130.0);
/// Crossings of so many vehicles, in all cells together, make a junction.
const FEWEST_CROSSINGS: f32 = 12.0;

/// The middle of the junction; `None` where ways do not cross.
pub(super) fn middle(journeys: &[Journey]) -> Option<Place> {
    let mut cells = Cells::default();
    for journey in journeys {
        cells.take(journey);
    }
    let crossings: Vec<(Place, f32)> = cells.crossings();
    let total: f32 = crossings.iter().map(|(_, weight)| weight).sum();
    if total < FEWEST_CROSSINGS {
        return None;
    }
    // A few wrong tracks cross anywhere; half of the crossings lie in the middle.
    let median = |of: fn(&Place) -> f32| weighted_median(crossings.iter().map(|(place, weight)| (of(place), *weight)).collect());
    Some(Place::new(median(|place| place.x), median(|place| place.y)))
}

/// The middle of all that was seen, for a road without junction.
pub(super) fn middle_of_all(journeys: &[Journey]) -> Place {
    let half_way = |journey: &Journey| Step::between(journey.first().place, journey.last().place).times(0.5).from(journey.first().place);
    let median = |of: fn(&Place) -> f32| weighted_median(journeys.iter().map(|journey| (of(&half_way(journey)), 1.0)).collect());
    Place::new(median(|place| place.x), median(|place| place.y))
}

fn weighted_median(mut values: Vec<(f32, f32)>) -> f32 {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = values.iter().map(|(_, weight)| weight).sum::<f32>() / 2.0;
    let mut sum = 0.0;
    let reaches_half = |&&(_, weight): &&(f32, f32)| {
        sum += weight;
        sum >= half
    };
    values.iter().find(reaches_half).map_or(0.0, |(value, _)| *value)
}

const SECTORS: usize = 16;

/// Headings by cell of the plan; each vehicle has one vote in a cell.
#[derive(Default)]
struct Cells {
    votes: std::collections::BTreeMap<(i32, i32), [f32; SECTORS]>,
}

impl Cells {
    fn take(&mut self, journey: &Journey) {
        let mut before = None;
        for spot in journey.spots.iter().filter(|spot| spot.heading.length() > 0.5) {
            let cell = ((spot.place.x / CELL_L).floor() as i32, (spot.place.y / CELL_L).floor() as i32);
            if before.replace(cell) != Some(cell) {
                let turn = spot.heading.angle() / std::f32::consts::TAU * SECTORS as f32;
                let sector = (turn.round() as i32).rem_euclid(SECTORS as i32) as usize;
                self.votes.entry(cell).or_default()[sector] += 1.0;
            }
        }
    }

    /// Middles of cells with how much crosses there.
    fn crossings(&self) -> Vec<(Place, f32)> {
        let degrees = |i: usize, j: usize| {
            let off = (j - i) as f32 * 360.0 / SECTORS as f32;
            off.min(360.0 - off)
        };
        let pairs: Vec<(usize, usize)> = (0..SECTORS).flat_map(|i| (i + 1..SECTORS).map(move |j| (i, j))).collect();
        let crosses = |&&(i, j): &&(usize, usize)| degrees(i, j) > CROSSING_DEG.0 && degrees(i, j) < CROSSING_DEG.1;
        let weight = |votes: &[f32; SECTORS]| pairs.iter().filter(crosses).map(|&(i, j)| votes[i].min(votes[j])).sum::<f32>();
        let middle = |cell: i32| (cell as f32 + 0.5) * CELL_L;
        let all = self.votes.iter().map(|(&(x, y), votes)| (Place::new(middle(x), middle(y)), weight(votes)));
        all.filter(|(_, weight)| *weight > 0.0).collect()
    }
}

/// What kind of place it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Layout {
    /// Ways cross, and turn in the middle.
    Junction,
    /// A street: its two ends are the arms, and nobody turns.
    Street,
}

impl Layout {
    /// Nearer to the middle than this, in L, traffic turns.
    pub(super) fn straight_from(self) -> f32 {
        match self {
            Self::Junction => 2.5,
            Self::Street => 0.0,
        }
    }

    /// Nearer to the middle than this nobody is at an end of his way.
    fn nearest(self) -> f32 {
        match self {
            Self::Junction => 1.5,
            Self::Street => 0.7,
        }
    }

    /// A way leads to the middle, or from it, within this: lanes lie beside it.
    fn aside_deg(self) -> f32 {
        match self {
            Self::Junction => 50.0,
            Self::Street => 75.0,
        }
    }
}

/// One way of an arm: towards the junction or away from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Way {
    /// Towards the junction.
    In,
    /// Away from it.
    Out,
}

/// The traffic of one way of an arm.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) way: Way,
    pub(super) heading: Step,
    /// Those that were seen to come or go here, by their place in the list of journeys.
    pub(super) journeys: Vec<usize>,
}

/// A road that ends at the junction.
#[derive(Clone, Debug)]
pub(super) struct Arm {
    /// From the middle along the road.
    pub(super) outward: Step,
    pub(super) inbound: Option<Stream>,
    pub(super) outbound: Option<Stream>,
}

/// The first and the last part of a way tell where it comes from and goes to.
const POSE_L: f32 = 1.5;
/// A peak is smoothed by so much, and its members are this near.
const SMOOTHED_DEG: f32 = 9.0;
const MEMBER_DEG: f32 = 28.0;
/// Arms are at least this far apart.
const APART_DEG: f32 = 35.0;
/// So many vehicles make an arm, and such a share of all that come in.
const FEWEST_VEHICLES: usize = 5;
const FEWEST_SHARE: f32 = 0.03;
/// The two ways of a road are opposite to each other within this.
const OPPOSITE_DEG: f32 = 45.0;

/// The arms, clockwise from the left of the plan.
pub(super) fn arms(journeys: &[Journey], middle: Place, layout: Layout) -> Vec<Arm> {
    let inbound = streams(journeys, (middle, layout), Way::In);
    let mut outbound: Vec<Option<Stream>> = streams(journeys, (middle, layout), Way::Out).into_iter().map(Some).collect();
    let mut arms = Vec::new();
    for stream in inbound {
        let outward = stream.heading.times(-1.0);
        let degrees = |other: &Option<Stream>| other.as_ref().map_or(f32::MAX, |other| other.heading.degrees_to(outward));
        let nearest = outbound.iter_mut().min_by(|a, b| degrees(a).total_cmp(&degrees(b)));
        let partner = nearest.filter(|other| degrees(other) <= OPPOSITE_DEG).and_then(Option::take);
        arms.push(Arm { outward, inbound: Some(stream), outbound: partner });
    }
    arms.extend(outbound.into_iter().flatten().map(|stream| Arm { outward: stream.heading, inbound: None, outbound: Some(stream) }));
    arms.sort_by(|a, b| b.outward.angle().total_cmp(&a.outward.angle()));
    arms
}

fn streams(journeys: &[Journey], place: (Place, Layout), way: Way) -> Vec<Stream> {
    let poses: Vec<(usize, Step)> =
        journeys.iter().enumerate().filter_map(|(index, journey)| Some((index, pose(journey, place, way)?))).collect();
    let headings: Vec<Step> = poses.iter().map(|(_, heading)| *heading).collect();
    let mut found = Vec::new();
    for peak in peaks(&headings) {
        let is_member = |heading: Step| heading.degrees_to(peak) <= MEMBER_DEG;
        let members: Vec<usize> = poses.iter().filter(|(_, heading)| is_member(*heading)).map(|(index, _)| *index).collect();
        let sum = headings.iter().filter(|heading| is_member(**heading)).fold(Step::default(), |sum, heading| sum.plus(*heading));
        let is_enough = members.len() >= FEWEST_VEHICLES && members.len() as f32 >= FEWEST_SHARE * poses.len() as f32;
        if let Some(heading) = sum.unit().filter(|_| is_enough) {
            found.push(Stream { way, heading, journeys: members });
        }
    }
    found
}

/// The heading with which a vehicle comes in or leaves; `None` when it was first or last seen in the middle, or standing.
fn pose(journey: &Journey, (middle, layout): (Place, Layout), way: Way) -> Option<Step> {
    let (edge, inner) = match way {
        Way::In => (journey.first(), journey.spots.iter().find(|spot| spot.place.distance(journey.first().place) >= POSE_L)?),
        Way::Out => (journey.last(), journey.spots.iter().rev().find(|spot| spot.place.distance(journey.last().place) >= POSE_L)?),
    };
    let inward = Step::between(edge.place, middle);
    let heading = Step::between(edge.place, inner.place).unit()?;
    let leads_there = inward.length() >= layout.nearest() && heading.degrees_to(inward) <= layout.aside_deg();
    let forward = if way == Way::In { heading } else { heading.times(-1.0) };
    leads_there.then_some(forward)
}

/// Directions around which many headings lie, strongest first.
fn peaks(headings: &[Step]) -> Vec<Step> {
    const STEPS: usize = 180;
    let at = |step: usize| Step::towards(step as f32 * std::f32::consts::TAU / STEPS as f32);
    let density: Vec<f32> = (0..STEPS)
        .map(|step| headings.iter().map(|heading| (-0.5 * (heading.degrees_to(at(step)) / SMOOTHED_DEG).powi(2)).exp()).sum())
        .collect();
    let mut order: Vec<usize> = (0..STEPS).filter(|&step| density[step] > 0.0).collect();
    order.sort_by(|&a, &b| density[b].total_cmp(&density[a]).then(a.cmp(&b)));
    let mut found: Vec<Step> = Vec::new();
    for step in order {
        let is_top = density[step] >= density[(step + 1) % STEPS] && density[step] >= density[(step + STEPS - 1) % STEPS];
        if is_top && found.iter().all(|other| other.degrees_to(at(step)) >= APART_DEG) {
            found.push(at(step));
        }
    }
    found
}
