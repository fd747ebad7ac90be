//! One camera's pipeline thread: newest frame in, events to the outbox, the latest picture to the board.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::AgentError;
use super::latency::Latencies;
use super::outlet::Outlet;
use super::rate::Rate;
use crate::base::handoff::{Empty, Receiver};
use crate::base::id::Slug;
use crate::base::rate_limit::RateLimit;
use crate::base::time::Clock;
use crate::decode::Frame;
use crate::detect::Turn;
use crate::event::EndReason;
use crate::pipeline::{Pipeline, Step};
use crate::rules::Findings;
use crate::source::feed::CameraFeed;
use crate::source::feed_status::{FeedState, FeedWatch};
use crate::status::{CameraBoard, CameraHealth};

/// How often a silent camera's state is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A detector that fails on every frame is said this often.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// A running camera.
pub(super) struct Camera {
    feed: CameraFeed,
    thread: JoinHandle<()>,
}

/// What a pipeline thread works with.
pub(super) struct Post {
    pub(super) camera: Slug,
    pub(super) frames: Receiver<Frame>,
    pub(super) feed: FeedWatch,
    pub(super) outlet: Arc<Outlet>,
    pub(super) index: usize,
    pub(super) clock: Arc<dyn Clock>,
}

/// Makes a fresh pipeline: at the start, and again should one panic.
pub(super) type MakePipeline = Box<dyn FnMut() -> Pipeline + Send>;

impl Camera {
    /// Starts watching.
    pub(super) fn start(feed: CameraFeed, post: Post, make: MakePipeline) -> Result<Self, AgentError> {
        let name = post.camera.to_string();
        let thread = thread::Builder::new().name(name.clone()).spawn(move || supervise(&post, make));
        let thread = thread.map_err(|source| AgentError::Thread { name, source })?;
        Ok(Self { feed, thread })
    }

    /// Stops the source; the pipeline ends what is open and follows.
    pub(super) fn stop(self) {
        self.feed.stop();
        if self.thread.join().is_err() {
            tracing::error!("a camera's thread ended by a panic");
        }
    }
}

/// A panic in one camera's analysis is our mistake and costs that camera its memory, never the others their frames.
fn supervise(post: &Post, mut make: MakePipeline) {
    loop {
        let mut watch = Watch::new(post, make());
        if catch_unwind(AssertUnwindSafe(|| watch.until_over())).is_ok() {
            return;
        }
        tracing::error!(camera = %post.camera, "the analysis of this camera panicked and starts afresh; please report this");
    }
}

struct Watch<'a> {
    post: &'a Post,
    pipeline: Pipeline,
    analysed: Rate,
    latencies: Latencies,
    errors: RateLimit,
    shown: RateLimit,
}

impl<'a> Watch<'a> {
    fn new(post: &'a Post, pipeline: Pipeline) -> Self {
        Self {
            post,
            pipeline,
            analysed: Rate::default(),
            latencies: Latencies::default(),
            errors: RateLimit::new(SAY_EVERY),
            shown: RateLimit::new(LOOK_EVERY),
        }
    }

    fn until_over(&mut self) {
        loop {
            match self.post.frames.wait(LOOK_EVERY) {
                Ok(()) => self.analyse_newest(),
                Err(Empty::TimedOut) => {}
                Err(Empty::Closed) => break,
            }
            let now = self.post.clock.monotonic();
            if self.shown.pass(now).is_some() {
                self.show_status();
            }
        }
        self.show_status();
        let findings = self.pipeline.finish(EndReason::CameraLost);
        self.post.outlet.deliver(findings);
    }

    /// First the turn, then the frame: what is waiting is replaced by newer ones until the model is free.
    fn analyse_newest(&mut self) {
        let turn = self.pipeline.turn();
        // There is a frame: only this thread takes any.
        if let Ok(frame) = self.post.frames.recv_timeout(Duration::ZERO) {
            self.analyse(turn, &frame);
        }
    }

    fn analyse(&mut self, turn: Turn, frame: &Frame) {
        let now = self.post.clock.monotonic();
        let outlet = &self.post.outlet;
        match self.pipeline.step_in(turn, frame) {
            Ok(step) => {
                outlet.deliver(step.findings);
                show_step(outlet.camera(self.post.index), frame, &step, now);
            }
            Err(error) => {
                outlet.camera(self.post.index).update_counters(|counters| counters.detect_errors += 1);
                if let Some(held_back) = self.errors.pass(now) {
                    tracing::error!(camera = %self.post.camera, %error, held_back, "a frame could not be analysed");
                }
            }
        }
        self.analysed.tick(self.post.clock.monotonic());
        let latency = frame.stamp().wall.secs_until(self.post.clock.wall());
        self.latencies.push((latency * 1e3) as f32);
        let (totals, rate) = (self.pipeline.totals(), self.analysed.per_second(self.post.clock.monotonic()));
        let board = outlet.camera(self.post.index);
        board.update_counters(|counters| {
            counters.analysed = totals.analysed;
            counters.damaged = totals.damaged;
            counters.inferences = totals.inferences;
            counters.fps_analysed = rate;
        });
    }

    /// Rates of a camera that fell silent fall to zero here: no frame comes to do it.
    fn show_status(&mut self) {
        let board = self.post.outlet.camera(self.post.index);
        let status = self.post.feed.status();
        let is_streaming = matches!(status.state, FeedState::Streaming { .. });
        let analysed = self.analysed.per_second(self.post.clock.monotonic());
        board.update_counters(|counters| {
            counters.frames = status.frames;
            counters.dropped_frames = status.dropped_frames;
            counters.dropped_packets = status.dropped_packets;
            counters.decode_errors = status.decode_errors;
            counters.reconnects = status.reconnects;
            counters.fps_in = status.fps.filter(|_| is_streaming).unwrap_or_default();
            counters.fps_analysed = analysed;
        });
        let (half, most) = self.latencies.percentiles().unzip();
        board.update_counters(|counters| (counters.latency_ms, counters.latency_p95_ms) = (half, most));
        board.set_health(health_of(&status.state));
        let mut live = board.live();
        live.counts.clone_from(self.pipeline.rules().totals());
        live.zones = self.pipeline.rules().zones_now();
    }
}

fn health_of(state: &FeedState) -> CameraHealth {
    match state {
        FeedState::Connecting { .. } => CameraHealth::Connecting,
        FeedState::Streaming { .. } => CameraHealth::Ok,
        FeedState::Reconnecting { fault, since, .. } => {
            CameraHealth::NoSignal { cause: fault.to_string(), hint: fault.hint().to_owned(), since: *since }
        }
        FeedState::Ended { .. } => CameraHealth::Ended,
    }
}

fn show_step(board: &CameraBoard, frame: &Frame, step: &Step<'_>, now: Duration) {
    let is_watched = board.is_watched(now);
    let mut live = board.live();
    live.frame = is_watched.then(|| frame.clone());
    live.tracks.clear();
    live.tracks.extend_from_slice(step.tracks);
    show_crossings(&mut live, step.findings, now);
}

fn show_crossings(live: &mut crate::status::Live, findings: &Findings, now: Duration) {
    for crossing in &findings.crossings {
        live.push_crossing(now, crossing.line.clone(), crossing.direction.clone(), crossing.class);
    }
}
