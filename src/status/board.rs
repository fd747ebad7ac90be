//! The board: one slot a camera for the latest state, one short list of the latest events.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::base::class::Class;
use crate::base::geom::{Line, Norm, Polygon};
use crate::base::id::Slug;
use crate::decode::Frame;
use crate::track::Track;
use crate::vision::view::Trouble;

/// Events that the page still shows.
const EVENTS_KEPT: usize = 100;
/// Crossings that the chart still shows, a camera; at two a second that is more than ten minutes.
const CROSSINGS_KEPT: usize = 2000;
/// A picture is prepared for the page only while somebody asked for one this recently.
const WATCHED_FOR: Duration = Duration::from_secs(5);

/// What everybody may look at and only the agent writes.
#[derive(Debug)]
pub struct Board {
    /// Site as locals say it.
    pub site: String,
    /// Hours from UTC of the clock on the wall.
    pub utc_offset_hours: i8,
    /// The cameras, in the order of the settings.
    pub cameras: Vec<CameraBoard>,
    events: Mutex<VecDeque<EventLine>>,
    delivery: Mutex<DeliveryHealth>,
}

/// One message of an event, as people read it.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventLine {
    /// CloudEvents id of the message.
    pub id: String,
    /// Same over the event's life.
    pub event_id: String,
    /// When it was sent, RFC 3339.
    pub time: String,
    /// Time of day on the wall.
    pub clock: String,
    /// `new`, `update` or `end`.
    pub phase: String,
    /// `informational` … `critical`.
    pub severity: String,
    /// Indonesian sentence.
    pub text_id: String,
    /// English sentence.
    pub text_en: String,
}

/// How delivery is doing.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryHealth {
    /// Whether the broker is reached now.
    pub connected: bool,
    /// Why not, in words, when it is not.
    pub cause: Option<String>,
    /// Messages stored and not yet confirmed.
    pub depth: u64,
    /// Messages stored since the start.
    pub accepted: u64,
    /// Messages confirmed since the start.
    pub delivered: u64,
    /// Messages given up because of the disk limit or because the broker refuses them.
    pub dropped: u64,
}

/// The fixed part of a camera's picture: what was configured.
#[derive(Clone, Debug)]
pub struct CameraPlan {
    /// Id in topics.
    pub id: Slug,
    /// Name as locals say it.
    pub name: String,
    /// Whether the pictures are drawn, not filmed.
    pub is_simulated: bool,
    /// Counting lines.
    pub lines: Vec<PlanLine>,
    /// Zones.
    pub zones: Vec<PlanZone>,
}

/// A configured line.
#[derive(Clone, Debug)]
pub struct PlanLine {
    /// Its id.
    pub id: Slug,
    /// Where.
    pub line: Line<Norm>,
}

/// A configured zone.
#[derive(Clone, Debug)]
pub struct PlanZone {
    /// Its id.
    pub id: Slug,
    /// Name as locals say it.
    pub name: String,
    /// Where.
    pub polygon: Polygon<Norm>,
}

/// How a camera is.
#[derive(Clone, PartialEq, Debug)]
pub enum CameraHealth {
    /// First connection.
    Connecting,
    /// Pictures come.
    Ok,
    /// No pictures.
    NoSignal {
        /// Why, in words.
        cause: String,
        /// What to do about it.
        hint: String,
        /// Since when, on the monotonic clock: the date may be set meanwhile.
        since: Duration,
    },
    /// Pictures come and do not show the configured view: the rules rest.
    ViewLost {
        /// What is wrong with it.
        trouble: Trouble,
        /// Since when, on the monotonic clock.
        since: Duration,
    },
    /// The film is over.
    Ended {
        /// Why before its end, in words.
        problem: Option<String>,
    },
}

/// Figures of one camera since the start.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Counters {
    /// Frames decoded.
    pub frames: u64,
    /// Frames analysed.
    pub analysed: u64,
    /// Frames replaced by a newer one before they were analysed.
    pub dropped_frames: u64,
    /// Compressed pictures skipped because decoding was late.
    pub dropped_packets: u64,
    /// Errors the decoder reported.
    pub decode_errors: u64,
    /// Frames not analysed because they were damaged.
    pub damaged: u64,
    /// Frames not analysed because the view was not the configured one, or doubtful.
    pub suspended: u64,
    /// Connections after the first.
    pub reconnects: u64,
    /// Model runs.
    pub inferences: u64,
    /// Model runs that failed.
    pub detect_errors: u64,
    /// Frames a second that come in, lately.
    pub fps_in: f32,
    /// Frames a second that are analysed, lately.
    pub fps_analysed: f32,
    /// From the frame's time stamp to its events, in milliseconds: half of the latest frames took no longer. `None` before the first one.
    pub latency_ms: Option<f32>,
    /// The same for 95 of 100.
    pub latency_p95_ms: Option<f32>,
}

/// The latest of one camera.
#[derive(Debug, Default)]
pub struct Live {
    /// Latest analysed frame, kept only while somebody watches.
    pub frame: Option<Frame>,
    /// What is followed in it.
    pub tracks: Vec<Track>,
    /// Counts since the start: line → direction → class.
    pub counts: BTreeMap<Slug, BTreeMap<Slug, BTreeMap<Class, u32>>>,
    /// Present now: zone → class.
    pub zones: BTreeMap<Slug, BTreeMap<Class, u32>>,
    /// Latest crossings: when (monotonic), line, direction, class.
    pub crossings: VecDeque<(Duration, Slug, Slug, Class)>,
}

impl Live {
    /// Adds a crossing at `at` (monotonic) to the chart, forgetting the oldest.
    pub fn push_crossing(&mut self, at: Duration, line: Slug, direction: Slug, class: Class) {
        if self.crossings.len() == CROSSINGS_KEPT {
            self.crossings.pop_front();
        }
        self.crossings.push_back((at, line, direction, class));
    }
}

/// One camera's slots. Each has its own lock, held for a copy and never across anything slow.
#[derive(Debug)]
pub struct CameraBoard {
    /// What was configured.
    pub plan: CameraPlan,
    health: Mutex<CameraHealth>,
    counters: Mutex<Counters>,
    live: Mutex<Live>,
    watched_at_ms: AtomicU64,
    alive_at_ms: AtomicU64,
}

/// In place of a time.
const NEVER: u64 = u64::MAX;
const LOCK: &str = "no holder of this lock can panic";

impl Board {
    /// An empty board for these cameras.
    pub fn new(site: String, utc_offset_hours: i8, cameras: Vec<CameraPlan>) -> Self {
        Self {
            site,
            utc_offset_hours,
            cameras: cameras.into_iter().map(CameraBoard::new).collect(),
            events: Mutex::new(VecDeque::with_capacity(EVENTS_KEPT)),
            delivery: Mutex::default(),
        }
    }

    /// The camera with this id.
    pub fn camera(&self, id: &str) -> Option<&CameraBoard> {
        self.cameras.iter().find(|camera| camera.plan.id.as_str() == id)
    }

    /// Adds a message to the list, forgetting the oldest.
    pub fn push_event(&self, line: EventLine) {
        let mut events = self.events.lock().expect(LOCK);
        if events.len() == EVENTS_KEPT {
            events.pop_front();
        }
        events.push_back(line);
    }

    /// Latest messages, newest first.
    pub fn events(&self) -> Vec<EventLine> {
        self.events.lock().expect(LOCK).iter().rev().cloned().collect()
    }

    /// How delivery is doing.
    pub fn delivery(&self) -> DeliveryHealth {
        self.delivery.lock().expect(LOCK).clone()
    }

    /// Says how delivery is doing.
    pub fn set_delivery(&self, health: DeliveryHealth) {
        *self.delivery.lock().expect(LOCK) = health;
    }
}

impl CameraBoard {
    fn new(plan: CameraPlan) -> Self {
        Self {
            plan,
            health: Mutex::new(CameraHealth::Connecting),
            counters: Mutex::default(),
            live: Mutex::default(),
            watched_at_ms: AtomicU64::new(NEVER),
            alive_at_ms: AtomicU64::new(NEVER),
        }
    }

    /// How it is.
    pub fn health(&self) -> CameraHealth {
        self.health.lock().expect(LOCK).clone()
    }

    /// Says how it is.
    pub fn set_health(&self, health: CameraHealth) {
        *self.health.lock().expect(LOCK) = health;
    }

    /// Its figures.
    pub fn counters(&self) -> Counters {
        *self.counters.lock().expect(LOCK)
    }

    /// Changes its figures.
    pub fn update_counters(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut self.counters.lock().expect(LOCK));
    }

    /// The latest picture and counts, to copy from or to replace.
    pub fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().expect(LOCK)
    }

    /// Somebody asked for a picture, at `now` (monotonic).
    pub fn watch(&self, now: Duration) {
        self.watched_at_ms.store(now.as_millis() as u64, Ordering::Relaxed);
    }

    /// Its analysis goes on, at `now` (monotonic).
    pub fn note_alive(&self, now: Duration) {
        self.alive_at_ms.store(now.as_millis() as u64, Ordering::Relaxed);
    }

    /// Its analysis is over, or has not begun: nobody waits for it.
    pub fn note_over(&self) {
        self.alive_at_ms.store(NEVER, Ordering::Relaxed);
    }

    /// For how long its analysis has said nothing at `now` (monotonic).
    pub fn silent_for(&self, now: Duration) -> Duration {
        match self.alive_at_ms.load(Ordering::Relaxed) {
            NEVER => Duration::ZERO,
            at => now.saturating_sub(Duration::from_millis(at)),
        }
    }

    /// Whether somebody asked for a picture lately.
    pub fn is_watched(&self, now: Duration) -> bool {
        let at = self.watched_at_ms.load(Ordering::Relaxed);
        at != NEVER && (now.as_millis() as u64).saturating_sub(at) < WATCHED_FOR.as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> CameraPlan {
        CameraPlan { id: Slug::new("north").expect("legal"), name: "Utara".into(), is_simulated: false, lines: vec![], zones: vec![] }
    }

    #[test]
    fn a_camera_nobody_looks_at_keeps_no_picture() {
        let board = Board::new("Simpang".into(), 7, vec![plan()]);
        let camera = board.camera("north").expect("it is there");
        assert!(!camera.is_watched(Duration::ZERO));
        camera.watch(Duration::from_secs(100));
        assert!(camera.is_watched(Duration::from_secs(104)));
        assert!(!camera.is_watched(Duration::from_secs(106)));
    }

    #[test]
    fn an_analysis_that_says_nothing_is_noticed_and_one_that_has_not_begun_or_is_over_is_not() {
        let board = Board::new("Simpang".into(), 7, vec![plan()]);
        let camera = board.camera("north").expect("it is there");
        assert_eq!(camera.silent_for(Duration::from_secs(1000)), Duration::ZERO);
        camera.note_alive(Duration::from_secs(1000));
        assert_eq!(camera.silent_for(Duration::from_secs(1061)), Duration::from_secs(61));
        camera.note_over();
        assert_eq!(camera.silent_for(Duration::from_secs(2000)), Duration::ZERO);
    }

    #[test]
    fn the_lists_forget_the_oldest_and_show_the_newest_first() {
        let board = Board::new("Simpang".into(), 7, vec![plan()]);
        for n in 0..EVENTS_KEPT + 5 {
            board.push_event(EventLine {
                id: n.to_string(),
                event_id: String::new(),
                time: String::new(),
                clock: String::new(),
                phase: String::new(),
                severity: String::new(),
                text_id: String::new(),
                text_en: String::new(),
            });
        }
        let events = board.events();
        assert_eq!((events.len(), events[0].id.as_str()), (EVENTS_KEPT, "104"));
    }
}
