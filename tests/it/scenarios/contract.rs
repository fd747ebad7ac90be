//! What every rule must keep, whatever it watches: one suite for all of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use simpang::event::{EventId, Phase};
use simpang::rules::Findings;

use super::camera::Story;
use super::film::{Film, User};
use super::stories::tell;

/// One story for each rule, with settings that make it speak often.
pub(super) const RULES: [(&str, &str); 12] = [
    ("line count", r#"{"line_count": {"line": "middle"}}"#),
    ("zone occupancy", r#"{"zone_occupancy": {"zone": "all"}}"#),
    ("congestion", r#"{"congestion": {"zone": "all"}}"#),
    ("crowd", r#"{"crowd": {"zone": "all", "enter_at": 3, "exit_below": 2}}"#),
    ("stopped vehicle", r#"{"stopped_vehicle": {"zone": "all", "passed": 0}}"#),
    ("wrong way", r#"{"wrong_way": {"zone": "one-way"}}"#),
    ("wrong way, learned", r#"{"wrong_way": {"zone": "all"}}"#),
    ("pedestrian on the road", r#"{"pedestrian_on_road": {"zone": "all"}}"#),
    ("accident", r#"{"accident": {"passed": 0}}"#),
    ("movements", r#"{"movements": {"gates": {"west": [[0.3, 1], [0.3, 0]], "east": [[0.7, 0], [0.7, 1]]}}}"#),
    ("approach", r#"{"approach": {"zone": "lined"}}"#),
    ("debris", r#"{"debris": {"zone": "all"}}"#),
];

pub(super) fn story(rule: &str, outage: [f64; 2]) -> Story {
    Story::read(&format!(
        r#"{{"fps": 4, "outages": [[{}, {}]], "lines": {{"middle": [[0.5, 1], [0.5, 0]]}},
            "zones": {{"all": {{"kind": "approach", "corners": [[0, 0], [1, 0], [1, 1], [0, 1]]}},
            "lined": {{"kind": "approach", "corners": [[0, 0], [0.6, 0], [0.6, 1], [0, 1]], "stop_line": [[0.6, 0], [0.6, 1]]}},
            "one-way": {{"kind": "approach", "corners": [[0, 0], [1, 0], [1, 1], [0, 1]], "direction": [[0.1, 0.5], [0.9, 0.5]]}}}},
            "rules": [{rule}]}}"#,
        outage[0], outage[1]
    ))
}

/// Any crowd of road users: they come, go, stand, vanish and come back.
pub(super) fn users() -> impl Strategy<Value = Vec<User>> {
    let corner = (5.0f64..60.0, 20.0f64..620.0, 20.0f64..340.0);
    let path = (0.0f64..200.0, prop::collection::vec(corner, 2..5));
    let user = (path, prop::sample::select(vec!["car", "person", "motorcycle", "bus"]), any::<bool>(), 0.0f64..250.0, 0.0f64..60.0);
    prop::collection::vec(user, 0..14).prop_map(|users| {
        let numbered = users.into_iter().enumerate();
        numbered
            .map(|(index, ((start, corners), class, stands, hidden, gap))| {
                let mut at = start;
                let (x0, y0) = (corners[0].1, corners[0].2);
                let path = corners.into_iter().map(|(by, x, y)| {
                    at += by;
                    if stands { [at, x0, y0] } else { [at, x, y] }
                });
                let mut user = User::car(index as u32 + 1, &path.collect::<Vec<_>>());
                user.class = class.into();
                user.hidden = vec![[hidden, hidden + gap]];
                user
            })
            .collect()
    })
}

pub(super) fn keeps_the_contract(name: &str, found: &Findings) -> Result<(), TestCaseError> {
    let mut open: BTreeMap<EventId, u32> = BTreeMap::new();
    for event in &found.events {
        prop_assert!((0.0..=1.0).contains(&event.confidence), "{}: confidence {}", name, event.confidence);
        prop_assert!(event.started <= event.detected && event.detected <= event.updated, "{}: {:?}", name, event);
        prop_assert!(!event.rule.enter.is_empty() && !event.rule.exit.is_empty());
        match event.phase {
            Phase::New => {
                prop_assert_eq!(event.revision, 1, "{}", name);
                prop_assert!(open.insert(event.id, 1).is_none(), "{}: an id begins once", name);
            }
            Phase::Update | Phase::End => {
                let before = open.get_mut(&event.id);
                prop_assert!(before.as_ref().is_some_and(|before| **before + 1 == event.revision), "{}: revisions count up", name);
                *before.expect("checked") = event.revision;
            }
        }
        prop_assert_eq!(event.ended.is_some(), event.phase == Phase::End);
        if let Some((at, _)) = event.ended {
            prop_assert!(at >= event.started, "{}: {:?}", name, event);
            open.insert(event.id, u32::MAX - 1);
        }
    }
    prop_assert!(open.values().all(|revision| *revision == u32::MAX - 1), "{}: every event ends once", name);
    for report in &found.reports {
        prop_assert!(report.from < report.to, "{}: {:?}", name, report);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_rule_keeps_the_contract_whatever_happens(users in users(), from in 0.0f64..200.0, gap in 0.0f64..80.0) {
        for (name, rule) in RULES {
            let story = story(rule, [from, from + gap]);
            let mut film = Film::new(story.fps, users.clone());
            film.outages = story.outages.clone();
            let (lines, found) = tell(&story, &film);
            keeps_the_contract(name, &found)?;
            let (again, found_again) = tell(&story, &film);
            prop_assert_eq!(&lines, &again, "{}: the same film gives the same findings", name);
            prop_assert_eq!(&found.events, &found_again.events);

            // Only the media clock decides: on another day the same happens, at another wall time.
            film.start = film.start + std::time::Duration::from_secs(86_400);
            let (tomorrow, _) = tell(&story, &film);
            prop_assert_eq!(&lines, &tomorrow, "{}: the wall clock decides nothing", name);
        }
    }
}

#[test]
fn a_session_after_another_begins_with_no_memory_of_it() {
    use simpang::event::EndReason;
    use simpang::rules::RuleSet;
    use simpang::scene::SceneState;
    let stands = User::car(1, &[[0., 300., 200.], [400., 300., 200.]]);
    let others = (2..6).map(|id| User::car(id, &[[0., 100. * f64::from(id), 100.], [400., 100. * f64::from(id), 100.]]));
    let mut people: Vec<User> =
        (10..15).map(|id| User::car(id, &[[0., 40. * f64::from(id), 300.], [400., 40. * f64::from(id), 300.]])).collect();
    people.iter_mut().for_each(|user| user.class = "person".into());
    for (name, rule) in RULES {
        let story = story(rule, [0.0, 0.0]);
        let film = Film::new(4.0, std::iter::once(stands.clone()).chain(others.clone()).chain(people.clone()).collect());
        let mut rules = RuleSet::build(&story.camera(), "/kota/atcs/simpang/edge-01").expect("builds");
        let mut session = || {
            let (mut out, mut scene) = (Findings::default(), SceneState::new());
            let frames = film.frames();
            for (at, tracks) in &frames {
                rules.observe(&scene.observe(*at, super::film::SIZE, tracks), &mut out);
            }
            rules.finish(frames.last().expect("frames").0, EndReason::CameraLost, &mut out);
            (out.events, out.crossings, out.reports)
        };
        let first = session();
        assert_eq!(first, session(), "{name}");
    }
}
