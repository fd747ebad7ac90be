//! Bars and the page they are written to.

use std::fmt::Write as _;

/// What was asked, what was measured, whether that is enough.
#[derive(Debug, Default)]
pub(super) struct Card {
    bars: Vec<[String; 4]>,
    details: String,
    missed: usize,
}

/// Which way a bar lies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    AtMost(f64),
    AtLeast(f64),
}

impl Card {
    /// Judges a figure.
    pub(super) fn bar(&mut self, name: &str, value: f64, unit: &str, asked: Asked) {
        let (is_met, words) = match asked {
            Asked::AtMost(most) => (value <= most, format!("at most {most}{unit}")),
            Asked::AtLeast(least) => (value >= least, format!("at least {least}{unit}")),
        };
        self.missed += usize::from(!is_met);
        let verdict = if is_met { "met" } else { "**missed**" };
        println!("{verdict:10} {name}: {value:.3}{unit} ({words})");
        self.bars.push([verdict.to_owned(), name.to_owned(), format!("{}{unit}", short(value)), words]);
    }

    /// A section of figures that are no bars.
    pub(super) fn section(&mut self, title: &str, text: &str, head: &[&str], rows: &[Vec<String>]) {
        let _ = write!(self.details, "\n## {title}\n\n{text}\n");
        if !rows.is_empty() {
            let _ = writeln!(self.details, "\n| {} |\n|{}", head.join(" | "), "---|".repeat(head.len()));
        }
        for row in rows {
            println!("{title}: {}", row.join(" | "));
            let _ = writeln!(self.details, "| {} |", row.join(" | "));
        }
    }

    /// The page, and how many bars are missed.
    pub(super) fn page(&self, intro: &str) -> (String, usize) {
        let rows: String = self.bars.iter().map(|bar| format!("| {} |\n", bar.join(" | "))).collect();
        (format!("{intro}\n|  | bar | measured | asked |\n|---|---|---|---|\n{rows}{}", self.details), self.missed)
    }
}

/// As few digits as say something.
pub(super) fn short(value: f64) -> String {
    if value.fract().abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.2}") }
}
