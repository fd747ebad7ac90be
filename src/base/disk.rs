//! Room on a disk, and why it takes nothing.

use std::io;
use std::path::Path;

/// What is left on the disk that holds a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// Bytes that this program may still write.
    pub free_bytes: u64,
    /// Files that may still be made; `None` where the file system sets no limit.
    pub free_files: Option<u64>,
    /// Whether it takes anything at all.
    pub access: Access,
}

/// How a file system is mounted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// For reading only.
    ReadOnly,
    /// For writing too.
    Writable,
}

impl Room {
    /// Of the disk that holds `path`.
    ///
    /// # Errors
    /// When nothing is there.
    pub fn at(path: &Path) -> io::Result<Self> {
        let disk = rustix::fs::statvfs(path)?;
        let is_read_only = disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
        Ok(Self {
            free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
            free_files: (disk.f_files > 0).then_some(disk.f_favail),
            access: if is_read_only { Access::ReadOnly } else { Access::Writable },
        })
    }
}

/// Why a folder takes no file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The file system is mounted for reading only.
    ReadOnly,
    /// No bytes or no files are left.
    Full,
    /// It belongs to somebody else.
    NotAllowed,
    /// There is a file where a folder should be.
    NoFolder,
    /// Anything else: mostly the disk itself.
    Other,
}

impl Trouble {
    /// By the system's error.
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::PermissionDenied => Self::NotAllowed,
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => Self::NoFolder,
            _ => Self::Other,
        }
    }

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::ReadOnly => {
                "its disk is read-only: look for errors with `dmesg` and start the box anew; a worn-out memory card must be replaced"
            }
            Self::Full => "its disk is full: free space (`df -h`, `df -i`)",
            Self::NotAllowed | Self::NoFolder | Self::Other => "make it writable for this program",
        }
    }
}

/// For people.
pub const fn megabytes(bytes: u64) -> u64 {
    bytes >> 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_told_of_what_is_there() {
        let room = Room::at(&std::env::temp_dir()).expect("there is one");
        assert!(room.free_bytes > 0 && room.access == Access::Writable, "{room:?}");
        assert!(Room::at(Path::new("/nowhere/at/all")).is_err());
    }
}
