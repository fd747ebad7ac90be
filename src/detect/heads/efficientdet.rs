//! EfficientDet with anchors already applied: per box its corners, its best class and that class's score.
//!
//! `boxes` f32 `[1, N, 4]` y1 x1 y2 x2 in input pixels, `scores` f32 `[1, N]`, `classes` i64, i32 or f32 `[1, N]`.

use crate::base::geom::Rect;

use super::{Axis, Candidate, ClassMap, Inference, Outputs, Values, floats};

/// Boxes whose scores are looked at together; there are 19 206 in Lite0.
const CHUNK: usize = 64;

#[derive(Clone, Debug)]
pub(super) struct EfficientDet {
    boxes: usize,
    scores: usize,
    classes: usize,
}

impl EfficientDet {
    pub(super) fn bind(outputs: &Outputs<'_>) -> Result<Self, String> {
        outputs.expect_parts(&["boxes", "scores", "classes"])?;
        let (boxes, shape) = outputs.floats("boxes", &[Axis::Is(1), Axis::Any, Axis::Is(4)])?;
        let count = Axis::Is(shape[1]);
        let (scores, _) = outputs.floats("scores", &[Axis::Is(1), count])?;
        let (classes, _) = outputs.find("classes", &[Axis::Is(1), count])?;
        Ok(Self { boxes, scores, classes })
    }

    pub(super) fn read(&self, inference: &dyn Inference, classes: &ClassMap, keep: f32, out: &mut Vec<Candidate>) {
        let corners = floats(inference, self.boxes).as_chunks::<4>().0;
        let numbers = inference.output(self.classes).values;
        for (chunk, scores) in floats(inference, self.scores).chunks(CHUNK).enumerate() {
            // Nearly all boxes are far below. Asking of many at once goes by vectors, asking each does not.
            if !scores.iter().fold(false, |any, &score| any | (score >= keep)) {
                continue;
            }
            for (index, &score) in (chunk * CHUNK..).zip(scores).filter(|(_, score)| **score >= keep) {
                let number = match numbers {
                    Values::I64(values) => values[index],
                    Values::I32(values) => i64::from(values[index]),
                    Values::F32(values) => values[index] as i64,
                };
                if let Some(class) = classes.class(number) {
                    let [top, left, bottom, right] = corners[index];
                    out.push(Candidate { rect: Rect::from_corners(left, top, right, bottom), class, score });
                }
            }
        }
    }
}
