//! The model contract: everything the program must know about one ONNX file, as data next to it (`models/<name>.toml`).
//!
//! Padding, fit and thresholds are one calibrated set: a city that brings its own model writes such a file and no code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::base::checksum::sha256_hex;
use crate::base::class::Class;
use crate::config::settings::ModelScores;

use super::DetectError;

/// A model whose file has been read and is the one that its contract means.
pub struct Model {
    contract: Contract,
    path: PathBuf,
    weights: Vec<u8>,
}

impl Model {
    /// Reads the contract at `path` and the weights it names (relative to the contract), and compares their sha256.
    ///
    /// # Errors
    /// A contract that is unreadable or wrong, weights that are missing or altered.
    pub fn load(path: &Path) -> Result<Self, DetectError> {
        let contract = Contract::read(path)?;
        let weights_path = path.parent().unwrap_or(Path::new("")).join(&contract.file);
        let weights = std::fs::read(&weights_path).map_err(|source| DetectError::ModelMissing {
            model: contract.name.clone(),
            path: weights_path.clone(),
            source,
        })?;
        let found = sha256_hex(&weights);
        if found != contract.sha256 {
            let expected = contract.sha256.clone();
            return Err(DetectError::ModelAltered { model: contract.name, path: weights_path, expected, found });
        }
        Ok(Self { contract, path: weights_path, weights })
    }

    /// The contract.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The contract alone, when the weights are where they are needed.
    pub fn into_contract(self) -> Contract {
        self.contract
    }

    /// Where the weights were read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes whose hash was compared: these are run, so that a file swapped afterwards changes nothing.
    pub fn weights(&self) -> &[u8] {
        &self.weights
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Model {{ {} {} }}", self.contract.name, self.contract.sha256)
    }
}

/// What `models/<name>.toml` says.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Name in messages and logs, `efficientdet-lite0`.
    pub name: String,
    /// The ONNX file, relative to the contract.
    pub file: PathBuf,
    /// SHA-256 of that file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// SPDX name of the licence of the weights, and whose they are.
    pub licence: String,
    /// What goes in.
    pub input: InputSpec,
    /// What comes out.
    pub output: OutputSpec,
    /// Which class numbers of the model are which of our classes; everything else is ignored.
    pub classes: BTreeMap<ClassName, Vec<u16>>,
    /// From which score on a box means something.
    pub scores: ScoreSpec,
    /// When two boxes are the same thing.
    pub nms: NmsSpec,
}

/// What goes into the model.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Name of the graph's input.
    pub name: String,
    /// Name of a second input `[1, 2]` i64 that wants the picture's width and height (exporters of RT-DETR and D-FINE add one).
    #[serde(default)]
    pub size_name: Option<String>,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Order of the axes.
    pub layout: Layout,
    /// Type of the numbers.
    pub element: Element,
    /// Order of the colours.
    pub colour: Colour,
    /// How a picture of another shape is fitted in.
    pub fit: Fit,
    /// Colour value of what the picture does not cover, 0..=255, all three channels.
    #[serde(default)]
    pub padding: u8,
    /// `f32` only: subtracted from each colour value 0..=255, in the order of `colour`.
    #[serde(default)]
    pub mean: [f32; 3],
    /// `f32` only: multiplied afterwards; 0.00392157 (1/255) makes 0..=1.
    #[serde(default = "ones")]
    pub scale: [f32; 3],
}

fn ones() -> [f32; 3] {
    [1.0; 3]
}

/// Order of a tensor's axes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// `[1, height, width, 3]`.
    Nhwc,
    /// `[1, 3, height, width]`.
    Nchw,
}

/// Type of a tensor's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// Bytes.
    U8,
    /// 32-bit floats.
    F32,
}

/// Order of colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

/// How a picture is fitted into the input.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Shape kept, picture at the top left, padding right or below.
    LetterboxTopLeft,
    /// Shape kept, padding on both sides.
    LetterboxCentre,
    /// Shape not kept, no padding.
    Stretch,
}

/// What comes out of the model.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// Which layout the outputs have.
    pub head: HeadKind,
    /// Which output of the graph plays which part; the parts depend on the head.
    pub names: BTreeMap<String, String>,
}

/// Layouts of outputs; one file each in `detect/heads`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadKind {
    /// Decoded boxes with the best class of each.
    EfficientDet,
    /// Decoded boxes with a score for every class.
    Ssd,
    /// YOLOX: grid offsets, objectness, class scores.
    Yolox,
    /// YOLOv8 to v11: `[1, 4 + classes, boxes]`.
    Yolov8,
    /// RT-DETR and D-FINE: a few hundred queries, no doubles.
    Detr,
}

/// A key of the `classes` table: one of our class names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct ClassName(pub Class);

impl TryFrom<String> for ClassName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let known = || Class::ALL.map(Class::name).join(", ");
        Class::from_name(&name).map(Self).ok_or_else(|| format!("`{name}` is not a class of ours ({})", known()))
    }
}

/// From which score on a box means something; scores of different models are not alike.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreSpec {
    /// Boxes below are dropped.
    pub keep: f32,
    /// Boxes at least this sure are matched to tracks first (tracking's `high_score` for this model).
    pub sure: f32,
    /// Boxes at least this sure may begin a track (tracking's `new_score` for this model).
    pub begin: f32,
    /// Added to `sure` for people, for each crop, and to `begin` in proportion: closer looks score higher, also the bollard that looks like a person.
    #[serde(default)]
    pub person_per_crop: f32,
}

impl ScoreSpec {
    /// What tracking needs to know with so many crops a frame. More than four crops were not calibrated and add no more.
    pub fn for_tracking(&self, crops: usize) -> ModelScores {
        let raised = self.sure + self.person_per_crop * crops.min(4) as f32;
        ModelScores { sure: self.sure, begin: self.begin, person_factor: raised / self.sure.max(f32::EPSILON) }
    }
}

/// When two boxes are the same thing.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NmsSpec {
    /// Intersection over union from which of two vehicles only the surer stays, whatever their classes.
    pub vehicle_iou: f32,
    /// The same among persons, who stand closer together.
    pub person_iou: f32,
}

impl Contract {
    fn read(path: &Path) -> Result<Self, DetectError> {
        let text = std::fs::read_to_string(path).map_err(|source| DetectError::ContractUnreadable { path: path.to_path_buf(), source })?;
        Self::parse(&text).map_err(|detail| DetectError::ContractInvalid { path: path.to_path_buf(), detail })
    }

    /// Reads a contract's text; the error says what is wrong, with the line where there is one.
    ///
    /// # Errors
    /// A sentence about the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let contract: Self = toml::from_str(text).map_err(|e| e.to_string().trim_end().to_owned())?;
        contract.check().map_or(Ok(contract), Err)
    }

    /// The first thing that is wrong, as a sentence.
    fn check(&self) -> Option<String> {
        let input = &self.input;
        let unit = |value: f32| (0.0..=1.0).contains(&value);
        let scores = self.scores;
        if self.sha256.len() != 64 || !self.sha256.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) {
            return Some(format!("`sha256` is 64 lower-case hexadecimal digits, not `{}`", self.sha256));
        }
        if !(32..=4096).contains(&input.width) || !(32..=4096).contains(&input.height) {
            return Some(format!("`input` is 32 to 4096 pixels wide and high, not {}×{}", input.width, input.height));
        }
        if input.element == Element::U8 && (input.mean != [0.0; 3] || input.scale != ones()) {
            return Some("`input.mean` and `input.scale` need `element = \"f32\"`".to_owned());
        }
        if !(unit(scores.keep) && unit(scores.sure) && unit(scores.begin) && scores.keep <= scores.sure) {
            return Some("`scores` are between 0 and 1, and `keep` is not above `sure`".to_owned());
        }
        if !unit(self.nms.vehicle_iou) || !unit(self.nms.person_iou) {
            return Some("`nms` values are between 0 and 1".to_owned());
        }
        self.classes.values().all(Vec::is_empty).then(|| "`classes` names no class number of the model".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        name = "m"
        file = "m.onnx"
        sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
        licence = "CC0-1.0"
        [input]
        name = "image"
        width = 64
        height = 64
        layout = "nhwc"
        element = "u8"
        colour = "rgb"
        fit = "stretch"
        [output]
        head = "ssd"
        names = { boxes = "b", scores = "s" }
        [classes]
        car = [2, 7]
        [scores]
        keep = 0.2
        sure = 0.3
        begin = 0.3
        [nms]
        vehicle_iou = 0.5
        person_iou = 0.6
    "#;

    #[test]
    fn a_contract_says_what_is_wrong_with_it() {
        let contract = Contract::parse(GOOD).expect("good");
        assert_eq!(contract.classes[&ClassName(Class::Car)], [2, 7]);
        for (good, bad, says) in [
            ("keep = 0.2", "keep = 2.0", "between 0 and 1"),
            ("car = [2, 7]", "lorry = [2]", "`lorry` is not a class of ours (person, bicycle, car,"),
            ("car = [2, 7]", "car = []", "names no class number"),
            ("fit = \"stretch\"", "fit = \"squeeze\"", "squeeze"),
            ("width = 64", "width = 9", "9×64"),
            ("colour = \"rgb\"", "colour = \"rgb\"\ncolor = 1", "unknown field `color`"),
            ("element = \"u8\"", "element = \"u8\"\nmean = [1.0, 1.0, 1.0]", "need `element = \"f32\"`"),
            ("sha256 = \"0", "sha256 = \"X", "64 lower-case hexadecimal digits"),
        ] {
            assert!(GOOD.contains(good));
            let error = Contract::parse(&GOOD.replace(good, bad)).expect_err(bad);
            assert!(error.contains(says), "{error}");
        }
    }
}
