//! Level of service of people on foot, A to F, by how many share a square metre.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Level of service: A is free, F is a crush.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum FruinLos {
    /// Free.
    A,
    /// Others are felt.
    B,
    /// Others are in the way.
    C,
    /// Touching others is hardly avoided.
    D,
    /// Touching others is not avoided.
    E,
    /// Nobody moves by himself.
    F,
}

/// Which of Fruin's tables a level is from (Fruin, Pedestrian Planning and Design, 1971; the limits were not compared with the printed book yet).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FruinTable {
    /// People who walk: sidewalks and crossings.
    Walkway,
    /// People who stand: everywhere else.
    Queuing,
}

impl FruinTable {
    /// The level at so many people a square metre; a limit belongs to the worse level.
    pub fn level(self, per_m2: f64) -> FruinLos {
        let limits = match self {
            Self::Walkway => [0.31, 0.43, 0.72, 1.08, 2.17],
            Self::Queuing => [0.83, 1.08, 1.54, 3.57, 5.26],
        };
        let levels = [FruinLos::A, FruinLos::B, FruinLos::C, FruinLos::D, FruinLos::E];
        levels.into_iter().zip(limits).find(|(_, limit)| per_m2 < *limit).map_or(FruinLos::F, |(level, _)| level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_density_is_worse_for_those_who_walk() {
        for (per_m2, walking, standing) in [
            (0.0, FruinLos::A, FruinLos::A),
            (0.5, FruinLos::C, FruinLos::A),
            (1.08, FruinLos::E, FruinLos::C),
            (2.2, FruinLos::F, FruinLos::D),
            (6.0, FruinLos::F, FruinLos::F),
        ] {
            assert_eq!((FruinTable::Walkway.level(per_m2), FruinTable::Queuing.level(per_m2)), (walking, standing), "{per_m2}");
        }
    }
}
