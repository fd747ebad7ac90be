//! The program is killed in the middle of a story and started again: what was open goes on under the same id, and every rule keeps its contract over both runs.

use std::time::Duration;

use proptest::prelude::*;
use simpang::base::time::{MediaTime, Stamp};
use simpang::event::{EndReason, Event, Phase};
use simpang::rules::{Findings, LeftOpen, RuleMemory, RuleSet};
use simpang::scene::{SceneMemory, SceneState};
use simpang::track::{Track, TrackId};

use super::camera::Story;
use super::contract::{RULES, keeps_the_contract, story, users};
use super::film::{Film, SIZE};
use super::stories;

type Frame = (Stamp, Vec<Track>);

/// When the program is not there, in seconds of the film.
#[derive(Clone, Copy, Debug)]
struct Outage {
    from: f64,
    to: f64,
}

fn rules(story: &Story) -> RuleSet {
    RuleSet::build(&story.camera(), "/kota/atcs/simpang/edge-01").expect("a story's rules")
}

fn watch(rules: &mut RuleSet, scene: &mut SceneState, frames: &[Frame], all: &mut Findings) {
    for (at, tracks) in frames {
        let mut out = Findings::default();
        rules.observe(&scene.observe(*at, SIZE, tracks), &mut out);
        all.events.extend(out.events);
        all.reports.extend(out.reports);
    }
}

/// As a program sees it that was started just now: its media time begins at zero, nothing was seen before, and its tracker counts from one.
fn seen_anew(frames: &[Frame]) -> Vec<Frame> {
    let Some((first, _)) = frames.first() else { return Vec::new() };
    let offset = first.media.as_micros();
    let anew = |at: MediaTime| MediaTime::from_micros((at.as_micros() - offset).max(0));
    let most = frames.iter().flat_map(|(_, tracks)| tracks).map(|track| track.id.0).max().unwrap_or(0);
    let renumbered = |track: &Track| Track {
        id: TrackId(most + 1 - track.id.0),
        first_seen: if track.first_seen.0 < first.media {
            (MediaTime::ZERO, track.rect)
        } else {
            (anew(track.first_seen.0), track.first_seen.1)
        },
        last_seen: anew(track.last_seen),
        ..*track
    };
    let frame = |(at, tracks): &Frame| {
        let mut tracks: Vec<Track> = tracks.iter().map(renumbered).collect();
        tracks.sort_by_key(|track| track.id);
        (Stamp { media: anew(at.media), wall: at.wall }, tracks)
    };
    frames.iter().map(frame).collect()
}

fn left_open(events: &[Event], watched_until: Stamp) -> Vec<LeftOpen> {
    let last = |event: &&Event| events.iter().rfind(|other| other.id == event.id) == Some(*event) && event.phase != Phase::End;
    let patience = Duration::from_secs(300);
    events.iter().filter(last).map(|event| LeftOpen { event: event.clone(), watched_until: watched_until.wall, patience }).collect()
}

/// All messages of both runs.
fn told_with_a_kill(story: &Story, film: &Film, outage: Outage) -> Findings {
    let frames = film.frames();
    let (before, after): (Vec<Frame>, Vec<Frame>) = frames.into_iter().partition(|(at, _)| at.media.as_secs_f64() < outage.from);
    let after: Vec<Frame> = after.into_iter().filter(|(at, _)| at.media.as_secs_f64() >= outage.to).collect();
    let (mut all, mut first, mut scene) = (Findings::default(), rules(story), SceneState::new());
    watch(&mut first, &mut scene, &before, &mut all);
    let Some((last, _)) = before.last() else { return all };
    // Over the disk and back.
    let kept = serde_json::to_string(&(scene.memory(), first.memory())).expect("finite figures");
    let (known_scene, known_rules): (Option<SceneMemory>, Vec<RuleMemory>) = serde_json::from_str(&kept).expect("read back");
    let (mut second, mut scene) = (rules(story), SceneState::new());
    known_scene.iter().for_each(|known| scene.recall(known));
    assert_eq!(second.recall(&known_rules), Vec::<String>::new());
    for left in left_open(&all.events, *last) {
        let now = after.first().map_or(last.wall, |(at, _)| at.wall);
        all.events.extend(second.resume(left).map(|left| left.end(now)));
    }
    let after = seen_anew(&after);
    watch(&mut second, &mut scene, &after, &mut all);
    let end = after.last().map_or(*last, |(at, _)| *at);
    let mut out = Findings::default();
    second.finish(end, EndReason::CameraLost, &mut out);
    all.events.extend(out.events);
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_kill_at_any_instant_breaks_no_rule_s_contract(users in users(), from in 1.0f64..250.0, gap in 0.2f64..90.0) {
        for (name, rule) in RULES {
            let story = story(rule, [0.0, 0.0]);
            let film = Film::new(story.fps, users.clone());
            let found = told_with_a_kill(&story, &film, Outage { from, to: from + gap });
            keeps_the_contract(name, &found)?;
        }
    }
}

/// Kills two seconds behind the first message that `is_it` is about; says when, and what is told of that event in the story without and with a kill.
fn killed_behind(name: &str, is_it: impl Fn(&Event) -> bool) -> (f64, Vec<Event>, Vec<Event>) {
    let (story, film) = stories::named(name);
    let (_, whole) = stories::tell(&story, &film);
    let begun = whole.events.iter().find(|event| is_it(event)).unwrap_or_else(|| panic!("{name} tells of it"));
    let from = film.start.secs_until(begun.updated) + 2.0;
    let found = told_with_a_kill(&story, &film, Outage { from, to: from + 5.0 });
    let of = |events: &[Event]| events.iter().filter(|event| event.id == begun.id).cloned().collect::<Vec<_>>();
    (from, of(&whole.events), of(&found.events))
}

fn phases(events: &[Event]) -> Vec<(u32, Phase, Option<EndReason>)> {
    events.iter().map(|event| (event.revision, event.phase, event.ended.map(|(_, reason)| reason))).collect()
}

#[test]
fn what_is_open_when_the_program_is_killed_goes_on_and_ends_as_without_a_kill() {
    let stories = [
        "truck-breaks-down-in-the-exit",
        "people-gather-and-leave",
        "queue-that-does-not-clear",
        "vendor-on-the-carriageway-is-told-of-once",
        "riders-against-the-flow-are-one-event",
        "wrong-way-car-on-a-learned-lane",
        "rear-end-crash-is-suspected-and-confirmed",
    ];
    for name in stories {
        let is_it = |event: &Event| {
            event.phase == Phase::New && !name.starts_with("rear-end") || event.phase == Phase::Update && name.starts_with("rear-end")
        };
        let (killed, whole, cut) = killed_behind(name, is_it);
        assert!(cut.len() >= 2, "{name}, killed at {killed}: {:?}", phases(&cut));
        let told = |events: &[Event]| events.first().map(|event| (event.revision, event.phase, event.started));
        assert_eq!(told(&cut), told(&whole), "{name}");
        let ends = |events: &[Event]| events.last().and_then(|event| event.ended).expect("it ends");
        let ((at, reason), (at_whole, reason_whole)) = (ends(&cut), ends(&whole));
        assert_eq!(reason, reason_whole, "{name}, killed at {killed}: {:?} {:?}", phases(&cut), phases(&whole));
        assert!(at.secs_until(at_whole).abs() < 150.0, "{name}: ended {at}, without a kill {at_whole}");
        println!(
            "{name}: killed at {killed} s, {:?}, ended {:.1} s from where it does without a kill",
            phases(&cut),
            at_whole.secs_until(at)
        );
    }
}
