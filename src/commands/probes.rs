//! What `simpang check --probe` tries besides the text: the model, the cameras, the broker.

use anyhow::{Result, anyhow, bail};

use super::check::Probe;
use crate::config::settings::{MqttSettings, MqttVersion, Settings};
use crate::doctor::trial;

/// Everything that can be tried, in the order in which it is.
pub const ALL: &[Probe] =
    &[Probe { what: "model", run: model }, Probe { what: "cameras", run: cameras }, Probe { what: "broker", run: broker }];

fn model(settings: &Settings) -> Result<Vec<String>> {
    Ok(vec![match trial::model(&settings.detector)? {
        None => "none is needed".to_owned(),
        Some(run) => format!("`{}` opens", run.name),
    }])
}

fn cameras(settings: &Settings) -> Result<Vec<String>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (camera, picture) in settings.cameras.iter().zip(trial::first_pictures(&settings.cameras)) {
        match picture {
            Ok(picture) => {
                let kind = if trial::is_drawn(camera) { "drawn" } else { "received" };
                good.push(format!("`{}` {kind}, {} {}", camera.id, picture.size, picture.codec));
            }
            Err(error) => bad.push(format!("`{}`: {:#}", camera.id, anyhow!(error))),
        }
    }
    if bad.is_empty() { Ok(good) } else { bail!("{}", bad.join("\n")) }
}

/// Says hello to the broker.
pub(super) fn broker(settings: &Settings) -> Result<Vec<String>> {
    let Some(mqtt) = &settings.mqtt else { return Ok(vec!["none configured".to_owned()]) };
    trial::broker(mqtt).map_err(|cause| anyhow!("{}:{}: {cause}; {}", mqtt.host, mqtt.port, cause.hint()))?;
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
