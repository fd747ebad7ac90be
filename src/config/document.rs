//! From text to [`File`], with the line of every key; the only file that knows how TOML is read.
//!
//! A key that cannot be read is reported, taken out, and reading goes on: so one look shows everything that is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::file::File;
use super::nearest::{did_you_mean, nearest};
use super::problem::Problem;

/// Problems after which reading stops: nobody mends more at once.
const MOST_PROBLEMS: usize = 100;

/// Longest text that is looked at, in bytes; a real one has some thousand.
pub(super) const LONGEST_TEXT: usize = 1 << 20;

/// A text that was read as far as it can be.
#[derive(Debug)]
pub(super) struct Document {
    /// What could be read; keys with problems have their defaults.
    pub file: File,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Keys that were taken out: their absence is not another problem.
    removed: BTreeSet<String>,
    lines: BTreeMap<String, usize>,
}

impl Document {
    /// Reads `text`.
    ///
    /// # Errors
    /// The problems of a text that is not TOML: nothing else can be said about it.
    pub(super) fn read(text: &str) -> Result<Self, Vec<Problem>> {
        if text.len() > LONGEST_TEXT {
            return Err(vec![whole(1, format!("this is longer than {LONGEST_TEXT} bytes: is it the right file?"))]);
        }
        let starts = LineStarts::of(text);
        let (root, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(syntax_problems(&errors, text, &starts));
        }
        let mut lines = BTreeMap::new();
        note_lines(root.get_ref(), "", &starts, &mut lines);
        let mut document = Self { file: File::default(), problems: Vec::new(), removed: BTreeSet::new(), lines };
        document.read_tree(root, &starts);
        Ok(document)
    }

    /// Line of the key, or of the nearest table around it.
    pub(super) fn line(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return *line;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return 1,
            }
        }
    }

    /// Whether the key stood in the text and was already reported.
    pub(super) fn was_removed(&self, path: &str) -> bool {
        self.removed.contains(path)
    }

    /// Whether the text has this key.
    pub(super) fn has(&self, path: &str) -> bool {
        self.lines.contains_key(path)
    }

    fn read_tree(&mut self, mut root: Spanned<DeTable<'_>>, starts: &LineStarts) {
        // Every round takes one key out of a finite tree, so this ends.
        loop {
            let error = match File::deserialize(Deserializer::from(root.clone())) {
                Ok(file) => {
                    self.file = file;
                    return;
                }
                Err(error) => error,
            };
            let taken = error.span().and_then(|span| take_out(root.get_mut(), &span));
            let path = taken.clone().unwrap_or_default();
            let line = error.span().map_or(1, |span| starts.line(span.start));
            self.problems.push(Problem { line, what: in_our_words(error.message(), &path), path: path.clone() });
            if taken.is_none() || self.problems.len() >= MOST_PROBLEMS {
                return;
            }
            self.removed.extend(stand_ins(error.message(), &path));
            self.removed.insert(path);
        }
    }
}

/// The keys that were probably meant by an unknown one: that they are not given is no other problem.
fn stand_ins(message: &str, path: &str) -> Vec<String> {
    let (table, word) = path.rsplit_once('.').unwrap_or(("", path));
    if !message.starts_with("unknown field") {
        return Vec::new();
    }
    let meant = if is_secret(word) { Some("password_file") } else { nearest(word, message.split('`').skip(3).step_by(2)) };
    meant.map(|meant| join(table, meant)).into_iter().collect()
}

/// A problem of the text as a whole.
fn whole(line: usize, what: String) -> Problem {
    Problem { line, path: String::new(), what }
}

/// One problem a line: what follows the first on the same line is usually its echo.
fn syntax_problems(errors: &[toml::de::Error], text: &str, starts: &LineStarts) -> Vec<Problem> {
    let mut by_line = BTreeMap::new();
    for error in errors {
        let span = error.span().unwrap_or_default();
        let line = starts.line(span.start);
        let what = match (error.message(), text.get(span)) {
            ("duplicate key", Some(key)) => {
                format!("`{}` stands here a second time: rename or remove one of the two", key.escape_default())
            }
            (message, _) => format!("this is not TOML: {}", message.replace('\n', ", ")),
        };
        by_line.entry(line).or_insert_with(|| whole(line, what));
    }
    by_line.into_values().take(MOST_PROBLEMS).collect()
}

/// The path of `key` in `table`, quoted where TOML would ask for quotes.
pub(super) fn join(table: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if table.is_empty() { key } else { format!("{table}.{key}") }
}

fn note_lines(table: &DeTable<'_>, path: &str, starts: &LineStarts, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let path = join(path, key.get_ref());
        lines.insert(path.clone(), starts.line(key.span().start));
        note_value(value, &path, starts, lines);
    }
}

fn note_value(value: &Spanned<DeValue<'_>>, path: &str, starts: &LineStarts, lines: &mut BTreeMap<String, usize>) {
    match value.get_ref() {
        DeValue::Table(table) => note_lines(table, path, starts, lines),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{path}[{index}]");
                lines.insert(path.clone(), starts.line(item.span().start));
                note_value(item, &path, starts, lines);
            }
        }
        _ => {}
    }
}

/// Takes the innermost key at `span` out of the tree and returns its path.
fn take_out(table: &mut DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let is_at = |(key, value): &(&Spanned<_>, &Spanned<DeValue<'_>>)| key.span() == *span || value.span() == *span;
    if let Some(key) = table.iter().find(is_at).map(|(key, _)| key.get_ref().to_string()) {
        table.remove(key.as_str());
        return Some(join("", &key));
    }
    let around: Vec<String> = table.iter().filter(|(_, value)| holds(value, span)).map(|(key, _)| key.get_ref().to_string()).collect();
    for key in &around {
        if let Some(rest) = table.get_mut(key.as_str()).and_then(|value| take_out_of_value(value, span)) {
            return Some(if rest.starts_with('[') { join("", key) + &rest } else { format!("{}.{rest}", join("", key)) });
        }
    }
    // Inside a value that has no keys, such as one corner of a polygon: the whole value goes.
    let key = around.first()?;
    table.remove(key.as_str());
    Some(join("", key))
}

fn take_out_of_value(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<String> {
    match value.get_mut() {
        DeValue::Table(table) => take_out(table, span),
        DeValue::Array(items) => items.iter_mut().enumerate().find_map(|(index, item)| {
            // Only tables: half a point or a list without one of its members is another mistake.
            let rest = take_out_of_value(item, span)?;
            Some(if rest.starts_with('[') { format!("[{index}]{rest}") } else { format!("[{index}].{rest}") })
        }),
        _ => None,
    }
}

/// Whether the place `span` is inside `value`. The span of a table is only its header, so its members are asked.
fn holds(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    let own = value.span();
    if own.start <= span.start && span.end <= own.end {
        return true;
    }
    match value.get_ref() {
        DeValue::Table(table) => table.iter().any(|(key, value)| key.span() == *span || holds(value, span)),
        DeValue::Array(items) => items.iter().any(|item| holds(item, span)),
        _ => false,
    }
}

/// The parser's message, without the value (a password can land in any wrong place) and with a way out.
fn in_our_words(message: &str, path: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let last = path.rsplit('.').next().unwrap_or(path);
    if message.starts_with("unknown field") {
        if is_secret(last) {
            return "would put a secret into this file: write it to a file of mode 0600 and name that in `password_file`".to_owned();
        }
        let known = &quoted[1.min(quoted.len())..];
        return match known {
            [] => "is not a known key here: remove it".to_owned(),
            known => format!("is not a known key here{}: known: {}", did_you_mean(last, known.iter().copied()), list(known)),
        };
    }
    if message.starts_with("unknown variant") {
        let known = &quoted[1.min(quoted.len())..];
        let meant = did_you_mean(quoted.first().unwrap_or(&""), known.iter().copied());
        return format!("is not one of {}{meant}", list(known));
    }
    if let Some(rest) = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: ")) {
        let expected = rest.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
        return format!("must be {}, not {}", plain_expected(expected), plain_found(rest));
    }
    if message.starts_with("invalid length") {
        return "must be two numbers, such as [0.25, 0.8]".to_owned();
    }
    message.to_owned()
}

/// Whether people would write a secret behind this key.
fn is_secret(key: &str) -> bool {
    ["password", "passwd", "secret", "token"].iter().any(|word| key.contains(word))
}

/// `` `a`, `b` and `c` ``
pub(super) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn plain_expected(expected: &str) -> &str {
    match expected {
        "a string" | "string" => "text in quotes",
        "a boolean" => "true or false",
        "f32" | "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative and not too big",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "a sequence" => "a list in [ ]",
        "a map" => "a table",
        expected if expected.starts_with("struct") => "a table",
        expected if expected.starts_with("an array of length 2") => "two numbers, such as [0.25, 0.8]",
        expected => expected,
    }
}

fn plain_found(found: &str) -> String {
    let number = |prefix: &str| found.strip_prefix(prefix).and_then(|rest| rest.split('`').nth(1)).unwrap_or("a number").to_owned();
    match found.split([' ', ',']).next().unwrap_or_default() {
        "string" => "text".to_owned(),
        "integer" => number("integer"),
        "floating" => number("floating"),
        "boolean" => "true or false".to_owned(),
        "sequence" => "a list".to_owned(),
        "map" => "a table".to_owned(),
        _ => "this".to_owned(),
    }
}

/// Where the lines of a text begin, as byte offsets.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1)).collect())
    }

    /// Line of the byte, from 1.
    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}
