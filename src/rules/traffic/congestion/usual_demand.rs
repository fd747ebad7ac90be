//! How many vehicles usually come: what a sudden crowd of them is beside.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::time::Stamp;

/// Arrivals per second of about the last twenty cycles, and how much more they scatter than chance (Poisson) has it. The last two cycles are not part
/// of it yet, for they are what it judges.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct UsualDemand {
    known: Option<Known>,
    /// The last cycles, the latest at the end.
    waiting: [Option<Arrivals>; 2],
}

/// Vehicles that came, and in how many seconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::rules::traffic) struct Arrivals {
    pub(in crate::rules::traffic) vehicles: f64,
    pub(in crate::rules::traffic) secs: f64,
}

/// Demand beside the usual one, in vehicles a second.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Demand {
    pub(super) now: f64,
    pub(super) usual: f64,
    /// How many standard deviations it is more than usual.
    pub(super) surprise: f64,
    /// What the green lets pass, where the traffic has shown it.
    pub(super) capacity: Option<f64>,
}

impl Demand {
    /// Demand over capacity: the degree of saturation of the last two cycles, as far as vehicles came into view.
    pub(super) fn of_capacity(&self) -> Option<f64> {
        self.capacity.map(|capacity| self.now / capacity)
    }
}

#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
struct Known {
    cycles: u32,
    per_sec: f64,
    /// Variance of the counts over their mean; 1 for arrivals at random.
    dispersion: f64,
    /// When it was learned last.
    until_micros: i64,
}

/// What is kept for the next run of the program.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct DemandMemory(Known);

/// Cycles before it is believed, and from which on an old one counts less with each new one.
const ENOUGH: u32 = 10;
const MEMORY: f64 = 10.0;
/// After this long without traffic to learn from, another hour of the day has begun.
const STALE: Duration = Duration::from_secs(1800);

impl UsualDemand {
    /// Takes the arrivals of a whole cycle that ends now.
    pub(super) fn learn(&mut self, now: Stamp, arrivals: Arrivals) {
        self.forget_stale(now);
        let is_sound = (1.0..1e6).contains(&arrivals.secs) && (0.0..1e6).contains(&arrivals.vehicles);
        let [first, second] = self.waiting;
        self.waiting = [second, Some(arrivals).filter(|_| is_sound)];
        let Some(Arrivals { vehicles, secs }) = first else { return };
        let until_micros = now.wall.as_micros();
        let Some(known) = &mut self.known else {
            self.known = Some(Known { cycles: 1, per_sec: vehicles / secs, dispersion: 1.0, until_micros });
            return;
        };
        known.cycles = known.cycles.saturating_add(1);
        known.until_micros = until_micros;
        let weight = (1.0 / f64::from(known.cycles)).max(1.0 / MEMORY);
        let expected = (known.per_sec * secs).max(1.0);
        known.dispersion += weight * ((vehicles - expected).powi(2) / expected - known.dispersion);
        known.per_sec += weight * (vehicles / secs - known.per_sec);
    }

    /// The arrivals beside the usual. `None` until enough cycles were seen.
    pub(super) fn compare(&self, arrivals: Arrivals) -> Option<Demand> {
        let known = self.known.filter(|known| known.cycles >= ENOUGH)?;
        let expected = (known.per_sec * arrivals.secs).max(1.0);
        let surprise = (arrivals.vehicles - expected) / (expected * known.dispersion.max(1.0)).sqrt();
        Some(Demand { now: arrivals.vehicles / arrivals.secs, usual: known.per_sec, surprise, capacity: None })
    }

    /// Forgets the last cycles: a new session.
    pub(super) fn restart(&mut self) {
        self.waiting = [None; 2];
    }

    pub(super) fn memory(&self) -> Option<DemandMemory> {
        self.known.map(DemandMemory)
    }

    /// Goes on from what an earlier run learned.
    pub(super) fn recall(&mut self, memory: DemandMemory) {
        let DemandMemory(known) = memory;
        let is_sound = known.per_sec.is_finite() && known.per_sec >= 0.0 && known.dispersion.is_finite();
        self.known = Some(known).filter(|_| is_sound);
    }

    /// What was usual at another hour is not usual now.
    pub(super) fn forget_stale(&mut self, now: Stamp) {
        let is_stale = |known: &Known| u128::from(now.wall.as_micros().abs_diff(known.until_micros)) > STALE.as_micros();
        self.known = self.known.filter(|known| !is_stale(known));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{MediaTime, WallTime};

    fn at(secs: i64) -> Stamp {
        Stamp { media: MediaTime::from_micros(secs * 1_000_000), wall: WallTime::from_micros(secs * 1_000_000) }
    }

    fn came(vehicles: f64, secs: f64) -> Arrivals {
        Arrivals { vehicles, secs }
    }

    fn surprise(usual: &UsualDemand, vehicles: f64, secs: f64) -> Option<f64> {
        usual.compare(came(vehicles, secs)).map(|demand| demand.surprise)
    }

    /// So many vehicles in each cycle of 100 s, the first one ending at `from`.
    fn watch(usual: &mut UsualDemand, from: i64, cycles: impl IntoIterator<Item = f64>) {
        cycles.into_iter().enumerate().for_each(|(i, vehicles)| usual.learn(at(from + 100 * i as i64), came(vehicles, 100.0)));
    }

    #[test]
    fn nothing_is_surprising_before_ten_cycles_are_known_and_the_last_two_are_not_part_of_them() {
        let mut usual = UsualDemand::default();
        watch(&mut usual, 0, [50.0; 11]);
        assert_eq!(surprise(&usual, 200.0, 200.0), None);
        watch(&mut usual, 1100, [100.0]);
        assert_eq!(surprise(&usual, 200.0, 200.0), Some(10.0), "100 more than 100, whose deviation is 10");
        assert_eq!(surprise(&usual, 50.0, 100.0), Some(0.0));
    }

    #[test]
    fn what_scatters_more_than_chance_is_less_surprising_and_a_new_demand_becomes_usual() {
        let (mut calm, mut wild) = (UsualDemand::default(), UsualDemand::default());
        watch(&mut calm, 0, [50.0; 40]);
        watch(&mut wild, 0, (0..40).map(|i| if i % 2 == 0 { 30.0 } else { 70.0 }));
        let of = |usual: &UsualDemand| surprise(usual, 160.0, 200.0).expect("known");
        assert!(of(&calm) > 5.5 && of(&wild) < 3.0, "{} {}", of(&calm), of(&wild));
        watch(&mut calm, 4000, [80.0; 60]);
        assert!(of(&calm).abs() < 0.5, "{}", of(&calm));
    }

    #[test]
    fn the_next_run_goes_on_unless_it_begins_at_another_hour() {
        let mut usual = UsualDemand::default();
        watch(&mut usual, 0, [50.0; 20]);
        let memory = usual.memory().expect("learned");
        for (later, knows) in [(60, true), (7200, false)] {
            let mut next = UsualDemand::default();
            next.recall(memory);
            next.forget_stale(at(1900 + later));
            assert_eq!(surprise(&next, 50.0, 100.0).is_some(), knows, "after {later} s");
        }
    }

    #[test]
    fn figures_that_cannot_be_do_no_harm() {
        let mut usual = UsualDemand::default();
        for (i, (vehicles, secs)) in
            [(f64::NAN, 1.0), (-5.0, 100.0), (1e300, 1e-300), (10.0, 0.0), (f64::INFINITY, 9.0)].repeat(9).into_iter().enumerate()
        {
            usual.learn(at(i as i64), came(vehicles, secs));
        }
        usual.learn(at(i64::MIN / 4_000_000), came(1.0, 1.0));
        surprise(&usual, f64::NAN, f64::NAN);
        usual.recall(DemandMemory(Known { cycles: 99, per_sec: f64::NAN, dispersion: 1.0, until_micros: i64::MAX }));
        assert_eq!(usual.memory(), None);
    }
}
