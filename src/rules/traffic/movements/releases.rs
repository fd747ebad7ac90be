//! When vehicles came in, by arm, and how long they take to the other side: while others come in from an arm it has green, and who is seen at its exit only
//! probably came with them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::base::time::MediaTime;

/// Vehicles that are remembered at most, and for how long: longer than anybody is in a junction without being in its way.
const MOST: usize = 512;
const REMEMBERED: Duration = Duration::from_secs(60);
/// Time through a junction before any was measured.
const USUAL_SECS: f64 = 5.0;
/// Weight of a new one in the mean, once many were measured.
const LEARNING: f64 = 0.05;
/// It took this many times the usual at least and at most, give or take this.
const FASTER: f64 = 0.5;
const SLOWER: f64 = 1.7;
const GIVE_OR_TAKE_SECS: f64 = 1.5;
/// One vehicle in this time is as likely to be alone as with another one.
const ALONE_SECS: f64 = 40.0;

/// Who came in lately.
#[derive(Clone, Debug)]
pub(super) struct Releases {
    entered: VecDeque<(MediaTime, usize)>,
    /// By movement: mean seconds from gate to gate, and of how many.
    through: Vec<(f64, u32)>,
}

impl Releases {
    pub(super) fn new(movements: usize) -> Self {
        Self { entered: VecDeque::with_capacity(MOST), through: vec![(USUAL_SECS, 0); movements] }
    }

    /// One came in at `arm`.
    pub(super) fn enter(&mut self, arm: usize, at: MediaTime) {
        if self.entered.len() == MOST {
            self.entered.pop_front();
        }
        self.entered.push_back((at, arm));
    }

    /// One of a movement was seen at both gates.
    pub(super) fn learn(&mut self, movement: usize, took: Duration) {
        let (mean, number) = &mut self.through[movement];
        *number = number.saturating_add(1);
        *mean += LEARNING.max(1.0 / f64::from(*number)) * (took.as_secs_f64().min(REMEMBERED.as_secs_f64()) - *mean);
    }

    pub(super) fn forget(&mut self, now: MediaTime) {
        while self.entered.front().is_some_and(|(at, _)| now.since(*at) > REMEMBERED) {
            self.entered.pop_front();
        }
    }

    pub(super) fn clear(&mut self) {
        self.entered.clear();
    }

    /// How many times likelier than without green one who goes out at `at` came in at `arm` by this movement: 1 when nobody came in there when it must have.
    pub(super) fn favour(&self, movement: usize, arm: usize, at: MediaTime) -> f64 {
        let (usual, _) = self.through[movement];
        let (latest, earliest) = ((FASTER * usual - GIVE_OR_TAKE_SECS).max(0.0), SLOWER * usual + GIVE_OR_TAKE_SECS);
        let ago = |entered: MediaTime| at.since(entered).as_secs_f64();
        let is_with =
            |(entered, from): &&(MediaTime, usize)| *from == arm && *entered <= at && (latest..=earliest).contains(&ago(*entered));
        let number = self.entered.iter().filter(is_with).count();
        1.0 + number as f64 * ALONE_SECS / (earliest - latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f64) -> MediaTime {
        MediaTime::from_secs_f64(secs)
    }

    #[test]
    fn the_arm_that_had_green_is_favoured_when_one_of_it_can_be_here() {
        let mut releases = Releases::new(4);
        (0..20).for_each(|_| releases.learn(0, Duration::from_secs(6)));
        (100..104).for_each(|secs| releases.enter(0, at(f64::from(secs))));
        assert!(releases.favour(0, 0, at(107.0)) > 10.0);
        assert!((releases.favour(1, 1, at(107.0)) - 1.0).abs() < 1e-9, "nobody came in there");
        assert!((releases.favour(0, 0, at(140.0)) - 1.0).abs() < 1e-9, "too long ago");
        releases.forget(at(200.0));
        assert!(releases.entered.is_empty());
        (0..2000).for_each(|secs| releases.enter(0, at(f64::from(secs))));
        assert_eq!(releases.entered.len(), MOST);
    }
}
