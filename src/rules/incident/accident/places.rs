//! What the configured zones mean for accidents.

use super::usual::IsExit;
use crate::base::geom::{Norm, Pixel, Point, Polygon};
use crate::base::id::Slug;
use crate::config::settings::{Zone, ZoneUse};
use crate::event::{ZoneKind, ZoneRef};
use crate::rules::episode::zone_ref;
use crate::scene::{Scene, SceneTrack};

/// Where accidents are looked for, and what is normal where.
#[derive(Debug)]
pub(super) struct Places {
    /// The whole picture when there is none.
    zone: Option<Polygon<Norm>>,
    pub(super) zone_ref: ZoneRef,
    /// Where standing is normal.
    waiting: Vec<Polygon<Norm>>,
    /// Where people on foot are normal.
    walking: Vec<Polygon<Norm>>,
    /// Where vehicles drive off and nobody waits.
    exits: Vec<Polygon<Norm>>,
}

/// People around a place are within this distance, in L.
const AROUND_L: f32 = 2.0;

impl Places {
    /// Looks in the zone named `watched` among `all` of the camera's zones.
    pub(super) fn new<'a>(watched: Option<&Slug>, all: impl Iterator<Item = (&'a Slug, &'a Zone)> + Clone) -> Self {
        let zone = watched.and_then(|id| all.clone().find(|(known, _)| *known == id));
        let of = |kinds: &[ZoneUse]| {
            let such = all.clone().filter(|(_, zone)| kinds.contains(&zone.kind));
            such.map(|(_, zone)| zone.polygon.clone()).collect()
        };
        Self {
            zone: zone.map(|(_, zone)| zone.polygon.clone()),
            zone_ref: zone.map_or_else(whole_picture, |(id, zone)| zone_ref(id, zone)),
            waiting: of(&[ZoneUse::Waiting]),
            walking: of(&[ZoneUse::Crossing, ZoneUse::Sidewalk, ZoneUse::Plaza]),
            exits: of(&[ZoneUse::Exit]),
        }
    }

    /// Whether an accident at `foot` is looked for.
    pub(super) fn is_watched(&self, scene: &Scene<'_>, foot: Point<Pixel>) -> bool {
        let foot = scene.size.to_norm(foot);
        self.zone.as_ref().is_none_or(|zone| zone.contains(foot)) && !self.waiting.iter().any(|zone| zone.contains(foot))
    }

    /// Whether people walk here as a rule.
    pub(super) fn is_walking(&self, scene: &Scene<'_>, foot: Point<Pixel>) -> bool {
        let foot = scene.size.to_norm(foot);
        self.walking.iter().any(|zone| zone.contains(foot))
    }

    /// Whether vehicles drive off here: who stands is news.
    pub(super) fn is_exit(&self, scene: &Scene<'_>, foot: Point<Pixel>) -> IsExit {
        let foot = scene.size.to_norm(foot);
        if self.exits.iter().any(|zone| zone.contains(foot)) { IsExit::Yes } else { IsExit::No }
    }

    /// People on foot around `place` where people do not walk as a rule; `length` is L there, in pixels.
    pub(super) fn people(&self, scene: &Scene<'_>, place: Point<Pixel>, length: f32) -> usize {
        let near = |track: &&SceneTrack| {
            track.is_pedestrian()
                && track.is_present(scene.at.media)
                && track.foot().distance(place) <= AROUND_L * length
                && !self.is_walking(scene, track.foot())
        };
        scene.tracks.iter().filter(near).count()
    }
}

fn whole_picture() -> ZoneRef {
    ZoneRef { id: Slug::new("gambar").expect("a legal name"), name: String::new(), kind: ZoneKind::Area }
}
