//! The camera of a story, written small.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use simpang::base::class::Class;
use simpang::base::cue::Cue;
use simpang::base::geom::{Line, Point, Polygon};
use simpang::base::ground::{Ground, GroundPoint};
use simpang::base::id::Slug;
use simpang::config::settings::{
    AccidentSettings, Anchor, ApproachSettings, Arm, Calibration, CameraDetectSettings, CameraSettings, CongestionSettings, CrowdSettings,
    DebrisSettings, Gate, LineCountSettings, MovementsSettings, PedestrianOnRoadSettings, RuleSettings, SourceSettings,
    StoppedVehicleSettings, TrackSettings, Ways, WrongWaySettings, Zone, ZoneOccupancySettings, ZoneUse,
};

/// What `settings.json` of a story says. Every rule has defaults that suit a story of a few minutes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Story {
    pub(super) fps: f64,
    /// Seconds; to the end of the last path and five more unless said.
    pub(super) length: Option<f64>,
    #[serde(default)]
    pub(super) outages: Vec<[f64; 2]>,
    #[serde(default)]
    lines: BTreeMap<String, [[f32; 2]; 2]>,
    #[serde(default)]
    zones: BTreeMap<String, ZoneText>,
    rules: Vec<RuleText>,
    /// Points of the ground: shares of the picture, metres.
    calibration: Option<Vec<[[f32; 2]; 2]>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneText {
    kind: String,
    corners: Vec<[f32; 2]>,
    area_m2: Option<f64>,
    direction: Option<[[f32; 2]; 2]>,
    stop_line: Option<[[f32; 2]; 2]>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum RuleText {
    LineCount {
        line: String,
        anchor: Option<String>,
    },
    ZoneOccupancy {
        zone: String,
    },
    Congestion {
        zone: String,
        exit_zone: Option<String>,
    },
    Crowd {
        zone: String,
        enter_at: u32,
        exit_below: u32,
    },
    StoppedVehicle {
        zone: String,
        passed: u32,
    },
    WrongWay {
        zone: String,
    },
    PedestrianOnRoad {
        zone: String,
    },
    Accident {
        zone: Option<String>,
        passed: Option<u32>,
    },
    /// Arm, its line for both ways (the junction to the right of it).
    Movements {
        gates: BTreeMap<String, [[f32; 2]; 2]>,
    },
    Approach {
        zone: String,
    },
    Debris {
        zone: String,
    },
}

pub(super) fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

impl Story {
    pub(super) fn read(text: &str) -> Self {
        serde_json::from_str(text).expect("settings.json of a story")
    }

    pub(super) fn camera(&self) -> CameraSettings {
        let line = |(name, [a, b]): (&String, &[[f32; 2]; 2])| (slug(name), Line::new(Point::new(a[0], a[1]), Point::new(b[0], b[1])));
        CameraSettings {
            id: slug("cam"),
            name: "Kamera uji".into(),
            source: SourceSettings::Simulated { seed: 1 },
            analyse_fps: self.fps as f32,
            bearing_deg: None,
            detect: CameraDetectSettings { crops: 0, min_score: None, classes: Class::ALL.to_vec() },
            track: TrackSettings::default(),
            track_scores: simpang::config::settings::TrackScores::default(),
            view: None,
            calibration: self.calibration.as_deref().map(calibration),
            lines: self.lines.iter().map(line).collect(),
            zones: self.zones.iter().map(|(name, zone)| (slug(name), zone.zone(name))).collect(),
            rules: self.rules.iter().enumerate().map(|(index, rule)| rule.settings(slug(&format!("rule-{}", index + 1)))).collect(),
        }
    }
}

fn calibration(points: &[[[f32; 2]; 2]]) -> Calibration {
    let points = points
        .iter()
        .map(|[image, ground]| GroundPoint { image: Point::new(image[0], image[1]), ground: Point::new(ground[0], ground[1]) });
    Calibration { ground: Ground::fit(points.collect()).expect("a view of the ground"), distances: Vec::new() }
}

impl ZoneText {
    fn zone(&self, name: &str) -> Zone {
        let kind = match self.kind.as_str() {
            "approach" => ZoneUse::Approach,
            "exit" => ZoneUse::Exit,
            "crossing" => ZoneUse::Crossing,
            "area" => ZoneUse::Area,
            "sidewalk" => ZoneUse::Sidewalk,
            "plaza" => ZoneUse::Plaza,
            "waiting" => ZoneUse::Waiting,
            other => panic!("no story needs zones of kind {other}"),
        };
        let corners = self.corners.iter().map(|corner| Point::new(corner[0], corner[1])).collect();
        let direction = self.direction.map(|[a, b]| Line::new(Point::new(a[0], a[1]), Point::new(b[0], b[1])));
        Zone {
            name: name.into(),
            kind,
            polygon: Polygon::new(corners).expect("three corners"),
            area_m2: self.area_m2,
            direction,
            stop_line: self.stop_line.map(|[a, b]| Line::new(Point::new(a[0], a[1]), Point::new(b[0], b[1]))),
        }
    }
}

impl RuleText {
    fn settings(&self, name: Slug) -> RuleSettings {
        let secs = Duration::from_secs;
        let classes = Class::ALL.to_vec();
        match self {
            Self::LineCount { line, anchor } => {
                let anchor = if anchor.as_deref() == Some("foot") { Anchor::Foot } else { Anchor::Center };
                let (to_right, to_left) = (slug("east"), slug("west"));
                RuleSettings::LineCount(LineCountSettings { name, line: slug(line), to_right, to_left, classes, anchor })
            }
            Self::ZoneOccupancy { zone } => RuleSettings::ZoneOccupancy(ZoneOccupancySettings { name, zone: slug(zone), classes }),
            Self::Congestion { zone, exit_zone } => RuleSettings::Congestion(CongestionSettings {
                name,
                zone: slug(zone),
                free_flow_l_s: 2.0,
                enter_below: 0.25,
                exit_above: 0.35,
                window: secs(120),
                hold: secs(60),
                min_vehicles: 3.0,
                update_every: secs(120),
                cycle: None,
                residual_smp: 7.0,
                clear_hold: secs(60),
                exit_zone: exit_zone.as_deref().map(slug),
                emp: simpang::base::emp::EmpTable::default(),
            }),
            Self::Crowd { zone, enter_at, exit_below } => RuleSettings::Crowd(CrowdSettings {
                name,
                zone: slug(zone),
                enter_at: *enter_at,
                exit_below: *exit_below,
                hold: secs(20),
                update_every: secs(60),
            }),
            Self::Accident { zone, passed } => RuleSettings::Accident(AccidentSettings {
                name,
                zone: zone.as_deref().map(slug),
                cues: Cue::ALL.to_vec(),
                suspect_at: 0.55,
                confirm_at: 0.72,
                confirm_within: secs(20),
                braking_l_s2: 1.0,
                crash_l_s2: 1.8,
                closing_l_s: 0.7,
                passed: passed.unwrap_or(3),
                min_score: 0.4,
                gone: secs(10),
                update_every: secs(300),
            }),
            Self::StoppedVehicle { zone, passed } => RuleSettings::StoppedVehicle(StoppedVehicleSettings {
                name,
                zone: slug(zone),
                dwell: secs(20),
                drift_l: 0.5,
                passed: *passed,
                gone: secs(5),
                update_every: secs(60),
            }),
            Self::WrongWay { zone } => RuleSettings::WrongWay(WrongWaySettings {
                name,
                zone: slug(zone),
                distance_l: 3.0,
                lasting: Duration::from_millis(1500),
                riders_together: secs(900),
                update_every: secs(60),
            }),
            Self::Movements { gates } => {
                let line = |[a, b]: &[[f32; 2]; 2]| Line::new(Point::new(a[0], a[1]), Point::new(b[0], b[1]));
                RuleSettings::Movements(MovementsSettings {
                    name,
                    arms: gates.keys().map(|id| Arm { id: slug(id), name: id.clone() }).collect(),
                    gates: gates.values().enumerate().map(|(arm, ends)| Gate { line: line(ends), arm, ways: Ways::Both }).collect(),
                    classes: classes.into_iter().filter(|class| class.is_vehicle()).collect(),
                })
            }
            Self::Approach { zone } => RuleSettings::Approach(ApproachSettings {
                name,
                zone: slug(zone),
                cycle: None,
                green: None,
                saturation_smp_h: None,
                emp: simpang::base::emp::EmpTable::default(),
                los: simpang::base::los::LosTable::default(),
            }),
            Self::Debris { zone } => RuleSettings::Debris(DebrisSettings {
                name,
                zone: slug(zone),
                dwell: secs(60),
                smallest_l: 0.15,
                largest_l: 2.0,
                gone: secs(10),
                update_every: secs(300),
            }),
            Self::PedestrianOnRoad { zone } => RuleSettings::PedestrianOnRoad(PedestrianOnRoadSettings {
                name,
                zone: slug(zone),
                dwell: secs(10),
                gone: secs(30),
                update_every: secs(60),
            }),
        }
    }
}
