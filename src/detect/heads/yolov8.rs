//! YOLOv8 and everything exported in its layout (v5u to v11): a column for every box, no objectness.
//!
//! `predictions` f32 `[1, 4 + classes, N]`: rows are centre x and y, width and height in input pixels, then class scores after the sigmoid.

use super::{Axis, Candidate, ClassMap, Inference, Outputs, centred, floats};

#[derive(Clone, Debug)]
pub(super) struct Yolov8 {
    predictions: usize,
    count: usize,
}

impl Yolov8 {
    pub(super) fn bind(outputs: &Outputs<'_>, classes: &ClassMap) -> Result<Self, String> {
        outputs.expect_parts(&["predictions"])?;
        let (predictions, shape) = outputs.floats("predictions", &[Axis::Is(1), Axis::Any, Axis::Any])?;
        if shape[1] > shape[2] {
            return Err(format!(
                "output should have shape [1, 4 + classes, boxes], it has {shape:?}: this looks transposed (YOLOv5 before `u`, or with boxes first)"
            ));
        }
        classes.check_fits(shape[1] - 4)?;
        Ok(Self { predictions, count: shape[2] as usize })
    }

    pub(super) fn read(&self, inference: &dyn Inference, classes: &ClassMap, keep: f32, out: &mut Vec<Candidate>) {
        let values = floats(inference, self.predictions);
        let at = |row: usize, index: usize| values[row * self.count + index];
        for index in 0..self.count {
            let (class, score) = classes.best(|number| at(4 + number, index));
            if score >= keep {
                out.push(Candidate { rect: centred(at(0, index), at(1, index), at(2, index), at(3, index)), class, score });
            }
        }
    }
}
