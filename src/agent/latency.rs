//! How long frames take from the camera to their events: what half of them and what nearly all of them take.

/// So many of the latest frames count.
const KEPT: usize = 256;

/// The latest latencies, in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    ring: Vec<f32>,
    next: usize,
    sorted: Vec<f32>,
}

impl Latencies {
    /// Adds one, forgetting the oldest.
    pub(super) fn push(&mut self, milliseconds: f32) {
        if self.ring.len() < KEPT {
            self.ring.push(milliseconds);
        } else {
            self.ring[self.next] = milliseconds;
        }
        self.next = (self.next + 1) % KEPT;
    }

    /// What 50 and what 95 of 100 do not exceed; `None` when nothing was added yet.
    pub(super) fn percentiles(&mut self) -> Option<(f32, f32)> {
        self.sorted.clone_from(&self.ring);
        self.sorted.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| self.sorted.get((self.sorted.len() as f64 * share) as usize).or(self.sorted.last()).copied();
        at(0.5).zip(at(0.95))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_latencies_are_forgotten() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentiles(), None, "nothing is not fast");
        (0..KEPT).for_each(|_| latencies.push(900.0));
        (0..KEPT).for_each(|n| latencies.push(n as f32));
        assert_eq!(latencies.percentiles(), Some((128.0, 243.0)));
    }
}
