//! Cameras over a real RTSP server.

use std::sync::Arc;
use std::time::Duration;

use simpang::base::handoff::Receiver;
use simpang::base::time::{Clock as _, SystemClock, WallTime};
use simpang::config::settings::{CameraSettings, RtspTransport, SourceSettings};
use simpang::decode::Frame;
use simpang::source::fault::{Fault, Step};
use simpang::source::feed::CameraFeed;
use simpang::source::feed_status::{FeedState, FeedStatus};
use simpang::source::file::FileFrames;
use tokio::runtime::Runtime;

use crate::camera_server::{Auth, CameraServer, Encoding, camera, film, rtsp_camera};

/// A feed with the runtime it runs on. Fields are dropped in this order.
struct Running {
    feed: CameraFeed,
    frames: Receiver<Frame>,
    clock: Arc<SystemClock>,
    _runtime: Runtime,
}

impl Running {
    fn start(camera: &CameraSettings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let clock = Arc::new(SystemClock::new());
        let (feed, frames) = CameraFeed::start(camera, clock.clone(), runtime.handle()).expect("starts");
        Self { feed, frames, clock, _runtime: runtime }
    }

    /// Takes frames until the status is as wanted, at most 20 s.
    fn wait(&self, what: &str, wanted: impl Fn(&FeedStatus) -> bool) -> FeedStatus {
        let began = self.clock.monotonic();
        loop {
            let status = self.feed.status();
            if wanted(&status) {
                return status;
            }
            assert!(self.clock.monotonic() - began < Duration::from_secs(20), "{what}: {status:?}");
            let _ = self.frames.recv_timeout(Duration::from_millis(20));
        }
    }

    fn fault(&self) -> Fault {
        self.fault_and_status().0
    }

    /// A fault and all that is known in the same instant. Back-off may be over at once: a fault that was too short to be seen is followed by another one.
    fn fault_and_status(&self) -> (Fault, FeedStatus) {
        let status = self.wait("a fault", |status| matches!(status.state, FeedState::Reconnecting { .. }));
        match status.state.clone() {
            FeedState::Reconnecting { fault, .. } => (fault, status),
            other => unreachable!("{other:?}"),
        }
    }
}

fn fault_of(camera: &CameraSettings) -> Fault {
    Running::start(camera).fault()
}

#[test]
fn a_film_over_rtsp_is_the_film_from_disk() {
    let cases = [
        (Encoding::H264, RtspTransport::Tcp, Auth::Open),
        (Encoding::H264, RtspTransport::Udp, Auth::Basic),
        (Encoding::H265, RtspTransport::Tcp, Auth::Digest),
        (Encoding::H265, RtspTransport::Udp, Auth::Digest),
    ];
    for (encoding, transport, auth) in cases {
        let path = film(encoding, 5);
        let on_disk = FileFrames::open(&path, WallTime::from_micros(0)).expect("a film").count() as u64;
        let server = CameraServer::start(Some(&path), encoding, auth);
        let running = Running::start(&rtsp_camera(&server.url("/film"), transport, (auth != Auth::Open).then_some("test-only")));
        // The film ends, nothing more comes, nobody says goodbye: only the watchdog notices.
        let (fault, status) = running.fault_and_status();
        assert!(matches!(fault, Fault::Stalled { .. }), "{encoding:?} {transport:?} {auth:?}: {status:?}");
        let plays = status.reconnects + 1;
        let whole = (on_disk - 10) * plays..=on_disk * plays;
        assert!(whole.contains(&status.frames), "{encoding:?} {transport:?}: {} of {on_disk}, {plays} times", status.frames);
        assert_eq!((status.damaged, status.decode_errors, status.lost_packets), (0, 0, 0), "{encoding:?} {transport:?}");
        assert_eq!(status.size.map(|size| size.to_string()).as_deref(), Some("320×240"));
        assert!(status.fps.is_some_and(|fps| (fps - 10.0).abs() < 0.5), "{:?}", status.fps);
        running.feed.stop();
    }
}

#[test]
fn every_refusal_has_its_own_name() {
    let server = CameraServer::start(None, Encoding::H264, Auth::Digest);
    let tcp = |path: &str, password| rtsp_camera(&server.url(path), RtspTransport::Tcp, password);
    let wrong = Running::start(&tcp("/live", Some("s3cret")));
    assert_eq!(wrong.fault(), Fault::Unauthorized);
    let shown = format!("{:?} {:?}", wrong.feed.status(), tcp("/live", Some("s3cret")));
    assert!(!shown.contains("s3cret"), "{shown}");
    assert_eq!(fault_of(&tcp("/live", None)), Fault::Unauthorized);
    assert_eq!(fault_of(&tcp("/nowhere", Some("test-only"))), Fault::NotFound);
    assert_eq!(fault_of(&tcp("/sound", Some("test-only"))), Fault::NoVideo);
    assert_eq!(fault_of(&tcp("/vp8", Some("test-only"))), Fault::CodecNotSupported { offered: "vp8".into() });
    let gone = { CameraServer::live().url("/live") };
    assert_eq!(fault_of(&rtsp_camera(&gone, RtspTransport::Tcp, None)), Fault::Refused);
    assert_eq!(fault_of(&rtsp_camera("rtsp://kamera.invalid/live", RtspTransport::Tcp, None)), Fault::UnknownHost);
}

#[test]
fn a_camera_that_sends_jpeg_is_seen() {
    let server = CameraServer::live();
    let running = Running::start(&rtsp_camera(&server.url("/jpeg"), RtspTransport::Tcp, None));
    let status = running.wait("frames", |status| status.frames > 10);
    assert_eq!((status.codec.as_deref(), status.damaged, status.decode_errors), (Some("JPEG"), 0, 0));
}

#[test]
fn a_second_viewer_who_comes_between_key_frames_sees_only_whole_pictures() {
    let server = CameraServer::live();
    let first = Running::start(&rtsp_camera(&server.url("/live"), RtspTransport::Tcp, None));
    first.wait("frames", |status| status.frames > 33);
    let second = Running::start(&rtsp_camera(&server.url("/live"), RtspTransport::Tcp, None));
    let status = second.wait("frames", |status| status.frames > 30);
    assert_eq!((status.damaged, status.decode_errors, status.reconnects), (0, 0, 0));
}

#[test]
fn a_slow_reader_gets_the_newest_frame_and_the_others_are_counted() {
    let server = CameraServer::live();
    let running = Running::start(&rtsp_camera(&server.url("/live"), RtspTransport::Tcp, None));
    let first = running.frames.recv_timeout(Duration::from_secs(10)).expect("a frame");
    let began = running.clock.monotonic();
    // Reads nothing meanwhile.
    while running.feed.status().frames < first.number() + 30 {
        assert!(running.clock.monotonic() - began < Duration::from_secs(20));
        std::thread::yield_now();
    }
    let newest = running.frames.recv_timeout(Duration::from_secs(1)).expect("a frame");
    assert!(newest.number() >= first.number() + 29, "{newest:?} after {first:?}");
    assert!(running.feed.status().dropped_frames >= 28);
}

#[test]
fn a_host_that_accepts_and_says_nothing_is_a_time_out() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("rtsp://{}/live", silent.local_addr().expect("bound"));
    let fault = fault_of(&rtsp_camera(&url, RtspTransport::Tcp, None));
    assert_eq!(fault, Fault::TimedOut { step: Step::Describe, after: Duration::from_secs(3) });
}

#[test]
fn a_server_that_dies_and_comes_back_is_found_again_each_time() {
    let rounds: u64 = std::env::var("SIMPANG_TEST_RESTARTS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    let mut server = CameraServer::live();
    let running = Running::start(&rtsp_camera(&server.url("/live"), RtspTransport::Tcp, None));
    let mut resident = Vec::new();
    for round in 1..=rounds {
        let before = running.feed.status().frames;
        running.wait("frames", |status| status.frames > before + 25 && matches!(status.state, FeedState::Streaming { .. }));
        resident.push(resident_kib());
        server.restart();
        running.wait("the loss noticed", |status| status.reconnects == round || !matches!(status.state, FeedState::Streaming { .. }));
    }
    running.wait("the last return", |status| status.reconnects == rounds);
    println!("resident memory by round, KiB: {resident:?}");
    if let [_, second, .., last] = resident[..] {
        assert!(last < second + 8 * 1024, "resident memory grows: {resident:?}");
    }
}

#[test]
fn a_camera_that_restarts_goes_on_in_its_session_as_much_later_as_it_was_away() {
    let mut server = CameraServer::live();
    let running = Running::start(&rtsp_camera(&server.url("/live"), RtspTransport::Tcp, None));
    running.wait("frames", |status| status.frames > 25);
    let before = running.frames.recv_timeout(Duration::from_secs(5)).expect("a frame");
    server.restart();
    let back = running.wait("its return", |status| status.reconnects == 1);
    running.wait("frames", |status| status.frames > back.frames + 25);
    let after = running.frames.recv_timeout(Duration::from_secs(5)).expect("a frame");
    assert_eq!((before.session(), after.session()), (1, 1));
    let media = after.stamp().media.since(before.stamp().media).as_secs_f64();
    let wall = before.stamp().wall.secs_until(after.stamp().wall);
    assert!(media > 1.0 && (media - wall).abs() < 2.5, "media time {media} s, wall time {wall} s");
    assert!(!after.is_damaged());
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("always there");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

#[test]
fn a_camera_that_hangs_is_noticed_in_seconds_and_found_again() {
    let server = CameraServer::live();
    let running = Running::start(&rtsp_camera(&server.url("/live"), RtspTransport::Tcp, None));
    running.wait("frames", |status| status.frames > 25);
    server.freeze();
    let began = running.clock.monotonic();
    let Fault::Stalled { after } = running.fault() else { panic!("{:?}", running.feed.status()) };
    let took = running.clock.monotonic() - began;
    assert!(after == Duration::from_secs(2) && took < Duration::from_secs(6), "noticed after {took:?}, {after:?}");
    server.thaw();
    let before = running.feed.status().frames;
    let status = running.wait("frames again", |status| status.frames > before + 10);
    assert!(status.reconnects >= 1);
}

#[test]
fn stopping_is_prompt_in_every_state() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let hanging = format!("rtsp://{}/live", silent.local_addr().expect("bound"));
    let server = CameraServer::live();
    for (url, transport) in
        [(server.url("/live"), RtspTransport::Tcp), (server.url("/live"), RtspTransport::Udp), (hanging, RtspTransport::Tcp)]
    {
        let running = Running::start(&rtsp_camera(&url, transport, None));
        let watch = running.feed.watch();
        let _ = running.frames.recv_timeout(Duration::from_secs(2));
        let (clock, began) = (running.clock.clone(), running.clock.monotonic());
        drop(running);
        let took = clock.monotonic() - began;
        assert!(took < Duration::from_secs(2), "{url} {transport:?}: {took:?}");
        assert_eq!(watch.status().state, FeedState::Ended { problem: None });
    }
}

#[test]
fn a_paced_film_comes_at_its_own_speed_and_repeats_as_a_new_session() {
    let path = film(Encoding::H264, 2);
    let running = Running::start(&camera(SourceSettings::File { path, repeat: true }));
    let began = running.clock.monotonic();
    let mut seen = Vec::new();
    while seen.last().is_none_or(|&(session, _)| session < 2) {
        let frame = running.frames.recv_timeout(Duration::from_secs(5)).expect("a frame");
        seen.push((frame.session(), frame.number()));
    }
    let took = (running.clock.monotonic() - began).as_secs_f64();
    assert!((1.85..4.0).contains(&took), "19 intervals of 0.1 s took {took} s");
    assert_eq!(seen.last(), Some(&(2, 1)));
    running.feed.stop();
}

#[test]
fn the_drawn_junction_is_a_camera_of_ten_frames_a_second() {
    let mut settings = camera(SourceSettings::Simulated { seed: 1 });
    settings.analyse_fps = 5.0;
    let running = Running::start(&settings);
    let numbers: Vec<_> = (0..5).map(|_| running.frames.recv_timeout(Duration::from_secs(5)).expect("a frame").number()).collect();
    assert!(numbers.windows(2).all(|pair| (pair[1] - pair[0]).is_multiple_of(2)), "every second frame of ten a second: {numbers:?}");
    assert_eq!(running.feed.status().size.map(|size| size.to_string()).as_deref(), Some("960×540"));
}

#[derive(clap::Parser)]
struct Probe {
    #[command(flatten)]
    args: simpang::commands::probe::Args,
}

fn probe(arguments: &[&str]) -> Result<(), String> {
    let probe = <Probe as clap::Parser>::try_parse_from([&["probe"], arguments].concat()).expect("legal arguments");
    simpang::commands::probe::run(probe.args).map_err(|error| format!("{error:#}"))
}

#[test]
fn probing_a_camera_writes_a_still_and_never_shows_the_password() {
    let server = CameraServer::start(Some(&film(Encoding::H265, 5)), Encoding::H265, Auth::Digest);
    let directory = tempfile::tempdir().expect("a directory");
    let still = directory.path().join("still.png");
    let with_password = server.url("/film").replace("rtsp://", "rtsp://viewer:test-only@");
    probe(&[&with_password, "--seconds", "2", "--still", still.to_str().expect("plain")]).expect("a camera that answers");
    let picture = image::open(&still).expect("a png").to_rgb8();
    assert_eq!(picture.dimensions(), (320, 240));
    // ffmpeg's test picture: bars of full colours, white or yellow and blue among them.
    let is = |wanted: [u8; 3]| picture.pixels().filter(|pixel| pixel.0.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 40)).count();
    assert!(is([255, 255, 0]) > 1000 && is([0, 0, 255]) > 1000 && is([255, 0, 0]) > 1000, "colours are right");

    let error = probe(&[&with_password.replace("test-only", "s3cret")]).expect_err("a wrong password");
    let said =
        format!("{}: it refuses user or password (401); set user and password of an account that may view the stream", server.url("/film"));
    assert_eq!(error, said);
    let error = probe(&["http://viewer:s3cret@127.0.0.1/"]).expect_err("no camera");
    assert_eq!(error, "`http://` is not spoken here; write the address as rtsp://host:554/path");
}
