//! Transformers with a fixed number of queries (RT-DETR, D-FINE), in the two layouts their exporters write.
//!
//! Raw: `logits` f32 `[1, N, classes]` before the sigmoid, `boxes` f32 `[1, N, 4]` centre and size in 0..1 of the input.
//! Postprocessed: `labels` integers `[1, N]`, `boxes` f32 `[1, N, 4]` x1 y1 x2 y2 in the unit of the graph's size input (name it in
//! `input.size_name`, then it is input pixels), `scores` f32 `[1, N]`.

use crate::base::geom::Rect;

use super::{Axis, Candidate, ClassMap, Inference, InputSpec, Outputs, Values, centred, floats, input_size};

#[derive(Clone, Debug)]
pub(super) enum Detr {
    Raw { logits: usize, boxes: usize, classes: usize, size: (f32, f32) },
    Postprocessed { labels: usize, boxes: usize, scores: usize },
}

impl Detr {
    pub(super) fn bind(outputs: &Outputs<'_>, classes: &ClassMap, input: &InputSpec) -> Result<Self, String> {
        let (boxes, shape) = outputs.floats("boxes", &[Axis::Is(1), Axis::Any, Axis::Is(4)])?;
        let count = Axis::Is(shape[1]);
        if outputs.has("logits") {
            outputs.expect_parts(&["boxes", "logits"])?;
            let (logits, shape) = outputs.floats("logits", &[Axis::Is(1), count, Axis::Any])?;
            classes.check_fits(shape[2])?;
            return Ok(Self::Raw { logits, boxes, classes: shape[2] as usize, size: input_size(input) });
        }
        outputs.expect_parts(&["boxes", "labels", "scores"])?;
        let (labels, _) = outputs.find("labels", &[Axis::Is(1), count])?;
        let (scores, _) = outputs.floats("scores", &[Axis::Is(1), count])?;
        Ok(Self::Postprocessed { labels, boxes, scores })
    }

    pub(super) fn read(&self, inference: &dyn Inference, classes: &ClassMap, keep: f32, out: &mut Vec<Candidate>) {
        match *self {
            Self::Raw { logits, boxes, classes: count, size } => {
                let boxes = floats(inference, boxes).as_chunks::<4>().0;
                for (logits, &[x, y, width, height]) in floats(inference, logits).chunks_exact(count).zip(boxes) {
                    let (class, logit) = classes.best(|number| logits[number]);
                    let score = 1.0 / (1.0 + (-logit).exp());
                    if score >= keep {
                        out.push(Candidate { rect: centred(x * size.0, y * size.1, width * size.0, height * size.1), class, score });
                    }
                }
            }
            Self::Postprocessed { labels, boxes, scores } => {
                let boxes = floats(inference, boxes).as_chunks::<4>().0;
                let label = |index: usize| match inference.output(labels).values {
                    Values::I64(values) => values[index],
                    Values::I32(values) => i64::from(values[index]),
                    Values::F32(values) => values[index] as i64,
                };
                for (index, &score) in floats(inference, scores).iter().enumerate().filter(|(_, score)| **score >= keep) {
                    if let Some(class) = classes.class(label(index)) {
                        let [left, top, right, bottom] = boxes[index];
                        out.push(Candidate { rect: Rect::from_corners(left, top, right, bottom), class, score });
                    }
                }
            }
        }
    }
}
