//! The text about things that lie on a carriageway.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::DurationText;

/// Watches a carriageway for things that lie on it: what is new in the picture, does not move and is no road user. A hint of low confidence that asks to be
/// verified. It needs traffic (or `calibration`) to know sizes, half a minute to know the road, and cannot see what is as bright as the road.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DebrisFile {
    /// Name of the rule, unique within the camera. Default: `debris-` and the zone.
    #[schemars(extend("x-example" = "debris-lajur"))]
    pub name: Option<String>,
    /// Which zone, by its id: the carriageway between the kerbs.
    #[schemars(extend("x-required" = true, "x-example" = "lajur"))]
    pub zone: Option<String>,
    /// How long something must have been seen lying there, 30 s to 1 h; while traffic hides it, nobody sees it. Longer is calmer and later.
    pub dwell: DurationText,
    /// How long in the picture it must be at least, in car lengths, 0.05 to 2. Raise it where leaves and bags are told of.
    pub smallest_l: f64,
    /// How long it may be at most, in car lengths, more than `smallest_l`, up to 10.
    pub largest_l: f64,
    /// How long it must be gone for the event to end, 1 s to 1 h.
    pub gone: DurationText,
    /// How often an open event says that it lasts, 10 s to 24 h.
    pub update_every: DurationText,
}

impl Default for DebrisFile {
    fn default() -> Self {
        Self {
            name: None,
            zone: None,
            dwell: DurationText::from_secs(60),
            // 0.7 m to 9 m.
            smallest_l: 0.15,
            largest_l: 2.0,
            gone: DurationText::from_secs(10),
            update_every: DurationText::from_secs(300),
        }
    }
}
