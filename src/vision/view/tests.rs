//! A drawn scene with edges of all directions, seen through a camera that is moved, covered and blinded.

use super::*;
use crate::base::geom::FrameSize;
use crate::base::time::WallTime;
use crate::decode::I420;

const SIZE: FrameSize = FrameSize::new(640, 360);

/// How the camera sees the scene.
#[derive(Clone, Copy)]
struct Look {
    shift: (f64, f64),
    zoom: f64,
    turn_deg: f64,
    light: f64,
    noise: f64,
    blur: usize,
    paint: fn(usize, usize, u8) -> u8,
}

const HOME: Look = Look { shift: (0.0, 0.0), zoom: 1.0, turn_deg: 0.0, light: 1.0, noise: 2.0, blur: 0, paint: |_, _, luma| luma };

fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Flat stones of irregular shape, endless: the nearest of random points gives the shade.
fn stone(x: f64, y: f64) -> f64 {
    const CELL: f64 = 48.0;
    let (column, row) = ((x / CELL).floor() as i64, (y / CELL).floor() as i64);
    let mut nearest = (f64::MAX, 0.0);
    for (i, j) in (-1..=1).flat_map(|i| (-1..=1).map(move |j| (column + i, row + j))) {
        let dice = mixed((i as u64).wrapping_mul(0x9e37_79b9) ^ (j as u64).wrapping_mul(0x85eb_ca6b_0000));
        let part = |shift: u32| f64::from((dice >> shift) as u16) / 65536.0;
        let (px, py) = ((i as f64 + part(0)) * CELL, (j as f64 + part(16)) * CELL);
        let distance = (px - x).powi(2) + (py - y).powi(2);
        if distance < nearest.0 {
            nearest = (distance, 60.0 + 120.0 * part(32));
        }
    }
    nearest.1
}

fn frame(secs: f64, look: &Look) -> Frame {
    frame_of(SIZE, secs, look)
}

fn frame_of(size: FrameSize, secs: f64, look: &Look) -> Frame {
    let (width, height) = (size.width as usize, size.height as usize);
    let (sin, cos) = look.turn_deg.to_radians().sin_cos();
    let mut y = Vec::with_capacity(width * height);
    for index in 0..width * height {
        let (px, py) = ((index % width) as f64 - width as f64 / 2.0, (index / width) as f64 - height as f64 / 2.0);
        let (sx, sy) = (px - look.shift.0 * width as f64, py - look.shift.1 * width as f64);
        let (sx, sy) = ((cos * sx + sin * sy) / look.zoom, (cos * sy - sin * sx) / look.zoom);
        // Blur: a mean along a diagonal cross, wide enough for what this is to show.
        let steps = 2 * look.blur + 1;
        let crossed = |d: f64| (stone(sx + d, sy + d) + stone(sx + d, sy - d)) / 2.0;
        let shade = match look.blur {
            0 => stone(sx, sy),
            blur => (0..steps).map(|step| crossed(step as f64 - blur as f64)).sum::<f64>() / steps as f64,
        };
        let dice = mixed(index as u64 ^ ((secs * 1000.0) as u64) << 32);
        let noise = (f64::from(dice as u16) / 32768.0 - 1.0) * look.noise;
        let luma = (16.0 + look.light * shade + noise).clamp(16.0, 235.0) as u8;
        y.push((look.paint)(index % width, index / width, luma));
    }
    of_luma(size, secs, y)
}

fn of_luma(size: FrameSize, secs: f64, y: Vec<u8>) -> Frame {
    let chroma = vec![128; (size.width as usize).div_ceil(2) * (size.height as usize).div_ceil(2)];
    let media = MediaTime::from_secs_f64(secs);
    let stamp = Stamp { media, wall: WallTime::from_micros(media.as_micros()) };
    Frame::from_i420(stamp, 1, (secs * 2.0) as u64 + 1, I420 { size, y, u: chroma.clone(), v: chroma })
}

/// Plain asphalt with a few marks, the brightness of each point in proportion to `light` of its place, and noise.
fn asphalt(secs: u32, light: impl Fn(f64, f64) -> f64) -> Frame {
    asphalt_from(0, secs, light)
}

/// The same from a camera turned to the left by so many pixels.
fn asphalt_from(turned: usize, secs: u32, light: impl Fn(f64, f64) -> f64) -> Frame {
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let luma = |index: usize| {
        let (x, y) = (index % width, index / width);
        let shade = if (70..78).contains(&((x + turned) % 160)) && y > 100 && y < 300 { 190.0 } else { 140.0 };
        let noise = f64::from(mixed(index as u64 ^ u64::from(secs) << 32) as u16) / 16384.0 - 2.0;
        (16.0 + shade * light(x as f64, y as f64) + noise).clamp(16.0, 235.0) as u8
    };
    of_luma(SIZE, f64::from(secs), (0..width * height).map(luma).collect())
}

/// Looks once a second; when the word changed.
fn words(view: &mut CameraView, seconds: std::ops::Range<u32>, frame: impl Fn(u32) -> Frame) -> Vec<(u32, &'static str)> {
    let mut changes = Vec::new();
    for second in seconds {
        let before = view.state().word();
        let after = view.observe(&frame(second)).word();
        if before != after {
            changes.push((second, after));
        }
    }
    changes
}

/// The drawn scene from one second to another; when the word changed.
fn watch(view: &mut CameraView, from: u32, to: u32, look: &Look) -> Vec<(u32, &'static str)> {
    words(view, from..to, |second| frame(f64::from(second), look))
}

fn settled() -> CameraView {
    let mut view = CameraView::new(ViewSettings::default());
    assert_eq!(watch(&mut view, 0, 10, &HOME), []);
    assert!(view.figures().is_some(), "home is known");
    view
}

#[test]
fn whatever_happens_to_a_view_is_noticed_within_ten_seconds_and_its_return_within_fifteen() {
    let cases = [
        ("moved", Look { shift: (0.05, 0.0), ..HOME }),
        ("moved", Look { shift: (0.0, -0.04), ..HOME }),
        ("moved", Look { shift: (0.3, 0.1), ..HOME }),
        ("moved", Look { shift: (3.0, 5.0), ..HOME }),
        ("moved", Look { zoom: 1.1, ..HOME }),
        ("moved", Look { zoom: 2.0, ..HOME }),
        ("moved", Look { turn_deg: 3.0, ..HOME }),
        ("moved", Look { turn_deg: -15.0, ..HOME }),
        ("moved", Look { shift: (0.05, 0.0), light: 0.3, ..HOME }),
        ("obstructed", Look { paint: |_, _, _| 120, ..HOME }),
        ("obstructed", Look { paint: |x, _, luma| if x < 480 { 90 } else { luma }, ..HOME }),
        ("blurred", Look { blur: 6, ..HOME }),
        ("dark", Look { light: 0.0, noise: 1.0, ..HOME }),
    ];
    for (case, (word, look)) in cases.into_iter().enumerate() {
        let mut view = settled();
        let lost = watch(&mut view, 10, 30, &look);
        // A plain picture is also repeated, and says so in the end: what is wrong stays wrong.
        assert!(lost.first().is_some_and(|(at, first)| *first == word && *at <= 20), "{case} {word}: {lost:?} {:?}", view.figures());
        assert!(lost.iter().all(|(_, word)| *word != "ok"), "{case} {word}: {lost:?}");
        let back = watch(&mut view, 30, 50, &HOME);
        assert!(matches!(back[..], [(at, "ok")] if at <= 45), "{case} {word}: {back:?} {:?}", view.figures());
    }
}

#[test]
fn light_noise_and_a_little_wind_are_no_reason_to_say_anything() {
    let mut view = settled();
    for (index, light) in [0.6, 1.1, 0.4, 0.25, 0.9].into_iter().enumerate() {
        for step in 0..12 {
            let second = 10 + 12 * index as u32 + step;
            let sway = 0.004 * f64::from(step % 3) - 0.004;
            let look = Look { light, noise: 6.0, shift: (sway, 0.0), ..HOME };
            assert_eq!(view.observe(&frame(f64::from(second), &look)).word(), "ok", "second {second}, light {light}");
        }
    }
}

#[test]
fn shadows_of_clouds_that_creep_over_plain_asphalt_are_no_movement_of_the_camera() {
    for pace in [6.0, -15.0, 40.0] {
        let shadow = move |second: u32| {
            let wandered = pace * f64::from(second);
            move |x: f64, y: f64| 1.0 - 0.6 * (0.5 + 1.2 * ((x + 0.6 * y - wandered) / 130.0).sin()).clamp(0.0, 1.0)
        };
        let mut view = CameraView::new(ViewSettings::default());
        assert_eq!(words(&mut view, 0..90, |second| asphalt(second, shadow(second))), [], "{pace}");
        assert!(view.figures().is_some(), "home is known");
    }
}

#[test]
fn a_scene_that_only_passing_headlights_light_is_night_and_no_trouble() {
    // Every twelfth second a car; nothing is learned from noise, and nothing is missed in it afterwards.
    let night = |second: u32| {
        let car = move |x: f64, y: f64| if second % 12 < 2 && (x - 300.0).hypot(y - 200.0) < 90.0 { 1.5 } else { 0.0 };
        asphalt(second, car)
    };
    let mut view = CameraView::new(ViewSettings::default());
    assert_eq!(words(&mut view, 0..120, night), []);
    let unlit = words(&mut view, 120..240, |second| asphalt(second, |_, _| 0.0));
    assert!(matches!(unlit[..], [(at, "dark")] if at < 200), "after a minute without any there is nothing to see: {unlit:?}");
}

#[test]
fn a_slow_dusk_does_not_wear_home_away() {
    let mut view = CameraView::new(ViewSettings::default());
    assert_eq!(words(&mut view, 0..20, |second| asphalt(second, |_, _| 1.0)), []);
    let dusk = words(&mut view, 20..620, |second| asphalt(second, move |_, _| (1.0 - f64::from(second - 20) / 500.0).max(0.0)));
    assert!(matches!(dusk[..], [(_, "dark" | "obstructed"), ..]) && dusk.iter().all(|(_, word)| *word != "ok"), "{dusk:?}");
    let moved = words(&mut view, 620..640, |second| asphalt_from(55, second, |_, _| 1.0));
    assert!(matches!(moved[..], [(_, "moved")]), "by day it looks elsewhere, and what home was is still known: {moved:?}");
    let back = words(&mut view, 640..660, |second| asphalt(second, |_, _| 1.0));
    assert!(matches!(back[..], [(_, "ok")]), "{back:?}");
}

#[test]
fn a_lorry_in_front_of_half_of_the_view_does_not_take_it_away() {
    let mut view = settled();
    let lorry = Look { paint: |x, y, luma| if (100..420).contains(&x) && y > 60 { 70 } else { luma }, ..HOME };
    assert_eq!(watch(&mut view, 10, 40, &lorry), []);
}

#[test]
fn words_that_the_camera_writes_into_its_picture_do_not_hold_the_view() {
    // A clock above and a name below stay where they are when the camera turns.
    let writing = |x: usize, y: usize, luma: u8| match y {
        10..30 if (20..260).contains(&x) => {
            if (x / 4 + y / 5).is_multiple_of(3) {
                235
            } else {
                16
            }
        }
        330..350 if (400..620).contains(&x) => {
            if (x / 5 + y / 4).is_multiple_of(2) {
                235
            } else {
                16
            }
        }
        _ => luma,
    };
    let home = Look { paint: writing, ..HOME };
    let mut view = CameraView::new(ViewSettings::default());
    assert_eq!(watch(&mut view, 0, 10, &home), []);
    let lost = watch(&mut view, 10, 30, &Look { shift: (4.0, 2.0), ..home });
    assert!(matches!(lost[..], [(at, "moved")] if at <= 20), "{lost:?} {:?}", view.figures());
}

#[test]
fn a_repeated_picture_is_frozen_and_a_scene_that_often_stands_still_is_not() {
    let mut view = settled();
    let still = Look { noise: 0.0, ..HOME };
    let lost = watch(&mut view, 10, 30, &still);
    assert!(matches!(lost[..], [(at, "frozen")] if at <= 20), "{lost:?}");
    // Once it is known that nothing moves here for so long, it is no news.
    assert_eq!(watch(&mut view, 30, 50, &HOME).len(), 1, "it is back");
    let lasted = (50..54).chain(55..69).chain(70..90);
    for second in lasted {
        let noise = if second % 15 == 0 { 6.0 } else { 0.0 };
        assert_eq!(view.observe(&frame(f64::from(second), &Look { noise, ..HOME })).word(), "ok", "second {second}");
    }
}

#[test]
fn another_view_becomes_home_only_where_the_settings_say_so() {
    let elsewhere = Look { shift: (0.2, 0.0), ..HOME };
    let mut view = settled();
    assert_eq!(watch(&mut view, 10, 120, &elsewhere).iter().map(|(_, word)| *word).collect::<Vec<_>>(), ["moved"]);
    let mut view = CameraView::new(ViewSettings { accept_after: Some(Duration::from_secs(60)), ..ViewSettings::default() });
    assert_eq!(watch(&mut view, 0, 10, &HOME), []);
    let changes = watch(&mut view, 10, 120, &elsewhere);
    assert!(matches!(changes[..], [(_, "moved"), (at, "ok")] if (70..90).contains(&at)), "{changes:?}");
    assert_eq!(watch(&mut view, 120, 140, &HOME).first().map(|(_, word)| *word), Some("moved"), "what was home is elsewhere now");
}

#[test]
fn how_far_it_was_moved_is_said() {
    let cases = [
        (Look { shift: (0.06, 0.0), ..HOME }, (0.06, 0.0)),
        (Look { shift: (-0.25, 0.08), ..HOME }, (-0.25, 0.08)),
        (Look { shift: (0.018, -0.012), ..HOME }, (0.018, -0.012)),
    ];
    for (look, (x, y)) in cases {
        let mut view = settled();
        watch(&mut view, 10, 25, &look);
        let ViewState::Lost { trouble: Trouble::Moved(Some(by)), .. } = view.state() else { panic!("{:?}", view.state()) };
        assert!((by.shift_x - x).abs() < 0.01 && (by.shift_y - y).abs() < 0.01, "{by:?}");
    }
    let mut view = settled();
    watch(&mut view, 10, 25, &Look { turn_deg: 2.5, zoom: 1.03, ..HOME });
    let ViewState::Lost { trouble: Trouble::Moved(Some(by)), .. } = view.state() else { panic!("{:?}", view.state()) };
    assert!((by.rotation_deg - 2.5).abs() < 0.7 && (by.zoom - 1.03).abs() < 0.015, "{by:?}");
}

#[test]
fn a_camera_that_starts_blind_says_so_and_learns_its_view_when_it_sees() {
    let mut view = CameraView::new(ViewSettings::default());
    let dark = watch(&mut view, 0, 20, &Look { light: 0.0, noise: 1.0, ..HOME });
    assert!(matches!(dark[..], [(at, "dark")] if at <= 10), "{dark:?}");
    assert_eq!(watch(&mut view, 20, 40, &HOME).iter().map(|(_, word)| *word).collect::<Vec<_>>(), ["ok"]);
    assert!(view.figures().is_some());
}

#[test]
fn odd_pictures_and_odd_times_do_no_harm() {
    let mut view = CameraView::new(ViewSettings::default());
    for (width, height) in [(2, 2), (16, 16), (65, 49), (352, 288), (1, 1), (300, 20)] {
        for secs in [0.0, 1.0, 2.0, 1.0, 3600.0, 1e9] {
            view.observe(&frame_of(FrameSize::new(width, height), secs, &HOME));
        }
    }
    let state = view.state();
    assert_eq!(view.observe(&frame(1e9 + 0.2, &HOME)), state, "too soon for another look");
}

/// A black night with four lamps, seen shifted by so many pixels, with noise that a codec leaves; `car` adds levels of its own.
fn lamps(secs: u32, (dx, dy): (i32, i32), lit: i32, car: impl Fn(i32, i32) -> i32) -> Frame {
    const LAMPS: [(i32, i32); 4] = [(90, 60), (530, 75), (150, 300), (560, 280)];
    let (width, height) = (SIZE.width as i32, SIZE.height as i32);
    let luma = |index: i32| {
        let (x, y) = (index % width, index / width);
        let is_lamp = LAMPS.iter().any(|(left, top)| (left + dx..left + dx + 9).contains(&x) && (top + dy..top + dy + 9).contains(&y));
        let noise = (mixed(index as u64 ^ u64::from(secs) << 32) % 4) as i32;
        (16 + noise + if is_lamp { lit } else { 0 } + car(x, y)).clamp(16, 235) as u8
    };
    of_luma(SIZE, f64::from(secs), (0..width * height).map(luma).collect())
}

/// A car with bright sides that crosses the picture every twelfth second.
fn passing(secs: u32) -> impl Fn(i32, i32) -> i32 {
    let left = 140 * (secs % 12) as i32 - 100;
    move |x, y| if (left..left + 130).contains(&x) && (140..230).contains(&y) { 120 } else { 0 }
}

#[test]
fn a_black_night_is_held_by_its_lamps() {
    let mut view = CameraView::new(ViewSettings::default());
    assert_eq!(words(&mut view, 0..60, |second| lamps(second, (0, 0), 60, passing(second))), []);
    assert!(view.figures().is_none() && view.marks().is_some(), "too few edges for a home, but marks");
    for (first, shift) in [(60, (32, 0)), (120, (0, -20)), (180, (-130, 60))] {
        let moved = words(&mut view, first..first + 25, |second| lamps(second, shift, 60, passing(second)));
        assert!(matches!(moved[..], [(at, "moved")] if at <= first + 10), "{shift:?}: {moved:?}");
        let ViewState::Lost { trouble: Trouble::Moved(Some(by)), .. } = view.state() else { panic!("{shift:?}: {:?}", view.state()) };
        let (x, y) = (shift.0 as f32 / 640.0, shift.1 as f32 / 640.0);
        assert!((by.shift_x - x).abs() < 0.01 && (by.shift_y - y).abs() < 0.01, "{shift:?}: {by:?}");
        let back = words(&mut view, first + 25..first + 60, |second| lamps(second, (0, 0), 60, passing(second)));
        assert!(matches!(back[..], [(at, "ok")] if at <= first + 40), "{shift:?}: {back:?}");
    }
}

#[test]
fn a_black_night_whose_lamps_go_out_or_are_covered_says_so_and_one_that_dims_does_not() {
    let mut view = CameraView::new(ViewSettings::default());
    assert_eq!(words(&mut view, 0..40, |second| lamps(second, (0, 0), 90, passing(second))), []);
    let dimming = words(&mut view, 40..100, |second| lamps(second, (0, 0), 90 - (second as i32 - 40), passing(second)));
    assert_eq!(dimming, [], "half as bright after a minute");
    let out = words(&mut view, 100..120, |second| lamps(second, (0, 0), 0, passing(second)));
    assert!(matches!(out[..], [(at, "dark")] if at <= 110), "{out:?}");
    assert_eq!(words(&mut view, 120..140, |second| lamps(second, (0, 0), 40, passing(second))).len(), 1, "they are lit again");
    let covered = words(&mut view, 140..160, |second| lamps(second, (0, 0), 0, |x, _| if x < 500 { 80 } else { 0 }));
    assert!(matches!(covered[..], [(at, "obstructed"), ..] if at <= 150), "{covered:?}");
}

#[test]
fn dawn_over_plain_asphalt_whose_lines_stay_in_place_is_no_cover() {
    let lines = |x: i32, y: i32| if (105..111).contains(&(x % 400)) && (10..50).contains(&(y % 300)) { 60 } else { 0 };
    // By day the asphalt is as bright as what glittered on it by night.
    let glitter = |second: u32| {
        let car = passing(second);
        move |x: i32, y: i32| car(x, y) + lines(x, y) + if x % 80 < 2 && y % 120 < 2 { 12 } else { 0 }
    };
    let dawn = |second: u32| {
        let (car, light) = (passing(second), (10 * (second as i32 - 40)).min(90));
        move |x: i32, y: i32| light + lines(x, y) + car(x, y)
    };
    let mut view = CameraView::new(ViewSettings::default());
    assert_eq!(words(&mut view, 0..40, |second| lamps(second, (0, 0), 0, glitter(second))), []);
    assert!(view.figures().is_none() && view.marks().is_some(), "too few edges for a home, but marks");
    assert_eq!(words(&mut view, 40..80, |second| lamps(second, (0, 0), 0, dawn(second))), []);
}

#[test]
fn a_board_that_leaves_most_lamps_in_sight_covers_the_view_all_the_same() {
    let mut view = CameraView::new(ViewSettings::default());
    assert_eq!(words(&mut view, 0..40, |second| lamps(second, (0, 0), 60, passing(second))), []);
    let board = |x: i32, y: i32| match () {
        () if x >= 480 || y < 120 => 0,
        // The one lamp behind it.
        () if (150..159).contains(&x) && (300..309).contains(&y) => 20,
        () => 80,
    };
    let covered = words(&mut view, 40..60, |second| lamps(second, (0, 0), 60, board));
    assert!(matches!(covered[..], [(at, "obstructed"), ..] if at <= 50), "{covered:?} {:?}", view.marks());
}

#[test]
fn rain_by_night_is_no_mark_to_hold_on_to() {
    let rain = |second: u32| {
        move |x: i32, y: i32| if mixed((x as u64) << 20 ^ (y as u64 / 12) ^ u64::from(second) << 40).is_multiple_of(70) { 90 } else { 0 }
    };
    let mut view = CameraView::new(ViewSettings::default());
    assert_eq!(words(&mut view, 0..120, |second| lamps(second, (0, 0), 0, rain(second))), []);
    assert!(view.marks().is_none());
    // Where there are lamps, rain that begins does not take them away.
    let mut view = CameraView::new(ViewSettings::default());
    assert_eq!(words(&mut view, 0..40, |second| lamps(second, (0, 0), 60, passing(second))), []);
    assert_eq!(words(&mut view, 40..120, |second| lamps(second, (0, 0), 60, rain(second))), []);
}
