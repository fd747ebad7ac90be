//! How well a detection fits a track: 0 not at all, 1 perfectly.

use super::kalman::size_of;
use super::tracklet::Tracklet;
use super::tuning::Tuning;
use crate::base::class::Class;
use crate::base::geom::{Pixel, Rect};
use crate::detect::Detection;

/// IoU of two boxes after each has grown by `buffer` of its own size on every side (C-BIoU, Yang et al. 2023).
pub(super) fn buffered_iou(a: Rect<Pixel>, b: Rect<Pixel>, buffer: f32) -> f32 {
    grown(a, buffer).iou(grown(b, buffer))
}

fn grown(rect: Rect<Pixel>, buffer: f32) -> Rect<Pixel> {
    let (dx, dy) = (rect.width * buffer, rect.height * buffer);
    Rect::new(rect.left - dx, rect.top - dy, rect.width + 2.0 * dx, rect.height + 2.0 * dy)
}

/// What it costs to believe that a `from` is now seen as a `to`; `None`: it cannot be.
pub(super) fn class_change(from: Class, to: Class) -> Option<f32> {
    use Class::{Bicycle, Bus, Car, Motorcycle, Person, Truck};
    match (from, to) {
        (Person, Person) | (Bicycle | Motorcycle, Bicycle | Motorcycle) => Some(0.0),
        (Car, Car) | (Bus, Bus) | (Truck, Truck) => Some(0.0),
        (Car | Bus | Truck, Car | Bus | Truck) => Some(0.5),
        (Bicycle | Motorcycle, Car | Bus | Truck) | (Car | Bus | Truck, Bicycle | Motorcycle) => Some(1.0),
        (Person, _) | (_, Person) => None,
    }
}

/// 0 for the same direction of movement, 1 for the opposite; 0.5 when too small a movement says nothing.
pub(super) fn course_change(tracklet: &Tracklet, detection: Rect<Pixel>, tuning: &Tuning) -> f32 {
    let course = tracklet.course(tuning.course_secs);
    let (from, to) = (tracklet.last.rect.center(), detection.center());
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let least = tuning.course_min * size_of(tracklet.last.rect);
    let (a, b) = (course.x.hypot(course.y), dx.hypot(dy));
    if a < least || b < least {
        return 0.0;
    }
    let cosine = (course.x * dx + course.y * dy) / (a * b);
    (cosine.clamp(-1.0, 1.0)).acos() / std::f32::consts::PI
}

/// How alike two heights are, 0..=1.
pub(super) fn height_iou(a: Rect<Pixel>, b: Rect<Pixel>) -> f32 {
    let common = a.bottom().min(b.bottom()) - a.top.max(b.top);
    let both = a.bottom().max(b.bottom()) - a.top.min(b.top);
    if both > 0.0 { (common / both).max(0.0) } else { 0.0 }
}

/// Growth of a box in which its detection is looked for.
pub(super) fn buffer(tracklet: &Tracklet, base: f32, tuning: &Tuning) -> f32 {
    (base + tuning.buffer_spread * tracklet.filter.spread()).min(tuning.buffer_max)
}

/// Cost of giving `detection` to `tracklet`, below 1 when it may be.
pub(super) fn cost(
    tracklet: &Tracklet,
    predicted: Rect<Pixel>,
    buffer: f32,
    detection: &Detection,
    gate: f32,
    tuning: &Tuning,
) -> Option<f32> {
    let change = class_change(tracklet.class(), detection.class)?;
    let overlap = buffered_iou(predicted, detection.rect, buffer);
    if overlap < gate {
        return None;
    }
    let score = 1.0 - tuning.fuse * (1.0 - detection.score.get());
    let height = 1.0 - tuning.height * (1.0 - height_iou(predicted, detection.rect));
    let turned = tuning.course * course_change(tracklet, detection.rect, tuning);
    Some(1.0 - overlap * score * height + turned + tuning.class_cost * change)
}
