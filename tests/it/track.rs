//! The tracker as the pipeline uses it, and `simpang track` as evaluations use it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use simpang::base::class::Class;
use simpang::base::geom::Rect;
use simpang::base::time::MediaTime;
use simpang::commands::track::{Args, run};
use simpang::config::settings::TrackSettings;
use simpang::detect::{Detection, Score};
use simpang::track::{Track, TrackId, Tracker};

fn seen(class: Class, x: f32, y: f32, width: f32, height: f32) -> Detection {
    Detection { rect: Rect::new(x - width / 2.0, y - height / 2.0, width, height), class, score: Score::new(0.8) }
}

fn car(x: f32, y: f32) -> Detection {
    seen(Class::Car, x, y, 60.0, 40.0)
}

fn person(x: f32, y: f32) -> Detection {
    seen(Class::Person, x, y, 20.0, 50.0)
}

/// Runs `scene` (seconds → detections) at these instants; gives the tracks of each.
fn watch(times: impl IntoIterator<Item = f64>, scene: impl Fn(f64) -> Vec<Detection>) -> Vec<Vec<Track>> {
    let mut tracker = Tracker::new(&TrackSettings::default());
    times.into_iter().map(|secs| tracker.update(MediaTime::from_secs_f64(secs), &scene(secs)).to_vec()).collect()
}

fn every(interval: f64, until: f64) -> impl Iterator<Item = f64> {
    (0..).map(move |frame| f64::from(frame) * interval).take_while(move |&secs| secs <= until)
}

fn ids(frames: &[Vec<Track>]) -> BTreeSet<TrackId> {
    frames.iter().flatten().map(|track| track.id).collect()
}

fn nearest(tracks: &[Track], x: f32, y: f32) -> &Track {
    let away = |track: &Track| track.rect.center().distance(simpang::base::geom::Point::new(x, y));
    tracks.iter().min_by(|a, b| away(a).total_cmp(&away(b))).expect("something is tracked")
}

#[test]
fn two_people_crossing_keep_their_ids() {
    for interval in [1.0 / 30.0, 1.0 / 8.0, 1.0 / 5.0] {
        let at = |secs: f64| (100.0 + 40.0 * secs as f32, 500.0 - 40.0 * secs as f32);
        let frames = watch(every(interval, 10.0), |secs| vec![person(at(secs).0, 200.0), person(at(secs).1, 215.0)]);
        assert_eq!(ids(&frames).len(), 2, "at {interval} s a frame");
        let (first, last) = (&frames[3], frames.last().expect("frames"));
        assert_eq!(nearest(first, 100.0, 200.0).id, nearest(last, 500.0, 200.0).id, "at {interval} s a frame");
    }
}

#[test]
fn a_fast_motorcycle_keeps_its_id_at_five_frames_a_second() {
    // 40 km/h is 2.2 m a frame, more than its own length: boxes of successive frames do not touch.
    let frames = watch(every(0.2, 3.0), |secs| vec![seen(Class::Motorcycle, 50.0 + 220.0 * secs as f32, 300.0, 40.0, 40.0)]);
    assert_eq!(ids(&frames).len(), 1);
    assert!(frames.iter().skip(1).all(|tracks| tracks.len() == 1 && tracks[0].is_observed));
}

#[test]
fn a_car_that_stands_behind_an_occluder_for_forty_seconds_keeps_its_id() {
    let frames = watch(every(0.125, 60.0), |secs| if (10.0..50.0).contains(&secs) { vec![] } else { vec![car(300.0, 200.0)] });
    assert_eq!(ids(&frames).len(), 1);
    let hidden = &frames[8 * 30];
    assert!(!hidden[0].is_observed, "present but marked while hidden");
    assert_eq!(hidden[0].rect, car(300.0, 200.0).rect);
}

#[test]
fn a_moving_car_that_vanishes_is_gone_after_lost_after() {
    let frames = watch(every(0.125, 6.0), |secs| if secs > 3.0 { vec![] } else { vec![car(50.0 + 60.0 * secs as f32, 200.0)] });
    let gone = frames.iter().position(|tracks| tracks.is_empty() && !frames[2].is_empty());
    assert!(frames[8 * 4].len() == 1 && !frames[8 * 4][0].is_observed, "coasting a second later: {gone:?}");
    assert!(frames[8 * 5].is_empty(), "gone two seconds later");
}

#[test]
fn irregular_frames_keep_a_car_together() {
    let times = [0.0, 0.12, 0.25, 0.30, 0.8, 0.92, 1.5, 1.52, 1.6, 2.4, 2.5, 2.62, 3.3];
    let frames = watch(times, |secs| vec![car(50.0 + 100.0 * secs as f32, 200.0), car(700.0 - 100.0 * secs as f32, 300.0)]);
    assert_eq!(ids(&frames).len(), 2);
}

#[test]
fn one_flicker_of_the_detector_is_never_reported() {
    let frames = watch(every(0.125, 5.0), |secs| if (2.0..2.1).contains(&secs) { vec![car(100.0, 100.0)] } else { vec![] });
    assert!(frames.iter().all(Vec::is_empty));
}

#[test]
fn a_track_knows_its_first_detection_from_before_it_was_confirmed() {
    let frames = watch(every(0.2, 1.0), |secs| vec![car(50.0 + 60.0 * secs as f32, 200.0)]);
    assert!(frames[0].is_empty());
    let track = frames[1][0];
    assert_eq!(track.first_seen, (MediaTime::ZERO, car(50.0, 200.0).rect));
    assert_eq!(track.last_seen, MediaTime::from_secs_f64(0.2));
}

#[test]
fn the_class_is_what_most_detections_say() {
    let class = |secs: f64| if (secs * 5.0).round() as u32 % 3 == 1 { Class::Truck } else { Class::Car };
    let frames = watch(every(0.2, 3.0), |secs| vec![seen(class(secs), 100.0 + 30.0 * secs as f32, 100.0, 60.0, 40.0)]);
    assert_eq!(ids(&frames).len(), 1);
    assert_eq!(frames.last().expect("frames")[0].class, Class::Car);
}

#[test]
fn a_person_on_a_motorcycle_is_a_rider_and_one_beside_it_is_not() {
    let ride = |secs: f64| 50.0 + 80.0 * secs.min(4.0) as f32;
    let frames = watch(every(0.125, 8.0), |secs| {
        let x = ride(secs);
        vec![
            seen(Class::Motorcycle, x, 220.0, 50.0, 50.0),
            seen(Class::Person, x, 195.0, 25.0, 60.0),
            seen(Class::Motorcycle, 600.0, 220.0, 50.0, 50.0),
            seen(Class::Person, 605.0, 205.0, 22.0, 60.0),
        ]
    });
    let last = frames.last().expect("frames");
    let person_at = |x: f32| last.iter().find(|t| t.class == Class::Person && (t.rect.center().x - x).abs() < 20.0).expect("person");
    assert!(person_at(ride(8.0)).is_rider, "rode there, waits at the red light now");
    assert!(!person_at(605.0).is_rider, "stands beside a parked one");
    assert!(last.iter().filter(|track| track.class == Class::Motorcycle).all(|track| !track.is_rider));
}

#[test]
fn a_platoon_that_starts_at_green_is_not_taken_for_a_moving_camera() {
    // Six cars start together at 2 m/s² (20 px a metre), two stay parked: the beliefs about the parked ones must not be dragged along.
    let moved = |secs: f64| 20.0 * (secs - 3.0).max(0.0).powi(2) as f32;
    let frames = watch(every(0.125, 6.0), |secs| {
        let platoon = (0..6).map(|n| car(100.0 + 75.0 * n as f32 + moved(secs), 200.0));
        platoon.chain([car(150.0, 400.0), car(400.0, 400.0)]).collect()
    });
    assert_eq!(ids(&frames).len(), 8);
    let last = frames.last().expect("frames");
    let speed = 40.0 * 3.0;
    for track in last {
        let expected = if track.rect.center().y < 300.0 { speed } else { 0.0 };
        assert!((track.velocity.x - expected).abs() < 0.15 * speed, "{track:?}");
    }
}

#[test]
fn a_jerk_of_the_camera_swaps_nobody() {
    let jerk = |secs: f64| if secs > 2.0 { 45.0 } else { 0.0 };
    let places = [(100.0, 100.0), (190.0, 130.0), (300.0, 105.0), (430.0, 180.0), (520.0, 110.0), (610.0, 150.0)];
    let frames = watch(every(0.125, 4.0), |secs| places.iter().map(|&(x, y)| car(x + jerk(secs), y)).collect());
    assert_eq!(ids(&frames).len(), 6);
    for (x, y) in places {
        assert_eq!(nearest(&frames[10], x, y).id, nearest(&frames[30], x + 45.0, y).id);
    }
}

#[test]
fn a_car_that_takes_the_place_of_a_hidden_one_ends_it() {
    // The first stands and vanishes (behind a lorry it drove off); later another drives up and stops there.
    let frames = watch(every(0.125, 30.0), |secs| match secs {
        0.0..5.0 => vec![car(300.0, 200.0)],
        10.0..30.0 => vec![car(300.0 - 60.0 * (15.0 - secs).max(0.0) as f32, 200.0)],
        _ => vec![],
    });
    assert_eq!(ids(&frames).len(), 2);
    assert_eq!(frames.last().expect("frames").len(), 1, "no ghost beside the newcomer");
}

#[test]
fn low_scores_keep_a_track_alive_but_never_begin_one() {
    let faint = |x: f32| Detection { score: Score::new(0.3), ..car(x, 100.0) };
    let frames = watch(every(0.125, 3.0), |secs| vec![if secs > 1.0 { faint(100.0) } else { car(100.0, 100.0) }, faint(400.0)]);
    let last = frames.last().expect("frames");
    assert!(last.len() == 1 && last[0].is_observed, "{last:?}");
}

#[test]
fn ids_go_on_after_a_reset() {
    let mut tracker = Tracker::new(&TrackSettings::default());
    let mut used = BTreeSet::new();
    for _ in 0..3 {
        tracker.reset();
        let before = used.clone();
        for frame in 0..4 {
            let now = tracker.update(MediaTime::from_secs_f64(f64::from(frame) * 0.1), &[car(100.0, 100.0)]);
            used.extend(now.iter().map(|track| track.id));
        }
        assert_eq!(used.difference(&before).count(), 1);
    }
}

/// Anything a broken model could say.
fn any_detection() -> impl Strategy<Value = Detection> {
    let side = || prop_oneof![8 => -50.0f32..800.0, 1 => any::<f32>()];
    (side(), side(), side(), side(), any::<f32>(), 0usize..6).prop_map(|(left, top, width, height, score, class)| Detection {
        rect: Rect::new(left, top, width, height),
        class: Class::ALL[class],
        score: Score::new(score),
    })
}

/// Things that move about a little, so that tracks live long enough to be interesting.
fn lively_frames() -> impl Strategy<Value = Vec<(u64, Vec<Detection>)>> {
    let detection = (0usize..12, -6.0f32..6.0, -6.0f32..6.0, 0.05f32..1.0).prop_map(|(place, dx, dy, score)| Detection {
        rect: Rect::new((place % 4) as f32 * 45.0 + dx, (place / 4) as f32 * 45.0 + dy, 40.0, 50.0),
        class: Class::ALL[place % 6],
        score: Score::new(score),
    });
    prop::collection::vec((20_000u64..400_000, prop::collection::vec(detection, 0..14)), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_input_gives_finite_tracks(frames in prop::collection::vec((any::<i64>(), prop::collection::vec(any_detection(), 0..12)), 1..30)) {
        let mut tracker = Tracker::new(&TrackSettings::default());
        for (at, detections) in frames {
            for track in tracker.update(MediaTime::from_micros(at), &detections) {
                let rect = track.rect;
                prop_assert!([rect.left, rect.top, rect.width, rect.height, track.velocity.x, track.velocity.y].iter().all(|x| x.is_finite()));
            }
        }
    }

    #[test]
    fn the_order_of_detections_does_not_matter(frames in lively_frames(), turn in 0usize..14) {
        let (mut one, mut other) = (Tracker::new(&TrackSettings::default()), Tracker::new(&TrackSettings::default()));
        let mut at = MediaTime::ZERO;
        for (micros, detections) in frames {
            at = at + Duration::from_micros(micros);
            let mut turned = detections.clone();
            turned.rotate_left(turn.min(detections.len()));
            turned.reverse();
            prop_assert_eq!(one.update(at, &detections), other.update(at, &turned));
        }
    }

    #[test]
    fn tracks_are_ordered_by_id_and_an_ended_id_never_returns(frames in lively_frames()) {
        let mut tracker = Tracker::new(&TrackSettings::default());
        let (mut at, mut ended, mut alive) = (MediaTime::ZERO, BTreeSet::new(), BTreeSet::new());
        for (micros, detections) in frames {
            at = at + Duration::from_micros(micros);
            let now: Vec<_> = tracker.update(at, &detections).iter().map(|track| track.id).collect();
            prop_assert!(now.is_sorted_by(|a, b| a < b));
            let now: BTreeSet<_> = now.into_iter().collect();
            ended.extend(alive.difference(&now).copied());
            prop_assert!(ended.is_disjoint(&now));
            alive = now;
        }
    }

    #[test]
    fn every_observed_track_is_a_detection_and_no_detection_serves_two(frames in lively_frames()) {
        let mut tracker = Tracker::new(&TrackSettings::default());
        let mut at = MediaTime::ZERO;
        for (micros, detections) in frames {
            at = at + Duration::from_micros(micros);
            let mut free: Vec<_> = detections.iter().map(|detection| detection.rect).collect();
            for track in tracker.update(at, &detections).iter().filter(|track| track.is_observed) {
                let index = free.iter().position(|&rect| rect == track.rect);
                prop_assert!(index.is_some());
                free.swap_remove(index.unwrap_or_default());
                prop_assert_eq!(track.last_seen, at);
            }
        }
    }
}

#[derive(clap::Parser)]
struct CommandLine {
    #[command(flatten)]
    track: Args,
}

#[test]
fn impossible_options_are_usage_errors() {
    use clap::Parser;
    let parse = |option: &str, value: &str| {
        let words = ["simpang", "--detections", "a", "--out", "b", "--fps", "25", option, value];
        // `--fps` given twice is an error too, so its turn replaces the good one.
        let words: Vec<_> = if option == "--fps" { [&words[..5], &words[7..]].concat() } else { words.to_vec() };
        CommandLine::try_parse_from(words).map(|line| line.track).map_err(|error| error.to_string())
    };
    assert_eq!(parse("--every", "3").expect("good").every, 3);
    for (option, value, sentence) in [
        ("--fps", "0", "frames a second must be a number above 0"),
        ("--fps", "NaN", "frames a second must be a number above 0"),
        ("--high-score", "1.5", "a score is a number from 0 to 1"),
        ("--new-score", "half", "a score is a number from 0 to 1"),
        ("--every", "0", "0 is not in 1.."),
    ] {
        let error = parse(option, value).expect_err("bad value");
        assert!(error.contains(sentence), "{error}");
    }
}

fn args(folder: &Path, text: &str, every: u32) -> Args {
    let (detections, out) = (folder.join("det.txt"), folder.join("tracks.txt"));
    fs::write(&detections, text).expect("temp dir is writable");
    Args { detections, fps: 10.0, out, every, high_score: 0.5, new_score: 0.6 }
}

#[test]
fn the_command_writes_first_hits_too_and_keeps_frame_numbers() {
    let folder = tempfile::tempdir().expect("temp dir");
    let text: String = (1..=7).map(|frame| format!("{frame},-1,{},50,20,40,0.9,-1,-1,-1\n", 10 + frame)).collect();
    let args = args(folder.path(), &text, 3);
    run(args.clone()).expect("good input");
    let tracks = fs::read_to_string(&args.out).expect("written");
    let expected = "1,1,11.00,50.00,20.00,40.00,0.9000,1,-1,-1\n4,1,14.00,50.00,20.00,40.00,0.9000,1,-1,-1\n7,1,17.00,50.00,20.00,40.00,0.9000,1,-1,-1\n";
    assert_eq!(tracks, expected);
}

#[test]
fn the_command_names_the_line_that_is_wrong() {
    let folder = tempfile::tempdir().expect("temp dir");
    for (text, sentence) in [
        ("1,-1,1,1,5,5,0.9\n1,-1,2\n", "line 2: 3 columns where at least 7 are needed: frame,id,left,top,width,height,conf[,class]"),
        ("0,-1,1,1,5,5,0.9\n", "line 1: `0` is not a frame number (a whole number from 1)"),
        ("\n1,-1,wide,1,5,5,0.9\n", "line 2: `wide` is not a left edge in pixels"),
        ("1,-1,1,1,-5,5,0.9\n", "line 1: `-5` is not a size (it is negative)"),
        ("1,-1,1,1,5,NaN,0.9\n", "line 1: `NaN` is not a height in pixels"),
    ] {
        let error = format!("{:#}", run(args(folder.path(), text, 1)).expect_err("bad input"));
        assert!(error.contains(sentence), "{error}");
    }
    let mut missing = args(folder.path(), "", 1);
    missing.detections = folder.path().join("absent.txt");
    assert!(run(missing).expect_err("no such file").to_string().contains("absent.txt"));
}
