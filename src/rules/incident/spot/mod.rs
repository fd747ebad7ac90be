//! A place where a vehicle stands, whatever number the tracker gives it.

mod passing;
mod settled;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use settled::Settled;

use crate::base::class::Class;
use crate::base::geom::{Pixel, Point, Rect};
use crate::base::time::{MediaTime, Stamp, WallTime};
use crate::event::Involved;
use crate::rules::lately::Lately;
use crate::scene::{Rest, Scene, SceneTrack};
use crate::track::TrackId;

/// One standing vehicle.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    /// The track that stands here now; `None` while nobody is seen here.
    track: Option<TrackId>,
    /// The track that stood here first: part of the event's identity.
    pub(super) first_track: TrackId,
    pub(super) class: Class,
    rest: Rest,
    /// Where it was seen most, and since when.
    settled: Settled,
    /// The track that stood here before, while the tracker still waits for it to be seen again: who took its place may have come between.
    hidden: Option<TrackId>,
    /// Its track was seen to drive off.
    drove_off: bool,
    /// An earlier run saw it, this one not yet.
    is_recalled: bool,
    /// Time since it came to rest in which the camera sent nothing: nobody knows what stood here then.
    blind: Duration,
    /// The same since the vehicle was last seen: nobody knows whether it left then.
    gone_blind: Duration,
    /// When the vehicle was last seen here.
    pub(super) last_seen: Stamp,
    /// For how long since then it was not seen though nothing hid it.
    missed: Duration,
    /// When it was looked for, or the camera sent nothing, at last.
    looked_at: MediaTime,
    seen: u32,
    looked: u32,
    car_length: f32,
    stretch: f32,
    /// It belongs to something that stood there before: a queue, an accident.
    waits: bool,
    passed: u32,
    passed_lately: Lately,
}

/// A standing vehicle as the next run of the program needs it to know it again. Lengths in pixels.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct SpotMemory {
    first_track: u32,
    class: String,
    /// Left, top, width, height of its box.
    place: [f32; 4],
    car_length: f32,
    /// How many times a pixel up or down the picture was worth one across it.
    stretch: f32,
    /// Since when it has been standing there, in microseconds of UTC.
    since: i64,
    /// How much of that nobody saw, in seconds.
    blind_secs: f64,
    /// Frames in which it was seen, of so many.
    seen: [u32; 2],
    passed: u32,
}

/// A new track at the place is the same vehicle when it has been standing for this long: what drives through is not.
const STANDS: Duration = Duration::from_millis(1500);
/// A track that began farther away than this, in L, drove up ...
const DROVE_UP_L: f32 = 1.0;
/// ... and to an empty place, when it came this long after the vehicle there was last seen: an exchange by the tracker takes less.
const EXCHANGED: Duration = Duration::from_secs(2);
/// Two tracks whose boxes overlap by at least this much (intersection over union) are one vehicle.
const DOUBLED: f32 = 0.5;
/// A vehicle is hidden when this share of its box is covered.
const HIDDEN: f32 = 0.5;
/// A detector misses what it could see for no longer than this; what it misses for longer may have left.
const MISSED: Duration = Duration::from_secs(2);
/// What stands there when the program starts needs this long until it is followed and has been seen to stand.
const FOUND_AGAIN: Duration = Duration::from_millis(2500);

impl Spot {
    /// Begins where `track` has come to rest, as one of its rests says.
    pub(super) fn new(track: &SceneTrack, rest: Rest, now: Stamp) -> Self {
        Self {
            track: Some(track.track.id),
            first_track: track.track.id,
            class: track.track.class,
            rest,
            blind: Duration::ZERO,
            gone_blind: Duration::ZERO,
            last_seen: now,
            missed: Duration::ZERO,
            looked_at: now.media,
            seen: 0,
            looked: 0,
            car_length: track.car_length,
            stretch: track.stretch,
            waits: false,
            passed: 0,
            passed_lately: Lately::default(),
            settled: Settled::new(rest),
            hidden: None,
            drove_off: false,
            is_recalled: false,
        }
    }

    /// For the next run of the program.
    pub(super) fn memory(&self) -> SpotMemory {
        let place = self.rest.place();
        SpotMemory {
            first_track: self.first_track.0,
            class: self.class.name().to_owned(),
            place: [place.left, place.top, place.width, place.height],
            car_length: self.car_length,
            stretch: self.rest.stretch(),
            since: self.rest.since().wall.as_micros(),
            blind_secs: self.blind.as_secs_f64(),
            seen: [self.seen, self.looked],
            passed: self.passed,
        }
    }

    /// A vehicle that an earlier run saw standing, until `watched_until`: whoever stands there `now` is taken for it. `None` for a class of another
    /// version of the program.
    pub(super) fn recalled(memory: &SpotMemory, watched_until: WallTime, now: Stamp) -> Option<Self> {
        let secs = |secs: f64| Duration::try_from_secs_f64(secs).unwrap_or_default();
        let first = recalled(WallTime::from_micros(memory.since), now);
        let stood = now.media.since(first.media);
        let blind = secs(memory.blind_secs) + secs(watched_until.secs_until(now.wall));
        let [left, top, width, height] = memory.place;
        let stretch = memory.stretch.max(1.0);
        let rest = Rest::new(first, Rect::new(left, top, width, height)).stretched(stretch);
        Some(Self {
            track: None,
            first_track: TrackId(memory.first_track),
            class: Class::from_name(&memory.class)?,
            rest,
            blind: blind.min(stood),
            gone_blind: FOUND_AGAIN,
            last_seen: now,
            missed: Duration::ZERO,
            looked_at: now.media,
            seen: memory.seen[0],
            looked: memory.seen[1],
            car_length: memory.car_length.max(1.0),
            stretch,
            waits: false,
            passed: memory.passed,
            passed_lately: Lately::default(),
            settled: Settled::new(rest),
            hidden: None,
            drove_off: false,
            is_recalled: true,
        })
    }

    /// Since when the vehicle has been standing here.
    pub(super) fn since(&self) -> Stamp {
        self.rest.since()
    }

    /// How long it has been standing here under our eyes.
    pub(super) fn stood(&self, now: MediaTime) -> Duration {
        now.since(self.since().media).saturating_sub(self.blind)
    }

    /// The camera sent nothing for `gap` until `end`.
    pub(super) fn was_unwatched(&mut self, gap: Duration, end: MediaTime) {
        self.blind += gap.min(end.since(self.since().media));
        self.gone_blind += gap.min(end.since(self.last_seen.media));
        self.looked_at = end;
    }

    /// How far it moved meanwhile, in L.
    pub(super) fn drift_l(&self) -> f32 {
        self.rest.drift_px() / self.car_length
    }

    /// How many other vehicles went by.
    pub(super) fn passed(&self) -> u32 {
        self.passed
    }

    /// In how many of the frames since the rule noticed it the vehicle was seen, 0..=1.
    pub(super) fn seen_share(&self) -> f64 {
        f64::from(self.seen) / f64::from(self.looked.max(1))
    }

    /// The track that stands here, seen or hidden.
    pub(super) fn track(&self) -> Option<TrackId> {
        self.track
    }

    /// Whether this track stands here.
    pub(super) fn holds(&self, id: TrackId) -> bool {
        self.track == Some(id)
    }

    /// Whether the vehicle is seen here in this very frame.
    pub(super) fn is_seen(&self, now: MediaTime) -> bool {
        self.track.is_some() && self.last_seen.media == now
    }

    /// Whether something that stands before it hides the vehicle, and others have since it was last seen, so that nobody can see whether it still stands.
    pub(super) fn is_hidden(&self, scene: &Scene<'_>) -> bool {
        self.missed <= MISSED && self.is_covered(scene, STANDS)
    }

    /// Whether something that has been standing for so long hides it in this frame.
    fn is_covered(&self, scene: &Scene<'_>, standing_for: Duration) -> bool {
        let (now, own) = (scene.at.media, self.rest.place());
        let hides = |track: &SceneTrack| {
            track.track.is_observed
                && track.track.class.is_vehicle()
                && track.foot().y > own.bottom()
                && track.standing_for(now) >= standing_for
                && own.share_inside(track.track.rect) >= HIDDEN
        };
        self.track.is_some() && !self.is_seen(now) && scene.tracks.iter().any(hides)
    }

    /// For how long nobody has been here. A track that the tracker keeps without seeing it is hidden, not gone.
    pub(super) fn gone_for(&self, now: MediaTime) -> Option<Duration> {
        self.track.is_none().then(|| now.since(self.last_seen.media).saturating_sub(self.gone_blind))
    }

    pub(super) fn involved(&self) -> Involved {
        Involved { track: self.track.unwrap_or(self.first_track).0, class: self.class }
    }

    /// Follows the vehicle; it has left when it moved farther than `drift_l` or its track ended, and nobody is hidden there.
    pub(super) fn follow(&mut self, scene: &Scene<'_>, drift_l: f32) {
        self.looked = self.looked.saturating_add(1);
        self.go_back_to_hidden(scene, drift_l);
        self.follow_track(scene, drift_l);
        if self.is_seen(scene.at.media) {
            self.missed = Duration::ZERO;
        } else if !self.is_covered(scene, Duration::ZERO) {
            self.missed += scene.at.media.since(self.looked_at);
        }
        self.looked_at = scene.at.media;
    }

    fn follow_track(&mut self, scene: &Scene<'_>, drift_l: f32) {
        let Some(id) = self.track else { return };
        let Some(track) = scene.find(id) else {
            self.track = self.hidden.take();
            return;
        };
        if !track.track.is_observed {
            return;
        }
        let (limit, before) = (drift_l * track.car_length, self.rest);
        self.rest.observe(scene.at, track.track.rect, limit);
        if self.rest.since() != before.since() {
            (self.rest, self.track) = (before, self.hidden.take());
            self.drove_off = self.track.is_none();
        } else if self.rest.away_px(track.track.rect) <= limit {
            (self.last_seen, self.class, self.car_length) = (scene.at, track.track.class, track.car_length);
            self.stretch = track.stretch;
            self.gone_blind = Duration::ZERO;
            self.seen = self.seen.saturating_add(1);
            self.settled.observe(scene.at, track.track.rect, track.car_length);
            self.rest = self.settled.end_of(self.rest);
        }
    }

    /// Who was hidden is seen again: where it stood, then it was another that came between; or elsewhere, then it is gone.
    fn go_back_to_hidden(&mut self, scene: &Scene<'_>, drift_l: f32) {
        let Some(own) = self.hidden.map(|id| scene.find(id)) else { return };
        let Some(own) = own else {
            self.hidden = None;
            return;
        };
        if own.track.is_observed {
            self.hidden = None;
            if self.rest.away_px(own.track.rect) <= drift_l * own.car_length {
                self.track = Some(own.track.id);
            }
        }
    }

    /// Since when it has been standing where it was seen most: in a queue it may have crept there.
    pub(super) fn onset(&self) -> Stamp {
        self.settled.since()
    }

    /// Whether a track that stands at this empty place is the vehicle that was lost here.
    pub(super) fn fits(&self, track: &SceneTrack, scene: &Scene<'_>, drift_l: f32) -> bool {
        let now = scene.at.media;
        (self.track.is_none() || self.is_doubled(track, scene))
            && !self.is_next(track, drift_l)
            && track.track.is_observed
            && (track.track.class == self.class || is_large(track.track.class) == is_large(self.class))
            && track.standing_for(now) >= STANDS
            && self.rest.away_px(track.track.rect) <= drift_l * self.car_length
    }

    /// Whether `track` drove up to this place after the vehicle had left it, seen to drive off or not seen for a while.
    fn is_next(&self, track: &SceneTrack, drift_l: f32) -> bool {
        let (_, first) = track.track.first_seen;
        let drove_up = first.foot().distance_stretched(self.foot(), self.stretch) > DROVE_UP_L * self.car_length;
        let arrived = || track.trail().iter().find(|sample| self.rest.away_px(sample.rect) <= drift_l * self.car_length);
        drove_up
            && !self.is_recalled
            && (self.drove_off || arrived().is_some_and(|sample| sample.at.since(self.last_seen.media) > EXCHANGED))
    }

    /// Whether the tracker follows the vehicle under a new number while it still waits for the old one to be seen again.
    fn is_doubled(&self, track: &SceneTrack, scene: &Scene<'_>) -> bool {
        let hidden = self.track.and_then(|id| scene.find(id)).filter(|own| !own.track.is_observed);
        hidden.is_some_and(|own| own.track.rect.iou(track.track.rect) >= DOUBLED)
    }

    /// The vehicle goes on under another number.
    pub(super) fn take_over(&mut self, track: &SceneTrack, now: Stamp) {
        self.hidden = self.track.replace(track.track.id);
        (self.drove_off, self.is_recalled) = (false, false);
        self.last_seen = now;
        (self.gone_blind, self.missed) = (Duration::ZERO, Duration::ZERO);
    }

    /// L in pixels where it stands.
    pub(super) fn car_length(&self) -> f32 {
        self.car_length
    }

    /// What a pixel down the picture is worth there: see [`SceneTrack::stretch`].
    pub(super) fn stretch(&self) -> f32 {
        self.stretch
    }

    /// Whether it belongs to something that stood there before.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// Takes whether it does.
    pub(super) fn set_waits(&mut self, waits: bool) {
        self.waits = waits;
    }

    /// Where it touches the ground.
    pub(super) fn foot(&self) -> Point<Pixel> {
        self.rest.place().foot()
    }
}

/// An instant of an earlier run of the program on this run's clocks; not later than `now`.
pub(super) fn recalled(wall: WallTime, now: Stamp) -> Stamp {
    let wall = wall.min(now.wall);
    let ago_us = now.wall.as_micros().saturating_sub(wall.as_micros());
    Stamp { media: MediaTime::from_micros(now.media.as_micros().saturating_sub(ago_us)), wall }
}

fn is_large(class: Class) -> bool {
    matches!(class, Class::Car | Class::Bus | Class::Truck)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::geom::Rect;
    use crate::base::time::WallTime;

    fn stamp(secs: f64) -> Stamp {
        Stamp { media: MediaTime::from_secs_f64(secs), wall: WallTime::from_micros(0) }
    }

    #[test]
    fn time_without_pictures_is_no_time_in_which_a_lost_vehicle_was_gone() {
        let mut spot = Spot {
            track: None,
            first_track: TrackId(1),
            class: Class::Car,
            rest: Rest::new(stamp(0.0), Rect::new(100.0, 100.0, 60.0, 40.0)),
            blind: Duration::ZERO,
            gone_blind: Duration::ZERO,
            last_seen: stamp(20.0),
            missed: Duration::ZERO,
            looked_at: MediaTime::from_secs_f64(20.0),
            seen: 1,
            looked: 1,
            car_length: 60.0,
            stretch: 1.0,
            waits: false,
            passed: 0,
            passed_lately: Lately::default(),
            settled: Settled::new(Rest::new(stamp(0.0), Rect::new(100.0, 100.0, 60.0, 40.0))),
            hidden: None,
            drove_off: false,
            is_recalled: false,
        };
        let gone = |spot: &Spot, at: f64| spot.gone_for(MediaTime::from_secs_f64(at));
        assert_eq!(gone(&spot, 21.0), Some(Duration::from_secs(1)));
        spot.was_unwatched(Duration::from_secs(15), MediaTime::from_secs_f64(36.0));
        assert_eq!(gone(&spot, 38.0), Some(Duration::from_secs(3)), "a second before and two behind the interruption");
        assert_eq!(spot.stood(MediaTime::from_secs_f64(38.0)), Duration::from_secs(23));
    }
}
