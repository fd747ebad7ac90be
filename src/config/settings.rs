//! What the program uses: checked values only. Made from the text in one place, `check`, and by tests.
//!
//! A value of these types cannot be wrong in itself: geometry is inside the picture, names are slugs, durations are positive.

mod calibration;
mod measures;
mod rules;
mod view;
mod zone;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::camera_url::CameraUrl;
use crate::base::class::Class;
use crate::base::emp::EmpTable;
use crate::base::geom::{Line, Norm};
use crate::base::hardware::HardwareDecoder;
use crate::base::id::Slug;

pub use calibration::{Calibration, CheckDistance};
pub use measures::{ApproachSettings, Arm, Gate, MovementsSettings, Ways};
pub use rules::{
    AccidentSettings, Anchor, CongestionSettings, CrowdSettings, DebrisSettings, LineCountSettings, PedestrianOnRoadSettings, RuleSettings,
    StoppedVehicleSettings, WrongWaySettings, ZoneOccupancySettings,
};
pub use view::ViewSettings;
pub use zone::{Zone, ZoneUse};

/// Everything one box needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who and where this box is.
    pub site: Site,
    /// The model and how it is run.
    pub detector: DetectorSettings,
    /// Delivery; `None` prints events on standard output instead.
    pub mqtt: Option<MqttSettings>,
    /// The durable queue.
    pub outbox: OutboxSettings,
    /// What goes on after a restart.
    pub restart: RestartSettings,
    /// The tables on the disk; `None` when nobody wants them.
    pub report: Option<ReportSettings>,
    /// The local page; `None` when switched off.
    pub page: Option<PageSettings>,
    /// The cameras, in the order of their ids.
    pub cameras: Vec<CameraSettings>,
    /// SHA-256 of the text this was made from, in hex: says in the birth message what is applied.
    pub digest: String,
}

/// Who and where this box is: the fixed part of every message.
#[derive(Clone, Debug)]
pub struct Site {
    /// City in message sources, `palembang`.
    pub city: Slug,
    /// Who runs it, `atcs`.
    pub operator: Slug,
    /// Intersection, `simpang-charitas`.
    pub id: Slug,
    /// Intersection as locals say it, `Simpang Charitas`.
    pub name: String,
    /// This box, `edge-01`.
    pub device: Slug,
    /// Longitude and latitude in degrees (GeoJSON order).
    pub position: Option<(f64, f64)>,
    /// Hours from UTC of the clock on the wall; 7 for WIB.
    pub utc_offset_hours: i8,
    /// Passenger-car units (smp) of each class.
    pub emp: EmpTable,
}

impl Site {
    /// Source of this box's CloudEvents without the camera, `/palembang/atcs/simpang-charitas/edge-01`.
    pub fn source(&self) -> String {
        format!("/{}/{}/{}/{}", self.city, self.operator, self.id, self.device)
    }
}

/// The model and how it is run.
#[derive(Clone, Debug)]
pub struct DetectorSettings {
    /// The model contract, `models/efficientdet-lite0.toml`. `None`: the drawn scene needs no model.
    pub model: Option<PathBuf>,
    /// ONNX Runtime's shared library.
    pub runtime_library: PathBuf,
    /// Sessions that run at the same time, shared by all cameras; not more than cameras that need the model.
    pub sessions: usize,
    /// Threads inside one inference.
    pub threads_per_inference: usize,
    /// Execution providers to try in order, CPU last and always.
    pub execution_providers: Vec<ExecutionProvider>,
}

/// Where ONNX Runtime computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExecutionProvider {
    /// The processor.
    Cpu,
    /// XNNPACK on the processor.
    Xnnpack,
    /// Arm Compute Library.
    Acl,
    /// NVIDIA CUDA.
    Cuda,
    /// NVIDIA TensorRT.
    TensorRt,
    /// Qualcomm QNN.
    Qnn,
    /// Intel OpenVINO.
    OpenVino,
}

/// One camera.
#[derive(Clone, Debug)]
pub struct CameraSettings {
    /// Its id in topics.
    pub id: Slug,
    /// Its name as locals say it, `Arah Jalan Sudirman`.
    pub name: String,
    /// Where its pictures come from.
    pub source: SourceSettings,
    /// Frames a second to analyse at most; the rest is skipped evenly.
    pub analyse_fps: f32,
    /// Compass bearing of the view in degrees, for maps.
    pub bearing_deg: Option<f32>,
    /// How its frames are searched.
    pub detect: CameraDetectSettings,
    /// How things are followed.
    pub track: TrackSettings,
    /// Scores for following that were configured; what was not comes from the model's contract.
    pub track_scores: TrackScores,
    /// How its view is watched over; `None`: it is taken for granted.
    pub view: Option<ViewSettings>,
    /// The ground before it in metres, when it was measured.
    pub calibration: Option<Calibration>,
    /// Named lines in shares of the picture.
    pub lines: BTreeMap<Slug, Line<Norm>>,
    /// Named zones in shares of the picture.
    pub zones: BTreeMap<Slug, Zone>,
    /// What to watch for.
    pub rules: Vec<RuleSettings>,
}

impl ZoneUse {
    /// The word of the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approach => "approach",
            Self::Exit => "exit",
            Self::Box => "box",
            Self::Sidewalk => "sidewalk",
            Self::Crossing => "crossing",
            Self::Plaza => "plaza",
            Self::Waiting => "waiting",
            Self::Area => "area",
        }
    }
}

/// Where pictures come from.
#[derive(Clone, Debug)]
pub enum SourceSettings {
    /// A camera.
    Rtsp(RtspSettings),
    /// A recorded film.
    File {
        /// Any file libavformat reads.
        path: PathBuf,
        /// Start again at the end (demonstrations).
        repeat: bool,
    },
    /// The drawn junction, marked *simulasi*: demonstrations only.
    Simulated {
        /// Makes the traffic; the same seed draws the same traffic.
        seed: u64,
    },
}

/// How to reach a camera. `Debug` and logs never show the password.
#[derive(Clone, Debug)]
pub struct RtspSettings {
    /// Address; user and password stand in it only where the camera wants them in path or query.
    pub url: CameraUrl,
    /// User and password, when the camera asks for them.
    pub credentials: Option<Credentials>,
    /// How packets travel.
    pub transport: RtspTransport,
    /// How long each step of the conversation may take.
    pub timeout: Duration,
    /// Hardware to try for decoding, in this order, before the processor.
    pub hardware: Vec<HardwareDecoder>,
}

/// How RTP packets travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RtspTransport {
    /// Inside the RTSP connection: nothing is lost or reordered. The default.
    Tcp,
    /// Datagrams: what is lost is lost.
    Udp,
}

/// A user name and a password.
#[derive(Clone)]
pub struct Credentials {
    /// Who.
    pub user: String,
    /// Secret.
    pub password: Secret,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:***", self.user)
    }
}

/// Text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself: only where it goes on the wire.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// How one camera's frames are searched.
#[derive(Clone, Debug)]
pub struct CameraDetectSettings {
    /// Closer looks a frame besides the whole picture: the camera's inference budget is 1 + this.
    pub crops: usize,
    /// Lowest score that is kept at all; `None` leaves it to the model's contract.
    pub min_score: Option<f32>,
    /// Classes that are kept.
    pub classes: Vec<Class>,
}

/// Scores for following that a configuration may set instead of the model's contract.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct TrackScores {
    /// In place of [`TrackSettings::high_score`].
    pub high: Option<f32>,
    /// In place of [`TrackSettings::new_score`].
    pub new: Option<f32>,
}

/// What a model's contract says about its scores, for following.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ModelScores {
    /// For [`TrackSettings::high_score`].
    pub sure: f32,
    /// For [`TrackSettings::new_score`].
    pub begin: f32,
    /// For [`TrackSettings::person_factor`].
    pub person_factor: f32,
}

/// How things are followed. All times in seconds of the stream's clock.
#[derive(Clone, PartialEq, Debug)]
pub struct TrackSettings {
    /// Detections at least this sure (score, 0..=1) are matched first (BYTE stage 1).
    pub high_score: f32,
    /// Detections at least this sure (score, 0..=1) can begin a track.
    pub new_score: f32,
    /// A person's detection must be this many times as sure as a vehicle's for both, at least 1: closer looks make people out of bollards.
    pub person_factor: f32,
    /// A second detection within this time confirms a new track.
    pub confirm_within: Duration,
    /// A moving thing that is not seen for this long is gone.
    pub lost_after: Duration,
    /// A standing thing that is not seen for this long is gone.
    pub lost_after_standing: Duration,
}

impl TrackSettings {
    /// With the model's scores where the configuration chose none.
    #[must_use]
    pub fn scored(mut self, chosen: TrackScores, model: ModelScores) -> Self {
        self.high_score = chosen.high.unwrap_or(model.sure);
        self.new_score = chosen.new.unwrap_or(model.begin.max(self.high_score));
        self.person_factor = model.person_factor;
        self
    }
}

impl Default for TrackSettings {
    fn default() -> Self {
        Self {
            high_score: 0.5,
            new_score: 0.6,
            person_factor: 1.0,
            confirm_within: Duration::from_millis(400),
            lost_after: Duration::from_millis(1500),
            lost_after_standing: Duration::from_secs(60),
        }
    }
}

/// How to reach the broker.
#[derive(Clone, Debug)]
pub struct MqttSettings {
    /// Host name or address.
    pub host: String,
    /// Port; 8883 with TLS, 1883 without.
    pub port: u16,
    /// Protocol version.
    pub version: MqttVersion,
    /// Encryption; `None` is plain text, for the loopback broker only.
    pub tls: Option<TlsSettings>,
    /// User and password.
    pub credentials: Option<Credentials>,
    /// First levels of every topic, `its/v1/palembang`.
    pub root: String,
    /// MQTT client id; site and device unless said otherwise (devices of two sites may have the same id).
    pub client_id: String,
    /// Keep-alive interval.
    pub keep_alive: Duration,
}

/// MQTT protocol version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MqttVersion {
    /// MQTT 3.1.1.
    V3,
    /// MQTT 5.0.
    V5,
}

/// Encryption towards the broker.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// PEM file with the authorities to trust.
    pub ca: PathBuf,
    /// PEM files of this box's certificate and key, when the broker asks for one.
    pub client: Option<ClientCertificate>,
}

/// This box's certificate.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// PEM certificate chain.
    pub certificate: PathBuf,
    /// PEM private key.
    pub key: PathBuf,
}

/// The durable queue.
#[derive(Clone, Debug)]
pub struct OutboxSettings {
    /// Directory that holds the database; made when missing.
    pub directory: PathBuf,
    /// Most bytes the database may take; oldest periodic measures go first, events last.
    pub max_bytes: u64,
    /// How long delivered events stay in the local history.
    pub keep_history: Duration,
}

/// What goes on after a restart of the program.
#[derive(Clone, Copy, Debug)]
pub struct RestartSettings {
    /// Events that an earlier run left open go on when nobody watched for at most this long.
    pub resume_within: Duration,
    /// How long it may take to find out whether they do.
    pub judge_within: Duration,
}

/// The tables on the disk.
#[derive(Clone, Debug)]
pub struct ReportSettings {
    /// Folder that holds the files; made when missing.
    pub folder: PathBuf,
    /// How long a day's files stay.
    pub keep: Duration,
}

/// The local page.
#[derive(Clone, Debug)]
pub struct PageSettings {
    /// Address to listen on; loopback unless said otherwise.
    pub listen: std::net::SocketAddr,
}
