//! What one period of an approach adds up to.

use super::passage::Traverse;
use crate::base::class::Class;
use crate::base::time::MediaTime;
use crate::event::ByClass;
use crate::scene::ApproachSecond;

/// Sums of one period; allocates nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) observed_secs: f64,
    pub(super) counts: ByClass,
    pub(super) passed_smp: f64,
    first_passed: Option<MediaTime>,
    last_passed: Option<MediaTime>,
    present_secs: f64,
    timed_secs: f64,
    travelled_l: f64,
    stood_secs: f64,
    occupied: f64,
    seconds: u32,
    /// In the approach at the first second and at the last one, in smp.
    present_smp: Option<(f64, f64)>,
    pub(super) queue_max_l: f64,
    /// Longest queue that a whole cycle did not clear, in L and in smp.
    pub(super) residual: Option<(f64, f64)>,
    pub(super) delays: Delays,
}

/// Delays of vehicles that were followed from end to end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delays {
    pub(super) vehicles: u32,
    smp: f64,
    secs: f64,
    secs_smp: f64,
    stood_secs: f64,
}

impl Sums {
    /// Somebody passed the stop line.
    pub(super) fn pass(&mut self, class: Class, at: MediaTime, smp: f64) {
        let count = &mut self.counts[class.index()];
        *count = count.saturating_add(1);
        self.passed_smp += smp;
        self.first_passed = Some(self.first_passed.map_or(at, |first| first.min(at)));
        self.last_passed = Some(self.last_passed.map_or(at, |last| last.max(at)));
    }

    /// A second is over.
    pub(super) fn second(&mut self, second: &ApproachSecond) {
        self.present_secs += second.present_secs.iter().sum::<f64>();
        self.timed_secs += second.timed_secs;
        self.travelled_l += second.travelled_l;
        self.stood_secs += second.stood_secs;
        self.occupied += second.area_occupancy;
        self.seconds += 1;
        let first = self.present_smp.map_or(second.present_smp, |(first, _)| first);
        self.present_smp = Some((first, second.present_smp));
        self.queue_max_l = self.queue_max_l.max(second.queue_l);
    }

    /// The smallest queue of the cycle that is over now.
    pub(super) fn cycle(&mut self, residual_l: f64, residual_smp: f64) {
        if self.residual.is_none_or(|(_, longest)| residual_smp > longest) {
            self.residual = Some((residual_l, residual_smp));
        }
    }

    pub(super) fn headway_s(&self) -> Option<f64> {
        let number = self.counts.iter().sum::<u32>();
        let (first, last) = self.first_passed.zip(self.last_passed)?;
        (number >= 2).then(|| last.since(first).as_secs_f64() / f64::from(number - 1))
    }

    /// Edie (1963): distance of all vehicles over their time.
    pub(super) fn speed_l_s(&self) -> Option<f64> {
        (self.timed_secs > 0.0).then(|| self.travelled_l / self.timed_secs)
    }

    pub(super) fn stopped_share(&self) -> Option<f64> {
        (self.timed_secs > 0.0).then(|| self.stood_secs / self.timed_secs)
    }

    /// Edie (1963): time of all vehicles over that of the region, which is how many are there on average.
    pub(super) fn vehicles_mean(&self) -> f64 {
        if self.observed_secs > 0.0 { self.present_secs / self.observed_secs } else { 0.0 }
    }

    pub(super) fn area_occupancy(&self) -> Option<f64> {
        (self.seconds > 0).then(|| self.occupied / f64::from(self.seconds))
    }

    /// What wanted to pass, in smp an hour of what was seen: what did, and what waits longer now than at the beginning.
    pub(super) fn demand_smp_h(&self) -> Option<f64> {
        let (first, last) = self.present_smp?;
        (self.observed_secs > 0.0).then(|| (self.passed_smp + last - first).max(0.0) * 3600.0 / self.observed_secs)
    }
}

impl Delays {
    pub(super) fn add(&mut self, traverse: &Traverse, delay_secs: f64, smp: f64) {
        self.vehicles = self.vehicles.saturating_add(1);
        self.smp += smp;
        self.secs += delay_secs;
        self.secs_smp += delay_secs * smp;
        self.stood_secs += traverse.stood_secs;
    }

    /// Mean seconds a vehicle, a passenger car, and of standing. Who drives faster than usual is not early; all together are not either.
    pub(super) fn means(&self) -> (f64, f64, f64) {
        let vehicles = f64::from(self.vehicles.max(1));
        let per_smp = if self.smp > 0.0 { self.secs_smp / self.smp } else { self.secs / vehicles };
        ((self.secs / vehicles).max(0.0), per_smp.max(0.0), self.stood_secs / vehicles)
    }
}
