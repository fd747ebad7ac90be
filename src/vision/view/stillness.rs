//! How long nothing has changed, and how long that is usual: an empty road at night stands still too.

use std::time::Duration;

use super::picture::Figures;

/// A block whose mean luma difference stays below this many levels does not move; what is left is the codec at its key frames.
const MOTION: f32 = 0.75;
/// A picture whose middle block changed by less is repeated: a live one has noise, unless the codec swallows it.
const NOISE: f32 = 0.03;
/// Not at key frames, but between them: at least one look in this time must show no noise.
const QUIET_WITHIN: Duration = Duration::from_secs(5);
/// A codec takes some seconds to settle on a picture that is repeated: so much of that time counts once two looks in a row show no noise.
const SETTLES: Duration = Duration::from_secs(3);
/// What was learned about stillness fades with this time.
const FADES: Duration = Duration::from_secs(3600);
/// Longer than this is never usual.
const LONGEST: Duration = Duration::from_secs(600);

/// Watches for a picture that is repeated. A repeated frame is exactly the same; when something encodes it anew on the way, it is very nearly so.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stillness {
    fingerprint: Option<u64>,
    same: Run,
    still: Run,
}

/// How long something has lasted without a break.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    lasted: Duration,
    /// Without motion but with noise, before it began.
    settling: Duration,
    /// Since the last look without any noise.
    noisy: Duration,
    /// The longest one that ended by itself, fading.
    usual: Duration,
}

impl Stillness {
    /// Another session: the last picture of the one before says nothing.
    pub(super) fn restart(&mut self) {
        self.fingerprint = None;
        self.same = Run { usual: self.same.usual, ..Run::default() };
        self.still = Run { usual: self.still.usual, ..Run::default() };
    }

    /// Takes the next look, `since` the one before. Whether the picture has been standing still for `needed` and twice as long as is usual here.
    pub(super) fn is_frozen(&mut self, figures: &Figures, since: Duration, needed: Duration) -> bool {
        let is_same = self.fingerprint.replace(figures.fingerprint) == Some(figures.fingerprint);
        let is_quiet = is_same || figures.change.0 < NOISE;
        let same = self.same.note(since, is_same, true, needed);
        let still = self.still.note(since, is_same || figures.change.1 < MOTION, is_quiet, needed);
        same || still
    }
}

impl Run {
    fn note(&mut self, since: Duration, goes_on: bool, is_quiet: bool, needed: Duration) -> bool {
        let was_quiet = self.noisy.is_zero();
        self.noisy = if is_quiet { Duration::ZERO } else { self.noisy + since };
        if !goes_on {
            self.settling = Duration::ZERO;
        } else if self.lasted.is_zero() {
            self.settling += since;
        } else if is_quiet && was_quiet {
            self.lasted += std::mem::take(&mut self.settling).min(SETTLES);
        }
        if goes_on && self.noisy <= QUIET_WITHIN {
            self.lasted += since;
        } else {
            let faded = self.usual.mul_f64((1.0 - since.as_secs_f64() / FADES.as_secs_f64()).max(0.0));
            self.usual = faded.max(self.lasted).min(LONGEST);
            self.lasted = Duration::ZERO;
        }
        self.lasted >= needed.max(2 * self.usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds until frozen, when looks a second apart change by so much, middle block and most changed one.
    fn frozen_after(stillness: &mut Stillness, changes: impl IntoIterator<Item = (f32, f32)>) -> Option<usize> {
        let mut looks = changes.into_iter().enumerate().map(|(index, change)| {
            let figures = Figures { change, fingerprint: index as u64, ..Figures::default() };
            stillness.is_frozen(&figures, Duration::from_secs(1), Duration::from_secs(7))
        });
        looks.position(|is_frozen| is_frozen).map(|index| index + 1)
    }

    #[test]
    fn a_repeated_picture_on_which_a_codec_settles_slowly_is_frozen_within_ten_seconds() {
        let mut stillness = Stillness::default();
        let traffic = [(5.0, 60.0), (0.6, 1.4), (18.0, 90.0), (0.7, 0.9), (30.0, 100.0), (4.0, 80.0), (3.0, 40.0)];
        assert_eq!(frozen_after(&mut stillness, traffic), None);
        // As measured on a film: the middle block settles over five seconds, key frames come every four.
        let settling = [0.19, 0.14, 0.06, 0.2, 0.018, 0.029, 0.018, 0.15, 0.004, 0.009, 0.009, 0.1].map(|change| (change, 2.0 * change));
        assert!(frozen_after(&mut stillness, settling).is_some_and(|secs| secs <= 9));
    }

    #[test]
    fn noise_on_an_empty_road_with_single_quiet_looks_is_no_frozen_picture() {
        let mut stillness = Stillness::default();
        let night = (0..300).map(|second| if second % 9 == 8 { (0.02, 0.1) } else { (0.3, 0.6) });
        let with_cars = night.enumerate().map(|(second, change)| if second % 14 == 0 { (2.0, 30.0) } else { change });
        assert_eq!(frozen_after(&mut stillness, with_cars), None);
    }
}
