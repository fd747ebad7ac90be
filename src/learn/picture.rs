//! The proposal drawn over a picture of the camera, to be judged by eye.

use super::proposal::{LineUse, NamedLine, PieceUse, Proposal};
use crate::base::geom::{Line, Pixel, Point};
use crate::vision::{Canvas, Colour, VisionError};

const ARROW: Colour = Colour(120, 200, 255);
const INBOUND: Colour = Colour(90, 230, 120);
const OUTBOUND: Colour = Colour(255, 190, 60);
const BOX: Colour = Colour(150, 150, 160);
const STOP: Colour = Colour(255, 70, 70);
const GATE: Colour = Colour(255, 140, 255);
const PATH: Colour = Colour(235, 235, 235);
/// Arrows are so long, as a share of the picture's width.
const ARROW_SHARE: f32 = 0.012;

/// Draws arrows of the traffic's direction, lanes, stop lines, gates and typical paths, named.
///
/// # Errors
/// When OpenCV refuses.
pub fn draw(canvas: &mut Canvas, proposal: &Proposal) -> Result<(), VisionError> {
    let size = proposal.view.size();
    for piece in proposal.pieces.iter().filter(|piece| matches!(piece.piece_use, PieceUse::Lane | PieceUse::Box)) {
        let colour = match piece.piece_use {
            PieceUse::Box => BOX,
            _ if piece.id.starts_with("lajur-masuk") => INBOUND,
            _ => OUTBOUND,
        };
        canvas.polygon(&size.polygon_to_pixel(&piece.polygon), colour)?;
        if let Some(direction) = piece.direction {
            arrow(canvas, size.line_to_pixel(direction), colour, 0.02 * size.width as f32)?;
        }
    }
    for movement in &proposal.movements {
        for pair in movement.path.windows(2) {
            canvas.line(Line::new(size.to_pixel(pair[0]), size.to_pixel(pair[1])), PATH, 1)?;
        }
    }
    for cell in &proposal.arrows {
        let (at, length) = (size.to_pixel(cell.at), ARROW_SHARE * size.width as f32);
        let end = |by: f32| Point::new(at.x + by * length * cell.way.x, at.y + by * length * cell.way.y);
        arrow(canvas, Line::new(end(-0.5), end(0.5)), ARROW, 0.35 * length)?;
    }
    for line in &proposal.lines {
        let colour = if line.line_use == LineUse::Stop { STOP } else { GATE };
        canvas.line(size.line_to_pixel(line.line), colour, 3)?;
    }
    for line in proposal.lines.iter().filter(|line| line.line_use != LineUse::Stop) {
        name(canvas, proposal, line)?;
    }
    Ok(())
}

/// Names stand beside the road that the gate belongs to, at another distance for each way: at the gates themselves there is no room.
const BACK_SHARE: f32 = 0.3;
const ON_SHARE: f32 = 0.5;

fn name(canvas: &mut Canvas, proposal: &Proposal, line: &NamedLine) -> Result<(), VisionError> {
    let size = proposal.view.size();
    let direction = proposal.pieces.iter().find(|piece| piece.id == line.zone).and_then(|piece| piece.direction);
    let gate = Point::new(f32::midpoint(line.line.a.x, line.line.b.x), f32::midpoint(line.line.a.y, line.line.b.y));
    let (end, share) = match (direction, line.line_use) {
        (Some(direction), LineUse::Entry) => (direction.a, BACK_SHARE),
        (Some(direction), _) => (direction.b, ON_SHARE),
        (None, _) => (gate, 0.0),
    };
    let at = Point::new(gate.x + share * (end.x - gate.x), gate.y + share * (end.y - gate.y));
    canvas.label(size.to_pixel(at), &line.id, GATE)
}

/// A line with a head of this length.
fn arrow(canvas: &mut Canvas, line: Line<Pixel>, colour: Colour, head: f32) -> Result<(), VisionError> {
    canvas.line(line, colour, 1)?;
    let (dx, dy) = (line.b.x - line.a.x, line.b.y - line.a.y);
    let length = dx.hypot(dy).max(f32::EPSILON);
    let (ux, uy) = (dx / length * head, dy / length * head);
    for side in [-0.5, 0.5] {
        let barb = Point::new(line.b.x - ux - side * uy, line.b.y - uy + side * ux);
        canvas.line(Line::new(line.b, barb), colour, 1)?;
    }
    Ok(())
}
