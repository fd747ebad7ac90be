//! The program's log on standard error: short lines for people, JSON where a journal collects them.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Sets up the log once. `SIMPANG_LOG` chooses what is said (`info` unless set, e.g. `simpang=debug`), `SIMPANG_LOG_FORMAT=json` how.
pub(super) fn start() {
    // Libraries repeat on every reconnect what our own causes already say with a hint: only their errors are interesting.
    let filter = EnvFilter::try_from_env("SIMPANG_LOG").unwrap_or_else(|_| EnvFilter::new("error,simpang=info,rumqttd=off"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let is_json = std::env::var("SIMPANG_LOG_FORMAT").is_ok_and(|format| format == "json");
    let started = if is_json { log.json().try_init() } else { log.with_ansi(std::io::stderr().is_terminal()).try_init() };
    // A second call (tests) finds the first one's log in place, which is what it wants.
    drop(started);
}
