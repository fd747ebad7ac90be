//! Heap allocations from decoded frame to tracks, counted.

use anyhow::{Context, Result};
use simpang::detect::Pool;

use super::bare::{Taped, copy_of_the_model};
use super::cost::pipeline;
use super::counting::Count;
use super::stage::{self, Stage};
use super::table::Table;

/// Frames until every buffer has its size.
const WARM: usize = 200;
const MEASURED: usize = 400;

/// Adds the lines of this section.
pub(crate) fn measure(table: &mut Table) -> Result<()> {
    for crops in [0, 1] {
        let settings = Stage::new(1, crops)?.settings()?;
        let camera = settings.cameras.first().context("the stage has a camera")?;
        let (model, copy) = copy_of_the_model(&settings.detector)?;
        let (taped, tape) = Taped::new(copy);
        let pool = Pool::with_copies(model.contract().clone(), vec![Box::new(taped)])?;
        let mut pipeline = pipeline(&settings, camera, &pool)?;
        let mut spent = Count::default();
        let mut findings = 0;
        for (number, frame) in stage::frames()?.take(WARM + MEASURED).enumerate() {
            let frame = frame?;
            if number == WARM {
                (tape.lock().expect("no holder panics").inside, spent, findings) = (Count::default(), Count::default(), 0);
            }
            let before = Count::now();
            let step = pipeline.step(&frame)?;
            spent = spent.plus(Count::now().since(before));
            findings += step.findings.crossings.len() + step.findings.events.len();
        }
        let inside = tape.lock().expect("no holder panics").inside;
        let ours = spent.since(inside);
        let looks = if crops == 0 { "whole picture only" } else { "one closer look" };
        table.at_most(
            &format!("heap allocations in our code, decoded frame to findings, {looks}"),
            (ours.all as f64, 0.0),
            "",
            &format!("in {MEASURED} frames with {findings} crossings and event messages ({} by Rust code)", ours.rust),
        );
        let per_frame = |count: u64| count as f64 / MEASURED as f64;
        table.state(
            &format!("allocations inside the runtime's call, {looks}"),
            &format!("{:.1} a frame, {:.1} of them by the Rust binding", per_frame(inside.all), per_frame(inside.rust)),
        );
    }
    Ok(())
}
