//! One run: generated traffic before a camera, the rule and the approach that watch it, and the truth beside what they say.

use std::time::Duration;

use simpang::base::class::Class;
use simpang::base::emp::EmpTable;
use simpang::base::geom::{Line, Norm, Point, Polygon};
use simpang::base::ground::{Ground, GroundPoint};
use simpang::base::id::Slug;
use simpang::base::time::{MediaTime, Stamp, WallTime};
use simpang::config::settings::{
    CameraDetectSettings, CameraSettings, CongestionSettings, RuleSettings, SourceSettings, TrackScores, TrackSettings, Zone, ZoneUse,
};
use simpang::event::Phase;
use simpang::rules::{Findings, RuleSet};
use simpang::scene::{Approach, ApproachPlace, ApproachSecond, SceneState, SignalCycle};

use super::approach_traffic::{SIZE, STEP, Signal, Traffic, capacity, column, row};

/// Metres of road in view.
pub(super) const VIEW_M: f64 = 110.0;
/// A car length in metres, where nothing is calibrated.
const L_M: f64 = 4.5;
const QUARTER_S: f64 = 900.0;
/// Seconds between looks at the estimated cycle.
const LOOK_EVERY_S: f64 = 120.0;

/// What is generated.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) seed: u64,
    pub(super) hours: f64,
    pub(super) signal: Signal,
    /// Degree of saturation at a second of the run.
    pub(super) demand: &'a dyn Fn(f64) -> f64,
    /// Seconds in which the smallest true queue is asked for.
    pub(super) probe: (f64, f64),
}

impl<'a> Plan<'a> {
    pub(super) fn new(seed: u64, hours: f64, demand: &'a dyn Fn(f64) -> f64) -> Self {
        Self { seed, hours, signal: Signal::default(), demand, probe: (0.0, 0.0) }
    }
}

/// What one run tells, and what was true.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Seconds at which an event began.
    pub(super) begun: Vec<f64>,
    pub(super) open_secs: f64,
    /// By cycle.
    pub(super) queues: Vec<Queue>,
    /// Whole quarters of an hour.
    pub(super) quarters: Vec<Quarter>,
    /// The estimated cycle in seconds at each look.
    pub(super) looks: Vec<Option<f64>>,
    /// Smallest true queue in the seconds asked for, in smp.
    pub(super) probed_smp: f64,
}

impl Default for Outcome {
    fn default() -> Self {
        Self { begun: vec![], open_secs: 0.0, queues: vec![], quarters: vec![], looks: vec![], probed_smp: f64::INFINITY }
    }
}

/// Of one cycle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Queue {
    /// Farthest true reach in metres.
    pub(super) longest_m: f64,
    /// The same as measured on the calibrated ground, and from car lengths alone.
    pub(super) told_m: f64,
    pub(super) told_by_l_m: f64,
}

/// Flow of a quarter of an hour.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quarter {
    pub(super) vehicles: f64,
    pub(super) told_vehicles: f64,
    pub(super) smp: f64,
    pub(super) told_smp: f64,
}

/// The whole road in view up to the stop line.
fn zone() -> (Polygon<Norm>, Line<Norm>) {
    let (back, near) = (VIEW_M + 2.0, row(0.0));
    let corner = |metres: f64, side: f64| Point::new(column(metres, side), row(metres));
    let corners = [corner(back, -4.0), corner(back, 4.0), corner(-1.0, 4.0), corner(-1.0, -4.0)];
    (Polygon::new(corners.to_vec()).expect("four corners"), Line::new(Point::new(0.0, near), Point::new(1.0, near)))
}

fn ground() -> Ground {
    let points = [0.0, 40.0, 100.0].into_iter().flat_map(|metres| [-3.5, 3.5].map(|side| (metres, side)));
    let point = |(metres, side)| GroundPoint {
        image: Point::new(column(metres, side), row(metres)),
        ground: Point::new(side as f32, metres as f32),
    };
    Ground::fit(points.map(point).collect()).expect("six points of a plane")
}

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

fn camera() -> CameraSettings {
    let (polygon, line) = zone();
    let zone = Zone { name: "utara".into(), kind: ZoneUse::Approach, polygon, area_m2: None, direction: None, stop_line: Some(line) };
    let rule = CongestionSettings {
        name: slug("macet"),
        zone: slug("utara"),
        free_flow_l_s: 1.5,
        enter_below: 0.25,
        exit_above: 0.35,
        window: Duration::from_secs(120),
        hold: Duration::from_secs(180),
        min_vehicles: 3.0,
        update_every: Duration::from_secs(300),
        cycle: None,
        residual_smp: 7.0,
        clear_hold: Duration::from_secs(300),
        exit_zone: None,
        emp: EmpTable::default(),
    };
    CameraSettings {
        id: slug("cam"),
        name: "Kamera uji".into(),
        source: SourceSettings::Simulated { seed: 1 },
        analyse_fps: 2.0,
        bearing_deg: None,
        detect: CameraDetectSettings { crops: 0, min_score: None, classes: Class::ALL.to_vec() },
        track: TrackSettings::default(),
        track_scores: TrackScores::default(),
        lines: Default::default(),
        zones: [(slug("utara"), zone)].into(),
        view: None,
        calibration: None,
        rules: vec![RuleSettings::Congestion(rule)],
    }
}

fn stamp(secs: f64) -> Stamp {
    Stamp { media: MediaTime::from_secs_f64(secs), wall: WallTime::from_micros((secs * 1e6) as i64) }
}

/// The approach as it is measured, with the truth of the same time beside it.
struct Watch {
    approach: Approach,
    cycle: SignalCycle,
    queue: Queue,
    quarter: Quarter,
    /// Vehicles and smp that had left when the quarter began.
    before: (u32, f64),
}

impl Watch {
    fn new() -> Self {
        let (polygon, line) = zone();
        let place = ApproachPlace { zone: polygon, waiting: vec![], stop_line: Some(line), smp: EmpTable::default().smp };
        let approach = Approach::new(place).on_ground(ground());
        Self { approach, cycle: SignalCycle::new(), queue: Queue::default(), quarter: Quarter::default(), before: (0, 0.0) }
    }

    fn second(&mut self, at: MediaTime, second: &ApproachSecond) {
        self.cycle.observe(at, second.stopped_share as f32);
        self.queue.told_m = self.queue.told_m.max(second.queue_m.unwrap_or(0.0));
        self.queue.told_by_l_m = self.queue.told_by_l_m.max(second.queue_l * L_M);
        self.quarter.told_vehicles += f64::from(second.discharged);
        self.quarter.told_smp += second.discharged_smp;
    }

    fn truth(&mut self, traffic: &Traffic) {
        self.queue.longest_m = self.queue.longest_m.max(traffic.queue_m());
    }

    fn quarter(&mut self, traffic: &Traffic) -> Quarter {
        let (vehicles, smp) = traffic.discharged();
        let (earlier, earlier_smp) = std::mem::replace(&mut self.before, (vehicles, smp));
        Quarter { vehicles: f64::from(vehicles - earlier), smp: smp - earlier_smp, ..std::mem::take(&mut self.quarter) }
    }
}

/// Whether a multiple of `every` ends with this step.
fn ends(step: usize, every: f64) -> bool {
    (step + 1).is_multiple_of((every / STEP).round() as usize)
}

/// The run.
pub(super) fn run(plan: Plan<'_>) -> Outcome {
    let mut rules = RuleSet::build(&camera(), "/kota/atcs/simpang/edge-01").expect("builds");
    let (mut scene, mut out, mut told, mut watch) = (SceneState::new(), Findings::default(), Outcome::default(), Watch::new());
    let mut traffic = Traffic::new(plan.seed, plan.signal, VIEW_M);
    let (full, mut is_open) = (capacity(plan.signal), false);
    for step in 0..(plan.hours * 3600.0 / STEP) as usize {
        let secs = step as f64 * STEP;
        traffic.step((plan.demand)(secs) * full);
        watch.truth(&traffic);
        if (plan.probe.0..plan.probe.1).contains(&secs) {
            told.probed_smp = told.probed_smp.min(traffic.queued_smp());
        }
        out.clear();
        let scene = scene.observe(stamp(secs), SIZE, traffic.tracks());
        rules.observe(&scene, &mut out);
        if let Some(second) = watch.approach.observe(&scene, STEP, Duration::from_secs(240)) {
            watch.second(scene.at.media, &second);
        }
        for event in &out.events {
            told.begun.extend((event.phase == Phase::New).then_some(secs));
            is_open = event.ended.is_none();
        }
        told.open_secs += if is_open { STEP } else { 0.0 };
        if ends(step, plan.signal.cycle) {
            told.queues.push(std::mem::take(&mut watch.queue));
        }
        if ends(step, QUARTER_S) {
            told.quarters.push(watch.quarter(&traffic));
        }
        if secs >= QUARTER_S && ends(step, LOOK_EVERY_S) {
            told.looks.push(watch.cycle.length().map(|length| length.as_secs_f64()));
        }
    }
    told
}
