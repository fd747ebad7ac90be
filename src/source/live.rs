//! The async half of a live camera: connect, hand on compressed pictures, notice every way it can fail, try again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::backlog::BacklogSender;
use super::fault::Fault;
use super::feed_status::{Board, FeedState, Rate};
use super::rtsp::{CompressedPicture, Place, RtspClient, RtspStream};
use super::timeline::{Arrival, Timeline};
use crate::base::backoff::Backoff;
use crate::base::id::Slug;
use crate::base::time::Clock;
use crate::config::settings::RtspSettings;
use crate::decode::AccessUnit;

const SHORTEST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// A camera is silent after this long, or after five of its own intervals if that is longer.
const SHORTEST_STALL: Duration = Duration::from_secs(2);
const STALL_INTERVALS: f64 = 5.0;
/// Cameras with "smart" codecs send key frames up to some 20 s apart.
const KEY_FRAME_WITHIN: Duration = Duration::from_secs(30);
/// So many frames make a connection a good one; the next failure then starts from the shortest delay.
const GOOD_FRAMES: u64 = 10;

/// One camera, connected again and again.
pub(super) struct LiveCamera {
    id: Slug,
    url: String,
    timeout: Duration,
    client: RtspClient,
    clock: Arc<dyn Clock>,
    board: Arc<Board>,
}

/// Why a conversation is over.
enum Over {
    Fault(Fault),
    NobodyDecodes,
}

/// What lasts from one connection to the next.
struct Progress {
    timeline: Timeline,
    backoff: Backoff,
    connection: u32,
    number: u64,
    /// Since when there are no pictures (monotonic).
    silent_since: Duration,
}

impl LiveCamera {
    pub(super) fn new(id: Slug, settings: RtspSettings, with: (Arc<dyn Clock>, Arc<Board>)) -> Self {
        let (url, timeout) = (settings.url.to_string(), settings.timeout);
        Self { id, url, timeout, client: RtspClient::new(settings), clock: with.0, board: with.1 }
    }

    /// Runs until the sender of `stop` is gone or nobody decodes any more.
    pub(super) async fn run(self, units: BacklogSender, mut stop: watch::Receiver<()>) {
        tokio::select! {
            () = self.keep_connected(units) => {}
            _ = stop.changed() => {}
        }
        // The conversation was dropped just now; its goodbye is on the way.
        self.client.say_goodbye().await;
        self.board.set_state(FeedState::Ended { problem: None });
    }

    async fn keep_connected(&self, units: BacklogSender) {
        let seed = self.id.as_str().bytes().fold(self.clock.wall().as_micros() as u64, |seed, byte| seed.rotate_left(5) ^ u64::from(byte));
        let mut progress = Progress {
            timeline: Timeline::default(),
            backoff: Backoff::new(SHORTEST_BACKOFF, LONGEST_BACKOFF, seed),
            connection: 0,
            number: 0,
            silent_since: self.clock.monotonic(),
        };
        loop {
            self.board.set_state(FeedState::Connecting { attempt: progress.backoff.attempt() + 1 });
            let decoded_before = self.board.frames.load(Ordering::Relaxed);
            let fault = match self.converse(&units, &mut progress).await {
                Over::NobodyDecodes => return,
                Over::Fault(fault) => fault,
            };
            if self.board.frames.load(Ordering::Relaxed) - decoded_before >= GOOD_FRAMES {
                progress.backoff.reset();
                progress.silent_since = self.clock.monotonic();
            }
            self.wait_for_next_try(fault, &mut progress).await;
        }
    }

    async fn wait_for_next_try(&self, fault: Fault, progress: &mut Progress) {
        let delay = progress.backoff.next_delay();
        let attempt = progress.backoff.attempt();
        // Each failure is said once while it is news; a camera that is down for a week is not.
        if attempt <= 5 || attempt.is_multiple_of(100) {
            let (camera, hint) = (self.id.as_str(), fault.hint());
            tracing::warn!(camera, attempt, url = self.url, "camera `{camera}`: {fault}, next try in {:.1} s; {hint}", delay.as_secs_f32());
        }
        self.board.set_state(FeedState::Reconnecting { attempt, fault, since: progress.silent_since });
        self.client.say_goodbye().await;
        tokio::time::sleep(delay).await;
    }

    async fn converse(&self, units: &BacklogSender, progress: &mut Progress) -> Over {
        let stream = match self.client.connect().await {
            Ok(stream) => stream,
            Err(fault) => return Over::Fault(fault),
        };
        progress.connection += 1;
        progress.timeline.reconnect();
        self.listen(stream, units, progress).await
    }

    async fn listen(&self, mut stream: RtspStream, units: &BacklogSender, progress: &mut Progress) -> Over {
        let began = self.clock.monotonic();
        let (mut rate, mut entered, mut heard) = (Rate::default(), false, false);
        loop {
            let stall = if heard { stall_after(&rate) } else { self.timeout.max(SHORTEST_STALL) };
            let picture = match stream.next_picture(stall).await {
                Ok(picture) => picture,
                Err(fault) => return Over::Fault(fault),
            };
            if !heard {
                heard = true;
                self.note_start(&picture, progress);
            }
            let unit = self.unit(picture, progress);
            rate.note(unit.session, unit.stamp.media);
            entered |= unit.is_random_access();
            if !entered && self.clock.monotonic().saturating_sub(began) > KEY_FRAME_WITHIN {
                return Over::Fault(Fault::NoKeyFrame { after: KEY_FRAME_WITHIN });
            }
            match units.push(unit) {
                Ok(skipped) => Board::copy(&self.board.skipped_in_queue, skipped),
                Err(_) => return Over::NobodyDecodes,
            }
            if let Some(detail) = self.board.take_decoder_problem() {
                return Over::Fault(Fault::NotDecodable { detail });
            }
        }
    }

    fn note_start(&self, first: &CompressedPicture, progress: &Progress) {
        tracing::info!(camera = self.id.as_str(), codec = %first.parameters.codec, "camera `{}`: pictures come", self.id.as_str());
        self.board.set_codec(first.parameters.codec.to_string());
        self.board.reconnects.fetch_add(u64::from(progress.number > 0), Ordering::Relaxed);
        self.board.note_connection();
        self.board.set_state(FeedState::Streaming { since: self.clock.wall() });
    }

    fn unit(&self, picture: CompressedPicture, progress: &mut Progress) -> AccessUnit {
        let arrival = Arrival { wall: self.clock.wall(), monotonic: self.clock.monotonic() };
        let (stamp, session) = progress.timeline.place(picture.at, arrival);
        progress.number += 1;
        self.board.lost_packets.fetch_add(u64::from(picture.lost_packets), Ordering::Relaxed);
        picture.into_unit(stamp, Place { connection: progress.connection, session, number: progress.number })
    }
}

fn stall_after(rate: &Rate) -> Duration {
    // A camera that says it sends a picture an hour is still asked to prove that it lives every minute.
    const LONGEST_STALL_SECS: f64 = 60.0;
    let by_rate = rate.interval_secs().map_or(0.0, |secs| (secs * STALL_INTERVALS).min(LONGEST_STALL_SECS));
    SHORTEST_STALL.max(Duration::from_secs_f64(by_rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::MediaTime;

    #[test]
    fn a_slow_camera_is_given_five_of_its_own_intervals() {
        let at = |fps: f64| {
            let mut rate = Rate::default();
            (0..10).for_each(|i| rate.note(1, MediaTime::from_secs_f64(f64::from(i) / fps)));
            stall_after(&rate).as_secs_f64()
        };
        assert_eq!((at(25.0), at(1.0)), (2.0, 5.0));
    }
}
