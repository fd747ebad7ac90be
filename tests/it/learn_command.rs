//! `simpang learn`: what it proposes for a made junction, and what it says when there is too little to see.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use simpang::base::time::WallTime;
use simpang::source::file::FileFrames;
use tempfile::TempDir;

use crate::program::{Ended, run};

const SITE: &str = "[site]\ncity = \"palembang\"\nid = \"uji\"\ndevice = \"uji\"\n\n[cameras.utara]\nsimulated = {}\nbearing_deg = 0.0\n";
const FPS: f64 = 8.0;
/// Metres: height of the camera, from its pole to the middle of the junction, from there to a stop line and to where vehicles come from.
const HEIGHT: f64 = 14.0;
const MIDDLE: f64 = 42.0;
const EDGE: f64 = 12.0;
const FAR: f64 = 60.0;
const SPEED: f64 = 10.0;
const COCO_CAR: u8 = 3;

/// A car seen from 14 m over the road, 18 degrees down, as left, top, width and height in a picture of 1280 × 720.
fn car(x: f64, y: f64, heading: f64) -> [f64; 4] {
    let (sine, cosine) = 18.0f64.to_radians().sin_cos();
    let focal = 0.55 * 1280.0;
    let mut sides = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
    for (along, across, up) in
        [-2.2, 2.2].into_iter().flat_map(|a| [-0.9, 0.9].into_iter().flat_map(move |b| [0.0, 1.5].map(|c| (a, b, c))))
    {
        let (x, y) = (x + along * heading.cos() - across * heading.sin(), y + along * heading.sin() + across * heading.cos());
        let (down, deep) = ((HEIGHT - up) * cosine - y * sine, (HEIGHT - up) * sine + y * cosine);
        let at = [640.0 + focal * x / deep, 360.0 + focal * down / deep];
        sides = [sides[0].min(at[0]), sides[1].min(at[1]), sides[2].max(at[0]), sides[3].max(at[1])];
    }
    [sides[0], sides[1], sides[2] - sides[0], sides[3] - sides[1]]
}

/// Cars of ten minutes at a crossing of a road that leads away and one that leads across: each drives straight on in one of two lanes, after having
/// waited at the line at red. As MOTChallenge rows.
fn crossing() -> String {
    let mut rows: Vec<(u32, [f64; 4])> = Vec::new();
    for number in 0..120u32 {
        let arm = number % 4;
        let heading = f64::from(arm) * std::f64::consts::FRAC_PI_2 + 0.15;
        let (lane, second) = (1.7 + 3.4 * f64::from(number / 4 % 2), f64::from(number / 8) * 40.0 + f64::from(arm) * 10.0);
        let (stop, green) = (FAR - EDGE - 2.7, second + 12.0);
        for step in 0..200 {
            let since = f64::from(step) / FPS;
            let way = (SPEED * since).min(stop) + SPEED * (second + since - green).max(0.0);
            let (along, left) = (way - FAR, lane);
            let x = along * heading.cos() - left * heading.sin();
            let y = MIDDLE + along * heading.sin() + left * heading.cos();
            let sides = car(x, y, heading);
            let is_seen =
                way < 2.0 * FAR && sides[0] > 0.0 && sides[1] > 0.0 && sides[0] + sides[2] < 1280.0 && sides[1] + sides[3] < 720.0;
            if is_seen && y > 5.0 {
                rows.push((((second + since) * FPS) as u32 + 1, sides));
            }
        }
    }
    rows.sort_by_key(|(frame, _)| *frame);
    let mut text = String::new();
    for (frame, [left, top, width, height]) in rows {
        writeln!(text, "{frame},-1,{left:.1},{top:.1},{width:.1},{height:.1},0.9,{COCO_CAR},-1,-1").expect("a string takes everything");
    }
    text
}

struct Workplace(TempDir);

impl Workplace {
    fn new(site: &str, detections: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("box.toml"), site).expect("written");
        std::fs::write(folder.path().join("detections.txt"), detections).expect("written");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn learn(&self, more: &[&str]) -> Ended {
        let (config, detections, out) = (self.path("box.toml"), self.path("detections.txt"), self.path("proposal.toml"));
        let plain = |path: &Path| path.to_str().expect("plain").to_owned();
        let paths = [plain(&config), plain(&detections), plain(&out)];
        let mut arguments =
            vec!["learn", "--config", &paths[0], "--detections", &paths[1], "--fps", "8", "--size", "1280x720", "--out", &paths[2]];
        arguments.extend(more);
        run(&arguments)
    }
}

#[test]
fn a_proposal_is_a_configuration_that_check_accepts_with_a_picture_and_the_same_each_time() {
    let place = Workplace::new(SITE, &crossing());
    let (picture, ways) = (place.path("proposal.png"), place.path("ways.csv"));
    let more = ["--picture", picture.to_str().expect("plain"), "--passages-out", ways.to_str().expect("plain")];
    let done = place.learn(&more);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.starts_with("4 lengan, "), "{}", done.stdout);
    assert!(done.stdout.contains(" / 4 arms, "), "{}", done.stdout);
    let proposal = std::fs::read_to_string(place.path("proposal.toml")).expect("written");
    for arm in ["utara", "timur", "selatan", "barat"] {
        for made in [
            format!("lines.masuk-{arm}]"),
            format!("lines.keluar-{arm}]"),
            format!("lines.henti-{arm}]"),
            format!("stop_line = \"henti-{arm}\""),
            format!("[cameras.utara.gates.{arm}]\nentry = \"masuk-{arm}\"\nexit = \"keluar-{arm}\""),
            format!("[[cameras.utara.rules.approach]]\nzone = \"pendekat-{arm}\""),
        ] {
            assert!(proposal.contains(&made), "{made}: {proposal}");
        }
    }
    assert!(proposal.starts_with(SITE.trim_end()), "what was configured is kept");
    let checked = run(&["check", place.path("proposal.toml").to_str().expect("plain")]);
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);

    let mut frames = FileFrames::open(&picture, WallTime::from_micros(0)).expect("a picture");
    assert_eq!(frames.next().expect("one").expect("decodable").size().width, 1280);
    let first_ways = std::fs::read_to_string(&ways).expect("written");
    assert!(first_ways.lines().any(|row| row.contains(",car,selatan,utara,seen,")), "straight on, away from the camera: {first_ways}");
    assert_eq!(place.learn(&more).code, Some(0));
    assert_eq!(std::fs::read_to_string(place.path("proposal.toml")).expect("written"), proposal);
    assert_eq!(std::fs::read_to_string(&ways).expect("written"), first_ways);
}

#[test]
fn the_agent_counts_turning_movements_with_the_proposal() {
    let place = Workplace::new(SITE, &crossing());
    assert_eq!(place.learn(&[]).code, Some(0));
    let (proposal, table) = (place.path("proposal.toml"), place.path("movements.csv"));
    let plain = |path: &Path| path.to_str().expect("plain").to_owned();
    let (proposal, detections, out) = (plain(&proposal), plain(&place.path("detections.txt")), plain(&table));
    let done =
        run(&["replay", "--config", &proposal, "--detections", &detections, "--fps", "8", "--size", "1280x720", "--movements-csv", &out]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let rows = std::fs::read_to_string(&table).expect("written");
    let counted = |entry: &str, exit: &str| -> u32 {
        let between = format!(",{entry},{exit},all,");
        let numbers = rows.lines().filter_map(|row| row.split_once(&between)?.1.split(',').next()?.parse::<u32>().ok());
        numbers.sum()
    };
    // 30 cars straight on from each arm; the first are followed before a usual way is known.
    for (entry, exit) in [("selatan", "utara"), ("utara", "selatan"), ("barat", "timur"), ("timur", "barat")] {
        let number = counted(entry, exit);
        assert!((28..=30).contains(&number), "{entry} to {exit}: {number}\n{rows}");
    }
}

#[test]
fn gates_that_are_there_are_kept_and_new_ones_are_counted_as_lines() {
    let gates = "[cameras.utara.lines.a]\nfrom = [0.1, 0.5]\nto = [0.2, 0.6]\n[cameras.utara.lines.b]\nfrom = [0.8, 0.5]\nto = [0.7, 0.6]\n\
                 [cameras.utara.gates.kiri]\nentry = \"a\"\n[cameras.utara.gates.kanan]\nexit = \"b\"\n";
    let place = Workplace::new(&format!("{SITE}{gates}"), &crossing());
    let done = place.learn(&[]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("sudah punya gerbang") && done.stdout.contains("has `gates` already"), "{}", done.stdout);
    let proposal = std::fs::read_to_string(place.path("proposal.toml")).expect("written");
    assert!(!proposal.contains("gates.utara]") && !proposal.contains("rules.movements]]"), "{proposal}");
    assert!(proposal.contains("[[cameras.utara.rules.line_count]]\nline = \"masuk-utara\""), "{proposal}");
}

#[test]
fn a_proposal_for_a_camera_that_has_lines_takes_other_names() {
    let lines = "[cameras.utara.lines.masuk-utara]\nfrom = [0.1, 0.5]\nto = [0.2, 0.6]\n";
    let place = Workplace::new(&format!("{SITE}{lines}"), &crossing());
    let done = place.learn(&[]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let proposal = std::fs::read_to_string(place.path("proposal.toml")).expect("written");
    assert!(proposal.contains("lines.masuk-utara-2]"), "{proposal}");
}

#[test]
fn tables_that_cannot_be_added_to_are_named() {
    let inline = "lines = { garis = { from = [0.1, 0.5], to = [0.2, 0.6] } }\n";
    let place = Workplace::new(&format!("{SITE}{inline}"), &crossing());
    let done = place.learn(&[]);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(!place.path("proposal.toml").exists(), "nothing that check refuses is written");
}

#[test]
fn too_little_is_said_in_a_sentence_with_what_to_do() {
    let mut parked = String::new();
    for frame in 1..=400 {
        for number in 0..3 {
            let [left, top, width, height] = car(f64::from(number) * 6.0 - 6.0, 30.0, 0.0);
            writeln!(parked, "{frame},-1,{left:.1},{top:.1},{width:.1},{height:.1},0.9,{COCO_CAR},-1,-1")
                .expect("a string takes everything");
        }
    }
    let person = "1,-1,600,400,20,50,0.9,1,-1,-1\n400,-1,600,400,20,50,0.9,1,-1,-1\n";
    let few: String = crossing().lines().take(400).fold(String::new(), |text, row| text + row + "\n");
    for (detections, said) in [
        (parked.as_str(), "3 vehicles were seen in 50 s but none moved; check whether the camera repeats one picture"),
        (person, "no vehicle was seen in 50 s; record when there is traffic"),
        (few.as_str(), "too few vehicles moved"),
        ("", "the detections have not one frame"),
    ] {
        let place = Workplace::new(SITE, detections);
        let done = place.learn(&[]);
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        assert!(done.stderr.contains(said), "{said}: {}", done.stderr);
        assert!(!place.path("proposal.toml").exists(), "{said}");
    }
}
