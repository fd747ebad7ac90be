//! The one queue between threads: bounded, and what happens when it is full is said where it is made.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What a full queue does with one more value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhenFull {
    /// The oldest value is dropped and counted: newest wins (frames).
    DropOldest,
    /// The sender waits (recorded files, events on their way to the disk).
    Block,
}

/// A queue of at most `capacity` values (at least one).
pub fn channel<T>(capacity: usize, when_full: WhenFull) -> (Sender<T>, Receiver<T>) {
    let capacity = capacity.max(1);
    let shared = Arc::new(Shared {
        state: Mutex::new(State { queue: VecDeque::with_capacity(capacity), senders: 1, receiver_gone: false }),
        changed: Condvar::new(),
        dropped: AtomicU64::new(0),
        capacity,
        when_full,
    });
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared })
}

/// The receiver is gone; the value comes back.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed<T>(pub T);

/// Why [`Receiver::recv_timeout`] returned without a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Empty {
    /// Nothing came in time.
    TimedOut,
    /// Every sender is gone and the queue is drained.
    Closed,
}

/// The sending end; clone it to have more of them.
#[derive(Debug)]
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

/// The receiving end. There is one: a value has one owner.
#[derive(Debug)]
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    dropped: AtomicU64,
    capacity: usize,
    when_full: WhenFull,
}

#[derive(Debug)]
struct State<T> {
    queue: VecDeque<T>,
    senders: usize,
    receiver_gone: bool,
}

const LOCK: &str = "no holder of this lock can panic";

fn is_waiting<T>(state: &mut State<T>) -> bool {
    state.queue.is_empty() && state.senders > 0
}

impl<T> Sender<T> {
    /// Hands `value` over; a full queue does what it was made to do.
    ///
    /// # Errors
    /// [`Closed`] when nobody will ever receive it.
    pub fn send(&self, value: T) -> Result<(), Closed<T>> {
        let mut state = self.shared.state.lock().expect(LOCK);
        while state.queue.len() == self.shared.capacity && !state.receiver_gone {
            match self.shared.when_full {
                WhenFull::DropOldest => {
                    state.queue.pop_front();
                    self.shared.dropped.fetch_add(1, Ordering::Relaxed);
                }
                WhenFull::Block => state = self.shared.changed.wait(state).expect(LOCK),
            }
        }
        if state.receiver_gone {
            return Err(Closed(value));
        }
        state.queue.push_back(value);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// How many values were dropped because the queue was full.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.state.lock().expect(LOCK).senders += 1;
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.state.lock().expect(LOCK).senders -= 1;
        self.shared.changed.notify_all();
    }
}

impl<T> Receiver<T> {
    /// The next value; `None` once every sender is gone and the queue is drained.
    pub fn recv(&self) -> Option<T> {
        let mut state = self.shared.state.lock().expect(LOCK);
        loop {
            if let Some(value) = state.queue.pop_front() {
                self.shared.changed.notify_all();
                return Some(value);
            }
            if state.senders == 0 {
                return None;
            }
            state = self.shared.changed.wait(state).expect(LOCK);
        }
    }

    /// Waits at most `timeout` until there is a value, and leaves it there: with [`WhenFull::DropOldest`] a newer one may still take its place.
    ///
    /// # Errors
    /// [`Empty`] says whether more may come.
    pub fn wait(&self, timeout: Duration) -> Result<(), Empty> {
        let state = self.shared.state.lock().expect(LOCK);
        let (state, _) = self.shared.changed.wait_timeout_while(state, timeout, is_waiting).expect(LOCK);
        match state.queue.is_empty() {
            false => Ok(()),
            true if state.senders == 0 => Err(Empty::Closed),
            true => Err(Empty::TimedOut),
        }
    }

    /// The next value, waiting at most `timeout`.
    ///
    /// # Errors
    /// [`Empty`] says whether more may come.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, Empty> {
        let state = self.shared.state.lock().expect(LOCK);
        let (mut state, _) = self.shared.changed.wait_timeout_while(state, timeout, is_waiting).expect(LOCK);
        match state.queue.pop_front() {
            Some(value) => {
                self.shared.changed.notify_all();
                Ok(value)
            }
            None if state.senders == 0 => Err(Empty::Closed),
            None => Err(Empty::TimedOut),
        }
    }

    /// Moves everything that is waiting into `into`, without waiting.
    pub fn drain(&self, into: &mut Vec<T>) {
        let mut state = self.shared.state.lock().expect(LOCK);
        into.extend(state.queue.drain(..));
        self.shared.changed.notify_all();
    }

    /// How many values were dropped because the queue was full.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.state.lock().expect(LOCK).receiver_gone = true;
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_value_wins_and_the_loss_is_counted() {
        let (tx, rx) = channel(1, WhenFull::DropOldest);
        for value in 1..=3 {
            tx.send(value).expect("receiver lives");
        }
        assert_eq!((rx.recv(), rx.dropped()), (Some(3), 2));
    }

    #[test]
    fn a_value_that_was_waited_for_is_still_replaced_by_a_newer_one() {
        let (tx, rx) = channel(1, WhenFull::DropOldest);
        assert_eq!(rx.wait(Duration::ZERO), Err(Empty::TimedOut));
        tx.send(1).expect("receiver lives");
        assert_eq!(rx.wait(Duration::ZERO), Ok(()));
        tx.send(2).expect("receiver lives");
        drop(tx);
        assert_eq!((rx.wait(Duration::ZERO), rx.recv()), (Ok(()), Some(2)));
        assert_eq!(rx.wait(Duration::ZERO), Err(Empty::Closed));
    }

    #[test]
    fn a_blocking_queue_loses_nothing() {
        let (tx, rx) = channel(2, WhenFull::Block);
        let sender = std::thread::spawn(move || (0..100).for_each(|value| tx.send(value).expect("receiver lives")));
        let got: Vec<i32> = std::iter::from_fn(|| rx.recv()).collect();
        sender.join().expect("sender ends");
        assert_eq!(got, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn both_ends_notice_when_the_other_is_gone() {
        let (tx, rx) = channel::<u8>(1, WhenFull::Block);
        assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Err(Empty::TimedOut));
        drop(tx);
        assert_eq!(rx.recv_timeout(Duration::from_secs(9)), Err(Empty::Closed));
        let (tx, rx) = channel(1, WhenFull::Block);
        drop(rx);
        assert_eq!(tx.send(7), Err(Closed(7)));
    }
}
