//! Gates: where the traffic of each arm comes in and goes out. They must lie apart, and the junction between them.

use super::rules::Rules;
use super::{Checker, below};
use crate::base::geom::{Line, Norm, Point};
use crate::config::file::camera::{CameraFile, LineFile};
use crate::config::file::measures::{GateFile, MovementsFile};
use crate::config::settings::{Arm, Gate, MovementsSettings, Ways};

const MOST_ARMS: usize = 8;

/// How far the middle of the other arms must lie beside a gate, as share of the picture, to say on which side of it the junction is.
const LEAST_BESIDE: f32 = 0.01;

/// A line at the mouth of an arm, while it is checked.
struct Mouth<'a> {
    /// Where it is named, `cameras.utara.gates.timur.entry`.
    path: String,
    name: &'a str,
    line: Line<Norm>,
    arm: usize,
    ways: Ways,
}

impl Checker<'_> {
    pub(super) fn movements(&mut self, rules: &mut Rules<'_>, at: usize, file: &MovementsFile) -> Option<MovementsSettings> {
        let path = format!("{}.movements[{at}]", rules.path);
        let name = self.rule_name(rules, &path, Some(&file.name), ("movements", None));
        if at > 0 {
            self.say(&path, "is the second one of this camera: one rule counts the movements between all gates, so remove one of the two");
            return None;
        }
        self.sees(rules, &path, "vehicles", |class| class.is_vehicle());
        let classes = self.rule_classes(rules, &below(&path, "classes"), &file.classes);
        if classes.iter().any(|class| !class.is_vehicle()) {
            self.say(
                &below(&path, "classes"),
                "has `person`: people on foot make no turning movements, so remove it and count them on a line",
            );
        }
        let table = below(rules.path.strip_suffix(".rules").unwrap_or_default(), "gates");
        if rules.camera.gates.is_empty() {
            self.missing(&table, "movements are counted between gates, so add one for each arm, such as `[cameras.utara.gates.timur]` with `entry` and `exit`");
            return None;
        }
        let (arms, gates) = self.arms(&table, rules.camera)?;
        Some(MovementsSettings { name: name?, arms, gates, classes })
    }

    /// Gates are checked also where nobody counts between them yet.
    pub(super) fn gates(&mut self, camera_path: &str, camera: &CameraFile) {
        if !camera.gates.is_empty() && camera.rules.movements.is_empty() {
            self.arms(&below(camera_path, "gates"), camera);
        }
    }

    fn arms(&mut self, table: &str, camera: &CameraFile) -> Option<(Vec<Arm>, Vec<Gate>)> {
        let before = self.problems.len();
        let (mut arms, mut mouths) = (Vec::new(), Vec::new());
        for (index, (id, file)) in camera.gates.iter().enumerate() {
            let path = below(table, id);
            let name = self.display_name(&below(&path, "name"), file.name.as_deref(), id);
            arms.extend(self.slug(&path, id).map(|id| Arm { id, name }));
            self.mouths(&path, (index, file), camera, &mut mouths);
        }
        self.enough(table, camera.gates.len(), &mouths);
        self.apart(&mouths);
        if self.problems.len() > before {
            return None;
        }
        let gates: Vec<Gate> = mouths.iter().filter_map(|mouth| self.facing(mouth, &mouths)).collect();
        (self.problems.len() == before).then_some((arms, gates))
    }

    /// The lines of one arm: one for both ways, or one for each.
    fn mouths<'a>(&mut self, path: &str, (arm, file): (usize, &'a GateFile), camera: &CameraFile, mouths: &mut Vec<Mouth<'a>>) {
        if file.entry.is_none() && file.exit.is_none() {
            self.missing(
                &below(path, "entry"),
                "write which line traffic passes on its way in, `entry`, or on its way out, `exit`, or both",
            );
        }
        let is_one = file.entry.is_some() && file.entry == file.exit;
        let named = [("entry", file.entry.as_deref(), Ways::In), ("exit", file.exit.as_deref().filter(|_| !is_one), Ways::Out)];
        for (key, name, ways) in named {
            let (Some(name), path) = (name, below(path, key)) else { continue };
            // A line with a problem is reported where it is drawn.
            let known = self.place(&path, Some(name), "line", camera.lines.keys()).and_then(|_| camera.lines.get(name));
            let Some(line) = known.and_then(drawn) else { continue };
            let ways = if is_one { Ways::Both } else { ways };
            mouths.push(Mouth { path, name, line, arm, ways });
        }
    }

    fn enough(&mut self, table: &str, arms: usize, mouths: &[Mouth<'_>]) {
        let any = |ways: Ways| mouths.iter().any(|mouth| mouth.ways == ways || mouth.ways == Ways::Both);
        if arms > MOST_ARMS {
            self.say(table, format!("has {arms} arms, at most {MOST_ARMS} are counted: leave out alleys and drives"));
        } else if arms < 2 {
            self.say(table, "has one arm only: movements go from one arm to another, so add the others that the camera sees");
        } else if mouths.len() >= 2 && !(any(Ways::In) && any(Ways::Out)) {
            self.say(table, "leads one way only: a movement needs an `entry` of one arm and an `exit` of another");
        }
    }

    /// Every line belongs to one arm, and none meets another: what passes where they cross would be at two arms at once.
    fn apart(&mut self, mouths: &[Mouth<'_>]) {
        for (index, mouth) in mouths.iter().enumerate() {
            if let Some(other) = mouths[..index].iter().find(|other| other.name == mouth.name) {
                let other = &other.path;
                self.say(&mouth.path, format!("is the line of `{other}` too: draw a line of its own for each arm"));
            } else if let Some(other) = mouths[..index].iter().find(|other| meet(other.line, mouth.line)) {
                self.say(
                    &mouth.path,
                    format!(
                        "crosses the gate `{}` (line `{}`): draw gates shorter or farther out, so that nothing passes two at once",
                        other.path, other.name
                    ),
                );
            }
        }
    }

    /// The gate with the junction to its right: on the side where the gates of the other arms are.
    fn facing(&mut self, mouth: &Mouth<'_>, all: &[Mouth<'_>]) -> Option<Gate> {
        let others: Vec<Point<Norm>> = all.iter().filter(|other| other.arm != mouth.arm).map(|other| middle(other.line)).collect();
        if others.is_empty() {
            return None;
        }
        let number = others.len() as f32;
        let (x, y) = others.iter().fold((0.0, 0.0), |(x, y), other| (x + other.x / number, y + other.y / number));
        let beside = mouth.line.signed_distance(Point::new(x, y));
        if beside.abs() < LEAST_BESIDE {
            self.say(
                &mouth.path,
                format!(
                    "names `{}`, which points at the other arms: draw it across its own arm, so that the junction lies on one side of it",
                    mouth.name
                ),
            );
            return None;
        }
        let line = if beside > 0.0 { mouth.line } else { Line::new(mouth.line.b, mouth.line.a) };
        Some(Gate { line, arm: mouth.arm, ways: mouth.ways })
    }
}

fn drawn(file: &LineFile) -> Option<Line<Norm>> {
    Some(Line::new(super::geometry::point(file.from?), super::geometry::point(file.to?)))
}

fn middle(line: Line<Norm>) -> Point<Norm> {
    Point::new((line.a.x + line.b.x) / 2.0, (line.a.y + line.b.y) / 2.0)
}

fn meet(one: Line<Norm>, other: Line<Norm>) -> bool {
    let ends = |line: Line<Norm>| [line.a, line.b].map(|end| [f64::from(end.x), f64::from(end.y)]);
    let ([a, b], [c, d]) = (ends(one), ends(other));
    super::geometry::segments_meet(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_only_point_at_each_other_do_not_meet() {
        let line = |a: (f32, f32), b: (f32, f32)| Line::new(Point::new(a.0, a.1), Point::new(b.0, b.1));
        let across = line((0.1, 0.5), (0.9, 0.5));
        assert!(meet(across, line((0.5, 0.1), (0.5, 0.9))));
        assert!(!meet(across, line((0.5, 0.1), (0.5, 0.4))));
        assert!(meet(across, line((0.9, 0.5), (0.95, 0.9))), "ends that touch");
    }
}
