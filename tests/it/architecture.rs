//! Holds ARCHITECTURE.md's tables: which module may use which, and where a foreign library may be named.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Rows of the table below the heading, first cell → second cell.
fn table(heading: &str) -> BTreeMap<String, String> {
    let page = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let section = page.split(&format!("## {heading}\n")).nth(1).expect("the heading is there");
    let section = section.split("\n## ").next().expect("split gives at least one part");
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| module") && !line.starts_with("| library"));
    let cells = rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| (cells[1].to_owned(), cells[2].to_owned())).collect()
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(ROOT).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("readable folder") {
            let path = entry.expect("readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Code lines before the unit tests, without comments, with their numbers; none of a file that holds a module's tests.
fn code(path: &Path) -> Vec<(usize, String)> {
    if path.ends_with("tests.rs") {
        return Vec::new();
    }
    let text = fs::read_to_string(path).expect("readable source");
    let lines = text.lines().enumerate().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    lines.map(|(n, line)| (n + 1, line.split("//").next().unwrap_or_default().to_owned())).collect()
}

/// `src/track/kalman.rs` → `track`, `src/pipeline.rs` → `pipeline`.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(ROOT).join("src")).expect("below src");
    let first = inside.components().next().expect("not empty").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn a_module_uses_only_what_the_table_allows() {
    let table = table("May use");
    let mut broken = Vec::new();
    for path in sources() {
        let module = module_of(&path);
        if ["main", "lib", "commands"].contains(&module.as_str()) {
            continue;
        }
        let allowed = table.get(&module).unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for `{module}`"));
        for (number, line) in code(&path) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let is_fine = used == module || used == "base" || used.is_empty() || allowed.split(", ").any(|name| name == used);
                if !is_fine {
                    broken.push(format!("{}:{number}: `{module}` may not use `{used}`", path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_foreign_library_is_named_in_one_place() {
    let mut broken = Vec::new();
    for (library, places) in table("One foreign library, one place") {
        for path in sources() {
            let here = path.strip_prefix(ROOT).expect("below the package").to_string_lossy().into_owned();
            if places.split(", ").any(|place| here.starts_with(place)) {
                continue;
            }
            for (number, line) in code(&path) {
                let named = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == library);
                let is_path = line.contains(&format!("{library}::")) || line.contains(&format!("use {library}"));
                if named && is_path {
                    broken.push(format!("{here}:{number}: names `{library}`, which belongs in {places}"));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn files_stay_small_enough_to_read() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|path| code(path).len() > 400)
        .map(|path| format!("{}: {} lines without tests, more than 400: a name is missing", path.display(), code(&path).len()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn anyhow_lives_in_commands_only() {
    for path in sources() {
        if module_of(&path) == "commands" {
            continue;
        }
        for (number, line) in code(&path) {
            assert!(!line.contains("anyhow::"), "{}:{number}: errors are typed outside src/commands", path.display());
        }
    }
}
