//! `simpang doctor`: what is wrong with this box, in plain words, for whoever stands in front of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

use crate::base::time::{Clock, SystemClock};
use crate::config::check;
use crate::doctor::{self, Finding, Severity};

/// Says in plain words what is wrong with this box and what to do about it.
///
/// Looks at clock, disk, heat, power, memory, permissions, configuration, model, certificates, broker and cameras; changes nothing. Ends with 0
/// when nothing is broken, 1 when something is, 2 when the configuration is wrong.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "/etc/simpang/site.toml")]
    config: PathBuf,
    /// Language of the sentences
    #[arg(long, value_enum, default_value = "both")]
    lang: Languages,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Languages {
    /// Bahasa Indonesia
    Id,
    /// English
    En,
    /// Indonesian, then English
    Both,
}

/// Looks at everything; findings are printed as they come.
///
/// # Errors
/// When they cannot be printed.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut notes = Notes { languages: args.lang, out: std::io::stdout(), worst: Severity::Good };
    let clock = SystemClock::new();
    let loaded = check::load(&args.config);
    let problems = match &loaded {
        Ok(loaded) => doctor::refused_cameras(&args.config, &loaded.refused),
        Err(error) => doctor::unusable(error),
    };
    let settings = loaded.ok().map(|loaded| loaded.settings);
    notes.write(&doctor::of_box(Path::new("/"), settings.as_ref(), &clock))?;
    notes.write(&problems)?;
    if let Some(settings) = &settings {
        if problems.is_empty() {
            notes.write(&[doctor::sound(&args.config, settings)])?;
        }
        notes.write(&doctor::of_model(settings))?;
        notes.write(&doctor::of_certificates(settings, clock.wall()))?;
        notes.write(doctor::of_broker(settings).as_slice())?;
        notes.write(&doctor::of_cameras(settings))?;
    }
    Ok(match (problems.is_empty(), notes.worst) {
        (false, _) => ExitCode::from(2),
        (true, Severity::Broken) => ExitCode::FAILURE,
        (true, Severity::Warning | Severity::Good) => ExitCode::SUCCESS,
    })
}

struct Notes<W> {
    languages: Languages,
    out: W,
    worst: Severity,
}

impl<W: Write> Notes<W> {
    fn write(&mut self, findings: &[Finding]) -> Result<()> {
        for finding in findings {
            writeln!(self.out, "{}", text(finding, self.languages))?;
            self.worst = self.worst.max(finding.severity);
        }
        Ok(self.out.flush()?)
    }
}

fn text(finding: &Finding, languages: Languages) -> String {
    let (id, en) = match finding.severity {
        Severity::Good => ("[baik]  ", "[good]   "),
        Severity::Warning => ("[awas]  ", "[warn]   "),
        Severity::Broken => ("[rusak] ", "[broken] "),
    };
    match languages {
        Languages::Id => format!("{id}{}: {}", finding.what.id(), finding.id),
        Languages::En => format!("{en}{}: {}", finding.what.en(), finding.en),
        // The same in both languages (a temperature, a name) is said once.
        Languages::Both if finding.id == finding.en => format!("{id}{}: {}", heading(finding), finding.id),
        Languages::Both => format!("{id}{}: {}\n{}{}", heading(finding), finding.id, " ".repeat(id.len()), finding.en),
    }
}

/// `suhu / temperature`; `broker` once.
fn heading(finding: &Finding) -> String {
    let (id, en) = (finding.what.id(), finding.what.en());
    if id == en { id } else { format!("{id} / {en}") }
}
