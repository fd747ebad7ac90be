//! What was measured, in words: for people, for programs, and as a row of the page of measured boxes. Reads and writes nothing.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;

use super::HEAD_ROOM;
use super::clip::Facts;
use super::load::Load;

/// Everything that was measured.
pub(super) struct Report {
    /// What the box calls itself.
    pub(super) box_name: String,
    pub(super) model: Option<PathBuf>,
    pub(super) clip: Facts,
    pub(super) processors: usize,
    /// Processors that other programs kept busy meanwhile.
    pub(super) others: Option<f64>,
    /// Each way of running the model at the configured rate.
    pub(super) configured: Vec<Load>,
    /// The best way at other rates.
    pub(super) rates: Vec<Load>,
}

/// More of a processor than a quiet system uses.
const NOTICEABLE: f64 = 0.1;

/// The way that carries most cameras; of equal ones that with fewer threads, which answers in a steadier time.
pub(super) fn best_of(loads: &[Load]) -> &Load {
    // A more than a hundredth better one: less is the machine's own noise.
    let better = |best: &'_ Load, load: &Load| load.cameras > best.cameras * 1.01;
    loads.iter().reduce(|best, load| if better(best, load) { load } else { best }).expect("at least one thread is measured")
}

impl Report {
    pub(super) fn best(&self) -> &Load {
        best_of(&self.configured)
    }

    fn model(&self) -> String {
        self.model.as_ref().and_then(|path| path.file_stem()).map_or_else(|| "none".into(), |name| name.to_string_lossy().into_owned())
    }

    pub(super) fn text(&self) -> String {
        let spare = HEAD_ROOM * 100.0;
        let mut text = format!("box        {}, {} processors\n", self.box_name, self.processors);
        let _ = writeln!(text, "picture    {} at {:.1} frames a second, every one decoded", self.clip.name, self.clip.frame_rate);
        let _ = writeln!(text, "model      {}\n", self.model());
        text += "threads  copies  fps   inference   decode     rest  cameras at most  with ";
        let _ = writeln!(text, "{spare:.0} % spare");
        for load in &self.configured {
            text += &line(load);
        }
        let best = self.best();
        let way = best.way();
        let _ = writeln!(text, "\nbest       threads_per_inference = {}, sessions = {}; with them", way.threads, way.sessions);
        for load in &self.rates {
            text += &line(load);
        }
        if let Some(others) = self.others.filter(|others| *others > NOTICEABLE) {
            let _ = writeln!(
                text,
                "\nOther programs kept {others:.1} processors busy meanwhile (is the agent running? sudo systemctl stop simpang): figures are of what they left."
            );
        }
        let _ = writeln!(
            text,
            "\nThis box carries {} such cameras at {} frames a second with {spare:.0} % to spare.",
            best.carried(),
            best.rate
        );
        text
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let load = |load: &Load| {
            json!({"threads": load.way().threads, "sessions": load.way().sessions, "fps": load.rate, "cameras": load.cameras, "carried": load.carried(),
                "inference_ms": load.inference_ms, "decode_ms": load.decode_ms, "rest_ms": load.rest_ms})
        };
        json!({"box": self.box_name, "processors": self.processors, "others": self.others, "model": self.model(), "clip": self.clip.name, "clip_fps": self.clip.frame_rate,
            "best": load(self.best()), "configured": self.configured.iter().map(load).collect::<Vec<_>>(), "rates": self.rates.iter().map(load).collect::<Vec<_>>()})
    }

    /// The page with this box's row in its table, in the place of an older one; `None` when it has no table.
    pub(super) fn in_page(&self, page: &str) -> Option<String> {
        with_row(page, &self.key(), &self.row())
    }

    /// What makes two rows the same measurement.
    fn key(&self) -> String {
        format!("| {} | {} | {} | {} |", self.box_name, self.processors, self.model(), self.clip.name)
    }

    fn row(&self) -> String {
        let best = self.best();
        let mut row = format!(
            "{} {} × {} | {:.1} | {:.2} | {:.2} |",
            self.key(),
            best.way().sessions,
            best.way().threads,
            best.inference_ms,
            best.decode_ms,
            best.rest_ms
        );
        for load in &self.rates {
            let _ = write!(row, " {:.1} / {} |", load.cameras, load.carried());
        }
        row
    }
}

fn line(load: &Load) -> String {
    let way = load.way();
    format!(
        "{:>7} {:>7} {:>4}  {:>7.1} ms {:>5.2} ms {:>5.2} ms  {:>15.1} {:>17}\n",
        way.threads,
        way.sessions,
        load.rate,
        load.inference_ms,
        load.decode_ms,
        load.rest_ms,
        load.cameras,
        load.carried()
    )
}

/// The page with `row` in its table: in the place of the one that begins with `key`, or last.
fn with_row(page: &str, key: &str, row: &str) -> Option<String> {
    let mut lines: Vec<&str> = page.lines().collect();
    match lines.iter().position(|line| line.starts_with(key)) {
        Some(at) => lines[at] = row,
        None => {
            let last = lines.iter().rposition(|line| line.starts_with('|'))?;
            lines.insert(last + 1, row);
        }
    }
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_that_is_measured_again_replaces_its_row() {
        let page = "# Boxes\n\n| box | fps |\n|---|---|\n| a | 1 |\n| b | 2 |\n\nText.\n";
        let second = with_row(page, "| c |", "| c | 3 |").expect("a table");
        assert_eq!(second, "# Boxes\n\n| box | fps |\n|---|---|\n| a | 1 |\n| b | 2 |\n| c | 3 |\n\nText.\n");
        assert_eq!(with_row(&second, "| a |", "| a | 9 |").expect("a table"), second.replace("| a | 1 |", "| a | 9 |"));
        assert_eq!(with_row("nothing", "| a |", "| a | 9 |"), None);
    }
}
