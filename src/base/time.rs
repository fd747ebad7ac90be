//! The only file that asks the operating system for the time.
//!
//! Analysis runs on [`MediaTime`] (the stream's own clock), people read [`WallTime`], and a [`Stamp`] carries both
//! so that neither is ever computed from the other in a rule. Clocks are passed in as [`Clock`], so a test decides what time it is.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time since the start of the stream's session, in microseconds. Never negative in a frame that left a source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct MediaTime(i64);

impl MediaTime {
    /// The first instant of a session.
    pub const ZERO: Self = Self(0);

    /// From microseconds since the session began.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From seconds since the session began, rounded to the microsecond.
    pub fn from_secs_f64(secs: f64) -> Self {
        Self((secs * 1e6).round() as i64)
    }

    /// Microseconds since the session began.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Seconds since the session began.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0).max(0) as u64)
    }
}

impl Add<Duration> for MediaTime {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.as_micros() as i64))
    }
}

/// An instant in UTC, in microseconds since 1970-01-01. For people and messages, never for deciding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WallTime(i64);

impl WallTime {
    /// From microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 instant such as `2026-11-21T10:07:40.000Z`.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let at: jiff::Timestamp = text.parse().ok()?;
        Some(Self(at.as_microsecond()))
    }

    /// Seconds until `later`, as a float; negative when `later` is before this.
    pub fn secs_until(self, later: Self) -> f64 {
        (later.0 - self.0) as f64 / 1e6
    }

    /// Clock time at `offset_hours` from UTC, `HH:MM:SS`, as an operator's wall clock shows it (WIB is +7).
    pub fn local_clock(self, offset_hours: i8) -> String {
        let secs = (self.0 / 1_000_000 + i64::from(offset_hours) * 3600).rem_euclid(86_400);
        format!("{:02}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60)
    }
}

/// RFC 3339, UTC, milliseconds: `2026-11-21T10:07:40.000Z`.
impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{at:.3}")
    }
}

impl Add<Duration> for WallTime {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.as_micros() as i64))
    }
}

impl Sub<Duration> for WallTime {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by.as_micros() as i64))
    }
}

/// When a frame was taken, on both clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// On the stream's clock: decisions use this.
    pub media: MediaTime,
    /// In UTC: messages show this.
    pub wall: WallTime,
}

/// Where the time comes from. One implementation is the operating system, the other is a test's.
pub trait Clock: Send + Sync {
    /// UTC now.
    fn wall(&self) -> WallTime;
    /// Time since an arbitrary fixed origin; never steps back, whatever NTP does.
    fn monotonic(&self) -> Duration;
}

/// The operating system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// Its monotonic origin is now.
    #[allow(clippy::disallowed_methods, reason = "this file is where the system is asked")]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this file is where the system is asked")]
    fn wall(&self) -> WallTime {
        // A box without a battery clock starts in 1970: before the epoch can only mean a broken clock, shown as the epoch.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        WallTime(since_epoch.as_micros() as i64)
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// A clock that stands still until it is told to move: replays and tests.
#[derive(Debug)]
pub struct SimulatedClock {
    now: Mutex<(WallTime, Duration)>,
}

impl SimulatedClock {
    /// Stands at `wall`.
    pub fn at(wall: WallTime) -> Self {
        Self { now: Mutex::new((wall, Duration::ZERO)) }
    }

    /// Moves both clocks on.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().expect("no holder of this lock can panic");
        *now = (now.0 + by, now.1 + by);
    }

    /// Sets UTC (an NTP step); the monotonic clock does not notice.
    pub fn set_wall(&self, wall: WallTime) {
        self.now.lock().expect("no holder of this lock can panic").0 = wall;
    }
}

impl Clock for SimulatedClock {
    fn wall(&self) -> WallTime {
        self.now.lock().expect("no holder of this lock can panic").0
    }

    fn monotonic(&self) -> Duration {
        self.now.lock().expect("no holder of this lock can panic").1
    }
}

/// CPU time this thread has used. Cost is reported in CPU time, because wall time on a shared machine says nothing.
pub fn thread_cpu() -> Duration {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(at.tv_sec.max(0) as u64, at.tv_nsec.max(0) as u32)
}

/// CPU time that all threads of this process have used.
pub fn process_cpu() -> Duration {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(at.tv_sec.max(0) as u64, at.tv_nsec.max(0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_is_written_and_read_as_rfc3339_with_milliseconds() {
        let at = WallTime::parse_rfc3339("2026-11-21T10:07:40.125Z").expect("valid");
        assert_eq!(at.to_string(), "2026-11-21T10:07:40.125Z");
        assert_eq!(at.local_clock(7), "17:07:40");
        assert_eq!(WallTime::parse_rfc3339("yesterday"), None);
    }

    #[test]
    fn media_time_never_runs_backwards_through_since() {
        let (early, late) = (MediaTime::from_secs_f64(1.0), MediaTime::from_secs_f64(3.5));
        assert_eq!(late.since(early), Duration::from_millis(2500));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn a_step_of_the_wall_clock_leaves_the_monotonic_clock_alone() {
        let clock = SimulatedClock::at(WallTime::from_micros(0));
        clock.advance(Duration::from_secs(5));
        clock.set_wall(WallTime::from_micros(-1));
        assert_eq!(clock.monotonic(), Duration::from_secs(5));
    }
}
