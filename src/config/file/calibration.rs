//! The text about the ground before a camera.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where points of the picture lie on the ground, so that places can be given in metres. Optional: without it lengths are in car lengths. At least four
/// points, no three of them on one line, spread over the whole part of the road that matters; with six or more a wrong one is found and named.
/// `simpang calibrate` draws the grid that they make.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CalibrationFile {
    /// The points.
    pub points: Vec<GroundPointFile>,
    /// Check distances.
    pub distances: Vec<CheckDistanceFile>,
}

/// A point that can be found both in the picture and on the ground: the end of a lane mark, the corner of a zebra bar or of a drain cover. All points
/// of a camera lie on the same flat ground. Each may be at most 0.3 m from where all of them together put it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GroundPointFile {
    /// In the picture: shares of its width and height, 0 to 1, from the top left corner.
    #[schemars(extend("x-required" = true, "x-example" = [0.12, 0.91]))]
    pub image: Option<[f64; 2]>,
    /// On the ground: metres from any corner of the junction, the first number along one street, the second to its left; the same for all points. From a
    /// tape, or measured on an aerial map.
    #[schemars(extend("x-required" = true, "x-example" = [0.0, 3.5]))]
    pub ground: Option<[f64; 2]>,
}

/// A distance on the ground that was measured besides the points, to judge them by: refused when the points make it more than 5 % longer or
/// shorter. Take two, in different directions and near the ends of what matters: with four points nothing else shows a mistake.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckDistanceFile {
    /// One end, in shares of the picture.
    #[schemars(extend("x-required" = true, "x-example" = [0.3, 0.6]))]
    pub from: Option<[f64; 2]>,
    /// The other end.
    #[schemars(extend("x-required" = true, "x-example" = [0.7, 0.6]))]
    pub to: Option<[f64; 2]>,
    /// The distance as measured, in metres, 0.5 to 1000.
    #[schemars(extend("x-required" = true, "x-example" = 12.0))]
    pub metres: Option<f64>,
}
