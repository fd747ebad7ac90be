//! Opening the database: pragmas, tables, versions, and what to do with a file that is not right.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::aside::{self, Aside, Try};
use super::salvage::{self, Salvaged};
use super::store::StoreError;
use crate::base::time::WallTime;

/// "smpg" in ASCII: tells our file from any other SQLite database.
const APPLICATION_ID: i32 = 0x736d_7067;
/// Version of the tables below. Raise it with every change, and add the step to [`migrate`].
pub(super) const SCHEMA_VERSION: i32 = 1;
/// How long another reader (a person with a stock tool) may hold the file before a write fails and is tried again.
const BUSY: Duration = Duration::from_secs(2);

const SCHEMA: &str = "
CREATE TABLE messages (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL, sequence INTEGER NOT NULL, accepted INTEGER NOT NULL,
    event TEXT, revision INTEGER,
    topic TEXT NOT NULL, payload BLOB NOT NULL, retain INTEGER NOT NULL, qos INTEGER NOT NULL,
    expires INTEGER, content_type TEXT NOT NULL, measure INTEGER NOT NULL, checksum INTEGER NOT NULL);
CREATE INDEX messages_by_time ON messages (accepted);
CREATE TABLE queue (row INTEGER PRIMARY KEY, measure INTEGER NOT NULL, history INTEGER NOT NULL);
CREATE INDEX queue_of_measures ON queue (row) WHERE measure = 1;
CREATE TABLE refused (row INTEGER PRIMARY KEY, reason TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE sequences (source TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE open_events (event TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;";

/// Opens or makes the database; a damaged one is set aside and what can be read of it is taken over, now or by the next start that can.
pub(super) fn open_or_salvage(path: &Path, now: WallTime) -> Result<(Connection, Option<Salvaged>), StoreError> {
    let failed = |source| StoreError::Directory { directory: path.to_owned(), source };
    let aside = match Aside::unfinished(path).map_err(failed)? {
        Some(aside) => {
            let file = aside.file().display();
            tracing::warn!(%file, "outbox: an earlier try did not finish taking messages over from this file; going on with it");
            aside
        }
        None => match open_checked(path) {
            Err(StoreError::Damaged(_)) => Aside::set(path, now).map_err(failed)?,
            opened => return Ok((opened?, None)),
        },
    };
    let mut db = open_new(path)?;
    let salvaged = match aside.begin().map_err(failed)? {
        Try::Go => {
            let taken = salvage::take_over(&aside, &mut db);
            // When even this cannot be written, the file is only given up some tries earlier.
            Some(taken.inspect_err(|_| drop(aside.forgive()))?)
        }
        Try::GiveUp(tries) => {
            let file = aside.file().display();
            tracing::error!(%file, tries, "outbox: each start that took messages over from this file died; it is left as it is, what waits in it is not sent");
            None
        }
    };
    // It lives: what else goes wrong is not the file's doing.
    drop(aside.forgive());
    aside.finish().map_err(failed)?;
    Ok((db, salvaged))
}

/// The database beside one that is set aside.
fn open_new(path: &Path) -> Result<Connection, StoreError> {
    match open_checked(path) {
        Err(StoreError::Damaged(_)) => {
            aside::remove(path).map_err(|source| StoreError::Directory { directory: path.to_owned(), source })?;
            open_checked(path)
        }
        opened => opened,
    }
}

fn open_checked(path: &Path) -> Result<Connection, StoreError> {
    let db = Connection::open(path)?;
    db.busy_timeout(BUSY)?;
    let version: i32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let owner: i32 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if owner == APPLICATION_ID && version > SCHEMA_VERSION {
        return Err(StoreError::Newer { file: path.to_owned(), found: version });
    }
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 8388608;")?;
    let verdict: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(damaged(verdict));
    }
    migrate(&db, owner, version)?;
    Ok(db)
}

/// The file contradicts itself in this way.
pub(super) fn damaged(what: String) -> StoreError {
    StoreError::Damaged(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT), Some(what)))
}

/// An empty file gets its tables; an older one its missing ones (there is no older one yet); anything else is damage.
fn migrate(db: &Connection, owner: i32, version: i32) -> Result<(), StoreError> {
    let tables: i64 =
        db.query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", [], |row| row.get(0))?;
    if tables == 0 {
        db.execute_batch(&format!(
            "BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        ))?;
        return Ok(());
    }
    if owner != APPLICATION_ID || version != SCHEMA_VERSION {
        return Err(damaged(format!("not an outbox of this program (application {owner:#x}, schema {version})")));
    }
    // Every table with every column must be there, or the first query would fail again and again.
    for probe in [
        "SELECT row, source, sequence, accepted, event, revision, topic, payload, retain, qos, expires, content_type, measure, checksum FROM messages",
        "SELECT row, measure, history FROM queue",
        "SELECT row, reason, at FROM refused",
        "SELECT source, last FROM sequences",
        "SELECT event, body FROM open_events",
    ] {
        db.prepare(probe).map_err(|error| damaged(error.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Outgoing;
    use super::super::aside::with_suffix;
    use super::super::samples::{event, render};
    use super::super::store::{Outcomes, Store};
    use super::super::window::Wanted;
    use super::*;
    use crate::config::settings::OutboxSettings;
    use std::fs;
    use std::path::PathBuf;
    use tempfile::TempDir;

    const NOW: WallTime = WallTime::from_micros(1_763_000_000_000_000);

    fn open(folder: &Path) -> (Store, Option<Salvaged>) {
        let settings = OutboxSettings { directory: folder.to_owned(), max_bytes: u64::MAX, keep_history: Duration::from_secs(86_400) };
        Store::open(&settings, NOW).expect("opens")
    }

    fn put(store: &mut Store, numbers: std::ops::Range<u32>, delivered: std::ops::Range<i64>) -> Vec<u64> {
        let batch: Vec<Outgoing> = numbers.map(|number| event("north", number).into()).collect();
        let outcomes = Outcomes { delivered: delivered.collect(), refused: Vec::new() };
        store.commit(&batch.iter().collect::<Vec<_>>(), &outcomes, &render(), NOW).expect("commits").sequences
    }

    /// Number and payload of what waits, in order.
    fn waiting(store: &Store) -> Vec<(i64, Vec<u8>)> {
        let read = store.read(Wanted::After(0, 100_000)).expect("reads");
        read.into_iter().map(|one| (one.row, one.envelope.expect("intact").payload)).collect()
    }

    /// A damaged database as a killed process leaves it: 300 messages, the last 100 in the log only, 50 of the first delivered. One page is gone.
    fn damaged_database(folder: &Path) -> PathBuf {
        let made = TempDir::new().expect("a folder");
        let mut store = open(made.path()).0;
        put(&mut store, 0..200, 0..0);
        let path = made.path().join("outbox.db");
        Connection::open(&path).and_then(|db| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))).expect("a checkpoint");
        put(&mut store, 200..300, 1..51);
        let (mut db, log) = (fs::read(&path).expect("there"), fs::read(with_suffix(&path, "-wal")).expect("there"));
        let holds_rows = |at: &usize| db[*at] == 13 && db[*at..at + 4096].windows(13).any(|bytes| bytes == b"t/north/event");
        let leaves: Vec<usize> = (0..db.len()).step_by(4096).filter(holds_rows).collect();
        let hole = leaves[leaves.len() / 2];
        db[hole..hole + 4096].fill(0xa5);
        let path = folder.join("outbox.db");
        fs::write(&path, db).expect("written");
        fs::write(with_suffix(&path, "-wal"), log).expect("written");
        path
    }

    /// What `state` makes of a folder with a damaged database is what a power cut at that moment leaves.
    fn cut(name: &str, state: impl FnOnce(&Path)) {
        let (whole, broken_off) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
        damaged_database(whole.path());
        let (store, expected) = open(whole.path());
        let expected = expected.expect("damaged");
        assert!(expected.lost > 0 && expected.messages + expected.lost == 300, "{expected:?}");
        assert!(waiting(&store).last().is_some_and(|last| last.0 == 300), "what was in the log is there");

        state(&damaged_database(broken_off.path()));
        let (mut next, salvaged) = open(broken_off.path());
        let salvaged = salvaged.unwrap_or_else(|| panic!("{name}: nothing taken over"));
        assert_eq!((salvaged.messages, salvaged.waiting, salvaged.lost), (expected.messages, expected.waiting, expected.lost), "{name}");
        assert_eq!(waiting(&next), waiting(&store), "{name}: each message once, under its number, in order");
        assert_eq!(next.open_events().expect("reads"), store.open_events().expect("reads"), "{name}");
        assert!(salvaged.aside.exists(), "{name}: the damaged file stays");
        assert_eq!(put(&mut next, 300..301, 0..0), [301], "{name}: numbers go on");
        let after = waiting(&next);
        drop(next);
        let (third, salvaged) = open(broken_off.path());
        assert_eq!((salvaged, waiting(&third)), (None, after), "{name}: it is finished");
        let marks = fs::read_dir(broken_off.path()).expect("a folder").filter(|entry| {
            let name = entry.as_ref().expect("an entry").file_name();
            name.to_string_lossy().ends_with("unfinished")
        });
        assert_eq!(marks.count(), 0, "{name}");
    }

    fn set_aside(path: &Path) -> Aside {
        Aside::set(path, NOW).expect("set aside")
    }

    #[test]
    fn wherever_power_is_cut_while_messages_are_taken_over_the_next_start_has_each_of_them_once() {
        cut("before anything", |_| {});
        cut("the mark is made", |path| fs::write(path.with_file_name("outbox-damaged-x-0.unfinished"), "").expect("written"));
        cut("the file is renamed, its log is not", |path| {
            let aside = set_aside(path);
            fs::rename(aside.log(), with_suffix(path, "-wal")).expect("moved back");
        });
        cut("file and log are renamed", |path| drop(set_aside(path)));
        cut("the new one is empty", |path| {
            set_aside(path);
            fs::write(path, "").expect("written");
        });
        cut("the new one has its tables", |path| {
            set_aside(path);
            open_checked(path).expect("a new one");
        });
        cut("the new one is half written", |path| {
            set_aside(path);
            fs::write(path, [0xa5; 9000]).expect("written");
            fs::write(with_suffix(path, "-wal"), [0xa5; 9000]).expect("written");
        });
        cut("the old one was read, its log is in it", |path| {
            let aside = set_aside(path);
            assert_eq!(aside.begin().expect("noted"), Try::Go);
            let mut unwritten = open_checked(path).expect("a new one");
            let tx = unwritten.transaction().expect("begins");
            let mut lost = Connection::open_in_memory().expect("opens");
            lost.execute_batch(SCHEMA).expect("tables");
            salvage::take_over(&aside, &mut lost).expect("taken over");
            tx.rollback().expect("rolls back");
        });
        cut("all is taken over, the mark is there", |path| {
            let aside = set_aside(path);
            assert_eq!(aside.begin().expect("noted"), Try::Go);
            salvage::take_over(&aside, &mut open_checked(path).expect("a new one")).expect("taken over");
        });
    }

    #[test]
    fn a_sequence_number_beyond_reason_in_a_damaged_file_is_damage_too() {
        let folder = TempDir::new().expect("a folder");
        let path = damaged_database(folder.path());
        let noted = Connection::open(&path).and_then(|db| db.execute("UPDATE sequences SET last = 9223372036854775807", []));
        assert_eq!(noted.expect("this table is whole"), 1);
        let (mut store, salvaged) = open(folder.path());
        assert!(salvaged.is_some_and(|salvaged| salvaged.messages > 200));
        assert_eq!(put(&mut store, 0..1, 0..0), [301], "the lane goes on after its last message");
    }

    #[test]
    fn a_file_over_which_every_start_dies_is_left_alone_and_stops_none_after_it() {
        let folder = TempDir::new().expect("a folder");
        let path = damaged_database(folder.path());
        let aside = set_aside(&path);
        let tries = (0..100).take_while(|_| aside.begin().expect("noted") == Try::Go).count();
        assert_eq!(tries, 10);
        let (mut store, salvaged) = open(folder.path());
        assert_eq!((salvaged, waiting(&store)), (None, vec![]));
        assert!(aside.file().exists() && Aside::unfinished(&path).expect("a folder").is_none());
        assert_eq!(put(&mut store, 0..1, 0..0), [1]);
    }

    #[test]
    fn on_a_full_disk_history_stays_behind_and_when_there_is_no_room_at_all_the_next_start_goes_on() {
        let folder = TempDir::new().expect("a folder");
        let path = damaged_database(folder.path());
        let aside = set_aside(&path);
        let mut new = open_new(&path).expect("a new one");
        let limit = |db: &Connection, pages: i64| db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).expect("sets");
        let count = |db: &Connection| db.query_row("SELECT count(*) FROM messages", [], |row| row.get::<_, i64>(0)).expect("counts");
        let all = {
            let mut other = Connection::open_in_memory().expect("opens");
            other.execute_batch(SCHEMA).expect("tables");
            let taken = salvage::take_over(&aside, &mut other).expect("taken over");
            (taken, other.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0)).expect("counts"))
        };
        limit(&new, 30);
        let error = salvage::take_over(&aside, &mut new).expect_err("no room");
        assert!(matches!(StoreError::from(error), StoreError::Full(_)));
        assert_eq!(count(&new), 0, "nothing of it");
        limit(&new, all.1 - 2);
        let taken = salvage::take_over(&aside, &mut new).expect("room for what waits");
        assert_eq!((taken.messages, taken.waiting, taken.lost), (all.0.waiting, all.0.waiting, all.0.lost));
        limit(&new, 1_000_000);
        assert_eq!(salvage::take_over(&aside, &mut new).expect("room"), all.0, "and the rest by a start that finds room");
    }

    #[test]
    fn a_database_that_cannot_be_set_aside_while_in_use_is_tried_again() {
        let folder = TempDir::new().expect("a folder");
        let (mut store, _) = open(folder.path());
        put(&mut store, 0..100, 0..0);
        damaged_database(folder.path());
        let in_the_way = folder.path().join("outbox-damaged-x-0.unfinished");
        fs::create_dir(&in_the_way).expect("made");
        let other: Outgoing = event("south", 1).into();
        for _ in 0..2 {
            assert!(store.recover(NOW).is_err(), "a folder is where a mark would be");
            let refused = store.commit(&[&other], &Outcomes::default(), &render(), NOW);
            assert!(matches!(refused, Err(StoreError::Damaged(_))), "so that it is tried again: {refused:?}");
        }
        fs::remove_dir(&in_the_way).expect("empty");
        let salvaged = store.recover(NOW).expect("set aside").expect("damaged");
        assert_eq!(waiting(&store).len() as u64, salvaged.waiting);
        store.commit(&[&other], &Outcomes::default(), &render(), NOW).expect("goes on");
    }
}
