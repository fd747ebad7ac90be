//! Layouts of models' outputs, one file each: from numbers to boxes in pixels of the input. Suppressing doubles comes later.

mod detr;
mod efficientdet;
mod ssd;
mod yolov8;
mod yolox;

use std::collections::BTreeMap;

use crate::base::class::Class;
use crate::base::geom::{Model, Rect};

use super::class_map::ClassMap;
use super::contract::{Contract, HeadKind, InputSpec};
use super::inference::{Inference, OutputTensor, Values};

/// A box that a model proposes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Candidate {
    pub(super) rect: Rect<Model>,
    pub(super) class: Class,
    pub(super) score: f32,
}

/// The output layout of one model, with its outputs found and their shapes checked.
#[derive(Clone, Debug)]
pub(super) struct Head {
    layout: Bound,
    classes: ClassMap,
}

#[derive(Clone, Debug)]
enum Bound {
    EfficientDet(efficientdet::EfficientDet),
    Ssd(ssd::Ssd),
    Yolox(yolox::Yolox),
    Yolov8(yolov8::Yolov8),
    Detr(detr::Detr),
}

impl Head {
    /// Finds the outputs that the contract names and checks their shapes.
    ///
    /// # Errors
    /// A sentence about what was wanted and what was found.
    pub(super) fn bind(contract: &Contract, inference: &dyn Inference) -> Result<Self, String> {
        let classes = ClassMap::new(&contract.classes);
        let outputs = Outputs { names: &contract.output.names, inference };
        let layout = match contract.output.head {
            HeadKind::EfficientDet => Bound::EfficientDet(efficientdet::EfficientDet::bind(&outputs)?),
            HeadKind::Ssd => Bound::Ssd(ssd::Ssd::bind(&outputs, &classes, &contract.input)?),
            HeadKind::Yolox => Bound::Yolox(yolox::Yolox::bind(&outputs, &classes, &contract.input)?),
            HeadKind::Yolov8 => Bound::Yolov8(yolov8::Yolov8::bind(&outputs, &classes)?),
            HeadKind::Detr => Bound::Detr(detr::Detr::bind(&outputs, &classes, &contract.input)?),
        };
        Ok(Self { layout, classes })
    }

    /// Appends the boxes of the last run that are at least `keep` sure and of a wanted class.
    pub(super) fn read(&self, inference: &dyn Inference, keep: f32, out: &mut Vec<Candidate>) {
        match &self.layout {
            Bound::EfficientDet(head) => head.read(inference, &self.classes, keep, out),
            Bound::Ssd(head) => head.read(inference, &self.classes, keep, out),
            Bound::Yolox(head) => head.read(inference, &self.classes, keep, out),
            Bound::Yolov8(head) => head.read(inference, &self.classes, keep, out),
            Bound::Detr(head) => head.read(inference, &self.classes, keep, out),
        }
    }
}

/// The outputs of a graph under the names that the contract gives them.
struct Outputs<'a> {
    names: &'a BTreeMap<String, String>,
    inference: &'a dyn Inference,
}

/// What a shape must be: a fixed length, or any.
#[derive(Clone, Copy)]
enum Axis {
    Is(i64),
    Any,
}

impl<'a> Outputs<'a> {
    /// Refuses parts that the head does not know, so that a misspelt one is noticed.
    fn expect_parts(&self, parts: &[&str]) -> Result<(), String> {
        match self.names.keys().find(|part| !parts.contains(&part.as_str())) {
            Some(part) => Err(format!("`output.names` has a part `{part}`, this head has {}", parts.join(", "))),
            None => Ok(()),
        }
    }

    fn has(&self, part: &str) -> bool {
        self.names.contains_key(part)
    }

    /// Index and tensor of the output that plays `part`, with a shape like `axes`.
    fn find(&self, part: &str, axes: &[Axis]) -> Result<(usize, OutputTensor<'a>), String> {
        let name = self.names.get(part).ok_or_else(|| format!("`output.names` lacks the part `{part}`"))?;
        let known = || (0..self.inference.outputs()).map(|index| self.inference.output_name(index)).collect::<Vec<_>>().join(", ");
        let index = (0..self.inference.outputs())
            .find(|&index| self.inference.output_name(index) == name)
            .ok_or_else(|| format!("the graph has no output `{name}`, it has {}", known()))?;
        let tensor = self.inference.output(index);
        let fits = tensor.shape.len() == axes.len()
            && tensor.shape.iter().zip(axes).all(|(&length, axis)| match axis {
                Axis::Is(wanted) => length == *wanted,
                Axis::Any => length > 0,
            });
        if fits {
            return Ok((index, tensor));
        }
        let wanted: Vec<String> = axes.iter().map(|axis| if let Axis::Is(n) = axis { n.to_string() } else { "any".to_owned() }).collect();
        Err(format!("output `{name}` should have shape [{}], it has {:?}", wanted.join(", "), tensor.shape))
    }

    /// The same, of 32-bit floats.
    fn floats(&self, part: &str, axes: &[Axis]) -> Result<(usize, &'a [i64]), String> {
        let (index, tensor) = self.find(part, axes)?;
        match tensor.values {
            Values::F32(_) => Ok((index, tensor.shape)),
            Values::I64(_) | Values::I32(_) => Err(format!("output `{}` should hold 32-bit floats, it holds integers", self.names[part])),
        }
    }
}

/// The floats of an output whose type was checked.
fn floats(inference: &dyn Inference, index: usize) -> &[f32] {
    match inference.output(index).values {
        Values::F32(values) => values,
        Values::I64(_) | Values::I32(_) => unreachable!("the type was checked when the head was bound"),
    }
}

/// A box given by its centre and size.
fn centred(x: f32, y: f32, width: f32, height: f32) -> Rect<Model> {
    Rect::new(x - width / 2.0, y - height / 2.0, width, height)
}

/// Columns and rows of the model's input.
fn input_size(input: &InputSpec) -> (f32, f32) {
    (input.width as f32, input.height as f32)
}
