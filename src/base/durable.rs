//! Files that are on the disk when a call returns, whole.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::Path;

/// Whose a file is, and who else may use it.
#[derive(Clone, Copy, Debug)]
pub enum Access<'a> {
    /// Owner, group and mode of this file: the service reads its configuration by its group.
    Like(&'a Path),
    /// This program's user, and this mode whatever the umask is.
    Mode(u32),
}

/// Puts `content` in the place of the file at `path`. A power cut leaves the old file or the new one, never half of one.
///
/// # Errors
/// The system's; then the old file stands.
pub fn replace(path: &Path, content: &[u8], access: Access<'_>) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let beside = Path::new(&name);
    // What a run left behind that was killed.
    let _ = fs::remove_file(beside);
    let placed = write_new(beside, content, access).and_then(|()| fs::rename(beside, path));
    if placed.is_err() {
        // On a full disk half a file would take the room that the next try needs.
        let _ = fs::remove_file(beside);
    }
    placed?;
    sync_folder(path.parent().unwrap_or(Path::new("/")))
}

/// Writes a file that is not there yet. Its name survives a power cut after [`sync_folder`].
///
/// # Errors
/// The system's; there may be half a file then.
pub fn write_new(path: &Path, content: &[u8], access: Access<'_>) -> io::Result<()> {
    // Closed to others until it is theirs to read: it may hold a password.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    match access {
        Access::Mode(mode) => file.set_permissions(Permissions::from_mode(mode))?,
        Access::Like(model) => {
            let (model, own) = (fs::metadata(model)?, file.metadata()?);
            if (model.uid(), model.gid()) != (own.uid(), own.gid()) {
                chown(path, Some(model.uid()), Some(model.gid()))?;
            }
            file.set_permissions(model.permissions())?;
        }
    }
    file.sync_all()
}

/// Makes the names in a folder durable: a file's own sync does not say that its name survives a power cut (fsync(2)).
///
/// # Errors
/// The system's.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // The parent of a bare file name.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_mode_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("site.toml");
        let state = || (fs::read_to_string(&path).expect("text"), fs::metadata(&path).expect("there").mode() & 0o777);
        replace(&path, b"one", Access::Mode(0o640)).expect("written");
        assert_eq!(state(), ("one".to_owned(), 0o640));
        fs::write(folder.path().join("site.toml.new"), "of a run that was killed").expect("written");
        replace(&path, b"two", Access::Like(&path)).expect("written");
        assert_eq!(state(), ("two".to_owned(), 0o640));
        replace(&path, b"three", Access::Like(&folder.path().join("nothing"))).expect_err("no such file");
        assert_eq!((state().0, fs::read_dir(folder.path()).expect("a folder").count()), ("two".to_owned(), 1), "the old one stands");
    }
}
