//! The live picture: the latest frame with what the agent sees in it, drawn only when somebody asks.

use std::time::Duration;

use super::board::{CameraBoard, CameraPlan};
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Point};
use crate::decode::Frame;
use crate::track::Track;
use crate::vision::{Canvas, Colour, Still, VisionError};

const QUALITY: u8 = 72;
const LINE: Colour = Colour(255, 214, 10);
const ZONE: Colour = Colour(80, 200, 255);

/// JPEG of the camera's latest frame; `None` when there is none yet (the first request only wakes the camera's slot).
pub(super) fn picture(camera: &CameraBoard, now: Duration) -> Result<Option<Vec<u8>>, VisionError> {
    camera.watch(now);
    let (frame, tracks) = {
        let live = camera.live();
        (live.frame.clone(), live.tracks.clone())
    };
    let Some(frame) = frame else { return Ok(None) };
    Ok(Some(annotated(&camera.plan, &frame, &tracks)?.to_jpeg(QUALITY)?))
}

/// A frame with zones, lines and tracks drawn: the live picture and annotated films are the same.
///
/// # Errors
/// When OpenCV refuses.
pub fn annotated(plan: &CameraPlan, frame: &Frame, tracks: &[Track]) -> Result<Still, VisionError> {
    let mut canvas = Canvas::from_frame(frame)?;
    draw_plan(&mut canvas, plan, frame.size())?;
    for track in tracks {
        let colour = colour_of(track);
        canvas.rect(track.rect, colour, if track.is_observed { 2 } else { 1 })?;
        let role = if track.is_rider { "rider" } else { track.class.name() };
        canvas.label(Point::new(track.rect.left, track.rect.top), &format!("{role} {}", track.id.0), colour)?;
    }
    canvas.into_still()
}

fn draw_plan(canvas: &mut Canvas, plan: &CameraPlan, size: FrameSize) -> Result<(), VisionError> {
    for zone in &plan.zones {
        let polygon = size.polygon_to_pixel(&zone.polygon);
        canvas.polygon(&polygon, ZONE)?;
        canvas.label(polygon.corners()[0], zone.id.as_str(), ZONE)?;
    }
    for line in &plan.lines {
        let drawn = size.line_to_pixel(line.line);
        canvas.line(drawn, LINE, 2)?;
        canvas.label(drawn.a, line.id.as_str(), LINE)?;
    }
    Ok(())
}

fn colour_of(track: &Track) -> Colour {
    match track.class {
        _ if track.is_rider => Colour(200, 160, 255),
        Class::Person => Colour(120, 255, 140),
        Class::Bicycle | Class::Motorcycle => Colour(255, 150, 60),
        Class::Car => Colour(90, 190, 255),
        Class::Bus | Class::Truck => Colour(255, 110, 150),
    }
}
