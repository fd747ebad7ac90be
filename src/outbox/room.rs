//! Keeping the database under its size limit: what goes first.

use rusqlite::Transaction;

/// Rows that go at once; small, so that not much more goes than must.
const STEP: i64 = 32;

/// Waiting messages that had to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Dropped {
    pub(super) measures: u64,
    pub(super) events: u64,
}

/// Frees pages until the database fits in `max_bytes`: first the history of what was delivered, then waiting measures, and only when none
/// is left waiting events; always the oldest first.
pub(super) fn make(tx: &Transaction<'_>, max_bytes: u64) -> rusqlite::Result<Dropped> {
    let mut dropped = Dropped::default();
    let page_size: i64 = tx.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let pages = |name: &str| tx.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    while (pages("page_count")? - pages("freelist_count")?) * page_size > i64::try_from(max_bytes).unwrap_or(i64::MAX) {
        if forget_history(tx)? > 0 {
            continue;
        }
        let measures = delete(tx, "SELECT row FROM queue WHERE measure = 1")?;
        dropped.measures += measures;
        if measures > 0 {
            continue;
        }
        let events = delete(tx, "SELECT row FROM queue")?;
        dropped.events += events;
        if events == 0 {
            break;
        }
    }
    Ok(dropped)
}

/// Deletes some of the oldest delivered messages.
pub(super) fn forget_history(tx: &Transaction<'_>) -> rusqlite::Result<u64> {
    // Messages are delivered in order: what is older than the oldest waiting one has been. A scan for the others would read the whole file.
    delete(tx, "SELECT row FROM messages WHERE row < (SELECT coalesce(min(row), 9e18) FROM queue)")
}

/// Deletes the oldest of these rows everywhere.
fn delete(tx: &Transaction<'_>, rows: &str) -> rusqlite::Result<u64> {
    let mut statement = tx.prepare_cached(&format!("{rows} ORDER BY row LIMIT {STEP}"))?;
    let rows: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for row in &rows {
        for table in ["messages", "queue", "refused"] {
            tx.prepare_cached(&format!("DELETE FROM {table} WHERE row = ?1"))?.execute([row])?;
        }
    }
    Ok(rows.len() as u64)
}
