//! The one scene that everything is measured on: the film of the tests as a camera would send it, with the rules of the demonstration.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use simpang::base::time::WallTime;
use simpang::config::check;
use simpang::config::settings::Settings;
use simpang::source::file::FileFrames;

/// A path inside the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// `vtest` in H.264, 768 × 576, 10 frames a second.
pub(crate) fn film() -> PathBuf {
    project(".cache/films/vtest-h264.mp4")
}

/// The film's frames from its beginning.
pub(crate) fn frames() -> Result<FileFrames> {
    FileFrames::open(&film(), WallTime::from_micros(0)).context("the film is missing: run `make setup`")
}

/// A configuration in a directory of its own, which also takes the durable queue.
pub(crate) struct Stage {
    directory: tempfile::TempDir,
}

impl Stage {
    /// So many cameras that all show the film, paced, each with `crops` closer looks.
    pub(crate) fn new(cameras: usize, crops: usize) -> Result<Self> {
        Self::of((1..=cameras).map(|number| camera(number, crops)).collect())
    }

    /// So many cameras of which none answers.
    pub(crate) fn away(cameras: usize) -> Result<Self> {
        let away = |text: String| text.replace(&shown(), "url = \"rtsp://127.0.0.1:9/jalan\"\n");
        Self::of((1..=cameras).map(|number| away(camera(number, 0))).collect())
    }

    fn of(cameras: String) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let stage = Self { directory };
        // Nobody listens on the discard port: messages stay in the store, and standard output is for the table.
        let site = "[mqtt]\nhost = \"127.0.0.1\"\nport = 9\n[site]\ncity = \"palembang\"\nid = \"bangku\"\ndevice = \"edge-01\"\n\
                    [page]\nlisten = \"127.0.0.1:0\"\n";
        let models = format!(
            "[detector]\nmodel = {:?}\nruntime_library = {:?}\n[outbox]\ndirectory = {:?}\n",
            project("models/efficientdet-lite0.toml"),
            project("models/runtime/libonnxruntime.so"),
            stage.directory.path().join("outbox"),
        );
        std::fs::write(stage.config(), format!("{site}{models}{cameras}"))?;
        // Also where only the path is used: a refused camera would make every figure too good.
        stage.settings()?;
        Ok(stage)
    }

    /// The configuration's path.
    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("config.toml")
    }

    /// The configuration, checked.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let loaded = check::load(&self.config())?;
        ensure!(loaded.refused.is_empty(), "the stage's cameras are refused: {:?}", loaded.problems());
        Ok(loaded.settings)
    }
}

fn camera(number: usize, crops: usize) -> String {
    format!(
        "[cameras.c{number}]\n{}analyse_fps = 10\ndetect = {{ crops = {crops} }}\n\
         [cameras.c{number}.lines.jalan-{number}]\nfrom = [0.4, 0.58]\nto = [0.4, 0.3]\n\
         [cameras.c{number}.zones.pelataran-{number}]\nname = \"Pelataran\"\nkind = \"plaza\"\n\
         polygon = [[0.42, 0.34], [0.62, 0.28], [0.82, 0.2], [0.92, 0.36], [1.0, 0.5], [1.0, 0.84], [0.62, 0.68], [0.42, 0.52]]\n\
         [[cameras.c{number}.rules.line_count]]\nline = \"jalan-{number}\"\nto_right = \"kanan\"\nto_left = \"kiri\"\n\
         [[cameras.c{number}.rules.zone_occupancy]]\nzone = \"pelataran-{number}\"\n\
         [[cameras.c{number}.rules.crowd]]\nzone = \"pelataran-{number}\"\nenter_at = 5\nexit_below = 4\nhold = \"3s\"\nupdate_every = \"30s\"\n",
        shown()
    )
}

/// The lines that say what a camera shows.
fn shown() -> String {
    format!("film = {:?}\nrepeat = true\n", film())
}
