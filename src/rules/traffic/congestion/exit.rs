//! The way out of the junction: a queue that cannot leave because it is full is spillback.

use std::time::Duration;

use crate::rules::hold::{Hold, Truth};
use crate::scene::{Approach, ApproachMemory, ApproachSecond, Scene};

/// The way out of the junction that this approach feeds.
#[derive(Debug)]
pub(super) struct Exit {
    approach: Approach,
    full: Hold,
    is_blocked: bool,
}

/// Full and standing for this long is blocked.
const BLOCKED_AFTER: Duration = Duration::from_secs(30);
/// Share of the road that standing vehicles cover when no more fit; or the share of the room they take.
const FULL_AREA: f64 = 0.6;
const FULL_ROOM: f64 = 0.5;
/// Fewer in smp are no queue.
const FEWEST_SMP: f64 = 3.0;

impl Exit {
    pub(super) fn new(approach: Approach) -> Self {
        Self { approach, full: Hold::default(), is_blocked: false }
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.is_blocked
    }

    pub(super) fn memory(&self) -> Option<ApproachMemory> {
        self.approach.memory()
    }

    pub(super) fn recall(&mut self, memory: &ApproachMemory) {
        self.approach.recall(memory);
    }

    pub(super) fn observe(&mut self, scene: &Scene<'_>, secs: f64, parked_after: Duration) {
        let Some(second) = self.approach.observe(scene, secs, parked_after) else { return };
        let truth = Truth::of(is_full(&second), second.observed_secs > 0.0);
        self.is_blocked = self.full.reached(scene.at, truth, BLOCKED_AFTER).is_some();
    }

    pub(super) fn restart(&mut self) {
        self.approach.restart();
        (self.full, self.is_blocked) = (Hold::default(), false);
    }
}

fn is_full(second: &ApproachSecond) -> bool {
    let is_taken = second.area_occupancy > FULL_AREA || second.room_smp.is_some_and(|room| second.present_smp > FULL_ROOM * room);
    is_taken && second.present_smp >= FEWEST_SMP && second.stopped_share > 0.5
}
