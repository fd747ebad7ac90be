//! How long nothing has changed, and how long that is usual: an empty road at night stands still too.

use std::time::Duration;

use super::picture::Figures;

/// A block whose mean luma difference stays below this many levels does not move; what is left is the codec at its key frames.
const MOTION: f32 = 0.75;
/// A picture whose middle block changed by less is repeated: a live one has noise, unless the codec swallows it.
const NOISE: f32 = 0.03;
/// Not at key frames, but between them: at least one look in this time must show no noise.
const QUIET_WITHIN: Duration = Duration::from_secs(5);
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
        self.noisy = if is_quiet { Duration::ZERO } else { self.noisy + since };
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
