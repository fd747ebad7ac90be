//! `simpang doctor` in front of boxes that have something wrong with them, and what `simpang run` says about the same boxes.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::broker::{Broker, BrokerOptions, BrokerTls, Certificates, free_port};
use crate::camera_server::{Auth, CameraServer, Encoding};
use crate::program::{Ended, Workshop, junction, mqtt, run, run_with_variables, street};

fn doctor(config: &Path, further: &[&str]) -> Ended {
    run(&[&["doctor", "--config", config.to_str().expect("plain")], further].concat())
}

/// That exactly these are broken, `what: beginning of the sentence` in English, and the exit code says so.
fn assert_broken(ended: &Ended, wanted: &[&str]) {
    let broken: Vec<&str> = ended.stdout.lines().filter_map(|line| line.strip_prefix("[broken] ")).collect();
    let is_so = broken.len() == wanted.len() && broken.iter().zip(wanted).all(|(line, beginning)| line.starts_with(beginning));
    assert!(is_so && ended.code == Some(i32::from(!wanted.is_empty())), "{:?} {wanted:#?}\n{}{}", ended.code, ended.stdout, ended.stderr);
    assert_eq!(ended.stderr, "");
}

/// Runs the program where `prepare` (a shell command) has mounted what it likes; `None`, said loudly, where nobody may.
fn in_own_mounts(prepare: &str, arguments: &[&str]) -> Option<Ended> {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &format!("{prepare} && exec \"$@\""), "sh"]);
    command.arg(env!("CARGO_BIN_EXE_simpang")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env_remove("SIMPANG_LOG").env_remove("SIMPANG_LOG_FORMAT").env_remove("STATE_DIRECTORY").stdin(Stdio::null());
    let output = command.output().expect("util-linux is installed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ended = Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) };
    let may_not = ["unshare: ", "mount: "].iter().any(|beginning| ended.stderr.starts_with(beginning));
    if may_not {
        eprintln!("NOT RUN: no mounts of one's own are allowed here: {}", ended.stderr);
    }
    (!may_not).then_some(ended)
}

// ---- the whole box ----

#[test]
fn a_healthy_box_has_nothing_broken_and_is_left_as_it_was() {
    let workshop = Workshop::new();
    let (broker, camera) = (Broker::plain(), CameraServer::live());
    let jalan = street("jalan", &format!("url = \"{}\"", camera.url("/live")));
    let config = workshop.config("box.toml", &[jalan, junction(), mqtt(broker.port)]);
    std::fs::create_dir(workshop.path("outbox")).expect("own folder");
    let ended = doctor(&config, &["--lang", "en"]);
    assert_broken(&ended, &[]);
    let said = |beginning: &str| assert!(ended.stdout.lines().any(|line| line.starts_with(beginning)), "{beginning}: {}", ended.stdout);
    said(&format!("[good]   configuration: `{}` is right: Simpang Uji, 2 cameras", config.display()));
    said("[good]   processor: the program is for ");
    said("[good]   model: `efficientdet-lite0` runs, ");
    said(&format!("[good]   broker: 127.0.0.1:{} lets this box in", broker.port));
    said("[good]   camera `jalan`: picture received, 320×240 H.264");
    said("[good]   camera `simulasi`: drawn, 960×540");
    assert_eq!(std::fs::read_dir(workshop.path("outbox")).expect("own folder").count(), 0);
}

#[test]
fn both_languages_stand_below_each_other_unless_one_is_asked_for() {
    let workshop = Workshop::new();
    let port = free_port();
    let config = workshop.config("box.toml", &[junction(), mqtt(port)]);
    let id = format!("127.0.0.1:{port}: koneksi ditolak; apakah broker berjalan, dan apakah `mqtt.port` benar");
    let en = format!("127.0.0.1:{port}: connection refused; is the broker running, and is `mqtt.port` right");
    let cameras = ["kamera `simulasi`: gambar rekaan, 960×540", "camera `simulasi`: drawn, 960×540"];
    for (further, lines) in [
        (
            &[][..],
            format!(
                "[rusak] broker: {id}\n        {en}\n[baik]  kamera `simulasi` / camera `simulasi`: gambar rekaan, 960×540\n        drawn, 960×540\n"
            ),
        ),
        (&["--lang", "id"], format!("[rusak] broker: {id}\n[baik]  {}\n", cameras[0])),
        (&["--lang", "en"], format!("[broken] broker: {en}\n[good]   {}\n", cameras[1])),
    ] {
        let ended = doctor(&config, further);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(ended.stdout.ends_with(&lines), "{further:?}: {}", ended.stdout);
    }
}

#[test]
fn a_wrong_configuration_is_told_problem_by_problem_after_the_box_itself() {
    let workshop = Workshop::new();
    let missing = doctor(Path::new("/nowhere/site.toml"), &["--lang", "en"]);
    assert_eq!(missing.code, Some(2), "{}", missing.stderr);
    let sentence = "[broken] configuration: there is no file `/nowhere/site.toml`; give the right path with `--config`\n";
    assert!(
        missing.stdout.ends_with(sentence) && missing.stdout.contains(" clock: ") && missing.stdout.contains(" memory: "),
        "{}",
        missing.stdout
    );

    let usual = std::fs::read_to_string(workshop.config("box.toml", &[junction()])).expect("just written");
    let config = workshop
        .write("bad.toml", usual.replace("[page]\nlisten", "[page]\nlisen").replace("operator = \"uji\"", "operator = \"Uji Coba\""));
    let ended = doctor(&config, &["--lang", "id"]);
    let problems: Vec<&str> = ended.stdout.lines().filter(|line| line.starts_with("[rusak] konfigurasi: ")).collect();
    assert!(ended.code == Some(2) && problems.len() == 2, "{}", ended.stdout);
    assert!(
        problems[0].contains("baris 5 perlu dibetulkan: `site.operator` ") && problems[1].contains("`page.lisen` is not a known key"),
        "{problems:?}"
    );
}

#[test]
fn a_camera_that_is_left_out_does_not_hide_the_others() {
    let workshop = Workshop::new();
    let config = workshop.config("box.toml", &[junction(), street("jalan", "url = \"http://192.0.2.1/\"")]);
    let ended = doctor(&config, &["--lang", "en"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(
        ended.stdout.contains("must be corrected: `cameras.jalan.url` ") && ended.stdout.ends_with("camera `simulasi`: drawn, 960×540\n"),
        "{}",
        ended.stdout
    );
}

// ---- processor ----

/// The head of a library for a processor that this machine does not have.
fn foreign_library(workshop: &Workshop) -> (std::path::PathBuf, &'static str, &'static str) {
    let (number, theirs, ours) = match std::env::consts::ARCH {
        "aarch64" => (62u16, "PC (x86-64)", "64-bit ARM (aarch64)"),
        _ => (183, "64-bit ARM (aarch64)", "PC (x86-64)"),
    };
    let mut head = [0u8; 64];
    head[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    head[16] = 3;
    head[18..20].copy_from_slice(&number.to_le_bytes());
    (workshop.write("libonnxruntime.so", head), theirs, ours)
}

#[test]
fn a_runtime_for_another_processor_names_both_and_no_restart_is_tried() {
    let workshop = Workshop::new();
    let (library, theirs, ours) = foreign_library(&workshop);
    let usual = workshop.config("box.toml", &[street("jalan", &format!("url = \"rtsp://127.0.0.1:{}/x\"", free_port()))]);
    let text = std::fs::read_to_string(usual)
        .expect("just written")
        .replace("[detector]\n", "[detector]\nruntime_library = \"libonnxruntime.so\"\n");
    let config = workshop.write("foreign.toml", text);
    let sentence = |path: &Path| {
        format!(
            "ONNX Runtime: {} is built for {theirs}, this program for {ours}; install the package for this box (from sources: models/install runtime), \
             or point `detector.runtime_library` to a library for {ours}",
            path.display()
        )
    };
    let ended = doctor(&config, &["--lang", "en"]);
    assert_broken(&ended, &[&format!("processor: {}", sentence(&library)), "camera `jalan`: connection refused; check the port"]);

    let started = run(&["run", "--config", config.to_str().expect("plain"), "--seconds", "5"]);
    let canonical = library.canonicalize().expect("just written");
    assert_eq!((started.code, started.stderr), (Some(2), format!("simpang: {}\n", sentence(&canonical))));
}

// ---- disk ----

#[test]
fn a_state_folder_below_a_file_is_told() {
    let workshop = Workshop::new();
    let file = workshop.write("berkas", "");
    let usual = std::fs::read_to_string(workshop.config("box.toml", &[junction()])).expect("just written");
    let folder = file.join("outbox").display().to_string();
    let config = workshop.write("queue.toml", usual.replace(&workshop.path("outbox").display().to_string(), &folder));
    assert_broken(
        &doctor(&config, &["--lang", "en"]),
        &[&format!("disk: `{folder}` is no folder because a file stands in its place; remove that file")],
    );
}

#[test]
fn a_read_only_state_folder_is_told_and_the_agent_says_why_it_does_not_start() {
    let workshop = Workshop::new();
    let config = workshop.config("box.toml", &[junction()]);
    let outbox = workshop.path("outbox").display().to_string();
    std::fs::create_dir(&outbox).expect("own folder");
    let read_only = format!("mount -t tmpfs -o ro tmpfs {outbox}");
    let path = config.to_str().expect("plain");
    let Some(ended) = in_own_mounts(&read_only, &["doctor", "--config", path, "--lang", "en"]) else { return };
    assert_broken(
        &ended,
        &[&format!("disk: `{outbox}` takes nothing because its disk is read-only, so no event is kept; look for errors with `dmesg`")],
    );

    let started = in_own_mounts(&read_only, &["run", "--config", path, "--seconds", "5"]).expect("was allowed before");
    let sentence = format!(
        "simpang: outbox directory {outbox}: cannot be used; its disk is read-only: look for errors with `dmesg` and start the box anew; \
         a worn-out memory card must be replaced: Read-only file system (os error 30)\n"
    );
    assert_eq!((started.code, started.stderr), (Some(1), sentence));
}

#[test]
fn a_full_disk_is_told_whether_bytes_or_files_are_used_up() {
    let workshop = Workshop::new();
    let config = workshop.config("box.toml", &[junction()]);
    let outbox = workshop.path("outbox").display().to_string();
    std::fs::create_dir(&outbox).expect("own folder");
    let asked = ["doctor", "--config", config.to_str().expect("plain"), "--lang", "en"];
    let full = format!("mount -t tmpfs -o size=1m tmpfs {outbox} && (dd if=/dev/zero of={outbox}/ballast bs=4k 2>/dev/null || true)");
    let Some(ended) = in_own_mounts(&full, &asked) else { return };
    assert_broken(&ended, &[&format!("disk: the disk of `{outbox}` is full, so no event is kept; remove what is not needed")]);

    let no_files = format!("mount -t tmpfs -o size=16m,nr_inodes=2 tmpfs {outbox} && touch {outbox}/ballast");
    let ended = in_own_mounts(&no_files, &asked).expect("was allowed before");
    assert_broken(&ended, &[&format!("disk: the disk of `{outbox}` takes no more files (no inodes left) although there is room")]);
}

#[test]
fn a_start_warns_of_a_disk_that_is_smaller_than_the_queue_may_grow() {
    let workshop = Workshop::new();
    let config = workshop.config("box.toml", &[junction()]);
    let outbox = workshop.path("outbox").display().to_string();
    std::fs::create_dir(&outbox).expect("own folder");
    let small = format!("mount -t tmpfs -o size=64m tmpfs {outbox}");
    let Some(ended) = in_own_mounts(&small, &["run", "--config", config.to_str().expect("plain"), "--seconds", "1"]) else { return };
    let is_said = ended
        .stderr
        .lines()
        .any(|line| line.contains(&format!(" WARN disk: `{outbox}` has 6")) && line.ends_with(" MB; free space or lower `outbox.max_mb`"));
    assert!(ended.code == Some(0) && is_said, "{:?} {}", ended.code, ended.stderr);
}

// ---- clock ----

/// A library that makes a program think it is 1970; loaded before the C library. `None`, said loudly, without a C compiler.
fn clock_of_1970(workshop: &Workshop) -> Option<String> {
    let text = "#define _GNU_SOURCE\n#include <sys/syscall.h>\n#include <time.h>\n#include <unistd.h>\n\
                int clock_gettime(clockid_t id, struct timespec *now) {\n\
                int failed = syscall(SYS_clock_gettime, id, now);\n\
                if (!failed && id == CLOCK_REALTIME) now->tv_sec = 192;\nreturn failed; }\n";
    let (source, library) = (workshop.write("clock.c", text), workshop.path("clock.so"));
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    if compiled.is_ok_and(|status| status.success()) {
        return Some(library.display().to_string());
    }
    eprintln!("NOT RUN: no C compiler (`cc`) to turn the clock back with");
    None
}

#[test]
fn a_box_that_thinks_it_is_1970_blames_its_clock_for_every_certificate() {
    let (workshop, certificates) = (Workshop::new(), Certificates::make());
    let Some(library) = clock_of_1970(&workshop) else { return };
    let tls_options = BrokerTls { certificates: certificates.directory(), require_certificate: false };
    let broker = Broker::start(&BrokerOptions { tls: Some(tls_options), ..BrokerOptions::default() });
    let config = workshop.config("box.toml", &[junction(), tls(&certificates, broker.port)]).display().to_string();
    let in_1970 = |arguments: &[&str]| run_with_variables(arguments, &[("LD_PRELOAD", &library)]);
    let clock = "clock: the box thinks it is 1970 (1970-01-01T00:03:12.";
    let blamed = |name: &str| format!("certificate: `{}` is valid from ", certificates.path(name).display());
    let broker = format!("broker: 127.0.0.1:{}: the broker's certificate is not valid yet; check the box's clock", broker.port);
    let ended = in_1970(&["doctor", "--config", &config, "--lang", "en"]);
    assert_broken(&ended, &[clock, &blamed("ca.pem"), &blamed("client.pem"), &broker]);
    let remedy = ", but the box thinks it is 1970-01-01; set the box's clock first\n";
    assert_eq!(ended.stdout.matches(remedy).count(), 2, "{}", ended.stdout);

    let started = in_1970(&["run", "--config", &config, "--seconds", "1"]);
    let is_said = |words: &str| started.stderr.contains(words);
    assert!(started.code == Some(0) && is_said(&format!("ERROR {clock}")) && is_said(remedy), "{:?} {}", started.code, started.stderr);
}

// ---- certificates ----

fn tls(certificates: &Certificates, port: u16) -> String {
    let file = |name: &str| certificates.path(name).display().to_string();
    let own = format!("certificate = \"{}\"\nkey = \"{}\"\n", file("client.pem"), file("client.key"));
    format!("[mqtt]\nhost = \"127.0.0.1\"\nport = {port}\n[mqtt.tls]\nca = \"{}\"\n{own}\n", file("ca.pem"))
}

#[test]
fn a_brokers_certificate_that_is_not_valid_now_is_told_by_its_date() {
    let (workshop, certificates) = (Workshop::new(), Certificates::make());
    for (from, until, sentence) in [
        ("21000101000000Z", "21010101000000Z", "the broker's certificate is not valid yet; check the box's clock (`date`): without time"),
        (
            "20200101000000Z",
            "20210101000000Z",
            "the broker's certificate has expired; renew the broker's certificate; check the box's clock",
        ),
    ] {
        certificates.reissue("server", from, until);
        let tls_options = BrokerTls { certificates: certificates.directory(), require_certificate: false };
        let broker = Broker::start(&BrokerOptions { tls: Some(tls_options), ..BrokerOptions::default() });
        let config = workshop.config("box.toml", &[junction(), tls(&certificates, broker.port)]);
        assert_broken(&doctor(&config, &["--lang", "en"]), &[&format!("broker: 127.0.0.1:{}: {sentence}", broker.port)]);
    }
}

#[test]
fn the_boxs_own_certificate_is_told_by_its_date_also_at_the_start() {
    let (workshop, certificates) = (Workshop::new(), Certificates::make());
    let own = certificates.path("client.pem").display().to_string();
    let port = free_port();
    let config = workshop.config("box.toml", &[junction(), tls(&certificates, port)]);
    let refused = format!("broker: 127.0.0.1:{port}: connection refused");
    let fresh = doctor(&config, &["--lang", "en"]);
    assert_broken(&fresh, &[&refused]);
    assert!(fresh.stdout.contains(&format!("[warn]   certificate: `{own}` is valid until ")), "a day is not long: {}", fresh.stdout);

    certificates.reissue("client", "20200101000000Z", "20210101000000Z");
    let expired = format!("certificate: `{own}` has expired on 2021-01-01, so the broker does not let this box in");
    assert_broken(&doctor(&config, &["--lang", "en"]), &[&expired, &refused]);

    certificates.reissue("client", "21000101000000Z", "21010101000000Z");
    let early = format!("certificate: `{own}` is not valid before 2100-01-01, and the box's clock says ");
    assert_broken(&doctor(&config, &["--lang", "en"]), &[&early, &refused]);
    let started = run(&["run", "--config", config.to_str().expect("plain"), "--seconds", "1"]);
    assert!(started.code == Some(0) && started.stderr.contains(&format!("ERROR {early}")), "{:?} {}", started.code, started.stderr);
}

#[test]
fn a_certificate_file_that_is_none_is_told() {
    let (workshop, certificates) = (Workshop::new(), Certificates::make());
    let port = free_port();
    let config = workshop.config("box.toml", &[junction(), tls(&certificates, port)]);
    std::fs::write(certificates.path("ca.pem"), "rapat hari Senin").expect("own file");
    let file = certificates.path("ca.pem").display().to_string();
    let ended = doctor(&config, &["--lang", "id"]);
    let lines: Vec<&str> = ended.stdout.lines().filter(|line| line.starts_with("[rusak] ")).collect();
    let sentence = format!(
        "[rusak] sertifikat: berkas sertifikat: {file}: no certificate in it; periksa jalur, isi, dan hak akses berkas di `mqtt.tls`"
    );
    assert_eq!((ended.code, lines), (Some(1), vec![sentence.as_str()]));
}

// ---- broker and cameras ----

#[test]
fn a_broker_that_does_not_take_the_password_is_told() {
    let workshop = Workshop::new();
    let broker = Broker::start(&BrokerOptions { password: Some(("edge-01", "rahasia")), ..BrokerOptions::default() });
    workshop.secret("sandi", "salah\n");
    let login = format!("{}user = \"edge-01\"\npassword_file = \"sandi\"\n\n", mqtt(broker.port).trim_end().to_owned() + "\n");
    let config = workshop.config("box.toml", &[junction(), login]);
    let sentence = format!("broker: 127.0.0.1:{}: the broker does not let this user in; check the broker's access list", broker.port);
    let ended = doctor(&config, &["--lang", "en"]);
    assert_broken(&ended, &[&sentence]);
    assert!(!ended.stdout.contains("salah"), "{}", ended.stdout);
}

#[test]
fn each_camera_is_told_apart() {
    let workshop = Workshop::new();
    let closed = CameraServer::start(None, Encoding::H264, Auth::Digest);
    workshop.secret("sandi", "salah\n");
    let cameras = [
        street("barat", &format!("url = \"{}\"\nuser = \"viewer\"\npassword_file = \"sandi\"", closed.url("/live"))),
        street("timur", &format!("url = \"rtsp://127.0.0.1:{}/live\"", free_port())),
    ];
    let ended = doctor(&workshop.config("box.toml", &cameras), &["--lang", "en"]);
    let wanted = [
        "camera `barat`: it refuses user or password (401); set user and password of an account that may view the stream",
        "camera `timur`: connection refused; check the port (usually 554) and that RTSP is switched on in the camera",
    ];
    assert_broken(&ended, &wanted);
    let ended = doctor(&workshop.config("box.toml", &cameras), &["--lang", "id"]);
    assert!(
        ended.stdout.contains("[rusak] kamera `barat`: nama pengguna atau kata sandi ditolak (401); isi nama pengguna"),
        "{}",
        ended.stdout
    );
}
