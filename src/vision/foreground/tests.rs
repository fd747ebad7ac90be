use super::*;
use crate::base::foreground::StaticRegion;
use crate::base::geom::Rect;
use crate::base::time::{Stamp, WallTime};
use crate::decode::I420;

const SIZE: FrameSize = FrameSize::new(320, 180);

/// A thing that is drawn: where, how bright, between which seconds, and how far it moves in a second.
#[derive(Clone, Copy)]
struct Drawn {
    rect: [i64; 4],
    luma: u8,
    secs: [f64; 2],
    speed: f64,
}

fn thing(rect: [i64; 4], luma: u8, secs: [f64; 2]) -> Drawn {
    Drawn { rect, luma, secs, speed: 0.0 }
}

/// Asphalt with grain, a white marking, a camera's noise, and what is drawn on it; each pixel is lit by `light`.
fn street(secs: f64, things: &[Drawn], light: impl Fn(i64, i64) -> f64) -> Frame {
    let number = (secs * 8.0).round() as u64 + 1;
    let luma = |index: i64| {
        let (x, y) = (index % i64::from(SIZE.width), index / i64::from(SIZE.width));
        let grain = (x * 7919 + y * 104_729 + x * y * 31).rem_euclid(17);
        let road = if (86..92).contains(&y) && x / 24 % 2 == 0 { 190 } else { 84 + grain };
        let shown = things.iter().rfind(|thing| {
            let left = thing.rect[0] + ((secs - thing.secs[0]) * thing.speed) as i64;
            secs >= thing.secs[0]
                && secs < thing.secs[1]
                && (left..left + thing.rect[2]).contains(&x)
                && (thing.rect[1]..thing.rect[1] + thing.rect[3]).contains(&y)
        });
        // A thing has a lid that is brighter than its side.
        let base = shown.map_or(road, |thing| i64::from(thing.luma) + if y < thing.rect[1] + thing.rect[3] / 2 { 12 } else { -12 });
        let noise = ((index as u64).wrapping_mul(2_654_435_761).wrapping_add(number * 40_503 * (index as u64 % 977)) >> 7 & 7) as f64 - 3.5;
        (base as f64 * light(x, y) + noise).clamp(0.0, 255.0) as u8
    };
    let y = (0..i64::from(SIZE.width * SIZE.height)).map(luma).collect();
    let chroma = vec![128; (SIZE.width * SIZE.height / 4) as usize];
    let media = MediaTime::from_secs_f64(secs);
    let stamp = Stamp { media, wall: WallTime::from_micros(0) };
    Frame::from_i420(stamp, 1, number, I420 { size: SIZE, y, u: chroma.clone(), v: chroma })
}

/// What stays, look by look, of two looks a second.
fn watch(until: f64, things: &[Drawn], light: impl Fn(f64, i64, i64) -> f64) -> Vec<(f64, Option<Vec<StaticRegion>>)> {
    let mut background = Background::new();
    let looks = (0..(until * 2.0) as u32).map(|look| f64::from(look) / 2.0);
    looks
        .map(|secs| {
            background.observe(&street(secs, things, |x, y| light(secs, x, y)));
            (secs, background.foreground().map(|foreground| foreground.regions().to_vec()))
        })
        .collect()
}

fn even(_: f64, _: i64, _: i64) -> f64 {
    1.0
}

/// The seconds in which something stays.
fn stays(looks: &[(f64, Option<Vec<StaticRegion>>)]) -> Vec<f64> {
    looks.iter().filter(|(_, regions)| regions.as_ref().is_some_and(|regions| !regions.is_empty())).map(|(secs, _)| *secs).collect()
}

/// Traffic in both directions, a vehicle every few seconds.
fn traffic(until: f64) -> Vec<Drawn> {
    let lane = |start: f64, index: u32| {
        let (top, speed, left) = if index.is_multiple_of(2) { (30, 80.0, -60) } else { (120, -90.0, 320) };
        Drawn { rect: [left, top, 56, 26], luma: 40 + (index * 53 % 180) as u8, secs: [start, start + 5.0], speed }
    };
    (0..(until / 4.0) as u32).map(|index| lane(f64::from(index) * 4.0, index)).collect()
}

#[test]
fn a_thing_that_comes_and_stays_is_found_with_its_age_and_is_gone_soon_after_it_was_taken_away() {
    let box_ = thing([150, 70, 16, 10], 160, [80.0, 150.0]);
    let mut all = traffic(170.0);
    all.push(box_);
    let looks = watch(170.0, &all, even);
    let found = stays(&looks);
    assert!(found.first().is_some_and(|first| (94.0..99.0).contains(first)), "{found:?}");
    assert!(found.last().is_some_and(|last| (149.0..158.0).contains(last)), "{found:?}");
    let (_, Some(at_140)) = &looks[280] else { panic!("known by then") };
    let [region] = &at_140[..] else { panic!("{at_140:?}") };
    assert!(region.rect.iou(Rect::new(150.0, 70.0, 16.0, 10.0)) > 0.7, "{region:?}");
    assert!((55.0..61.0).contains(&region.seen_secs) && region.edges > 2.0 && region.fill > 0.8 && region.visible > 0.9, "{region:?}");
    assert!((1.4..2.2).contains(&region.brightness), "{region:?}");
}

#[test]
fn traffic_that_passes_stays_nowhere_and_is_no_background() {
    let mut background = Background::new();
    let all = traffic(120.0);
    let mut new = Vec::new();
    for look in 0..240 {
        background.observe(&street(f64::from(look) / 2.0, &all, |_, _| 1.0));
        if let Some(foreground) = background.foreground() {
            assert_eq!(foreground.regions(), []);
            let covered: f32 = foreground.cells().iter().sum();
            new.push(covered * 16.0);
        }
    }
    let (most, usual) = (new.iter().copied().fold(0.0, f32::max), new.iter().sum::<f32>() / new.len() as f32);
    // A vehicle has 1456 pixels, and about one is there at a time.
    assert!((1000.0..3500.0).contains(&most) && (300.0..1800.0).contains(&usual), "most {most}, usual {usual}");
}

#[test]
fn what_was_there_from_the_beginning_and_goes_leaves_nothing_that_stays() {
    let parked = thing([100, 60, 60, 30], 200, [0.0, 90.0]);
    assert_eq!(stays(&watch(200.0, &[parked], even)).iter().filter(|secs| **secs > 112.0).count(), 0, "the ground below it is background");
}

#[test]
fn clouds_and_exposure_are_nothing_new() {
    let clouds = |secs: f64, x: i64, _: i64| 1.0 - 0.4 * (0.5 + 0.5 * ((x as f64) / 60.0 - 0.3 * secs).sin());
    assert_eq!(stays(&watch(120.0, &[], clouds)), [] as [f64; 0]);
    let exposure = |secs: f64, _: i64, _: i64| if secs % 40.0 < 20.0 { 1.0 } else { 0.6 };
    assert_eq!(stays(&watch(120.0, &[], exposure)), [] as [f64; 0]);
}

#[test]
fn a_picture_that_changes_all_over_says_nothing_until_it_is_the_usual_one() {
    // Another place is shown from second 60 on: the camera was turned, and nothing watches over the view.
    let mut background = Background::new();
    let mut known = Vec::new();
    for look in 0..300 {
        let secs = f64::from(look) / 2.0;
        let other = |x: i64, y: i64| {
            if secs < 60.0 { 1.0 } else { 0.2 + 0.25 * ((x / 12 * 7919 + y / 12 * 104_729 + x / 12 * (y / 12) * 31) % 9) as f64 }
        };
        background.observe(&street(secs, &[], other));
        known.push(background.foreground().is_some());
    }
    assert!(!known[40] && known[100] && !known[130] && known[299], "learns, knows, is upset, knows anew");
}

#[test]
fn odd_pictures_and_clocks_that_jump_do_no_harm() {
    let mut background = Background::new();
    for (number, (width, height, secs)) in
        [(1, 1, 0.0), (3, 500, 1.0), (2000, 2, 2.0), (320, 180, 90.0), (320, 180, 10.0), (7, 5, 1e9)].into_iter().enumerate()
    {
        let size = FrameSize::new(width, height);
        let chroma = vec![0; (width.div_ceil(2) * height.div_ceil(2)) as usize];
        for step in 0..80 {
            let stamp = Stamp { media: MediaTime::from_secs_f64(secs + f64::from(step)), wall: WallTime::from_micros(0) };
            let picture = I420 { size, y: vec![(step * 3) as u8; (width * height) as usize], u: chroma.clone(), v: chroma.clone() };
            background.observe(&Frame::from_i420(stamp, number as u32, 1, picture));
        }
    }
}
