//! What is remembered about every track, and about those that ended lately.

use std::collections::VecDeque;
use std::time::Duration;

use super::body::{Body, Past};
use crate::base::time::MediaTime;
use crate::scene::{PerTrack, Scene, SceneTrack};
use crate::track::TrackId;

/// One [`Body`] a track of the scene, in its order, and the last of those that are gone.
#[derive(Debug)]
pub(super) struct Memory {
    bodies: PerTrack<Body>,
    /// Oldest first.
    gone: VecDeque<Past>,
    /// Room for the ids of tracks that begin in one frame.
    begun: Vec<(TrackId, Option<Past>)>,
}

/// Ended tracks are remembered for this long.
const GONE_FOR: Duration = Duration::from_secs(3);
/// And so many of them: more is a picture in which nothing can be said.
const MOST: usize = 32;

impl Memory {
    pub(super) fn new() -> Self {
        Self { bodies: PerTrack::default(), gone: VecDeque::with_capacity(MOST), begun: Vec::with_capacity(MOST) }
    }

    /// Takes one frame.
    pub(super) fn observe(&mut self, scene: &Scene<'_>) {
        let now = scene.at.media;
        while self.gone.front().is_some_and(|past| now.since(past.sample.at) > GONE_FOR) {
            self.gone.pop_front();
        }
        self.find_predecessors(scene);
        let Self { bodies, gone, begun } = self;
        let past_of = |track: &SceneTrack| begun.iter().find(|(id, _)| *id == track.track.id).and_then(|(_, past)| *past);
        let ended = |_, body: Body| {
            if gone.len() == MOST {
                gone.pop_front();
            }
            gone.extend(body.last());
        };
        bodies.keep_up(scene.tracks, |track| Body::new(past_of(track)), ended);
        for (track, body) in scene.tracks.iter().zip(bodies.values_mut()) {
            body.past = body.past.filter(|past| !past.is_back(scene));
            body.observe(track, now);
        }
    }

    /// Forgets the session.
    pub(super) fn restart(&mut self) {
        *self = Self::new();
    }

    /// The body of the track at a position of the scene.
    pub(super) fn at(&self, index: usize) -> &Body {
        self.bodies.at(index)
    }

    /// The tracker took this one for another one.
    pub(super) fn mistake(&mut self, index: usize, now: MediaTime) {
        self.bodies.at_mut(index).mistake(now);
    }

    /// Every track of the scene with its body.
    pub(super) fn with<'a>(&'a self, scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a SceneTrack, &'a Body)> {
        scene.tracks.iter().zip(self.bodies.iter().map(|(_, body)| body))
    }

    /// Tracks that ended lately.
    pub(super) fn gone(&self) -> impl Iterator<Item = &Past> {
        self.gone.iter()
    }

    /// From whom each new track goes on: from one that the tracker still waits for, has given up before or gives up in this frame. The latest counts.
    fn find_predecessors(&mut self, scene: &Scene<'_>) {
        self.begun.clear();
        for track in scene.tracks {
            let id = track.track.id;
            if self.bodies.iter().any(|(known, _)| known == id) {
                continue;
            }
            let is_hidden = |id: TrackId| scene.find(id).is_none_or(|known| !known.track.is_observed);
            let hidden = self.bodies.iter().filter(|(id, _)| is_hidden(*id)).filter_map(|(_, body)| body.last());
            let past = hidden.chain(self.gone.iter().copied()).filter(|past| past.fits(track)).max_by_key(|past| past.sample.at);
            self.begun.push((id, past));
        }
    }
}
