//! MOTChallenge text: one box a line, `frame,id,left,top,width,height,conf,class,-1,-1`, frames from 1, pixels of the source.
//!
//! Detection files of the challenges have 7 to 10 columns and mostly no class; a missing class or -1 is a person, for that is
//! what those challenges are about. Otherwise the class is a COCO id.

use std::fmt;
use std::io::{self, BufRead, Write};

use super::TrackId;
use crate::base::class::Class;
use crate::base::geom::Rect;
use crate::detect::{Detection, Score};

/// A detection and the frame it belongs to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MotDetection {
    /// Frame of the source, from 1.
    pub frame: u32,
    /// What was found there.
    pub detection: Detection,
}

/// A tracked box and the frame it belongs to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MotTrack {
    /// Frame of the source, from 1.
    pub frame: u32,
    /// Who.
    pub id: TrackId,
    /// Where, what, how sure.
    pub detection: Detection,
}

/// Why MOT text could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MotError {
    /// The stream itself failed.
    #[error("line {line}: the file could not be read on")]
    Read {
        /// Line number, from 1.
        line: usize,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A line with too few columns.
    #[error("line {line}: {found} columns where at least 7 are needed: frame,id,left,top,width,height,conf[,class]")]
    Columns {
        /// Line number, from 1.
        line: usize,
        /// How many there are.
        found: usize,
    },
    /// A column that is no number, or no number that makes sense there.
    #[error("line {line}: `{text}` is not {wanted}")]
    Value {
        /// Line number, from 1.
        line: usize,
        /// What stands there.
        text: String,
        /// What should.
        wanted: &'static str,
    },
}

/// Reads detections, in the order of the file; empty lines are skipped. Classes this program does not know are left out.
///
/// # Errors
/// [`MotError`] with the number of the first line that is wrong.
pub fn read_detections(input: impl BufRead) -> Result<Vec<MotDetection>, MotError> {
    let mut detections = Vec::new();
    for (index, line) in input.lines().enumerate() {
        let number = index + 1;
        let line = line.map_err(|source| MotError::Read { line: number, source })?;
        if !line.trim().is_empty() {
            detections.extend(read_line(&line, number)?);
        }
    }
    Ok(detections)
}

/// `None` for a class that is not ours.
fn read_line(text: &str, line: usize) -> Result<Option<MotDetection>, MotError> {
    let columns: Vec<&str> = text.split(',').map(str::trim).collect();
    if columns.len() < 7 {
        return Err(MotError::Columns { line, found: columns.len() });
    }
    let wrong = |column: usize, wanted| MotError::Value { line, text: columns[column].to_owned(), wanted };
    let number =
        |column: usize, wanted| columns[column].parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(|| wrong(column, wanted));
    let frame = number(0, "a frame number")?;
    if frame.fract() != 0.0 || !(1.0..=f64::from(u32::MAX)).contains(&frame) {
        return Err(wrong(0, "a frame number (a whole number from 1)"));
    }
    let (left, top) = (number(2, "a left edge in pixels")?, number(3, "a top edge in pixels")?);
    let (width, height) = (number(4, "a width in pixels")?, number(5, "a height in pixels")?);
    if width < 0.0 || height < 0.0 {
        return Err(wrong(if width < 0.0 { 4 } else { 5 }, "a size (it is negative)"));
    }
    let score = Score::new(number(6, "a confidence")? as f32);
    let class = if columns.len() > 7 { number(7, "a class (a COCO id, or -1)")? } else { -1.0 };
    let class = if class == -1.0 { Some(Class::Person) } else { Class::from_coco_id(class as u16) };
    let rect = Rect::new(left as f32, top as f32, width as f32, height as f32);
    Ok(class.map(|class| MotDetection { frame: frame as u32, detection: Detection { rect, class, score } }))
}

impl fmt::Display for MotTrack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Detection { rect, class, score } = self.detection;
        write!(f, "{},{},{:.2},{:.2},{:.2},{:.2}", self.frame, self.id.0, rect.left, rect.top, rect.width, rect.height)?;
        write!(f, ",{:.4},{},-1,-1", score.get(), class.coco_id())
    }
}

impl fmt::Display for MotDetection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Detection { rect, class, score } = self.detection;
        write!(f, "{},-1,{:.2},{:.2},{:.2},{:.2}", self.frame, rect.left, rect.top, rect.width, rect.height)?;
        write!(f, ",{:.4},{},-1,-1", score.get(), class.coco_id())
    }
}

/// Writes detections, one a line, in the order given.
///
/// # Errors
/// What the system says when writing fails.
pub fn write_detections(detections: &[MotDetection], output: &mut impl Write) -> io::Result<()> {
    detections.iter().try_for_each(|found| writeln!(output, "{found}"))
}

/// Writes tracks, one a line, in the order given.
///
/// # Errors
/// What the system says when writing fails.
pub fn write_tracks(tracks: &[MotTrack], output: &mut impl Write) -> io::Result<()> {
    tracks.iter().try_for_each(|track| writeln!(output, "{track}"))
}
