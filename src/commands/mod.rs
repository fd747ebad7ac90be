//! One file a subcommand. The only modules that use `anyhow`.

pub mod calibrate;
pub mod capacity;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod events;
pub mod learn;
pub mod probe;
pub mod probes;
pub mod replay;
pub mod run;
pub mod setup;
pub mod track;
pub mod view;

use std::process::ExitCode;

use crate::agent::AgentError;
use crate::config::ConfigError;
use crate::detect::DetectError;
use crate::outbox::{OutboxError, StoreError};

mod annotate;
mod choose;
mod film_camera;
mod csv_tables;
mod logging;
mod mot_log;
mod mot_tracks;
mod progress;
mod recording;
pub mod stop;
mod summary;

/// What to say of a file that takes nothing.
fn unwritable(path: &std::path::Path) -> String {
    format!("cannot write `{}`; check the folder, who may write there and the room on the disk", path.display())
}

/// Prints why a command failed, and turns its end into the exit code: 1, or 2 for what a restart cannot mend.
pub fn ended(done: anyhow::Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        eprintln!("simpang: {error:#}");
        // systemd must not restart what a restart cannot mend.
        ExitCode::from(if is_lasting(&error) { 2 } else { 1 })
    })
}

/// Whether starting again would fail in the same way until somebody changes a file of this box.
fn is_lasting(error: &anyhow::Error) -> bool {
    let detect = match error.downcast_ref::<AgentError>() {
        Some(AgentError::Detect(detect)) => Some(detect),
        _ => error.downcast_ref::<DetectError>(),
    };
    let is_newer = |error: &AgentError| matches!(error, AgentError::Outbox(OutboxError::Store(StoreError::Newer { .. })));
    error.downcast_ref::<AgentError>().is_some_and(is_newer)
        || error.is::<ConfigError>()
        || error.is::<setup::BadAnswers>()
        || matches!(detect, Some(DetectError::RuntimeForAnotherProcessor { .. }))
}
