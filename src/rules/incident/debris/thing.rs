//! Something on the road that is new and does not move.

use super::standing::Standing;
use crate::base::foreground::StaticRegion;
use crate::base::geom::{Pixel, Point, Rect};
use crate::base::time::{MediaTime, Stamp};
use crate::rules::lately::Lately;
use crate::scene::{Scene, SceneTrack};
use crate::track::TrackId;

/// One of them.
#[derive(Debug)]
pub(super) struct Thing {
    /// Counts them: a part of the event's id.
    pub(super) number: u32,
    /// What the latest look said.
    pub(super) region: StaticRegion,
    /// L in pixels where it lies.
    car_length: f32,
    /// When it appeared.
    pub(super) since: Stamp,
    /// For how long it was seen, hidden time left out.
    pub(super) seen_secs: f64,
    /// Share of it that the latest look showed.
    pub(super) visible: f32,
    /// When it was last found, and the same in watched seconds.
    pub(super) last_seen: Stamp,
    pub(super) last_secs: f64,
    doubt: Option<Doubt>,
    /// The first one that drove over it.
    over: Option<TrackId>,
    passed: u32,
    lately: Lately,
}

/// Why it is not what it looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Doubt {
    /// A road user stood there or was lost there.
    RoadUser,
    /// Traffic drives over it: a stain, a shadow, a patch of light.
    DrivenOver,
    /// Many things were new at the same time.
    Weather,
}

/// Most of it must be in sight to be judged.
pub(super) const IN_SIGHT: f32 = 0.5;
/// Two boxes are one thing when so much of the smaller one lies in the other.
const SAME: f32 = 0.3;
/// Slower than this does not drive over anything, in L/s (8 km/h).
const DRIVES_L_S: f32 = 0.5;
/// What passes within this distance goes by beside it, in L.
const BESIDE_L: f32 = 2.5;
/// Wheels are within this share of a box's width, and up to so many L above its lower edge.
const TRACK_SHARE: f32 = 0.35;
const WHEELS_L: f32 = 0.2;
/// With so few seconds left it was about to be taken for the road.
const SETTLING_SECS: f32 = 5.0;

impl Thing {
    /// As a look first shows it, now and in watched seconds.
    pub(super) fn new(number: u32, region: &StaticRegion, car_length: f32, (now, secs): (Stamp, f64)) -> Self {
        let ago = std::time::Duration::from_secs_f32(region.seen_secs.max(0.0));
        let media = MediaTime::from_micros(now.media.as_micros().saturating_sub(ago.as_micros() as i64).max(0));
        Self {
            number,
            region: *region,
            car_length,
            since: Stamp { media, wall: now.wall - now.media.since(media) },
            seen_secs: f64::from(region.seen_secs),
            visible: region.visible,
            last_seen: now,
            last_secs: secs,
            doubt: None,
            over: None,
            passed: 0,
            lately: Lately::default(),
        }
    }

    /// Takes what the next look says about it.
    pub(super) fn take(&mut self, region: &StaticRegion, now: Stamp, secs: f64) {
        if self.last_seen.media == now.media && region.seen_secs < self.region.seen_secs {
            // Another part of it, seen for a shorter time.
            return;
        }
        (self.region, self.visible) = (*region, region.visible);
        self.seen_secs = f64::from(region.seen_secs);
        (self.last_seen, self.last_secs) = (now, secs);
    }

    /// Whether a region is this thing.
    pub(super) fn is_at(&self, rect: Rect<Pixel>) -> bool {
        rect.share_inside(self.region.rect).max(self.region.rect.share_inside(rect)) >= SAME
    }

    pub(super) fn doubt(&mut self, doubt: Doubt) {
        self.doubt.get_or_insert(doubt);
    }

    pub(super) fn doubts(&self) -> Option<Doubt> {
        self.doubt
    }

    /// Its longer side in L.
    pub(super) fn size_l(&self) -> f32 {
        self.region.rect.width.max(self.region.rect.height) / self.car_length
    }

    /// How many vehicles went by beside it.
    pub(super) fn passed(&self) -> u32 {
        self.passed
    }

    /// Whether it was about to be taken for a part of the place.
    pub(super) fn was_settling(&self) -> bool {
        self.region.spare_secs <= SETTLING_SECS
    }

    /// Watches what road users do about it: who stands there explains it, and it is no thing that two of them drive over.
    pub(super) fn watch(&mut self, scene: &Scene<'_>, standing: &Standing) {
        // Who stands over it hides it; whose box covers it while it is seen all the same, that is what is seen.
        if self.visible >= IN_SIGHT && standing.is_there(self.region.rect) {
            self.doubt(Doubt::RoadUser);
        }
        let is_driving = |track: &&SceneTrack| {
            track.track.is_observed && track.track.class.is_vehicle() && track.speed_l_s.is_some_and(|speed| speed >= DRIVES_L_S)
        };
        for track in scene.tracks.iter().filter(is_driving) {
            let id = track.track.id;
            if self.is_under(track) {
                match self.over {
                    None => self.over = Some(id),
                    Some(first) if first != id => self.doubt(Doubt::DrivenOver),
                    Some(_) => {}
                }
            } else if track.foot().distance(self.region.rect.foot()) <= BESIDE_L * self.car_length && !self.lately.has(id) {
                self.lately.note(id);
                self.passed = self.passed.saturating_add(1);
            }
        }
    }

    /// Whether the wheels of `track` are where it lies.
    fn is_under(&self, track: &SceneTrack) -> bool {
        let (rect, at): (Rect<Pixel>, Point<Pixel>) = (track.track.rect, self.region.rect.foot());
        let half = TRACK_SHARE * rect.width;
        (at.x - rect.foot().x).abs() <= half && (0.0..=WHEELS_L * self.car_length).contains(&(rect.bottom() - at.y))
    }
}
