//! A damaged database is set aside and what can be read of it is taken over, row by row.
//!
//! Nobody repairs a box at an intersection by hand: whatever the file looks like, the agent starts, delivers every intact message, and says
//! what was lost. The damaged file stays for whoever wants to look.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, Transaction, params, params_from_iter};

use super::aside::Aside;
use super::pages::Pages;
use super::store::checksum;
use super::window::Row;

/// Row numbers that are tried one by one across damaged places, in all: bounds the time an open takes.
const PROBES: u32 = 50_000;

/// Larger sequence numbers are damage: at a thousand messages a second this one is reached in 285,000 years.
const MOST_SEQUENCE: i64 = 1 << 53;

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

/// How much is taken over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Extent {
    Everything,
    /// What still has to be sent, without the history of what was.
    Waiting,
}

/// Copies what is intact into the new database, in one transaction. Doing it again changes nothing.
///
/// # Errors
/// Those of the new database, a full disk above all; none because of what the damaged one looks like.
pub(super) fn take_over(aside: &Aside, into: &mut Connection) -> rusqlite::Result<Salvaged> {
    let salvaged = match take(aside, into, Extent::Everything) {
        // History is worth less than what waits.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => take(aside, into, Extent::Waiting),
        taken => taken,
    }?;
    let (aside, messages, waiting, lost) = (salvaged.aside.display(), salvaged.messages, salvaged.waiting, salvaged.lost);
    if messages == 0 {
        tracing::error!(%aside, lost, "outbox: database was damaged, set aside, no message in it can be read");
    } else {
        tracing::error!(%aside, messages, waiting, lost, "outbox: database was damaged, set aside, intact messages taken over");
    }
    Ok(salvaged)
}

fn take(aside: &Aside, into: &mut Connection, extent: Extent) -> rusqlite::Result<Salvaged> {
    let old = Connection::open_with_flags(aside.file(), OpenFlags::SQLITE_OPEN_READ_WRITE).ok();
    let tx = into.transaction()?;
    let mut taker = Taker { tx: &tx, extent, queue: old.as_ref().and_then(read_queue), lanes: BTreeMap::new() };
    let complete = old.as_ref().map_or(Ok(false), |old| taker.by_query(old))?;
    let sequences: BTreeMap<String, i64> =
        old.as_ref().map_or_else(BTreeMap::new, |old| read_pairs(old, "SELECT source, last FROM sequences"));
    let open_events: BTreeMap<String, String> =
        old.as_ref().map_or_else(BTreeMap::new, |old| read_pairs(old, "SELECT event, body FROM open_events"));
    // Closed first, because closing may bring the log into the file.
    drop(old);
    if !complete && let Ok(pages) = Pages::open(aside.file(), &aside.log()) {
        pages.rows(COLUMNS, |row, mut columns| {
            columns[0] = Value::Integer(row);
            taker.take(row, &columns)
        })?;
    }
    for (event, body) in &open_events {
        tx.execute("INSERT OR IGNORE INTO open_events VALUES (?1, ?2)", params![event, body])?;
    }
    let mut lost = 0;
    for (source, seen) in taker.lanes(&sequences) {
        lost += seen.lost();
        let later = "INSERT INTO sequences VALUES (?1, ?2) ON CONFLICT (source) DO UPDATE SET last = max(last, excluded.last)";
        tx.execute(later, params![source, seen.last])?;
    }
    // Counted in the new database, which holds nothing else: so it is the same the second time.
    let count = |table: &str| tx.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let salvaged = Salvaged { aside: aside.file().to_owned(), messages: count("messages")?, waiting: count("queue")?, lost };
    tx.commit()?;
    Ok(salvaged)
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

/// Writes rows that are intact to the new database; holds few of them in memory.
struct Taker<'a> {
    tx: &'a Transaction<'a>,
    extent: Extent,
    queue: Option<BTreeSet<Row>>,
    lanes: BTreeMap<String, BTreeSet<i64>>,
}

impl Taker<'_> {
    /// Goes over the rows in order; where reading fails, tries the following numbers one by one until it works again. `false` when rows
    /// may have been missed.
    fn by_query(&mut self, old: &Connection) -> rusqlite::Result<bool> {
        let Ok(mut statement) = old.prepare("SELECT * FROM messages WHERE row > ?1 ORDER BY row LIMIT 200") else { return Ok(false) };
        let end =
            old.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'messages'", [], |row| row.get::<_, Row>(0)).unwrap_or(Row::MAX);
        let (mut after, mut probes) = (0, 0);
        while after < end && probes < PROBES {
            let before = after;
            let (some, ending) = read_some(&mut statement, after);
            for (row, columns) in &some {
                self.take(*row, columns)?;
                after = after.max(*row);
            }
            match ending {
                Ok(()) if after == before => break,
                Ok(()) => {}
                Err(_) => {
                    after += 1;
                    probes += 1;
                }
            }
        }
        Ok(probes == 0)
    }

    /// Keeps the row if its checksum is right and it is not there yet.
    ///
    /// # Errors
    /// Those of the new database.
    fn take(&mut self, row: Row, columns: &[Value]) -> rusqlite::Result<()> {
        let [_, Value::Text(source), Value::Integer(sequence), .., Value::Integer(sum)] = columns else { return Ok(()) };
        let (Some(Value::Text(topic)), Some(Value::Blob(payload))) = (columns.get(6), columns.get(7)) else { return Ok(()) };
        if columns.len() != COLUMNS || checksum(topic, payload) != *sum {
            return Ok(());
        }
        let waits = self.queue.as_ref().is_none_or(|queue| queue.contains(&row));
        if (waits || self.extent == Extent::Everything) && !self.insert(columns)? {
            return Ok(());
        }
        if (0..MOST_SEQUENCE).contains(sequence) {
            self.lanes.entry(source.clone()).or_default().insert(*sequence);
        }
        if waits {
            let sql = "INSERT OR IGNORE INTO queue SELECT row, measure, event IS NOT NULL FROM messages WHERE row = ?1";
            self.tx.prepare_cached(sql)?.execute([row])?;
        }
        Ok(())
    }

    /// `false` when the new table does not take these columns; a row that is there already is fine.
    fn insert(&self, columns: &[Value]) -> rusqlite::Result<bool> {
        let marks = ["?"; COLUMNS].join(", ");
        let insert = format!("INSERT INTO messages VALUES ({marks}) ON CONFLICT (row) DO NOTHING");
        match self.tx.prepare_cached(&insert)?.execute(params_from_iter(columns)) {
            Ok(_) => Ok(true),
            // A column of the wrong type is damage too: this row is lost, the next may not be.
            Err(error) if matches!(error.sqlite_error_code(), Some(ErrorCode::TypeMismatch | ErrorCode::ConstraintViolation)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Every lane that is known from its messages or from the table of sequences.
    fn lanes(self, noted: &BTreeMap<String, i64>) -> Vec<(String, Lane)> {
        let mut lanes = self.lanes;
        let noted: BTreeMap<&String, i64> =
            noted.iter().map(|(source, last)| (source, *last)).filter(|(_, last)| (0..MOST_SEQUENCE).contains(last)).collect();
        for source in noted.keys() {
            lanes.entry((*source).clone()).or_default();
        }
        let lane = |(source, seen): (String, BTreeSet<i64>)| {
            let last = seen.last().copied().max(noted.get(&source).copied()).unwrap_or(0);
            let first = seen.first().copied().unwrap_or(last + 1);
            (source, Lane { first, last, seen: seen.len() as i64 })
        };
        lanes.into_iter().map(lane).collect()
    }
}

/// Rows after number `after` until reading ends, and how it did.
fn read_some(statement: &mut Statement<'_>, after: Row) -> (Vec<(Row, Vec<Value>)>, rusqlite::Result<()>) {
    let mut some = Vec::new();
    let ending = statement.query([after]).and_then(|mut rows| {
        while let Some(row) = rows.next()? {
            let columns = (0..row.as_ref().column_count()).map(|index| row.get(index)).collect::<rusqlite::Result<_>>()?;
            some.push((row.get("row")?, columns));
        }
        Ok(())
    });
    (some, ending)
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
