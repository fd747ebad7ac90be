//! Passwords: from files only their owner can read, or from systemd. What they say never reaches a message.

use std::path::{Path, PathBuf};

use super::{Checker, below};
use crate::config::secret_file::{self, SecretFileError};
use crate::config::settings::{Credentials, Secret};

/// What a table says about its user.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) password_file: Option<&'a str>,
    pub(super) password_credential: Option<&'a str>,
}

impl Checker<'_> {
    /// User and password of the table at `table`.
    pub(super) fn credentials(&mut self, table: &str, login: &Login<'_>) -> Option<Credentials> {
        let (file_key, credential_key) = (below(table, "password_file"), below(table, "password_credential"));
        if login.user.is_none() && (login.password_file.is_some() || login.password_credential.is_some()) {
            self.missing(&below(table, "user"), "a password is given, so write whose it is");
        }
        let password = match (login.password_file, login.password_credential) {
            (Some(_), Some(_)) => {
                self.say(&credential_key, "is given besides `password_file`: keep one of them");
                None
            }
            (Some(text), None) => self.password_in_file(&file_key, text),
            (None, Some(name)) => self.password_in_credential(&credential_key, name),
            (None, None) => {
                if login.user.is_some() && !self.document.was_removed(&credential_key) {
                    self.missing(&file_key, "`user` needs a password: write it to a file of mode 0600 and name that here");
                }
                None
            }
        };
        Some(Credentials { user: login.user?.to_owned(), password: password? })
    }

    fn password_in_file(&mut self, path: &str, text: &str) -> Option<Secret> {
        let file = self.private_file(path, text)?;
        self.password(path, &file)
    }

    /// systemd shows credentials to the service alone, so their mode is not looked at (it differs between versions).
    fn password_in_credential(&mut self, path: &str, name: &str) -> Option<Secret> {
        let Some(folder) = self.around.credentials.clone() else {
            self.say(path, "needs systemd's $CREDENTIALS_DIRECTORY, which is not set: start as a service with `LoadCredential=`, or use `password_file`");
            return None;
        };
        if name.is_empty() || name.starts_with('.') || name.contains('/') {
            self.say(path, "is not the name of a credential: write the name from `LoadCredential=`, not a path");
            return None;
        }
        let file = folder.join(name);
        if !file.is_file() {
            self.say(path, "names a credential that systemd did not pass on: add it to the service as `LoadCredential=`");
            return None;
        }
        self.password(path, &file)
    }

    /// A file that holds a secret: there, and closed to everyone but its owner. A name that is no file is not shown, it may be the secret itself.
    pub(super) fn private_file(&mut self, path: &str, text: &str) -> Option<PathBuf> {
        let file = self.resolve(text);
        match secret_file::check_private(&file) {
            Ok(()) => return Some(file),
            Err(SecretFileError::NotThere) => {
                self.say(
                    path,
                    "names no file that can be found: write a path, relative to the folder of this file, never the secret itself",
                );
            }
            Err(other) => self.say(path, other.to_string()),
        }
        None
    }

    fn password(&mut self, path: &str, file: &Path) -> Option<Secret> {
        secret_file::read(file).map_err(|error| self.say(path, error.to_string())).ok()
    }
}
