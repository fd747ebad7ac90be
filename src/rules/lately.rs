//! Numbers of the last few tracks, so that none counts twice.

use crate::track::TrackId;

/// How many are remembered.
const REMEMBERED: usize = 16;

/// The last [`REMEMBERED`] of them; allocates nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lately {
    ids: [TrackId; REMEMBERED],
    /// How many there are, and where the next one goes.
    number: u8,
    next: u8,
}

impl Default for Lately {
    fn default() -> Self {
        Self { ids: [TrackId(0); REMEMBERED], number: 0, next: 0 }
    }
}

impl Lately {
    /// Whether `id` is one of them.
    pub(crate) fn has(&self, id: TrackId) -> bool {
        self.ids[..usize::from(self.number)].contains(&id)
    }

    /// Remembers `id`; the oldest one is forgotten when there are too many.
    pub(crate) fn note(&mut self, id: TrackId) {
        self.ids[usize::from(self.next)] = id;
        self.number = (self.number + 1).min(REMEMBERED as u8);
        self.next = (self.next + 1) % REMEMBERED as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sixteen_are_known_and_older_ones_are_not() {
        let mut lately = Lately::default();
        assert!(!lately.has(TrackId(0)), "nobody yet");
        (1..=40).for_each(|id| lately.note(TrackId(id)));
        let known: Vec<u32> = (0..=50).filter(|id| lately.has(TrackId(*id))).collect();
        assert_eq!(known, (25..=40).collect::<Vec<_>>());
    }
}
