//! From a camera's clock to ours: presentation times become [`Stamp`]s, and our clock leads over interruptions of the camera's.

use std::time::Duration;

use crate::base::time::{MediaTime, Stamp, WallTime};

/// Pictures are coded out of order by at most 16 frames; what steps back further is another clock.
const MOST_BACKWARDS: Duration = Duration::from_secs(2);
/// A gap in the camera's clock longer than the gap in arrival by this much is a jump, not a silence.
const MOST_FORWARDS: Duration = Duration::from_secs(5);
/// What comes after an interruption comes later, also when our clock saw no time pass.
const SHORTEST_INTERRUPTION: Duration = Duration::from_millis(1);
/// How far a message's time may be from our clock before it is set right: camera clocks drift, and boxes without a battery start in 1970.
const MOST_WALL_ERROR_SECS: f64 = 2.0;

/// A camera that is away for less than this comes back into the same session, as far behind as our clock says: what was open stays open, and
/// goes on if it is still so. What a camera shows after a longer time is another world.
pub const INTERRUPTION: Duration = Duration::from_secs(30);

/// Places pictures in time, one source after one start.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    session: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    /// Media time zero of the session on the source's clock, in microseconds: before the source's zero after a reconnection.
    origin_us: i64,
    /// Media time zero in UTC.
    wall_origin: WallTime,
    /// The last picture on the source's clock; `None` when the source has a new clock, that of the next connection.
    last: Option<MediaTime>,
    /// The latest picture in media time.
    latest: MediaTime,
    last_arrival: Duration,
}

/// When a picture arrived, on our clocks.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// UTC.
    pub wall: WallTime,
    /// Monotonic.
    pub monotonic: Duration,
}

impl Timeline {
    /// A new connection: the source's times do not compare with those before.
    pub fn reconnect(&mut self) {
        if let Some(open) = &mut self.open {
            open.last = None;
        }
    }

    /// Where the picture that the source presents at `source` belongs: its stamp and session, sessions from 1.
    pub fn place(&mut self, source: MediaTime, arrival: Arrival) -> (Stamp, u32) {
        let mut open = match self.open {
            Some(open) if open.is_continued_by(source, arrival) => open,
            Some(open) if open.silence(arrival) < INTERRUPTION => open.interrupted(source, arrival),
            Some(_) | None => {
                self.session += 1;
                Open::begin(source, arrival)
            }
        };
        // A picture coded ahead of the session's first shown one may lie before it.
        let media = MediaTime::from_micros((source.as_micros() - open.origin_us).max(0));
        let since = media.since(MediaTime::ZERO);
        if (open.wall_origin + since).secs_until(arrival.wall).abs() > MOST_WALL_ERROR_SECS {
            open.wall_origin = arrival.wall - since;
        }
        self.open = Some(Open { last: Some(source), latest: open.latest.max(media), last_arrival: arrival.monotonic, ..open });
        (Stamp { media, wall: open.wall_origin + since }, self.session)
    }
}

impl Open {
    fn begin(source: MediaTime, arrival: Arrival) -> Self {
        Self {
            origin_us: source.as_micros(),
            wall_origin: arrival.wall,
            last: None,
            latest: MediaTime::ZERO,
            last_arrival: arrival.monotonic,
        }
    }

    /// Goes on after an interruption of the source's clock: as much later as our clock says, and later in any case.
    fn interrupted(self, source: MediaTime, arrival: Arrival) -> Self {
        let resumed = self.latest + self.silence(arrival).max(SHORTEST_INTERRUPTION);
        let origin_us = source.as_micros() - resumed.as_micros();
        Self { origin_us, wall_origin: arrival.wall - resumed.since(MediaTime::ZERO), ..self }
    }

    fn silence(&self, arrival: Arrival) -> Duration {
        arrival.monotonic.saturating_sub(self.last_arrival)
    }

    /// Whether the source's clock goes on without a jump.
    fn is_continued_by(&self, source: MediaTime, arrival: Arrival) -> bool {
        self.last.is_some_and(|last| last.since(source) <= MOST_BACKWARDS && source.since(last) <= self.silence(arrival) + MOST_FORWARDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(secs: f64) -> Arrival {
        Arrival { wall: WallTime::from_micros((secs * 1e6) as i64), monotonic: Duration::from_secs_f64(secs) }
    }

    fn place(timeline: &mut Timeline, source: f64, at: f64) -> (f64, f64, u32) {
        let (stamp, session) = timeline.place(MediaTime::from_secs_f64(source), arrival(at));
        (stamp.media.as_secs_f64(), stamp.wall.as_micros() as f64 / 1e6, session)
    }

    #[test]
    fn media_time_starts_at_zero_and_follows_the_camera_not_the_network() {
        let mut timeline = Timeline::default();
        assert_eq!(place(&mut timeline, 500.0, 100.0), (0.0, 100.0, 1));
        assert_eq!(place(&mut timeline, 500.1, 100.9), (0.1, 100.1, 1));
        assert_eq!(place(&mut timeline, 500.06, 101.0), (0.06, 100.06, 1), "a picture shown earlier than coded is no jump");
    }

    #[test]
    fn a_jump_of_the_cameras_clock_is_bridged_by_ours() {
        let mut timeline = Timeline::default();
        place(&mut timeline, 10.0, 100.0);
        assert_eq!(place(&mut timeline, 3600.0, 100.5), (0.5, 100.5, 1));
        assert_eq!(place(&mut timeline, 3600.25, 100.75), (0.75, 100.75, 1));
        assert_eq!(place(&mut timeline, 20.0, 101.0), (1.0, 101.0, 1));
        assert_eq!(place(&mut timeline, 20.25, 101.25), (1.25, 101.25, 1));
        assert_eq!(place(&mut timeline, 9000.0, 101.25).0, 1.251, "time goes on in any case");
    }

    #[test]
    fn a_camera_that_comes_back_soon_goes_on_in_its_session_and_after_a_long_time_begins_another() {
        let mut timeline = Timeline::default();
        place(&mut timeline, 10.0, 100.0);
        place(&mut timeline, 14.0, 104.0);
        timeline.reconnect();
        // Its clock is another one, and may even happen to go on where the old one stopped.
        assert_eq!(place(&mut timeline, 14.5, 124.0), (24.0, 124.0, 1));
        assert_eq!(place(&mut timeline, 15.0, 124.5), (24.5, 124.5, 1));
        timeline.reconnect();
        assert_eq!(place(&mut timeline, 0.0, 154.5), (0.0, 154.5, 2), "away for 30 s");
        timeline.reconnect();
        timeline.reconnect();
        assert_eq!(place(&mut timeline, 0.0, 184.4), (29.9, 184.4, 2));
    }

    #[test]
    fn a_silence_of_the_network_is_no_jump() {
        let mut timeline = Timeline::default();
        place(&mut timeline, 10.0, 100.0);
        assert_eq!(place(&mut timeline, 18.0, 108.0), (8.0, 108.0, 1));
        assert_eq!(place(&mut timeline, 78.0, 168.0), (68.0, 168.0, 1), "a camera that sends one picture a minute");
    }

    #[test]
    fn message_times_follow_our_clock_when_it_is_set_right() {
        let mut timeline = Timeline::default();
        place(&mut timeline, 10.0, 0.0);
        let ntp = Arrival { wall: WallTime::from_micros(1_700_000_000_000_000), monotonic: Duration::from_millis(100) };
        let (stamp, session) = timeline.place(MediaTime::from_secs_f64(10.1), ntp);
        assert_eq!((stamp.wall, session), (ntp.wall, 1));
        assert_eq!(stamp.media.as_secs_f64(), 0.1);
    }
}
