//! How long one person has been on the carriageway.

use crate::base::class::Class;
use crate::base::geom::{FrameSize, Norm, Pixel, Point, Polygon, Rect};
use crate::base::time::Stamp;
use crate::scene::{Scene, SceneTrack, displacement};
use crate::track::is_on_machine;

/// One person's time on the carriageway. Time beside it counts back, so who stands on the kerb and sways over it never gets far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OnFoot {
    /// Seconds on the carriageway, those beside it taken off.
    pub(super) secs: f64,
    /// Since when it has been more than none.
    pub(super) since: Option<Stamp>,
    /// When the person was last on it, in watched seconds.
    pub(super) last_on_secs: f64,
    /// When the person was last seen, and where.
    seen: Option<(f64, Point<Pixel>)>,
    /// Whether it was seen walking: a post that the detector takes for a person stands from the first frame to the last.
    has_walked: bool,
    /// When the person was last too fast for a pedestrian.
    fast_secs: Option<f64>,
    /// Whether an event has counted this person.
    pub(super) is_counted: bool,
}

/// Where a person's feet are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Feet {
    /// On the carriageway.
    OnRoad,
    /// Beside it, where people on foot belong, or with a vehicle.
    Elsewhere,
}

/// One person in one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting<'a> {
    pub(super) at: Stamp,
    /// The same on the clock that stands still while the camera sends nothing.
    pub(super) watched_secs: f64,
    pub(super) track: &'a SceneTrack,
    pub(super) feet: Feet,
}

/// Faster is nobody on foot, in L/s (13 km/h): a rider whose machine the detector misses.
const FAST_L_S: f32 = 0.8;
/// A rider stays one for this many seconds: longer than a red light.
const RIDES_FOR_SECS: f64 = 120.0;
/// Longest time between two sightings that counts as time on the carriageway.
const LONGEST_SECS: f64 = 1.0;
/// More seconds than asked for are kept, so that a few beside the road end nothing.
const KEPT_SECS: f64 = 5.0;
/// Who moved this far since the first sighting walks, in L (1.8 m).
const WALKED_L: f32 = 0.4;
/// Another number is the same person when it begins this soon and as near as a walker gets, 2 m/s and a step; later, only where the person stood.
const SAME_SECS: f64 = 3.0;
const STOOD_SECS: f64 = 15.0;
const WALKED_L_S: f32 = 0.45;
const STEP_L: f32 = 0.25;

impl OnFoot {
    /// Whether this is a track that was not looked at yet.
    pub(super) fn is_new(&self) -> bool {
        self.seen.is_none()
    }

    /// Whether this is somebody who was seen to walk, by an earlier run of the program.
    pub(super) fn is_known_to_walk(&mut self) {
        self.has_walked = true;
    }

    /// Forgets the time on the road, and that an event counted it.
    pub(super) fn begin_again(&mut self) {
        (self.secs, self.since, self.is_counted) = (0.0, None, false);
    }

    /// Takes one sighting; much more than `enough_secs` is not remembered.
    pub(super) fn take(&mut self, sighting: Sighting<'_>, enough_secs: f64) {
        let Sighting { at, watched_secs, track, feet } = sighting;
        let before = self.seen.replace((watched_secs, track.foot()));
        let passed = before.map_or(0.0, |(secs, _)| (watched_secs - secs).min(LONGEST_SECS));
        if track.speed_l_s.is_some_and(|speed| speed > FAST_L_S) {
            self.fast_secs = Some(watched_secs);
        }
        self.has_walked |= displacement(track.track.first_seen.1, track.track.rect, 1.0) >= WALKED_L * track.car_length;
        let rides = track.track.is_rider || self.fast_secs.is_some_and(|secs| watched_secs - secs < RIDES_FOR_SECS);
        if feet == Feet::OnRoad && !rides {
            self.since.get_or_insert(at);
            self.last_on_secs = watched_secs;
            self.secs = (self.secs + passed).min(enough_secs + KEPT_SECS);
        } else {
            self.secs = (self.secs - passed).max(0.0);
            if self.secs <= 0.0 || rides {
                (self.secs, self.since) = (0.0, None);
            }
        }
    }

    /// Whether this is a person who has been on it for long, and is still.
    pub(super) fn is_there(&self, watched_secs: f64, enough_secs: f64) -> bool {
        self.has_walked && self.secs >= enough_secs && watched_secs - self.last_on_secs <= LONGEST_SECS
    }

    /// Whether a new track may be this lost person.
    pub(super) fn could_be(&self, watched_secs: f64, track: &SceneTrack) -> bool {
        self.seen.is_some_and(|(secs, place)| {
            let gap = watched_secs - secs;
            let away_l = place.distance(track.foot()) / track.car_length;
            let could_walk = gap <= SAME_SECS && away_l <= STEP_L + WALKED_L_S * gap as f32;
            could_walk || (gap <= STOOD_SECS && away_l <= STEP_L)
        })
    }
}

/// Feet this near the edge may be beside it, in L: 0.7 m to the sides, half of that in depth, which the camera sees shortened.
const EDGE_L: f32 = 0.15;

/// Whether a person's feet are inside `road` by more than a box trembles; what lies outside the picture is not an edge.
pub(super) fn is_well_inside(road: &Polygon<Norm>, size: FrameSize, track: &SceneTrack) -> bool {
    let (foot, edge) = (track.foot(), EDGE_L * track.car_length);
    let around = [(0.0, 0.0), (edge, 0.0), (-edge, 0.0), (0.0, edge / 2.0), (0.0, -edge / 2.0)];
    around.into_iter().all(|(x, y)| {
        let place = size.to_norm(Point::new(foot.x + x, foot.y + y));
        let is_in_picture = (0.0..=1.0).contains(&place.x) && (0.0..=1.0).contains(&place.y);
        !is_in_picture || road.contains(place)
    })
}

/// Whether a vehicle explains the person: a rider on or beside a two-wheeler, the driver behind a windscreen.
pub(super) fn belongs_to_a_vehicle(scene: &Scene<'_>, person: &SceneTrack) -> bool {
    scene.tracks.iter().any(|other| match other.track.class {
        Class::Motorcycle | Class::Bicycle => is_with_machine(person, other.track.rect),
        Class::Car | Class::Bus | Class::Truck => is_inside(person.track.rect, other.track.rect),
        Class::Person => false,
    })
}

/// Beside a two-wheeler, in L: 1.3 m, an arm's length.
const BESIDE_L: f32 = 0.3;

fn is_with_machine(person: &SceneTrack, machine: Rect<Pixel>) -> bool {
    let (foot, near) = (person.foot(), BESIDE_L * person.car_length);
    let is_beside = (machine.left - near..=machine.right() + near).contains(&foot.x)
        && (machine.top - near..=machine.bottom() + near).contains(&foot.y);
    is_beside || is_on_machine(person.track.rect, machine)
}

/// Nearly all of the person within the vehicle's box, and the feet above its wheels.
fn is_inside(person: Rect<Pixel>, vehicle: Rect<Pixel>) -> bool {
    person.share_inside(vehicle) >= 0.8 && person.bottom() < vehicle.bottom() - 0.1 * vehicle.height
}
