//! Puts the best way of running the model into a configuration, without touching anything else of its text.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::load::Way;
use crate::base::durable::{self, Access};
use crate::config::ConfigError;
use crate::config::check::{self, Surroundings};

/// Changes the file at `path`, when what comes out is as good as what was there.
///
/// # Errors
/// A file that cannot be read or written, a result that the check refuses.
pub(super) fn write(path: &Path, way: Way) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("the configuration {} cannot be read", path.display()))?;
    let new = with_way(&text, way);
    let loaded = check::load_text(&new, path, &Surroundings::of(path))?;
    let problems = loaded.problems();
    if !problems.is_empty() {
        return Err(ConfigError::Refused { path: path.to_owned(), problems }.into());
    }
    durable::replace(path, new.as_bytes(), Access::Like(path)).with_context(|| super::super::unwritable(path))?;
    println!(
        "{}: threads_per_inference = {}, sessions = {}; it holds from the agent's next start on",
        path.display(),
        way.threads,
        way.sessions
    );
    Ok(())
}

/// The two keys in `[detector]`, in the place of those that were there.
fn with_way(text: &str, way: Way) -> String {
    let keys = [format!("threads_per_inference = {}", way.threads), format!("sessions = {}", way.sessions)];
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let Some(start) = lines.iter().position(|line| line.split('#').next().is_some_and(|line| line.trim() == "[detector]")) else {
        lines.extend([String::new(), "[detector]".to_owned()].into_iter().chain(keys));
        return lines.join("\n") + "\n";
    };
    let end = lines[start + 1..].iter().position(|line| line.trim_start().starts_with('[')).map_or(lines.len(), |at| start + 1 + at);
    let is_ours =
        |line: &str| ["threads_per_inference", "sessions"].iter().any(|key| line.split('=').next().is_some_and(|name| name.trim() == *key));
    let kept: Vec<String> = lines[start + 1..end].iter().filter(|line| !is_ours(line)).cloned().collect();
    lines.splice(start + 1..end, keys.into_iter().chain(kept));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAY: Way = Way { threads: 2, sessions: 3 };

    #[test]
    fn the_keys_replace_those_that_were_there_and_nothing_else_changes() {
        let text = "[site]\nid = \"x\"\n\n[detector] # model\n# How many.\nsessions = 9\nmodel = \"m.toml\"\n\n[cameras.a]\nurl = \"u\"\n";
        let new = "[site]\nid = \"x\"\n\n[detector] # model\nthreads_per_inference = 2\nsessions = 3\n# How many.\nmodel = \"m.toml\"\n\n[cameras.a]\nurl = \"u\"\n";
        assert_eq!(with_way(text, WAY), new);
        assert_eq!(with_way(new, WAY), new);
    }

    #[test]
    fn a_file_without_the_table_gets_one() {
        assert_eq!(with_way("[site]\nid = \"x\"\n", WAY), "[site]\nid = \"x\"\n\n[detector]\nthreads_per_inference = 2\nsessions = 3\n");
    }
}
