//! Configuration files as people write them: good ones load, bad ones get sentences that say what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use simpang::config::check::{Loaded, Surroundings, load_text};
use simpang::config::settings::{ExecutionProvider, RuleSettings, SourceSettings};
use simpang::config::{ConfigError, Problem};
use tempfile::TempDir;

/// A folder with what the bad files name, and an installed model.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let place = Self { folder };
        place.write("fixtures/film.mp4", "film", 0o644);
        place.write("fixtures/good", "canary\n", 0o600);
        place.write("fixtures/empty", "\n", 0o600);
        place.write("fixtures/two-lines", "canary\ncanary\n", 0o600);
        place.write("fixtures/readable-by-all", "canary\n", 0o644);
        place.write("fixtures/huge", &"canary".repeat(1000), 0o600);
        place.write("credentials/good", "canary\n", 0o440);
        place.write("installed/models/efficientdet-lite0.toml", "", 0o644);
        place.write("installed/models/runtime/libonnxruntime.so", "", 0o644);
        place
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
        fs::write(&path, text).expect("a written file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
    }

    fn surroundings(&self) -> Surroundings {
        let at = |name: &str| self.folder.path().join(name);
        Surroundings {
            folder: self.folder.path().to_owned(),
            installations: vec![at("installed")],
            credentials: Some(at("credentials")),
            state: Some(at("state")),
        }
    }

    fn load(&self, text: &str) -> Result<Loaded, ConfigError> {
        load_text(text, Path::new("box.toml"), &self.surroundings())
    }

    /// Everything that is said about `text`, without the folder's changing name.
    fn said_about(&self, text: &str) -> String {
        let said = match self.load(text) {
            Ok(loaded) => {
                let refused: Vec<Problem> = loaded.refused.into_iter().flat_map(|camera| camera.problems).collect();
                let cameras: Vec<String> = loaded.settings.cameras.iter().map(|camera| camera.id.to_string()).collect();
                let lines: String = refused.iter().map(|problem| format!("box.toml:{problem}\n")).collect();
                format!("{lines}runs with: {}", cameras.join(", "))
            }
            Err(error) => error.to_string(),
        };
        said.replace(&self.folder.path().display().to_string(), "FOLDER") + "\n"
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares with a file of the project, or writes it when asked to (`make golden`).
fn golden(path: &Path, text: &str) -> Result<(), String> {
    if std::env::var("SIMPANG_GOLDEN").as_deref() == Ok("write") {
        fs::write(path, text).expect("a written golden file");
        return Ok(());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == text { Ok(()) } else { Err(format!("{} differs; it should be (`make golden` writes it):\n{text}", path.display())) }
}

fn toml_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder of the project");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    assert!(!files.is_empty(), "no files in {folder}");
    files
}

#[test]
fn every_bad_file_gets_its_exact_sentences() {
    let place = Place::new();
    let wrong: Vec<String> = toml_files("tests/config")
        .iter()
        .filter_map(|path| golden(&path.with_extension("txt"), &place.said_about(&fs::read_to_string(path).expect("a text"))).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_sentence_shows_a_secret() {
    let place = Place::new();
    for path in toml_files("tests/config") {
        let said = place.said_about(&fs::read_to_string(&path).expect("a text"));
        assert!(!said.contains("canary"), "{}: {said}", path.display());
    }
}

#[test]
fn the_smallest_file_is_a_whole_configuration() {
    let text = fs::read_to_string(root().join("configs/minimal.toml")).expect("a text");
    let place = Place::new();
    let loaded = place.load(&text).expect("a good file");
    assert!(loaded.refused.is_empty());
    let settings = loaded.settings;
    assert_eq!(settings.site.source(), "/palembang/atcs/simpang-charitas/edge-01");
    assert!(settings.mqtt.is_none());
    assert_eq!(settings.detector.execution_providers, [ExecutionProvider::Cpu]);
    assert!(settings.page.expect("a page").listen.ip().is_loopback());
    let camera = &settings.cameras[0];
    let RuleSettings::LineCount(rule) = &camera.rules[0] else { panic!("one line count") };
    assert_eq!(rule.name.as_str(), "line-count-garis-henti");
    assert_eq!(rule.to_right.as_str(), "mendekat");
    assert!(matches!(camera.source, SourceSettings::Rtsp(_)));
}
