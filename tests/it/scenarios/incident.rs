//! What the incident rules cost, and what they do with what a story cannot say.

use simpang::event::{EndReason, Phase};
use simpang::rules::{Findings, RuleSet};
use simpang::scene::SceneState;

use super::camera::Story;
use super::film::{Film, SIZE, User};
use super::stories::tell;
use crate::counting_allocator::allocations;

const STORY: &str = r#"{"fps": 8, "zones": {"jalan": {"kind": "exit", "corners": [[0, 0], [1, 0], [1, 1], [0, 1]], "direction": [[0.1, 0.5], [0.9, 0.5]]}},
    "rules": [{"wrong_way": {"zone": "jalan"}}, {"pedestrian_on_road": {"zone": "jalan"}}]}"#;

/// Cars in both directions, one of them the wrong way, and people on the road.
fn street() -> Film {
    let lane = |id: u32| 40.0 + 20.0 * f64::from(id);
    let mut users: Vec<User> = (1..8).map(|id| User::car(id, &[[0.0, 20.0, lane(id)], [20.0, 620.0, lane(id)]])).collect();
    users.push(User::car(8, &[[0.0, 620.0, 300.0], [20.0, 20.0, 300.0]]));
    users.push(User::car(9, &[[0.0, 300.0, 320.0], [20.0, 400.0, 320.0]]));
    users[8].class = "person".into();
    Film::new(8.0, users)
}

#[test]
fn following_a_street_allocates_nothing_while_nobody_comes_goes_or_is_told_of() {
    let mut rules = RuleSet::build(&Story::read(STORY).camera(), "/kota/atcs/simpang/edge-01").expect("builds");
    let (mut scene, mut out, mut quiet) = (SceneState::new(), Findings::default(), 0);
    for (at, tracks) in street().frames() {
        let told = out.events.len();
        let spent = allocations(|| rules.observe(&scene.observe(at, SIZE, &tracks), &mut out));
        let is_steady = (1.0..19.0).contains(&at.media.as_secs_f64()) && out.events.len() == told;
        quiet += u32::from(is_steady);
        assert!(!is_steady || spent == 0, "{spent} allocations at {:?}", at.media);
    }
    rules.finish(street().frames().last().expect("frames").0, EndReason::CameraLost, &mut out);
    assert!(quiet > 130, "{quiet} frames without news");
    assert_eq!(out.events.len(), 4, "a wrong-way car and a pedestrian, begun and ended: {:#?}", out.events);
}

/// What is told of vehicles that stand in the right half of the picture for 20 s: seconds of the start and of the telling.
fn standing(users: Vec<User>) -> Vec<(f64, f64)> {
    let story = r#"{"fps": 8, "zones": {"keluar": {"kind": "exit", "corners": [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}},
        "rules": [{"stopped_vehicle": {"zone": "keluar", "passed": 0}}]}"#;
    let film = Film::new(8.0, users);
    let told = tell(&Story::read(story), &film).1.events;
    told.iter()
        .filter(|event| event.phase == Phase::New)
        .map(|event| (film.start.secs_until(event.started), film.start.secs_until(event.detected)))
        .collect()
}

#[test]
fn who_waited_before_the_zone_and_creeps_into_it_has_not_stood_there() {
    let stands_until = |secs: f64| {
        let leaves = [[secs, 328.0, 200.0], [secs + 3.0, 600.0, 200.0]];
        User::car(1, &[&[[0.0, 100.0, 200.0], [5.0, 312.0, 200.0], [110.0, 312.0, 200.0], [111.0, 328.0, 200.0]][..], &leaves[..]].concat())
    };
    assert_eq!(standing(vec![stands_until(118.0)]), []);
    assert_eq!(standing(vec![stands_until(145.0)]).len(), 1);
}

#[test]
fn who_drives_up_to_the_place_that_another_one_left_is_the_next_one() {
    let first = User::car(1, &[[0.0, 100.0, 200.0], [3.0, 400.0, 200.0], [17.0, 400.0, 200.0], [19.0, 620.0, 200.0]]);
    let next = User::car(2, &[[14.0, 20.0, 200.0], [19.5, 400.0, 200.0], [33.0, 400.0, 200.0], [35.0, 620.0, 200.0]]);
    assert_eq!(standing(vec![first, next]), [], "each stood for 14 s");
}

#[test]
fn a_bus_that_stops_before_a_broken_down_car_does_not_hold_back_the_alarm() {
    let told_at = |stops: f64| {
        let mut car = User::car(1, &[[0.0, 340.0, 200.0], [3.0, 480.0, 200.0], [60.0, 480.0, 200.0]]);
        // The bus covers half of it while it still moves.
        car.hidden = vec![[stops - 2.0, 50.0]];
        let mut bus = User::car(2, &[[0.0, 20.0, 215.0], [stops, 480.0, 215.0], [50.0, 480.0, 215.0], [53.0, 620.0, 215.0]]);
        (bus.class, bus.size) = ("bus".into(), [150.0, 120.0]);
        let story = r#"{"fps": 8, "zones": {"keluar": {"kind": "exit", "corners": [[0.5, 0], [1, 0], [1, 0.7], [0.5, 0.7]]}},
            "rules": [{"stopped_vehicle": {"zone": "keluar", "passed": 0}}]}"#;
        let film = Film::new(8.0, vec![car, bus]);
        let told = tell(&Story::read(story), &film).1.events;
        told.iter().find(|event| event.involved[0].track == 1).map(|event| film.start.secs_until(event.detected))
    };
    let at = told_at(19.0).expect("told");
    assert!((22.5..26.0).contains(&at), "20 s after it stopped, though hidden: {at}");
    let at = told_at(8.0).expect("told");
    assert!(at >= 49.5, "after five seconds nobody knows yet whether it waits: {at}");
}

#[test]
fn a_car_that_braked_over_half_its_length_and_trembles_stands_since_it_stopped() {
    let mut path = vec![[0.0, 100.0, 200.0], [3.0, 371.0, 200.0], [5.0, 398.0, 200.0]];
    path.extend((6..60).map(|secs| [f64::from(secs), if (secs + 2) % 8 < 5 { 402.0 } else { 410.0 }, 200.0]));
    let told = standing(vec![User::car(1, &path)]);
    assert!(matches!(told[..], [(started, detected)] if (3.0..7.0).contains(&started) && (22.0..27.0).contains(&detected)), "{told:?}");
}

#[test]
fn who_stops_before_a_standing_car_and_is_taken_for_it_does_not_make_it_stop_anew() {
    let mut car = User::car(1, &[[0.0, 100.0, 200.0], [3.0, 400.0, 200.0], [60.0, 400.0, 200.0]]);
    car.hidden = vec![[9.0, 18.0]];
    let other = User::car(2, &[[8.0, 100.0, 210.0], [10.0, 404.0, 210.0], [17.0, 404.0, 210.0], [19.0, 640.0, 210.0]]);
    let told = standing(vec![car, other]);
    assert!(matches!(told[..], [(started, detected)] if (2.0..5.0).contains(&started) && (22.0..26.0).contains(&detected)), "{told:?}");
}

#[test]
fn who_is_hidden_for_long_behind_one_that_is_taken_for_it_still_stands() {
    let mut car = User::car(1, &[[0.0, 100.0, 200.0], [3.0, 400.0, 200.0], [80.0, 400.0, 200.0]]);
    car.hidden = vec![[26.0, 55.0]];
    let other = User::car(2, &[[24.0, 100.0, 210.0], [27.0, 404.0, 210.0], [33.0, 404.0, 210.0], [35.0, 640.0, 210.0]]);
    let told = standing(vec![car, other]);
    assert!(matches!(told[..], [(_, detected)] if (22.0..26.0).contains(&detected)), "told once, before the other one came: {told:?}");
}

#[test]
fn who_stops_where_nobody_has_been_seen_for_a_while_hides_nobody() {
    let mut car = User::car(1, &[[0.0, 100.0, 200.0], [3.0, 400.0, 200.0], [60.0, 400.0, 200.0]]);
    car.hidden = vec![[18.0, 61.0]];
    let mut bus = User::car(2, &[[19.0, 20.0, 215.0], [24.0, 400.0, 215.0], [32.0, 400.0, 215.0], [35.0, 640.0, 215.0]]);
    (bus.class, bus.size) = ("bus".into(), [150.0, 120.0]);
    assert_eq!(standing(vec![car, bus]), [], "nobody had been seen there for 5 s when the bus came");
}

const MEASURED: &str = r#"{"fps": 8, "zones": {"lengan": {"kind": "approach", "corners": [[0.01, 0], [0.9, 0], [0.9, 1], [0.01, 1]], "stop_line": [[0.9, 0], [0.9, 1]]}},
    "rules": [{"approach": {"zone": "lengan"}}, {"movements": {"gates": {"barat": [[0.02, 1], [0.02, 0]], "timur": [[0.98, 0], [0.98, 1]]}}}]}"#;

#[test]
fn measuring_a_street_allocates_nothing_while_nobody_comes_goes_or_passes() {
    let mut rules = RuleSet::build(&Story::read(MEASURED).camera(), "/kota/atcs/simpang/edge-01").expect("builds");
    let lane = |id: u32| 40.0 + 20.0 * f64::from(id);
    let users: Vec<User> = (1..12).map(|id| User::car(id, &[[0.0, 40.0, lane(id)], [20.0, 520.0, lane(id)]])).collect();
    let (mut scene, mut out) = (SceneState::new(), Findings::default());
    for (at, tracks) in Film::new(8.0, users).frames() {
        let spent = allocations(|| rules.observe(&scene.observe(at, SIZE, &tracks), &mut out));
        let is_steady = (1.0..19.0).contains(&at.media.as_secs_f64());
        assert!(!is_steady || spent == 0, "{spent} allocations at {:?}", at.media);
    }
}
