//! Level of service (*tingkat pelayanan*) of a signalised intersection, by delay. A level without the name of its table says nothing: at 25 s PM 96/2015 is at
//! the end of C and HCM 6 is not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From free (A) to beyond capacity (F).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum LevelOfService {
    /// Hardly anybody waits.
    A,
    /// Short waits.
    B,
    /// Acceptable waits.
    C,
    /// Long waits that are borne.
    D,
    /// At capacity.
    E,
    /// Beyond it.
    F,
}

/// Which cut-offs decide.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub enum LosTable {
    /// Permenhub PM 96/2015, intersections: 5, 15, 25, 40, 60 s a passenger car.
    #[default]
    #[serde(rename = "pm96-2015")]
    Pm96,
    /// Highway Capacity Manual 6, signalised intersections: 10, 20, 35, 55, 80 s a vehicle, and F where demand is over capacity.
    #[serde(rename = "hcm6")]
    Hcm6,
}

impl LosTable {
    /// Longest mean delay in seconds of A to E.
    const fn cuts(self) -> [f64; 5] {
        match self {
            Self::Pm96 => [5.0, 15.0, 25.0, 40.0, 60.0],
            Self::Hcm6 => [10.0, 20.0, 35.0, 55.0, 80.0],
        }
    }

    /// The level at a mean delay in seconds: a passenger car for PM 96/2015, a vehicle for HCM 6. `saturation` is demand over capacity, where it is known.
    pub fn level(self, delay_s: f64, saturation: Option<f64>) -> LevelOfService {
        use LevelOfService::{A, B, C, D, E, F};
        if self == Self::Hcm6 && saturation.is_some_and(|saturation| saturation > 1.0) {
            return F;
        }
        let better = self.cuts().into_iter().zip([A, B, C, D, E]).find(|(most, _)| delay_s <= *most);
        better.map_or(F, |(_, level)| level)
    }

    /// Its word in configuration and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pm96 => "pm96-2015",
            Self::Hcm6 => "hcm6",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indonesian_table_is_stricter_than_the_american_one_and_both_end_in_f() {
        use LevelOfService::{A, B, C, D, E, F};
        let cases = [(4.9, A, A), (9.0, B, A), (16.0, C, B), (25.0, C, C), (30.0, D, C), (50.0, E, D), (61.0, F, E), (81.0, F, F)];
        for (delay, pm96, hcm6) in cases {
            assert_eq!((LosTable::Pm96.level(delay, None), LosTable::Hcm6.level(delay, Some(0.9))), (pm96, hcm6), "{delay} s");
        }
        assert_eq!(LosTable::Hcm6.level(20.0, Some(1.05)), F, "over capacity");
    }
}
