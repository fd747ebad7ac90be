//! Lanes of one way: ridges of the places that cars take across the road.
//!
//! Motorcycles fill the road from edge to edge and between the lanes, so they say how wide the road is, and cars say where its lanes are.

use super::arms::Stream;
use super::journey::Journey;
use super::road::Road;

/// A lane, from one side to the other, in L beside the road's axis.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lane {
    /// Right edge.
    pub right: f32,
    /// Left edge.
    pub left: f32,
}

/// The lanes of a way, and how far from the junction they are known.
#[derive(Clone, PartialEq, Debug)]
pub struct Lanes {
    /// From right to left, at least one.
    pub lanes: Vec<Lane>,
    /// Where they begin and end, in L along the road; as far as enough vehicles were seen.
    pub along: (f32, f32),
    /// Whether ridges were found; else the road is one piece as wide as its traffic.
    pub has_ridges: bool,
}

/// Places are told apart by so much along the road, one vote a vehicle in each piece.
const PIECE_L: f32 = 1.0;
/// A lane ends where fewer vehicles than this, or this share of them, were seen.
const FEWEST_VEHICLES: usize = 3;
const FEWEST_SHARE: f32 = 0.08;
/// A ridge is smoothed by so much, as high as this share of the highest one, and so far from the next: 0.45 L are 2 m.
const SMOOTHED_L: f32 = 0.15;
const RIDGE_SHARE: f32 = 0.18;
const APART_L: f32 = 0.5;
/// Nobody drives in a gap of this width: more than a lane.
const GAP_L: f32 = 0.9;
/// Cars that are needed for ridges.
const FEWEST_CARS: usize = 8;
/// Half a lane, where there is no other to compare with.
const HALF_L: f32 = 0.38;
/// Share of the places that lie beyond either edge of the road: wrong boxes do.
const BEYOND: f32 = 0.015;

/// Where vehicles were seen on a way.
#[derive(Default)]
struct Seen {
    /// Places across, of all and of cars, one a vehicle and piece.
    all: Vec<f32>,
    cars: Vec<f32>,
    car_count: usize,
    /// Vehicles by piece along the road.
    pieces: std::collections::BTreeMap<i32, usize>,
    /// How far back and how far on each vehicle was seen: its rear and its front.
    ends: Vec<(f32, f32)>,
}

impl Seen {
    fn of(road: &Road, stream: &Stream, journeys: &[Journey]) -> Self {
        let mut this = Self::default();
        for &index in &stream.journeys {
            this.take(road, &journeys[index]);
        }
        this
    }

    fn take(&mut self, road: &Road, journey: &Journey) {
        let (is_car, half) = (!journey.is_two_wheeler(), journey.half_length());
        self.car_count += usize::from(is_car);
        let (mut before, mut ends) = (None, (f32::MAX, f32::MIN));
        for (_, on) in road.spots(journey) {
            ends = (ends.0.min(on.along - half), ends.1.max(on.along + half));
            let piece = (on.along / PIECE_L).floor() as i32;
            if before.replace(piece) != Some(piece) {
                *self.pieces.entry(piece).or_default() += 1;
                self.all.push(on.beside);
                self.cars.extend(is_car.then_some(on.beside));
            }
        }
        self.ends.extend((ends.0 <= ends.1).then_some(ends));
    }

    /// How far enough of them were seen, around the busiest piece.
    fn reach(&self) -> Option<(f32, f32)> {
        let needed = FEWEST_VEHICLES.max((FEWEST_SHARE * self.ends.len() as f32) as usize);
        let (&busiest, _) = self.pieces.iter().filter(|(_, count)| **count >= needed).max_by_key(|(_, count)| **count)?;
        let is_known = |piece: i32| self.pieces.get(&piece).is_some_and(|&count| count >= needed);
        let first = (0..).map(|off| busiest - off).take_while(|&piece| is_known(piece)).last()? as f32 * PIECE_L;
        let last = ((0..).map(|off| busiest + off).take_while(|&piece| is_known(piece)).last()? + 1) as f32 * PIECE_L;
        // Pieces are coarse: enough may have been seen in a part of the next one.
        let (mut starts, mut stops): (Vec<f32>, Vec<f32>) = self.ends.iter().copied().unzip();
        starts.sort_by(f32::total_cmp);
        stops.sort_by(|a, b| b.total_cmp(a));
        let (start, stop) = (starts.get(needed - 1)?, stops.get(needed - 1)?);
        Some((start.clamp(first - PIECE_L, first), stop.clamp(last, last + PIECE_L)))
    }
}

/// The lanes of a stream; `None` when nobody was seen on the straight part.
pub(super) fn lanes(road: &Road, stream: &Stream, journeys: &[Journey]) -> Option<Lanes> {
    let mut seen = Seen::of(road, stream, journeys);
    let along = seen.reach()?;
    seen.all.sort_by(f32::total_cmp);
    let all = main_body(&seen.all);
    seen.cars.retain(|car| (all[0]..=all[all.len() - 1]).contains(car));
    let edge = |share: f32| all[((all.len() - 1) as f32 * share) as usize];
    let (right, left) = (edge(BEYOND), edge(1.0 - BEYOND));
    let enough_cars = seen.car_count >= FEWEST_CARS && seen.cars.len() >= FEWEST_CARS;
    let ridges = if enough_cars { ridges(&seen.cars) } else { Vec::new() };
    let has_ridges = !ridges.is_empty();
    let lanes = if has_ridges { between(&ridges, right, left) } else { vec![Lane { right: right - 0.1, left: left + 0.1 }] };
    Some(Lanes { lanes, along, has_ridges })
}

/// The most places that lie together without a gap: what is beyond one is another carriageway, or a wrong track. Sorted, not empty, as the result.
fn main_body(sorted: &[f32]) -> &[f32] {
    let groups = sorted.chunk_by(|before, behind| behind - before <= GAP_L);
    groups.max_by_key(|group| group.len()).unwrap_or(sorted)
}

/// Where cars drive most, from right to left; there is at least one.
fn ridges(cars: &[f32]) -> Vec<f32> {
    const STEP_L: f32 = 0.04;
    let (least, most) = cars.iter().fold((f32::MAX, f32::MIN), |(least, most), &at| (least.min(at), most.max(at)));
    let count = ((most - least) / STEP_L).ceil().clamp(1.0, 2000.0) as usize;
    let at = |step: usize| least + step as f32 * STEP_L;
    let density: Vec<f32> =
        (0..=count).map(|step| cars.iter().map(|car| (-0.5 * ((car - at(step)) / SMOOTHED_L).powi(2)).exp()).sum()).collect();
    let highest = density.iter().copied().fold(0.0, f32::max);
    let mut order: Vec<usize> = (0..=count).filter(|&step| density[step] >= RIDGE_SHARE * highest).collect();
    order.sort_by(|&a, &b| density[b].total_cmp(&density[a]).then(a.cmp(&b)));
    let mut found: Vec<f32> = Vec::new();
    for step in order {
        let is_top = (step == 0 || density[step] >= density[step - 1]) && (step == count || density[step] >= density[step + 1]);
        if is_top && found.iter().all(|other| (other - at(step)).abs() >= APART_L) {
            found.push(at(step));
        }
    }
    found.sort_by(f32::total_cmp);
    found
}

/// Lanes around ridges: borders half way between. Where the traffic reaches farther out than the outer ones are wide, motorcycles alone use a lane.
fn between(ridges: &[f32], right: f32, left: f32) -> Vec<Lane> {
    let half = ridges.windows(2).map(|pair| (pair[1] - pair[0]) / 2.0).fold(f32::MAX, f32::min);
    let half = if ridges.len() > 1 { half.min(1.4 * HALF_L) } else { HALF_L };
    let (first, last) = (ridges[0], ridges[ridges.len() - 1]);
    let mut lanes = beyond(first - half, right, -2.0 * half);
    lanes.reverse();
    let inner_right = lanes.last().map_or((first - half).min(right), |lane| lane.left);
    let outer = beyond(last + half, left, 2.0 * half);
    let inner_left = outer.first().map_or((last + half).max(left), |lane| lane.right);
    for (index, &ridge) in ridges.iter().enumerate() {
        let right = if index > 0 { f32::midpoint(ridges[index - 1], ridge) } else { inner_right };
        let left = ridges.get(index + 1).map_or(inner_left, |next| f32::midpoint(ridge, *next));
        lanes.push(Lane { right, left });
    }
    lanes.extend(outer);
    lanes
}

/// Whole lanes from the edge of the outermost one with cars to the edge of the traffic, outwards; `width` has the sign of the side.
fn beyond(from: f32, to: f32, width: f32) -> Vec<Lane> {
    const MOST: f32 = 3.0;
    let count = ((to - from) / width).round().clamp(0.0, MOST);
    let border = |number: f32| from + (to - from) * number / count;
    let lane = |number: usize| {
        let (inner, outer) = (border(number as f32), border(number as f32 + 1.0));
        Lane { right: inner.min(outer), left: inner.max(outer) }
    };
    (0..count as usize).map(lane).collect()
}
