//! What the page asks for once a second, as JSON.

use std::time::Duration;

use serde::Serialize;

use super::board::{Board, CameraBoard, CameraHealth, DeliveryHealth, EventLine};
use crate::base::time::Clock;

/// Everything the page shows apart from the pictures.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    site: String,
    version: &'static str,
    clock: String,
    delivery: DeliveryHealth,
    cameras: Vec<CameraView>,
    events: Vec<EventLine>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CameraView {
    id: String,
    name: String,
    simulated: bool,
    state: &'static str,
    cause: Option<String>,
    hint: Option<String>,
    /// How long there have been no pictures, or none of the configured view, in seconds.
    silent_s: Option<f64>,
    fps_in: f32,
    fps_analysed: f32,
    latency_ms: Option<f32>,
    dropped_frames: u64,
    decode_errors: u64,
    reconnects: u64,
    tracks: usize,
    counts: Vec<CountView>,
    zones: Vec<ZoneView>,
    /// Seconds ago, line, direction: what the chart bins.
    crossings: Vec<(f64, String, String)>,
}

#[derive(Serialize)]
struct CountView {
    line: String,
    direction: String,
    class: &'static str,
    n: u32,
}

#[derive(Serialize)]
struct ZoneView {
    zone: String,
    name: String,
    class: &'static str,
    n: u32,
}

impl State {
    /// What is true now, on the wall and on the clock that nobody sets.
    pub(super) fn of(board: &Board, clock: &dyn Clock) -> Self {
        let now = clock.monotonic();
        Self {
            site: board.site.clone(),
            version: env!("CARGO_PKG_VERSION"),
            clock: clock.wall().local_clock(board.utc_offset_hours),
            delivery: board.delivery(),
            cameras: board.cameras.iter().map(|camera| CameraView::of(camera, now)).collect(),
            events: board.events(),
        }
    }
}

impl CameraView {
    fn of(camera: &CameraBoard, now: Duration) -> Self {
        let counters = camera.counters();
        let ago = |at: Duration| now.saturating_sub(at).as_secs_f64();
        let (state, cause, hint, silent_s) = match camera.health() {
            CameraHealth::Connecting => ("connecting", None, None, None),
            CameraHealth::Ok => ("ok", None, None, None),
            CameraHealth::Ended { problem } => ("ended", problem, None, None),
            CameraHealth::ViewLost { trouble, since } => {
                (trouble.word(), Some(trouble.to_string()), Some(trouble.hint().to_owned()), Some(ago(since)))
            }
            CameraHealth::NoSignal { cause, hint, since } => ("noSignal", Some(cause), Some(hint), Some(ago(since))),
        };
        let live = camera.live();
        Self {
            id: camera.plan.id.to_string(),
            name: camera.plan.name.clone(),
            simulated: camera.plan.is_simulated,
            state,
            cause,
            hint,
            silent_s,
            fps_in: counters.fps_in,
            fps_analysed: counters.fps_analysed,
            latency_ms: counters.latency_ms,
            dropped_frames: counters.dropped_frames,
            decode_errors: counters.decode_errors,
            reconnects: counters.reconnects,
            tracks: live.tracks.len(),
            counts: Self::counts(&live),
            zones: Self::zones(camera, &live),
            crossings: live.crossings.iter().map(|(at, line, direction, _)| (ago(*at), line.to_string(), direction.to_string())).collect(),
        }
    }

    fn counts(live: &super::board::Live) -> Vec<CountView> {
        let mut rows = Vec::new();
        for (line, directions) in &live.counts {
            for (direction, classes) in directions {
                for (class, &n) in classes {
                    rows.push(CountView { line: line.to_string(), direction: direction.to_string(), class: class.name(), n });
                }
            }
        }
        rows
    }

    fn zones(camera: &CameraBoard, live: &super::board::Live) -> Vec<ZoneView> {
        let name_of =
            |id: &crate::base::id::Slug| camera.plan.zones.iter().find(|zone| zone.id == *id).map_or(id.to_string(), |z| z.name.clone());
        let mut rows = Vec::new();
        for (zone, classes) in &live.zones {
            for (class, &n) in classes {
                rows.push(ZoneView { zone: zone.to_string(), name: name_of(zone), class: class.name(), n });
            }
        }
        rows
    }
}
