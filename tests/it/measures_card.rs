//! Turning movements and the measures of an approach on generated traffic, against what is true there.
//!
//! The short form runs with every `cargo test`; `SIMPANG_LONG=1` runs more seeds and prints the same figures. Parameters were chosen on
//! seeds 1 to 4 and 101; 201 to 208 judge (`make scorecard-measures`).

mod junction_traffic;

use std::time::Duration;

use junction_traffic::{ARMS, CYCLE, Flaws, MOUTH_M, SIZE, STEP, Traffic, ZONE_M, capacity, place, project};
use simpang::base::class::Class;
use simpang::base::emp::EmpTable;
use simpang::base::geom::{Line, Norm, Point, Polygon};
use simpang::base::ground::{Ground, GroundPoint};
use simpang::base::id::Slug;
use simpang::base::los::LosTable;
use simpang::base::time::{MediaTime, Stamp, WallTime};
use simpang::config::settings::{
    ApproachSettings, Arm, Calibration, CameraDetectSettings, CameraSettings, Gate, MovementsSettings, RuleSettings, SourceSettings,
    TrackScores, TrackSettings, Ways, Zone, ZoneUse,
};
use simpang::event::{ApproachFigures, EndReason, FlowMeasure, FlowReport, MovementCounts};
use simpang::rules::{Findings, RuleSet};
use simpang::scene::SceneState;

const FLAWS: Flaws = Flaws { missed: 0.05, breaks: 1.0 / 60.0, cut: 0.12 };

/// Smp of a vehicle on average, by the shares of the classes in the traffic.
const MEAN_SMP: f64 = 0.55 * 0.2 + 0.37 + 0.08 * 1.3;

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

fn norm(at: (f64, f64)) -> Point<Norm> {
    SIZE.to_norm(project(at))
}

/// Across the lanes on one side of an arm, with the junction to the right.
fn mouth(arm: usize, from: f64, to: f64) -> Line<Norm> {
    let (a, b) = (norm(place(arm, MOUTH_M, from)), norm(place(arm, MOUTH_M, to)));
    let line = Line::new(a, b);
    if line.signed_distance(norm((0.0, 0.0))) > 0.0 { line } else { Line::new(b, a) }
}

fn movements() -> MovementsSettings {
    let gates = (0..4).flat_map(|arm| {
        let gate = |line, ways| Gate { line, arm, ways };
        [gate(mouth(arm, 0.2, 7.4), Ways::In), gate(mouth(arm, -0.2, -7.4), Ways::Out)]
    });
    MovementsSettings {
        name: slug("movements"),
        arms: ARMS.iter().map(|arm| Arm { id: slug(arm), name: (*arm).to_owned() }).collect(),
        gates: gates.collect(),
        classes: Class::ALL.into_iter().filter(|class| class.is_vehicle()).collect(),
    }
}

/// The lanes into the junction of the first arm.
fn approach_zone() -> Zone {
    let corners = [(ZONE_M, 0.0), (ZONE_M, 7.4), (MOUTH_M - 1.0, 7.4), (MOUTH_M - 1.0, 0.0)].map(|(out, left)| norm(place(0, out, left)));
    Zone {
        name: "barat".into(),
        kind: ZoneUse::Approach,
        polygon: Polygon::new(corners.to_vec()).expect("four corners"),
        area_m2: None,
        direction: None,
        stop_line: Some(mouth(0, -0.2, 7.6)),
    }
}

/// The ground as four points on the kerbs would give it.
fn ground() -> Ground {
    let points = [(-80.0, -8.0), (-80.0, 8.0), (30.0, -40.0), (30.0, 40.0), (-10.0, 0.0), (60.0, 5.0)];
    let point = |(x, y): (f64, f64)| GroundPoint { image: norm((x, y)), ground: Point::new(x as f32, y as f32) };
    Ground::fit(points.map(point).to_vec()).expect("a view of the ground")
}

fn camera() -> CameraSettings {
    let approach = ApproachSettings {
        name: slug("approach"),
        zone: slug("barat"),
        cycle: None,
        green: None,
        saturation_smp_h: None,
        emp: EmpTable::default(),
        los: LosTable::Pm96,
    };
    CameraSettings {
        id: slug("cam"),
        name: "Kamera uji".into(),
        source: SourceSettings::Simulated { seed: 1 },
        analyse_fps: (1.0 / STEP) as f32,
        bearing_deg: None,
        detect: CameraDetectSettings { crops: 0, min_score: None, classes: Class::ALL.to_vec() },
        track: TrackSettings::default(),
        track_scores: TrackScores::default(),
        lines: Default::default(),
        zones: [(slug("barat"), approach_zone())].into(),
        view: None,
        calibration: Some(Calibration { ground: ground(), distances: Vec::new() }),
        rules: vec![RuleSettings::Movements(movements()), RuleSettings::Approach(approach)],
    }
}

fn stamp(secs: f64) -> Stamp {
    Stamp { media: MediaTime::from_secs_f64(secs), wall: WallTime::from_micros((secs * 1e6) as i64) }
}

/// The reports of some quarters of an hour, and what was true. Every arm has `saturation` of its capacity.
fn run(seed: u64, quarters: u32, saturation: f64, flaws: Flaws) -> (Vec<FlowReport>, Traffic) {
    let mut rules = RuleSet::build(&camera(), "/kota/atcs/simpang/edge-01").expect("builds");
    let (mut scene, mut out) = (SceneState::new(), Findings::default());
    let mut traffic = Traffic::new(seed, [saturation * capacity(); 4], flaws);
    let steps = (f64::from(quarters) * 900.0 / STEP) as u64;
    for step in 0..steps {
        traffic.step();
        rules.observe(&scene.observe(stamp(step as f64 * STEP), SIZE, traffic.tracks()), &mut out);
    }
    rules.finish(stamp(steps as f64 * STEP), EndReason::CameraLost, &mut out);
    (out.reports, traffic)
}

fn quarter_of(report: &FlowReport) -> Option<usize> {
    let from = report.from.as_micros() / 1_000_000;
    (report.from.secs_until(report.to) > 600.0).then_some((from / 900) as usize)
}

fn matrices(reports: &[FlowReport]) -> Vec<(usize, &MovementCounts)> {
    let measured = |report| match (quarter_of(report), &report.measure) {
        (Some(quarter), FlowMeasure::Movements(counts)) => Some((quarter, counts)),
        _ => None,
    };
    reports.iter().filter_map(measured).collect()
}

fn approaches(reports: &[FlowReport]) -> Vec<(usize, &ApproachFigures)> {
    let measured = |report| match (quarter_of(report), &report.measure) {
        (Some(quarter), FlowMeasure::Approach(figures)) => Some((quarter, &**figures)),
        _ => None,
    };
    reports.iter().filter_map(measured).collect()
}

fn scale() -> (Vec<u64>, u32) {
    let is_long = std::env::var("SIMPANG_LONG").is_ok_and(|value| value == "1");
    let seeds = std::env::var("SIMPANG_SEEDS").ok();
    let seeds = seeds.map(|text| text.split(',').map(|seed| seed.parse().expect("SIMPANG_SEEDS is a list of numbers")).collect());
    if is_long { (seeds.unwrap_or((201..=208).collect()), 8) } else { (seeds.unwrap_or(vec![101]), 3) }
}

/// Truth and measure of one kind, added up.
#[derive(Debug, Default)]
struct Compared {
    truth: u32,
    counted: u32,
    /// Vehicles in a cell too many or too few.
    wrong: u32,
    unknown: u32,
    inferred: u32,
    /// Cells of a quarter of an hour, and those with GEH (of hourly flows) below 5.
    cells: u32,
    good: u32,
}

fn compare(reports: &[FlowReport], traffic: &Traffic) -> Compared {
    let mut sum = Compared::default();
    for (quarter, counts) in matrices(reports) {
        sum.unknown += counts.unknown.iter().sum::<u32>();
        for movement in &counts.movements {
            let place = |id: &Slug| ARMS.iter().position(|arm| *arm == id.as_str()).expect("an arm");
            let key = (place(&movement.entry), place(&movement.exit));
            let is_here = |(at, entry, exit, _): &&(f64, usize, usize, Class)| (*at / 900.0) as usize == quarter && (*entry, *exit) == key;
            let truth = traffic.truth.movements.iter().filter(is_here).count() as u32;
            let counted = movement.counts.iter().sum::<u32>();
            let (hourly, true_hourly) = (4.0 * f64::from(counted), 4.0 * f64::from(truth));
            let geh = (2.0 * (hourly - true_hourly).powi(2) / (hourly + true_hourly).max(1.0)).sqrt();
            sum.truth += truth;
            sum.counted += counted;
            sum.wrong += truth.abs_diff(counted);
            sum.inferred += movement.inferred;
            sum.cells += 1;
            sum.good += u32::from(geh < 5.0);
        }
    }
    sum
}

#[test]
fn the_matrix_of_turning_movements_is_that_of_the_traffic() {
    let (seeds, quarters) = scale();
    for (name, flaws) in [("both gates seen", Flaws { cut: 0.0, ..FLAWS }), ("one gate unseen of one in eight", FLAWS)] {
        for &seed in &seeds {
            let (reports, traffic) = run(seed, quarters, 0.7, flaws);
            let sum = compare(&reports, &traffic);
            println!("{name}, seed {seed}: {sum:?}");
            assert!(f64::from(sum.good) >= 0.95 * f64::from(sum.cells), "{name}, seed {seed}: {sum:?}");
            // Who is unknown is missing somewhere; beyond that, a wrong place counts twice.
            assert!(f64::from(sum.wrong.saturating_sub(sum.unknown)) <= 0.03 * f64::from(sum.truth), "{name}, seed {seed}: {sum:?}");
            assert!(f64::from(sum.unknown) <= 0.1 * f64::from(sum.truth), "{name}, seed {seed}: {sum:?}");
            assert!(f64::from(sum.counted + sum.unknown) <= 1.02 * f64::from(sum.truth), "nobody twice: {name}, seed {seed}: {sum:?}");
        }
    }
}

#[test]
fn saturation_and_delay_of_an_approach_are_those_of_the_traffic() {
    let (seeds, quarters) = scale();
    for saturation in [0.5, 0.7, 0.85] {
        let (mut off_saturation, mut off_delay, mut asked) = (Vec::new(), Vec::new(), 0);
        for &seed in &seeds {
            let (reports, traffic) = run(seed, quarters, saturation, Flaws { cut: 0.02, ..FLAWS });
            for (quarter, figures) in approaches(&reports).into_iter().skip(1) {
                let here = || traffic.truth.delays.iter().filter(|(at, arm, ..)| (*at / 900.0) as usize == quarter && *arm == 0);
                let passed = here().count() as f64;
                let true_delay = here().map(|(.., delay)| delay).sum::<f64>() / passed;
                let arrived = traffic.truth.arrivals.iter().filter(|(at, arm, _)| (*at / 900.0) as usize == quarter && *arm == 0);
                let demand_smp = arrived.map(|(.., class)| EmpTable::default().of_class(*class)).sum::<f64>() * 4.0;
                let true_saturation = demand_smp / (capacity() * MEAN_SMP);
                let measured = figures.degree_of_saturation;
                let delay = figures.delay;
                asked += 1;
                println!(
                    "DS {saturation}, seed {seed}, quarter {quarter}: passed {passed} counted {} DS {true_saturation:.2} measured {measured:.2?} green {:.1?} S {:.0?} \
                     cycle {:.1?} delay {true_delay:.1} measured {delay:.1?} queue {:.1} of {:.1?} level {:?}",
                    figures.counts.iter().sum::<u32>(),
                    figures.green,
                    figures.saturation_smp_h,
                    figures.cycle,
                    figures.queue_max_l,
                    figures.length_l,
                    figures.level
                );
                off_saturation.extend(measured.map(|measured| measured / true_saturation - 1.0));
                off_delay.extend(delay.map(|delay| delay.per_vehicle_s - true_delay));
            }
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let worst = |values: &[f64]| values.iter().map(|value| value.abs()).fold(0.0, f64::max);
        println!(
            "DS {saturation}: degree of saturation known in {} of {asked} quarters, off by {:.1} % on average, {:.1} % at most; delay in {}, off by \
             {:.1} s, {:.1} s at most; seeds {seeds:?}, cycle {CYCLE} s",
            off_saturation.len(),
            100.0 * mean(&off_saturation),
            100.0 * worst(&off_saturation),
            off_delay.len(),
            mean(&off_delay),
            worst(&off_delay)
        );
        let known = off_saturation.len().min(off_delay.len());
        assert!(known * 2 > asked, "DS {saturation}: known in {known} of {asked}");
        assert!(mean(&off_saturation).abs() <= 0.15, "DS {saturation}: {off_saturation:?}");
        assert!(mean(&off_delay).abs() <= 5.0, "DS {saturation}: {off_delay:?}");
    }
}

#[test]
fn speed_density_and_queue_of_an_approach_are_those_of_the_traffic() {
    let (seeds, quarters) = scale();
    let (mut speed, mut density, mut queue) = (Vec::new(), Vec::new(), Vec::new());
    for saturation in [0.4, 0.6, 0.8] {
        for &seed in &seeds {
            let (reports, traffic) = run(seed, quarters, saturation, Flaws { cut: 0.02, ..FLAWS });
            for (quarter, figures) in approaches(&reports).into_iter().skip(1) {
                let truth = traffic.truth.stretch[quarter];
                let metres = figures.metres_per_l.expect("calibrated");
                let length_m = ZONE_M - MOUTH_M;
                speed.push(figures.speed_l_s.expect("traffic") * metres / (truth.travelled_m / truth.spent_secs) - 1.0);
                let density_m = figures.vehicles_mean / (figures.length_l.expect("traffic") * metres);
                density.push(density_m / (truth.spent_secs / 900.0 / length_m) - 1.0);
                queue.push(figures.queue_max_l * metres - truth.queue_max_m);
            }
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let size = |values: &[f64]| values.iter().map(|value| value.abs()).sum::<f64>() / values.len() as f64;
    println!(
        "Edie's speed off by {:.1} % on average ({:.1} % in size), density by {:.1} % ({:.1} %), longest queue by {:.1} m ({:.1} m), {} quarters, seeds {seeds:?}",
        100.0 * mean(&speed),
        100.0 * size(&speed),
        100.0 * mean(&density),
        100.0 * size(&density),
        mean(&queue),
        size(&queue),
        speed.len()
    );
    assert!(size(&speed) <= 0.15, "{speed:?}");
    assert!(size(&density) <= 0.15, "{density:?}");
    assert!(size(&queue) <= 8.0, "{queue:?}");
}

#[test]
fn a_minute_says_flow_and_queue_and_leaves_the_rest_to_the_quarter_of_an_hour() {
    let (reports, _) = run(7, 1, 0.6, FLAWS);
    let minutes: Vec<&ApproachFigures> = reports
        .iter()
        .filter_map(|report| match &report.measure {
            FlowMeasure::Approach(figures) if report.from.secs_until(report.to) <= Duration::from_secs(60).as_secs_f64() => {
                Some(&**figures)
            }
            _ => None,
        })
        .collect();
    assert_eq!(minutes.len(), 15);
    assert!(minutes.iter().all(|figures| figures.degree_of_saturation.is_none() && figures.delay.is_none() && figures.level.is_none()));
    assert!(minutes.iter().any(|figures| figures.counts.iter().sum::<u32>() > 0 && figures.queue_max_l > 3.0));
}
