use std::time::Duration;

use super::crowd_count::CrowdCount;
use crate::base::class::Class;
use crate::base::foreground::Foreground;
use crate::base::geom::{FrameSize, Pixel, Point, Polygon, Rect};
use crate::base::ground::{Ground, GroundPoint};
use crate::base::id::Slug;
use crate::base::time::{MediaTime, Stamp, WallTime};
use crate::config::settings::{CrowdSettings, Zone, ZoneUse};
use crate::detect::Score;
use crate::event::{Event, EventScope};
use crate::rules::sampling::Sampling;
use crate::rules::{Findings, Rule, RuleMemory};
use crate::scene::{Scene, SceneState};
use crate::track::{Track, TrackId};

const SIZE: FrameSize = FrameSize::new(640, 360);
const GRID: (usize, usize) = (80, 45);
const FPS: u32 = 2;
/// 20 pixels are a metre: the zone has 8 × 5 m.
const METRES: [f32; 2] = [32.0, 18.0];
const ZONE: [f32; 4] = [200.0, 130.0, 360.0, 230.0];
const ZONE_M2: f64 = 40.0;

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

fn rule() -> CrowdCount {
    let secs = Duration::from_secs;
    let (name, zone) = (slug("kerumunan"), slug("alun-alun"));
    let settings = CrowdSettings { name: name.clone(), zone, enter_at: 30, exit_below: 22, hold: secs(20), update_every: secs(60) };
    let scope = EventScope { source: "/kota/uji".into(), camera: slug("utara"), rule: name };
    let [left, top, right, bottom] = ZONE;
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
    let corners = corners.map(|(x, y)| SIZE.to_norm(Point::new(x, y)));
    let polygon = Polygon::new(corners.to_vec()).expect("four corners");
    let zone = Zone { name: "Alun-alun".into(), kind: ZoneUse::Plaza, polygon, area_m2: None, direction: None, stop_line: None };
    let points = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    let points = points.map(|(x, y)| GroundPoint { image: Point::new(x, y), ground: Point::new(x * METRES[0], y * METRES[1]) });
    let ground = Ground::fit(points.to_vec()).expect("a view of the ground");
    CrowdCount::new(scope, settings, zone, Sampling::new(FPS as f32)).on_ground(ground, ZONE_M2)
}

/// People at random places of the zone, half a metre wide and 1.7 m high; who moves is elsewhere every two seconds.
fn people(number: u32, secs: f64) -> Vec<Rect<Pixel>> {
    let mut state = 0x9e37_79b9_u64 + (secs / 2.0) as u64 * 7919;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let [left, top, right, bottom] = ZONE;
    (0..number)
        .map(|_| (left + random() * (right - left), top + random() * (bottom - top)))
        .map(|(x, y)| Rect::new(x - 5.0, y - 34.0, 10.0, 34.0))
        .collect()
}

/// What the pixels say of these things: the share of each cell that one of them covers.
fn draw(things: &[Rect<Pixel>], foreground: &mut Foreground) {
    const SIDE: usize = 8;
    let mut mask = vec![false; 640 * 360];
    for thing in things {
        for y in thing.top.max(0.0) as usize..(thing.bottom().max(0.0) as usize).min(360) {
            mask[y * 640 + thing.left.max(0.0) as usize..y * 640 + (thing.right().max(0.0) as usize).min(640)].fill(true);
        }
    }
    for (index, cell) in foreground.cells_mut().iter_mut().enumerate() {
        let (x, y) = (index % GRID.0 * SIDE, index / GRID.0 * SIDE);
        let covered = (y..y + SIDE).map(|y| mask[y * 640 + x..][..SIDE].iter().filter(|covered| **covered).count()).sum::<usize>();
        *cell = covered as f32 / (SIDE * SIDE) as f32;
    }
}

fn track(id: u32, class: Class, rect: Rect<Pixel>, at: MediaTime) -> Track {
    let (score, velocity) = (Score::new(0.9), Point::new(0.0, 0.0));
    Track { id: TrackId(id), rect, class, score, velocity, is_observed: true, is_rider: false, first_seen: (at, rect), last_seen: at }
}

/// A while in which so many people are there, of whom so many are detected, and a vehicle.
#[derive(Clone, Copy)]
struct While {
    secs: u32,
    there: u32,
    detected: u32,
    /// Its place, and whether it is detected.
    vehicle: Option<(Rect<Pixel>, bool)>,
}

fn apart(secs: u32) -> While {
    While { secs, there: 10, detected: 10, vehicle: None }
}

fn close(there: u32, detected: u32) -> While {
    While { secs: 120, there, detected, vehicle: None }
}

/// Messages, and what is known afterwards.
fn watch(rule: &mut CrowdCount, story: &[While]) -> (Vec<Event>, Option<RuleMemory>) {
    let (mut state, mut out) = (SceneState::new(), Findings::default());
    let mut foreground = Foreground::new(GRID.0, GRID.1, [1.0 / GRID.0 as f32, 1.0 / GRID.1 as f32]);
    let mut frame = 0;
    for now in story {
        for _ in 0..now.secs * FPS {
            let secs = f64::from(frame) / f64::from(FPS);
            frame += 1;
            let at = Stamp { media: MediaTime::from_secs_f64(secs), wall: WallTime::from_micros((secs * 1e6) as i64) };
            let mut things = people(now.there, secs);
            let mut tracks: Vec<Track> =
                things.iter().zip(1..).take(now.detected as usize).map(|(rect, id)| track(id, Class::Person, *rect, at.media)).collect();
            if let Some((rect, is_detected)) = now.vehicle {
                things.push(rect);
                tracks.extend(is_detected.then(|| track(10_000, Class::Bus, rect, at.media)));
            }
            foreground.begin(at.media);
            draw(&things, &mut foreground);
            let scene = Scene { foreground: Some(&foreground), ..state.observe(at, SIZE, &tracks) };
            rule.observe(&scene, &mut out);
        }
    }
    (out.events, rule.memory())
}

/// People, how they were counted, and how far that may be off.
fn told(event: &Event) -> (f64, &str, Option<f64>) {
    let measured = &event.measurement;
    (measured.people_mean.expect("counted"), measured.method.as_deref().expect("said"), measured.uncertainty_pct)
}

#[test]
fn of_a_dense_group_of_whom_the_detector_sees_half_the_true_number_is_told_within_a_fifth() {
    // 1.75 to 3.5 a square metre.
    for there in [70, 100, 140] {
        let (events, _) = watch(&mut rule(), &[apart(240), close(there, there / 2)]);
        let last = events.last().expect("a crowd");
        let (number, method, uncertainty) = told(last);
        assert!((number / f64::from(there) - 1.0).abs() < 0.2, "{number} of {there}");
        assert_eq!(method, "detection+foreground");
        assert!(uncertainty.is_some_and(|pct| pct >= 20.0), "{uncertainty:?}");
        assert!(last.confidence <= 0.7 && last.measurement.density_per_m2.is_some_and(|density| (density * ZONE_M2 - number).abs() < 1.0));
    }
}

#[test]
fn before_anything_is_learned_only_detections_count() {
    let (events, memory) = watch(&mut rule(), &[apart(60), close(100, 50)]);
    assert_eq!(told(events.last().expect("a crowd")), (50.0, "detection", None), "twelve samples are too few");
    assert!(memory.is_some(), "but they are kept");
    let (events, _) = watch(&mut rule(), &[apart(240), close(40, 40)]);
    assert_eq!(told(events.last().expect("a crowd")), (40.0, "detection", None), "one a square metre is counted as ever");
}

#[test]
fn what_was_learned_outlasts_a_restart() {
    let (_, memory) = watch(&mut rule(), &[apart(240)]);
    let text = serde_json::to_string(&memory.expect("learned")).expect("finite figures");
    let mut next = rule();
    assert!(next.recall(&serde_json::from_str(&text).expect("read back")));
    let (events, _) = watch(&mut next, &[close(100, 50)]);
    assert_eq!(told(events.last().expect("a crowd")).1, "detection+foreground");
}

#[test]
fn what_vehicles_cover_is_not_people() {
    // Nearly half of the zone.
    let bus = Rect::new(200.0, 90.0, 78.0, 140.0);
    let with = |is_detected| While { secs: 60, there: 24, detected: 24, vehicle: Some((bus, is_detected)) };
    let (events, _) = watch(&mut rule(), &[apart(240), with(true)]);
    assert_eq!(events.len(), 0, "24 people and a bus are no 30 people");
    let parked = While { secs: 240, there: 10, detected: 10, vehicle: Some((bus, true)) };
    assert!(watch(&mut rule(), &[parked]).1.is_none(), "beside a bus nobody learns what people cover");
}

#[test]
fn what_is_covered_without_people_is_no_crowd() {
    // Shade, a tent, rain: the detector finds a few people, and the pixels say that everything is covered.
    let covered = Rect::new(200.0, 90.0, 160.0, 140.0);
    let tent = While { secs: 60, there: 9, detected: 9, vehicle: Some((covered, false)) };
    let (events, _) = watch(&mut rule(), &[apart(240), tent]);
    assert_eq!(events.len(), 0, "27 people at most");
}
