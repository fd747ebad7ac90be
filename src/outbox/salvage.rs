//! A damaged database is set aside and what can be read of it is taken over, row by row.
//!
//! Nobody repairs a box at an intersection by hand: whatever the file looks like, the agent starts, delivers every intact message, and says
//! what was lost. The damaged file stays for whoever wants to look.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Transaction, params, params_from_iter};

use super::pages::Pages;
use super::store::checksum;
use super::window::Row;
use crate::base::time::WallTime;

/// Row numbers that are tried one by one across damaged places, in all: bounds the time an open takes.
const PROBES: u32 = 50_000;

/// What was found in a damaged database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Salvaged {
    /// Where the damaged file is now.
    pub aside: PathBuf,
    /// Messages taken over, the history included.
    pub messages: u64,
    /// Those of them that still have to be sent.
    pub waiting: u64,
    /// Sequence numbers that are missing between the ones taken over: the least that was lost.
    pub lost: u64,
}

/// Renames the database and its log; the name says when.
pub(super) fn set_aside(path: &Path, now: WallTime) -> io::Result<PathBuf> {
    let stamp: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    let named = |copy: u32| path.with_file_name(format!("outbox-damaged-{stamp}-{copy}.db"));
    let aside = (0..).map(named).find(|name| !name.exists()).expect("file names do not run out");
    std::fs::rename(path, &aside)?;
    for suffix in ["-wal", "-shm"] {
        let (from, to) = (with_suffix(path, suffix), with_suffix(&aside, suffix));
        match std::fs::rename(from, to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Copies what is intact into the new database.
pub(super) fn take_over(aside: PathBuf, into: &mut Connection) -> rusqlite::Result<Salvaged> {
    let old = Connection::open_with_flags(&aside, OpenFlags::SQLITE_OPEN_READ_WRITE).ok();
    let tx = into.transaction()?;
    let mut taker = Taker { tx: &tx, queue: old.as_ref().and_then(read_queue), lanes: BTreeMap::new(), messages: 0, waiting: 0 };
    let complete = old.as_ref().is_some_and(|old| taker.by_query(old));
    let sequences: BTreeMap<String, i64> =
        old.as_ref().map_or_else(BTreeMap::new, |old| read_pairs(old, "SELECT source, last FROM sequences"));
    let open_events: BTreeMap<String, String> =
        old.as_ref().map_or_else(BTreeMap::new, |old| read_pairs(old, "SELECT event, body FROM open_events"));
    // Closed first, because closing may bring the log into the file.
    drop(old);
    if !complete && let Ok(pages) = Pages::open(&aside, &with_suffix(&aside, "-wal")) {
        pages.rows(COLUMNS, |row, mut columns| {
            columns[0] = Value::Integer(row);
            taker.take(row, &columns);
        });
    }
    for (event, body) in &open_events {
        tx.execute("INSERT OR IGNORE INTO open_events VALUES (?1, ?2)", params![event, body])?;
    }
    let (messages, waiting) = (taker.messages, taker.waiting);
    let mut lost = 0;
    for (source, seen) in taker.lanes(&sequences) {
        lost += seen.lost();
        tx.execute("INSERT OR REPLACE INTO sequences VALUES (?1, ?2)", params![source, seen.last])?;
    }
    tx.commit()?;
    Ok(Salvaged { aside, messages, waiting, lost })
}

/// Columns of the table `messages`: row, source, sequence, accepted, event, revision, topic, payload, …, checksum.
const COLUMNS: usize = 14;

/// `None` when it cannot be read to its end: then nobody knows what was delivered.
fn read_queue(old: &Connection) -> Option<BTreeSet<Row>> {
    old.prepare("SELECT row FROM queue ORDER BY row").and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect()).ok()
}

/// Sequence numbers of one lane.
struct Lane {
    first: i64,
    last: i64,
    seen: i64,
}

impl Lane {
    fn lost(&self) -> u64 {
        (self.last - self.first + 1 - self.seen).max(0).unsigned_abs()
    }
}

/// Writes rows that are intact to the new database; holds none of them in memory.
struct Taker<'a> {
    tx: &'a Transaction<'a>,
    queue: Option<BTreeSet<Row>>,
    lanes: BTreeMap<String, BTreeSet<i64>>,
    messages: u64,
    waiting: u64,
}

impl Taker<'_> {
    /// Goes over the rows in order; where reading fails, tries the following numbers one by one until it works again. `false` when rows
    /// may have been missed.
    fn by_query(&mut self, old: &Connection) -> bool {
        let Ok(mut statement) = old.prepare("SELECT * FROM messages WHERE row > ?1 ORDER BY row LIMIT 200") else { return false };
        let end =
            old.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'messages'", [], |row| row.get::<_, Row>(0)).unwrap_or(Row::MAX);
        let (mut after, mut probes) = (0, 0);
        while after < end && probes < PROBES {
            let before = after;
            let read = statement.query([after]).and_then(|mut rows| {
                while let Some(row) = rows.next()? {
                    let number: Row = row.get("row")?;
                    let columns = (0..row.as_ref().column_count()).map(|index| row.get(index)).collect::<rusqlite::Result<Vec<Value>>>()?;
                    self.take(number, &columns);
                    after = after.max(number);
                }
                Ok(())
            });
            match read {
                Ok(()) if after == before => break,
                Ok(()) => {}
                Err(_) => {
                    after += 1;
                    probes += 1;
                }
            }
        }
        probes == 0
    }

    /// Keeps the row if its checksum is right and it is not there yet.
    fn take(&mut self, row: Row, columns: &[Value]) {
        let [_, Value::Text(source), Value::Integer(sequence), .., Value::Integer(sum)] = columns else { return };
        let (Some(Value::Text(topic)), Some(Value::Blob(payload))) = (columns.get(6), columns.get(7)) else { return };
        if columns.len() != COLUMNS || checksum(topic, payload) != *sum {
            return;
        }
        // A column of the wrong type is damage too: this row is lost, the next may not be.
        let marks = ["?"; COLUMNS].join(", ");
        let insert = self.tx.prepare_cached(&format!("INSERT OR IGNORE INTO messages VALUES ({marks})"));
        if insert.and_then(|mut insert| insert.execute(params_from_iter(columns))).unwrap_or(0) == 0 {
            return;
        }
        self.messages += 1;
        self.lanes.entry(source.clone()).or_default().insert(*sequence);
        if self.queue.as_ref().is_none_or(|queue| queue.contains(&row)) {
            let sql = "INSERT OR IGNORE INTO queue SELECT row, measure, event IS NOT NULL FROM messages WHERE row = ?1";
            let queued = self.tx.prepare_cached(sql).and_then(|mut insert| insert.execute([row]));
            self.waiting += queued.unwrap_or(0) as u64;
        }
    }

    /// Every lane that is known from its messages or from the table of sequences.
    fn lanes(self, noted: &BTreeMap<String, i64>) -> Vec<(String, Lane)> {
        let mut lanes = self.lanes;
        for source in noted.keys() {
            lanes.entry(source.clone()).or_default();
        }
        let lane = |(source, seen): (String, BTreeSet<i64>)| {
            let last = seen.last().copied().max(noted.get(&source).copied()).unwrap_or(0);
            let first = seen.first().copied().unwrap_or(last + 1);
            (source, Lane { first, last, seen: seen.len() as i64 })
        };
        lanes.into_iter().map(lane).collect()
    }
}

fn read_pairs<V: rusqlite::types::FromSql>(old: &Connection, sql: &str) -> BTreeMap<String, V> {
    let mut pairs = BTreeMap::new();
    let Ok(mut statement) = old.prepare(sql) else { return pairs };
    let Ok(mut rows) = statement.query([]) else { return pairs };
    while let Ok(Some(row)) = rows.next() {
        if let (Ok(key), Ok(value)) = (row.get(0), row.get(1)) {
            pairs.insert(key, value);
        }
    }
    pairs
}
