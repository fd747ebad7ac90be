//! Something falls on a carriageway, seen from pixels to messages: on drawn pictures always, and on a real film with the model where one is there.
//!
//! The film is not ours to ship: it is looked for in `../shared/media/film`, and it is said when it is not there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use simpang::base::class::Class;
use simpang::base::geom::{FrameSize, Rect};
use simpang::base::time::{MediaTime, Stamp, WallTime};
use simpang::config::check::{self, Surroundings};
use simpang::decode::{Frame, I420};
use simpang::detect::{Detection, RecordedDetector, Score};
use simpang::event::{EndReason, Event, Phase};
use simpang::pipeline::Pipeline;
use simpang::rules::RuleSet;
use simpang::vision::foreground::Background;

use crate::camera_server::encoded;
use crate::counting_allocator::allocations;
use crate::program::{Program, Workshop};

/// The whole picture is road, 22 m long and 12.4 m wide, seen from above.
const CONFIG: &str = r#"
[site]
city = "palembang"
id = "jalan"
device = "edge-01"
[page]
enabled = false
[cameras.jalan]
url = "rtsp://192.0.2.1/jalan"
analyse_fps = 60
[cameras.jalan.calibration]
points = [
  { image = [0, 0], ground = [0, 0] }, { image = [1, 0], ground = [22, 0] },
  { image = [1, 1], ground = [22, 12.4] }, { image = [0, 1], ground = [0, 12.4] },
]
[cameras.jalan.zones.lajur]
kind = "exit"
polygon = [[0, 0.3], [1, 0.3], [1, 1], [0, 1]]
[[cameras.jalan.rules.debris]]
zone = "lajur"
"#;

const SIZE: FrameSize = FrameSize::new(320, 180);
const FPS: u32 = 2;

/// Left, top, width, height.
type Place = [i64; 4];

/// What is on the road at one moment: a place and how bright it is.
fn on_the_road(secs: f64) -> Vec<(Place, i64)> {
    let mut things = Vec::new();
    if (90.0..170.0).contains(&secs) {
        things.push((BOX, 165));
    }
    // A van that stands from second 50 on.
    if secs >= 50.0 {
        things.push((VAN, 200));
    }
    things.extend(passing(secs).map(|place| (place, 40 + (secs / 6.0) as i64 * 53 % 180)));
    things
}

const BOX: Place = [150, 92, 14, 9];
const VAN: Place = [60, 130, 60, 30];

/// A car that passes every six seconds, behind the box.
fn passing(secs: f64) -> Option<Place> {
    let left = (secs % 6.0 * 90.0) as i64 - 60;
    (left < 320).then_some([left, 58, 56, 26])
}

fn drawn(number: u64) -> Frame {
    let secs = (number - 1) as f64 / f64::from(FPS);
    let things = on_the_road(secs);
    let luma = |index: i64| {
        let (x, y) = (index % i64::from(SIZE.width), index / i64::from(SIZE.width));
        let is_on = |place: Place| (place[0]..place[0] + place[2]).contains(&x) && (place[1]..place[1] + place[3]).contains(&y);
        let grain = (x * 7919 + y * 104_729 + x * y * 31).rem_euclid(13);
        let thing = things.iter().rfind(|(place, _)| is_on(*place));
        let base = thing.map_or(84 + grain, |(place, luma)| luma + if y < place[1] + place[3] / 2 { 14 } else { -14 });
        let noise = ((index as u64).wrapping_mul(2_654_435_761).wrapping_add(number * 40_503 * (index as u64 % 977)) >> 7 & 7) as i64 - 3;
        (base + noise).clamp(0, 255) as u8
    };
    let y = (0..i64::from(SIZE.width * SIZE.height)).map(luma).collect();
    let chroma = vec![128; (SIZE.width * SIZE.height / 4) as usize];
    let stamp = Stamp { media: MediaTime::from_secs_f64(secs), wall: WallTime::from_micros((secs * 1e6) as i64) };
    Frame::from_i420(stamp, 1, number, I420 { size: SIZE, y, u: chroma.clone(), v: chroma })
}

fn found(place: Place) -> Detection {
    let [left, top, width, height] = place.map(|side| side as f32);
    Detection { rect: Rect::new(left, top, width, height), class: Class::Car, score: Score::new(0.9) }
}

/// The messages of a street on which a detector finds what passes, and the van for half a minute.
fn told(frames: u64) -> Vec<Event> {
    // What is drawn needs no model.
    let config = CONFIG.replace("url = \"rtsp://192.0.2.1/jalan\"", "simulated = { seed = 1 }");
    let settings = check::load_text(&config, "jalan.toml".as_ref(), &Surroundings::default()).expect("a configuration").settings;
    let detections = (1..=frames).flat_map(|number| {
        let secs = (number - 1) as f64 / f64::from(FPS);
        let van = (50.0..80.0).contains(&secs).then(|| found(VAN));
        passing(secs).map(found).into_iter().chain(van).map(move |found| (number, found))
    });
    let camera = &settings.cameras[0];
    let rules = RuleSet::build(camera, &settings.site.source()).expect("builds");
    let mut pipeline = Pipeline::new(Box::new(RecordedDetector::new(detections.collect())), &camera.track, rules);
    let mut events = Vec::new();
    for number in 1..=frames {
        events.extend(pipeline.step(&drawn(number)).expect("a recorded detector").findings.events.clone());
    }
    events.extend(pipeline.finish(EndReason::CameraLost).events.clone());
    events
}

#[test]
fn a_box_on_the_road_is_told_after_a_minute_and_a_van_that_the_detector_loses_is_not() {
    let events = told(u64::from(200 * FPS));
    let [new, end] = &events[..] else { panic!("{events:#?}") };
    let secs = |event: &Event| event.updated.as_micros() as f64 / 1e6;
    assert_eq!((new.phase, new.kind.category().word()), (Phase::New, "incident"));
    assert!((150.0..165.0).contains(&secs(new)), "lies there from second 90 on, told at {}", secs(new));
    assert!((0.2..0.5).contains(&new.measurement.size_l.expect("a size")) && new.confidence <= 0.5, "{new:#?}");
    assert_eq!((end.phase, end.ended.map(|(_, reason)| reason)), (Phase::End, Some(EndReason::Cleared)));
    assert!((170.0..195.0).contains(&secs(end)), "taken away in second 170, ended at {}", secs(end));
}

#[test]
fn a_look_at_the_background_allocates_nothing() {
    let mut background = Background::new();
    for number in 1..=240 {
        let frame = drawn(number);
        let spent = allocations(|| background.observe(&frame));
        assert!(number == 1 || spent == 0, "{spent} allocations in frame {number}");
        let regions = background.foreground().map_or(0, |foreground| foreground.regions().len());
        assert!(number < 230 || regions > 0, "the van and the box stay");
    }
}

/// The street from above, at two frames a second: a dark car is put on it at second 40 and stays, a cardboard box from second 75 to 150.
fn film_with_a_box(film: &Path) -> PathBuf {
    let film = film.to_str().expect("plain");
    let cardboard =
        "color=c=0x9a7a50:s=26x16:r=2,drawbox=x=0:y=0:w=iw:h=ih/3:c=0xc0a070:t=fill,drawbox=x=11:y=0:w=3:h=ih:c=0xe0d0b0:t=fill";
    let graph = "[1:v]trim=end_frame=1,crop=142:68:415:136,loop=-1:1,fps=2,setpts=N/2/TB[car];[0:v]fps=2,setpts=N/2/TB[road];\
        [road][car]overlay=x=400:y=290:enable='gte(t,40)'[a];[a][2:v]overlay=x=300:y=209:enable='between(t,75,150)'[out]";
    let inputs =
        ["-stream_loop", "-1", "-i", film, "-ss", "2", "-i", film, "-f", "lavfi", "-i", cardboard, "-t", "185", "-filter_complex", graph];
    let output = ["-map", "[out]", "-c:v", "libx264", "-preset", "superfast", "-crf", "20", "-pix_fmt", "yuv420p", "-an"];
    encoded("street-with-a-box.mp4", &[&inputs[..], &output].concat())
}

#[test]
fn on_film_a_box_is_told_within_75_seconds_and_a_parked_car_is_not() {
    let street = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media/film/street-overhead.mp4");
    if !street.is_file() {
        eprintln!("NOT TESTED: ../shared/media/film/street-overhead.mp4 is not there, nothing was laid on its road");
        return;
    }
    let (workshop, film) = (Workshop::new(), film_with_a_box(&street));
    let config = workshop.write("jalan.toml", CONFIG);
    let words = ["replay", "--config", config.to_str().expect("plain"), "--input", film.to_str().expect("plain")];
    let ended = Program::start(&words).ended_within(Duration::from_secs(600));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mut lines = ended.json_lines();
    lines.pop();
    let midnight = WallTime::parse_rfc3339("2026-01-01T00:00:00Z").expect("valid");
    let secs = |time: &Value| midnight.secs_until(WallTime::parse_rfc3339(time.as_str().expect("a time")).expect("RFC 3339"));
    let told: Vec<(String, f64)> =
        lines.iter().map(|line| (line["data"]["phase"].as_str().expect("a phase").to_owned(), secs(&line["data"]["updateTime"]))).collect();
    eprintln!("a box lies there from 75 to 150 s, a car from 40 s on: {told:?}");
    let [(new, at), (end, until)] = &told[..] else { panic!("{lines:#?}") };
    assert!(new == "new" && (135.0..=150.0).contains(at), "told {} s after it came", at - 75.0);
    assert!(end == "end" && (150.0..=175.0).contains(until), "ended {} s after it was taken away", until - 150.0);
    assert_eq!(lines[1]["data"]["endReason"], "cleared");
    assert!(lines[0]["data"]["text"]["id"].as_str().is_some_and(|text| text.ends_with("Mohon verifikasi.")));
}
