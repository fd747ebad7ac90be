//! From [`File`] to [`Settings`]: the one place that knows both. Reports everything that is wrong at once, each with line, key and a way out.
//!
//! What is wrong with one camera takes that camera out and nothing else; what is wrong with the site concerns every message and is fatal.

mod calibration;
mod camera;
mod detector;
mod gates;
mod geometry;
mod debris;
mod measures;
mod mqtt;
mod rules;
mod secret;
mod site;
mod view;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::io::Read as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use mqtt::is_this_machine;

use super::document::{Document, LONGEST_TEXT, join};
use super::file::DurationText;
use super::problem::{ConfigError, Problem};
use super::settings::Settings;
use crate::base::camera_url::without_secrets;
use crate::base::checksum::sha256_hex;
use crate::base::emp::EmpTable;
use crate::base::id::Slug;
use crate::base::los::LosTable;

/// A configuration that can be run, perhaps without some of its cameras.
#[derive(Debug)]
pub struct Loaded {
    /// What the program uses; the cameras without problems.
    pub settings: Settings,
    /// Cameras that are left out, in the order of their ids.
    pub refused: Vec<RefusedCamera>,
}

impl Loaded {
    /// Everything that is wrong, in the order of the text.
    pub fn problems(&self) -> Vec<Problem> {
        in_order(self.refused.iter().flat_map(|camera| camera.problems.clone()).collect())
    }
}

/// A camera that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCamera {
    /// Its id as written, which may be no slug.
    pub camera: String,
    /// What is wrong with it, in the order of the text.
    pub problems: Vec<Problem>,
}

/// Where the package keeps configurations, and where its service keeps its state (`StateDirectory=simpang`).
const PACKAGE_CONFIGURATION: &str = "/etc/simpang";
const PACKAGE_STATE: &str = "/var/lib/simpang";

/// What a text means depends on where it stands: folders for relative paths, of the installation, of systemd.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Folder of the file: relative paths start here.
    pub folder: PathBuf,
    /// Folders that may hold `models/`, tried in order for what the file does not name.
    pub installations: Vec<PathBuf>,
    /// systemd's `$CREDENTIALS_DIRECTORY`.
    pub credentials: Option<PathBuf>,
    /// systemd's `$STATE_DIRECTORY`.
    pub state: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process for the file at `path`.
    pub fn of(path: &Path) -> Self {
        let program = std::env::current_exe().unwrap_or_default();
        // systemd separates several by colons; the first is ours. Who looks at an installed box by hand means the service's queue too.
        let of_service = std::env::var("STATE_DIRECTORY").ok().and_then(|all| all.split(':').next().map(PathBuf::from));
        let of_package = || path.starts_with(PACKAGE_CONFIGURATION).then(|| PathBuf::from(PACKAGE_STATE));
        // From target/debug/deps/it and from bin/simpang; higher up is somebody else's.
        let mut installations: Vec<PathBuf> = program.ancestors().skip(1).take(4).map(Path::to_owned).collect();
        installations.push(PathBuf::from("."));
        Self {
            folder: path.parent().map(Path::to_owned).unwrap_or_default(),
            installations,
            credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            state: of_service.or_else(of_package),
        }
    }
}

/// Reads and checks the file at `path`.
///
/// # Errors
/// When it cannot be read, when something is wrong with the site, or when no camera is left.
pub fn load(path: &Path) -> Result<Loaded, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    // One byte more than is looked at, so that a device or a film given by mistake is noticed and not swallowed whole.
    File::open(path).and_then(|file| file.take(LONGEST_TEXT as u64 + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    match String::from_utf8(bytes) {
        Ok(text) => load_text(&text, path, &Surroundings::of(path)),
        Err(error) => {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            let what = "this is not UTF-8 text: is this the right file?".to_owned();
            Err(ConfigError::Refused { path: path.to_owned(), problems: vec![Problem { line, path: String::new(), what }] })
        }
    }
}

/// Checks `text`, which stands at `path` (for messages only).
///
/// # Errors
/// As [`load`], except for reading.
pub fn load_text(text: &str, path: &Path, around: &Surroundings) -> Result<Loaded, ConfigError> {
    let refuse = |problems| ConfigError::Refused { path: path.to_owned(), problems: in_order(problems) };
    let document = Document::read(text).map_err(refuse)?;
    let mut checker = Checker {
        document: &document,
        around,
        problems: document.problems.clone(),
        counted: BTreeMap::new(),
        measured: BTreeMap::new(),
        emp: EmpTable::default(),
        los: LosTable::default(),
    };
    let made = checker.settings(sha256_hex(text.as_bytes()));
    let all = checker.problems;
    let refused = by_camera(&all);
    let site_is_sound = refused.iter().map(|camera| camera.problems.len()).sum::<usize>() == all.len();
    match made {
        Some(settings) if site_is_sound && !settings.cameras.is_empty() => Ok(Loaded { settings, refused }),
        _ => Err(refuse(all)),
    }
}

/// The problems that concern one camera only, by camera.
fn by_camera(problems: &[Problem]) -> Vec<RefusedCamera> {
    let mut cameras: BTreeMap<String, Vec<Problem>> = BTreeMap::new();
    for problem in problems {
        if let Some(camera) = camera_of(&problem.path) {
            cameras.entry(camera.to_owned()).or_default().push(problem.clone());
        }
    }
    cameras.into_iter().map(|(camera, problems)| RefusedCamera { camera, problems: in_order(problems) }).collect()
}

/// As they stand in the text; a missing key stands with the table around it.
fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by(|a, b| (a.line, &a.path).cmp(&(b.line, &b.path)));
    problems
}

/// `north` of `cameras.north.zones.approach`.
fn camera_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("cameras.")?;
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split(['.', '[']).next(),
    }
}

/// Collects problems while values are made. Checks that can go on do so with the value as written: what has a problem is never used.
struct Checker<'a> {
    document: &'a Document,
    around: &'a Surroundings,
    problems: Vec<Problem>,
    /// Lines and zones that are counted so far, and by which camera: flow topics name the place without the camera.
    counted: BTreeMap<Slug, String>,
    /// Approaches that are measured so far, and by which camera.
    measured: BTreeMap<Slug, String>,
    /// The site's passenger-car units.
    emp: EmpTable,
    /// Where the site cuts its levels of service.
    los: LosTable,
}

impl Checker<'_> {
    fn settings(&mut self, digest: String) -> Option<Settings> {
        let file = self.document.file.clone();
        let site = self.site(&file.site);
        let mqtt = file.mqtt.as_ref().map(|mqtt| self.mqtt(mqtt, site.as_ref()));
        let outbox = self.outbox(&file.outbox);
        let restart = self.restart(&file.restart);
        let report = file.report.as_ref().and_then(|report| self.report(report));
        let page = self.page(&file.page);
        let cameras: Vec<_> = file.cameras.iter().filter_map(|(id, camera)| self.camera(id, camera)).collect();
        if file.cameras.is_empty() {
            self.missing("cameras", "add at least one, `[cameras.north]` with `url = \"rtsp://…\"`");
        }
        let detector = self.detector(&file.detector, &cameras);
        Some(Settings { site: site?, detector, mqtt, outbox, restart, report, page, cameras, digest })
    }

    /// Reports a problem with the key at `path`.
    fn say(&mut self, path: &str, what: impl Into<String>) {
        // What people paste into the wrong place is repeated without its password.
        self.problems.push(Problem { line: self.document.line(path), path: path.to_owned(), what: without_secrets(&what.into()) });
    }

    /// Reports that a key is not there, unless it is there and was reported already.
    fn missing(&mut self, path: &str, way_out: &str) {
        let mut outer = Some(path);
        while let Some(path) = outer {
            if self.document.was_removed(path) {
                return;
            }
            outer = path.rsplit_once('.').map(|(outer, _)| outer);
        }
        self.say(path, format!("is missing: {way_out}"));
    }

    fn slug(&mut self, path: &str, text: &str) -> Option<Slug> {
        let slug = Slug::new(text);
        if slug.is_none() {
            let way_out = suggested_slug(text).map_or_else(String::new, |better| format!(", such as `{better}`"));
            self.say(path, format!("is not a name: 1 to 32 of `a-z 0-9 -` make one{way_out}, because topics are made from it"));
        }
        slug
    }

    fn required_slug(&mut self, path: &str, text: Option<&str>, way_out: &str) -> Option<Slug> {
        match text {
            Some(text) => self.slug(path, text),
            None => {
                self.missing(path, way_out);
                None
            }
        }
    }

    /// A name for people: anything that fits on a line.
    fn display_name(&mut self, path: &str, text: Option<&str>, id: &str) -> String {
        let Some(text) = text else { return id.to_owned() };
        if text.trim().is_empty() || text.chars().count() > 80 || text.chars().any(char::is_control) {
            self.say(path, "is not a name that can be shown: write 1 to 80 characters on one line");
        }
        text.to_owned()
    }

    fn number<T: PartialOrd + Copy + Display>(&mut self, path: &str, value: T, allowed: RangeInclusive<T>) -> T {
        if !allowed.contains(&value) {
            self.say(path, format!("is {value}: it must be from {} to {}", allowed.start(), allowed.end()));
        }
        value
    }

    fn duration(&mut self, path: &str, value: DurationText, allowed: RangeInclusive<DurationText>) -> Duration {
        self.number(path, value, allowed).get()
    }

    /// A path relative to the folder of the file.
    fn resolve(&self, text: &str) -> PathBuf {
        self.around.folder.join(text)
    }

    /// A file that must be there.
    fn existing(&mut self, path: &str, text: &str) -> PathBuf {
        let file = self.resolve(text);
        if !file.is_file() {
            self.say(
                path,
                format!("names `{}`, which is no file: check the path, it is relative to the folder of this file", file.display()),
            );
        }
        file
    }
}

/// The nearest slug to what was written; none for an address, whose password would stand in it.
fn suggested_slug(text: &str) -> Option<Slug> {
    if text.contains("://") || without_secrets(text) != text {
        return None;
    }
    let mapped: String = text.trim().to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(32).collect();
    Slug::new(mapped.trim_matches('-'))
}

/// The path of `key` below `table`.
fn below(table: &str, key: &str) -> String {
    join(table, key)
}
