//! `simpang demo`: the whole agent on recorded traffic, with its own broker, its own RTSP camera and the local page.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::film_camera::FilmCamera;
use crate::agent::Agent;
use crate::base::camera_url::without_secrets;
use crate::base::time::{Clock, SystemClock};
use crate::config::check::{self, Surroundings};
use crate::config::settings::{PageSettings, Settings, SourceSettings};
use crate::event::feed::{Feed, Lang, Look};
use crate::outbox::embedded::EmbeddedBroker;
use crate::outbox::subscriber::{BrokerAddress, Encryption, Heard, Subscriber, Subscription};
use crate::source::address;
use crate::source::file::FileFrames;

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
            rtsp.url = camera.url().clone();
        }
        (None, None) => {}
    }
    Ok(())
}

/// What page and messages call the user's own camera. The host only: some cameras take the password in the path.
fn shown_name(source: &SourceSettings) -> String {
    match source {
        SourceSettings::Rtsp(rtsp) => rtsp.url.host().map_or_else(String::new, |host| host.to_string()),
        SourceSettings::File { path, .. } => path.display().to_string(),
        SourceSettings::Simulated { .. } => "simulasi".to_owned(),
    }
}

fn own_source(own: &str, placeholder: SourceSettings) -> Result<SourceSettings> {
    if own.starts_with("rtsp://") || own.starts_with("rtsps://") {
        let SourceSettings::Rtsp(mut rtsp) = placeholder else { bail!("configs/demo.toml: the filmed camera has no url") };
        (rtsp.url, rtsp.credentials) = address::split(own).map_err(|error| anyhow!("--camera: {error}"))?;
        return Ok(SourceSettings::Rtsp(rtsp));
    }
    let path = PathBuf::from(own);
    ensure!(path.is_file(), "--camera `{}` is neither an rtsp:// address nor a film on this machine: check the path", without_secrets(own));
    // Said now and not in the log later, when everything else runs.
    FileFrames::open(&path, SystemClock::new().wall())?;
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
        std::fs::create_dir_all(&path)
            .with_context(|| format!("cannot make the folder `{}`; set TMPDIR to one that can be written", path.display()))?;
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
