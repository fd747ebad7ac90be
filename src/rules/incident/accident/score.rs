//! From cues to a score: s = 1 − Π(1 − wᵢ·xᵢ), with each x rising from 0 to 1 over its ramp.

use super::sudden::THROWN_BACK_DEG;
use crate::base::cue::Cue;
use crate::config::settings::AccidentSettings;
use crate::event::Reason;

/// What was measured of each cue, at its strongest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    values: [Option<f32>; Cue::ALL.len()],
}

/// C3: degrees.
const HEADING: [f32; 2] = [45.0, 90.0];
/// C2: how much faster than the least closing speed counts fully (0.7 → 1.5 L/s).
const CLOSING_FULL: f32 = 1.5 / 0.7;
/// C5: seconds.
pub(super) const STOPPED_SECS: [f32; 2] = [8.0, 15.0];
/// C6: people.
const GATHERED: [f32; 2] = [3.0, 6.0];

impl Evidence {
    /// Each cue that was measured, for the next run of the program.
    pub(super) fn memory(&self) -> Vec<(String, f32)> {
        Cue::ALL.into_iter().filter_map(|cue| Some((cue.name().to_owned(), self.values[cue as usize]?))).collect()
    }

    /// As an earlier run kept it; cues that this version does not know say nothing.
    pub(super) fn recalled(memory: &[(String, f32)]) -> Self {
        let mut evidence = Self::default();
        for (cue, value) in memory {
            Cue::from_name(cue).into_iter().for_each(|cue| evidence.raise(cue, *value));
        }
        evidence
    }

    /// Keeps the larger of the value known and `value`.
    pub(super) fn raise(&mut self, cue: Cue, value: f32) {
        let known = &mut self.values[cue as usize];
        if value.is_finite() && known.is_none_or(|known| value > known) {
            *known = Some(value);
        }
    }

    /// Takes `value` in place of what was known.
    pub(super) fn set(&mut self, cue: Cue, value: Option<f32>) {
        self.values[cue as usize] = value;
    }

    /// How far a cue is fulfilled, 0..=1.
    fn fulfilled(&self, cue: Cue, settings: &AccidentSettings) -> f32 {
        let Some(value) = self.values[cue as usize].filter(|_| settings.cues.contains(&cue)) else { return 0.0 };
        match cue {
            Cue::SuddenStop => ramp(value, [settings.braking_l_s2 as f32, settings.crash_l_s2 as f32]),
            Cue::Contact => ramp(value, [settings.closing_l_s as f32, settings.closing_l_s as f32 * CLOSING_FULL]),
            // Who is thrown back was stopped as well; what only goes back are two vehicles that the tracker exchanged.
            Cue::HeadingJump if value >= THROWN_BACK_DEG && !self.has(Cue::SuddenStop, settings) => 0.0,
            Cue::HeadingJump => ramp(value, HEADING),
            // Measured only when it is so.
            Cue::RiderDown | Cue::PersonBeside | Cue::FlowBlocked => 1.0,
            Cue::PostImpactStop => ramp(value, STOPPED_SECS),
            Cue::Gathering => ramp(value, GATHERED),
        }
    }

    /// Whether what was jolted went back the way it came.
    pub(super) fn is_thrown_back(&self) -> bool {
        self.values[Cue::HeadingJump as usize].is_some_and(|turn| turn >= THROWN_BACK_DEG)
    }

    /// Whether a cue speaks at all.
    pub(super) fn has(&self, cue: Cue, settings: &AccidentSettings) -> bool {
        self.fulfilled(cue, settings) > 0.0
    }

    /// 0..1. The two cues of a fallen rider are one fact seen in two ways: the stronger counts.
    pub(super) fn score(&self, settings: &AccidentSettings) -> f64 {
        let rider = self.fulfilled(Cue::RiderDown, settings).max(self.fulfilled(Cue::PersonBeside, settings));
        let others = Cue::ALL.into_iter().filter(|cue| !matches!(cue, Cue::RiderDown | Cue::PersonBeside));
        let doubt = others.map(|cue| 1.0 - weight(cue) * f64::from(self.fulfilled(cue, settings))).product::<f64>();
        1.0 - doubt * (1.0 - weight(Cue::RiderDown) * f64::from(rider))
    }

    /// Whether it may be an accident: something touched or went down, and something moved as nothing in traffic moves. What stopped as only an impact
    /// stops it and stays where others pass may have touched what nobody saw.
    pub(super) fn is_suspect(&self, settings: &AccidentSettings) -> bool {
        let any = |cues: &[Cue]| cues.iter().any(|cue| self.has(*cue, settings));
        let stays = [Cue::SuddenStop, Cue::PostImpactStop].iter().all(|cue| self.fulfilled(*cue, settings) >= 1.0);
        (stays || any(&[Cue::Contact, Cue::RiderDown, Cue::PersonBeside]))
            && any(&[Cue::SuddenStop, Cue::HeadingJump, Cue::PostImpactStop])
            && any(&[Cue::SuddenStop, Cue::HeadingJump, Cue::RiderDown, Cue::PersonBeside])
            && self.score(settings) >= settings.suspect_at
    }

    /// Whether it is one, as far as a picture can say: it also stays.
    pub(super) fn is_confirmed(&self, settings: &AccidentSettings) -> bool {
        self.is_suspect(settings) && self.has(Cue::PostImpactStop, settings) && self.score(settings) >= settings.confirm_at
    }

    /// The cues that speak, strongest first.
    pub(super) fn reasons(&self, settings: &AccidentSettings) -> Vec<Reason> {
        let speaks = Cue::ALL.into_iter().filter(|cue| self.has(*cue, settings));
        let mut reasons: Vec<(f64, Reason)> = speaks
            .filter_map(|cue| {
                let value = f64::from(self.values[cue as usize]?);
                let reason = Reason { cue, value, threshold: threshold(cue, settings), weight: weight(cue) };
                Some((weight(cue) * f64::from(self.fulfilled(cue, settings)), reason))
            })
            .collect();
        reasons.sort_by(|a, b| b.0.total_cmp(&a.0));
        reasons.into_iter().map(|(_, reason)| reason).collect()
    }
}

/// How much a cue can say at most.
fn weight(cue: Cue) -> f64 {
    match cue {
        Cue::SuddenStop | Cue::Contact => 0.35,
        Cue::HeadingJump | Cue::FlowBlocked => 0.25,
        Cue::RiderDown | Cue::PersonBeside => 0.45,
        Cue::PostImpactStop => 0.50,
        Cue::Gathering => 0.30,
    }
}

/// Where it begins to speak.
fn threshold(cue: Cue, settings: &AccidentSettings) -> f64 {
    match cue {
        Cue::SuddenStop => settings.braking_l_s2,
        Cue::Contact => settings.closing_l_s,
        Cue::HeadingJump => f64::from(HEADING[0]),
        Cue::RiderDown => f64::from(super::rider::LIES),
        Cue::PersonBeside => f64::from(super::rider::BESIDE_L),
        Cue::PostImpactStop => f64::from(STOPPED_SECS[0]),
        Cue::Gathering => f64::from(GATHERED[0]),
        Cue::FlowBlocked => super::blockage::BLOCKED,
    }
}

fn ramp(value: f32, [from, to]: [f32; 2]) -> f32 {
    ((value - from) / (to - from).max(f32::EPSILON)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::id::Slug;

    fn settings() -> AccidentSettings {
        AccidentSettings {
            name: Slug::new("accident").expect("legal"),
            zone: None,
            cues: Cue::ALL.to_vec(),
            suspect_at: 0.55,
            confirm_at: 0.72,
            confirm_within: Duration::from_secs(20),
            braking_l_s2: 1.0,
            crash_l_s2: 1.8,
            closing_l_s: 0.7,
            passed: 3,
            min_score: 0.4,
            gone: Duration::from_secs(10),
            update_every: Duration::from_secs(300),
        }
    }

    fn evidence(cues: &[(Cue, f32)]) -> Evidence {
        let mut evidence = Evidence::default();
        cues.iter().for_each(|(cue, value)| evidence.raise(*cue, *value));
        evidence
    }

    #[test]
    fn two_vehicles_that_the_tracker_exchanged_are_no_crash() {
        let turned = |degrees| evidence(&[(Cue::HeadingJump, degrees), (Cue::Contact, 2.0), (Cue::PostImpactStop, 15.0)]);
        assert!(turned(100.0).is_suspect(&settings()), "pushed aside");
        assert!(!turned(170.0).is_suspect(&settings()), "went back the way it came, and nothing stopped it");
        let mut thrown_back = turned(170.0);
        thrown_back.raise(Cue::SuddenStop, 2.0);
        assert!(thrown_back.is_suspect(&settings()) && thrown_back.has(Cue::HeadingJump, &settings()));
    }

    #[test]
    fn the_score_is_the_documented_formula() {
        for (cues, score) in [
            (&[][..], 0.0),
            (&[(Cue::SuddenStop, 1.8), (Cue::Contact, 1.5)], 0.5775),
            (&[(Cue::SuddenStop, 1.4), (Cue::HeadingJump, 67.5)], 1.0 - 0.825 * 0.875),
            (&[(Cue::SuddenStop, 9.0), (Cue::Contact, 9.0), (Cue::PostImpactStop, 15.0)], 0.788_75),
            (&[(Cue::RiderDown, 0.5), (Cue::PersonBeside, 0.5)], 0.45),
        ] {
            assert!((evidence(cues).score(&settings()) - score).abs() < 1e-6, "{cues:?}");
        }
    }

    #[test]
    fn without_a_contact_or_a_fall_only_what_stops_at_once_and_stays_is_suspected_and_nothing_is_confirmed_without_standing() {
        let moved = [(Cue::SuddenStop, 1.4), (Cue::HeadingJump, 180.0), (Cue::PostImpactStop, 60.0), (Cue::Gathering, 9.0)];
        assert!(!evidence(&moved).is_suspect(&settings()), "no contact, and people brake so");
        let left = [(Cue::SuddenStop, 9.0), (Cue::HeadingJump, 180.0), (Cue::PostImpactStop, 12.0), (Cue::Gathering, 9.0)];
        assert!(!evidence(&left).is_suspect(&settings()), "no contact, and it may drive on");
        let alone = evidence(&[(Cue::SuddenStop, 9.0), (Cue::PostImpactStop, 15.0)]);
        assert!(alone.is_suspect(&settings()) && !alone.is_confirmed(&settings()), "people must come");
        let crash = [(Cue::SuddenStop, 9.0), (Cue::Contact, 9.0), (Cue::HeadingJump, 180.0), (Cue::Gathering, 9.0)];
        assert!(evidence(&crash).is_suspect(&settings()) && !evidence(&crash).is_confirmed(&settings()), "not standing");
        let mut stays = evidence(&crash);
        stays.set(Cue::PostImpactStop, Some(9.0));
        assert!(stays.is_confirmed(&settings()));
    }

    #[test]
    fn a_cue_that_is_left_out_does_not_count_and_is_not_told() {
        let without = AccidentSettings { cues: vec![Cue::SuddenStop], ..settings() };
        let both = evidence(&[(Cue::SuddenStop, 9.0), (Cue::Contact, 9.0)]);
        assert!((both.score(&without) - 0.35).abs() < 1e-6);
        assert_eq!(both.reasons(&without).iter().map(|reason| reason.cue).collect::<Vec<_>>(), [Cue::SuddenStop]);
    }

    #[test]
    fn reasons_stand_strongest_first_and_figures_that_are_none_are_ignored() {
        let three = evidence(&[(Cue::HeadingJump, 90.0), (Cue::SuddenStop, 1.1), (Cue::Contact, f32::NAN), (Cue::PostImpactStop, 12.0)]);
        let cues: Vec<Cue> = three.reasons(&settings()).iter().map(|reason| reason.cue).collect();
        assert_eq!(cues, [Cue::PostImpactStop, Cue::HeadingJump, Cue::SuddenStop]);
    }
}
