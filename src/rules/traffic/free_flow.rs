//! How fast an approach usually is when it is free: learned, because no speed limit knows how long its red light is.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The 85th percentile of the mean speeds of whole signal cycles over about the last week, waiting at the light included. Until enough was seen
/// the configured speed holds. Cycles in which the queue did not clear teach nothing: a jam is not normal because it lasts.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct FreeFlow {
    configured_l_s: f64,
    /// Days of observation, the latest at the end. Time in which the camera was away is no part of a day.
    days: VecDeque<Day>,
}

/// Speeds of one day of observation, by size on a logarithmic scale.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Day {
    observed_secs: f64,
    bins: [u32; BINS],
}

/// Days of observation as they are kept, the latest at the end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct FreeFlowMemory {
    days: Vec<DayMemory>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct DayMemory {
    observed_secs: f64,
    /// Cycles by speed.
    cycles: Vec<u32>,
}

const BINS: usize = 96;
/// Bins per doubling: each is 7 % wide.
const BINS_PER_OCTAVE: f64 = 10.0;
const SLOWEST_L_S: f64 = 0.02;
const DAYS: usize = 7;
const DAY_SECS: f64 = 86_400.0;
/// Cycles that must have been seen before their speed is believed: about an hour.
const ENOUGH: u32 = 30;
const PERCENTILE: f64 = 0.85;

impl FreeFlow {
    pub(super) fn new(configured_l_s: f64) -> Self {
        Self { configured_l_s, days: VecDeque::with_capacity(DAYS + 1) }
    }

    /// Takes the mean speed of a whole cycle of `secs` seconds.
    pub(super) fn learn(&mut self, speed_l_s: f64, secs: f64) {
        if self.days.back().is_none_or(|day| day.observed_secs >= DAY_SECS) {
            if self.days.len() == DAYS {
                self.days.pop_front();
            }
            self.days.push_back(Day { observed_secs: 0.0, bins: [0; BINS] });
        }
        let Some(today) = self.days.back_mut() else { return };
        let bin = ((speed_l_s / SLOWEST_L_S).max(1.0).log2() * BINS_PER_OCTAVE) as usize;
        today.bins[bin.min(BINS - 1)] += 1;
        today.observed_secs += secs;
    }

    /// What was learned, for the next run of the program.
    pub(super) fn memory(&self) -> FreeFlowMemory {
        let days = self.days.iter().map(|day| DayMemory { observed_secs: day.observed_secs, cycles: day.bins.to_vec() });
        FreeFlowMemory { days: days.collect() }
    }

    /// Goes on from what an earlier run learned. Days on another scale are none.
    pub(super) fn recall(&mut self, memory: &FreeFlowMemory) {
        self.days.clear();
        for day in memory.days.iter().filter(|day| day.cycles.len() == BINS && day.observed_secs >= 0.0).take(DAYS) {
            // More cycles than a day has seconds were not written by this program.
            let bins = std::array::from_fn(|bin| day.cycles[bin].min(DAY_SECS as u32));
            self.days.push_back(Day { observed_secs: day.observed_secs, bins });
        }
    }

    /// The speed of free traffic in L/s.
    pub(super) fn speed_l_s(&self) -> f64 {
        self.learned().unwrap_or(self.configured_l_s)
    }

    /// The learned speed in L/s, once enough was seen.
    pub(super) fn learned(&self) -> Option<f64> {
        let total = |bin: usize| self.days.iter().map(|day| day.bins[bin]).sum::<u32>();
        let all: u32 = (0..BINS).map(total).sum();
        if all < ENOUGH {
            return None;
        }
        let wanted = PERCENTILE * f64::from(all);
        let mut below = 0.0;
        for bin in 0..BINS {
            let here = f64::from(total(bin));
            if below + here >= wanted {
                let within = (wanted - below) / here;
                return Some(SLOWEST_L_S * ((bin as f64 + within) / BINS_PER_OCTAVE).exp2());
            }
            below += here;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configured_speed_holds_until_an_hour_of_cycles_was_seen() {
        let mut free = FreeFlow::new(1.5);
        for _ in 0..ENOUGH - 1 {
            free.learn(0.8, 120.0);
        }
        assert_eq!((free.speed_l_s(), free.learned()), (1.5, None));
        free.learn(0.8, 120.0);
        assert!((free.speed_l_s() / 0.8 - 1.0).abs() < 0.08, "{}", free.speed_l_s());
    }

    #[test]
    fn most_cycles_are_slower_than_the_reference_and_a_week_ago_is_forgotten() {
        let mut free = FreeFlow::new(1.5);
        let day = |free: &mut FreeFlow, factor: f64| (0..720).for_each(|i| free.learn(factor * (1.0 + f64::from(i) / 720.0), 120.0));
        day(&mut free, 0.5);
        assert!((free.speed_l_s() / 0.925 - 1.0).abs() < 0.05, "{}", free.speed_l_s());
        (0..DAYS).for_each(|_| day(&mut free, 2.0));
        assert!((free.speed_l_s() / 3.7 - 1.0).abs() < 0.05, "{}", free.speed_l_s());
        assert_eq!(free.days.len(), DAYS);
    }

    #[test]
    fn the_next_run_knows_the_same_speed_and_learns_on() {
        let mut free = FreeFlow::new(1.5);
        let learn = |free: &mut FreeFlow, from: u32, to: u32| (from..to).for_each(|i| free.learn(0.3 + f64::from(i % 50) / 40.0, 120.0));
        learn(&mut free, 0, 2500);
        let mut next = FreeFlow::new(1.5);
        next.recall(&free.memory());
        assert_eq!(next, free);
        assert!(next.learned().is_some());
        [&mut free, &mut next].into_iter().for_each(|free| learn(free, 2500, 9000));
        assert_eq!(next, free);
    }

    #[test]
    fn a_memory_that_nobody_wrote_does_no_harm() {
        let day = |observed_secs, votes| DayMemory { observed_secs, cycles: vec![votes; BINS] };
        for days in [vec![], vec![DayMemory { observed_secs: 1.0, cycles: vec![9; 3] }], vec![day(f64::MAX, u32::MAX); 40]] {
            let mut free = FreeFlow::new(1.5);
            free.recall(&FreeFlowMemory { days });
            (0..40).for_each(|_| free.learn(1.0, 60.0));
            assert!(free.speed_l_s().is_finite() && free.days.len() <= DAYS);
        }
    }

    #[test]
    fn no_speed_does_harm() {
        let mut free = FreeFlow::new(1.5);
        for speed in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            (0..40).for_each(|_| free.learn(speed, 60.0));
        }
        assert!(free.speed_l_s().is_finite());
    }
}
