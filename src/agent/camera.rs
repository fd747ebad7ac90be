//! One camera's pipeline thread: newest frame in, events to the outbox, the latest picture to the board.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::AgentError;
use super::earlier::Earlier;
use super::keeper::Notes;
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
use crate::source::timeline::INTERRUPTION;
use crate::status::{CameraBoard, CameraHealth};
use crate::vision::view::{Trouble, ViewState};

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
    /// How long events of an earlier run wait for the first frame.
    pub(super) patience: Duration,
}

/// Makes a fresh pipeline: at the start, and again should one panic.
pub(super) type MakePipeline = Box<dyn FnMut() -> Pipeline + Send>;

impl Camera {
    /// Starts watching.
    pub(super) fn start(feed: CameraFeed, post: Post, make: MakePipeline, earlier: Earlier, notes: Notes) -> Result<Self, AgentError> {
        let name = post.camera.to_string();
        let thread = thread::Builder::new().name(name.clone()).spawn(move || supervise(&post, make, earlier, notes));
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
fn supervise(post: &Post, mut make: MakePipeline, earlier: Earlier, mut notes: Notes) {
    // Taken over once: should it be what broke, the next pipeline does without.
    let mut earlier = Some(earlier);
    loop {
        let mut watch = Watch::new(post, make(), &mut notes);
        let earlier = earlier.take();
        if catch_unwind(AssertUnwindSafe(|| watch.go_on(earlier).until_over())).is_ok() {
            return;
        }
        tracing::error!(camera = %post.camera, "the analysis of this camera panicked and starts afresh; please report this");
        // The fresh pipeline knows nothing of what this one had begun. The rules are seldom what broke.
        if catch_unwind(AssertUnwindSafe(|| watch.end_open())).is_err() {
            tracing::error!(camera = %post.camera, "its open events could not be ended; the next start of the agent does that");
        }
    }
}

struct Watch<'a> {
    post: &'a Post,
    pipeline: Pipeline,
    notes: &'a mut Notes,
    analysed: Rate,
    latencies: Latencies,
    errors: RateLimit,
    shown: RateLimit,
    /// When a frame was taken last.
    last_frame: Duration,
    /// What is wrong with the view and since when on the monotonic clock, while something is.
    lost: Option<(Trouble, Duration)>,
}

impl<'a> Watch<'a> {
    fn new(post: &'a Post, pipeline: Pipeline, notes: &'a mut Notes) -> Self {
        Self {
            post,
            pipeline,
            notes,
            analysed: Rate::default(),
            latencies: Latencies::default(),
            errors: RateLimit::new(SAY_EVERY),
            shown: RateLimit::new(LOOK_EVERY),
            last_frame: post.clock.monotonic(),
            lost: None,
        }
    }

    /// From where an earlier run of the program was cut off.
    fn go_on(&mut self, earlier: Option<Earlier>) -> &mut Self {
        let Some(Earlier { kept, left }) = earlier else { return self };
        let strange = kept.map_or_else(Vec::new, |kept| self.pipeline.recall(&kept.memory));
        if !strange.is_empty() {
            tracing::warn!(camera = %self.post.camera, rules = strange.join(", "), "learned: rules that are gone or watch another zone now begin anew");
        }
        let now = self.post.clock.wall();
        let open = left.len();
        let given_up = self.pipeline.resume(left, now);
        if open > 0 {
            let (camera, waiting) = (&self.post.camera, open - given_up.len());
            tracing::info!(%camera, waiting, ended = given_up.len(), "events that were open go on when they are still so");
        }
        given_up.into_iter().for_each(|left| self.post.outlet.deliver_event(&left.end(now)));
        self
    }

    fn until_over(&mut self) {
        loop {
            // Before the work too: who hangs or panics in the very first frame is known from here on.
            self.post.outlet.camera(self.post.index).note_alive(self.post.clock.monotonic());
            match self.post.frames.wait(LOOK_EVERY) {
                Ok(()) => self.analyse_newest(),
                Err(Empty::TimedOut) => self.end_what_nobody_sees(),
                Err(Empty::Closed) => break,
            }
            let now = self.post.clock.monotonic();
            if self.shown.pass(now).is_some() {
                self.show_status();
            }
        }
        self.post.outlet.camera(self.post.index).note_over();
        self.notes.note(&self.pipeline, self.post.clock.wall());
        self.end_open();
        self.show_status();
    }

    /// A camera that is away longer than an interruption: whether what was open goes on, nobody knows.
    fn end_what_nobody_sees(&mut self) {
        let away = self.post.clock.monotonic().saturating_sub(self.last_frame);
        let is_away = matches!(self.post.feed.status().state, FeedState::Connecting { .. } | FeedState::Reconnecting { .. });
        let patience = if self.pipeline.is_waiting() { self.post.patience } else { INTERRUPTION };
        if is_away && away >= patience {
            self.end_open();
        }
    }

    fn end_open(&mut self) {
        let findings = self.pipeline.finish(EndReason::CameraLost);
        self.post.outlet.deliver(findings);
    }

    /// First the turn, then the frame: what is waiting is replaced by newer ones until the model is free.
    fn analyse_newest(&mut self) {
        let turn = self.pipeline.turn();
        // There is a frame: only this thread takes any.
        if let Ok(frame) = self.post.frames.recv_timeout(Duration::ZERO) {
            self.last_frame = self.post.clock.monotonic();
            self.analyse(turn, &frame);
        }
    }

    fn analyse(&mut self, turn: Turn, frame: &Frame) {
        let now = self.post.clock.monotonic();
        let outlet = &self.post.outlet;
        match self.pipeline.step_in(turn, frame) {
            Ok(step) => {
                outlet.deliver(step.findings);
                self.lost = match step.view {
                    ViewState::Holds | ViewState::Doubtful => None,
                    ViewState::Lost { trouble, since } => {
                        let began =
                            self.lost.map_or_else(|| now.saturating_sub(frame.stamp().media.since(since.media)), |(_, began)| began);
                        Some((trouble, began))
                    }
                };
                show_step(outlet.camera(self.post.index), frame, &step, now);
                let is_news = !step.findings.events.is_empty();
                self.notes.follow(&self.pipeline, now, self.post.clock.wall(), is_news);
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
        // A stamp may lead our clock a little.
        self.latencies.push((latency * 1e3).max(0.0) as f32);
        let (totals, rate) = (self.pipeline.totals(), self.analysed.per_second(self.post.clock.monotonic()));
        let board = outlet.camera(self.post.index);
        board.update_counters(|counters| {
            counters.analysed = totals.analysed;
            counters.damaged = totals.damaged;
            counters.suspended = totals.suspended;
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
        board.set_health(health_of(&status.state, self.lost));
        let mut live = board.live();
        live.counts.clone_from(self.pipeline.rules().totals());
        live.zones = self.pipeline.rules().zones_now();
    }
}

fn health_of(state: &FeedState, lost: Option<(Trouble, Duration)>) -> CameraHealth {
    match state {
        FeedState::Connecting { .. } => CameraHealth::Connecting,
        FeedState::Streaming { .. } => lost.map_or(CameraHealth::Ok, |(trouble, since)| CameraHealth::ViewLost { trouble, since }),
        FeedState::Reconnecting { fault, since, .. } => {
            CameraHealth::NoSignal { cause: fault.to_string(), hint: fault.hint().to_owned(), since: *since }
        }
        FeedState::Ended { problem } => CameraHealth::Ended { problem: problem.clone() },
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

#[cfg(test)]
mod tests {
    use super::super::keeper::Writer;
    use super::super::learned::{Shelf, View};
    use super::*;
    use crate::base::handoff::{Sender, WhenFull, channel};
    use crate::base::time::SimulatedClock;
    use crate::config::settings::OutboxSettings;
    use crate::event::{BootId, Identity, Wire};
    use crate::outbox::{JsonLines, Outbox, Outgoing, Parts};
    use crate::pipeline::samples::{START, camera, crowd, frames, pipeline, slug, street};
    use crate::source::fault::Fault;
    use crate::source::feed_status::Board as FeedBoard;
    use crate::status::Board;
    use crate::vision::view::CameraView;
    use std::io::Write;
    use std::sync::Mutex;

    /// How long events of an earlier run wait for the first frame.
    const PATIENCE: Duration = Duration::from_secs(120);

    /// What was printed, kept.
    #[derive(Clone, Default)]
    struct Printed(Arc<Mutex<Vec<u8>>>);

    impl Write for Printed {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("lock").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A camera's post with a real outbox that prints.
    struct Bench {
        post: Post,
        feed: Arc<FeedBoard>,
        outbox: Arc<Outbox>,
        printed: Printed,
        clock: Arc<SimulatedClock>,
        folder: tempfile::TempDir,
        _runtime: tokio::runtime::Runtime,
    }

    impl Bench {
        fn new() -> (Self, Sender<Frame>) {
            let (folder, printed) = (tempfile::tempdir().expect("a folder"), Printed::default());
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
            let clock = Arc::new(SimulatedClock::at(START));
            let wire = Wire::new(identity());
            let settings =
                OutboxSettings { directory: folder.path().to_owned(), max_bytes: 64 << 20, keep_history: Duration::from_secs(60) };
            let speaker = wire.clone();
            let render = Box::new(move |outgoing: &Outgoing, sequence, recorded| match outgoing {
                Outgoing::Event(event) => speaker.event(event, sequence, recorded),
                Outgoing::Report(_) => Vec::new(),
            });
            let transport = Box::new(JsonLines::new(printed.clone()));
            let parts = Parts { transport, render, clock: clock.clone(), runtime: runtime.handle().clone() };
            let outbox = Arc::new(Outbox::start(&settings, parts).expect("starts"));
            let board = Arc::new(Board::new("Uji".into(), 7, vec![super::super::camera_plan(&camera())]));
            let outlet = Arc::new(Outlet::new(Arc::clone(&outbox), board, wire, clock.clone()));
            let (frames_in, frames) = channel(1000, WhenFull::Block);
            let feed = FeedBoard::new();
            let post =
                Post { camera: slug("utara"), frames, feed: feed.watch(), outlet, index: 0, clock: clock.clone(), patience: PATIENCE };
            (Self { post, feed, outbox, printed, clock, folder, _runtime: runtime }, frames_in)
        }

        fn notes(&self) -> (Notes, Writer) {
            let writer = Writer::start(Shelf::beside(self.folder.path()), 1).expect("a thread");
            (writer.notes(slug("utara"), View::of(&camera())), writer)
        }

        /// Id, phase and reason of every message.
        fn told(self) -> Vec<(String, String, Option<String>)> {
            drop(self.post);
            Arc::into_inner(self.outbox).expect("its last owner").stop(Duration::from_secs(20));
            let printed = self.printed.0.lock().expect("lock").clone();
            let lines = printed.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
            let events = lines.map(|line| serde_json::from_slice::<serde_json::Value>(line).expect("JSON"));
            let word = |value: &serde_json::Value| value.as_str().map(str::to_owned);
            let told = events.map(|event| {
                let phase = word(&event["data"]["phase"]).expect("a word");
                (word(&event["subject"]).expect("an id"), phase, word(&event["data"]["endReason"]))
            });
            told.collect()
        }
    }

    fn identity() -> Identity {
        Identity {
            city: slug("kota"),
            operator: slug("uji"),
            site: slug("simpang"),
            site_name: "Simpang Uji".into(),
            device: slug("kotak"),
            position: None,
            root: "its/v1/kota".into(),
            software: "0.0.0".into(),
            boot: BootId::derive("/uji", START),
            cameras: Default::default(),
            emp: Default::default(),
        }
    }

    fn words(told: &[(String, String, Option<String>)]) -> Vec<(&str, Option<&str>)> {
        told.iter().map(|(_, phase, reason)| (phase.as_str(), reason.as_deref())).collect()
    }

    #[test]
    fn a_panic_in_the_analysis_ends_what_was_open_and_the_camera_is_watched_on() {
        let (bench, frames_in) = Bench::new();
        frames(1, 0, 30).for_each(|frame| frames_in.send(frame).expect("somebody listens"));
        drop(frames_in);
        let mut panics = true;
        let make = Box::new(move || {
            let is_first = std::mem::take(&mut panics);
            pipeline(move |frame| {
                assert!(!(is_first && frame.number() == 100), "a mistake of ours, made for this test");
                Ok(crowd())
            })
        });
        supervise(&bench.post, make, Earlier { kept: None, left: Vec::new() }, bench.notes().0);
        let told = bench.told();
        assert_eq!(words(&told), [("new", None), ("end", Some("cameraLost")), ("new", None), ("end", Some("cameraLost"))]);
        assert!(told[0].0 == told[1].0 && told[2].0 == told[3].0 && told[0].0 != told[2].0, "{told:?}");
    }

    #[test]
    fn a_camera_that_stays_away_ends_what_was_open_before_it_comes_back_and_one_that_hiccups_does_not() {
        let (bench, frames_in) = Bench::new();
        let (mut notes, _writer) = bench.notes();
        let mut watch = Watch::new(&bench.post, pipeline(|_| Ok(crowd())), &mut notes);
        let see = |watch: &mut Watch<'_>, from, to| {
            for frame in frames(1, from, to) {
                frames_in.send(frame).expect("somebody listens");
                watch.analyse_newest();
            }
        };
        see(&mut watch, 0, 12);
        bench.feed.set_state(FeedState::Reconnecting { attempt: 3, fault: Fault::Refused, since: Duration::ZERO });
        bench.clock.advance(INTERRUPTION - Duration::from_millis(1));
        watch.end_what_nobody_sees();
        // It is back: had its event been ended, a second one would begin.
        see(&mut watch, 42, 54);
        bench.clock.advance(INTERRUPTION);
        watch.end_what_nobody_sees();
        watch.end_what_nobody_sees();
        drop(watch);
        let told = bench.told();
        assert_eq!(words(&told), [("new", None), ("end", Some("cameraLost"))]);
    }

    #[test]
    fn the_board_says_what_is_wrong_with_a_view_and_since_when() {
        let (bench, frames_in) = Bench::new();
        let view = CameraView::new(crate::config::settings::ViewSettings::default());
        let (mut notes, _writer) = bench.notes();
        let mut watch = Watch::new(&bench.post, pipeline(|_| Ok(crowd())).watching(Some(view)), &mut notes);
        bench.feed.set_state(FeedState::Streaming { since: START });
        let mut see = |from: u32, to: u32, shift| {
            for second in from..to {
                bench.clock.advance(Duration::from_secs(1));
                frames_in.send(street(f64::from(second), shift)).expect("somebody listens");
                watch.analyse_newest();
            }
            watch.show_status();
            bench.post.outlet.camera(0).health()
        };
        assert_eq!(see(0, 10, 0), CameraHealth::Ok);
        let CameraHealth::ViewLost { trouble: Trouble::Moved(_), since } = see(10, 25, 60) else { panic!("it was moved") };
        let began = bench.clock.monotonic() - Duration::from_secs(14);
        assert!(since >= began && since <= began + Duration::from_secs(4), "{since:?} {began:?}");
        assert_eq!(see(25, 45, 0), CameraHealth::Ok);
    }
}
