//! `simpang calibrate`: draws what a calibration says over a picture, and the figures beside it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::choose::choose;
use crate::base::geom::{FrameSize, Line};
use crate::base::ground::MOST_RESIDUAL_M;
use crate::base::time::WallTime;
use crate::config::settings::{Calibration, CheckDistance};
use crate::config::{ConfigError, check};
use crate::source::file::FileFrames;
use crate::vision::{Canvas, draw_distance, draw_ground};

/// Draws the grid of a camera's calibration over a picture.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Configuration with the calibration
    #[arg(long)]
    config: PathBuf,
    /// Which camera; may be left out when there is one
    #[arg(long)]
    camera: Option<String>,
    /// A still or a film of the camera; of a film, the first picture is taken
    #[arg(long, value_name = "STILL|FILM")]
    input: PathBuf,
    /// Where the picture with the grid goes; the ending chooses the format (.png, .jpg)
    #[arg(long)]
    output: PathBuf,
}

/// Draws, and prints residuals, check distances, the covered area and how far speeds may be off.
///
/// # Errors
/// A configuration or calibration with problems ([`ConfigError`]), a camera without calibration, a picture that cannot be read or written.
pub fn run(args: &Args) -> Result<()> {
    let calibration = calibration(&args.config, args.camera.as_deref())?;
    let mut frames = FileFrames::open(&args.input, WallTime::from_micros(0))?;
    let frame = frames.next().with_context(|| format!("`{}` has no picture", args.input.display()))??;
    let size = frame.size();
    let mut canvas = Canvas::from_frame(&frame)?;
    draw_ground(&mut canvas, &calibration.ground, size)?;
    for distance in &calibration.distances {
        draw_distance(&mut canvas, Line::new(distance.from, distance.to), &said(&calibration, distance), size)?;
    }
    canvas.into_still()?.save(&args.output).with_context(|| format!("cannot write `{}`", args.output.display()))?;
    print!("{}", report(&calibration, size));
    println!("the grid is in {}: see whether its lines follow the road, also far away", args.output.display());
    Ok(())
}

/// Of this camera. One that was refused says why, as `check` does.
fn calibration(config: &Path, camera: Option<&str>) -> Result<Calibration> {
    let loaded = check::load(config)?;
    if let Some(refused) = loaded.refused.into_iter().find(|refused| camera == Some(refused.camera.as_str())) {
        return Err(ConfigError::Refused { path: config.to_owned(), problems: refused.problems }.into());
    }
    let camera = choose(&loaded.settings, camera)?;
    camera.calibration.clone().with_context(|| {
        format!(
            "camera `{0}` has no calibration: write at least four points under [cameras.{0}.calibration], see docs/configuration.md",
            camera.id
        )
    })
}

fn report(calibration: &Calibration, size: FrameSize) -> String {
    let ground = &calibration.ground;
    let mut text = String::new();
    for (number, (point, off)) in (1..).zip(ground.points().iter().zip(ground.residuals_m())) {
        // Infallible: `fmt::Write` for `String` does not fail.
        let _ = writeln!(
            text,
            "point {number} at ({}, {}) m: {:.2} m off, {:.3} m a pixel, speeds within {:.0} %",
            point.ground.x,
            point.ground.y,
            off.unwrap_or_default(),
            ground.metres_per_pixel(point.image, size).unwrap_or_default(),
            ground.speed_uncertainty_pct(point.image).unwrap_or_default()
        );
    }
    for (number, distance) in (1..).zip(&calibration.distances) {
        let _ = writeln!(text, "distance {number}: {}", said(calibration, distance));
    }
    let (near, far) = ground.speed_uncertainty_range_pct();
    let _ = writeln!(text, "residual {:.2} m, at most {MOST_RESIDUAL_M} m a point", ground.residual_m());
    if ground.points().len() == 4 {
        text += "four points always fit: only check distances and the grid show a mistake\n";
    }
    let _ = writeln!(text, "covered {:.0} m²", ground.covered_m2());
    let _ = writeln!(text, "speedUncertaintyPct {near:.0} near, {far:.0} far, for 19 of 20 speeds over 10 m or more");
    text
}

/// `9.87 m, measured 10 m (-1.3 %)`
fn said(calibration: &Calibration, distance: &CheckDistance) -> String {
    let metres = calibration.ground.distance_m(distance.from, distance.to).unwrap_or_default();
    format!("{metres:.2} m, measured {} m ({:+.1} %)", distance.metres, distance.error_pct(&calibration.ground).unwrap_or_default())
}
