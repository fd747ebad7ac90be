//! Opening the database: pragmas, tables, versions, and what to do with a file that is not right.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

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

/// Opens or makes the database; a damaged one is set aside and what can be read of it is taken over.
pub(super) fn open_or_salvage(path: &Path, now: WallTime) -> Result<(Connection, Option<Salvaged>), StoreError> {
    match open_checked(path) {
        Err(StoreError::Damaged(_)) => {
            let failed = |source| StoreError::Directory { directory: path.to_owned(), source };
            let aside = salvage::set_aside(path, now).map_err(failed)?;
            let mut db = open_checked(path)?;
            let salvaged = salvage::take_over(aside, &mut db)?;
            Ok((db, Some(salvaged)))
        }
        opened => Ok((opened?, None)),
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

fn damaged(what: String) -> StoreError {
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
