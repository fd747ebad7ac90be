//! From the proposals of several looks at one frame to one list of things, each once.

use std::cmp::Ordering;

use crate::base::class::Class;
use crate::base::geom::{FrameSize, Model, Pixel, Point, Rect};

use super::contract::NmsSpec;
use super::detection::{Detection, Score};
use super::heads::Candidate;
use super::region::Placement;

/// Two looks see the same small thing a few input pixels apart: a lower overlap than within one look already means "the same".
const IOU_BETWEEN_LOOKS: f32 = 0.35;
/// Share of a region's side within which a box at an inner border counts as cut: a detector's edges are off by about that.
const CUT_MARGIN: f32 = 0.02;
/// Share of a close look's box inside a larger box from which it is a part of that thing.
const PART: f32 = 0.7;
/// Most boxes that are compared a frame: bounds the time, which grows with the square. Far above what a street holds.
const MOST: usize = 600;

/// Collects the boxes of one frame. Reused from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Merge {
    found: Vec<Found>,
    kept: Vec<Found>,
}

#[derive(Clone, Copy, Debug)]
struct Found {
    detection: Detection,
    look: Look,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Look {
    Whole,
    Close(Placement),
}

impl Merge {
    /// Forgets the last frame.
    pub(super) fn clear(&mut self) {
        self.found.clear();
    }

    /// Adds what was found where `placement` says. Boxes cut by a border inside the picture are dropped: half a car must not become a car.
    pub(super) fn add(&mut self, candidates: &[Candidate], placement: Placement, size: FrameSize) {
        let is_whole = (placement.region.width, placement.region.height) == (size.width, size.height);
        let look = if is_whole { Look::Whole } else { Look::Close(placement) };
        for candidate in candidates {
            let Some(rect) = to_picture(candidate.rect, placement, size) else { continue };
            if look == Look::Whole || !is_cut(rect, placement, size) {
                let score = Score::new((candidate.score * 1024.0).round() / 1024.0);
                self.found.push(Found { detection: Detection { rect, class: candidate.class, score }, look });
            }
        }
    }

    /// Replaces `out` by the things found, surest first.
    pub(super) fn finish(&mut self, nms: &NmsSpec, out: &mut Vec<Detection>) {
        self.found.sort_unstable_by(order);
        self.found.truncate(MOST);
        self.kept.clear();
        for looks in [Pass::Whole, Pass::Close] {
            for index in 0..self.found.len() {
                let found = self.found[index];
                let belongs = (found.look == Look::Whole) == (looks == Pass::Whole);
                if belongs && !self.kept.iter().any(|kept| kept.look == found.look && same(kept, &found, nms)) && !self.is_part(&found) {
                    self.kept.push(found);
                }
            }
        }
        // Survivors of every look, surest first: what two looks saw stays once.
        self.kept.sort_unstable_by(order);
        out.clear();
        for (index, found) in self.kept.iter().enumerate() {
            let is_double = self.kept[..index].iter().any(|surer| surer.look != found.look && same(surer, found, nms));
            if !is_double {
                out.push(found.detection);
            }
        }
    }

    /// Whether a close look found a part of something that it could not see whole, and the whole picture shows.
    fn is_part(&self, found: &Found) -> bool {
        let Look::Close(placement) = found.look else { return false };
        let body = |class: Class| matches!(class, Class::Car | Class::Bus | Class::Truck);
        let region = placement.region.rect();
        body(found.detection.class)
            && self.kept.iter().any(|kept| {
                kept.look == Look::Whole
                    && body(kept.detection.class)
                    && kept.detection.rect.share_inside(region) < 0.98
                    && found.detection.rect.share_inside(kept.detection.rect) >= PART
            })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Whole,
    Close,
}

/// To source pixels, clipped to the picture; `None` when nothing is left.
///
/// Rounded to 1/16 pixel, as scores are to 1/1024: sums in another order (other thread count, other processor) differ in the last bits,
/// and these must not reach a decision.
fn to_picture(rect: Rect<Model>, placement: Placement, size: FrameSize) -> Option<Rect<Pixel>> {
    let first = placement.to_pixel(Point::new(rect.left, rect.top));
    let last = placement.to_pixel(Point::new(rect.right(), rect.bottom()));
    let fixed = |value: f32, limit: u32| ((value * 16.0).round() / 16.0).clamp(0.0, limit as f32);
    let (left, right) = (fixed(first.x, size.width), fixed(last.x, size.width));
    let (top, bottom) = (fixed(first.y, size.height), fixed(last.y, size.height));
    // NaN fails both comparisons.
    (right - left >= 1.0 && bottom - top >= 1.0).then(|| Rect::from_corners(left, top, right, bottom))
}

fn is_cut(rect: Rect<Pixel>, placement: Placement, size: FrameSize) -> bool {
    let region = placement.region.rect();
    let (margin_x, margin_y) = (region.width * CUT_MARGIN, region.height * CUT_MARGIN);
    // One pixel of tolerance: regions begin on even pixels and may end one short of the picture.
    (region.left > 0.0 && rect.left < region.left + margin_x)
        || (region.top > 0.0 && rect.top < region.top + margin_y)
        || (region.right() < size.width as f32 - 1.0 && rect.right() > region.right() - margin_x)
        || (region.bottom() < size.height as f32 - 1.0 && rect.bottom() > region.bottom() - margin_y)
}

/// Surest first; equals in reading order, so that the order never depends on which look came first.
fn order(a: &Found, b: &Found) -> Ordering {
    let (a, b) = (&a.detection, &b.detection);
    let corner = |r: Rect<Pixel>| [r.top, r.left, r.height, r.width];
    b.score.get().total_cmp(&a.score.get()).then_with(|| {
        let pairs = corner(a.rect).into_iter().zip(corner(b.rect));
        pairs.map(|(a, b)| a.total_cmp(&b)).find(|o| o.is_ne()).unwrap_or_else(|| a.class.cmp(&b.class))
    })
}

/// Whether two boxes are one thing. Vehicles are compared whatever their class (a van is often car *and* truck), persons among themselves.
fn same(a: &Found, b: &Found, nms: &NmsSpec) -> bool {
    let (first, second) = (&a.detection, &b.detection);
    if first.class.is_vehicle() != second.class.is_vehicle() {
        return false;
    }
    let within = if first.class.is_vehicle() { nms.vehicle_iou } else { nms.person_iou };
    let limit = if a.look == b.look { within } else { within.min(IOU_BETWEEN_LOOKS) };
    first.rect.iou(second.rect) >= limit
}

#[cfg(test)]
mod tests {
    use super::super::region::Region;
    use super::*;

    const SIZE: FrameSize = FrameSize::new(640, 480);
    const NMS: NmsSpec = NmsSpec { vehicle_iou: 0.5, person_iou: 0.6 };

    /// One input pixel is one source pixel in close looks and two in the whole picture.
    fn close(left: u32, top: u32) -> Placement {
        Placement { region: Region { left, top, width: 320, height: 240 }, left: 0, top: 0, width: 320, height: 240 }
    }

    fn whole() -> Placement {
        Placement { region: Region::whole(SIZE), left: 0, top: 0, width: 320, height: 240 }
    }

    fn candidate(class: Class, score: f32, rect: [f32; 4]) -> Candidate {
        Candidate { rect: Rect::new(rect[0], rect[1], rect[2], rect[3]), class, score }
    }

    fn merged(looks: &[(Placement, &[Candidate])]) -> Vec<(Class, [f32; 4])> {
        let (mut merge, mut out) = (Merge::default(), Vec::new());
        for (placement, candidates) in looks {
            merge.add(candidates, *placement, SIZE);
        }
        merge.finish(&NMS, &mut out);
        out.iter().map(|d| (d.class, [d.rect.left, d.rect.top, d.rect.width, d.rect.height])).collect()
    }

    #[test]
    fn a_van_that_is_car_and_truck_is_one_thing_and_its_driver_another() {
        let found = merged(&[(
            whole(),
            &[
                candidate(Class::Car, 0.5, [10.0, 10.0, 40.0, 20.0]),
                candidate(Class::Truck, 0.6, [11.0, 10.0, 40.0, 20.0]),
                candidate(Class::Person, 0.4, [12.0, 10.0, 38.0, 20.0]),
            ],
        )]);
        assert_eq!(found, [(Class::Truck, [22.0, 20.0, 80.0, 40.0]), (Class::Person, [24.0, 20.0, 76.0, 40.0])]);
    }

    #[test]
    fn a_box_cut_by_a_regions_border_is_dropped_but_not_at_the_pictures_border() {
        let cut = candidate(Class::Car, 0.9, [0.0, 100.0, 50.0, 30.0]);
        assert_eq!(merged(&[(close(160, 100), &[cut])]), []);
        assert_eq!(merged(&[(close(0, 100), &[cut])]), [(Class::Car, [0.0, 200.0, 50.0, 30.0])]);
    }

    #[test]
    fn what_two_looks_saw_stays_once_with_the_surer_box() {
        let coarse = candidate(Class::Car, 0.3, [100.0, 100.0, 20.0, 10.0]);
        let sharp = candidate(Class::Car, 0.7, [44.0, 102.0, 34.0, 17.0]);
        assert_eq!(merged(&[(whole(), &[coarse]), (close(160, 100), &[sharp])]), [(Class::Car, [204.0, 202.0, 34.0, 17.0])]);
    }

    #[test]
    fn a_part_of_a_bus_that_reaches_beyond_the_region_is_not_a_car() {
        let bus = candidate(Class::Bus, 0.5, [50.0, 60.0, 150.0, 80.0]);
        let door = candidate(Class::Car, 0.9, [40.0, 80.0, 60.0, 60.0]);
        assert_eq!(merged(&[(whole(), &[bus]), (close(160, 100), &[door])]), [(Class::Bus, [100.0, 120.0, 300.0, 160.0])]);
        // A motorcycle in front of the bus is no part of it.
        let motorcycle = candidate(Class::Motorcycle, 0.9, [40.0, 80.0, 60.0, 60.0]);
        assert_eq!(merged(&[(whole(), &[bus]), (close(160, 100), &[motorcycle])]).len(), 2);
    }

    #[test]
    fn boxes_lie_inside_the_picture_and_numbers_that_are_none_are_dropped() {
        let found = merged(&[(
            whole(),
            &[
                candidate(Class::Car, 0.9, [-50.0, -50.0, 100.0, 100.0]),
                candidate(Class::Car, f32::NAN, [200.0, 100.0, 20.0, 20.0]),
                candidate(Class::Car, 0.8, [f32::NAN, 0.0, 10.0, 10.0]),
                candidate(Class::Car, 0.8, [0.0, 0.0, f32::INFINITY, f32::NAN]),
            ],
        )]);
        assert_eq!(found, [(Class::Car, [0.0, 0.0, 100.0, 100.0]), (Class::Car, [400.0, 200.0, 40.0, 40.0])]);
    }

    #[test]
    fn differences_in_the_last_bits_do_not_matter() {
        let a = merged(&[(whole(), &[candidate(Class::Car, 0.5, [10.0, 10.0, 40.0, 20.0])])]);
        let b = merged(&[(whole(), &[candidate(Class::Car, 0.500_000_1, [10.000_001, 10.0, 39.999_996, 20.0])])]);
        assert_eq!(a, b);
    }
}
