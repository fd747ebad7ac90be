//! Which frames are analysed: evenly, by the stream's clock, the same ones in every run.

use std::time::Duration;

use crate::base::time::MediaTime;
use crate::decode::Frame;

/// Lets some frames through and holds the others back.
#[derive(Clone, Debug)]
pub struct FrameGate {
    period: Duration,
    due: MediaTime,
    last: Option<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    session: u32,
    media: MediaTime,
}

impl FrameGate {
    /// At most `fps` frames a second on average, those nearest to an even beat. Zero, negative or NaN lets everything through.
    pub fn at_most(fps: f32) -> Self {
        let period = Duration::try_from_secs_f32(1.0 / fps).unwrap_or_default();
        Self { period, due: MediaTime::ZERO, last: None }
    }

    /// Whether this frame is analysed. Call it once for each frame, in order.
    pub fn passes(&mut self, frame: &Frame) -> bool {
        self.passes_at(frame.session(), frame.stamp().media)
    }

    fn passes_at(&mut self, session: u32, media: MediaTime) -> bool {
        let Some(before) = self.last.replace(Seen { session, media }).filter(|seen| seen.session == session) else {
            self.due = media + self.period;
            return true;
        };
        // Half the distance to the frame before: of two frames around a beat the nearer one is taken, and a frame that comes
        // a millisecond early is not lost when source and analysis run at the same rate.
        if media + media.since(before.media) / 2 < self.due {
            return false;
        }
        let next = self.due + self.period;
        self.due = if media > next { media + self.period } else { next };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(gate: &mut FrameGate, times: &[f64]) -> Vec<usize> {
        let at = |&secs: &f64| MediaTime::from_secs_f64(secs);
        times.iter().enumerate().filter(|(_, secs)| gate.passes_at(1, at(secs))).map(|(i, _)| i).collect()
    }

    #[test]
    fn frames_are_thinned_evenly() {
        let at_25: Vec<f64> = (0..250).map(|i| f64::from(i) / 25.0).collect();
        let passed = passed(&mut FrameGate::at_most(8.0), &at_25);
        assert_eq!(passed.len(), 80);
        assert!(passed.windows(2).all(|pair| (3..=4).contains(&(pair[1] - pair[0]))), "{passed:?}");
    }

    #[test]
    fn jitter_loses_no_frame_when_both_rates_are_equal() {
        let jittered: Vec<f64> = (0..100).map(|i| f64::from(i) / 10.0 + f64::from(i * 7 % 5 - 2) * 0.004).collect();
        assert_eq!(passed(&mut FrameGate::at_most(10.0), &jittered).len(), 100);
        assert_eq!(passed(&mut FrameGate::at_most(12.0), &jittered).len(), 100);
    }

    #[test]
    fn a_gap_is_not_made_up_for() {
        let with_gap: Vec<f64> = (0..50).map(|i| f64::from(i) / 25.0 + if i < 25 { 0.0 } else { 60.0 }).collect();
        assert_eq!(passed(&mut FrameGate::at_most(5.0), &with_gap).len(), 10);
    }
}
