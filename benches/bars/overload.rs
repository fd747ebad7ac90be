//! Eight cameras that want more than the box has: who gets how much, and how old frames are when their analysis is done.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use simpang::agent::Agent;
use simpang::base::time::{Clock, SystemClock};
use simpang::status::Board;

use super::machine::{median, millis, pause};
use super::stage::Stage;
use super::table::Table;

const CAMERAS: usize = 8;
const INTERVAL_MS: f64 = 100.0;
const WARM: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(2);
const MEASURED: Duration = Duration::from_secs(40);

/// Adds the lines of this section.
pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let stage = Stage::new(CAMERAS, 1)?;
    let settings = stage.settings()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let agent = Agent::start(&settings, &clock)?;
    watch(agent.board(), &*clock, WARM);
    let seen = watch(agent.board(), &*clock, MEASURED);
    agent.stop(Duration::from_secs(1));

    let (analysed, dropped): (u64, u64) = (seen.analysed.iter().sum(), seen.dropped);
    let what = format!("{CAMERAS} cameras at 10 a second, {} copies of the model", settings.detector.sessions);
    let each = format!("{:?} frames each in {} s", seen.analysed, MEASURED.as_secs());
    table.at_least(&format!("fairness under overload (Jain's index), {what}"), (jain(&seen.analysed), 0.98), "", &each);
    table.at_least("overload: frames were dropped", (dropped as f64, 1.0), "frames", &format!("{analysed} analysed"));
    table.state("longest queue between decoding and analysis", "1 frame by construction: base::handoff::channel(1, DropOldest)");

    // Every copy is busy all the time, so the time of one analysis follows from how many were done.
    let inference = settings.detector.sessions as f64 * MEASURED.as_secs_f64() * 1e3 / analysed as f64;
    let mut ages = seen.ages;
    ages.sort_by(f64::total_cmp);
    let at = |share: f64| ages.get(((ages.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    let detail = format!(
        "median {:.0}, 99 % {:.0} ms; one analysis {inference:.0} ms; this machine let a thread wait {:.0} ms that had nothing to do but wake up",
        median(ages.clone()),
        at(0.99),
        seen.stall,
    );
    table.at_most(
        "age of the oldest frame when its analysis is done: two intervals and one inference",
        (at(1.0), 2.0 * INTERVAL_MS + inference),
        "ms",
        &detail,
    );
    Ok(())
}

/// What happened while somebody looked.
struct Seen {
    /// Frames by camera.
    analysed: Vec<u64>,
    dropped: u64,
    /// Milliseconds from when a frame was due to the end of its analysis, every frame.
    ages: Vec<f64>,
    /// Milliseconds by which the watching thread woke up too late, at worst: others are on this machine too.
    stall: f64,
}

fn watch(board: &Board, clock: &dyn Clock, length: Duration) -> Seen {
    let counters = || board.cameras.iter().map(simpang::status::CameraBoard::counters).collect::<Vec<_>>();
    let (began, first) = (clock.monotonic(), counters());
    let (mut last, mut ages, mut stall) = (first.clone(), Vec::new(), 0.0f64);
    while clock.monotonic().saturating_sub(began) < length {
        let asleep = clock.monotonic();
        pause(LOOK_EVERY);
        stall = stall.max(millis(clock.monotonic().saturating_sub(asleep + LOOK_EVERY)));
        for (camera, last) in board.cameras.iter().zip(&mut last) {
            let now = camera.counters();
            if now.analysed != last.analysed {
                ages.extend(now.latency_ms.map(f64::from));
            }
            *last = now;
        }
    }
    let analysed = last.iter().zip(&first).map(|(last, first)| last.analysed - first.analysed).collect();
    let dropped = last.iter().zip(&first).map(|(last, first)| last.dropped_frames - first.dropped_frames).sum();
    Seen { analysed, dropped, ages, stall }
}

/// (Σx)² / (n · Σx²): 1 when all get the same, 1/n when one gets everything (Jain, Chiu, Hawe: DEC-TR-301, 1984).
fn jain(shares: &[u64]) -> f64 {
    let sum: f64 = shares.iter().map(|&share| share as f64).sum();
    let squares: f64 = shares.iter().map(|&share| (share as f64).powi(2)).sum();
    sum * sum / (shares.len() as f64 * squares)
}
