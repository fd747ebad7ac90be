//! How long nothing has changed, and how long that is usual: an empty road at night stands still too.

use std::time::Duration;

use super::picture::Figures;

/// A block whose mean luma difference stays below this many levels does not move; what is left is the codec at its key frames.
const MOTION: f32 = 0.75;
/// A picture whose middle block changed by less is repeated: a live one has noise, unless the codec swallows it.
const NOISE: f32 = 0.03;
/// Where the camera's own noise is known, a picture that shows less than this share of it is repeated, though a codec may still be settling on it.
const REPEATED: f32 = 0.2;
/// Looks from which the camera's noise is known: more seconds than most groups of pictures have. It is believed to have grown by this much a look.
const KNOWN: u32 = 8;
const GROWS: f32 = 1.0 / 60.0;
/// Kinds of light that are told apart, from black to white: each has its own noise.
const LIGHTS: usize = 16;
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
    noise: [Noise; LIGHTS],
}

/// The least that the quiet parts of the picture change while something moves in another part: such a picture is live for certain.
#[derive(Clone, Copy, Debug, Default)]
struct Noise {
    level: f32,
    looks: u32,
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
        self.noise = Default::default();
        self.same = Run { usual: self.same.usual, ..Run::default() };
        self.still = Run { usual: self.still.usual, ..Run::default() };
    }

    /// Takes the next look, `since` the one before. Whether the picture has been standing still for `needed` and twice as long as is usual here.
    pub(super) fn is_frozen(&mut self, figures: &Figures, since: Duration, needed: Duration) -> bool {
        let is_same = self.fingerprint.replace(figures.fingerprint) == Some(figures.fingerprint);
        let change = figures.change;
        let noise = &mut self.noise[(figures.light as usize * LIGHTS / 256).min(LIGHTS - 1)];
        let is_quiet = is_same || change.middle < noise.bound();
        let moves = !is_same && change.most >= MOTION;
        if moves {
            noise.learn(change.quarter);
        }
        let same = self.same.note(since, is_same, true, needed);
        let still = self.still.note(since, !moves, is_quiet, needed);
        same || still
    }
}

impl Noise {
    /// Light that changes adds to what noise changes, so the least is nearest to the truth.
    fn learn(&mut self, change: f32) {
        self.level = if self.looks == 0 { change } else { change.min(self.level.max(NOISE) * (1.0 + GROWS)) };
        self.looks = self.looks.saturating_add(1);
    }

    /// Below this a look shows no noise.
    fn bound(&self) -> f32 {
        if self.looks < KNOWN { NOISE } else { NOISE.max(REPEATED * self.level.min(MOTION)) }
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
    use super::super::picture::Change;
    use super::*;

    /// Seconds until frozen, when looks a second apart change by so much, middle block and most changed one.
    fn frozen_after(stillness: &mut Stillness, changes: impl IntoIterator<Item = (f32, f32)>) -> Option<usize> {
        frozen_under(100.0, stillness, changes)
    }

    /// The same under this light; a quarter of the blocks changes a tenth less than the middle one.
    fn frozen_under(light: f32, stillness: &mut Stillness, changes: impl IntoIterator<Item = (f32, f32)>) -> Option<usize> {
        let mut looks = changes.into_iter().enumerate().map(|(index, (middle, most))| {
            let change = Change { quarter: 0.9 * middle, middle, most };
            let figures = Figures { change, light, fingerprint: index as u64, ..Figures::default() };
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
    fn a_repeated_picture_on_which_a_codec_does_not_settle_in_time_shows_less_than_the_noise_of_this_camera() {
        // As measured on a film of which an older picture is repeated: eight seconds until the codec has nothing left to add.
        let settling =
            [0.218, 0.198, 0.11, 0.241, 0.047, 0.067, 0.031, 0.195, 0.008, 0.017, 0.017, 0.143].map(|change| (change, 1.5 * change));
        let traffic = [
            (0.6, 1.7),
            (5.4, 94.0),
            (33.1, 109.0),
            (4.0, 12.9),
            (0.6, 1.4),
            (0.7, 3.5),
            (0.67, 3.4),
            (0.65, 58.5),
            (1.9, 71.9),
            (3.8, 41.4),
        ];
        let mut stillness = Stillness::default();
        assert_eq!(frozen_after(&mut stillness, traffic), None);
        assert!(frozen_after(&mut stillness, settling).is_some_and(|secs| secs <= 9));
        // Where all that the camera shows is quieter, it is no sign of anything.
        let mut stillness = Stillness::default();
        assert_eq!(frozen_after(&mut stillness, traffic.map(|(middle, most)| (0.1 * middle, most))), None);
        assert_eq!(frozen_after(&mut stillness, settling[..10].iter().copied()), None);
    }

    #[test]
    fn less_noise_in_another_light_is_no_frozen_picture() {
        let mut stillness = Stillness::default();
        let day = (0..60).map(|second| (0.6, if second % 3 == 0 { 30.0 } else { 1.0 }));
        assert_eq!(frozen_under(140.0, &mut stillness, day), None);
        // Lamps go out: dark parts are quieter by day as well, but nothing was seen move in this light.
        assert_eq!(frozen_under(40.0, &mut stillness, [(20.0, 90.0)].into_iter().chain((0..30).map(|_| (0.09, 0.3)))), None);
    }

    #[test]
    fn noise_on_an_empty_road_with_single_quiet_looks_is_no_frozen_picture() {
        let mut stillness = Stillness::default();
        let night = (0..300).map(|second| if second % 9 == 8 { (0.02, 0.1) } else { (0.3, 0.6) });
        let with_cars = night.enumerate().map(|(second, change)| if second % 14 == 0 { (2.0, 30.0) } else { change });
        assert_eq!(frozen_after(&mut stillness, with_cars), None);
    }
}
