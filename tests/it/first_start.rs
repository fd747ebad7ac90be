//! `simpang setup` as a technician and as a fleet use it: with a real RTSP camera, a real broker, a camera's ONVIF side and a terminal to type at.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::broker::{Broker, BrokerOptions, BrokerTls, Certificates, free_port, wait_until};
use crate::camera_server::{Auth, CameraServer, Encoding};
use crate::program::{Ended, PATIENCE, Program, Workshop, run};

/// User and password of the camera server and of the ONVIF device.
const USER: &str = "viewer";
const PASSWORD: &str = "test-only";

/// A camera's ONVIF side on free ports of loopback; killed when dropped.
struct Device {
    child: Child,
    search: u16,
    service: String,
}

impl Device {
    fn start(stream: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("/usr/bin/python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/first_start/device.py")).args(["--stream", stream]).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("python3");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("readable");
        let ports: Vec<u16> = line.split_whitespace().skip(1).map(|port| port.parse().expect("a port")).collect();
        Self { child, search: ports[0], service: format!("http://127.0.0.1:{}/onvif/device_service", ports[1]) }
    }

    /// One that wants the password.
    fn closed(stream: &str, arguments: &[&str]) -> Self {
        Self::start(stream, &[&["--user", USER, "--password", PASSWORD], arguments].concat())
    }

    fn search(&self) -> String {
        format!("127.0.0.1:{}", self.search)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder for one box.
struct Cabinet {
    workshop: Workshop,
}

impl Cabinet {
    fn new() -> Self {
        let workshop = Workshop::new();
        workshop.secret("sandi", PASSWORD);
        Self { workshop }
    }

    fn path(&self, name: &str) -> String {
        self.workshop.path(name).display().to_string()
    }

    fn output(&self) -> PathBuf {
        self.workshop.path("etc/site.toml")
    }

    /// `simpang setup` with these arguments.
    fn set_up(&self, arguments: &[&str]) -> Ended {
        run(&[&["setup", "--output", &self.path("etc/site.toml")], arguments].concat())
    }

    /// What nobody asks for again: site and no broker.
    fn set_up_with_cameras(&self, arguments: &[&str]) -> Ended {
        self.set_up(&[&["--site", "simpang-uji", "--broker", "none"], arguments].concat())
    }

    fn login(&self) -> [String; 4] {
        ["--camera-user".into(), USER.into(), "--camera-password-file".into(), self.path("sandi")]
    }

    fn written(&self) -> toml::Table {
        toml::from_str(&self.text()).expect("TOML")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.output()).expect("written")
    }

    /// That the password is in its own file, closed to others, and nowhere else.
    fn assert_secret(&self, camera: &str, said: &str) {
        let secret = self.workshop.path(&format!("etc/secrets/{camera}"));
        assert_eq!(std::fs::read_to_string(&secret).expect("a secret").trim(), PASSWORD);
        assert_eq!(std::fs::metadata(&secret).expect("there").permissions().mode() & 0o777, 0o600);
        assert!(!self.text().contains(PASSWORD) && !said.contains(PASSWORD), "{said}\n{}", self.text());
    }
}

fn all(ended: &Ended) -> String {
    format!("{}{}", ended.stdout, ended.stderr)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[test]
fn a_fleet_gives_flags_and_a_file_and_the_agent_sees_frames() {
    let (cabinet, camera, broker) = (Cabinet::new(), CameraServer::start(None, Encoding::H264, Auth::Digest), Broker::plain());
    let answers = cabinet.workshop.write(
        "jawaban.toml",
        format!(
            "site = \"lain\"\nsite_name = 'Simpang \"Uji\" – 交'\ndevice = \"edge-07\"\nbroker = \"localhost:{}\"\ncamera = [\"utara={}\"]\n\
             camera_user = \"{USER}\"\ncamera_password_file = \"sandi\"\n",
            broker.port,
            camera.url("/live")
        ),
    );
    let ended = cabinet.set_up(&["--site", "simpang-uji", "--answers", answers.to_str().expect("plain")]);
    assert_eq!(ended.code, Some(0), "{}", all(&ended));
    for said in ["size           320×240", "gambar / still ", "is good", "lets this box in", "simpang run --config "] {
        assert!(ended.stdout.contains(said), "{said}: {}", ended.stdout);
    }
    cabinet.assert_secret("utara", &all(&ended));
    let written = cabinet.written();
    assert_eq!(written["site"]["id"].as_str(), Some("simpang-uji"), "flags win");
    assert_eq!(written["site"]["name"].as_str(), Some("Simpang \"Uji\" – 交"));
    assert_eq!(written["mqtt"]["port"].as_integer(), Some(i64::from(broker.port)));
    let still = std::fs::read(cabinet.workshop.path("etc/stills/utara.jpg")).expect("a still");
    assert!(still.starts_with(&[0xff, 0xd8]), "a JPEG");
    assert_eq!((mode(&cabinet.workshop.path("etc/stills")), mode(&cabinet.output())), (0o700, 0o644));
    assert_eq!(run(&["check", &cabinet.path("etc/site.toml")]).code, Some(0));
    assert!(!cabinet.workshop.path("etc/.setup").exists(), "nothing is left behind");

    // On any port and with a queue in this folder, for the tests.
    let outbox = cabinet.path("outbox");
    let config = cabinet
        .workshop
        .write("etc/run.toml", cabinet.text() + &format!("\n[outbox]\ndirectory = \"{outbox}\"\n[page]\nlisten = \"127.0.0.1:0\"\n"));
    let agent = Program::agent(&config);
    let page = agent.page();
    assert!(wait_until(PATIENCE, || page.metric("simpang_frames_total", "utara") > 5.0), "{}", agent.log());
    assert_eq!(agent.stop().code, Some(0));
}

#[test]
fn what_is_missing_is_named_by_its_flag_and_nothing_is_written() {
    let cabinet = Cabinet::new();
    for (arguments, missing) in [
        (vec![], "give --site, --camera, --broker too, as flags or in --answers FILE.toml"),
        (vec!["--yes", "--site", "simpang-uji", "--broker", "none"], "give --camera too, as flags or in --answers FILE.toml"),
    ] {
        let ended = cabinet.set_up(&arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
        assert!(ended.stderr.contains(missing), "{}", ended.stderr);
    }
    assert!(!cabinet.workshop.path("etc").exists());
}

#[test]
fn wrong_answers_are_named_before_anything_is_tried() {
    let cabinet = Cabinet::new();
    cabinet.workshop.write("terbuka", PASSWORD);
    let (open, secret) = (cabinet.path("terbuka"), cabinet.path("sandi"));
    let camera = "utara=rtsp://127.0.0.1:9/live";
    for (arguments, said) in [
        (vec!["--site", "Simpang Uji", "--broker", "none", "--camera", camera], "--site is `Simpang Uji`, which is not an id"),
        (
            vec!["--site", "uji", "--broker", "none", "--camera", "utara=rtsp://a:canary@127.0.0.1/x"],
            "--camera utara has a user or password in its address",
        ),
        (
            vec!["--site", "uji", "--broker", "none", "--camera", "utara=rtsp://127.0.0.1/?password=canary"],
            "has a password among its parameters",
        ),
        (vec!["--site", "uji", "--broker", "none", "--camera", camera, "--camera", camera], "--camera names `utara` twice"),
        (vec!["--site", "uji", "--broker", "mqtt://a:canary@host", "--camera", camera], "--broker is not a broker"),
        (vec!["--site", "uji", "--broker", "192.0.2.1", "--camera", camera], "give --broker-ca too"),
        (vec!["--site", "uji", "--broker", "none", "--camera", camera, "--camera-user", "a", "--camera-password-file", &open], "chmod 600"),
        (vec!["--site", "uji", "--broker", "none", "--camera", camera, "--camera-password-file", &secret], "give --camera-user too"),
        (vec!["--site", "uji", "--broker", "none", "--camera", camera, "--camera-user", "a"], "give --camera-password-file too"),
        (vec!["--answers", "/nowhere.toml"], "--answers /nowhere.toml: cannot be read"),
    ] {
        let ended = cabinet.set_up(&arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", all(&ended));
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
        assert!(!all(&ended).contains("canary"), "{}", all(&ended));
    }
    assert!(!cabinet.output().exists());
}

#[test]
fn a_configuration_that_is_there_stays_until_somebody_says_yes() {
    let (cabinet, camera) = (Cabinet::new(), CameraServer::live());
    std::fs::create_dir(cabinet.workshop.path("etc")).expect("own folder");
    cabinet.workshop.write("etc/site.toml", "# tangan sendiri\n");
    let camera = format!("utara={}", camera.url("/live"));
    let ended = cabinet.set_up_with_cameras(&["--camera", &camera]);
    assert_eq!((ended.code, cabinet.text().as_str()), (Some(2), "# tangan sendiri\n"), "{}", all(&ended));
    assert!(ended.stderr.contains("--yes replaces it"), "{}", ended.stderr);
    let ended = cabinet.set_up_with_cameras(&["--camera", &camera, "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", all(&ended));
    assert_eq!(std::fs::read_to_string(cabinet.workshop.path("etc/site.toml.old")).expect("kept"), "# tangan sendiri\n");
    let first = cabinet.text();
    let ended = cabinet.set_up_with_cameras(&["--camera", &camera, "--yes"]);
    assert!(ended.stdout.contains("tidak berubah"), "{}", all(&ended));
    assert_eq!(cabinet.text(), first);
    assert_eq!(std::fs::read_to_string(cabinet.workshop.path("etc/site.toml.old")).expect("kept"), "# tangan sendiri\n");
}

#[test]
fn a_camera_that_is_away_is_told_and_written_all_the_same() {
    let cabinet = Cabinet::new();
    let ended = cabinet.set_up_with_cameras(&["--camera", &format!("utara=rtsp://127.0.0.1:{}/live", free_port())]);
    assert_eq!(ended.code, Some(1), "{}", all(&ended));
    assert!(
        ended.stderr.contains("the configuration is written, but camera `utara`: ") && ended.stderr.contains("connection refused"),
        "{}",
        ended.stderr
    );
    assert_eq!(run(&["check", &cabinet.path("etc/site.toml")]).code, Some(0));
}

// ---- ONVIF ----

#[test]
fn a_camera_is_found_asked_for_its_stream_and_seen() {
    let (cabinet, camera) = (Cabinet::new(), CameraServer::start(None, Encoding::H264, Auth::Digest));
    // Its clock stands two days away, as that of a camera without a battery.
    let device = Device::closed(&camera.url("/live"), &["--clock-off=-172800"]);
    let login = cabinet.login();
    let login: Vec<&str> = login.iter().map(String::as_str).collect();
    let found = run(&["setup", "--discover-only", "--discovery-address", &device.search(), "--discovery-seconds", "1"]);
    assert_eq!(found.code, Some(0), "{}", all(&found));
    assert!(
        found.stdout.contains("UJI-2CD") && found.stdout.contains("Simpang Utara[31m") && found.stdout.contains(&device.service),
        "{}",
        found.stdout
    );
    let search = ["--all-discovered", "--discovery-address", &device.search(), "--discovery-seconds", "1"];
    let ended = cabinet.set_up_with_cameras(&[&search, login.as_slice()].concat());
    assert_eq!(ended.code, Some(0), "{}", all(&ended));
    assert!(ended.stdout.contains("`sub & <2>`, 704×576 H264"), "{}", ended.stdout);
    assert_eq!(cabinet.written()["cameras"]["kamera-1"]["url"].as_str(), Some(camera.url("/live").as_str()));
    cabinet.assert_secret("kamera-1", &all(&ended));
}

#[test]
fn a_camera_that_wants_http_digest_gets_it() {
    let (cabinet, camera) = (Cabinet::new(), CameraServer::live());
    let device = Device::closed(&camera.url("/live"), &["--http-digest"]);
    let login = cabinet.login();
    let login: Vec<&str> = login.iter().map(String::as_str).collect();
    let ended = cabinet.set_up_with_cameras(&[&["--camera", &format!("utara={}", device.service)], login.as_slice()].concat());
    assert_eq!(ended.code, Some(0), "{}", all(&ended));
    cabinet.assert_secret("utara", &all(&ended));
}

#[test]
fn a_camera_whose_login_is_wrong_is_left_out_and_nothing_is_written() {
    let (cabinet, camera) = (Cabinet::new(), CameraServer::live());
    let device = Device::start(&camera.url("/live"), &["--user", USER, "--password", "other"]);
    let login = cabinet.login();
    let login: Vec<&str> = login.iter().map(String::as_str).collect();
    let ended = cabinet.set_up_with_cameras(&[&["--camera", &format!("utara={}", device.service)], login.as_slice()].concat());
    assert_eq!(ended.code, Some(1), "{}", all(&ended));
    assert!(ended.stderr.contains("refuses user or password; many makers keep accounts for ONVIF apart"), "{}", ended.stderr);
    assert!(!cabinet.output().exists() && !cabinet.workshop.path("etc/secrets").exists() && !cabinet.workshop.path("etc/.setup").exists());
}

#[test]
fn answers_that_only_an_attacker_sends_do_no_harm() {
    let (cabinet, camera) = (Cabinet::new(), CameraServer::live());
    let device = Device::start(&camera.url("/live"), &["--kind", "hostile"]);
    let found = run(&["setup", "--discover-only", "--discovery-address", &device.search(), "--discovery-seconds", "2"]);
    assert_eq!(found.code, Some(0), "{}", all(&found));
    assert!(found.stdout.contains("  1) 127.0.0.1 ") && !found.stdout.contains("  2) "), "{}", found.stdout);
    assert!(found.stdout.contains("answers were not understood and are ignored") && !found.stdout.contains('\x1b'), "{}", found.stdout);
    for (kind, said) in [
        ("huge", "longer than 1048576 bytes"),
        ("redirect", "answered with status 302"),
        ("garbage", "does not answer as an ONVIF service"),
    ] {
        let device = Device::start(&camera.url("/live"), &["--kind", kind]);
        let ended = cabinet.set_up_with_cameras(&["--camera", &format!("utara={}", device.service)]);
        assert_eq!(ended.code, Some(1), "{kind}: {}", all(&ended));
        assert!(ended.stderr.contains(said), "{kind}: {}", ended.stderr);
    }
}

#[test]
fn a_search_that_nobody_answers_says_what_to_check() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback");
    let address = silent.local_addr().expect("bound").to_string();
    let ended = run(&["setup", "--discover-only", "--discovery-address", &address, "--discovery-seconds", "1"]);
    assert_eq!(ended.code, Some(0), "{}", all(&ended));
    assert!(ended.stdout.contains("no camera answers: check cable and network"), "{}", ended.stdout);
}

// ---- at the terminal ----

/// Types the answers of a dialogue; exit code and all that the terminal showed.
fn type_answers(dialogue: &serde_json::Value, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new("/usr/bin/python3");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/first_start/type_answers.py")).arg(dialogue.to_string());
    command.arg(env!("CARGO_BIN_EXE_simpang")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    let ended = command.output().expect("python3");
    (ended.status.code(), String::from_utf8_lossy(&ended.stdout).into_owned())
}

#[test]
fn a_technician_answers_questions_and_sees_the_picture() {
    let (cabinet, camera) = (Cabinet::new(), CameraServer::start(None, Encoding::H264, Auth::Digest));
    let device = Device::closed(&camera.url("/live"), &[]);
    let dialogue = json!([
        ["id of the site: ", "Simpang Uji"],
        ["id of the site: ", "simpang-uji"],
        ["its name [Simpang Uji]: ", ""],
        ["city [palembang]: ", ""],
        ["operator [atcs]: ", ""],
        ["[edge-01]: ", ""],
        ["[localhost]: ", "none"],
        ["a number of the list, or its rtsp:// or IP address [1]: ", "7"],
        ["a number of the list, or its rtsp:// or IP address [1]: ", ""],
        ["id of this camera, such as utara [kamera-1]: ", "utara"],
        ["user at the camera", USER],
        ["password at the camera: ", PASSWORD],
        ["use this camera? [Y/t]: ", ""],
        ["next camera", &camera.url("/nowhere")],
        ["id of this camera", "selatan"],
        ["user at the camera (empty: as shown; - : none) [viewer]: ", ""],
        ["the same password? [Y/t]: ", ""],
        ["keep it, although it is not seen now? [y/T]: ", ""],
        ["next camera", ""],
        ["start it now and at every start? [Y/t]: ", "t"],
    ]);
    let output = cabinet.path("etc/site.toml");
    let (code, shown) =
        type_answers(&dialogue, &["setup", "--output", &output, "--discovery-address", &device.search(), "--discovery-seconds", "1"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("which is not an id") && shown.contains("the list has 1"), "{shown}");
    assert!(shown.contains("\x1b[38;2;") && shown.contains('▀'), "the picture is shown: {shown}");
    cabinet.assert_secret("utara", &shown);
    let written = cabinet.written();
    assert_eq!(written["cameras"]["utara"]["url"].as_str(), Some(camera.url("/live").as_str()));
    assert!(written["cameras"].get("selatan").is_none() && !cabinet.workshop.path("etc/secrets/selatan").exists());
    let (code, shown) = type_answers(&json!([["replace it? [y/T]: ", ""]]), &["setup", "--output", &output]);
    assert_eq!(code, Some(2), "{shown}");
}

/// The service may look neither into the technician's home nor into `/tmp`.
#[test]
fn the_authority_of_the_broker_is_copied_beside_the_configuration() {
    let (cabinet, camera, certificates) = (Cabinet::new(), CameraServer::live(), Certificates::make());
    let tls = BrokerTls { certificates: certificates.directory(), require_certificate: false };
    let broker = Broker::start(&BrokerOptions { tls: Some(tls), ..BrokerOptions::default() });
    let (broker, ca) = (format!("localhost:{}", broker.port), certificates.path("ca.pem"));
    let camera = format!("utara={}", camera.url("/live"));
    let authority = ca.to_str().expect("plain");
    let ended =
        cabinet.set_up(&["--site", "simpang-uji", "--broker", &broker, "--broker-ca", authority, "--camera", &camera, "--no-discovery"]);
    assert_eq!(ended.code, Some(0), "{}", all(&ended));
    assert!(all(&ended).contains("lets this box in"), "{}", all(&ended));
    assert_eq!(cabinet.written()["mqtt"]["tls"]["ca"].as_str(), Some("broker-ca.pem"));
    let copy = cabinet.workshop.path("etc/broker-ca.pem");
    assert_eq!(std::fs::read(&copy).expect("a copy"), std::fs::read(&ca).expect("there"));
    assert_eq!(mode(&copy), 0o644);
}
