//! How the box is doing, in figures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::envelope::Envelope;
use super::utc::Utc;
use super::wire::{Wire, to_json};
use crate::base::number::{rounded, rounded_rate};
use crate::base::time::WallTime;

/// How the box is doing, every 30 seconds. What the system does not tell is absent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct HealthMessage {
    /// Name and version of this vocabulary.
    #[schemars(extend("const" = "its-health/1.0"))]
    pub schema: String,
    /// This box.
    pub device_id: String,
    /// This start of the program.
    #[schemars(extend("format" = "uuid"))]
    pub boot_id: String,
    /// When this message was made.
    pub time: Utc,
    /// The figures.
    #[serde(flatten)]
    pub health: Health,
}

/// The figures of a [`HealthMessage`]: filled by whoever measures.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Seconds since the program started.
    #[serde(rename = "uptimeS")]
    #[schemars(range(min = 0.0))]
    pub uptime_s: f64,
    /// Its cameras, in the order of their ids.
    pub cameras: Vec<CameraHealth>,
    /// Share of all processors that the program used lately, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f64>,
    /// Memory the program holds, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Hottest sensor of the box, in degrees Celsius.
    #[serde(rename = "temperatureC", default, skip_serializing_if = "Option::is_none")]
    pub temperature_c: Option<f64>,
    /// Messages that wait for delivery.
    #[schemars(range(min = 0))]
    pub queue_messages: u64,
    /// Age of the oldest message that waits, in seconds.
    #[serde(rename = "queueOldestS", default, skip_serializing_if = "Option::is_none")]
    pub queue_oldest_s: Option<f64>,
    /// Messages dropped because the disk limit was reached, since the start.
    #[schemars(range(min = 0))]
    pub dropped_messages: u64,
    /// Free bytes where the queue is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// How far the box's clock is from true time, in milliseconds, as its time service says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<f64>,
}

/// How one camera is doing.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct CameraHealth {
    /// Which camera.
    pub camera_id: String,
    /// Pictures that came per second, lately.
    #[schemars(range(min = 0.0))]
    pub fps_in: f64,
    /// Pictures that were analysed per second, lately.
    #[schemars(range(min = 0.0))]
    pub fps_processed: f64,
    /// Pictures that were not analysed because a newer one was there, since the start.
    pub frames_dropped: u64,
    /// Half of the pictures were analysed within this time after they came, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_p50_ms: Option<f64>,
    /// 95 of 100 pictures were analysed within this time after they came, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_p95_ms: Option<f64>,
    /// Decoding errors since the start.
    pub decode_errors: u64,
    /// Connections lost since the start.
    pub reconnects: u64,
}

impl Health {
    /// Rounded, and without what is not a number: JSON has no word for it.
    fn readable(mut self) -> Self {
        for figure in [&mut self.cpu_percent, &mut self.temperature_c, &mut self.queue_oldest_s, &mut self.clock_offset_ms] {
            *figure = figure.filter(|value| value.is_finite()).map(rounded);
        }
        self.uptime_s = rounded_rate(self.uptime_s);
        for camera in &mut self.cameras {
            for figure in [&mut camera.latency_p50_ms, &mut camera.latency_p95_ms] {
                *figure = figure.filter(|value| value.is_finite()).map(rounded);
            }
            (camera.fps_in, camera.fps_processed) = (rounded_rate(camera.fps_in), rounded_rate(camera.fps_processed));
        }
        self
    }
}

impl Wire {
    /// How the box is doing.
    pub fn health(&self, now: WallTime, health: Health) -> Envelope {
        let message = HealthMessage {
            schema: "its-health/1.0".to_owned(),
            device_id: self.identity().device.to_string(),
            boot_id: self.identity().boot.to_string(),
            time: now.into(),
            health: health.readable(),
        };
        self.envelope(Channel::Health, &[], to_json(&message))
    }
}
