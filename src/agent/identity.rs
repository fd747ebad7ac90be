//! From settings to what the messages and the page say about this box and its cameras.

use std::collections::BTreeSet;

use crate::base::time::WallTime;
use crate::config::settings::{CameraSettings, RuleSettings, Settings, SourceSettings};
use crate::event::{BootId, CameraGeometry, CameraIdentity, Capability, Identity, PictureFeature};
use crate::status::{CameraPlan, PlanLine, PlanZone};

/// Topic root when no broker is configured and events go to standard output.
const DEFAULT_ROOT: &str = "its/v1/palembang";

/// Who speaks in every message; `started` tells one start of the program from another.
pub fn identity(settings: &Settings, started: WallTime) -> Identity {
    let site = &settings.site;
    let names = settings.cameras.iter().map(|camera| {
        let said = CameraIdentity { name: camera.name.clone(), bearing_deg: camera.bearing_deg };
        (camera.id.clone(), said)
    });
    Identity {
        city: site.city.clone(),
        operator: site.operator.clone(),
        site: site.id.clone(),
        site_name: site.name.clone(),
        device: site.device.clone(),
        position: site.position,
        root: settings.mqtt.as_ref().map_or_else(|| DEFAULT_ROOT.to_owned(), |mqtt| mqtt.root.clone()),
        software: env!("CARGO_PKG_VERSION").to_owned(),
        boot: BootId::derive(&site.source(), started),
        cameras: names.collect(),
        emp: site.emp.clone(),
    }
}

/// What the page and annotated films draw.
pub fn camera_plan(camera: &CameraSettings) -> CameraPlan {
    CameraPlan {
        id: camera.id.clone(),
        name: camera.name.clone(),
        is_simulated: matches!(camera.source, SourceSettings::Simulated { .. }),
        lines: camera.lines.iter().map(|(id, &line)| PlanLine { id: id.clone(), line }).collect(),
        zones: camera
            .zones
            .iter()
            .map(|(id, zone)| PlanZone { id: id.clone(), name: zone.name.clone(), polygon: zone.polygon.clone() })
            .collect(),
    }
}

/// Lines and zones for the retained configuration message.
pub(super) fn geometry(settings: &Settings) -> Vec<CameraGeometry> {
    let of_camera = |camera: &CameraSettings| {
        let lines = camera.lines.iter().map(|(id, line)| PictureFeature::line(id, line));
        let zones = camera.zones.iter().map(|(id, zone)| PictureFeature::zone(id, &zone.name, zone.kind.word(), &zone.polygon));
        CameraGeometry { camera_id: camera.id.to_string(), camera_name: camera.name.clone(), features: lines.chain(zones).collect() }
    };
    settings.cameras.iter().map(of_camera).collect()
}

/// What this box reports, from the rules that are configured.
pub(super) fn capabilities(settings: &Settings) -> Vec<Capability> {
    let rules = settings.cameras.iter().flat_map(|camera| &camera.rules);
    let found: BTreeSet<Capability> = rules
        .map(|rule| match rule {
            RuleSettings::LineCount(_) | RuleSettings::ZoneOccupancy(_) | RuleSettings::Movements(_) | RuleSettings::Approach(_) => {
                Capability::Flow
            }
            RuleSettings::Congestion(_) => Capability::Congestion,
            RuleSettings::Crowd(_) => Capability::Crowd,
            RuleSettings::StoppedVehicle(_) | RuleSettings::WrongWay(_) | RuleSettings::PedestrianOnRoad(_) | RuleSettings::Debris(_) => {
                Capability::Incident
            }
            RuleSettings::Accident(_) => Capability::Accident,
        })
        .collect();
    found.into_iter().collect()
}
