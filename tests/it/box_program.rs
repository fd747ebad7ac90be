//! The program for an aarch64 box, run here under QEMU: it asks a box for nothing but the C and C++ libraries, and finds and tells what this machine's program
//! does. `make cross-test` builds it and says where it is; without that these tests say that they were not run.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::broker::{Broker, Seen, Subscriber, wait_until};
use crate::camera_server::CameraServer;
use crate::models;
use crate::program::{Ended, PATIENCE, Program, Workshop, installed, junction, mqtt, run, street};

/// The newest glibc that may be asked for: Debian 12, Ubuntu 22.04 and later have it.
const GLIBC: (u32, u32) = (2, 34);
/// What every Debian and Ubuntu for these boxes has.
const LIBRARIES: [&str; 5] = ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-aarch64.so.1"];
/// Analysed frames under QEMU take seconds with the real model: the first and the 501st.
const TWO_FRAMES: &str = "500";
/// 199 of the film's 795.
const MANY_FRAMES: &str = "4";
/// Of a box that both programs found.
const LEAST_IOU: f64 = 0.99;
const MOST_SCORE_OFF: f64 = 0.01;

/// What `make cross-test` says.
struct BoxProgram {
    file: PathBuf,
    emulator: Vec<String>,
    runtime: PathBuf,
}

impl BoxProgram {
    /// `None`, and loudly, when it was not built.
    fn find() -> Option<Self> {
        let variables = ["SIMPANG_BOX_PROGRAM", "SIMPANG_BOX_EMULATOR", "SIMPANG_BOX_RUNTIME"].map(std::env::var);
        let [Ok(file), Ok(emulator), Ok(runtime)] = variables else {
            println!("NOT RUN: there is no program for the box; make cross-test builds it and runs this");
            return None;
        };
        Some(Self { file: file.into(), emulator: emulator.split_whitespace().map(str::to_owned).collect(), runtime: runtime.into() })
    }

    fn start(&self, arguments: &[&str]) -> Program {
        let mut command = Command::new(&self.emulator[0]);
        command.args(&self.emulator[1..]).arg(&self.file).args(arguments);
        Program::start_command(command)
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).ended_within(10 * PATIENCE)
    }

    /// The street for a detector that is described by `contract`, and for this program or, with `None`, the one of this machine.
    fn config(workshop: &Workshop, contract: &Path, program: Option<&Self>, parts: &[String]) -> PathBuf {
        let here = installed("models/runtime/libonnxruntime.so");
        let runtime = program.map_or(&here, |program| &program.runtime);
        let name = if program.is_some() { "box.toml" } else { "here.toml" };
        let config = workshop.config(name, parts);
        let text = std::fs::read_to_string(&config).expect("just written");
        let detector = format!("[detector]\nmodel = \"{}\"\nruntime_library = \"{}\"\n", contract.display(), runtime.display());
        workshop.write(name, text.replace("[detector]\n", &detector))
    }
}

fn readelf(option: &str, file: &Path) -> String {
    let output = Command::new("readelf").args(["-W", option]).arg(file).output().expect("part of the compiler's packages");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn it_asks_a_box_for_nothing_but_the_c_and_cpp_libraries() {
    let Some(program) = BoxProgram::find() else { return };
    assert!(readelf("-h", &program.file).contains("AArch64"));
    assert!(!readelf("-S", &program.file).contains(".symtab"), "it is stripped");
    let dynamic = readelf("-d", &program.file);
    let needed = dynamic.lines().filter(|line| line.contains("(NEEDED)"));
    let names: Vec<&str> = needed.filter_map(|line| line.split(['[', ']']).nth(1)).collect();
    assert!(names.contains(&"libc.so.6"), "{dynamic}");
    assert!(names.iter().all(|name| LIBRARIES.contains(name)), "{names:?}");
    let versions = readelf("-V", &program.file);
    let glibc = versions.split_whitespace().filter_map(|word| word.strip_prefix("GLIBC_")).filter_map(|version| version.split_once('.'));
    let newest = glibc.filter_map(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?))).max();
    println!("needs {names:?} and glibc {newest:?}");
    assert!(newest.is_some_and(|newest| newest <= GLIBC), "{newest:?}");
}

#[test]
fn it_finds_in_the_street_what_this_machine_finds() {
    let Some(program) = BoxProgram::find() else { return };
    let found = compare(&program, &installed("models/efficientdet-lite0.toml"), TWO_FRAMES, "");
    assert!(found.boxes >= 4, "{found:?} boxes in two frames prove little");
}

#[test]
fn it_tells_of_two_hundred_frames_what_this_machine_tells() {
    let Some(program) = BoxProgram::find() else { return };
    let model = models::three_people();
    let found = compare(&program, &model.write(), MANY_FRAMES, CROWD);
    assert!(found.boxes >= 3 * 199 && found.messages >= 2, "{found:?} in 199 frames");
}

/// A rule more for the street: three people are a crowd, which lasts.
const CROWD: &str = r#"
[cameras.jalan.zones.alun-alun]
name = "Alun-alun"
kind = "plaza"
polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]

[[cameras.jalan.rules.crowd]]
zone = "alun-alun"
enter_at = 3
exit_below = 2
hold = "5s"
update_every = "20s"

"#;

/// What both programs found and told.
#[derive(Debug)]
struct Found {
    boxes: usize,
    messages: usize,
}

/// Both programs replay the street with this rule more.
fn compare(program: &BoxProgram, contract: &Path, every: &str, rule: &str) -> Found {
    let workshop = Workshop::new();
    let parts = [street("jalan", "url = \"rtsp://127.0.0.1:9/jalan\""), rule.to_owned()];
    let film = installed(".cache/films/vtest.avi");
    let replay = |program: Option<&BoxProgram>| -> (Ended, Vec<[f64; 7]>) {
        let config = BoxProgram::config(&workshop, contract, program, &parts);
        let detections = workshop.path("detections.txt");
        let [config, film, out] = [&config, &film, &detections].map(|path| path.to_str().expect("plain"));
        let arguments = ["replay", "--config", config, "--input", film, "--every", every, "--detections-out", out];
        let ended = program.map_or_else(|| run(&arguments), |program| program.run(&arguments));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let text = std::fs::read_to_string(&detections).expect("it was written");
        (ended, text.lines().map(detection).collect())
    };
    let ((here, found_here), (there, found_there)) = (replay(None), replay(Some(program)));
    println!("{}", here.stdout);
    assert_eq!(there.stdout, here.stdout, "the same events and the same summary");
    assert_eq!(found_there.len(), found_here.len());
    for (a, b) in found_here.iter().zip(&found_there) {
        assert_eq!((a[0], a[6]), (b[0], b[6]), "frame and class");
        assert!(overlap(a, b) >= LEAST_IOU && (a[5] - b[5]).abs() <= MOST_SCORE_OFF, "{a:?} here, {b:?} on the box");
    }
    // The last line is the summary.
    Found { boxes: found_here.len(), messages: here.stdout.lines().count() - 1 }
}

/// Frame, left, top, width, height, score, class of a line in MOTChallenge format.
fn detection(line: &str) -> [f64; 7] {
    let numbers: Vec<f64> = line.split(',').map(|number| number.parse().expect("a number")).collect();
    [numbers[0], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7]]
}

fn overlap(a: &[f64; 7], b: &[f64; 7]) -> f64 {
    let common = |at: usize, size: usize| ((a[at] + a[size]).min(b[at] + b[size]) - a[at].max(b[at])).max(0.0);
    let both = common(1, 3) * common(2, 4);
    both / (a[3] * a[4] + b[3] * b[4] - both)
}

#[test]
fn it_sees_a_camera_and_tells_a_broker() {
    let Some(program) = BoxProgram::find() else { return };
    let (broker, camera, workshop, model) = (Broker::plain(), CameraServer::live(), Workshop::new(), models::ssd());
    let subscriber = Subscriber::to(broker.port);
    // A box without the device that its configuration names.
    let source = format!("url = \"{}\"\nhardware_decoders = [\"v4l2m2m\", \"rkmpp\"]", camera.url("/live"));
    let parts = [street("jalan", &source), junction(), mqtt(broker.port)];
    let config = BoxProgram::config(&workshop, &model.write(), Some(&program), &parts);
    let agent = program.start(&["run", "--config", config.to_str().expect("plain")]);
    let page = agent.page();
    let sees = || page.metric("simpang_frames_analysed_total", "jalan") >= 5.0;
    assert!(wait_until(3 * PATIENCE, sees), "{}", agent.log());
    let has_event = |seen: &[Seen]| seen.iter().any(|message| message.topic.contains("/event/"));
    let seen = subscriber.wait(3 * PATIENCE, has_event);
    let ended = agent.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(has_event(&seen), "{}", ended.stderr);
    assert!(ended.stderr.contains("camera `jalan`: hardware is not used for decoding: v4l2m2m for H.264: "), "{}", ended.stderr);
}
