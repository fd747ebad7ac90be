//! What is wrong with a configuration, said so that its author can put it right.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line of the text, from 1; of the nearest table when the key itself is missing.
    pub line: usize,
    /// Which key, `cameras.north.zones.approach.polygon`; empty for the text as a whole.
    pub path: String,
    /// What is wrong with it and what to do, `has 2 corners: at least 3 make a zone`.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "{}: {}", self.line, self.what),
            path => write!(f, "{}: `{path}` {}", self.line, self.what),
        }
    }
}

/// Why a configuration cannot be used at all. The program exits with 2: starting again does not help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read configuration `{}`: check the path and who may read it", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The text says something that cannot be.
    #[error("{}", listing(path, problems))]
    Refused {
        /// Which file.
        path: PathBuf,
        /// Everything that is wrong, in the order of the text.
        problems: Vec<Problem>,
    },
}

/// One line a problem, each beginning with `file:line`, so that editors jump to it; then how many there are.
fn listing(path: &std::path::Path, problems: &[Problem]) -> String {
    let mut text: String = problems.iter().map(|problem| format!("{}:{problem}\n", path.display())).collect();
    let noun = if problems.len() == 1 { "problem" } else { "problems" };
    text.push_str(&format!("{} {noun} in configuration `{}`", problems.len(), path.display()));
    text
}
