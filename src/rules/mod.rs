//! What counts as an event: one file a rule.

mod period;
mod sampling;
mod window;
mod hold;
mod episode;
mod rule_set;
mod lately;
mod left_open;
mod memory;
pub mod traffic;
pub mod crowd;
pub mod incident;

pub use left_open::LeftOpen;
pub use memory::{RuleMemory, ground};
pub use rule_set::{BuildError, RuleSet};

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::class::Class;
use crate::base::id::Slug;
use crate::base::time::Stamp;
use crate::event::{Crossing, EndReason, Event, FlowReport};
use crate::scene::{KnownIncident, Scene};

/// What the rules of one camera found in one frame. Reused from frame to frame.
#[derive(Debug, Default)]
pub struct Findings {
    /// Messages of events' lives, in order.
    pub events: Vec<Event>,
    /// Lines crossed.
    pub crossings: Vec<Crossing>,
    /// Periods that were completed.
    pub reports: Vec<FlowReport>,
}

impl Findings {
    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.events.clear();
        self.crossings.clear();
        self.reports.clear();
    }
}

/// Watches the scene of one camera for one thing.
///
/// Contract (one suite runs on every rule): decisions use the media clock only; the same scenes give the same findings; every event that
/// begins is ended once, at the latest by `finish`; an id's revisions count up from 1; nothing is remembered about tracks that have ended
/// longer ago than the rule's configured times. After `finish` a new session may begin at media time zero.
pub trait Rule: Send {
    /// Looks at the scene of one analysed frame.
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings);

    /// The camera or the program goes away: open events end with `reason`, periods begun are reported as far as they went.
    fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings);

    /// What is worth keeping for the next run of the program.
    fn memory(&self) -> Option<RuleMemory> {
        None
    }

    /// Goes on from what an earlier run kept, before the first scene. Says whether that was this rule's.
    fn recall(&mut self, _memory: &RuleMemory) -> bool {
        false
    }

    /// Goes on with an event that an earlier run left open, before the first scene and after [`Rule::recall`]. Gives it back when it is not this
    /// rule's or nobody could tell whether it still is so.
    fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        Some(left)
    }

    /// Adds the incidents that the rule has told of and that are not over: other rules leave them and their queue alone.
    fn known(&self, _known: &mut Vec<KnownIncident>) {}

    /// The signal's cycle where the rule watches, when it is configured or was found in the traffic: other rules compare whole cycles too.
    fn signal_cycle(&self) -> Option<Duration> {
        None
    }

    /// Whether it looks at what is new in the picture, which costs a look at its pixels.
    fn needs_pixels(&self) -> bool {
        false
    }

    /// What is in the rule's zone now, by class, for a rule that counts what is there.
    fn zone_now(&self) -> Option<(&Slug, BTreeMap<Class, u32>)> {
        None
    }
}
