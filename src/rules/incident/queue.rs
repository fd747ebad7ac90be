//! Whether what stands belongs to something else that stands: an operator gets one alert for an incident and the queue behind it.

use super::spot::Spot;
use crate::base::geom::{Pixel, Point};
use crate::base::time::MediaTime;
use crate::scene::Heading;

/// Where something stands, and since when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Obstacle {
    pub(super) place: Point<Pixel>,
    pub(super) since: MediaTime,
}

/// As far behind each other, foot to foot in L, as vehicles of one queue stand; a little ahead, because boxes of different heights end differently.
const BEHIND_L: [f32; 2] = [-0.5, 4.0];
/// In its lane or half beside it, as motorcycles wait, in L.
const BESIDE_L: f32 = 1.5;
/// Where the direction of the lane is not known: as near as this, in L.
const NEAR_L: f32 = 2.5;

/// Whether `own` came to stand behind, or right beside, one of the `obstacles` that had been there before, seen in the direction of its `lane`.
/// What stops ahead of it later does not hold it up: a broken-down vehicle stays one while others queue around it at red.
pub(super) fn belongs(own: &Spot, lane: Option<Heading>, mut obstacles: impl Iterator<Item = Obstacle>) -> bool {
    obstacles.any(|other| other.since < own.since().media && is_ahead(own, lane, other.place))
}

fn is_ahead(own: &Spot, lane: Option<Heading>, place: Point<Pixel>) -> bool {
    let (length, stretch, foot) = (own.car_length(), own.stretch(), own.foot());
    let Some(lane) = lane else {
        return place.distance_stretched(foot, stretch) <= NEAR_L * length;
    };
    let (ahead, beside) = lane.ahead_and_beside(foot, place, stretch);
    (BEHIND_L[0] * length..=BEHIND_L[1] * length).contains(&ahead) && beside <= BESIDE_L * length
}
