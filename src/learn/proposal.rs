//! What was learned as a configuration needs it: named lines and zones in shares of the picture.

use std::collections::BTreeSet;

use super::arms::Way;
use super::cells::{Arrow, arrows};
use super::clip;
use super::junction::{LearnedArm, Side};
use super::names::{arm_name, free_name};
use super::plan::View;
use super::remark::Remark;
use super::road::OnRoad;
use super::sizes::car_lengths;
use super::watch::Watch;
use super::{Learned, movements::Movement};
use crate::base::geom::{Line, Norm, Point, Polygon};

/// What a proposal is made for.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Ids of lines and zones that are taken already, of all cameras of the box.
    pub taken: BTreeSet<String>,
    /// Bearing of the camera's view, for names by the compass.
    pub bearing_deg: Option<f32>,
}

/// What a line is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineUse {
    /// Traffic waits here.
    Stop,
    /// Who passes it has come in.
    Entry,
    /// Who passes it has left.
    Exit,
}

/// A line across a road, from its right to its left edge: the traffic crosses it to the line's right.
#[derive(Clone, PartialEq, Debug)]
pub struct NamedLine {
    /// Id.
    pub id: String,
    /// What it is for.
    pub line_use: LineUse,
    /// Id of the zone that it closes.
    pub zone: String,
    /// Where.
    pub line: Line<Norm>,
}

/// What a zone is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PieceUse {
    /// All lanes towards the junction.
    Approach,
    /// All lanes away from it.
    Exit,
    /// One lane, towards the junction or away from it.
    Lane(Way),
    /// The middle of the junction.
    Box,
}

/// A piece of road.
#[derive(Clone, PartialEq, Debug)]
pub struct Piece {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub piece_use: PieceUse,
    /// Where.
    pub polygon: Polygon<Norm>,
    /// From where to where its traffic goes.
    pub direction: Option<Line<Norm>>,
    /// Id of the line at which it waits.
    pub stop_line: Option<String>,
}

/// Where the traffic of an arm comes in and leaves, by the ids of the lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedGate {
    /// Name of the arm.
    pub arm: String,
    /// Line on the way in.
    pub entry: Option<String>,
    /// Line on the way out.
    pub exit: Option<String>,
}

/// A movement with the names of its arms.
#[derive(Clone, PartialEq, Debug)]
pub struct NamedMovement {
    /// Arm.
    pub from: String,
    /// Arm.
    pub to: String,
    /// Vehicles seen at both gates.
    pub seen: usize,
    /// Vehicles of which one gate is known by the path.
    pub by_path: usize,
    /// Typical path, as far as the picture shows it.
    pub path: Vec<Point<Norm>>,
}

impl NamedMovement {
    /// All vehicles that took it.
    pub fn vehicles(&self) -> usize {
        self.seen + self.by_path
    }
}

/// All that is proposed.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The camera as guessed.
    pub view: View,
    /// Length of the recording.
    pub seconds: f64,
    /// Vehicles that moved.
    pub vehicles: usize,
    /// Names of the arms, clockwise.
    pub arms: Vec<String>,
    /// Stop lines and gates.
    pub lines: Vec<NamedLine>,
    /// What the lines are to each arm that has a gate.
    pub gates: Vec<NamedGate>,
    /// Approaches, exits, lanes, the box.
    pub pieces: Vec<Piece>,
    /// Who goes where.
    pub movements: Vec<NamedMovement>,
    /// Vehicles in the junction, and those of them whose movement is not known.
    pub passages: (usize, usize),
    /// Car length in widths of the picture, 16 × 9 cells, row by row.
    pub car_lengths: Vec<Option<f32>>,
    /// What is not known or not sure.
    pub remarks: Vec<Remark>,
    pub(super) arrows: Vec<Arrow>,
}

/// Shorter recordings miss signal cycles, rare movements, lanes.
const LONG_ENOUGH_S: f64 = 870.0;
/// Fewer vehicles on a way are told.
const FEW: usize = 15;
/// Boxes usually differ by 5 to 10 % from usual vehicles.
const MISFIT: f32 = 0.2;
/// A gate reaches so far beyond the edges of its road.
const BEYOND_L: f32 = 0.2;
/// So near to the border a road goes on to it.
const TO_BORDER_L: f32 = 1.0;
/// Traffic this much off a lane's direction goes otherwise.
const OTHERWISE: f32 = std::f32::consts::FRAC_1_SQRT_2;

impl Proposal {
    /// Of what was learned by this watch.
    pub fn of(learned: &Learned, watch: &Watch, given: &Given) -> Self {
        let mut this = Self {
            view: learned.view,
            seconds: watch.seconds(),
            vehicles: learned.journeys.len(),
            arms: Vec::new(),
            lines: Vec::new(),
            gates: Vec::new(),
            pieces: Vec::new(),
            movements: Vec::new(),
            passages: (learned.passages.len(), learned.passages.iter().filter(|passage| passage.movement().is_none()).count()),
            car_lengths: car_lengths(watch),
            remarks: Vec::new(),
            arrows: arrows(&learned.view, &learned.journeys),
        };
        this.remark_on_recording(learned, watch);
        let mut taken = given.taken.clone();
        for arm in &learned.junction.arms {
            this.add_arm(arm, given.bearing_deg, &mut taken);
        }
        if learned.junction.has_crossing {
            this.add_box(learned, &mut taken);
        }
        this.movements = learned.movements.iter().map(|movement| this.named(movement)).collect();
        this.remark_on_result();
        this
    }

    fn add_arm(&mut self, arm: &LearnedArm, bearing_deg: Option<f32>, taken: &mut BTreeSet<String>) {
        let lanes = arm.sides().map(|side| side.lanes.lanes.len()).max().unwrap_or(0);
        let ids = |name: &str| {
            let plain = ["henti", "masuk", "keluar", "pendekat", "ruas-keluar"].map(|what| format!("{what}-{name}"));
            let lanes = (1..=lanes).flat_map(|number| ["masuk", "keluar"].map(|way| format!("lajur-{way}-{name}-{number}")));
            plain.into_iter().chain(lanes).collect()
        };
        let name = free_name(arm_name(arm.outward, bearing_deg), taken, ids);
        let entry = arm.inbound.as_ref().and_then(|side| self.add_side(side, &name));
        let exit = arm.outbound.as_ref().and_then(|side| self.add_side(side, &name));
        self.remarks.extend(arm.inbound.is_none().then(|| Remark::NoEntry { arm: name.clone() }));
        self.remarks.extend(arm.outbound.is_none().then(|| Remark::NoExit { arm: name.clone() }));
        if entry.is_some() || exit.is_some() {
            self.gates.push(NamedGate { arm: name.clone(), entry, exit });
        }
        self.arms.push(name);
    }

    /// Lines, lanes and the whole of one way; gives the id of its gate.
    fn add_side(&mut self, side: &Side, arm: &str) -> Option<String> {
        let (way, gate_use, piece_use, title) = match side.road.way {
            Way::In => ("masuk", LineUse::Entry, PieceUse::Approach, format!("Pendekat {arm}")),
            Way::Out => ("keluar", LineUse::Exit, PieceUse::Exit, format!("Keluar {arm}")),
        };
        let id = if piece_use == PieceUse::Approach { format!("pendekat-{arm}") } else { format!("ruas-keluar-{arm}") };
        let stop_line = side.stop.and_then(|stop| self.add_line(side, (stop.along, 0.0), (format!("henti-{arm}"), LineUse::Stop, &id)));
        let gate = self.add_line(side, (side.gate, BEYOND_L), (format!("{way}-{arm}"), gate_use, &id));
        self.add_piece(side, side.edges(), (id, title.clone(), piece_use), stop_line);
        // Numbered from the kerb, which is on the left where one drives on the left.
        for (number, lane) in (1..).zip(side.lanes.lanes.iter().rev()) {
            let id = format!("lajur-{way}-{arm}-{number}");
            self.add_piece(side, (lane.right, lane.left), (id, format!("{title}, lajur {number}"), PieceUse::Lane(side.road.way)), None);
        }
        if side.road.way == Way::In && side.stop.is_none() && !self.remarks.contains(&Remark::NoCrossing) {
            self.remarks.push(Remark::NoStopLine { arm: arm.to_owned() });
        }
        if !side.lanes.has_ridges {
            self.remarks.push(Remark::NoRidges { road: title.clone() });
        }
        if side.vehicles < FEW {
            self.remarks.push(Remark::Few { road: title, vehicles: side.vehicles });
        }
        gate
    }

    fn add_line(&mut self, side: &Side, (along, beyond): (f32, f32), (id, line_use, zone): (String, LineUse, &str)) -> Option<String> {
        let [right, left] = side.across(along, beyond);
        let Some(line) = clip::line(&self.view, right, left) else {
            self.remarks.push(Remark::Outside { what: id });
            return None;
        };
        self.lines.push(NamedLine { id: id.clone(), line_use, zone: zone.to_owned(), line });
        Some(id)
    }

    fn add_piece(&mut self, side: &Side, edges: (f32, f32), (id, name, piece_use): (String, String, PieceUse), stop_line: Option<String>) {
        let along = self.to_border(side, edges);
        let Some(polygon) = clip::piece(&self.view, &side.road, along, edges) else {
            self.remarks.push(Remark::Outside { what: id });
            return;
        };
        let middle = f32::midpoint(edges.0, edges.1);
        let place = |along: f32| side.road.place(OnRoad { along, beside: middle });
        let direction = clip::line(&self.view, place(along.0), place(along.1));
        self.pieces.push(Piece { id, name, piece_use, polygon, direction, stop_line });
    }

    /// From where to where a piece of road goes: one that ends a little before the picture's border goes on to it, because there vehicles are seen in part
    /// only and not followed.
    fn to_border(&self, side: &Side, edges: (f32, f32)) -> (f32, f32) {
        let (from, to) = side.lanes.along;
        let (end, farther) = match side.road.way {
            Way::In => (from - TO_BORDER_L, (from - TO_BORDER_L, to)),
            Way::Out => (to + TO_BORDER_L, (from, to + TO_BORDER_L)),
        };
        let is_outside = |beside: f32| !clip::is_shown(&self.view, side.road.place(OnRoad { along: end, beside }));
        if is_outside(edges.0) || is_outside(edges.1) { farther } else { (from, to) }
    }

    fn add_box(&mut self, learned: &Learned, taken: &mut BTreeSet<String>) {
        let corners: Vec<_> = learned
            .junction
            .arms
            .iter()
            .flat_map(|arm| arm.sides())
            .flat_map(|side| side.across(if side.road.way == Way::In { side.lanes.along.1 } else { side.lanes.along.0 }, 0.0))
            .collect();
        let id = free_name("kotak-simpang", taken, |name| vec![name.to_owned()]);
        if let Some(polygon) = clip::around(&self.view, &corners) {
            let name = "Kotak simpang".to_owned();
            self.pieces.push(Piece { id, name, piece_use: PieceUse::Box, polygon, direction: None, stop_line: None });
        }
    }

    fn named(&self, movement: &Movement) -> NamedMovement {
        let size = self.view.size();
        let is_shown = |at: &Point<Norm>| (0.0..=1.0).contains(&at.x) && (0.0..=1.0).contains(&at.y);
        let path =
            movement.path.iter().filter_map(|&place| self.view.to_image(place).map(|at| size.to_norm(at))).filter(is_shown).collect();
        let name = |arm: usize| self.arms.get(arm).cloned().unwrap_or_default();
        NamedMovement { from: name(movement.from), to: name(movement.to), seen: movement.seen, by_path: movement.by_path, path }
    }

    fn remark_on_recording(&mut self, learned: &Learned, watch: &Watch) {
        if self.seconds < LONG_ENOUGH_S {
            self.remarks.push(Remark::Short { seconds: self.seconds });
        }
        if watch.left_out > 0 {
            self.remarks.push(Remark::LeftOut { tracks: watch.left_out });
        }
        if learned.view.misfit() > MISFIT {
            self.remarks.push(Remark::Sizes { percent: 100.0 * f64::from(learned.view.misfit()) });
        }
        if !learned.junction.has_crossing {
            self.remarks.push(Remark::NoCrossing);
        }
    }

    fn remark_on_result(&mut self) {
        let (all, unknown) = self.passages;
        if unknown > 0 {
            self.remarks.push(Remark::Unknown { percent: 100.0 * unknown as f64 / all as f64 });
        }
        let judged = || self.arrows.iter().flat_map(|arrow| self.agreements(arrow));
        let (cells, of) = (judged().filter(|agrees| !agrees).count(), judged().count());
        if cells > 0 {
            self.remarks.push(Remark::Disagree { cells, of });
        }
    }

    /// Whether traffic of a cell goes another way than a lane that lies there.
    pub(super) fn disagrees(&self, arrow: &Arrow) -> bool {
        self.agreements(arrow).any(|agrees| !agrees)
    }

    /// For each lane that lies there, whether it leads the way that the traffic goes.
    fn agreements(&self, arrow: &Arrow) -> impl Iterator<Item = bool> {
        let lanes = self.pieces.iter().filter(|piece| matches!(piece.piece_use, PieceUse::Lane(_)) && piece.polygon.contains(arrow.at));
        lanes.filter_map(|lane| lane.direction).map(|direction| {
            let line = self.view.size().line_to_pixel(direction);
            let (dx, dy) = (line.b.x - line.a.x, line.b.y - line.a.y);
            dx * arrow.way.x + dy * arrow.way.y >= OTHERWISE * dx.hypot(dy)
        })
    }
}
