//! Detects in the drawn junction what the junction knows is there: demonstrations of everything behind the detector, without a model.

use super::{Cost, DetectError, Detection, Detector, Score, Turn};
use crate::base::geom::{Pixel, Rect};
use crate::decode::Frame;
use crate::source::junction::{Junction, SceneObject};

/// The detector of [`crate::config::settings::SourceSettings::Simulated`] cameras. Frames of any other source make no sense to it.
pub struct SceneDetector {
    junction: Junction,
}

impl SceneDetector {
    /// For the scene with this seed.
    pub fn new(seed: u64) -> Self {
        Self { junction: Junction::new(seed) }
    }
}

impl Detector for SceneDetector {
    fn turn(&self) -> Turn {
        Turn::free()
    }

    fn detect_in(&mut self, _: Turn, frame: &Frame, _: &[Rect<Pixel>], out: &mut Vec<Detection>) -> Result<Cost, DetectError> {
        out.clear();
        let size = frame.size();
        let picture = Rect::new(0.0, 0.0, size.width as f32, size.height as f32);
        let objects = self.junction.objects_at(frame.stamp().media);
        out.extend(objects.iter().filter_map(|object| seen(object, frame.number(), picture)));
        Ok(Cost::default())
    }
}

/// A detector is never exact: edges a pixel off and scores that vary, the same way for the same frame in every run.
fn seen(object: &SceneObject, number: u64, picture: Rect<Pixel>) -> Option<Detection> {
    let mut random = object.id << 32 ^ number;
    let mut jitter = |span: f32| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((random >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * span
    };
    let rect = object.rect;
    let moved =
        Rect::from_corners(rect.left + jitter(1.6), rect.top + jitter(1.6), rect.right() + jitter(1.6), rect.bottom() + jitter(1.6));
    let score = Score::new(0.85 + jitter(0.2));
    Some(Detection { rect: moved.intersection(picture)?, class: object.class, score })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::WallTime;
    use crate::source::simulated::SimulatedFrames;

    #[test]
    fn boxes_lie_on_what_is_drawn_and_repeat_exactly() {
        let frames: Vec<_> = SimulatedFrames::new(5, WallTime::from_micros(0)).step_by(50).take(6).collect();
        let run = || {
            let (mut detector, mut out, mut all) = (SceneDetector::new(5), Vec::new(), Vec::new());
            for frame in &frames {
                detector.detect(frame, &[], &mut out).expect("cannot fail");
                all.push(out.clone());
            }
            all
        };
        let found = run();
        assert_eq!(found, run());
        assert!(found[5].len() > 10, "{} objects at 25 s", found[5].len());
        for (detection, object) in found[5].iter().zip(Junction::new(5).objects_at(frames[5].stamp().media)) {
            assert!(detection.rect.iou(object.rect) > 0.7 && detection.class == object.class);
        }
    }
}
