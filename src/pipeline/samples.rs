//! A made-up camera for the tests of the pipeline and of what drives it.

use std::time::Duration;

use crate::base::class::Class;
use crate::base::geom::{FrameSize, Line, Norm, Pixel, Point, Polygon, Rect};
use crate::base::id::Slug;
use crate::base::time::{MediaTime, Stamp, WallTime};
use crate::config::settings::{
    Anchor, CameraDetectSettings, CameraSettings, CrowdSettings, LineCountSettings, RuleSettings, SourceSettings, StoppedVehicleSettings,
    TrackScores, TrackSettings, Zone, ZoneUse,
};
use crate::decode::{Frame, I420};
use crate::detect::{Cost, DetectError, Detection, Detector, Score, Turn};
use crate::pipeline::Pipeline;
use crate::rules::RuleSet;

pub(crate) const FPS: u32 = 8;
const SIZE: FrameSize = FrameSize::new(320, 240);
/// When media time zero of every sample is.
pub(crate) const START: WallTime = WallTime::from_micros(1_700_000_000_000_000);

pub(crate) fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

/// Sees what a test tells it to see.
struct Scripted<F>(F);

impl<F: FnMut(&Frame) -> Result<Vec<Detection>, DetectError> + Send> Detector for Scripted<F> {
    fn turn(&self) -> Turn {
        Turn::free()
    }

    fn detect_in(&mut self, _: Turn, frame: &Frame, _: &[Rect<Pixel>], out: &mut Vec<Detection>) -> Result<Cost, DetectError> {
        *out = (self.0)(frame)?;
        Ok(Cost::default())
    }
}

/// The pipeline of [`camera`] whose model is `sees`.
pub(crate) fn pipeline(sees: impl FnMut(&Frame) -> Result<Vec<Detection>, DetectError> + Send + 'static) -> Pipeline {
    let rules = RuleSet::build(&camera(), "/kota/uji/simpang/kotak").expect("builds");
    Pipeline::new(Box::new(Scripted(sees)), &TrackSettings::default(), rules)
}

/// The frame at `secs` of a session, gray all over.
pub(crate) fn frame(session: u32, secs: f64) -> Frame {
    let media = MediaTime::from_secs_f64(secs);
    let stamp = Stamp { media, wall: START + media.since(MediaTime::ZERO) };
    let number = (secs * f64::from(FPS)).round() as u64 + 1;
    let (luma, chroma) = ((SIZE.width * SIZE.height) as usize, (SIZE.width * SIZE.height / 4) as usize);
    Frame::from_i420(stamp, session, number, I420 { size: SIZE, y: vec![128; luma], u: vec![128; chroma], v: vec![128; chroma] })
}

/// Frames of a session from one second to another.
pub(crate) fn frames(session: u32, from: u32, to: u32) -> impl Iterator<Item = Frame> {
    (from * FPS..to * FPS).map(move |index| frame(session, f64::from(index) / f64::from(FPS)))
}

pub(crate) fn seen(class: Class, left: f32, top: f32) -> Detection {
    let (width, height) = if class == Class::Person { (10.0, 24.0) } else { (40.0, 24.0) };
    Detection { rect: Rect::new(left, top, width, height), class, score: Score::new(0.9) }
}

/// Three people who stand in the zone.
pub(crate) fn crowd() -> Vec<Detection> {
    [40.0, 80.0, 120.0].map(|left| seen(Class::Person, left, 100.0)).to_vec()
}

/// A crowd of three for two seconds, a vehicle that stands for twenty, what passes the line in the middle.
pub(crate) fn camera() -> CameraSettings {
    let update_every = Duration::from_secs(600);
    let crowd = CrowdSettings {
        name: slug("kerumunan"),
        zone: slug("semua"),
        enter_at: 3,
        exit_below: 2,
        hold: Duration::from_secs(2),
        update_every,
    };
    let stopped = StoppedVehicleSettings {
        name: slug("mogok"),
        zone: slug("semua"),
        dwell: Duration::from_secs(20),
        drift_l: 0.5,
        passed: 0,
        gone: Duration::from_secs(5),
        update_every,
    };
    let counted = LineCountSettings {
        name: slug("hitung"),
        line: slug("tengah"),
        to_right: slug("ke-kanan"),
        to_left: slug("ke-kiri"),
        anchor: Anchor::Center,
        classes: Class::ALL.to_vec(),
    };
    let corner = |x, y| Point::<Norm>::new(x, y);
    let all = Polygon::new(vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0)]).expect("a square");
    let zone = Zone { name: "Semua".into(), kind: ZoneUse::Exit, polygon: all, area_m2: None, direction: None, stop_line: None };
    CameraSettings {
        id: slug("utara"),
        name: "Utara".into(),
        source: SourceSettings::Simulated { seed: 1 },
        analyse_fps: FPS as f32,
        bearing_deg: None,
        detect: CameraDetectSettings { crops: 0, min_score: None, classes: Class::ALL.to_vec() },
        track: TrackSettings::default(),
        track_scores: TrackScores::default(),
        view: None,
        calibration: None,
        lines: [(slug("tengah"), Line::new(corner(0.5, 1.0), corner(0.5, 0.0)))].into(),
        zones: [(slug("semua"), zone)].into(),
        rules: vec![RuleSettings::Crowd(crowd), RuleSettings::StoppedVehicle(stopped), RuleSettings::LineCount(counted)],
    }
}

/// The frame at `secs` of a session with walls and kerbs in it, which lie `shift` pixels further to the right than usual. Its noise is a camera's.
pub(crate) fn street(secs: f64, shift: usize) -> Frame {
    let plain = frame(1, secs);
    let number = plain.number();
    let luma = |index: usize| {
        let (x, y) = (index % SIZE.width as usize + 1000 - shift, index / SIZE.width as usize);
        // Stones of 23 x 17 pixels in courses, each with a shade of its own.
        let (column, row) = ((x + y / 17 * 9) / 23, y / 17);
        let shade = (column * 7919 + row * 104_729 + column * row * 31) % 140;
        let noise = (index as u64 * 2_654_435_761 + number * 40_503 * (index as u64 % 977)) >> 7 & 3;
        40 + shade as u8 + noise as u8
    };
    let y = (0..(SIZE.width * SIZE.height) as usize).map(luma).collect();
    let chroma = vec![128; (SIZE.width * SIZE.height / 4) as usize];
    Frame::from_i420(plain.stamp(), 1, number, I420 { size: SIZE, y, u: chroma.clone(), v: chroma })
}
