//! The keeper's letter box: outgoing messages on one side, reports of the transport on the other, one thread waiting for both.
//!
//! [`crate::base::handoff`] has one lane. Here the second must never block: the transport runs on the async runtime, and its reports are
//! few by nature (the window bounds what is under way).

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::Outgoing;
use super::link::Report;
use crate::event::Envelope;

/// Outgoing messages that may wait for the disk: what a dead disk can cost in memory (about 1 kB each).
pub(super) const CAPACITY: usize = 4096;

/// One outgoing message on its way to the disk.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) outgoing: Outgoing,
    /// Told its sequence number when it is on the disk.
    pub(super) receipt: Option<SyncSender<u64>>,
}

/// Why a letter was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NotTaken {
    /// The disk takes nothing and memory is used up.
    Full,
    /// The outbox was stopped.
    Closed,
}

/// Everything that came since the last look.
#[derive(Debug, Default)]
pub(super) struct Mail {
    pub(super) letters: Vec<Letter>,
    pub(super) reports: Vec<Report>,
    pub(super) latest: Vec<Envelope>,
    /// How long the flush may take, once stopping.
    pub(super) closing: Option<Duration>,
}

#[derive(Debug, Default)]
struct State {
    letters: VecDeque<Letter>,
    reports: Vec<Report>,
    latest: Vec<Envelope>,
    closing: Option<Duration>,
    /// The keeper knows; from then on only news wakes it.
    closing_seen: bool,
    disk_fails: bool,
    dropped: u64,
}

/// The letter box.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

const LOCK: &str = "no holder of this lock can panic";

impl Inbox {
    /// Puts a letter in. Waits while the box is full, unless the disk fails: then the oldest measure in it makes room, or this one goes.
    pub(super) fn put(&self, letter: Letter) -> Result<(), NotTaken> {
        let mut state = self.state.lock().expect(LOCK);
        while state.letters.len() >= CAPACITY && state.closing.is_none() {
            if state.disk_fails {
                let measure = state.letters.iter().position(|letter| letter.outgoing.event().is_none());
                state.dropped += 1;
                let Some(index) = measure else { return Err(NotTaken::Full) };
                state.letters.remove(index);
            } else {
                state = self.changed.wait(state).expect(LOCK);
            }
        }
        if state.closing.is_some() {
            return Err(NotTaken::Closed);
        }
        state.letters.push_back(letter);
        self.changed.notify_all();
        Ok(())
    }

    /// Puts a report in; never waits.
    pub(super) fn report(&self, report: Report) {
        self.state.lock().expect(LOCK).reports.push(report);
        self.changed.notify_all();
    }

    /// Replaces what is known of a state; never waits. At most one envelope a topic is kept.
    pub(super) fn set_latest(&self, envelope: Envelope) {
        let mut state = self.state.lock().expect(LOCK);
        state.latest.retain(|old| old.topic != envelope.topic);
        state.latest.push(envelope);
        self.changed.notify_all();
    }

    /// No more letters; what is in the box is still delivered to the disk, and to the broker as far as `patience` allows.
    pub(super) fn close(&self, patience: Duration) {
        self.state.lock().expect(LOCK).closing.get_or_insert(patience);
        self.changed.notify_all();
    }

    /// Whether the last write failed: then nobody waits for room any more.
    pub(super) fn disk_fails(&self, fails: bool) {
        self.state.lock().expect(LOCK).disk_fails = fails;
        self.changed.notify_all();
    }

    /// Letters that had to go because the disk takes nothing and memory is used up.
    pub(super) fn dropped(&self) -> u64 {
        self.state.lock().expect(LOCK).dropped
    }

    /// Everything in the box, after waiting at most `timeout` for something. Letters stay in the box unless `letters_too`.
    pub(super) fn take(&self, timeout: Duration, letters: Letters) -> Mail {
        let nothing = |state: &mut State| {
            let letters = letters == Letters::Leave || state.letters.is_empty();
            letters && state.reports.is_empty() && state.latest.is_empty() && (state.closing.is_none() || state.closing_seen)
        };
        let state = self.state.lock().expect(LOCK);
        let (mut state, _) = self.changed.wait_timeout_while(state, timeout, nothing).expect(LOCK);
        state.closing_seen = state.closing.is_some();
        let mail = Mail {
            letters: if letters == Letters::Take { state.letters.drain(..).collect() } else { Vec::new() },
            reports: std::mem::take(&mut state.reports),
            latest: std::mem::take(&mut state.latest),
            closing: state.closing,
        };
        self.changed.notify_all();
        mail
    }
}

/// Whether the keeper can take letters now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Letters {
    /// All of them.
    Take,
    /// None: the last ones are not on the disk yet.
    Leave,
}

#[cfg(test)]
mod tests {
    use super::super::samples::{event, report};
    use super::*;
    use crate::base::time::{Clock, SystemClock};

    fn letter(outgoing: impl Into<Outgoing>) -> Letter {
        Letter { outgoing: outgoing.into(), receipt: None }
    }

    #[test]
    fn while_the_disk_fails_nobody_waits_measures_go_first_and_every_loss_is_counted() {
        let inbox = Inbox::default();
        inbox.disk_fails(true);
        inbox.put(letter(report("north", 1))).expect("room");
        for number in 1..CAPACITY as u32 {
            inbox.put(letter(event("north", number))).expect("room");
        }
        inbox.put(letter(event("north", 9999))).expect("the measure makes room");
        assert_eq!(inbox.dropped(), 1);
        assert_eq!(inbox.put(letter(event("north", 10_000))), Err(NotTaken::Full));
        assert_eq!(inbox.dropped(), 2);
        let mail = inbox.take(Duration::ZERO, Letters::Take);
        assert!(mail.letters.len() == CAPACITY && mail.letters.iter().all(|one| one.outgoing.event().is_some()));
    }

    #[test]
    fn closing_wakes_the_keeper_once() {
        let (inbox, clock) = (Inbox::default(), SystemClock::new());
        inbox.close(Duration::from_secs(7));
        assert_eq!(inbox.take(Duration::from_secs(60), Letters::Take).closing, Some(Duration::from_secs(7)));
        let before = clock.monotonic();
        assert_eq!(inbox.take(Duration::from_millis(20), Letters::Take).closing, Some(Duration::from_secs(7)));
        assert!(clock.monotonic() - before >= Duration::from_millis(20), "it waits for news, it does not spin");
    }

    #[test]
    fn while_the_disk_is_only_behind_the_sender_waits_and_nothing_is_lost() {
        let inbox = Inbox::default();
        let total = CAPACITY as u32 + 500;
        let taken = std::thread::scope(|scope| {
            scope.spawn(|| (0..total).for_each(|number| inbox.put(letter(event("north", number))).expect("taken in the end")));
            let mut taken = 0;
            while taken < total as usize {
                taken += inbox.take(Duration::from_secs(10), Letters::Take).letters.len();
            }
            taken
        });
        assert_eq!((taken, inbox.dropped()), (total as usize, 0));
        inbox.close(Duration::ZERO);
        assert_eq!(inbox.put(letter(event("north", 0))), Err(NotTaken::Closed));
    }
}
