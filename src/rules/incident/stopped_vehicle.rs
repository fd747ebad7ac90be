//! Watches a zone: does a vehicle stand where vehicles do not stand?
//!
//! What tells a breakdown from a queue is that others of its direction pass it. One event a vehicle: the event belongs to the place, so it survives a tracker that
//! loses the vehicle behind a bus and finds it under another number.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lane::lane_at;
use super::queue::{self, Obstacle};
use super::spot::{Spot, SpotMemory};
use crate::base::geom::{Norm, Polygon};
use crate::base::id::Slug;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::{StoppedVehicleSettings, Zone, ZoneUse};
use crate::event::{EndReason, EventScope, Finding, Kind, Measurement, OpenEvent, Opening, RuleText, Severity, ZoneRef};
use crate::rules::episode::{two_decimals, zone_ref};
use crate::rules::left_open::{OfEvent, Waiting};
use crate::rules::memory::{Keeper, Kept};
use crate::rules::sampling::Sampling;
use crate::rules::{Findings, LeftOpen, Rule, RuleMemory};
use crate::scene::{KnownIncident, Rest, Scene, SceneTrack};

/// Watches one zone for standing vehicles.
#[derive(Debug)]
pub struct StoppedVehicle {
    scope: EventScope,
    settings: StoppedVehicleSettings,
    zone: Zone,
    zone_ref: ZoneRef,
    /// Where standing is normal.
    waiting: Vec<Polygon<Norm>>,
    sampling: Sampling,
    /// The latest interruption of the camera, and when it was over.
    unwatched: Option<(Duration, MediaTime)>,
    spots: Vec<(Spot, Option<Told>)>,
    keeper: Keeper,
    /// Where vehicles of open events stood in an earlier run of the program.
    earlier: Waiting<Standing>,
}

/// Where the vehicle of an open event stands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Standing {
    event: String,
    spot: SpotMemory,
}

impl OfEvent for Standing {
    fn event(&self) -> &str {
        &self.event
    }
}

/// An event that was begun, and when it was last told of.
#[derive(Debug)]
struct Told {
    event: OpenEvent,
    /// `None`: not since the program was started.
    at: Option<MediaTime>,
}

impl Told {
    /// Whether it is time to say that it lasts.
    fn is_due(&self, now: MediaTime, update_every: Duration) -> bool {
        self.at.is_none_or(|at| now.since(at) >= update_every)
    }
}

/// Standing for this long is worth a look.
const NOTICED: Duration = Duration::from_secs(2);
/// A vehicle must have been seen for this share of the dwell time: a bus that stops beside it does not set it in motion.
const SEEN: f64 = 2.0 / 3.0;
/// Two rules see one vehicle stop within this time of each other.
const SAME_STOP: Duration = Duration::from_secs(3);
/// Standing vehicles that are watched at once; a zone full of them is a queue.
const MOST: usize = 64;

impl StoppedVehicle {
    /// Watches `zone` under the name in `scope`; vehicles in one of `all` zones for waiting are left alone.
    pub(crate) fn new<'a>(
        scope: EventScope,
        settings: StoppedVehicleSettings,
        zone: Zone,
        all: impl Iterator<Item = (&'a Slug, &'a Zone)>,
        sampling: Sampling,
    ) -> Self {
        let waiting = all.filter(|(_, zone)| zone.kind == ZoneUse::Waiting).map(|(_, zone)| zone.polygon.clone()).collect();
        let zone_ref = zone_ref(&settings.zone, &zone);
        let keeper = Keeper::new(&settings.name, [&zone]);
        Self { scope, settings, zone, zone_ref, waiting, sampling, unwatched: None, spots: Vec::new(), keeper, earlier: Waiting::new(MOST) }
    }

    fn is_watched(&self, track: &SceneTrack, scene: &Scene<'_>) -> bool {
        let foot = scene.size.to_norm(track.foot());
        track.track.class.is_vehicle()
            && track.track.is_observed
            && self.zone.polygon.contains(foot)
            && !self.waiting.iter().any(|polygon| polygon.contains(foot))
    }

    /// Time in which the camera sent nothing is no time in which anything stood.
    fn note_interruption(&mut self, scene: &Scene<'_>) {
        let gap = self.sampling.unseen(scene);
        if !gap.is_zero() {
            self.unwatched = Some((gap, scene.at.media));
            self.spots.iter_mut().for_each(|(spot, _)| spot.was_unwatched(gap, scene.at.media));
        }
    }

    /// Follows the known standing vehicles and notices new ones.
    fn look(&mut self, scene: &Scene<'_>) {
        let drift_l = self.settings.drift_l as f32;
        for (spot, _) in &mut self.spots {
            spot.follow(scene, drift_l);
        }
        for track in scene.tracks.iter().filter(|track| track.halt().lasted(scene.at.media) >= NOTICED.min(self.settings.dwell)) {
            if self.spots.iter().any(|(spot, _)| spot.holds(track.track.id)) {
                continue;
            }
            let lost = self.spots.iter_mut().find(|(spot, _)| spot.fits(track, scene, drift_l));
            if let Some((spot, _)) = lost {
                spot.take_over(track, scene.at);
            } else if self.spots.len() < MOST && self.is_watched(track, scene) {
                let mut spot = Spot::new(track, self.stop_of(track, scene), scene.at);
                // It may have come to rest before the interruption.
                if let Some((gap, end)) = self.unwatched {
                    spot.was_unwatched(gap, end);
                }
                self.spots.push((spot, None));
            }
        }
        for (spot, _) in &mut self.spots {
            let lane = lane_at(&self.zone, scene, spot.foot());
            spot.watch_passing(scene, lane);
        }
        for index in 0..self.spots.len() {
            let (own, told) = &self.spots[index];
            let may_wait = told.is_none() && own.stood(scene.at.media) >= self.settings.dwell;
            let standing = self.spots.iter().map(|(spot, _)| Obstacle { place: spot.foot(), since: spot.since().media });
            let known = scene.known.iter().map(|known| Obstacle { place: known.place, since: known.began });
            let waits = may_wait && queue::belongs(own, lane_at(&self.zone, scene, own.foot()), standing.chain(known));
            self.spots[index].0.set_waits(waits);
        }
    }

    /// The stop of `track` that is to be watched. One that crept on from where it stood, there or from outside the zone, has stopped anew, though its
    /// halt began before.
    fn stop_of(&self, track: &SceneTrack, scene: &Scene<'_>) -> Rest {
        let stand = track.stand(scene.at);
        let is_known = self.spots.iter().any(|(spot, _)| spot.first_track == track.track.id);
        let is_here = self.zone.polygon.contains(scene.size.to_norm(stand.place().foot()));
        if is_known || !is_here { Rest::new(scene.at, track.track.rect).stretched(track.stretch) } else { stand }
    }

    fn tell(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        let (now, settings) = (scene.at, &self.settings);
        for (spot, told) in &mut self.spots {
            let stood = spot.stood(now.media);
            let is_known =
                || spot.is_seen(now.media) || (spot.stood(spot.last_seen.media) >= settings.dwell.mul_f64(SEEN) && spot.is_hidden(scene));
            match told {
                None if stood >= settings.dwell && spot.passed() >= settings.passed && !spot.waits() && is_known() => {
                    let (zone, rule) = (self.zone_ref.clone(), rule_text(settings));
                    let subject = format!("{}/{}", settings.zone, spot.first_track.0);
                    let opening = Opening { scope: &self.scope, zone, rule, subject: &subject, onset: spot.onset(), now };
                    let (event, message) = OpenEvent::begin(opening, finding(spot, now));
                    out.events.push(message);
                    *told = Some(Told { event, at: Some(now.media) });
                }
                Some(told) if spot.is_seen(now.media) && told.is_due(now.media, settings.update_every) => {
                    out.events.push(told.event.update(now.wall, finding(spot, now)));
                    told.at = Some(now.media);
                }
                None | Some(_) => {}
            }
        }
    }

    /// Looks for the vehicles of an earlier run where they stood: who stands there goes on under the same id, who is not there for as long as ever
    /// is gone.
    fn take_up(&mut self, now: Stamp, out: &mut Findings) {
        for (left, known) in self.earlier.take_up() {
            match Spot::recalled(&known.spot, left.watched_until, now) {
                Some(spot) => self.spots.push((spot, Some(Told { event: OpenEvent::resume(left.event), at: None }))),
                None => out.events.push(left.end(now.wall)),
            }
        }
    }

    fn forget(&mut self, now: Stamp, out: &mut Findings) {
        let is_gone = |spot: &Spot| spot.gone_for(now.media).is_some_and(|gone| gone >= self.settings.gone);
        let mut index = 0;
        while index < self.spots.len() {
            if is_gone(&self.spots[index].0) {
                let (spot, told) = self.spots.remove(index);
                out.events.extend(told.map(|told| told.event.end(now.wall, spot.last_seen.wall, EndReason::Cleared)));
            } else {
                index += 1;
            }
        }
    }
}

impl Rule for StoppedVehicle {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        self.take_up(scene.at, out);
        self.note_interruption(scene);
        self.look(scene);
        self.tell(scene, out);
        self.forget(scene.at, out);
    }

    fn known(&self, known: &mut Vec<KnownIncident>) {
        // A little earlier, so that another rule's zone which the same vehicle stands in as well leaves it alone.
        let began = |spot: &Spot| MediaTime::from_micros(spot.since().media.as_micros().saturating_sub(SAME_STOP.as_micros() as i64));
        let told = self.spots.iter().filter(|(_, told)| told.is_some());
        known.extend(told.map(|(spot, _)| KnownIncident { place: spot.foot(), began: began(spot) }));
    }

    fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        self.unwatched = None;
        out.events.extend(self.earlier.end(at.wall));
        let told = self.spots.drain(..).filter_map(|(_, told)| told);
        out.events.extend(told.map(|told| told.event.end(at.wall, at.wall, reason)));
    }

    fn memory(&self) -> Option<RuleMemory> {
        let standing = |(spot, told): &(Spot, Option<Told>)| {
            let event = told.as_ref()?.event.last().id.to_string();
            Some(Standing { event, spot: spot.memory() })
        };
        let standing: Vec<_> = self.spots.iter().filter_map(standing).collect();
        (!standing.is_empty()).then(|| self.keeper.keep(Kept::Standing(standing)))
    }

    fn recall(&mut self, memory: &RuleMemory) -> bool {
        let (true, Kept::Standing(known)) = (self.keeper.is_mine(memory), &memory.kept) else { return false };
        self.earlier.recall(known);
        true
    }

    fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        self.earlier.resume(left)
    }
}

/// The figures now. Confidence is the share of frames in which the vehicle was seen standing, times 0.7, and 0.1 more for each of the first three
/// vehicles that passed: without others passing, a queue looks the same.
fn finding(spot: &Spot, now: Stamp) -> Finding {
    let (window, stood) = (now.media.since(spot.since().media).as_secs_f64(), spot.stood(now.media).as_secs_f64());
    let measurement = Measurement {
        window_start: Some(spot.since().wall.to_string()),
        window_end: Some(now.wall.to_string()),
        window_s: Some(two_decimals(window)),
        stationary_s: Some(two_decimals(stood)),
        drift_l: Some(two_decimals(f64::from(spot.drift_l()))),
        vehicles_passed: Some(spot.passed()),
        ..Measurement::default()
    };
    let confidence = two_decimals(spot.seen_share() * (0.7 + 0.1 * f64::from(spot.passed().min(3)))) as f32;
    let involved = vec![spot.involved()];
    Finding { kind: Kind::StoppedVehicle, severity: Severity::Medium, confidence, measurement, involved, why: Vec::new() }
}

fn rule_text(settings: &StoppedVehicleSettings) -> RuleText {
    let (dwell, gone) = (settings.dwell.as_secs_f64(), settings.gone.as_secs_f64());
    let passed = match settings.passed {
        0 => String::new(),
        passed => format!(" & >= {passed} vehicles passed"),
    };
    RuleText {
        id: "stopped-vehicle.v1".to_owned(),
        enter: format!("moved < {} car lengths for {dwell} s{passed}", settings.drift_l),
        exit: format!("gone for {gone} s"),
    }
}
