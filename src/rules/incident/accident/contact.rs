//! Cue C2: two road users came together on the road, not only in the picture.

use std::time::Duration;

use super::body::{Body, COURSE, Past};
use super::course::{Course, earlier, window};
use super::sudden::Jolt;
use crate::base::geom::{Pixel, Rect};
use crate::base::time::MediaTime;
use crate::scene::{Sample, SceneTrack, own_length};

/// From this long before the jolt ...
const EARLIER: Duration = Duration::from_millis(1000);
/// ... to this long after, when it is a vehicle: who brakes hard is run into from behind.
const LATER: Duration = Duration::from_millis(2500);
/// The lower halves of the boxes, where things touch the ground, come as near as this, in L.
const GAP_L: f32 = 0.3;
const OVERLAP: f32 = 0.05;
/// Ratio of the boxes' areas, once a motorcycle counts as a car, that two things at one depth may have.
const SAME_DEPTH: f32 = 3.3;
/// Boxes are compared when they are as near in time as this.
const AT_ONCE: Duration = Duration::from_millis(150);
/// The approach is measured over this time before the contact.
const APPROACH_SECS: f32 = 0.5;

/// Speed in L/s at which `own`, to which `jolt` happened, and `other` came together; `None` when they did not.
pub(super) fn closing_l_s(jolt: &Jolt, own: (&SceneTrack, &Body), other: (&SceneTrack, &Body)) -> Option<f32> {
    let length = own.0.car_length;
    // People walk up to what stands.
    let later = if other.0.track.class.is_vehicle() { LATER } else { EARLIER };
    let (from, to) = (earlier(jolt.at, EARLIER), jolt.at + later);
    let before = own.1.past.map(|past| past.sample).into_iter().filter(|sample| sample.at >= from);
    let samples = before.chain(window(own.0.trail(), from, to).copied());
    let touch = samples.filter_map(|mine| Some((mine, nearest(other.0, mine.at)?)));
    let (mine, theirs) = touch
        .into_iter()
        .find(|(mine, theirs)| touches(mine.rect, theirs.rect, length) && are_at_one_depth((own.0, mine.rect), (other.0, theirs.rect)))?;
    let at = mine.at.min(theirs.at);
    let theirs_before = before_contact(other, at).map_or(theirs.rect.foot(), |course| course.lead(theirs.rect.foot(), -APPROACH_SECS));
    let mine_before = jolt.before.lead(mine.rect.foot(), -APPROACH_SECS);
    let approached = jolt.before.apart(mine_before, theirs_before) - jolt.before.apart(mine.rect.foot(), theirs.rect.foot());
    Some(approached / APPROACH_SECS / length)
}

/// How the other one moved until the contact; `None` when nothing is known, which is taken as standing.
fn before_contact(other: (&SceneTrack, &Body), at: MediaTime) -> Option<Course> {
    let seen = Course::of_foot(window(other.0.trail(), earlier(at, COURSE), at), other.0.stretch);
    let known = |past: Past| (past.sample.at <= at + AT_ONCE).then_some(past.course);
    seen.or_else(|| other.1.past.and_then(known))
}

/// The other one's box at that time.
fn nearest(other: &SceneTrack, at: MediaTime) -> Option<Sample> {
    let apart = |sample: &Sample| sample.at.since(at).max(at.since(sample.at));
    other.trail().iter().copied().filter(|sample| apart(sample) <= AT_ONCE).min_by_key(|sample| apart(sample))
}

fn touches(a: Rect<Pixel>, b: Rect<Pixel>, length: f32) -> bool {
    let (a, b) = (lower_half(a), lower_half(b));
    gap(a, b) <= GAP_L * length || a.iou(b) > OVERLAP
}

fn lower_half(rect: Rect<Pixel>) -> Rect<Pixel> {
    Rect::new(rect.left, rect.top + rect.height / 2.0, rect.width, rect.height / 2.0)
}

/// Distance between two boxes in pixels; zero when they overlap.
pub(super) fn gap(a: Rect<Pixel>, b: Rect<Pixel>) -> f32 {
    let x = (a.left - b.right()).max(b.left - a.right()).max(0.0);
    let y = (a.top - b.bottom()).max(b.top - a.bottom()).max(0.0);
    x.hypot(y)
}

/// Whether the two would look alike in size were they of one class: else one is far behind the other.
fn are_at_one_depth(a: (&SceneTrack, Rect<Pixel>), b: (&SceneTrack, Rect<Pixel>)) -> bool {
    let ratio = (own_length(a.0.track.class, a.1) / own_length(b.0.track.class, b.1).max(1.0)).powi(2);
    (1.0 / SAME_DEPTH..=SAME_DEPTH).contains(&ratio)
}
