//! Saying a thing once per period instead of five hundred times a second.

use std::time::Duration;

/// Lets one message through per period and counts the ones it held back.
#[derive(Clone, Debug)]
pub struct RateLimit {
    period: Duration,
    last: Option<Duration>,
    held_back: u64,
}

impl RateLimit {
    /// At most one message per `period`.
    pub fn new(period: Duration) -> Self {
        Self { period, last: None, held_back: 0 }
    }

    /// `Some(n)`: say it now, and `n` like it were held back before. `now` is monotonic time.
    pub fn pass(&mut self, now: Duration) -> Option<u64> {
        if self.last.is_some_and(|last| now.saturating_sub(last) < self.period) {
            self.held_back += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_held_back_is_counted_in_the_next_message() {
        let mut limit = RateLimit::new(Duration::from_secs(10));
        let said: Vec<_> = (0..25).map(|second| limit.pass(Duration::from_secs(second))).collect();
        assert_eq!(said.iter().flatten().collect::<Vec<_>>(), [&0, &9, &9]);
    }
}
