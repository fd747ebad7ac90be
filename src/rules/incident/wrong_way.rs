//! Watches a zone: does a vehicle go against the direction of its lane?
//!
//! The direction is the zone's own where one is configured, else what passing vehicles have taught ([`FlowField`]); where it is unknown or mixed
//! nothing is told. A car that comes against the traffic kills: high, at once. Riders who go a short way against it are a habit of the place: low,
//! and gathered into one event a quarter of an hour, so that the habit is seen as a number and not as noise.
//!
//! [`FlowField`]: crate::scene::FlowField

use std::collections::VecDeque;

use super::against::{Against, Run, Sense};
use super::case::Case;
use super::lane::{configured, learned};
use super::offenders::{Caught, GONE, Offenders, Who};
use crate::base::geom::{Pixel, Point};
use crate::base::time::Stamp;
use crate::config::settings::{WrongWaySettings, Zone};
use crate::event::{EndReason, EventScope, RuleText};
use crate::rules::episode::{two_decimals, zone_ref};
use crate::rules::sampling::Sampling;
use crate::rules::{Findings, LeftOpen, Rule};
use crate::scene::{Heading, PerTrack, Scene, SceneTrack};

/// Watches one zone for vehicles that go the wrong way.
#[derive(Debug)]
pub struct WrongWay {
    settings: WrongWaySettings,
    zone: Zone,
    sampling: Sampling,
    watched_secs: f64,
    ways: PerTrack<Way>,
    /// Where caught vehicles were lost, oldest first.
    lost: VecDeque<Lost>,
    vehicles: Offenders,
    riders: Offenders,
}

/// One vehicle.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    against: Against,
    is_caught: bool,
}

/// A caught vehicle that the tracker lost.
#[derive(Clone, Copy, Debug)]
struct Lost {
    at_secs: f64,
    place: Point<Pixel>,
}

/// Angle from the lane's direction beyond which a vehicle goes against it, in degrees.
const AGAINST_DEGREES: f32 = 135.0;
/// Angle within which it goes along it: turning is neither.
const WITH_DEGREES: f32 = 90.0;
/// Slower, the jitter of a box turns its direction, in L/s (5 km/h).
const MOVING_L_S: f32 = 0.3;
/// Who goes along a lane that begins this near beside it is at that lane's edge, in L (1.8 m).
const EDGE_L: f32 = 0.4;
/// A vehicle that appears within this many seconds and car lengths of where a caught one was lost is the same.
const SAME_SECS: f64 = 3.0;
const SAME_L: f32 = 3.0;
/// Lost vehicles that are remembered.
const REMEMBERED: usize = 16;

impl WrongWay {
    /// Watches `zone` under the name in `scope`.
    pub(crate) fn new(scope: EventScope, settings: WrongWaySettings, zone: Zone, sampling: Sampling) -> Self {
        let method = if zone.direction.is_some() { "configured direction" } else { "learned direction" };
        let offenders = |who| {
            let case = Case::new(scope.clone(), zone_ref(&settings.zone, &zone), rule_text(&settings));
            Offenders::new(case, who, settings.update_every, method)
        };
        Self {
            vehicles: offenders(Who::Vehicles),
            riders: offenders(Who::Riders(settings.riders_together)),
            settings,
            zone,
            sampling,
            watched_secs: 0.0,
            ways: PerTrack::default(),
            lost: VecDeque::with_capacity(REMEMBERED),
        }
    }

    fn follow(&mut self, scene: &Scene<'_>) {
        let (lost, at_secs) = (&mut self.lost, self.watched_secs);
        self.ways.keep_up(
            scene.tracks,
            |_| Way::default(),
            |_, way| {
                if let (true, Some(place)) = (way.is_caught, way.against.last_place()) {
                    if lost.len() == REMEMBERED {
                        lost.pop_front();
                    }
                    lost.push_back(Lost { at_secs, place });
                }
            },
        );
        let lane = configured(&self.zone, scene.size);
        for (track, way) in scene.tracks.iter().zip(self.ways.values_mut()) {
            if track.track.is_observed && track.track.class.is_vehicle() {
                let is_here = self.zone.polygon.contains(scene.size.to_norm(track.foot()));
                let sense = if is_here { sense(scene, track, lane) } else { Sense::Unclear };
                way.against.take(scene.at, track, sense);
            }
        }
    }

    fn catch(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        let now = scene.at;
        for (track, way) in scene.tracks.iter().zip(self.ways.values_mut()) {
            let Some(run) = way.against.run().filter(|run| run.last == now.media && track.track.is_observed) else { continue };
            let offenders = if track.track.class.is_two_wheeler() { &mut self.riders } else { &mut self.vehicles };
            let is_enough = run.secs >= self.settings.lasting.as_secs_f64() && f64::from(run.distance_l) >= self.settings.distance_l;
            if is_enough && !way.is_caught {
                way.is_caught = true;
                let is_same = |lost: &Lost| {
                    self.watched_secs - lost.at_secs <= SAME_SECS && lost.place.distance(run.from) <= SAME_L * track.car_length
                };
                if !self.lost.iter().any(is_same) {
                    offenders.add(now, Caught { track, run, confidence: confidence(&self.settings, run) }, out);
                }
            }
            if way.is_caught {
                offenders.is_seen(now, self.watched_secs, run);
            }
        }
    }
}

impl Rule for WrongWay {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        self.watched_secs += self.sampling.secs(scene);
        self.vehicles.take_up(scene.at, self.watched_secs);
        self.riders.take_up(scene.at, self.watched_secs);
        self.follow(scene);
        self.catch(scene, out);
        self.vehicles.follow(scene.at, self.watched_secs, out);
        self.riders.follow(scene.at, self.watched_secs, out);
    }

    fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        self.vehicles.finish(at, reason, out);
        self.riders.finish(at, reason, out);
        (self.ways, self.watched_secs) = (PerTrack::default(), 0.0);
        self.lost.clear();
    }

    fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        self.vehicles.resume(left).and_then(|left| self.riders.resume(left))
    }
}

/// How `track` moves, seen from the `lane` of the zone or from what was learned where it is.
fn sense(scene: &Scene<'_>, track: &SceneTrack, lane: Option<Heading>) -> Sense {
    if track.speed_l_s.is_none_or(|speed| speed < MOVING_L_S) {
        return Sense::Unclear;
    }
    let Some(heading) = track.motion.and_then(|motion| Heading::of(motion.velocity)) else { return Sense::Unclear };
    let is_along = |lane: Heading| heading.degrees_to(lane) < WITH_DEGREES;
    match lane.or_else(|| learned(scene.flow, track.foot())) {
        Some(lane) if is_along(lane) => Sense::With,
        Some(direction) if heading.degrees_to(direction) > AGAINST_DEGREES => {
            let beside = |by: f32| learned(scene.flow, heading.beside(track.foot(), by * track.car_length));
            let is_at_edge = lane.is_none() && [EDGE_L, -EDGE_L].into_iter().filter_map(beside).any(is_along);
            if is_at_edge { Sense::Unclear } else { Sense::Against(direction) }
        }
        Some(_) | None => Sense::Unclear,
    }
}

/// 0.7 at the configured distance, rising to 0.95 at twice that.
fn confidence(settings: &WrongWaySettings, run: &Run) -> f32 {
    let times = f64::from(run.distance_l) / settings.distance_l;
    two_decimals(0.7 + 0.25 * (times - 1.0).clamp(0.0, 1.0)) as f32
}

fn rule_text(settings: &WrongWaySettings) -> RuleText {
    let (lasting, gone) = (settings.lasting.as_secs_f64(), GONE.as_secs_f64());
    let together = settings.riders_together.as_secs_f64();
    RuleText {
        id: "wrong-way.v1".to_owned(),
        enter: format!("{} car lengths in {lasting} s or more at > {AGAINST_DEGREES}° from the lane", settings.distance_l),
        exit: format!("not seen for {gone} s; riders: {together} s after the first"),
    }
}
