//! What the colours in the picture of a proposal mean, and the table of movements: in the corner with the least traffic.

use super::picture::{GATE, INBOUND, OTHERWISE, OUTBOUND, STOP, TRAFFIC, arm_colour, letter};
use super::proposal::{NamedMovement, Proposal};
use super::words::Words;
use crate::base::geom::{Pixel, Point, Rect};
use crate::vision::{Canvas, Colour, VisionError};

const COLOURS: [(&str, Colour); 6] = [
    ("hijau: lajur masuk / green: lanes in", INBOUND),
    ("jingga: lajur keluar / orange: lanes out", OUTBOUND),
    ("merah: garis henti / red: stop line", STOP),
    ("merah muda: gerbang / pink: gate", GATE),
    ("biru: arah lalu lintas / blue: traffic", TRAFFIC),
    ("ungu: arah lain / magenta: otherwise", OTHERWISE),
];
const TITLE: (&str, Colour) = ("gerakan / movements: dari-from, ke-to", Colour(235, 235, 235));
const PLATE: Colour = Colour(20, 24, 28);
/// Height of a row in plates: letters reach below theirs.
const ROW: f32 = 1.25;
/// More rows hide more than they tell.
const MOST_ARMS: usize = 8;

/// Draws it, and keeps its place free of other words.
pub(super) fn draw(canvas: &mut Canvas, proposal: &Proposal, words: &mut Words) -> Result<(), VisionError> {
    let arms = proposal.arms.len().min(MOST_ARMS);
    let row = ROW * canvas.label_size(TITLE.0)?.1;
    let mut width = 0.0f32;
    for (text, _) in COLOURS.into_iter().chain([TITLE]) {
        width = width.max(canvas.label_size(text)?.0);
    }
    let place = quietest(proposal, (width, row * (COLOURS.len() + arms + 2) as f32));
    words.keep_free(place);
    canvas.fill(place, PLATE)?;
    let at = |column: f32, line: usize| Point::new(place.left + column, place.top + row * (line + 1) as f32);
    for (line, (text, colour)) in COLOURS.into_iter().chain([TITLE]).enumerate() {
        canvas.label(at(0.0, line), text, colour)?;
    }
    let (head, cell) = (COLOURS.len() + 1, width / (arms + 1).max(2) as f32);
    for to in 0..arms {
        canvas.label(at(cell * (to + 1) as f32, head), &format!("-> {}", letter(to)), TITLE.1)?;
    }
    for from in 0..arms {
        canvas.label(at(0.0, head + 1 + from), &letter(from).to_string(), arm_colour(from))?;
        for to in 0..arms {
            let text = vehicles(proposal, from, to).map_or_else(|| "-".to_owned(), |number| number.to_string());
            canvas.label(at(cell * (to + 1) as f32, head + 1 + from), &text, arm_colour(from))?;
        }
    }
    Ok(())
}

/// Vehicles from one arm to another; `None` of a movement that too few took.
fn vehicles(proposal: &Proposal, from: usize, to: usize) -> Option<usize> {
    let is_it = |movement: &&NamedMovement| movement.from == proposal.arms[from] && movement.to == proposal.arms[to];
    proposal.movements.iter().find(is_it).map(NamedMovement::vehicles)
}

/// The corner of the picture with the fewest cells in which traffic was seen.
fn quietest(proposal: &Proposal, (width, height): (f32, f32)) -> Rect<Pixel> {
    let size = proposal.view.size();
    let (right, bottom) = ((size.width as f32 - width).max(0.0), (size.height as f32 - height).max(0.0));
    let corners = [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)].map(|(left, top)| Rect::new(left, top, width, height));
    let traffic = |corner: &Rect<Pixel>| {
        let cells = proposal.arrows.iter().map(|arrow| size.to_pixel(arrow.at));
        cells.filter(|at| (corner.left..=corner.right()).contains(&at.x) && (corner.top..=corner.bottom()).contains(&at.y)).count()
    };
    corners.into_iter().min_by_key(traffic).unwrap_or(corners[0])
}
