//! Lines and zones: inside the picture, and of a shape that can be crossed and filled.

use std::collections::BTreeMap;

use super::{Checker, below};
use crate::base::geom::{Line, Norm, Point, Polygon};
use crate::base::id::Slug;
use crate::config::document::list;
use crate::config::file::camera::{LineFile, ZoneFile, ZoneUseFile};
use crate::config::nearest::did_you_mean;
use crate::config::settings::{Zone, ZoneUse};

/// Shortest line, as a share of the picture: shorter ones are two clicks on the same spot.
const SHORTEST_LINE: f32 = 0.02;

/// Smallest zone, as a share of the picture's area: a hundredth by a hundredth.
const SMALLEST_AREA: f32 = 0.0001;

/// Share of a zone's length that may lie behind its stop line.
const MOST_BEYOND_LINE: f32 = 0.4;

const MOST_CORNERS: usize = 100;

impl Checker<'_> {
    pub(super) fn lines(&mut self, table: &str, lines: &BTreeMap<String, LineFile>) -> BTreeMap<Slug, Line<Norm>> {
        lines
            .iter()
            .filter_map(|(id, file)| {
                let path = below(table, id);
                let id = self.slug(&path, id);
                let line = self.line(&path, file);
                Some((id?, line?))
            })
            .collect()
    }

    fn line(&mut self, path: &str, file: &LineFile) -> Option<Line<Norm>> {
        let from = self.line_end(&below(path, "from"), file.from);
        let to = self.line_end(&below(path, "to"), file.to);
        let line = Line::new(from?, to?);
        if line.length() < SHORTEST_LINE {
            self.say(path, "begins and ends at the same place: draw it across the way of the traffic");
        }
        Some(line)
    }

    fn line_end(&mut self, path: &str, end: Option<[f64; 2]>) -> Option<Point<Norm>> {
        let Some(end) = end else {
            self.missing(path, "write both ends of the line, such as `from = [0.1, 0.7]` and `to = [0.9, 0.7]`");
            return None;
        };
        if !is_in_picture(end) {
            self.say(path, format!("is {}", outside_picture(end)));
        }
        Some(point(end))
    }

    pub(super) fn zones(
        &mut self,
        table: &str,
        zones: &BTreeMap<String, ZoneFile>,
        lines: &BTreeMap<Slug, Line<Norm>>,
    ) -> BTreeMap<Slug, Zone> {
        zones
            .iter()
            .filter_map(|(id, file)| {
                let path = below(table, id);
                let slug = self.slug(&path, id);
                let name = self.display_name(&below(&path, "name"), file.name.as_deref(), id);
                let area_m2 = file.area_m2.map(|area| self.number(&below(&path, "area_m2"), area, 1.0..=1_000_000.0));
                let polygon = self.polygon(&below(&path, "polygon"), file.polygon.as_deref());
                let direction = file.direction.and_then(|ends| self.direction(&below(&path, "direction"), ends));
                let stop_line = file.stop_line.as_deref().and_then(|line| self.stop_line(&below(&path, "stop_line"), (file, line), lines));
                Some((slug?, Zone { name, kind: zone_use(file.kind), polygon: polygon?, area_m2, direction, stop_line }))
            })
            .collect()
    }

    fn direction(&mut self, path: &str, [from, to]: [[f64; 2]; 2]) -> Option<Line<Norm>> {
        for (which, end) in [("starts", from), ("ends", to)] {
            if !is_in_picture(end) {
                self.say(path, format!("{which} at {}", outside_picture(end)));
                return None;
            }
        }
        let line = Line::new(point(from), point(to));
        if line.length() < SHORTEST_LINE {
            self.say(path, "begins and ends at the same place: draw it the way that traffic goes");
            return None;
        }
        Some(line)
    }

    /// The line at which an approach waits: one of this camera's, with most of the zone on one side.
    fn stop_line(&mut self, path: &str, (zone, text): (&ZoneFile, &str), lines: &BTreeMap<Slug, Line<Norm>>) -> Option<Line<Norm>> {
        if zone.kind != ZoneUseFile::Approach {
            self.say(
                path,
                "stands in a zone that is no approach: only there does traffic wait at a line, so remove it or write `kind = \"approach\"`",
            );
            return None;
        }
        let Some(line) = Slug::new(text).and_then(|id| lines.get(&id).copied()) else {
            let known: Vec<&str> = lines.keys().map(Slug::as_str).collect();
            let there = if known.is_empty() { "this camera has no lines".to_owned() } else { format!("this camera has {}", list(&known)) };
            self.say(path, format!("names no line of this camera{}: {there}", did_you_mean(text, known.iter().copied())));
            return None;
        };
        let sides: Vec<f32> = zone.polygon.iter().flatten().map(|&corner| line.signed_distance(point(corner))).collect();
        let (before, behind) = sides.iter().fold((0.0f32, 0.0f32), |(before, behind), side| (before.max(*side), behind.max(-side)));
        if !sides.is_empty() && before.min(behind) > MOST_BEYOND_LINE * before.max(behind) {
            self.say(path, "cuts the zone in the middle: draw the zone up to the line, or name the line at its end");
        }
        Some(line)
    }

    fn polygon(&mut self, path: &str, corners: Option<&[[f64; 2]]>) -> Option<Polygon<Norm>> {
        let Some(corners) = corners else {
            self.missing(path, "write the corners of the zone, such as `polygon = [[0.1, 0.4], [0.9, 0.4], [0.5, 0.9]]`");
            return None;
        };
        let outside: Vec<usize> = (0..corners.len()).filter(|&at| !is_in_picture(corners[at])).collect();
        for &at in outside.iter().take(3) {
            self.say(path, format!("has corner {} at {}", at + 1, outside_picture(corners[at])));
        }
        if !outside.is_empty() {
            return None;
        }
        if let Some(what) = shape_problem(corners) {
            self.say(path, what);
            return None;
        }
        Polygon::new(corners.iter().copied().map(point).collect())
    }
}

/// Why these corners are not a simple polygon, if they are not.
fn shape_problem(corners: &[[f64; 2]]) -> Option<String> {
    let count = corners.len();
    if count < 3 {
        return Some(format!("has {count} {}: at least 3 make a zone", if count == 1 { "corner" } else { "corners" }));
    }
    if count > MOST_CORNERS {
        return Some(format!("has {count} corners, at most {MOST_CORNERS} are allowed: a rough outline is enough"));
    }
    if count > 3 && corners[0] == corners[count - 1] {
        return Some("ends with its first corner: leave the last one out, a zone closes by itself".to_owned());
    }
    if let Some(at) = (0..count).find(|&at| corners[at] == corners[(at + 1) % count]) {
        return Some(format!("has corner {} twice in a row: leave one out", at + 1));
    }
    let area = Polygon::<Norm>::new(corners.iter().copied().map(point).collect()).map_or(0.0, |polygon| polygon.area());
    if let Some((i, j)) = crossing_edges(corners) {
        let edge = |at: usize| format!("{}–{}", at + 1, (at + 1) % count + 1);
        return Some(format!("crosses itself where its edges {} and {} meet: list the corners in order around the zone", edge(i), edge(j)));
    }
    (area < SMALLEST_AREA).then(|| "has no area: its corners lie on one line or on one spot".to_owned())
}

/// The first pair of edges (by number of their first corner) that meet without being neighbours, or neighbours that fold back.
fn crossing_edges(corners: &[[f64; 2]]) -> Option<(usize, usize)> {
    let count = corners.len();
    let edge = |at: usize| (corners[at], corners[(at + 1) % count]);
    let pairs = (0..count).flat_map(|i| (i + 1..count).map(move |j| (i, j)));
    pairs.into_iter().find(|&(i, j)| {
        let ((a, b), (c, d)) = (edge(i), edge(j));
        if (i + 1) % count == j {
            folds_back(a, b, d)
        } else if (j + 1) % count == i {
            folds_back(c, d, b)
        } else {
            segments_meet(a, b, c, d)
        }
    })
}

/// Twice the signed area of the triangle; its sign says on which side of `a`–`b` the point `c` lies.
fn turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Whether the way `a`–`b`–`c` returns on itself. A triangle of three corners on a line is caught here too.
fn folds_back(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> bool {
    let dot = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]);
    turn(a, b, c) == 0.0 && dot < 0.0
}

/// Whether the segments have a point in common, ends included.
pub(super) fn segments_meet(a: [f64; 2], b: [f64; 2], c: [f64; 2], d: [f64; 2]) -> bool {
    let (c_side, d_side) = (turn(a, b, c), turn(a, b, d));
    let (a_side, b_side) = (turn(c, d, a), turn(c, d, b));
    if c_side * d_side < 0.0 && a_side * b_side < 0.0 {
        return true;
    }
    let within =
        |a: [f64; 2], b: [f64; 2], p: [f64; 2]| (0..2).all(|axis| p[axis] >= a[axis].min(b[axis]) && p[axis] <= a[axis].max(b[axis]));
    (c_side == 0.0 && within(a, b, c))
        || (d_side == 0.0 && within(a, b, d))
        || (a_side == 0.0 && within(c, d, a))
        || (b_side == 0.0 && within(c, d, b))
}

pub(super) fn is_in_picture(at: [f64; 2]) -> bool {
    at.iter().all(|share| (0.0..=1.0).contains(share))
}

pub(super) fn outside_picture([x, y]: [f64; 2]) -> String {
    format!("[{x}, {y}], outside the picture: write shares of its width and height from 0 to 1, not pixels")
}

pub(super) fn point([x, y]: [f64; 2]) -> Point<Norm> {
    Point::new(x as f32, y as f32)
}

fn zone_use(kind: ZoneUseFile) -> ZoneUse {
    match kind {
        ZoneUseFile::Approach => ZoneUse::Approach,
        ZoneUseFile::Exit => ZoneUse::Exit,
        ZoneUseFile::Box => ZoneUse::Box,
        ZoneUseFile::Sidewalk => ZoneUse::Sidewalk,
        ZoneUseFile::Crossing => ZoneUse::Crossing,
        ZoneUseFile::Plaza => ZoneUse::Plaza,
        ZoneUseFile::Waiting => ZoneUse::Waiting,
        ZoneUseFile::Area => ZoneUse::Area,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bow_tie_crosses_itself_and_a_square_does_not() {
        let square = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]];
        let bow_tie = [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]];
        assert_eq!(crossing_edges(&square), None);
        assert_eq!(crossing_edges(&bow_tie), Some((0, 2)));
    }

    #[test]
    fn whether_edges_cross_does_not_depend_on_where_the_list_begins() {
        let star = [[0.5, 0.1], [0.7, 0.9], [0.1, 0.4], [0.9, 0.4], [0.3, 0.9]];
        let hook = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.5, 0.9], [0.5, 0.5], [0.1, 0.5]];
        for start in 0..6 {
            let mut star = star;
            star.rotate_left(start % 5);
            assert!(crossing_edges(&star).is_some());
            let mut hook = hook;
            hook.rotate_left(start);
            assert_eq!(crossing_edges(&hook), None);
        }
    }
}
