//! Minutes and quarters of an hour: what periodic measures are over.

use std::time::Duration;

use crate::base::time::{MediaTime, Stamp, WallTime};

/// The lengths that are reported.
pub(crate) const REPORTED: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(900)];

/// Cuts the stream's time into periods that begin at whole minutes or quarters of UTC (Indonesia's zones are whole hours from it).
///
/// The media clock decides, so that small corrections of the box's clock neither repeat nor skip a period. When the box's clock is set, as on one
/// that starts in 1970, the open period ends there and the next one has the right date.
#[derive(Clone, Debug)]
pub(crate) struct Periods {
    length_us: i64,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    /// UTC of media time zero, in microseconds.
    origin_us: i64,
    /// The period's end, in microseconds of UTC.
    end_us: i64,
    /// Where the observed part begins: the period's start, or the first frame.
    from_us: i64,
    /// The latest frame.
    last_us: i64,
}

/// A period that is over: what was measured from `from` to `to` (exclusive).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Closed {
    pub(crate) from: WallTime,
    pub(crate) to: WallTime,
}

impl Closed {
    pub(crate) fn secs(self) -> f64 {
        self.from.secs_until(self.to)
    }
}

impl Periods {
    pub(crate) fn new(length: Duration) -> Self {
        Self { length_us: length.as_micros() as i64, open: None }
    }

    /// Takes the time of a frame; `Some` when the frame is the first one behind a period. Call it before measuring the frame.
    /// Periods in which no frame fell are not reported: absent means not measured.
    pub(crate) fn advance(&mut self, at: Stamp) -> Option<Closed> {
        let told_us = at.wall.as_micros() - at.media.as_micros();
        let Some(open) = &mut self.open else {
            self.open = Some(self.begin(told_us, at.media));
            return None;
        };
        if (told_us - open.origin_us).abs() > CLOCK_SET_US {
            return self.follow_clock(told_us, at.media);
        }
        let (origin_us, now_us) = (open.origin_us, open.origin_us + at.media.as_micros());
        if now_us < open.end_us {
            open.last_us = now_us;
            return None;
        }
        let next = self.begin(origin_us, at.media);
        let over = self.open.replace(Open { from_us: next.end_us - self.length_us, ..next })?;
        Some(Closed { from: WallTime::from_micros(over.from_us), to: WallTime::from_micros(over.end_us) })
    }

    /// The session ends: the open period as far as it went.
    pub(crate) fn finish(&mut self, at: MediaTime) -> Option<Closed> {
        let open = self.open.take()?;
        self.cut(open, at)
    }

    /// The box's clock was set: what was measured so far keeps the old dates; what is too short to be told goes on with the new ones.
    fn follow_clock(&mut self, told_us: i64, at: MediaTime) -> Option<Closed> {
        let open = self.open.take()?;
        let over = self.cut(open, at);
        let next = self.begin(told_us, at);
        let measured_us = if over.is_some() { 0 } else { open.origin_us + at.as_micros() - open.from_us };
        self.open = Some(Open { from_us: next.from_us - measured_us, ..next });
        over
    }

    /// The period in which `at` falls, observed from then on.
    fn begin(&self, origin_us: i64, at: MediaTime) -> Open {
        let now_us = origin_us + at.as_micros();
        let start_us = now_us.div_euclid(self.length_us) * self.length_us;
        Open { origin_us, end_us: start_us + self.length_us, from_us: now_us, last_us: now_us }
    }

    /// The period up to now. `None` for a quarter that did not outlast a minute, because the report of the minute says the same; so a reader
    /// knows a quarter by its length.
    fn cut(&self, open: Open, at: MediaTime) -> Option<Closed> {
        let to_us = (open.origin_us + at.as_micros()).clamp(open.last_us, open.end_us);
        let is_told_by_minutes = self.length_us > MINUTE_US && to_us - open.from_us <= MINUTE_US;
        let closed = Closed { from: WallTime::from_micros(open.from_us), to: WallTime::from_micros(to_us) };
        (!is_told_by_minutes && to_us > open.from_us).then_some(closed)
    }
}

/// Larger differences between the box's clock and the period's are no drift or correction: the clock was set.
const CLOCK_SET_US: i64 = 30_000_000;
const MINUTE_US: i64 = 60_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(media: f64, wall: &str) -> Stamp {
        Stamp { media: MediaTime::from_secs_f64(media), wall: WallTime::parse_rfc3339(wall).expect("valid") }
    }

    fn minutes(closed: Option<Closed>) -> Option<(String, String)> {
        closed.map(|closed| (closed.from.to_string(), closed.to.to_string()))
    }

    #[test]
    fn periods_begin_at_whole_minutes_and_small_corrections_of_the_box_clock_do_not_move_them() {
        let mut periods = Periods::new(REPORTED[0]);
        assert_eq!(periods.advance(at(0.0, "2026-11-21T10:00:40Z")), None);
        assert_eq!(periods.advance(at(10.0, "2026-11-21T10:01:05Z")), None, "15 s ahead, still the first minute");
        let first = minutes(periods.advance(at(20.0, "2026-11-21T10:01:15Z"))).expect("a minute is over");
        assert_eq!(first, ("2026-11-21T10:00:40.000Z".into(), "2026-11-21T10:01:00.000Z".into()));
        let second = minutes(periods.advance(at(200.0, "2026-11-21T10:04:15Z"))).expect("minutes without frames are skipped");
        assert_eq!(second, ("2026-11-21T10:01:00.000Z".into(), "2026-11-21T10:02:00.000Z".into()));
        let last = minutes(periods.finish(MediaTime::from_secs_f64(210.0))).expect("ten seconds");
        assert_eq!(last, ("2026-11-21T10:04:00.000Z".into(), "2026-11-21T10:04:10.000Z".into()));
    }

    #[test]
    fn when_the_box_clock_is_set_the_minute_ends_and_the_next_one_has_the_right_date() {
        let mut periods = Periods::new(REPORTED[0]);
        periods.advance(at(0.0, "1970-01-01T00:00:10Z"));
        periods.advance(at(19.0, "1970-01-01T00:00:29Z"));
        let before = minutes(periods.advance(at(20.0, "2026-11-21T10:00:40Z"))).expect("20 s with the wrong date");
        assert_eq!(before, ("1970-01-01T00:00:10.000Z".into(), "1970-01-01T00:00:30.000Z".into()));
        assert_eq!(periods.advance(at(39.0, "2026-11-21T10:00:59Z")), None);
        let after = minutes(periods.advance(at(40.0, "2026-11-21T10:01:00Z"))).expect("the rest of the minute");
        assert_eq!(after, ("2026-11-21T10:00:40.000Z".into(), "2026-11-21T10:01:00.000Z".into()));
    }

    #[test]
    fn a_quarter_in_whose_first_minute_the_clock_is_set_takes_that_minute_along() {
        let mut periods = Periods::new(REPORTED[1]);
        periods.advance(at(0.0, "1970-01-01T00:00:10Z"));
        assert_eq!(periods.advance(at(20.0, "2026-11-21T10:01:00Z")), None);
        let whole = periods.advance(at(860.0, "2026-11-21T10:15:00Z")).expect("the quarter is over");
        assert_eq!((whole.secs(), whole.to.to_string().as_str()), (860.0, "2026-11-21T10:15:00.000Z"));
    }

    #[test]
    fn a_quarter_shorter_than_a_minute_is_left_to_the_minutes() {
        let mut periods = Periods::new(REPORTED[1]);
        periods.advance(at(0.0, "2026-11-21T10:01:00Z"));
        assert_eq!(periods.clone().finish(MediaTime::from_secs_f64(60.0)), None);
        assert_eq!(periods.finish(MediaTime::from_secs_f64(61.0)).expect("longer").secs(), 61.0);
    }
}
