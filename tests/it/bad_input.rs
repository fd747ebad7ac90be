//! What people get wrong, and the sentence they then read: exit code 2 for configuration and usage, 1 for anything else, never a panic.

use std::net::TcpListener;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::onnx_maker::{Graph, Numbers, Output, Picture};
use crate::program::{Ended, Workshop, installed, junction, mqtt, run, street};

fn run_with(config: &Path) -> Ended {
    run(&["run", "--config", config.to_str().expect("plain"), "--seconds", "5"])
}

/// Fails with every difference between what is said and what should be.
fn expect(code: i32, ended: &Ended, sentence: &str) {
    assert_eq!((ended.code, ended.stderr.as_str(), ended.stdout.as_str()), (Some(code), format!("simpang: {sentence}\n").as_str(), ""));
}

fn any_street() -> String {
    street("jalan", "url = \"rtsp://127.0.0.1:9/jalan\"")
}

/// Another `[detector]` instead of the usual one.
fn detector(workshop: &Workshop, name: &str, lines: &str) -> std::path::PathBuf {
    let usual = std::fs::read_to_string(workshop.config(name, &[any_street()])).expect("just written");
    workshop.write(name, usual.replace("[detector]\n", &format!("[detector]\n{lines}\n")))
}

// ---- configuration: exit code 2 ----

#[test]
fn a_configuration_that_is_not_there_is_named() {
    let sentence =
        "cannot read configuration `/nowhere/box.toml`: check the path and who may read it: No such file or directory (os error 2)";
    expect(2, &run_with(Path::new("/nowhere/box.toml")), sentence);
}

#[test]
fn everything_that_is_wrong_with_the_box_is_said_at_once_with_line_and_way_out() {
    let workshop = Workshop::new();
    let film = installed(".cache/films/vtest.avi");
    let usual = std::fs::read_to_string(workshop.config("box.toml", &[any_street(), mqtt(1883)])).expect("just written");
    // Where it is written, by what, and what is said.
    let cases = [
        (
            "lisen = ",
            usual.replace("[page]\nlisten", "[page]\nlisen"),
            "`page.lisen` is not a known key here (did you mean `listen`?): known: `enabled` and `listen`",
        ),
        (
            "root = ",
            usual.replace("[mqtt]\n", "[mqtt]\nroot = \"its/kota palembang\"\n"),
            "`mqtt.root` has the level `kota palembang`: only letters, digits, `-`, `_` and `.` are safe in a topic",
        ),
        (
            "model = ",
            usual.replace("[detector]\n", "[detector]\nmodel = \"tidak-ada.toml\"\n"),
            "`detector.model` names `FOLDER/tidak-ada.toml`, which is no file: check the path, it is relative to the folder of this file",
        ),
        (
            "runtime_library = ",
            usual.replace("[detector]\n", "[detector]\nruntime_library = \"tidak-ada.so\"\n"),
            "`detector.runtime_library` names `FOLDER/tidak-ada.so`, which is no file: check the path, it is relative to the folder of this file",
        ),
    ];
    for (index, (key, text, sentence)) in cases.into_iter().enumerate() {
        let config = workshop.write(&format!("bad-{index}.toml"), &text);
        let path = config.display().to_string();
        let what = sentence.replace("FOLDER/", &workshop.path("").display().to_string());
        let all = format!("{path}:{}: {what}\n1 problem in configuration `{path}`", line_of(&text, key));
        expect(2, &run_with(&config), &all);
        expect(2, &run(&["check", &path]), &all);
        expect(2, &run(&["replay", "--config", &path, "--input", film.to_str().expect("plain")]), &all);
    }
}

/// Number of the first line that begins like this, from 1.
fn line_of(text: &str, beginning: &str) -> usize {
    1 + text.lines().position(|line| line.starts_with(beginning)).expect("it is written there")
}

#[test]
fn an_impossible_zone_takes_out_its_camera_and_the_only_camera_takes_out_the_box() {
    let workshop = Workshop::new();
    let street = any_street();
    let polygon = street.lines().find(|line| line.starts_with("polygon")).expect("a zone");
    let impossible = street.replace(polygon, "polygon = [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]");
    let alone = workshop.config("alone.toml", std::slice::from_ref(&impossible));
    let path = alone.display().to_string();
    let what = "`cameras.jalan.zones.pelataran.polygon` crosses itself where its edges 1–2 and 3–4 meet: list the corners in order around the zone";
    let line = line_of(&std::fs::read_to_string(&alone).expect("just written"), "polygon");
    expect(2, &run_with(&alone), &format!("{path}:{line}: {what}\n1 problem in configuration `{path}`"));

    let beside = workshop.config("beside.toml", &[impossible, junction()]);
    let ended = run_with(&beside);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let said = format!("camera `jalan` is left out: {}:{line}: {what}\n", beside.display());
    assert!(ended.stderr.contains(&said), "{}", ended.stderr);
}

#[test]
fn wrong_usage_exits_with_two_and_names_the_help() {
    for wrong in [&["run"][..], &["repaly"], &["replay", "--config", "x", "--input", "y", "--every", "0"]] {
        let ended = run(wrong);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{wrong:?}: {}", ended.stderr);
        assert!(ended.stderr.ends_with("For more information, try '--help'.\n"), "{}", ended.stderr);
    }
}

// ---- models: exit code 1 ----

/// A contract for these weights beside them, with the checksum given.
fn contract(workshop: &Workshop, sha256: &str) {
    workshop.write(
        "tiny.toml",
        format!(
            "name = \"tiny\"\nfile = \"tiny.onnx\"\nsha256 = \"{sha256}\"\nlicence = \"CC0-1.0\"\n\
             [input]\nname = \"image\"\nwidth = 64\nheight = 64\nlayout = \"nhwc\"\nelement = \"u8\"\ncolour = \"rgb\"\nfit = \"letterbox-top-left\"\n\
             [output]\nhead = \"ssd\"\nnames = {{ boxes = \"boxes\", scores = \"scores\" }}\n\
             [classes]\nperson = [0]\n[scores]\nkeep = 0.25\nsure = 0.3\nbegin = 0.4\n[nms]\nvehicle_iou = 0.5\nperson_iou = 0.5\n"
        ),
    );
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn tiny(opset: u64) -> Vec<u8> {
    let outputs = vec![
        Output { name: "boxes", shape: vec![1, 1, 4], numbers: Numbers::F32(vec![0.0; 4]) },
        Output { name: "scores", shape: vec![1, 1, 2], numbers: Numbers::F32(vec![0.0; 2]) },
    ];
    Graph { opset, input: "image", picture: Picture::U8, shape: vec![1, 64, 64, 3], size_input: None, outputs }.bytes()
}

#[test]
fn weights_that_are_missing_or_altered_are_not_run() {
    let workshop = Workshop::new();
    let config = detector(&workshop, "box.toml", "model = \"tiny.toml\"");
    let weights = workshop.path("tiny.onnx").display().to_string();
    let right = sha256(&tiny(13));
    contract(&workshop, &right);
    let missing = format!(
        "model `tiny`: {weights} cannot be read; install the package again (from sources: models/install), or correct `file` in the contract: No such file or directory (os error 2)"
    );
    expect(1, &run_with(&config), &missing);

    let mut altered = tiny(13);
    *altered.last_mut().expect("not empty") ^= 1;
    workshop.write("tiny.onnx", &altered);
    let sentence = format!(
        "model `tiny`: {weights} was altered: its sha256 is {}, the contract says {right}; \
         install the package again (from sources: models/install), or calibrate a contract for the new file",
        sha256(&altered)
    );
    expect(1, &run_with(&config), &sentence);
}

/// The runtime's own words stand in the middle and change with its version; ours before and after are exact.
#[test]
fn weights_that_the_runtime_does_not_know_are_refused_with_a_way_out() {
    let workshop = Workshop::new();
    let config = detector(&workshop, "box.toml", "model = \"tiny.toml\"");
    let weights = workshop.path("tiny.onnx").display().to_string();
    for (what, bytes) in [("an operator set of the future", tiny(9999)), ("no ONNX at all", b"rapat hari Senin".repeat(100))] {
        workshop.write("tiny.onnx", &bytes);
        contract(&workshop, &sha256(&bytes));
        let ended = run_with(&config);
        let before = format!("simpang: model `tiny`: ONNX Runtime does not accept {weights}: ");
        let is_ours = ended.stderr.starts_with(&before)
            && ended.stderr.ends_with("; export it again as ONNX with operator set 21 or lower\n")
            && ended.stderr.lines().count() == 1;
        assert!(is_ours && ended.code == Some(1), "{what}: {:?} {}", ended.code, ended.stderr);
    }
}

#[test]
fn a_runtime_library_that_is_none_is_refused_with_a_way_out() {
    let workshop = Workshop::new();
    let library = workshop.write("libonnxruntime.so", "rapat hari Senin");
    let config = detector(&workshop, "box.toml", "runtime_library = \"libonnxruntime.so\"");
    let ended = run_with(&config);
    let library = library.canonicalize().expect("just written");
    let before = format!("simpang: ONNX Runtime: {} cannot be used: ", library.display());
    let after = "; version 1.24 or newer is needed, the package brings one (from sources: models/install)\n";
    let is_ours = ended.stderr.starts_with(&before) && ended.stderr.ends_with(after) && ended.stderr.lines().count() == 1;
    assert!(is_ours && ended.code == Some(1), "{:?} {}", ended.code, ended.stderr);
}

// ---- the machine: exit code 1 ----

#[test]
fn an_address_in_use_names_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let workshop = Workshop::new();
    let usual = std::fs::read_to_string(workshop.config("box.toml", &[junction()])).expect("just written");
    let config = workshop.write("taken.toml", usual.replace("127.0.0.1:0", &address));
    let sentence = format!(
        "the local page cannot listen on {address}; choose another address with `page.listen`, or stop what is using it: \
         Address already in use (os error 98)"
    );
    expect(1, &run_with(&config), &sentence);
}

#[test]
fn a_queue_that_cannot_be_written_names_the_way_out() {
    let workshop = Workshop::new();
    // A file where the folder should be: not even root can make a folder in it.
    let file = workshop.write("berkas", "");
    let usual = std::fs::read_to_string(workshop.config("box.toml", &[junction()])).expect("just written");
    let folder = file.join("outbox").display().to_string();
    let config = workshop.write("queue.toml", usual.replace(&workshop.path("outbox").display().to_string(), &folder));
    let sentence = format!("outbox directory {folder}: cannot be used; make it writable for this program: Not a directory (os error 20)");
    expect(1, &run_with(&config), &sentence);
}

#[test]
fn a_queue_has_one_owner() {
    let workshop = Workshop::new();
    let config = workshop.config("box.toml", &[junction(), mqtt(crate::broker::free_port())]);
    let first = crate::program::Program::agent(&config);
    first.page();
    let outbox = workshop.path("outbox").display().to_string();
    let sentence = format!("outbox directory {outbox}: another simpang is using it; stop that one, or set another `outbox.directory`");
    expect(1, &run_with(&config), &sentence);
    assert_eq!(first.stop().code, Some(0));
}

// ---- what is waited for: the agent goes on ----

#[test]
fn a_dead_camera_and_a_refused_broker_are_said_and_waited_for() {
    let workshop = Workshop::new();
    let (camera, broker) = (crate::broker::free_port(), crate::broker::free_port());
    let street = street("jalan", &format!("url = \"rtsp://127.0.0.1:{camera}/jalan\""));
    let ended = run_with(&workshop.config("box.toml", &[street, mqtt(broker)]));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
    let said = |before: &str, after: &str| {
        let line = ended.stderr.lines().find(|line| line.contains(before)).unwrap_or_else(|| panic!("{before}: {}", ended.stderr));
        assert!(line.contains(after), "{line}");
    };
    said(
        " WARN camera `jalan`: connection refused, next try in ",
        " s; check the port (usually 554) and that RTSP is switched on in the camera",
    );
    said(
        &format!(" WARN broker 127.0.0.1:{broker}: connection refused, trying again in "),
        " (attempt 1); is the broker running, and is `mqtt.port` right",
    );
}

/// Takes all the room there is.
fn fill(folder: &Path) -> std::path::PathBuf {
    let ballast = folder.join("ballast");
    let mut file = std::fs::File::create(&ballast).expect("room yet");
    while std::io::Write::write_all(&mut file, &[0; 512]).is_ok() {}
    ballast
}

#[test]
fn a_full_disk_is_said_with_a_way_out_and_what_was_accepted_is_written_when_there_is_room() {
    let Some(disk) = crate::delivery::SmallDisk::mount("16m") else { return };
    let workshop = Workshop::new();
    let usual =
        std::fs::read_to_string(workshop.config("box.toml", &[junction(), mqtt(crate::broker::free_port())])).expect("just written");
    let folder = disk.0.path().join("outbox").display().to_string();
    let config = workshop.write("full.toml", usual.replace(&workshop.path("outbox").display().to_string(), &folder));
    let agent = crate::program::Program::agent(&config);
    let page = agent.page();
    let ballast = fill(disk.0.path());
    agent.logs("ERROR outbox: not written, trying again error=outbox: disk full; free space, or lower `outbox.max_mb` ");
    assert_eq!(page.get("/healthz").status, 200, "the cameras go on");
    std::fs::remove_file(ballast).expect("own file");
    agent.logs("INFO outbox: the disk takes events again");
    let ended = agent.stop();
    assert!(ended.code == Some(0) && !ended.stderr.contains("is lost"), "{}", ended.stderr);

    // At the start there is nothing to wait with: nothing can be accepted.
    std::fs::remove_dir_all(disk.0.path().join("outbox")).expect("own folder");
    fill(disk.0.path());
    let ended = run_with(&config);
    let sentence = "simpang: outbox: disk full; free space, or lower `outbox.max_mb`: ";
    assert!(ended.code == Some(1) && ended.stderr.starts_with(sentence) && ended.stderr.lines().count() == 1, "{}", ended.stderr);
}
