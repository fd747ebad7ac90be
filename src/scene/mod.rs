//! What is true now in front of one camera: tracks with their history, in units that mean the same everywhere in the picture.
//!
//! Lengths are in local car lengths, "L": how large a car looks at that place of the picture (about 4.5 m). One L/s is about 16 km/h.

mod car_length;
mod flow_field;
mod heading;
mod per_track;
mod rest;
mod scene_track;
mod state;
mod trail;
mod approach;
mod footprint;
mod signal_cycle;
mod memory;
mod foreshortening;
mod queue_length;

pub use approach::{Approach, ApproachMemory, ApproachPlace, ApproachSecond};
pub use car_length::CarLengthMap;
pub(crate) use car_length::own_length;
pub use flow_field::{Flow, FlowField};
pub use heading::Heading;
pub use memory::SceneMemory;
pub use per_track::PerTrack;
pub use rest::Rest;
pub(crate) use rest::displacement;
pub use scene_track::SceneTrack;
pub use signal_cycle::SignalCycle;
pub use state::SceneState;
pub use trail::{Motion, Sample, Trail};

use std::time::Duration;

use crate::base::foreground::Foreground;
use crate::base::geom::{FrameSize, Pixel, Point};
use crate::base::time::{MediaTime, Stamp};
use crate::track::TrackId;

/// What the rules look at: one analysed frame of one camera.
#[derive(Debug)]
pub struct Scene<'a> {
    /// When.
    pub at: Stamp,
    /// Time since the previous analysed frame of the same session; `None` in the first.
    pub since_last: Option<Duration>,
    /// Size of the picture, for converting configured geometry.
    pub size: FrameSize,
    /// Everything followed now, ordered by id.
    pub tracks: &'a [SceneTrack],
    /// Which way traffic goes at each place, as far as it is known.
    pub flow: &'a FlowField,
    /// How large a car looks at each place, as far as it is known.
    pub car_lengths: &'a CarLengthMap,
    /// What the pixels say is new; `None` where nobody looked at them, or when they say nothing for sure.
    pub foreground: Option<&'a Foreground>,
    /// Accidents and stopped vehicles that operators know of, as of the frame before.
    pub known: &'a [KnownIncident],
    /// The signal's cycle, as configured or found in the traffic of an approach; `None` where no rule knows one.
    pub signal_cycle: Option<Duration>,
}

/// An accident or a stopped vehicle that was told of and is not over.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct KnownIncident {
    /// Where it is in the picture.
    pub place: Point<Pixel>,
    /// When the first of those who take part may have come to rest.
    pub began: MediaTime,
}

impl Scene<'_> {
    /// The track with this id, if it is followed now.
    pub fn find(&self, id: TrackId) -> Option<&SceneTrack> {
        let index = self.tracks.binary_search_by_key(&id, |track| track.track.id).ok()?;
        Some(&self.tracks[index])
    }
}
