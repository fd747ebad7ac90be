//! Nothing that was accepted is lost: real Mosquitto, real kills, real disks that fill up.
//!
//! Set `SIMPANG_LONG_TESTS=1` for the long form: 60 s outage, 50 kills of the sender, 20 deaths of the broker.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use simpang::base::id::Slug;
use simpang::base::time::{Clock, SystemClock, WallTime, thread_cpu};
use simpang::config::settings::{ClientCertificate, Credentials, MqttSettings, MqttVersion, OutboxSettings, Secret, TlsSettings};
use simpang::event::{
    Envelope, Event, EventId, EventScope, Importance, Kind, Measurement, Phase, Qos, RuleText, Severity, ZoneKind, ZoneRef,
};
use simpang::outbox::{Cause, Connection, JsonLines, Mqtt, Outbox, Outgoing, Parts, Presence, Render, Transport};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::broker::{Broker, BrokerOptions, BrokerTls, Certificates, Seen, Subscriber, free_port, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);

/// The long form of a test takes minutes and is for releases.
fn long() -> bool {
    std::env::var_os("SIMPANG_LONG_TESTS").is_some()
}

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

pub(crate) fn event(camera: &str, number: u64) -> Event {
    let at = WallTime::from_micros(1_700_000_000_000_000 + number as i64 * 1000);
    let scope = EventScope { source: "/test".into(), camera: slug(camera), rule: slug("rule") };
    Event {
        id: EventId::derive(&scope, Kind::Queuing, &number.to_string(), at),
        revision: 1,
        phase: Phase::New,
        kind: Kind::Queuing,
        camera: slug(camera),
        zone: ZoneRef { id: slug("north"), name: "Utara".into(), kind: ZoneKind::Approach },
        started: at,
        detected: at,
        updated: at,
        ended: None,
        severity: Severity::Medium,
        confidence: 0.9,
        measurement: Measurement::default(),
        involved: Vec::new(),
        why: Vec::new(),
        rule: RuleText { id: "rule.v1".into(), enter: String::new(), exit: String::new() },
    }
}

fn envelope(topic: &str, payload: impl Into<Vec<u8>>) -> Envelope {
    Envelope {
        topic: topic.into(),
        payload: payload.into(),
        retain: false,
        qos: Qos::AtLeastOnce,
        expires_after: Some(Duration::from_secs(86_400)),
        content_type: "application/cloudevents+json; charset=utf-8".into(),
        importance: Importance::Event,
    }
}

/// As large as a real message.
fn render() -> Render {
    Box::new(|outgoing, sequence, _| {
        let Outgoing::Event(event) = outgoing else { return Vec::new() };
        let payload = format!("{{\"id\":\"{}\",\"sequence\":{sequence},\"pad\":\"{}\"}}", event.id, "x".repeat(2500));
        vec![envelope(&format!("t/{}/event", event.camera), payload)]
    })
}

fn presence() -> Presence {
    let state = |state: &str| Envelope { retain: true, expires_after: None, ..envelope("t/status", state) };
    Presence { birth: Box::new(move || state("online")), will: state("offline"), goodbye: Box::new(move || state("stopped")) }
}

pub(crate) fn mqtt(port: u16, version: MqttVersion) -> MqttSettings {
    MqttSettings {
        host: "127.0.0.1".into(),
        port,
        version,
        tls: None,
        credentials: None,
        root: "t".into(),
        client_id: "edge-01".into(),
        keep_alive: Duration::from_secs(2),
    }
}

fn disk(directory: &Path) -> OutboxSettings {
    OutboxSettings { directory: directory.to_owned(), max_bytes: 512 << 20, keep_history: Duration::from_secs(3600) }
}

fn temp_dir() -> TempDir {
    TempDir::new().expect("temp dir")
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime")
}

fn start_with(directory: &Path, transport: Box<dyn Transport>, runtime: &Runtime) -> Outbox {
    let parts = Parts { transport, render: render(), clock: Arc::new(SystemClock::new()), runtime: runtime.handle().clone() };
    Outbox::start(&disk(directory), parts).expect("starts")
}

pub(crate) fn start(directory: &Path, settings: MqttSettings, runtime: &Runtime) -> Outbox {
    start_with(directory, Box::new(Mqtt::new(settings, presence(), 1)), runtime)
}

/// Camera → sequence number → how often it was seen; in the order of first sight.
fn sequences(seen: &[Seen]) -> BTreeMap<String, Vec<u64>> {
    let mut all: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for message in seen.iter().filter(|message| message.topic.ends_with("/event")) {
        let payload: serde_json::Value = serde_json::from_slice(&message.payload).expect("ours");
        all.entry(message.topic.clone()).or_default().push(payload["sequence"].as_u64().expect("ours"));
    }
    all
}

fn different(seen: &[Seen]) -> usize {
    sequences(seen).values().map(|numbers| numbers.iter().collect::<BTreeSet<_>>().len()).sum()
}

/// Waits for `expected` different events of camera `north`; says what was lost, seen twice and overtaken.
fn assert_all_arrive(what: &str, subscriber: &Subscriber, expected: u64) {
    let seen = subscriber.wait(PATIENCE, |seen| different(seen) as u64 >= expected);
    let numbers = sequences(&seen).remove("t/north/event").unwrap_or_default();
    let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
    let lost: Vec<u64> = (1..=expected).filter(|number| !distinct.contains(number)).collect();
    println!("{what}: accepted {expected}, seen {}, lost {}, duplicates {}", distinct.len(), lost.len(), numbers.len() - distinct.len());
    assert!(lost.is_empty(), "{what}: lost {lost:?}");
    let mut known = BTreeSet::new();
    let firsts: Vec<u64> = numbers.into_iter().filter(|&number| known.insert(number)).collect();
    assert!(firsts.is_sorted(), "{what}: order kept at first sight");
}

/// Accepts events at about 100 a second until `stop` says so; returns how many were accepted durably.
fn produce(outbox: &Outbox, from: u64, stop: &Receiver<()>) -> u64 {
    let mut number = from;
    loop {
        outbox.accept_with_receipt(event("north", number)).expect("accepted").wait(PATIENCE).expect("durable in time");
        number += 1;
        if !matches!(stop.recv_timeout(Duration::from_millis(10)), Err(RecvTimeoutError::Timeout)) {
            return number - from;
        }
    }
}

/// Runs `fault` while events are accepted; returns how many were.
fn produce_during(outbox: &Outbox, fault: impl FnOnce()) -> u64 {
    std::thread::scope(|scope| {
        let (stop, stopped) = channel();
        let producer = scope.spawn(move || produce(outbox, 0, &stopped));
        fault();
        drop(stop);
        producer.join().expect("producer")
    })
}

fn pause(time: Duration) {
    wait_until(time, || false);
}

fn connected(outbox: &Outbox) -> bool {
    outbox.status().connection == Connection::Up
}

fn wait_connected(outbox: &Outbox) {
    assert!(wait_until(PATIENCE, || connected(outbox)), "{:?}", outbox.status());
}

#[test]
fn events_accepted_while_the_broker_is_stopped_arrive_when_it_is_back() {
    let outage = Duration::from_secs(if long() { 60 } else { 3 });
    for version in [MqttVersion::V5, MqttVersion::V3] {
        let (mut broker, dir, runtime) = (Broker::persistent(), temp_dir(), runtime());
        let subscriber = Subscriber::to(broker.port);
        let outbox = start(dir.path(), mqtt(broker.port, version), &runtime);
        wait_connected(&outbox);
        let accepted = produce_during(&outbox, || {
            pause(Duration::from_millis(300));
            broker.stop();
            pause(outage);
            broker.restart();
            pause(Duration::from_millis(300));
        });
        // The pause before the next attempt has grown meanwhile; how long it all takes is said.
        let (clock, mut back) = (SystemClock::new(), Duration::ZERO);
        let all = wait_until(PATIENCE, || {
            if back.is_zero() && connected(&outbox) {
                back = clock.monotonic();
            }
            outbox.status().depth == 0
        });
        println!("connected {back:?} after the broker was back, everything delivered {:?} after it", clock.monotonic());
        assert!(all, "{:?}", outbox.status());
        assert_all_arrive(&format!("broker stopped for {outage:?}, {version:?}"), &subscriber, accepted);
        let status = outbox.stop(PATIENCE);
        assert_eq!((status.depth, status.accepted, status.dropped_events, status.refused), (0, accepted, 0, 0));
    }
}

/// Forwards connections to `to` while it is open, so that a test decides when the box may reach the broker.
struct Gate {
    port: u16,
    open: tokio::sync::watch::Sender<bool>,
}

impl Gate {
    fn to(to: u16, runtime: &Runtime) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback");
        let port = listener.local_addr().expect("bound").port();
        listener.set_nonblocking(true).expect("socket");
        let (open, is_open) = tokio::sync::watch::channel(true);
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("socket");
            while let Ok((mut client, _)) = listener.accept().await {
                let mut is_open = is_open.clone();
                tokio::spawn(async move {
                    if !*is_open.borrow() {
                        return;
                    }
                    let Ok(mut server) = tokio::net::TcpStream::connect(("127.0.0.1", to)).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = is_open.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self { port, open }
    }

    fn set(&self, open: bool) {
        self.open.send_replace(open);
    }
}

#[test]
fn a_broker_killed_and_restarted_without_its_database_costs_no_event() {
    let deaths = if long() { 20 } else { 3 };
    let (mut broker, dir, runtime) = (Broker::plain(), temp_dir(), runtime());
    let gate = Gate::to(broker.port, &runtime);
    let subscriber = Subscriber::to(broker.port);
    let outbox = start(dir.path(), mqtt(gate.port, MqttVersion::V5), &runtime);
    wait_connected(&outbox);
    let accepted = produce_during(&outbox, || {
        for death in 1..=deaths {
            pause(Duration::from_millis(400));
            // Frozen first, so that messages are under way when it dies: this is what makes the bare client lose them.
            broker.freeze();
            pause(Duration::from_millis(300));
            gate.set(false);
            broker.kill();
            broker.lose_database();
            broker.restart();
            // A broker that forgot its subscribers acknowledges into the void; that is not the box's loss.
            subscriber.wait_for_subscriptions(1 + death);
            gate.set(true);
            wait_connected(&outbox);
        }
        pause(Duration::from_millis(300));
    });
    assert_all_arrive(&format!("{deaths} broker deaths without database"), &subscriber, accepted);
    outbox.stop(PATIENCE);
}

#[test]
fn a_broker_that_freezes_is_noticed_and_costs_no_event() {
    let (broker, dir, runtime) = (Broker::persistent(), temp_dir(), runtime());
    let subscriber = Subscriber::to(broker.port);
    let outbox = start(dir.path(), mqtt(broker.port, MqttVersion::V5), &runtime);
    wait_connected(&outbox);
    let mut noticed = false;
    let accepted = produce_during(&outbox, || {
        pause(Duration::from_millis(300));
        broker.freeze();
        noticed = wait_until(Duration::from_secs(10), || !connected(&outbox));
        pause(Duration::from_secs(2));
        broker.thaw();
        wait_connected(&outbox);
    });
    assert!(noticed, "nothing is acknowledged: the connection is given up");
    assert_all_arrive("broker frozen", &subscriber, accepted);
    outbox.stop(PATIENCE);
}

/// The process that the kill test kills: accepts events for ever and prints each number once it is durable.
#[test]
#[ignore = "not a test: the process that `a_sender_killed_at_any_instant_loses_no_durable_event` starts and kills"]
fn sender_process() {
    let settings = std::env::var("SIMPANG_TEST_SENDER").expect("started by the kill test");
    let (port, directory) = settings.split_once(':').expect("port:directory");
    let runtime = runtime();
    let outbox = start(Path::new(directory), mqtt(port.parse().expect("port"), MqttVersion::V5), &runtime);
    let mut out = std::io::stdout().lock();
    let first = u64::from(std::process::id()) * 1_000_000;
    for number in first.. {
        let sequence = outbox.accept_with_receipt(event("north", number)).expect("accepted").wait(PATIENCE).expect("durable");
        writeln!(out, "durable {sequence}").and_then(|()| out.flush()).expect("parent reads");
    }
}

fn spawn_sender(port: u16, directory: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "delivery::sender_process", "--ignored", "--nocapture"])
        .env("SIMPANG_TEST_SENDER", format!("{port}:{}", directory.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs itself")
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same kills in every run.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[test]
fn a_sender_killed_at_any_instant_loses_no_durable_event() {
    let kills = if long() { 50 } else { 10 };
    let (broker, dir, mut state) = (Broker::persistent(), temp_dir(), 42);
    let subscriber = Subscriber::to(broker.port);
    let mut durable = 0;
    for _ in 0..kills {
        let mut sender = spawn_sender(broker.port, dir.path());
        let stdout = sender.stdout.take().expect("piped");
        let reader = std::thread::spawn(move || {
            let numbers = BufReader::new(stdout).lines().map_while(Result::ok);
            numbers.filter_map(|line| line.strip_prefix("durable ")?.parse::<u64>().ok()).max()
        });
        pause(Duration::from_millis(random(&mut state) % 500));
        sender.kill().expect("own child");
        sender.wait().expect("own child");
        durable = durable.max(reader.join().expect("reader").unwrap_or(0));
    }
    assert!(durable > 10, "the kills leave something to check: {durable}");
    let runtime = runtime();
    let outbox = start(dir.path(), mqtt(broker.port, MqttVersion::V5), &runtime);
    assert!(wait_until(PATIENCE, || outbox.status().depth == 0), "{:?}", outbox.status());
    let open = outbox.left_open().len();
    outbox.stop(PATIENCE);
    // What is in the store and was not confirmed to the killed process arrives too: gaps are counted up to the last number seen.
    let seen = subscriber.wait(PATIENCE, |seen| different(seen) as u64 >= durable);
    let last = sequences(&seen).remove("t/north/event").and_then(|numbers| numbers.into_iter().max()).unwrap_or(0);
    assert!(last >= durable, "{last} of {durable}");
    assert_eq!(open as u64, different(&seen) as u64, "every event of these never ended, and that is known");
    assert_all_arrive(&format!("{kills} kills of the sender"), &subscriber, last);
    let ids: BTreeSet<Vec<u8>> = seen.iter().filter(|one| one.topic.ends_with("/event")).map(|one| one.payload.clone()).collect();
    assert_eq!(ids.len(), different(&seen), "a duplicate is the same bytes under the same id");
}

#[test]
fn a_subscriber_knows_whether_the_box_is_there() {
    let (broker, dir, runtime) = (Broker::plain(), temp_dir(), runtime());
    let subscriber = Subscriber::to(broker.port);
    let states = |seen: &[Seen]| -> Vec<String> {
        let status = seen.iter().filter(|one| one.topic == "t/status");
        status.map(|one| String::from_utf8_lossy(&one.payload).into_owned()).collect()
    };
    let outbox = start(dir.path(), mqtt(broker.port, MqttVersion::V5), &runtime);
    wait_connected(&outbox);
    outbox.stop(PATIENCE);
    let seen = subscriber.wait(PATIENCE, |seen| states(seen).len() >= 2);
    assert_eq!(states(&seen), ["online", "stopped"], "stopped in order: no last will");
    let late = Subscriber::to(broker.port);
    let seen = late.wait(PATIENCE, |seen| !states(seen).is_empty());
    assert!(seen[0].retained && states(&seen) == ["stopped"], "{seen:?}");
    // 3.1.1 knows no will delay: the vanished box is announced at once.
    let mut sender = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "delivery::sender_process", "--ignored", "--nocapture"])
        .env("SIMPANG_TEST_SENDER", format!("{}:{}", broker.port, dir.path().display()))
        .stdout(Stdio::null())
        .spawn()
        .expect("runs itself");
    let subscriber = late;
    subscriber.wait(PATIENCE, |seen| states(seen).contains(&"online".to_owned()));
    sender.kill().expect("own child");
    sender.wait().expect("own child");
    let seen = subscriber.wait(Duration::from_secs(25), |seen| states(seen).contains(&"offline".to_owned()));
    assert_eq!(states(&seen).last().map(String::as_str), Some("offline"), "vanished: the broker says so 15 s later");
}

#[test]
fn messages_carry_content_type_and_expiry() {
    let (broker, dir, runtime) = (Broker::plain(), temp_dir(), runtime());
    let subscriber = Subscriber::to(broker.port);
    let outbox = start(dir.path(), mqtt(broker.port, MqttVersion::V5), &runtime);
    outbox.accept(event("north", 1)).expect("accepted");
    let seen = subscriber.wait(PATIENCE, |seen| different(seen) == 1);
    let message = seen.iter().find(|one| one.topic == "t/north/event").expect("arrived");
    assert_eq!(message.content_type.as_deref(), Some("application/cloudevents+json; charset=utf-8"));
    assert!(message.expiry.is_some_and(|secs| (86_000..=86_400).contains(&secs)), "{:?}", message.expiry);
    outbox.stop(PATIENCE);
}

#[test]
fn the_latest_state_is_told_again_to_a_broker_that_forgot_it() {
    let (mut broker, dir, runtime) = (Broker::plain(), temp_dir(), runtime());
    let outbox = start(dir.path(), mqtt(broker.port, MqttVersion::V5), &runtime);
    let state = |text: &str| Envelope { retain: true, ..envelope("t/cam/north/state", text) };
    outbox.set_latest(state("dark"));
    outbox.set_latest(state("ok"));
    outbox.set_latest(Envelope { qos: Qos::AtMostOnce, ..envelope("t/health", "{}") });
    wait_connected(&outbox);
    let told = |port: u16| {
        let seen = Subscriber::to(port).wait(PATIENCE, |seen| seen.iter().any(|one| one.topic == "t/cam/north/state"));
        seen.iter().filter(|one| one.topic == "t/cam/north/state").map(|one| String::from_utf8_lossy(&one.payload).into_owned()).next_back()
    };
    assert_eq!(told(broker.port).as_deref(), Some("ok"));
    broker.kill();
    assert!(wait_until(PATIENCE, || !connected(&outbox)));
    broker.restart();
    wait_connected(&outbox);
    assert_eq!(told(broker.port).as_deref(), Some("ok"));
    outbox.stop(PATIENCE);
}

/// A render whose events go to a topic, or have a size, that the broker refuses every third time.
fn render_with_poison(poison: impl Fn(u64) -> Envelope + Send + 'static) -> Render {
    let good = render();
    Box::new(move |outgoing, sequence, now| if sequence % 3 == 0 { vec![poison(sequence)] } else { good(outgoing, sequence, now) })
}

fn assert_poison_is_put_aside(options: &BrokerOptions, poison: impl Fn(u64) -> Envelope + Send + 'static) {
    let (broker, dir, runtime) = (Broker::start(options), temp_dir(), runtime());
    let subscriber = Subscriber::to(broker.port);
    let transport = Box::new(Mqtt::new(mqtt(broker.port, MqttVersion::V5), presence(), 1));
    let clock = Arc::new(SystemClock::new());
    let parts = Parts { transport, render: render_with_poison(poison), clock, runtime: runtime.handle().clone() };
    let outbox = Outbox::start(&disk(dir.path()), parts).expect("starts");
    for number in 0..9 {
        outbox.accept(event("north", number)).expect("accepted");
    }
    assert!(wait_until(PATIENCE, || outbox.status().refused == 3), "the queue moves on: {:?}", outbox.status());
    let seen = subscriber.wait(PATIENCE, |seen| different(seen) >= 6);
    assert!(wait_until(PATIENCE, || outbox.status().depth == 0), "{:?}", outbox.status());
    let numbers = sequences(&seen).remove("t/north/event").expect("arrived");
    assert_eq!(numbers.into_iter().collect::<BTreeSet<_>>(), [1, 2, 4, 5, 7, 8].into(), "the others arrive");
    let status = outbox.stop(PATIENCE);
    assert_eq!((status.refused, status.delivered), (3, 6), "counted");
}

#[test]
fn a_message_the_broker_does_not_allow_is_put_aside_after_three_tries() {
    let access = "topic readwrite #\ntopic deny secret/#\n".to_owned();
    let options = BrokerOptions { access: Some(access), ..BrokerOptions::default() };
    assert_poison_is_put_aside(&options, |sequence| envelope("secret/place", sequence.to_string()));
}

#[test]
fn a_message_too_large_for_the_broker_is_put_aside() {
    let options = BrokerOptions { extra: "max_packet_size 5000\n".into(), ..BrokerOptions::default() };
    assert_poison_is_put_aside(&options, |_| envelope("t/large", vec![b'x'; 6000]));
}

#[test]
fn a_message_over_the_brokers_payload_limit_is_put_aside_although_the_broker_only_hangs_up() {
    let options = BrokerOptions { extra: "message_size_limit 4000\n".into(), ..BrokerOptions::default() };
    assert_poison_is_put_aside(&options, |_| envelope("t/large", vec![b'x'; 6000]));
}

/// The cause that an outbox with these settings ends up with.
fn cause_of(settings: MqttSettings) -> Cause {
    let (dir, runtime) = (temp_dir(), runtime());
    let outbox = start(dir.path(), settings, &runtime);
    let mut cause = Cause::Starting;
    wait_until(PATIENCE, || match outbox.status().connection {
        Connection::Down(Cause::Starting) => false,
        Connection::Down(other) => {
            cause = other;
            true
        }
        Connection::Up => panic!("it must not connect"),
    });
    outbox.stop(Duration::ZERO);
    cause
}

#[test]
fn nobody_listening_is_said_in_so_many_words() {
    let cause = cause_of(mqtt(free_port(), MqttVersion::V5));
    assert_eq!(cause.to_string(), "connection refused");
    assert_eq!(cause.hint(), "is the broker running, and is `mqtt.port` right");
}

#[test]
fn an_unknown_host_is_said_in_so_many_words() {
    let settings = MqttSettings { host: "no-such-broker.invalid".into(), ..mqtt(1883, MqttVersion::V5) };
    assert_eq!(cause_of(settings).to_string(), "host name not known");
}

#[test]
fn a_listener_that_never_answers_is_given_up() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("loopback");
    let settings = mqtt(silent.local_addr().expect("bound").port(), MqttVersion::V3);
    assert_eq!(cause_of(settings).to_string(), "no answer in time");
}

#[test]
fn a_wrong_password_is_said_in_so_many_words_and_the_right_one_connects() {
    let broker = Broker::start(&BrokerOptions { password: Some(("edge", "right")), ..BrokerOptions::default() });
    for version in [MqttVersion::V3, MqttVersion::V5] {
        let with = |password: &str| {
            let credentials = Some(Credentials { user: "edge".into(), password: Secret::new(password.into()) });
            MqttSettings { credentials, ..mqtt(broker.port, version) }
        };
        let cause = cause_of(with("wrong"));
        assert_eq!(cause.to_string(), "the broker does not let this user in", "{version:?}");
        assert!(cause.hint().contains("user and password"));
        assert!(!format!("{:?}", with("wrong")).contains("wrong"), "no password in a log");
        let (dir, runtime) = (temp_dir(), runtime());
        let outbox = start(dir.path(), with("right"), &runtime);
        wait_connected(&outbox);
        outbox.stop(PATIENCE);
    }
}

#[test]
fn two_boxes_with_one_client_id_are_told_so() {
    let (broker, runtime) = (Broker::plain(), runtime());
    let (one, two) = (temp_dir(), temp_dir());
    let first = start(one.path(), mqtt(broker.port, MqttVersion::V5), &runtime);
    wait_connected(&first);
    let second = start(two.path(), mqtt(broker.port, MqttVersion::V5), &runtime);
    let told = |outbox: &Outbox| matches!(outbox.status().connection, Connection::Down(Cause::TakenOver | Cause::ClosedAgain));
    assert!(wait_until(PATIENCE, || told(&first)), "{:?}", first.status());
    assert!(Cause::ClosedAgain.hint().starts_with("two boxes may have the same `mqtt.client_id`"));
    second.stop(Duration::ZERO);
    first.stop(Duration::ZERO);
}

fn tls_broker(certificates: &Certificates, require_certificate: bool) -> Broker {
    let tls = Some(BrokerTls { certificates: certificates.directory(), require_certificate });
    Broker::start(&BrokerOptions { tls, ..BrokerOptions::default() })
}

#[test]
fn a_broker_with_a_certificate_of_the_right_authority_is_trusted_and_no_other() {
    let certificates = Certificates::make();
    let broker = tls_broker(&certificates, false);
    for version in [MqttVersion::V3, MqttVersion::V5] {
        let with = |host: &str, ca: &str| {
            let tls = Some(TlsSettings { ca: certificates.path(ca), client: None });
            MqttSettings { host: host.into(), tls, ..mqtt(broker.port, version) }
        };
        let (dir, runtime) = (temp_dir(), runtime());
        let outbox = start(dir.path(), with("127.0.0.1", "ca.pem"), &runtime);
        outbox.accept(event("north", 1)).expect("accepted");
        assert!(wait_until(PATIENCE, || outbox.status().delivered == 1), "{:?}", outbox.status());
        outbox.stop(PATIENCE);
        let untrusted = cause_of(with("127.0.0.1", "other-ca.pem"));
        assert_eq!(untrusted.to_string(), "the broker's certificate is not signed by a trusted authority");
        let other_name = cause_of(with("127.0.0.2", "ca.pem"));
        assert!(matches!(other_name, Cause::Refused | Cause::WrongHost), "{other_name:?}");
        let missing = cause_of(with("127.0.0.1", "no-such-file.pem"));
        assert!(matches!(&missing, Cause::CertificateFile(what) if what.contains("no-such-file.pem")), "{missing:?}");
        let empty = cause_of(with("127.0.0.1", "server.key"));
        assert!(matches!(&empty, Cause::CertificateFile(what) if what.contains("no certificate in it")), "{empty:?}");
    }
}

#[test]
fn a_certificate_for_another_host_name_is_refused() {
    let certificates = Certificates::make();
    let broker = tls_broker(&certificates, false);
    let runtime = runtime();
    // The same broker by an address that its certificate does not name.
    let host = "127.0.0.3";
    let listener = TcpListener::bind((host, 0)).expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    listener.set_nonblocking(true).expect("socket");
    let to = broker.port;
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("socket");
        while let Ok((mut client, _)) = listener.accept().await {
            let Ok(mut server) = tokio::net::TcpStream::connect(("127.0.0.1", to)).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        }
    });
    let tls = Some(TlsSettings { ca: certificates.path("ca.pem"), client: None });
    let cause = cause_of(MqttSettings { host: host.into(), tls, ..mqtt(port, MqttVersion::V5) });
    assert_eq!(cause.to_string(), "the broker's certificate is for another host name");
    assert!(cause.hint().starts_with("set `mqtt.host` to a name in the broker's certificate"));
}

#[test]
fn a_broker_that_asks_for_a_client_certificate_gets_it_or_the_user_is_told() {
    let certificates = Certificates::make();
    let broker = tls_broker(&certificates, true);
    let with = |client: Option<&str>| {
        let client = client.map(|key| ClientCertificate { certificate: certificates.path("client.pem"), key: certificates.path(key) });
        MqttSettings { tls: Some(TlsSettings { ca: certificates.path("ca.pem"), client }), ..mqtt(broker.port, MqttVersion::V5) }
    };
    let cause = cause_of(with(None));
    assert_eq!(cause.to_string(), "the broker asks for a client certificate and does not take ours");
    let cause = cause_of(with(Some("server.key")));
    assert!(
        matches!(&cause, Cause::CertificateFile(what) if what.ends_with("mode 644 lets others read the key; `chmod 600` it")),
        "{cause:?}"
    );
    let (dir, runtime) = (temp_dir(), runtime());
    let outbox = start(dir.path(), with(Some("client.key")), &runtime);
    wait_connected(&outbox);
    outbox.stop(PATIENCE);
}

#[test]
fn a_plain_broker_on_the_tls_port_is_not_talked_to() {
    let (certificates, broker) = (Certificates::make(), Broker::plain());
    let tls = Some(TlsSettings { ca: certificates.path("ca.pem"), client: None });
    let cause = cause_of(MqttSettings { tls, ..mqtt(broker.port, MqttVersion::V5) });
    assert!(matches!(cause, Cause::Tls(_) | Cause::Closed), "{cause:?}");
}

/// A writer whose contents the test can look at.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("lock").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What every transport keeps: the order, each message once while nothing fails, and nothing left over.
fn assert_contract(transport: impl Fn() -> Box<dyn Transport>, arrived: impl Fn() -> Vec<u64>) {
    let (dir, runtime) = (temp_dir(), runtime());
    for run in 1..=2 {
        let outbox = start_with(dir.path(), transport(), &runtime);
        for number in 0..50 {
            outbox.accept(event("north", number)).expect("accepted");
        }
        let status = outbox.stop(PATIENCE);
        assert_eq!((status.accepted, status.delivered, status.depth, status.resent), (50, 50, 0, 0));
        assert_eq!(arrived(), (1..=50 * run).collect::<Vec<_>>());
    }
}

#[test]
fn without_a_broker_events_are_printed_one_a_line_in_order() {
    let paper = Paper::default();
    let sequence = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["sequence"].as_u64().expect("ours");
    let printed = || String::from_utf8(paper.0.lock().expect("lock").clone()).expect("text").lines().map(sequence).collect();
    assert_contract(|| Box::new(JsonLines::new(paper.clone())), printed);
}

#[test]
fn over_mqtt_events_arrive_once_and_in_order_while_nothing_fails() {
    for version in [MqttVersion::V3, MqttVersion::V5] {
        let broker = Broker::plain();
        let subscriber = Subscriber::to(broker.port);
        let transport = || -> Box<dyn Transport> { Box::new(Mqtt::new(mqtt(broker.port, version), presence(), 1)) };
        // The broker has them all when it acknowledged them; the subscriber soon after.
        let expected = std::cell::Cell::new(0);
        let arrived = || {
            expected.set(expected.get() + 50);
            let seen = subscriber.wait(PATIENCE, |seen| different(seen) >= expected.get());
            sequences(&seen).remove("t/north/event").unwrap_or_default()
        };
        assert_contract(transport, arrived);
    }
}

/// A small file system of its own; unmounted when dropped.
pub(crate) struct SmallDisk(pub(crate) TempDir);

impl SmallDisk {
    /// `None`, said loudly, where it may not be mounted.
    pub(crate) fn mount(size: &str) -> Option<Self> {
        let dir = TempDir::new().expect("temp dir");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(dir.path()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(dir));
        }
        eprintln!("NOT RUN: a small disk cannot be mounted here (needs root); the full disk is tested inside the store only");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_stops_nothing_is_said_and_is_over_when_there_is_room() {
    let Some(small) = SmallDisk::mount("16m") else { return };
    let (broker, runtime) = (Broker::plain(), runtime());
    let subscriber = Subscriber::to(broker.port);
    let outbox = start(&small.0.path().join("outbox"), mqtt(broker.port, MqttVersion::V5), &runtime);
    outbox.accept_with_receipt(event("north", 0)).expect("accepted").wait(PATIENCE).expect("durable");
    let ballast = small.0.path().join("ballast");
    let mut file = std::fs::File::create(&ballast).expect("room yet");
    while file.write_all(&[0; 512]).is_ok() {}
    drop(file);
    let mut receipts = Vec::new();
    for number in 1..1000 {
        receipts.push(outbox.accept_with_receipt(event("north", number)).expect("waits in memory"));
    }
    assert!(wait_until(PATIENCE, || outbox.status().disk_trouble.is_some()), "{:?}", outbox.status());
    let status = outbox.status();
    assert!(status.disk_errors > 0 && status.disk_trouble.as_deref().is_some_and(|text| text.contains("disk full")), "{status:?}");
    std::fs::remove_file(&ballast).expect("own file");
    for receipt in receipts {
        receipt.wait(PATIENCE).expect("durable by itself once there is room");
    }
    assert_all_arrive("full disk", &subscriber, 1000);
    let status = outbox.stop(PATIENCE);
    assert_eq!((status.accepted, status.not_accepted, status.disk_trouble), (1000, 0, None));
}

#[test]
fn a_bare_client_loses_what_it_had_accepted_when_the_broker_forgets_it() {
    let (mut broker, runtime) = (Broker::plain(), runtime());
    let subscriber = Subscriber::to(broker.port);
    let total = 400u32;
    runtime.block_on(async {
        let mut options = rumqttc::v5::MqttOptions::new("bare", "127.0.0.1", broker.port);
        options.set_clean_start(false).set_keep_alive(Duration::from_secs(5));
        let (client, mut eventloop) = rumqttc::v5::AsyncClient::new(options, 50);
        let publisher = tokio::spawn(async move {
            for number in 0..total {
                client.publish("bare/event", rumqttc::v5::mqttbytes::QoS::AtLeastOnce, false, number.to_string()).await.expect("accepted");
            }
            // Accepted: the caller has seen no error, and goes on with its life.
            std::future::pending::<()>().await;
        });
        let mut acknowledged = 0;
        let mut died = false;
        while let Ok(polled) = tokio::time::timeout(Duration::from_secs(3), eventloop.poll()).await {
            match polled {
                Ok(rumqttc::v5::Event::Incoming(rumqttc::v5::mqttbytes::v5::Packet::PubAck(_))) => acknowledged += 1,
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
            if acknowledged >= 100 && !died {
                died = true;
                broker.freeze();
                let _ = tokio::time::timeout(Duration::from_millis(300), async { while eventloop.poll().await.is_ok() {} }).await;
                broker.kill();
                broker.restart();
                subscriber.wait_for_subscriptions(2);
            }
        }
        publisher.abort();
    });
    let seen = subscriber.wait(Duration::from_secs(2), |seen| seen.len() as u32 >= total);
    let distinct: BTreeSet<Vec<u8>> = seen.into_iter().map(|one| one.payload).collect();
    let lost = total as usize - distinct.len();
    println!("bare client: accepted {total}, lost {lost} in one broker death");
    assert!(lost > 0, "the library has changed: the outbox might become simpler");
}

/// Prints what a group commit and a delivery cost.
#[test]
fn events_are_written_in_groups_and_delivered_fast_enough_for_a_city() {
    let (broker, dir, runtime) = (Broker::plain(), temp_dir(), runtime());
    let clock = SystemClock::new();
    let outbox = start(dir.path(), mqtt(broker.port, MqttVersion::V5), &runtime);
    wait_connected(&outbox);
    let mut waits: Vec<Duration> = (0..100)
        .map(|number| {
            let before = clock.monotonic();
            outbox.accept_with_receipt(event("north", number)).expect("accepted").wait(PATIENCE).expect("durable");
            clock.monotonic() - before
        })
        .collect();
    waits.sort();
    let (before, cpu) = (clock.monotonic(), thread_cpu());
    let receipts: Vec<_> = (100..3100).map(|number| outbox.accept_with_receipt(event("north", number)).expect("accepted")).collect();
    let accepting = thread_cpu() - cpu;
    receipts.iter().for_each(|receipt| assert!(receipt.wait(PATIENCE).is_some(), "durable"));
    let durable = clock.monotonic() - before;
    assert!(wait_until(PATIENCE, || outbox.status().delivered == 3100), "{:?}", outbox.status());
    let delivered = clock.monotonic() - before;
    println!("one at a time: median {:?}, 99 % {:?} until durable", waits[50], waits[98]);
    println!("3000 at once: durable in {durable:?}, at the broker in {delivered:?}, accepting cost {accepting:?} CPU");
    assert!(durable < Duration::from_secs(20), "groups, not one sync an event: {durable:?}");
    outbox.stop(PATIENCE);
}
