//! The durable queue: SQLite in WAL mode with `synchronous=FULL`, written in groups.
//!
//! A commit that returned is on the disk: every write-ahead-log frame carries a checksum and the log is synced before `COMMIT` returns, so a
//! power cut or a kill leaves either all of a group or nothing of it (sqlite.org/wal.html). Messages never change once written; what still
//! has to be sent is the small table `queue`. Delivered event messages stay as the local history.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, params};

use super::record;
use super::room;
use super::salvage::Salvaged;
use super::schema::{SCHEMA_VERSION, damaged, open_or_salvage};
use super::window::{Row, Wanted};
use super::{Outgoing, Render};
use crate::base::disk::Trouble;
use crate::base::time::WallTime;
use crate::config::settings::OutboxSettings;
use crate::event::{Envelope, Event, Importance, Phase, Qos};

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory cannot be made or its lock file opened.
    #[error("outbox directory {directory}: cannot be used; {}", Trouble::of(source).remedy())]
    Directory {
        /// Which.
        directory: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process has it.
    #[error("outbox directory {0}: another simpang is using it; stop that one, or set another `outbox.directory`")]
    InUse(PathBuf),
    /// Written by a newer version of this program.
    #[error(
        "outbox {file}: written by a newer version (schema {found}, this one knows {SCHEMA_VERSION}); install that version again, or move the file away"
    )]
    Newer {
        /// Which file.
        file: PathBuf,
        /// Its schema version.
        found: i32,
    },
    /// The disk is full or the size limit is reached.
    #[error("outbox: disk full; free space, or lower `outbox.max_mb`")]
    Full(#[source] rusqlite::Error),
    /// The file contradicts itself.
    #[error("outbox: database damaged; what can be read goes into a new one, check the disk")]
    Damaged(#[source] rusqlite::Error),
    /// Any other failure of the disk or the database.
    #[error("outbox: database cannot be read or written; check the disk and who may write to its folder")]
    Disk(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error),
            _ => Self::Disk(error),
        }
    }
}

/// A message that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Waiting {
    /// Its number.
    pub(super) row: Row,
    /// What to send; `None` when its bytes do not match their checksum any more.
    pub(super) envelope: Option<Envelope>,
}

/// What one commit did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Committed {
    /// Sequence number of each outgoing of the batch, in order.
    pub(super) sequences: Vec<u64>,
    /// How many messages that made.
    pub(super) messages: u64,
    /// Waiting measures that had to go because of the size limit.
    pub(super) dropped_measures: u64,
    /// Waiting events that had to go because of the size limit and no measure was left.
    pub(super) dropped_events: u64,
}

/// What happened to messages since the last commit.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    /// The broker has them.
    pub(super) delivered: BTreeSet<Row>,
    /// Put aside, and why.
    pub(super) refused: Vec<(Row, String)>,
}

impl Outcomes {
    /// Nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.delivered.is_empty() && self.refused.is_empty()
    }
}

/// The open database. One process has it at a time.
pub(super) struct Store {
    /// None while a damaged one cannot be set aside.
    db: Option<Connection>,
    path: PathBuf,
    max_bytes: u64,
    keep_history: Duration,
    last_row: Row,
    _lock: File,
}

impl Store {
    /// Opens the database in `settings.directory`, or makes it. A damaged one is set aside under a name with `now` in it and what can be
    /// read of it is taken over.
    ///
    /// # Errors
    /// [`StoreError`]; never because of the file's contents, except [`StoreError::Newer`], which leaves it as it is.
    pub(super) fn open(settings: &OutboxSettings, now: WallTime) -> Result<(Self, Option<Salvaged>), StoreError> {
        let directory = &settings.directory;
        let failed = |source| StoreError::Directory { directory: directory.clone(), source };
        std::fs::create_dir_all(directory).map_err(failed)?;
        let lock = File::create(directory.join("outbox.lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(directory.clone())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let path = directory.join("outbox.db");
        let (db, salvaged) = open_or_salvage(&path, now)?;
        let (max_bytes, keep_history) = (settings.max_bytes, settings.keep_history);
        Ok((Self { db: Some(db), path, max_bytes, keep_history, last_row: 0, _lock: lock }, salvaged))
    }

    /// The file turned out to be damaged while in use: sets it aside and goes on with what can be read of it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub(super) fn recover(&mut self, now: WallTime) -> Result<Option<Salvaged>, StoreError> {
        // Closed first: closing removes the log by its name, which must not be the new file's.
        self.db = None;
        let (db, salvaged) = open_or_salvage(&self.path, now)?;
        // Numbers that are under way must not come up again for other messages.
        let last: Row = db.query_row("SELECT coalesce(max(row), 0) FROM messages", [], |row| row.get(0))?;
        db.execute("DELETE FROM sqlite_sequence WHERE name = 'messages'", [])?;
        db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('messages', ?1)", [last.max(self.last_row)])?;
        self.db = Some(db);
        Ok(salvaged)
    }

    /// Whether there is a database; there is none while a damaged one could not be set aside.
    pub(super) fn is_open(&self) -> bool {
        self.db.is_some()
    }

    fn db(&self) -> Result<&Connection, StoreError> {
        self.db.as_ref().ok_or_else(|| damaged("it could not be set aside yet".to_owned()))
    }

    fn db_mut(&mut self) -> Result<&mut Connection, StoreError> {
        self.db.as_mut().ok_or_else(|| damaged("it could not be set aside yet".to_owned()))
    }

    /// Writes `batch` and `outcomes` as one group. When it returns, both are on the disk.
    ///
    /// # Errors
    /// [`StoreError`]: nothing of the group was written, and no sequence number was used.
    pub(super) fn commit(
        &mut self,
        batch: &[&Outgoing],
        outcomes: &Outcomes,
        render: &Render,
        now: WallTime,
    ) -> Result<Committed, StoreError> {
        let (max_bytes, mut last_row) = (self.max_bytes, self.last_row);
        let tx = self.db_mut()?.transaction()?;
        settle(&tx, outcomes, now)?;
        let mut done = Committed::default();
        for outgoing in batch {
            let sequence = next_sequence(&tx, outgoing)?;
            for (index, envelope) in render(outgoing, sequence, now).iter().enumerate() {
                last_row = insert(&tx, &Message { outgoing, sequence, envelope, index }, now)?;
                done.messages += 1;
            }
            note_open_event(&tx, outgoing)?;
            done.sequences.push(sequence);
        }
        let dropped = room::make(&tx, max_bytes)?;
        (done.dropped_measures, done.dropped_events) = (dropped.measures, dropped.events);
        tx.commit()?;
        self.last_row = last_row;
        Ok(done)
    }

    /// The waiting messages the window asks for, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub(super) fn read(&self, wanted: Wanted) -> Result<Vec<Waiting>, StoreError> {
        let (after, limit) = match wanted {
            Wanted::After(row, room) => (row, room),
            Wanted::Again(row) => (row - 1, 1),
        };
        let mut statement = self.db()?.prepare_cached(
            "SELECT q.row, topic, payload, retain, qos, expires, content_type, m.measure, checksum
             FROM queue q LEFT JOIN messages m ON m.row = q.row WHERE q.row > ?1 ORDER BY q.row LIMIT ?2",
        )?;
        let rows = statement.query_map(params![after, limit as i64], |row| Ok(Waiting { row: row.get(0)?, envelope: envelope(row) }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many messages wait, and when the oldest of them was accepted.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub(super) fn depth(&self) -> Result<(u64, Option<WallTime>), StoreError> {
        let depth: i64 = self.db()?.query_row("SELECT count(*) FROM queue", [], |row| row.get(0))?;
        Ok((depth.unsigned_abs(), self.oldest()?))
    }

    /// When the oldest waiting message was accepted.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub(super) fn oldest(&self) -> Result<Option<WallTime>, StoreError> {
        let sql = "SELECT accepted FROM messages WHERE row = (SELECT min(row) FROM queue)";
        let oldest = self.db()?.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
        Ok(oldest.map(WallTime::from_micros))
    }

    /// Events whose last stored message is not an end: left open by a crash.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub(super) fn open_events(&self) -> Result<Vec<Event>, StoreError> {
        let mut statement = self.db()?.prepare("SELECT body FROM open_events ORDER BY event")?;
        let bodies = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(bodies.filter_map(|body| record::from_text(&body.ok()?)).collect())
    }

    /// Forgets delivered and refused messages older than the history is kept. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub(super) fn trim(&mut self, now: WallTime) -> Result<usize, StoreError> {
        let before = (now - self.keep_history).as_micros();
        let tx = self.db_mut()?.transaction()?;
        let old = "SELECT row FROM messages WHERE accepted < ?1 AND row < (SELECT coalesce(min(row), 9e18) FROM queue)";
        tx.execute(&format!("DELETE FROM refused WHERE row IN ({old})"), [before])?;
        let gone = tx.execute(&format!("DELETE FROM messages WHERE row IN ({old})"), [before])?;
        tx.commit()?;
        Ok(gone)
    }

    /// The disk is full: gives up the oldest delivered messages, so that their pages can be used again. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`] when not even that can be written.
    pub(super) fn relieve(&mut self) -> Result<u64, StoreError> {
        // First what is in the log goes into the file, so that the log's own space is free for this.
        self.db()?.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
        let tx = self.db_mut()?.transaction()?;
        let gone = room::forget_history(&tx)?;
        tx.commit()?;
        Ok(gone)
    }

    #[cfg(test)]
    fn path(&self) -> &std::path::Path {
        &self.path
    }

    #[cfg(test)]
    fn limit_pages(&self, pages: i64) {
        self.db().expect("open").query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).expect("sets");
    }
}

/// The envelope of a row of [`Store::read`], unless a column is missing or the checksum is wrong.
fn envelope(row: &rusqlite::Row<'_>) -> Option<Envelope> {
    let (topic, payload): (String, Vec<u8>) = (row.get(1).ok()?, row.get(2).ok()?);
    if checksum(&topic, &payload) != row.get::<_, i64>(8).ok()? {
        return None;
    }
    Some(Envelope {
        retain: row.get(3).ok()?,
        qos: if row.get::<_, i64>(4).ok()? == 0 { Qos::AtMostOnce } else { Qos::AtLeastOnce },
        expires_after: row.get::<_, Option<i64>>(5).ok()?.map(|secs| Duration::from_secs(secs.max(0).unsigned_abs())),
        content_type: row.get::<_, String>(6).ok()?.into(),
        importance: if row.get::<_, bool>(7).ok()? { Importance::Measure } else { Importance::Event },
        topic,
        payload,
    })
}

/// One publication of one outgoing.
struct Message<'a> {
    outgoing: &'a Outgoing,
    sequence: u64,
    envelope: &'a Envelope,
    index: usize,
}

fn insert(tx: &Transaction<'_>, message: &Message<'_>, now: WallTime) -> rusqlite::Result<Row> {
    let Message { outgoing, sequence, envelope, index } = message;
    // The event's own message is history; what follows it (the retained copy) is only news.
    let event = outgoing.event().filter(|_| *index == 0);
    let measure = envelope.importance == Importance::Measure;
    tx.prepare_cached(
        "INSERT INTO messages (source, sequence, accepted, event, revision, topic, payload, retain, qos, expires, content_type, measure, checksum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        outgoing.lane(),
        *sequence as i64,
        now.as_micros(),
        event.map(|event| event.id.to_string()),
        event.map(|event| event.revision),
        envelope.topic,
        envelope.payload,
        envelope.retain,
        i64::from(envelope.qos == Qos::AtLeastOnce),
        envelope.expires_after.map(|after| after.as_secs() as i64),
        envelope.content_type.as_ref(),
        measure,
        checksum(&envelope.topic, &envelope.payload),
    ])?;
    let row = tx.last_insert_rowid();
    tx.prepare_cached("INSERT INTO queue (row, measure, history) VALUES (?1, ?2, ?3)")?.execute(params![row, measure, event.is_some()])?;
    Ok(row)
}

fn next_sequence(tx: &Transaction<'_>, outgoing: &Outgoing) -> rusqlite::Result<u64> {
    let sql = "INSERT INTO sequences (source, last) VALUES (?1, 1) ON CONFLICT (source) DO UPDATE SET last = last + 1 RETURNING last";
    let last: i64 = tx.prepare_cached(sql)?.query_row([outgoing.lane()], |row| row.get(0))?;
    Ok(last.unsigned_abs())
}

fn note_open_event(tx: &Transaction<'_>, outgoing: &Outgoing) -> rusqlite::Result<()> {
    let Some(event) = outgoing.event() else { return Ok(()) };
    let id = event.id.to_string();
    // A figure that JSON cannot hold would be a bug in a rule; the message itself is stored all the same.
    let body = (event.phase != Phase::End).then(|| record::to_text(event).ok()).flatten();
    match body {
        Some(body) => tx
            .prepare_cached("INSERT INTO open_events (event, body) VALUES (?1, ?2) ON CONFLICT (event) DO UPDATE SET body = ?2")?
            .execute(params![id, body])?,
        None => tx.prepare_cached("DELETE FROM open_events WHERE event = ?1")?.execute([id])?,
    };
    Ok(())
}

/// Takes delivered and refused messages off the queue; delivered ones that are not history are forgotten.
///
/// This is the place of the end-to-end mark: today the broker's acknowledgement settles a message (`delivery = "puback"`); when the command
/// center confirms a high-water mark, the rows up to it come through here instead.
fn settle(tx: &Transaction<'_>, outcomes: &Outcomes, now: WallTime) -> rusqlite::Result<()> {
    for &row in &outcomes.delivered {
        tx.prepare_cached("DELETE FROM messages WHERE row = (SELECT row FROM queue WHERE row = ?1 AND history = 0)")?.execute([row])?;
        tx.prepare_cached("DELETE FROM queue WHERE row = ?1")?.execute([row])?;
    }
    for (row, reason) in &outcomes.refused {
        tx.prepare_cached("DELETE FROM queue WHERE row = ?1")?.execute([row])?;
        tx.prepare_cached("INSERT OR REPLACE INTO refused (row, reason, at) VALUES (?1, ?2, ?3)")?.execute(params![
            row,
            reason,
            now.as_micros()
        ])?;
    }
    Ok(())
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): each step is a bijection, so a single changed byte is always noticed. SQLite checks its log, not its pages.
pub(super) fn checksum(topic: &str, payload: &[u8]) -> i64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = topic.as_bytes().iter().chain(&[0]).chain(payload).fold(0xcbf2_9ce4_8422_2325, step);
    i64::from_ne_bytes(hash.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{event, render, report};
    use super::*;
    use crate::base::time::{Clock, SystemClock, thread_cpu};
    use crate::event::EndReason;
    use proptest::prelude::*;
    use std::path::Path;
    use tempfile::TempDir;

    const NOW: WallTime = WallTime::from_micros(1_763_000_000_000_000);

    fn settings(directory: &Path, max_bytes: u64) -> OutboxSettings {
        OutboxSettings { directory: directory.to_owned(), max_bytes, keep_history: Duration::from_secs(86_400) }
    }

    fn open(directory: &Path) -> Store {
        Store::open(&settings(directory, u64::MAX), NOW).expect("opens").0
    }

    fn events(store: &mut Store, numbers: std::ops::Range<u32>) -> Committed {
        let batch: Vec<Outgoing> = numbers.map(|number| event("north", number).into()).collect();
        let batch: Vec<&Outgoing> = batch.iter().collect();
        store.commit(&batch, &Outcomes::default(), &render(), NOW).expect("commits")
    }

    fn settle_rows(store: &mut Store, rows: impl IntoIterator<Item = Row>) {
        let outcomes = Outcomes { delivered: rows.into_iter().collect(), refused: Vec::new() };
        store.commit(&[], &outcomes, &render(), NOW).expect("commits");
    }

    fn waiting(store: &Store) -> Vec<Row> {
        store.read(Wanted::After(0, 100_000)).expect("reads").iter().map(|one| one.row).collect()
    }

    #[test]
    fn what_was_committed_is_there_after_a_restart_in_order_and_numbered_without_gaps() {
        let dir = TempDir::new().unwrap();
        let mut store = open(dir.path());
        assert_eq!(events(&mut store, 0..3).sequences, [1, 2, 3]);
        settle_rows(&mut store, [1]);
        drop(store);
        let mut store = open(dir.path());
        assert_eq!(waiting(&store), [2, 3]);
        assert_eq!(events(&mut store, 3..5).sequences, [4, 5]);
        let other: Outgoing = event("south", 1).into();
        let flow: Outgoing = report("north", 1).into();
        let done = store.commit(&[&other, &flow], &Outcomes::default(), &render(), NOW).unwrap();
        assert_eq!(done.sequences, [1, 1], "every camera counts for itself, reports apart");
        let first = store.read(Wanted::After(0, 1)).unwrap().remove(0).envelope.expect("intact");
        assert_eq!((first.topic.as_str(), first.importance), ("t/north/event", Importance::Event));
    }

    #[test]
    fn a_message_accepted_before_a_restart_is_sent_after_it_with_the_same_bytes_and_properties() {
        let base = Envelope {
            topic: "its/v1/palembang/simpang/edge-01/event/traffic".into(),
            payload: "{\"teks\":\"mobil berhenti ± 15 detik\"}".into(),
            retain: false,
            qos: Qos::AtLeastOnce,
            expires_after: Some(Duration::from_secs(86_400)),
            content_type: "application/cloudevents+json; charset=utf-8".into(),
            importance: Importance::Event,
        };
        let accepted = vec![
            base.clone(),
            Envelope { topic: "a/active/1".into(), payload: Vec::new(), retain: true, ..base.clone() },
            Envelope { content_type: "application/json".into(), expires_after: None, importance: Importance::Measure, ..base.clone() },
            Envelope { content_type: "application/x-later; version=2".into(), qos: Qos::AtMostOnce, payload: vec![0, 255, 10], ..base },
        ];
        let (dir, messages) = (TempDir::new().unwrap(), accepted.clone());
        let render: Render = Box::new(move |_, _, _| messages.clone());
        open(dir.path()).commit(&[&event("north", 1).into()], &Outcomes::default(), &render, NOW).expect("commits");
        let waiting = open(dir.path()).read(Wanted::After(0, 100)).expect("reads");
        assert_eq!(waiting.into_iter().map(|one| one.envelope.expect("intact")).collect::<Vec<_>>(), accepted);
    }

    #[test]
    fn two_processes_cannot_share_an_outbox() {
        let dir = TempDir::new().unwrap();
        let _first = open(dir.path());
        let second = Store::open(&settings(dir.path(), u64::MAX), NOW).err().expect("refused");
        assert!(second.to_string().ends_with("another simpang is using it; stop that one, or set another `outbox.directory`"), "{second}");
    }

    #[test]
    fn an_event_that_never_ended_is_known_after_a_crash_and_one_that_ended_is_not() {
        let dir = TempDir::new().unwrap();
        let mut store = open(dir.path());
        let open_one = event("north", 1);
        let mut ended = event("north", 2);
        ended.phase = Phase::End;
        ended.ended = Some((NOW, EndReason::Cleared));
        let batch: [Outgoing; 3] = [open_one.clone().into(), event("north", 2).into(), ended.into()];
        store.commit(&batch.iter().collect::<Vec<_>>(), &Outcomes::default(), &render(), NOW).unwrap();
        drop(store);
        let left = open(dir.path()).open_events().unwrap();
        assert_eq!(left.iter().map(|event| event.id).collect::<Vec<_>>(), [open_one.id]);
    }

    #[test]
    fn a_full_disk_loses_nothing_and_uses_no_number() {
        let dir = TempDir::new().unwrap();
        let mut store = open(dir.path());
        events(&mut store, 0..1);
        store.limit_pages(16);
        let batch: Vec<Outgoing> = (1..400).map(|number| event("north", number).into()).collect();
        let batch: Vec<&Outgoing> = batch.iter().collect();
        let full = store.commit(&batch, &Outcomes::default(), &render(), NOW).expect_err("no room");
        assert!(matches!(full, StoreError::Full(_)), "{full:?}");
        assert_eq!(waiting(&store), [1], "nothing of the group was written");
        store.limit_pages(1 << 30);
        let done = store.commit(&batch, &Outcomes::default(), &render(), NOW).expect("room again");
        assert_eq!(done.sequences.first(), Some(&2));
        assert_eq!(waiting(&store).len(), 400);
    }

    #[test]
    fn at_the_size_limit_history_goes_first_then_measures_and_events_last() {
        let dir = TempDir::new().unwrap();
        let (mut store, _) = Store::open(&settings(dir.path(), 300_000), NOW).unwrap();
        events(&mut store, 0..100);
        settle_rows(&mut store, 1..=50);
        let reports: Vec<Outgoing> = (0..2000).map(|number| report("north", number).into()).collect();
        let (mut measures, mut lost) = (0, 0);
        for chunk in reports.chunks(50) {
            let done = store.commit(&chunk.iter().collect::<Vec<_>>(), &Outcomes::default(), &render(), NOW).unwrap();
            (measures, lost) = (measures + done.dropped_measures, lost + done.dropped_events);
        }
        let history: i64 =
            store.db().expect("open").query_row("SELECT count(*) FROM messages WHERE row <= 50", [], |row| row.get(0)).unwrap();
        assert!(measures > 1000 && lost == 0 && history == 0, "{measures} measures, {lost} events dropped, {history} kept as history");
        assert_eq!(waiting(&store).iter().filter(|&&row| row <= 100).count(), 50, "every waiting event is there");
        let left = waiting(&store);
        assert!(left[50..].is_sorted() && left.last() == Some(&2100), "the oldest measures went: {left:?}");
        let bytes = std::fs::metadata(store.path()).unwrap().len();
        assert!(bytes < 400_000, "{bytes}");
        let mut lost = 0;
        for start in 0..20 {
            lost += events(&mut store, 100 + start * 100..200 + start * 100).dropped_events;
        }
        assert!(lost > 0, "events go when nothing else is left, and it is said");
    }

    #[test]
    fn delivered_events_stay_as_history_for_as_long_as_asked() {
        let dir = TempDir::new().unwrap();
        let mut store = open(dir.path());
        events(&mut store, 0..3);
        let flow: Outgoing = report("north", 1).into();
        store.commit(&[&flow], &Outcomes::default(), &render(), NOW).unwrap();
        settle_rows(&mut store, [1, 2, 4]);
        let count =
            |store: &Store| store.db().expect("open").query_row("SELECT count(*) FROM messages", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count(&store), 3, "a delivered report is not history");
        assert_eq!(store.trim(NOW + Duration::from_secs(80_000)).unwrap(), 0);
        assert_eq!(store.trim(NOW + Duration::from_secs(90_000)).unwrap(), 2);
        assert_eq!(waiting(&store), [3], "what waits stays");
    }

    #[test]
    fn a_newer_schema_is_refused_with_a_sentence_and_left_alone() {
        let dir = TempDir::new().unwrap();
        let store = open(dir.path());
        store.db().expect("open").execute_batch("PRAGMA user_version = 7").unwrap();
        let path = store.path().to_owned();
        drop(store);
        let before = std::fs::read(&path).unwrap();
        let error = Store::open(&settings(dir.path(), u64::MAX), NOW).err().expect("refused").to_string();
        assert!(error.contains("written by a newer version (schema 7, this one knows 1); install that version again"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn one_changed_byte_of_a_message_is_noticed_and_costs_that_message_only() {
        let dir = TempDir::new().unwrap();
        let mut store = open(dir.path());
        events(&mut store, 0..5);
        let path = store.path().to_owned();
        drop(store);
        let mut bytes = std::fs::read(&path).unwrap();
        let needle = b"\"sequence\":3}";
        let at = bytes.windows(needle.len()).position(|window| window == needle).expect("is in the file");
        bytes[at + 11] = b'9';
        std::fs::write(&path, bytes).unwrap();
        let (store, _) = Store::open(&settings(dir.path(), u64::MAX), NOW).unwrap();
        let read = store.read(Wanted::After(0, 10)).unwrap();
        let intact: Vec<Row> = read.iter().filter(|one| one.envelope.is_some()).map(|one| one.row).collect();
        assert_eq!(intact, [1, 2, 4, 5]);
    }

    #[test]
    fn a_group_costs_one_sync_however_large_it_is() {
        let (dir, clock) = (TempDir::new().unwrap(), SystemClock::new());
        let mut store = open(dir.path());
        let mut next = 0;
        let mut cost = |groups: u32, size: u32| {
            let (wall, cpu) = (clock.monotonic(), thread_cpu());
            for _ in 0..groups {
                events(&mut store, next..next + size);
                next += size;
            }
            let (wall, cpu) = (clock.monotonic() - wall, thread_cpu() - cpu);
            println!("{groups} groups of {size}: {:?} wall, {:?} CPU a group", wall / groups, cpu / groups);
            cpu
        };
        let (one_by_one, together) = (cost(256, 1), cost(1, 256));
        assert!(together < one_by_one, "{together:?} against {one_by_one:?} CPU for the same 256 events");
    }

    /// A store of 300 messages in several pages, 100 of them in the log only, as a killed process leaves it.
    fn killed(dir: &Path) -> (Vec<u8>, Vec<u8>) {
        let mut store = open(dir);
        events(&mut store, 0..200);
        store.db().expect("open").query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        events(&mut store, 200..300);
        let path = store.path().to_owned();
        (std::fs::read(&path).unwrap(), std::fs::read(path.with_extension("db-wal")).unwrap())
    }

    #[derive(Clone, Debug)]
    enum Damage {
        Truncate(f64),
        Flip(f64, u8),
        Zero(f64, usize),
        Garbage(f64, usize),
        Empty,
        OtherFile,
    }

    fn damage() -> impl Strategy<Value = Damage> {
        prop_oneof![
            (0.0..1.0).prop_map(Damage::Truncate),
            (0.0..1.0, 1u8..).prop_map(|(at, mask)| Damage::Flip(at, mask)),
            (0.0..1.0, 1usize..9000).prop_map(|(at, len)| Damage::Zero(at, len)),
            (0.0..1.0, 1usize..9000).prop_map(|(at, len)| Damage::Garbage(at, len)),
            Just(Damage::Empty),
            Just(Damage::OtherFile),
        ]
    }

    fn apply(damage: &Damage, bytes: &mut Vec<u8>) {
        let place = |at: f64, bytes: &[u8]| (at * bytes.len() as f64) as usize;
        match *damage {
            Damage::Truncate(at) => bytes.truncate(place(at, bytes)),
            Damage::Flip(at, mask) if !bytes.is_empty() => {
                let at = place(at, bytes);
                bytes[at] ^= mask;
            }
            Damage::Zero(at, len) => {
                let at = place(at, bytes);
                bytes.iter_mut().skip(at).take(len).for_each(|byte| *byte = 0);
            }
            Damage::Garbage(at, len) => {
                let at = place(at, bytes);
                bytes.iter_mut().skip(at).take(len).enumerate().for_each(|(index, byte)| *byte = (index * 37 + 11) as u8);
            }
            Damage::Empty => bytes.clear(),
            Damage::OtherFile => *bytes = b"this is not a database at all, but someone's notes\n".repeat(100),
            Damage::Flip(..) => {}
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]
        #[test]
        fn whatever_the_files_look_like_they_open_and_take_events(in_db in prop::collection::vec(damage(), 0..3), in_log in prop::collection::vec(damage(), 0..3)) {
            thread_local! {
                static KILLED: (Vec<u8>, Vec<u8>) = killed(TempDir::new().unwrap().path());
            }
            let (mut db, mut log) = KILLED.with(Clone::clone);
            in_db.iter().for_each(|damage| apply(damage, &mut db));
            in_log.iter().for_each(|damage| apply(damage, &mut log));
            let dir = TempDir::new().unwrap();
            std::fs::write(dir.path().join("outbox.db"), db).unwrap();
            std::fs::write(dir.path().join("outbox.db-wal"), log).unwrap();
            let (mut store, _) = match Store::open(&settings(dir.path(), u64::MAX), NOW) {
                Err(StoreError::Newer { .. }) => return Ok(()),
                opened => opened.expect("always opens"),
            };
            let batch: Outgoing = event("north", 1000).into();
            if let Err(error) = store.commit(&[&batch], &Outcomes::default(), &render(), NOW) {
                prop_assert!(matches!(error, StoreError::Damaged(_)), "{:?}", error);
                store.recover(NOW).expect("recovers");
                store.commit(&[&batch], &Outcomes::default(), &render(), NOW).expect("takes events after recovery");
            }
            let mut last = 0;
            for one in store.read(Wanted::After(0, 100_000)).unwrap_or_default() {
                prop_assert!(one.row > last);
                last = one.row;
            }
        }
    }

    #[test]
    fn of_a_database_with_a_hole_everything_around_the_hole_is_kept_and_the_loss_is_counted() {
        let dir = TempDir::new().unwrap();
        let (mut db, log) = killed(dir.path());
        // One leaf page of the messages table: type 13 in its first byte, somewhere in the middle.
        let leaves: Vec<usize> = (0..db.len() / 4096)
            .map(|page| page * 4096)
            .filter(|&at| db[at] == 13 && contains(&db[at..at + 4096], b"t/north/event"))
            .collect();
        let hole = leaves[leaves.len() / 2];
        db[hole..hole + 4096].fill(0xa5);
        std::fs::write(dir.path().join("outbox.db"), db).unwrap();
        std::fs::write(dir.path().join("outbox.db-wal"), log).unwrap();
        let (store, salvaged) = Store::open(&settings(dir.path(), u64::MAX), NOW).unwrap();
        let salvaged = salvaged.expect("it was damaged");
        assert_eq!(salvaged.messages + salvaged.lost, 300, "{salvaged:?}");
        assert!((1..60).contains(&salvaged.lost), "{salvaged:?}");
        assert_eq!(waiting(&store).len() as u64, salvaged.messages);
        assert!(salvaged.aside.exists(), "the damaged file stays for whoever wants to look");
    }

    #[test]
    fn without_the_pages_that_lead_to_them_the_messages_are_found_all_the_same() {
        let dir = TempDir::new().unwrap();
        let mut store = open(dir.path());
        events(&mut store, 0..40);
        let large: Outgoing = event("north", 41).into();
        let long_text = "y".repeat(20_000);
        let render: Render = Box::new(move |outgoing, sequence, now| {
            let mut envelopes = render()(outgoing, sequence, now);
            envelopes[0].payload = format!("{{\"sequence\":{sequence},\"text\":\"{long_text}\"}}").into_bytes();
            envelopes
        });
        store.commit(&[&large], &Outcomes::default(), &render, NOW).unwrap();
        settle_rows(&mut store, 1..=10);
        let path = store.path().to_owned();
        drop(store);
        // The header and every page that leads to others (type 5) are destroyed.
        let mut db = std::fs::read(&path).unwrap();
        db[..100].fill(0xa5);
        let inner: Vec<usize> = (0..db.len()).step_by(4096).filter(|&at| db[at] == 5).collect();
        assert!(!inner.is_empty(), "the test destroys something");
        inner.into_iter().for_each(|at| db[at..at + 4096].fill(0xa5));
        std::fs::write(&path, db).unwrap();
        let (store, salvaged) = Store::open(&settings(dir.path(), u64::MAX), NOW).unwrap();
        let salvaged = salvaged.expect("it was damaged");
        assert_eq!((salvaged.messages, salvaged.lost), (41, 0), "{salvaged:?}");
        let read = store.read(Wanted::After(40, 1)).unwrap().remove(0).envelope.expect("intact");
        assert!(read.payload.len() > 20_000, "a message over several pages");
    }

    fn contains(bytes: &[u8], needle: &[u8]) -> bool {
        bytes.windows(needle.len()).any(|window| window == needle)
    }

    #[test]
    fn a_torn_log_keeps_every_group_before_the_tear() {
        let dir = TempDir::new().unwrap();
        let (db, log) = killed(dir.path());
        for cut in [0, 31, 32, 1000, log.len() / 2, log.len() - 1] {
            let dir = TempDir::new().unwrap();
            std::fs::write(dir.path().join("outbox.db"), &db).unwrap();
            std::fs::write(dir.path().join("outbox.db-wal"), &log[..cut]).unwrap();
            let (store, salvaged) = Store::open(&settings(dir.path(), u64::MAX), NOW).unwrap();
            assert_eq!((waiting(&store).len(), salvaged), (200, None), "cut at {cut}: the torn group was never confirmed");
        }
    }
}
