//! What the incident rules cost, and what they do with what a story cannot say.

use simpang::event::EndReason;
use simpang::rules::{Findings, RuleSet};
use simpang::scene::SceneState;

use super::camera::Story;
use super::film::{Film, SIZE, User};
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
