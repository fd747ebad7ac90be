//! What the rules are told: one struct a rule.

use std::time::Duration;

use super::measures::{ApproachSettings, MovementsSettings};
use crate::base::class::Class;
use crate::base::cue::Cue;
use crate::base::emp::EmpTable;
use crate::base::id::Slug;

/// One rule with its settings.
#[derive(Clone, Debug)]
pub enum RuleSettings {
    /// Counts what passes a line.
    LineCount(LineCountSettings),
    /// Counts what is in a zone.
    ZoneOccupancy(ZoneOccupancySettings),
    /// Watches an approach for congestion.
    Congestion(CongestionSettings),
    /// Watches a zone for a crowd.
    Crowd(CrowdSettings),
    /// Watches zones for a vehicle that stands.
    StoppedVehicle(StoppedVehicleSettings),
    /// Watches a zone for vehicles that go against its direction.
    WrongWay(WrongWaySettings),
    /// Watches a carriageway for people on foot.
    PedestrianOnRoad(PedestrianOnRoadSettings),
    /// Watches for a probable accident.
    Accident(AccidentSettings),
    /// Counts turning movements.
    Movements(MovementsSettings),
    /// Measures an approach.
    Approach(ApproachSettings),
    /// Watches a carriageway for things that lie on it.
    Debris(DebrisSettings),
}

/// Settings of the line count.
#[derive(Clone, Debug)]
pub struct LineCountSettings {
    /// Name of the rule.
    pub name: Slug,
    /// Which line.
    pub line: Slug,
    /// Name of the direction towards the right-hand side when walking from the line's first end to its second (picture y grows downwards).
    pub to_right: Slug,
    /// Name of the other direction.
    pub to_left: Slug,
    /// What is counted.
    pub classes: Vec<Class>,
    /// Which point of a box crosses.
    pub anchor: Anchor,
}

/// Which point of a box stands for the thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// Middle of the bottom edge: where it touches the ground. Right for lines on the road.
    Foot,
    /// Middle of the box. Right for steep views and lines across the picture.
    Center,
}

/// Settings of zone occupancy.
#[derive(Clone, Debug)]
pub struct ZoneOccupancySettings {
    /// Name of the rule.
    pub name: Slug,
    /// Which zone.
    pub zone: Slug,
    /// What is counted.
    pub classes: Vec<Class>,
}

/// Settings of the congestion rule.
#[derive(Clone, Debug)]
pub struct CongestionSettings {
    /// Name of the rule.
    pub name: Slug,
    /// Which approach.
    pub zone: Slug,
    /// Mean speed of free traffic here, in car lengths a second (1 is about 16 km/h), until it is learned.
    pub free_flow_l_s: f64,
    /// Ratio of mean to free speed, 0..=1, below which traffic is queuing (enter).
    pub enter_below: f64,
    /// Ratio above which it has recovered (exit).
    pub exit_above: f64,
    /// Cycle of the signal that is assumed while none is configured and none shows in the traffic.
    pub window: Duration,
    /// How long the condition must hold to begin, two cycles at least.
    pub hold: Duration,
    /// Smallest queue that means anything, in smp: no traffic is not congestion.
    pub min_vehicles: f64,
    /// How often an open event says that it lasts.
    pub update_every: Duration,
    /// Cycle of the signal, where it is known.
    pub cycle: Option<Duration>,
    /// Queue in smp that a green may leave behind without being congestion.
    pub residual_smp: f64,
    /// How long it must have been better to end, three cycles at least.
    pub clear_hold: Duration,
    /// Zone downstream that can be blocked.
    pub exit_zone: Option<Slug>,
    /// Passenger-car units (smp) of each class.
    pub emp: EmpTable,
}

/// Settings of the crowd rule.
#[derive(Clone, Debug)]
pub struct CrowdSettings {
    /// Name of the rule.
    pub name: Slug,
    /// Which zone.
    pub zone: Slug,
    /// People (riders excluded) at which a crowd begins.
    pub enter_at: u32,
    /// People below which it is over.
    pub exit_below: u32,
    /// How long the condition must hold to begin and to end.
    pub hold: Duration,
    /// How often an open event says that it lasts.
    pub update_every: Duration,
}

/// Settings of the stopped-vehicle rule.
#[derive(Clone, Debug)]
pub struct StoppedVehicleSettings {
    /// Name of the rule.
    pub name: Slug,
    /// Where vehicles must not stand.
    pub zone: Slug,
    /// How long a vehicle must stand.
    pub dwell: Duration,
    /// Drift below which it stands, in car lengths.
    pub drift_l: f64,
    /// Other vehicles that must have passed meanwhile: tells a breakdown from a queue. Zero for places where nobody queues.
    pub passed: u32,
    /// How long it must be gone for the event to end.
    pub gone: Duration,
    /// How often an open event says that it lasts.
    pub update_every: Duration,
}

/// Settings of the wrong-way rule.
#[derive(Clone, Debug)]
pub struct WrongWaySettings {
    /// Name of the rule.
    pub name: Slug,
    /// Where vehicles have a direction.
    pub zone: Slug,
    /// How far a vehicle must go against it, in car lengths.
    pub distance_l: f64,
    /// For how long at least.
    pub lasting: Duration,
    /// Riders of two-wheelers within this time are one event.
    pub riders_together: Duration,
    /// How often an open event says what changed.
    pub update_every: Duration,
}

/// Settings of the rule about people on the carriageway.
#[derive(Clone, Debug)]
pub struct PedestrianOnRoadSettings {
    /// Name of the rule.
    pub name: Slug,
    /// The carriageway.
    pub zone: Slug,
    /// How long someone must be on it.
    pub dwell: Duration,
    /// How long nobody may be on it for the event to end.
    pub gone: Duration,
    /// How often an open event says that it lasts.
    pub update_every: Duration,
}

/// Settings of the accident rule. Lengths in local car lengths L.
#[derive(Clone, Debug)]
pub struct AccidentSettings {
    /// Name of the rule.
    pub name: Slug,
    /// Where; the whole picture when not said.
    pub zone: Option<Slug>,
    /// Which cues are used.
    pub cues: Vec<Cue>,
    /// Score, 0..=1, at which an accident is suspected.
    pub suspect_at: f64,
    /// Score at which it is confirmed.
    pub confirm_at: f64,
    /// How long after the impact a suspicion may wait for its confirmation.
    pub confirm_within: Duration,
    /// Deceleration in L/s² at which braking begins to be a sudden stop.
    pub braking_l_s2: f64,
    /// Deceleration in L/s² that only an impact gives.
    pub crash_l_s2: f64,
    /// Speed in L/s at which two road users come together, at least, for their contact to count.
    pub closing_l_s: f64,
    /// Other vehicles that must have passed what stands.
    pub passed: u32,
    /// Mean detection score below which a track proves nothing.
    pub min_score: f64,
    /// How long everything must be gone for the event to end.
    pub gone: Duration,
    /// How often an open event says that it lasts.
    pub update_every: Duration,
}

/// Settings of the rule about things on the carriageway. Lengths in local car lengths L.
#[derive(Clone, Debug)]
pub struct DebrisSettings {
    /// Name of the rule.
    pub name: Slug,
    /// The carriageway.
    pub zone: Slug,
    /// How long something must have been seen lying there.
    pub dwell: Duration,
    /// Longer side in the picture, at least ...
    pub smallest_l: f64,
    /// ... and at most.
    pub largest_l: f64,
    /// How long it must be gone for the event to end.
    pub gone: Duration,
    /// How often an open event says that it lasts.
    pub update_every: Duration,
}
