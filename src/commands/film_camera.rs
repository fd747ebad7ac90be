//! The demonstration's camera: the recorded street behind a real RTSP server of its own process.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use crate::base::camera_url::CameraUrl;

/// How long the server may take to read the film and to listen, on a busy single-board computer.
const PATIENCE: Duration = Duration::from_secs(30);
const NOT_STARTED: &str = "the demonstration's camera did not start (see above): run `make demo`, which installs GStreamer's RTSP server, or show your own with --camera";

/// The camera; its server ends when this is dropped.
pub(super) struct FilmCamera {
    url: CameraUrl,
    _server: Server,
}

impl FilmCamera {
    pub(super) fn start(film: &Path) -> Result<Self> {
        ensure!(
            film.is_file(),
            "the demonstration's film `{}` is not here: run `make demo` in the project's folder, or show your own with --camera rtsp://… or --camera FILE",
            film.display()
        );
        // Debian's Python has GStreamer's bindings; another one first in PATH mostly has not.
        let python = if Path::new("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" };
        let mut command = Command::new(python);
        command.args(["-c", include_str!("demo_camera.py")]).arg(film);
        let (server, said) = Server::start(&mut command, PATIENCE)?;
        let port: u16 = said.trim().parse().context(NOT_STARTED)?;
        let url = format!("rtsp://127.0.0.1:{port}/vtest").parse().context("a loopback address is a URL")?;
        Ok(Self { url, _server: server })
    }

    pub(super) fn url(&self) -> &CameraUrl {
        &self.url
    }
}

/// A child process that is gone when this is dropped. Should this process be killed, the child sees its standard input close.
struct Server {
    child: Child,
    _alive: Option<ChildStdin>,
}

impl Server {
    /// Starts it and waits for the first line it prints; empty when it ends without one.
    fn start(command: &mut Command, patience: Duration) -> Result<(Self, String)> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.context("the demonstration's camera needs python3: run `make demo`, or show your own with --camera")?;
        let (alive, stdout) = (child.stdin.take(), child.stdout.take().context("the camera's output was just piped")?);
        // Made before anything can fail: from here on the child does not outlive us.
        let server = Self { child, _alive: alive };
        let (tell, told) = channel();
        // The thread ends with the line or with the child, whichever comes first.
        std::thread::Builder::new().name("demo-camera".into()).spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            // Nobody waits any more: too late is the same as never.
            let _ = tell.send(read.map(|_| line));
        })?;
        match told.recv_timeout(patience) {
            Ok(line) => Ok((server, line.context(NOT_STARTED)?)),
            Err(RecvTimeoutError::Timeout) => Err(anyhow!(
                "the demonstration's camera said nothing within {} s: try again when the machine is less busy, or show your own with --camera",
                patience.as_secs_f32()
            )),
            Err(RecvTimeoutError::Disconnected) => Err(anyhow!(NOT_STARTED)),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It keeps nothing that would have to be put away first; one that hangs would never end by itself.
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            tracing::warn!(%error, "the demonstration's camera could not be ended");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_camera_that_hangs_at_the_start_is_given_up_and_does_not_stay_behind() {
        let folder = tempfile::TempDir::new().unwrap();
        let pid = folder.path().join("pid");
        let script = format!("echo $$ > {}.half; mv {0}.half {0}; exec sleep 600", pid.display());
        let patience = Duration::from_secs(5);
        let error = Server::start(&mut shell(&script), patience).map(|_| ()).expect_err("it says nothing").to_string();
        assert!(error.starts_with("the demonstration's camera said nothing within 5 s: try again"), "{error}");
        let pid = std::fs::read_to_string(pid).expect("it was started");
        assert!(!Path::new("/proc").join(pid.trim()).exists(), "process {pid} stays behind");
    }

    #[test]
    fn a_camera_that_ends_at_once_says_nothing_and_one_that_listens_is_ended_with_its_owner() {
        assert_eq!(Server::start(&mut shell("exit 3"), PATIENCE).expect("it ran").1, "");
        let (server, line) = Server::start(&mut shell("echo 8554; cat"), PATIENCE).expect("it runs");
        let process = Path::new("/proc").join(server.child.id().to_string());
        assert!(line == "8554\n" && process.exists());
        drop(server);
        assert!(!process.exists());
    }
}
