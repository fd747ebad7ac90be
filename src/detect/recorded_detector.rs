//! Gives out detections that were made before: everything behind the detector on generated traffic, or on what another model found.

use super::{Cost, DetectError, Detection, Detector, Turn};
use crate::base::geom::{Pixel, Rect};
use crate::decode::Frame;

/// The detections of a recording, by the numbers of its frames.
#[derive(Debug)]
pub struct RecordedDetector {
    /// Ordered by frame; frames from 1.
    detections: Vec<(u64, Detection)>,
}

impl RecordedDetector {
    /// In any order; the number of a frame counts from 1.
    pub fn new(mut detections: Vec<(u64, Detection)>) -> Self {
        // Stable: within a frame they keep their order.
        detections.sort_by_key(|(frame, _)| *frame);
        Self { detections }
    }

    /// Number of the last frame in which something was detected; 0 when nothing ever was.
    pub fn last_frame(&self) -> u64 {
        self.detections.last().map_or(0, |(frame, _)| *frame)
    }
}

impl Detector for RecordedDetector {
    fn turn(&self) -> Turn {
        Turn::free()
    }

    fn detect_in(&mut self, _: Turn, frame: &Frame, _: &[Rect<Pixel>], out: &mut Vec<Detection>) -> Result<Cost, DetectError> {
        out.clear();
        let size = frame.size();
        let picture = Rect::new(0.0, 0.0, size.width as f32, size.height as f32);
        let first = self.detections.partition_point(|(number, _)| *number < frame.number());
        let here = self.detections[first..].iter().take_while(|(number, _)| *number == frame.number());
        out.extend(here.filter_map(|(_, found)| Some(Detection { rect: found.rect.intersection(picture)?, ..*found })));
        Ok(Cost::default())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Score;
    use super::*;
    use crate::base::class::Class;
    use crate::base::geom::FrameSize;
    use crate::base::time::WallTime;
    use crate::source::blank::BlankFrames;

    #[test]
    fn every_frame_gets_what_was_detected_in_it_cut_to_the_picture() {
        let car = |left: f32| Detection { rect: Rect::new(left, 10.0, 20.0, 10.0), class: Class::Car, score: Score::new(0.9) };
        let mut detector = RecordedDetector::new(vec![(3, car(50.0)), (1, car(-5.0)), (3, car(10.0)), (4, car(500.0))]);
        assert_eq!(detector.last_frame(), 4);
        let (mut out, mut lefts) = (Vec::new(), Vec::new());
        for frame in BlankFrames::new(FrameSize::new(100, 50), 8.0, detector.last_frame(), WallTime::from_micros(0)) {
            detector.detect(&frame, &[], &mut out).expect("cannot fail");
            lefts.push(out.iter().map(|found| (found.rect.left, found.rect.width)).collect::<Vec<_>>());
        }
        assert_eq!(lefts, [vec![(0.0, 15.0)], vec![], vec![(50.0, 20.0), (10.0, 20.0)], vec![]]);
    }
}
