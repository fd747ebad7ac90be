//! Cue C4 where nobody saw the fall: a machine that lies where none lay before. An impact turns and blurs what it hits, and the tracker begins anew with what
//! lies there.

use std::time::Duration;

use super::body::Body;
use super::course::earlier;
use super::rider::{Fall, LIES_FOR, shape};
use crate::base::geom::{Pixel, Point};
use crate::base::time::MediaTime;
use crate::scene::{Scene, SceneTrack};

/// Where machines lie, or stand as low: what is found there again is no news.
#[derive(Debug)]
pub(super) struct Lying {
    began: Option<MediaTime>,
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    foot: Point<Pixel>,
    since: MediaTime,
    seen: MediaTime,
}

/// Height over width of what lies, at most: a machine that stands without its rider, seen across, is about 0.65.
const LOW: f32 = 0.62;
/// In at least this share of its sightings.
const MOSTLY: f32 = 0.8;
/// What is found later than this after it appeared did not fall just now.
const NEW_FOR: Duration = Duration::from_secs(10);
/// A view must have been watched for this long: what lay there before has been seen by then.
const WATCHED: Duration = Duration::from_secs(30);
/// Places are remembered for this long, and two within this distance in L are one.
const KNOWN_FOR: Duration = Duration::from_secs(600);
const SAME_L: f32 = 1.0;
const MOST: usize = 32;

impl Lying {
    pub(super) fn new() -> Self {
        Self { began: None, places: Vec::with_capacity(MOST) }
    }

    /// Remembers where something low stands in this frame.
    pub(super) fn observe(&mut self, scene: &Scene<'_>) {
        let now = scene.at.media;
        self.began.get_or_insert(now);
        self.places.retain(|place| now.since(place.seen) <= KNOWN_FOR);
        for track in scene.tracks.iter().filter(|track| is_low(track) && track.standing_for(now) >= LIES_FOR) {
            match self.places.iter_mut().find(|place| is_near(place, track)) {
                Some(place) => place.seen = now,
                None => {
                    let longest_gone = (0..self.places.len()).min_by_key(|&index| self.places[index].seen);
                    longest_gone.filter(|_| self.places.len() == MOST).map(|index| self.places.swap_remove(index));
                    self.places.push(Place { foot: track.foot(), since: track.track.first_seen.0, seen: now });
                }
            }
        }
    }

    /// That `track` has been lying since it came to rest there, where nothing lay before.
    pub(super) fn found(&self, track: &SceneTrack, body: &Body, now: MediaTime) -> Option<Fall> {
        let (since, _) = track.track.first_seen;
        let age = now.since(since);
        let lies = is_low(track) && track.standing_for(now) >= LIES_FOR && age <= NEW_FOR && body.low_share() >= MOSTLY;
        let is_watched = self.began.is_some_and(|began| since.since(began) >= WATCHED);
        let is_known = || self.places.iter().any(|place| place.since < since && is_near(place, track));
        (lies && is_watched && !is_known()).then(|| Fall {
            at: since.max(earlier(now, track.standing_for(now))),
            ratio: shape(&track.track.rect),
            before: None,
        })
    }
}

/// Whether a box is as low as that of a machine that lies.
pub(super) fn is_low(track: &SceneTrack) -> bool {
    track.track.is_observed && track.track.class.is_two_wheeler() && shape(&track.track.rect) < LOW
}

fn is_near(place: &Place, track: &SceneTrack) -> bool {
    place.foot.distance_stretched(track.foot(), track.stretch) <= SAME_L * track.car_length
}
