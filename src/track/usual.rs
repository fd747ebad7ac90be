//! What this detector scores good boxes: learned from what it shows, so that a newcomer is measured against the others.
//!
//! Detectors do not mean the same by a score. One gives good boxes 0.9 and doubtful ones 0.6; another is sure of nearly everything and gives
//! good boxes 0.99 and doubtful ones 0.9. One threshold for believing a newcomer at once cannot suit both. Odds can be compared: what is a few times less
//! likely to be real than a good box is doubtful. What good boxes score is a high quantile of all sure scores, followed step by step in log
//! odds (stochastic approximation, Robbins and Monro 1951). All sure boxes count, not only those that were followed, so that the threshold
//! does not lift itself.

/// Share of the sure boxes that are below a good one.
const SHARE_BELOW: f32 = 0.75;
/// Step in log odds by which one box moves the estimate: some hundred boxes, seconds of a busy road, bring it to where it belongs.
const STEP: f32 = 0.05;
/// Log odds beyond which scores are not told apart (0.998): models give 1 to what they have learned by heart.
const SUREST: f32 = 6.0;

/// Follows what good boxes score.
#[derive(Debug)]
pub(super) struct Usual {
    /// Log odds of a good box.
    good: f32,
}

impl Usual {
    /// Good boxes score this, until the detector shows otherwise.
    pub(super) fn new(score: f32) -> Self {
        Self { good: log_odds(score) }
    }

    /// A sure box with this score was found.
    pub(super) fn observe(&mut self, score: f32) {
        let step = if log_odds(score) > self.good { SHARE_BELOW } else { SHARE_BELOW - 1.0 };
        self.good = (self.good + STEP * step).clamp(-SUREST, SUREST);
    }

    /// The score whose odds are `times` smaller than a good box's.
    pub(super) fn doubtful(&self, times: f32) -> f32 {
        1.0 / (1.0 + times * (-self.good).exp())
    }
}

fn log_odds(score: f32) -> f32 {
    (score / (1.0 - score)).ln().clamp(-SUREST, SUREST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubtful(scores: &[f32]) -> f32 {
        let mut usual = Usual::new(0.7);
        scores.iter().cycle().take(2000).for_each(|&score| usual.observe(score));
        usual.doubtful(4.0)
    }

    #[test]
    fn a_detector_that_is_sure_of_everything_is_measured_by_itself() {
        assert!((doubtful(&[0.6, 0.8, 0.9, 0.9]) - 0.7).abs() < 0.05, "odds 9, a quarter of it is 0.69");
        assert!((doubtful(&[0.9, 0.98, 0.99, 0.99]) - 0.96).abs() < 0.02, "odds 99, a quarter of it is 0.96");
        assert!(doubtful(&[0.0, 1.0, f32::NAN]).is_finite());
    }
}
