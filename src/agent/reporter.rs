//! Tells the broker and the board how the box is: camera states when they change, birth again when they do, health every half minute.

use std::sync::Arc;
use std::time::Duration;

use super::host::Host;
use super::systemd::{Systemd, Word};
use crate::base::handoff::{Empty, Receiver, Sender, WhenFull, channel};
use crate::base::time::{Clock, WallTime};
use crate::event::{Birth, CameraHealth as HealthOfCamera, CameraState, CameraSummary, Capability, Health, Wire};
use crate::outbox::{Connection, Outbox, OutboxStatus};
use crate::status::{Board, CameraHealth, DeliveryHealth};
use crate::vision::view::Trouble;

const LOOK_EVERY: Duration = Duration::from_secs(1);
const HEALTH_EVERY: u32 = 30;
/// A camera's thread says every second that it goes on, except while it works on a frame or waits for the model behind all other cameras' closer looks:
/// longer than this that takes on no box that is of any use.
const LONGEST_SILENCE: Duration = Duration::from_secs(300);

/// The fixed part of a birth message.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) started: WallTime,
    /// The same on the clock that nobody sets: boxes without a battery learn the date minutes after their start.
    pub(super) started_monotonic: Duration,
    pub(super) digest: String,
    pub(super) capabilities: Vec<Capability>,
}

/// What the birth message says now.
pub(super) fn birth(origin: &Origin, board: &Board, now: WallTime) -> Birth {
    let summary = |camera: &crate::status::CameraBoard| CameraSummary {
        camera_id: camera.plan.id.to_string(),
        state: state_of(&camera.health()),
        fps: f64::from(camera.counters().fps_analysed),
    };
    Birth {
        started: origin.started,
        now,
        config_digest: origin.digest.clone(),
        cameras: board.cameras.iter().map(summary).collect(),
        capabilities: origin.capabilities.clone(),
    }
}

fn state_of(health: &CameraHealth) -> CameraState {
    match health {
        CameraHealth::Ok => CameraState::Ok,
        CameraHealth::ViewLost { trouble, .. } => match trouble {
            Trouble::Moved(_) => CameraState::Moved,
            Trouble::Obstructed => CameraState::Obstructed,
            Trouble::Blurred => CameraState::Blurred,
            Trouble::Dark => CameraState::Dark,
            Trouble::Frozen => CameraState::Frozen,
        },
        CameraHealth::Connecting | CameraHealth::Ended { .. } | CameraHealth::NoSignal { .. } => CameraState::NoSignal,
    }
}

/// The reporter's thread; it ends when the sender it was given is dropped.
pub(super) struct Reporter {
    pub(super) wire: Wire,
    pub(super) origin: Origin,
    pub(super) host: Host,
    pub(super) outbox: Arc<Outbox>,
    pub(super) board: Arc<Board>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) systemd: Systemd,
}

/// Dropping the sender stops the reporter.
pub(super) fn stop_signal() -> (Sender<()>, Receiver<()>) {
    channel(1, WhenFull::DropOldest)
}

impl Reporter {
    pub(super) fn run(mut self, stop: &Receiver<()>) {
        let mut told: Vec<Option<CameraState>> = vec![None; self.board.cameras.len()];
        let mut round = 0u32;
        let mut hanging = None;
        self.systemd.say(Word::Ready);
        while stop.recv_timeout(LOOK_EVERY) != Err(Empty::Closed) {
            let status = self.outbox.status();
            self.board.set_delivery(delivery(&status));
            if self.tell_changes(&mut told) {
                let now = self.clock.wall();
                self.outbox.set_latest(self.wire.birth(&birth(&self.origin, &self.board, now)));
            }
            if round.is_multiple_of(HEALTH_EVERY) {
                self.tell_health(&status);
            }
            round = round.wrapping_add(1);
            self.tell_systemd(&mut hanging);
        }
        self.systemd.say(Word::Stopping);
    }

    /// That everything goes on, or nothing: then systemd ends this process and starts it again. That this is reached says that queue and board answer.
    fn tell_systemd(&self, hanging: &mut Option<String>) {
        let now = self.clock.monotonic();
        let found =
            self.board.cameras.iter().find(|camera| camera.silent_for(now) > LONGEST_SILENCE).map(|camera| camera.plan.id.to_string());
        if let Some(camera) = found.as_ref().filter(|_| found != *hanging) {
            let secs = LONGEST_SILENCE.as_secs();
            tracing::error!(
                camera,
                "camera `{camera}`: its analysis has made no progress for {secs} s; systemd hears nothing more and, where it watches, starts the agent again"
            );
        }
        if found.is_none() {
            self.systemd.say(Word::Alive);
        }
        *hanging = found;
    }

    /// Whether anything had changed.
    fn tell_changes(&self, told: &mut [Option<CameraState>]) -> bool {
        let now = self.clock.wall();
        let mut changed = false;
        for (camera, told) in self.board.cameras.iter().zip(told) {
            let health = camera.health();
            let state = state_of(&health);
            // The very first connection is not news: only its success or failure is.
            if *told != Some(state) && health != CameraHealth::Connecting {
                let back_then = |since: Duration| now - self.clock.monotonic().saturating_sub(since);
                let (since, reason) = match &health {
                    CameraHealth::NoSignal { cause, since, .. } => (back_then(*since), Some(cause.clone())),
                    CameraHealth::ViewLost { trouble, since } => (back_then(*since), Some(trouble.to_string())),
                    CameraHealth::Ended { problem } => (now, Some(problem.clone().unwrap_or_else(|| "the recording is over".to_owned()))),
                    CameraHealth::Ok | CameraHealth::Connecting => (now, None),
                };
                self.outbox.set_latest(self.wire.camera_state(&camera.plan.id, state, since, reason.as_deref()));
                *told = Some(state);
                changed = true;
            }
        }
        changed
    }

    fn tell_health(&mut self, status: &OutboxStatus) {
        let now = self.clock.wall();
        let cameras = self.board.cameras.iter().map(|camera| {
            let counters = camera.counters();
            HealthOfCamera {
                camera_id: camera.plan.id.to_string(),
                fps_in: f64::from(counters.fps_in),
                fps_processed: f64::from(counters.fps_analysed),
                frames_dropped: counters.dropped_frames,
                latency_p50_ms: counters.latency_ms.map(f64::from),
                latency_p95_ms: counters.latency_p95_ms.map(f64::from),
                decode_errors: counters.decode_errors,
                reconnects: counters.reconnects,
            }
        });
        let cameras = cameras.collect();
        let host = self.host.read(self.clock.monotonic());
        let health = Health {
            uptime_s: self.clock.monotonic().saturating_sub(self.origin.started_monotonic).as_secs_f64(),
            cameras,
            cpu_percent: host.cpu_percent,
            memory_bytes: host.memory_bytes,
            temperature_c: host.temperature_c,
            disk_free_bytes: host.disk_free_bytes,
            queue_messages: status.depth,
            queue_oldest_s: status.oldest.map(|oldest| oldest.secs_until(now).max(0.0)),
            dropped_messages: status.dropped_events + status.dropped_measures + status.refused + status.not_accepted,
            ..Health::default()
        };
        self.outbox.set_latest(self.wire.health(now, health));
    }
}

fn delivery(status: &OutboxStatus) -> DeliveryHealth {
    let (connected, cause) = match &status.connection {
        Connection::Up => (true, status.disk_trouble.clone()),
        Connection::Down(cause) => (false, Some(cause.to_string())),
    };
    DeliveryHealth {
        connected,
        cause,
        depth: status.depth,
        accepted: status.accepted,
        delivered: status.delivered,
        dropped: status.dropped_events + status.dropped_measures + status.refused + status.not_accepted,
    }
}
