//! Whether what crashed blocks its lane: for a whole cycle of the signal others wait behind it, and hardly anybody gets past.
//!
//! A red light does not last a whole cycle, a slow lane lets pass what it usually does, and where nobody waits nobody is held up. Where no rule knows the cycle
//! (a road without a signal, or nothing but this rule is configured) a usual one is assumed: two minutes without traffic are too long on a road without
//! a signal, too.

use std::time::Duration;

use super::discharge::{Discharge, Step};
use super::passing::{self, Stand};
use crate::scene::{Scene, SceneTrack};
use crate::track::TrackId;

/// Follows the traffic at one place. What is usual there is asked once.
#[derive(Clone, Debug)]
pub(super) struct Blockage {
    stand: Stand,
    /// In smp a second.
    usual: Option<f64>,
    /// As long as must be waited, in seconds.
    cycles_secs: f64,
    waiting: Option<Waiting>,
}

/// How long others have been waiting, and what has passed since then.
#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    secs: f64,
    /// Since somebody was seen to wait last.
    alone_secs: f64,
    passed_smp: f64,
}

/// Less than this share of what usually passes is next to nothing.
pub(super) const BLOCKED: f64 = 0.3;
/// While no cycle is known: the one that the congestion rule assumes, too.
const USUAL_CYCLE: Duration = Duration::from_secs(120);
/// In less time too few vehicles come to compare anything: several short cycles are taken.
const SHORTEST_SECS: f64 = 60.0;
/// Where less than this comes in that time, in smp, its absence says nothing.
const LEAST_SMP: f64 = 1.0;
/// When nobody was seen to wait for this long nobody waits: the next one comes up when the one before has found a way round.
const ALONE_SECS: f64 = 10.0;
/// Who waits stands within this distance behind, in L: nearer is a part of the wreck.
const BEHIND_L: [f32; 2] = [0.8, 8.0];
/// And this near beside, in L: who looks for a way past stands askew.
const IN_LINE_L: f32 = 0.6;
/// Standing for this long is waiting.
const WAITS: Duration = Duration::from_secs(4);

impl Blockage {
    /// Looks at the lane in which something came to `stand`.
    pub(super) fn new(scene: &Scene<'_>, discharge: &Discharge, stand: Stand) -> Self {
        let cycles_secs = whole_cycles_secs(scene.signal_cycle);
        let usual = discharge.usual(&stand).filter(|usual| usual * cycles_secs >= LEAST_SMP);
        Self { stand, usual, cycles_secs, waiting: None }
    }

    /// Takes one frame, which stands for `secs` seconds; `takes_part` says who belongs to the accident itself.
    pub(super) fn observe(&mut self, scene: &Scene<'_>, (discharge, secs): (&Discharge, f64), takes_part: impl Fn(TrackId) -> bool) {
        let Some(usual) = self.usual else { return };
        let others = |step: &&Step| !takes_part(step.track) && step.passes(&self.stand);
        let passed: f64 = discharge.steps().filter(others).map(|step| f64::from(step.smp)).sum();
        // Who waits behind it while it waits itself is held up by something else.
        let waits = is_waited_for(scene, &self.stand, &takes_part) && !passing::is_in_queue(scene, &self.stand, &takes_part);
        let known = self.waiting.or(waits.then(Waiting::default));
        let enough = |waiting: &Waiting| waiting.passed_smp >= BLOCKED * usual * waiting.secs.max(self.cycles_secs);
        let next = known.map(|waiting| Waiting {
            secs: waiting.secs + secs,
            alone_secs: if waits { 0.0 } else { waiting.alone_secs + secs },
            passed_smp: waiting.passed_smp + passed,
        });
        self.waiting = next.filter(|next| next.alone_secs < ALONE_SECS && !enough(next));
    }

    /// Nobody looked for a while: what passed then is not known.
    pub(super) fn was_unwatched(&mut self) {
        self.waiting = None;
    }

    /// Whether others wait, and hardly anybody has passed since they do: in a cycle it will be certain, or is.
    pub(super) fn may_be(&self) -> bool {
        self.waiting.is_some()
    }

    /// Which share of the usual passes, once it was next to nothing for a whole cycle.
    pub(super) fn share(&self) -> Option<f32> {
        let waiting = self.waiting.filter(|waiting| waiting.secs >= self.cycles_secs)?;
        self.usual.map(|usual| (waiting.passed_smp / (usual * waiting.secs)) as f32)
    }
}

/// A time that holds every phase equally often.
fn whole_cycles_secs(cycle: Option<Duration>) -> f64 {
    let cycle = cycle.unwrap_or(USUAL_CYCLE).as_secs_f64().max(1.0);
    cycle * (SHORTEST_SECS / cycle).ceil()
}

/// Whether somebody waits in the lane behind.
fn is_waited_for(scene: &Scene<'_>, stand: &Stand, takes_part: impl Fn(TrackId) -> bool) -> bool {
    let now = scene.at.media;
    let waits = |track: &SceneTrack| track.is_present(now) && track.standing_for(now) >= WAITS && !takes_part(track.track.id);
    let is_behind = |track: &SceneTrack| {
        let (ahead, beside) = stand.course.ahead_and_beside(stand.place, track.foot());
        (BEHIND_L[0] * stand.length..=BEHIND_L[1] * stand.length).contains(&-ahead) && beside <= IN_LINE_L * stand.length
    };
    scene.tracks.iter().filter(|track| track.track.class.is_vehicle()).any(|track| waits(track) && is_behind(track))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_cycles_are_waited_for_a_minute_at_least_and_two_minutes_where_none_is_known() {
        for (cycle, secs) in [(None, 120.0), (Some(25), 75.0), (Some(40), 80.0), (Some(60), 60.0), (Some(94), 94.0), (Some(200), 200.0)] {
            assert_eq!(whole_cycles_secs(cycle.map(Duration::from_secs)), secs, "{cycle:?}");
        }
    }
}
