//! Where road users stood or were lost: what is new there belongs to them.

use std::collections::VecDeque;
use std::time::Duration;

use super::thing::Thing;
use crate::base::geom::{Pixel, Rect};
use crate::base::time::MediaTime;
use crate::scene::{PerTrack, Scene};

/// Standing for this long is more than passing.
const STANDS: Duration = Duration::from_secs(2);
/// Slower than this may stop within a second or two, in L/s (16 km/h).
const STOPS_L_S: f32 = 1.0;
/// What is new appeared within this time of a road user that stood, stopped or was lost there: what hides and shows it takes as long.
const BESIDE: Duration = Duration::from_secs(10);
/// Places of ended tracks that are remembered.
const REMEMBERED: usize = 64;
/// So much farther than its box reaches what a road user brings with it, in L: shadow, load, an open door.
const ROOM_L: f32 = 0.4;

/// Of what lies beside a road user, so much must be near it.
const BESIDE_SHARE: f32 = 0.3;
/// A road user's box covers at least so much of what is only a part of it.
const COVERED: f32 = 0.6;

/// Where a road user was last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    rect: Option<Rect<Pixel>>,
    car_length: f32,
    /// When it was last seen there.
    until: MediaTime,
    /// Whether it stood there.
    stands: bool,
    /// Whether it stood or was about to.
    is_slow: bool,
}

/// What is followed now, and where those that were lost were last.
#[derive(Debug)]
pub(super) struct Standing {
    followed: PerTrack<Place>,
    before: VecDeque<Place>,
}

impl Default for Standing {
    fn default() -> Self {
        Self { followed: PerTrack::default(), before: VecDeque::with_capacity(REMEMBERED) }
    }
}

impl Standing {
    /// Takes the next frame.
    pub(super) fn follow(&mut self, scene: &Scene<'_>) {
        let before = &mut self.before;
        self.followed.keep_up(scene.tracks, |_| Place::default(), |_, place| remember(before, place));
        for (index, track) in scene.tracks.iter().enumerate().filter(|(_, track)| track.track.is_observed) {
            let stands = track.standing_for(scene.at.media) >= STANDS;
            let is_slow = stands || track.speed_l_s.is_some_and(|speed| speed < STOPS_L_S);
            let place = self.followed.at_mut(index);
            if place.stands && !stands {
                // It drove off: where it stood is remembered beside where it goes.
                remember(before, *place);
            }
            // Its rest lasts until it is surely away, and by then its box is elsewhere.
            let rect = if stands { track.rest().place() } else { track.track.rect };
            *place = Place { rect: Some(rect), car_length: track.car_length, until: scene.at.media, stands, is_slow };
        }
    }

    /// Whether what is seen there is a road user that stands, found by the detector later than by its pixels.
    pub(super) fn is_there(&self, place: Rect<Pixel>) -> bool {
        let standing = self.followed.iter().filter(|(_, held)| held.stands).filter_map(|(_, held)| held.rect);
        standing.into_iter().any(|rect| place.share_inside(rect) >= COVERED)
    }

    /// Whether one stood or was lost there when the thing appeared, or since then.
    pub(super) fn explains(&self, thing: &Thing, now: MediaTime) -> bool {
        let appeared = thing.since.media;
        let fits = |place: &Place| place.until + BESIDE >= appeared && place.until <= now && place.reaches(thing.region.rect);
        let stands = |place: &Place| place.stands && place.reaches(thing.region.rect);
        self.followed.iter().any(|(_, place)| stands(place)) || self.before.iter().any(fits)
    }
}

fn remember(before: &mut VecDeque<Place>, place: Place) {
    if before.len() == REMEMBERED {
        before.pop_front();
    }
    before.push_back(place);
}

impl Place {
    /// Whether most of `other` lies where this road user was, or right beside. Who is lost at speed explains only what lies where it was itself.
    fn reaches(&self, other: Rect<Pixel>) -> bool {
        let Some(rect) = self.rect else { return false };
        if !self.is_slow {
            return other.share_inside(rect) >= COVERED;
        }
        let room = ROOM_L * self.car_length;
        let around = Rect::from_corners(rect.left - room, rect.top - room, rect.right() + room, rect.bottom() + room);
        other.share_inside(around) >= BESIDE_SHARE
    }
}
