//! EfficientDet with anchors already applied: per box its corners, its best class and that class's score.
//!
//! `boxes` f32 `[1, N, 4]` y1 x1 y2 x2 in input pixels, `scores` f32 `[1, N]`, `classes` i64, i32 or f32 `[1, N]`.

use multiversion::multiversion;

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
        let scores = floats(inference, self.scores);
        let mut first = 0;
        while first < scores.len() {
            // Nearly all boxes are far below.
            first += CHUNK * chunks_below(&scores[first..], keep);
            let chunk = &scores[first.min(scores.len())..scores.len().min(first + CHUNK)];
            for (index, &score) in (first..).zip(chunk).filter(|(_, score)| **score >= keep) {
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
            first += CHUNK;
        }
    }
}

/// So many chunks from the first on have no score of `keep` or more. Asking of many at once goes by vectors, asking each does not.
#[multiversion(targets = "simd")]
fn chunks_below(scores: &[f32], keep: f32) -> usize {
    let is_below = |chunk: &[f32]| !chunk.iter().fold(false, |any, &score| any | (score >= keep));
    let (chunks, rest) = scores.as_chunks::<CHUNK>();
    chunks.iter().position(|chunk| !is_below(chunk)).unwrap_or_else(|| chunks.len() + usize::from(is_below(rest)))
}
