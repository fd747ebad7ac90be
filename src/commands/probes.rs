//! What `simpang check --probe` tries besides the text: the model, the cameras, the broker.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::check::Probe;
use crate::base::time::{Clock, SystemClock};
use crate::config::settings::{CameraSettings, MqttSettings, Settings, SourceSettings};
use crate::detect::Pool;
use crate::source::feed::CameraFeed;
use crate::source::feed_status::FeedState;

/// A camera must show its first picture within this time.
const CAMERA_PATIENCE: Duration = Duration::from_secs(15);
const BROKER_PATIENCE: Duration = Duration::from_secs(10);

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
        (Err(_), _) => bail!("no picture within {} s", CAMERA_PATIENCE.as_secs()),
    }
}

fn broker(settings: &Settings) -> Result<Vec<String>> {
    let Some(mqtt) = &settings.mqtt else { return Ok(vec!["none configured".to_owned()]) };
    super::stop::block_on(reach(mqtt)).map(|()| vec![format!("{}:{} answers", mqtt.host, mqtt.port)])
}

/// Opens the connection only: saying hello under the box's own client id would throw a running agent out.
async fn reach(mqtt: &MqttSettings) -> Result<()> {
    let connect = tokio::net::TcpStream::connect((mqtt.host.as_str(), mqtt.port));
    let answer = tokio::time::timeout(BROKER_PATIENCE, connect).await.context("no answer in time: check address, port and firewall")?;
    answer.with_context(|| format!("{}:{} cannot be reached: is the broker running, are address and port right?", mqtt.host, mqtt.port))?;
    Ok(())
}
