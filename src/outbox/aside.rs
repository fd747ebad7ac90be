//! A damaged database under another name, with a mark beside it until all that can be read of it is in the new one.
//!
//! Power may be cut between any two steps; each leaves what the next start goes on from:
//!
//! 1. the mark `outbox-damaged-….unfinished` is made (alone it means nothing);
//! 2. `outbox.db` becomes `outbox-damaged-….db`;
//! 3. its log follows (while there is no `outbox.db`, a log under the old name belongs to the marked file);
//! 4. a new `outbox.db` is made, and filled in one transaction;
//! 5. the mark is removed.
//!
//! Invariant: while there is a mark, nothing is accepted and nothing is sent, and there is one mark at most. So a database beside it holds what was
//! taken over from the marked file or nothing, and taking over once more changes nothing.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::base::durable::sync_folder;
use crate::base::time::WallTime;

const NAME: &str = "outbox-damaged-";
/// Ending of the mark. Its length in bytes is how many starts began to take over and did not come back.
const MARK: &str = "unfinished";
/// What SQLite keeps beside a database: log, index of the log, rollback journal.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];
/// So many starts may die over one file. Power that is cut so often just then is less likely than a file that brings the program down each time.
const MOST_TRIES: u64 = 10;

/// A database that is set aside, from which not everything is taken over yet.
#[derive(Debug)]
pub(super) struct Aside {
    file: PathBuf,
    mark: PathBuf,
}

/// Whether it is worth to take over from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Try {
    Go,
    /// So many starts died over it already.
    GiveUp(u64),
}

impl Aside {
    /// Sets the database at `path` aside; the new name says when.
    pub(super) fn set(path: &Path, now: WallTime) -> io::Result<Self> {
        let stamp: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let named = |copy: u32| path.with_file_name(format!("{NAME}{stamp}-{copy}.db"));
        let file = (0..).map(named).find(|name| !name.exists()).expect("file names do not run out");
        let aside = Self { mark: file.with_extension(MARK), file };
        OpenOptions::new().write(true).create(true).truncate(true).open(&aside.mark)?;
        aside.sync()?;
        fs::rename(path, &aside.file)?;
        // On the disk before the log moves: a damaged file without its log could pass for a sound, older one.
        aside.sync()?;
        aside.bring_companions(path)?;
        Ok(aside)
    }

    /// The one that a start before this one did not finish.
    pub(super) fn unfinished(path: &Path) -> io::Result<Option<Self>> {
        let mut marks = Vec::new();
        for entry in fs::read_dir(path.parent().unwrap_or(Path::new("/")))? {
            let mark = entry?.path();
            let is_ours = mark.file_name().is_some_and(|name| name.to_string_lossy().starts_with(NAME));
            if is_ours && mark.extension().is_some_and(|ending| ending == MARK) {
                marks.push(mark);
            }
        }
        marks.sort();
        for mark in marks {
            let aside = Self { file: mark.with_extension("db"), mark };
            if aside.file.exists() {
                // Where there is a database already, what lies beside it is its own.
                if !path.exists() {
                    aside.bring_companions(path)?;
                }
                return Ok(Some(aside));
            }
            // The cut came before the file was renamed: it is still in its place.
            aside.finish()?;
        }
        Ok(None)
    }

    fn bring_companions(&self, path: &Path) -> io::Result<()> {
        for suffix in COMPANIONS {
            match fs::rename(with_suffix(path, suffix), with_suffix(&self.file, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.sync()
    }

    /// The damaged database.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The newest changes of the damaged database.
    pub(super) fn log(&self) -> PathBuf {
        with_suffix(&self.file, COMPANIONS[0])
    }

    /// Notes on the disk that this start takes over from it.
    pub(super) fn begin(&self) -> io::Result<Try> {
        let mut mark = OpenOptions::new().append(true).open(&self.mark)?;
        let before = mark.metadata()?.len();
        if before >= MOST_TRIES {
            return Ok(Try::GiveUp(before));
        }
        mark.write_all(b".")?;
        mark.sync_all()?;
        Ok(Try::Go)
    }

    /// It was not the file that kept this start from taking over, but a full disk or the like: the next may try as if it were the first.
    pub(super) fn forgive(&self) -> io::Result<()> {
        OpenOptions::new().write(true).open(&self.mark)?.set_len(0)
    }

    /// Nothing is to be taken over from it any more.
    pub(super) fn finish(&self) -> io::Result<()> {
        fs::remove_file(&self.mark)?;
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        sync_folder(self.mark.parent().unwrap_or(Path::new("/")))
    }
}

/// Removes a database that a broken-off take-over left damaged: whatever is in it is in the marked file too.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let is_gone =
        |removed: io::Result<()>| removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) });
    // The database last: without it, what lies beside it would be taken for the marked file's.
    for suffix in COMPANIONS {
        is_gone(fs::remove_file(with_suffix(path, suffix)))?;
    }
    sync_folder(path.parent().unwrap_or(Path::new("/")))?;
    is_gone(fs::remove_file(path))
}

/// What SQLite keeps beside `path`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
