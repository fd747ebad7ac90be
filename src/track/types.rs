//! What the tracker says about one thing on the road.

use crate::base::class::Class;
use crate::base::geom::{Pixel, Point, Rect};
use crate::base::time::MediaTime;
use crate::detect::Score;

/// Identity within one session of one camera, from 1. Never reused before a restart, meaningless beyond the box (privacy).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TrackId(pub u32);

/// A confirmed thing, as it is at one frame.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Track {
    /// Who.
    pub id: TrackId,
    /// Where now, in pixels of the source. Detector's box where it was seen, prediction where it was not.
    pub rect: Rect<Pixel>,
    /// What, by vote over its detections.
    pub class: Class,
    /// Score of the latest detection.
    pub score: Score,
    /// Speed of the centre in pixels per second, from the motion model.
    pub velocity: Point<Pixel>,
    /// Whether a detection supports it in this very frame. Rules that count things use observed tracks only.
    pub is_observed: bool,
    /// Whether this is a person riding a two-wheeler: never a pedestrian, never part of a crowd.
    pub is_rider: bool,
    /// Where and when its first detection was, before confirmation: so that counting loses nothing to the confirmation delay.
    pub first_seen: (MediaTime, Rect<Pixel>),
    /// When a detection last supported it.
    pub last_seen: MediaTime,
}
