//! A real Mosquitto on a free loopback port, and a subscriber that writes down what it sees.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::v5::{ConnectProperties, Filter, Packet, Publish};
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tempfile::TempDir;

/// How long a server may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the broker is like.
#[derive(Clone, Default)]
pub(crate) struct BrokerOptions {
    /// Writes its sessions and messages to disk at every change.
    pub(crate) persistence: bool,
    /// `user`, `password`; nobody else gets in.
    pub(crate) password: Option<(&'static str, &'static str)>,
    /// Encryption, with the files of [`Certificates`].
    pub(crate) tls: Option<BrokerTls>,
    /// Further lines of mosquitto.conf.
    pub(crate) extra: String,
    /// Lines of an access list file.
    pub(crate) access: Option<String>,
}

/// How the broker encrypts.
#[derive(Clone)]
pub(crate) struct BrokerTls {
    /// Directory of [`Certificates`].
    pub(crate) certificates: PathBuf,
    /// Whether clients need a certificate.
    pub(crate) require_certificate: bool,
}

/// A running Mosquitto. Killed when dropped.
pub(crate) struct Broker {
    pub(crate) port: u16,
    directory: TempDir,
    process: Option<Child>,
    log: Option<JoinHandle<()>>,
}

impl Broker {
    /// Starts one with `options` and waits until it listens.
    pub(crate) fn start(options: &BrokerOptions) -> Self {
        let directory = TempDir::new().expect("temp dir");
        // Mosquitto started by root becomes `mosquitto` and must read and write here all the same.
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o777)).expect("own directory");
        let port = free_port();
        write_config(directory.path(), port, options);
        let mut broker = Self { port, directory, process: None, log: None };
        broker.restart();
        broker
    }

    /// A plain one that keeps nothing.
    pub(crate) fn plain() -> Self {
        Self::start(&BrokerOptions::default())
    }

    /// One that survives its own restart.
    pub(crate) fn persistent() -> Self {
        Self::start(&BrokerOptions { persistence: true, ..BrokerOptions::default() })
    }

    /// Starts it again after [`Broker::stop`] or [`Broker::kill`], on the same port, with whatever its directory holds.
    pub(crate) fn restart(&mut self) {
        assert!(self.process.is_none(), "it runs");
        let mut process = Command::new("mosquitto")
            .arg("-c")
            .arg(self.directory.path().join("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("mosquitto is installed (apt-get install mosquitto)");
        let (ready, log) = follow(process.stderr.take().expect("piped"));
        self.process = Some(process);
        self.log = Some(log);
        if let Err(lines) = ready.recv_timeout(PATIENCE).expect("mosquitto says something in time") {
            panic!("mosquitto does not start: {lines}");
        }
    }

    /// Asks it to stop, and waits.
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        self.reap();
    }

    /// `kill -9`, and waits.
    pub(crate) fn kill(&mut self) {
        self.process.as_mut().expect("it runs").kill().expect("own child");
        self.reap();
    }

    /// Forgets sessions and messages; for between [`Broker::kill`] and [`Broker::restart`].
    pub(crate) fn lose_database(&self) {
        assert!(self.process.is_none(), "it runs");
        let _ = std::fs::remove_file(self.directory.path().join("mosquitto.db"));
    }

    /// Stops its clock (SIGSTOP).
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on (SIGCONT).
    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.process.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().expect("kill").success());
    }

    fn reap(&mut self) {
        self.process.take().expect("it ran").wait().expect("own child");
        self.log.take().expect("it ran").join().expect("reader ends with the process");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}

fn write_config(directory: &Path, port: u16, options: &BrokerOptions) {
    let at = |name: &str| directory.join(name).display().to_string();
    let mut text = format!("listener {port} 127.0.0.1\nlog_dest stderr\nlog_type all\npersistence_location {}/\n", directory.display());
    writeln!(text, "persistence {}", options.persistence).expect("string");
    if options.persistence {
        text.push_str("autosave_on_changes true\nautosave_interval 1\n");
    }
    if let Some(tls) = &options.tls {
        let file = |name: &str| tls.certificates.join(name).display().to_string();
        writeln!(text, "cafile {}\ncertfile {}\nkeyfile {}", file("ca.pem"), file("server.pem"), file("server.key")).expect("string");
        writeln!(text, "require_certificate {}", tls.require_certificate).expect("string");
    }
    match options.password {
        Some((user, password)) => {
            let status = Command::new("mosquitto_passwd").args(["-b", "-c", &at("passwords"), user, password]).status();
            assert!(status.expect("mosquitto_passwd is installed").success());
            make_readable(&directory.join("passwords"));
            writeln!(text, "allow_anonymous false\npassword_file {}", at("passwords")).expect("string");
        }
        None => text.push_str("allow_anonymous true\n"),
    }
    if let Some(access) = &options.access {
        std::fs::write(directory.join("access"), access).expect("temp dir");
        make_readable(&directory.join("access"));
        writeln!(text, "acl_file {}", at("access")).expect("string");
    }
    text.push_str(&options.extra);
    std::fs::write(directory.join("mosquitto.conf"), text).expect("temp dir");
    make_readable(&directory.join("mosquitto.conf"));
}

fn make_readable(file: &Path) {
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o644)).expect("own file");
}

/// Reads the log to its end; says once whether the broker runs, or what it said instead.
fn follow(stderr: std::process::ChildStderr) -> (Receiver<Result<(), String>>, JoinHandle<()>) {
    let (tell, ready) = channel();
    let thread = std::thread::spawn(move || {
        let mut said = String::new();
        let mut running = false;
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if !running && line.ends_with(" running") {
                running = true;
                let _ = tell.send(Ok(()));
            }
            if !running {
                said.push_str(&line);
                said.push('\n');
            }
        }
        let _ = tell.send(Err(said));
    });
    (ready, thread)
}

/// A loopback port that nothing listens on now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).expect("loopback").local_addr().expect("bound").port()
}

/// A directory with an authority (`ca.pem`), a server certificate for 127.0.0.1 and localhost (`server.pem`, `server.key`), a client's
/// (`client.pem`, `client.key`), and an authority that signed nothing here (`other-ca.pem`).
pub(crate) struct Certificates {
    directory: TempDir,
}

impl Certificates {
    /// Makes them with openssl; valid for a day.
    pub(crate) fn make() -> Self {
        let directory = TempDir::new().expect("temp dir");
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).expect("own directory");
        let made = Self { directory };
        made.authority("ca");
        made.authority("other-ca");
        made.signed("server", "subjectAltName=IP:127.0.0.1,DNS:localhost");
        made.signed("client", "extendedKeyUsage=clientAuth");
        // The broker runs under another user when root starts it.
        make_readable(&made.path("server.key"));
        made
    }

    /// Has `server` or `client` signed again, with these dates (`YYYYMMDDHHMMSSZ`).
    pub(crate) fn reissue(&self, name: &str, from: &str, until: &str) {
        let (request, pem, extensions) = (format!("{name}.csr"), format!("{name}.pem"), format!("{name}.ext"));
        let settings = "[ca]\ndefault_ca = c\n[c]\ndatabase = index\nrand_serial = yes\nnew_certs_dir = .\ndefault_md = sha256\npolicy = p\n\
                        unique_subject = no\n[p]\ncommonName = supplied\n";
        std::fs::write(self.path("ca.conf"), settings).expect("temp dir");
        std::fs::write(self.path("index"), "").expect("temp dir");
        let signing = ["ca", "-batch", "-notext", "-config", "ca.conf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", &request];
        self.openssl(&[&signing[..], &["-extfile", &extensions, "-startdate", from, "-enddate", until, "-out", &pem]].concat());
    }

    /// One of the files.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where they are.
    pub(crate) fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    fn authority(&self, name: &str) {
        let subject = format!("/CN=test {name}");
        let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
        self.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "1",
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &pem,
        ]);
    }

    fn signed(&self, name: &str, extension: &str) {
        let subject = format!("/CN=test {name}");
        let (key, request, pem, extensions) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"), format!("{name}.ext"));
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &request,
        ]);
        std::fs::write(self.path(&extensions), extension).expect("temp dir");
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "1",
            "-extfile",
            &extensions,
            "-out",
            &pem,
        ]);
        std::fs::set_permissions(self.path(&key), PermissionsExt::from_mode(0o600)).expect("own file");
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(self.directory.path()).output().expect("openssl is installed");
        assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A message as a subscriber sees it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) retained: bool,
    pub(crate) content_type: Option<String>,
    pub(crate) expiry: Option<u32>,
}

#[derive(Default)]
struct Notes {
    seen: Mutex<(Vec<Seen>, usize)>,
    changed: Condvar,
}

/// Subscribes to everything with a lasting session and quality of service 1, reconnects by itself, and writes down what comes.
pub(crate) struct Subscriber {
    notes: Arc<Notes>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Subscriber {
    /// Connects to `port` and waits until the subscription stands.
    pub(crate) fn to(port: u16) -> Self {
        let notes = Arc::new(Notes::default());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime");
        runtime.spawn(subscribe(port, Arc::clone(&notes)));
        let subscriber = Self { notes, runtime: Some(runtime) };
        subscriber.wait_for_subscriptions(1);
        subscriber
    }

    /// Waits until it has subscribed (or resumed its session) `times` times in all.
    pub(crate) fn wait_for_subscriptions(&self, times: usize) {
        let guard = self.notes.seen.lock().expect("lock");
        let (_guard, result) = self.notes.changed.wait_timeout_while(guard, PATIENCE, |(_, subscribed)| *subscribed < times).expect("lock");
        assert!(!result.timed_out(), "no subscription in time");
    }

    /// What it has seen, as soon as `enough` holds; everything seen so far when `timeout` is over.
    pub(crate) fn wait(&self, timeout: Duration, enough: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let guard = self.notes.seen.lock().expect("lock");
        let (guard, _) = self.notes.changed.wait_timeout_while(guard, timeout, |(seen, _)| !enough(seen)).expect("lock");
        guard.0.clone()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}

async fn subscribe(port: u16, notes: Arc<Notes>) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("subscriber-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut options = MqttOptions::new(name, "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(5)).set_clean_start(false);
    options.set_connect_properties(ConnectProperties {
        session_expiry_interval: Some(3600),
        max_packet_size: Some(1 << 20),
        ..ConnectProperties::new()
    });
    let (client, mut eventloop) = AsyncClient::new(options, 10);
    loop {
        match eventloop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                let everything = Filter::new("#", rumqttc::v5::mqttbytes::QoS::AtLeastOnce);
                let _ = client.try_subscribe_many([everything]);
            }
            Ok(Event::Incoming(Packet::SubAck(_))) => {
                notes.seen.lock().expect("lock").1 += 1;
                notes.changed.notify_all();
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                notes.seen.lock().expect("lock").0.push(seen(&publish));
                notes.changed.notify_all();
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn seen(publish: &Publish) -> Seen {
    let properties = publish.properties.as_ref();
    Seen {
        topic: String::from_utf8_lossy(&publish.topic).into_owned(),
        payload: publish.payload.to_vec(),
        retained: publish.retain,
        content_type: properties.and_then(|all| all.content_type.clone()),
        expiry: properties.and_then(|all| all.message_expiry_interval),
    }
}

/// Waits until `holds`, looking every few milliseconds; `false` when it does not within `timeout`.
#[allow(clippy::disallowed_methods, reason = "tests of real processes wait for real time")]
pub(crate) fn wait_until(timeout: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let (_keep, never) = channel::<()>();
    let end = Instant::now() + timeout;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        let _ = never.recv_timeout(Duration::from_millis(5));
    }
}
