//! Files that are on the disk when a call returns.

use std::fs::File;
use std::io;
use std::path::Path;

/// Makes the names in a folder durable: a file's own sync does not say that its name survives a power cut (fsync(2)).
///
/// # Errors
/// The system's.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // The parent of a bare file name.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}
