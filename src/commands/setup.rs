//! `simpang setup`: the first start on a box. Asks, or takes by flags and a file, who the box is, its cameras and its broker; looks at every camera;
//! writes a checked configuration; starts the unit.

mod answers;
mod ask_cameras;
mod cameras;
mod dialogue;
mod finish;
mod found;
mod look;
mod plan;
mod stage;
mod template;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::base::time::SystemClock;
use crate::config::settings::Settings;
use answers::Answers;
pub use answers::BadAnswers;
use dialogue::{Dialogue, Question};
use look::Watcher;
use plan::Plan;
use stage::Stage;

/// First start of a box: who it is, its cameras, its broker; asked for on a terminal, or given by flags or a file.
///
/// Without a terminal, or with `--yes`, nothing is asked. Ends with 0 when everything is done, with 1 when something that was tried failed (the
/// configuration is written all the same), with 2 when an answer is missing or wrong (nothing is written).
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where the configuration goes; the one that is there is kept beside it, with `.old` behind its name
    #[arg(long, value_name = "FILE", default_value = "/etc/simpang/site.toml")]
    output: PathBuf,
    /// Answers in a file, for fleets: the names of the flags with `_`, such as `site_name = "…"`; flags win
    #[arg(long, value_name = "FILE.toml")]
    answers: Option<PathBuf>,
    #[command(flatten)]
    given: Answers,
    /// Only search for cameras and print who answers
    #[arg(long)]
    discover_only: bool,
    /// Ask nothing, also on a terminal, and replace a configuration that is there
    #[arg(long)]
    yes: bool,
    /// Who is asked instead of everybody in the network
    #[arg(long, hide = true, value_name = "HOST:PORT")]
    discovery_address: Option<SocketAddr>,
}

/// Sets the box up.
///
/// # Errors
/// [`BadAnswers`] and [`crate::config::ConfigError`] when answers are missing or wrong; other errors when something that was tried failed.
pub fn run(args: Args) -> Result<()> {
    let answers = match &args.answers {
        Some(file) => args.given.clone().or(answers::read(file)?),
        None => args.given.clone(),
    };
    let search = found::Search { seconds: answers.discovery_seconds.unwrap_or(3), only: args.discovery_address };
    if args.discover_only {
        let found = found::search(&search, &SystemClock::new())?;
        print!("{}", found::listing(&found));
        return Ok(());
    }
    let mut dialogue = Dialogue::of(args.yes);
    if dialogue.is_silent() {
        answers.check_complete()?;
    }
    replace_or_not(&args, &mut dialogue)?;
    let stage = Stage::begin(&args.output)?;
    set_up(&stage, &answers, &search, &mut dialogue)
}

/// Refuses early, before anybody has typed anything.
fn replace_or_not(args: &Args, dialogue: &mut Dialogue) -> Result<()> {
    if !args.output.exists() || args.yes {
        return Ok(());
    }
    let exists = BadAnswers::Exists(args.output.clone());
    if dialogue.is_silent() {
        return Err(exists.into());
    }
    let path = args.output.display();
    let (indonesian, english) = (format!("{path} sudah ada. Ganti? Yang lama disimpan sebagai .old"), "it is there already; replace it?");
    if dialogue.agrees(&Question::new("--yes", &indonesian, english), false)? { Ok(()) } else { Err(exists.into()) }
}

fn set_up(stage: &Stage, answers: &Answers, search: &found::Search, dialogue: &mut Dialogue) -> Result<()> {
    let site = plan::site(answers, dialogue)?;
    let broker = plan::broker(answers, dialogue, stage)?;
    let watcher = Watcher { stage, site: &site, stills: answers.still.clone().unwrap_or_else(|| stage.beside("stills")) };
    let chosen = cameras::choose(&watcher, answers, search, dialogue)?;
    let mut failures = chosen.failures;
    if chosen.cameras.is_empty() {
        bail!("tidak ada kamera, jadi tidak ada yang ditulis / no camera, so nothing is written: {}", failures.join("; "));
    }
    let plan = Plan { site, broker, cameras: chosen.cameras };
    let text = template::configuration(&plan);
    let settings = stage.check(&text)?;
    failures.extend(greet_broker(&settings));
    let written = stage.install(&text)?;
    finish::report(stage.output(), written)?;
    let starts = answers.start || dialogue.agrees_to_start()?;
    finish::start_or_say(stage.output(), starts)?;
    if failures.is_empty() {
        Ok(())
    } else {
        bail!("konfigurasi ditulis, tetapi / the configuration is written, but {}", failures.join("; "))
    }
}

/// Says hello to the broker; what went wrong, if anything.
fn greet_broker(settings: &Settings) -> Option<String> {
    settings.mqtt.as_ref()?;
    match super::probes::broker(settings) {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("broker         {line}"));
            None
        }
        Err(error) => {
            println!("broker         {error:#}");
            Some(format!("broker: {error:#}"))
        }
    }
}
