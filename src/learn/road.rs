//! Coordinates along one way of an arm: how far from the middle of the junction, how far beside the middle line.

use super::arms::{Layout, Stream, Way};
use super::journey::{Journey, Spot};
use super::plan::Place;
use super::step::Step;

/// A place in the coordinates of a way: `along` rises the way the traffic goes and is 0 abreast of the junction's middle, `beside` rises to the left.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OnRoad {
    /// In L; before the junction it is negative.
    pub along: f32,
    /// In L.
    pub beside: f32,
}

/// One way of an arm as an axis.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Road {
    /// To the junction or from it.
    pub way: Way,
    middle: Place,
    heading: Step,
    /// Nearer to the middle than this the traffic turns.
    straight_from: f32,
}

/// Who goes another way than the road is turning, or a wrong track.
const ALONG_DEG: f32 = 22.0;

impl Road {
    /// The axis of a stream: its mean heading, made parallel to the ways of its members.
    pub(super) fn of(stream: &Stream, (middle, layout): (Place, Layout), journeys: &[Journey]) -> Self {
        let mut road = Self { way: stream.way, middle, heading: stream.heading, straight_from: layout.straight_from() };
        for _ in 0..2 {
            road.heading = road.turned_to(stream, journeys);
        }
        road
    }

    fn turned_to(&self, stream: &Stream, journeys: &[Journey]) -> Step {
        let (mut both, mut squares) = (0.0, 0.0);
        for &index in &stream.journeys {
            let spots: Vec<OnRoad> = self.spots(&journeys[index]).map(|(_, on)| on).collect();
            let count = spots.len() as f32;
            let mean = |of: fn(&OnRoad) -> f32| spots.iter().map(of).sum::<f32>() / count;
            let (along, beside) = (mean(|on| on.along), mean(|on| on.beside));
            for on in &spots {
                // Those that were seen far count most: they know best.
                both += (on.along - along) * (on.beside - beside);
                squares += (on.along - along).powi(2);
            }
        }
        let slope = if squares > 1.0 { both / squares } else { 0.0 };
        self.heading.plus(self.heading.left().times(slope)).unit().unwrap_or(self.heading)
    }

    /// Sightings of a vehicle on the straight part of this way.
    pub(super) fn spots<'a>(&'a self, journey: &'a Journey) -> impl Iterator<Item = (&'a Spot, OnRoad)> {
        let is_along = |spot: &&Spot| spot.heading.length() > 0.5 && spot.heading.degrees_to(self.heading) <= ALONG_DEG;
        let placed = journey.spots.iter().filter(is_along).map(|spot| (spot, self.locate(spot.place)));
        placed.filter(|(_, on)| if self.way == Way::In { on.along < -self.straight_from } else { on.along > self.straight_from })
    }

    /// Where a place is on this road.
    pub fn locate(&self, place: Place) -> OnRoad {
        let off = Step::between(self.middle, place);
        OnRoad { along: self.heading.dot(off), beside: self.heading.cross(off) }
    }

    /// The place with these coordinates.
    pub fn place(&self, on: OnRoad) -> Place {
        self.heading.times(on.along).plus(self.heading.left().times(on.beside)).from(self.middle)
    }

    /// The way its traffic goes.
    pub fn heading(&self) -> Step {
        self.heading
    }
}
