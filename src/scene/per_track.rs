//! Memory about tracks that forgets ended tracks by itself.

use super::SceneTrack;
use crate::track::TrackId;

/// One `T` for every track of the scene.
///
/// Invariant after [`PerTrack::keep_up`]: the entries are those of the scene's tracks, in the same order.
#[derive(Clone, Debug)]
pub struct PerTrack<T> {
    entries: Vec<(TrackId, T)>,
}

impl<T> Default for PerTrack<T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T> PerTrack<T> {
    /// Begins an entry for every new track and hands the entries of ended ones to `ended`.
    pub fn keep_up(&mut self, tracks: &[SceneTrack], mut begin: impl FnMut(&SceneTrack) -> T, mut ended: impl FnMut(TrackId, T)) {
        let mut index = 0;
        for track in tracks {
            let id = track.track.id;
            while self.entries.get(index).is_some_and(|(known, _)| *known < id) {
                let (known, value) = self.entries.remove(index);
                ended(known, value);
            }
            if self.entries.get(index).is_none_or(|(known, _)| *known != id) {
                self.entries.insert(index, (id, begin(track)));
            }
            index += 1;
        }
        for (known, value) in self.entries.drain(index..) {
            ended(known, value);
        }
    }

    /// The entries, ordered by id; parallel to the scene's tracks after [`PerTrack::keep_up`].
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    /// Ids and entries, ordered by id.
    pub fn iter(&self) -> impl Iterator<Item = (TrackId, &T)> {
        self.entries.iter().map(|(id, value)| (*id, value))
    }

    /// The entry at a position of the scene's tracks.
    pub fn at(&self, index: usize) -> &T {
        &self.entries[index].1
    }

    /// The entry at a position of the scene's tracks, to change.
    pub fn at_mut(&mut self, index: usize) -> &mut T {
        &mut self.entries[index].1
    }

    /// How many tracks are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes every entry out.
    pub fn drain(&mut self) -> impl Iterator<Item = T> {
        self.entries.drain(..).map(|(_, value)| value)
    }
}
