//! The whole agent, killed at random instants: a subscriber hears every event that it had accepted.
//!
//! Set `SIMPANG_LONG_TESTS=1` for the long form: 50 kills. `SIMPANG_TEST_SEED=n` kills at other instants; the seed is printed.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::broker::{Broker, Seen, Subscriber, wait_until};
use crate::program::{PATIENCE, Program, Workshop, mqtt, template};

/// No agent lives longer than this: some are killed while they still start or end what was left open.
const LONGEST_LIFE_MS: u64 = 6000;
/// Drawn junctions at once, each with other traffic: together some ten messages a second, so that something is always being written and sent.
const CAMERAS: u64 = 4;

/// SplitMix64 (Steele, Lea, Flood 2014): the same kills for the same seed.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Source and number of an event message, the same in every copy of it.
type Number = (String, u64);

fn numbered(payload: &[u8]) -> (Number, String) {
    let event: Value = serde_json::from_slice(payload).expect("an event is JSON");
    let word = |name: &str| event[name].as_str().expect("CloudEvents has it").to_owned();
    ((word("source"), word("sequence").parse().expect("digits")), word("id"))
}

/// What was accepted: everything that is in the store when it is all over.
fn accepted(workshop: &Workshop) -> BTreeMap<Number, Vec<u8>> {
    let store = Connection::open_with_flags(workshop.path("outbox/outbox.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the store");
    let mut rows = store.prepare("SELECT payload FROM messages WHERE event IS NOT NULL AND topic LIKE '%/event/%'").expect("a table");
    let payloads = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("rows");
    payloads.map(|payload| payload.expect("a payload")).map(|payload| (numbered(&payload).0, payload)).collect()
}

/// Every message of an event that was heard, repeats included.
fn heard(seen: &[Seen]) -> BTreeMap<Number, Vec<Vec<u8>>> {
    let mut all: BTreeMap<Number, Vec<Vec<u8>>> = BTreeMap::new();
    for message in seen.iter().filter(|message| message.topic.contains("/event/")) {
        all.entry(numbered(&message.payload).0).or_default().push(message.payload.clone());
    }
    all
}

/// Numbers that are missing between 1 and the last one of each source.
fn gaps<T>(numbers: &BTreeMap<Number, T>) -> usize {
    let mut last: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
    for (source, number) in numbers.keys() {
        let (greatest, count) = last.entry(source).or_default();
        (*greatest, *count) = ((*greatest).max(*number), *count + 1);
    }
    last.values().map(|(greatest, count)| *greatest as usize - count).sum()
}

#[test]
fn an_agent_killed_at_any_instant_loses_no_event_that_it_had_accepted() {
    let kills = if std::env::var_os("SIMPANG_LONG_TESTS").is_some() { 50 } else { 3 };
    let seed = std::env::var("SIMPANG_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(42);
    let (broker, workshop, mut state) = (Broker::plain(), Workshop::new(), seed);
    let subscriber = Subscriber::to(broker.port);
    let mut parts: Vec<String> = (1..=CAMERAS).map(|seed| template("hasty.toml", &[("SEED", &seed.to_string())])).collect();
    parts.push(mqtt(broker.port));
    let config = workshop.config("hasty.toml", &parts);
    for _ in 0..kills {
        let mut agent = Program::agent(&config);
        wait_until(Duration::from_millis(random(&mut state) % LONGEST_LIFE_MS), || false);
        assert!(agent.is_running(), "it died before it was killed:\n{}", agent.log());
        agent.signal("KILL");
        assert_eq!(agent.ended().code, None);
    }
    // Once more, to the end: ends what was left open, delivers what waits.
    let agent = Program::agent(&config);
    let page = agent.page();
    let is_empty = || page.state()["delivery"]["depth"] == 0;
    assert!(wait_until(PATIENCE, is_empty), "{}", page.state());
    let ended = agent.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);

    let accepted = accepted(&workshop);
    let seen = subscriber.wait(PATIENCE, |seen| heard(seen).len() >= accepted.len());
    let heard = heard(&seen);
    let lost: Vec<_> = accepted.keys().filter(|number| !heard.contains_key(number)).collect();
    let unknown: Vec<_> = heard.keys().filter(|number| !accepted.contains_key(number)).collect();
    let repeats: usize = heard.values().map(|copies| copies.len() - 1).sum();
    println!(
        "{kills} kills of the agent (seed {seed}): {} events accepted, {} heard, {} lost, {} gaps, {repeats} repeats",
        accepted.len(),
        heard.len(),
        lost.len(),
        gaps(&heard)
    );
    assert!(accepted.len() > kills, "the kills leave something to check");
    assert!(lost.is_empty() && unknown.is_empty(), "lost {lost:?}, heard but not in the store {unknown:?}");
    assert_eq!((gaps(&accepted), gaps(&heard)), (0, 0));
    let differ = heard.iter().filter(|(number, copies)| copies.iter().any(|copy| *copy != accepted[*number])).count();
    assert_eq!(differ, 0, "a repeat is the same message, with the same id");
    let ids: BTreeMap<String, &Number> = accepted.iter().map(|(number, payload)| (numbered(payload).1, number)).collect();
    assert_eq!(ids.len(), accepted.len(), "two messages never share an id");
    assert_every_event_ends(&accepted);
}

/// What a kill left open was ended by the next start: no event stays open for ever.
fn assert_every_event_ends(accepted: &BTreeMap<Number, Vec<u8>>) {
    let mut open = BTreeMap::new();
    for payload in accepted.values() {
        let event: Value = serde_json::from_slice(payload).expect("checked");
        let subject = event["subject"].as_str().expect("an id").to_owned();
        let has_ended = event["type"].as_str().is_some_and(|kind| kind.contains(".end."));
        *open.entry(subject).or_insert(true) &= !has_ended;
    }
    let left: Vec<_> = open.iter().filter(|(_, is_open)| **is_open).collect();
    assert!(left.is_empty(), "{} of {} events never ended: {left:?}", left.len(), open.len());
}
