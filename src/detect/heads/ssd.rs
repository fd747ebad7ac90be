//! Single-shot detectors with anchors already applied: per box its corners and a score for every class.
//!
//! `boxes` f32 `[1, N, 4]` y1 x1 y2 x2 in 0..1 of the input, `scores` f32 `[1, N, classes]` after the sigmoid, without a background class.

use crate::base::geom::Rect;

use super::{Axis, Candidate, ClassMap, Inference, InputSpec, Outputs, floats, input_size};

#[derive(Clone, Debug)]
pub(super) struct Ssd {
    boxes: usize,
    scores: usize,
    classes: usize,
    size: (f32, f32),
}

impl Ssd {
    pub(super) fn bind(outputs: &Outputs<'_>, classes: &ClassMap, input: &InputSpec) -> Result<Self, String> {
        outputs.expect_parts(&["boxes", "scores"])?;
        let (boxes, shape) = outputs.floats("boxes", &[Axis::Is(1), Axis::Any, Axis::Is(4)])?;
        let (scores, shape) = outputs.floats("scores", &[Axis::Is(1), Axis::Is(shape[1]), Axis::Any])?;
        classes.check_fits(shape[2])?;
        Ok(Self { boxes, scores, classes: shape[2] as usize, size: input_size(input) })
    }

    pub(super) fn read(&self, inference: &dyn Inference, classes: &ClassMap, keep: f32, out: &mut Vec<Candidate>) {
        let corners = floats(inference, self.boxes).as_chunks::<4>().0;
        let (width, height) = self.size;
        for (scores, &[top, left, bottom, right]) in floats(inference, self.scores).chunks_exact(self.classes).zip(corners) {
            let (class, score) = classes.best(|number| scores[number]);
            if score >= keep {
                let rect = Rect::from_corners(left * width, top * height, right * width, bottom * height);
                out.push(Candidate { rect, class, score });
            }
        }
    }
}
