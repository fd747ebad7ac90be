//! Passwords: from files only their owner can read, or from systemd. What they say never reaches a message.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{Checker, below};
use crate::config::settings::{Credentials, Secret};

/// Longest password file in bytes.
const LONGEST_SECRET: u64 = 4096;

/// What a table says about its user.
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
        self.password(path, &folder.join(name))
    }

    /// A file that holds a secret: there, and closed to everyone but its owner.
    pub(super) fn private_file(&mut self, path: &str, text: &str) -> Option<PathBuf> {
        let file = self.resolve(text);
        match std::fs::metadata(&file) {
            Ok(metadata) if metadata.is_file() => {
                let mode = metadata.permissions().mode() & 0o777;
                if mode & 0o077 == 0 {
                    return Some(file);
                }
                self.say(path, format!("names `{0}`, which others may read (mode {mode:04o}): run `chmod 600 {0}`", file.display()));
            }
            Ok(_) | Err(_) => self.say(
                path,
                format!("names `{}`, which is no file: check the path, it is relative to the folder of this file", file.display()),
            ),
        }
        None
    }

    fn password(&mut self, path: &str, file: &Path) -> Option<Secret> {
        let found = std::fs::metadata(file).and_then(|metadata| {
            if metadata.len() > LONGEST_SECRET { Ok(None) } else { std::fs::read_to_string(file).map(Some) }
        });
        let problem = match found {
            Err(error) => format!("names `{}`, which cannot be read ({}): check who owns it", file.display(), error.kind()),
            Ok(None) => format!("names `{}`, which is longer than {LONGEST_SECRET} bytes: it must hold the password and nothing else", file.display()),
            Ok(Some(text)) => match text.trim_end_matches(['\r', '\n']) {
                "" => format!("names `{}`, which is empty: write the password into it", file.display()),
                password if password.contains(char::is_control) => {
                    format!("names `{}`, which has more than one line: it must hold the password and nothing else", file.display())
                }
                password => return Some(Secret::new(password.to_owned())),
            },
        };
        self.say(path, problem);
        None
    }
}
