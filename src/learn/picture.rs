//! The proposal drawn over a picture of the camera, to be judged by eye.
//!
//! Arms have a letter, which stands at the road and in the table of movements; lanes have the number that ends their id. A colour means one thing, which
//! the legend says.

use super::arms::Way;
use super::cells::Arrow;
use super::legend;
use super::proposal::{LineUse, NamedMovement, Piece, PieceUse, Proposal};
use super::words::Words;
use crate::base::geom::{Line, Pixel, Point, Polygon};
use crate::vision::{Canvas, Colour, VisionError};

pub(super) const INBOUND: Colour = Colour(90, 230, 120);
pub(super) const OUTBOUND: Colour = Colour(255, 190, 60);
pub(super) const BOX: Colour = Colour(150, 150, 160);
pub(super) const STOP: Colour = Colour(255, 70, 70);
pub(super) const GATE: Colour = Colour(255, 140, 255);
pub(super) const TRAFFIC: Colour = Colour(90, 150, 190);
pub(super) const OTHERWISE: Colour = Colour(255, 40, 160);
/// Of what comes in by an arm, in turn.
const ARMS: [Colour; 4] = [Colour(250, 250, 250), Colour(130, 215, 255), Colour(255, 245, 130), Colour(205, 165, 255)];
/// Lengths as shares of the picture's width: arrows of cells, heads of others.
const CELL_SHARE: f32 = 0.010;
const HEAD_SHARE: f32 = 0.009;
/// The arrow of a lane is so long at most, in the middle of the lane.
const LANE_SHARE: f32 = 0.05;
/// In narrower lanes a number would hide them.
const NUMBERED_PX: f32 = 16.0;
/// The widest path, in pixels; the others by their share of its vehicles.
const WIDEST_PX: f32 = 4.0;
/// The name of an arm stands so far out on it, the number of a lane so far along it; at the first of these where there is room.
const NAMED_AT: [f32; 3] = [0.45, 0.6, 0.3];
const NUMBERED_AT: [f32; 4] = [0.7, 0.3, 0.85, 0.15];

/// Draws what the traffic did, lanes, stop lines, gates, typical paths, a legend and the table of movements.
///
/// # Errors
/// When OpenCV refuses.
pub fn draw(canvas: &mut Canvas, proposal: &Proposal) -> Result<(), VisionError> {
    for cell in &proposal.arrows {
        draw_cell(canvas, proposal, cell)?;
    }
    for piece in &proposal.pieces {
        draw_piece(canvas, proposal, piece)?;
    }
    let most = proposal.movements.iter().map(NamedMovement::vehicles).max().unwrap_or(0);
    for movement in &proposal.movements {
        draw_path(canvas, proposal, (movement, most))?;
    }
    let size = proposal.view.size();
    for line in &proposal.lines {
        let colour = if line.line_use == LineUse::Stop { STOP } else { GATE };
        canvas.line(size.line_to_pixel(line.line), colour, 3)?;
    }
    let mut words = Words::default();
    legend::draw(canvas, proposal, &mut words)?;
    for index in 0..proposal.arms.len() {
        name(canvas, proposal, index, &mut words)?;
    }
    proposal.pieces.iter().try_for_each(|piece| number(canvas, proposal, piece, &mut words))
}

/// How an arm is called in the picture.
pub(super) fn letter(arm: usize) -> char {
    char::from_digit(10 + arm as u32 % 26, 36).unwrap_or('?').to_ascii_uppercase()
}

/// The colour of what comes in by an arm.
pub(super) fn arm_colour(arm: usize) -> Colour {
    ARMS[arm % ARMS.len()]
}

fn lane_colour(way: Way) -> Colour {
    match way {
        Way::In => INBOUND,
        Way::Out => OUTBOUND,
    }
}

fn draw_cell(canvas: &mut Canvas, proposal: &Proposal, cell: &Arrow) -> Result<(), VisionError> {
    let size = proposal.view.size();
    let (at, length) = (size.to_pixel(cell.at), CELL_SHARE * size.width as f32);
    let end = |by: f32| Point::new(at.x + by * length * cell.way.x, at.y + by * length * cell.way.y);
    let colour = if proposal.disagrees(cell) { OTHERWISE } else { TRAFFIC };
    arrow(canvas, Line::new(end(-0.5), end(0.5)), colour, 0.35 * length)
}

fn draw_piece(canvas: &mut Canvas, proposal: &Proposal, piece: &Piece) -> Result<(), VisionError> {
    let size = proposal.view.size();
    let colour = match piece.piece_use {
        PieceUse::Box => BOX,
        PieceUse::Lane(way) => lane_colour(way),
        PieceUse::Approach | PieceUse::Exit => return Ok(()),
    };
    let polygon = size.polygon_to_pixel(&piece.polygon);
    let corners = polygon.corners();
    for (index, &corner) in corners.iter().enumerate() {
        canvas.line(Line::new(corner, corners[(index + 1) % corners.len()]), colour, 1)?;
    }
    let Some(direction) = piece.direction.map(|direction| size.line_to_pixel(direction)) else { return Ok(()) };
    let half = (0.5 * LANE_SHARE * size.width as f32 / direction.length().max(1.0)).min(0.3);
    arrow(canvas, Line::new(on(direction, 0.5 - half), on(direction, 0.5 + half)), colour, HEAD_SHARE * size.width as f32)
}

fn draw_path(canvas: &mut Canvas, proposal: &Proposal, (movement, most): (&NamedMovement, usize)) -> Result<(), VisionError> {
    let size = proposal.view.size();
    let from = proposal.arms.iter().position(|arm| *arm == movement.from).unwrap_or(0);
    let width = (WIDEST_PX * movement.vehicles() as f32 / most.max(1) as f32).round().max(1.0) as i32;
    let pieces = movement.path.windows(2).map(|pair| Line::new(size.to_pixel(pair[0]), size.to_pixel(pair[1])));
    for (index, piece) in pieces.enumerate() {
        canvas.line(piece, arm_colour(from), width)?;
        if index + 2 == movement.path.len() {
            arrow(canvas, piece, arm_colour(from), HEAD_SHARE * size.width as f32)?;
        }
    }
    Ok(())
}

/// The letter and the name of an arm on its road.
fn name(canvas: &mut Canvas, proposal: &Proposal, arm: usize, words: &mut Words) -> Result<(), VisionError> {
    let name = &proposal.arms[arm];
    let gate = proposal.gates.iter().find(|gate| gate.arm == *name);
    let line = gate.and_then(|gate| gate.entry.as_ref().or(gate.exit.as_ref()));
    let Some(line) = line.and_then(|id| proposal.lines.iter().find(|line| line.id == *id)) else { return Ok(()) };
    let Some(direction) = proposal.pieces.iter().find(|piece| piece.id == line.zone).and_then(|piece| piece.direction) else {
        return Ok(());
    };
    let outward = if line.line_use == LineUse::Entry { Line::new(direction.b, direction.a) } else { direction };
    let places = NAMED_AT.map(|share| proposal.view.size().to_pixel(on(outward, share)));
    words.put(canvas, &places, (&format!("{} {name}", letter(arm)), arm_colour(arm)))
}

/// The number of a lane, in it.
fn number(canvas: &mut Canvas, proposal: &Proposal, piece: &Piece, words: &mut Words) -> Result<(), VisionError> {
    let (PieceUse::Lane(way), Some(direction)) = (piece.piece_use, piece.direction) else { return Ok(()) };
    let size = proposal.view.size();
    let (line, polygon) = (size.line_to_pixel(direction), size.polygon_to_pixel(&piece.polygon));
    let Some((_, number)) = piece.id.rsplit_once('-').filter(|_| width(&polygon, line) >= NUMBERED_PX) else { return Ok(()) };
    words.put(canvas, &NUMBERED_AT.map(|share| on(line, share)), (number, lane_colour(way)))
}

/// How wide a piece of road is on average, in pixels.
fn width(polygon: &Polygon<Pixel>, direction: Line<Pixel>) -> f32 {
    polygon.area() / direction.length().max(1.0)
}

fn on<Space>(line: Line<Space>, share: f32) -> Point<Space> {
    Point::new(line.a.x + share * (line.b.x - line.a.x), line.a.y + share * (line.b.y - line.a.y))
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
