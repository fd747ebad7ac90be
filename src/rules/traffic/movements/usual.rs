//! The usual way of each movement, learned from vehicles that were seen at both of their gates: tells where one probably came from or went that was seen at
//! one gate only.

use serde::{Deserialize, Serialize};

use super::trace::Trace;
use crate::base::geom::{FrameSize, Norm, Pixel, Point};

/// Points of a usual way.
const POINTS: usize = 16;
/// Ways that must have been seen before their mean says anything.
const ENOUGH: u32 = 3;
/// Weight of a new way in the mean once many were seen: a diversion is learned within some tens of vehicles.
const LEARNING: f32 = 0.05;
/// Vehicles of one movement drive beside each other by at least this, in L.
const LEAST_SPREAD_L: f32 = 0.5;
/// A vehicle farther than this from every usual way, in L, goes a way that nobody knows.
const FARTHEST_L: f32 = 2.5;
/// Spread of headings on one way, in radians squared.
const HEADING_SPREAD: f32 = 0.1;
/// Share of a trace, counted from the gate that was not seen, that is compared: near the gate that was, all movements look the same.
const COMPARED: f32 = 0.5;
/// Probability above which a movement is believed.
const BELIEVED: f64 = 0.7;
/// A way that nobody knows yet is as likely as one that fits by this many deviations squared, halved: three deviations.
const UNKNOWN: f64 = 4.5;

/// The usual way of one movement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usual {
    points: [Point<Norm>; POINTS],
    seen: u32,
    /// Mean squared distance from the mean way, in L².
    spread_l2: f32,
}

/// A usual way as it is kept.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct UsualMemory {
    points: Vec<[f32; 2]>,
    seen: u32,
    spread_l2: f32,
}

/// Which end of a trace was not seen at a gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Missing {
    /// Where it came from.
    Entry,
    /// Where it went.
    Exit,
}

/// Pixels of a car, and of the picture, where something is compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) size: FrameSize,
    pub(super) car_length: f32,
}

impl Default for Usual {
    fn default() -> Self {
        Self { points: [Point::new(0.0, 0.0); POINTS], seen: 0, spread_l2: 0.0 }
    }
}

impl Usual {
    /// Takes the way of a vehicle that was seen at both gates.
    pub(super) fn learn(&mut self, trace: &Trace, scale: Scale) {
        let Some(way) = trace.even::<POINTS>(scale.size) else { return };
        let pixel = |p: Point<Norm>| scale.size.to_pixel(p);
        let off = |(a, b): (&Point<Norm>, &Point<Norm>)| (pixel(*a).distance(pixel(*b)) / scale.car_length).powi(2);
        let off_l2 = self.points.iter().zip(&way).map(off).sum::<f32>() / POINTS as f32;
        if !off_l2.is_finite() {
            return;
        }
        self.seen = self.seen.saturating_add(1);
        let weight = LEARNING.max(1.0 / self.seen as f32);
        if self.seen > 1 {
            self.spread_l2 += weight * (off_l2 - self.spread_l2);
        }
        for (mean, new) in self.points.iter_mut().zip(way) {
            *mean = Point::new(mean.x + weight * (new.x - mean.x), mean.y + weight * (new.y - mean.y));
        }
    }

    /// For the next run of the program.
    pub(super) fn memory(&self) -> UsualMemory {
        let points = self.points.iter().map(|point| [point.x, point.y]).collect();
        UsualMemory { points, seen: self.seen, spread_l2: self.spread_l2 }
    }

    /// As an earlier run knew it. What no run wrote is nothing.
    pub(super) fn recalled(memory: &UsualMemory) -> Self {
        let is_in = |share: &f32| (-0.5..=1.5).contains(share);
        let is_sound =
            memory.points.len() == POINTS && memory.points.iter().flatten().all(is_in) && (0.0..=1e4).contains(&memory.spread_l2);
        if !is_sound {
            return Self::default();
        }
        let points = std::array::from_fn(|index| Point::new(memory.points[index][0], memory.points[index][1]));
        Self { points, seen: memory.seen, spread_l2: memory.spread_l2 }
    }

    fn is_known(&self) -> bool {
        self.seen >= ENOUGH
    }

    /// How unlike this way the trace is where it matters: deviations squared, halved. `None` when it is too far away or there is too little of it.
    fn unlike(&self, trace: &Trace, missing: Missing, scale: Scale) -> Option<f64> {
        let number = trace.points().count();
        let compared = ((number as f32 * COMPARED).ceil() as usize).max(2);
        let skipped = if missing == Missing::Exit { number.saturating_sub(compared) } else { 0 };
        let part = || trace.points().skip(skipped).take(compared).map(|p| scale.size.to_pixel(p));
        let (mut distance, mut turn, mut steps) = (0.0, 0.0, 0);
        for (a, b) in part().zip(part().skip(1)) {
            let (px, heading) = self.nearest(b, scale.size);
            let (dx, dy) = (b.x - a.x, b.y - a.y);
            let cosine = (dx * heading.x + dy * heading.y) / dx.hypot(dy).max(1e-3);
            distance += (px / scale.car_length).powi(2);
            turn += 1.0 - cosine;
            steps += 1;
        }
        if steps == 0 {
            return None;
        }
        let (distance, turn) = (distance / steps as f32, turn / steps as f32);
        let spread = self.spread_l2.max(LEAST_SPREAD_L * LEAST_SPREAD_L);
        let unlike = f64::from(distance / (2.0 * spread) + turn / HEADING_SPREAD);
        (distance.sqrt() <= FARTHEST_L && unlike.is_finite()).then_some(unlike)
    }

    /// Pixels to the nearest place of the way, and the unit vector along it there.
    fn nearest(&self, p: Point<Pixel>, size: FrameSize) -> (f32, Point<Pixel>) {
        let mut best = (f32::INFINITY, Point::new(0.0, 0.0));
        for pair in self.points.windows(2) {
            let (a, b) = (size.to_pixel(pair[0]), size.to_pixel(pair[1]));
            let (dx, dy) = (b.x - a.x, b.y - a.y);
            let length = dx.hypot(dy);
            let share = if length > 0.0 { (((p.x - a.x) * dx + (p.y - a.y) * dy) / (length * length)).clamp(0.0, 1.0) } else { 0.0 };
            let off = p.distance(Point::new(a.x + dx * share, a.y + dy * share));
            if off < best.0 && length > 0.0 {
                best = (off, Point::new(dx / length, dy / length));
            }
        }
        best
    }
}

/// Which of the movements that a trace can belong to it is; `None` when none is more likely than [`BELIEVED`]. Each comes with how many times likelier it is than
/// its usual number says.
pub(super) fn most_like<'a>(
    trace: &Trace,
    missing: Missing,
    scale: Scale,
    movements: impl Iterator<Item = (usize, &'a Usual, f64)>,
) -> Option<usize> {
    let (mut sum, mut best) = ((-UNKNOWN).exp(), None::<(usize, f64)>);
    for (index, usual, favour) in movements {
        let known = usual.is_known().then(|| usual.unlike(trace, missing, scale)).flatten();
        // How often it was seen is what is expected before looking.
        let weight = favour
            * match known {
                Some(unlike) => f64::from(usual.seen) * (-unlike).exp(),
                None if usual.is_known() => 0.0,
                None => f64::from(usual.seen.max(1)) * (-UNKNOWN).exp(),
            };
        sum += weight;
        if known.is_some() && best.is_none_or(|(_, most)| weight > most) {
            best = Some((index, weight));
        }
    }
    best.filter(|(_, weight)| *weight >= BELIEVED * sum).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale { size: FrameSize::new(640, 360), car_length: 40.0 };

    /// From the left to `to`, over the middle of the picture, as far as `share`.
    fn trace(to: (f32, f32), share: f32, beside: f32) -> Trace {
        let mut trace = Trace::new();
        let corners = [(0.0, 180.0), (320.0, 180.0), to];
        for step in 0..=(200.0 * share) as usize {
            let at = step as f32 / 100.0;
            let ((x0, y0), (x1, y1)) = (corners[(at as usize).min(1)], corners[(at as usize).min(1) + 1]);
            let rest = if at >= 1.0 { at - 1.0 } else { at };
            trace.push(Point::new(x0 + (x1 - x0) * rest, y0 + (y1 - y0) * rest + beside), SCALE.size, SCALE.car_length);
        }
        trace
    }

    const AHEAD: (f32, f32) = (640.0, 180.0);
    const RIGHT: (f32, f32) = (320.0, 360.0);

    fn learned() -> [Usual; 3] {
        let mut usual = [Usual::default(); 3];
        for n in 0..20 {
            let beside = (n % 5) as f32 * 6.0 - 12.0;
            usual[0].learn(&trace(AHEAD, 1.0, beside), SCALE);
            usual[1].learn(&trace(RIGHT, 1.0, beside), SCALE);
        }
        usual
    }

    fn equally(usual: &[Usual]) -> impl Iterator<Item = (usize, &Usual, f64)> {
        usual.iter().enumerate().map(|(index, usual)| (index, usual, 1.0))
    }

    #[test]
    fn who_has_turned_is_told_from_who_goes_on_and_who_has_not_decided_is_not() {
        let usual = learned();
        let found = |trace: &Trace| most_like(trace, Missing::Exit, SCALE, equally(&usual));
        assert_eq!(found(&trace(RIGHT, 0.85, 5.0)), Some(1));
        assert_eq!(found(&trace(AHEAD, 0.85, -5.0)), Some(0));
        assert_eq!(found(&trace(AHEAD, 0.3, 0.0)), None, "before the middle both are possible");
        assert_eq!(found(&trace((320.0, 0.0), 0.95, 0.0)), None, "a way that nobody went before");
    }

    #[test]
    fn the_next_run_knows_the_same_ways_and_takes_nothing_that_no_run_wrote() {
        let usual = learned();
        let next: Vec<Usual> = usual.iter().map(|usual| Usual::recalled(&usual.memory())).collect();
        let turned = trace(RIGHT, 0.85, 5.0);
        assert_eq!(most_like(&turned, Missing::Exit, SCALE, equally(&next)), Some(1));
        for points in [vec![], vec![[f32::NAN; 2]; POINTS], vec![[9e9; 2]; POINTS]] {
            let strange = Usual::recalled(&UsualMemory { points, seen: 1000, spread_l2: 0.5 });
            assert_eq!(strange.seen, 0);
        }
    }

    #[test]
    fn nothing_is_told_before_something_was_learned() {
        let nothing = [Usual::default(); 3];
        assert_eq!(most_like(&trace(AHEAD, 1.0, 0.0), Missing::Exit, SCALE, equally(&nothing)), None);
    }
}
