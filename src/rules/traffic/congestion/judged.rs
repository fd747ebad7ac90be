//! One cycle of the signal beside what is usual: is this congestion, is it over, and of which class?

use super::COVERAGE;
use super::usual_demand::Demand;
use crate::config::settings::CongestionSettings;
use crate::event::{Kind, Severity};
use crate::rules::hold::Truth;
use crate::rules::traffic::cycle_window::CycleFigures;
use crate::rules::traffic::free_flow::FreeFlow;

/// Share of the threshold below which the residual queue must fall to end; enter and exit lie apart, so that events do not flutter.
pub(super) const RECOVERED: f64 = 0.5;
/// A zone that is never emptier than this share of the smp that find room in it discharges a queue, in sight or out of it, up to the end of the green: at
/// saturation flow about 0.45 of the room is taken, at the end of a green that had something to spare 0.1 to 0.3.
pub(super) const SHARE_OF_ROOM: f64 = 0.35;
/// This share of that is a green with little to spare, and this one with next to nothing.
pub(super) const LITTLE: f64 = 0.3;
pub(super) const NEARLY: f64 = 0.5;
/// A zone too short for the queue that is congestion shows its end: a queue that still stands over this share of the room reaches out of sight.
const SHARE_LEFT: f64 = 1.0 / 3.0;
/// Standard deviations above the usual demand of two cycles that chance does not reach in days where the green is used up, where little is spared of it,
/// and, where nobody knows what it lets pass, next to nothing.
pub(super) const SURPRISING: f64 = 3.5;
pub(super) const VERY_SURPRISING: f64 = 4.0;
pub(super) const BEYOND_DOUBT: f64 = 5.0;
/// Demand over the capacity that the green cannot serve: where it is used up, and where little is spared. Both are above one because the capacity
/// comes out 2 to 6 % small where the queues are short.
pub(super) const FULL: f64 = 1.03;
pub(super) const OVERFULL: f64 = 1.05;
/// Vehicles that must have passed for a cycle's speed to say what is usual: fewer may all have met the green.
const TEACHING: u32 = 5;
/// Twice the threshold is stationary, where speed says so too.
const STATIONARY: f64 = 2.0;
/// Speed over free-flow speed below which DATEX II calls traffic stationary, queuing and slow.
const STANDSTILL: f64 = 0.10;
const QUEUING: f64 = 0.25;
const SLOW: f64 = 0.75;

/// The figures of one cycle beside what is usual.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged<'a> {
    settings: &'a CongestionSettings,
    figures: CycleFigures,
    free_flow_l_s: f64,
    is_usual_known: bool,
    /// Speed over free speed.
    ratio: Option<f64>,
    /// Queue that a green may leave standing in sight, in smp: as configured, or what a zone too short for it can show.
    residual_smp: f64,
    /// Vehicles in the zone that are never fewer while the queue discharges to the end of the green, in smp.
    full_smp: Option<f64>,
    /// What came in the last two cycles beside the usual, where that is known.
    demand: Option<Demand>,
}

impl<'a> Judged<'a> {
    pub(super) fn new(settings: &'a CongestionSettings, figures: CycleFigures, free_flow: &FreeFlow, demand: Option<Demand>) -> Self {
        let (free_flow_l_s, is_usual_known) = (free_flow.speed_l_s(), free_flow.learned().is_some());
        let ratio = figures.speed_l_s.map(|speed| speed / free_flow_l_s);
        let full_smp = figures.room_smp.map(|room| (SHARE_OF_ROOM * room).max(settings.min_vehicles));
        let in_sight = figures.room_smp.map_or(f64::INFINITY, |room| (SHARE_LEFT * room).max(settings.min_vehicles));
        let residual_smp = settings.residual_smp.min(in_sight);
        Self { settings, residual_smp, figures, free_flow_l_s, is_usual_known, ratio, full_smp, demand }
    }

    pub(super) fn settings(&self) -> &'a CongestionSettings {
        self.settings
    }

    /// What `holds` says, if enough of the cycle was seen.
    pub(super) fn truth(&self, holds: bool) -> Truth {
        Truth::of(holds, self.figures.coverage >= COVERAGE)
    }

    /// Whether the cycle's speed says what is usual: a queue that did not clear teaches nothing, for a jam is not normal because it lasts.
    pub(super) fn teaches(&self) -> bool {
        let is_clear = !self.is_left_behind() && !self.is_used_up() && self.figures.discharged >= TEACHING;
        self.truth(is_clear) == Truth::Yes
    }

    pub(super) fn figures(&self) -> &CycleFigures {
        &self.figures
    }

    pub(super) fn ratio(&self) -> Option<f64> {
        self.ratio
    }

    pub(super) fn demand(&self) -> Option<Demand> {
        self.demand
    }

    pub(super) fn free_flow_l_s(&self) -> f64 {
        self.free_flow_l_s
    }

    /// How many times too long the queue is that the green leaves behind, in sight or out of it.
    pub(super) fn excess(&self) -> f64 {
        (self.figures.residual_smp / self.residual_smp).max(self.fullness())
    }

    /// The fewest vehicles in the zone over those that are there while a queue discharges: 1 and more at a green that was used up to its end.
    fn fullness(&self) -> f64 {
        self.full_smp.map_or(0.0, |full| self.figures.fewest_smp / full)
    }

    /// The green was used up to its end. Where the queue reaches out of sight, nothing else shows it.
    pub(super) fn is_used_up(&self) -> bool {
        self.fullness() > 1.0
    }

    /// Far more vehicles came in two cycles than usual and than the green lets pass, and it had nothing to spare for them (or little, for still more of
    /// them): the demand has outgrown the green, and the queue will not wait to be seen. A demand that only grew is served.
    pub(super) fn is_outgrown(&self) -> bool {
        let Some(demand) = self.demand else { return false };
        let is_beyond = |surprise: f64, fullness: f64| demand.surprise >= surprise && fullness > 1.0;
        match demand.of_capacity() {
            Some(of_capacity) => {
                of_capacity >= FULL && is_beyond(SURPRISING, self.excess())
                    || of_capacity >= OVERFULL && is_beyond(VERY_SURPRISING, self.fullness() / LITTLE)
            }
            None => is_beyond(SURPRISING, self.excess()) || is_beyond(BEYOND_DOUBT, self.fullness() / NEARLY),
        }
    }

    /// The green leaves a long queue behind in sight, or some queue at which traffic crawls.
    pub(super) fn is_left_behind(&self) -> bool {
        // How slow an approach with a red light is when it copes has to be learned; that nobody leaves in a whole cycle says enough.
        let is_usual = self.is_usual_known || self.figures.discharged == 0;
        let crawls = is_usual && self.ratio.is_some_and(|ratio| ratio < self.settings.enter_below);
        let residual = self.figures.residual_smp;
        residual > self.residual_smp || crawls && residual >= self.settings.min_vehicles
    }

    /// The queue clears again, and traffic moves or hardly anybody is left.
    pub(super) fn is_over(&self) -> bool {
        let moves = self.ratio.is_none_or(|ratio| ratio > self.settings.exit_above);
        self.excess() < RECOVERED && (moves || self.figures.residual_smp < RECOVERED * self.settings.min_vehicles)
    }

    /// Class of congestion by speed over free-flow speed (DATEX II v3 `AbnormalTrafficTypeEnum`); stationary needs a queue that is twice too long, or
    /// that nobody leaves.
    pub(super) fn kind(&self) -> (Kind, Severity) {
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
