//! Whether traffic goes on beside what stands: it tells a crash from a queue.

use std::time::Duration;

use super::course::{Course, window};
use crate::base::geom::{Pixel, Point};
use crate::base::time::MediaTime;
use crate::rules::lately::Lately;
use crate::scene::{Scene, SceneTrack};
use crate::track::TrackId;

/// Counts who goes by one place in the direction that what stands there came in.
#[derive(Clone, Debug)]
pub(super) struct Passing {
    count: u32,
    lately: Lately,
}

/// Where and how something came to stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stand {
    pub(super) place: Point<Pixel>,
    /// How it came there.
    pub(super) course: Course,
    /// L there, in pixels.
    pub(super) length: f32,
}

/// A vehicle passes within this distance beside, in L: its own lane and the next one.
const BESIDE_L: f32 = 2.5;
/// Slower than this creeps in the same queue, in L/s.
const PASSING_L_S: f32 = 0.5;
/// Farther from the direction than this goes another way.
const SAME_WAY_DEG: f32 = 60.0;
/// Someone who stands ahead within this distance, in L, and this near beside, in L, is what a queue is made of ...
const AHEAD_L: [f32; 2] = [0.4, 4.0];
const IN_LINE_L: f32 = 1.0;
/// ... when it has been standing for this long.
const STANDS: Duration = Duration::from_secs(2);

impl Passing {
    pub(super) fn new() -> Self {
        Self { count: 0, lately: Lately::default() }
    }

    /// Goes on from what an earlier run counted.
    pub(super) fn recalled(count: u32) -> Self {
        Self { count, ..Self::new() }
    }

    /// How many.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Counts who goes by in this frame; `takes_part` says who belongs to the accident itself.
    pub(super) fn observe(&mut self, scene: &Scene<'_>, stand: &Stand, takes_part: impl Fn(TrackId) -> bool) {
        for track in scene.tracks.iter().filter(|track| track.track.is_observed && track.track.class.is_vehicle()) {
            let id = track.track.id;
            if !takes_part(id) && !self.lately.has(id) && goes_by(track, stand) {
                self.count = self.count.saturating_add(1);
                self.lately.note(id);
            }
        }
    }
}

/// Whether the track was behind at its last sighting but one and is now beside or ahead.
fn goes_by(track: &SceneTrack, stand: &Stand) -> bool {
    if track.speed_l_s.is_none_or(|speed| speed < PASSING_L_S) {
        return false;
    }
    let Some(before) = track.trail().iter().rev().nth(1) else { return false };
    let (was, _) = stand.course.ahead_and_beside(stand.place, before.rect.foot());
    let (is, beside) = stand.course.ahead_and_beside(stand.place, track.foot());
    was < 0.0 && is >= 0.0 && beside <= BESIDE_L * stand.length && goes_so(track, stand)
}

fn goes_so(track: &SceneTrack, stand: &Stand) -> bool {
    let course = Course::of_foot(window(track.trail(), MediaTime::ZERO, track.track.last_seen), track.stretch);
    course.is_some_and(|course| course.turned_from(stand.course) <= SAME_WAY_DEG)
}

/// Whether others who do not take part stand right ahead: then it waits behind them.
pub(super) fn is_in_queue(scene: &Scene<'_>, stand: &Stand, takes_part: impl Fn(TrackId) -> bool) -> bool {
    let now = scene.at.media;
    let waits_ahead = |track: &SceneTrack| {
        let (ahead, beside) = stand.course.ahead_and_beside(stand.place, track.foot());
        (AHEAD_L[0] * stand.length..=AHEAD_L[1] * stand.length).contains(&ahead) && beside <= IN_LINE_L * stand.length
    };
    let others = scene.tracks.iter().filter(|track| track.track.class.is_vehicle() && !takes_part(track.track.id));
    others.filter(|track| track.is_present(now) && track.standing_for(now) >= STANDS).any(waits_ahead)
}
