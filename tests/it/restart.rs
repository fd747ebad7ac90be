//! The agent is killed in the middle (SIGKILL) and started again: open events go on under the same id, what was learned is still there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::broker::{Broker, Seen, Subscriber, wait_until};
use crate::camera_server::{Auth, CameraServer, Encoding, encoded};
use crate::program::{PATIENCE, Program, Workshop, installed, mqtt, street, template};

fn json_of(message: &Seen) -> Value {
    serde_json::from_slice(&message.payload).unwrap_or_else(|error| panic!("{}: {error}", message.topic))
}

/// Each event's messages in order: revision, phase, reason of the end.
fn lives(seen: &[Seen]) -> BTreeMap<String, Vec<(u64, String, Option<String>)>> {
    let mut lives: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for event in seen.iter().filter(|message| message.topic.contains("/event/")).map(json_of) {
        let word = |value: &Value| value.as_str().map(str::to_owned);
        let message = (
            event["data"]["revision"].as_u64().expect("a number"),
            word(&event["data"]["phase"]).expect("a word"),
            word(&event["data"]["endReason"]),
        );
        lives.entry(word(&event["subject"]).expect("an id")).or_default().push(message);
    }
    for life in lives.values_mut() {
        life.sort();
        life.dedup();
    }
    lives
}

fn is_told(seen: &[Seen], phase: &str) -> bool {
    lives(seen).values().flatten().any(|(_, known, _)| known == phase)
}

fn life(words: &[(u64, &str, Option<&str>)]) -> Vec<(u64, String, Option<String>)> {
    words.iter().map(|(revision, phase, reason)| (*revision, (*phase).to_owned(), reason.map(str::to_owned))).collect()
}

/// A film in which one picture of the street lasts two minutes: a crowd that stays. `filter` may take the people away.
fn still_film(name: &str, filter: &str) -> PathBuf {
    let film = installed(".cache/films/vtest.avi");
    let picture = format!("select=eq(n\\,0),{filter}loop=loop=480:size=1,setpts=N/4/TB");
    let from = ["-ss", "12", "-i", film.to_str().expect("plain"), "-vf", &picture, "-r", "4", "-t", "120", "-pix_fmt", "yuv420p"];
    encoded(name, &[&from[..], &["-c:v", "libx264", "-preset", "veryfast", "-crf", "24", "-g", "8", "-bf", "0"]].concat())
}

fn learned(workshop: &Workshop, camera: &str) -> Option<Value> {
    let text = std::fs::read_to_string(workshop.path(&format!("outbox/learned/{camera}.json"))).ok()?;
    serde_json::from_str(text.split_once('\n')?.1).ok()
}

fn kill(agent: Program) {
    agent.signal("KILL");
    assert_eq!(agent.ended().code, None);
}

#[test]
fn a_crowd_seen_by_a_real_camera_goes_on_under_its_id_after_a_kill_and_ends_under_it_when_it_is_gone() {
    let (crowded, empty) = (still_film("eight-who-stay.mp4", ""), still_film("eight-who-are-gone.mp4", "boxblur=40:5,"));
    let broker = Broker::plain();
    let subscriber = Subscriber::to(broker.port);
    let workshop = Workshop::new();
    let shown = workshop.path("shown.mp4");
    std::fs::copy(&crowded, &shown).expect("a film");
    let mut camera = CameraServer::start(Some(&shown), Encoding::H264, Auth::Open);
    let config = workshop.config("box.toml", &[street("jalan", &format!("url = \"{}\"", camera.url("/film"))), mqtt(broker.port)]);

    let agent = Program::agent(&config);
    let seen = subscriber.wait(PATIENCE, |seen| is_told(seen, "new"));
    assert!(is_told(&seen, "new"), "no crowd: {}", agent.log());
    kill(agent);

    let agent = Program::agent(&config);
    let seen = subscriber.wait(PATIENCE, |seen| is_told(seen, "update"));
    assert_eq!(lives(&seen).into_values().collect::<Vec<_>>(), [life(&[(1, "new", None), (2, "update", None)])], "{}", agent.log());
    kill(agent);

    std::fs::copy(&empty, &shown).expect("a film");
    camera.restart();
    let agent = Program::agent(&config);
    let seen = subscriber.wait(PATIENCE, |seen| is_told(seen, "end"));
    let whole = life(&[(1, "new", None), (2, "update", None), (3, "end", Some("cleared"))]);
    assert_eq!(lives(&seen).into_values().collect::<Vec<_>>(), [whole], "{}", agent.log());
    let ended = agent.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn a_standing_vehicle_goes_on_under_its_id_and_what_was_learned_grows_on_after_a_kill() {
    let broker = Broker::plain();
    let subscriber = Subscriber::to(broker.port);
    let workshop = Workshop::new();
    // Its car breaks down at the same place in every run, and is waited for.
    let config = workshop.config("box.toml", &[template("breakdown.toml", &[]), mqtt(broker.port)]);
    let watched_secs = || learned(&workshop, "simulasi").and_then(|kept| kept["memory"]["scene"]["flow"]["age_secs"].as_f64());

    let agent = Program::agent(&config);
    let seen = subscriber.wait(PATIENCE, |seen| is_told(seen, "new"));
    assert!(is_told(&seen, "new"), "no breakdown: {}", agent.log());
    assert!(wait_until(PATIENCE, || watched_secs().is_some()), "where it stands is kept within seconds");
    kill(agent);
    let before = watched_secs().expect("seen above");

    let agent = Program::agent(&config);
    let seen = subscriber.wait(PATIENCE, |seen| is_told(seen, "update"));
    assert_eq!(lives(&seen).into_values().collect::<Vec<_>>(), [life(&[(1, "new", None), (2, "update", None)])], "{}", agent.log());
    assert!(agent.log().contains("going on from what was learned until then"), "{}", agent.log());
    let ended = agent.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let after = watched_secs().expect("kept when it is stopped");
    assert!(after > before + 3.0, "{after} s watched in both runs, {before} s before the kill");
    let seen = subscriber.wait(PATIENCE, |seen| is_told(seen, "end"));
    let whole = life(&[(1, "new", None), (2, "update", None), (3, "end", Some("cameraLost"))]);
    assert_eq!(lives(&seen).into_values().collect::<Vec<_>>(), [whole], "stopped in order it says that nobody watches");
}

/// Writes `kept` as the agent does: a line with format, version and checksum, then JSON.
fn write_learned(path: &Path, kept: &Value) {
    let body = kept.to_string();
    let sum: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(path, format!("simpang-learned 1 {sum}\n{body}")).expect("written");
}

fn run_for_a_moment(config: &Path) -> String {
    let agent = Program::agent(config);
    let page = agent.page();
    let seen = wait_until(PATIENCE, || page.metric("simpang_frames_total", "simulasi") > 20.0);
    let ended = agent.stop();
    assert!(seen && ended.code == Some(0), "{}", ended.stderr);
    ended.stderr
}

#[test]
fn the_usual_speed_of_an_approach_outlasts_restarts_and_a_damaged_or_foreign_file_does_not_stop_the_start() {
    let workshop = Workshop::new();
    let config = workshop.config("box.toml", &[crate::program::junction()]);
    run_for_a_moment(&config);
    let (file, aside) = (workshop.path("outbox/learned/simulasi.json"), workshop.path("outbox/learned/simulasi.aside.json"));
    // A week of an approach does not fit into a test: its lesson is written into the file.
    let mut kept = learned(&workshop, "simulasi").expect("kept at the stop");
    let mut cycles = vec![0; 96];
    cycles[52] = 300;
    let days = json!([{"observed_secs": 36_000.0, "cycles": cycles}]);
    let rule = kept["memory"]["rules"].as_array_mut().expect("rules").iter_mut().find(|rule| rule["kept"].get("congestion").is_some());
    rule.expect("an approach")["kept"]["congestion"]["free_flow"]["days"] = days.clone();
    write_learned(&file, &kept);
    let days_now = || {
        let kept = learned(&workshop, "simulasi").expect("kept at the stop");
        let rules = kept["memory"]["rules"].as_array().expect("rules").clone();
        rules.into_iter().find_map(|rule| rule["kept"].get("congestion").map(|kept| kept["free_flow"]["days"].clone()))
    };
    run_for_a_moment(&config);
    assert_eq!(days_now(), Some(days), "300 cycles of an earlier run");

    let text = std::fs::read(&file).expect("a file");
    std::fs::write(&file, &text[..text.len() / 2]).expect("cut");
    let log = run_for_a_moment(&config);
    assert!(log.contains("is damaged; set aside as ") && log.contains("learning begins anew"), "{log}");
    assert_eq!((days_now(), std::fs::read(&aside).expect("set aside")), (Some(json!([])), text[..text.len() / 2].to_vec()));

    kept["view"]["source"] = json!("simulated 7");
    write_learned(&file, &kept);
    let log = run_for_a_moment(&config);
    assert!(log.contains("is about another camera address; set aside as "), "{log}");
    assert_eq!(days_now(), Some(json!([])));
}
