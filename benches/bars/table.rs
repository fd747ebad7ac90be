//! The table: one line a bar, with what was measured, what is asked, and the verdict.

use std::fmt;

/// Lines of the table, in the order they were measured.
pub(crate) struct Table {
    machine: String,
    rows: Vec<Row>,
}

struct Row {
    bar: String,
    measured: String,
    limit: String,
    verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Pass,
    Fail,
    /// A figure that helps to read the others; no bar.
    Stated,
}

impl Table {
    pub(crate) fn new(machine: String) -> Self {
        Self { machine, rows: Vec::new() }
    }

    /// A bar of the form "at most `limit`".
    pub(crate) fn at_most(&mut self, bar: &str, (value, limit): (f64, f64), unit: &str, detail: &str) {
        self.judge(bar, (value, limit), ("≤", value <= limit), (unit, detail));
    }

    /// A bar of the form "at least `limit`".
    pub(crate) fn at_least(&mut self, bar: &str, (value, limit): (f64, f64), unit: &str, detail: &str) {
        self.judge(bar, (value, limit), ("≥", value >= limit), (unit, detail));
    }

    /// A figure without a bar.
    pub(crate) fn state(&mut self, what: &str, measured: &str) {
        self.push(Row { bar: what.into(), measured: measured.into(), limit: String::new(), verdict: Verdict::Stated });
    }

    fn judge(&mut self, bar: &str, (value, limit): (f64, f64), (sign, holds): (&str, bool), (unit, detail): (&str, &str)) {
        let measured = format!("{} {unit}{}{detail}", number(value), if detail.is_empty() { "" } else { "; " });
        let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
        self.push(Row { bar: bar.into(), measured, limit: format!("{sign} {} {unit}", number(limit)), verdict });
    }

    fn push(&mut self, row: Row) {
        eprintln!("bench: {} {}: {} ({})", row.verdict, row.bar, row.measured, row.limit);
        self.rows.push(row);
    }

    pub(crate) fn is_passed(&self) -> bool {
        self.rows.iter().all(|row| row.verdict != Verdict::Fail)
    }

    /// The page for the documentation.
    pub(crate) fn page(&self) -> String {
        format!("# Cost\n\nWritten by `make bench ARGUMENTS=--write`; do not edit.\n\n{self}")
    }
}

/// Three figures that mean something.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        v if v < 0.1 => format!("{value:.4}"),
        v if v < 10.0 => format!("{value:.3}"),
        _ => format!("{value:.1}"),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\n| | bar | measured | asked |\n|---|---|---|---|", self.machine)?;
        for Row { bar, measured, limit, verdict } in &self.rows {
            writeln!(f, "| {verdict} | {bar} | {measured} | {limit} |")?;
        }
        let missed = self.rows.iter().filter(|row| row.verdict == Verdict::Fail).count();
        writeln!(f, "\n{missed} bars missed.")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "**FAIL**",
            Self::Stated => "-",
        })
    }
}
