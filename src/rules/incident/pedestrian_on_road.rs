//! Watches a carriageway: is someone on foot there, outside every crossing, for longer than it takes to cross?
//!
//! One event a zone: a police officer who directs traffic or a street vendor is told of once and then with regular updates, whatever number the
//! tracker gives them.

use std::collections::VecDeque;

use super::case::{Case, First};
use super::on_foot::{Feet, OnFoot, Sighting, belongs_to_a_vehicle, is_well_inside};
use super::spot::recalled;
use crate::base::class::Class;
use crate::base::geom::{Norm, Point, Polygon};
use crate::base::time::Stamp;
use crate::config::settings::{PedestrianOnRoadSettings, Zone, ZoneUse};
use crate::event::{EndReason, EventScope, Finding, Involved, Kind, Measurement, RuleText, Severity};
use crate::rules::episode::{two_decimals, zone_ref};
use crate::rules::lately::Lately;
use crate::rules::memory::{Keeper, Kept};
use crate::rules::sampling::Sampling;
use crate::rules::{Findings, LeftOpen, Rule, RuleMemory};
use crate::scene::{PerTrack, Scene, SceneTrack};

/// Watches one carriageway for people on foot.
#[derive(Debug)]
pub struct PedestrianOnRoad {
    settings: PedestrianOnRoadSettings,
    zone: Zone,
    /// Where people on foot belong.
    theirs: Vec<Polygon<Norm>>,
    sampling: Sampling,
    watched_secs: f64,
    people: PerTrack<OnFoot>,
    /// People whom the tracker lost on the carriageway, oldest first.
    lost: VecDeque<OnFoot>,
    near: NearMisses,
    /// Where in the scene's tracks those are who have been there for long.
    there: Vec<usize>,
    /// Where they stand, in pixels.
    places: Vec<[f32; 2]>,
    total: u32,
    most: u32,
    since: Option<Stamp>,
    /// When someone was last there: on both clocks, and in watched seconds.
    last: Option<(Stamp, f64)>,
    case: Case,
    keeper: Keeper,
    /// Where people were on it in an earlier run of the program, in pixels, and until when in watched seconds they may be known by it.
    known: Vec<[f32; 2]>,
    known_until_secs: f64,
}

/// Lost people who are remembered.
const REMEMBERED: usize = 16;
/// Road users that a message names.
const NAMED: usize = 8;

impl PedestrianOnRoad {
    /// Watches `zone` under the name in `scope`; people in one of `all` zones for people on foot are left alone.
    pub(crate) fn new<'a>(
        scope: EventScope,
        settings: PedestrianOnRoadSettings,
        zone: Zone,
        all: impl Iterator<Item = &'a Zone>,
        sampling: Sampling,
    ) -> Self {
        let is_theirs = |zone: &&Zone| matches!(zone.kind, ZoneUse::Crossing | ZoneUse::Sidewalk | ZoneUse::Waiting);
        let case = Case::new(scope, zone_ref(&settings.zone, &zone), rule_text(&settings));
        let keeper = Keeper::new(&settings.name, [&zone]);
        Self {
            theirs: all.filter(is_theirs).map(|zone| zone.polygon.clone()).collect(),
            settings,
            zone,
            sampling,
            watched_secs: 0.0,
            people: PerTrack::default(),
            lost: VecDeque::with_capacity(REMEMBERED),
            near: NearMisses::default(),
            there: Vec::new(),
            places: Vec::new(),
            total: 0,
            most: 0,
            since: None,
            last: None,
            case,
            keeper,
            known: Vec::new(),
            known_until_secs: 0.0,
        }
    }

    fn feet(&self, scene: &Scene<'_>, track: &SceneTrack) -> Feet {
        let foot = scene.size.to_norm(track.foot());
        let is_on_road = is_well_inside(&self.zone.polygon, scene.size, track)
            && !self.theirs.iter().any(|polygon| polygon.contains(foot))
            && !belongs_to_a_vehicle(scene, track);
        if is_on_road { Feet::OnRoad } else { Feet::Elsewhere }
    }

    fn follow(&mut self, scene: &Scene<'_>) {
        let lost = &mut self.lost;
        let ended = |_, person: OnFoot| {
            if person.secs > 0.0 {
                if lost.len() == REMEMBERED {
                    lost.pop_front();
                }
                lost.push_back(person);
            }
        };
        self.people.keep_up(scene.tracks, |_| OnFoot::default(), ended);
        self.there.clear();
        let enough_secs = self.settings.dwell.as_secs_f64();
        for (index, track) in scene.tracks.iter().enumerate() {
            if track.track.class != Class::Person || !track.track.is_observed {
                continue;
            }
            let sighting = Sighting { at: scene.at, watched_secs: self.watched_secs, track, feet: self.feet(scene, track) };
            let person = self.people.at_mut(index);
            if person.is_new()
                && let Some(known) = self.lost.iter().position(|lost| lost.could_be(self.watched_secs, track))
            {
                *person = self.lost.remove(known).unwrap_or_default();
            }
            if self.watched_secs <= self.known_until_secs && was_there(&self.known, track) {
                person.is_known_to_walk();
            }
            person.take(sighting, enough_secs);
            if person.is_there(self.watched_secs, enough_secs) {
                self.there.push(index);
            }
        }
    }

    /// The first frame is here: what an earlier run left open has the time that it takes to find somebody there, and then is over as ever.
    fn take_up(&mut self, now: Stamp) {
        let Some(event) = self.case.take_up(now.media) else { return };
        self.total = event.measurement.users_total.unwrap_or(0);
        self.most = event.measurement.people_max.unwrap_or(0);
        self.since = Some(recalled(event.started, now));
        self.known_until_secs = self.watched_secs + FOUND_AGAIN_SECS;
        self.last = Some((now, self.known_until_secs + self.settings.dwell.as_secs_f64()));
    }

    /// Takes note of who is there now.
    fn count(&mut self, scene: &Scene<'_>) {
        if self.there.is_empty() {
            return;
        }
        self.places.clear();
        for &index in &self.there {
            let foot = scene.tracks[index].foot();
            self.places.push([foot.x, foot.y]);
            let person = self.people.at_mut(index);
            if !std::mem::replace(&mut person.is_counted, true) {
                self.total = self.total.saturating_add(1);
            }
            self.near.watch(scene, &scene.tracks[index], self.watched_secs);
        }
        self.most = self.most.max(self.there.len() as u32);
        self.last = Some((scene.at, self.watched_secs));
    }

    fn tell(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        let now = scene.at;
        let longest = self.there.iter().map(|&index| (self.people.at(index).since.unwrap_or(now), scene.tracks[index].track.id));
        match (longest.min_by_key(|(since, id)| (since.media, *id)), self.case.told_ago(now.media)) {
            (Some((onset, track)), None) => {
                self.since = Some(onset);
                let finding = self.finding(scene);
                self.case.begin(now, First { onset, track }, finding, out);
            }
            (Some(_), Some(told_ago)) => {
                let is_worse = self.case.last().is_some_and(|last| self.severity() > last.severity);
                if is_worse || told_ago >= self.settings.update_every {
                    let finding = self.finding(scene);
                    self.case.update(now, finding, out);
                }
            }
            (None, Some(_)) => {
                let gone = self.last.filter(|(_, secs)| self.watched_secs - secs >= self.settings.gone.as_secs_f64());
                if let Some((last, _)) = gone {
                    self.end(now, last, EndReason::Cleared, out);
                }
            }
            (None, None) => {}
        }
    }

    fn end(&mut self, now: Stamp, ended: Stamp, reason: EndReason, out: &mut Findings) {
        self.case.end(now, ended, reason, out);
        // Who comes back after the end is a new event with a start of its own.
        self.people.values_mut().for_each(OnFoot::begin_again);
        self.lost.clear();
        self.near = NearMisses::default();
        (self.total, self.most, self.since, self.last) = (0, 0, None, None);
    }

    fn severity(&self) -> Severity {
        if self.near.is_recent(self.watched_secs) { Severity::High } else { Severity::Medium }
    }

    /// The figures now. Confidence is a half and half of the detector's score for the surest of the people.
    fn finding(&self, scene: &Scene<'_>) -> Finding {
        let since = self.since.unwrap_or(scene.at);
        let people = || self.there.iter().map(|&index| &scene.tracks[index].track);
        let surest = people().map(|track| track.score.get()).fold(0.0, f32::max);
        let measurement = Measurement {
            window_start: Some(since.wall.to_string()),
            window_end: Some(scene.at.wall.to_string()),
            window_s: Some(two_decimals(scene.at.media.since(since.media).as_secs_f64())),
            people_max: Some(self.most),
            method: Some("detection".to_owned()),
            vehicles_passed: Some(self.near.passed),
            users_total: Some(self.total),
            ..Measurement::default()
        };
        Finding {
            kind: Kind::PedestrianOnRoad,
            severity: self.severity(),
            confidence: two_decimals(f64::from(0.5 + 0.5 * surest.clamp(0.0, 1.0))) as f32,
            measurement,
            involved: people().take(NAMED).map(|track| Involved { track: track.id.0, class: track.class }).collect(),
            why: Vec::new(),
        }
    }
}

impl Rule for PedestrianOnRoad {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        self.watched_secs += self.sampling.secs(scene);
        self.take_up(scene.at);
        self.follow(scene);
        self.count(scene);
        self.tell(scene, out);
    }

    fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        self.end(at, at, reason, out);
        (self.people, self.watched_secs) = (PerTrack::default(), 0.0);
        self.there.clear();
        self.known_until_secs = 0.0;
    }

    fn memory(&self) -> Option<RuleMemory> {
        self.case.last()?;
        Some(self.keeper.keep(Kept::OnFoot(self.places.clone())))
    }

    fn recall(&mut self, memory: &RuleMemory) -> bool {
        let (true, Kept::OnFoot(known)) = (self.keeper.is_mine(memory), &memory.kept) else { return false };
        self.known.clone_from(known);
        true
    }

    fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        self.case.resume(left)
    }
}

/// Whoever is followed this soon after the program started was there before.
const FOUND_AGAIN_SECS: f64 = 3.0;
/// And this near to where somebody stood, in L.
const SAME_PLACE_L: f32 = 0.5;

fn was_there(known: &[[f32; 2]], track: &SceneTrack) -> bool {
    known.iter().any(|[x, y]| Point::new(*x, *y).distance(track.foot()) <= SAME_PLACE_L * track.car_length)
}

/// Vehicles that passed near someone on foot.
#[derive(Debug, Default)]
struct NearMisses {
    /// How many did.
    passed: u32,
    /// The latest of them, so that none counts twice.
    lately: Lately,
    last_secs: Option<f64>,
}

/// Near enough to hit, in L.
const NEAR_L: f32 = 2.0;
/// Slower does not pass, in L/s (8 km/h).
const PASSING_L_S: f32 = 0.5;
/// A pass counts as danger for this many seconds: traffic comes in platoons.
const RECENT_SECS: f64 = 30.0;

impl NearMisses {
    fn watch(&mut self, scene: &Scene<'_>, person: &SceneTrack, watched_secs: f64) {
        let reach = NEAR_L * person.car_length;
        let passes = |other: &&SceneTrack| {
            other.track.class.is_vehicle()
                && other.track.is_observed
                && other.speed_l_s.is_some_and(|speed| speed >= PASSING_L_S)
                && other.foot().distance(person.foot()) <= reach
        };
        for vehicle in scene.tracks.iter().filter(passes) {
            self.last_secs = Some(watched_secs);
            if self.lately.has(vehicle.track.id) {
                continue;
            }
            self.passed = self.passed.saturating_add(1);
            self.lately.note(vehicle.track.id);
        }
    }

    fn is_recent(&self, watched_secs: f64) -> bool {
        self.last_secs.is_some_and(|secs| watched_secs - secs <= RECENT_SECS)
    }
}

fn rule_text(settings: &PedestrianOnRoadSettings) -> RuleText {
    let (dwell, gone) = (settings.dwell.as_secs_f64(), settings.gone.as_secs_f64());
    RuleText {
        id: "pedestrian-on-road.v1".to_owned(),
        enter: format!("someone on foot on the carriageway for {dwell} s"),
        exit: format!("nobody for {gone} s"),
    }
}
