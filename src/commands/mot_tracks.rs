//! Tracks as rows of a MOTChallenge file, each from its first detection on.

use crate::base::time::MediaTime;
use crate::detect::Detection;
use crate::track::mot::MotTrack;
use crate::track::{Track, TrackId};

/// Collects until the end: a track's first detection is known as such only when a second one confirms it, and is put in its place afterwards.
#[derive(Debug)]
pub(super) struct MotTracks {
    rows: Vec<MotTrack>,
    frames: Vec<(MediaTime, u32)>,
    /// Ids are given in order: what is higher is new.
    known: TrackId,
}

impl MotTracks {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), frames: Vec::new(), known: TrackId(0) }
    }

    /// Adds what is followed in the frame of this number (from 1) at `at`. Frames come in order.
    pub(super) fn add(&mut self, number: u32, at: MediaTime, tracks: &[Track]) {
        self.frames.push((at, number));
        for track in tracks {
            let seen =
                |frame, rect| MotTrack { frame, id: track.id, detection: Detection { rect, class: track.class, score: track.score } };
            if track.id > self.known {
                self.known = track.id;
                let (first_at, first_rect) = track.first_seen;
                let first = self.frames.iter().rev().find(|&&(at, _)| at <= first_at);
                if let Some(&(_, first)) = first
                    && first < number
                {
                    self.rows.push(seen(first, first_rect));
                }
            }
            if track.is_observed {
                self.rows.push(seen(number, track.rect));
            }
        }
    }

    /// All rows, ordered by frame and id.
    pub(super) fn into_rows(mut self) -> Vec<MotTrack> {
        self.rows.sort_by_key(|row| (row.frame, row.id));
        self.rows
    }
}
