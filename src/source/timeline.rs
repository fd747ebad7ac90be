//! From a camera's clock to ours: presentation times become [`Stamp`]s, and a jump of the camera's clock begins a new session.

use std::time::Duration;

use crate::base::time::{MediaTime, Stamp, WallTime};

/// Pictures are coded out of order by at most 16 frames; what steps back further is another clock.
const MOST_BACKWARDS: Duration = Duration::from_secs(2);
/// A gap in the camera's clock longer than the gap in arrival by this much is a jump, not a silence.
const MOST_FORWARDS: Duration = Duration::from_secs(5);
/// How far a message's time may be from our clock before it is set right: camera clocks drift, and boxes without a battery start in 1970.
const MOST_WALL_ERROR_SECS: f64 = 2.0;

/// Places pictures in time, one source after one start.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    session: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    /// The source's clock when the session began.
    origin: MediaTime,
    wall_origin: WallTime,
    last: MediaTime,
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
    /// A new connection: the next picture begins a session at zero.
    pub fn reconnect(&mut self) {
        self.open = None;
    }

    /// Where the picture that the source presents at `source` belongs: its stamp and session, sessions from 1.
    pub fn place(&mut self, source: MediaTime, arrival: Arrival) -> (Stamp, u32) {
        let open = match self.open {
            Some(open) if !is_jump(open, source, arrival) => open,
            _ => {
                self.session += 1;
                Open { origin: source, wall_origin: arrival.wall, last: source, last_arrival: arrival.monotonic }
            }
        };
        // A picture coded ahead of the session's first shown one may lie before it.
        let media = MediaTime::ZERO + source.since(open.origin);
        let shown = open.wall_origin + media.since(MediaTime::ZERO);
        let off = shown.secs_until(arrival.wall).abs() > MOST_WALL_ERROR_SECS;
        let wall_origin = if off { arrival.wall - media.since(MediaTime::ZERO) } else { open.wall_origin };
        self.open = Some(Open { wall_origin, last: source, last_arrival: arrival.monotonic, ..open });
        (Stamp { media, wall: wall_origin + media.since(MediaTime::ZERO) }, self.session)
    }
}

fn is_jump(open: Open, source: MediaTime, arrival: Arrival) -> bool {
    let silence = arrival.monotonic.saturating_sub(open.last_arrival);
    open.last.since(source) > MOST_BACKWARDS || source.since(open.last) > silence + MOST_FORWARDS
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
    fn a_jump_of_the_cameras_clock_begins_a_new_session_at_zero() {
        let mut timeline = Timeline::default();
        place(&mut timeline, 10.0, 100.0);
        assert_eq!(place(&mut timeline, 3600.0, 100.1), (0.0, 100.1, 2));
        assert_eq!(place(&mut timeline, 20.0, 100.2), (0.0, 100.2, 3));
        timeline.reconnect();
        assert_eq!(place(&mut timeline, 20.1, 100.3), (0.0, 100.3, 4));
    }

    #[test]
    fn a_silence_of_the_network_is_no_jump() {
        let mut timeline = Timeline::default();
        place(&mut timeline, 10.0, 100.0);
        assert_eq!(place(&mut timeline, 18.0, 108.0), (8.0, 108.0, 1));
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
