//! Watches an approach: does traffic flow, averaged over at least one signal cycle?
//!
//! Speed is the space-mean speed of Edie (1963): the distance all vehicles in the zone travelled, over the time they spent there. A red light
//! is part of every cycle, so a window of a cycle sees the same share of it always; only a queue that does not clear lowers the mean.

use std::ops::AddAssign;
use std::time::Duration;

use crate::base::class::Class;
use crate::base::time::Stamp;
use crate::config::settings::{CongestionSettings, Zone};
use crate::event::{EndReason, EventScope, Finding, Kind, Measurement, RuleText, Severity};
use crate::rules::episode::{Episode, Timing, earlier, two_decimals, zone_ref};
use crate::rules::hold::Truth;
use crate::rules::sampling::Sampling;
use crate::rules::window::Window;
use crate::rules::{Findings, Rule};
use crate::scene::Scene;

/// Watches one zone for congestion.
#[derive(Debug)]
pub struct Congestion {
    settings: CongestionSettings,
    zone: Zone,
    sampling: Sampling,
    window: Window<Sums>,
    episode: Episode,
}

/// Share of the window that must have been seen for a mean to mean something.
const COVERAGE: f64 = 0.8;
/// Slower than this is standing, in L/s (about 5 km/h).
const STANDING_L_S: f32 = 0.3;
/// Below this share of the smallest number of vehicles the road counts as empty.
const EMPTY: f64 = 0.5;

impl Congestion {
    /// Watches `zone` under the name in `scope`.
    pub(crate) fn new(scope: EventScope, settings: CongestionSettings, zone: Zone, sampling: Sampling) -> Self {
        // The window's mean falls below x of free flow when at least 1 - x of the window lies in the jam.
        let lead = settings.window.mul_f64((1.0 - settings.enter_below).clamp(0.0, 1.0));
        let timing = Timing { hold: settings.hold, update_every: settings.update_every, lead };
        let episode = Episode::new(scope, zone_ref(&settings.zone, &zone), rule_text(&settings), timing);
        Self { window: Window::new(settings.window), settings, zone, sampling, episode }
    }

    /// What this frame adds.
    fn measure(&self, scene: &Scene<'_>) -> Sums {
        let secs = self.sampling.secs(scene);
        let mut sums = Sums { observed_secs: secs, ..Sums::default() };
        for track in scene.tracks {
            let is_here = || self.zone.polygon.contains(scene.size.to_norm(track.foot()));
            if !track.track.class.is_vehicle() || !track.is_present(scene.at.media) || !is_here() {
                continue;
            }
            sums.present_secs[track.track.class.index()] += secs;
            if let Some(speed) = track.speed_l_s {
                sums.timed_secs += secs;
                sums.travelled_l += f64::from(speed) * secs;
                sums.stood_secs += if speed < STANDING_L_S { secs } else { 0.0 };
            }
        }
        sums
    }

    fn decide(&mut self, now: Stamp, sums: &Sums, out: &mut Findings) {
        let (settings, window_secs) = (&self.settings, self.window.secs());
        let coverage = sums.observed_secs / window_secs;
        let vehicles = sums.vehicles();
        let ratio = sums.speed().map(|speed| speed / settings.free_flow_l_s);
        let is_covered = coverage >= COVERAGE;
        let is_empty = vehicles < settings.min_vehicles * EMPTY;
        let begins = ratio.is_some_and(|ratio| ratio < settings.enter_below) && vehicles >= settings.min_vehicles;
        let ends = is_empty || ratio.is_some_and(|ratio| ratio > settings.exit_above);
        let finding = || finding(settings, now, sums, window_secs);
        self.episode.observe(now, Truth::of(begins, is_covered), Truth::of(ends, is_covered), finding, out);
    }
}

impl Rule for Congestion {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        let sums = self.measure(scene);
        if let Some(window) = self.window.add(scene.at.media, sums) {
            self.decide(scene.at, &window, out);
        }
    }

    fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        self.episode.finish(at, reason, out);
        self.window.clear();
    }
}

/// What a stretch of time adds up to.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    observed_secs: f64,
    present_secs: [f64; Class::ALL.len()],
    /// Vehicle seconds with a known speed, and what was travelled in them.
    timed_secs: f64,
    travelled_l: f64,
    stood_secs: f64,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.observed_secs += other.observed_secs;
        self.present_secs.iter_mut().zip(other.present_secs).for_each(|(sum, more)| *sum += more);
        self.timed_secs += other.timed_secs;
        self.travelled_l += other.travelled_l;
        self.stood_secs += other.stood_secs;
    }
}

impl Sums {
    /// Vehicles present on average.
    fn vehicles(&self) -> f64 {
        if self.observed_secs > 0.0 { self.present_secs.iter().sum::<f64>() / self.observed_secs } else { 0.0 }
    }

    /// Space-mean speed in L/s.
    fn speed(&self) -> Option<f64> {
        (self.timed_secs > 0.0).then(|| self.travelled_l / self.timed_secs)
    }
}

/// Class of congestion by speed over free-flow speed (DATEX II v3 `AbnormalTrafficTypeEnum`).
fn kind_of(ratio: f64) -> Kind {
    match ratio {
        r if r < 0.10 => Kind::Stationary,
        r if r < 0.25 => Kind::Queuing,
        r if r < 0.75 => Kind::Slow,
        _ => Kind::Heavy,
    }
}

fn severity_of(kind: Kind) -> Severity {
    match kind {
        Kind::Stationary => Severity::High,
        Kind::Queuing => Severity::Medium,
        Kind::Slow | Kind::Heavy => Severity::Low,
        // Kinds of other rules.
        Kind::Count
        | Kind::Density
        | Kind::StoppedVehicle
        | Kind::WrongWay
        | Kind::PedestrianOnRoad
        | Kind::Collision
        | Kind::RiderDown
        | Kind::SingleVehicle => Severity::Low,
    }
}

/// The figures now. Confidence is the coverage times a half at the threshold, rising to one at standstill and with three times the
/// vehicles that were asked for: how far the finding is from not being one, not a probability.
fn finding(settings: &CongestionSettings, now: Stamp, sums: &Sums, window_secs: f64) -> Finding {
    let (vehicles, coverage) = (sums.vehicles(), (sums.observed_secs / window_secs).min(1.0));
    let ratio = sums.speed().map(|speed| speed / settings.free_flow_l_s);
    // Until it has recovered, an event stays at least in the class it began with.
    let kind = kind_of(ratio.unwrap_or(settings.enter_below)).max(kind_of(settings.enter_below - f64::EPSILON));
    let depth = ratio.map_or(0.0, |ratio| 1.0 - (ratio / settings.enter_below).clamp(0.0, 1.0));
    let number = ((vehicles / settings.min_vehicles.max(0.1) - 1.0) / 2.0).clamp(0.0, 1.0);
    let counts = Class::ALL.into_iter().zip(sums.present_secs).map(|(class, secs)| (class, secs / sums.observed_secs.max(1e-9)));
    let measurement = Measurement {
        window_start: Some(earlier(now, Duration::from_secs_f64(window_secs)).wall.to_string()),
        window_end: Some(now.wall.to_string()),
        window_s: Some(window_secs),
        coverage: Some(two_decimals(coverage)),
        speed_ratio: ratio.map(two_decimals),
        speed_l_s: sums.speed().map(two_decimals),
        stopped_share: (sums.timed_secs > 0.0).then(|| two_decimals(sums.stood_secs / sums.timed_secs)),
        vehicles_mean: Some(two_decimals(vehicles)),
        counts: counts.filter(|(_, mean)| *mean >= 0.5).map(|(class, mean)| (class.name().to_owned(), mean.round() as u32)).collect(),
        ..Measurement::default()
    };
    let confidence = coverage * (0.5 + 0.35 * depth + 0.15 * number);
    Finding {
        kind,
        severity: severity_of(kind),
        confidence: two_decimals(confidence) as f32,
        measurement,
        involved: Vec::new(),
        why: Vec::new(),
    }
}

fn rule_text(settings: &CongestionSettings) -> RuleText {
    let (window, hold) = (settings.window.as_secs_f64(), settings.hold.as_secs_f64());
    RuleText {
        id: "congestion.v1".to_owned(),
        enter: format!(
            "mean speed over {window} s < {} of free flow ({} L/s) & vehicles >= {} for {hold} s",
            settings.enter_below, settings.free_flow_l_s, settings.min_vehicles
        ),
        exit: format!("mean speed > {} of free flow | vehicles < {} for {hold} s", settings.exit_above, settings.min_vehicles * EMPTY),
    }
}
