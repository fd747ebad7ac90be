//! A condition that must hold for a while before anyone is told.

use std::time::Duration;

use crate::base::time::{MediaTime, Stamp};

/// What a condition is now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Truth {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// The camera saw too little to say.
    Unknown,
}

impl Truth {
    /// What `holds` says, if enough was seen.
    pub(crate) fn of(holds: bool, is_known: bool) -> Self {
        match (is_known, holds) {
            (false, _) => Self::Unknown,
            (true, true) => Self::Yes,
            (true, false) => Self::No,
        }
    }
}

/// How long a condition has been holding. Unknown time stops the clock and does not turn it back: a blind camera neither begins nor ends anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hold {
    since: Option<Stamp>,
    held: Duration,
    last: Option<MediaTime>,
}

impl Hold {
    /// Takes the condition at `now`; says how long it has been known to hold, and since when.
    pub(crate) fn observe(&mut self, now: Stamp, truth: Truth) -> Option<(Stamp, Duration)> {
        let elapsed = self.last.map_or(Duration::ZERO, |last| now.media.since(last));
        self.last = Some(now.media);
        match (truth, self.since) {
            (Truth::No, _) => {
                self.since = None;
                self.held = Duration::ZERO;
            }
            (Truth::Yes, None) => self.since = Some(now),
            (Truth::Yes, Some(_)) => self.held += elapsed,
            (Truth::Unknown, _) => {}
        }
        self.since.map(|since| (since, self.held))
    }

    /// Since when it has been holding, once it held for `hold`.
    pub(crate) fn reached(&mut self, now: Stamp, truth: Truth, hold: Duration) -> Option<Stamp> {
        self.observe(now, truth).filter(|(_, held)| *held >= hold && truth == Truth::Yes).map(|(since, _)| since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::WallTime;

    fn at(secs: i64) -> Stamp {
        Stamp { media: MediaTime::from_micros(secs * 1_000_000), wall: WallTime::from_micros(secs * 1_000_000) }
    }

    #[test]
    fn time_in_which_nothing_was_seen_does_not_count_and_does_not_reset() {
        let mut hold = Hold::default();
        let ten = Duration::from_secs(10);
        let reached = |hold: &mut Hold, secs, truth| hold.reached(at(secs), truth, ten);
        assert_eq!(reached(&mut hold, 0, Truth::Yes), None);
        assert_eq!(reached(&mut hold, 6, Truth::Yes), None);
        assert_eq!(reached(&mut hold, 60, Truth::Unknown), None);
        assert_eq!(reached(&mut hold, 62, Truth::Yes), None);
        assert_eq!(reached(&mut hold, 64, Truth::Yes), Some(at(0)));
        assert_eq!(reached(&mut hold, 65, Truth::No), None);
        assert_eq!(reached(&mut hold, 75, Truth::Yes), None);
        assert_eq!(reached(&mut hold, 85, Truth::Yes), Some(at(75)));
    }
}
