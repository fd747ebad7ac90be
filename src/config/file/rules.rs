//! The text about what to watch for: one list of tables for each kind of rule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::debris::DebrisFile;
use super::duration::DurationText;
use super::measures::{ApproachFile, MovementsFile};
use crate::base::class::Class;
use crate::base::cue::Cue;

/// What to watch for, by kind: `[[cameras.north.rules.line_count]]` adds one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RulesFile {
    /// Counts what passes a line.
    pub line_count: Vec<LineCountFile>,
    /// Counts what is in a zone.
    pub zone_occupancy: Vec<ZoneOccupancyFile>,
    /// Watches an approach for congestion.
    pub congestion: Vec<CongestionFile>,
    /// Watches a zone for a crowd.
    pub crowd: Vec<CrowdFile>,
    /// Watches a zone for a stopped vehicle.
    pub stopped_vehicle: Vec<StoppedVehicleFile>,
    /// Watches a zone for vehicles that go the wrong way.
    pub wrong_way: Vec<WrongWayFile>,
    /// Watches a carriageway for people on foot.
    pub pedestrian_on_road: Vec<PedestrianOnRoadFile>,
    /// Watches for a probable accident.
    pub accident: Vec<AccidentFile>,
    /// Counts turning movements between the gates.
    pub movements: Vec<MovementsFile>,
    /// Measures an approach.
    pub approach: Vec<ApproachFile>,
    /// Watches a carriageway for things that lie on it.
    pub debris: Vec<DebrisFile>,
}

/// Counts what passes a line, by class and direction; a thing that stands or trembles on the line counts once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LineCountFile {
    /// Name of the rule, unique within the camera. Default: `line-count-` and the line.
    #[schemars(extend("x-example" = "line-count-garis-henti"))]
    pub name: Option<String>,
    /// Which line, by its id. A line is counted by one rule only.
    #[schemars(extend("x-required" = true, "x-example" = "garis-henti"))]
    pub line: Option<String>,
    /// Name of the direction to the right-hand side, walking from the line's first end to its second. Stands in every count.
    pub to_right: String,
    /// Name of the other direction.
    pub to_left: String,
    /// What is counted.
    pub classes: Vec<String>,
    /// Which point of a thing crosses: `foot` (where it touches the ground; for lines on the road) or `center` (for steep views and lines drawn
    /// across the whole picture).
    pub anchor: AnchorFile,
}

/// Which point of a box crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnchorFile {
    /// Middle of the bottom edge.
    Foot,
    /// Middle of the box.
    Center,
}

/// Counts what is in a zone, by class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ZoneOccupancyFile {
    /// Name of the rule, unique within the camera. Default: `occupancy-` and the zone.
    #[schemars(extend("x-example" = "occupancy-lajur"))]
    pub name: Option<String>,
    /// Which zone, by its id. A zone is counted by one rule only.
    #[schemars(extend("x-required" = true, "x-example" = "lajur"))]
    pub zone: Option<String>,
    /// What is counted.
    pub classes: Vec<String>,
}

/// Watches an approach for congestion. A red light is not congestion, and neither is an empty road.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CongestionFile {
    /// Name of the rule, unique within the camera. Default: `congestion-` and the zone.
    #[schemars(extend("x-example" = "congestion-lajur"))]
    pub name: Option<String>,
    /// Which zone, by its id; usually of kind `approach`.
    #[schemars(extend("x-required" = true, "x-example" = "lajur"))]
    pub zone: Option<String>,
    /// Mean speed of free traffic here, waiting at lights included, in car lengths a second (1 is about 16 km/h), 0.1 to 10. Holds for about the first
    /// hour; then the speed of the better cycles of the last week does. Raise it on bridges and arterials; too high and normal traffic is called slow.
    pub free_flow_l_s: f64,
    /// Share of the free speed below which a queue that does not clear is congestion even when it is short, 0.01 to 0.9. Raise it to be told earlier.
    pub enter_below: f64,
    /// Share of the free speed above which it is over; at least 1.2 times `enter_below`, so that an event does not flutter.
    pub exit_above: f64,
    /// Cycle of the signal that is assumed while the traffic shows none and `cycle` says none, 10 s to 1 h. Every figure is over whole cycles, so that a
    /// red light is not congestion. Shorter only where there is no signal.
    pub window: DurationText,
    /// How long the condition must hold to begin, 1 s to 1 h. Two cycles at least; four where nothing but a zone that never empties shows it. Longer is
    /// calmer and later.
    pub hold: DurationText,
    /// Smallest queue that means anything, in passenger cars (smp), 0.5 to 1000: no traffic is not congestion. Raise it for big zones.
    pub min_vehicles: f64,
    /// How often an open event says that it lasts, 10 s to 24 h.
    pub update_every: DurationText,
    /// Cycle of the signal, 30 s to 5 min, where it is fixed and known. Default: it is found in the traffic.
    #[schemars(extend("x-example" = "118s"))]
    pub cycle: Option<DurationText>,
    /// Queue in passenger cars (smp) that a green may leave behind without being congestion, 1 to 200. 7 is what MKJI 1997 gives a signal at 95 % of its
    /// capacity; half as much on a single lane. In a zone too short for three times as many, a third of the room counts.
    pub residual_smp: f64,
    /// How long it must have been better to end, up to 2 h, three cycles at least and not less than `hold`. Shorter flutters.
    pub clear_hold: DurationText,
    /// Zone of kind `exit` into which this approach flows, by its id. With it, a queue that cannot leave because the exit is full is told as spillback.
    #[schemars(extend("x-example" = "keluar"))]
    pub exit_zone: Option<String>,
}

/// Watches a zone for a crowd. Riders on motorcycles and bicycles are not part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrowdFile {
    /// Name of the rule, unique within the camera. Default: `crowd-` and the zone.
    #[schemars(extend("x-example" = "crowd-lajur"))]
    pub name: Option<String>,
    /// Which zone, by its id.
    #[schemars(extend("x-required" = true, "x-example" = "lajur"))]
    pub zone: Option<String>,
    /// People at which a crowd begins, 2 to 10000. Set it above what is normal for the place and hour.
    pub enter_at: u32,
    /// People below which it is over; less than `enter_at`, a quarter less is good. Closer makes events flutter.
    pub exit_below: u32,
    /// How long the condition must hold to begin and to end, 1 s to 1 h. Longer is calmer and later.
    pub hold: DurationText,
    /// How often an open event says that it lasts, 10 s to 24 h.
    pub update_every: DurationText,
}

/// Watches a zone for a vehicle that stands where vehicles do not stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoppedVehicleFile {
    /// Name of the rule, unique within the camera. Default: `stopped-` and the zone.
    #[schemars(extend("x-example" = "stopped-lajur"))]
    pub name: Option<String>,
    /// Which zone, by its id; not one of kind `waiting`.
    #[schemars(extend("x-required" = true, "x-example" = "lajur"))]
    pub zone: Option<String>,
    /// How long a vehicle must stand, 1 s to 24 h. On an approach longer than the red light; 20 s on bridges, exits and in the box of the junction.
    pub dwell: DurationText,
    /// How far it may drift meanwhile and still stand, in car lengths, 0.05 to 5. Raise it when the camera shakes in the wind.
    pub drift_l: f64,
    /// Other vehicles that must have passed it meanwhile, 0 to 1000: tells a breakdown from a queue. 0 where nobody queues (bridge, exit, box).
    pub passed: u32,
    /// How long it must be gone for the event to end, 1 s to 1 h.
    pub gone: DurationText,
    /// How often an open event says that it lasts, 10 s to 24 h.
    pub update_every: DurationText,
}

/// Watches a zone for vehicles that go against its direction: the zone's own `direction` where it has one, else what was learned from at least 30
/// vehicles in five minutes at each place. Where directions mix nothing is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WrongWayFile {
    /// Name of the rule, unique within the camera. Default: `wrong-way-` and the zone.
    #[schemars(extend("x-example" = "wrong-way-lajur"))]
    pub name: Option<String>,
    /// Which zone, by its id: the lanes of one direction are best, a whole road with learned directions is good too.
    #[schemars(extend("x-required" = true, "x-example" = "lajur"))]
    pub zone: Option<String>,
    /// How far a vehicle must go against the direction, in car lengths, 1 to 100. Raise it where cars reverse into parking spaces.
    pub distance_l: f64,
    /// For how long at least, 0.5 s to 60 s.
    pub lasting: DurationText,
    /// Riders of motorcycles and bicycles within this time are one event of low severity that is updated with their number, 1 min to 24 h.
    pub riders_together: DurationText,
    /// How often an open event says what changed, 10 s to 24 h.
    pub update_every: DurationText,
}

/// Watches a carriageway for people on foot. Riders are not meant, nor who is in a zone of kind `crossing`, `sidewalk` or `waiting`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PedestrianOnRoadFile {
    /// Name of the rule, unique within the camera. Default: `pedestrian-` and the zone.
    #[schemars(extend("x-example" = "pedestrian-lajur"))]
    pub name: Option<String>,
    /// Which zone, by its id: the carriageway between the kerbs.
    #[schemars(extend("x-required" = true, "x-example" = "lajur"))]
    pub zone: Option<String>,
    /// How long someone must be on it, 1 s to 1 h: longer than it takes to cross (1.2 m a second).
    pub dwell: DurationText,
    /// How long nobody may be on it for the event to end, 1 s to 1 h. Longer makes one event of a vendor who steps aside now and then.
    pub gone: DurationText,
    /// How often an open event says that it lasts, 10 s to 24 h.
    pub update_every: DurationText,
}

/// Watches for a probable accident: first suspected ("mohon verifikasi"), then confirmed when what crashed stays where others pass, or retracted.
/// Every message says in `why` which cues speak for it. Vehicles in zones of kind `waiting` are left alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccidentFile {
    /// Name of the rule, unique within the camera. Default: `accident-` and the zone, or `accident`.
    #[schemars(extend("x-example" = "accident-lajur"))]
    pub name: Option<String>,
    /// Where it happens, by the zone's id; not one of kind `waiting`. Without it the whole picture is watched.
    #[schemars(extend("x-example" = "lajur"))]
    pub zone: Option<String>,
    /// Which cues count: `suddenStop`, `contact`, `headingJump`, `riderDown`, `personBeside`, `postImpactStop`, `gathering`, `flowBlocked`. Leave
    /// one out to see what it is worth at your site; without `postImpactStop` nothing is ever confirmed. `flowBlocked` compares what the lane lets pass with the
    /// quarter of an hour before, over a cycle of the signal as a `congestion` or `approach` rule knows it, else over two minutes.
    pub cues: Vec<String>,
    /// Score at which an accident is suspected, 0.1 to 0.95. A sudden stop and a contact, both clear, give 0.58. Raise it where rain or headlights
    /// make the detector nervous (0.75).
    pub suspect_at: f64,
    /// Score at which it is confirmed, 0.1 to 0.99, more than `suspect_at`. A sudden stop and a contact that stay on the road for 13 s give 0.73.
    pub confirm_at: f64,
    /// How long after the impact a suspicion waits for what crashed to stay where it is while others pass, 10 s to 10 min. Without it the event ends as
    /// `notConfirmed`, unless it still stands: then the suspicion is kept for two minutes at least, because at red nobody passes, and
    /// as long as others wait behind it and hardly anybody gets past.
    pub confirm_within: DurationText,
    /// Deceleration at which braking begins to be a sudden stop, in car lengths a second per second (1 is about 4.6 m/s²), 0.3 to 10. People brake at
    /// red with 0.4 to 0.7.
    pub braking_l_s2: f64,
    /// Deceleration that only an impact gives, more than `braking_l_s2`, at most 20. Halfway between the two the cue counts half.
    pub crash_l_s2: f64,
    /// How fast two road users must come together for their contact to count, in car lengths a second (1 is about 16 km/h), 0.2 to 10.
    pub closing_l_s: f64,
    /// Other vehicles that must have passed what stands before it is confirmed, 0 to 1000: tells a crash from a queue. 0 where nobody queues. Where
    /// traffic was seen to flow nearly always, and for a motorcycle that lies on the road, nobody needs to pass.
    pub passed: u32,
    /// Mean score of a track's detections below which it proves nothing, 0 to 1. Lower it for a model with low scores.
    pub min_score: f64,
    /// How long everything involved must be gone for the event to end, 1 s to 1 h.
    pub gone: DurationText,
    /// How often a confirmed event says that it lasts, 10 s to 24 h.
    pub update_every: DurationText,
}

/// The names of all classes.
pub fn all_classes() -> Vec<String> {
    Class::ALL.iter().map(|class| class.name().to_owned()).collect()
}

impl Default for LineCountFile {
    fn default() -> Self {
        Self {
            name: None,
            line: None,
            to_right: "to-right".to_owned(),
            to_left: "to-left".to_owned(),
            classes: all_classes(),
            anchor: AnchorFile::Foot,
        }
    }
}

impl Default for ZoneOccupancyFile {
    fn default() -> Self {
        Self { name: None, zone: None, classes: all_classes() }
    }
}

impl Default for CongestionFile {
    fn default() -> Self {
        Self {
            name: None,
            zone: None,
            // 25 km/h, a usual mean over whole signal cycles in a city.
            free_flow_l_s: 1.5,
            enter_below: 0.25,
            exit_above: 0.35,
            window: DurationText::from_secs(120),
            hold: DurationText::from_secs(180),
            min_vehicles: 3.0,
            update_every: DurationText::from_secs(300),
            cycle: None,
            // NQ1 of MKJI 1997 at DS 0.95 and a capacity of 1246 smp/h is 7.3.
            residual_smp: 7.0,
            clear_hold: DurationText::from_secs(300),
            exit_zone: None,
        }
    }
}

impl Default for CrowdFile {
    fn default() -> Self {
        Self {
            name: None,
            zone: None,
            enter_at: 30,
            exit_below: 22,
            hold: DurationText::from_secs(60),
            update_every: DurationText::from_secs(300),
        }
    }
}

impl Default for StoppedVehicleFile {
    fn default() -> Self {
        Self {
            name: None,
            zone: None,
            dwell: DurationText::from_secs(90),
            drift_l: 0.5,
            passed: 3,
            gone: DurationText::from_secs(10),
            update_every: DurationText::from_secs(300),
        }
    }
}

impl Default for WrongWayFile {
    fn default() -> Self {
        Self {
            name: None,
            zone: None,
            distance_l: 3.0,
            lasting: DurationText::from_millis(1500),
            riders_together: DurationText::from_secs(900),
            update_every: DurationText::from_secs(60),
        }
    }
}

impl Default for PedestrianOnRoadFile {
    fn default() -> Self {
        Self {
            name: None,
            zone: None,
            dwell: DurationText::from_secs(10),
            gone: DurationText::from_secs(30),
            update_every: DurationText::from_secs(300),
        }
    }
}

impl Default for AccidentFile {
    fn default() -> Self {
        Self {
            name: None,
            zone: None,
            cues: Cue::ALL.iter().map(|cue| cue.name().to_owned()).collect(),
            suspect_at: 0.55,
            confirm_at: 0.72,
            confirm_within: DurationText::from_secs(20),
            // Hard braking 0.46 g, an impact 0.8 g.
            braking_l_s2: 1.0,
            crash_l_s2: 1.8,
            // In dense traffic riders pass each other within a handlebar's width at 1 L/s.
            closing_l_s: 1.2,
            passed: 3,
            min_score: 0.4,
            gone: DurationText::from_secs(10),
            update_every: DurationText::from_secs(300),
        }
    }
}
