//! Which configuration is applied: what the ids in events refer to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::envelope::Envelope;
use super::utc::Utc;
use super::wire::{Wire, to_json};
use crate::base::geom::{Line, Norm, Polygon};
use crate::base::id::Slug;
use crate::base::number::rounded;
use crate::base::time::WallTime;

/// The applied configuration: what events refer to. No addresses, no secrets.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ConfigMessage {
    /// Name and version of this vocabulary.
    #[schemars(extend("const" = "its-config/1.0"))]
    pub schema: String,
    /// Digest of the configuration, `sha256:` and hex; the birth message has the same.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
    /// When it was applied.
    pub since: Utc,
    /// Cameras with their geometry, in the order of their ids.
    pub cameras: Vec<CameraGeometry>,
}

/// Lines and zones of one camera.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct CameraGeometry {
    /// Which camera.
    pub camera_id: String,
    /// Its name as locals say it.
    pub camera_name: String,
    /// Lines and zones, in the order of their ids.
    pub features: Vec<PictureFeature>,
}

/// A line or a zone in the form of a GeoJSON feature. Coordinates are shares of the picture (0 to 1, x right, y down), not degrees.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PictureFeature {
    /// As in GeoJSON.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "Feature"))]
    pub kind: String,
    /// Configured id of the line or zone.
    pub id: String,
    /// What it is.
    pub properties: FeatureProperties,
    /// Where it is in the picture.
    pub geometry: PictureGeometry,
}

/// What a line or zone is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FeatureProperties {
    /// Name as locals say it.
    pub name: String,
    /// `line`, or what the zone is for.
    #[serde(rename = "use")]
    pub purpose: String,
}

/// Shape in shares of the picture.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "coordinates")]
pub enum PictureGeometry {
    /// From the first end to the second.
    LineString(Vec<(f64, f64)>),
    /// One ring, closed: the first point stands again at the end.
    Polygon(Vec<Vec<(f64, f64)>>),
}

impl PictureFeature {
    /// A counting line.
    pub fn line(id: &Slug, line: &Line<Norm>) -> Self {
        let ends = [line.a, line.b].map(|end| point(end.x, end.y));
        Self::new(id, id.as_str(), "line", PictureGeometry::LineString(ends.to_vec()))
    }

    /// A zone; `purpose` is the word of the configuration.
    pub fn zone(id: &Slug, name: &str, purpose: &str, polygon: &Polygon<Norm>) -> Self {
        let mut ring: Vec<(f64, f64)> = polygon.corners().iter().map(|corner| point(corner.x, corner.y)).collect();
        ring.extend(ring.first().copied());
        Self::new(id, name, purpose, PictureGeometry::Polygon(vec![ring]))
    }

    fn new(id: &Slug, name: &str, purpose: &str, geometry: PictureGeometry) -> Self {
        let properties = FeatureProperties { name: name.to_owned(), purpose: purpose.to_owned() };
        Self { kind: "Feature".to_owned(), id: id.to_string(), properties, geometry }
    }
}

fn point(x: f32, y: f32) -> (f64, f64) {
    (rounded(f64::from(x)), rounded(f64::from(y)))
}

impl Wire {
    /// Which configuration is applied. `digest` is SHA-256 in hex.
    pub fn config(&self, digest: &str, since: WallTime, cameras: Vec<CameraGeometry>) -> Envelope {
        let message =
            ConfigMessage { schema: "its-config/1.0".to_owned(), digest: format!("sha256:{digest}"), since: since.into(), cameras };
        self.envelope(Channel::Config, &[], to_json(&message))
    }
}
