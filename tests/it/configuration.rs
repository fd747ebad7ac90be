//! Configuration files as people write them: good ones load, bad ones get sentences that say what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use simpang::base::geom::{Norm, Point};
use simpang::commands::check::{CheckArgs, Probe, run};
use simpang::config::check::{Loaded, Surroundings, load, load_text};
use simpang::config::settings::{ExecutionProvider, RuleSettings, SourceSettings};
use simpang::config::{ConfigError, reference};
use tempfile::TempDir;

/// A folder with what the bad files name, and an installed model.
struct Place {
    folder: TempDir,
}

impl Place {
    /// An empty one.
    fn bare() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }

    fn new() -> Self {
        let place = Self::bare();
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
                let cameras: Vec<String> = loaded.settings.cameras.iter().map(|camera| camera.id.to_string()).collect();
                let lines: String = loaded.problems().iter().map(|problem| format!("box.toml:{problem}\n")).collect();
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
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    assert!(!files.is_empty(), "no files in {folder}");
    files
}

#[test]
fn the_sentences_about_bad_files_are_golden() {
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

#[test]
fn every_shipped_configuration_loads_without_a_problem() {
    let place = Place::new();
    let files = [toml_files("configs"), toml_files("configs/score")].concat();
    for path in &files {
        // The generated one may just be written by its golden test.
        let is_generated = path.ends_with("configs/all-options.toml");
        let text = if is_generated { reference::all_options() } else { fs::read_to_string(path).expect("a text") };
        let loaded = place.load(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(loaded.refused.is_empty(), "{}: {:?}", path.display(), loaded.refused);
        assert!(loaded.settings.cameras.iter().all(|camera| !camera.rules.is_empty()), "{}: a camera without rules", path.display());
    }
    let names: Vec<_> = files.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    for expected in ["ampera", "bkb", "demo", "minimal", "simpang-charitas", "street-overhead", "suburb-junction", "vtest"] {
        assert!(names.contains(&expected), "{expected}.toml is missing");
    }
}

#[test]
fn the_reference_is_golden() {
    golden(&root().join("docs/configuration.md"), &reference::markdown()).expect("an up-to-date docs/configuration.md");
}

#[test]
fn the_file_with_all_options_is_golden() {
    golden(&root().join("configs/all-options.toml"), &reference::all_options()).expect("an up-to-date configs/all-options.toml");
}

#[test]
fn every_key_that_all_options_has_in_comments_is_known() {
    let is_key = |line: &str| {
        let key = line.split(" = ").next().unwrap_or_default();
        line.starts_with('[') || (line.contains(" = ") && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
    };
    let mut uncommented = 0;
    let text: String = reference::all_options()
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key) if is_key(key) => {
                uncommented += 1;
                format!("{key}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(uncommented > 20, "only {uncommented} keys in comments");
    let said = Place::new().said_about(&text);
    // Together they contradict each other (two sources, files that are not there), but each is known and of the right type.
    for complaint in ["known key", "must be", "not TOML", "is not a duration", "is not one of"] {
        assert!(!said.contains(complaint), "{said}");
    }
    assert!(said.contains("has more than one of"), "{said}");
}

#[test]
fn the_defaults_that_all_options_shows_are_the_defaults() {
    let place = Place::new();
    let shown = place.load(&reference::all_options()).expect("a good file").settings;
    let minimal = "[site]\ncity = \"palembang\"\nid = \"simpang-charitas\"\ndevice = \"edge-01\"\n\n[mqtt]\nhost = \"localhost\"\n\n\
        [cameras.utara]\nurl = \"rtsp://192.168.10.21:554/stream2\"\nlines.garis-henti = { from = [0.1, 0.7], to = [0.9, 0.7] }\n\
        zones.lajur.polygon = [[0.1, 0.4], [0.9, 0.4], [0.9, 0.95], [0.1, 0.95]]\nrules.line_count = [{ line = \"garis-henti\" }]\n\
        rules.zone_occupancy = [{ zone = \"lajur\" }]\nrules.congestion = [{ zone = \"lajur\" }]\nrules.crowd = [{ zone = \"lajur\" }]\n\
        rules.stopped_vehicle = [{ zone = \"lajur\" }]\nrules.wrong_way = [{ zone = \"lajur\" }]\n\
        rules.pedestrian_on_road = [{ zone = \"lajur\" }]\nrules.accident = [{}]\n\
        rules.debris = [{ zone = \"lajur\" }]\n";
    let mut defaults = place.load(minimal).expect("a good file").settings;
    assert_ne!(shown.digest, defaults.digest);
    defaults.digest.clone_from(&shown.digest);
    assert_eq!(format!("{shown:#?}"), format!("{defaults:#?}"));
}

#[test]
fn the_directions_of_the_scored_lines_are_those_of_the_truth() {
    let side = |file: &str, towards: Point<Norm>| {
        let text = fs::read_to_string(root().join("configs/score").join(file)).expect("a text");
        let camera = Place::new().load(&text).expect("a good file").settings.cameras.remove(0);
        let RuleSettings::LineCount(rule) = &camera.rules[0] else { panic!("one line count") };
        let is_right = camera.lines[&rule.line].signed_distance(towards) > 0.0;
        if is_right { rule.to_right.to_string() } else { rule.to_left.to_string() }
    };
    assert_eq!(side("street-overhead.toml", Point::new(0.9, 0.5)), "left-to-right");
    assert_eq!(side("street-overhead.toml", Point::new(0.1, 0.5)), "right-to-left");
    assert_eq!(side("suburb-junction.toml", Point::new(0.5, 0.9)), "towards-camera");
    assert_eq!(side("suburb-junction.toml", Point::new(0.5, 0.4)), "away");
}

#[test]
fn one_bad_camera_never_stops_the_rest() {
    let text = fs::read_to_string(root().join("tests/config/one-bad-camera.toml")).expect("a text");
    let loaded = Place::new().load(&text).expect("good cameras are left");
    let running: Vec<&str> = loaded.settings.cameras.iter().map(|camera| camera.id.as_str()).collect();
    let refused: Vec<&str> = loaded.refused.iter().map(|camera| camera.camera.as_str()).collect();
    assert_eq!(running, ["barat", "lain", "pasar", "utara"]);
    assert_eq!(refused, ["dermaga", "selatan", "timur", "tugu"]);
}

#[test]
fn settings_never_show_a_password() {
    let text = fs::read_to_string(root().join("tests/config/one-bad-camera.toml")).expect("a text");
    let text = text + "\n[mqtt]\nhost = \"localhost\"\nuser = \"edge-01\"\npassword_file = \"fixtures/good\"\n";
    let loaded = Place::new().load(&text).expect("good cameras are left");
    let revealed = loaded.settings.cameras.iter().filter_map(|camera| match &camera.source {
        SourceSettings::Rtsp(rtsp) => rtsp.credentials.as_ref(),
        SourceSettings::File { .. } | SourceSettings::Simulated { .. } => None,
    });
    assert_eq!(revealed.map(|credentials| credentials.password.reveal()).collect::<Vec<_>>(), ["canary", "canary"]);
    assert_eq!(loaded.settings.mqtt.as_ref().expect("a broker").credentials.as_ref().expect("a login").password.reveal(), "canary");
    assert!(!format!("{loaded:?}{loaded:#?}").contains("canary"));
}

#[test]
fn the_digest_is_of_the_text() {
    let text = fs::read_to_string(root().join("configs/minimal.toml")).expect("a text");
    let place = Place::new();
    let digest = |text: &str| place.load(text).expect("a good file").settings.digest;
    assert_eq!(digest(&text), digest(&text));
    assert_ne!(digest(&text), digest(&(text.clone() + "# another remark\n")));
    assert_eq!(digest(&text).len(), 64);
}

#[test]
fn a_drawn_junction_needs_no_model() {
    let place = Place::new();
    let text = "[site]\ncity = \"palembang\"\nid = \"demo\"\ndevice = \"demo\"\n[cameras.simulasi.simulated]\n";
    let alone =
        load_text(text, Path::new("box.toml"), &Surroundings { installations: Vec::new(), ..place.surroundings() }).expect("a good file");
    assert_eq!(alone.settings.detector.model, None);
    let with_film = format!("{text}[cameras.film]\nfilm = \"fixtures/film.mp4\"\n");
    let error = load_text(&with_film, Path::new("box.toml"), &Surroundings { installations: Vec::new(), ..place.surroundings() })
        .expect_err("no model");
    assert_eq!(
        error.to_string(),
        "box.toml:1: `detector.model` is not given and there is no `models/efficientdet-lite0.toml`: install the package again (from sources: `models/install`), or name another file here\n\
         box.toml:1: `detector.runtime_library` is not given and there is no `models/runtime/libonnxruntime.so`: install the package again (from sources: `models/install`), or name another \
         file here\n2 problems in configuration `box.toml`"
    );
}

#[test]
fn the_model_is_not_loaded_more_often_than_there_are_cameras_that_use_it() {
    let place = Place::new();
    let site = "[site]\ncity = \"palembang\"\nid = \"demo\"\ndevice = \"demo\"\n[detector]\nsessions = 2\n[cameras.simulasi.simulated]\n";
    let sessions = |text: &str| place.load(text).expect("a good file").settings.detector.sessions;
    let films = |count: usize| (0..count).map(|n| format!("[cameras.film-{n}]\nfilm = \"fixtures/film.mp4\"\n")).collect::<String>();
    assert_eq!([1, 2, 3].map(|count| sessions(&format!("{site}{}", films(count)))), [1, 2, 2]);
}

#[test]
fn check_says_what_a_good_file_means_and_fails_on_any_problem() {
    let place = Place::new();
    let good = "[site]\ncity = \"palembang\"\nid = \"demo\"\ndevice = \"demo\"\n[outbox]\ndirectory = \"/var/lib/simpang\"\n[cameras.simulasi]\nsimulated = {}\n\
        lines.garis = { from = [0.1, 0.5], to = [0.9, 0.5] }\nrules.line_count = [{ line = \"garis\" }]\n";
    place.write("good.toml", good, 0o644);
    place.write("bad.toml", &format!("{good}[cameras.timur]\nurl = \"http://192.168.10.21/\"\n"), 0o644);
    let check = |name: &str, probe: bool, probes: &[Probe]| {
        let mut out = Vec::new();
        let result = run(&CheckArgs { file: place.folder.path().join(name), probe }, probes, &mut out);
        (result, String::from_utf8(out).expect("text").replace(&place.folder.path().display().to_string(), "FOLDER"))
    };
    let (result, said) = check("good.toml", false, &[]);
    result.expect("a good file");
    assert_eq!(
        said,
        "FOLDER/good.toml is good\nsite     demo (/palembang/atcs/demo/demo, box demo)\nevents   on standard output, because there is no [mqtt]\n\
         queue    in /var/lib/simpang, at most 1024 MB\npage     http://127.0.0.1:8080/\nmodel    none, everything is drawn\n\
         camera   simulasi (simulasi): simulasi, seed 1, at most 10 frames a second\n         line-count-garis counts what passes garis\n"
    );
    for name in ["bad.toml", "no-such-file.toml"] {
        let (result, said) = check(name, false, &[]);
        assert!(result.expect_err("a problem").downcast_ref::<ConfigError>().is_some(), "{name} must end with exit code 2");
        assert_eq!(said, "");
    }
    let broken = Probe { what: "broker", run: |_| anyhow::bail!("refused") };
    let working =
        Probe { what: "cameras", run: |settings| Ok(settings.cameras.iter().map(|camera| format!("{} answers", camera.id)).collect()) };
    let (result, said) = check("good.toml", true, &[broken, working]);
    let error = result.expect_err("a probe that fails");
    assert!(error.downcast_ref::<ConfigError>().is_none(), "a dead broker is no bad configuration");
    assert_eq!(error.to_string(), "broker: refused");
    assert!(said.ends_with("cameras: simulasi answers\n"), "{said}");
    assert!(check("good.toml", true, &[]).0.is_err(), "nothing tried is not success");
}

#[test]
fn what_is_no_configuration_at_all_is_refused_in_a_sentence() {
    let place = Place::new();
    place.write("latin1.toml", "", 0o644);
    fs::write(place.folder.path().join("latin1.toml"), b"[site]\nname = \"Jos\xe9\"\n").expect("a written file");
    place.write("film.toml", &"x".repeat(2 << 20), 0o644);
    let said = |name: &str| {
        let error = load(&place.folder.path().join(name)).expect_err("not a configuration");
        error.to_string().replace(&place.folder.path().display().to_string(), "FOLDER")
    };
    assert_eq!(said("none.toml"), "cannot read configuration `FOLDER/none.toml`: check the path and who may read it");
    assert_eq!(
        said("latin1.toml"),
        "FOLDER/latin1.toml:2: this is not UTF-8 text: is this the right file?\n1 problem in configuration `FOLDER/latin1.toml`"
    );
    assert_eq!(
        said("film.toml"),
        "FOLDER/film.toml:1: this is longer than 1048576 bytes: is it the right file?\n1 problem in configuration `FOLDER/film.toml`"
    );
}

/// Keys and values that a file may have, and some that none has, in any nesting.
fn anything() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "site",
        "city",
        "id",
        "device",
        "detector",
        "model",
        "sessions",
        "mqtt",
        "host",
        "root",
        "tls",
        "ca",
        "key",
        "outbox",
        "page",
        "listen",
        "cameras",
        "utara",
        "url",
        "film",
        "simulated",
        "seed",
        "user",
        "password_file",
        "password",
        "lines",
        "from",
        "to",
        "zones",
        "polygon",
        "kind",
        "rules",
        "line_count",
        "crowd",
        "line",
        "zone",
        "hold",
        "classes",
        "\"a.b\"",
        "\"\"",
        "x",
    ]);
    let leaf = prop::sample::select(vec![
        "\"palembang\"",
        "\"rtsp://a:canary@b/\"",
        "1",
        "-1",
        "1e308",
        "nan",
        "inf",
        "true",
        "\"30s\"",
        "[]",
        "{}",
        "[[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]",
        "[0.5, 0.5]",
        "[nan, 2]",
        "\"\"",
        "1979-05-27",
        "[\"car\", \"dog\"]",
        "[{}]",
        "{ seed = 1 }",
        "[[[]]]",
        "99999999999999999999",
    ]);
    let path = prop::collection::vec(word, 1..6).prop_map(|words| words.join("."));
    let line = prop_oneof![
        4 => (path.clone(), leaf).prop_map(|(path, value)| format!("{path} = {value}")),
        1 => path.clone().prop_map(|path| format!("{path}.password = \"canary\"")),
        1 => path.clone().prop_map(|path| format!("[{path}]")),
        1 => path.prop_map(|path| format!("[[{path}]]")),
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_of_known_words_panics_or_shows_a_secret(text in anything()) {
        let said = Place::bare().said_about(&text);
        prop_assert!(!said.contains("canary"), "{said}");
    }

    #[test]
    fn no_bytes_panic(text in "\\PC{0,200}") {
        Place::bare().said_about(&text);
    }

    #[test]
    fn a_good_file_with_one_byte_changed_never_panics(at in 0usize..100_000, byte in 0u8..128) {
        let mut bytes = include_bytes!("../../configs/simpang-charitas.toml").to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes) {
            Place::bare().said_about(&text);
        }
    }
}

/// The suggested name would show the password of an address that stands in the wrong place.
#[test]
fn an_address_where_a_name_belongs_is_not_made_into_one() {
    let said = Place::bare().said_about("[site]\ncity = \"rtsp://a:canary@b/\"\nid = \"x\"\n");
    assert!(said.contains("`site.city` is not a name") && !said.contains("canary"), "{said}");
}
