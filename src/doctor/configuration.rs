//! What is wrong with the configuration, problem by problem.

use std::io::ErrorKind;
use std::path::Path;

use super::{Finding, What};
use crate::config::check::RefusedCamera;
use crate::config::settings::Settings;
use crate::config::{ConfigError, Problem};

/// A configuration that cannot be used at all.
pub fn unusable(error: &ConfigError) -> Vec<Finding> {
    match error {
        ConfigError::Unreadable { path, source } => vec![unreadable(path, source)],
        ConfigError::Refused { path, problems } => problems.iter().map(|problem| refused(path, problem)).collect(),
    }
}

/// Cameras that are left out.
pub fn refused_cameras(path: &Path, cameras: &[RefusedCamera]) -> Vec<Finding> {
    cameras.iter().flat_map(|camera| &camera.problems).map(|problem| refused(path, problem)).collect()
}

/// Nothing is wrong with it.
pub fn sound(path: &Path, settings: &Settings) -> Finding {
    let (path, site, cameras) = (path.display(), &settings.site.name, settings.cameras.len());
    Finding::good(
        What::Configuration,
        format!("`{path}` benar: {site}, {cameras} kamera"),
        format!("`{path}` is right: {site}, {cameras} camera{}", if cameras == 1 { "" } else { "s" }),
    )
}

fn unreadable(path: &Path, source: &std::io::Error) -> Finding {
    let path = path.display();
    match source.kind() {
        ErrorKind::NotFound => Finding::broken(
            What::Configuration,
            format!("tidak ada berkas `{path}`; beri jalur yang benar dengan `--config`"),
            format!("there is no file `{path}`; give the right path with `--config`"),
        ),
        ErrorKind::PermissionDenied => Finding::broken(
            What::Configuration,
            format!("`{path}` tidak boleh dibaca pengguna ini; jalankan dengan `sudo` atau betulkan pemiliknya (`ls -l`)"),
            format!("this user may not read `{path}`; run this with `sudo` or correct its owner (`ls -l`)"),
        ),
        _ => Finding::broken(
            What::Configuration,
            format!("`{path}` tidak dapat dibaca ({source}); periksa jalur dan disk"),
            format!("`{path}` cannot be read ({source}); check path and disk"),
        ),
    }
}

/// The problem itself is told in English: it names keys and values, which are English too.
fn refused(path: &Path, problem: &Problem) -> Finding {
    let (path, line) = (path.display(), problem.line);
    let said = match problem.path.as_str() {
        "" => problem.what.clone(),
        key => format!("`{key}` {}", problem.what),
    };
    Finding::broken(
        What::Configuration,
        format!("`{path}` baris {line} perlu dibetulkan: {said}"),
        format!("`{path}` line {line} must be corrected: {said}"),
    )
}
