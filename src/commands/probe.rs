//! `simpang probe`: what a camera sends, in a few lines, and a still.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use crate::base::camera_url::CameraUrl;
use crate::base::time::{Clock, MediaTime, Stamp, SystemClock, thread_cpu};
use crate::config::secret_file;
use crate::config::settings::{Credentials, RtspSettings, RtspTransport};
use crate::decode::{Decoder, Frame};
use crate::source::address;
use crate::source::fault::Fault;
use crate::source::rtsp::{CompressedPicture, Place, RtspClient, RtspStream, StreamFacts};
use crate::vision::Still;

/// Shows what a camera sends: codec, size, frame rate, key-frame distance, clock; with `--still` also a picture.
#[derive(clap::Args)]
pub struct Args {
    /// Address of the stream, rtsp://host:554/path; passwords in it are never shown.
    url: String,
    /// User of the camera.
    #[arg(long)]
    user: Option<String>,
    /// File that holds the password and nothing else; only its owner may read it (mode 0600).
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// How packets travel.
    #[arg(long, value_enum, default_value_t = TransportArg::Tcp)]
    transport: TransportArg,
    /// Writes the last picture here, as .jpg or .png.
    #[arg(long, value_name = "FILE")]
    still: Option<PathBuf>,
    /// How long to look.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum TransportArg {
    /// Inside the RTSP connection.
    Tcp,
    /// Datagrams.
    Udp,
}

/// Looks at the camera and prints what it found.
///
/// # Errors
/// When the camera cannot be seen, with what to do about it.
pub fn run(args: Args) -> anyhow::Result<()> {
    let settings = settings(&args)?;
    let url = settings.url.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context(super::stop::NO_RUNTIME)?;
    let found = runtime.block_on(look(settings, Duration::from_secs_f64(args.seconds.clamp(1.0, 600.0))));
    let found = found.map_err(|fault| anyhow!("{url}: {fault}; {}", fault.hint()))?;
    print!("{}", found.report(&url));
    if let Some(path) = &args.still {
        let still = found.still().ok_or_else(|| anyhow!("no still: no picture could be decoded; look longer with --seconds 30"))?;
        still.save(path).with_context(|| format!("the still {} cannot be written; end its name in .jpg or .png", path.display()))?;
        println!("still          {}", path.display());
    }
    Ok(())
}

fn settings(args: &Args) -> anyhow::Result<RtspSettings> {
    let (url, in_url) = address::split(&args.url)?;
    let password =
        args.password_file.as_deref().map(secret_file::read_private).transpose().map_err(|error| anyhow!("--password-file {error}"))?;
    let credentials = match (&args.user, password) {
        (Some(user), Some(password)) => Some(Credentials { user: user.clone(), password }),
        (None, None) => in_url,
        (Some(_), None) => bail!("--user without a password: give --password-file FILE too"),
        (None, Some(_)) => bail!("--password-file without a user: give --user NAME too"),
    };
    let transport = match args.transport {
        TransportArg::Tcp => RtspTransport::Tcp,
        TransportArg::Udp => RtspTransport::Udp,
    };
    Ok(RtspSettings { url, credentials, transport, timeout: Duration::from_secs(10), hardware: Vec::new() })
}

/// What was seen.
#[derive(Default)]
pub(super) struct Found {
    facts: StreamFacts,
    codec: String,
    pictures: u64,
    key_frames: Vec<MediaTime>,
    first: MediaTime,
    last_time: MediaTime,
    lost_packets: u64,
    sender_reports: u64,
    bytes: u64,
    decoded: u64,
    damaged: u64,
    decode_cpu: Duration,
    last: Option<Frame>,
}

/// Looks at a camera for so long.
pub(super) async fn look(settings: RtspSettings, how_long: Duration) -> Result<Found, Fault> {
    let clock = SystemClock::new();
    let client = RtspClient::new(settings);
    let mut stream = client.connect().await?;
    let (mut found, mut decoder) = (Found::default(), Decoder::new());
    let seen = watch(&mut stream, &mut found, (&mut decoder, &clock, how_long)).await;
    found.facts = stream.facts();
    found.sender_reports = stream.sender_reports();
    drop(stream);
    client.say_goodbye().await;
    // What came before the fault is worth showing.
    if found.pictures == 0 { seen.map(|()| found) } else { Ok(found) }
}

async fn watch(stream: &mut RtspStream, found: &mut Found, with: (&mut Decoder, &SystemClock, Duration)) -> Result<(), Fault> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let (decoder, clock, how_long) = with;
    let began = clock.monotonic();
    while clock.monotonic() - began < how_long {
        let picture = stream.next_picture(PATIENCE).await?;
        found.note(picture, decoder, clock)?;
    }
    Ok(())
}

impl Found {
    fn note(&mut self, picture: CompressedPicture, decoder: &mut Decoder, clock: &SystemClock) -> Result<(), Fault> {
        if self.pictures == 0 {
            self.first = picture.at;
        }
        self.pictures += 1;
        self.codec = picture.parameters.codec.to_string();
        self.last_time = self.last_time.max(picture.at);
        self.bytes += picture.data.len() as u64;
        self.lost_packets += u64::from(picture.lost_packets);
        let at = picture.at;
        let unit = picture.into_unit(Stamp { media: at, wall: clock.wall() }, Place::in_only_connection(self.pictures));
        if unit.is_random_access() {
            self.key_frames.push(at);
        }
        let before = thread_cpu();
        let opened = decoder.decode(&unit, &mut |frame| self.last = Some(frame));
        self.decode_cpu += thread_cpu().saturating_sub(before);
        opened.map_err(|error| Fault::NotDecodable { detail: error.to_string() })?;
        self.decoded = decoder.health().frames;
        self.damaged = decoder.health().damaged;
        Ok(())
    }

    /// The last picture that was seen.
    pub(super) fn still(&self) -> Option<Still> {
        self.last.as_ref().map(Still::of)
    }

    /// What was seen, for people.
    pub(super) fn report(&self, url: &CameraUrl) -> String {
        let secs = self.last_time.since(self.first).as_secs_f64();
        let measured = if secs > 0.0 { format!("{:.2} measured", (self.pictures - 1) as f64 / secs) } else { "not measured".into() };
        let declared = self.facts.frame_rate.map_or_else(|| "not declared".into(), |rate| format!("{rate:.2} declared"));
        let size = self.last.as_ref().map(Frame::size).or(self.facts.size);
        let size = size.map_or_else(|| "unknown".into(), |size| size.to_string());
        let kilobits = if secs > 0.0 { format!("{:.0} kbit/s", self.bytes as f64 * 8.0 / 1000.0 / secs) } else { "unknown".into() };
        let clock = match self.sender_reports {
            0 => "no sender reports seen: message times follow this box's clock",
            _ => "sends sender reports",
        };
        let cpu = self.decode_cpu.as_secs_f64() * 1000.0 / self.decoded.max(1) as f64;
        format!(
            "camera         {url}\ncodec          {}\nsize           {size}\nframe rate     {measured}, {declared}\nkey frames     {}\n\
             bit rate       {kilobits}\nlost packets   {}\nclock          {clock}\n\
             decoded        {} of {} pictures, {} damaged, {cpu:.1} ms CPU each\n",
            self.codec,
            self.key_frame_distance(),
            self.lost_packets,
            self.decoded,
            self.pictures,
            self.damaged,
        )
    }

    fn key_frame_distance(&self) -> String {
        let longest = self
            .key_frames
            .windows(2)
            .map(|pair| pair[1].since(pair[0]).as_secs_f64())
            .fold(None, |longest: Option<f64>, secs| Some(longest.map_or(secs, |longest| longest.max(secs))));
        match (longest, self.key_frames.len()) {
            (Some(secs), _) if secs > 4.0 => format!("every {secs:.1} s; set the camera to 2 s, so that it is seen sooner after a loss"),
            (Some(secs), _) => format!("every {secs:.1} s"),
            (None, 0) => "none seen; look longer with --seconds 30".into(),
            (None, _) => "one seen; look longer with --seconds 30 for their distance".into(),
        }
    }
}
