//! Watches a carriageway: does something lie there that no detector has a class for?
//!
//! What the pixels say is new and does not move, in the size of a thing that falls from a load, and that no road user explains: none stood there, none ended
//! there, and traffic goes around it. A stain, a shadow and a lamp's light stay flat on the road and are driven over. It is a hint, and says so.

mod standing;
mod thing;

use std::time::Duration;

use crate::base::foreground::{Foreground, StaticRegion};
use crate::base::geom::{FrameSize, Norm, Pixel, Point, Polygon, Rect};
use crate::base::ground::Ground;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::{DebrisSettings, Zone, ZoneUse};
use crate::event::{EndReason, EventScope, Finding, Kind, Measurement, OpenEvent, Opening, RuleText, Severity, Units, ZoneRef};
use crate::rules::episode::{two_decimals, zone_ref};
use crate::rules::sampling::Sampling;
use crate::rules::{Findings, Rule};
use crate::scene::Scene;
use standing::Standing;
use thing::{Doubt, IN_SIGHT, Thing};

/// Watches one carriageway for things that lie on it.
#[derive(Debug)]
pub struct Debris {
    scope: EventScope,
    settings: DebrisSettings,
    zone: Zone,
    zone_ref: ZoneRef,
    /// Where things and people may be.
    elsewhere: Vec<Polygon<Norm>>,
    ground: Option<Ground>,
    sampling: Sampling,
    watched_secs: f64,
    looked: Option<MediaTime>,
    standing: Standing,
    things: Vec<(Thing, Option<Told>)>,
    begun: u32,
}

/// An event that was begun, and when it was last told of.
#[derive(Debug)]
struct Told {
    event: OpenEvent,
    at: MediaTime,
}

/// Things that are watched at once.
const MOST: usize = 16;
/// More new things than this at once are weather or light: what falls from loads falls in ones and twos.
const MOST_AT_ONCE: usize = 4;
/// So near to the zone's edge lie the shadows of what stands beside it, in L (0.7 m).
const EDGE_L: f32 = 0.15;
/// A car's length in metres, for calibrated cameras whose traffic has not taught it yet.
const CAR_M: f64 = 4.5;
/// A thing fills at least this share of the rectangle around it; the edge of a shadow does not.
const LEAST_FILL: f32 = 0.3;
/// Its edges are at least so many times those of the road that it lies on: what went leaves fewer.
const LEAST_EDGES: f32 = 1.3;
/// As light takes a share of everything, what is no darker and no brighter than this and scatters less is light ...
const LIGHT: std::ops::RangeInclusive<f32> = 0.45..=1.4;
const LEAST_SCATTER: f32 = 0.05;

impl Debris {
    /// Watches `zone` under the name in `scope`; places of `all` zones for waiting and for people on foot are left alone.
    pub(crate) fn new<'a>(
        scope: EventScope,
        settings: DebrisSettings,
        zone: Zone,
        all: impl Iterator<Item = &'a Zone>,
        sampling: Sampling,
    ) -> Self {
        let is_elsewhere = |zone: &&Zone| matches!(zone.kind, ZoneUse::Waiting | ZoneUse::Sidewalk | ZoneUse::Plaza);
        Self {
            zone_ref: zone_ref(&settings.zone, &zone),
            elsewhere: all.filter(is_elsewhere).map(|zone| zone.polygon.clone()).collect(),
            scope,
            settings,
            zone,
            ground: None,
            sampling,
            watched_secs: 0.0,
            looked: None,
            standing: Standing::default(),
            things: Vec::with_capacity(MOST),
            begun: 0,
        }
    }

    /// The camera is calibrated: sizes are known before the first car has passed.
    #[must_use]
    pub(crate) fn on_ground(self, ground: Ground) -> Self {
        Self { ground: Some(ground), ..self }
    }

    /// Local car length in pixels; `None` while neither traffic nor calibration has told.
    fn car_length(&self, scene: &Scene<'_>, at: Point<Pixel>) -> Option<f32> {
        let by_ground = || {
            let ground = self.ground.as_ref()?;
            let metres = ground.metres_per_pixel(scene.size.to_norm(at), scene.size)?;
            Some((CAR_M / metres) as f32).filter(|length| length.is_finite())
        };
        scene.car_lengths.known(scene.size, at).or_else(by_ground).filter(|length| *length >= 1.0)
    }

    /// The local car length where `region` lies, when it could be a thing that lies on this carriageway.
    fn candidate(&self, scene: &Scene<'_>, region: &StaticRegion) -> Option<f32> {
        let rect = region.rect;
        let length = self.car_length(scene, rect.foot())?;
        let (shorter, longer) = (rect.width.min(rect.height), rect.width.max(rect.height));
        let (smallest, largest) = (self.settings.smallest_l as f32 * length, self.settings.largest_l as f32 * length);
        // A flat view shows a thing half as high as it is long.
        let has_size = longer >= smallest && shorter >= smallest / 2.0 && longer <= largest;
        (has_size && is_solid(region) && self.is_well_inside(scene.size, rect, EDGE_L * length)).then_some(length)
    }

    /// Whether a rectangle and some room around it lie in the zone; what is outside of the picture is not an edge.
    fn is_well_inside(&self, size: FrameSize, rect: Rect<Pixel>, room: f32) -> bool {
        let (left, right, top, bottom) = (rect.left - room, rect.right() + room, rect.top - room / 2.0, rect.bottom() + room / 2.0);
        let foot = size.to_norm(rect.foot());
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
        let is_inside = |(x, y): (f32, f32)| {
            let place = size.to_norm(Point::new(x, y));
            let is_in_picture = (0.0..=1.0).contains(&place.x) && (0.0..=1.0).contains(&place.y);
            !is_in_picture || self.zone.polygon.contains(place)
        };
        corners.into_iter().all(is_inside) && !self.elsewhere.iter().any(|polygon| polygon.contains(foot))
    }

    /// Takes a look at the pixels: known things go on, new ones begin.
    fn look(&mut self, scene: &Scene<'_>, foreground: &Foreground) {
        if self.looked.replace(foreground.looked()) == Some(foreground.looked()) {
            return;
        }
        for region in foreground.regions() {
            let known = self.things.iter_mut().find(|(thing, _)| thing.is_at(region.rect));
            if let Some((thing, _)) = known {
                thing.take(region, scene.at, self.watched_secs);
                continue;
            }
            let Some(length) = self.candidate(scene, region).filter(|_| self.things.len() < MOST) else { continue };
            self.begun = self.begun.wrapping_add(1);
            let mut thing = Thing::new(self.begun, region, length, (scene.at, self.watched_secs));
            if self.standing.explains(&thing, scene.at.media) {
                thing.doubt(Doubt::RoadUser);
            }
            self.things.push((thing, None));
        }
    }

    fn tell(&mut self, scene: &Scene<'_>, foreground: &Foreground, out: &mut Findings) {
        let now = scene.at;
        let dwell = self.settings.dwell.as_secs_f64();
        let is_followed = |rect: Rect<Pixel>| scene.tracks.iter().any(|track| rect.share_inside(track.track.rect) >= 0.3);
        let is_new = |region: &&StaticRegion| is_solid(region) && !is_followed(region.rect);
        let many = foreground.regions().iter().filter(is_new).count() > MOST_AT_ONCE;
        if many {
            self.things.iter_mut().filter(|(_, told)| told.is_none()).for_each(|(thing, _)| thing.doubt(Doubt::Weather));
        }
        for index in 0..self.things.len() {
            let (thing, told) = &self.things[index];
            let is_seen = thing.last_seen.media == now.media && thing.visible >= IN_SIGHT;
            let lies = is_seen && thing.seen_secs >= dwell && thing.doubts().is_none();
            match told {
                None if lies && self.candidate(scene, &thing.region).is_some() => self.begin(index, now, out),
                Some(told) if lies && now.media.since(told.at) >= self.settings.update_every => {
                    let finding = self.finding(index, now);
                    let (_, Some(told)) = &mut self.things[index] else { continue };
                    out.events.push(told.event.update(now.wall, finding));
                    told.at = now.media;
                }
                None | Some(_) => {}
            }
        }
    }

    fn begin(&mut self, index: usize, now: Stamp, out: &mut Findings) {
        let finding = self.finding(index, now);
        let (thing, told) = &mut self.things[index];
        let subject = format!("{}/{}", self.settings.zone, thing.number);
        let (zone, rule) = (self.zone_ref.clone(), rule_text(&self.settings));
        let opening = Opening { scope: &self.scope, zone, rule, subject: &subject, onset: thing.since, now };
        let (event, message) = OpenEvent::begin(opening, finding);
        out.events.push(message);
        *told = Some(Told { event, at: now.media });
    }

    /// Things that are gone, or that turned out to be none.
    fn forget(&mut self, now: Stamp, out: &mut Findings) {
        let gone = self.settings.gone.as_secs_f64();
        let mut index = 0;
        while index < self.things.len() {
            let (thing, told) = &self.things[index];
            let ended = match thing.doubts() {
                // Kept as long as it is there, so that it does not begin anew; but what was told of it is taken back.
                Some(_) if told.is_some() => Some((now, EndReason::NotConfirmed)),
                _ if self.watched_secs - thing.last_secs < gone => None,
                // Nobody took it away: it has been there for so long that it is taken for the road.
                _ if thing.was_settling() => Some((thing.last_seen, EndReason::NotConfirmed)),
                _ => Some((thing.last_seen, EndReason::Cleared)),
            };
            let Some((at, reason)) = ended else {
                index += 1;
                continue;
            };
            if let Some(told) = self.things[index].1.take() {
                out.events.push(told.event.end(now.wall, at.wall, reason));
            }
            if self.watched_secs - self.things[index].0.last_secs >= gone {
                self.things.remove(index);
            }
        }
    }

    /// The figures now. Confidence is 0.3, and 0.1 more each when vehicles went by beside it, and when it has been there for twice the time; 0.5 at most, for
    /// nothing but pixels speaks for it.
    fn finding(&self, index: usize, now: Stamp) -> Finding {
        let thing = &self.things[index].0;
        let measurement = Measurement {
            window_start: Some(thing.since.wall.to_string()),
            window_end: Some(now.wall.to_string()),
            window_s: Some(two_decimals(now.media.since(thing.since.media).as_secs_f64())),
            stationary_s: Some(two_decimals(thing.seen_secs)),
            vehicles_passed: Some(thing.passed()),
            size_l: Some(two_decimals(f64::from(thing.size_l()))),
            method: Some("backgroundDifference".to_owned()),
            units: Units { calibrated: false },
            ..Measurement::default()
        };
        let lasts = thing.seen_secs >= 2.0 * self.settings.dwell.as_secs_f64();
        let confidence = 0.3 + if thing.passed() >= 3 { 0.1 } else { 0.0 } + if lasts { 0.1 } else { 0.0 };
        Finding { kind: Kind::Debris, severity: Severity::Medium, confidence, measurement, involved: Vec::new(), why: Vec::new() }
    }
}

impl Rule for Debris {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        self.standing.follow(scene);
        for (thing, _) in &mut self.things {
            thing.watch(scene, &self.standing);
        }
        // Without pixels nothing is known: neither that something lies there, nor that it is gone.
        let Some(foreground) = scene.foreground else { return };
        self.watched_secs += self.sampling.secs(scene);
        self.look(scene, foreground);
        self.tell(scene, foreground, out);
        self.forget(scene.at, out);
    }

    fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        let told = self.things.drain(..).filter_map(|(_, told)| told);
        out.events.extend(told.map(|told| told.event.end(at.wall, at.wall, reason)));
        (self.standing, self.looked, self.watched_secs, self.begun) = (Standing::default(), None, 0.0, 0);
    }

    fn needs_pixels(&self) -> bool {
        true
    }
}

/// Whether it has a body and edges of its own, and is not only light or shade on the road.
fn is_solid(region: &StaticRegion) -> bool {
    let is_light = LIGHT.contains(&region.brightness) && region.scatter < LEAST_SCATTER;
    region.fill >= LEAST_FILL && region.edges >= LEAST_EDGES && !is_light
}

fn rule_text(settings: &DebrisSettings) -> RuleText {
    let secs = |time: Duration| time.as_secs_f64();
    RuleText {
        id: "debris.v1".to_owned(),
        enter: format!(
            "something new of {} to {} car lengths for {} s, no road user",
            settings.smallest_l,
            settings.largest_l,
            secs(settings.dwell)
        ),
        exit: format!("gone for {} s", secs(settings.gone)),
    }
}

#[cfg(test)]
mod tests;
