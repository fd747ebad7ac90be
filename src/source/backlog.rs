//! The queue between a camera's socket and its decoder: bounded, and when decoding is too slow it skips to the next key frame.
//!
//! Frames may be dropped anywhere; compressed pictures may not, because every picture up to the next key frame builds on them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

use crate::decode::AccessUnit;

/// What waits at most: about two seconds of a usual camera.
const MOST_UNITS: usize = 64;
const MOST_BYTES: usize = 16 << 20;
const LOCK: &str = "no holder of this lock can panic";

/// A queue of compressed pictures.
pub fn backlog() -> (BacklogSender, BacklogReceiver) {
    let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
    (BacklogSender { shared: Arc::clone(&shared) }, BacklogReceiver { shared })
}

/// The socket's end.
pub struct BacklogSender {
    shared: Arc<Shared>,
}

/// The decoder's end.
pub struct BacklogReceiver {
    shared: Arc<Shared>,
}

/// The decoder is gone.
#[derive(Debug, PartialEq, Eq)]
pub struct DecoderGone;

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    policy: Policy,
    sender_gone: bool,
    receiver_gone: bool,
}

/// The decision, without threads. Invariant: what is queued can be decoded without anything that was skipped, or says that it cannot.
#[derive(Default)]
struct Policy {
    queue: VecDeque<AccessUnit>,
    bytes: usize,
    skipping: bool,
    skipped: u64,
}

impl Policy {
    fn push(&mut self, mut unit: AccessUnit) {
        let full = self.queue.len() == MOST_UNITS || self.bytes + unit.data.len() > MOST_BYTES;
        if full {
            self.skipped += self.queue.len() as u64;
            self.queue.clear();
            self.bytes = 0;
            self.skipping = true;
        }
        if self.skipping {
            if !unit.is_random_access() {
                self.skipped += 1;
                return;
            }
            self.skipping = false;
            unit.after_loss = true;
        }
        self.bytes += unit.data.len();
        self.queue.push_back(unit);
    }

    fn pop(&mut self) -> Option<AccessUnit> {
        let unit = self.queue.pop_front()?;
        self.bytes -= unit.data.len();
        Some(unit)
    }
}

impl BacklogSender {
    /// Hands over a unit without ever waiting; returns how many were skipped so far.
    ///
    /// # Errors
    /// [`DecoderGone`] when nobody will ever take it.
    pub fn push(&self, unit: AccessUnit) -> Result<u64, DecoderGone> {
        let mut state = self.shared.state.lock().expect(LOCK);
        if state.receiver_gone {
            return Err(DecoderGone);
        }
        state.policy.push(unit);
        self.shared.changed.notify_one();
        Ok(state.policy.skipped)
    }
}

impl Drop for BacklogSender {
    fn drop(&mut self) {
        self.shared.state.lock().expect(LOCK).sender_gone = true;
        self.shared.changed.notify_all();
    }
}

impl BacklogReceiver {
    /// The next unit; `None` once the sender is gone. What still waits then is old news and not given out.
    pub fn pop(&self) -> Option<AccessUnit> {
        let waiting = |state: &mut State| state.policy.queue.is_empty() && !state.sender_gone;
        let state = self.shared.state.lock().expect(LOCK);
        let mut state = self.shared.changed.wait_while(state, waiting).expect(LOCK);
        if state.sender_gone { None } else { state.policy.pop() }
    }
}

impl Drop for BacklogReceiver {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock().expect(LOCK);
        state.receiver_gone = true;
        state.policy = Policy::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{MediaTime, Stamp, WallTime};
    use crate::decode::{StreamParameters, VideoCodec};
    use bytes::Bytes;

    fn unit(number: u64, is_key: bool) -> AccessUnit {
        let data = Bytes::from_static(if is_key { &[0, 0, 1, 0x65, 1] } else { &[0, 0, 1, 0x41, 1] });
        let parameters = Arc::new(StreamParameters { codec: VideoCodec::H264, sets: Bytes::new() });
        let stamp = Stamp { media: MediaTime::ZERO, wall: WallTime::from_micros(0) };
        AccessUnit { data, stamp, connection: 1, session: 1, number, after_loss: false, parameters }
    }

    #[test]
    fn a_slow_decoder_goes_on_at_the_next_key_frame_and_is_told_of_the_gap() {
        let mut policy = Policy::default();
        (1..=150).for_each(|number| policy.push(unit(number, number % 50 == 1)));
        let got: Vec<_> = std::iter::from_fn(|| policy.pop()).map(|unit| (unit.number, unit.after_loss)).collect();
        assert_eq!(got.first(), Some(&(101, true)));
        assert!(got[1..].iter().all(|&(_, after_loss)| !after_loss));
        assert_eq!(got.len() as u64 + policy.skipped, 150);
    }

    #[test]
    fn both_ends_notice_when_the_other_is_gone() {
        let (tx, rx) = backlog();
        assert_eq!(tx.push(unit(1, true)), Ok(0));
        assert_eq!(rx.pop().map(|unit| unit.number), Some(1));
        drop(tx);
        assert!(rx.pop().is_none());
        let (tx, rx) = backlog();
        drop(rx);
        assert_eq!(tx.push(unit(1, true)), Err(DecoderGone));
    }
}
