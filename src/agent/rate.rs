//! How often something happens, lately.

use std::collections::VecDeque;
use std::time::Duration;

/// Over so long a time.
const WINDOW: Duration = Duration::from_secs(5);

/// Happenings per second over the last five seconds.
#[derive(Debug, Default)]
pub(super) struct Rate {
    ticks: VecDeque<Duration>,
}

impl Rate {
    /// It happened at `now` (monotonic).
    pub(super) fn tick(&mut self, now: Duration) {
        self.forget(now);
        self.ticks.push_back(now);
    }

    /// Per second; 0 when it has not happened lately.
    pub(super) fn per_second(&mut self, now: Duration) -> f32 {
        self.forget(now);
        match (self.ticks.front(), self.ticks.back()) {
            (Some(&first), Some(&last)) if last > first => (self.ticks.len() - 1) as f32 / (last - first).as_secs_f32(),
            _ => 0.0,
        }
    }

    fn forget(&mut self, now: Duration) {
        while self.ticks.front().is_some_and(|&tick| now.saturating_sub(tick) > WINDOW) {
            self.ticks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_second_is_ten_and_silence_is_zero() {
        let mut rate = Rate::default();
        let at = |tenths: u64| Duration::from_millis(tenths * 100);
        (0..100).for_each(|tenths| rate.tick(at(tenths)));
        assert!((rate.per_second(at(99)) - 10.0).abs() < 0.01);
        assert_eq!(rate.per_second(at(200)), 0.0);
    }
}
