//! Watches an approach: does its queue clear with the green, and does traffic flow over whole cycles of the signal?
//!
//! A red light is part of every cycle, so nothing is decided over less than one. What tells congestion from a red light is the *residual* queue: the
//! smallest queue within a cycle, which a green that suffices brings to nought. The threshold is the queue that MKJI 1997 gives a signal at 95 % of its
//! capacity, about 7 smp. Second, the mean speed beside what is usual here, where at least some queue remains (classes of DATEX II).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cycle_window::{CycleFigures, CycleWindow};
use super::free_flow::{FreeFlow, FreeFlowMemory};
use crate::base::class::Class;
use crate::base::geom::{Norm, Polygon};
use crate::base::id::Slug;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::{CongestionSettings, Zone, ZoneUse};
use crate::event::{CycleSource, EndReason, EventScope, Finding, Kind, Measurement, RuleText, Severity};
use crate::rules::episode::{Episode, Judgement, Timing, earlier, two_decimals, zone_ref};
use crate::rules::hold::{Hold, Truth};
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
    window: CycleWindow,
    free_flow: FreeFlow,
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
}

/// Share of a cycle that must have been seen for its figures to mean something.
const COVERAGE: f64 = 0.8;
/// A shorter cycle says too little about speed.
const SHORTEST_WINDOW: Duration = Duration::from_secs(60);
/// A longer cycle than this is not looked for in the traffic.
const LONGEST_FOUND: Duration = Duration::from_secs(242);
/// Cycles that a condition must last to begin and to end.
const CYCLES_TO_BEGIN: u32 = 2;
const CYCLES_TO_END: u32 = 3;
/// Share of the threshold below which the residual queue must fall to end; enter and exit lie apart, so that events do not flutter.
const RECOVERED: f64 = 0.5;
/// A zone that is never emptier than this share of the smp that find room in it lies in a queue that reaches out of sight: a queue that discharges fills
/// about 0.35 of the road, traffic that clears at 85 % of the capacity 0.1.
const SHARE_OF_ROOM: f64 = 0.32;
/// Twice the threshold is stationary, where speed says so too.
const STATIONARY: f64 = 2.0;
/// Speed over free-flow speed below which DATEX II calls traffic stationary, queuing and slow.
const STANDSTILL: f64 = 0.10;
const QUEUING: f64 = 0.25;
const SLOW: f64 = 0.75;
/// Vehicles that must have passed for a cycle's speed to say what is usual: fewer may all have met the green.
const TEACHING: u32 = 5;
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
            exit: around.exit.map(|zone| Exit { approach: Approach::new(place(zone)), full: Hold::default(), is_blocked: false }),
            cycle: SignalCycle::new(),
            window: CycleWindow::new(longest),
            free_flow: FreeFlow::new(settings.free_flow_l_s),
            learned: None,
            episode: Episode::new(scope, zone_ref(&settings.zone, around.zone), rule_text(&settings), timing),
            settings,
            sampling,
            keeper,
        }
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
        let judged = Judged::new(&self.settings, figures, &self.free_flow);
        let is_known = figures.coverage >= COVERAGE;
        let begins = judged.is_jam();
        // A queue that did not clear teaches nothing: a jam is not normal because it lasts.
        let lesson = (is_known && !begins && figures.discharged >= TEACHING).then_some(figures.speed_l_s).flatten();
        // The figures of one cycle have held for that cycle already.
        let begin_hold = self.settings.hold.max(span * CYCLES_TO_BEGIN).saturating_sub(span);
        self.episode.retime(begin_hold, self.settings.clear_hold.max(span * CYCLES_TO_END), span);
        let is_blocked = self.exit.as_ref().is_some_and(|exit| exit.is_blocked);
        let (kind, severity) = if is_blocked { (Kind::Spillback, Severity::High) } else { judged.kind() };
        let finding = || finding(&self.settings, now, &judged, (cycle, source), (kind, severity));
        let (begins, ends) = (Truth::of(begins, is_known), Truth::of(judged.is_over(), is_known));
        self.episode.observe(now, Judgement { begins, ends, grade: (severity, kind) }, finding, out);
        self.learn(now.media, span, lesson);
    }

    /// Learns from each whole cycle once.
    fn learn(&mut self, now: MediaTime, span: Duration, speed_l_s: Option<f64>) {
        let last = *self.learned.get_or_insert(now);
        if now.since(last) < span {
            return;
        }
        self.learned = Some(now);
        if let Some(speed) = speed_l_s {
            self.free_flow.learn(speed, span.as_secs_f64());
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
            self.window.push(scene.at.media, second);
            self.decide(scene.at, out);
        }
    }

    fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        self.episode.finish(at, reason, out);
        self.approach.restart();
        if let Some(exit) = &mut self.exit {
            exit.restart();
        }
        self.cycle.clear();
        self.window.clear();
        self.learned = None;
    }

    fn memory(&self) -> Option<RuleMemory> {
        Some(self.keeper.keep(Kept::Congestion(CongestionMemory {
            free_flow: self.free_flow.memory(),
            cycle_secs: self.cycle.length().map(|cycle| cycle.as_secs_f64()),
            approach: self.approach.memory(),
            exit: self.exit.as_ref().and_then(|exit| exit.approach.memory()),
        })))
    }

    fn recall(&mut self, memory: &RuleMemory) -> bool {
        let (true, Kept::Congestion(known)) = (self.keeper.is_mine(memory), &memory.kept) else { return false };
        self.free_flow.recall(&known.free_flow);
        let cycle = known.cycle_secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok());
        cycle.into_iter().for_each(|cycle| self.cycle.recall(cycle));
        known.approach.iter().for_each(|known| self.approach.recall(known));
        if let (Some(exit), Some(known)) = (&mut self.exit, &known.exit) {
            exit.approach.recall(known);
        }
        true
    }

    fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        self.episode.resume(left)
    }
}

/// The way out of the junction that this approach feeds.
#[derive(Debug)]
struct Exit {
    approach: Approach,
    full: Hold,
    is_blocked: bool,
}

/// Full and standing for this long is blocked.
const BLOCKED_AFTER: Duration = Duration::from_secs(30);
/// Share of the road that standing vehicles cover when no more fit; or the share of the room they take.
const FULL_AREA: f64 = 0.6;
const FULL_ROOM: f64 = 0.5;
/// Fewer in smp are no queue.
const FEWEST_SMP: f64 = 3.0;

impl Exit {
    fn observe(&mut self, scene: &Scene<'_>, secs: f64, parked_after: Duration) {
        let Some(second) = self.approach.observe(scene, secs, parked_after) else { return };
        let truth = Truth::of(is_full(&second), second.observed_secs > 0.0);
        self.is_blocked = self.full.reached(scene.at, truth, BLOCKED_AFTER).is_some();
    }

    fn restart(&mut self) {
        self.approach.restart();
        (self.full, self.is_blocked) = (Hold::default(), false);
    }
}

fn is_full(second: &ApproachSecond) -> bool {
    let is_taken = second.area_occupancy > FULL_AREA || second.room_smp.is_some_and(|room| second.present_smp > FULL_ROOM * room);
    is_taken && second.present_smp >= FEWEST_SMP && second.stopped_share > 0.5
}

/// The figures of one cycle beside what is usual.
#[derive(Clone, Copy, Debug)]
struct Judged<'a> {
    settings: &'a CongestionSettings,
    figures: CycleFigures,
    free_flow_l_s: f64,
    is_usual_known: bool,
    /// Speed over free speed.
    ratio: Option<f64>,
    /// Fewest vehicles in the zone that are congestion, in smp.
    full_smp: Option<f64>,
}

impl<'a> Judged<'a> {
    fn new(settings: &'a CongestionSettings, figures: CycleFigures, free_flow: &FreeFlow) -> Self {
        let (free_flow_l_s, is_usual_known) = (free_flow.speed_l_s(), free_flow.learned().is_some());
        let ratio = figures.speed_l_s.map(|speed| speed / free_flow_l_s);
        let full_smp = figures.room_smp.map(|room| (SHARE_OF_ROOM * room).max(settings.min_vehicles));
        Self { settings, figures, free_flow_l_s, is_usual_known, ratio, full_smp }
    }

    /// How many times too long the queue is that the green leaves behind, in sight or out of it.
    fn excess(&self) -> f64 {
        let in_sight = self.figures.residual_smp / self.settings.residual_smp;
        let out_of_sight = self.full_smp.map_or(0.0, |full| self.figures.fewest_smp / full);
        in_sight.max(out_of_sight)
    }

    /// The green leaves a long queue behind, or some queue at which traffic crawls.
    fn is_jam(&self) -> bool {
        // How slow an approach with a red light is when it copes has to be learned; that nobody leaves in a whole cycle says enough.
        let is_usual = self.is_usual_known || self.figures.discharged == 0;
        let crawls = is_usual && self.ratio.is_some_and(|ratio| ratio < self.settings.enter_below);
        self.excess() > 1.0 || crawls && self.figures.residual_smp >= self.settings.min_vehicles
    }

    /// The queue clears again, and traffic moves or hardly anybody is left.
    fn is_over(&self) -> bool {
        let moves = self.ratio.is_none_or(|ratio| ratio > self.settings.exit_above);
        self.excess() < RECOVERED && (moves || self.figures.residual_smp < RECOVERED * self.settings.min_vehicles)
    }

    /// Class of congestion by speed over free-flow speed (DATEX II v3 `AbnormalTrafficTypeEnum`); stationary needs a queue that is twice too long, or
    /// that nobody leaves.
    fn kind(&self) -> (Kind, Severity) {
        let is_stuck = self.excess() > STATIONARY || self.figures.discharged == 0;
        // Where events begin at a lighter class, they may stay there; else an event is a queue until it is over.
        let may_be_lighter = self.settings.enter_below > QUEUING && self.excess() <= 1.0;
        match self.ratio {
            Some(ratio) if ratio < STANDSTILL && is_stuck => (Kind::Stationary, Severity::High),
            Some(ratio) if ratio >= SLOW && may_be_lighter => (Kind::Heavy, Severity::Low),
            Some(ratio) if ratio >= QUEUING && may_be_lighter => (Kind::Slow, Severity::Low),
            Some(_) | None => (Kind::Queuing, Severity::Medium),
        }
    }
}

/// The figures now. Confidence is the coverage times a half at the threshold, rising to one with the queue and with standstill, and a tenth less where
/// the cycle is only assumed: how far the finding is from not being one, not a probability.
fn finding(
    settings: &CongestionSettings,
    now: Stamp,
    judged: &Judged<'_>,
    (cycle, source): (Duration, CycleSource),
    (kind, severity): (Kind, Severity),
) -> Finding {
    let figures = &judged.figures;
    let slow = judged.ratio.map_or(0.0, |ratio| 1.0 - (ratio / settings.enter_below).clamp(0.0, 1.0));
    let long = (judged.excess() - 1.0).clamp(0.0, 1.0);
    let sure = if source == CycleSource::Assumed { 0.9 } else { 1.0 };
    let confidence = figures.coverage * sure * (0.5 + 0.25 * slow + 0.25 * long);
    let counts = Class::ALL.into_iter().zip(figures.present).filter(|(_, mean)| *mean >= 0.5);
    let measurement = Measurement {
        window_start: Some(earlier(now, Duration::from_secs_f64(figures.secs)).wall.to_string()),
        window_end: Some(now.wall.to_string()),
        window_s: Some(figures.secs),
        coverage: Some(two_decimals(figures.coverage)),
        speed_ratio: judged.ratio.map(two_decimals),
        speed_l_s: figures.speed_l_s.map(two_decimals),
        free_flow_l_s: Some(two_decimals(judged.free_flow_l_s)),
        stopped_share: figures.stopped_share.map(two_decimals),
        vehicles_mean: Some(two_decimals(figures.vehicles())),
        area_occupancy: Some(two_decimals(figures.area_occupancy)),
        cycle_s: Some(two_decimals(cycle.as_secs_f64())),
        cycle_source: Some(source),
        queue_max_l: Some(two_decimals(figures.longest_l)),
        queue_residual_l: Some(two_decimals(figures.residual_l)),
        queue_residual_pcu: Some(two_decimals(figures.residual_smp)),
        flow_veh_h: figures.per_hour(f64::from(figures.discharged)).map(f64::round),
        flow_pcu_h: figures.per_hour(figures.discharged_smp).map(f64::round),
        counts: counts.map(|(class, mean)| (class.name().to_owned(), mean.round() as u32)).collect(),
        ..Measurement::default()
    };
    Finding { kind, severity, confidence: two_decimals(confidence) as f32, measurement, involved: Vec::new(), why: Vec::new() }
}

fn rule_text(settings: &CongestionSettings) -> RuleText {
    let cycle = match settings.cycle {
        Some(cycle) => format!("{} s", cycle.as_secs_f64()),
        None => format!("estimated, else {} s", settings.window.as_secs_f64()),
    };
    let (hold, clear) = (settings.hold.as_secs_f64(), settings.clear_hold.as_secs_f64());
    let (residual, least) = (settings.residual_smp, settings.min_vehicles);
    RuleText {
        id: "congestion.v2".to_owned(),
        enter: format!(
            "queue left by the green > {residual} smp | zone never emptier than {SHARE_OF_ROOM} of its room | > {least} smp & mean speed < {} of free flow; \
             for {CYCLES_TO_BEGIN} cycles ({cycle}) & {hold} s",
            settings.enter_below
        ),
        exit: format!(
            "queue left by the green < half of that & (mean speed > {} of free flow | queue < {} smp); for {CYCLES_TO_END} cycles & {clear} s",
            settings.exit_above,
            RECOVERED * least
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn the_next_run_knows_what_is_usual_on_the_same_approach_and_nothing_of_another() {
        let (mut known, mut scene) = (rule(&zone(0.2)), SceneState::new());
        watch(&mut known, &mut scene, 0, 120);
        (0..40).for_each(|_| known.free_flow.learn(0.8, 97.0));
        known.cycle.recall(Duration::from_secs(97));
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
        let Kept::Congestion(CongestionMemory { approach: Some(approach), .. }) = &memory.kept else { panic!("an approach") };
        assert_ne!(serde_json::to_value(approach).expect("JSON")["direction"], serde_json::Value::Null, "it saw traffic");

        let mut elsewhere = rule(&zone(0.3));
        assert!(!elsewhere.recall(&memory));
        assert_eq!((elsewhere.free_flow.learned(), elsewhere.cycle().1), (None, CycleSource::Assumed));
    }
}
