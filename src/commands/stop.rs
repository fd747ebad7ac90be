//! Waiting for the wish to stop.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long a stopping agent waits for the broker: what is not sent by then is sent at the next start.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Said when the system refuses what every command needs.
pub(super) const NO_RUNTIME: &str =
    "the asynchronous runtime could not be started; check the limits of processes and open files (`ulimit -a`)";

/// Runs a command that only waits for sockets.
///
/// # Errors
/// The command's own, or when the system refuses a runtime.
pub fn block_on<T, F: Future<Output = Result<T>>>(command: F) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context(NO_RUNTIME)?.block_on(command)
}

/// Hears SIGINT and SIGTERM from the moment it is made: one that comes while everything is still being started must not kill half an agent.
pub(super) struct Wish {
    terminate: Signal,
    interrupt: Signal,
}

impl Wish {
    /// Listens from now on; for before anything is started, outside of any runtime.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn listen() -> Result<Self> {
        // Only its making needs a runtime: what the handler notes is passed on by whichever runtime runs.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context(NO_RUNTIME)?;
        let _inside = runtime.enter();
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("the signal SIGTERM cannot be waited for")?,
            interrupt: signal(SignalKind::interrupt()).context("the signal SIGINT cannot be waited for")?,
        })
    }

    /// Returns when one of the signals has come, or after `limit`.
    pub(super) async fn come(mut self, limit: Option<Duration>) {
        let timer = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = timer => {}
        }
    }
}
