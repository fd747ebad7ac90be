//! What other programs use while this one measures: a figure that was taken beside them is theirs too.

use std::fs;
use std::time::Duration;

use crate::base::time::{Clock, process_cpu};

/// Kernel clock ticks a second in `/proc` (`USER_HZ`, proc(5)).
const TICKS_A_SECOND: f64 = 100.0;

/// A measurement that has begun.
pub(super) struct Others<'a> {
    clock: &'a dyn Clock,
    began: Duration,
    own: Duration,
    busy: Option<f64>,
}

impl<'a> Others<'a> {
    pub(super) fn begin(clock: &'a dyn Clock) -> Self {
        Self { clock, began: clock.monotonic(), own: process_cpu(), busy: busy_secs() }
    }

    /// How many processors the others kept busy since then, on average; `None` where the system does not tell.
    pub(super) fn processors(&self) -> Option<f64> {
        let passed = (self.clock.monotonic() - self.began).as_secs_f64();
        let own = (process_cpu() - self.own).as_secs_f64();
        Some(((busy_secs()? - self.busy? - own) / passed.max(0.1)).max(0.0))
    }
}

fn busy_secs() -> Option<f64> {
    busy_ticks(&fs::read_to_string("/proc/stat").ok()?).map(|ticks| ticks / TICKS_A_SECOND)
}

/// Everything but idle and waiting for the disk in the first line of `/proc/stat`: user, nice, system, -, -, irq, softirq, steal. Guests are within user.
fn busy_ticks(stat: &str) -> Option<f64> {
    let figures: Vec<f64> =
        stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    (figures.len() >= 4).then(|| figures.iter().enumerate().filter(|(at, _)| ![3, 4].contains(at) && *at < 8).map(|(_, ticks)| ticks).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_guests_are_not_counted() {
        assert_eq!(busy_ticks("cpu  100 10 50 9000 70 1 2 3 40 0\ncpu0 1 2\n"), Some(166.0));
        assert_eq!(busy_ticks("nonsense"), None);
    }
}
