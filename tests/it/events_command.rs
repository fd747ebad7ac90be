//! `simpang events` against a real broker (Mosquitto).

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Parser;
use simpang::commands::events::{EventsArgs, follow};
use simpang::event::feed::{Feed, Lang, Look};
use simpang::event::{EndReason, Envelope, Kind};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::messages::{at, begin, wire};

/// A broker on loopback; ends with the value.
struct Mosquitto {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Mosquitto {
    /// `None`, said loudly, when it is not installed.
    fn start(access: &str) -> Option<Self> {
        let Some(program) = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].into_iter().find(|path| Path::new(path).exists()) else {
            eprintln!("NOT TESTED: mosquitto is not installed, `simpang events` was not run against a real broker");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound").port();
        let folder = tempfile::tempdir().expect("temp dir");
        let config = folder.path().join("mosquitto.conf");
        std::fs::write(&config, format!("user root\nlistener {port} 127.0.0.1\n{access}\npersistence false\n")).expect("temp dir");
        Some(Self { process: Self::spawn(program, &config, port), port, folder })
    }

    fn spawn(program: &str, config: &Path, port: u16) -> Child {
        let process = Command::new(program).arg("-c").arg(config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        let listens = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        assert!(
            (0..200_000).any(|_| listens() || {
                std::thread::yield_now();
                false
            }),
            "mosquitto does not listen"
        );
        process
    }

    fn restart(&mut self) {
        self.process.kill().expect("ours");
        self.process.wait().expect("ours");
        let program = if Path::new("/usr/sbin/mosquitto").exists() { "/usr/sbin/mosquitto" } else { "/usr/local/sbin/mosquitto" };
        self.process = Self::spawn(program, &self.folder.path().join("mosquitto.conf"), self.port);
    }

    fn publish(&self, envelope: &Envelope) {
        self.publish_with(envelope, &[]);
    }

    fn publish_with(&self, envelope: &Envelope, extra: &[String]) {
        let mut command = Command::new("mosquitto_pub");
        command.args(["-V", "5", "-h", "127.0.0.1", "-p", &self.port.to_string(), "-q", "1", "-t", &envelope.topic]);
        command.args(extra).arg(if envelope.payload.is_empty() { "-n" } else { "-s" });
        if envelope.retain {
            command.arg("-r");
        }
        let mut process = command.stdin(Stdio::piped()).spawn().expect("mosquitto-clients is installed");
        process.stdin.take().expect("piped").write_all(&envelope.payload).expect("mosquitto_pub reads");
        assert!(process.wait().expect("ends").success());
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Hands over what is printed, line by line.
struct Lines(UnboundedSender<String>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.send(String::from_utf8_lossy(bytes).into_owned()).map_err(|_| std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    events: EventsArgs,
}

fn args(extra: &[&str]) -> Result<EventsArgs, clap::Error> {
    Cli::try_parse_from(["events"].iter().chain(extra)).map(|cli| cli.events)
}

fn broker(port: u16) -> String {
    format!("mqtt://127.0.0.1:{port}")
}

/// The next whole line; `writeln!` writes in pieces.
async fn line(printed: &mut UnboundedReceiver<String>) -> String {
    let mut line = String::new();
    while !line.ends_with('\n') {
        let piece = tokio::time::timeout(Duration::from_secs(40), printed.recv()).await.expect("a line is printed in time");
        line.push_str(&piece.expect("the command still runs"));
    }
    line.trim_end().to_owned()
}

#[tokio::test]
async fn events_are_printed_once_beginning_with_what_is_going_on() {
    let Some(mut mosquitto) = Mosquitto::start("allow_anonymous true") else { return };
    let (open, new) = begin(Kind::Queuing);
    let new = wire().event(&new, 1, at("10:07:41"));
    mosquitto.publish(&new[1]);

    let (sender, mut printed) = unbounded_channel();
    let args = args(&["--broker", &broker(mosquitto.port)]).expect("legal");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let command = tokio::spawn(async move {
        follow(&args, Look::Plain, &mut Lines(sender), async {
            let _ = stopped.await;
        })
        .await
        .map_err(|e| format!("{e:#}"))
    });
    assert_eq!(
        line(&mut printed).await,
        "17:07:40 WIB  [sedang]    Antrean padat di Simpang Charitas, pendekat utara: kecepatan 18 % dari arus bebas, sudah 4 menit. (masih berlangsung)"
    );

    mosquitto.publish(&new[0]);
    let end = wire().event(&open.end(at("10:31:10"), at("10:27:15"), EndReason::Cleared), 2, at("10:31:11"));
    end.iter().for_each(|envelope| mosquitto.publish(envelope));
    assert_eq!(
        line(&mut printed).await,
        "17:31:10 WIB  [selesai]   Antrean padat di Simpang Charitas, pendekat utara, sudah terurai setelah 24 menit.",
        "the event that was shown as going on is not printed again"
    );

    mosquitto.restart();
    let (_, other) = begin(Kind::StoppedVehicle);
    mosquitto.publish(&wire().event(&other, 3, at("10:07:41"))[1]);
    assert!(line(&mut printed).await.contains("Truk berhenti di Simpang Charitas, lajur keluar selatan"), "after a restart of the broker");

    stop.send(()).expect("the command still runs");
    assert_eq!(command.await.expect("no panic"), Ok(()));
}

#[tokio::test]
async fn json_is_printed_as_received() {
    let Some(mosquitto) = Mosquitto::start("allow_anonymous true") else { return };
    let new = wire().event(&begin(Kind::Count).1, 1, at("10:07:41"));
    mosquitto.publish(&new[1]);
    let (sender, mut printed) = unbounded_channel();
    let args = args(&["--broker", &broker(mosquitto.port), "--json", "--root", "its/v1/+"]).expect("legal");
    let command = tokio::spawn(async move { follow(&args, Look::Plain, &mut Lines(sender), std::future::pending()).await.is_ok() });
    assert_eq!(line(&mut printed).await.as_bytes(), new[1].payload);

    // Whoever read has gone: the next line ends the command, without an error.
    drop(printed);
    mosquitto.publish(&wire().event(&begin(Kind::StoppedVehicle).1, 2, at("10:07:42"))[0]);
    let ended = tokio::time::timeout(Duration::from_secs(40), command).await.expect("ends");
    assert!(ended.expect("no panic"));
}

async fn failure(args: EventsArgs) -> String {
    let (never, mut nothing) = (std::future::pending(), Vec::new());
    let ended = tokio::time::timeout(Duration::from_secs(40), follow(&args, Look::Plain, &mut nothing, never));
    format!("{:#}", ended.await.expect("ends").expect_err("fails"))
}

#[tokio::test]
async fn a_broker_that_is_not_there_or_refuses_is_said_in_one_sentence() {
    let port = TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound").port();
    assert_eq!(
        failure(args(&["--broker", &broker(port)]).expect("legal")).await,
        format!("broker 127.0.0.1:{port} cannot be reached: nothing listens there; is the broker running, is the port right?")
    );
    assert_eq!(
        failure(args(&["--broker", "mqtts://127.0.0.1:1"]).expect("legal")).await,
        "TLS to 127.0.0.1:1 needs the authority that signed its certificate: give its PEM file with --ca"
    );
    let Some(mosquitto) = Mosquitto::start("allow_anonymous false") else { return };
    let port = mosquitto.port;
    assert_eq!(
        failure(args(&["--broker", &broker(port)]).expect("legal")).await,
        format!(
            "broker 127.0.0.1:{port} refused the connection: it does not accept this user name and password; give the user in the address and the password with --password-file"
        )
    );
}

/// A certificate authority and a certificate for 127.0.0.1 signed by it, as PEM files in `folder`. `None`, said loudly, without openssl.
fn certificates(folder: &Path) -> Option<()> {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    std::fs::write(folder.join("san"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").expect("temp dir");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    let is_made = openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=test-authority"))
        && openssl(&format!("req {key} -keyout broker.key -out broker.csr -subj /CN=127.0.0.1"))
        && openssl("x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out broker.pem -days 2 -extfile san")
        && openssl(&format!("req -x509 {key} -keyout other.key -out other.pem -days 2 -subj /CN=other-authority"));
    if !is_made {
        eprintln!("NOT TESTED: openssl is not installed, `simpang events` was not run over TLS");
    }
    is_made.then_some(())
}

#[tokio::test]
async fn over_tls_only_a_broker_whose_authority_is_given_is_believed() {
    let folder = tempfile::tempdir().expect("temp dir");
    if certificates(folder.path()).is_none() {
        return;
    }
    let file = |name: &str| folder.path().join(name).display().to_string();
    let tls = format!("certfile {}\nkeyfile {}\nallow_anonymous true", file("broker.pem"), file("broker.key"));
    let Some(mosquitto) = Mosquitto::start(&tls) else { return };
    let url = format!("mqtts://127.0.0.1:{}", mosquitto.port);

    let right = args(&["--broker", &url, "--ca", &file("ca.pem")]).expect("legal");
    let (sender, mut printed) = unbounded_channel();
    let command = tokio::spawn(async move { follow(&right, Look::Plain, &mut Lines(sender), std::future::pending()).await.is_ok() });
    let pub_tls = ["--cafile".to_owned(), file("ca.pem")];
    mosquitto.publish_with(&wire().event(&begin(Kind::Queuing).1, 1, at("10:07:41"))[1], &pub_tls);
    assert!(line(&mut printed).await.contains("Antrean padat"));
    command.abort();

    let refused = failure(args(&["--broker", &url, "--ca", &file("other.pem")]).expect("legal")).await;
    assert!(refused.contains("its certificate is not trusted") && refused.ends_with("is --ca the authority that signed it?"), "{refused}");
    let plain = failure(args(&["--broker", &url.replace("mqtts", "mqtt")]).expect("legal")).await;
    assert!(plain.contains("a port with TLS needs mqtts://"), "{plain}");
}

#[test]
fn wrong_arguments_are_refused_with_what_to_write() {
    for (extra, expected) in [
        (vec!["--broker", "localhost"], "is not a broker address: write mqtt://host:1883"),
        (vec!["--broker", "mqtt://u:geheim@h"], "give it with --password-file or SIMPANG_MQTT_PASSWORD"),
        (vec!["--broker", "mqtt://h", "--root", "/its/"], "without / at the ends"),
        (vec!["--broker", "mqtt://h", "--utc-offset", "99"], "99 is not in -12..=14"),
    ] {
        let error = args(&extra).expect_err("refused");
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_message_cannot_steer_the_terminal() {
    let mut event = wire().cloud_event(&begin(Kind::Count).1, 1, at("10:07:41"));
    event.data.text.en = "safe\x1b[2J\r\nfake".to_owned();
    let line = Feed::new(Lang::En, 8, Look::Plain).line(&event, false);
    assert_eq!(line, "18:07:40 WITA  [medium]    safe[2Jfake");
}

#[test]
fn colours_are_for_terminals_only() {
    let event = wire().cloud_event(&begin(Kind::Count).1, 1, at("10:07:41"));
    assert!(Feed::new(Lang::Id, 7, Look::Coloured).line(&event, false).contains("\x1b[33m[sedang]"));
    assert!(!Feed::new(Lang::Id, 7, Look::Plain).line(&event, false).contains('\x1b'));
}
