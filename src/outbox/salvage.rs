//! A damaged database is set aside and what can be read of it is taken over, row by row.
//!
//! Nobody repairs a box at an intersection by hand: whatever the file looks like, the agent starts, delivers every intact message, and says
//! what was lost. The damaged file stays for whoever wants to look.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params, params_from_iter};

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
    let found = Connection::open_with_flags(&aside, OpenFlags::SQLITE_OPEN_READ_WRITE).map(|old| Found::read(&old)).unwrap_or_default();
    let tx = into.transaction()?;
    let mut salvaged = Salvaged { aside, messages: 0, waiting: 0, lost: 0 };
    for (row, columns) in &found.messages {
        let marks = vec!["?"; columns.len()].join(", ");
        let written = tx.prepare_cached(&format!("INSERT OR IGNORE INTO messages VALUES ({marks})"))?.execute(params_from_iter(columns));
        // A column of the wrong type is damage too: this row is lost, the next may not be.
        salvaged.messages += written.unwrap_or(0) as u64;
        if found.is_waiting(*row) {
            let sql = "INSERT OR IGNORE INTO queue SELECT row, measure, event IS NOT NULL FROM messages WHERE row = ?1";
            salvaged.waiting += tx.prepare_cached(sql)?.execute([row])? as u64;
        }
    }
    for (event, body) in &found.open_events {
        tx.execute("INSERT OR IGNORE INTO open_events VALUES (?1, ?2)", params![event, body])?;
    }
    let lanes = found.lanes();
    for (source, (_, last, _)) in &lanes {
        tx.execute("INSERT OR REPLACE INTO sequences VALUES (?1, ?2)", params![source, last])?;
    }
    salvaged.lost = lanes.values().map(|(first, last, seen)| (last - first + 1).saturating_sub(*seen).max(0).unsigned_abs()).sum();
    tx.commit()?;
    Ok(salvaged)
}

/// What could be read.
#[derive(Default)]
struct Found {
    messages: BTreeMap<Row, Vec<Value>>,
    /// `None`: the table could not be read to its end, so nobody knows what was delivered.
    queue: Option<BTreeSet<Row>>,
    sequences: BTreeMap<String, i64>,
    open_events: BTreeMap<String, String>,
}

impl Found {
    fn read(old: &Connection) -> Self {
        let queue: Result<BTreeSet<Row>, _> = old
            .prepare("SELECT row FROM queue ORDER BY row")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect());
        let mut found = Self { queue: queue.ok(), ..Self::default() };
        found.read_messages(old);
        found.sequences = read_pairs(old, "SELECT source, last FROM sequences");
        found.open_events = read_pairs(old, "SELECT event, body FROM open_events");
        found
    }

    /// Goes over the rows in order; where reading fails, tries the following numbers one by one until it works again.
    fn read_messages(&mut self, old: &Connection) {
        let Ok(mut statement) = old.prepare("SELECT * FROM messages WHERE row > ?1 ORDER BY row LIMIT 200") else { return };
        let end =
            old.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'messages'", [], |row| row.get::<_, Row>(0)).unwrap_or(Row::MAX);
        let (mut after, mut probes) = (0, 0);
        while after < end && probes < PROBES {
            let before = self.messages.len();
            let read = statement.query([after]).and_then(|mut rows| {
                while let Some(row) = rows.next()? {
                    after = after.max(self.take(row)?);
                }
                Ok(())
            });
            match read {
                Ok(()) if self.messages.len() == before => break,
                Ok(()) => {}
                Err(_) => {
                    after += 1;
                    probes += 1;
                }
            }
        }
    }

    /// Keeps the row if its checksum is right; returns its number.
    fn take(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
        let number: Row = row.get("row")?;
        let columns = (0..row.as_ref().column_count()).map(|index| row.get(index)).collect::<rusqlite::Result<Vec<Value>>>()?;
        let bytes: (Result<String, _>, Result<Vec<u8>, _>, Result<i64, _>) = (row.get("topic"), row.get("payload"), row.get("checksum"));
        if let (Ok(topic), Ok(payload), Ok(sum)) = bytes
            && checksum(&topic, &payload) == sum
        {
            self.messages.insert(number, columns);
        }
        Ok(number)
    }

    fn is_waiting(&self, row: Row) -> bool {
        self.queue.as_ref().is_none_or(|queue| queue.contains(&row))
    }

    /// Lane → first and last sequence number and how many different ones were taken over.
    fn lanes(&self) -> BTreeMap<String, (i64, i64, i64)> {
        let mut seen: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        for columns in self.messages.values() {
            if let (Some(Value::Text(source)), Some(Value::Integer(sequence))) = (columns.get(1), columns.get(2)) {
                seen.entry(source.clone()).or_default().insert(*sequence);
            }
        }
        for source in self.sequences.keys() {
            seen.entry(source.clone()).or_default();
        }
        let lane = |(source, seen): (String, BTreeSet<i64>)| {
            let noted = self.sequences.get(&source).copied();
            let last = seen.last().copied().max(noted).unwrap_or(0);
            let first = seen.first().copied().unwrap_or(last + 1);
            (source, (first, last, seen.len() as i64))
        };
        seen.into_iter().map(lane).collect()
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
