//! The rules of one camera, as configured.

use std::collections::BTreeMap;

use super::crowd::crowd_count::CrowdCount;
use super::incident::accident::Accident;
use super::incident::debris::Debris;
use super::incident::pedestrian_on_road::PedestrianOnRoad;
use super::incident::stopped_vehicle::StoppedVehicle;
use super::incident::wrong_way::WrongWay;
use super::sampling::Sampling;
use super::traffic::LineCounts;
use super::traffic::approach::{ApproachMeasures, At};
use super::traffic::congestion::{Around, Congestion};
use super::traffic::line_count::LineCount;
use super::traffic::movements::Movements;
use super::traffic::zone_occupancy::ZoneOccupancy;
use super::{Findings, LeftOpen, Rule, RuleMemory};
use crate::base::class::Class;
use crate::base::geom::{Line, Norm};
use crate::base::id::Slug;
use crate::base::time::Stamp;
use crate::config::settings::{CameraSettings, RuleSettings, Zone};
use crate::event::{EndReason, EventScope};
use crate::scene::{KnownIncident, Scene};

/// A rule that cannot be built. The configuration's check says the same earlier and with the line of the text.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No such line.
    #[error("camera `{camera}`, rule `{rule}`: there is no line `{line}`; add it under the camera's lines or name another one")]
    NoSuchLine {
        /// Of which camera.
        camera: Slug,
        /// Which rule.
        rule: Slug,
        /// The missing line.
        line: Slug,
    },
    /// No such zone.
    #[error("camera `{camera}`, rule `{rule}`: there is no zone `{zone}`; add it under the camera's zones or name another one")]
    NoSuchZone {
        /// Of which camera.
        camera: Slug,
        /// Which rule.
        rule: Slug,
        /// The missing zone.
        zone: Slug,
    },
    /// An approach without a stop line.
    #[error("camera `{camera}`, rule `{rule}`: the zone `{zone}` has no stop line; draw a line there and name it in the zone")]
    NoStopLine {
        /// Of which camera.
        camera: Slug,
        /// Which rule.
        rule: Slug,
        /// Which zone.
        zone: Slug,
    },
}

/// All rules of one camera, run in the configured order.
pub struct RuleSet {
    rules: Vec<Box<dyn Rule>>,
    /// Room for the incidents that are known in a frame.
    known: Vec<KnownIncident>,
    totals: BTreeMap<Slug, LineCounts>,
}

impl RuleSet {
    /// Builds the rules of `camera`; `source` is the box's CloudEvents source ([`crate::config::settings::Site::source`]).
    ///
    /// # Errors
    /// When a rule names a line or zone that the camera does not have.
    pub fn build(camera: &CameraSettings, source: &str) -> Result<Self, BuildError> {
        let rules: Result<Vec<_>, _> = camera.rules.iter().map(|rule| build(camera, source, rule)).collect();
        Ok(Self { rules: rules?, known: Vec::new(), totals: empty_totals(camera) })
    }

    /// Shows one frame's scene to every rule; `out` is added to.
    pub fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        let before = out.crossings.len();
        self.known.clear();
        self.rules.iter().for_each(|rule| rule.known(&mut self.known));
        let scene = Scene {
            at: scene.at,
            since_last: scene.since_last,
            size: scene.size,
            tracks: scene.tracks,
            flow: scene.flow,
            car_lengths: scene.car_lengths,
            foreground: scene.foreground,
            known: &self.known,
            // One controller gives every approach of a junction the same cycle; where they differ, the longest holds all phases of the others.
            signal_cycle: self.rules.iter().filter_map(|rule| rule.signal_cycle()).max(),
        };
        self.rules.iter_mut().for_each(|rule| rule.observe(&scene, out));
        self.add(before, out);
    }

    /// Ends the session: open events end with `reason`. Another session may follow; the totals go on.
    pub fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        let before = out.crossings.len();
        self.rules.iter_mut().for_each(|rule| rule.finish(at, reason, out));
        self.add(before, out);
    }

    /// What the rules keep for the next run of the program.
    pub fn memory(&self) -> Vec<RuleMemory> {
        self.rules.iter().filter_map(|rule| rule.memory()).collect()
    }

    /// Goes on from what an earlier run kept. Gives back the names of rules that are not here any more or watch another ground.
    pub fn recall(&mut self, memory: &[RuleMemory]) -> Vec<String> {
        let strange = memory.iter().filter(|kept| !self.rules.iter_mut().any(|rule| rule.recall(kept)));
        strange.map(|kept| kept.rule().to_owned()).collect()
    }

    /// Goes on with an event that an earlier run left open; gives it back when no rule can.
    pub fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        self.rules.iter_mut().try_fold(left, |left, rule| rule.resume(left).ok_or(())).ok()
    }

    /// Whether a rule looks at what is new in the picture.
    pub fn needs_pixels(&self) -> bool {
        self.rules.iter().any(|rule| rule.needs_pixels())
    }

    /// What passed each line since the start: line → direction → class → number. Every configured direction is there.
    pub fn totals(&self) -> &BTreeMap<Slug, LineCounts> {
        &self.totals
    }

    /// What is in each zone with an occupancy rule now: zone → class → number.
    pub fn zones_now(&self) -> BTreeMap<Slug, BTreeMap<Class, u32>> {
        self.rules.iter().filter_map(|rule| rule.zone_now()).map(|(zone, now)| (zone.clone(), now)).collect()
    }

    fn add(&mut self, before: usize, out: &Findings) {
        for crossing in &out.crossings[before..] {
            let line = self.totals.entry(crossing.line.clone()).or_default();
            *line.entry(crossing.direction.clone()).or_default().entry(crossing.class).or_default() += 1;
        }
    }
}

fn empty_totals(camera: &CameraSettings) -> BTreeMap<Slug, LineCounts> {
    let mut totals: BTreeMap<Slug, LineCounts> = BTreeMap::new();
    for rule in &camera.rules {
        if let RuleSettings::LineCount(settings) = rule {
            let line = totals.entry(settings.line.clone()).or_default();
            line.entry(settings.to_left.clone()).or_default();
            line.entry(settings.to_right.clone()).or_default();
        }
    }
    totals
}

fn build(camera: &CameraSettings, source: &str, rule: &RuleSettings) -> Result<Box<dyn Rule>, BuildError> {
    let sampling = Sampling::new(camera.analyse_fps);
    let scope = |rule: &Slug| EventScope { source: source.to_owned(), camera: camera.id.clone(), rule: rule.clone() };

    Ok(match rule {
        RuleSettings::LineCount(settings) => {
            let line = line(camera, &settings.name, &settings.line)?;
            Box::new(LineCount::new(camera.id.clone(), settings.clone(), line))
        }
        RuleSettings::ZoneOccupancy(settings) => {
            let zone = zone(camera, &settings.name, &settings.zone)?;
            Box::new(ZoneOccupancy::new(camera.id.clone(), settings.clone(), zone.clone(), sampling))
        }
        RuleSettings::Congestion(settings) => {
            let zone = zone(camera, &settings.name, &settings.zone)?;
            let exit = settings.exit_zone.as_ref().map(|exit| self::zone(camera, &settings.name, exit)).transpose()?;
            let rule = Congestion::new(scope(&settings.name), settings.clone(), &Around { zone, exit, all: &camera.zones }, sampling);
            match &camera.calibration {
                Some(calibration) => Box::new(rule.on_ground(calibration.ground.clone())),
                None => Box::new(rule),
            }
        }
        RuleSettings::Crowd(settings) => {
            let zone = zone(camera, &settings.name, &settings.zone)?;
            let rule = CrowdCount::new(scope(&settings.name), settings.clone(), zone.clone(), sampling);
            let ground = camera.calibration.as_ref().map(|calibration| &calibration.ground);
            match ground.and_then(|ground| Some((ground, ground.area_m2(&zone.polygon)?))) {
                Some((ground, m2)) => Box::new(rule.on_ground(ground.clone(), m2)),
                None => Box::new(rule),
            }
        }
        RuleSettings::Accident(settings) => {
            if let Some(id) = &settings.zone {
                zone(camera, &settings.name, id)?;
            }
            Box::new(Accident::new(scope(&settings.name), settings.clone(), camera.zones.iter(), sampling))
        }
        RuleSettings::StoppedVehicle(settings) => {
            let zone = zone(camera, &settings.name, &settings.zone)?;
            Box::new(StoppedVehicle::new(scope(&settings.name), settings.clone(), zone.clone(), camera.zones.iter(), sampling))
        }
        RuleSettings::WrongWay(settings) => {
            let zone = zone(camera, &settings.name, &settings.zone)?;
            Box::new(WrongWay::new(scope(&settings.name), settings.clone(), zone.clone(), sampling))
        }
        RuleSettings::PedestrianOnRoad(settings) => {
            let zone = zone(camera, &settings.name, &settings.zone)?;
            Box::new(PedestrianOnRoad::new(scope(&settings.name), settings.clone(), zone.clone(), camera.zones.values(), sampling))
        }
        RuleSettings::Debris(settings) => {
            let zone = zone(camera, &settings.name, &settings.zone)?;
            let rule = Debris::new(scope(&settings.name), settings.clone(), zone.clone(), camera.zones.values(), sampling);
            match &camera.calibration {
                Some(calibration) => Box::new(rule.on_ground(calibration.ground.clone())),
                None => Box::new(rule),
            }
        }
        RuleSettings::Movements(settings) => Box::new(Movements::new(camera.id.clone(), settings.clone(), sampling)),
        RuleSettings::Approach(settings) => {
            let zone = zone(camera, &settings.name, &settings.zone)?;
            let missing = || BuildError::NoStopLine { camera: camera.id.clone(), rule: settings.name.clone(), zone: settings.zone.clone() };
            let stop_line = zone.stop_line.ok_or_else(missing)?;
            let ground = camera.calibration.as_ref().map(|calibration| &calibration.ground);
            let at = At { camera: &camera.id, zone, stop_line, all: &camera.zones, ground };
            Box::new(ApproachMeasures::new(settings.clone(), &at, sampling))
        }
    })
}

fn line(camera: &CameraSettings, rule: &Slug, line: &Slug) -> Result<Line<Norm>, BuildError> {
    let missing = || BuildError::NoSuchLine { camera: camera.id.clone(), rule: rule.clone(), line: line.clone() };
    camera.lines.get(line).copied().ok_or_else(missing)
}

fn zone<'a>(camera: &'a CameraSettings, rule: &Slug, zone: &Slug) -> Result<&'a Zone, BuildError> {
    let missing = || BuildError::NoSuchZone { camera: camera.id.clone(), rule: rule.clone(), zone: zone.clone() };
    camera.zones.get(zone).ok_or_else(missing)
}
