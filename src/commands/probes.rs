//! What `simpang check --probe` tries besides the text: the model, the cameras, the broker.

use std::time::Duration;

use anyhow::{Result, anyhow, bail};

use super::check::Probe;
use crate::base::time::{Clock, SystemClock};
use crate::config::settings::{CameraSettings, MqttSettings, MqttVersion, Settings, SourceSettings};
use crate::detect::Pool;
use crate::outbox::greet;
use crate::source::feed::CameraFeed;
use crate::source::feed_status::FeedState;

/// A camera must show its first picture within this time.
const CAMERA_PATIENCE: Duration = Duration::from_secs(15);

/// Everything that can be tried, in the order in which it is.
pub const ALL: &[Probe] =
    &[Probe { what: "model", run: model }, Probe { what: "cameras", run: cameras }, Probe { what: "broker", run: broker }];

fn model(settings: &Settings) -> Result<Vec<String>> {
    if settings.detector.model.is_none() {
        return Ok(vec!["none is needed".to_owned()]);
    }
    let pool = Pool::open(&settings.detector)?;
    Ok(vec![format!("`{}` opens", pool.model().name)])
}

fn cameras(settings: &Settings) -> Result<Vec<String>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for camera in &settings.cameras {
        match first_picture(camera) {
            Ok(line) => good.push(line),
            Err(error) => bad.push(format!("`{}`: {error:#}", camera.id)),
        }
    }
    if bad.is_empty() { Ok(good) } else { bail!("{}", bad.join("\n")) }
}

fn first_picture(camera: &CameraSettings) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let clock: std::sync::Arc<dyn Clock> = std::sync::Arc::new(SystemClock::new());
    let (feed, frames) = CameraFeed::start(camera, clock, runtime.handle())?;
    let frame = frames.recv_timeout(CAMERA_PATIENCE);
    let status = feed.status();
    feed.stop();
    match (frame, status.state) {
        (Ok(frame), _) => {
            let kind = if matches!(camera.source, SourceSettings::Simulated { .. }) { "drawn" } else { "received" };
            Ok(format!("`{}` {kind}, {} {}", camera.id, frame.size(), status.codec.unwrap_or_default()))
        }
        (Err(_), FeedState::Reconnecting { fault, .. }) => bail!("{fault}; {}", fault.hint()),
        (Err(_), _) => bail!("no picture within {} s; look at it alone with simpang probe", CAMERA_PATIENCE.as_secs()),
    }
}

fn broker(settings: &Settings) -> Result<Vec<String>> {
    let Some(mqtt) = &settings.mqtt else { return Ok(vec!["none configured".to_owned()]) };
    let asked = async { greet(mqtt).await.map_err(|cause| anyhow!("{}:{}: {cause}; {}", mqtt.host, mqtt.port, cause.hint())) };
    super::stop::block_on(asked)?;
    Ok(vec![format!("{}:{} lets this box in ({})", mqtt.host, mqtt.port, manner(mqtt))])
}

/// `MQTT 5, TLS, as `edge-01``.
fn manner(mqtt: &MqttSettings) -> String {
    let version = match mqtt.version {
        MqttVersion::V3 => "MQTT 3.1.1",
        MqttVersion::V5 => "MQTT 5",
    };
    let encryption = if mqtt.tls.is_some() { "TLS" } else { "plain text" };
    let user = mqtt.credentials.as_ref().map_or_else(|| "without a user".to_owned(), |known| format!("as `{}`", known.user));
    format!("{version}, {encryption}, {user}")
}
