//! Since when an approach is congested: three things that show it, each with the time that chance needs to be ruled out.
//!
//! A queue that a green leaves behind now and then is chance: with arrivals at random (Poisson) at 85 % of the capacity about one green in ten does. What
//! is no chance is a long queue left standing by two greens in a row (MKJI 1997: the queue of 95 % of the capacity), greens that are used up to their end
//! four times in a row, or a demand that has grown beyond what chance explains and beyond what the green lets pass, while it has nothing to spare. The
//! last is the quickest: the counts of two cycles beside those before, as a control chart has it (Shewhart 1931), for a queue of 1.2 times the capacity
//! needs more time to grow long than an operator can wait. Beside the capacity, because twice as many as usual are no congestion where there is room.

use std::time::Duration;

use super::judged::Judged;
use crate::base::time::Stamp;
use crate::event::CycleSource;
use crate::rules::episode::earlier;
use crate::rules::hold::Hold;

/// Cycles that each must last.
pub(super) const LEFT_BEHIND_CYCLES: u32 = 2;
pub(super) const USED_UP_CYCLES: u32 = 4;
pub(super) const OUTGROWN_CYCLES: u32 = 2;

/// How long each has lasted.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    left_behind: Hold,
    used_up: Hold,
    outgrown: Hold,
}

/// How long a cycle is, and how long the configuration wants the condition to hold at least.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) cycle: Duration,
    pub(super) hold: Duration,
    /// How the cycle is known: without a signal, configured or found in the traffic, a road that fills up may still flow.
    pub(super) source: CycleSource,
}

impl Evidence {
    /// Takes the last cycle; says when congestion began, once that is sure.
    pub(super) fn observe(&mut self, now: Stamp, judged: &Judged<'_>, span: Span) -> Option<Stamp> {
        // The figures of so many cycles have held for them already.
        let still = |cycles: u32, seen: u32| span.hold.max(span.cycle * cycles).saturating_sub(span.cycle * seen);
        let since = |hold: &mut Hold, holds: bool, cycles: u32, seen: u32| {
            let since = hold.reached(now, judged.truth(holds), still(cycles, seen))?;
            Some(earlier(since, span.cycle))
        };
        let has_signal = span.source != CycleSource::Assumed;
        let first = [
            since(&mut self.left_behind, judged.is_left_behind(), LEFT_BEHIND_CYCLES, 1),
            since(&mut self.used_up, judged.is_used_up(), USED_UP_CYCLES, 1),
            since(&mut self.outgrown, has_signal && judged.is_outgrown(), OUTGROWN_CYCLES, OUTGROWN_CYCLES),
        ];
        first.into_iter().flatten().min_by_key(|since| since.media)
    }
}
