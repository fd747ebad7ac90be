//! How well a detection fits a track.

use super::kalman::size_of;
use super::tracklet::Tracklet;
use super::tuning::Tuning;
use crate::base::class::Class;
use crate::base::geom::{Pixel, Point, Rect};
use crate::base::time::MediaTime;

/// A detection as the tracker weighs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) rect: Rect<Pixel>,
    pub(super) class: Class,
    /// How far it is believed, 0..=1: its score against those of this detector's good boxes.
    pub(super) trust: f32,
}

/// How one association is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    /// How much boxes grow before they are compared, in shares of their sides.
    pub(super) buffer: f32,
    /// Overlap of the grown boxes that is needed.
    pub(super) overlap: f32,
}

/// Where, as what and on which course a track is expected in this frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expectation {
    rect: Rect<Pixel>,
    grown: Rect<Pixel>,
    center_x: f32,
    gate: Gate,
    class: Class,
    last: Point<Pixel>,
    /// Direction of its movement, a unit vector; `None` when it hardly moved.
    course: Option<Point<Pixel>>,
    least_step: f32,
    /// What it costs that it was away.
    away: f32,
}

impl Expectation {
    /// Of something that moves on. The buffer grows with the doubt about where it is, and so with the time since it was seen.
    pub(super) fn moving(tracklet: &Tracklet, at: MediaTime, gate: Gate, tuning: &Tuning) -> Self {
        let buffer = (gate.buffer + tuning.buffer_spread(tracklet.class()) * tracklet.filter.spread()).min(tuning.buffer_max);
        let away = tuning.away * tracklet.unseen(at).as_secs_f32();
        Self { away, ..Self::at(tracklet, tracklet.filter.rect(), Gate { buffer, ..gate }, tuning) }
    }

    /// Of something that stood where it was last seen, long ago: it is there, or it is something else.
    pub(super) fn standing(tracklet: &Tracklet, tuning: &Tuning) -> Self {
        Self::at(tracklet, tracklet.last.rect, Gate { buffer: 0.0, overlap: tuning.gate_standing }, tuning)
    }

    fn at(tracklet: &Tracklet, rect: Rect<Pixel>, gate: Gate, tuning: &Tuning) -> Self {
        let least_step = tuning.course_min * size_of(tracklet.last.rect);
        let course = tracklet.course(tuning.course_secs);
        let length = course.x.hypot(course.y);
        Self {
            rect,
            grown: grown(rect, gate.buffer),
            center_x: rect.center().x,
            gate,
            class: tracklet.class(),
            last: tracklet.last.rect.center(),
            course: (length >= least_step).then(|| Point::new(course.x / length, course.y / length)),
            least_step,
            away: 0.0,
        }
    }

    /// Cost of giving it this offer, 0 for a perfect one; `None` when it cannot be the same thing.
    pub(super) fn cost(&self, offer: &Offer, tuning: &Tuning) -> Option<f32> {
        // Most pairs are far apart: a cheap look at the distance first.
        let reach = (self.rect.width + offer.rect.width) * (0.5 + self.gate.buffer);
        if (self.center_x - offer.rect.left - offer.rect.width / 2.0).abs() >= reach {
            return None;
        }
        let overlap = self.grown.iou(grown(offer.rect, self.gate.buffer));
        if overlap <= 0.0 || overlap < self.gate.overlap {
            return None;
        }
        let change = class_change(self.class, offer.class)?;
        let height = 1.0 - tuning.height * (1.0 - height_iou(self.rect, offer.rect));
        Some(1.0 - overlap * offer.trust * height + self.away + tuning.course * self.turn(offer.rect.center()) + tuning.class_cost * change)
    }

    /// 0 for going on in the same direction, 1 for turning back (OC-SORT's direction consistency); 0 when steps are too small to tell.
    fn turn(&self, to: Point<Pixel>) -> f32 {
        let Some(course) = self.course else { return 0.0 };
        let (dx, dy) = (to.x - self.last.x, to.y - self.last.y);
        let length = dx.hypot(dy);
        if length < self.least_step {
            return 0.0;
        }
        (1.0 - (course.x * dx + course.y * dy) / length) / 2.0
    }
}

/// Grown by `buffer` of its own size on every side (C-BIoU, Yang et al. 2023): boxes that do not touch can still be compared.
fn grown(rect: Rect<Pixel>, buffer: f32) -> Rect<Pixel> {
    let (dx, dy) = (rect.width * buffer, rect.height * buffer);
    Rect::new(rect.left - dx, rect.top - dy, rect.width + 2.0 * dx, rect.height + 2.0 * dy)
}

/// How alike the vertical extents are, 0..=1: in a crowd, heights tell people at different distances apart (Hybrid-SORT, Yang et al. 2024).
fn height_iou(a: Rect<Pixel>, b: Rect<Pixel>) -> f32 {
    let common = a.bottom().min(b.bottom()) - a.top.max(b.top);
    let both = a.bottom().max(b.bottom()) - a.top.min(b.top);
    if both > 0.0 { (common / both).max(0.0) } else { 0.0 }
}

/// Whether a detector may take the same thing for an `a` at one time and a `b` at another.
pub(super) fn could_be(a: Class, b: Class) -> bool {
    class_change(a, b).is_some()
}

/// How odd it is that a `from` is now seen as a `to`, 0..=1; `None`: it cannot be.
fn class_change(from: Class, to: Class) -> Option<f32> {
    use Class::{Bicycle, Bus, Car, Motorcycle, Person, Truck};
    match (from, to) {
        (Person, Person) | (Car, Car) | (Bus, Bus) | (Truck, Truck) | (Bicycle | Motorcycle, Bicycle | Motorcycle) => Some(0.0),
        (Car | Bus | Truck, Car | Bus | Truck) => Some(0.5),
        (Bicycle | Motorcycle, Car | Bus | Truck) | (Car | Bus | Truck, Bicycle | Motorcycle) => Some(1.0),
        (Person, _) | (_, Person) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Detection, Score};

    const NEAR: Gate = Gate { buffer: 0.2, overlap: 0.3 };

    fn cost(class: Class, rect: Rect<Pixel>, gate: Gate) -> Option<f32> {
        let tuning = Tuning::default();
        let seen = Detection { rect: Rect::new(0.0, 0.0, 40.0, 40.0), class: Class::Car, score: Score::new(0.9) };
        let tracklet = Tracklet::new(MediaTime::ZERO, seen, &tuning);
        Expectation::moving(&tracklet, MediaTime::ZERO, gate, &tuning).cost(&Offer { rect, class, trust: 1.0 }, &tuning)
    }

    #[test]
    fn the_same_box_costs_nothing_and_a_far_one_cannot_be_it() {
        assert!(cost(Class::Car, Rect::new(0.0, 0.0, 40.0, 40.0), NEAR).expect("same place").abs() < 1e-6);
        assert!(cost(Class::Car, Rect::new(10.0, 0.0, 40.0, 40.0), NEAR).expect("near") > 0.1);
        assert_eq!(cost(Class::Car, Rect::new(200.0, 0.0, 40.0, 40.0), NEAR), None);
        assert_eq!(cost(Class::Car, Rect::new(0.0, 200.0, 40.0, 40.0), NEAR), None);
    }

    #[test]
    fn grown_boxes_meet_where_plain_ones_do_not() {
        let beside = Rect::new(45.0, 0.0, 40.0, 40.0);
        let gate = |buffer| Gate { buffer, overlap: 0.05 };
        assert_eq!(cost(Class::Car, beside, gate(0.0)), None);
        assert!(cost(Class::Car, beside, gate(0.3)).is_some());
    }

    #[test]
    fn a_car_may_turn_out_a_lorry_but_never_a_person() {
        let rect = Rect::new(0.0, 0.0, 40.0, 40.0);
        assert!(cost(Class::Truck, rect, NEAR) > cost(Class::Car, rect, NEAR));
        assert!(cost(Class::Motorcycle, rect, NEAR) > cost(Class::Truck, rect, NEAR));
        assert_eq!(cost(Class::Person, rect, NEAR), None);
    }
}
