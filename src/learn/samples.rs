//! Made traffic for tests: vehicles that drive along lines of a plan, as a camera of which everything is known sees them.

use super::plan::{Place, View};
use super::step::Step;
use super::watch::{Sighting, Watch};
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Rect};

pub(super) const SIZE: FrameSize = FrameSize::new(1280, 720);
/// Where the arms meet, how far from it one stops, and where lanes lie to the left of a road's middle.
pub(super) const MIDDLE: Place = Place::new(0.5, 9.5);
pub(super) const EDGE_L: f32 = 2.8;
pub(super) const LANES: [f32; 2] = [0.38, 1.13];
const FAR_L: f32 = 14.0;
const SPEED_L_S: f32 = 2.2;
const FRAME_S: f64 = 0.125;
pub(super) const CYCLE_S: f64 = 80.0;

/// 13.5 m over the road, 19 degrees down, 84 degrees wide.
pub(super) fn view() -> View {
    View::made(SIZE, 0.55, 0.33, 3.0)
}

/// Draws the same numbers each time.
pub(super) struct Chance(u32);

impl Chance {
    pub(super) fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// From -1 to 1.
    pub(super) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    }
}

/// Who drives, from when on, and where and until when it waits on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drive {
    pub(super) class: Class,
    pub(super) from: f64,
    /// At this distance from the beginning of the path, until this second.
    pub(super) wait: Option<(f32, f64)>,
    /// Seconds between which nobody sees it; afterwards it has another number.
    pub(super) hidden: Option<(f64, f64)>,
}

/// A watch that is filled.
pub(super) struct Traffic {
    pub(super) watch: Watch,
    view: View,
    chance: Chance,
    next: u32,
    sightings: Vec<(f64, u32, Class, Rect<crate::base::geom::Pixel>)>,
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self { watch: Watch::new(SIZE), view: view(), chance: Chance::new(7), next: 1, sightings: Vec::new() }
    }

    /// A vehicle on its way along these places.
    pub(super) fn drive(&mut self, path: &[Place], drive: Drive) {
        let (mut at, mut way, mut id) = (drive.from, 0.0f32, self.next);
        self.next += 2;
        while let Some((place, heading)) = on(path, way) {
            let is_hidden = drive.hidden.is_some_and(|(from, to)| (from..to).contains(&at));
            if drive.hidden.is_some_and(|(_, to)| at >= to) {
                id = self.next - 1;
            }
            if let Some(rect) = self.view.cuboid(place, heading, drive.class).filter(|rect| self.is_seen(*rect) && !is_hidden) {
                let mut tremble = || 0.02 * rect.width.min(rect.height) * self.chance.next();
                let (left, top) = (rect.left + tremble(), rect.top + tremble());
                let seen = Rect::from_corners(left, top, rect.right() + tremble(), rect.bottom() + tremble());
                self.sightings.push((at, id, drive.class, seen));
            }
            let waits = drive.wait.is_some_and(|(distance, until)| way >= distance && at < until);
            way += if waits { 0.0 } else { SPEED_L_S * FRAME_S as f32 };
            at += FRAME_S;
        }
    }

    fn is_seen(&self, rect: Rect<crate::base::geom::Pixel>) -> bool {
        rect.left > 0.0 && rect.top > 0.0 && rect.right() < SIZE.width as f32 && rect.bottom() < SIZE.height as f32 && rect.area() > 80.0
    }

    /// Forgets what was seen later.
    pub(super) fn sightings_until(&mut self, seconds: f64) {
        self.sightings.retain(|(at, ..)| *at < seconds);
    }

    /// Everything seen, in order of time.
    pub(super) fn watched(mut self, seconds: f64) -> Watch {
        self.sightings.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.watch.frame(0.0);
        for (at, id, class, rect) in self.sightings {
            self.watch.see(id, class, Sighting { at, rect });
        }
        self.watch.frame(seconds);
        self.watch
    }
}

/// Place and direction so far along a path; `None` behind its end.
fn on(path: &[Place], way: f32) -> Option<(Place, Step)> {
    let mut before = 0.0;
    for pair in path.windows(2) {
        let piece = Step::between(pair[0], pair[1]);
        if way <= before + piece.length() {
            let heading = piece.unit()?;
            return Some((heading.times(way - before).from(pair[0]), heading));
        }
        before += piece.length();
    }
    None
}

/// The direction of an arm from the middle, a quarter turn each, turned a little so that nothing is parallel to the picture.
pub(super) fn outward(arm: usize) -> Step {
    Step::towards(0.2 + arm as f32 * std::f32::consts::FRAC_PI_2)
}

/// From one arm to another, in the lane so far left of the road's middle: straight in, a bow, straight out.
pub(super) fn path(from: usize, to: usize, beside: f32) -> Vec<Place> {
    let place = |arm: usize, along: f32, side: f32| outward(arm).times(along).plus(outward(arm).left().times(side)).from(MIDDLE);
    // Outward the road's left is the right of those who come in.
    let (enter, leave) = (place(from, EDGE_L, -beside), place(to, EDGE_L, beside));
    let mut places = vec![place(from, FAR_L, -beside), enter];
    let is_straight = outward(from).dot(outward(to)) < -0.9;
    let corner = if is_straight { Step::between(enter, leave).times(0.5).from(enter) } else { crossing(from, to, beside) };
    for share in 1..8 {
        let share = share as f32 / 8.0;
        let first = Step::between(enter, corner).times(share).from(enter);
        let second = Step::between(corner, leave).times(share).from(corner);
        places.push(Step::between(first, second).times(share).from(first));
    }
    places.extend([leave, place(to, FAR_L, beside)]);
    places
}

/// Where the lane in and the lane out meet when both go on straight; arms are square to each other.
fn crossing(from: usize, to: usize, beside: f32) -> Place {
    let lane_in = outward(from).left().times(-beside);
    let lane_out = outward(to).left().times(beside);
    lane_in.plus(lane_out).from(MIDDLE)
}

/// A junction of these arms whose arms have green one after the other: each cycle six vehicles wait on each, half of them cars.
pub(super) fn junction(arms: &[usize], seconds: f64) -> (Traffic, usize) {
    let (mut traffic, mut count) = (Traffic::new(), 0);
    let mut chance = Chance::new(3);
    let cycles = (seconds / CYCLE_S) as usize;
    for cycle in 0..cycles {
        for (turn, &from) in arms.iter().enumerate() {
            let green = CYCLE_S * cycle as f64 + 20.0 + 18.0 * turn as f64;
            let others: Vec<usize> = arms.iter().copied().filter(|arm| *arm != from).collect();
            for number in 0..6usize {
                let class = if number % 2 == 0 { Class::Car } else { Class::Motorcycle };
                // Beside a car in the other lane, behind a car in one's own.
                let (lane, row) = ((number / 2) % 2, number / 4 * 2 + number % 2);
                let beside = LANES[lane] + if class == Class::Car { 0.04 } else { 0.2 } * chance.next();
                let half = super::plan::dimensions(class)[0] / 2.0;
                let stop = FAR_L - EDGE_L - half - 0.1 - 1.3 * row as f32;
                let to = others[(number + cycle) % others.len()];
                let leaves = green + 1.2 * row as f64 + 0.1 * f64::from(chance.next());
                let from_s = leaves - f64::from(stop / SPEED_L_S) - 9.0 + 2.0 * row as f64;
                if from_s > 0.0 {
                    traffic.drive(&path(from, to, beside), Drive { class, from: from_s, wait: Some((stop, leaves)), hidden: None });
                    count += 1;
                }
            }
        }
    }
    (traffic, count)
}
