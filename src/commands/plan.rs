//! From settings to the values that several commands build the same way.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::base::time::WallTime;
use crate::config::settings::{CameraSettings, DetectorSettings, Settings, SourceSettings};
use crate::detect::{Detector, OnnxDetector, Pool, SceneDetector};
use crate::event::{BootId, CameraIdentity, Identity};
use crate::status::{CameraPlan, PlanLine, PlanZone};

/// The detector of one camera when it is alone: its own pool.
pub(super) fn detector_for(settings: &DetectorSettings, camera: &CameraSettings) -> Result<Box<dyn Detector>> {
    Ok(match camera.source {
        SourceSettings::Simulated { seed } => Box::new(SceneDetector::new(seed)),
        _ => Box::new(OnnxDetector::new(Pool::open(settings)?, &camera.detect)),
    })
}
