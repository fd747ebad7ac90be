//! YOLOX as its exporter writes it by default: offsets within grid cells (Ge et al. 2021, section 2.1).
//!
//! `predictions` f32 `[1, N, 5 + classes]`: x y offset in cells, log width and height in cells, objectness, class scores (both after the
//! sigmoid); N counts the cells of strides 8, 16 and 32, row by row.

use super::{Axis, Candidate, ClassMap, Inference, InputSpec, Outputs, centred, floats};

const STRIDES: [u32; 3] = [8, 16, 32];

#[derive(Clone, Debug)]
pub(super) struct Yolox {
    predictions: usize,
    fields: usize,
    /// Left, top and length of every cell, in input pixels.
    cells: Vec<[f32; 3]>,
}

impl Yolox {
    pub(super) fn bind(outputs: &Outputs<'_>, classes: &ClassMap, input: &InputSpec) -> Result<Self, String> {
        outputs.expect_parts(&["predictions"])?;
        let mut cells = Vec::new();
        for stride in STRIDES {
            for row in 0..input.height / stride {
                for column in 0..input.width / stride {
                    cells.push([(column * stride) as f32, (row * stride) as f32, stride as f32]);
                }
            }
        }
        let (predictions, shape) = outputs.floats("predictions", &[Axis::Is(1), Axis::Is(cells.len() as i64), Axis::Any])?;
        classes.check_fits(shape[2] - 5)?;
        Ok(Self { predictions, fields: shape[2] as usize, cells })
    }

    pub(super) fn read(&self, inference: &dyn Inference, classes: &ClassMap, keep: f32, out: &mut Vec<Candidate>) {
        for (fields, &[left, top, length]) in floats(inference, self.predictions).chunks_exact(self.fields).zip(&self.cells) {
            // A class score is at most 1, so most cells are told by their objectness alone.
            if fields[4] < keep {
                continue;
            }
            let (class, score) = classes.best(|number| fields[5 + number]);
            let score = score * fields[4];
            if score >= keep {
                let (width, height) = (fields[2].exp() * length, fields[3].exp() * length);
                out.push(Candidate { rect: centred(left + fields[0] * length, top + fields[1] * length, width, height), class, score });
            }
        }
    }
}
