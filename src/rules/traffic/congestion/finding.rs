//! What a message about congestion says.

use std::time::Duration;

use super::CYCLES_TO_END;
use super::evidence::{LEFT_BEHIND_CYCLES, OUTGROWN_CYCLES, USED_UP_CYCLES};
use super::judged::{BEYOND_DOUBT, FULL, Judged, LITTLE, NEARLY, OVERFULL, RECOVERED, SHARE_OF_ROOM, SURPRISING, VERY_SURPRISING};
use crate::base::class::Class;
use crate::base::time::Stamp;
use crate::config::settings::CongestionSettings;
use crate::event::{CycleSource, Finding, Kind, Measurement, RuleText, Severity};
use crate::rules::episode::{earlier, two_decimals};

/// What is told: the cycle that was judged, how its length is known, and what it is.
pub(super) struct Told<'a> {
    pub(super) judged: &'a Judged<'a>,
    pub(super) cycle: Duration,
    pub(super) source: CycleSource,
    pub(super) grade: (Kind, Severity),
}

impl Told<'_> {
    /// The figures of the cycle that ends now.
    pub(super) fn finding(&self, now: Stamp) -> Finding {
        let (kind, severity) = self.grade;
        let (confidence, measurement) = (two_decimals(self.confidence()) as f32, self.measurement(now));
        Finding { kind, severity, confidence, measurement, involved: Vec::new(), why: Vec::new() }
    }

    /// The coverage times a half at the threshold, rising to one with the queue and with standstill, and a tenth less where the cycle is only assumed: how
    /// far the finding is from not being one, not a probability.
    fn confidence(&self) -> f64 {
        let judged = self.judged;
        let slow = judged.ratio().map_or(0.0, |ratio| 1.0 - (ratio / judged.settings().enter_below).clamp(0.0, 1.0));
        let long = (judged.excess() - 1.0).clamp(0.0, 1.0);
        let sure = if self.source == CycleSource::Assumed { 0.9 } else { 1.0 };
        judged.figures().coverage * sure * (0.5 + 0.25 * slow + 0.25 * long)
    }

    fn measurement(&self, now: Stamp) -> Measurement {
        let (judged, figures) = (self.judged, self.judged.figures());
        let counts = Class::ALL.into_iter().zip(figures.present).filter(|(_, mean)| *mean >= 0.5);
        let per_hour = |per_sec: f64| (per_sec * 3600.0).round();
        Measurement {
            window_start: Some(earlier(now, Duration::from_secs_f64(figures.secs)).wall.to_string()),
            window_end: Some(now.wall.to_string()),
            window_s: Some(figures.secs),
            coverage: Some(two_decimals(figures.coverage)),
            speed_ratio: judged.ratio().map(two_decimals),
            speed_l_s: figures.speed_l_s.map(two_decimals),
            free_flow_l_s: Some(two_decimals(judged.free_flow_l_s())),
            stopped_share: figures.stopped_share.map(two_decimals),
            vehicles_mean: Some(two_decimals(figures.vehicles())),
            area_occupancy: Some(two_decimals(figures.area_occupancy)),
            cycle_s: Some(two_decimals(self.cycle.as_secs_f64())),
            cycle_source: Some(self.source),
            queue_max_l: Some(two_decimals(figures.longest_l)),
            queue_residual_l: Some(two_decimals(figures.residual_l)),
            queue_residual_pcu: Some(two_decimals(figures.residual_smp)),
            flow_veh_h: figures.per_hour(f64::from(figures.discharged)).map(f64::round),
            flow_pcu_h: figures.per_hour(figures.discharged_smp).map(f64::round),
            queue_max_m: figures.longest_m.map(f64::round),
            queue_residual_m: figures.residual_m.map(f64::round),
            arrivals_veh_h: judged.demand().map(|demand| per_hour(demand.now)),
            usual_arrivals_veh_h: judged.demand().map(|demand| per_hour(demand.usual)),
            capacity_veh_h: judged.demand().and_then(|demand| demand.capacity).map(per_hour),
            counts: counts.map(|(class, mean)| (class.name().to_owned(), mean.round() as u32)).collect(),
            ..Measurement::default()
        }
    }
}

pub(super) fn rule_text(settings: &CongestionSettings) -> RuleText {
    let cycle = match settings.cycle {
        Some(cycle) => format!("{} s", cycle.as_secs_f64()),
        None => format!("estimated, else {} s", settings.window.as_secs_f64()),
    };
    let (hold, clear) = (settings.hold.as_secs_f64(), settings.clear_hold.as_secs_f64());
    let (residual, least) = (settings.residual_smp, settings.min_vehicles);
    RuleText {
        id: "congestion.v4".to_owned(),
        enter: format!(
            "queue left by the green > {residual} smp | > {least} smp & mean speed < {slow} of free flow, for {LEFT_BEHIND_CYCLES} cycles ({cycle}); \
             zone never emptier than {SHARE_OF_ROOM} of its room for {USED_UP_CYCLES} cycles; one of these & {SURPRISING} sd more vehicles in \
             {OUTGROWN_CYCLES} cycles than usual & {FULL} of the capacity, or {VERY_SURPRISING} sd & {OVERFULL} of the capacity & {LITTLE} of that share; \
             while the capacity is not known {SURPRISING} sd, or {BEYOND_DOUBT} sd & {NEARLY} of it; & {hold} s",
            slow = settings.enter_below
        ),
        exit: format!(
            "queue left by the green < half of that & (mean speed > {} of free flow | queue < {} smp); for {CYCLES_TO_END} cycles & {clear} s",
            settings.exit_above,
            RECOVERED * least
        ),
    }
}
