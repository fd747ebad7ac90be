//! Frames without a picture, for recorded detections: only their times and their size are looked at.

use std::time::Duration;

use crate::base::geom::FrameSize;
use crate::base::time::{MediaTime, Stamp, WallTime};
use crate::decode::{Frame, I420};

/// Black frames at an even rate, numbered from 1, media time from zero.
#[derive(Debug)]
pub struct BlankFrames {
    size: FrameSize,
    frame_rate: f64,
    start_wall: WallTime,
    delivered: u64,
    count: u64,
}

impl BlankFrames {
    /// `count` frames of `size`, `frame_rate` a second (above 0); the first was taken at `start_wall`.
    pub fn new(size: FrameSize, frame_rate: f64, count: u64, start_wall: WallTime) -> Self {
        Self { size, frame_rate, start_wall, delivered: 0, count }
    }

    /// Frames a second.
    pub fn frame_rate(&self) -> f64 {
        self.frame_rate
    }

    /// How many come altogether.
    pub fn frame_count(&self) -> u64 {
        self.count
    }
}

impl Iterator for BlankFrames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        if self.delivered == self.count {
            return None;
        }
        let since = Duration::from_secs_f64(self.delivered as f64 / self.frame_rate);
        self.delivered += 1;
        let stamp = Stamp { media: MediaTime::ZERO + since, wall: self.start_wall + since };
        let (luma, chroma) =
            ((self.size.width * self.size.height) as usize, (self.size.width.div_ceil(2) * self.size.height.div_ceil(2)) as usize);
        let picture = I420 { size: self.size, y: vec![0; luma], u: vec![0; chroma], v: vec![0; chroma] };
        Some(Frame::from_i420(stamp, 1, self.delivered, picture))
    }
}
