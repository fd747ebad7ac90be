//! The event as rules make it, before it has a wire format.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::fruin::{FruinLos, FruinTable};
use super::reason::Reason;
use super::units::{CycleSource, Units};
use crate::base::class::Class;
use crate::base::id::Slug;
use crate::base::time::{MediaTime, WallTime};

/// The four families of events; each has its own topic.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Category {
    /// Traffic does not flow.
    Congestion,
    /// Too many people in one place.
    Crowd,
    /// Something was hit.
    Accident,
    /// Anything else an operator should look at.
    Incident,
}

/// What kind of event within its category. Congestion kinds follow DATEX II `AbnormalTrafficTypeEnum`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Congestion at 75–90 % of free-flow speed.
    Heavy,
    /// Congestion at 25–75 % of free-flow speed.
    Slow,
    /// Congestion at 10–25 % of free-flow speed.
    Queuing,
    /// Congestion below 10 % of free-flow speed.
    Stationary,
    /// Crowd by number of people.
    Count,
    /// Crowd by people per square metre.
    Density,
    /// A vehicle standing where vehicles do not stand.
    StoppedVehicle,
    /// Vehicles going against the direction of their lane.
    WrongWay,
    /// People on foot on the carriageway, outside a crossing.
    PedestrianOnRoad,
    /// Road users hit each other.
    Collision,
    /// A motorcycle or bicycle went down by itself.
    RiderDown,
    /// A vehicle came to grief by itself.
    SingleVehicle,
    /// Congestion whose way out is blocked.
    Spillback,
    /// Something that may have fallen on the carriageway: new, does not move, and no road user.
    Debris,
}

impl Kind {
    /// The family it belongs to.
    pub const fn category(self) -> Category {
        match self {
            Self::Heavy | Self::Slow | Self::Queuing | Self::Stationary | Self::Spillback => Category::Congestion,
            Self::Count | Self::Density => Category::Crowd,
            Self::StoppedVehicle | Self::WrongWay | Self::PedestrianOnRoad | Self::Debris => Category::Incident,
            Self::Collision | Self::RiderDown | Self::SingleVehicle => Category::Accident,
        }
    }
}

/// Where in its life an event is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// First message.
    New,
    /// Something changed, or it is time to say that it lasts.
    Update,
    /// Last message.
    End,
}

/// Why an event ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EndReason {
    /// The condition is over.
    Cleared,
    /// It was suspected and did not come true.
    NotConfirmed,
    /// The camera or the agent went away: nobody knows.
    CameraLost,
    /// An operator closed it.
    OperatorClosed,
    /// Another event took its place.
    Superseded,
}

/// How urgent, in FIWARE's words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Ended or retracted.
    Informational,
    /// Worth a notice.
    Low,
    /// Someone should look.
    Medium,
    /// Someone should act.
    High,
    /// Act now.
    Critical,
}

/// Identity of an event over all its messages: a name-based UUID, so that a replay gives the same one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EventId(Uuid);

impl EventId {
    /// Version 5 UUID (RFC 9562, 5.5) over who saw what where, and when on the stream's clock it began.
    pub fn derive(scope: &EventScope, kind: Kind, subject: &str, onset: WallTime) -> Self {
        let category = kind.category();
        let name = format!("{}/{}/{}/{category:?}/{subject}/{}", scope.source, scope.camera, scope.rule, onset.as_micros());
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
    }

    /// Reads the hyphenated form.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::parse_str(text).ok().map(Self)
    }
}

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Who says it: the part of an event's identity that a rule knows from its configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventScope {
    /// CloudEvents source prefix, `/palembang/atcs/simpang-charitas/edge-01`.
    pub source: String,
    /// Which camera.
    pub camera: Slug,
    /// Which rule, by its configured name.
    pub rule: Slug,
}

/// What a zone is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ZoneKind {
    /// Lanes leading to a stop line.
    Approach,
    /// Lanes leading away.
    Exit,
    /// The middle of the junction.
    Box,
    /// Where people walk.
    Sidewalk,
    /// Where people cross.
    Crossing,
    /// A square or park.
    Plaza,
    /// Where standing is normal: parking, bus stop, ojek rank.
    Waiting,
    /// Anything else.
    Area,
}

/// Where within the picture it happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZoneRef {
    /// Configured id.
    pub id: Slug,
    /// Name as locals say it.
    pub name: String,
    /// What the zone is for.
    pub kind: ZoneKind,
}

/// Figures behind an event. Every field says its unit; absent means not measured, never zero.
// Unknown fields are refused in the schema only: a reader must live with figures that later versions add.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Measurement {
    /// Start of the window the figures are over, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_start: Option<String>,
    /// End of the window, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_end: Option<String>,
    /// Length of the window in seconds.
    #[serde(rename = "windowS", skip_serializing_if = "Option::is_none")]
    pub window_s: Option<f64>,
    /// Share of the expected frames in the window that were analysed, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// Mean speed of vehicles over the free-flow speed, 0..
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_ratio: Option<f64>,
    /// Mean speed in local car lengths per second (about 16 km/h each).
    #[serde(rename = "speedLS", skip_serializing_if = "Option::is_none")]
    pub speed_l_s: Option<f64>,
    /// Share of vehicles that stand, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_share: Option<f64>,
    /// Vehicles in the zone, mean over the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicles_mean: Option<f64>,
    /// Share of the zone's area that vehicles cover, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_occupancy: Option<f64>,
    /// People in the zone, mean over the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people_mean: Option<f64>,
    /// People in the zone, most at once in the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people_max: Option<u32>,
    /// How people were counted (`detection`; `detection+foreground` where the area that they cover says that there are more), how the direction of the lane
    /// is known, or what the event rests on (`backgroundDifference`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How long the vehicle has been standing, or the object was seen lying, in seconds.
    #[serde(rename = "stationaryS", skip_serializing_if = "Option::is_none")]
    pub stationary_s: Option<f64>,
    /// How far it moved meanwhile, in local car lengths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_l: Option<f64>,
    /// How many other vehicles passed meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicles_passed: Option<u32>,
    /// How far the vehicle went against the direction of its lane, in local car lengths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_l: Option<f64>,
    /// How many road users took part since the event began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users_total: Option<u32>,
    /// Speed of free traffic at this place in local car lengths per second, learned or configured: what `speedRatio` is beside.
    #[serde(rename = "freeFlowLS", skip_serializing_if = "Option::is_none")]
    pub free_flow_l_s: Option<f64>,
    /// Cycle of the signal in seconds.
    #[serde(rename = "cycleS", skip_serializing_if = "Option::is_none")]
    pub cycle_s: Option<f64>,
    /// How the cycle is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycle_source: Option<CycleSource>,
    /// Farthest reach of the queue in the window, in local car lengths from the stop line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_max_l: Option<f64>,
    /// Shortest reach of the queue in the window, which is what the green left behind, in local car lengths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_residual_l: Option<f64>,
    /// Smallest queue in the window in passenger-car units (smp).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_residual_pcu: Option<f64>,
    /// Vehicles that left in the window, per hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_veh_h: Option<f64>,
    /// The same in passenger-car units (smp).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_pcu_h: Option<f64>,
    /// Farthest reach of the queue in the window in metres from the stop line; only where the camera is calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_max_m: Option<f64>,
    /// Shortest reach of the queue in the window in metres; only where the camera is calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_residual_m: Option<f64>,
    /// Vehicles that came into the zone in the last two cycles, per hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrivals_veh_h: Option<f64>,
    /// How many usually came per hour in the twenty cycles before: far more than usual is why congestion is told early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_arrivals_veh_h: Option<f64>,
    /// How many the green lets pass per hour, as the queues that leave have shown: fewer than arrive is why congestion is told early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_veh_h: Option<f64>,
    /// Ground that the zone covers in square metres; only where the camera is calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_area_m2: Option<f64>,
    /// People a square metre, mean over the window; above about 1.5 a lower bound where `method` is `detection`, because detectors lose heads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density_per_m2: Option<f64>,
    /// Level of service at this density.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fruin_los: Option<FruinLos>,
    /// Which table the level is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fruin_table: Option<FruinTable>,
    /// How far the number of people and the density may be off, in percent, where they are more than a count of detections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncertainty_pct: Option<f64>,
    /// Longer side in the picture of what lies there, in local car lengths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_l: Option<f64>,
    /// Road users by class, mean over the window, rounded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u32>,
    /// In which units the figures can be read.
    pub units: Units,
}

/// A road user that takes part in an event. Identity is valid on this box only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Involved {
    /// Number of the track on this camera.
    pub track: u32,
    /// What it is.
    pub class: Class,
}

/// The rule in words, so that an operator can see what was decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleText {
    /// Rule and version, `stopped-vehicle.v1`.
    pub id: String,
    /// Condition to begin.
    pub enter: String,
    /// Condition to end.
    pub exit: String,
}

/// One message of an event's life, complete in itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// Same over the whole life.
    pub id: EventId,
    /// From 1, by one with each message.
    pub revision: u32,
    /// Where in its life.
    pub phase: Phase,
    /// What.
    pub kind: Kind,
    /// Which camera saw it.
    pub camera: Slug,
    /// Which zone.
    pub zone: ZoneRef,
    /// Estimated onset.
    pub started: WallTime,
    /// When the rule became sure.
    pub detected: WallTime,
    /// When this message was made.
    pub updated: WallTime,
    /// End, in the last message.
    pub ended: Option<(WallTime, EndReason)>,
    /// How urgent.
    pub severity: Severity,
    /// 0..=1.
    pub confidence: f32,
    /// The figures.
    pub measurement: Measurement,
    /// Who takes part.
    pub involved: Vec<Involved>,
    /// What speaks for it, strongest first; empty when the rule decides by its figures alone.
    pub why: Vec<Reason>,
    /// The rule in words.
    pub rule: RuleText,
}

/// Something passed a counting line.
#[derive(Clone, PartialEq, Debug)]
pub struct Crossing {
    /// When, on the stream's clock, interpolated between frames.
    pub at: MediaTime,
    /// The same in UTC.
    pub wall: WallTime,
    /// Which line.
    pub line: Slug,
    /// Which way, by its configured name.
    pub direction: Slug,
    /// What, by vote.
    pub class: Class,
}
