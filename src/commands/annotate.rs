//! An annotated film: raw pictures into the `ffmpeg` tool, which is a developer's tool and not a part of the agent.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::base::geom::FrameSize;
use crate::decode::Frame;
use crate::status::{CameraPlan, annotated};
use crate::track::Track;

/// Writes pictures one after the other; the first one sets the size.
pub(super) struct FilmWriter {
    path: PathBuf,
    fps: f64,
    plan: CameraPlan,
    encoder: Option<(Child, FrameSize)>,
}

impl FilmWriter {
    /// Nothing is started before the first picture.
    pub(super) fn new(path: PathBuf, fps: f64, plan: CameraPlan) -> Self {
        Self { path, fps, plan, encoder: None }
    }

    /// Draws on the frame and appends it. Pictures of another size than the first are left out.
    pub(super) fn write(&mut self, frame: &Frame, tracks: &[Track]) -> Result<()> {
        let still = annotated(&self.plan, frame, tracks)?;
        if self.encoder.is_none() {
            self.encoder = Some((self.start(still.size)?, still.size));
        }
        if let Some((child, size)) = &mut self.encoder
            && *size == still.size
        {
            let pipe = child.stdin.as_mut().context("ffmpeg has no input")?;
            pipe.write_all(&still.rgb).context("ffmpeg stopped while the annotated film was written; it says why above")?;
        }
        Ok(())
    }

    /// Closes the film.
    pub(super) fn finish(mut self) -> Result<()> {
        if let Some((mut child, _)) = self.encoder.take() {
            drop(child.stdin.take());
            ensure!(
                child.wait()?.success(),
                "ffmpeg could not write `{}`; it says why above, mostly the ending of the name (.mp4) or the folder",
                self.path.display()
            );
        }
        Ok(())
    }

    fn start(&self, size: FrameSize) -> Result<Child> {
        Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"])
            .args(["-s", &format!("{}x{}", size.width, size.height), "-r", &format!("{:.3}", self.fps), "-i", "-"])
            .args(["-pix_fmt", "yuv420p", "-preset", "veryfast"])
            .arg(&self.path)
            .stdin(Stdio::piped())
            .spawn()
            .context("--annotate needs the `ffmpeg` tool: install it (apt install ffmpeg) or leave --annotate out")
    }
}
