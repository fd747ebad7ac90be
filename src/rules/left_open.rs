//! An event that an earlier run of the program left open, such as one that was killed.

use std::time::Duration;

use crate::base::time::WallTime;
use crate::event::{EndReason, Event, OpenEvent};

/// It goes on under its id when its rule finds its condition still there, and ends when it does not.
#[derive(Clone, Debug)]
pub struct LeftOpen {
    /// Its last message.
    pub event: Event,
    /// Until when the camera was watched, as far as is known. What happened between then and the first frame nobody saw.
    pub watched_until: WallTime,
    /// How long its rule may take to judge it.
    pub patience: Duration,
}

impl LeftOpen {
    /// Nobody can say whether it went on: it ended when it was last told of.
    pub fn end(self, now: WallTime) -> Event {
        let seen_last = self.event.updated;
        OpenEvent::resume(self.event).end(now.max(seen_last), seen_last, EndReason::CameraLost)
    }
}

/// What a rule kept about the place of one event.
pub(crate) trait OfEvent: Clone {
    /// The event's id.
    fn event(&self) -> &str;
}

/// What a rule kept about places, and the events that were left open there, until the first frame says what time it is.
#[derive(Debug)]
pub(crate) struct Waiting<K> {
    known: Vec<K>,
    left: Vec<(LeftOpen, K)>,
    most: usize,
}

impl<K: OfEvent> Waiting<K> {
    /// For so many events.
    pub(crate) fn new(most: usize) -> Self {
        Self { known: Vec::new(), left: Vec::new(), most }
    }

    pub(crate) fn recall(&mut self, known: &[K]) {
        self.known = known.to_vec();
    }

    /// As [`super::Rule::resume`].
    pub(crate) fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        let id = left.event.id.to_string();
        match self.known.iter().position(|known| known.event() == id) {
            Some(index) if self.left.len() < self.most => {
                self.left.push((left, self.known.swap_remove(index)));
                None
            }
            Some(_) | None => Some(left),
        }
    }

    /// The first frame is here: all that wait, in the order in which they came.
    pub(crate) fn take_up(&mut self) -> impl Iterator<Item = (LeftOpen, K)> {
        self.left.drain(..)
    }

    /// No frame came: the ends of all that wait.
    pub(crate) fn end(&mut self, now: WallTime) -> impl Iterator<Item = Event> {
        self.left.drain(..).map(move |(left, _)| left.end(now))
    }
}
