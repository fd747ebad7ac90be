//! How a live camera is doing: written by its feed, read by health, metrics and the page.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::fault::Fault;
use crate::base::geom::FrameSize;
use crate::base::time::{MediaTime, WallTime};
use crate::decode::{DecodeError, DecodeHealth};

const LOCK: &str = "no holder of this lock can panic";

/// Where a feed stands.
#[derive(Clone, PartialEq, Debug)]
pub enum FeedState {
    /// Trying to connect for the `attempt`th time in a row, from 1.
    Connecting {
        /// Tries in a row.
        attempt: u32,
    },
    /// Pictures come.
    Streaming {
        /// Since when.
        since: WallTime,
    },
    /// Waiting before the next try.
    Reconnecting {
        /// Tries in a row that failed.
        attempt: u32,
        /// Why the last one failed.
        fault: Fault,
        /// Since when there are no pictures, on the monotonic clock: the date may be set meanwhile.
        since: Duration,
    },
    /// No pictures will come any more: a film is over, or the feed was stopped.
    Ended {
        /// What went wrong, if anything did.
        problem: Option<String>,
    },
}

/// A camera's feed at one moment. Counters count from the start of the feed.
#[derive(Clone, PartialEq, Debug)]
pub struct FeedStatus {
    /// Where it stands.
    pub state: FeedState,
    /// Frames decoded.
    pub frames: u64,
    /// Frames that were to be analysed and were replaced by newer ones.
    pub dropped_frames: u64,
    /// Compressed pictures skipped because decoding was too slow, or before the first key frame.
    pub dropped_packets: u64,
    /// RTP packets lost on the network.
    pub lost_packets: u64,
    /// What the decoder refused.
    pub decode_errors: u64,
    /// Frames with visible damage.
    pub damaged: u64,
    /// Connections after the first.
    pub reconnects: u64,
    /// `H.264`, or libav's name in a film.
    pub codec: Option<String>,
    /// Size of the last frame.
    pub size: Option<FrameSize>,
    /// Frames a second that come, by the stream's clock.
    pub fps: Option<f32>,
}

/// Reads a feed's status from anywhere.
#[derive(Clone)]
pub struct FeedWatch {
    board: Arc<Board>,
}

impl FeedWatch {
    /// How the feed is doing now.
    pub fn status(&self) -> FeedStatus {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let board = &self.board;
        let shown = board.shown.lock().expect(LOCK);
        FeedStatus {
            state: shown.state.clone(),
            frames: read(&board.frames),
            dropped_frames: read(&board.dropped_frames),
            dropped_packets: read(&board.skipped_in_queue) + read(&board.skipped_in_decoder),
            lost_packets: read(&board.lost_packets),
            decode_errors: read(&board.decode_errors),
            damaged: read(&board.damaged),
            reconnects: read(&board.reconnects),
            codec: shown.codec.clone(),
            size: shown.size,
            fps: shown.rate.fps(),
        }
    }
}

/// What a feed's threads write.
pub(crate) struct Board {
    shown: Mutex<Shown>,
    has_problem: AtomicBool,
    pub(super) frames: AtomicU64,
    pub(super) dropped_frames: AtomicU64,
    pub(super) skipped_in_queue: AtomicU64,
    pub(super) skipped_in_decoder: AtomicU64,
    pub(super) lost_packets: AtomicU64,
    pub(super) decode_errors: AtomicU64,
    pub(super) damaged: AtomicU64,
    pub(super) reconnects: AtomicU64,
}

struct Shown {
    state: FeedState,
    codec: Option<String>,
    size: Option<FrameSize>,
    rate: Rate,
    decoder_problem: Option<String>,
}

impl Board {
    pub(crate) fn new() -> Arc<Self> {
        let shown =
            Shown { state: FeedState::Connecting { attempt: 1 }, codec: None, size: None, rate: Rate::default(), decoder_problem: None };
        Arc::new(Self {
            shown: Mutex::new(shown),
            has_problem: AtomicBool::new(false),
            frames: AtomicU64::new(0),
            dropped_frames: AtomicU64::new(0),
            skipped_in_queue: AtomicU64::new(0),
            skipped_in_decoder: AtomicU64::new(0),
            lost_packets: AtomicU64::new(0),
            decode_errors: AtomicU64::new(0),
            damaged: AtomicU64::new(0),
            reconnects: AtomicU64::new(0),
        })
    }

    pub(crate) fn watch(self: &Arc<Self>) -> FeedWatch {
        FeedWatch { board: Arc::clone(self) }
    }

    pub(crate) fn set_state(&self, state: FeedState) {
        self.shown.lock().expect(LOCK).state = state;
    }

    pub(super) fn set_codec(&self, codec: String) {
        self.shown.lock().expect(LOCK).codec = Some(codec);
    }

    /// The time since the last frame is an interruption, not the interval of a slow camera.
    pub(super) fn note_connection(&self) {
        self.shown.lock().expect(LOCK).rate.interrupt();
    }

    pub(super) fn note_frame(&self, session: u32, media: MediaTime, size: FrameSize) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        let mut shown = self.shown.lock().expect(LOCK);
        shown.size = Some(size);
        shown.rate.note(session, media);
    }

    pub(super) fn note_decoder(&self, problem: Option<DecodeError>, health: DecodeHealth) {
        Self::copy(&self.decode_errors, health.errors);
        Self::copy(&self.damaged, health.damaged);
        Self::copy(&self.skipped_in_decoder, health.skipped);
        if let Some(problem) = problem {
            self.shown.lock().expect(LOCK).decoder_problem = Some(problem.to_string());
            self.has_problem.store(true, Ordering::Release);
        }
    }

    /// Why no decoder could be opened, once.
    pub(super) fn take_decoder_problem(&self) -> Option<String> {
        if !self.has_problem.swap(false, Ordering::Acquire) {
            return None;
        }
        self.shown.lock().expect(LOCK).decoder_problem.take()
    }

    /// A counter that another owner keeps.
    pub(super) fn copy(counter: &AtomicU64, value: u64) {
        counter.store(value, Ordering::Relaxed);
    }
}

/// Frames a second, by the stream's clock: the mean of about the last twenty intervals.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    last: Option<(u32, MediaTime)>,
    interval_secs: Option<f64>,
}

impl Rate {
    pub(super) fn note(&mut self, session: u32, media: MediaTime) {
        const SHARE: f64 = 0.05;
        if let Some((before, earlier)) = self.last.replace((session, media))
            && before == session
            && media > earlier
        {
            let secs = media.since(earlier).as_secs_f64();
            self.interval_secs = Some(self.interval_secs.map_or(secs, |mean| mean + SHARE * (secs - mean)));
        }
    }

    fn interrupt(&mut self) {
        self.last = None;
    }

    pub(super) fn interval_secs(&self) -> Option<f64> {
        self.interval_secs
    }

    fn fps(&self) -> Option<f32> {
        self.interval_secs.map(|secs| (1.0 / secs) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_streams_own_and_survives_a_new_session_and_an_interruption() {
        let mut rate = Rate::default();
        (0..50).for_each(|i| rate.note(1, MediaTime::from_secs_f64(f64::from(i) / 12.5)));
        rate.note(2, MediaTime::ZERO);
        rate.interrupt();
        rate.note(2, MediaTime::from_secs_f64(20.0));
        assert_eq!(rate.fps().map(|fps| (fps * 10.0).round()), Some(125.0));
    }
}
