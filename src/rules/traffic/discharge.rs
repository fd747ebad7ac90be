//! What the signal lets pass, from the traffic alone: a queue that was held and leaves shows when the green begins, how much passes while there is a queue, and,
//! over some cycles, how long the green is.
//!
//! Saturation flow is counted as in the field, while the queue moves as one and is long, all lanes together; in smp, or in vehicles, as those who pass are given.
//! A free left turn inside the approach hides the red light; its lane belongs outside the zone.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::time::MediaTime;

/// Watches what passes one stop line. Allocates once.
#[derive(Clone, Debug)]
pub(super) struct Discharge {
    /// Vehicles over the line lately, in smp.
    recent: VecDeque<(MediaTime, f64)>,
    state: State,
    /// How long traffic flowed after queues began to leave, in seconds.
    greens: VecDeque<f64>,
    queues: VecDeque<Queue>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nobody waits.
    Idle,
    /// A queue stands, of so many smp at most, and nobody passes.
    Held { since: MediaTime, most_smp: f64 },
    /// The queue leaves, or has left and others follow. `thinned`: since when little of it is left.
    Flowing { since: MediaTime, most_smp: f64, thinned: Option<MediaTime> },
}

/// One queue that left.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
struct Queue {
    /// What passed in the first seconds, until the queue moved as one, in smp.
    early_smp: f64,
    /// From then on while it was long, and what passed in that time, in smp and in vehicles.
    secs: f64,
    smp: f64,
    vehicles: u32,
}

/// What was measured, for the next run of the program.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct DischargeMemory {
    greens: Vec<f64>,
    queues: Vec<Queue>,
}

/// Time without anybody over the line after which a queue is held; a bus that starts takes less.
const HELD_AFTER: Duration = Duration::from_secs(5);
/// Time without anybody, and without a queue, after which a green is over as far as can be seen.
const QUIET: Duration = Duration::from_secs(12);
/// A queue of less than this in smp is nobody: two motorcycles.
const SOME_SMP: f64 = 0.35;
/// So many in so long are a queue that leaves; one alone turned left, or ran the light.
const LEAVING: usize = 3;
const LEAVING_WITHIN: Duration = Duration::from_secs(10);
/// Until the queue moves as one: who is first takes longer.
const EARLY: Duration = Duration::from_secs(3);
/// When this share of a queue is left, one of its lanes may be empty and the others tell of less than the whole approach lets pass.
const THIN: f64 = 0.2;
/// A longer green is a junction without a signal.
const LONGEST: f64 = 300.0;
/// Shorter flows are no measure.
const SHORTEST: f64 = 5.0;
const SHORTEST_QUEUE: f64 = 3.0;
const REMEMBERED: usize = 24;
const RECENT: usize = 1024;
/// Greens and queues that must have been seen.
const ENOUGH: usize = 4;
/// Most greens end before the light changes, for want of vehicles: the longer ones tell.
const PERCENTILE: f64 = 0.9;

impl Discharge {
    pub(super) fn new() -> Self {
        let (greens, queues) = (VecDeque::with_capacity(REMEMBERED), VecDeque::with_capacity(REMEMBERED));
        Self { recent: VecDeque::with_capacity(RECENT), state: State::Idle, greens, queues }
    }

    /// A new session: times of the old one mean nothing now; what was learned about the signal stays.
    pub(super) fn restart(&mut self) {
        self.recent.clear();
        self.state = State::Idle;
    }

    /// What was measured, for the next run of the program.
    pub(super) fn memory(&self) -> DischargeMemory {
        DischargeMemory { greens: self.greens.iter().copied().collect(), queues: self.queues.iter().copied().collect() }
    }

    /// Goes on with what an earlier run measured.
    pub(super) fn recall(&mut self, memory: &DischargeMemory) {
        let is_sound = |figure: &f64| (0.0..=LONGEST).contains(figure);
        let greens = memory.greens.iter().copied().filter(is_sound).take(REMEMBERED);
        let queues = memory.queues.iter().filter(|queue| [queue.early_smp, queue.secs, queue.smp].iter().all(is_sound));
        self.greens.clear();
        self.greens.extend(greens);
        self.queues.clear();
        self.queues.extend(queues.take(REMEMBERED));
    }

    /// Somebody passed the line, perhaps decided a little later.
    pub(super) fn pass(&mut self, at: MediaTime, smp: f64) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        let place = self.recent.iter().rposition(|(other, _)| *other <= at).map_or(0, |before| before + 1);
        self.recent.insert(place, (at, smp));
    }

    /// A second is over; `queue_smp` waits now.
    pub(super) fn second(&mut self, now: MediaTime, queue_smp: f64) {
        let since_last = self.recent.back().map_or(Duration::MAX, |(last, _)| now.since(*last));
        let is_held = queue_smp >= SOME_SMP && since_last >= HELD_AFTER;
        self.state = match self.state {
            State::Idle if is_held => State::Held { since: now, most_smp: queue_smp },
            State::Idle => State::Idle,
            State::Held { since, most_smp } => self.held(now, (since, most_smp.max(queue_smp)), queue_smp),
            State::Flowing { since, most_smp, thinned } => {
                let thinned = thinned.or((queue_smp <= THIN * most_smp).then_some(now));
                if is_held || since_last >= QUIET {
                    self.end_green(since, thinned);
                }
                match (is_held, since_last >= QUIET) {
                    (true, _) => State::Held { since: now, most_smp: queue_smp },
                    (false, true) => State::Idle,
                    (false, false) => State::Flowing { since, most_smp, thinned },
                }
            }
        };
    }

    fn held(&self, now: MediaTime, (since, most_smp): (MediaTime, f64), queue_smp: f64) -> State {
        let leaving = || self.recent.iter().rev().map(|(at, _)| *at).take_while(|at| *at > since && now.since(*at) <= LEAVING_WITHIN);
        let (number, has_gone) = (leaving().count(), queue_smp < SOME_SMP);
        match (leaving().last(), has_gone) {
            (Some(first), _) if has_gone || number >= LEAVING => {
                let thinned = (queue_smp <= THIN * most_smp).then_some(now);
                State::Flowing { since: first, most_smp, thinned }
            }
            (_, true) => State::Idle,
            (_, false) => State::Held { since, most_smp },
        }
    }

    fn end_green(&mut self, since: MediaTime, thinned: Option<MediaTime>) {
        let Some(last) = self.recent.back().map(|(last, _)| *last) else { return };
        let (secs, moving) = (last.since(since).as_secs_f64(), since + EARLY);
        if secs > LONGEST {
            return;
        }
        if secs >= SHORTEST {
            push(&mut self.greens, secs);
        }
        let until = thinned.map_or(last, |thinned| thinned.min(last));
        let early_smp = self.recent.iter().filter(|(at, _)| (since..=moving).contains(at)).map(|(_, smp)| smp).sum();
        let in_queue = || self.recent.iter().filter(|(at, _)| *at > moving && *at <= until);
        let smp = in_queue().map(|(_, smp)| smp).sum();
        let queue = Queue { early_smp, secs: until.since(moving).as_secs_f64(), smp, vehicles: in_queue().count() as u32 };
        if queue.secs >= SHORTEST_QUEUE {
            push(&mut self.queues, queue);
        }
    }

    /// All queues together.
    fn sum(&self) -> Option<Queue> {
        let mut sum = Queue { early_smp: 0.0, secs: 0.0, smp: 0.0, vehicles: 0 };
        for queue in &self.queues {
            sum.early_smp += queue.early_smp;
            sum.secs += queue.secs;
            sum.smp += queue.smp;
            sum.vehicles = sum.vehicles.saturating_add(queue.vehicles);
        }
        (self.queues.len() >= ENOUGH && sum.smp > 0.0 && sum.secs > 0.0).then_some(sum)
    }

    /// Saturation flow in smp per second of green.
    pub(super) fn saturation(&self) -> Option<f64> {
        self.sum().map(|sum| sum.smp / sum.secs)
    }

    /// The same from the longer queues mostly: each counts by the square of the time it took. Nearer to what a full green lets pass where most queues are
    /// short, and sooner known when they grow; more at the mercy of a single one.
    pub(super) fn saturation_of_long_queues(&self) -> Option<f64> {
        self.sum()?;
        let (smp, secs) =
            self.queues.iter().fold((0.0, 0.0), |(smp, secs), queue| (smp + queue.smp * queue.secs, secs + queue.secs.powi(2)));
        Some(smp / secs)
    }

    /// Effective green in seconds: as long as the saturation flow takes for what passes from the first vehicle to the last one.
    pub(super) fn green_secs(&self) -> Option<f64> {
        let (sum, saturation) = (self.sum()?, self.saturation()?);
        if self.greens.len() < ENOUGH {
            return None;
        }
        let mut secs = [0.0; REMEMBERED];
        secs.iter_mut().zip(&self.greens).for_each(|(secs, green)| *secs = *green);
        let secs = &mut secs[..self.greens.len()];
        secs.sort_unstable_by(f64::total_cmp);
        let longest = secs[((secs.len() - 1) as f64 * PERCENTILE).round() as usize];
        let early_secs = sum.early_smp / self.queues.len() as f64 / saturation;
        let half_headway = sum.secs / f64::from(sum.vehicles.max(1)) / 2.0;
        Some((longest - EARLY.as_secs_f64()).max(0.0) + early_secs + half_headway)
    }
}

fn push<T>(ring: &mut VecDeque<T>, value: T) {
    if ring.len() == REMEMBERED {
        ring.pop_front();
    }
    ring.push_back(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f64) -> MediaTime {
        MediaTime::from_secs_f64(secs)
    }

    /// Cycles of 100 s with a green of 30 s: `queued` cars leave every 2 s, then one arrives every `then` seconds until the red.
    fn watch(discharge: &mut Discharge, cycles: std::ops::Range<u32>, queued: u32, then: f64) {
        for cycle in cycles {
            let begin = f64::from(cycle) * 100.0;
            let mut cars: Vec<f64> = (0..queued).map(|n| 72.0 + 2.0 * f64::from(n)).collect();
            let mut next = cars.last().copied().unwrap_or(70.0) + then;
            while next < 100.0 {
                cars.push(next);
                next += then;
            }
            for second in 0..100 {
                let now = f64::from(second);
                cars.iter().filter(|car| (now..now + 1.0).contains(car)).for_each(|car| discharge.pass(at(begin + car), 1.0));
                let left = cars.iter().take(queued as usize).filter(|car| **car <= now).count();
                let waiting = if now < 70.0 { (now / 70.0 * f64::from(queued)).floor() } else { f64::from(queued) - left as f64 };
                discharge.second(at(begin + now + 1.0), waiting);
            }
        }
    }

    #[test]
    fn a_queue_that_leaves_shows_what_the_green_lets_pass_and_how_long_it_is() {
        let mut discharge = Discharge::new();
        watch(&mut discharge, 0..3, 10, 3.0);
        assert_eq!((discharge.saturation(), discharge.green_secs()), (None, None), "too early");
        watch(&mut discharge, 3..11, 10, 3.0);
        let (saturation, green) = (discharge.saturation().expect("queues left"), discharge.green_secs().expect("greens"));
        assert!((saturation - 0.5).abs() < 0.03, "{saturation}");
        let of_long = discharge.saturation_of_long_queues().expect("queues left");
        assert!((of_long - 0.5).abs() < 0.03, "{of_long}");
        assert!((26.0..31.0).contains(&green), "{green}");
    }

    #[test]
    fn where_nobody_waits_there_is_no_signal_to_measure() {
        let mut discharge = Discharge::new();
        for second in 0..3600 {
            discharge.pass(at(f64::from(second)), 1.0);
            discharge.second(at(f64::from(second) + 0.5), 0.0);
        }
        assert_eq!((discharge.saturation(), discharge.green_secs()), (None, None));
    }
}
