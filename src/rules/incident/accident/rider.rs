//! Cue C4: a motorcycle or bicycle goes down.

use std::time::Duration;

use super::course::{Course, window};
use crate::base::geom::{Pixel, Point};
use crate::base::time::MediaTime;
use crate::scene::{Sample, Scene, SceneTrack};

/// Height over width of an upright machine with its rider, at least.
const UPRIGHT: f32 = 1.1;
/// The same of one that lies, at most: threshold of the cue.
pub(super) const LIES: f32 = 0.8;
/// From one to the other within this time: turning by a right angle takes longer.
const FALLS_WITHIN: Duration = Duration::from_millis(1000);
/// What lies looks longer than what stood; what is covered from below does not.
const LONGER: f32 = 1.05;
/// Then it lies for this long without leaving the place.
const LIES_FOR: Duration = Duration::from_secs(3);
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
    /// How it drove before.
    pub(super) before: Course,
}

/// Whether `track` tipped over within the last moments.
pub(super) fn fall(track: &SceneTrack) -> Option<Fall> {
    if !track.track.class.is_two_wheeler() {
        return None;
    }
    let mut upright: Option<(MediaTime, f32)> = None;
    let mut fell = None;
    let first = track.trail().iter().next()?;
    let samples = || track.trail().iter();
    for ((a, b), c) in samples().zip(samples().skip(1)).zip(samples().skip(2)) {
        let (ratio, width) = (median([a, b, c].map(shape)), median([a, b, c].map(|sample| sample.rect.width)));
        if ratio > UPRIGHT {
            upright = Some((b.at, width));
        } else if ratio < LIES && fell.is_none() {
            let tipped = upright.is_some_and(|(since, narrow)| b.at.since(since) <= FALLS_WITHIN && width > LONGER * narrow);
            let span = b.at.since(first.at).as_secs_f32();
            let drove = b.rect.foot().distance(first.rect.foot()) >= DROVE_L_S * track.car_length * span;
            let before = Course::of_foot(window(track.trail(), first.at, b.at));
            fell = before.filter(|_| tipped && drove).map(|before| Fall { at: b.at, ratio, before });
        }
    }
    fell
}

/// How `track` lies, once it has been lying since `fall` for three seconds.
pub(super) fn lies(track: &SceneTrack, fell: &Fall, now: MediaTime) -> Option<f32> {
    let is_down = now.since(fell.at) >= LIES_FOR && track.standing_for(now) >= LIES_FOR && shape(track.trail().last()?) < UPRIGHT;
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

fn shape(sample: &Sample) -> f32 {
    sample.rect.height / sample.rect.width.max(1.0)
}

fn median([a, b, c]: [f32; 3]) -> f32 {
    a.max(b).min(a.min(b).max(c))
}
