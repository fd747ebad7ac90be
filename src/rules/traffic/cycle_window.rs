//! The last seconds of an approach, summed up over whole signal cycles.

use std::collections::VecDeque;
use std::time::Duration;

use super::congestion::Arrivals;
use crate::base::class::Class;
use crate::base::time::MediaTime;
use crate::scene::ApproachSecond;

/// Seconds of an approach, as many as the longest cycle needs. Allocates once.
#[derive(Clone, Debug)]
pub(super) struct CycleWindow {
    seconds: VecDeque<(i64, ApproachSecond)>,
    longest: i64,
}

/// What a stretch of whole cycles adds up to.
#[derive(Clone, Copy, Debug)]
pub(super) struct CycleFigures {
    /// Length of the stretch.
    pub(super) secs: f64,
    /// Share of it that was seen, 0..=1.
    pub(super) coverage: f64,
    /// Vehicles present on average, by class.
    pub(super) present: [f64; Class::ALL.len()],
    /// Edie's space-mean speed in L/s.
    pub(super) speed_l_s: Option<f64>,
    /// Share of the vehicles' time in which they stood.
    pub(super) stopped_share: Option<f64>,
    /// Mean share of the zone that vehicles covered.
    pub(super) area_occupancy: f64,
    /// Smallest queue: what the green left behind.
    pub(super) residual_smp: f64,
    /// Fewest vehicles in the zone at any time, in smp, moving or not: where the queue reaches out of sight it never empties.
    pub(super) fewest_smp: f64,
    /// The smallest queue as a length in L.
    pub(super) residual_l: f64,
    /// Farthest reach of the queue in L.
    pub(super) longest_l: f64,
    /// Both in metres, where the ground is known.
    pub(super) residual_m: Option<f64>,
    pub(super) longest_m: Option<f64>,
    /// Vehicles that left, and the same in smp.
    pub(super) discharged: u32,
    pub(super) discharged_smp: f64,
    /// Smp that find room in the zone, as far as is known.
    pub(super) room_smp: Option<f64>,
}

/// Seconds over which vehicles present are averaged.
const MEAN_OF: usize = 3;

impl CycleWindow {
    /// Keeps `longest`, rounded up to whole seconds.
    pub(super) fn new(longest: Duration) -> Self {
        let longest = longest.as_secs_f64().ceil().max(1.0) as i64;
        Self { seconds: VecDeque::with_capacity(longest as usize + MEAN_OF + 2), longest }
    }

    pub(super) fn push(&mut self, at: MediaTime, second: ApproachSecond) {
        let now = second_of(at);
        while self.seconds.front().is_some_and(|(first, _)| now - first >= self.longest + MEAN_OF as i64) {
            self.seconds.pop_front();
        }
        self.seconds.push_back((now, second));
    }

    pub(super) fn clear(&mut self) {
        self.seconds.clear();
    }

    /// The last `length`, at most what is kept.
    pub(super) fn figures(&self, now: MediaTime, length: Duration) -> CycleFigures {
        let secs = (length.as_secs_f64().round() as i64).clamp(1, self.longest);
        let after = second_of(now) - secs;
        let (mut sum, mut number) = (ApproachSecond::default(), 0u32);
        let (mut residual_smp, mut fewest_smp, mut residual_l, mut longest_l) = (f64::INFINITY, f64::INFINITY, f64::INFINITY, 0.0f64);
        let (mut residual_m, mut longest_m) = (None, None);
        for (_, second) in self.seconds.iter().rev().take_while(|(at, _)| *at > after) {
            number += 1;
            residual_smp = residual_smp.min(second.queue_smp);
            fewest_smp = fewest_smp.min(second.present_smp);
            residual_l = residual_l.min(second.queue_l);
            longest_l = longest_l.max(second.queue_l);
            residual_m = [residual_m, second.queue_m].into_iter().flatten().reduce(f64::min);
            longest_m = [longest_m, second.queue_m].into_iter().flatten().reduce(f64::max);
            sum.observed_secs += second.observed_secs;
            sum.present_secs.iter_mut().zip(second.present_secs).for_each(|(sum, more)| *sum += more);
            sum.timed_secs += second.timed_secs;
            sum.travelled_l += second.travelled_l;
            sum.stood_secs += second.stood_secs;
            sum.area_occupancy += second.area_occupancy;
            sum.discharged += second.discharged;
            sum.discharged_smp += second.discharged_smp;
        }
        let per_second = |total: f64| if sum.observed_secs > 0.0 { total / sum.observed_secs } else { 0.0 };
        let is_timed = sum.timed_secs > 0.0;
        let nothing_seen = number == 0;
        CycleFigures {
            secs: secs as f64,
            coverage: (sum.observed_secs / secs as f64).min(1.0),
            present: sum.present_secs.map(per_second),
            speed_l_s: is_timed.then(|| sum.travelled_l / sum.timed_secs),
            stopped_share: is_timed.then(|| sum.stood_secs / sum.timed_secs),
            area_occupancy: sum.area_occupancy / f64::from(number.max(1)),
            residual_smp: if nothing_seen { 0.0 } else { residual_smp },
            fewest_smp: if nothing_seen { 0.0 } else { fewest_smp },
            residual_l: if nothing_seen { 0.0 } else { residual_l },
            longest_l,
            residual_m,
            longest_m,
            discharged: sum.discharged,
            discharged_smp: sum.discharged_smp,
            room_smp: self.seconds.back().and_then(|(_, second)| second.room_smp),
        }
    }
}

impl CycleWindow {
    /// Vehicles that came into the zone in the last `length`, in the seconds that were seen: those that left, and how many more are there now than were
    /// then. A queue that reaches out of sight hides those behind it. `None` where less than `coverage` of the time was seen or is kept.
    pub(super) fn arrivals(&self, now: MediaTime, length: Duration, coverage: f64) -> Option<Arrivals> {
        let secs = length.as_secs_f64().round() as i64;
        let first = second_of(now) - secs;
        let seconds = || self.seconds.iter().rev();
        let seen = || seconds().take_while(|(at, _)| *at > first);
        let (left, seen_secs) =
            seen().fold((0u32, 0.0), |(left, secs), (_, second)| (left + second.discharged, secs + second.observed_secs));
        let at_end = mean_present(seconds())?;
        let at_start = mean_present(seconds().skip_while(|(at, _)| *at > first).take_while(|(at, _)| *at > first - MEAN_OF as i64))?;
        let arrivals = Arrivals { vehicles: (f64::from(left) + at_end - at_start).max(0.0), secs: seen_secs };
        (seen_secs >= coverage * secs as f64).then_some(arrivals)
    }
}

/// Vehicles present, mean of a few seconds because detectors blink; `None` where nothing was seen.
fn mean_present<'a>(seconds: impl Iterator<Item = &'a (i64, ApproachSecond)>) -> Option<f64> {
    let (present, secs) = seconds
        .take(MEAN_OF)
        .fold((0.0, 0.0), |(present, secs), (_, second)| (present + second.present_secs.iter().sum::<f64>(), secs + second.observed_secs));
    (secs > 0.0).then(|| present / secs)
}

impl CycleFigures {
    /// Vehicles present on average.
    pub(super) fn vehicles(&self) -> f64 {
        self.present.iter().sum()
    }

    /// Per hour of what was seen.
    pub(super) fn per_hour(&self, number: f64) -> Option<f64> {
        let seen = self.secs * self.coverage;
        (seen > 0.0).then(|| number * 3600.0 / seen)
    }
}

fn second_of(at: MediaTime) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(queue: impl Fn(i64) -> f64) -> CycleWindow {
        let mut window = CycleWindow::new(Duration::from_secs(120));
        for at in 0..600 {
            let second = ApproachSecond {
                observed_secs: 1.0,
                queue_smp: queue(at),
                queue_l: 2.0 * queue(at),
                timed_secs: 4.0,
                travelled_l: 2.0,
                discharged: 1,
                ..ApproachSecond::default()
            };
            window.push(MediaTime::from_micros(at * 1_000_000), second);
        }
        window
    }

    #[test]
    fn what_the_green_leaves_behind_is_the_smallest_queue_within_a_cycle() {
        let now = MediaTime::from_micros(599_000_000);
        let clears = filled(|at| (at % 60) as f64);
        let cycle = clears.figures(now, Duration::from_secs(60));
        assert_eq!((cycle.residual_smp, cycle.longest_l, cycle.coverage), (0.0, 118.0, 1.0));
        assert_eq!(clears.figures(now, Duration::from_secs(30)).residual_smp, 30.0, "half a cycle does not know");
        assert_eq!((cycle.speed_l_s, cycle.discharged, cycle.per_hour(60.0)), (Some(0.5), 60, Some(3600.0)));
    }

    #[test]
    fn those_who_came_are_those_who_left_and_those_who_are_more_than_before() {
        let mut window = CycleWindow::new(Duration::from_secs(120));
        let now = MediaTime::from_micros(199_000_000);
        assert_eq!(window.arrivals(now, Duration::from_secs(100), 0.8), None);
        for at in 0..200 {
            // One more every two seconds; one leaves every four.
            let present = if at < 100 { 10.0 } else { 10.0 + (at - 99) as f64 * 0.25 };
            let mut present_secs = [0.0; Class::ALL.len()];
            present_secs[Class::Car.index()] = present;
            let second =
                ApproachSecond { observed_secs: 1.0, present_secs, discharged: u32::from(at % 4 == 0), ..ApproachSecond::default() };
            window.push(MediaTime::from_micros(at * 1_000_000), second);
        }
        let came = window.arrivals(now, Duration::from_secs(100), 0.8).expect("seen");
        assert!((came.vehicles - 50.0).abs() < 1.0 && came.secs == 100.0, "{came:?}");
        let late = MediaTime::from_micros(250_000_000);
        assert_eq!(window.arrivals(late, Duration::from_secs(100), 0.8), None, "half of it was not seen");
    }

    #[test]
    fn what_was_not_seen_lowers_the_coverage_and_invents_nothing() {
        let mut window = filled(|_| 1.0);
        let later = MediaTime::from_micros(690_000_000);
        window.push(later, ApproachSecond { observed_secs: 1.0, queue_smp: 9.0, ..ApproachSecond::default() });
        let figures = window.figures(later, Duration::from_secs(60));
        assert!(figures.coverage < 0.02 && figures.residual_smp == 9.0, "{figures:?}");
        window.clear();
        let nothing = window.figures(later, Duration::from_secs(60));
        assert_eq!((nothing.coverage, nothing.residual_smp, nothing.speed_l_s), (0.0, 0.0, None));
    }
}
