//! The text about one camera.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calibration::CalibrationFile;
use super::duration::DurationText;
use super::measures::GateFile;
use super::rules::RulesFile;
use super::view::ViewFile;

/// One camera. Its id stands in topics and on the page. Exactly one of `url`, `film` and `simulated` says where its pictures come from.
///
/// A camera with a problem is left out and reported; the others run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CameraFile {
    /// Its name as locals say it; stands in the sentence an operator reads. Default: the id.
    #[schemars(extend("x-example" = "Arah Jalan Sudirman"))]
    pub name: Option<String>,
    /// Address of the camera's stream, `rtsp://`, without user and password; write `{user}` and `{password}` where a camera takes them in
    /// its path, `/user={user}&password={password}&channel=1`. Prefer the camera's sub-stream: 640 pixels wide are enough for the model
    /// and cost a tenth of the decoding.
    #[schemars(extend("x-shown" = true, "x-example" = "rtsp://192.168.10.21:554/stream2"))]
    pub url: Option<String>,
    /// A recorded film instead of a camera, for trials: any file that libavformat reads.
    #[schemars(extend("x-example" = "../films/monday.mp4"))]
    pub film: Option<String>,
    /// Whether the film starts again at its end. For demonstrations.
    pub repeat: bool,
    /// The drawn junction instead of a camera.
    pub simulated: Option<SimulatedFile>,
    /// User name at the camera. Needs one of `password_file` and `password_credential`.
    #[schemars(extend("x-example" = "viewer"))]
    pub user: Option<String>,
    /// File that holds the camera's password and nothing else; only its owner may read it (mode 0600).
    #[schemars(extend("x-example" = "secrets/north"))]
    pub password_file: Option<String>,
    /// Name of a systemd credential that holds the camera's password (`LoadCredential=`), instead of `password_file`.
    #[schemars(extend("x-example" = "north"))]
    pub password_credential: Option<String>,
    /// How pictures travel: `tcp` (nothing is lost) or `udp` (what is lost is lost). Take `udp` only for cameras that cannot do `tcp`.
    pub transport: Transport,
    /// How long each step of the conversation with the camera may take, 1 s to 60 s. Raise it on slow links; then a dead camera is noticed later.
    pub timeout: DurationText,
    /// Hardware that decodes the stream, tried in this order: `v4l2m2m` (Raspberry Pi 4 and others), `rkmpp` (Rockchip, with a vendor's libavcodec).
    /// The processor is always tried last, and takes over from hardware that fails. Add it when decoding is what loads the box: `simpang capacity`
    /// tells. The service must be let: docs/on-the-box.md.
    pub hardware_decoders: Vec<HardwareDecoderFile>,
    /// Most frames a second that are analysed, 0.5 to 60; the rest is skipped evenly. 8 is enough to count vehicles. Lower it to carry more cameras.
    pub analyse_fps: f32,
    /// Compass bearing of the view in degrees, 0 to 360 (0 is north, 90 east). Draws the view on maps.
    #[schemars(extend("x-example" = 180.0))]
    pub bearing_deg: Option<f32>,
    /// How its frames are searched.
    pub detect: DetectFile,
    /// How things are followed.
    pub track: TrackFile,
    /// How its view is watched over. Not for `simulated`.
    pub view: ViewFile,
    /// Where its points lie on the ground.
    pub calibration: Option<CalibrationFile>,
    /// Lines that things pass, by id.
    pub lines: BTreeMap<String, LineFile>,
    /// Parts of the picture, by id.
    pub zones: BTreeMap<String, ZoneFile>,
    /// Arms of the junction and where traffic passes from and to them, by id: for turning movements.
    pub gates: BTreeMap<String, GateFile>,
    /// What to watch for.
    pub rules: RulesFile,
}

/// The drawn junction instead of a camera, marked *simulasi*. For demonstrations only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatedFile {
    /// Makes the traffic: the same seed draws the same traffic.
    pub seed: u64,
}

/// How packets travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Inside the RTSP connection.
    Tcp,
    /// Datagrams.
    Udp,
}

/// Hardware that decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HardwareDecoderFile {
    /// A stateful memory-to-memory device of Video4Linux.
    V4l2m2m,
    /// Rockchip's Media Process Platform.
    Rkmpp,
}

/// How one camera's frames are searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DetectFile {
    /// Closer looks a frame besides the whole picture, 0 to 16. Each finds small far things around what moves and costs one more inference.
    /// Raise it for wide views; 0 for the least load.
    pub crops: usize,
    /// Lowest score of a detection that is kept at all, 0.01 to 0.99. Lower finds more and invents more. Default: what the model's description says.
    #[schemars(extend("x-example" = 0.2))]
    pub min_score: Option<f32>,
    /// What is kept: `person`, `bicycle`, `car`, `motorcycle`, `bus`, `truck`. Leave out what the camera should never report.
    pub classes: Vec<String>,
}

/// How things are followed from frame to frame. Times are of the stream's clock. The defaults suit 5 to 25 frames a second; change one only with
/// `simpang replay` at hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrackFile {
    /// Detections at least this sure are matched first, 0.05 to 0.99; the others only prolong what is followed already.
    /// Default: what the model's description says, by the number of crops.
    #[schemars(extend("x-example" = 0.35))]
    pub high_score: Option<f32>,
    /// Detections at least this sure can begin a track, 0.05 to 0.99. Raise it when ghosts are followed; lower it when things are followed late.
    /// Default: what the model's description says, by the number of crops.
    #[schemars(extend("x-example" = 0.4))]
    pub new_score: Option<f32>,
    /// A second detection within this time confirms a new track, up to 10 s. Raise it below 5 frames a second.
    pub confirm_within: DurationText,
    /// A moving thing that is not seen for this long is gone, up to 60 s. Raise it where poles and signs hide the road.
    pub lost_after: DurationText,
    /// A standing thing that is not seen for this long is gone, at least `lost_after` and up to 1 h. Keeps the identity of a stopped car behind passing ones.
    pub lost_after_standing: DurationText,
}

/// A straight line across the way of things. Its id is a level of the flow topic, so no other line or zone that is
/// counted on this box may have the same one. Put it where things are large and seldom hidden, not where they queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LineFile {
    /// First end: shares of the picture's width and height, 0 to 1, from the top left corner.
    #[schemars(extend("x-required" = true, "x-example" = [0.1, 0.7]))]
    pub from: Option<[f64; 2]>,
    /// Second end. Walking from the first end to the second, with the picture before you, "right" is what a rule calls `to_right`.
    #[schemars(extend("x-required" = true, "x-example" = [0.9, 0.7]))]
    pub to: Option<[f64; 2]>,
}

/// A part of the picture. Its id stands in events and is a level of topics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ZoneFile {
    /// Its name as locals say it; stands in the sentence an operator reads. Default: the id.
    #[schemars(extend("x-example" = "Lengan utara"))]
    pub name: Option<String>,
    /// What it is for: `approach` (lanes to a stop line), `exit` (lanes away), `box` (middle of the junction), `sidewalk`, `crossing`, `plaza`, `waiting`
    /// (where standing is normal: parking, bus stop, ojek rank; never watched for stopped vehicles) or `area` (anything else). Consumers filter by it.
    pub kind: ZoneUseFile,
    /// Its corners in order, at least three: shares of the picture's width and height, 0 to 1, from the top left corner. Edges must not cross.
    #[schemars(extend("x-required" = true, "x-example" = [[0.1, 0.4], [0.9, 0.4], [0.9, 0.95], [0.1, 0.95]]))]
    pub polygon: Option<Vec<[f64; 2]>>,
    /// Its real area in square metres: a crowd's severity then goes by people per square metre too. Default: what the calibration says.
    #[schemars(extend("x-example" = 240.0))]
    pub area_m2: Option<f64>,
    /// From where to where traffic goes through it, as shares of the picture; counts at once for wrong-way vehicles. Default: it is learned.
    #[schemars(extend("x-example" = [[0.5, 0.4], [0.5, 0.95]]))]
    pub direction: Option<[[f64; 2]; 2]>,
    /// For an approach: the line of this camera at which traffic waits, by its id. Queues are measured back from it, and what passes it has left.
    /// Default: the zone ends there.
    #[schemars(extend("x-example" = "garis-henti"))]
    pub stop_line: Option<String>,
}

/// What a zone is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ZoneUseFile {
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
    /// Where standing is normal.
    Waiting,
    /// Anything else.
    Area,
}

impl Default for CameraFile {
    fn default() -> Self {
        Self {
            name: None,
            url: None,
            film: None,
            repeat: false,
            simulated: None,
            user: None,
            password_file: None,
            password_credential: None,
            transport: Transport::Tcp,
            hardware_decoders: Vec::new(),
            timeout: DurationText::from_secs(10),
            analyse_fps: 10.0,
            bearing_deg: None,
            detect: DetectFile::default(),
            track: TrackFile::default(),
            view: ViewFile::default(),
            calibration: None,
            lines: BTreeMap::new(),
            zones: BTreeMap::new(),
            gates: BTreeMap::new(),
            rules: RulesFile::default(),
        }
    }
}

impl Default for SimulatedFile {
    fn default() -> Self {
        Self { seed: 1 }
    }
}

impl Default for DetectFile {
    fn default() -> Self {
        Self { crops: 2, min_score: None, classes: super::rules::all_classes() }
    }
}

impl Default for TrackFile {
    fn default() -> Self {
        let track = crate::config::settings::TrackSettings::default();
        let text = |duration: std::time::Duration| DurationText::from_millis(duration.as_millis() as u64);
        Self {
            high_score: None,
            new_score: None,
            confirm_within: text(track.confirm_within),
            lost_after: text(track.lost_after),
            lost_after_standing: text(track.lost_after_standing),
        }
    }
}

impl Default for ZoneFile {
    fn default() -> Self {
        Self { name: None, kind: ZoneUseFile::Area, polygon: None, area_m2: None, direction: None, stop_line: None }
    }
}
