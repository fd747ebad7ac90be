//! What is true now in front of one camera: tracks with their history.

use crate::base::geom::FrameSize;
use crate::base::time::Stamp;
use crate::track::Track;

/// What the rules look at: one analysed frame of one camera.
#[derive(Debug)]
pub struct Scene<'a> {
    /// When.
    pub at: Stamp,
    /// Size of the picture, for converting configured geometry.
    pub size: FrameSize,
    /// Everything followed now, ordered by id.
    pub tracks: &'a [Track],
}
