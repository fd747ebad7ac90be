//! Waiting for the wish to stop.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

/// How long a stopping agent waits for the broker: what is not sent by then is sent at the next start.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Runs a command that only waits for sockets.
///
/// # Errors
/// The command's own, or when the system refuses a runtime.
pub fn block_on<F: Future<Output = Result<()>>>(command: F) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("the asynchronous runtime could not be started")?.block_on(command)
}

/// Returns at SIGINT, SIGTERM, or after `limit`.
pub(super) async fn wished(limit: Option<Duration>) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("the signal SIGTERM cannot be waited for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("the signal SIGINT cannot be waited for")?;
    let timer = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = timer => {}
    }
    Ok(())
}
