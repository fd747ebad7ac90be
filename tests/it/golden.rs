//! Files that are generated and kept in the repository: compared by the tests, rewritten by `make golden`.

use std::path::Path;

/// Compares `expected` with the file at `path` under the repository, or writes it when `SIMPANG_GOLDEN=write`.
pub(crate) fn check(path: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var("SIMPANG_GOLDEN").is_ok_and(|mode| mode == "write") {
        let folder = file.parent().expect("a file under the repository has a folder");
        std::fs::create_dir_all(folder).expect("the repository can be written");
        std::fs::write(&file, expected).expect("the repository can be written");
        return;
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let first = kept.lines().zip(expected.lines()).position(|(a, b)| a != b).unwrap_or(kept.lines().count().min(expected.lines().count()));
    assert!(
        kept == expected,
        "{path} is not what the code makes (first difference in line {}): run `make golden`, look at the difference and commit it",
        first + 1
    );
}
