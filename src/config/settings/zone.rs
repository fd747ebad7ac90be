//! A camera's zones.

use crate::base::geom::{Line, Norm, Polygon};

/// A named part of the picture.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Name as locals say it.
    pub name: String,
    /// What it is for.
    pub kind: ZoneUse,
    /// Its corners.
    pub polygon: Polygon<Norm>,
    /// Its real area in square metres, when known.
    pub area_m2: Option<f64>,
    /// From where to where traffic goes through it, when configured.
    pub direction: Option<Line<Norm>>,
    /// Where traffic waits, on an approach.
    pub stop_line: Option<Line<Norm>>,
}

/// What a zone is for; the words of configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ZoneUse {
    /// Lanes leading to a stop line.
    Approach,
    /// Lanes leading away.
    Exit,
    /// The middle of the junction.
    Box,
    /// Where people walk.
    Sidewalk,
    /// Where people cross.
    Crossing,
    /// A square or park.
    Plaza,
    /// Where standing is normal: parking, bus stop, ojek rank. Excluded from the stopped-vehicle rule.
    Waiting,
    /// Anything else.
    Area,
}
