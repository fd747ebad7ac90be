use super::*;
use crate::base::class::Class;
use crate::base::ground::GroundPoint;
use crate::base::id::Slug;
use crate::base::time::WallTime;
use crate::detect::Score;
use crate::event::Phase;
use crate::scene::SceneState;
use crate::track::{Track, TrackId};

const SIZE: FrameSize = FrameSize::new(640, 360);
const FPS: f64 = 4.0;
/// 640 × 360 pixels are 48 × 27 m: a car's length is 60 pixels.
const CORNERS: [([f32; 2], [f32; 2]); 4] =
    [([0.0, 0.0], [0.0, 0.0]), ([1.0, 0.0], [48.0, 0.0]), ([1.0, 1.0], [48.0, 27.0]), ([0.0, 1.0], [0.0, 27.0])];

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

fn zone(kind: ZoneUse, [left, top, right, bottom]: [f32; 4]) -> Zone {
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom)].map(|(x, y)| Point::new(x, y));
    let polygon = Polygon::new(corners.to_vec()).expect("four corners");
    Zone { name: "Jalan".into(), kind, polygon, area_m2: None, direction: None, stop_line: None }
}

fn rule() -> Debris {
    let points =
        CORNERS.map(|(image, ground)| GroundPoint { image: Point::new(image[0], image[1]), ground: Point::new(ground[0], ground[1]) });
    let scope = EventScope { source: "/kota/uji".into(), camera: slug("utara"), rule: slug("benda") };
    let secs = Duration::from_secs;
    let settings = DebrisSettings {
        name: slug("benda"),
        zone: slug("jalan"),
        dwell: secs(60),
        smallest_l: 0.15,
        largest_l: 2.0,
        gone: secs(10),
        update_every: secs(300),
    };
    let road = zone(ZoneUse::Exit, [0.1, 0.1, 0.9, 0.9]);
    let all = [zone(ZoneUse::Waiting, [0.1, 0.7, 0.9, 0.9])];
    let ground = Ground::fit(points.to_vec()).expect("a view of the ground");
    Debris::new(scope, settings, road, all.iter(), Sampling::new(FPS as f32)).on_ground(ground)
}

/// As the pixels show a cardboard box at `rect`, seen for so many seconds.
fn lying(rect: [f32; 4], seen_secs: f64) -> StaticRegion {
    StaticRegion {
        rect: Rect::new(rect[0], rect[1], rect[2], rect[3]),
        fill: 0.9,
        seen_secs: seen_secs as f32,
        spare_secs: 1000.0,
        visible: 1.0,
        edges: 4.0,
        brightness: 1.6,
        scatter: 0.1,
    }
}

const PLACE: [f32; 4] = [300.0, 150.0, 24.0, 16.0];

/// A box that lies at [`PLACE`] between two seconds; it is found when it has been there for 15 s.
fn lies(secs: f64, from: f64, to: f64) -> Vec<StaticRegion> {
    if (from + 15.0..to).contains(&secs) { vec![lying(PLACE, secs - from)] } else { Vec::new() }
}

fn track(id: u32, class: Class, rect: Rect<Pixel>, secs: f64) -> Track {
    let at = MediaTime::from_secs_f64(secs);
    Track {
        id: TrackId(id),
        rect,
        class,
        score: Score::new(0.9),
        velocity: Point::new(0.0, 0.0),
        is_observed: true,
        is_rider: false,
        first_seen: (at, rect),
        last_seen: at,
    }
}

/// Messages of a story of so many seconds: phase, second, and why it ended.
fn told(
    until: f64,
    regions: impl Fn(f64) -> Option<Vec<StaticRegion>>,
    tracks: impl Fn(f64) -> Vec<Track>,
) -> Vec<(Phase, u32, Option<EndReason>)> {
    let (mut rule, mut state, mut out) = (rule(), SceneState::new(), Findings::default());
    let mut foreground = Foreground::new(80, 45, [1.0 / 80.0, 1.0 / 45.0]);
    let mut first_seen: std::collections::BTreeMap<u32, (MediaTime, Rect<Pixel>)> = std::collections::BTreeMap::new();
    for frame in 0..(until * FPS) as u32 {
        let secs = f64::from(frame) / FPS;
        let at = Stamp { media: MediaTime::from_secs_f64(secs), wall: WallTime::from_micros((secs * 1e6) as i64) };
        let seen = regions(secs);
        foreground.begin(at.media);
        foreground.regions_mut().extend(seen.iter().flatten());
        let mut tracks = tracks(secs);
        for track in &mut tracks {
            track.first_seen = *first_seen.entry(track.id.0).or_insert((at.media, track.rect));
        }
        let scene = Scene { foreground: seen.is_some().then_some(&foreground), ..state.observe(at, SIZE, &tracks) };
        rule.observe(&scene, &mut out);
    }
    let secs = |event: &crate::event::Event| (event.updated.as_micros() / 1_000_000) as u32;
    out.events.iter().map(|event| (event.phase, secs(event), event.ended.map(|(_, reason)| reason))).collect()
}

fn nobody(_: f64) -> Vec<Track> {
    Vec::new()
}

#[test]
fn something_that_lies_there_for_a_minute_is_told_of_and_ends_when_it_is_gone() {
    let messages = told(200.0, |secs| Some(lies(secs, 40.0, 150.0)), nobody);
    assert_eq!(messages, [(Phase::New, 100, None), (Phase::End, 159, Some(EndReason::Cleared))]);
}

#[test]
fn what_is_not_there_for_a_minute_is_not_told_of() {
    assert_eq!(told(200.0, |secs| Some(lies(secs, 40.0, 99.0)), nobody), []);
}

#[test]
fn where_nobody_looked_nothing_is_told_and_nothing_ends() {
    assert_eq!(told(200.0, |_| None, nobody), []);
    let blind = |secs: f64| (!(110.0..160.0).contains(&secs)).then(|| lies(secs, 40.0, 190.0));
    assert_eq!(told(180.0, blind, nobody), [(Phase::New, 100, None)]);
}

/// A region that looks otherwise than a box on the road.
fn otherwise(change: impl Fn(&mut StaticRegion)) -> usize {
    let changed = |secs: f64| {
        let mut regions = lies(secs, 10.0, 190.0);
        regions.iter_mut().for_each(&change);
        Some(regions)
    };
    told(180.0, changed, nobody).len()
}

#[test]
fn what_has_not_the_size_or_the_look_of_a_thing_on_the_carriageway_is_left_alone() {
    assert_eq!(otherwise(|_| {}), 1, "the box itself is told of");
    let rect = |rect: [f32; 4]| move |region: &mut StaticRegion| region.rect = Rect::new(rect[0], rect[1], rect[2], rect[3]);
    assert_eq!(otherwise(rect([300.0, 150.0, 8.0, 6.0])), 0, "0.13 L");
    assert_eq!(otherwise(rect([300.0, 150.0, 140.0, 60.0])), 0, "2.3 L");
    assert_eq!(otherwise(rect([300.0, 150.0, 60.0, 3.0])), 0, "a thin strip: the edge of a shadow");
    assert_eq!(otherwise(rect([20.0, 150.0, 24.0, 16.0])), 0, "outside of the zone");
    assert_eq!(otherwise(rect([66.0, 150.0, 24.0, 16.0])), 0, "at its edge, where queues throw shadows");
    assert_eq!(otherwise(rect([300.0, 290.0, 24.0, 16.0])), 0, "where things are put down");
    assert_eq!(otherwise(|region| region.edges = 0.9), 0, "something went");
    assert_eq!(otherwise(|region| (region.brightness, region.scatter) = (0.6, 0.02)), 0, "shade");
    assert_eq!(otherwise(|region| region.visible = 0.2), 0, "hidden now");
}

#[test]
fn many_new_things_at_once_are_weather() {
    let row = |secs: f64| {
        let one = lies(secs, 10.0, 190.0);
        Some(
            (0..6)
                .flat_map(|index| one.iter().map(move |region| (index, *region)))
                .map(|(index, mut region)| {
                    region.rect = Rect::new(100.0 + 70.0 * index as f32, 150.0, 24.0, 16.0);
                    region
                })
                .collect(),
        )
    };
    assert_eq!(told(180.0, row, nobody), []);
}

/// A vehicle that stands where the box lies between two seconds, and comes and goes along the street.
fn stands(secs: f64, from: f64, to: f64) -> Vec<Track> {
    let x = if secs < from {
        285.0 - 80.0 * (from - secs)
    } else if secs < to {
        285.0
    } else {
        285.0 + 80.0 * (secs - to)
    };
    if (-50.0..700.0).contains(&x) { vec![track(1, Class::Car, Rect::new(x as f32, 130.0, 60.0, 40.0), secs)] } else { Vec::new() }
}

#[test]
fn a_vehicle_that_stands_there_and_that_the_detector_loses_is_none() {
    let lost = |secs: f64| if secs < 30.0 { stands(secs, 20.0, 1e9) } else { Vec::new() };
    assert_eq!(told(180.0, |secs| Some(lies(secs, 20.0, 170.0)), lost), []);
    let ended = |secs: f64| if secs < 20.0 { stands(secs, 20.0, 1e9) } else { Vec::new() };
    assert_eq!(told(180.0, |secs| Some(lies(secs, 20.0, 170.0)), ended), [], "its track ended where it stopped");
    let late = |secs: f64| if secs > 110.0 { stands(secs, 0.0, 1e9) } else { Vec::new() };
    let messages = told(180.0, |secs| Some(lies(secs, 20.0, 170.0)), late);
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[1].2, Some(EndReason::NotConfirmed), "found by the detector in the end");
}

#[test]
fn the_ground_below_a_vehicle_that_left_is_none() {
    assert_eq!(told(200.0, |secs| Some(lies(secs, 60.0, 190.0)), |secs| stands(secs, 5.0, 60.0)), []);
}

/// Cars that drive through with their wheels at height `bottom`, one every ten seconds.
fn passing(secs: f64, bottom: f32) -> Vec<Track> {
    let x = (secs % 10.0 * 80.0 - 60.0) as f32;
    vec![track(1 + (secs / 10.0) as u32, Class::Car, Rect::new(x, bottom - 40.0, 60.0, 40.0), secs)]
}

#[test]
fn what_traffic_drives_over_is_none_and_what_it_goes_around_is_surer() {
    let stain = |secs: f64| Some(lies(secs, 20.0, 190.0));
    assert_eq!(told(180.0, stain, |secs| passing(secs, 170.0)), []);
    assert_eq!(told(180.0, stain, |secs| passing(secs, 230.0)).len(), 1);
}
