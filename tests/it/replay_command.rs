//! `simpang replay` as people call it: what it prints, writes and refuses, and that it says the same twice.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::camera_server::encoded;
use crate::program::{Ended, Workshop, installed, run, street};

/// Eight seconds of the street, 80 frames, as the original file holds them.
fn cut() -> PathBuf {
    let film = installed(".cache/films/vtest.avi");
    encoded("street-8s.avi", &["-i", film.to_str().expect("plain"), "-t", "8", "-c", "copy"])
}

fn config(workshop: &Workshop) -> PathBuf {
    workshop.config("replay.toml", &[street("jalan", "url = \"rtsp://192.0.2.1/jalan\"")])
}

fn replay(config: &Path, film: &Path, more: &[&str]) -> Ended {
    let paths = ["replay", "--config", config.to_str().expect("plain"), "--input", film.to_str().expect("plain")];
    run(&[&paths, more].concat())
}

fn good(ended: Ended) -> Ended {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended
}

fn summary(ended: &Ended) -> Value {
    ended.json_lines().pop().expect("a last line")["summary"].clone()
}

#[test]
fn the_same_film_gives_the_same_bytes_twice_and_with_four_threads() {
    let (workshop, film) = (Workshop::new(), cut());
    let one = config(&workshop);
    let four = workshop.write(
        "four.toml",
        std::fs::read_to_string(&one).expect("just written").replace("threads_per_inference = 1", "threads_per_inference = 4"),
    );
    let first = good(replay(&one, &film, &[]));
    assert!(first.json_lines().len() > 2, "events and a summary: {}", first.stdout);
    assert_eq!(first.stdout, good(replay(&one, &film, &[])).stdout, "a second time");
    assert_eq!(first.stdout, good(replay(&four, &film, &[])).stdout, "with four threads");
}

#[test]
fn the_last_line_sums_up_what_the_lines_before_and_the_files_say() {
    let (workshop, film) = (Workshop::new(), cut());
    let (tracks, detections) = (workshop.path("tracks.txt"), workshop.path("detections.txt"));
    let outputs = ["--tracks-out", tracks.to_str().expect("plain"), "--detections-out", detections.to_str().expect("plain")];
    let ended = good(replay(&config(&workshop), &film, &outputs));
    let summary = summary(&ended);
    let number = |name: &str| summary[name].as_u64().unwrap_or_else(|| panic!("no {name} in {summary}"));
    assert_eq!((number("frames"), number("analysed"), number("inferences"), number("damaged")), (80, 80, 80, 0));
    assert_eq!(number("events") as usize, ended.json_lines().len() - 1);
    let crossings = summary["crossings"].as_array().expect("a list");
    for direction in ["ke-kanan", "ke-kiri"] {
        let listed = crossings.iter().filter(|crossing| crossing[1] == "garis-jalan" && crossing[2] == direction).count() as u64;
        assert!(listed > 0, "somebody walks {direction}: {summary}");
        assert_eq!(summary["counts"]["garis-jalan"][direction]["person"].as_u64(), Some(listed), "{summary}");
    }
    assert!(summary["zones"].is_object(), "{summary}");

    let found = mot_rows(&detections);
    assert!(found.iter().all(|row| row[1] == -1.0), "detections have no id");
    let followed = mot_rows(&tracks);
    assert!(followed.iter().all(|row| row[1] >= 1.0), "tracks have one");
    let mut in_frame: Vec<(i64, i64)> = followed.iter().map(|row| (row[0] as i64, row[1] as i64)).collect();
    assert!(in_frame.is_sorted(), "by frame and id");
    in_frame.dedup();
    assert_eq!(in_frame.len(), followed.len(), "a track is in a frame once");
    let people = summary["people_per_frame"].as_f64().expect("a number");
    // The file has first detections and fills short gaps, and leaves out what did not last; the figure of a frame knows nothing of what comes later.
    assert!(people > 2.0 && (0.0..=1.0).contains(&(followed.len() as f64 / 80.0 - people)), "{people} and {} boxes", followed.len());
}

/// frame,id,left,top,width,height,confidence,… of the MOTChallenge; every row is checked to be one.
fn mot_rows(path: &Path) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).expect("written by the program");
    let rows: Vec<Vec<f64>> =
        text.lines().map(|line| line.split(',').map(|cell| cell.parse().unwrap_or_else(|_| panic!("{line}"))).collect()).collect();
    assert!(rows.len() > 80, "{} rows in {}", rows.len(), path.display());
    for row in &rows {
        assert!(row.len() >= 7 && (1.0..=80.0).contains(&row[0]) && row[4] > 0.0 && row[5] > 0.0, "{row:?}");
        assert!((0.0..=1.0).contains(&row[6]), "confidence of {row:?}");
    }
    rows
}

#[test]
fn every_second_frame_is_half_the_work_and_the_same_story() {
    let (workshop, film) = (Workshop::new(), cut());
    let config = config(&workshop);
    let half = good(replay(&config, &film, &["--every", "2"]));
    let whole = good(replay(&config, &film, &[]));
    let (half_summary, whole_summary) = (summary(&half), summary(&whole));
    assert_eq!((half_summary["frames"].as_u64(), half_summary["analysed"].as_u64()), (Some(80), Some(40)));
    assert_eq!(half_summary["counts"], whole_summary["counts"]);
    let story = |ended: &Ended| ended.json_lines().iter().map(|event| event["type"].clone()).collect::<Vec<_>>();
    assert_eq!(story(&half), story(&whole));
}

#[test]
fn the_films_first_instant_can_be_chosen() {
    let (workshop, film) = (Workshop::new(), cut());
    let ended = good(replay(&config(&workshop), &film, &["--start", "2026-11-21T10:00:00Z", "--every", "2"]));
    let event = &ended.json_lines()[0];
    assert!(event["time"].as_str().is_some_and(|time| time.starts_with("2026-11-21T10:00:0")), "{event}");
}

#[test]
fn what_cannot_be_replayed_is_refused_in_one_sentence() {
    let (workshop, film) = (Workshop::new(), cut());
    let one = config(&workshop);
    let source = "url = \"rtsp://192.0.2.1/jalan\"";
    let two = workshop.config("two.toml", &[street("barat", source), street("timur", source)]);
    let text = workshop.write("notes.txt", "rapat hari Senin\n".repeat(50));
    let noise = workshop.write("noise.mp4", [7; 5000]);
    let nothing = workshop.path("nothing.mp4");
    let folder = workshop.path("");
    let cases: [(&Path, &Path, &[&str], String); 9] = [
        (&one, &film, &["--camera", "utara"], "no camera `utara` in the configuration; it has `jalan`".into()),
        (&two, &film, &[], "the configuration has several cameras: choose one with --camera (`barat`, `timur`)".into()),
        (
            &one,
            &nothing,
            &[],
            format!(
                "film {} cannot be opened; check the path and that this user may read it: No such file or directory (os error 2)",
                nothing.display()
            ),
        ),
        (
            &one,
            &folder,
            &[],
            format!("film {} cannot be opened; check the path and that this user may read it: is a directory", folder.display()),
        ),
        (&one, &text, &[], format!("{} is not a film that can be read: it holds text; try to play it with ffplay", text.display())),
        (
            &one,
            &noise,
            &[],
            format!(
                "{} is not a film that can be read: no film format that is known, or cut off before its index; try to play it with ffplay",
                noise.display()
            ),
        ),
        (
            &one,
            &film,
            &["--tracks-out", "/nowhere/tracks.txt"],
            "cannot write `/nowhere/tracks.txt`; check the folder, who may write there and the room on the disk: No such file or directory (os error 2)".into(),
        ),
        (
            &one,
            &film,
            &["--flow-csv", "/nowhere/flow.csv"],
            "cannot write `/nowhere/flow.csv`; check the folder, who may write there and the room on the disk: No such file or directory (os error 2)".into(),
        ),
        (
            &one,
            &film,
            &["--approach-csv", "/nowhere/approach.csv"],
            "cannot write `/nowhere/approach.csv`; check the folder, who may write there and the room on the disk: No such file or directory (os error 2)".into(),
        ),
    ];
    for (config, film, more, sentence) in cases {
        let ended = replay(config, film, more);
        assert_eq!((ended.code, ended.stderr.as_str(), ended.stdout.as_str()), (Some(1), format!("simpang: {sentence}\n").as_str(), ""));
    }
}

#[test]
fn the_rows_of_the_flow_table_add_up_to_what_passed() {
    let (workshop, film) = (Workshop::new(), cut());
    let table = workshop.path("flow.csv");
    let ended = good(replay(&config(&workshop), &film, &["--flow-csv", table.to_str().expect("plain")]));
    let text = std::fs::read_to_string(&table).expect("written");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    assert_eq!(header.join(","), "from,to,camera,line,direction,class,number,smp,vehicles_per_hour,smp_per_hour,smp_table");
    let rows: Vec<_> = lines.collect();
    assert!(rows.iter().all(|row| row.len() == header.len()), "{text}");
    for direction in ["ke-kanan", "ke-kiri"] {
        let people = rows.iter().filter(|row| row[3..6] == ["garis-jalan", direction, "person"]);
        let people: u64 = people.map(|row| row[6].parse::<u64>().expect("a number")).sum();
        assert_eq!(Some(people), summary(&ended)["counts"]["garis-jalan"][direction]["person"].as_u64(), "{text}");
        assert!(rows.iter().any(|row| row[3..9] == ["garis-jalan", direction, "all", "0", "0", "0"]), "no vehicle is a row too: {text}");
    }
}

#[test]
fn an_output_that_takes_no_more_is_said() {
    let (workshop, film) = (Workshop::new(), cut());
    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has one");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_simpang"));
    command.arg("replay").arg("--config").arg(config(&workshop)).arg("--input").arg(film).args(["--every", "50"]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).stdout(full).output().expect("it was just built");
    let sentence = "simpang: standard output takes no more; is whoever reads it still there, is the disk full: No space left on device (os error 28)\n";
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), sentence));
}

/// Standard error without the line of CPU seconds.
fn said_last(ended: &Ended) -> String {
    ended.stderr.lines().filter(|line| !line.starts_with("CPU seconds: ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_film_that_is_cut_off_is_analysed_as_far_as_it_goes_and_then_refused() {
    let (workshop, film) = (Workshop::new(), installed(".cache/films/vtest-h264.mp4"));
    // The index is at the front (faststart): the film opens, and ends in the middle of a picture.
    let mut head = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(std::fs::File::open(film).expect("readable"), 600_000), &mut head)
        .expect("readable");
    let cut_off = workshop.write("cut-off.mp4", head);
    let ended = replay(&config(&workshop), &cut_off, &["--every", "4"]);
    let path = cut_off.display();
    let delivered = ended.stderr.split(" is cut off: ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    assert!(delivered.parse().is_ok_and(|frames: u64| (10..100).contains(&frames)), "{}", ended.stderr);
    let sentence = format!("simpang: {path} is cut off: {delivered} of about 795 frames could be read; copy the file again\n");
    assert_eq!((ended.code, said_last(&ended)), (Some(1), sentence));
    assert_eq!(summary(&ended)["frames"].to_string(), delivered, "what could be read is summed up");
}

/// A car that drives into the picture and stands there from 2 s to 40 s, at 8 frames a second.
fn standing_car() -> String {
    let left = |frame: u32| 100.0 + 200.0 * (f64::from(frame - 1) / 8.0).min(2.0);
    (1..=320).map(|frame| format!("{frame},-1,{},300,80,60,0.9,3,-1,-1\n", left(frame))).collect()
}

#[test]
fn recorded_detections_give_events_without_film_and_model() {
    let workshop = Workshop::new();
    let detections = workshop.write("boxes.txt", standing_car());
    let config = workshop.write(
        "boxes.toml",
        "[site]\ncity = \"palembang\"\nid = \"uji\"\ndevice = \"uji\"\n[page]\nenabled = false\n[cameras.c]\nurl = \"rtsp://192.0.2.1/c\"\n\
         [cameras.c.zones.keluar]\nname = \"Keluar\"\nkind = \"exit\"\npolygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]\n\
         [[cameras.c.rules.stopped_vehicle]]\nzone = \"keluar\"\ndwell = \"20s\"\npassed = 0\n",
    );
    let paths = ["replay", "--config", config.to_str().expect("plain"), "--detections", detections.to_str().expect("plain")];
    let replay = |more: &[&str]| run(&[&paths, more].concat());
    let ended = good(replay(&["--fps", "8", "--size", "1280x720"]));
    let first = &ended.json_lines()[0]["data"];
    assert_eq!((first["kind"].as_str(), first["phase"].as_str()), (Some("stoppedVehicle"), Some("new")), "{first}");
    let summary = summary(&ended);
    assert_eq!((&summary["frames"], &summary["inferences"]), (&Value::from(320), &Value::from(0)));
    assert_eq!(ended.stdout, good(replay(&["--fps", "8", "--size", "1280x720"])).stdout, "a second time");

    for (more, said) in [
        (&["--fps", "8"][..], "--size"),
        (&["--fps", "8", "--size", "wide"], "1280x720"),
        (&["--fps", "8", "--size", "1280x720", "--input", "film.mp4"], "cannot be used with"),
    ] {
        let refused = replay(more);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
    workshop.write("boxes.txt", "1,-1,0,0,10\n");
    let refused = replay(&["--fps", "8", "--size", "1280x720"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("boxes.txt") && refused.stderr.contains("not in MOT format"), "{}", refused.stderr);
}
