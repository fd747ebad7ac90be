//! A calibration drawn over a picture, to be judged by eye: whether the lines follow the road tells more than any figure.

use super::{Canvas, Colour, VisionError};
use crate::base::geom::{FrameSize, Line, Metre, Norm, Pixel, Point, Polygon};
use crate::base::ground::Ground;

const FINE: Colour = Colour(120, 200, 255);
const STRONG: Colour = Colour(0, 255, 200);
const COVERED: Colour = Colour(255, 214, 10);
const POINT: Colour = Colour(255, 80, 80);
const DISTANCE: Colour = Colour(255, 140, 255);

const FINE_M: i32 = 1;
const STRONG_M: i32 = 5;
const NAMED_M: i32 = 10;
/// How far the grid goes on around the points: what lies farther out is a guess.
const MARGIN_M: f32 = 10.0;
/// Half the side of the largest grid; points of a map may lie far apart.
const WIDEST_M: f32 = 150.0;
/// Lines nearer to each other than this are not drawn: they would be one colour.
const NARROWEST_PX: f32 = 5.0;
/// Names of places need so much room.
const NAME_PX: f32 = 70.0;

/// Draws the 1 m (thin) and 5 m (strong) grid of the ground around its points, the area that they cover, and each point with its residual.
///
/// # Errors
/// When OpenCV refuses.
pub fn draw_ground(canvas: &mut Canvas, ground: &Ground, size: FrameSize) -> Result<(), VisionError> {
    let grid = Grid::around(ground, size);
    grid.draw(canvas, FINE_M, |canvas, line| canvas.line(line, FINE, 1))?;
    grid.draw(canvas, STRONG_M, |canvas, line| canvas.line(line, STRONG, 2))?;
    grid.draw_names(canvas)?;
    let covered = ground.covered().corners().iter().map(|&corner| ground.to_image(corner)).collect::<Option<Vec<_>>>();
    if let Some(covered) = covered.and_then(Polygon::new) {
        canvas.polygon(&size.polygon_to_pixel(&covered), COVERED)?;
    }
    for (number, (point, residual_m)) in (1..).zip(ground.points().iter().zip(ground.residuals_m())) {
        let clicked = size.to_pixel(point.image);
        if let Some(by_map) = ground.to_image(point.ground) {
            canvas.line(Line::new(clicked, size.to_pixel(by_map)), POINT, 2)?;
        }
        let (arm, Point { x, y, .. }) = (6.0, clicked);
        canvas.line(Line::new(Point::new(x - arm, y), Point::new(x + arm, y)), POINT, 2)?;
        canvas.line(Line::new(Point::new(x, y - arm), Point::new(x, y + arm)), POINT, 2)?;
        let off = residual_m.map_or(String::new(), |metres| format!(": {metres:.2} m"));
        canvas.label(Point::new(x + arm, y - arm), &format!("{number}{off}"), POINT)?;
    }
    Ok(())
}

/// Draws a distance, with what is said about it at its end.
///
/// # Errors
/// When OpenCV refuses.
pub fn draw_distance(canvas: &mut Canvas, line: Line<Norm>, said: &str, size: FrameSize) -> Result<(), VisionError> {
    let line = size.line_to_pixel(line);
    canvas.line(line, DISTANCE, 2)?;
    canvas.label(line.b, said, DISTANCE)
}

/// The part of the ground that is drawn: whole metres, first and last.
struct Grid<'a> {
    ground: &'a Ground,
    size: FrameSize,
    x: (i32, i32),
    y: (i32, i32),
}

impl<'a> Grid<'a> {
    fn around(ground: &'a Ground, size: FrameSize) -> Self {
        let span = |of: fn(&Point<Metre>) -> f32| {
            let all = ground.points().iter().map(|point| of(&point.ground));
            let (least, most) = all.fold((f32::MAX, f32::MIN), |(least, most), at| (at.min(least), at.max(most)));
            let half = ((most - least) / 2.0 + MARGIN_M).min(WIDEST_M);
            let middle = f32::midpoint(least, most);
            ((middle - half).floor() as i32, (middle + half).ceil() as i32)
        };
        Self { ground, size, x: span(|point| point.x), y: span(|point| point.y) }
    }

    /// Every line at a multiple of `step`, in pieces of a metre: far pieces are left out where they would run together.
    fn draw<F>(&self, canvas: &mut Canvas, step: i32, draw: F) -> Result<(), VisionError>
    where
        F: Fn(&mut Canvas, Line<Pixel>) -> Result<(), VisionError>,
    {
        let multiples = |(first, last): (i32, i32)| (first..=last).filter(move |at| at.rem_euclid(step) == 0);
        let along_y = multiples(self.x).flat_map(|x| (self.y.0..self.y.1).map(move |y| ((x, y), (x, y + 1), (x + step, y))));
        let along_x = multiples(self.y).flat_map(|y| (self.x.0..self.x.1).map(move |x| ((x, y), (x + 1, y), (x, y + step))));
        for (from, to, beside) in along_y.chain(along_x) {
            let (Some(from), Some(to), Some(beside)) = (self.seen(from), self.seen(to), self.seen(beside)) else { continue };
            if Line::new(from, to).signed_distance(beside).abs() >= NARROWEST_PX {
                draw(canvas, Line::new(from, to))?;
            }
        }
        Ok(())
    }

    /// Coordinates where strong lines cross, so that places can be found on a map.
    fn draw_names(&self, canvas: &mut Canvas) -> Result<(), VisionError> {
        let multiples = |(first, last): (i32, i32)| (first..=last).filter(|at| at.rem_euclid(NAMED_M) == 0);
        for (x, y) in multiples(self.x).flat_map(|x| multiples(self.y).map(move |y| (x, y))) {
            let (Some(at), Some(beside)) = (self.seen((x, y)), self.seen((x + NAMED_M, y))) else { continue };
            if at.distance(beside) >= NAME_PX {
                canvas.label(at, &format!("{x}, {y}"), STRONG)?;
            }
        }
        Ok(())
    }

    /// Where a place of the ground is in the picture; `None` when it is far outside.
    fn seen(&self, (x, y): (i32, i32)) -> Option<Point<Pixel>> {
        let seen = self.ground.to_image(Point::new(x as f32, y as f32))?;
        let is_near = |share: f32| (-0.5..=1.5).contains(&share);
        (is_near(seen.x) && is_near(seen.y)).then(|| self.size.to_pixel(seen))
    }
}
