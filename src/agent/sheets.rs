//! The report on the disk: what is measured, as tables that a spreadsheet opens, one file a camera, day and kind of table.
//!
//! Cameras hand their reports over and never wait for the disk: one thread appends them and has each batch on the disk before the next one. A row that a power
//! cut tore is taken off when the file is opened again. Old days are deleted.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::AgentError;
use crate::base::handoff::{Receiver, Sender, WhenFull, channel};
use crate::base::id::Slug;
use crate::base::rate_limit::RateLimit;
use crate::base::time::{Clock, WallTime};
use crate::config::settings::ReportSettings;
use crate::event::{CsvTable, FlowReport, Wire};

/// Reports that wait for a slow disk at most; far more than all cameras of a box make in a minute.
const WAITING: usize = 4096;
/// Dropped rows are told so often at most.
const SAY_EVERY: Duration = Duration::from_secs(60);
const DAY_LENGTH: Duration = Duration::from_secs(86_400);
/// Digits of a day, `2026-11-21`.
const DAY: usize = 10;

/// The thread that writes; it ends when every sender is gone.
pub(super) struct Sheets {
    reports: Sender<FlowReport>,
    thread: JoinHandle<()>,
}

impl Sheets {
    /// Writes into the folder of `settings`, with the days of the clock on the wall.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(super) fn start(settings: &ReportSettings, utc_offset_hours: i8, wire: Wire, clock: Arc<dyn Clock>) -> Result<Self, AgentError> {
        // On a disk that takes nothing for hours the newest rows are worth most.
        let (reports, written) = channel(WAITING, WhenFull::DropOldest);
        let cabinet = Cabinet { folder: settings.folder.clone(), keep: settings.keep, utc_offset_hours, swept: BTreeSet::new() };
        let thread = thread::Builder::new().name("report".into()).spawn(move || write(cabinet, &wire, &written, clock.as_ref()));
        let thread = thread.map_err(|source| AgentError::Thread { name: "report".into(), source })?;
        Ok(Self { reports, thread })
    }

    /// Where reports are handed in.
    pub(super) fn inlet(&self) -> Sender<FlowReport> {
        self.reports.clone()
    }

    /// Waits until everything is written. Every camera must have ended.
    pub(super) fn stop(self) {
        drop(self.reports);
        if self.thread.join().is_err() {
            tracing::error!("the thread that writes the report ended by a panic");
        }
    }
}

fn write(mut cabinet: Cabinet, wire: &Wire, reports: &Receiver<FlowReport>, clock: &dyn Clock) {
    let (mut rows, mut lost) = (String::new(), 0u64);
    let mut dropped = Dropped { told: 0, limit: RateLimit::new(SAY_EVERY) };
    while let Some(report) = reports.recv() {
        dropped.tell(reports.dropped(), clock.monotonic());
        rows.clear();
        let Some(table) = wire.csv_rows(&report, &mut rows) else { continue };
        match cabinet.add(&report.camera, table, report.from, &rows) {
            Err(error) => {
                if lost == 0 {
                    let folder = cabinet.folder.display();
                    tracing::warn!(%error, "report: rows cannot be written into `{folder}`; make room, or make the folder writable");
                }
                lost += 1;
            }
            Ok(()) if lost > 0 => {
                tracing::warn!(lost, "report: written again; the rows of so many periods are missing in the tables");
                lost = 0;
            }
            Ok(()) => {}
        }
    }
    // The last ones are told whatever was told a moment ago.
    Dropped { told: dropped.told, limit: RateLimit::new(SAY_EVERY) }.tell(reports.dropped(), clock.monotonic());
}

/// Reports that the queue let go because the disk was too slow.
struct Dropped {
    told: u64,
    limit: RateLimit,
}

impl Dropped {
    /// `all` since the start; says how many are new, and gives that number when it said so.
    fn tell(&mut self, all: u64, now: Duration) -> Option<u64> {
        let new = all.saturating_sub(self.told);
        if new == 0 {
            return None;
        }
        self.limit.pass(now)?;
        self.told = all;
        tracing::warn!(dropped = new, "report: the disk is too slow for so many periods, whose rows are missing in the tables");
        Some(new)
    }
}

/// The folder with the files.
#[derive(Debug)]
struct Cabinet {
    folder: PathBuf,
    keep: Duration,
    utc_offset_hours: i8,
    /// Days that were begun, after which old ones were deleted.
    swept: BTreeSet<String>,
}

impl Cabinet {
    /// Appends `rows`; when this returns they are on the disk.
    fn add(&mut self, camera: &Slug, table: CsvTable, from: WallTime, rows: &str) -> io::Result<()> {
        let day = day(from, self.utc_offset_hours);
        if !self.folder.is_dir() {
            fs::create_dir_all(&self.folder)?;
            let above = self.folder.parent().filter(|above| !above.as_os_str().is_empty());
            File::open(above.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        if self.swept.insert(day.clone()) {
            self.sweep(from);
            self.swept.retain(|swept| *swept >= day);
        }
        let path = self.folder.join(format!("{camera}-{day}-{}.csv", table.name()));
        let is_new = !path.exists();
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        let end = whole_rows(&mut file)?;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        let head = if end == 0 { format!("{}\n", table.header()) } else { String::new() };
        file.write_all(format!("{head}{rows}").as_bytes())?;
        file.sync_data()?;
        if is_new {
            // Else a power cut takes the name away, and with it the rows.
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }

    /// Deletes the files of days that are too old by `now`, if there are tables of as many younger days as are kept: a clock that was in the future for a moment
    /// makes one day, and must not delete a year. Other files in the folder are none of ours.
    fn sweep(&self, now: WallTime) {
        let paths = || fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|file| file.path());
        let mut days: BTreeSet<String> = paths().filter_map(|path| day_of(&path)).collect();
        days.insert(day(now, self.utc_offset_hours));
        let kept = self.keep.as_secs().div_ceil(DAY_LENGTH.as_secs()) as usize;
        let Some(oldest_kept) = days.iter().rev().nth(kept.saturating_sub(1)) else { return };
        let by_clock = day(now - self.keep, self.utc_offset_hours);
        let oldest = oldest_kept.min(&by_clock);
        for path in paths().filter(|path| day_of(path).is_some_and(|day| day < *oldest)) {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(%error, "report: `{}` is old and cannot be deleted", path.display());
            }
        }
    }
}

/// Length of the file without what stands behind its last line end.
fn whole_rows(file: &mut File) -> io::Result<u64> {
    const BLOCK: u64 = 4096;
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        file.take(end - start).read_to_end(&mut block)?;
        if let Some(last) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + last as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// `2026-11-21` on the wall.
fn day(at: WallTime, utc_offset_hours: i8) -> String {
    let offset = Duration::from_secs(3600 * u64::from(utc_offset_hours.unsigned_abs()));
    let local = if utc_offset_hours < 0 { at - offset } else { at + offset };
    local.to_string().chars().take(DAY).collect()
}

/// The day in the name of a file of ours, `{camera}-{day}-{table}.csv`.
fn day_of(path: &Path) -> Option<String> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".csv")?;
    let rest = CsvTable::ALL.iter().find_map(|table| stem.strip_suffix(table.name())?.strip_suffix('-'))?;
    let (camera, day) = rest.split_at_checked(rest.len().checked_sub(DAY)?)?;
    let is_day = day.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    (is_day && Slug::new(camera.strip_suffix('-')?).is_some()).then(|| day.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> WallTime {
        WallTime::parse_rfc3339(time).expect("valid")
    }

    fn cabinet(folder: &Path) -> Cabinet {
        let keep = Duration::from_secs(2 * 86_400);
        Cabinet { folder: folder.join("report"), keep, utc_offset_hours: 7, swept: BTreeSet::new() }
    }

    fn files(cabinet: &Cabinet) -> Vec<String> {
        let entries = fs::read_dir(&cabinet.folder).expect("a folder");
        let mut names: Vec<String> = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }

    #[test]
    fn each_camera_day_and_table_has_a_file_with_one_header_and_old_days_go() {
        let (folder, camera) = (tempfile::tempdir().expect("a folder"), Slug::new("utara").expect("legal"));
        let mut cabinet = cabinet(folder.path());
        for (time, row) in [("2026-11-21T16:30:00Z", "a\n"), ("2026-11-21T16:45:00Z", "b\n"), ("2026-11-21T17:00:00Z", "c\n")] {
            cabinet.add(&camera, CsvTable::Flow, at(time), row).expect("written");
        }
        let read = |cabinet: &Cabinet, name: &str| fs::read_to_string(cabinet.folder.join(name)).expect("a text");
        assert_eq!(files(&cabinet), ["utara-2026-11-21-flow.csv", "utara-2026-11-22-flow.csv"], "midnight of the clock on the wall");
        assert_eq!(read(&cabinet, "utara-2026-11-21-flow.csv"), format!("{}\na\nb\n", CsvTable::Flow.header()));

        fs::write(cabinet.folder.join("catatan-2026-01-01-flow.txt"), "not ours").expect("written");
        cabinet.add(&camera, CsvTable::Approach, at("2026-11-24T10:00:00Z"), "d\n").expect("written");
        let left = ["catatan-2026-01-01-flow.txt", "utara-2026-11-22-flow.csv", "utara-2026-11-24-approach.csv"];
        assert_eq!(files(&cabinet), left);
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_moment_deletes_no_more_than_a_day() {
        let (folder, camera) = (tempfile::tempdir().expect("a folder"), Slug::new("utara").expect("legal"));
        let mut cabinet = Cabinet { keep: Duration::from_secs(5 * 86_400), ..cabinet(folder.path()) };
        let mut add = |time: &str| cabinet.add(&camera, CsvTable::Flow, at(time), "row\n").expect("written");
        for day in 1..=5 {
            add(&format!("2026-11-0{day}T10:00:00Z"));
        }
        add("2099-01-01T00:00:00Z");
        add("2026-11-05T10:15:00Z");
        add("2026-11-06T10:00:00Z");
        let days: Vec<String> = files(&cabinet).iter().filter_map(|name| day_of(Path::new(name))).collect();
        assert_eq!(days, ["2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05", "2026-11-06", "2099-01-01"]);
    }

    #[test]
    fn dropped_rows_are_told_at_once_and_then_once_a_minute() {
        let mut dropped = Dropped { told: 0, limit: RateLimit::new(SAY_EVERY) };
        let told: Vec<Option<u64>> =
            [(0, 0), (3, 1), (5, 2), (9, 62), (9, 200)].map(|(all, now)| dropped.tell(all, Duration::from_secs(now))).to_vec();
        assert_eq!(told, [None, Some(3), None, Some(6), None]);
    }

    #[test]
    fn a_row_that_was_torn_is_taken_off_and_the_others_stay() {
        let (folder, camera) = (tempfile::tempdir().expect("a folder"), Slug::new("utara").expect("legal"));
        let mut cabinet = cabinet(folder.path());
        cabinet.add(&camera, CsvTable::Flow, at("2026-11-21T10:00:00Z"), "whole\n").expect("written");
        let path = cabinet.folder.join("utara-2026-11-21-flow.csv");
        let mut torn = fs::read(&path).expect("readable");
        torn.extend(vec![b'x'; 9000]);
        fs::write(&path, torn).expect("written");
        cabinet.add(&camera, CsvTable::Flow, at("2026-11-21T10:15:00Z"), "next\n").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("a text"), format!("{}\nwhole\nnext\n", CsvTable::Flow.header()));
    }

    #[test]
    fn a_folder_that_cannot_be_is_an_error_and_no_panic() {
        let (folder, camera) = (tempfile::tempdir().expect("a folder"), Slug::new("utara").expect("legal"));
        fs::write(folder.path().join("report"), "a file in its place").expect("written");
        let mut cabinet = cabinet(folder.path());
        assert!(cabinet.add(&camera, CsvTable::Flow, at("2026-11-21T10:00:00Z"), "row\n").is_err());
    }
}
