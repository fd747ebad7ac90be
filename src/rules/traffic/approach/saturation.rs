//! Degree of saturation, delay and level of service of one period.

use super::sums::Delays;
use crate::event::{Delay, DelayMethod};

/// What a signal gives an approach.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Supply {
    /// Saturation flow in smp per hour of green.
    pub(super) saturation_smp_h: f64,
    pub(super) green_secs: f64,
    pub(super) cycle_secs: f64,
}

/// Fewest vehicles followed from end to end whose mean delay is one.
const FEWEST_FOLLOWED: u32 = 10;
/// And their share of all that passed: who is followed must be like the others.
const FOLLOWED_SHARE: f64 = 0.3;
/// A shorter approach does not hold the braking before a stop, in L (about 36 m).
const SHORTEST_L: f64 = 8.0;
/// Delay of a vehicle that stops, for braking and starting (MKJI 1997, geometric delay), in seconds.
const GEOMETRIC_S: f64 = 4.0;

impl Supply {
    /// Smp an hour.
    pub(super) fn capacity_smp_h(self) -> f64 {
        self.saturation_smp_h * self.green_ratio()
    }

    fn green_ratio(self) -> f64 {
        (self.green_secs / self.cycle_secs).clamp(0.01, 1.0)
    }

    /// MKJI 1997, chapter on signalised intersections (PKJI 2023 has the same formulas): queue left by the green before, then delay of traffic and of stopping.
    /// Nobody turns, as far as this knows. `demand` in smp an hour.
    pub(super) fn delay_secs(self, demand: f64) -> f64 {
        let (capacity, ratio, cycle) = (self.capacity_smp_h(), self.green_ratio(), self.cycle_secs);
        let saturation = demand / capacity;
        let excess = saturation - 1.0;
        let left = if saturation > 0.5 {
            0.25 * capacity * (excess + (excess * excess + 8.0 * (saturation - 0.5) / capacity).sqrt())
        } else {
            0.0
        };
        let uniform = cycle * 0.5 * (1.0 - ratio).powi(2) / (1.0 - ratio * saturation.min(1.0));
        let arriving = cycle * (1.0 - ratio) / (1.0 - ratio * saturation.min(1.0)) * demand / 3600.0;
        let stops = if demand > 0.0 { (0.9 * (left + arriving) / (demand * cycle) * 3600.0).min(1.0) } else { 0.0 };
        uniform + left * 3600.0 / capacity + stops * GEOMETRIC_S
    }
}

/// The delay as measured, where enough of `passed` were followed over an approach of `length_l`.
pub(super) fn measured(delays: &Delays, passed: u32, length_l: Option<f64>) -> Option<Delay> {
    let is_long = length_l.is_some_and(|length| length >= SHORTEST_L);
    let is_most = delays.vehicles >= FEWEST_FOLLOWED && f64::from(delays.vehicles) >= FOLLOWED_SHARE * f64::from(passed);
    (is_long && is_most).then(|| {
        let (per_vehicle_s, per_smp_s, stopped_s) = delays.means();
        let (method, vehicles) = (DelayMethod::Measured, Some(delays.vehicles));
        Delay { per_vehicle_s, per_smp_s, stopped_s: Some(stopped_s), method, vehicles }
    })
}

/// The delay by the formula.
pub(super) fn by_formula(supply: Supply, demand_smp_h: f64) -> Delay {
    let secs = supply.delay_secs(demand_smp_h);
    Delay { per_vehicle_s: secs, per_smp_s: secs, stopped_s: None, method: DelayMethod::Mkji1997, vehicles: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W = 7 m, S = 4200 smp/h, c = 118 s, g = 35 s.
    const SUPPLY: Supply = Supply { saturation_smp_h: 4200.0, green_secs: 35.0, cycle_secs: 118.0 };

    #[test]
    fn the_formula_gives_the_worked_example() {
        assert!((SUPPLY.capacity_smp_h() - 1245.8).abs() < 0.1);
        // NQ1 of 2.3, 7.3 and 17.6 smp at 0.85, 0.95 and 1.00 stand in the domain's table; 3600 / C seconds each.
        for (saturation, left) in [(0.85, 2.3), (0.95, 7.3), (1.0, 17.6)] {
            let ratio = 35.0 / 118.0;
            let uniform = 118.0 * 0.5 * (1.0 - ratio) * (1.0 - ratio) / (1.0 - ratio * saturation);
            let delay = SUPPLY.delay_secs(saturation * SUPPLY.capacity_smp_h());
            let rest = delay - uniform - left * 3600.0 / SUPPLY.capacity_smp_h();
            assert!((2.8..4.3).contains(&rest), "stopping at {saturation}: {rest}");
        }
    }

    #[test]
    fn more_demand_is_never_less_delay() {
        let delays: Vec<f64> = (0..30).map(|step| SUPPLY.delay_secs(f64::from(step) * 50.0)).collect();
        assert!(delays.windows(2).all(|pair| pair[1] >= pair[0]) && delays.iter().all(|delay| delay.is_finite()), "{delays:?}");
    }
}
