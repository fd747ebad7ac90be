//! The text of a configuration file, key by key, exactly as written; nothing here is checked yet.
//!
//! The doc comment of a field is its entry in `docs/configuration.md` and in `configs/all-options.toml`. A key without which the rest makes no
//! sense is an `Option` all the same: then `check` says what is missing together with everything else, instead of the parser stopping there.

pub mod calibration;
pub mod camera;
pub mod duration;
pub mod debris;
pub mod measures;
pub mod rules;
pub mod view;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::los::LosTable;
pub use camera::CameraFile;
pub use duration::DurationText;

/// One file describes one box.
///
/// Paths in it are relative to the folder of the file. Durations are text with a unit: `"500ms"`, `"30s"`, `"5min"`, `"12h"`, `"30d"`.
/// Names (ids of cameras, lines, zones, rules, directions) are 1 to 32 of `a-z 0-9 -`, because topics are made from them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// Who and where this box is.
    pub site: SiteFile,
    /// The model and how it is run.
    pub detector: DetectorFile,
    /// Delivery to the command center.
    pub mqtt: Option<MqttFile>,
    /// The durable queue.
    pub outbox: OutboxFile,
    /// What goes on after a restart.
    pub restart: RestartFile,
    /// The report on the disk.
    pub report: Option<ReportFile>,
    /// The local page.
    pub page: PageFile,
    /// The cameras of this box, by id.
    pub cameras: BTreeMap<String, CameraFile>,
}

/// Who and where this box is. Every message says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SiteFile {
    /// City in the source of every message. Change it when the box moves to another city.
    #[schemars(extend("x-required" = true, "x-example" = "palembang"))]
    pub city: Option<String>,
    /// Who runs the box; second part of the source of every message. Change it when another agency owns the box.
    pub operator: String,
    /// Id of the intersection or square; a level of every topic, so access lists name it. Never reuse it for another place.
    #[schemars(extend("x-required" = true, "x-example" = "simpang-charitas"))]
    pub id: Option<String>,
    /// Its name as locals say it; stands in the sentence an operator reads. Default: the id.
    #[schemars(extend("x-example" = "Simpang Charitas"))]
    pub name: Option<String>,
    /// Id of this box, unique within the site; a level of every topic. Change it when a second box comes to the same site.
    #[schemars(extend("x-required" = true, "x-example" = "edge-01"))]
    pub device: Option<String>,
    /// Longitude and latitude in degrees, in this order (GeoJSON). Puts events on the map; without it they are only named.
    #[schemars(extend("x-example" = [104.7565, -2.9761]))]
    pub position: Option<[f64; 2]>,
    /// Hours from UTC of the clock on the wall (7 is WIB, 8 WITA, 9 WIT). Only for what people read; messages carry UTC.
    pub utc_offset_hours: i8,
    /// How many passenger cars (smp) each class counts for: `mkji-1997` or `pkji-2023` (signalised, protected approach), the same with `-opposed`,
    /// `mkji-1997-unsignalised` (none was compared with the printed manual yet), or a name of your own for the numbers under `[site.emp]`. Stands in
    /// every flow message.
    pub emp_table: String,
    /// Where delays are cut into levels of service A to F (*tingkat pelayanan*): `pm96-2015` (Permenhub PM 96/2015, intersections) or `hcm6` (HCM 6,
    /// signalised), which is more lenient. Stands beside every level.
    pub los_table: LosTable,
    /// Your own numbers.
    pub emp: Option<EmpFile>,
}

/// Your own passenger-car units (smp), one for each class, such as those measured in Banda Aceh: motorcycles 0.24 (Sugiarto et al. 2021, PLoS ONE
/// 16(9) e0256620). Give them a name with `emp_table`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EmpFile {
    /// A bicycle, 0 to 10; 0 where bicycles are friction and no flow.
    #[schemars(extend("x-required" = true, "x-example" = 0.0))]
    pub bicycle: Option<f64>,
    /// A car, van, pickup or minibus, 0 to 10.
    #[schemars(extend("x-required" = true, "x-example" = 1.0))]
    pub car: Option<f64>,
    /// A motorcycle, 0 to 10.
    #[schemars(extend("x-required" = true, "x-example" = 0.24))]
    pub motorcycle: Option<f64>,
    /// A bus, 0 to 10.
    #[schemars(extend("x-required" = true, "x-example" = 1.3))]
    pub bus: Option<f64>,
    /// A lorry, 0 to 10.
    #[schemars(extend("x-required" = true, "x-example" = 1.3))]
    pub truck: Option<f64>,
}

/// The model that finds vehicles and people, and how it is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DetectorFile {
    /// The model's description (`models/*.toml`): which ONNX file, its checksum, how its input and output are laid out. Bigger models see farther
    /// and cost more. Default: `models/efficientdet-lite0.toml` of the installation.
    #[schemars(extend("x-example" = "../models/efficientdet-lite0.toml"))]
    pub model: Option<String>,
    /// ONNX Runtime's shared library. Change it to use the one of a vendor. Default: `models/runtime/libonnxruntime.so` of the installation.
    #[schemars(extend("x-example" = "../models/runtime/libonnxruntime.so"))]
    pub runtime_library: Option<String>,
    /// How many inferences run at the same time, over all cameras, 1 to 64. Lower it to leave processors to other programs, or to save memory:
    /// each is a copy of the model, about 45 MB of the default one. There are never more than cameras that need the model.
    /// Default: as many as the box has processors.
    #[schemars(extend("x-example" = 2))]
    pub sessions: Option<usize>,
    /// Threads inside one inference, 1 to 64. More makes one answer faster and all answers together slower; raise it only for a single camera.
    pub threads_per_inference: usize,
    /// Where the model is computed, tried in this order: `cpu`, `xnnpack`, `acl`, `cuda`, `tensorrt`, `qnn`, `openvino`. The processor is always
    /// tried last. Change it when the box has an accelerator and the runtime library supports it.
    pub execution_providers: Vec<Provider>,
}

/// A place where the model can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The processor.
    Cpu,
    /// XNNPACK on the processor.
    Xnnpack,
    /// Arm Compute Library.
    Acl,
    /// NVIDIA CUDA.
    Cuda,
    /// NVIDIA TensorRT.
    Tensorrt,
    /// Qualcomm QNN.
    Qnn,
    /// Intel OpenVINO.
    Openvino,
}

/// Delivery to the command center. Without this table, events are printed on standard output and go nowhere else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MqttFile {
    /// Name or address of the broker.
    #[schemars(extend("x-required" = true, "x-example" = "localhost"))]
    pub host: Option<String>,
    /// Port of the broker. Default: 8883 with `[mqtt.tls]`, 1883 without.
    #[schemars(extend("x-example" = 1883))]
    pub port: Option<u16>,
    /// MQTT protocol version, `"5"` or `"3.1.1"`. Take 3.1.1 only for a broker that knows nothing newer: messages then have no expiry.
    pub version: Version,
    /// First levels of every topic, at most 4. The site and the device follow. Default: `its/v1/` and the city.
    #[schemars(extend("x-example" = "its/v1/palembang"))]
    pub root: Option<String>,
    /// MQTT client id. Two boxes with the same one throw each other out for ever. Default: site, `-`, device.
    #[schemars(extend("x-example" = "simpang-charitas-edge-01"))]
    pub client_id: Option<String>,
    /// How often the broker hears from this box when there is nothing to say, 5 s to 1 h; the broker calls the box dead after one and a half times this.
    /// Raise it on metered links.
    pub keep_alive: DurationText,
    /// User name at the broker. Needs one of `password_file` and `password_credential`.
    #[schemars(extend("x-example" = "edge-01"))]
    pub user: Option<String>,
    /// File that holds the password and nothing else; only its owner may read it (mode 0600).
    #[schemars(extend("x-example" = "secrets/broker"))]
    pub password_file: Option<String>,
    /// Name of a systemd credential that holds the password (`LoadCredential=`), instead of `password_file`.
    #[schemars(extend("x-example" = "broker"))]
    pub password_credential: Option<String>,
    /// Encryption. Only a broker on this very machine may be used without.
    pub tls: Option<TlsFile>,
}

/// MQTT protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Version {
    /// MQTT 5.0.
    #[serde(rename = "5")]
    V5,
    /// MQTT 3.1.1.
    #[serde(rename = "3.1.1")]
    V3,
}

/// Encryption towards the broker (TLS 1.2 and 1.3). The broker's certificate is always verified.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsFile {
    /// PEM file with the authorities whose word is trusted about the broker.
    #[schemars(extend("x-required" = true, "x-example" = "tls/ca.pem"))]
    pub ca: Option<String>,
    /// PEM file with this box's certificate, when the broker asks for one; with `key`.
    #[schemars(extend("x-example" = "tls/edge-01.pem"))]
    pub certificate: Option<String>,
    /// PEM file with this box's private key; only its owner may read it (mode 0600).
    #[schemars(extend("x-example" = "tls/edge-01.key"))]
    pub key: Option<String>,
}

/// The durable queue: events wait here, on the disk, until the broker has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutboxFile {
    /// Folder of the database; made when missing. Put it on a disk that survives a restart. Default: `$STATE_DIRECTORY` of systemd, otherwise
    /// `var/outbox` in the working directory.
    #[schemars(extend("x-example" = "/var/lib/simpang"))]
    pub directory: Option<String>,
    /// Most disk the queue may take, in megabytes, 16 to 1048576. When it is full the oldest periodic measures go first, events last.
    pub max_mb: u64,
    /// How long delivered events stay on the box for the local page, up to `"365d"`. Privacy rules may ask for less.
    pub keep_history: DurationText,
}

/// What goes on after the agent was killed, or the box lost its power. What was learned about each camera (car lengths, directions, usual speed, signal cycle, home)
/// stands in the folder `learned` beside the queue and is taken over whenever the camera's address is the same; events are for as long as is said here.
/// An agent that is stopped in order ends its events itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RestartFile {
    /// Open events go on under the same id when nobody watched for at most this long, `"0s"` to `"1h"`; after a longer time they end as `cameraLost`.
    /// Raise it where the power comes back late; `"0s"` ends them always.
    pub resume_within: DurationText,
    /// How long the camera and its rule may take to find out whether such an event goes on, `"10s"` to `"1h"`; then it ends as `cameraLost`. Congestion
    /// needs a whole cycle of the signal.
    pub judge_within: DurationText,
}

/// What is measured, as tables on the disk that a spreadsheet opens: one file a camera, day and kind (`flow`, `movements`, `approach`), named
/// `{camera}-{day}-{kind}.csv` by the clock on the wall. Without this table there are none; messages go to the broker all the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReportFile {
    /// Folder of the files; made when missing.
    #[schemars(extend("x-required" = true, "x-example" = "/var/lib/simpang/report"))]
    pub folder: Option<String>,
    /// How long the files of a day stay, `"1d"` to `"3650d"`. A camera with three approaches makes about 1 MB a day.
    pub keep: DurationText,
}

/// The page for a look at the box itself: live pictures, counts, events, health.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PageFile {
    /// Whether there is a page, `/metrics` and `/healthz`. Switch it off where nothing may listen.
    pub enabled: bool,
    /// Address and port to listen on. Only this machine itself (127.0.0.1 or `[::1]`) is allowed, because the page asks nobody for a password;
    /// from elsewhere use `ssh -L 8080:127.0.0.1:8080`. Port 0 takes any free one.
    pub listen: String,
}

impl Default for SiteFile {
    fn default() -> Self {
        Self {
            city: None,
            operator: "atcs".to_owned(),
            id: None,
            name: None,
            device: None,
            position: None,
            utc_offset_hours: 7,
            emp_table: "mkji-1997".to_owned(),
            los_table: LosTable::Pm96,
            emp: None,
        }
    }
}

impl Default for DetectorFile {
    fn default() -> Self {
        Self { model: None, runtime_library: None, sessions: None, threads_per_inference: 1, execution_providers: vec![Provider::Cpu] }
    }
}

impl Default for MqttFile {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            version: Version::V5,
            root: None,
            client_id: None,
            keep_alive: DurationText::from_secs(30),
            user: None,
            password_file: None,
            password_credential: None,
            tls: None,
        }
    }
}

impl Default for OutboxFile {
    fn default() -> Self {
        Self { directory: None, max_mb: 1024, keep_history: DurationText::from_secs(30 * 86_400) }
    }
}

impl Default for RestartFile {
    fn default() -> Self {
        Self { resume_within: DurationText::from_secs(300), judge_within: DurationText::from_secs(300) }
    }
}

impl Default for ReportFile {
    fn default() -> Self {
        Self { folder: None, keep: DurationText::from_secs(400 * 86_400) }
    }
}

impl Default for PageFile {
    fn default() -> Self {
        Self { enabled: true, listen: "127.0.0.1:8080".to_owned() }
    }
}
