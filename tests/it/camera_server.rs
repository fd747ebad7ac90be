//! A real camera for tests: GStreamer's RTSP server playing a film that ffmpeg encoded. Not a test itself.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use simpang::base::class::Class;
use simpang::base::id::Slug;
use simpang::config::settings::{
    CameraDetectSettings, CameraSettings, Credentials, RtspSettings, RtspTransport, Secret, SourceSettings, TrackSettings,
};

/// What the server asks of who wants to see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Auth {
    /// Nothing.
    Open,
    /// User and password, nearly in the clear.
    Basic,
    /// User and password, hashed.
    Digest,
}

/// How the film is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Encoding {
    H264,
    H265,
}

/// A server of its own process on a free port of loopback; killed when dropped.
pub(crate) struct CameraServer {
    child: Child,
    port: u16,
    film: Option<PathBuf>,
    encoding: Encoding,
    auth: Auth,
}

impl CameraServer {
    /// Plays `film` (mp4) at `/film`, and for one viewer only at `/once`, beside the endless `/live`.
    pub(crate) fn start(film: Option<&Path>, encoding: Encoding, auth: Auth) -> Self {
        let (child, port) = launch(0, film, encoding, auth);
        Self { child, port, film: film.map(Path::to_owned), encoding, auth }
    }

    /// The endless test picture, open to everybody.
    pub(crate) fn live() -> Self {
        Self::start(None, Encoding::H264, Auth::Open)
    }

    /// `rtsp://127.0.0.1:port/path`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("rtsp://127.0.0.1:{}{path}", self.port)
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again at the same port.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.child = launch(self.port, self.film.as_deref(), self.encoding, self.auth).0;
    }

    /// Stops it without closing anything, as a camera that hangs.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill -{name}");
    }
}

impl Drop for CameraServer {
    fn drop(&mut self) {
        self.thaw();
        self.kill();
    }
}

fn launch(port: u16, film: Option<&Path>, encoding: Encoding, auth: Auth) -> (Child, u16) {
    let mut command = Command::new("/usr/bin/python3");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rtsp/server.py")).args(["--port", &port.to_string()]);
    command.args(["--codec", if encoding == Encoding::H264 { "h264" } else { "h265" }]);
    command.args([
        "--auth",
        match auth {
            Auth::Open => "none",
            Auth::Basic => "basic",
            Auth::Digest => "digest",
        },
    ]);
    if let Some(film) = film {
        command.arg("--film").arg(film);
    }
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("python3 with GStreamer is installed (make setup)");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("readable");
    let port = line.strip_prefix("listening ").and_then(|port| port.trim().parse().ok());
    (child, port.unwrap_or_else(|| panic!("the RTSP server did not start: {line:?}; is gir1.2-gst-rtsp-server-1.0 installed?")))
}

/// Settings of a camera that plays `url`, every frame analysed, impatient.
pub(crate) fn rtsp_camera(url: &str, transport: RtspTransport, password: Option<&str>) -> CameraSettings {
    let credentials = password.map(|password| Credentials { user: "viewer".into(), password: Secret::new(password.into()) });
    let url = url.parse().expect("a url");
    camera(SourceSettings::Rtsp(RtspSettings { url, credentials, transport, timeout: Duration::from_secs(3), hardware: Vec::new() }))
}

/// Settings of a camera with this source, every frame analysed, no rules.
pub(crate) fn camera(source: SourceSettings) -> CameraSettings {
    CameraSettings {
        id: Slug::new("utara").expect("legal"),
        name: "Arah Utara".into(),
        source,
        analyse_fps: 100.0,
        bearing_deg: None,
        detect: CameraDetectSettings { crops: 0, min_score: None, classes: Class::ALL.to_vec() },
        track: TrackSettings::default(),
        track_scores: simpang::config::settings::TrackScores::default(),
        view: None,
        calibration: None,
        lines: Default::default(),
        zones: Default::default(),
        rules: Vec::new(),
    }
}

/// A film of `seconds` at 10 frames a second, 320×240, key frame every second, encoded once a test run.
pub(crate) fn film(encoding: Encoding, seconds: u32) -> PathBuf {
    let codec: &[&str] = match encoding {
        Encoding::H264 => &["-c:v", "libx264", "-preset", "veryfast", "-g", "10", "-bf", "0"],
        Encoding::H265 => {
            &["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=10:bframes=0:log-level=none", "-tag:v", "hvc1"]
        }
    };
    let source = format!("testsrc=size=320x240:rate=10:duration={seconds}");
    encoded(&format!("{encoding:?}-{seconds}.mp4"), &[&["-f", "lavfi", "-i", &source, "-pix_fmt", "yuv420p"], codec].concat())
}

/// What ffmpeg makes of `arguments`, kept under `name` in the test's own directory.
pub(crate) fn encoded(name: &str, arguments: &[&str]) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if !path.exists() {
        // Two runs of the tests may make it at the same time.
        let half = path.with_file_name(format!("half-{}-{name}", std::process::id()));
        let ffmpeg = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(arguments).arg(&half).stdin(Stdio::null()).status();
        assert!(ffmpeg.is_ok_and(|status| status.success()), "ffmpeg {arguments:?}");
        std::fs::rename(&half, &path).expect("same directory");
    }
    path
}
