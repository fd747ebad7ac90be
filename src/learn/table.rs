//! Ways of the vehicles as CSV, for whoever wants to judge the movements: a row a sighting.

use std::io::Write;

use super::Learned;
use super::movements::Known;
use super::proposal::Proposal;

/// Writes `journey,class,from,to,by,seconds,left,top,width,height` for what was between the gates: boxes in pixels; `from` and `to` are names of arms, `?`
/// when not known; `by` says whether both were `seen`, or one is known by the typical `path`.
///
/// # Errors
/// When `out` takes no more.
pub fn write_passages(out: &mut dyn Write, learned: &Learned, proposal: &Proposal) -> std::io::Result<()> {
    writeln!(out, "journey,class,from,to,by,seconds,left,top,width,height")?;
    for passage in &learned.passages {
        let journey = &learned.journeys[passage.journey];
        let name = |gate: Option<(usize, Known)>| gate.and_then(|(arm, _)| proposal.arms.get(arm)).map_or("?", String::as_str);
        let is_by_path = [passage.entry, passage.exit].into_iter().flatten().any(|(_, known)| known == Known::Path);
        let by = if is_by_path { "path" } else { "seen" };
        let head = format!("{},{},{},{},{by}", passage.journey, journey.class.name(), name(passage.entry), name(passage.exit));
        for spot in journey.spots.get(passage.spots.0..=passage.spots.1).unwrap_or_default() {
            let rect = spot.rect;
            writeln!(out, "{head},{:.3},{:.1},{:.1},{:.1},{:.1}", spot.at, rect.left, rect.top, rect.width, rect.height)?;
        }
    }
    Ok(())
}
