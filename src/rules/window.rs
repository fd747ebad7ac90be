//! Sums over the last minutes, in buckets of one second.

use std::collections::VecDeque;
use std::ops::AddAssign;
use std::time::Duration;

use crate::base::time::MediaTime;

/// Values added up second by second over a sliding window of complete seconds. Allocates once.
#[derive(Clone, Debug)]
pub(crate) struct Window<T> {
    seconds: VecDeque<(i64, T)>,
    length: i64,
}

impl<T: Copy + Default + AddAssign> Window<T> {
    /// Over the last `length`, rounded up to whole seconds.
    pub(crate) fn new(length: Duration) -> Self {
        let length = length.as_secs_f64().ceil().max(1.0) as i64;
        Self { seconds: VecDeque::with_capacity(length as usize + 2), length }
    }

    /// Length in seconds.
    pub(crate) fn secs(&self) -> f64 {
        self.length as f64
    }

    /// Adds what was measured at `at`. `Some(sum)` of the window when a second was completed: the time to decide.
    pub(crate) fn add(&mut self, at: MediaTime, value: T) -> Option<T> {
        let second = at.as_micros().div_euclid(1_000_000);
        if let Some((last, sum)) = self.seconds.back_mut()
            && *last == second
        {
            *sum += value;
            return None;
        }
        let is_first = self.seconds.is_empty();
        // Old seconds go first: behind a stall the sum must not show the time before it.
        while self.seconds.front().is_some_and(|(first, _)| second - first > self.length) {
            self.seconds.pop_front();
        }
        let sum = self.sum();
        self.seconds.push_back((second, value));
        (!is_first).then_some(sum)
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.seconds.clear();
    }

    fn sum(&self) -> T {
        let mut sum = T::default();
        self.seconds.iter().for_each(|(_, value)| sum += *value);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides_and_decides_once_a_second() {
        let mut window = Window::<u32>::new(Duration::from_secs(3));
        let sums: Vec<u32> = (0..40).filter_map(|i| window.add(MediaTime::from_micros(i * 125_000 * 2), 1)).collect();
        assert_eq!(sums, [4, 8, 12, 12, 12, 12, 12, 12, 12]);
    }
}
