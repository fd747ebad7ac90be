//! What is known about a junction from one run of the program to the next: the usual way of each movement.

use serde::{Deserialize, Serialize};

use super::usual::UsualMemory;
use crate::config::settings::MovementsSettings;

/// The usual ways, in the order of the movements.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MovementsMemory {
    pub(super) usual: Vec<UsualMemory>,
}

/// Gates in words: the same as long as nobody draws them anew or changes the arms.
pub(super) fn ground(settings: &MovementsSettings) -> String {
    let arms: Vec<&str> = settings.arms.iter().map(|arm| arm.id.as_str()).collect();
    let gates = settings.gates.iter().map(|gate| (gate.arm, gate.ways, [gate.line.a.x, gate.line.a.y, gate.line.b.x, gate.line.b.y]));
    format!("{arms:?} {:?}", gates.collect::<Vec<_>>())
}
