//! Pictures to measure with, as many times as wanted: a film, or what a camera sent for some seconds.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};

use crate::base::hardware::HardwareDecoder;
use crate::base::time::{Clock as _, MediaTime, Stamp, SystemClock, WallTime};
use crate::config::settings::RtspSettings;
use crate::decode::{AccessUnit, Decoder, Frame};
use crate::source::fault::Fault;
use crate::source::file::FileFrames;
use crate::source::rtsp::{Place, RtspClient};

/// How long a camera is recorded: some key frames long.
const RECORD: Duration = Duration::from_secs(12);
/// A camera that sends nothing for so long is away.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is played.
#[derive(Clone)]
pub(super) struct Clip {
    source: Source,
    frame_rate: f64,
}

#[derive(Clone)]
enum Source {
    Film(PathBuf),
    Camera { units: Arc<[AccessUnit]>, hardware: Vec<HardwareDecoder> },
}

/// What is known of a clip.
pub(super) struct Facts {
    /// Name of the film, or `camera`.
    pub(super) name: String,
    /// Frames a second.
    pub(super) frame_rate: f64,
}

impl Clip {
    /// A film; it is opened once here to know that it can be.
    pub(super) fn of_film(path: &Path) -> Result<Self> {
        let film = FileFrames::open(path, WallTime::from_micros(0))?;
        Ok(Self { source: Source::Film(path.to_owned()), frame_rate: film.frame_rate() })
    }

    /// What a camera sends from now on.
    pub(super) fn of_camera(settings: &RtspSettings) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let url = settings.url.clone();
        let units = runtime.block_on(record(settings.clone())).map_err(|fault| anyhow!("{url}: {fault}; {}", fault.hint()))?;
        let (first, last) = (units.first().map(|unit| unit.stamp.media), units.last().map(|unit| unit.stamp.media));
        let secs = first.zip(last).map_or(0.0, |(first, last)| last.since(first).as_secs_f64());
        ensure!(secs > 1.0, "{url}: the camera sent {} pictures with a key frame among them, too few to measure with", units.len());
        let frame_rate = (units.len() - 1) as f64 / secs;
        Ok(Self { source: Source::Camera { units: units.into(), hardware: settings.hardware.clone() }, frame_rate })
    }

    pub(super) fn facts(&self) -> Facts {
        let name = match &self.source {
            Source::Film(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            Source::Camera { .. } => "camera".into(),
        };
        Facts { name, frame_rate: self.frame_rate }
    }

    /// Frames a second.
    pub(super) fn frame_rate(&self) -> f64 {
        self.frame_rate
    }

    /// Its frames from the beginning, numbered as `session`, until `take` has enough.
    pub(super) fn play(&self, session: u32, take: &mut dyn FnMut(Frame) -> bool) -> Result<()> {
        match &self.source {
            Source::Film(path) => {
                for frame in FileFrames::open(path, WallTime::from_micros(0))?.in_session(session) {
                    if !take(frame?) {
                        break;
                    }
                }
            }
            Source::Camera { units, hardware } => play_units((units, hardware), session, take)?,
        }
        Ok(())
    }
}

fn play_units(from: (&[AccessUnit], &[HardwareDecoder]), session: u32, take: &mut dyn FnMut(Frame) -> bool) -> Result<()> {
    let (units, hardware) = from;
    let mut decoder = Decoder::with(hardware);
    for unit in units {
        let (unit, mut goes_on) = (AccessUnit { session, connection: session, ..unit.clone() }, true);
        decoder.decode(&unit, &mut |frame| goes_on &= take(frame))?;
        if !goes_on {
            break;
        }
    }
    if let Some(why) = decoder.take_given_up() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| tracing::warn!("measured with the processor decoding, because hardware does not: {why}"));
    }
    Ok(())
}

/// From the first key frame on.
async fn record(settings: RtspSettings) -> Result<Vec<AccessUnit>, Fault> {
    let clock = SystemClock::new();
    let client = RtspClient::new(settings);
    let mut stream = client.connect().await?;
    let (began, mut units): (_, Vec<AccessUnit>) = (clock.monotonic(), Vec::new());
    while clock.monotonic() - began < RECORD {
        let picture = stream.next_picture(PATIENCE).await?;
        let stamp = Stamp { media: picture.at, wall: clock.wall() };
        let unit = picture.into_unit(stamp, Place::in_only_connection(units.len() as u64 + 1));
        if !units.is_empty() || unit.is_random_access() {
            units.push(unit);
        }
    }
    drop(stream);
    client.say_goodbye().await;
    let origin = units.first().map_or(MediaTime::ZERO, |unit| unit.stamp.media);
    units.iter_mut().for_each(|unit| unit.stamp.media = MediaTime::ZERO + unit.stamp.media.since(origin));
    Ok(units)
}
