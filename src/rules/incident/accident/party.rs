//! One who took part, after the impact: does it stay where it came to rest?

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::class::Class;
use crate::base::geom::{Pixel, Point};
use crate::base::time::{MediaTime, Stamp, WallTime};
use crate::event::Involved;
use crate::rules::incident::spot::{Spot, SpotMemory};
use crate::scene::{Scene, SceneTrack};
use crate::track::TrackId;

/// A road user of a case.
#[derive(Clone, Debug)]
pub(super) struct Party {
    pub(super) track: TrackId,
    class: Class,
    after: After,
    /// When it was seen last, moved on by the time without pictures.
    seen: MediaTime,
}

/// What it does after the impact.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a box would be an allocation for each jolt that is looked into")]
enum After {
    /// It still moves, or has not been seen since.
    Moves,
    /// It came to rest.
    Rests(Spot),
    /// It drove on.
    Left,
}

/// One who rests, for the next run of the program.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct PartyMemory {
    track: u32,
    spot: SpotMemory,
}

/// Marks the number of a track of an earlier run: this run's tracker counts from one again and never gets so far.
const EARLIER: u32 = 1 << 31;
/// Moving less than this is resting, in L.
const DRIFT_L: f32 = 0.5;
/// At rest for this long is a rest.
const RESTS: Duration = Duration::from_millis(1000);
/// What rests where a track drove off from is found again within this time.
const FOUND_AGAIN: Duration = Duration::from_millis(2500);
/// Faster than this drives on, in L/s ...
const LEAVES_L_S: f32 = 0.5;
/// ... unless it is what is left of the impact.
pub(super) const SLIDES_FOR: Duration = Duration::from_secs(4);

/// Whether `track` has come to rest again while what an impact leaves still slides.
fn slid_on(track: Option<&SceneTrack>, impact: MediaTime) -> bool {
    track.is_some_and(|track| track.rest().since().media.since(impact) <= SLIDES_FOR)
}

impl Party {
    pub(super) fn new(track: TrackId, class: Class, seen: MediaTime) -> Self {
        Self { track, class, after: After::Moves, seen }
    }

    /// For the next run of the program; `None` while it does not rest: then nobody could know it again.
    pub(super) fn memory(&self) -> Option<PartyMemory> {
        let After::Rests(spot) = &self.after else { return None };
        Some(PartyMemory { track: self.track.0, spot: spot.memory() })
    }

    /// One whom an earlier run saw at rest until `watched_until`.
    pub(super) fn recalled(memory: &PartyMemory, watched_until: WallTime, now: Stamp) -> Option<Self> {
        let spot = Spot::recalled(&memory.spot, watched_until, now)?;
        Some(Self { track: TrackId(memory.track | EARLIER), class: spot.class, after: After::Rests(spot), seen: now.media })
    }

    pub(super) fn involved(&self) -> Involved {
        Involved { track: self.track.0, class: self.class }
    }

    pub(super) fn is_two_wheeler(&self) -> bool {
        self.class.is_two_wheeler()
    }

    /// Takes one frame. The `other` party's track is never taken for this one, however near it stands.
    pub(super) fn follow(&mut self, scene: &Scene<'_>, impact: MediaTime, other: Option<TrackId>) {
        let now = scene.at.media;
        let own = scene.find(self.track).filter(|track| track.track.is_observed);
        let is_driving = self.is_driving(scene);
        if own.is_some() {
            self.seen = now;
        }
        // What drives slowly has been near one place for a while, too.
        let rests = own.filter(|track| !is_driving && track.standing_for(now) >= RESTS);
        match &mut self.after {
            After::Moves => {
                if let Some(track) = rests {
                    self.after = After::Rests(Spot::new(track, track.rest(), scene.at));
                } else if is_driving && now.since(impact) > SLIDES_FOR {
                    self.after = After::Left;
                }
            }
            After::Rests(spot) if slid_on(rests, impact) && !spot.holds(self.track) => {
                rests.into_iter().for_each(|track| *spot = Spot::new(track, track.rest(), scene.at));
            }
            After::Rests(spot) => {
                let held = spot.track();
                spot.follow(scene, DRIFT_L);
                // Who was taken for another is followed again under its own number.
                if let Some(own) = spot.track().filter(|own| held.is_some_and(|held| held != *own)) {
                    self.track = own;
                }
                let may_be = |track: &&SceneTrack| track.track.class.is_vehicle() && Some(track.track.id) != other;
                if let Some(track) = scene.tracks.iter().filter(may_be).find(|track| spot.fits(track, scene, DRIFT_L)) {
                    spot.take_over(track, scene.at);
                    self.track = track.track.id;
                }
                // Who passes may be taken for it for a moment: then what rests there is found again under another number.
                if is_driving && spot.gone_for(now).is_some_and(|gone| gone >= FOUND_AGAIN) {
                    self.after = After::Left;
                }
            }
            After::Left => {}
        }
    }

    /// Time without pictures is no time in which it stood.
    pub(super) fn was_unwatched(&mut self, gap: Duration, end: MediaTime) {
        self.seen = self.seen + gap;
        if let After::Rests(spot) = &mut self.after {
            spot.was_unwatched(gap, end);
        }
    }

    /// For how long it has been resting since `impact`, as far as it was seen; `None` when it is not resting.
    pub(super) fn rested(&self, impact: MediaTime) -> Option<Duration> {
        let After::Rests(spot) = &self.after else { return None };
        let since = spot.since().media.max(impact);
        Some(spot.last_seen.media.since(since).min(spot.stood(spot.last_seen.media)))
    }

    /// Where it rests.
    pub(super) fn place(&self) -> Option<Point<Pixel>> {
        let After::Rests(spot) = &self.after else { return None };
        Some(spot.foot())
    }

    /// Whether it is seen to drive in this frame.
    pub(super) fn is_driving(&self, scene: &Scene<'_>) -> bool {
        let own = scene.find(self.track).filter(|track| track.track.is_observed);
        own.is_some_and(|track| track.speed_l_s.is_some_and(|speed| speed > LEAVES_L_S))
    }

    /// Whether it is followed where it rests.
    pub(super) fn is_there(&self) -> bool {
        matches!(&self.after, After::Rests(spot) if spot.holds(self.track))
    }

    /// Whether it drove on.
    pub(super) fn has_left(&self) -> bool {
        matches!(self.after, After::Left)
    }

    /// For how long nobody has been seen where it rested, or it itself when it never came to rest; `None` while it rests there.
    pub(super) fn gone_for(&self, now: MediaTime) -> Option<Duration> {
        match &self.after {
            After::Rests(spot) => spot.gone_for(now),
            After::Moves | After::Left => Some(now.since(self.seen)),
        }
    }
}
