//! Wiring: builds everything from the settings, starts it, supervises it, stops it in order.

mod camera;
mod earlier;
mod host;
mod identity;
mod keeper;
mod latency;
mod learned;
mod outlet;
mod rate;
mod reporter;
mod sheets;
mod systemd;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub use identity::{camera_plan, identity};

use crate::base::handoff::Sender;
use crate::base::time::Clock;
use crate::config::settings::{CameraSettings, Settings, SourceSettings, TrackSettings};
use crate::detect::{DetectError, Detector, OnnxDetector, Pool, SceneDetector};
use crate::event::Wire;
use crate::outbox::{JsonLines, Mqtt, Outbox, OutboxError, OutboxStatus, Outgoing, Parts, Presence, Transport};
use crate::pipeline::Pipeline;
use crate::rules::{BuildError, RuleSet};
use crate::source::fault::SourceError;
use crate::source::feed::CameraFeed;
use crate::status::{Board, Page, PageError};
use crate::vision::view::CameraView;
use camera::{Camera, Post};
use earlier::Earlier;
use host::Host;
use keeper::Writer;
use learned::{Shelf, View};
use outlet::Outlet;
use reporter::{Origin, Reporter, birth, stop_signal};
use sheets::Sheets;
use systemd::Systemd;

/// Why the agent could not start. A camera or broker that is away is none: they are waited for.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The system refused to start the runtime.
    #[error("the asynchronous runtime could not be started")]
    Runtime(#[source] std::io::Error),
    /// The system refused a thread.
    #[error("the thread of `{name}` could not be started")]
    Thread {
        /// Whose.
        name: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The model cannot be used.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// A rule cannot be built.
    #[error(transparent)]
    Rules(#[from] BuildError),
    /// A source cannot be used at all.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The durable queue cannot be opened.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The page cannot be served.
    #[error(transparent)]
    Page(#[from] PageError),
}

/// A running agent.
pub struct Agent {
    runtime: tokio::runtime::Runtime,
    cameras: Vec<Camera>,
    writer: Writer,
    sheets: Option<Sheets>,
    reporter: (Sender<()>, JoinHandle<()>),
    page: Option<Page>,
    outbox: Arc<Outbox>,
    board: Arc<Board>,
}

impl Agent {
    /// Starts everything: outbox first (it must be there before the first event), page, cameras.
    ///
    /// # Errors
    /// What a restart would not mend; see [`AgentError`].
    pub fn start(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Self, AgentError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(AgentError::Runtime)?;
        let started = clock.wall();
        let wire = Wire::new(identity(settings, started));
        let plans = settings.cameras.iter().map(camera_plan).collect();
        let board = Arc::new(Board::new(settings.site.name.clone(), settings.site.utc_offset_hours, plans));
        let origin = Origin {
            started,
            started_monotonic: clock.monotonic(),
            digest: settings.digest.clone(),
            capabilities: identity::capabilities(settings),
        };
        let outbox = Arc::new(start_outbox(settings, &wire, &origin, &board, clock, runtime.handle())?);
        let offset = settings.site.utc_offset_hours;
        let sheets = settings.report.as_ref().map(|report| Sheets::start(report, offset, wire.clone(), Arc::clone(clock))).transpose()?;
        let outlet = Outlet::new(Arc::clone(&outbox), Arc::clone(&board), wire.clone(), Arc::clone(clock));
        let outlet = Arc::new(outlet.reporting(sheets.as_ref().map(Sheets::inlet)));
        let (earlier, over) = earlier::of_cameras(settings, outbox.left_open(), started);
        over.iter().for_each(|event| outlet.deliver_event(event));
        outbox.set_latest(wire.config(&settings.digest, started, identity::geometry(settings)));

        let page = match &settings.page {
            Some(page) => Some(runtime.block_on(Page::start(page.listen, Arc::clone(&board), Arc::clone(clock)))?),
            None => None,
        };
        let writer = Writer::start(Shelf::beside(&settings.outbox.directory), settings.cameras.len())?;
        let cameras = start_cameras(settings, earlier, &writer, &outlet, clock, runtime.handle())?;
        let host = Host::new(settings.outbox.directory.clone());
        let reporter = Reporter {
            wire,
            origin,
            host,
            outbox: Arc::clone(&outbox),
            board: Arc::clone(&board),
            clock: Arc::clone(clock),
            systemd: Systemd::of_environment(),
        };
        let (stop, stopped) = stop_signal();
        let thread = thread::Builder::new().name("reporter".into()).spawn(move || reporter.run(&stopped));
        let thread = thread.map_err(|source| AgentError::Thread { name: "reporter".into(), source })?;
        Ok(Self { runtime, cameras, writer, sheets, reporter: (stop, thread), page, outbox, board })
    }

    /// Where the page listens, if there is one.
    pub fn page_address(&self) -> Option<SocketAddr> {
        self.page.as_ref().map(Page::address)
    }

    /// The latest of everything.
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// Waits on the runtime, e.g. for a signal.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Stops in the order of the data: cameras, then what they had to say, then the page. Waits for the broker at most `patience`.
    pub fn stop(self, patience: Duration) -> Option<OutboxStatus> {
        self.cameras.into_iter().for_each(Camera::stop);
        self.writer.stop();
        self.sheets.into_iter().for_each(Sheets::stop);
        let (stop, reporter) = self.reporter;
        drop(stop);
        if reporter.join().is_err() {
            tracing::error!("the reporter's thread ended by a panic");
        }
        if let Some(page) = self.page {
            self.runtime.block_on(page.stop());
        }
        // Every other owner has ended above; if one had not, dropping would close the outbox all the same.
        let status = Arc::into_inner(self.outbox).map(|outbox| outbox.stop(patience));
        self.runtime.shutdown_timeout(Duration::from_secs(2));
        status
    }
}

fn start_outbox(
    settings: &Settings,
    wire: &Wire,
    origin: &Origin,
    board: &Arc<Board>,
    clock: &Arc<dyn Clock>,
    runtime: &tokio::runtime::Handle,
) -> Result<Outbox, AgentError> {
    let transport: Box<dyn Transport> = match &settings.mqtt {
        None => Box::new(JsonLines::new(std::io::stdout())),
        Some(mqtt) => {
            let say = |speak: fn(&Wire, &crate::event::Birth) -> crate::event::Envelope| {
                let (wire, origin, board, clock) = (wire.clone(), origin.clone(), Arc::clone(board), Arc::clone(clock));
                Box::new(move || speak(&wire, &birth(&origin, &board, clock.wall())))
            };
            let presence = Presence { birth: say(Wire::birth), will: wire.will(), goodbye: say(Wire::stopped) };
            Box::new(Mqtt::new(mqtt.clone(), presence, origin.started.as_micros() as u64))
        }
    };
    let wire = wire.clone();
    let render = Box::new(move |outgoing: &Outgoing, sequence, recorded| match outgoing {
        Outgoing::Event(event) => wire.event(event, sequence, recorded),
        Outgoing::Report(report) => wire.flow(report).into_iter().collect(),
    });
    let parts = Parts { transport, render, clock: Arc::clone(clock), runtime: runtime.clone() };
    Ok(Outbox::start(&settings.outbox, parts)?)
}

fn start_cameras(
    settings: &Settings,
    earlier: Vec<Earlier>,
    writer: &Writer,
    outlet: &Arc<Outlet>,
    clock: &Arc<dyn Clock>,
    runtime: &tokio::runtime::Handle,
) -> Result<Vec<Camera>, AgentError> {
    let needs_model = settings.cameras.iter().any(|camera| !matches!(camera.source, SourceSettings::Simulated { .. }));
    let pool = if needs_model { Some(Pool::open(&settings.detector)?) } else { None };
    let mut cameras = Vec::with_capacity(settings.cameras.len());
    for ((index, camera), earlier) in settings.cameras.iter().enumerate().zip(earlier) {
        // Built once here so that a wrong rule stops the start, not a thread.
        RuleSet::build(camera, &settings.site.source())?;
        let (feed, frames) = CameraFeed::start(camera, Arc::clone(clock), runtime)?;
        let watch = feed.watch();
        let notes = writer.notes(camera.id.clone(), View::of(camera));
        let (patience, outlet, clock) = (settings.restart.judge_within, Arc::clone(outlet), Arc::clone(clock));
        let post = Post { camera: camera.id.clone(), frames, feed: watch, outlet, index, clock, patience };
        let (camera, source, pool) = (camera.clone(), settings.site.source(), pool.clone());
        let make = Box::new(move || {
            let rules = RuleSet::build(&camera, &source).expect("built once before this thread was started");
            let (detector, track) = look(&camera, pool.as_ref());
            Pipeline::new(detector, &track, rules).watching(camera.view.clone().map(CameraView::new))
        });
        cameras.push(Camera::start(feed, post, make, earlier, notes)?);
    }
    Ok(cameras)
}

/// How a camera is looked at and followed: the model and its scores, or the drawn scene.
///
/// # Panics
/// When a filmed camera is given no pool: that is a mistake of the caller.
pub fn look(camera: &CameraSettings, pool: Option<&Arc<Pool>>) -> (Box<dyn Detector>, TrackSettings) {
    match (&camera.source, pool) {
        (SourceSettings::Simulated { seed }, _) => (Box::new(SceneDetector::new(*seed)), camera.track.clone()),
        (_, Some(pool)) => {
            let track = camera.track.clone().scored(camera.track_scores, pool.model().scores.for_tracking(camera.detect.crops));
            (Box::new(OnnxDetector::new(Arc::clone(pool), &camera.detect)), track)
        }
        (_, None) => unreachable!("a pool is opened whenever a camera needs a model"),
    }
}
