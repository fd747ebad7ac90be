//! The ground before a camera: points that fit a flat ground, distances that they meet, and nothing drawn into the sky.

use std::collections::BTreeMap;

use super::geometry::{is_in_picture, outside_picture, point};
use super::{Checker, below};
use crate::base::geom::{Line, Norm, Point};
use crate::base::ground::{Ground, GroundError, GroundPoint, MOST_RESIDUAL_M};
use crate::base::id::Slug;
use crate::config::file::calibration::{CalibrationFile, CheckDistanceFile, GroundPointFile};
use crate::config::settings::{Calibration, CheckDistance, Zone};

/// More are not looked at: nobody measures them, and each costs time.
const MOST_POINTS: usize = 100;
/// Farther than any camera sees, and near enough for exact numbers.
const FARTHEST_M: f64 = 10_000.0;
/// How far a check distance may be from what was measured.
const MOST_ERROR_PCT: f64 = 5.0;

impl Checker<'_> {
    /// `None` when anything is wrong with it.
    pub(super) fn calibration(&mut self, path: &str, file: &CalibrationFile) -> Option<Calibration> {
        let table = below(path, "points");
        let points: Option<Vec<_>> = each(&file.points, &table, |path, file| self.ground_point(path, file));
        let distances = each(&file.distances, &below(path, "distances"), |path, file| self.check_distance(path, file));
        let ground = self.ground(&table, points?)?;
        let distances = distances?;
        for (index, distance) in distances.iter().enumerate() {
            self.meets(&format!("{path}.distances[{index}]"), distance, &ground);
        }
        Some(Calibration { ground, distances })
    }

    fn ground_point(&mut self, path: &str, file: &GroundPointFile) -> Option<GroundPoint> {
        let image = self.in_picture(&below(path, "image"), file.image, "write where it is in the picture, such as `image = [0.12, 0.91]`");
        let (path, way_out) = (below(path, "ground"), "write where it is in metres, such as `ground = [0.0, 3.5]`");
        let Some([x, y]) = file.ground else {
            self.missing(&path, way_out);
            return None;
        };
        if ![x, y].iter().all(|metres| metres.abs() <= FARTHEST_M) {
            self.say(&path, format!("is [{x}, {y}]: count metres from a corner of the junction, at most {FARTHEST_M} in each direction"));
            return None;
        }
        Some(GroundPoint { image: image?, ground: Point::new(x as f32, y as f32) })
    }

    fn check_distance(&mut self, path: &str, file: &CheckDistanceFile) -> Option<CheckDistance> {
        let way_out = "write both ends in the picture, such as `from = [0.3, 0.6]` and `to = [0.7, 0.6]`";
        let from = self.in_picture(&below(path, "from"), file.from, way_out);
        let to = self.in_picture(&below(path, "to"), file.to, way_out);
        let path = below(path, "metres");
        let Some(metres) = file.metres else {
            self.missing(&path, "write the distance as measured on the ground, such as `metres = 12.0`");
            return None;
        };
        let metres = self.number(&path, metres, 0.5..=1000.0);
        Some(CheckDistance { from: from?, to: to?, metres })
    }

    fn in_picture(&mut self, path: &str, place: Option<[f64; 2]>, way_out: &str) -> Option<Point<Norm>> {
        let Some(place) = place else {
            self.missing(path, way_out);
            return None;
        };
        if !is_in_picture(place) {
            self.say(path, format!("is {}", outside_picture(place)));
            return None;
        }
        Some(point(place))
    }

    fn ground(&mut self, path: &str, points: Vec<GroundPoint>) -> Option<Ground> {
        if points.len() > MOST_POINTS {
            self.say(path, format!("has {} points, at most {MOST_POINTS} are allowed: ten well measured ones are plenty", points.len()));
            return None;
        }
        match Ground::fit(points) {
            Ok(ground) => self.fits(path, &ground).then_some(ground),
            Err(error) => {
                let way_out = match error {
                    GroundError::TooFew(_) => ": measure more, no three of them on one line",
                    GroundError::Degenerate => {
                        ", or nearly so: add points far to the side of that line, some near the camera and some far from it"
                    }
                    GroundError::NoView => ": check that `image` and `ground` of each belong together, and that none is at the horizon",
                };
                self.say(path, format!("{error}{way_out}"));
                None
            }
        }
    }

    /// Whether every point is near enough to where the map puts it; the ones that are not are named when the others agree.
    fn fits(&mut self, path: &str, ground: &Ground) -> bool {
        let off = |metres: Option<f64>| metres.map_or("at the horizon, not".to_owned(), |metres| format!("{metres:.2} m from"));
        let wrong: Vec<_> = (0..).zip(ground.residuals_m()).filter(|(_, metres)| !metres.is_some_and(|m| m <= MOST_RESIDUAL_M)).collect();
        let (count, agreed) = (ground.points().len(), ground.agreed());
        if agreed < count {
            for &(index, metres) in &wrong {
                let what = format!(
                    "lies {} where the {agreed} that agree put it (at most {MOST_RESIDUAL_M} m): measure it again, or remove it",
                    off(*metres)
                );
                self.say(&format!("{path}[{index}]"), what);
            }
        } else if let Some((index, metres)) = wrong.iter().max_by(|a, b| a.1.unwrap_or(f64::MAX).total_cmp(&b.1.unwrap_or(f64::MAX))) {
            let more = if count < 6 { ", or add points until there are 6: then the wrong one is named" } else { "" };
            let what = format!(
                "do not fit together, point {} lies {} where all put it (at most {MOST_RESIDUAL_M} m): check `image` and `ground` of each{more}",
                index + 1,
                off(**metres)
            );
            self.say(path, what);
        }
        wrong.is_empty()
    }

    fn meets(&mut self, path: &str, distance: &CheckDistance, ground: &Ground) {
        let Some(error_pct) = distance.error_pct(ground) else {
            self.say(path, "has an end at or above the horizon of the points: measure between places on the ground");
            return;
        };
        if error_pct.abs() > MOST_ERROR_PCT {
            let by_points = distance.metres * (1.0 + error_pct / 100.0);
            self.say(
                &below(path, "metres"),
                format!(
                    "is {}, and the points make it {by_points:.1} (at most {MOST_ERROR_PCT} % apart): measure it again, or the points near it",
                    distance.metres
                ),
            );
        }
    }

    /// That every line and zone of the camera at `path` lies on the ground.
    pub(super) fn below_horizon(
        &mut self,
        path: &str,
        ground: &Ground,
        (lines, zones): (&BTreeMap<Slug, Line<Norm>>, &BTreeMap<Slug, Zone>),
    ) {
        let path_of = |kind: &str, id: &Slug| below(&below(path, kind), id.as_str());
        let lines = lines.iter().flat_map(|(id, line)| {
            let path = path_of("lines", id);
            [(below(&path, "from"), "is".to_owned(), line.a), (below(&path, "to"), "is".to_owned(), line.b)]
        });
        let zones = zones.iter().flat_map(|(id, zone)| {
            let path = below(&path_of("zones", id), "polygon");
            let corners = (1..).zip(zone.polygon.corners());
            corners.map(move |(number, &corner)| (path.clone(), format!("has corner {number} at"), corner))
        });
        for (path, which, at) in lines.chain(zones) {
            if ground.to_ground(at).is_none() {
                let horizon = ground.horizon_y(at.x).map_or(String::new(), |y| format!(", which is at y = {y:.2} there"));
                self.say(
                    &path,
                    format!(
                        "{which} [{}, {}], above the horizon of `calibration`{horizon}: move it down to the ground, or check the points",
                        at.x, at.y
                    ),
                );
            }
        }
    }
}

/// All of them made, or `None`: with one left out the numbers of the others would be wrong.
fn each<T, U>(items: &[T], path: &str, mut make: impl FnMut(&str, &T) -> Option<U>) -> Option<Vec<U>> {
    let made: Vec<Option<U>> = items.iter().enumerate().map(|(index, item)| make(&format!("{path}[{index}]"), item)).collect();
    made.into_iter().collect()
}
