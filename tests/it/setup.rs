//! What sets a machine up: it repeats without doing anything, repairs what was altered, and says what to do when a package cannot be had.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const EFFICIENTDET_SHA: &str = "1f9515362c315eb1c2c5cd892407dc2ee65db33a69f6953236fdf6b2d2d6346f";
/// Nothing listens on the discard port of a test machine: a registry that refuses at once.
const NO_REGISTRY: &str = "http://127.0.0.1:9/";

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The set-up scripts in a folder of their own, without anything that they made.
fn bare_copy() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for part in ["models/convert", ".ci"] {
        fs::create_dir_all(folder.path().join(part)).expect("a writable folder");
        for entry in fs::read_dir(repository().join(part)).expect("a folder of the repository") {
            let from = entry.expect("a readable entry").path();
            if from.is_file() {
                copy(&from, &folder.path().join(part).join(from.file_name().expect("a file has a name")));
            }
        }
    }
    copy(&repository().join("models/install"), &folder.path().join("models/install"));
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|error| panic!("{} to {}: {error}", from.display(), to.display()));
}

/// Gives the copy the Python environments of this machine: making them again is slow and not what is tested.
fn with_python_of_this_machine(folder: &Path) {
    let made = repository().join(".cache/python");
    if made.is_dir() {
        fs::create_dir_all(folder.join(".cache")).expect("the test's own files can be made");
        symlink(made, folder.join(".cache/python")).expect("the test's own files can be made");
    }
}

/// Gives the copy what this machine has downloaded, so that nothing is fetched. False when this machine has downloaded nothing.
fn with_downloads_of_this_machine(folder: &Path) -> bool {
    with_python_of_this_machine(folder);
    let downloads = repository().join(".cache/downloads");
    let are_there = downloads.is_dir() && repository().join(".cache/python/convert/bin/python").exists();
    if are_there {
        symlink(downloads, folder.join(".cache/downloads")).expect("the test's own files can be made");
    }
    are_there
}

/// `models/install PARTS` in a copy, cut off from every registry.
fn install_offline(folder: &Path, parts: &[&str]) -> Output {
    Command::new(folder.join("models/install"))
        .args(parts)
        .env("PIP_INDEX_URL", NO_REGISTRY)
        .env("PIP_RETRIES", "0")
        .env_remove("PIP_FIND_LINKS")
        .env_remove("PIP_EXTRA_INDEX_URL")
        .env("npm_config_registry", NO_REGISTRY)
        .env("npm_config_fetch_retries", "0")
        .output()
        .expect("models/install can be started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn sha256(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().expect("sha256sum is part of every Debian");
    text(&output.stdout)[..64].to_owned()
}

fn script(folder: &Path, name: &str, body: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("the test's own files can be made");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the test's own files can be made");
}

#[test]
fn setting_up_again_does_nothing() {
    let model = repository().join("models/efficientdet-lite0.onnx");
    let before =
        fs::metadata(&model).expect("the models are installed: run make setup").modified().expect("the test's own files can be made");
    let again = Command::new(repository().join("models/install")).output().expect("models/install can be started");
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert_eq!(text(&again.stdout), "", "nothing was left to do");
    assert_eq!(
        fs::metadata(&model).expect("the test's own files can be made").modified().expect("the test's own files can be made"),
        before
    );
}

#[test]
fn contracts_name_the_files_that_are_installed() {
    let install = fs::read_to_string(repository().join("models/install")).expect("the test's own files can be made");
    let mut seen = 0;
    for name in ["efficientdet-lite0", "ssdlite-mobilenet-v2"] {
        let contract = fs::read_to_string(repository().join(format!("models/{name}.toml"))).expect("each installed model has a contract");
        let contract: toml::Table = contract.parse().expect("a contract is TOML");
        let wanted = contract["sha256"].as_str().expect("a contract names its file's sha256");
        assert!(install.contains(wanted), "models/install brings another {name} than its contract names");
        assert_eq!(sha256(&repository().join(format!("models/{name}.onnx"))), wanted);
        seen += 1;
    }
    assert_eq!(seen, 2);
}

#[test]
fn an_altered_model_is_put_back() {
    let folder = bare_copy();
    if !with_downloads_of_this_machine(folder.path()) {
        println!("NOT TESTED: an altered model is put back: .cache/downloads is not there, the models of this machine were put in by hand");
        return;
    }
    let model = folder.path().join("models/efficientdet-lite0.onnx");
    fs::write(&model, "not a model").expect("the test's own files can be made");
    let repaired = install_offline(folder.path(), &["efficientdet-lite0"]);
    assert!(repaired.status.success(), "{}", text(&repaired.stderr));
    assert_eq!(sha256(&model), EFFICIENTDET_SHA);
}

#[test]
fn without_network_it_says_which_package_and_what_to_do() {
    let cases =
        [("runtime", "onnxruntime==1.31.1", "ONNX Runtime's library"), ("efficientdet-lite0", "NVRChannel==0.1.5", "the default detector")];
    for (part, package, purpose) in cases {
        let folder = bare_copy();
        with_python_of_this_machine(folder.path());
        let failed = install_offline(folder.path(), &[part]);
        let said = text(&failed.stderr);
        assert_eq!(failed.status.code(), Some(1), "{said}");
        for expected in [package, purpose, ".cache/downloads", "sha256", "Connect this machine"] {
            assert!(said.contains(expected), "`{expected}` is missing in: {said}");
        }
    }
}

#[test]
fn a_damaged_download_is_not_installed() {
    let folder = bare_copy();
    with_python_of_this_machine(folder.path());
    let downloads = folder.path().join(".cache/downloads");
    fs::create_dir_all(&downloads).expect("the test's own files can be made");
    fs::write(downloads.join("NVRChannel-0.1.5-py3-none-any.whl"), "half a file").expect("the test's own files can be made");
    let failed = install_offline(folder.path(), &["efficientdet-lite0"]);
    assert_eq!(failed.status.code(), Some(1), "{}", text(&failed.stderr));
    assert!(!folder.path().join("models/efficientdet-lite0.onnx").exists());
}

#[test]
fn an_unknown_part_is_named() {
    let failed = install_offline(bare_copy().path(), &["yolo"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed.stderr).contains("no part is called 'yolo'; there are runtime, efficientdet-lite0, ssdlite-mobilenet-v2"));
}

/// A PATH on which no package is installed and the user is nobody in particular.
fn plain_user_without_packages(folder: &Path) -> PathBuf {
    let programs = folder.join("bin");
    fs::create_dir_all(&programs).expect("the test's own files can be made");
    for name in ["bash", "env", "comm", "sort", "sed", "mkdir", "tail"] {
        let found = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(name)).into_iter().find(|path| path.exists());
        symlink(found.expect("coreutils are installed"), programs.join(name)).expect("the test's own files can be made");
    }
    script(&programs, "id", "echo 1000");
    script(&programs, "dpkg-query", "exit 1");
    script(&programs, "apt-get", "exit 100");
    programs
}

#[test]
fn without_root_and_sudo_it_says_what_an_administrator_runs() {
    let folder = bare_copy();
    let programs = plain_user_without_packages(folder.path());
    let failed = Command::new(folder.path().join(".ci/packages"))
        .current_dir(folder.path())
        .env("PATH", &programs)
        .output()
        .expect("the test's own files can be made");
    let said = text(&failed.stderr);
    assert_eq!(failed.status.code(), Some(1), "{said}");
    assert!(said.contains("neither root nor has sudo; let an administrator run: apt-get install --no-install-recommends"), "{said}");
    assert!(said.contains("libopencv-dev") && said.contains("python3-venv"), "{said}");
}

#[test]
fn when_the_archive_cannot_be_reached_it_says_so_once_and_stops() {
    let folder = bare_copy();
    let programs = plain_user_without_packages(folder.path());
    script(&programs, "sudo", "exec \"$@\"");
    let failed = Command::new(folder.path().join(".ci/packages"))
        .current_dir(folder.path())
        .env("PATH", &programs)
        .output()
        .expect("the test's own files can be made");
    let said = text(&failed.stderr);
    assert_eq!(failed.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot refresh the package lists; is this machine online?"), "{said}");
}
