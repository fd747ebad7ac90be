//! What a box says about itself and its cameras: birth, last will, whether a picture can be trusted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::envelope::Envelope;
use super::types::Category;
use super::utc::Utc;
use super::wire::{Wire, to_json};
use crate::base::id::Slug;
use crate::base::number::rounded_rate;
use crate::base::time::WallTime;

/// Whether the box is there. Retained: birth at each connection, the last will by the broker, a last word at a graceful stop.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct StatusMessage {
    /// Name and version of this vocabulary.
    #[schemars(extend("const" = "its-status/1.0"))]
    pub schema: String,
    /// This box.
    pub device_id: String,
    /// Intersection.
    pub site_id: String,
    /// Whether the box is there.
    pub state: DeviceState,
    /// This start of the program. A last will with another `bootId` than the latest birth is of an earlier start: ignore it.
    #[schemars(extend("format" = "uuid"))]
    pub boot_id: String,
    /// Why the state is what it is, when there is a reason: `lwt` in the last will, `shutdown` at a graceful stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the program started. Absent in the last will, which is written before anything happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Utc>,
    /// When this message was made. Absent in the last will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Utc>,
    /// Version of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    /// Digest of the applied configuration, `sha256:` and hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// Its cameras, in the order of their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cameras: Vec<CameraSummary>,
    /// What it reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
}

/// Whether a box is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeviceState {
    /// All is well.
    Online,
    /// It works, but not all of it: a camera is missing, messages are being dropped.
    Degraded,
    /// It was stopped by a person or a service manager.
    Stopped,
    /// It vanished; said by the broker.
    Offline,
}

/// One camera in the status of its box.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct CameraSummary {
    /// Which camera.
    pub camera_id: String,
    /// Whether it can be trusted.
    pub state: CameraState,
    /// Pictures analysed per second, lately.
    #[schemars(range(min = 0.0))]
    pub fps: f64,
}

impl CameraSummary {
    fn readable(self) -> Self {
        Self { fps: rounded_rate(self.fps), ..self }
    }
}

/// Whether a camera can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CameraState {
    /// Pictures come and are analysed.
    Ok,
    /// No pictures come.
    NoSignal,
    /// Pictures come and do not change.
    Frozen,
    /// It looks elsewhere than configured.
    Moved,
    /// Something covers the view.
    Obstructed,
    /// Too dark to see.
    Dark,
    /// Out of focus, wet or dirty.
    Blurred,
}

/// What a box reports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Capability {
    /// Congestion events.
    Congestion,
    /// Crowd events.
    Crowd,
    /// Accident events.
    Accident,
    /// Incident events.
    Incident,
    /// Periodic flow.
    Flow,
}

impl From<Category> for Capability {
    fn from(category: Category) -> Self {
        match category {
            Category::Congestion => Self::Congestion,
            Category::Crowd => Self::Crowd,
            Category::Accident => Self::Accident,
            Category::Incident => Self::Incident,
        }
    }
}

/// Whether a camera can be trusted, published at each change.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct CameraStateMessage {
    /// Name and version of this vocabulary.
    #[schemars(extend("const" = "its-camera/1.0"))]
    pub schema: String,
    /// Which camera.
    pub camera_id: String,
    /// Its name as locals say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera_name: Option<String>,
    /// Whether it can be trusted.
    pub state: CameraState,
    /// Since when.
    pub since: Utc,
    /// Why, for the person who will repair it; no address, no password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a birth or a graceful stop says.
#[derive(Clone, PartialEq, Debug)]
pub struct Birth {
    /// When the program started.
    pub started: WallTime,
    /// Now.
    pub now: WallTime,
    /// SHA-256 of the configuration in hex.
    pub config_digest: String,
    /// Its cameras, in the order of their ids.
    pub cameras: Vec<CameraSummary>,
    /// What it reports.
    pub capabilities: Vec<Capability>,
}

impl Wire {
    /// The box is there. Degraded as soon as one camera is not ok.
    pub fn birth(&self, birth: &Birth) -> Envelope {
        let is_well = birth.cameras.iter().all(|camera| camera.state == CameraState::Ok);
        self.status(if is_well { DeviceState::Online } else { DeviceState::Degraded }, None, Some(birth))
    }

    /// The box stops because it was told to.
    pub fn stopped(&self, birth: &Birth) -> Envelope {
        self.status(DeviceState::Stopped, Some("shutdown"), Some(birth))
    }

    /// The last will: given to the broker at each connection, published by it when the box vanishes.
    pub fn will(&self) -> Envelope {
        self.status(DeviceState::Offline, Some("lwt"), None)
    }

    fn status(&self, state: DeviceState, reason: Option<&str>, birth: Option<&Birth>) -> Envelope {
        let message = StatusMessage {
            schema: "its-status/1.0".to_owned(),
            device_id: self.identity().device.to_string(),
            site_id: self.identity().site.to_string(),
            state,
            boot_id: self.identity().boot.to_string(),
            reason: reason.map(str::to_owned),
            since: birth.map(|birth| birth.started.into()),
            time: birth.map(|birth| birth.now.into()),
            software: birth.map(|_| self.identity().software.clone()),
            config: birth.map(|birth| format!("sha256:{}", birth.config_digest)),
            cameras: birth.map(|birth| birth.cameras.iter().cloned().map(CameraSummary::readable).collect()).unwrap_or_default(),
            capabilities: birth.map(|birth| birth.capabilities.clone()).unwrap_or_default(),
        };
        self.envelope(Channel::Status, &[], to_json(&message))
    }

    /// Whether a camera can be trusted. `reason` is for the person who repairs it.
    pub fn camera_state(&self, camera: &Slug, state: CameraState, since: WallTime, reason: Option<&str>) -> Envelope {
        let message = CameraStateMessage {
            schema: "its-camera/1.0".to_owned(),
            camera_id: camera.to_string(),
            camera_name: self.identity().cameras.get(camera).map(|camera| camera.name.clone()),
            state,
            since: since.into(),
            reason: reason.map(str::to_owned),
        };
        self.envelope(Channel::CameraState, &[camera.as_str()], to_json(&message))
    }
}
