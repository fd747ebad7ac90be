//! Measures of one approach, each minute and quarter of an hour.
//!
//! Flow, headway and class are those of the stop line, counted as a line is. Speed, density and the share of the road that is covered are over the zone (Edie
//! 1963). The signal is measured from the traffic where the configuration says nothing about it; then demand over capacity is the degree of saturation. Delay is
//! measured from vehicles that were followed from end to end, else by MKJI 1997, and says which.

mod memory;
mod passage;
mod saturation;
mod sums;

use std::time::Duration;

pub use self::memory::MeasuresMemory;
use self::passage::{Passage, Stretch, Unhindered};
use self::saturation::{Supply, by_formula, measured};
use self::sums::Sums;
use super::cycle_window::CycleWindow;
use super::discharge::Discharge;
use super::line_count::LineCount;
use super::stitched::Stitched;
use crate::base::class::Class;
use crate::base::geom::{Line, Norm, Polygon};
use crate::base::ground::Ground;
use crate::base::id::Slug;
use crate::base::los::LosTable;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::{Anchor, ApproachSettings, LineCountSettings, Zone, ZoneUse};
use crate::event::{ApproachFigures, CycleSource, EndReason, FigureSource, FlowMeasure, FlowReport, Missing};
use crate::rules::memory::{Keeper, Kept};
use crate::rules::period::{Closed, Periods, REPORTED};
use crate::rules::sampling::Sampling;
use crate::rules::{Findings, Rule, RuleMemory};
use crate::scene::{Approach, ApproachPlace, ApproachSecond, Scene, SignalCycle};

/// Measures one approach.
#[derive(Debug)]
pub struct ApproachMeasures {
    camera: Slug,
    settings: ApproachSettings,
    name: String,
    sampling: Sampling,
    stretch: Stretch,
    /// Direction of the line count that leads over the stop line.
    out: Slug,
    counter: LineCount,
    /// What the line count finds, reused.
    counted: Findings,
    approach: Approach,
    passages: Stitched<Passage>,
    unhindered: Unhindered,
    discharge: Discharge,
    cycle: SignalCycle,
    window: CycleWindow,
    /// Since when seconds come in this session.
    since: Option<MediaTime>,
    periods: [(Periods, Sums); 2],
    keeper: Keeper,
}

/// A longer cycle is not looked for in the traffic.
const LONGEST_CYCLE: Duration = Duration::from_secs(300);
/// While no cycle is known, a queue has a usual one to clear.
const USUAL_CYCLE: Duration = Duration::from_secs(120);
/// Resting this many cycles while others leave is parking.
const PARKED_CYCLES: f64 = 1.5;
const PARKED_AT_LEAST: Duration = Duration::from_secs(90);
/// Share of a period that must have been seen for its saturation and delay to mean something.
const COVERAGE: f64 = 0.8;
/// A queue over this share of the approach may reach beyond it.
const OUT_OF_SIGHT: f64 = 0.95;

/// Where the measures are taken.
pub(crate) struct At<'a> {
    pub(crate) camera: &'a Slug,
    pub(crate) zone: &'a Zone,
    pub(crate) stop_line: Line<Norm>,
    pub(crate) all: &'a std::collections::BTreeMap<Slug, Zone>,
    pub(crate) ground: Option<&'a Ground>,
}

impl ApproachMeasures {
    /// Measures the zone in `at`.
    pub(crate) fn new(settings: ApproachSettings, at: &At<'_>, sampling: Sampling) -> Self {
        let stop_line = facing(at.stop_line, &at.zone.polygon);
        let waiting = at.all.values().filter(|zone| zone.kind == ZoneUse::Waiting).map(|zone| zone.polygon.clone());
        let place =
            ApproachPlace { zone: at.zone.polygon.clone(), waiting: waiting.collect(), stop_line: Some(stop_line), smp: settings.emp.smp };
        let slug = |text| Slug::new(text).expect("a literal of small letters");
        let (out, back) = (slug("out"), slug("back"));
        let counting = LineCountSettings {
            name: settings.name.clone(),
            line: settings.zone.clone(),
            // The zone lies to the right.
            to_right: back,
            to_left: out.clone(),
            classes: Class::ALL.into_iter().filter(|class| class.is_vehicle()).collect(),
            anchor: Anchor::Foot,
        };
        let longest = settings.cycle.unwrap_or(LONGEST_CYCLE);
        Self {
            camera: at.camera.clone(),
            name: at.zone.name.clone(),
            sampling,
            stretch: Stretch { zone: at.zone.polygon.clone(), stop_line, ground: at.ground.cloned() },
            out,
            counter: LineCount::new(at.camera.clone(), counting, stop_line),
            counted: Findings::default(),
            approach: Approach::new(place),
            passages: Stitched::default(),
            unhindered: Unhindered::new(),
            discharge: Discharge::new(),
            cycle: SignalCycle::new(),
            window: CycleWindow::new(longest),
            since: None,
            periods: REPORTED.map(|length| (Periods::new(length), Sums::default())),
            keeper: Keeper::new(&settings.name, [at.zone]),
            settings,
        }
    }

    fn cycle(&self) -> Option<(Duration, CycleSource)> {
        let found = || self.cycle.length().map(|cycle| (cycle, CycleSource::Estimated));
        self.settings.cycle.map(|cycle| (cycle, CycleSource::Configured)).or_else(found)
    }

    /// Counts who passes the stop line.
    fn count(&mut self, scene: &Scene<'_>) {
        self.counted.clear();
        self.counter.observe(scene, &mut self.counted);
        self.take_counted();
    }

    fn take_counted(&mut self) {
        for crossing in self.counted.crossings.iter().filter(|crossing| crossing.direction == self.out) {
            let smp = self.settings.emp.of_class(crossing.class);
            self.discharge.pass(crossing.at, smp);
            self.periods.iter_mut().for_each(|(_, sums)| sums.pass(crossing.class, crossing.at, smp));
        }
    }

    /// Follows who comes to the stop line.
    fn follow(&mut self, scene: &Scene<'_>) {
        let Self { passages, unhindered, periods, stretch, settings, .. } = self;
        passages.observe(
            scene,
            |_, _| Passage::Before,
            |track, way| {
                let class = way.class();
                let Some(traverse) = way.own.see(track, class, scene, stretch) else { return };
                unhindered.learn(&traverse);
                let Some(delay) = unhindered.delay_secs(&traverse) else { return };
                let smp = settings.emp.of_class(class);
                periods.iter_mut().for_each(|(_, sums)| sums.delays.add(&traverse, delay, smp));
            },
        );
        passages.settle(scene.at.media, |_| {});
    }

    fn second(&mut self, now: MediaTime, second: ApproachSecond) {
        self.cycle.observe(now, second.stopped_share as f32);
        self.discharge.second(now, second.queue_smp);
        self.window.push(now, second);
        let since = *self.since.get_or_insert(now);
        self.periods.iter_mut().for_each(|(_, sums)| sums.second(&second));
        let cycle = self.cycle().map_or(USUAL_CYCLE, |(cycle, _)| cycle);
        if now.since(since) >= cycle {
            let figures = self.window.figures(now, cycle);
            if figures.coverage >= COVERAGE {
                self.periods.iter_mut().for_each(|(_, sums)| sums.cycle(figures.residual_l, figures.residual_smp));
            }
        }
    }

    fn report(&mut self, over: [Option<Closed>; 2], out: &mut Findings) {
        for (index, closed) in over.into_iter().enumerate() {
            let Some(closed) = closed else { continue };
            let sums = std::mem::take(&mut self.periods[index].1);
            let measure = FlowMeasure::Approach(Box::new(self.figures(&sums, closed)));
            let (camera, place) = (self.camera.clone(), self.settings.zone.clone());
            out.reports.push(FlowReport { camera, place, from: closed.from, to: closed.to, measure });
        }
    }

    fn figures(&self, sums: &Sums, closed: Closed) -> ApproachFigures {
        let coverage = (sums.observed_secs / closed.secs()).clamp(0.0, 1.0);
        let length_l = self.unhindered.length_l();
        let mut figures = ApproachFigures {
            name: self.name.clone(),
            counts: sums.counts,
            coverage,
            headway_s: sums.headway_s(),
            speed_l_s: sums.speed_l_s(),
            vehicles_mean: sums.vehicles_mean(),
            stopped_share: sums.stopped_share(),
            area_occupancy: sums.area_occupancy(),
            length_l,
            metres_per_l: self.unhindered.metres_per_l(),
            queue_max_l: sums.queue_max_l,
            queue_residual: sums.residual,
            cycle: self.cycle().map(|(cycle, source)| (cycle.as_secs_f64(), source)),
            green: self.green(),
            saturation_smp_h: self.saturation(),
            demand_smp_h: None,
            degree_of_saturation: None,
            delay: None,
            level: None,
            los_table: self.settings.los,
            is_out_of_sight: length_l.is_some_and(|length| sums.queue_max_l >= OUT_OF_SIGHT * length),
            missing: Vec::new(),
        };
        if figures.speed_l_s.is_none() {
            figures.missing.push(Missing::Nobody);
        }
        if figures.queue_residual.is_none() {
            figures.missing.push(Missing::NoWholeCycle);
        }
        self.judge(&mut figures, sums, closed.secs());
        figures.missing.sort_unstable();
        figures
    }

    fn green(&self) -> Option<(f64, FigureSource)> {
        let measured = || self.discharge.green_secs().map(|secs| (secs, FigureSource::Measured));
        self.settings.green.map(|green| (green.as_secs_f64(), FigureSource::Configured)).or_else(measured)
    }

    fn saturation(&self) -> Option<(f64, FigureSource)> {
        let measured = || self.discharge.saturation().map(|smp_s| (smp_s * 3600.0, FigureSource::Measured));
        self.settings.saturation_smp_h.map(|flow| (flow, FigureSource::Configured)).or_else(measured)
    }

    /// Saturation, delay and level of service: only over whole cycles that were seen.
    fn judge(&self, figures: &mut ApproachFigures, sums: &Sums, secs: f64) {
        if secs < 60.5 || figures.cycle.is_some_and(|(cycle, _)| secs < cycle) {
            figures.missing.push(Missing::ShorterThanCycle);
            return;
        }
        if figures.coverage < COVERAGE {
            figures.missing.push(Missing::Coverage);
            return;
        }
        figures.demand_smp_h = sums.demand_smp_h();
        let supply = supply(figures);
        match (supply, figures.cycle) {
            (None, None) => figures.missing.push(Missing::NoCycle),
            (None, Some(_)) => figures.missing.push(Missing::NoDischarge),
            (Some(_), _) => {}
        }
        figures.degree_of_saturation = supply.zip(figures.demand_smp_h).map(|(supply, demand)| demand / supply.capacity_smp_h());
        let followed = measured(&sums.delays, sums.counts.iter().sum(), figures.length_l).filter(|_| !figures.is_out_of_sight);
        let formula = || supply.zip(figures.demand_smp_h).map(|(supply, demand)| by_formula(supply, demand));
        figures.delay = followed.or_else(formula).or_else(|| measured(&sums.delays, sums.counts.iter().sum(), figures.length_l));
        if figures.delay.is_none() {
            figures.missing.push(Missing::NotFollowed);
        }
        figures.level = figures.delay.map(|delay| {
            let secs = match self.settings.los {
                LosTable::Pm96 => delay.per_smp_s,
                LosTable::Hcm6 => delay.per_vehicle_s,
            };
            self.settings.los.level(secs, figures.degree_of_saturation)
        });
    }
}

/// What the signal gives, when all of it is known and fits together.
fn supply(figures: &ApproachFigures) -> Option<Supply> {
    let ((cycle_secs, _), (green_secs, _), (saturation_smp_h, _)) = (figures.cycle?, figures.green?, figures.saturation_smp_h?);
    (green_secs < cycle_secs).then_some(Supply { saturation_smp_h, green_secs, cycle_secs })
}

/// The line with the zone to its right.
fn facing(line: Line<Norm>, zone: &Polygon<Norm>) -> Line<Norm> {
    let side: f32 = zone.corners().iter().map(|&corner| line.signed_distance(corner)).sum();
    if side < 0.0 { Line::new(line.b, line.a) } else { line }
}

impl Rule for ApproachMeasures {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        let over = self.periods.each_mut().map(|(periods, _)| periods.advance(scene.at));
        self.report(over, out);
        let secs = self.sampling.secs(scene);
        self.periods.iter_mut().for_each(|(_, sums)| sums.observed_secs += secs);
        self.count(scene);
        self.follow(scene);
        let parked_after = self.cycle().map_or(USUAL_CYCLE, |(cycle, _)| cycle).mul_f64(PARKED_CYCLES).max(PARKED_AT_LEAST);
        if let Some(second) = self.approach.observe(scene, secs, parked_after) {
            self.second(scene.at.media, second);
        }
    }

    fn signal_cycle(&self) -> Option<Duration> {
        self.cycle().map(|(cycle, _)| cycle)
    }

    /// What was learned about the approach and its signal stays: the view is the same.
    fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        self.counted.clear();
        self.counter.finish(at, reason, &mut self.counted);
        self.take_counted();
        let over = self.periods.each_mut().map(|(periods, _)| periods.finish(at.media));
        self.report(over, out);
        self.periods.iter_mut().for_each(|(_, sums)| *sums = Sums::default());
        self.approach.restart();
        self.passages = Stitched::default();
        self.discharge.restart();
        self.cycle.restart();
        self.window.clear();
        self.since = None;
    }

    fn memory(&self) -> Option<RuleMemory> {
        Some(self.keeper.keep(Kept::Approach(MeasuresMemory {
            approach: self.approach.memory(),
            cycle_secs: self.cycle.length().map(|cycle| cycle.as_secs_f64()),
            discharge: self.discharge.memory(),
            unhindered: self.unhindered.memory(),
        })))
    }

    fn recall(&mut self, memory: &RuleMemory) -> bool {
        let (true, Kept::Approach(known)) = (self.keeper.is_mine(memory), &memory.kept) else { return false };
        known.approach.iter().for_each(|known| self.approach.recall(known));
        let cycle = known.cycle_secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok());
        cycle.into_iter().for_each(|cycle| self.cycle.recall(cycle));
        self.discharge.recall(&known.discharge);
        self.unhindered.recall(&known.unhindered);
        true
    }
}
