//! Why a rule decided as it did: cue by cue, with the figure that was measured and the one it was held against.

use crate::base::cue::Cue;

/// One cue as it was when the message was made.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Reason {
    /// Which.
    pub cue: Cue,
    /// What was measured, in [`Cue::unit`].
    pub value: f64,
    /// From where on (or below which) it begins to count.
    pub threshold: f64,
    /// How much it can add to the score at most, 0..=1.
    pub weight: f64,
}

impl Reason {
    /// As an operator hears it, with the figure where people have a feeling for it.
    pub(super) fn in_indonesian(&self) -> String {
        let value = self.value;
        match self.cue {
            Cue::SuddenStop => "kendaraan berhenti mendadak".to_owned(),
            Cue::Contact => "ada benturan".to_owned(),
            Cue::HeadingJump => format!("arah kendaraan berubah mendadak {value:.0} derajat"),
            Cue::RiderDown => "sepeda motor rebah".to_owned(),
            Cue::PersonBeside => "ada orang di samping sepeda motor yang berhenti mendadak".to_owned(),
            Cue::PostImpactStop => format!("kendaraan tidak bergerak {value:.0} detik"),
            Cue::Gathering => format!("{value:.0} orang berkumpul"),
            Cue::FlowBlocked => format!("lajurnya tersumbat, arus tinggal {:.0} persen dari biasanya", 100.0 * value),
        }
    }

    /// The same in English.
    pub(super) fn in_english(&self) -> String {
        let value = self.value;
        match self.cue {
            Cue::SuddenStop => "a vehicle stopped suddenly".to_owned(),
            Cue::Contact => "road users hit each other".to_owned(),
            Cue::HeadingJump => format!("a vehicle's direction jumped by {value:.0} degrees"),
            Cue::RiderDown => "a motorcycle lies on the road".to_owned(),
            Cue::PersonBeside => "a person is beside a motorcycle that stopped suddenly".to_owned(),
            Cue::PostImpactStop => format!("a vehicle has not moved for {value:.0} s"),
            Cue::Gathering => format!("{value:.0} people are gathering"),
            Cue::FlowBlocked => format!("its lane is blocked, {:.0} % of the usual traffic gets past", 100.0 * value),
        }
    }
}
