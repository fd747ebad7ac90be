//! The text about what is measured on approaches and between the arms of a junction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::DurationText;
use crate::base::class::Class;

/// One arm of the junction: where its traffic comes in and where traffic leaves into it. Its id stands in every turning movement. Name the lines across the
/// way in (usually the stop line) and across the way out; one line over the whole road may be both. On which side of a line the junction lies shows in where
/// the other arms are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GateFile {
    /// The arm as locals say it; stands in the sentence an operator reads. Default: the id.
    #[schemars(extend("x-example" = "Jalan Sudirman"))]
    pub name: Option<String>,
    /// Line of this camera that traffic passes on its way into the junction, by its id. Leave it out for an arm that only takes traffic.
    #[schemars(extend("x-shown" = true, "x-example" = "garis-henti"))]
    pub entry: Option<String>,
    /// Line that traffic passes on its way out of the junction, by its id; may be the same. Leave it out for an arm that only gives traffic.
    #[schemars(extend("x-shown" = true, "x-example" = "garis-henti"))]
    pub exit: Option<String>,
}

/// Counts turning movements: from which arm to which, U-turns included, by class and every quarter of an hour. Needs the camera's `gates`. Who was seen
/// at one gate only is put with the usual way that is like his at least 7 to 3, or counts as unknown; the share of unknown ones is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MovementsFile {
    /// Name of the rule, unique within the camera.
    pub name: String,
    /// What is counted. People on foot make no movements.
    pub classes: Vec<String>,
}

/// Measures an approach, each minute and quarter of an hour: flow in vehicles and smp an hour by class, speed, density, how much of the road is covered, headway,
/// queue, degree of saturation, delay and level of service. What cannot be measured is left out, with the reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApproachFile {
    /// Name of the rule, unique within the camera. Default: `approach-` and the zone.
    #[schemars(extend("x-example" = "approach-lengan"))]
    pub name: Option<String>,
    /// Which zone, by its id: of kind `approach` and with a `stop_line`. A zone is measured by one rule only.
    #[schemars(extend("x-required" = true, "x-example" = "lengan"))]
    pub zone: Option<String>,
    /// Cycle of the signal, 30 s to 5 min, where it is fixed and known. Default: it is found in the traffic.
    #[schemars(extend("x-example" = "118s"))]
    pub cycle: Option<DurationText>,
    /// Effective green of this approach, 3 s to 5 min and shorter than `cycle`, where it is fixed and known. Default: it is measured from how long the traffic flows
    /// after a queue began to leave.
    #[schemars(extend("x-example" = "35s"))]
    pub green: Option<DurationText>,
    /// What a green lets pass, in smp per hour of green (S of MKJI 1997, J of PKJI 2023: 600 times the width of the entry in metres, times the factors of the
    /// place), 200 to 20000. Default: it is measured while queues leave.
    #[schemars(extend("x-example" = 4200.0))]
    pub saturation_smp_h: Option<f64>,
}

impl Default for MovementsFile {
    fn default() -> Self {
        let vehicles = Class::ALL.into_iter().filter(|class| class.is_vehicle());
        Self { name: "movements".to_owned(), classes: vehicles.map(|class| class.name().to_owned()).collect() }
    }
}
