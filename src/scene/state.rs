//! One camera's memory from frame to frame.

use super::car_length::{CarLengthMap, Cell, own_length};
use super::flow_field::FlowField;
use super::foreshortening::Foreshortening;
use super::scene_track::{Scale, SceneTrack};
use super::trail::Trail;
use super::{PerTrack, Scene, SceneMemory};
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Pixel, Rect};
use crate::base::time::{MediaTime, Stamp};
use crate::track::Track;

/// Turns each frame's tracks into a [`Scene`]. Allocates only when a track begins, and then reuses the memory of ended ones.
#[derive(Debug, Default)]
pub struct SceneState {
    tracks: Vec<SceneTrack>,
    voted: PerTrack<Option<Cell>>,
    car_length: CarLengthMap,
    foreshortening: Foreshortening,
    flow: FlowField,
    spare: Vec<Trail>,
    last: Option<MediaTime>,
    /// Size of the pictures that were learned from: another one is another view.
    size: Option<FrameSize>,
}

impl SceneState {
    /// Has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A new session: tracks and times of the old one mean nothing now. What was learned about sizes and directions stays, the
    /// view is the same.
    pub fn restart(&mut self) {
        self.spare.extend(self.tracks.drain(..).map(SceneTrack::into_trail));
        self.voted = PerTrack::default();
        self.flow.restart();
        self.last = None;
    }

    /// Takes what the tracker says about one frame. Time that runs backwards is a new session; another picture size is another view.
    pub fn observe(&mut self, at: Stamp, size: FrameSize, tracks: &[Track]) -> Scene<'_> {
        if self.last.is_some_and(|last| at.media < last) || self.size != Some(size) {
            self.restart();
        }
        if self.size.replace(size) != Some(size) {
            self.car_length = CarLengthMap::new();
            self.foreshortening = Foreshortening::default();
        }
        let since_last = self.last.map(|last| at.media.since(last));
        self.last = Some(at.media);
        self.follow(at, size, tracks);
        self.learn(size);
        self.flow.learn(size, &self.tracks, since_last.unwrap_or_default().as_secs_f64());
        let (tracks, flow, car_lengths) = (&self.tracks, &self.flow, &self.car_length);
        Scene { at, since_last, size, tracks, flow, car_lengths, foreground: None, known: &[], signal_cycle: None }
    }

    /// What was learned, for the next run of the program; `None` before the first frame.
    pub fn memory(&self) -> Option<SceneMemory> {
        let size = self.size?;
        Some(SceneMemory {
            width: size.width,
            height: size.height,
            car_length: self.car_length.memory(),
            foreshortening: self.foreshortening,
            flow: self.flow.memory(),
        })
    }

    /// Goes on from what an earlier run learned, as long as the pictures have the same size.
    pub fn recall(&mut self, memory: &SceneMemory) {
        let size = FrameSize::new(memory.width, memory.height);
        self.size = Some(size);
        self.car_length.recall(&memory.car_length);
        self.foreshortening = memory.foreshortening;
        self.flow.recall(size, &memory.flow);
    }

    /// Which way traffic goes at each place, as far as it is known.
    pub fn flow(&self) -> &FlowField {
        &self.flow
    }

    fn follow(&mut self, at: Stamp, size: FrameSize, tracks: &[Track]) {
        let mut index = 0;
        while index < self.tracks.len() {
            let id = self.tracks[index].track.id;
            if tracks.iter().any(|track| track.id == id) {
                index += 1;
            } else {
                self.spare.push(self.tracks.remove(index).into_trail());
            }
        }
        for &track in tracks {
            let cell = CarLengthMap::cell(size, track.rect.foot());
            let length = self.car_length.at(cell, track.class, track.rect);
            let scale = Scale { car_length: length, stretch: self.foreshortening.stretch(size, track.rect.foot().y) };
            match self.tracks.binary_search_by_key(&track.id, |known| known.track.id) {
                Ok(known) => self.tracks[known].update(track, scale, at),
                Err(place) => {
                    let trail = self.spare.pop().unwrap_or_else(Trail::new);
                    self.tracks.insert(place, SceneTrack::new(track, scale, at, trail));
                }
            }
        }
    }

    fn learn(&mut self, size: FrameSize) {
        self.voted.keep_up(&self.tracks, |_| None, |_, _| {});
        for (track, voted) in self.tracks.iter().zip(self.voted.values_mut()) {
            let cell = CarLengthMap::cell(size, track.foot());
            if track.track.is_observed && *voted != Some(cell) && is_whole(size, track.track.rect) {
                *voted = Some(cell);
                self.car_length.vote(cell, track.track.class, track.track.rect);
                if let Class::Car | Class::Motorcycle = track.track.class {
                    self.foreshortening.vote(size, track.foot().y, own_length(track.track.class, track.track.rect));
                }
            }
        }
    }
}

/// A box at the edge of the picture shows only part of a car.
fn is_whole(size: FrameSize, rect: Rect<Pixel>) -> bool {
    const EDGE_PX: f32 = 2.0;
    rect.left > EDGE_PX && rect.top > EDGE_PX && rect.right() < size.width as f32 - EDGE_PX && rect.bottom() < size.height as f32 - EDGE_PX
}
