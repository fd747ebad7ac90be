//! `/metrics` in the OpenMetrics text format, made from the board when somebody asks.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::board::{Board, CameraBoard, CameraHealth, Counters};

/// The whole page.
///
/// # Errors
/// Only when formatting into memory fails, which it does not.
pub fn metrics_text(board: &std::sync::Arc<Board>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("simpang");
    registry.register_collector(Box::new(BoardCollector(std::sync::Arc::clone(board))));
    let mut page = String::new();
    text::encode(&mut page, &registry)?;
    Ok(page)
}

#[derive(Debug)]
struct BoardCollector(std::sync::Arc<Board>);

type CounterOf = fn(&Counters) -> u64;
/// `None` is no sample.
type GaugeOf = fn(&Counters) -> Option<f64>;

const CAMERA_COUNTERS: [(&str, &str, CounterOf); 10] = [
    ("frames", "Frames decoded", |c| c.frames),
    ("frames_analysed", "Frames analysed", |c| c.analysed),
    ("frames_dropped", "Frames replaced by a newer one before they were analysed", |c| c.dropped_frames),
    ("packets_dropped", "Compressed pictures skipped because decoding was late", |c| c.dropped_packets),
    ("frames_damaged", "Frames not analysed because they were damaged", |c| c.damaged),
    ("frames_suspended", "Frames not analysed because the view was not the configured one", |c| c.suspended),
    ("decode_errors", "Errors the decoder reported", |c| c.decode_errors),
    ("reconnects", "Connections after the first", |c| c.reconnects),
    ("inferences", "Model runs", |c| c.inferences),
    ("inference_errors", "Model runs that failed", |c| c.detect_errors),
];

const CAMERA_GAUGES: [(&str, &str, GaugeOf); 3] = [
    ("fps_in", "Frames a second that come in", |c| Some(f64::from(c.fps_in))),
    ("fps_analysed", "Frames a second that are analysed", |c| Some(f64::from(c.fps_analysed))),
    ("latency_seconds", "From the frame's time stamp to its events", |c| c.latency_ms.map(|ms| f64::from(ms) / 1e3)),
];

impl Collector for BoardCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.encode_cameras(&mut encoder)?;
        let delivery = self.0.delivery();
        encode_one(&mut encoder, "broker_up", "Whether the broker is reached", &ConstGauge::new(i64::from(delivery.connected)))?;
        encode_one(&mut encoder, "outbox_depth", "Messages stored and not yet confirmed", &ConstGauge::new(delivery.depth as i64))?;
        encode_one(&mut encoder, "outbox_accepted", "Messages stored", &ConstCounter::new(delivery.accepted))?;
        encode_one(&mut encoder, "outbox_delivered", "Messages confirmed", &ConstCounter::new(delivery.delivered))?;
        encode_one(&mut encoder, "outbox_dropped", "Messages given up", &ConstCounter::new(delivery.dropped))
    }
}

impl BoardCollector {
    fn encode_cameras(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let is_lost = |health: &CameraHealth| matches!(health, CameraHealth::ViewLost { .. });
        let up = |camera: &CameraBoard| {
            let health = camera.health();
            Some(ConstGauge::new(i64::from(health == CameraHealth::Ok || is_lost(&health))))
        };
        self.encode_family(encoder, ("camera_up", "Whether pictures come"), up)?;
        let holds = |camera: &CameraBoard| Some(ConstGauge::new(i64::from(!is_lost(&camera.health()))));
        self.encode_family(encoder, ("camera_view_holds", "Whether nothing speaks against the configured view"), holds)?;
        for (name, help, read) in CAMERA_COUNTERS {
            self.encode_family(encoder, (name, help), |camera| Some(ConstCounter::new(read(&camera.counters()))))?;
        }
        for (name, help, read) in CAMERA_GAUGES {
            self.encode_family(encoder, (name, help), |camera| read(&camera.counters()).map(ConstGauge::new))?;
        }
        Ok(())
    }

    fn encode_family<M: EncodeMetric + prometheus_client::metrics::TypedMetric>(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        (name, help): (&str, &str),
        of: impl Fn(&CameraBoard) -> Option<M>,
    ) -> Result<(), fmt::Error> {
        let mut family = encoder.encode_descriptor(name, help, None, M::TYPE)?;
        for camera in &self.0.cameras {
            if let Some(metric) = of(camera) {
                metric.encode(family.encode_family(&[("camera", camera.plan.id.as_str())])?)?;
            }
        }
        Ok(())
    }
}

fn encode_one<M: EncodeMetric + prometheus_client::metrics::TypedMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &M,
) -> Result<(), fmt::Error> {
    metric.encode(encoder.encode_descriptor(name, help, None, M::TYPE)?)
}
