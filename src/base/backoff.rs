//! Waiting before the next try: exponential with full jitter, so that five hundred boxes do not knock together.

use std::time::Duration;

/// Delays drawn evenly from 0 to min(cap, base · 2ⁿ) ("full jitter", AWS Architecture Blog 2015).
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    attempt: u32,
    state: u64,
}

impl Backoff {
    /// `seed` makes the jitter differ from box to box and repeat in a test.
    pub fn new(base: Duration, cap: Duration, seed: u64) -> Self {
        Self { base, cap, attempt: 0, state: seed }
    }

    /// How many delays were drawn since the last success.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The delay before the next try.
    pub fn next_delay(&mut self) -> Duration {
        let ceiling = self.base.saturating_mul(1 << self.attempt.min(20)).min(self.cap);
        self.attempt = self.attempt.saturating_add(1);
        ceiling.mul_f64(self.unit())
    }

    /// It worked: start from the shortest delay again.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }

    /// SplitMix64 (Steele, Lea, Flood 2014), as a number in 0..1.
    fn unit(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_stay_under_a_ceiling_that_doubles_up_to_the_cap() {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30), 7);
        for attempt in 0..40u32 {
            let ceiling = Duration::from_millis(500 << attempt.min(10)).min(Duration::from_secs(30));
            assert!(backoff.next_delay() <= ceiling, "attempt {attempt}");
        }
        backoff.reset();
        assert!(backoff.next_delay() <= Duration::from_millis(500));
    }
}
