//! The Python peer as a process that answers lines: `N` in, the next N frames' figures out as JSON.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use super::stage;

/// A running peer; ends with its input.
pub(crate) struct Peer {
    process: Child,
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// On the film, with the model file.
    pub(crate) fn on_film() -> Result<Self> {
        Self::start(&["--film".as_ref(), &stage::film(), "--model".as_ref(), &stage::project("models/efficientdet-lite0.onnx")])
    }

    /// Its tracker alone, on a file of detections.
    pub(crate) fn on_detections(file: &Path) -> Result<Self> {
        Self::start(&["--detections".as_ref(), file])
    }

    fn start(arguments: &[&Path]) -> Result<Self> {
        let python = stage::project(".cache/python/peer/bin/python");
        let mut process = Command::new(&python)
            .arg(stage::project("benches/peer/peer.py"))
            .args(arguments)
            .arg("--interactive")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("the peer's Python `{}` does not start: run `make bench`", python.display()))?;
        let ask = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().context("the peer has no output")?);
        Ok(Self { process, ask, answers })
    }

    /// The next `frames` frames.
    pub(crate) fn run(&mut self, frames: usize) -> Result<Answer> {
        let ask = self.ask.as_mut().context("the peer has no input")?;
        writeln!(ask, "{frames}")?;
        ask.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(Answer(serde_json::from_str(&line).context("the peer stopped; its words are above")?))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.ask = None;
        // It ends by itself when its input does; a peer that cannot be waited for is gone.
        let _ = self.process.wait();
    }
}

/// What the peer said about some frames.
pub(crate) struct Answer(Value);

impl Answer {
    /// CPU milliseconds a frame in a stage.
    pub(crate) fn ms(&self, stage: &str) -> f64 {
        self.0["cpu_ms_per_frame"][stage].as_f64().unwrap_or(f64::NAN)
    }

    /// Resident memory, MB of 10⁶ bytes.
    pub(crate) fn resident_mb(&self) -> f64 {
        self.0["rss_mb"].as_f64().unwrap_or(f64::NAN)
    }
}
