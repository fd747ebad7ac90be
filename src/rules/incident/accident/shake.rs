//! Whether the camera itself moved: then everything jumps at once, and nothing of it happened on the road.

use std::time::Duration;

use crate::base::time::MediaTime;
use crate::scene::{Scene, SceneTrack};

/// Notices common jumps.
#[derive(Debug, Default)]
pub(super) struct Shake {
    latest: Option<MediaTime>,
    right: Vec<f32>,
    down: Vec<f32>,
}

/// Fewer tracks can jump together by chance.
const FEWEST: usize = 4;
/// Median jump between two frames, in L, that no traffic makes: a platoon that brakes hard at 8 frames a second makes 0.02.
const JUMP_L: f32 = 0.2;
/// What happened this near in time to a jump is not believed.
const AROUND: Duration = Duration::from_millis(1500);

impl Shake {
    /// Takes one frame.
    pub(super) fn observe(&mut self, scene: &Scene<'_>) {
        self.right.clear();
        self.down.clear();
        for track in scene.tracks.iter().filter(|track| track.track.is_observed) {
            if let Some((right, down)) = jump(track) {
                self.right.push(right);
                self.down.push(down);
            }
        }
        if self.right.len() >= FEWEST && median(&mut self.right).hypot(median(&mut self.down)) > JUMP_L {
            self.latest = Some(scene.at.media);
        }
    }

    /// Whether the camera moved around `at`.
    pub(super) fn is_near(&self, at: MediaTime) -> bool {
        self.latest.is_some_and(|latest| latest.since(at).max(at.since(latest)) <= AROUND)
    }
}

/// How far the latest box lies from where the two before it lead, in L.
pub(super) fn jump(track: &SceneTrack) -> Option<(f32, f32)> {
    let mut samples = track.trail().iter().rev();
    let (c, b, a) = (samples.next()?, samples.next()?, samples.next()?);
    let (earlier, later) = (b.at.since(a.at).as_secs_f32(), c.at.since(b.at).as_secs_f32());
    let share = (earlier > 0.0).then(|| later / earlier)?;
    let (a, b, c) = (a.rect.foot(), b.rect.foot(), c.rect.foot());
    let (right, down) = (c.x - b.x - share * (b.x - a.x), c.y - b.y - share * (b.y - a.y));
    let (right, down) = (right / track.car_length, down / track.car_length);
    (right.is_finite() && down.is_finite()).then_some((right, down))
}

fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}
