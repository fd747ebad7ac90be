//! Causes and hints of cameras and the broker in Indonesian: the same list that the local page uses.

use std::borrow::Cow;

/// Lines such as `  [/^connection refused$/, "koneksi ditolak"],`. Patterns are plain words, `(.+)` and escapes, and so easily read here.
const LIST: &str = include_str!("../../web/causes.js");
const ANYTHING: &str = "(.+)";

/// `words` in Indonesian; as they are where the list does not have them, because English is better than nothing.
pub(super) fn indonesian(words: &str) -> Cow<'_, str> {
    let entries = LIST.lines().filter_map(|line| line.trim().strip_prefix("[/^")?.strip_suffix("\"],")?.split_once("$/, \""));
    let found = entries.into_iter().find_map(|(pattern, translation)| {
        let pattern = pattern.replace(ANYTHING, "\0").replace('\\', "");
        let taken = fitted(&pattern, words)?;
        let filled = taken
            .iter()
            .enumerate()
            .fold(translation.replace("\\\"", "\""), |text, (index, part)| text.replace(&format!("${}", index + 1), part));
        Some(filled)
    });
    found.map_or(Cow::Borrowed(words), Cow::Owned)
}

/// What stands in `words` where `pattern` has a NUL for anything.
fn fitted<'a>(pattern: &str, words: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = pattern.split('\0');
    let mut rest = words.strip_prefix(pieces.next()?)?;
    let mut taken = Vec::new();
    while let Some(piece) = pieces.next() {
        let is_last = pieces.clone().next().is_none();
        let end = if is_last { rest.strip_suffix(piece)?.len() } else { rest.find(piece)? };
        taken.push(&rest[..end]);
        rest = &rest[end + piece.len()..];
    }
    (rest.is_empty() && taken.iter().all(|part| !part.is_empty())).then_some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_what_stands_between_them_are_found() {
        assert_eq!(indonesian("connection refused"), "koneksi ditolak");
        assert_eq!(indonesian("it refuses user or password (401)"), "nama pengguna atau kata sandi ditolak (401)");
        assert_eq!(indonesian("no answer to DESCRIBE within 2.5 s"), "tidak ada jawaban atas DESCRIBE dalam 2.5 detik");
        assert_eq!(indonesian("no answer to the name lookup within 5 s"), "server nama tidak menjawab dalam 5 detik");
        assert!(
            indonesian("check the network between camera and box; with udp, try `transport = \"tcp\"`")
                .ends_with("coba `transport = \"tcp\"`")
        );
        assert_eq!(indonesian("connection refused, or not"), "connection refused, or not");
    }
}
