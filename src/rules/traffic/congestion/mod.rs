//! Watches an approach: does its queue clear with the green, and does traffic flow over whole cycles of the signal?
//!
//! A red light is part of every cycle, so nothing is decided over less than one. What tells congestion from a red light is the *residual* queue: the
//! smallest queue within a cycle, which a green that suffices brings to nought. The threshold is the queue that MKJI 1997 gives a signal at 95 % of its
//! capacity, about 7 smp. Where the queue reaches out of sight, a zone that never empties says the same. Second, the mean speed beside what is usual here,
//! where at least some queue remains (classes of DATEX II). Third, a demand that has outgrown what the green lets pass, which the queues that leave have
//! shown: `evidence.rs` says when each is sure.

mod evidence;
mod exit;
mod finding;
mod judged;
mod usual_demand;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::evidence::{Evidence, Span};
use self::exit::Exit;
use self::finding::{Told, rule_text};
use self::judged::Judged;
pub(super) use self::usual_demand::Arrivals;
use self::usual_demand::{Demand, DemandMemory, UsualDemand};
use super::cycle_window::CycleWindow;
use super::discharge::{Discharge, DischargeMemory};
use super::free_flow::{FreeFlow, FreeFlowMemory};
use crate::base::geom::{Norm, Polygon};
use crate::base::ground::Ground;
use crate::base::id::Slug;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::{CongestionSettings, Zone, ZoneUse};
use crate::event::{CycleSource, EndReason, EventScope, Kind, Severity};
use crate::rules::episode::{Episode, Judgement, Timing, zone_ref};
use crate::rules::memory::{Keeper, Kept};
use crate::rules::sampling::Sampling;
use crate::rules::{Findings, LeftOpen, Rule, RuleMemory};
use crate::scene::{Approach, ApproachMemory, ApproachPlace, ApproachSecond, Scene, SignalCycle};

/// Watches one zone for congestion.
#[derive(Debug)]
pub struct Congestion {
    settings: CongestionSettings,
    sampling: Sampling,
    approach: Approach,
    exit: Option<Exit>,
    cycle: SignalCycle,
    /// What the green lets pass, in vehicles.
    discharge: Discharge,
    window: CycleWindow,
    free_flow: FreeFlow,
    usual: UsualDemand,
    evidence: Evidence,
    /// When a cycle was last learned from.
    learned: Option<MediaTime>,
    episode: Episode,
    keeper: Keeper,
}

/// What is usual on one approach, for the next run of the program.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CongestionMemory {
    free_flow: FreeFlowMemory,
    /// The signal's cycle in seconds, as found in the traffic.
    cycle_secs: Option<f64>,
    approach: Option<ApproachMemory>,
    exit: Option<ApproachMemory>,
    demand: Option<DemandMemory>,
    discharge: Option<DischargeMemory>,
}

/// Share of a cycle that must have been seen for its figures to mean something.
const COVERAGE: f64 = 0.8;
/// A shorter cycle says too little about speed.
const SHORTEST_WINDOW: Duration = Duration::from_secs(60);
/// A longer cycle than this is not looked for in the traffic.
const LONGEST_FOUND: Duration = Duration::from_secs(242);
/// Cycles that it must have been better to end.
const CYCLES_TO_END: u32 = 3;
/// Cycles over which it is judged whether more vehicles come than usual.
const JUDGED_CYCLES: u32 = 2;
/// Resting this many cycles while others leave is parking.
const PARKED_CYCLES: f64 = 1.5;
const PARKED_AT_LEAST: Duration = Duration::from_secs(90);

/// Where a rule on an approach looks: the zones of one camera.
pub(crate) struct Around<'a> {
    pub(crate) zone: &'a Zone,
    pub(crate) exit: Option<&'a Zone>,
    pub(crate) all: &'a std::collections::BTreeMap<Slug, Zone>,
}

impl Congestion {
    /// Watches a zone under the name in `scope`.
    pub(crate) fn new(scope: EventScope, settings: CongestionSettings, around: &Around<'_>, sampling: Sampling) -> Self {
        let waiting: Vec<Polygon<Norm>> =
            around.all.values().filter(|zone| zone.kind == ZoneUse::Waiting).map(|zone| zone.polygon.clone()).collect();
        let keeper = Keeper::new(&scope.rule, [around.zone].into_iter().chain(around.exit));
        let place = |zone: &Zone| ApproachPlace {
            zone: zone.polygon.clone(),
            waiting: waiting.clone(),
            stop_line: zone.stop_line,
            smp: settings.emp.smp,
        };
        let longest = settings.cycle.unwrap_or(settings.window.max(LONGEST_FOUND)).max(SHORTEST_WINDOW);
        let timing = Timing { hold: settings.hold, update_every: settings.update_every, lead: Duration::ZERO };
        Self {
            approach: Approach::new(place(around.zone)),
            exit: around.exit.map(|zone| Exit::new(Approach::new(place(zone)))),
            cycle: SignalCycle::new(),
            discharge: Discharge::new(),
            window: CycleWindow::new(longest * JUDGED_CYCLES),
            free_flow: FreeFlow::new(settings.free_flow_l_s),
            usual: UsualDemand::default(),
            evidence: Evidence::default(),
            learned: None,
            episode: Episode::new(scope, zone_ref(&settings.zone, around.zone), rule_text(&settings), timing),
            settings,
            sampling,
            keeper,
        }
    }

    /// The same on a ground that is known in metres.
    pub(crate) fn on_ground(self, ground: Ground) -> Self {
        Self { approach: self.approach.on_ground(ground), ..self }
    }

    /// The signal's cycle, and how it is known.
    fn cycle(&self) -> (Duration, CycleSource) {
        match (self.settings.cycle, self.cycle.length()) {
            (Some(cycle), _) => (cycle, CycleSource::Configured),
            (None, Some(cycle)) => (cycle, CycleSource::Estimated),
            (None, None) => (self.settings.window, CycleSource::Assumed),
        }
    }

    fn decide(&mut self, now: Stamp, out: &mut Findings) {
        let (cycle, source) = self.cycle();
        let span = cycle.max(SHORTEST_WINDOW);
        let figures = self.window.figures(now.media, span);
        self.usual.forget_stale(now);
        let judged = Judged::new(&self.settings, figures, &self.free_flow, self.demand(now.media, span));
        let since = self.evidence.observe(now, &judged, Span { cycle: span, hold: self.settings.hold, source });
        let lead = since.map_or(Duration::ZERO, |since| now.media.since(since.media));
        self.episode.retime(Duration::ZERO, self.settings.clear_hold.max(span * CYCLES_TO_END), lead);
        let is_blocked = self.exit.as_ref().is_some_and(Exit::is_blocked);
        let (kind, severity) = if is_blocked { (Kind::Spillback, Severity::High) } else { judged.kind() };
        let told = Told { judged: &judged, cycle, source, grade: (kind, severity) };
        let (begins, ends) = (judged.truth(since.is_some()), judged.truth(judged.is_over()));
        self.episode.observe(now, Judgement { begins, ends, grade: (severity, kind) }, || told.finding(now), out);
        let lesson = figures.speed_l_s.filter(|_| judged.teaches());
        self.learn(now, span, lesson);
    }

    /// Who came in the last cycles, beside the usual and beside what the green lets pass.
    fn demand(&self, now: MediaTime, span: Duration) -> Option<Demand> {
        let arrivals = self.window.arrivals(now, span * JUDGED_CYCLES, COVERAGE)?;
        let demand = self.usual.compare(arrivals)?;
        Some(Demand { capacity: self.capacity(), ..demand })
    }

    /// Vehicles a second that the green lets pass, once the traffic has shown it.
    fn capacity(&self) -> Option<f64> {
        let (cycle, source) = self.cycle();
        let (saturation, green) = (self.discharge.saturation_of_long_queues()?, self.discharge.green_secs()?);
        (source != CycleSource::Assumed).then(|| saturation * (green / cycle.as_secs_f64()).min(1.0))
    }

    /// Follows what leaves in the second that ends now.
    fn watch_discharge(&mut self, now: MediaTime, second: &ApproachSecond) {
        for number in 0..second.discharged {
            // When within the second is not known.
            let before = (f64::from(number) + 0.5) / f64::from(second.discharged) - 1.0;
            self.discharge.pass(MediaTime::from_secs_f64(now.as_secs_f64() + before), 1.0);
        }
        self.discharge.second(now, second.queue_smp);
    }

    /// Learns from each whole cycle once.
    fn learn(&mut self, now: Stamp, span: Duration, speed_l_s: Option<f64>) {
        let last = *self.learned.get_or_insert(now.media);
        if now.media.since(last) < span {
            return;
        }
        self.learned = Some(now.media);
        if let Some(speed) = speed_l_s {
            self.free_flow.learn(speed, span.as_secs_f64());
        }
        if let Some(arrivals) = self.window.arrivals(now.media, span, COVERAGE) {
            self.usual.learn(now, arrivals);
        }
    }
}

impl Rule for Congestion {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        let secs = self.sampling.secs(scene);
        let parked_after = self.cycle().0.mul_f64(PARKED_CYCLES).max(PARKED_AT_LEAST);
        if let Some(exit) = &mut self.exit {
            exit.observe(scene, secs, parked_after);
        }
        if let Some(second) = self.approach.observe(scene, secs, parked_after) {
            self.cycle.observe(scene.at.media, second.stopped_share as f32);
            self.watch_discharge(scene.at.media, &second);
            self.window.push(scene.at.media, second);
            self.decide(scene.at, out);
        }
    }

    fn signal_cycle(&self) -> Option<Duration> {
        self.settings.cycle.or(self.cycle.length())
    }

    /// What was learned about the approach and its signal stays: the view is the same.
    fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        self.episode.finish(at, reason, out);
        self.approach.restart();
        if let Some(exit) = &mut self.exit {
            exit.restart();
        }
        self.cycle.restart();
        self.discharge.restart();
        self.window.clear();
        self.usual.restart();
        self.evidence = Evidence::default();
        self.learned = None;
    }

    fn memory(&self) -> Option<RuleMemory> {
        Some(self.keeper.keep(Kept::Congestion(CongestionMemory {
            free_flow: self.free_flow.memory(),
            cycle_secs: self.cycle.length().map(|cycle| cycle.as_secs_f64()),
            approach: self.approach.memory(),
            exit: self.exit.as_ref().and_then(Exit::memory),
            demand: self.usual.memory(),
            discharge: Some(self.discharge.memory()),
        })))
    }

    fn recall(&mut self, memory: &RuleMemory) -> bool {
        let (true, Kept::Congestion(known)) = (self.keeper.is_mine(memory), &memory.kept) else { return false };
        self.free_flow.recall(&known.free_flow);
        let cycle = known.cycle_secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok());
        cycle.into_iter().for_each(|cycle| self.cycle.recall(cycle));
        known.approach.iter().for_each(|known| self.approach.recall(known));
        if let (Some(exit), Some(known)) = (&mut self.exit, &known.exit) {
            exit.recall(known);
        }
        known.discharge.iter().for_each(|known| self.discharge.recall(known));
        known.demand.into_iter().for_each(|known| self.usual.recall(known));
        true
    }

    fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        self.episode.resume(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::class::Class;
    use crate::base::geom::FrameSize;
    use crate::base::geom::{Point, Rect};
    use crate::base::time::WallTime;
    use crate::detect::Score;
    use crate::scene::SceneState;
    use crate::track::{Track, TrackId};

    fn zone(top: f32) -> Zone {
        let corners = [(0.1, top), (0.9, top), (0.9, 0.9), (0.1, 0.9)].map(|(x, y)| Point::new(x, y));
        let polygon = Polygon::new(corners.to_vec()).expect("four corners");
        Zone { name: "Utara".into(), kind: ZoneUse::Approach, polygon, area_m2: None, direction: None, stop_line: None }
    }

    fn rule(zone: &Zone) -> Congestion {
        let slug = |name| Slug::new(name).expect("legal");
        let secs = Duration::from_secs;
        let settings = CongestionSettings {
            name: slug("antrean"),
            zone: slug("utara"),
            exit_zone: None,
            free_flow_l_s: 1.5,
            min_vehicles: 4.0,
            enter_below: 0.25,
            exit_above: 0.35,
            residual_smp: 7.0,
            cycle: None,
            window: secs(120),
            hold: secs(60),
            clear_hold: secs(300),
            update_every: secs(300),
            emp: crate::base::emp::EmpTable::default(),
        };
        let scope = EventScope { source: "/uji".into(), camera: slug("utara"), rule: slug("antrean") };
        let all = std::collections::BTreeMap::new();
        Congestion::new(scope, settings, &Around { zone, exit: None, all: &all }, Sampling::new(8.0))
    }

    /// Cars that drive down the zone for so many seconds.
    fn watch(rule: &mut Congestion, scene: &mut SceneState, from: i64, to: i64) {
        for frame in from * 8..to * 8 {
            let micros = frame * 125_000;
            let at = Stamp { media: MediaTime::from_micros(micros), wall: WallTime::from_micros(micros) };
            let car = |id: i64| {
                let down = ((6 * frame + id * 60) % 240) as f32;
                let rect = Rect::new(200.0 + 60.0 * id as f32, down, 30.0 + down / 6.0, 20.0 + down / 8.0);
                let number = TrackId(((6 * frame + id * 60) / 240 * 4 + id + 1) as u32);
                let (first_seen, last_seen) = ((at.media, rect), at.media);
                let score = Score::new(0.8);
                let velocity = Point::new(0.0, 0.0);
                Track { id: number, rect, class: Class::Car, score, velocity, is_observed: true, is_rider: false, first_seen, last_seen }
            };
            let mut tracks: Vec<Track> = (0..4).map(car).collect();
            tracks.sort_by_key(|track| track.id);
            rule.observe(&scene.observe(at, FrameSize::new(640, 360), &tracks), &mut Findings::default());
        }
    }

    #[test]
    fn a_camera_that_was_away_for_a_while_knows_its_signal_when_it_is_back() {
        let (mut rule, mut scene) = (rule(&zone(0.2)), SceneState::new());
        watch(&mut rule, &mut scene, 0, 60);
        rule.cycle.recall(Duration::from_secs(97));
        let at = Stamp { media: MediaTime::from_micros(60_000_000), wall: WallTime::from_micros(60_000_000) };
        rule.finish(at, EndReason::CameraLost, &mut Findings::default());
        watch(&mut rule, &mut SceneState::new(), 0, 60);
        assert_eq!(rule.cycle(), (Duration::from_secs(97), CycleSource::Estimated));
        assert_eq!(rule.signal_cycle(), Some(Duration::from_secs(97)));
    }

    #[test]
    fn the_next_run_knows_what_is_usual_on_the_same_approach_and_nothing_of_another() {
        let (mut known, mut scene) = (rule(&zone(0.2)), SceneState::new());
        watch(&mut known, &mut scene, 0, 120);
        (0..40).for_each(|_| known.free_flow.learn(0.8, 97.0));
        known.cycle.recall(Duration::from_secs(97));
        let now = Stamp { media: MediaTime::ZERO, wall: WallTime::from_micros(120_000_000) };
        (0..20).for_each(|_| known.usual.learn(now, Arrivals { vehicles: 31.0, secs: 97.0 }));
        let memory = known.memory().expect("always");
        let text = serde_json::to_string(&memory).expect("finite figures");
        let memory: RuleMemory = serde_json::from_str(&text).expect("read back");

        let mut next = rule(&zone(0.2));
        assert!(next.recall(&memory));
        assert_eq!(next.memory(), Some(memory.clone()));
        assert_eq!(
            (next.free_flow.learned(), next.cycle()),
            (known.free_flow.learned(), (Duration::from_secs(97), CycleSource::Estimated))
        );
        assert!(next.free_flow.learned().is_some());
        assert!(next.usual.compare(Arrivals { vehicles: 62.0, secs: 194.0 }).is_some_and(|demand| demand.surprise.abs() < 0.01));
        let Kept::Congestion(CongestionMemory { approach: Some(approach), .. }) = &memory.kept else { panic!("an approach") };
        assert_ne!(serde_json::to_value(approach).expect("JSON")["direction"], serde_json::Value::Null, "it saw traffic");

        let mut elsewhere = rule(&zone(0.3));
        assert!(!elsewhere.recall(&memory));
        assert_eq!((elsewhere.free_flow.learned(), elsewhere.cycle().1), (None, CycleSource::Assumed));
    }
}
