//! The whole program between a real RTSP server and a real Mosquitto: the same events as from the file, valid messages, life and death.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jsonschema::Validator;
use serde_json::{Value, json};
use simpang::event::channel::Channel;
use simpang::event::contract::Document;

use crate::broker::{Broker, Seen, Subscriber, free_port, wait_until};
use crate::camera_server::{Auth, CameraServer, Encoding, encoded};
use crate::messages::{channel_of, cloud_events_validator, validator};
use crate::program::{PATIENCE, Program, Workshop, installed, junction, mqtt, run, run_agent, street};

/// Topic of the box before the message's own levels.
const BOX: &str = "its/v1/palembang/simpang-uji/uji-01/";

fn json_of(message: &Seen) -> Value {
    serde_json::from_slice(&message.payload).unwrap_or_else(|error| panic!("{}: {error}", message.topic))
}

fn on<'a>(seen: &'a [Seen], topic: &str) -> impl Iterator<Item = &'a Seen> {
    let topic = topic.to_owned();
    seen.iter().filter(move |message| message.topic.strip_prefix(BOX).is_some_and(|rest| rest.starts_with(&topic)))
}

/// Whether the box says `state` about itself, now or as kept by the broker.
fn says(seen: &[Seen], state: &str) -> bool {
    on(seen, "status").any(|message| json_of(message)["state"] == state)
}

// ---- RTSP is replay ----

/// Twelve seconds of the street with six crossings and more, at `pace` frames a second instead of 10, with key frames of some 65 kB as a camera's
/// sub-stream has.
fn slow_street(encoding: Encoding, pace: u32) -> PathBuf {
    let film = installed(".cache/films/vtest.avi");
    let (slower, rate) = (format!("setpts=PTS*10/{pace}"), pace.to_string());
    let part = ["-ss", "26", "-t", "12", "-i", film.to_str().expect("plain"), "-vf", &slower, "-r", &rate, "-pix_fmt", "yuv420p"];
    let (name, codec): (&str, &[&str]) = match encoding {
        Encoding::H264 => ("h264", &["-c:v", "libx264", "-preset", "veryfast", "-crf", "29", "-g", "12", "-bf", "0"]),
        Encoding::H265 => {
            let keys = "keyint=12:bframes=0:log-level=none";
            ("h265", &["-c:v", "libx265", "-preset", "ultrafast", "-crf", "29", "-x265-params", keys, "-tag:v", "hvc1"])
        }
    };
    encoded(&format!("street-{pace}fps-{name}.mp4"), &[&part, codec].concat())
}

/// What is compared: events by kind, phase, place and reason of the end, in order; people counted by direction.
#[derive(PartialEq, Debug)]
struct Story {
    events: Vec<[String; 4]>,
    counts: BTreeMap<String, u64>,
}

fn told(event: &Value) -> [String; 4] {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let data = &event["data"];
    [word(&event["type"]), word(&data["kind"]), word(&data["where"]["zoneId"]), word(&data["endReason"])]
}

fn replayed(config: &Path, camera: &str, film: &Path) -> (Story, u64) {
    let (config, film) = (config.to_str().expect("plain"), film.to_str().expect("plain"));
    let ended = run(&["replay", "--config", config, "--camera", camera, "--input", film]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mut lines = ended.json_lines();
    let summary = lines.pop().expect("a summary")["summary"].clone();
    let counts = summary["counts"][format!("garis-{camera}")].as_object().expect("directions").clone();
    let counts = counts.into_iter().map(|(direction, classes)| (direction, classes["person"].as_u64().unwrap_or_default()));
    (Story { events: lines.iter().map(told).collect(), counts: counts.collect() }, summary["frames"].as_u64().expect("a number"))
}

/// What a subscriber heard about one camera.
fn heard(seen: &[Seen], camera: &str) -> Story {
    let mut events: Vec<Value> =
        on(seen, "event/").map(json_of).filter(|event| event["source"].as_str().is_some_and(|s| s.ends_with(camera))).collect();
    events.sort_by_key(|event| event["sequence"].as_str().map(str::to_owned));
    // Delivery is at least once: a repeat has the same id.
    events.dedup_by_key(|event| event["id"].clone());
    let mut counts = BTreeMap::from([("ke-kanan".to_owned(), 0), ("ke-kiri".to_owned(), 0)]);
    let flow = format!("flow/garis-{camera}/1m");
    let reports: BTreeMap<String, Value> = on(seen, &flow)
        .flat_map(|message| json_of(message).as_array().cloned().unwrap_or_default())
        .map(|entity| (entity["id"].as_str().expect("an id").to_owned(), entity))
        .collect();
    for entity in reports.values().filter(|entity| entity["type"] == "CrowdFlowObserved") {
        *counts.entry(entity["directionName"].as_str().expect("a word").to_owned()).or_default() +=
            entity["peopleCount"].as_u64().expect("a number");
    }
    Story { events: events.iter().map(told).collect(), counts }
}

/// One camera of the comparison. Its film is shown once: who comes back is told that there is no stream.
struct Showing {
    id: &'static str,
    film: PathBuf,
    server: CameraServer,
}

impl Showing {
    fn start(id: &'static str, encoding: Encoding, pace: u32) -> Self {
        let film = slow_street(encoding, pace);
        Self { id, server: CameraServer::start(Some(&film), encoding, Auth::Digest), film }
    }

    fn source(&self, transport: &str) -> String {
        let url = self.server.url("/once");
        format!("url = \"{url}\"\ntransport = \"{transport}\"\nuser = \"viewer\"\npassword_file = \"camera-password\"")
    }

    /// Whether the agent has seen the film to its end: it waited for more, came back and was refused. Its figures may be older than that.
    fn is_over(&self, state: &Value) -> bool {
        let camera = self.shown(state);
        camera["state"] == "noSignal" && camera["cause"].as_str().is_some_and(|cause| cause.contains("404"))
    }

    fn shown<'a>(&self, state: &'a Value) -> &'a Value {
        state["cameras"].as_array().expect("cameras").iter().find(|camera| camera["id"] == self.id).expect("it is configured")
    }
}

/// Frames a second at which the film is shown. An agent analyses the newest frame and leaves out the others: on a machine too busy for the first
/// pace the story would be another one, so there is a slower one.
const PACES: [u32; 2] = [4, 2];
/// Of 120: on fewer frames than these the story does not hang.
const MOST_DROPPED: u64 = 12;

/// Four cameras at once: H.264 and H.265, inside the connection and by datagram, all with Digest. What is heard at the broker is what replay
/// prints of the same files, except: times (live ones begin with the connection), measurements and identities.
#[test]
fn a_camera_tells_the_same_story_as_its_film() {
    let [fast, slow] = PACES;
    let shown = show(fast);
    let most_dropped = shown.cameras.iter().map(|camera| camera.dropped).max();
    if most_dropped <= Some(MOST_DROPPED) {
        return shown.compare();
    }
    println!("{most_dropped:?} frames not analysed: too busy for {fast} frames a second, once more at {slow}");
    show(slow).compare();
}

/// All four cameras after their films, and what was heard.
struct Shown {
    config: PathBuf,
    _workshop: Workshop,
    cameras: Vec<Came>,
    seen: Vec<Seen>,
    log: String,
}

/// What came of one camera.
struct Came {
    showing: Showing,
    frames: f64,
    damaged: f64,
    dropped: u64,
}

fn show(pace: u32) -> Shown {
    let broker = Broker::plain();
    let subscriber = Subscriber::to(broker.port);
    let workshop = Workshop::new();
    workshop.secret("camera-password", "test-only");
    let showings = [
        ("h264-tcp", Encoding::H264, "tcp"),
        ("h265-tcp", Encoding::H265, "tcp"),
        ("h264-udp", Encoding::H264, "udp"),
        ("h265-udp", Encoding::H265, "udp"),
    ]
    .map(|(id, encoding, transport)| (Showing::start(id, encoding, pace), transport));
    let mut parts: Vec<String> = showings.iter().map(|(showing, transport)| street(showing.id, &showing.source(transport))).collect();
    parts.push(mqtt(broker.port));
    let config = workshop.config("four.toml", &parts);

    let agent = Program::agent(&config);
    let page = agent.page();
    let all_over = wait_until(3 * PATIENCE, || {
        let state = page.state();
        showings.iter().all(|(showing, _)| showing.is_over(&state))
    });
    assert!(all_over, "the films do not end: {}\n{}", page.state(), agent.log());
    let state = page.state();
    let cameras = showings.into_iter().map(|(showing, _)| Came {
        frames: page.metric("simpang_frames_total", showing.id),
        damaged: page.metric("simpang_frames_damaged_total", showing.id),
        dropped: showing.shown(&state)["droppedFrames"].as_u64().expect("a number"),
        showing,
    });
    let cameras = cameras.collect();
    let ended = agent.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let seen = subscriber.wait(PATIENCE, |seen| says(seen, "stopped"));
    Shown { config, _workshop: workshop, cameras, seen, log: ended.stderr }
}

impl Shown {
    fn compare(&self) {
        for Came { showing, frames, damaged, dropped } in &self.cameras {
            let (expected, all) = replayed(&self.config, showing.id, &showing.film);
            assert!(expected.events.len() >= 2 && expected.counts.values().sum::<u64>() >= 6, "{expected:?}");
            println!("{}: {frames} of {all} frames, {dropped} of them not analysed because a newer one came", showing.id);
            // The first group of pictures may be missed; nothing may be lost on the way, by datagram neither.
            let missing = all as f64 - frames;
            assert!((0.0..=12.0).contains(&missing) && *damaged == 0.0, "{}: {damaged} damaged\n{}", showing.id, self.log);
            assert_eq!(heard(&self.seen, showing.id), expected, "{}: {}", showing.id, self.log);
        }
    }
}

// ---- every message is what is documented ----

/// Twenty-five seconds: enough for every kind of message but the quarter-hourly ones. With `SIMPANG_LONG=1` ten minutes, in which that may come too.
fn run_length() -> Duration {
    let is_long = std::env::var("SIMPANG_LONG").as_deref() == Ok("1");
    Duration::from_secs(if is_long { 600 } else { 25 })
}

fn schema(document: Document) -> Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schemas/{}.json", document.name()));
    validator(&serde_json::from_slice(&std::fs::read(path).expect("part of the repository")).expect("JSON"))
}

#[test]
fn every_message_of_a_run_is_valid_by_the_shipped_schemas() {
    let length = run_length();
    let broker = Broker::plain();
    let subscriber = Subscriber::to(broker.port);
    let workshop = Workshop::new();
    let nobody = format!("url = \"rtsp://127.0.0.1:{}/mati\"", free_port());
    let config = workshop.config("junction.toml", &[junction(), street("mati", &nobody), mqtt(broker.port)]);
    let ended = run_agent(&config, length);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let seen = subscriber.wait(PATIENCE, |seen| says(seen, "stopped"));

    let schemas: BTreeMap<Document, Validator> = Document::ALL.into_iter().map(|document| (document, schema(document))).collect();
    let cloud_events = cloud_events_validator();
    let mut channels = BTreeMap::<&str, u32>::new();
    let mut problems = Vec::new();
    for message in &seen {
        let spec = channel_of(&message.topic).spec();
        *channels.entry(spec.name).or_default() += 1;
        if message.payload.is_empty() {
            assert_eq!(spec.name, Channel::Active.spec().name, "only an ended event empties its topic");
            continue;
        }
        assert_eq!(message.content_type.as_deref(), Some(spec.content_type), "{}", message.topic);
        let value = json_of(message);
        let mut check = |schema: &Validator, value: &Value| {
            problems.extend(schema.iter_errors(value).map(|error| format!("{} {}: {error}", message.topic, error.instance_path())));
        };
        check(&schemas[&spec.document], &value);
        if spec.document == Document::Event {
            check(&cloud_events, &value);
            check(&schemas[&Document::EventData], &value["data"]);
        }
    }
    println!("{} messages: {channels:?}", seen.len());
    assert!(problems.is_empty(), "{} problems, the first: {:#?}", problems.len(), &problems[..problems.len().min(5)]);
    let is_quarterly = |channel| matches!(channel, Channel::FlowQuarter | Channel::ApproachQuarter | Channel::Movements);
    let expected = Channel::ALL.into_iter().filter(|&channel| !is_quarterly(channel)).map(|channel| channel.spec().name);
    let heard: BTreeSet<&str> = channels.into_keys().collect();
    let silent: Vec<&str> = expected.filter(|name| !heard.contains(name)).collect();
    assert!(silent.is_empty(), "nothing was heard on {silent:?}");
    let kinds: BTreeSet<String> = on(&seen, "event/").map(|message| told(&json_of(message))[0].clone()).collect();
    assert!(kinds.len() >= 4, "a run with little to say proves little: {kinds:?}");
}

// ---- life and death ----

/// What the broker keeps about the box for who comes late.
fn kept(port: u16) -> Vec<Seen> {
    let late = Subscriber::to(port);
    let seen = late.wait(PATIENCE, |seen| on(seen, "status").any(|message| message.retained));
    seen.into_iter().filter(|message| message.retained).collect()
}

#[test]
fn a_box_that_is_stopped_says_so_and_leaves_nothing_open() {
    let broker = Broker::plain();
    let workshop = Workshop::new();
    let config = workshop.config("box.toml", &[junction(), mqtt(broker.port)]);
    let subscriber = Subscriber::to(broker.port);
    let agent = Program::agent(&config);
    let seen = subscriber.wait(PATIENCE, |seen| on(seen, "active/").next().is_some());
    assert!(says(&seen, "online"), "{seen:?}");
    let ended = agent.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    subscriber.wait(PATIENCE, |seen| says(seen, "stopped"));
    drop(subscriber);
    let kept = kept(broker.port);
    assert!(says(&kept, "stopped"), "{kept:?}");
    assert_eq!(on(&kept, "active/").count(), 0, "events that were open have ended");
}

/// systemd stops a unit whenever it is told to, also in the first milliseconds.
#[test]
fn a_box_that_is_stopped_while_it_starts_ends_in_order() {
    let workshop = Workshop::new();
    let config = workshop.config("box.toml", &[junction()]);
    let agent = Program::agent(&config);
    agent.page();
    let ended = agent.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn a_box_that_is_killed_is_called_offline_and_ends_after_a_long_outage_what_it_had_left_open() {
    let broker = Broker::plain();
    let workshop = Workshop::new();
    // What is still so would go on (`restart.rs`); here the outage counts as too long for that.
    let never = "[restart]\nresume_within = \"0s\"\n\n".to_owned();
    let config = workshop.config("box.toml", &[junction(), mqtt(broker.port), never]);
    let subscriber = Subscriber::to(broker.port);
    let agent = Program::agent(&config);
    let is_new = |message: &Seen| json_of(message)["type"].as_str().is_some_and(|kind| kind.contains(".new."));
    subscriber.wait(PATIENCE, |seen| on(seen, "event/").any(is_new));
    agent.signal("KILL");
    assert_eq!(agent.ended().code, None);
    let before = subscriber.wait(PATIENCE, |seen| says(seen, "offline"));
    assert!(says(&before, "offline"), "the broker publishes the will");
    // Counted after the kill: this is all that was heard before the return.
    let mut open = BTreeSet::new();
    for event in on(&before, "event/").map(json_of) {
        let id = event["subject"].as_str().expect("an id").to_owned();
        if told(&event)[0].contains(".end.") {
            open.remove(&id)
        } else {
            open.insert(id)
        };
    }
    assert!(!open.is_empty(), "something was open");

    let agent = Program::agent(&config);
    let ends = |seen: &[Seen]| {
        let ends = on(seen, "event/").map(json_of).filter(|event| event["data"]["endReason"] == "cameraLost");
        ends.map(|event| event["subject"].as_str().expect("an id").to_owned()).collect::<BTreeSet<_>>()
    };
    let after = subscriber.wait(PATIENCE, |seen| open.is_subset(&ends(seen)));
    assert!(open.is_subset(&ends(&after)), "{open:?} but {:?}", ends(&after));
    assert_eq!(agent.stop().code, Some(0));
}

// ---- one bad camera, and secrets ----

#[test]
fn a_dead_camera_is_reported_and_stops_nobody_and_no_password_is_ever_shown() {
    const CANARY: &str = "kenari-42-rahasia";
    let broker = Broker::plain();
    let subscriber = Subscriber::to(broker.port);
    let workshop = Workshop::new();
    workshop.secret("camera-password", CANARY);
    let strict = CameraServer::start(None, Encoding::H264, Auth::Digest);
    let secret = "user = \"viewer\"\npassword_file = \"camera-password\"";
    let refused = street("mati", &format!("url = \"rtsp://127.0.0.1:{}/utama\"\n{secret}", free_port()));
    let wrong = street("salah", &format!("url = \"{}\"\n{secret}", strict.url("/live")));
    let config = workshop.config("box.toml", &[junction(), refused, wrong, mqtt(broker.port)]);

    let mut agent = Program::agent(&config);
    let page = agent.page();
    let state_of = |seen: &[Seen], camera: &str| on(seen, &format!("cam/{camera}/state")).map(json_of).last();
    let seen = subscriber.wait(PATIENCE, |seen| {
        ["mati", "salah", "simulasi"].iter().all(|camera| state_of(seen, camera).is_some()) && on(seen, "event/").next().is_some()
    });
    let said = |camera: &str| state_of(&seen, camera).map(|state| [state["state"].clone(), state["reason"].clone()]);
    assert_eq!(said("mati"), Some([json!("no_signal"), json!("connection refused")]));
    assert_eq!(said("salah"), Some([json!("no_signal"), json!("it refuses user or password (401)")]));
    assert_eq!(said("simulasi").map(|[state, _]| state), Some(json!("ok")));
    assert!(on(&seen, "event/").next().is_some(), "the other camera works");
    assert!(on(&seen, "status").any(|message| json_of(message)["state"] == "degraded"), "{seen:?}");
    assert!(agent.is_running());

    let mut shown = String::new();
    for path in ["/", "/api/state", "/metrics", "/healthz", "/api/cameras/mati/picture.jpg", "/no/such/page"] {
        let answer = page.get(path);
        shown += &(answer.headers.clone() + &answer.text());
    }
    assert!(shown.contains("connection refused") && shown.contains("it refuses user or password (401)"), "{shown}");
    assert_eq!(page.get("/healthz").status, 200, "one camera of three works");
    let ended = agent.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let seen = subscriber.wait(PATIENCE, |seen| says(seen, "stopped"));
    let published: String =
        seen.iter().map(|message| format!("{} {}\n", message.topic, String::from_utf8_lossy(&message.payload))).collect();
    for (what, text) in [("page", shown), ("log", ended.stderr), ("output", ended.stdout), ("broker", published)] {
        assert!(!text.contains(CANARY), "the password is on the {what}: {text}");
    }
}

/// The broker is away: the box works on, says so once, and delivers everything when it comes.
#[test]
fn a_broker_that_refuses_is_waited_for() {
    let port = free_port();
    let workshop = Workshop::new();
    let config = workshop.config("box.toml", &[junction(), mqtt(port)]);
    let mut agent = Program::agent(&config);
    let page = agent.page();
    agent.logs(&format!("broker 127.0.0.1:{port}: connection refused, trying again in "));
    let waits = wait_until(PATIENCE, || page.state()["delivery"]["depth"].as_u64().is_some_and(|depth| depth > 2));
    assert!(waits && agent.is_running(), "{}", page.state());
    let delivery = page.state()["delivery"].clone();
    assert_eq!(
        (&delivery["connected"], &delivery["cause"], &delivery["dropped"]),
        (&json!(false), &json!("connection refused"), &json!(0))
    );
    let ended = agent.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("connection refused").count(), 1, "said once: {}", ended.stderr);

    // A broker at last: what was accepted while there was none is delivered by the next start.
    let broker = Broker::plain();
    let subscriber = Subscriber::to(broker.port);
    let text =
        std::fs::read_to_string(&config).expect("just written").replace(&format!("port = {port}"), &format!("port = {}", broker.port));
    let agent = Program::agent(&workshop.write("again.toml", text));
    let seen = subscriber.wait(PATIENCE, |seen| on(seen, "event/").next().is_some());
    let first = on(&seen, "event/").next().map(json_of).expect("an event");
    assert_eq!(first["sequence"], "0000000001", "from the beginning: {first}");
    assert_eq!(agent.stop().code, Some(0));
}

// ---- a camera that goes, a film that ends too soon ----

/// Nobody waits for a camera to come back before being told that nobody sees any more. Half a minute of waiting: in the long form only.
#[test]
fn an_event_ends_while_its_camera_is_away() {
    if std::env::var_os("SIMPANG_LONG_TESTS").is_none() {
        println!("NOT RUN: takes a minute; set SIMPANG_LONG_TESTS=1");
        return;
    }
    let broker = Broker::plain();
    let subscriber = Subscriber::to(broker.port);
    let workshop = Workshop::new();
    let server = CameraServer::start(Some(&slow_street(Encoding::H264, PACES[0])), Encoding::H264, Auth::Open);
    let source = format!("url = \"{}\"", server.url("/film"));
    let config = workshop.config("away.toml", &[street("pergi", &source), mqtt(broker.port)]);
    let agent = Program::agent(&config);
    let begun = |seen: &[Seen]| on(seen, "event/").any(|message| told(&json_of(message))[0].contains(".new."));
    assert!(begun(&subscriber.wait(PATIENCE, begun)), "a crowd: {}", agent.log());
    drop(server);
    let lost = |seen: &[Seen]| on(seen, "event/").map(json_of).find(|event| event["data"]["endReason"] == "cameraLost");
    let seen = subscriber.wait(PATIENCE, |seen| lost(seen).is_some());
    let end = lost(&seen).expect("it ended while nobody was there");
    let first = on(&seen, "event/").map(json_of).find(|event| told(event)[0].contains(".new.")).expect("seen above");
    assert_eq!(end["subject"], first["subject"]);
    assert_eq!(agent.stop().code, Some(0));
}

#[test]
fn why_a_film_ended_too_soon_is_on_the_log_the_page_and_in_its_health() {
    let workshop = Workshop::new();
    let source = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=3", "-pix_fmt", "yuv420p"];
    let whole = encoded("cut-off.mp4", &[&source[..], &["-c:v", "libx264", "-g", "5", "-movflags", "+faststart"]].concat());
    let whole = std::fs::read(whole).expect("just encoded");
    let film = workshop.write("cut.mp4", &whole[..whole.len() * 2 / 3]);
    let config = workshop.config("cut.toml", &[street("potong", &format!("film = \"{}\"", film.display()))]);
    let agent = Program::agent(&config);
    let page = agent.page();
    let said = agent.logs("camera `potong`: ");
    assert!(said.contains("is cut off: ") && said.contains("copy the file again"), "{said}");
    let shown = || page.state()["cameras"][0].clone();
    assert!(wait_until(PATIENCE, || shown()["state"] == "ended"), "{}", shown());
    assert!(shown()["cause"].as_str().is_some_and(|cause| cause.contains("is cut off: ")), "{}", shown());
    let health = page.get("/healthz");
    assert_eq!(health.status, 503, "the only camera shows nothing any more");
    assert!(health.text().starts_with("potong: ended: ") && health.text().contains("is cut off: "), "{}", health.text());
    assert_eq!(agent.stop().code, Some(0));
}
