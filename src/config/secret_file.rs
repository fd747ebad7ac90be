//! A file that holds one secret and nothing else, closed to everyone but its owner. What it says never reaches a message.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::settings::Secret;

/// Longest file in bytes.
const LONGEST: u64 = 4096;

/// Why a file is none that may hold a secret. The sentences go on after the key or option that names the file.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// Nothing there. The name is not shown: it may be the secret itself.
    #[error("names no file that can be found: write a path, never the secret itself")]
    NotThere,
    /// It is no secret any more.
    #[error("names `{0}`, which others may read (mode {mode:04o}): run `chmod 600 {0}`", file.display())]
    OpenToOthers {
        /// Which file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It cannot be read, or is no text.
    #[error("names `{}`, which cannot be read ({}): check who owns it and that it is text", file.display(), source.kind())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A film or a key chain.
    #[error("names `{}`, which is longer than {LONGEST} bytes: it must hold the password and nothing else", .0.display())]
    TooLong(PathBuf),
    /// Nothing in it.
    #[error("names `{}`, which is empty: write the password into it", .0.display())]
    Empty(PathBuf),
    /// More than the secret in it.
    #[error("names `{}`, which has more than one line: it must hold the password and nothing else", .0.display())]
    MoreLines(PathBuf),
}

/// The secret in `file`, which only its owner may read.
///
/// # Errors
/// [`SecretFileError`].
pub fn read_private(file: &Path) -> Result<Secret, SecretFileError> {
    check_private(file)?;
    read(file)
}

/// That `file` is there and closed to everyone but its owner.
///
/// # Errors
/// [`SecretFileError::NotThere`], [`SecretFileError::OpenToOthers`].
pub(super) fn check_private(file: &Path) -> Result<(), SecretFileError> {
    let metadata = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file).ok_or(SecretFileError::NotThere)?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(SecretFileError::OpenToOthers { file: file.to_owned(), mode }) }
}

/// The secret in `file`, whoever may read it.
///
/// # Errors
/// [`SecretFileError`], except what [`check_private`] says.
pub(super) fn read(file: &Path) -> Result<Secret, SecretFileError> {
    let named = || file.to_owned();
    let text = read_at_most(file, LONGEST).map_err(|source| SecretFileError::Unreadable { file: named(), source })?;
    let text = text.ok_or_else(|| SecretFileError::TooLong(named()))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(SecretFileError::Empty(named())),
        secret if secret.contains(char::is_control) => Err(SecretFileError::MoreLines(named())),
        secret => Ok(Secret::new(secret.to_owned())),
    }
}

/// The text of a file; `None` when it is longer than `most` bytes.
fn read_at_most(file: &Path, most: u64) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    let length = File::open(file)?.take(most + 1).read_to_string(&mut text)?;
    Ok((length as u64 <= most).then_some(text))
}
