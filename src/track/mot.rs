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
    let class = if class == -1.0 { Some(Class::Person) } else { Class::ALL.into_iter().find(|known| f64::from(known.coco_id()) == class) };
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_may_be_missing_and_the_class_unknown() {
        let text = "3,-1,10.5,20,30,40,0.5\n\n4, -1, 10, 20, 30, 40, 0.5, -1, -1, -1\n5,7,10,20,30,40,2,8\n6,-1,1,1,1,1,1,17,-1,-1\n";
        let read = read_detections(text.as_bytes()).expect("good lines");
        let classes: Vec<_> = read.iter().map(|found| (found.frame, found.detection.class)).collect();
        assert_eq!(classes, [(3, Class::Person), (4, Class::Person), (5, Class::Truck)], "a dog (17) is none of ours");
        assert_eq!(read[0].detection.rect, Rect::new(10.5, 20.0, 30.0, 40.0));
        assert_eq!(read[2].detection.score, Score::new(1.0), "a confidence above 1 is 1");
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(frame in 1u32..100_000, id in 1u32..1000, sides in prop::array::uniform4(0u16..20_000), class in 0usize..6) {
            let [left, top, width, height] = sides.map(|side| f32::from(side) / 4.0);
            let detection = Detection { rect: Rect::new(left, top, width, height), class: Class::ALL[class], score: Score::new(0.75) };
            let mut text = Vec::new();
            write_tracks(&[MotTrack { frame, id: TrackId(id), detection }], &mut text).expect("memory takes it");
            prop_assert_eq!(read_detections(text.as_slice()).expect("own format"), [MotDetection { frame, detection }]);
        }

        #[test]
        fn any_text_is_read_or_refused_with_a_line_number(text in "[0-9,.\\-\ninfNa ]{0,80}") {
            if let Err(error) = read_detections(text.as_bytes()) {
                prop_assert!(error.to_string().starts_with("line "));
            }
        }
    }
}
