//! The program's log on standard error: short lines for people, JSON where a journal collects them.

use std::io::{IsTerminal, Stderr, Write};

use tracing_subscriber::EnvFilter;

use crate::base::camera_url::without_secrets;

/// Libraries repeat on every reconnect what our own causes already say with a hint: only their errors are interesting.
const USUAL: &str = "error,simpang=info,rumqttd=off";
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// Whose lines can be chosen.
const SPEAKERS: [&str; 8] = ["simpang", "retina", "rumqttc", "rumqttd", "rustls", "ort", "axum", "hyper"];

/// Sets up the log once. `SIMPANG_LOG` chooses what is said (`info` unless set, e.g. `simpang=debug`), `SIMPANG_LOG_FORMAT=json` how.
pub(super) fn start() {
    let wish = std::env::var("SIMPANG_LOG").unwrap_or_default();
    let format = std::env::var("SIMPANG_LOG_FORMAT").unwrap_or_default();
    let chosen = chosen(&wish);
    let is_understood = chosen.is_some() || wish.is_empty();
    let filter = chosen.unwrap_or_else(|| EnvFilter::new(USUAL));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Redacted(std::io::stderr())).with_target(false);
    let started = if format == "json" { log.json().try_init() } else { log.with_ansi(std::io::stderr().is_terminal()).try_init() };
    // A second call (tests) finds the first one's log in place, which is what it wants.
    drop(started);
    if !is_understood {
        tracing::warn!(
            "SIMPANG_LOG=`{wish}` is not understood and not followed; write one of {}, or such as `simpang=debug`",
            LEVELS.join(", ")
        );
    }
    if !["", "json", "text"].contains(&format.as_str()) {
        tracing::warn!("SIMPANG_LOG_FORMAT=`{format}` is not understood and not followed; write json or text");
    }
}

/// What `SIMPANG_LOG` asks for. The library would take a misspelt level for the name of a part that says nothing: the log would be empty.
fn chosen(wish: &str) -> Option<EnvFilter> {
    let is_known = |part: &str| {
        let word = part.trim().split(['=', ':', '[']).next().unwrap_or_default();
        SPEAKERS.contains(&word) || (word == part.trim() && LEVELS.contains(&word.to_ascii_lowercase().as_str()))
    };
    wish.split(',').all(is_known).then(|| EnvFilter::try_new(wish).ok()).flatten()
}

/// The last place where a library's line could show the password of a camera.
struct Redacted(Stderr);

impl Write for Redacted {
    /// The subscriber writes each line whole.
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(without_secrets(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_wish_is_noticed() {
        for understood in ["info", "DEBUG", "simpang=debug", "error,simpang::source=trace,retina=debug", "warn, simpang"] {
            assert!(chosen(understood).is_some(), "{understood}");
        }
        for misspelt in ["inof", "simpang=deubg", "simpng=debug", "info;simpang=debug", "", ","] {
            assert!(chosen(misspelt).is_none(), "{misspelt}");
        }
    }
}
