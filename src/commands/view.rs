//! `simpang view`: watches over the view of a recorded film without looking for anything in it. For setting the thresholds, and for `make view`.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use super::choose::choose;
use super::progress;
use crate::base::number::rounded;
use crate::base::time::{WallTime, thread_cpu};
use crate::config::check;
use crate::config::settings::ViewSettings;
use crate::decode::Frame;
use crate::source::file::FileFrames;
use crate::vision::foreground::Background;
use crate::vision::view::{CameraView, LookFigures, MarkFigures, ViewState};

/// Watches over the view of a recorded film.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The film: mp4, mkv, avi, anything libav reads
    #[arg(long)]
    input: PathBuf,
    /// Configuration whose thresholds are taken; without it, the defaults
    #[arg(long)]
    config: Option<PathBuf>,
    /// Which camera of the configuration the film stands for; may be left out when there is one
    #[arg(long, requires = "config")]
    camera: Option<String>,
    /// Print the figures of every look too
    #[arg(long)]
    looks: bool,
    /// Print what is new and does not move too, whether or not a rule would look at it
    #[arg(long)]
    foreground: bool,
}

/// Prints each change of the state as a JSON line, then a summary.
///
/// # Errors
/// Bad configuration, a film that cannot be read.
pub fn run(args: &Args) -> Result<()> {
    let mut view = CameraView::new(thresholds(args)?);
    let frames = FileFrames::open(&args.input, WallTime::from_micros(0))?;
    let bar = progress::bar(frames.frame_count(), "view");
    let (mut seen, mut spent, mut doubtful) = (0u64, std::time::Duration::ZERO, 0u64);
    let (mut changes, mut end, mut known) = (Vec::new(), 0.0, "ok");
    let mut background = args.foreground.then(Background::new);
    for frame in frames {
        let frame = frame?;
        let before = thread_cpu();
        let state = view.observe(&frame);
        spent += thread_cpu().saturating_sub(before);
        seen += 1;
        bar.inc(1);
        end = rounded(frame.stamp().media.as_secs_f64());
        doubtful += u64::from(state == ViewState::Doubtful);
        if args.looks && view.has_looked_at(&frame) {
            print_look(&view, end, state);
        }
        if let Some(background) = &mut background {
            background.observe(&frame);
            print_new(background, &frame);
        }
        let word = state.word();
        if word != known {
            known = word;
            changes.push(json!([end, word]));
        }
    }
    bar.finish_and_clear();
    println!("{}", json!({"summary": {"frames": seen, "seconds": end, "doubtful_frames": doubtful, "view": changes}}));
    eprintln!("CPU seconds: view {:.4}", spent.as_secs_f64());
    Ok(())
}

fn thresholds(args: &Args) -> Result<ViewSettings> {
    let Some(config) = &args.config else { return Ok(ViewSettings::default()) };
    Ok(choose(&check::load(config)?.settings, args.camera.as_deref())?.view.clone().unwrap_or_default())
}

/// What the latest look measured, at `at` seconds.
fn print_look(view: &CameraView, at: f64, state: ViewState) {
    let (figures, marks) = (view.figures().map(figures), view.marks().map(marks));
    println!("{}", json!({"at": at, "state": format!("{state:?}"), "figures": figures, "marks": marks}));
}

/// One line for each look: how much of the picture is new, and what of it stays.
fn print_new(background: &Background, frame: &Frame) {
    let Some(foreground) = background.foreground().filter(|foreground| foreground.looked() == frame.stamp().media) else { return };
    let cells = foreground.cells();
    let share = cells.iter().sum::<f32>() / cells.len().max(1) as f32;
    let of = |value: f32| rounded(f64::from(value));
    let regions: Vec<_> = foreground.regions().iter().map(|region| {
        let rect = region.rect;
        json!({
            "rect": [of(rect.left), of(rect.top), of(rect.width), of(rect.height)], "fill": of(region.fill), "secs": of(region.seen_secs),
            "visible": of(region.visible), "edges": of(region.edges), "brightness": of(region.brightness), "scatter": of(region.scatter),
        })
    }).collect();
    println!("{}", json!({"at": rounded(foreground.looked().as_secs_f64()), "new": of(share), "stays": regions}));
}

fn figures(figures: LookFigures) -> serde_json::Value {
    let of = |value: f32| rounded(f64::from(value));
    json!({
        "agree": of(figures.agree),
        "blank": of(figures.blank),
        "sharpness": of(figures.sharpness),
        "highlights": of(figures.highlights),
        "stray": figures.stray.map(of),
        "change": figures.change.map(of),
        "peak": figures.peak.map(of),
    })
}

fn marks(figures: MarkFigures) -> serde_json::Value {
    let of = |value: f32| rounded(f64::from(value));
    json!({"found": of(figures.found), "others": of(figures.others), "crispness": of(figures.crispness)})
}
