use proptest::prelude::*;

use super::*;
use crate::base::geom::Rect;
use crate::base::time::{MediaTime, Stamp, WallTime};
use crate::detect::Score;
use crate::scene::SceneState;
use crate::track::{Track, TrackId};

const SIZE: FrameSize = FrameSize::new(640, 360);
/// The middle of a cell in the middle of the picture.
const MIDDLE: Point<Pixel> = Point::new(330.0, 190.0);
const FPS: i64 = 8;
/// Seconds from one vehicle to the next.
const GAP: i64 = 10;

/// One vehicle through the middle of the picture: degrees clockwise from the right, how far beside the middle.
#[derive(Clone, Copy, Debug)]
struct Ride {
    degrees: f32,
    beside: f32,
    class: Class,
}

fn straight(degrees: f32) -> Ride {
    Ride { degrees, beside: 0.0, class: Class::Car }
}

/// Watches the rides one after the other, from `first` on; boxes of 60 × 40 tremble by up to three pixels a side.
fn watch(scene: &mut SceneState, first: i64, rides: &[Ride]) {
    let mut noise = 12_345_u32;
    let mut tremble = move || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 16) as f32 / 65_535.0 * 6.0 - 3.0
    };
    for (number, ride) in (first..).zip(rides) {
        for frame in 0..4 * FPS {
            let micros = number * GAP * 1_000_000 + frame * 1_000_000 / FPS;
            let at = Stamp { media: MediaTime::from_micros(micros), wall: WallTime::from_micros(micros) };
            let (sine, cosine) = ride.degrees.to_radians().sin_cos();
            let on = (frame - 2 * FPS) as f32 * 100.0 / FPS as f32;
            let (x, y) = (MIDDLE.x + on * cosine - ride.beside * sine, MIDDLE.y + on * sine + ride.beside * cosine);
            let rect = Rect::new(x - 30.0 + tremble(), y - 40.0 + tremble(), 60.0, 40.0);
            let track = Track {
                id: TrackId(number as u32 + 1),
                rect,
                class: ride.class,
                score: Score::new(0.8),
                velocity: Point::new(0.0, 0.0),
                is_observed: true,
                is_rider: false,
                first_seen: (at.media, rect),
                last_seen: at.media,
            };
            scene.observe(at, SIZE, &[track]);
        }
    }
}

fn learned(rides: &[Ride]) -> Flow {
    let mut scene = SceneState::new();
    watch(&mut scene, 0, rides);
    scene.flow().at(MIDDLE)
}

fn degrees_off(flow: Flow, degrees: f32) -> Option<f32> {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let truth = Heading::of(Point::new(cosine, sine)).expect("a direction");
    match flow {
        Flow::OneWay(heading) => Some(heading.degrees_to(truth)),
        Flow::Unknown | Flow::Mixed => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn straight_traffic_teaches_its_direction_within_ten_degrees(degrees in 0.0f32..360.0, swerves in prop::collection::vec(-15.0f32..15.0, 45)) {
        let rides: Vec<Ride> = swerves.iter().map(|by| Ride { beside: by / 3.0, ..straight(degrees + by) }).collect();
        let off = degrees_off(learned(&rides), degrees);
        prop_assert!(off.is_some_and(|off| off < 10.0), "{:?} off {}", off, degrees);
    }

    #[test]
    fn traffic_both_ways_has_no_one_direction(degrees in 0.0f32..360.0, order in prop::collection::vec(prop::bool::weighted(0.35), 120)) {
        prop_assume!(order.iter().filter(|back| **back).count() >= 24);
        let rides: Vec<Ride> = order.iter().map(|back| straight(if *back { degrees + 180.0 } else { degrees })).collect();
        prop_assert_eq!(learned(&rides), Flow::Mixed);
    }

    #[test]
    fn where_ways_cross_there_is_no_one_direction(degrees in 0.0f32..360.0, order in prop::collection::vec(0u8..3, 120)) {
        let rides: Vec<Ride> = order.iter().map(|way| straight(degrees + 90.0 * f32::from(*way))).collect();
        prop_assert_eq!(learned(&rides), Flow::Mixed);
    }
}

#[test]
fn nothing_is_known_before_thirty_vehicles_in_five_minutes() {
    assert_eq!(learned(&vec![straight(20.0); 29]), Flow::Unknown);
    assert!(degrees_off(learned(&vec![straight(20.0); 31]), 20.0).is_some_and(|off| off < 10.0));
    let mut cell = Cell::default();
    for _ in 0..500 {
        cell.vote(Class::Car, Heading::of(Point::new(1.0, 0.0)).expect("right"), 119.0);
    }
    assert_eq!(cell.flow, Flow::Unknown, "one platoon is no evidence, however long it is");
}

#[test]
fn a_vehicle_that_stands_or_trembles_has_no_vote_and_one_that_passes_has_one() {
    let mut scene = SceneState::new();
    watch(&mut scene, 0, &[straight(0.0)]);
    let votes: f32 = scene.flow().cells[index(SIZE, MIDDLE)].bins.iter().sum();
    assert!((votes - 1.0).abs() < 1e-3, "{votes}");
    let mut scene = SceneState::new();
    for frame in 0..800 {
        let at = Stamp { media: MediaTime::from_micros(frame * 125_000), wall: WallTime::from_micros(0) };
        // A lorry hides the left half now and then.
        let left = if frame % 40 < 8 { 320.0 } else { 290.0 };
        let rect = Rect::from_corners(left, 140.0 + (frame % 3) as f32, 350.0, 180.0 + (frame % 2) as f32);
        let track = Track {
            id: TrackId(1),
            rect,
            class: Class::Car,
            score: Score::new(0.8),
            velocity: Point::new(0.0, 0.0),
            is_observed: true,
            is_rider: false,
            first_seen: (MediaTime::ZERO, rect),
            last_seen: at.media,
        };
        scene.observe(at, SIZE, &[track]);
    }
    assert!(scene.flow().cells.iter().all(|cell| cell.bins == [0.0; BINS]));
}

#[test]
fn riders_against_the_flow_do_not_make_a_street_two_way_and_cars_do() {
    let with = |class: Class, every: usize| {
        let against = Ride { class, ..straight(180.0) };
        let ride = |number: usize| if number % every == 3 { against } else { straight(0.0) };
        learned(&(0..150).map(ride).collect::<Vec<_>>())
    };
    assert!(matches!(with(Class::Motorcycle, 7), Flow::OneWay(_)), "one in seven");
    assert_eq!(with(Class::Car, 7), Flow::Mixed);
    assert_eq!(with(Class::Motorcycle, 4), Flow::Mixed);
}

#[test]
fn the_next_run_knows_the_same_ways_and_sizes_and_learns_on() {
    let mut scene = SceneState::new();
    let rides: Vec<Ride> = (0..45u8).map(|n| straight(90.0 + f32::from(n % 7))).collect();
    watch(&mut scene, 0, &rides);
    let memory = scene.memory().expect("it saw frames");
    let text = serde_json::to_string(&memory).expect("finite figures");
    let memory = serde_json::from_str(&text).expect("read back");
    let mut next = SceneState::new();
    next.recall(&memory);
    let everywhere = |scene: &SceneState| (0..640).step_by(20).map(|x| scene.flow().at(Point::new(x as f32, 190.0))).collect::<Vec<_>>();
    assert!(everywhere(&scene).iter().any(|flow| matches!(flow, Flow::OneWay(_))));
    assert_eq!(everywhere(&next), everywhere(&scene));
    assert_eq!(next.memory(), scene.memory());
    scene.restart();
    watch(&mut scene, 45, &rides);
    watch(&mut next, 45, &rides);
    assert_eq!(next.memory(), scene.memory(), "learning goes on as if nothing had been");
    let at = Stamp { media: MediaTime::ZERO, wall: WallTime::from_micros(0) };
    next.recall(&memory);
    next.observe(at, FrameSize::new(1280, 720), &[]);
    assert_eq!(next.flow().at(MIDDLE), Flow::Unknown, "another picture size is another view");
}

#[test]
fn what_was_learned_outlasts_a_session_and_not_another_view() {
    let mut scene = SceneState::new();
    watch(&mut scene, 0, &vec![straight(90.0); 40]);
    scene.restart();
    assert!(matches!(scene.flow().at(MIDDLE), Flow::OneWay(_)));
    let at = Stamp { media: MediaTime::ZERO, wall: WallTime::from_micros(0) };
    scene.observe(at, FrameSize::new(1280, 720), &[]);
    assert_eq!(scene.flow().at(MIDDLE), Flow::Unknown);
}

#[test]
fn a_day_of_contraflow_does_not_become_the_norm() {
    let right = Heading::of(Point::new(1.0, 0.0)).expect("right");
    let left = Heading::of(Point::new(-1.0, 0.0)).expect("left");
    let mut cell = Cell::default();
    // A week of 300 cars an hour, then eight hours the other way, then a day as usual.
    let mut hours = |from: u32, to: u32, heading: Heading| {
        for vehicle in from * 300..to * 300 {
            cell.vote(Class::Car, heading, f64::from(vehicle) * 12.0);
            assert!(degrees_off(cell.flow, 180.0).is_none_or(|off| off > 170.0), "the contraflow never is the direction");
        }
        cell.flow
    };
    assert!(degrees_off(hours(0, 168, right), 0.0).is_some());
    hours(168, 176, left);
    assert!(degrees_off(hours(176, 200, right), 0.0).is_some(), "the next day it is known again");
}

#[test]
fn any_place_can_be_asked_for() {
    let field = FlowField { size: Some(SIZE), ..FlowField::default() };
    for (x, y) in [(-50.0, -50.0), (9e9, 9e9), (f32::NAN, 1.0)] {
        assert_eq!(field.at(Point::new(x, y)), Flow::Unknown);
    }
}
