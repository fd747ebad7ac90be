//! What is known about an approach from one run of the program to the next.

use serde::{Deserialize, Serialize};

use super::passage::UnhinderedMemory;
use crate::rules::traffic::discharge::DischargeMemory;
use crate::scene::ApproachMemory;

/// What was learned about one approach and its signal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MeasuresMemory {
    pub(super) approach: Option<ApproachMemory>,
    /// The signal's cycle in seconds, as found in the traffic.
    pub(super) cycle_secs: Option<f64>,
    pub(super) discharge: DischargeMemory,
    pub(super) unhindered: UnhinderedMemory,
}
