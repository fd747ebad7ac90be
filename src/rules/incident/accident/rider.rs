//! Cue C4: a motorcycle or bicycle goes down.

use std::time::Duration;

use super::body::{Body, LOST_FOR};
use super::course::{Course, window};
use crate::base::geom::{Pixel, Point, Rect};
use crate::base::time::MediaTime;
use crate::scene::{Sample, Scene, SceneTrack};

/// Height over width of an upright machine with its rider, at least: seen from behind it is 2 or more, seen across 1.
const UPRIGHT: f32 = 0.9;
/// What lies has at most this share of it.
const FLATTER: f32 = 0.7;
/// The same of one that lies, at most: threshold of the cue.
pub(super) const LIES: f32 = 0.8;
/// From one to the other within this time.
const FALLS_WITHIN: Duration = Duration::from_millis(1500);
/// What is less upright than this share of what it was is on its way down.
const STILL_UPRIGHT: f32 = 0.9;
/// What lies looks longer than what stood; what is covered from below does not.
const LONGER: f32 = 1.05;
/// It still lies while the ratio is below this.
const NOT_UPRIGHT: f32 = 0.9;
/// Then it lies for this long without leaving the place.
pub(super) const LIES_FOR: Duration = Duration::from_secs(3);
/// And drove before, in L/s: machines fall over at the kerb too.
const DROVE_L_S: f32 = 0.5;
/// A person appears within this time after the stop ...
const APPEARS_WITHIN: Duration = Duration::from_secs(5);
/// ... and this near, in L: threshold of the cue.
pub(super) const BESIDE_L: f32 = 1.0;

/// A machine that fell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fall {
    pub(super) at: MediaTime,
    /// Height over width as it lies.
    pub(super) ratio: f32,
    /// How it drove before; `None` when nobody saw it.
    pub(super) before: Option<Course>,
}

/// A two-wheeler as long as it stood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upright {
    at: MediaTime,
    /// Height over width.
    ratio: f32,
    /// Width in L.
    width_l: f32,
}

impl Upright {
    /// The shape of `track` in its latest `sample`, when that is upright.
    pub(super) fn of(track: &SceneTrack, sample: &Sample) -> Option<Self> {
        let ratio = shape(&sample.rect);
        (ratio > UPRIGHT).then(|| Self { at: sample.at, ratio, width_l: sample.rect.width / track.car_length })
    }

    /// What is to be remembered once `next` was seen: a machine that tips over turns as well, and says how it stood only until then.
    pub(super) fn then(self, next: Self) -> Self {
        let is_tipping = next.ratio < STILL_UPRIGHT * self.ratio && next.at.since(self.at) <= FALLS_WITHIN;
        if is_tipping { self } else { next }
    }
}

/// Whether `track` tipped over just now. What falls changes its shape, and the tracker may begin anew with what lies there: then the one it goes on from
/// was upright.
pub(super) fn fall(track: &SceneTrack, body: &Body) -> Option<Fall> {
    let upright = body.upright()?;
    let past = body.past.filter(|past| past.course.speed() >= DROVE_L_S * track.car_length);
    let latest = latest(track)?;
    let (ratio, width) = (median(latest.map(|sample| shape(&sample.rect))), median(latest.map(|sample| sample.rect.width)));
    let (first, at) = (track.trail().iter().next()?, latest[1].at);
    let is_new = past.is_some() && first.at > upright.at;
    let within = if is_new { FALLS_WITHIN + LOST_FOR } else { FALLS_WITHIN };
    let tipped = ratio < LIES.min(FLATTER * upright.ratio) && at > upright.at && at.since(upright.at) <= within;
    let drove =
        is_new || latest[1].rect.foot().distance(first.rect.foot()) >= DROVE_L_S * track.car_length * at.since(first.at).as_secs_f32();
    let before = Course::of_foot(window(track.trail(), first.at, at), track.stretch).or(past.map(|past| past.course));
    (before.is_some() && tipped && drove && width / track.car_length > LONGER * upright.width_l).then_some(Fall { at, ratio, before })
}

/// How `track` lies, once it has been lying since `fall` for three seconds.
pub(super) fn lies(track: &SceneTrack, fell: &Fall, now: MediaTime) -> Option<f32> {
    let ratio = median(latest(track)?.map(|sample| shape(&sample.rect)));
    // What the detector takes for a car once it looked longer did not fall.
    let is_down =
        track.track.class.is_two_wheeler() && now.since(fell.at) >= LIES_FOR && track.standing_for(now) >= LIES_FOR && ratio < NOT_UPRIGHT;
    is_down.then_some(fell.ratio)
}

/// Distance in L of the nearest person who appeared beside the machine that stopped at `place`; people on `spared` places do not count.
pub(super) fn person_beside(scene: &Scene<'_>, at: MediaTime, place: Point<Pixel>, spared: impl Fn(Point<Pixel>) -> bool) -> Option<f32> {
    let appeared = |track: &&SceneTrack| {
        let since = track.track.first_seen.0;
        since >= at && since.since(at) <= APPEARS_WITHIN && track.is_pedestrian() && !spared(track.track.first_seen.1.foot())
    };
    let people = scene.tracks.iter().filter(appeared);
    let near = people.map(|track| track.track.first_seen.1.foot().distance(place) / track.car_length).filter(|away| *away <= BESIDE_L);
    near.min_by(f32::total_cmp)
}

/// Its last three sightings, the latest first.
fn latest(track: &SceneTrack) -> Option<[&Sample; 3]> {
    let mut samples = track.trail().iter().rev();
    Some([samples.next()?, samples.next()?, samples.next()?])
}

/// Height over width.
pub(super) fn shape(rect: &Rect<Pixel>) -> f32 {
    rect.height / rect.width.max(1.0)
}

fn median([a, b, c]: [f32; 3]) -> f32 {
    a.max(b).min(a.min(b).max(c))
}
