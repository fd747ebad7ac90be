//! Periodic measures as rules make them, before they have a wire format.

use std::collections::BTreeMap;

use super::units::CycleSource;
use crate::base::class::Class;
use crate::base::id::Slug;
use crate::base::los::{LevelOfService, LosTable};
use crate::base::time::WallTime;

/// What passed a line and stood in a zone during one minute or quarter of an hour.
#[derive(Clone, PartialEq, Debug)]
pub struct FlowReport {
    /// Which camera measured it.
    pub camera: Slug,
    /// Which line or zone.
    pub place: Slug,
    /// Start of the period.
    pub from: WallTime,
    /// End of the period (exclusive).
    pub to: WallTime,
    /// What was measured.
    pub measure: FlowMeasure,
}

/// The kinds of periodic measures.
#[derive(Clone, PartialEq, Debug)]
pub enum FlowMeasure {
    /// Crossings of a line: direction → class → number.
    Line(BTreeMap<Slug, BTreeMap<Class, u32>>),
    /// Presence in a zone, by class.
    Zone {
        /// Mean number present, by class.
        mean: BTreeMap<Class, f64>,
        /// Most people at once.
        people_max: u32,
        /// Share of the period in which frames were analysed, 0..=1.
        coverage: f64,
    },
    /// Turning movements.
    Movements(MovementCounts),
    /// Measures of an approach.
    Approach(Box<ApproachFigures>),
}

/// A number for each class, in the order of [`Class::ALL`].
pub type ByClass = [u32; Class::ALL.len()];

/// Turning movements of one junction in one period.
#[derive(Clone, PartialEq, Debug)]
pub struct MovementCounts {
    /// Ids and names of the arms.
    pub arms: Vec<(Slug, String)>,
    /// Every movement that has gates, also those that nobody made.
    pub movements: Vec<Movement>,
    /// Vehicles that passed one gate and of which nobody knows the other.
    pub unknown: ByClass,
    /// Share of the period in which frames were analysed, 0..=1.
    pub coverage: f64,
}

/// Who went from one arm to another.
#[derive(Clone, PartialEq, Debug)]
pub struct Movement {
    /// Arm it came from.
    pub entry: Slug,
    /// Arm it went to; the same for a U-turn.
    pub exit: Slug,
    /// How many.
    pub counts: ByClass,
    /// How many of them passed one gate unseen and were put here by the way they went.
    pub inferred: u32,
}

/// An approach in one period. `None` is not measured; why not stands in `missing`.
#[derive(Clone, PartialEq, Debug)]
pub struct ApproachFigures {
    /// Name of the zone as locals say it.
    pub name: String,
    /// Vehicles that passed the stop line.
    pub counts: ByClass,
    /// Share of the period in which frames were analysed, 0..=1.
    pub coverage: f64,
    /// Mean time from one vehicle to the next over the stop line, in seconds.
    pub headway_s: Option<f64>,
    /// Edie's space-mean speed in L/s.
    pub speed_l_s: Option<f64>,
    /// Vehicles present on average.
    pub vehicles_mean: f64,
    /// Share of the vehicles' time in which they stood.
    pub stopped_share: Option<f64>,
    /// Mean share of the zone that vehicles covered.
    pub area_occupancy: Option<f64>,
    /// Length of the approach in L, as vehicles drive it.
    pub length_l: Option<f64>,
    /// Metres of one L here; known where the camera is calibrated.
    pub metres_per_l: Option<f64>,
    /// Farthest reach of the queue in L.
    pub queue_max_l: f64,
    /// The longest queue that a whole cycle did not clear: its reach in L, and smp.
    pub queue_residual: Option<(f64, f64)>,
    /// Cycle of the signal in seconds.
    pub cycle: Option<(f64, CycleSource)>,
    /// Effective green in seconds.
    pub green: Option<(f64, FigureSource)>,
    /// Saturation flow in smp per hour of green.
    pub saturation_smp_h: Option<(f64, FigureSource)>,
    /// What wanted to pass, in smp an hour.
    pub demand_smp_h: Option<f64>,
    /// Demand over capacity.
    pub degree_of_saturation: Option<f64>,
    /// Delay.
    pub delay: Option<Delay>,
    /// Level of service by that delay.
    pub level: Option<LevelOfService>,
    /// Where levels are cut.
    pub los_table: LosTable,
    /// The queue reached out of sight: demand and measured delay are at least what is said.
    pub is_out_of_sight: bool,
    /// What was not measured, and why.
    pub missing: Vec<Missing>,
}

/// Mean delay.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Delay {
    /// Seconds a vehicle.
    pub per_vehicle_s: f64,
    /// Seconds a passenger car (smp).
    pub per_smp_s: f64,
    /// Of the seconds a vehicle those in which it stood; measured only.
    pub stopped_s: Option<f64>,
    /// How it is known.
    pub method: DelayMethod,
    /// Over how many vehicles; measured only.
    pub vehicles: Option<u32>,
}

/// How a delay is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DelayMethod {
    /// Time in the approach without the time that unhindered vehicles take, of those followed from end to end.
    Measured,
    /// Formula of MKJI 1997 for signalised intersections, from the degree of saturation; without the share of turning vehicles.
    Mkji1997,
}

/// Who says a figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FigureSource {
    /// The configuration.
    Configured,
    /// The traffic.
    Measured,
}

/// Something that was not measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Missing {
    /// Saturation, delay and level of service over less than a cycle.
    ShorterThanCycle,
    /// The same while too little was seen.
    Coverage,
    /// The degree of saturation before queues were seen to leave.
    NoDischarge,
    /// The same where traffic shows no signal.
    NoCycle,
    /// The delay when too few were followed from end to end, and there is no degree of saturation for the formula.
    NotFollowed,
    /// The speed when nobody was there.
    Nobody,
    /// The residual queue before a whole cycle was seen.
    NoWholeCycle,
}
