//! `simpang demo`: the whole agent on recorded traffic, with its own broker, its own RTSP camera and the local page.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::agent::Agent;
use crate::base::time::{Clock, SystemClock};
use crate::config::check::{self, Surroundings};
use crate::config::settings::{PageSettings, Settings, SourceSettings};
use crate::event::feed::{Feed, Lang, Look};
use crate::outbox::embedded::EmbeddedBroker;
use crate::outbox::subscriber::{BrokerAddress, Encryption, Heard, Subscriber, Subscription};
use crate::source::address;

/// Where the page is looked for first; another port is taken when this one is in use.
const PAGE_PORT: u16 = 8088;
/// The film that `make demo` puts there.
const FILM: &str = ".cache/films/vtest-h264.mp4";

/// A demonstration: nothing else is needed.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Your own camera (rtsp://…) or film instead of the recorded street
    #[arg(long, value_name = "URL|FILE")]
    camera: Option<String>,
    /// Stop by itself after so many seconds
    #[arg(long)]
    seconds: Option<u64>,
    /// No invitation to look: for tests and measurements; the page takes any free port
    #[arg(long)]
    headless: bool,
    /// Language of the printed events
    #[arg(long, value_enum, default_value = "id")]
    lang: Lang,
}

/// Runs it.
///
/// # Errors
/// When something the demonstration needs is missing; the message says what.
pub fn run(args: Args) -> Result<()> {
    super::logging::start();
    let wish = super::stop::Wish::listen()?;
    let broker = EmbeddedBroker::start()?;
    let folder = Scratch::create()?;
    let mut settings = demo_settings()?;
    let camera = args.camera.is_none().then(|| FilmCamera::start(Path::new(FILM))).transpose()?;
    adapt(&mut settings, &args, broker.address(), &folder.0, camera.as_ref())?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let agent = Agent::start(&settings, &clock)?;
    let page = agent.page_address().context("the demonstration has a page")?;
    println!("Halaman / page:    http://{page}");
    println!("Broker (MQTT 5):   mqtt://{}    topics {}/#", broker.address(), settings.mqtt.as_ref().map_or("", |mqtt| mqtt.root.as_str()));
    if !args.headless {
        println!("Kejadian tampil di bawah; Ctrl-C berhenti. / Events appear below; Ctrl-C stops.");
    }
    std::io::stdout().flush()?;
    let limit = args.seconds.map(Duration::from_secs);
    let heard = agent.block_on(async { feed(&settings, broker.address(), args.lang, wish.come(limit)).await })?;
    let board = Arc::clone(agent.board());
    agent.stop(super::stop::PATIENCE);
    for camera in &board.cameras {
        let counters = camera.counters();
        println!("{}: {} frames, {} analysed, {} reconnects", camera.plan.id, counters.frames, counters.analysed, counters.reconnects);
    }
    println!("{heard} events received over MQTT");
    Ok(())
}

fn demo_settings() -> Result<Settings> {
    let around = Surroundings::of(Path::new("demo.toml"));
    Ok(check::load_text(include_str!("../../configs/demo.toml"), Path::new("configs/demo.toml"), &around)?.settings)
}

/// Puts the addresses of this run into the settings.
fn adapt(settings: &mut Settings, args: &Args, broker: SocketAddr, folder: &Path, camera: Option<&FilmCamera>) -> Result<()> {
    let mqtt = settings.mqtt.as_mut().context("configs/demo.toml has no [mqtt]")?;
    mqtt.host = broker.ip().to_string();
    mqtt.port = broker.port();
    settings.outbox.directory = folder.to_owned();
    settings.page = Some(PageSettings { listen: page_address(args.headless) });
    let watched = settings.cameras.iter_mut().find(|camera| !matches!(camera.source, SourceSettings::Simulated { .. }));
    let watched = watched.context("configs/demo.toml has no filmed camera")?;
    match (&args.camera, camera) {
        (Some(own), _) => {
            watched.source = own_source(own, watched.source.clone())?;
            watched.name = shown_name(&watched.source);
            watched.detect.classes = crate::base::class::Class::ALL.to_vec();
        }
        (None, Some(camera)) => {
            let SourceSettings::Rtsp(rtsp) = &mut watched.source else { bail!("configs/demo.toml: the filmed camera has no url") };
            rtsp.url = camera.url.clone();
        }
        (None, None) => {}
    }
    Ok(())
}

/// What page and messages call the user's own camera. The host only: some cameras take the password in the path.
fn shown_name(source: &SourceSettings) -> String {
    match source {
        SourceSettings::Rtsp(rtsp) => rtsp.url.host_str().unwrap_or_default().to_owned(),
        SourceSettings::File { path, .. } => path.display().to_string(),
        SourceSettings::Simulated { .. } => "simulasi".to_owned(),
    }
}

fn own_source(own: &str, placeholder: SourceSettings) -> Result<SourceSettings> {
    if own.starts_with("rtsp://") || own.starts_with("rtsps://") {
        let SourceSettings::Rtsp(mut rtsp) = placeholder else { bail!("configs/demo.toml: the filmed camera has no url") };
        (rtsp.url, rtsp.credentials) = address::split(own)?;
        return Ok(SourceSettings::Rtsp(rtsp));
    }
    let path = PathBuf::from(own);
    ensure!(path.is_file(), "--camera `{own}` is neither an rtsp:// address nor a film on this machine");
    Ok(SourceSettings::File { path, repeat: true })
}

fn page_address(any_port: bool) -> SocketAddr {
    let preferred = SocketAddr::from((Ipv4Addr::LOCALHOST, PAGE_PORT));
    if !any_port && TcpListener::bind(preferred).is_ok() { preferred } else { SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
}

/// Prints events as they come over the broker, as `simpang events` does, until `stop`. Returns how many messages came.
async fn feed(settings: &Settings, broker: SocketAddr, lang: Lang, stop: impl Future<Output = ()>) -> Result<u64> {
    let root = settings.mqtt.as_ref().map_or("", |mqtt| mqtt.root.as_str());
    let mut subscriber = Subscriber::new(Subscription {
        broker: BrokerAddress { host: broker.ip().to_string(), port: broker.port(), user: None, encryption: Encryption::Plain },
        password: None,
        authorities: None,
        filters: vec![format!("{root}/+/+/event/#")],
        client_id: "simpang-demo-feed".into(),
    })?;
    let mut feed = Feed::new(lang, settings.site.utc_offset_hours, Look::of_stdout());
    let mut count = 0;
    tokio::pin!(stop);
    loop {
        let heard = tokio::select! {
            () = &mut stop => return Ok(count),
            heard = subscriber.next() => heard?,
        };
        if let Heard::Message { topic, payload, is_retained } = heard
            && let Some(event) = feed.news(&topic, &payload)
        {
            count += 1;
            println!("{}", feed.line(&event, is_retained));
        }
    }
}

/// A folder that is gone when the demonstration is over.
struct Scratch(PathBuf);

impl Scratch {
    fn create() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("simpang-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make the folder `{}`", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "the demonstration's folder could not be removed");
        }
    }
}

/// The recorded street behind a real RTSP server; it ends when this is dropped, because its standard input closes.
struct FilmCamera {
    url: url::Url,
    server: Child,
    alive: Option<ChildStdin>,
}

impl FilmCamera {
    fn start(film: &Path) -> Result<Self> {
        ensure!(
            film.is_file(),
            "the demonstration's film `{}` is not here: run `make demo` in the project's folder, or show your own with --camera rtsp://… or --camera FILE",
            film.display()
        );
        // Debian's Python has GStreamer's bindings; another one first in PATH mostly has not.
        let python = if Path::new("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" };
        let mut server = Command::new(python)
            .args(["-c", include_str!("demo_camera.py")])
            .arg(film)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the demonstration's camera needs python3: run `make demo`, or show your own with --camera")?;
        let alive = server.stdin.take();
        let mut port = String::new();
        BufReader::new(server.stdout.take().context("the camera's output was just piped")?).read_line(&mut port)?;
        let port: u16 = port.trim().parse().context(
            "the demonstration's camera did not start (see above): run `make demo`, which installs GStreamer's RTSP server, or show your own with --camera",
        )?;
        let url = url::Url::parse(&format!("rtsp://127.0.0.1:{port}/vtest")).context("a loopback address is a URL")?;
        Ok(Self { url, server, alive })
    }
}

impl Drop for FilmCamera {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Err(error) = self.server.wait() {
            tracing::warn!(%error, "the demonstration's camera could not be waited for");
        }
    }
}
