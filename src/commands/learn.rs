//! `simpang learn`: watches a recording and proposes lanes, approaches, stop lines, gates and movements as configuration to review.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::choose::choose;
use super::recording::{Recording, RecordingArgs};
use super::{progress, unwritable};
use crate::base::time::WallTime;
use crate::config::check::{self, Surroundings};
use crate::config::settings::{CameraSettings, Settings};
use crate::config::{ConfigError, Problem};
use crate::decode::Frame;
use crate::learn::{self, Counting, Given, Learned, Proposal, Remark, Sighting, Watch};
use crate::pipeline::{Pipeline, Step};
use crate::rules::RuleSet;
use crate::vision::view::{CameraView, ViewState};
use crate::vision::{Canvas, Colour};

/// Watches a recording and proposes lanes, stop lines and gates as configuration, with the movements it saw beside them.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Configuration that describes the camera; lines and zones need not be in it
    #[arg(long)]
    config: PathBuf,
    /// Which camera of the configuration the recording stands for; may be left out when there is one
    #[arg(long)]
    camera: Option<String>,
    #[command(flatten)]
    recording: RecordingArgs,
    /// Where the configuration with the proposal goes; put it beside the one it was made from, whose paths it keeps
    #[arg(long, value_name = "FILE.toml", default_value = "proposal.toml")]
    out: PathBuf,
    /// Where a picture of the proposal goes (.png, .jpg)
    #[arg(long, value_name = "FILE.png")]
    picture: Option<PathBuf>,
    /// Write each vehicle's way with its movement as CSV
    #[arg(long, value_name = "FILE.csv")]
    passages_out: Option<PathBuf>,
}

/// Where there is no picture, one draws on this.
const ASPHALT: Colour = Colour(52, 54, 58);

/// Watches, proposes, writes, and prints what is not known.
///
/// # Errors
/// Bad configuration, a recording that cannot be read or shows too little, an output that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let loaded = check::load(&args.config)?;
    let camera = choose(&loaded.settings, args.camera.as_deref())?;
    let mut seen = watch(args, &loaded.settings, camera)?;
    let learned = learn::learn(&seen.watch)?;
    let given = Given { taken: taken(&loaded.settings), bearing_deg: camera.bearing_deg };
    let mut proposal = Proposal::of(&learned, &seen.watch, &given);
    write_configuration(args, camera, &mut proposal)?;
    if let Some(path) = &args.picture {
        draw(path, seen.picture.take(), &proposal)?;
    }
    if let Some(path) = &args.passages_out {
        write_passages(path, &learned, &proposal)?;
    }
    print!("{}", report(args, &proposal));
    // What could be read was learned from all the same; the exit code says that it is not everything.
    seen.cut_off.map_or(Ok(()), Err)
}

/// What was seen of a recording.
struct Seen {
    watch: Watch,
    /// One of its pictures, for drawing; `None` of recorded detections.
    picture: Option<Frame>,
    cut_off: Option<anyhow::Error>,
}

/// Goes through the recording as the agent would, without rules.
fn watch(args: &Args, settings: &Settings, camera: &CameraSettings) -> Result<Seen> {
    let start = WallTime::from_micros(0);
    let (mut frames, detector, track) = args.recording.open(camera, &settings.detector, start)?;
    let without_rules = CameraSettings { rules: Vec::new(), ..camera.clone() };
    let view = camera.view.clone().filter(|_| frames.has_pictures()).map(CameraView::new);
    let rules = RuleSet::build(&without_rules, &settings.site.source())?;
    let mut pipeline = Pipeline::new(detector, &track, rules).watching(view);
    let bar = progress::bar(frames.frame_count(), "learn");
    let has_pictures = frames.has_pictures();
    let (mut watch, mut picture, mut cut_off) = (None, None, None);
    for frame in &mut frames {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                cut_off = Some(error.into());
                break;
            }
        };
        bar.inc(1);
        let watch = watch.get_or_insert_with(|| Watch::new(frame.size()));
        see(watch, &frame, &pipeline.step(&frame)?);
        picture = Some(frame).filter(|_| has_pictures);
    }
    bar.finish_and_clear();
    let watch = watch.with_context(|| match frames {
        Recording::Film(_) => "rekaman tidak berisi gambar; periksa berkasnya / the recording has no picture; check the file",
        Recording::Detections(_) => {
            "deteksi tidak berisi satu bingkai pun; periksa berkasnya / the detections have not one frame; check the file"
        }
    })?;
    Ok(Seen { watch, picture, cut_off })
}

/// Notes what is followed in a frame, from the first detection of each on.
fn see(watch: &mut Watch, frame: &Frame, step: &Step<'_>) {
    let at = frame.stamp().media;
    watch.frame(at.as_secs_f64());
    if step.view != ViewState::Holds {
        return;
    }
    for track in step.tracks.iter().filter(|track| track.is_observed) {
        let (first_at, first_rect) = track.first_seen;
        watch.see(track.id.0, track.class, Sighting { at: first_at.as_secs_f64(), rect: first_rect });
        watch.see(track.id.0, track.class, Sighting { at: at.as_secs_f64(), rect: track.rect });
    }
}

/// Ids of lines and zones of the whole box: topics name them without the camera.
fn taken(settings: &Settings) -> BTreeSet<String> {
    let ids = settings.cameras.iter().flat_map(|camera| camera.lines.keys().chain(camera.zones.keys()));
    ids.map(ToString::to_string).collect()
}

/// Writes the configuration, after having checked it as `simpang check` would.
fn write_configuration(args: &Args, camera: &CameraSettings, proposal: &mut Proposal) -> Result<()> {
    let original = std::fs::read_to_string(&args.config).with_context(|| format!("cannot read `{}` again", args.config.display()))?;
    let counting = match why_not_between_gates(args, &original, camera, proposal) {
        Some(remark) => {
            proposal.remarks.push(remark);
            Counting::Lines
        }
        None => Counting::Movements,
    };
    let text = learn::configuration(&original, &camera.id, proposal, counting);
    let checked = check::load_text(&text, &args.out, &Surroundings::of(&args.config))?;
    let problem = checked.refused.iter().find(|refused| refused.camera == camera.id.as_str()).and_then(|refused| refused.problems.first());
    if let Some(Problem { path, what, .. }) = problem {
        let config = args.config.display();
        anyhow::bail!(
            "usulan tidak cocok dengan `{config}`: {path} {what}; tulis garis, zona dan aturan kamera sebagai tabel tersendiri, atau hapus \
             / the proposal does not go with `{config}`: {path} {what}; write the camera's lines, zones and rules as tables of their own, or leave them out"
        );
    }
    std::fs::write(&args.out, text).with_context(|| unwritable(&args.out))
}

/// Why turning movements cannot be counted between the proposed gates; `None` when they can.
fn why_not_between_gates(args: &Args, original: &str, camera: &CameraSettings, proposal: &Proposal) -> Option<Remark> {
    if has_gates(original, camera.id.as_str()) {
        return Some(Remark::GatesThere);
    }
    let text = learn::configuration(original, &camera.id, proposal, Counting::Movements);
    let problems = match check::load_text(&text, &args.out, &Surroundings::of(&args.config)) {
        Ok(checked) => checked.problems(),
        Err(ConfigError::Refused { problems, .. }) => problems,
        Err(_) => Vec::new(),
    };
    let table = format!("cameras.{}.gates", camera.id);
    let problem = problems.into_iter().find(|problem| problem.path.starts_with(&table))?;
    Some(Remark::GatesRefused { what: format!("{} {}", problem.path, problem.what) })
}

/// Whether the text has gates, or a rule that counts between them, for this camera.
fn has_gates(text: &str, camera: &str) -> bool {
    let file: Option<toml::Table> = toml::from_str(text).ok();
    let camera = file.as_ref().and_then(|file| file.get("cameras")?.get(camera));
    camera.is_some_and(|camera| camera.get("gates").is_some() || camera.get("rules").is_some_and(|rules| rules.get("movements").is_some()))
}

fn draw(path: &Path, picture: Option<Frame>, proposal: &Proposal) -> Result<()> {
    let mut canvas = match &picture {
        Some(frame) => Canvas::from_frame(frame)?,
        None => Canvas::plain(proposal.view.size(), ASPHALT)?,
    };
    learn::draw(&mut canvas, proposal)?;
    canvas.into_still()?.save(path).with_context(|| unwritable(path))
}

fn write_passages(path: &Path, learned: &Learned, proposal: &Proposal) -> Result<()> {
    let mut out = BufWriter::new(File::create(path).with_context(|| unwritable(path))?);
    learn::write_passages(&mut out, learned, proposal).and_then(|()| out.flush()).with_context(|| unwritable(path))
}

/// What is proposed and what is not known, for people.
fn report(args: &Args, proposal: &Proposal) -> String {
    let lanes = proposal.pieces.iter().filter(|piece| matches!(piece.piece_use, learn::PieceUse::Lane(_))).count();
    let stops = proposal.lines.iter().filter(|line| line.line_use == learn::LineUse::Stop).count();
    let (arms, movements) = (proposal.arms.len(), proposal.movements.len());
    let mut text =
        format!("{arms} lengan, {lanes} lajur, {stops} garis henti, {movements} gerakan, dari {} jejak kendaraan", proposal.vehicles);
    text +=
        &format!(" / {arms} arms, {lanes} lanes, {stops} stop lines, {movements} movements, from {} vehicle tracks\n", proposal.vehicles);
    for remark in &proposal.remarks {
        text += &format!("- {}\n  / {}\n", remark.indonesian(), remark.english());
    }
    let place = args.out.display();
    text + &format!("usulan ada di {place}: periksa, lalu pakai / the proposal is in {place}: review it, then use it\n")
}
