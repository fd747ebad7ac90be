//! The accident rule at every frame rate, against every way of braking, and with a camera that shakes.

use simpang::base::cue::Cue;
use simpang::event::{Event, Phase, Severity};

use super::camera::Story;
use super::film::{Film, User};
use super::stories::tell;

/// Where traffic is watched in the whole picture, at so many frames a second.
fn story(fps: f64) -> Story {
    Story::read(&format!(r#"{{"fps": {fps}, "rules": [{{"accident": {{}}}}]}}"#))
}

fn events(fps: f64, users: Vec<User>) -> Vec<Event> {
    tell(&story(fps), &Film::new(fps, users)).1.events
}

/// A car that drives at `speed` pixels a second to a standing one and stops beside its bumper, braking with so many car lengths (49 pixels) a second per
/// second; infinitely hard is a crash.
fn stops_behind(speed: f64, braking_l_s2: f64) -> Vec<User> {
    let braking = braking_l_s2 * 49.0;
    let (length, lasts) = if braking.is_finite() { (speed * speed / (2.0 * braking), speed / braking) } else { (0.0, 0.0) };
    let (stop, drives) = (340.0, 3.0);
    let start = stop - length - speed * drives;
    let mut path = vec![[0.0, start, 200.0], [drives, stop - length, 200.0]];
    for step in 1..=20 {
        let t = lasts * f64::from(step) / 20.0;
        if t > 0.0 {
            path.push([drives + t, stop - length + speed * t - braking * t * t / 2.0, 200.0]);
        }
    }
    path.push([drives + lasts + 12.0, stop, 200.0]);
    vec![User::car(1, &[[0.0, 402.0, 200.0], [drives + lasts + 12.0, 402.0, 200.0]]), User::car(2, &path)]
}

#[test]
fn a_crash_is_suspected_at_every_frame_rate() {
    for fps in [5.0, 8.0, 12.0, 25.0, 30.0, 60.0] {
        let told = events(fps, stops_behind(110.0, f64::INFINITY));
        let first = told.first().unwrap_or_else(|| panic!("nothing at {fps} frames a second"));
        let delay = first.started.secs_until(first.detected);
        assert!(first.phase == Phase::New && delay < 3.0, "{fps} frames a second: {delay} s after the impact");
        assert_eq!(first.why.len(), 2, "a sudden stop and a contact: {:?}", first.why);
    }
}

#[test]
fn nobody_passes_so_nothing_is_confirmed_and_the_suspicion_is_taken_back() {
    let told = events(8.0, stops_behind(110.0, f64::INFINITY));
    assert_eq!(told.iter().map(|event| event.phase).collect::<Vec<_>>(), [Phase::New, Phase::End], "{told:?}");
}

/// The same where everything is an exit.
fn events_in_an_exit(users: Vec<User>) -> Vec<Event> {
    let story =
        r#"{"fps": 8, "zones": {"keluar": {"kind": "exit", "corners": [[0, 0], [1, 0], [1, 1], [0, 1]]}}, "rules": [{"accident": {}}]}"#;
    tell(&Story::read(story), &Film::new(8.0, users)).1.events
}

#[test]
fn a_rider_who_fell_is_told_of_though_the_tracker_takes_a_passer_by_for_him() {
    let user = |text: &str| -> User { serde_json::from_str(text).expect("a road user") };
    let fell = user(
        r#"{"id": 1, "class": "motorcycle", "size": [20, 46], "then": {"at": 4, "size": [46, 20]},
            "path": [[0, 60, 200], [4, 300, 200], [4.6, 330, 200], [9, 330, 200], [12, 600, 200]]}"#,
    );
    let lies = user(r#"{"id": 2, "class": "motorcycle", "size": [46, 20], "path": [[9, 330, 200], [30, 330, 200]]}"#);
    let told = events_in_an_exit(vec![fell.clone(), lies]);
    assert!(told.iter().any(|event| event.phase == Phase::Update), "{told:?}");
    assert_eq!(events_in_an_exit(vec![fell]), [], "who drives on is well");
}

#[test]
fn drivers_who_brake_as_drivers_do_have_no_accident() {
    for fps in [5.0, 8.0, 25.0] {
        for speed in [60.0, 90.0, 130.0] {
            for braking in [0.4, 0.7, 1.0] {
                let told = events(fps, stops_behind(speed, braking));
                assert_eq!(told, [], "{speed} px/s, {braking} L/s², {fps} frames a second");
            }
        }
    }
}

#[test]
fn a_camera_that_is_pushed_sees_no_accident() {
    // Everything that drives is thrown back at once, and goes on.
    let lane = |id: u32, y: f64| {
        let x = 40.0 + 20.0 * f64::from(id);
        User::car(
            id,
            &[[0.0, x, y], [3.0, x + 300.0, y], [3.1, x + 278.0, y + 12.0], [4.5, x + 278.0, y + 12.0], [8.0, x + 500.0, y + 12.0]],
        )
    };
    let users: Vec<User> = (0..6).map(|id| lane(id + 1, 40.0 + 45.0 * f64::from(id))).collect();
    assert_eq!(events(8.0, users.clone()), []);
    // One alone that a standing car throws back, by no more than its own speed: that is what an impact looks like.
    let thrown = User::car(1, &[[0.0, 60.0, 40.0], [3.0, 360.0, 40.0], [3.2, 354.0, 44.0], [7.0, 354.0, 44.0], [8.0, 400.0, 44.0]]);
    let alone = vec![thrown, User::car(9, &[[0.0, 430.0, 50.0], [8.0, 430.0, 50.0]])];
    assert!(!events(8.0, alone).is_empty());
}

/// A car that leaves beside a standing one, and what the tracker then takes for it.
fn leaves_and(then: &[[f64; 3]]) -> Vec<User> {
    let path: Vec<[f64; 3]> = [[0.0, 40.0, 200.0], [3.0, 370.0, 200.0]].iter().chain(then).copied().collect();
    vec![User::car(1, &path), User::car(2, &[[0.0, 430.0, 205.0], [30.0, 430.0, 205.0]])]
}

#[test]
fn one_that_comes_the_other_way_under_the_same_number_is_no_accident() {
    // Thrown back by what it ran into, it stays where it is then.
    let thrown = leaves_and(&[[3.5, 345.0, 202.0], [30.0, 345.0, 202.0]]);
    assert!(!events(8.0, thrown).is_empty());
    // What drives back by two lengths is another one, though it stops there for a light.
    let exchanged = leaves_and(&[[5.0, 260.0, 212.0], [6.5, 215.0, 214.0], [30.0, 215.0, 214.0]]);
    assert_eq!(events(8.0, exchanged), []);
}

#[test]
fn a_motorcycle_in_whose_place_a_car_is_seen_did_not_fall() {
    let lies: User = serde_json::from_str(
        r#"{"id": 1, "class": "motorcycle", "size": [20, 46], "then": {"at": 4, "size": [46, 34]},
            "path": [[0, 60, 200], [4, 300, 200], [4.6, 330, 200], [30, 330, 200]]}"#,
    )
    .expect("a road user");
    assert!(!events_in_an_exit(vec![lies.clone()]).is_empty());
    assert_eq!(events_in_an_exit(vec![User { becomes: Some((5.0, "car".into())), ..lies }]), []);
}

/// Who comes up behind the wreck.
const WAITS: &str = r#"{"id": 1003, "class": "car", "size": [60, 40], "path": [[333, 20, 200], [343, 230, 200], [491, 230, 200]]}"#;
/// The lane lets one pass every six seconds.
const FLOWS: &str =
    r#"{"id": 1, "class": "car", "size": [60, 40], "path": [[0, 20, 200], [5, 620, 200]], "repeat": {"every": 6, "times": 52}}"#;

/// A car that runs into another one at second 330, in a lane with a past; both stay there for 160 seconds.
fn wreck(past: &[&str], then: &[&str]) -> Vec<User> {
    let parties = [
        r#"{"id": 1001, "class": "car", "size": [60, 40], "path": [[312, 20, 200], [328, 400, 200], [490, 400, 200], [494, 640, 200]]}"#,
        r#"{"id": 1002, "class": "car", "size": [60, 40], "path": [[327.2, 20, 201], [330, 345, 201], [490.5, 345, 201], [495, 640, 201]]}"#,
    ];
    let user = |text: &&str| -> User { serde_json::from_str(text).expect("a road user") };
    past.iter().chain(&parties).chain(then).map(user).flat_map(User::repeated).collect()
}

/// When operators heard that the lane is blocked, in seconds after the impact.
fn blocked_after(told: &[Event]) -> Option<f64> {
    let says = |event: &&Event| event.why.iter().any(|reason| reason.cue == Cue::FlowBlocked);
    told.iter().find(says).map(|event| event.started.secs_until(event.updated))
}

#[test]
fn a_lane_in_which_others_wait_behind_the_wreck_for_a_whole_cycle_is_told_of_as_blocked() {
    let told = events_in_an_exit(wreck(&[FLOWS], &[WAITS]));
    assert_eq!(
        told.iter().map(|event| event.phase).collect::<Vec<_>>(),
        [Phase::New, Phase::Update, Phase::Update, Phase::End],
        "{told:?}"
    );
    let after = blocked_after(&told).expect("blocked");
    assert!((125.0..145.0).contains(&after), "two minutes after the first one came to wait: {after}");
    assert_eq!(told[2].why.iter().find(|reason| reason.cue == Cue::FlowBlocked).map(|reason| reason.value), Some(0.0));
}

#[test]
fn a_lane_is_not_blocked_where_nobody_waits_or_they_wait_for_a_green_or_the_lane_is_slow_or_hardly_anybody_comes() {
    // At red they wait, at green they drive round.
    let red = r#"{"id": 1003, "class": "car", "size": [60, 40],
        "path": [[333, 20, 200], [343, 230, 200], [383, 230, 200], [388, 330, 90], [393, 620, 90]], "repeat": {"every": 70, "times": 2}}"#;
    // Somebody always waits, and three in five of the usual squeeze past.
    let slow = r#"{"id": 1003, "class": "car", "size": [60, 40],
        "path": [[335, 20, 216], [350, 230, 216], [358, 230, 216], [374, 620, 216]], "repeat": {"every": 10, "times": 14}}"#;
    let few = r#"{"id": 1, "class": "car", "size": [60, 40], "path": [[0, 20, 200], [5, 620, 200]], "repeat": {"every": 40, "times": 8}}"#;
    let beside = r#"{"id": 1, "class": "car", "size": [60, 40], "path": [[0, 20, 90], [5, 620, 90]], "repeat": {"every": 6, "times": 52}}"#;
    for (name, past, then) in [
        ("nobody waits", FLOWS, vec![]),
        ("a red light", FLOWS, vec![red]),
        ("a slow lane", FLOWS, vec![slow]),
        ("traffic beside it only", beside, vec![WAITS]),
        ("hardly anybody ever comes", few, vec![WAITS]),
    ] {
        let told = events_in_an_exit(wreck(&[past], &then));
        assert!(!told.is_empty() && blocked_after(&told).is_none(), "{name}: {told:?}");
    }
}

#[test]
fn where_queues_stand_a_wreck_that_nobody_can_pass_is_confirmed_when_it_has_blocked_its_lane_for_a_cycle() {
    let stops = r#"{"id": 1, "class": "car", "size": [60, 40],
        "path": [[0, 20, 200], [16, 345, 200], [26, 345, 200], [40, 620, 200]], "repeat": {"every": 20, "times": 14}}"#;
    let drives =
        r#"{"id": 101, "class": "car", "size": [60, 40], "path": [[8, 20, 200], [13, 620, 200]], "repeat": {"every": 20, "times": 15}}"#;
    let (waiting, alone) = (wreck(&[stops, drives], &[WAITS]), wreck(&[stops, drives], &[]));
    let confirmed = |users| {
        events(8.0, users).iter().find(|event| event.severity == Severity::Critical).map(|event| event.started.secs_until(event.updated))
    };
    assert!(confirmed(waiting).is_some_and(|after| (125.0..145.0).contains(&after)));
    assert_eq!(confirmed(alone), None, "nobody waits behind it: nobody knows");
}
