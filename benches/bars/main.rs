//! `make bench`: every bar of speed and memory, measured and judged. One table; exit code 1 when a bar is missed.
//!
//! The machine may be shared and noisy, so nothing is judged by an absolute time: variants run interleaved in one process, round after round,
//! in CPU time, and medians of the rounds' ratios are compared; allocations are counted exactly.
//!
//! `cargo bench --bench bars -- [--only cost|tracker|allocations|rules|agent|overload]... [--write]`; `--write` also puts the table into docs/bench.md.

mod agent;
mod allocations;
mod bare;
mod cost;
mod counting;
mod machine;
mod overload;
mod peer;
mod rules;
mod stage;
mod table;
mod tracker;

use std::process::ExitCode;

use anyhow::{Result, bail};

use table::Table;

type Section = fn(&mut Table) -> Result<()>;

const SECTIONS: [(&str, Section); 6] = [
    ("cost", cost::measure),
    ("tracker", tracker::measure),
    ("allocations", allocations::measure),
    ("rules", rules::measure),
    ("agent", agent::measure),
    ("overload", overload::measure),
];

fn main() -> Result<ExitCode> {
    // `cargo bench` adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [mode, config] = arguments.as_slice()
        && mode == agent::MODEL_LOAD
    {
        agent::print_model_load(config.as_ref())?;
        return Ok(ExitCode::SUCCESS);
    }
    let (only, is_written) = wishes(&arguments)?;
    let mut table = Table::new(machine::description());
    for (name, measure) in SECTIONS {
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            eprintln!("bench: {name} ...");
            measure(&mut table)?;
        }
    }
    print!("{table}");
    if is_written {
        std::fs::write(stage::project("docs/bench.md"), table.page())?;
    }
    Ok(if table.is_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Which sections, and whether the page is written.
fn wishes(arguments: &[String]) -> Result<(Vec<String>, bool)> {
    let (mut only, mut is_written) = (Vec::new(), false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match (argument.as_str(), rest.len()) {
            ("--write", _) => is_written = true,
            ("--only", 1..) => only.extend(rest.next().cloned()),
            _ => bail!("`{argument}` is not known; there are `--only SECTION` and `--write`"),
        }
    }
    match only.iter().find(|wanted| SECTIONS.iter().all(|(name, _)| name != wanted)) {
        Some(unknown) => bail!("there is no section `{unknown}`"),
        None => Ok((only, is_written)),
    }
}
