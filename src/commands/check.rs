//! `simpang check`: is this configuration good, and what does it mean?

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::config::settings::{Calibration, CameraSettings, RuleSettings, Settings, SourceSettings};
use crate::config::{ConfigError, check};

/// Say everything that is wrong with a configuration, or what it does when nothing is.
#[derive(clap::Args, Clone, Debug)]
pub struct CheckArgs {
    /// The configuration to look at.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Try the model, the cameras and the broker too.
    #[arg(long)]
    pub probe: bool,
}

/// Something outside the file that `--probe` tries out.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// What is tried, `cameras`.
    pub what: &'static str,
    /// Tries it: one line for each thing that works, an error with all that do not.
    pub run: fn(&Settings) -> Result<Vec<String>>,
}

/// Checks the file, then writes a summary to `out`; with `--probe` also what each of `probes` finds.
///
/// # Errors
/// A [`ConfigError`] when anything at all is wrong with the file, also with one camera only; another error when a probe fails.
pub fn run(args: &CheckArgs, probes: &[Probe], out: &mut dyn Write) -> Result<()> {
    let loaded = check::load(&args.file)?;
    let problems = loaded.problems();
    if !problems.is_empty() {
        return Err(ConfigError::Refused { path: args.file.clone(), problems }.into());
    }
    write!(out, "{} is good\n{}", args.file.display(), summary(&loaded.settings))?;
    if args.probe { probe(&loaded.settings, probes, out) } else { Ok(()) }
}

fn probe(settings: &Settings, probes: &[Probe], out: &mut dyn Write) -> Result<()> {
    if probes.is_empty() {
        bail!("this program was built without anything to probe with");
    }
    let mut failures = Vec::new();
    for probe in probes {
        match (probe.run)(settings) {
            Ok(lines) => lines.iter().try_for_each(|line| writeln!(out, "{}: {line}", probe.what))?,
            Err(error) => failures.push(format!("{}: {error:#}", probe.what)),
        }
    }
    if failures.is_empty() { Ok(()) } else { bail!("{}", failures.join("\n")) }
}

/// What the configuration means, in a few lines.
fn summary(settings: &Settings) -> String {
    let site = &settings.site;
    let mut text = format!("site     {} ({}, box {})\n", site.name, site.source(), site.device);
    text += &match &settings.mqtt {
        Some(mqtt) => {
            let how = if mqtt.tls.is_some() { "TLS" } else { "plain text on this machine" };
            format!("events   to {}:{} ({how}) under {}/{}/{}\n", mqtt.host, mqtt.port, mqtt.root, site.id, site.device)
        }
        None => "events   on standard output, because there is no [mqtt]\n".to_owned(),
    };
    text += &format!("queue    in {}, at most {} MB\n", settings.outbox.directory.display(), settings.outbox.max_bytes >> 20);
    if let Some(report) = &settings.report {
        text += &format!("report   in {}, {} days\n", report.folder.display(), report.keep.as_secs() / 86_400);
    }
    text += &match &settings.page {
        Some(page) => format!("page     http://{}/\n", page.listen),
        None => "page     switched off\n".to_owned(),
    };
    text += &match &settings.detector.model {
        Some(model) => format!("model    {}, {} at a time\n", model.display(), settings.detector.sessions),
        None => "model    none, everything is drawn\n".to_owned(),
    };
    settings.cameras.iter().for_each(|camera| text += &camera_summary(camera));
    text
}

fn camera_summary(camera: &CameraSettings) -> String {
    let source = match &camera.source {
        SourceSettings::Rtsp(rtsp) => rtsp.url.to_string(),
        SourceSettings::File { path, .. } => path.display().to_string(),
        SourceSettings::Simulated { seed } => format!("simulasi, seed {seed}"),
    };
    let mut text = format!("camera   {} ({}): {source}, at most {} frames a second\n", camera.id, camera.name, camera.analyse_fps);
    text += &camera.calibration.as_ref().map(calibration_summary).unwrap_or_default();
    for rule in &camera.rules {
        let (kind, name, place) = match rule {
            RuleSettings::LineCount(rule) => ("counts what passes", &rule.name, Some(&rule.line)),
            RuleSettings::ZoneOccupancy(rule) => ("counts what is in", &rule.name, Some(&rule.zone)),
            RuleSettings::Congestion(rule) => ("watches for congestion in", &rule.name, Some(&rule.zone)),
            RuleSettings::Crowd(rule) => ("watches for a crowd in", &rule.name, Some(&rule.zone)),
            RuleSettings::StoppedVehicle(rule) => ("watches for stopped vehicles in", &rule.name, Some(&rule.zone)),
            RuleSettings::WrongWay(rule) => ("watches for wrong-way vehicles in", &rule.name, Some(&rule.zone)),
            RuleSettings::PedestrianOnRoad(rule) => ("watches for people on foot in", &rule.name, Some(&rule.zone)),
            RuleSettings::Accident(rule) => ("watches for accidents in", &rule.name, rule.zone.as_ref()),
            RuleSettings::Movements(rule) => ("counts turning movements in", &rule.name, None),
            RuleSettings::Approach(rule) => ("measures", &rule.name, Some(&rule.zone)),
            RuleSettings::Debris(rule) => ("watches for things on the road in", &rule.name, Some(&rule.zone)),
        };
        let place = place.map_or("the whole picture", |place| place.as_str());
        text += &format!("         {name} {kind} {place}\n");
    }
    if camera.rules.is_empty() {
        text += "         no rules: it is shown, and nothing is measured\n";
    }
    text
}

fn calibration_summary(calibration: &Calibration) -> String {
    let ground = &calibration.ground;
    let (near, far) = ground.speed_uncertainty_range_pct();
    format!(
        "         calibrated by {} points: residual {:.2} m, {:.0} m² covered, speeds within {near:.0} % near and {far:.0} % far\n",
        ground.points().len(),
        ground.residual_m(),
        ground.covered_m2()
    )
}
