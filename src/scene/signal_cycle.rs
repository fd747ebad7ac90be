//! How long the signal's cycle is, from the traffic alone.
//!
//! A queue that grows at red and leaves at green repeats with the signal, so the share of vehicles that stand resembles itself one cycle
//! later: the cycle is the lag of the highest autocorrelation (the usual way where no signal feed exists). No feed, no controller, no lamp in view.

use std::collections::VecDeque;
use std::time::Duration;

use crate::base::time::MediaTime;

/// Estimates a cycle from one figure a second. Remembers 15 minutes and allocates once.
#[derive(Clone, Debug)]
pub struct SignalCycle {
    /// One figure a second; `None` where nothing was seen.
    samples: VecDeque<Option<f32>>,
    last_second: Option<i64>,
    until_next: usize,
    /// The figures without their mean and slope, and whether they were seen; reused.
    levelled: Vec<(f32, f32)>,
    likeness: Vec<f32>,
    found: Option<Duration>,
    /// The cycle an earlier run of the program found: holds until this one has watched for as long as it remembers.
    recalled: Option<Duration>,
}

/// 15 minutes.
const REMEMBERED: usize = 900;
/// Shortest and longest cycle that is believed, in seconds.
const SHORTEST: usize = 30;
const LONGEST: usize = 240;
/// Autocorrelation that a cycle must have: below it, chance looks the same.
const LEAST_LIKENESS: f32 = 0.3;
/// A shorter lag is taken for the cycle when its peak is at least this share of the highest one: twice the cycle repeats just as well.
const AS_GOOD: f32 = 0.7;
/// A peak is the highest within this share of its lag; smaller waves are noise.
const PEAK_REACH: f32 = 0.12;
/// Sums of squares below this are no signal but rounding.
const NOTHING: f32 = 1e-3;
/// Seconds between estimates, and before the first one.
const EVERY: usize = 20;
const AT_LEAST: usize = 240;

impl Default for SignalCycle {
    fn default() -> Self {
        Self::new()
    }
}

impl SignalCycle {
    /// Has seen nothing.
    pub fn new() -> Self {
        Self {
            samples: VecDeque::with_capacity(REMEMBERED + 1),
            last_second: None,
            until_next: AT_LEAST,
            levelled: Vec::with_capacity(REMEMBERED),
            likeness: vec![0.0; LONGEST + 2],
            found: None,
            recalled: None,
        }
    }

    /// Takes the figure of the second that holds `at`, such as the share of vehicles that stand. Seconds without a figure are known as such.
    pub fn observe(&mut self, at: MediaTime, figure: f32) {
        let second = at.as_micros().div_euclid(1_000_000);
        let missed = self.last_second.map_or(0, |last| (second - last - 1).clamp(0, REMEMBERED as i64));
        self.last_second = Some(second);
        for _ in 0..missed {
            self.push(None);
        }
        self.push(figure.is_finite().then_some(figure));
    }

    /// The cycle, when the traffic shows one.
    pub fn length(&self) -> Option<Duration> {
        self.found.or(self.recalled)
    }

    /// Goes on with the cycle that an earlier run of the program found.
    pub fn recall(&mut self, cycle: Duration) {
        self.recalled = Some(cycle).filter(|cycle| (SHORTEST as u64..=LONGEST as u64).contains(&cycle.as_secs()));
    }

    /// Begins anew with the same view: the cycle that was known holds until it is found again.
    pub fn restart(&mut self) {
        let known = self.length();
        self.clear();
        self.recalled = known;
    }

    /// Forgets everything.
    fn clear(&mut self) {
        self.samples.clear();
        (self.last_second, self.found, self.recalled, self.until_next) = (None, None, None, AT_LEAST);
    }

    fn push(&mut self, figure: Option<f32>) {
        if self.samples.len() == REMEMBERED {
            self.samples.pop_front();
            self.recalled = None;
        }
        self.samples.push_back(figure);
        self.until_next = self.until_next.saturating_sub(1);
        if self.until_next == 0 {
            self.until_next = EVERY;
            self.found = self.estimate();
        }
    }

    fn estimate(&mut self) -> Option<Duration> {
        self.level();
        // Two whole cycles must be remembered; shorter memories know short cycles only.
        let longest = (LONGEST + 1).min(self.samples.len() / 2);
        for lag in 1..=longest {
            self.likeness[lag] = likeness(&self.levelled, lag);
        }
        let likeness = &self.likeness[..=longest];
        let peaks = || (SHORTEST..longest.min(LONGEST + 1)).filter(|&lag| is_peak(likeness, lag));
        let best = peaks().map(|lag| likeness[lag]).fold(0.0, f32::max);
        if best < LEAST_LIKENESS {
            return None;
        }
        let first = peaks().find(|&lag| likeness[lag] >= AS_GOOD * best)?;
        Some(Duration::from_secs_f32(refine(likeness, first)))
    }

    /// Takes mean and slope away, so that a queue that grows over the quarter of an hour does not look like itself at every lag.
    fn level(&mut self) {
        let known = || self.samples.iter().enumerate().filter_map(|(i, figure)| figure.map(|figure| (i as f64, f64::from(figure))));
        let (mut n, mut sum_t, mut sum_x, mut sum_tt, mut sum_tx) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (t, x) in known() {
            (n, sum_t, sum_x, sum_tt, sum_tx) = (n + 1.0, sum_t + t, sum_x + x, sum_tt + t * t, sum_tx + t * x);
        }
        let spread = n * sum_tt - sum_t * sum_t;
        let slope = if spread > 0.0 { (n * sum_tx - sum_t * sum_x) / spread } else { 0.0 };
        let start = if n > 0.0 { (sum_x - slope * sum_t) / n } else { 0.0 };
        self.levelled.clear();
        self.levelled.extend(self.samples.iter().enumerate().map(|(i, figure)| match figure {
            Some(figure) => ((f64::from(*figure) - start - slope * i as f64) as f32, 1.0),
            None => (0.0, 0.0),
        }));
    }
}

/// How much the figures resemble those `lag` seconds later, -1..=1; pairs of which one was not seen do not count.
fn likeness(levelled: &[(f32, f32)], lag: usize) -> f32 {
    let (mut product, mut early, mut late) = (0.0f32, 0.0f32, 0.0f32);
    for (&(a, a_seen), &(b, b_seen)) in levelled.iter().zip(&levelled[lag..]) {
        product += a * b;
        early += a * a * b_seen;
        late += b * b * a_seen;
    }
    let scale = (early * late).sqrt();
    // All the same for a quarter of an hour repeats nothing.
    if scale > NOTHING { product / scale } else { 0.0 }
}

/// Whether the likeness is highest here among its neighbours, and a real dip lies before it.
fn is_peak(likeness: &[f32], lag: usize) -> bool {
    let reach = ((lag as f32 * PEAK_REACH) as usize).max(3);
    let here = likeness[lag];
    let around = lag.saturating_sub(reach).max(1)..(lag + reach + 1).min(likeness.len());
    let dip = likeness[lag / 4..lag].iter().copied().fold(f32::INFINITY, f32::min);
    here > 0.0 && around.clone().all(|other| likeness[other] <= here) && lag + 1 < around.end && here - dip >= LEAST_LIKENESS / 2.0
}

/// The peak's place between whole seconds, by the highest multiple of it that still repeats: an error there counts that many times less.
fn refine(likeness: &[f32], lag: usize) -> f32 {
    let mut length = vertex(likeness, lag);
    for times in 2..=LONGEST / SHORTEST {
        let expected = length * times as f32;
        let reach = (length * 0.06).max(2.0);
        let (from, to) = ((expected - reach) as usize, (expected + reach) as usize + 1);
        if to + 1 >= likeness.len() {
            break;
        }
        let Some(best) = (from..=to).max_by(|a, b| likeness[*a].total_cmp(&likeness[*b])) else { break };
        if best == from || best == to || likeness[best] < LEAST_LIKENESS {
            break;
        }
        length = vertex(likeness, best) / times as f32;
    }
    length
}

/// Vertex of the parabola through a peak and its neighbours.
fn vertex(likeness: &[f32], lag: usize) -> f32 {
    let (before, here, after) = (likeness[lag - 1], likeness[lag], likeness[lag + 1]);
    let bend = before - 2.0 * here + after;
    let shift = if bend < 0.0 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 };
    lag as f32 + shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Repeatable noise, -0.5..0.5 (SplitMix64).
    fn noise(seed: u64, i: u64) -> f32 {
        let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    }

    fn estimate(secs: i64, figure: impl Fn(f64) -> Option<f32>) -> Option<f64> {
        let mut cycle = SignalCycle::new();
        for second in 0..secs {
            if let Some(figure) = figure(second as f64) {
                cycle.observe(MediaTime::from_micros(second * 1_000_000), figure);
            }
        }
        cycle.length().map(|length| length.as_secs_f64())
    }

    /// Share that stands: rises at red, falls at green; `share_red` of the cycle is red.
    fn queue(at: f64, cycle: f64, share_red: f64) -> f32 {
        let phase = (at / cycle).fract();
        if phase < share_red { (phase / share_red * 2.0).min(1.0) as f32 } else { (1.0 - (phase - share_red) * 6.0).max(0.0) as f32 }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_cycle_is_found_within_five_percent_whatever_its_length_and_phase(
            cycle in 32.0f64..230.0, red in 0.35f64..0.8, phase in 0.0f64..1.0, seed in any::<u64>(), growth in -1.0f64..1.0,
        ) {
            let found = estimate(900, |at| {
                let height = 1.0 + growth * at / 900.0;
                Some(queue(at + phase * cycle, cycle, red) * height as f32 + 0.4 * noise(seed, at as u64))
            });
            let found = found.expect("a signal with noise of 0.4 of its height is found");
            prop_assert!((found / cycle - 1.0).abs() < 0.05, "{} for {}", found, cycle);
        }

        #[test]
        fn a_cycle_whose_every_second_queue_is_longer_is_not_taken_for_twice_as_long(cycle in 35.0f64..115.0, seed in any::<u64>()) {
            let found = estimate(900, |at| {
                let height = if ((at / cycle) as u64).is_multiple_of(2) { 1.0 } else { 0.75 };
                Some(queue(at, cycle, 0.6) * height + 0.2 * noise(seed, at as u64))
            });
            let found = found.expect("found");
            prop_assert!((found / cycle - 1.0).abs() < 0.05, "{} for {}", found, cycle);
        }

        #[test]
        fn a_second_green_in_the_cycle_is_not_taken_for_half_a_cycle(cycle in 70.0f64..230.0, seed in any::<u64>()) {
            // A short second green at 0.55 of the cycle, as free left turns get.
            let found = estimate(900, |at| {
                let phase = (at / cycle).fract();
                let second = if (0.55..0.62).contains(&phase) { -0.4 } else { 0.0 };
                Some(queue(at, cycle, 0.75) + second + 0.2 * noise(seed, at as u64))
            });
            let found = found.expect("found");
            prop_assert!((found / cycle - 1.0).abs() < 0.05, "{} for {}", found, cycle);
        }

        #[test]
        fn traffic_without_a_signal_has_no_cycle(seed in any::<u64>(), smooth in 1u64..8, slope in -2.0f64..2.0) {
            let found = estimate(900, |at| {
                let mean = (0..smooth).map(|back| noise(seed, at as u64 + back)).sum::<f32>() / smooth as f32;
                Some(mean + (slope * at / 900.0) as f32)
            });
            prop_assert_eq!(found, None);
        }

        #[test]
        fn any_figures_at_any_times_do_no_harm(figures in prop::collection::vec((0i64..4_000, any::<f32>()), 0..1500)) {
            let (mut cycle, mut at) = (SignalCycle::new(), 0i64);
            for (step, figure) in figures {
                at += step * 1_000;
                cycle.observe(MediaTime::from_micros(at), figure);
            }
            prop_assert!(cycle.length().is_none_or(|length| (29.0..=242.0).contains(&length.as_secs_f64())));
        }
    }

    #[test]
    fn the_cycle_of_an_earlier_run_holds_until_this_one_knows_its_own() {
        let mut cycle = SignalCycle::new();
        cycle.recall(Duration::from_secs(97));
        let mut second = 0;
        let mut watch = |cycle: &mut SignalCycle, secs: i64, figure: fn(f64) -> f32| {
            (0..secs).for_each(|_| {
                cycle.observe(MediaTime::from_micros(second * 1_000_000), figure(second as f64));
                second += 1;
            });
            cycle.length().map(|length| length.as_secs_f64().round())
        };
        assert_eq!(watch(&mut cycle, 60, |at| queue(at, 64.0, 0.6)), Some(97.0), "too early to know better");
        assert_eq!(watch(&mut cycle, 240, |at| queue(at, 64.0, 0.6)), Some(64.0));
        let mut quiet = SignalCycle::new();
        quiet.recall(Duration::from_secs(97));
        assert_eq!(watch(&mut quiet, 800, |_| 0.0), Some(97.0));
        assert_eq!(watch(&mut quiet, 200, |_| 0.0), None, "a quarter of an hour without a signal is a road without one");
        for wild in [0, 5, 100_000] {
            quiet.recall(Duration::from_secs(wild));
            assert_eq!(quiet.length(), None);
        }
    }

    #[test]
    fn an_interruption_of_two_minutes_does_not_shift_the_cycle() {
        let found = estimate(900, |at| (!(300.0..420.0).contains(&at)).then(|| queue(at, 97.0, 0.6))).expect("found");
        assert!((found - 97.0).abs() < 2.0, "{found}");
    }

    #[test]
    fn a_road_on_which_nothing_ever_stands_has_no_cycle() {
        assert_eq!(estimate(900, |_| Some(0.0)), None);
        assert_eq!(estimate(100, |at| Some(queue(at, 40.0, 0.5))), None, "too early to say");
    }
}
