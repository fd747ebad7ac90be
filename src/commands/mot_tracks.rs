//! Tracks as rows of a MOTChallenge file, written when the whole film has been seen.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::time::MediaTime;
use crate::detect::Detection;
use crate::track::mot::MotTrack;
use crate::track::{Track, TrackId};

/// What was followed for less is left out, unless the film ended meanwhile: it was mostly a double box beside somebody, or half of somebody, and who passes
/// an intersection is in view for longer.
const SHORTEST: Duration = Duration::from_secs(1);
/// Gaps up to this length are filled along a straight line: who is seen before and after was there meanwhile.
const LONGEST_GAP: Duration = Duration::from_secs(1);

/// Collects until the end, because only then is it known which tracks last, and where those were which went unseen for a moment.
///
/// A live picture has neither: there a track is told of from its second detection on, and where it is hidden it is told of as hidden.
#[derive(Debug)]
pub(super) struct MotTracks {
    tracks: BTreeMap<TrackId, Vec<Seen>>,
    frames: Vec<(MediaTime, u32)>,
}

/// A box of a track, in the analysed frame of this index.
#[derive(Clone, Copy, Debug)]
struct Seen {
    frame: usize,
    detection: Detection,
}

impl MotTracks {
    pub(super) fn new() -> Self {
        Self { tracks: BTreeMap::new(), frames: Vec::new() }
    }

    /// Adds what is followed in the frame of this number (from 1) at `at`. Frames come in order.
    pub(super) fn add(&mut self, number: u32, at: MediaTime, tracks: &[Track]) {
        let frame = self.frames.len();
        self.frames.push((at, number));
        for track in tracks {
            let detection = |rect| Detection { rect, class: track.class, score: track.score };
            let seen = self.tracks.entry(track.id).or_default();
            // A track's first detection is known as such only when a second one confirms it.
            if seen.is_empty() {
                let (first_at, first_rect) = track.first_seen;
                let first = self.frames[..frame].iter().rposition(|&(at, _)| at <= first_at);
                seen.extend(first.map(|frame| Seen { frame, detection: detection(first_rect) }));
            }
            if track.is_observed {
                seen.push(Seen { frame, detection: detection(track.rect) });
            }
        }
    }

    /// All rows, ordered by frame and id.
    pub(super) fn into_rows(self) -> Vec<MotTrack> {
        let mut rows = Vec::new();
        for (&id, seen) in &self.tracks {
            if self.lasts(seen) {
                let row = |at: Seen| MotTrack { frame: self.frames[at.frame].1, id, detection: at.detection };
                rows.extend(seen.iter().copied().map(row));
                rows.extend(seen.windows(2).flat_map(|ends| self.between(ends[0], ends[1])).map(row));
            }
        }
        rows.sort_by_key(|row| (row.frame, row.id));
        rows
    }

    fn lasts(&self, seen: &[Seen]) -> bool {
        let (Some(first), Some(last)) = (seen.first(), seen.last()) else { return false };
        last.frame + 1 == self.frames.len() || self.since(*last, *first) >= SHORTEST
    }

    fn since(&self, later: Seen, earlier: Seen) -> Duration {
        self.frames[later.frame].0.since(self.frames[earlier.frame].0)
    }

    /// Where it was in the frames between these two, no surer than either.
    fn between(&self, from: Seen, to: Seen) -> impl Iterator<Item = Seen> + use<> {
        let frames = to.frame - from.frame;
        let is_short = self.since(to, from) <= LONGEST_GAP;
        let (a, b) = (from.detection.score, to.detection.score);
        let score = if a < b { a } else { b };
        (1..frames).filter(move |_| is_short).map(move |step| {
            let rect = from.detection.rect.towards(to.detection.rect, step as f32 / frames as f32);
            Seen { frame: from.frame + step, detection: Detection { rect, score, ..to.detection } }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::class::Class;
    use crate::base::geom::{Pixel, Point, Rect};
    use crate::detect::Score;

    const FPS: f64 = 10.0;

    fn at(frame: u32) -> MediaTime {
        MediaTime::from_secs_f64(f64::from(frame - 1) / FPS)
    }

    fn rect(frame: u32) -> Rect<Pixel> {
        Rect::new(10.0 * frame as f32, 50.0, 20.0, 40.0)
    }

    /// The frames of a film of which a track has rows that is seen in these.
    fn told(seen: &[u32], film: u32) -> Vec<u32> {
        let first = seen[0];
        let mut tracks = MotTracks::new();
        for frame in 1..=film {
            let track = Track {
                id: TrackId(1),
                rect: rect(frame),
                class: Class::Person,
                score: Score::new(0.8),
                velocity: Point::new(0.0, 0.0),
                is_observed: seen.contains(&frame),
                is_rider: false,
                first_seen: (at(first), rect(first)),
                last_seen: at(frame),
            };
            let is_followed = frame > first && frame <= seen[seen.len() - 1];
            tracks.add(frame, at(frame), if is_followed { std::slice::from_ref(&track) } else { &[] });
        }
        let rows = tracks.into_rows();
        for row in &rows {
            let wanted = rect(row.frame);
            assert!((row.detection.rect.left - wanted.left).abs() < 0.01 && row.detection.rect.area() > 0.0, "{row}");
        }
        rows.iter().map(|row| row.frame).collect()
    }

    #[test]
    fn a_track_is_written_from_its_first_detection_on() {
        let seen: Vec<u32> = (3..=20).collect();
        assert_eq!(told(&seen, 40), seen);
    }

    #[test]
    fn what_lasts_less_than_a_second_is_left_out_unless_the_film_ends() {
        let seen: Vec<u32> = (3..=12).collect();
        assert_eq!(told(&seen, 40), [0; 0], "0.9 s");
        assert_eq!(told(&seen, 12), seen, "who knows how long it would have been");
        assert_eq!(told(&[3, 13], 40).len(), 11, "1.0 s");
    }

    #[test]
    fn gaps_up_to_a_second_are_filled_on_the_line_and_longer_ones_are_not() {
        assert_eq!(told(&[1, 2, 5, 15, 16], 40), (1..=16).collect::<Vec<_>>());
        assert_eq!(told(&[1, 2, 5, 16, 17], 40), [1, 2, 3, 4, 5, 16, 17]);
    }
}
