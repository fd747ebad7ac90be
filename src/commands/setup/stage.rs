//! Where a configuration and its passwords are made and checked, before they take the place of what is there.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::base::durable::{Access, replace, sync_folder, write_new};
use crate::commands::unwritable;
use crate::config::check::{self, Loaded, Surroundings};
use crate::config::settings::{Secret, Settings};
use crate::config::{ConfigError, Problem};

const SECRETS: &str = "secrets";
/// The broker's authorities, beside the configuration.
const AUTHORITY: &str = "broker-ca.pem";
/// The user that the service runs as, where a package made one.
const SERVICE_USER: &str = "simpang";

/// A folder of its own beside the configuration, closed to others, gone when dropped.
#[derive(Debug)]
pub(super) struct Stage {
    folder: PathBuf,
    output: PathBuf,
}

/// What became of the configuration that was there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Written {
    /// There was none.
    New,
    /// It is kept here.
    Replaced(PathBuf),
    /// It said exactly the same.
    Unchanged,
}

impl Stage {
    /// Makes the folder.
    ///
    /// # Errors
    /// When nothing may be written there.
    pub(super) fn begin(output: &Path) -> Result<Self> {
        let output = std::path::absolute(output).with_context(|| unwritable(output))?;
        let folder = output.parent().unwrap_or(Path::new("/")).join(".setup");
        let make = || {
            // What a run left behind that was killed.
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            fs::create_dir_all(folder.parent().unwrap_or(Path::new("/")))?;
            private_folder(&folder)?;
            private_folder(&folder.join(SECRETS))
        };
        make().with_context(|| format!("{}; on a box, run it with sudo", unwritable(&output)))?;
        Ok(Self { folder, output })
    }

    /// Where the configuration goes.
    pub(super) fn output(&self) -> &Path {
        &self.output
    }

    /// A file or folder beside the configuration.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.output.with_file_name(name)
    }

    /// Keeps a password in a file of its own and gives its path as the configuration says it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn secret(&self, name: &str, secret: &Secret) -> Result<String> {
        let relative = format!("{SECRETS}/{name}");
        let file = self.folder.join(&relative);
        // A camera that is asked for again has another password.
        let _ = fs::remove_file(&file);
        write_new(&file, secret.reveal().as_bytes(), Access::Mode(0o600)).with_context(|| unwritable(&file))?;
        Ok(relative)
    }

    /// Keeps a copy of the broker's authorities and gives its path as the configuration says it.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(super) fn authority(&self, file: &Path) -> Result<PathBuf> {
        let text = fs::read_to_string(file).with_context(|| format!("the CA file `{}` cannot be read as PEM text", file.display()))?;
        let copy = self.folder.join(AUTHORITY);
        let _ = fs::remove_file(&copy);
        write_new(&copy, text.as_bytes(), Access::Mode(0o644)).with_context(|| unwritable(&copy))?;
        Ok(PathBuf::from(AUTHORITY))
    }

    /// Throws a password away that nobody needs after all.
    pub(super) fn forget(&self, name: &str) {
        // What was never kept is gone already.
        let _ = fs::remove_file(self.folder.join(SECRETS).join(name));
    }

    /// Checks a text as `simpang check` does, with the passwords that were kept.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn check(&self, text: &str) -> Result<Settings, ConfigError> {
        let around = Surroundings { folder: self.folder.clone(), ..Surroundings::of(&self.output) };
        let loaded: Loaded = check::load_text(text, &self.output, &around)?;
        let problems: Vec<Problem> = loaded.problems();
        if problems.is_empty() { Ok(loaded.settings) } else { Err(ConfigError::Refused { path: self.output.clone(), problems }) }
    }

    /// Puts the text and its passwords into place. A power cut leaves the old or the new configuration, whole.
    ///
    /// # Errors
    /// When something cannot be written; then the old configuration stands.
    pub(super) fn install(&self, text: &str) -> Result<Written> {
        self.install_secrets().with_context(|| unwritable(&self.beside(SECRETS)))?;
        self.install_text(text).with_context(|| unwritable(&self.output))
    }

    fn install_secrets(&self) -> std::io::Result<()> {
        let place = self.beside(SECRETS);
        if !place.is_dir() {
            private_folder(&place)?;
        }
        let owner = service_user();
        own(&place, owner)?;
        for entry in fs::read_dir(self.folder.join(SECRETS))? {
            let from = entry?.path();
            own(&from, owner)?;
            fs::rename(&from, place.join(from.file_name().unwrap_or_default()))?;
        }
        sync_folder(&place)?;
        let authority = self.folder.join(AUTHORITY);
        if authority.is_file() { fs::rename(authority, self.beside(AUTHORITY)) } else { Ok(()) }
    }

    fn install_text(&self, text: &str) -> std::io::Result<Written> {
        if fs::read(&self.output).is_ok_and(|there| there == text.as_bytes()) {
            return Ok(Written::Unchanged);
        }
        let written = self.keep_old()?;
        replace(&self.output, text.as_bytes(), Access::Mode(0o644))?;
        Ok(written)
    }

    fn keep_old(&self) -> std::io::Result<Written> {
        if !self.output.exists() {
            return Ok(Written::New);
        }
        let mut name = self.output.file_name().unwrap_or_default().to_owned();
        name.push(".old");
        let kept = self.output.with_file_name(name);
        replace(&kept, &fs::read(&self.output)?, Access::Like(&self.output))?;
        Ok(Written::Replaced(kept))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What stays is closed to others, and the next run removes it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Makes a folder that only its owner may look into.
///
/// # Errors
/// The system's.
pub(super) fn private_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().mode(0o700).create(folder)
}

/// User and group of the service, when root sets the box up: it must be able to read its passwords, and nobody else may.
fn service_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    user_in(&fs::read_to_string("/etc/passwd").ok()?)
}

fn user_in(passwd: &str) -> Option<(u32, u32)> {
    let mut fields = passwd.lines().find_map(|line| line.strip_prefix(SERVICE_USER)?.strip_prefix(':'))?.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn own(path: &Path, owner: Option<(u32, u32)>) -> std::io::Result<()> {
    owner.map_or(Ok(()), |(user, group)| std::os::unix::fs::chown(path, Some(user), Some(group)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_old_configuration_is_kept_and_the_same_one_is_left_alone() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let output = folder.path().join("etc/site.toml");
        let install = |text: &str| Stage::begin(&output).expect("a stage").install(text).expect("written");
        assert_eq!(install("a"), Written::New);
        assert_eq!(install("a"), Written::Unchanged);
        assert_eq!(install("b"), Written::Replaced(output.with_file_name("site.toml.old")));
        assert_eq!(fs::read_to_string(output.with_file_name("site.toml.old")).ok().as_deref(), Some("a"));
        assert_eq!(fs::read_to_string(&output).ok().as_deref(), Some("b"));
        let names: Vec<_> =
            fs::read_dir(output.parent().expect("a folder")).expect("there").map(|entry| entry.expect("an entry").file_name()).collect();
        assert!(!names.iter().any(|name| name == ".setup"), "{names:?}");
    }

    #[test]
    fn passwords_are_for_their_owner_only() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let stage = Stage::begin(&folder.path().join("site.toml")).expect("a stage");
        assert_eq!(stage.secret("utara", &Secret::new("canary".into())).expect("written"), "secrets/utara");
        stage.secret("utara", &Secret::new("canary-2".into())).expect("written again");
        stage.install("").expect("written");
        let mode = |path: &str| fs::metadata(folder.path().join(path)).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode("secrets"), mode("secrets/utara"), mode("site.toml")), (0o700, 0o600, 0o644));
        assert_eq!(fs::read_to_string(folder.path().join("secrets/utara")).ok().as_deref(), Some("canary-2"));
    }

    #[test]
    fn the_user_of_the_service_is_found() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nsimpang-x:x:1:1::/:/bin/false\nsimpang:x:998:997::/var/lib/simpang:/bin/false\n";
        assert_eq!(user_in(passwd), Some((998, 997)));
        assert_eq!(user_in("simpang:x:a"), None);
    }
}
