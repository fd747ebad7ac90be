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
