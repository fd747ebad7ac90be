//! Boxes, lines, zones and words over a frame, for people to look at. Never on the way of an event.

use opencv::core::{Mat, Point as CvPoint, Rect as CvRect, Scalar, Size as CvSize, Vector};
use opencv::imgproc;
use opencv::prelude::*;

use super::{Still, StillError};
use crate::base::geom::{FrameSize, Line, Pixel, Point, Polygon, Rect};
use crate::decode::{Frame, Planes};

/// Why something could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VisionError {
    /// OpenCV refused a call.
    #[error("the picture could not be drawn")]
    Draw(#[from] opencv::Error),
    /// A still could not be encoded or written.
    #[error("the still could not be written")]
    Still(#[from] StillError),
}

/// Red, green, blue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    fn scalar(self) -> Scalar {
        Scalar::new(f64::from(self.0), f64::from(self.1), f64::from(self.2), 0.0)
    }
}

/// A copy of a frame in RGB to draw on.
pub struct Canvas {
    size: FrameSize,
    rgb: Mat,
}

const FONT: i32 = imgproc::FONT_HERSHEY_SIMPLEX;

impl Canvas {
    /// Copies a frame and converts it (OpenCV always takes BT.601; for looking that is close enough).
    ///
    /// # Errors
    /// When OpenCV refuses the size.
    pub fn from_frame(frame: &Frame) -> Result<Self, VisionError> {
        let planes = frame.planes();
        // 4:2:0 needs even sides; an odd last row or column is left out of the picture people see.
        let size = FrameSize::new(planes.size.width & !1, planes.size.height & !1);
        let packed = packed_i420(&planes, size);
        let yuv = Mat::new_rows_cols_with_data(size.height as i32 * 3 / 2, size.width as i32, &packed)?;
        let mut rgb = Mat::default();
        imgproc::cvt_color_def(&yuv, &mut rgb, imgproc::COLOR_YUV2RGB_I420)?;
        Ok(Self { size, rgb })
    }

    /// One colour, where there is no picture to draw on.
    ///
    /// # Errors
    /// When OpenCV refuses the size.
    pub fn plain(size: FrameSize, colour: Colour) -> Result<Self, VisionError> {
        let rgb = Mat::new_rows_cols_with_default(size.height as i32, size.width as i32, opencv::core::CV_8UC3, colour.scalar())?;
        Ok(Self { size, rgb })
    }

    /// A filled box.
    ///
    /// # Errors
    /// When OpenCV refuses.
    pub fn fill(&mut self, rect: Rect<Pixel>, colour: Colour) -> Result<(), VisionError> {
        let cv = CvRect::new(rect.left as i32, rect.top as i32, rect.width as i32, rect.height as i32);
        Ok(imgproc::rectangle(&mut self.rgb, cv, colour.scalar(), imgproc::FILLED, imgproc::LINE_8, 0)?)
    }

    /// Outline of a box.
    ///
    /// # Errors
    /// When OpenCV refuses.
    pub fn rect(&mut self, rect: Rect<Pixel>, colour: Colour, thickness: i32) -> Result<(), VisionError> {
        let cv = CvRect::new(rect.left as i32, rect.top as i32, rect.width as i32, rect.height as i32);
        Ok(imgproc::rectangle(&mut self.rgb, cv, colour.scalar(), thickness, imgproc::LINE_AA, 0)?)
    }

    /// A line.
    ///
    /// # Errors
    /// When OpenCV refuses.
    pub fn line(&mut self, line: Line<Pixel>, colour: Colour, thickness: i32) -> Result<(), VisionError> {
        Ok(imgproc::line(&mut self.rgb, cv_point(line.a), cv_point(line.b), colour.scalar(), thickness, imgproc::LINE_AA, 0)?)
    }

    /// Outline of a polygon.
    ///
    /// # Errors
    /// When OpenCV refuses.
    pub fn polygon(&mut self, polygon: &Polygon<Pixel>, colour: Colour) -> Result<(), VisionError> {
        let corners: Vector<CvPoint> = polygon.corners().iter().map(|&p| cv_point(p)).collect();
        Ok(imgproc::polylines(&mut self.rgb, &corners, true, colour.scalar(), 2, imgproc::LINE_AA, 0)?)
    }

    /// Words on a dark plate, its lower left corner at `at`, kept inside the picture. ASCII only: OpenCV's fonts know no other letters.
    ///
    /// # Errors
    /// When OpenCV refuses.
    pub fn label(&mut self, at: Point<Pixel>, text: &str, colour: Colour) -> Result<(), VisionError> {
        let (scale, extent) = (self.font_scale(), self.plate(text)?);
        let left = (at.x as i32).clamp(0, (self.size.width as i32 - extent.width).max(0));
        let bottom = (at.y as i32).clamp(extent.height, (self.size.height as i32).max(extent.height));
        let plate = CvRect::new(left, bottom - extent.height, extent.width, extent.height);
        imgproc::rectangle(&mut self.rgb, plate, Colour(20, 24, 28).scalar(), imgproc::FILLED, imgproc::LINE_8, 0)?;
        let origin = CvPoint::new(left + 2, bottom - 4);
        Ok(imgproc::put_text(&mut self.rgb, text, origin, FONT, scale, colour.scalar(), 1, imgproc::LINE_AA, false)?)
    }

    /// Width and height of the plate of [`Self::label`], in pixels.
    ///
    /// # Errors
    /// When OpenCV refuses.
    pub fn label_size(&self, text: &str) -> Result<(f32, f32), VisionError> {
        let plate = self.plate(text)?;
        Ok((plate.width as f32, plate.height as f32))
    }

    fn font_scale(&self) -> f64 {
        (f64::from(self.size.height) / 1100.0).clamp(0.4, 1.2)
    }

    fn plate(&self, text: &str) -> Result<CvSize, VisionError> {
        let mut baseline = 0;
        let extent = imgproc::get_text_size(text, FONT, self.font_scale(), 1, &mut baseline)?;
        Ok(CvSize::new(extent.width + 4, extent.height + 6))
    }

    /// The finished picture.
    ///
    /// # Errors
    /// When OpenCV gives no bytes.
    pub fn into_still(self) -> Result<Still, VisionError> {
        Ok(Still { size: self.size, rgb: self.rgb.data_bytes()?.to_vec() })
    }
}

fn cv_point(p: Point<Pixel>) -> CvPoint {
    CvPoint::new(p.x.round() as i32, p.y.round() as i32)
}

/// Y, U, V one after the other without padding, as OpenCV's I420 wants them.
fn packed_i420(planes: &Planes<'_>, size: FrameSize) -> Vec<u8> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut packed = Vec::with_capacity(width * height * 3 / 2);
    let mut push = |plane: &[u8], stride: usize, width: usize, height: usize| {
        for row in 0..height {
            packed.extend_from_slice(&plane[row * stride..row * stride + width]);
        }
    };
    push(planes.y, planes.y_stride, width, height);
    push(planes.u, planes.uv_stride, width / 2, height / 2);
    push(planes.v, planes.uv_stride, width / 2, height / 2);
    packed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{MediaTime, Stamp, WallTime};
    use crate::decode::I420;

    fn grey(width: u32, height: u32) -> Frame {
        let chroma = (width.div_ceil(2) * height.div_ceil(2)) as usize;
        let stamp = Stamp { media: MediaTime::ZERO, wall: WallTime::from_micros(0) };
        let size = FrameSize::new(width, height);
        Frame::from_i420(stamp, 0, 1, I420 { size, y: vec![126; (width * height) as usize], u: vec![128; chroma], v: vec![128; chroma] })
    }

    #[test]
    fn grey_stays_grey_and_a_box_is_drawn_in_its_colour() {
        let mut canvas = Canvas::from_frame(&grey(65, 49)).expect("drawable");
        canvas.rect(Rect::new(10.0, 10.0, 20.0, 20.0), Colour(255, 0, 0), 1).expect("drawable");
        canvas.label(Point::new(500.0, -3.0), "outside", Colour(255, 255, 255)).expect("kept inside");
        let still = canvas.into_still().expect("bytes");
        assert_eq!((still.size, still.rgb.len()), (FrameSize::new(64, 48), 64 * 48 * 3));
        let edge = &still.rgb[(29 * 64 + 20) * 3..][..3];
        assert!(edge[0] > 220 && edge[1] < 40, "red, but for smoothing: {edge:?}");
        let corner = &still.rgb[47 * 64 * 3..][..3];
        assert!(corner.iter().all(|&channel| (126..=130).contains(&channel)), "{corner:?}");
        assert_eq!(&still.to_jpeg(80).expect("encodes")[..2], &[0xff, 0xd8]);
    }
}
