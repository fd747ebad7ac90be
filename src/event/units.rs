//! How the figures of an event are to be read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the cycle of a signal is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CycleSource {
    /// The configuration says it.
    Configured,
    /// It shows in the traffic.
    Estimated,
    /// Nobody knows: a usual one.
    Assumed,
}

/// Whether lengths and speeds are metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Units {
    /// `false`: lengths are in local car lengths, because the camera has no calibration.
    pub calibrated: bool,
}
