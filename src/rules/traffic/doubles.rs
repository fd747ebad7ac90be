//! One thing must not count twice: two boxes around one lorry, a box around two cars, a passage that was guessed and then seen.

use std::collections::VecDeque;
use std::time::Duration;

use super::course::Passed;
use super::fragments::Group;
use crate::base::time::MediaTime;
use crate::scene::{Scene, SceneTrack};
use crate::track::TrackId;

/// What passed one line a moment ago.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubles {
    recent: VecDeque<(Option<TrackId>, Passed)>,
}

/// How long a passage is remembered: longer than a path waits to be continued.
const REMEMBERED: Duration = Duration::from_secs(6);
/// Tracks that passed in this time with boxes that overlap more than this are one thing. Motorcycles side by side overlap less.
const SAME_WITHIN: Duration = Duration::from_millis(1500);
const SAME_IOU: f32 = 0.6;
/// A box that began this short a time ago and is covered that much by older ones shows parts of other vehicles.
const GHOST_AGE: Duration = Duration::from_millis(1000);
const GHOST_COVERED: f32 = 0.75;
/// A guessed passage is that of another thing which passed within this time at this distance along the line, in L.
const GUESS_WITHIN: Duration = Duration::from_millis(700);
const GUESS_BESIDE_L: f32 = 0.8;

impl Doubles {
    pub(super) fn note(&mut self, track: Option<TrackId>, passed: Passed) {
        self.recent.push_back((track, passed));
    }

    pub(super) fn forget(&mut self, now: MediaTime) {
        self.recent.retain(|(_, passed)| now.since(passed.at) <= REMEMBERED);
    }

    pub(super) fn clear(&mut self) {
        self.recent.clear();
    }

    /// Whether what `track` shows has counted, or counts, under another number.
    pub(super) fn is_double(&self, track: &SceneTrack, passed: Passed, scene: &Scene<'_>) -> bool {
        is_ghost(track, scene) || self.has_passed_in_another_box(track, passed, scene)
    }

    fn has_passed_in_another_box(&self, track: &SceneTrack, passed: Passed, scene: &Scene<'_>) -> bool {
        let is_near = |other: &Passed| other.to == passed.to && apart(other.at, passed.at) <= SAME_WITHIN;
        let others = self.recent.iter().filter(|(id, other)| *id != Some(track.track.id) && is_near(other));
        others
            .filter_map(|(id, _)| scene.find((*id)?))
            .any(|other| other.track.is_observed && other.track.rect.iou(track.track.rect) > SAME_IOU)
    }

    /// Whether a passage that nobody saw is one that was seen: `l_along` is a car length along the line, in line lengths.
    pub(super) fn explains(&self, guess: Passed, l_along: f32) -> bool {
        self.recent.iter().any(|(_, passed)| {
            let is_beside = (passed.along - guess.along).abs() <= GUESS_BESIDE_L * l_along;
            passed.to == guess.to && is_beside && apart(passed.at, guess.at) <= GUESS_WITHIN
        })
    }
}

/// Two vehicles side by side get a third box around both for a moment.
fn is_ghost(track: &SceneTrack, scene: &Scene<'_>) -> bool {
    let (born, group, rect) = (track.track.first_seen.0, Group::of(track.track.class), track.track.rect);
    if group != Group::Vehicle || scene.at.media.since(born) > GHOST_AGE {
        return false;
    }
    let is_older = |other: &&SceneTrack| other.track.first_seen.0 < born && other.track.is_observed;
    let older = scene.tracks.iter().filter(is_older).filter(|other| Group::of(other.track.class) == group);
    older.map(|other| rect.share_inside(other.track.rect)).sum::<f32>() > GHOST_COVERED
}

fn apart(a: MediaTime, b: MediaTime) -> Duration {
    a.since(b).max(b.since(a))
}
