//! Watches a zone: do more people stay there than there should?
//!
//! People are counted by detection, riders excluded. Detectors lose heads in dense groups: above about 60 people or 1.5 a square metre the number
//! is a lower bound. Where the camera is calibrated, the message also says people a square metre and Fruin's level, and from 1.5 a square metre on what
//! they cover of the picture is asked too (`covered`): the larger number is told, `method` says how it was found and `uncertaintyPct` how far it may be off.

use std::ops::AddAssign;
use std::time::Duration;

use super::covered::{ByArea, Covered};
use crate::base::ground::Ground;
use crate::base::time::Stamp;
use crate::config::settings::{CrowdSettings, Zone, ZoneUse};
use crate::event::{EndReason, EventScope, Finding, FruinTable, Kind, Measurement, RuleText, Severity, Units};
use crate::rules::episode::{Episode, Judgement, Timing, earlier, two_decimals, zone_ref};
use crate::rules::hold::Truth;
use crate::rules::memory::{Keeper, Kept, ground};
use crate::rules::sampling::Sampling;
use crate::rules::window::Window;
use crate::rules::{Findings, LeftOpen, Rule, RuleMemory};
use crate::scene::Scene;

/// Watches one zone for a crowd.
#[derive(Debug)]
pub struct CrowdCount {
    settings: CrowdSettings,
    zone: Zone,
    room: Room,
    sampling: Sampling,
    /// Decides: short, so that a missed head does not matter and a change is seen soon.
    smooth: Window<People>,
    /// Is told: as long as the condition must hold.
    told: Window<People>,
    told_sum: People,
    episode: Episode,
    /// What people cover, on calibrated ground.
    covered: Option<Covered>,
    /// Whether people stand so close that boxes merge.
    merged: bool,
    keeper: Keeper,
}

/// From so many people a square metre on boxes merge (traffic practice: detections hold up to 1 to 1.5).
const MERGES_PER_M2: f64 = 1.5;
/// And until it is less than this share of it.
const STILL: f64 = 0.8;
/// More do not stand on a square metre.
const MOST_PER_M2: f64 = 6.0;
/// However much is covered, a detector that finds one of so many would find fewer in a vehicle or a tent.
const MOST_TIMES: f64 = 3.0;
/// Above this density nobody may claim to be surer than the percentage.
const DENSE_PER_M2: f64 = 2.0;
const LEAST_UNCERTAINTY_PCT: f64 = 20.0;
/// A number that rests on pixels is not believed more than this.
const BY_PIXELS: f64 = 0.7;
const SMOOTH: Duration = Duration::from_secs(5);
/// Share of the window that must have been seen for a mean to mean something.
const COVERAGE: f64 = 0.8;

impl CrowdCount {
    /// Watches `zone` under the name in `scope`.
    pub(crate) fn new(scope: EventScope, settings: CrowdSettings, zone: Zone, sampling: Sampling) -> Self {
        let timing = Timing { hold: settings.hold, update_every: settings.update_every, lead: Duration::ZERO };
        let episode = Episode::new(scope, zone_ref(&settings.zone, &zone), rule_text(&settings), timing);
        let (smooth, told) = (Window::new(SMOOTH), Window::new(settings.hold.max(SMOOTH)));
        let room = zone.area_m2.map_or(Room::Unknown, Room::Told);
        let keeper = Keeper::new(&settings.name, [&zone]);
        Self { settings, zone, room, sampling, smooth, told, told_sum: People::default(), episode, covered: None, merged: false, keeper }
    }

    /// The zone covers so many square metres by the camera's calibration; an area that the configuration says goes before.
    #[must_use]
    pub(crate) fn on_ground(self, on: Ground, m2: f64) -> Self {
        let table = match self.zone.kind {
            ZoneUse::Sidewalk | ZoneUse::Crossing => FruinTable::Walkway,
            ZoneUse::Approach | ZoneUse::Exit | ZoneUse::Box | ZoneUse::Plaza | ZoneUse::Waiting | ZoneUse::Area => FruinTable::Queuing,
        };
        // What one person covers is in metres of this calibration.
        let keeper = Keeper::of_ground(&self.settings.name, format!("{}{m2:.1} m²", ground([&self.zone])));
        let covered = Some(Covered::new(self.zone.polygon.clone(), on));
        Self { room: Room::Calibrated { m2: self.zone.area_m2.unwrap_or(m2), table }, covered, keeper, ..self }
    }

    /// The detected people, or as many as what they cover says where they stand too close to be detected.
    fn people(&mut self, scene: &Scene<'_>, detected: u32) -> People {
        let secs = self.sampling.secs(scene);
        let number = f64::from(detected);
        let mut people =
            People { observed_secs: secs, present_secs: number * secs, detected_secs: number * secs, most: detected, error_secs: 0.0 };
        let (Some(covered), Room::Calibrated { m2, .. }) = (&mut self.covered, self.room) else { return people };
        covered.look(scene, detected, m2);
        if let Some(ByArea { people: by_area, error }) = covered.people(scene.at.media) {
            let by_area = by_area.min(MOST_TIMES * number).min(MOST_PER_M2 * m2);
            // What merged stays merged until it is clearly thinner: a number that changes its method from frame to frame is none.
            let merges = if self.merged { MERGES_PER_M2 * STILL } else { MERGES_PER_M2 };
            self.merged = by_area >= merges * m2;
            if self.merged && by_area > number {
                (people.present_secs, people.error_secs) = (by_area * secs, error * by_area * secs);
                people.most = by_area.round() as u32;
            }
        }
        people
    }

    fn decide(&mut self, now: Stamp, recent: &People, out: &mut Findings) {
        let settings = &self.settings;
        let is_covered = recent.observed_secs / self.smooth.secs() >= COVERAGE;
        let begins = Truth::of(recent.mean() >= f64::from(settings.enter_at), is_covered);
        let ends = Truth::of(recent.mean() < f64::from(settings.exit_below), is_covered);
        let (told_secs, told) = (self.told.secs(), &self.told_sum);
        let finding = || finding((settings, self.room), now, told, told_secs);
        let grade = (severity(settings, self.room, told), Kind::Count);
        self.episode.observe(now, Judgement { begins, ends, grade }, finding, out);
    }
}

impl Rule for CrowdCount {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        let is_here = |foot| self.zone.polygon.contains(scene.size.to_norm(foot));
        let people = scene.tracks.iter().filter(|track| track.is_pedestrian() && track.is_present(scene.at.media));
        let number = people.filter(|track| is_here(track.foot())).count() as u32;
        let people = self.people(scene, number);
        if let Some(sum) = self.told.add(scene.at.media, people) {
            self.told_sum = sum;
        }
        if let Some(sum) = self.smooth.add(scene.at.media, people) {
            self.decide(scene.at, &sum, out);
        }
    }

    fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        self.episode.finish(at, reason, out);
        self.smooth.clear();
        self.told.clear();
        self.told_sum = People::default();
        self.covered.iter_mut().for_each(Covered::restart);
        self.merged = false;
    }

    fn needs_pixels(&self) -> bool {
        self.covered.is_some()
    }

    fn memory(&self) -> Option<RuleMemory> {
        let usual = self.covered.as_ref()?.usual()?;
        Some(self.keeper.keep(Kept::Crowd(usual)))
    }

    fn recall(&mut self, memory: &RuleMemory) -> bool {
        let (true, Kept::Crowd(usual), Some(covered)) = (self.keeper.is_mine(memory), &memory.kept, &mut self.covered) else {
            return false;
        };
        covered.recall(*usual);
        true
    }

    fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        self.episode.resume(left)
    }
}

/// How much ground the zone covers.
#[derive(Clone, Copy, Debug)]
enum Room {
    Unknown,
    /// Square metres by the configuration alone: for the severity.
    Told(f64),
    /// Square metres where the camera is calibrated: the message says them and what follows.
    Calibrated {
        m2: f64,
        table: FruinTable,
    },
}

impl Room {
    fn m2(self) -> Option<f64> {
        match self {
            Self::Unknown => None,
            Self::Told(m2) | Self::Calibrated { m2, .. } => Some(m2),
        }
    }

    /// Adds the density to what is told, where it is known well enough.
    fn measured(self, people: &People, measurement: Measurement) -> Measurement {
        let Self::Calibrated { m2, table } = self else { return measurement };
        let per_m2 = people.mean() / m2;
        Measurement {
            zone_area_m2: Some(m2.round()),
            density_per_m2: Some(two_decimals(per_m2)),
            uncertainty_pct: people.uncertainty_pct(per_m2),
            fruin_los: Some(table.level(per_m2)),
            fruin_table: Some(table),
            units: Units { calibrated: true },
            ..measurement
        }
    }
}

/// What a stretch of time adds up to.
#[derive(Clone, Copy, Debug, Default)]
struct People {
    observed_secs: f64,
    present_secs: f64,
    /// As many of them as were detected.
    detected_secs: f64,
    /// Standard error of the others times their time.
    error_secs: f64,
    most: u32,
}

impl AddAssign for People {
    fn add_assign(&mut self, other: Self) {
        self.observed_secs += other.observed_secs;
        self.present_secs += other.present_secs;
        self.detected_secs += other.detected_secs;
        self.error_secs += other.error_secs;
        self.most = self.most.max(other.most);
    }
}

impl People {
    fn mean(&self) -> f64 {
        if self.observed_secs > 0.0 { self.present_secs / self.observed_secs } else { 0.0 }
    }

    /// Whether more people were told than detected.
    fn is_corrected(&self) -> bool {
        self.present_secs > self.detected_secs
    }

    /// How far the number may be off, in percent, where it is more than a count: two standard errors, and never less than 20 above two a square metre.
    fn uncertainty_pct(&self, per_m2: f64) -> Option<f64> {
        let pct = 200.0 * self.error_secs / self.present_secs.max(f64::MIN_POSITIVE);
        let least = if per_m2 > DENSE_PER_M2 { LEAST_UNCERTAINTY_PCT } else { 0.0 };
        self.is_corrected().then(|| pct.max(least).round())
    }
}

/// The figures now. Confidence is the coverage times a half at the configured number, rising to one at twice that number.
fn finding((settings, room): (&CrowdSettings, Room), now: Stamp, people: &People, window_secs: f64) -> Finding {
    let coverage = (people.observed_secs / window_secs).min(1.0);
    let times = times(settings, people);
    let measurement = Measurement {
        window_start: Some(earlier(now, Duration::from_secs_f64(window_secs)).wall.to_string()),
        window_end: Some(now.wall.to_string()),
        window_s: Some(window_secs),
        coverage: Some(two_decimals(coverage)),
        people_mean: Some(two_decimals(people.mean())),
        people_max: Some(people.most),
        method: Some(if people.is_corrected() { "detection+foreground" } else { "detection" }.to_owned()),
        ..Measurement::default()
    };
    let most = if people.is_corrected() { BY_PIXELS } else { 1.0 };
    let confidence = two_decimals((coverage * (0.5 + 0.5 * (times - 1.0).clamp(0.0, 1.0))).min(most)) as f32;
    let (severity, measurement) = (severity(settings, room, people), room.measured(people, measurement));
    Finding { kind: Kind::Count, severity, confidence, measurement, involved: Vec::new(), why: Vec::new() }
}

/// How many times the configured number there are.
fn times(settings: &CrowdSettings, people: &People) -> f64 {
    people.mean() / f64::from(settings.enter_at.max(1))
}

/// By people per square metre where the area is known (2 uncomfortable, 3.5 contact, 5 dangerous: Fruin 1971), and by
/// how many times the configured number there are.
fn severity(settings: &CrowdSettings, room: Room, people: &People) -> Severity {
    let per_m2 = room.m2().map(|area| people.mean() / area);
    let by_number = if times(settings, people) >= 2.0 { Severity::Medium } else { Severity::Low };
    let by_density = match per_m2 {
        Some(density) if density >= 5.0 => Severity::Critical,
        Some(density) if density >= 3.5 => Severity::High,
        Some(density) if density >= 2.0 => Severity::Medium,
        Some(_) | None => Severity::Low,
    };
    by_number.max(by_density)
}

fn rule_text(settings: &CrowdSettings) -> RuleText {
    let hold = settings.hold.as_secs_f64();
    RuleText {
        id: "crowd-count.v1".to_owned(),
        enter: format!("people >= {} for {hold} s", settings.enter_at),
        exit: format!("people < {} for {hold} s", settings.exit_below),
    }
}
