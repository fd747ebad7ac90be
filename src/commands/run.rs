//! `simpang run`: the agent.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::agent::Agent;
use crate::base::time::{Clock, SystemClock};
use crate::config::check;
use crate::doctor::{self, Finding, Severity};

/// Watches the cameras of a configuration until it is stopped.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The configuration
    #[arg(long)]
    config: PathBuf,
    /// Stop by itself after so many seconds (tests and measurements)
    #[arg(long)]
    seconds: Option<u64>,
}

/// Runs it.
///
/// # Errors
/// What a restart would not mend: configuration, model, durable queue, page.
pub fn run(args: Args) -> Result<()> {
    super::logging::start();
    let wish = super::stop::Wish::listen()?;
    let loaded = check::load(&args.config)?;
    for refused in &loaded.refused {
        for problem in &refused.problems {
            tracing::error!("camera `{}` is left out: {}:{problem}", refused.camera, args.config.display());
        }
    }
    let settings = loaded.settings;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let agent = Agent::start(&settings, &clock)?;
    tell(&doctor::at_start(&settings, clock.as_ref()));
    if let Some(address) = agent.page_address() {
        tracing::info!("local page: http://{address}");
    }
    tracing::info!(site = %settings.site.id, cameras = settings.cameras.len(), "watching");
    agent.block_on(wish.come(args.seconds.map(Duration::from_secs)));
    tracing::info!("stopping");
    if let Some(status) = agent.stop(super::stop::PATIENCE) {
        tracing::info!(accepted = status.accepted, delivered = status.delivered, waiting = status.depth, "stopped");
    }
    Ok(())
}

/// What keeps this box from its work although it has started.
fn tell(findings: &[Finding]) {
    for Finding { severity, what, en, .. } in findings {
        match severity {
            Severity::Good => {}
            Severity::Warning => tracing::warn!("{}: {en}", what.en()),
            Severity::Broken => tracing::error!("{}: {en}", what.en()),
        }
    }
}
