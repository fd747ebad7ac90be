//! A damaged queue, and the agent killed while it takes the messages over into a new one: the next start has every message, once.

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use simpang::base::time::WallTime;
use simpang::config::settings::MqttVersion;
use simpang::event::{EndReason, Phase};

use crate::broker::{Broker, BrokerOptions, Seen, Subscriber, free_port, wait_until};
use crate::delivery;
use crate::program::{PATIENCE, Program, Workshop, junction, mqtt};

/// So many that taking them over lasts longer than it takes to kill.
const MESSAGES: u64 = 20_000;
/// When it is killed, after it began to take over.
const KILLS_MS: [u64; 4] = [0, 10, 40, 100];

/// Number in the queue, number of the lane, bytes.
type Message = (i64, i64, Vec<u8>);

/// The queue of a box whose broker was away.
fn fill(folder: &Path) {
    let runtime = delivery::runtime();
    let outbox = delivery::start(folder, delivery::mqtt(free_port(), MqttVersion::V5), &runtime);
    for number in 0..MESSAGES {
        let mut event = delivery::event("north", number);
        // Over, so that the agent, which knows no such camera, has nothing to add.
        (event.phase, event.ended) = (Phase::End, Some((WallTime::from_micros(1), EndReason::Cleared)));
        outbox.accept(event).expect("accepted");
    }
    assert_eq!(outbox.stop(Duration::ZERO).accepted, MESSAGES);
}

fn messages(database: &Path) -> Vec<Message> {
    let store = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a database");
    let mut rows = store.prepare("SELECT row, sequence, payload FROM messages WHERE source = 'north' ORDER BY row").expect("a table");
    let messages = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("rows");
    messages.map(|message| message.expect("whole")).collect()
}

/// The files of the queue with this ending, their length.
fn files(folder: &Path, ending: &str) -> Vec<(PathBuf, u64)> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let ours =
        entries.filter(|path| path.to_string_lossy().contains("outbox-damaged-") && path.extension().is_some_and(|had| had == ending));
    ours.map(|path| (path.clone(), path.metadata().map_or(0, |file| file.len()))).collect()
}

fn heard(seen: &[Seen]) -> Vec<Vec<u8>> {
    seen.iter().filter(|message| message.topic == "t/north/event").map(|message| message.payload.clone()).collect()
}

#[test]
fn an_agent_killed_while_it_takes_messages_over_from_a_damaged_queue_loses_and_repeats_none() {
    // Mosquitto's own limit would drop what the subscriber does not take fast enough.
    let broker = Broker::start(&BrokerOptions { extra: "max_queued_messages 0\n".into(), ..BrokerOptions::default() });
    let workshop = Workshop::new();
    let subscriber = Subscriber::to(broker.port);
    let config = workshop.config("box.toml", &[junction(), mqtt(broker.port)]);
    let (folder, database) = (workshop.path("outbox"), workshop.path("outbox/outbox.db"));
    fill(&folder);
    let accepted = messages(&database);
    assert_eq!(accepted.len() as u64, MESSAGES);
    // Without its header SQLite opens it no more; the messages themselves are intact.
    std::fs::OpenOptions::new().write(true).open(&database).and_then(|file| file.write_all_at(&[0xa5; 100], 0)).expect("written");

    for (kill, after) in KILLS_MS.into_iter().enumerate() {
        let agent = Program::agent(&config);
        let tries = kill as u64 + 1;
        let begun = || files(&folder, "unfinished").iter().any(|(_, length)| *length == tries);
        assert!(wait_until(PATIENCE, begun), "{}", agent.log());
        wait_until(Duration::from_millis(after), || false);
        agent.signal("KILL");
        let ended = agent.ended();
        assert_eq!(ended.code, None);
        assert_eq!(files(&folder, "unfinished").len(), 1, "killed {after} ms after it began it was not done yet:\n{}", ended.stderr);
    }
    assert_eq!(heard(&subscriber.wait(Duration::ZERO, |_| true)).len(), 0, "nothing is sent before all is taken over");

    let agent = Program::agent(&config);
    let seen = subscriber.wait(2 * PATIENCE, |seen| heard(seen).len() as u64 >= MESSAGES);
    let page = agent.page();
    assert!(wait_until(PATIENCE, || page.state()["delivery"]["depth"] == 0), "{}", page.state());
    let ended = agent.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("an earlier try did not finish taking messages over"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("messages={MESSAGES}")), "{}", ended.stderr);
    assert_eq!((files(&folder, "unfinished").len(), files(&folder, "db").len()), (0, 1), "finished, and the damaged file is kept once");
    assert!(messages(&database) == accepted, "every message under its numbers, with its bytes");
    let heard = heard(&seen);
    let in_order: Vec<&Vec<u8>> = accepted.iter().map(|(_, _, payload)| payload).collect();
    assert_eq!(heard.len(), in_order.len(), "each is sent once");
    assert!(heard.iter().eq(in_order), "in order");
}
