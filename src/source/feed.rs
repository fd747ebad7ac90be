//! A live camera of the agent: connects for ever, decodes in a thread of its own, offers the newest frame.
//!
//! ```text
//!  camera ─► async task ─► backlog (skips to key frames) ─► decoder thread ─► gate ─► handoff (newest wins)
//!  film, drawn scene ─────────────────────────► pacing thread ───────────────► gate ─► handoff
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::backlog::{BacklogReceiver, backlog};
use super::fault::SourceError;
use super::feed_status::{Board, FeedState, FeedStatus, FeedWatch};
use super::file::FileFrames;
use super::gate::FrameGate;
use super::live::LiveCamera;
use super::simulated::SimulatedFrames;
use crate::base::handoff::{Empty, Receiver, Sender, WhenFull, channel};
use crate::base::hardware::HardwareDecoder;
use crate::base::id::Slug;
use crate::base::time::{Clock, MediaTime};
use crate::config::settings::{CameraSettings, RtspSettings, SourceSettings};
use crate::decode::{Decoder, Frame};

/// A running camera. Dropping it stops it; [`CameraFeed::stop`] says so in words.
pub struct CameraFeed {
    board: Arc<Board>,
    stop: Option<Stop>,
    thread: Option<JoinHandle<()>>,
    task_over: Option<Receiver<()>>,
}

/// Dropping it tells the feed to stop.
enum Stop {
    Task { _tell: watch::Sender<()> },
    Thread { _tell: Sender<()> },
}

impl CameraFeed {
    /// Starts the camera; the receiver gives the newest frame, thinned to `analyse_fps`. `runtime` must keep running until [`Self::stop`].
    ///
    /// # Errors
    /// When a film cannot be opened or no thread can be started. A camera that does not answer is no error: it is tried for ever.
    pub fn start(camera: &CameraSettings, clock: Arc<dyn Clock>, runtime: &Handle) -> Result<(Self, Receiver<Frame>), SourceError> {
        let board = Board::new();
        let (frames_in, frames) = channel(1, WhenFull::DropOldest);
        let outlet = Outlet { gate: FrameGate::at_most(camera.analyse_fps), frames: frames_in, board: Arc::clone(&board), last: None };
        let feed = match &camera.source {
            SourceSettings::Rtsp(settings) => Self::start_camera(&camera.id, settings, outlet, (clock, runtime))?,
            SourceSettings::File { path, repeat } => {
                let film = FileFrames::open(path, clock.wall())?;
                board.set_codec(film.codec().to_owned());
                let board = Arc::clone(&board);
                let reel = Reel { path: path.clone(), repeat: *repeat, clock: Arc::clone(&clock), session: 1, board, errors_before: 0 };
                Self::start_paced(Paced { id: camera.id.clone(), outlet, clock, frames: Box::new(reel.play(film)) })?
            }
            SourceSettings::Simulated { seed } => {
                let frames = Box::new(SimulatedFrames::new(*seed, clock.wall()).map(Ok));
                Self::start_paced(Paced { id: camera.id.clone(), outlet, clock, frames })?
            }
        };
        Ok((feed, frames))
    }

    /// How the camera is doing now.
    pub fn status(&self) -> FeedStatus {
        self.watch().status()
    }

    /// Reads the status from anywhere, also after the feed has stopped.
    pub fn watch(&self) -> FeedWatch {
        self.board.watch()
    }

    /// Stops and waits for everything that was started: about a second at most, for saying goodbye to the camera. Blocks: not to be called
    /// from a task of the runtime that the feed runs on.
    pub fn stop(self) {
        drop(self);
    }

    fn start_camera(id: &Slug, settings: &RtspSettings, outlet: Outlet, on: (Arc<dyn Clock>, &Handle)) -> Result<Self, SourceError> {
        let (clock, runtime) = on;
        let board = Arc::clone(&outlet.board);
        let (units, decoder_end) = backlog();
        let decoder = Decoder::with(&settings.hardware);
        let named = id.clone();
        let thread = spawn(id, move || decode(&named, (&decoder_end, decoder), outlet))?;
        let (tell, told) = watch::channel(());
        let (task_ends, task_over) = channel(1, WhenFull::Block);
        let camera = LiveCamera::new(id.clone(), settings.clone(), (clock, Arc::clone(&board)));
        runtime.spawn(async move {
            camera.run(units, told).await;
            drop(task_ends);
        });
        Ok(Self { board, stop: Some(Stop::Task { _tell: tell }), thread: Some(thread), task_over: Some(task_over) })
    }

    fn start_paced(paced: Paced) -> Result<Self, SourceError> {
        let (id, board) = (paced.id.clone(), Arc::clone(&paced.outlet.board));
        let (tell, told) = channel(1, WhenFull::Block);
        let thread = spawn(&id, move || paced.run(&told))?;
        Ok(Self { board, stop: Some(Stop::Thread { _tell: tell }), thread: Some(thread), task_over: None })
    }
}

impl Drop for CameraFeed {
    fn drop(&mut self) {
        // Longer than a goodbye may take; a runtime that was shut down first ends the task without a word.
        const LONGEST: Duration = Duration::from_secs(5);
        self.stop = None;
        if let Some(over) = self.task_over.take() {
            let _ = over.recv_timeout(LONGEST);
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a camera's thread ended in a panic");
        }
    }
}

fn spawn(id: &Slug, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, SourceError> {
    let named = std::thread::Builder::new().name(format!("feed {}", id.as_str()));
    named.spawn(body).map_err(|source| SourceError::NoThread { camera: id.clone(), source })
}

/// The last step of every feed: count, choose, hand over.
struct Outlet {
    gate: FrameGate,
    frames: Sender<Frame>,
    board: Arc<Board>,
    last: Option<(u32, MediaTime)>,
}

/// Nobody takes frames any more.
struct NobodyListens;

impl Outlet {
    fn pass(&mut self, frame: Frame) -> Result<(), NobodyListens> {
        let at = (frame.session(), frame.stamp().media);
        // A live decoder does not reorder: a picture that comes out late is too late.
        if self.last.is_some_and(|last| at <= last) {
            return Ok(());
        }
        self.last = Some(at);
        self.board.note_frame(at.0, at.1, frame.size());
        if self.gate.passes(&frame) {
            self.frames.send(frame).map_err(|_| NobodyListens)?;
            Board::copy(&self.board.dropped_frames, self.frames.dropped());
        }
        Ok(())
    }
}

/// The decoder thread of a camera. Ends when the socket's side is gone or nobody listens.
fn decode(id: &Slug, from: (&BacklogReceiver, Decoder), mut outlet: Outlet) {
    let (units, mut decoder) = from;
    let mut told = ToldOfHardware::default();
    let board = Arc::clone(&outlet.board);
    while let Some(unit) = units.pop() {
        let mut listens = true;
        let opened = decoder.decode(&unit, &mut |frame| listens &= outlet.pass(frame).is_ok());
        if !listens {
            return;
        }
        board.note_decoder(opened.err(), decoder.health());
        told.tell(id, &mut decoder);
    }
}

/// What was said of hardware: the same is not said again at every reconnection.
#[derive(Default)]
struct ToldOfHardware {
    decodes: Option<HardwareDecoder>,
    given_up: Option<String>,
}

impl ToldOfHardware {
    fn tell(&mut self, id: &Slug, decoder: &mut Decoder) {
        if let Some(why) = decoder.take_given_up().filter(|why| self.given_up.as_ref() != Some(why)) {
            tracing::warn!(camera = id.as_str(), "camera `{id}`: hardware is not used for decoding: {why}");
            self.given_up = Some(why);
        }
        if let Some(hardware) = decoder.hardware().filter(|now| self.decodes.replace(*now) != Some(*now)) {
            tracing::info!(camera = id.as_str(), "camera `{id}`: decoded by {hardware}");
        }
    }
}

/// A film or a scene, shown at its own speed.
struct Paced {
    id: Slug,
    outlet: Outlet,
    clock: Arc<dyn Clock>,
    frames: Box<dyn Iterator<Item = Result<Frame, SourceError>> + Send>,
}

impl Paced {
    fn run(mut self, stop: &Receiver<()>) {
        self.outlet.board.set_state(FeedState::Streaming { since: self.clock.wall() });
        let mut beat = Beat { session: 0, began: Duration::ZERO };
        let mut problem = None;
        for frame in &mut self.frames {
            match frame {
                Ok(frame) => {
                    if beat.wait(&frame, (&*self.clock, stop)).is_err() {
                        break;
                    }
                    self.outlet.board.damaged.fetch_add(u64::from(frame.is_damaged()), Ordering::Relaxed);
                    if self.outlet.pass(frame).is_err() {
                        break;
                    }
                }
                Err(error) => problem = Some(error.to_string()),
            }
        }
        if let Some(problem) = &problem {
            tracing::warn!(camera = self.id.as_str(), "camera `{}`: {problem}", self.id);
        }
        self.outlet.board.set_state(FeedState::Ended { problem });
    }
}

/// The feed is to stop.
struct Stopped;

/// When frames are due: each session begins when its first frame is ready.
struct Beat {
    session: u32,
    began: Duration,
}

impl Beat {
    fn wait(&mut self, frame: &Frame, with: (&dyn Clock, &Receiver<()>)) -> Result<(), Stopped> {
        let (clock, stop) = with;
        if frame.session() != self.session {
            *self = Self { session: frame.session(), began: clock.monotonic() };
        }
        let due = self.began + frame.stamp().media.since(MediaTime::ZERO);
        // Always asked, also when late: a film that decodes slower than it plays must still stop at once.
        match stop.recv_timeout(due.saturating_sub(clock.monotonic())) {
            Err(Empty::TimedOut) => Ok(()),
            Err(Empty::Closed) | Ok(()) => Err(Stopped),
        }
    }
}

/// A film, shown again and again when it repeats: each showing is a session of its own.
struct Reel {
    path: PathBuf,
    repeat: bool,
    clock: Arc<dyn Clock>,
    session: u32,
    board: Arc<Board>,
    /// Decode errors of earlier showings.
    errors_before: u64,
}

impl Reel {
    fn play(mut self, first: FileFrames) -> impl Iterator<Item = Result<Frame, SourceError>> + Send {
        let mut film = Some(first);
        std::iter::from_fn(move || {
            loop {
                let showing = film.as_mut()?;
                let next = showing.next();
                let errors = self.errors_before + showing.decode_errors();
                Board::copy(&self.board.decode_errors, errors);
                // Showing again what shows nothing would turn in circles.
                self.repeat &= !matches!(next, Some(Err(SourceError::NotAFilm { .. })));
                if next.is_some() {
                    return next;
                }
                film = None;
                self.errors_before = errors;
                if self.repeat {
                    self.session += 1;
                    match FileFrames::open(&self.path, self.clock.wall()) {
                        Ok(again) => film = Some(again.in_session(self.session)),
                        Err(error) => return Some(Err(error)),
                    }
                }
            }
        })
    }
}
