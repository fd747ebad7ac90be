//! The conversation with a camera. The only file that names `retina`.
//!
//! Every step has a time-out, because the library has none. Credentials go into the library's options and nowhere else.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use retina::client::{
    Demuxed, PlayOptions, Session, SessionGroup, SessionOptions, SetupOptions, Stream, TcpTransportOptions, Transport, UdpTransportOptions,
};
use retina::codec::{CodecItem, FrameFormat, ParametersRef, VideoFrame, VideoParameters, VideoParametersCodec};
use tokio::time::timeout;

use super::fault::{Fault, Step};
use super::receive_buffer;
use crate::base::camera_url::without_secrets;
use crate::base::geom::FrameSize;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::{RtspSettings, RtspTransport};
use crate::decode::{AccessUnit, StreamParameters, VideoCodec};

/// How long saying goodbye may take. A camera that hangs must not hold up stopping.
const GOODBYE: Duration = Duration::from_secs(1);
const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// Connects to one camera, again and again.
pub struct RtspClient {
    settings: RtspSettings,
    group: Arc<SessionGroup>,
}

/// An open conversation that plays.
pub struct RtspStream {
    demuxed: Demuxed,
    track: usize,
    parameters: Option<Arc<StreamParameters>>,
    facts: StreamFacts,
    sender_reports: u64,
}

/// One compressed picture as it came.
pub struct CompressedPicture {
    /// NAL units with Annex B start codes, or one JPEG.
    pub data: Bytes,
    /// Presentation time on the camera's clock, zero at the first packet.
    pub at: MediaTime,
    /// RTP packets lost just before.
    pub lost_packets: u16,
    /// What the decoder must know.
    pub parameters: Arc<StreamParameters>,
}

/// Where a picture stands among those of its source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Counts connections.
    pub connection: u32,
    /// Counts stretches of time whose stamps compare, from 1.
    pub session: u32,
    /// Number in its source, from 1.
    pub number: u64,
}

impl Place {
    /// Of a camera that is listened to once.
    pub fn in_only_connection(number: u64) -> Self {
        Self { connection: 1, session: 1, number }
    }
}

impl CompressedPicture {
    /// As a decoder takes it.
    pub fn into_unit(self, stamp: Stamp, place: Place) -> AccessUnit {
        let Place { connection, session, number } = place;
        let after_loss = self.lost_packets > 0;
        AccessUnit { data: self.data, stamp, connection, session, number, after_loss, parameters: self.parameters }
    }
}

/// What a camera says about its stream.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct StreamFacts {
    /// Picture size in pixels.
    pub size: Option<FrameSize>,
    /// Frames a second by its own account.
    pub frame_rate: Option<f32>,
}

impl RtspClient {
    /// For the camera at `settings.url`.
    pub fn new(settings: RtspSettings) -> Self {
        Self { settings, group: Arc::new(SessionGroup::default()) }
    }

    /// Connects and begins to play.
    ///
    /// # Errors
    /// The [`Fault`] of the first step that failed.
    pub async fn connect(&self) -> Result<RtspStream, Fault> {
        let limit = self.settings.timeout;
        self.look_up().await?;
        let describe = Session::describe(self.settings.url.reveal().clone(), self.session_options());
        let mut session = step(Step::Describe, limit, describe).await?;
        let track = pick(session.streams())?;
        let setup = SetupOptions::default().transport(self.transport()).frame_format(FrameFormat::SIMPLE);
        step(Step::Setup, limit, session.setup(track, setup)).await?;
        if self.settings.transport == RtspTransport::Udp {
            make_room_for_datagrams();
        }
        let playing = step(Step::Play, limit, session.play(PlayOptions::default())).await?;
        let declared_rate = playing.streams()[track].framerate();
        let demuxed = playing.demuxed().map_err(|error| classify(&error))?;
        let facts = StreamFacts { size: None, frame_rate: declared_rate };
        let mut stream = RtspStream { demuxed, track, parameters: None, facts, sender_reports: 0 };
        stream.take_parameters();
        Ok(stream)
    }

    /// Waits, shortly, until the camera has been told goodbye for every conversation that was dropped.
    pub async fn say_goodbye(&self) {
        // A camera that does not answer forgets the session by itself.
        let _ = timeout(GOODBYE, self.group.await_teardown()).await;
    }

    /// Resolves the name first: the library's error does not tell an unknown name from an unreachable host.
    async fn look_up(&self) -> Result<(), Fault> {
        let Some(url::Host::Domain(name)) = self.settings.url.host() else { return Ok(()) };
        let lookup = tokio::net::lookup_host((name, self.settings.url.port().unwrap_or(554)));
        match timeout(self.settings.timeout, lookup).await {
            Err(_) => Err(Fault::TimedOut { step: Step::Lookup, after: self.settings.timeout }),
            Ok(Err(_)) => Err(Fault::UnknownHost),
            Ok(Ok(_)) => Ok(()),
        }
    }

    fn session_options(&self) -> SessionOptions {
        let credentials = self
            .settings
            .credentials
            .as_ref()
            .map(|known| retina::client::Credentials { username: known.user.clone(), password: known.password.reveal().to_owned() });
        SessionOptions::default().creds(credentials).session_group(Arc::clone(&self.group)).user_agent("simpang".to_owned())
    }

    fn transport(&self) -> Transport {
        match self.settings.transport {
            RtspTransport::Tcp => Transport::Tcp(TcpTransportOptions::default()),
            RtspTransport::Udp => Transport::Udp(UdpTransportOptions::default()),
        }
    }
}

impl RtspStream {
    /// The next picture. The library does not notice a camera that falls silent, so nothing for `stall` is a fault.
    ///
    /// # Errors
    /// [`Fault::Stalled`], [`Fault::Ended`] or what the library says.
    pub async fn next_picture(&mut self, stall: Duration) -> Result<CompressedPicture, Fault> {
        timeout(stall, self.next_video()).await.unwrap_or(Err(Fault::Stalled { after: stall }))
    }

    /// What the camera says about its stream; the size is known at the latest with the first picture.
    pub fn facts(&self) -> StreamFacts {
        self.facts
    }

    /// RTCP sender reports so far: with them the camera's own wall clock could be read.
    pub fn sender_reports(&self) -> u64 {
        self.sender_reports
    }

    async fn next_video(&mut self) -> Result<CompressedPicture, Fault> {
        loop {
            match self.demuxed.next().await {
                None => return Err(Fault::Ended),
                Some(Err(error)) => return Err(classify(&error)),
                Some(Ok(CodecItem::VideoFrame(frame))) => {
                    if let Some(picture) = self.picture(frame) {
                        return Ok(picture);
                    }
                }
                Some(Ok(CodecItem::Rtcp(report))) => self.sender_reports += u64::from(report.rtp_timestamp().is_some()),
                Some(Ok(_)) => {}
            }
        }
    }

    /// `None` as long as the camera has not said how to decode.
    fn picture(&mut self, frame: VideoFrame) -> Option<CompressedPicture> {
        if frame.has_new_parameters() || self.parameters.is_none() {
            self.take_parameters();
        }
        let parameters = Arc::clone(self.parameters.as_ref()?);
        let at = MediaTime::from_secs_f64(frame.timestamp().elapsed_secs());
        let lost_packets = frame.loss();
        Some(CompressedPicture { data: Bytes::from(frame.into_data()), at, lost_packets, parameters })
    }

    fn take_parameters(&mut self) {
        let Some(ParametersRef::Video(video)) = self.demuxed.streams()[self.track].parameters() else { return };
        let parameters = decoder_parameters(video);
        let (width, height) = video.pixel_dimensions();
        self.facts.size = Some(FrameSize::new(width, height));
        // The library gives seconds a frame, as (numerator, denominator).
        let declared = video.frame_rate().filter(|&(secs, _)| secs > 0).map(|(secs, per)| per as f32 / secs as f32);
        self.facts.frame_rate = self.facts.frame_rate.or(declared);
        if self.parameters.as_deref() != Some(&parameters) {
            self.parameters = Some(Arc::new(parameters));
        }
    }
}

/// The sockets exist since SETUP, and nothing has come yet.
fn make_room_for_datagrams() {
    match receive_buffer::enlarge() {
        Ok(bytes) => tracing::debug!(?bytes, "receive buffer of datagrams"),
        Err(error) => tracing::warn!("room for datagrams stays as net.core.rmem_default says, a large key frame may not fit: {error}"),
    }
}

async fn step<T>(step: Step, limit: Duration, work: impl Future<Output = Result<T, retina::Error>>) -> Result<T, Fault> {
    match timeout(limit, work).await {
        Ok(result) => result.map_err(|error| classify(&error)),
        Err(_) => Err(Fault::TimedOut { step, after: limit }),
    }
}

/// The first picture stream that can be decoded.
fn pick(streams: &[Stream]) -> Result<usize, Fault> {
    let can_decode = |stream: &Stream| matches!(stream.encoding_name(), "h264" | "h265" | "jpeg");
    let pictures = || streams.iter().enumerate().filter(|(_, stream)| stream.media() == "video");
    if let Some((track, _)) = pictures().find(|(_, stream)| can_decode(stream)) {
        return Ok(track);
    }
    let offered: Vec<_> = pictures().map(|(_, stream)| stream.encoding_name()).collect();
    if offered.is_empty() { Err(Fault::NoVideo) } else { Err(Fault::CodecNotSupported { offered: offered.join(", ") }) }
}

fn decoder_parameters(video: &VideoParameters) -> StreamParameters {
    let annex_b = |sets: &[&Bytes]| -> Bytes { sets.iter().flat_map(|set| START_CODE.iter().chain(set.iter()).copied()).collect() };
    match video.codec_params() {
        VideoParametersCodec::H264 { sps, pps } => StreamParameters { codec: VideoCodec::H264, sets: annex_b(&[sps, pps]) },
        VideoParametersCodec::H265 { vps, sps, pps } => StreamParameters { codec: VideoCodec::H265, sets: annex_b(&[vps, sps, pps]) },
        // JPEG has none; a codec the library learns later is refused by `pick` before it comes here.
        _ => StreamParameters { codec: VideoCodec::Jpeg, sets: Bytes::new() },
    }
}

/// The library's errors are text, apart from the status code. Its first line may repeat the address, never the credentials of the options.
fn classify(error: &retina::Error) -> Fault {
    match error.status_code() {
        Some(401) => return Fault::Unauthorized,
        Some(404) => return Fault::NotFound,
        Some(status) if status >= 300 => return Fault::Answered { status },
        _ => {}
    }
    let text = error.to_string();
    let detail = text.lines().next().unwrap_or_default();
    let os_error = detail.split_once("(os error ").and_then(|(_, rest)| rest.trim_end_matches(')').parse().ok());
    use std::io::ErrorKind as Kind;
    match os_error.map(|code| std::io::Error::from_raw_os_error(code).kind()) {
        Some(Kind::ConnectionRefused) => Fault::Refused,
        Some(Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::TimedOut) => Fault::Unreachable,
        Some(Kind::ConnectionReset | Kind::BrokenPipe | Kind::ConnectionAborted) => Fault::Ended,
        _ => Fault::Protocol { detail: without_secrets(detail) },
    }
}
