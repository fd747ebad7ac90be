//! Which camera of a configuration is meant.

use anyhow::{Context, Result, bail};

use crate::config::settings::{CameraSettings, Settings};

/// The camera with this id, or the only one.
///
/// # Errors
/// When there is no such camera, or several and none is named.
pub(super) fn choose<'a>(settings: &'a Settings, id: Option<&str>) -> Result<&'a CameraSettings> {
    let names = || settings.cameras.iter().map(|camera| format!("`{}`", camera.id)).collect::<Vec<_>>().join(", ");
    match (id, settings.cameras.as_slice()) {
        (None, [only]) => Ok(only),
        (None, _) => bail!("the configuration has several cameras: choose one with --camera ({})", names()),
        (Some(id), cameras) => cameras
            .iter()
            .find(|camera| camera.id.as_str() == id)
            .with_context(|| format!("no camera `{id}` in the configuration; it has {}", names())),
    }
}
