//! The learned junction: arms with lanes, stop lines and gates on the plan.

use super::arms::{Arm, Layout, Stream, Way, arms, middle, middle_of_all};
use super::journey::Journey;
use super::lanes::{Lanes, lanes};
use super::plan::Place;
use super::road::{OnRoad, Road};
use super::step::Step;
use super::stop_line::{StopLine, stop_line};

/// One way of an arm.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its axis.
    pub road: Road,
    /// Its lanes; those towards the junction end just over where the first of the queue stand, those away from it begin abreast of that.
    pub lanes: Lanes,
    /// Where traffic waits; only of a way in, and only when enough stood.
    pub stop: Option<StopLine>,
    /// Where its gate is, in L along the road.
    pub gate: f32,
    /// Vehicles that were seen on it.
    pub vehicles: usize,
    pub(super) members: Vec<usize>,
}

impl Side {
    /// Edges of the road, right and left, in L beside the axis.
    pub fn edges(&self) -> (f32, f32) {
        let lanes = &self.lanes.lanes;
        (lanes[0].right, lanes[lanes.len() - 1].left)
    }

    /// Ends of a line across the whole way, right and left, `beyond` its edges.
    pub fn across(&self, along: f32, beyond: f32) -> [Place; 2] {
        let (right, left) = self.edges();
        [right - beyond, left + beyond].map(|beside| self.road.place(OnRoad { along, beside }))
    }
}

/// A road that ends at the junction, or one end of a road without one.
#[derive(Clone, Debug)]
pub struct LearnedArm {
    /// From the middle along the road.
    pub outward: Step,
    /// Towards the junction.
    pub inbound: Option<Side>,
    /// Away from it.
    pub outbound: Option<Side>,
}

impl LearnedArm {
    /// Both ways that were seen.
    pub fn sides(&self) -> impl Iterator<Item = &Side> {
        self.inbound.iter().chain(&self.outbound)
    }
}

/// What the journeys say about the place.
#[derive(Clone, Debug)]
pub struct Junction {
    /// Whether ways cross; else it is a road.
    pub has_crossing: bool,
    /// Where they do, or the middle of the road.
    pub middle: Place,
    /// Clockwise from the left.
    pub arms: Vec<LearnedArm>,
}

/// A gate is so far behind the stop line: what stands at the line with its wheels over it has not passed, and the turning have not spread yet.
const GATE_L: f32 = 0.5;
/// Without a junction the gates of the two ends are so far before and behind the middle.
const APART_L: f32 = 1.5;
/// The first of a queue stand about a metre before the line, with nobody on it: lanes go on so far in front of them.
const OVER_L: f32 = 0.3;
/// How far from the middle an arm ends where nobody stood: half of a four-lane road, and the corner.
const USUAL_EDGE_L: f32 = 2.8;
const EDGE_L: (f32, f32) = (1.2, 8.0);

impl Junction {
    pub(super) fn of(journeys: &[Journey]) -> Self {
        let crossing = middle(journeys);
        let first = crossing.unwrap_or_else(|| middle_of_all(journeys));
        let layout = if crossing.is_some() { Layout::Junction } else { Layout::Street };
        let found = arms(journeys, first, layout);
        // Where ways cross most is not yet where the roads meet; their middle lines do.
        let middle = crossing.map_or(first, |_| meeting(&found, first, journeys));
        let found = arms(journeys, middle, layout);
        let stop = |arm: &Arm| crossing.and_then(|_| stop_of(arm, (middle, layout), journeys));
        let stops: Vec<Option<StopLine>> = found.iter().map(stop).collect();
        let known: Vec<f32> = stops.iter().flatten().map(|stop| -stop.along).collect();
        let usual = if known.is_empty() { USUAL_EDGE_L } else { known.iter().sum::<f32>() / known.len() as f32 };
        let (usual, gates) = if crossing.is_some() { (usual, (GATE_L, GATE_L)) } else { (0.0, (-APART_L, APART_L)) };
        let learned = found.iter().zip(stops).map(|(arm, stop)| {
            let edge = Edge { at: stop.map_or(usual, |stop| -stop.along), stop, gates };
            let side = |stream: &Option<Stream>| stream.as_ref().and_then(|stream| side(stream, &edge, (middle, layout), journeys));
            LearnedArm { outward: arm.outward, inbound: side(&arm.inbound), outbound: side(&arm.outbound) }
        });
        let arms = learned.filter(|arm| arm.sides().next().is_some()).collect();
        Self { has_crossing: crossing.is_some(), middle, arms }
    }
}

/// The place that is nearest to the middle lines of all arms, by least squares; drawn a little to `middle`, because parallel roads meet nowhere.
fn meeting(arms: &[Arm], middle: Place, journeys: &[Journey]) -> Place {
    const DRAWN: f32 = 0.1;
    let (mut xx, mut xy, mut yy, mut x, mut y) = (DRAWN, 0.0, DRAWN, 0.0, 0.0);
    for arm in arms {
        let sides: Vec<(Step, f32)> =
            arm.inbound.iter().chain(&arm.outbound).filter_map(|stream| middle_line(stream, middle, journeys)).collect();
        let Some(&(normal, _)) = sides.first() else { continue };
        // The other way looks the other way.
        let off = sides.iter().map(|(other, off)| if other.dot(normal) < 0.0 { -off } else { *off }).sum::<f32>() / sides.len() as f32;
        (xx, xy, yy) = (xx + normal.x * normal.x, xy + normal.x * normal.y, yy + normal.y * normal.y);
        (x, y) = (x + off * normal.x, y + off * normal.y);
    }
    let determinant = xx * yy - xy * xy;
    Step { x: (x * yy - y * xy) / determinant, y: (y * xx - x * xy) / determinant }.from(middle)
}

/// The direction across a way, and how far its traffic is from `middle` in it.
fn middle_line(stream: &Stream, middle: Place, journeys: &[Journey]) -> Option<(Step, f32)> {
    let road = Road::of(stream, (middle, Layout::Junction), journeys);
    let mut besides: Vec<f32> = stream.journeys.iter().flat_map(|&index| road.spots(&journeys[index])).map(|(_, on)| on.beside).collect();
    besides.sort_by(f32::total_cmp);
    besides.get(besides.len() / 2).map(|beside| (road.heading().left(), *beside))
}

fn stop_of(arm: &Arm, place: (Place, Layout), journeys: &[Journey]) -> Option<StopLine> {
    let stream = arm.inbound.as_ref()?;
    let line = stop_line(&Road::of(stream, place, journeys), stream, journeys)?;
    (EDGE_L.0..=EDGE_L.1).contains(&-line.along).then_some(line)
}

/// Where an arm ends: how far from the middle, the stop line there, and how far behind it the gates for coming in and leaving are.
struct Edge {
    at: f32,
    stop: Option<StopLine>,
    gates: (f32, f32),
}

/// One way with its lanes up to the edge of the junction.
fn side(stream: &Stream, edge: &Edge, place: (Place, Layout), journeys: &[Journey]) -> Option<Side> {
    let road = Road::of(stream, place, journeys);
    let mut lanes = lanes(&road, stream, journeys)?;
    let (stop, gate) = match stream.way {
        Way::In => {
            lanes.along.1 = OVER_L - edge.at;
            (edge.stop, edge.gates.0 - edge.at)
        }
        Way::Out => {
            lanes.along.0 = edge.at - OVER_L;
            (None, edge.at + edge.gates.1)
        }
    };
    let is_road = lanes.along.1 - lanes.along.0 >= 1.0;
    is_road.then(|| Side { road, lanes, stop, gate, vehicles: stream.journeys.len(), members: stream.journeys.clone() })
}
