//! placeholder
use crate::base::time::WallTime;
use crate::decode::Frame;
/// Frames.
pub struct SimulatedFrames;
impl SimulatedFrames {
    /// New.
    pub fn new(_seed: u64, _start: WallTime) -> Self { Self }
}
impl Iterator for SimulatedFrames {
    type Item = Frame;
    fn next(&mut self) -> Option<Frame> { None }
}
