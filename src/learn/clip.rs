//! Pieces of road as polygons and lines of the picture, cut at its borders.

use super::plan::{Place, View};
use super::road::{OnRoad, Road};
use crate::base::geom::{Line, Norm, Point, Polygon};

/// Smaller pieces are of no use: a two-hundredth by a hundredth of the picture.
const SMALLEST: f32 = 0.00015;
/// A line shorter than this share of the picture is no line.
const SHORTEST: f32 = 0.021;
/// Roads are put into the picture in pieces of this length: what is beside or under the camera cannot be.
const PIECE_L: f32 = 0.5;
/// Nearer points are the same for configuration, which has four decimals.
const SAME: f32 = 0.0004;

/// The road between these distances and edges, as the picture shows it; `None` when it shows nothing of it.
pub(super) fn piece(view: &View, road: &Road, (from, to): (f32, f32), (right, left): (f32, f32)) -> Option<Polygon<Norm>> {
    let place = |along: f32, beside: f32| view.to_image(road.place(OnRoad { along, beside })).map(|at| view.size().to_norm(at));
    let count = ((to - from) / PIECE_L).ceil().max(1.0) as usize;
    let steps = (0..=count).map(|step| from + (to - from) * step as f32 / count as f32);
    let known: Vec<f32> = steps.filter(|&along| place(along, right).is_some() && place(along, left).is_some()).collect();
    let (&first, &last) = known.first().zip(known.last())?;
    let corners = [(first, right), (last, right), (last, left), (first, left)];
    polygon(corners.into_iter().map(|(along, beside)| place(along, beside)).collect::<Option<Vec<_>>>()?)
}

/// Whether a place lies in the picture.
pub(super) fn is_shown(view: &View, place: Place) -> bool {
    let at = view.to_image(place).map(|at| view.size().to_norm(at));
    at.is_some_and(|at| (0.0..=1.0).contains(&at.x) && (0.0..=1.0).contains(&at.y))
}

/// The smallest convex shape around these places, as the picture shows it.
pub(super) fn around(view: &View, places: &[Place]) -> Option<Polygon<Norm>> {
    let mut points: Vec<Point<Norm>> = places.iter().filter_map(|&place| view.to_image(place).map(|at| view.size().to_norm(at))).collect();
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let half = |points: &mut dyn Iterator<Item = Point<Norm>>| {
        let mut hull: Vec<Point<Norm>> = Vec::new();
        for point in points {
            while hull.len() >= 2 && turn(hull[hull.len() - 2], hull[hull.len() - 1], point) <= 0.0 {
                hull.pop();
            }
            hull.push(point);
        }
        hull.pop();
        hull
    };
    let mut hull = half(&mut points.iter().copied());
    hull.extend(half(&mut points.iter().rev().copied()));
    polygon(hull)
}

fn turn(a: Point<Norm>, b: Point<Norm>, c: Point<Norm>) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// The line between two places, as the picture shows it.
pub(super) fn line(view: &View, from: Place, to: Place) -> Option<Line<Norm>> {
    let shown = |place| view.to_image(place).map(|at| view.size().to_norm(at));
    let (from, to) = (shown(from)?, shown(to)?);
    let (mut first, mut last) = (0.0f32, 1.0f32);
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    // Liang and Barsky 1984: each border cuts the range of shares that are inside.
    for (step, room) in [(-dx, from.x), (dx, 1.0 - from.x), (-dy, from.y), (dy, 1.0 - from.y)] {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            first = first.max(room / step);
        } else {
            last = last.min(room / step);
        }
    }
    let at = |share: f32| Point::new((from.x + share * dx).clamp(0.0, 1.0), (from.y + share * dy).clamp(0.0, 1.0));
    let line = Line::new(at(first), at(last));
    (first < last && line.length() >= SHORTEST).then_some(line)
}

/// Cut to the picture (Sutherland and Hodgman 1974); `None` when too little is left.
fn polygon(corners: Vec<Point<Norm>>) -> Option<Polygon<Norm>> {
    let insides: [fn(Point<Norm>) -> f32; 4] = [|p| p.x, |p| 1.0 - p.x, |p| p.y, |p| 1.0 - p.y];
    let mut corners = corners;
    for inside in insides {
        let mut kept = Vec::with_capacity(corners.len() + 1);
        for (index, &here) in corners.iter().enumerate() {
            let before = corners[(index + corners.len() - 1) % corners.len()];
            let (was, is) = (inside(before), inside(here));
            if (was < 0.0) != (is < 0.0) {
                let share = was / (was - is);
                kept.push(Point::new(before.x + share * (here.x - before.x), before.y + share * (here.y - before.y)));
            }
            if is >= 0.0 {
                kept.push(here);
            }
        }
        corners = kept;
    }
    let mut corners: Vec<Point<Norm>> = corners.into_iter().map(|p| Point::new(p.x.clamp(0.0, 1.0), p.y.clamp(0.0, 1.0))).collect();
    corners.dedup_by(|a, b| a.distance(*b) < SAME);
    while corners.len() > 3 && corners[0].distance(corners[corners.len() - 1]) < SAME {
        corners.pop();
    }
    Polygon::new(corners).filter(|polygon| polygon.area() >= SMALLEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polygon_is_cut_at_the_border_and_dropped_when_nothing_is_left() {
        let corners = |points: &[(f32, f32)]| points.iter().map(|&(x, y)| Point::new(x, y)).collect::<Vec<Point<Norm>>>();
        let half = polygon(corners(&[(-0.5, 0.2), (0.5, 0.2), (0.5, 0.6), (-0.5, 0.6)])).expect("half is inside");
        assert!((half.area() - 0.2).abs() < 1e-6, "{half:?}");
        assert_eq!(polygon(corners(&[(1.1, 0.2), (1.5, 0.2), (1.5, 0.6)])), None);
        assert_eq!(polygon(corners(&[(0.1, 0.2), (0.9, 0.2), (0.5, 0.2)])), None, "no area");
        assert_eq!(polygon(Vec::new()), None);
    }
}
