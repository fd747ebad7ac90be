//! What was learned about each camera, on the disk: so that a restart, wanted or not, costs no week of learning.
//!
//! One file a camera beside the queue, `learned/<camera>.json`: a line with format, version and checksum, then JSON. It is written beside itself, synced and
//! renamed, so a power cut leaves the old one or the new one. Whatever it looks like when it is read, the agent starts: a file that is damaged or
//! about another view is set aside, and learning begins anew.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::checksum::sha256_hex;
use crate::base::durable::{self, Access};
use crate::base::id::Slug;
use crate::base::time::WallTime;
use crate::config::settings::{CameraSettings, SourceSettings};
use crate::pipeline::Memory;
use crate::rules;

/// First word of a file.
const FORMAT: &str = "simpang-learned";
/// Raise it when an older program could misread what a newer one writes; what is only added needs no new number.
const VERSION: u32 = 1;
/// A file is about 300 kB; whatever is larger was not written by this program.
const MOST_BYTES: u64 = 4 << 20;

/// Which camera the memory is about: another picture makes it worthless.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct View {
    /// Where its pictures come from, without passwords.
    source: String,
    /// Its lines and zones: where they were drawn anew, the camera may have been turned on purpose.
    places: String,
}

impl View {
    /// As configured.
    pub(super) fn of(camera: &CameraSettings) -> Self {
        let source = match &camera.source {
            SourceSettings::Rtsp(rtsp) => rtsp.url.to_string(),
            SourceSettings::File { path, .. } => path.display().to_string(),
            SourceSettings::Simulated { seed } => format!("simulated {seed}"),
        };
        let lines: Vec<_> = camera.lines.values().map(|line| [line.a.x, line.a.y, line.b.x, line.b.y]).collect();
        Self { source, places: format!("{}{lines:?}", rules::ground(camera.zones.values())) }
    }
}

/// What is kept of one camera.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) view: View,
    /// When it was so, in microseconds of UTC: until then the camera was watched.
    saved: i64,
    pub(super) memory: Memory,
}

impl Kept {
    pub(super) fn new(view: View, saved: WallTime, memory: Memory) -> Self {
        Self { view, saved: saved.as_micros(), memory }
    }

    /// Until when the camera was watched.
    pub(super) fn saved(&self) -> WallTime {
        WallTime::from_micros(self.saved)
    }
}

/// Why there is nothing to go on from.
#[derive(Debug, thiserror::Error)]
pub(super) enum Strange {
    /// The disk does not give it.
    #[error("cannot be read ({0})")]
    Unreadable(io::Error),
    /// Not what was written.
    #[error("is damaged")]
    Damaged,
    /// A later program wrote it.
    #[error("was written by another version of this program")]
    Version,
    /// About other pictures.
    #[error("is about another camera address")]
    Foreign,
}

/// The folder of these files.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// Beside the queue.
    pub(super) fn beside(outbox: &Path) -> Self {
        Self { folder: outbox.join("learned") }
    }

    fn path(&self, camera: &Slug) -> PathBuf {
        self.folder.join(format!("{camera}.json"))
    }

    /// What is known about a camera that looks at `view`. A file that cannot be used is set aside and said; `None` then, and when there is none. Home
    /// is left out where lines or zones were drawn anew.
    pub(super) fn take(&self, camera: &Slug, view: &View) -> Option<Kept> {
        match self.read(camera, view) {
            Ok(kept) => {
                let mut kept = kept?;
                if kept.view.places != view.places {
                    kept.memory.view = None;
                }
                tracing::info!(%camera, until = %kept.saved(), "learned: going on from what was learned until then");
                Some(kept)
            }
            Err(strange) => {
                let (path, aside) = (self.path(camera), self.folder.join(format!("{camera}.aside.json")));
                // One a camera: the disk does not fill with them.
                let kept_as = fs::rename(&path, &aside).map_or_else(|error| error.to_string(), |()| aside.display().to_string());
                tracing::warn!(%camera, "learned: {} {strange}; set aside as {kept_as}, learning begins anew", path.display());
                None
            }
        }
    }

    fn read(&self, camera: &Slug, view: &View) -> Result<Option<Kept>, Strange> {
        let file = match File::open(self.path(camera)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(Strange::Unreadable)?,
        };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(Strange::Unreadable)?;
        let kept = parse(&bytes)?;
        if kept.view.source != view.source {
            return Err(Strange::Foreign);
        }
        Ok(Some(kept))
    }

    /// Writes it; when this returns it is on the disk.
    ///
    /// # Errors
    /// When the disk does not take it; what was there before is still there.
    pub(super) fn put(&self, camera: &Slug, kept: &Kept) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        // It shows where the street has edges: for the owner only.
        durable::replace(&self.path(camera), &text(kept)?, Access::Mode(0o600))
    }
}

fn text(kept: &Kept) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(kept)?;
    let mut text = format!("{FORMAT} {VERSION} {}\n", sha256_hex(&body)).into_bytes();
    text.extend(body);
    Ok(text)
}

fn parse(bytes: &[u8]) -> Result<Kept, Strange> {
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or(Strange::Damaged)?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| Strange::Damaged)?;
    let body = &bytes[end + 1..];
    let mut words = head.split(' ');
    let (format, version, sum) = (words.next(), words.next(), words.next());
    if format != Some(FORMAT) || sum != Some(&sha256_hex(body)) {
        return Err(Strange::Damaged);
    }
    if version != Some(&VERSION.to_string()) {
        return Err(Strange::Version);
    }
    serde_json::from_slice(body).map_err(|_| Strange::Version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::samples::{START, camera, crowd, frames, pipeline, slug};

    fn kept() -> Kept {
        let mut pipeline = pipeline(|_| Ok(crowd()));
        frames(1, 0, 5).for_each(|frame| drop(pipeline.step(&frame)));
        Kept::new(View::of(&camera()), START, pipeline.memory())
    }

    fn shelf() -> (Shelf, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        (Shelf::beside(folder.path()), folder)
    }

    fn names(shelf: &Shelf) -> Vec<String> {
        let files = fs::read_dir(&shelf.folder).expect("a folder");
        let mut names: Vec<_> = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_kept_is_read_back_and_nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let ((shelf, _folder), kept, id) = (shelf(), kept(), slug("utara"));
        assert_eq!(shelf.take(&id, &kept.view), None, "nothing yet");
        shelf.put(&id, &kept).expect("written");
        shelf.put(&id, &kept).expect("and again");
        assert_eq!(shelf.take(&id, &kept.view), Some(kept));
        assert_eq!(names(&shelf), ["utara.json"]);
        let mode = fs::metadata(shelf.path(&id)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }

    #[test]
    fn a_file_that_is_not_right_is_set_aside_and_never_stops_the_start() {
        let ((shelf, _folder), kept, id) = (shelf(), kept(), slug("utara"));
        let whole = text(&kept).expect("finite figures");
        let flipped = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x04;
            bytes
        };
        let later = [b"simpang-learned 2".as_slice(), &whole[17..]].concat();
        let wrong = [&b""[..], b"\n", b"hello\n", &whole[..whole.len() / 2], &later, &vec![b'x'; 5 << 20]];
        for bytes in wrong.into_iter().map(<[u8]>::to_vec).chain([0, 20, 200, whole.len() - 2].map(flipped)) {
            fs::create_dir_all(&shelf.folder).expect("a folder");
            fs::write(shelf.path(&id), &bytes).expect("written");
            assert_eq!(shelf.take(&id, &kept.view), None, "{:?}", &bytes[..bytes.len().min(30)]);
            assert_eq!(names(&shelf), ["utara.aside.json"]);
            assert_eq!(shelf.take(&id, &kept.view), None, "and then there is none");
        }
        shelf.put(&id, &kept).expect("written");
        assert_eq!(shelf.take(&id, &kept.view), Some(kept), "learning began anew");
    }

    #[test]
    fn another_camera_address_takes_over_nothing_and_other_zones_take_over_no_home() {
        let ((shelf, _folder), mut kept, id) = (shelf(), kept(), slug("utara"));
        kept.memory.view = serde_json::from_value(serde_json::json!({
            "edges": [], "luma": [], "sharpness": 1.0, "change": 0.0, "drift": [0.0, 0.0], "looks": 9
        }))
        .expect("a home");
        shelf.put(&id, &kept).expect("written");
        let mut settings = camera();
        settings.zones.clear();
        let taken = shelf.take(&id, &View::of(&settings)).expect("the same camera");
        assert_eq!((taken.memory.view, taken.memory.scene.is_some()), (None, true));
        settings.source = SourceSettings::Simulated { seed: 2 };
        assert_eq!(shelf.take(&id, &View::of(&settings)), None);
        assert_eq!(names(&shelf), ["utara.aside.json"]);
    }
}
