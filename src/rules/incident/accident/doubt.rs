//! What speaks against: the tracker took one road user for another, or only a part of a vehicle was seen.

use std::time::Duration;

use super::body::{Body, COURSE, Past};
use super::course::{Course, earlier, window};
use super::memory::Memory;
use super::sudden::{Jolt, THROWN_BACK_DEG};
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Pixel, Rect};
use crate::base::time::MediaTime;
use crate::scene::{Sample, Scene, SceneTrack};

/// A box at the picture's border (this share of its width and height) shows only part of a vehicle: its foot point is not where it touches the ground.
const BORDER: f32 = 0.005;
/// Boxes of one vehicle before and after differ by less than this factor in size.
const ALIKE: f32 = 1.67;
/// Two boxes of one vehicle that stands overlap by this much, boxes of neighbours do not.
const SAME_PLACE: f32 = 0.5;
/// A track that stood is one whose place was the same over this time.
const STOOD_FOR: Duration = Duration::from_millis(500);
/// Someone who goes on as the stopped one did has at least this share of its speed; what is pushed by an impact has at most half of it.
const GOES_ON: f32 = 0.75;
/// And had less than this share of it before.
const WENT: f32 = 0.4;
const GOES_ON_DEG: f32 = 30.0;
/// In its lane, in L.
const BESIDE_L: f32 = 0.7;
/// Away from where it stopped, in L: nearer is the one it hit.
const AWAY_L: f32 = 0.5;
/// How exactly the place of a newcomer must fit, in L.
const NEW_L: f32 = 0.5;
/// Two that are exchanged meet within this time and distance in L.
const MEETS_WITHIN: Duration = Duration::from_millis(700);
const MEETS_L: f32 = 1.5;
/// Slower than this has no course, in L/s.
const MOVES_L_S: f32 = 0.3;
/// How exactly the place is known where it would be now: in L, and in seconds of its speed.
const AHEAD_L: f32 = 1.0;
const AHEAD_SECS: f32 = 0.5;
/// Who has come back this far, in L, and still goes back was not thrown back: an impact pushes nothing so far.
const BACK_L: f32 = 1.0;
/// A detector misses what is there for this long.
const BLINK: Duration = Duration::from_millis(300);

/// Whether the picture cuts the track's box now or has cut it since then.
pub(super) fn is_cut(size: FrameSize, track: &SceneTrack, since: MediaTime, now: MediaTime) -> bool {
    let (x, y) = (BORDER * size.width as f32, BORDER * size.height as f32);
    let cuts = |rect: Rect<Pixel>| {
        rect.left <= x || rect.top <= y || rect.right() >= size.width as f32 - x || rect.bottom() >= size.height as f32 - y
    };
    window(track.trail(), since, now).any(|sample| cuts(sample.rect))
}

/// Whether the jolt of `own` looks like a mistake of the tracker.
pub(super) fn is_mistaken(scene: &Scene<'_>, memory: &Memory, jolt: &Jolt, own: &SceneTrack) -> bool {
    let now = scene.at.media;
    let after = Course::of_foot(window(own.trail(), earlier(now, COURSE), now), own.stretch)
        .filter(|after| after.speed() >= MOVES_L_S * own.car_length);
    let is_of = |past: &Past| after.is_some_and(|after| is_its_course(past, after, jolt, own));
    let by_other = |(other, body): (&SceneTrack, &Body)| {
        goes_on((other, body), jolt, own, now)
            || has_lost_its_place(other, jolt, own, now)
            || body.last().is_some_and(|past| !other.track.is_observed && is_of(&past))
            || before(other, jolt).is_some_and(|past| is_of(&past))
    };
    let mut others = memory.with(scene).filter(|(track, _)| track.track.id != own.track.id);
    let mut gone = memory.gone().filter(|past| past.track != own.track.id);
    let is_oncoming = after.is_some_and(|after| goes_back(after, jolt, own));
    is_oncoming || has_changed_size(own, jolt, now) || others.any(by_other) || gone.any(|past| stood_at(past, jolt, own) || is_of(past))
}

/// Whether `own` drives back the way it came: the tracker went on with one that came the other way, and whom nobody had seen before.
fn goes_back(after: Course, jolt: &Jolt, own: &SceneTrack) -> bool {
    let (ahead, _) = jolt.before.ahead_and_beside(jolt.foot, own.foot());
    ahead <= -BACK_L * own.car_length && after.turned_from(jolt.before) >= THROWN_BACK_DEG
}

/// A box that grows or shrinks at once: merged with a neighbour, half hidden, or another vehicle.
fn has_changed_size(own: &SceneTrack, jolt: &Jolt, now: MediaTime) -> bool {
    let size = |samples: &mut dyn Iterator<Item = &Sample>| {
        let (n, sum) = samples.fold((0.0, 0.0), |(n, sum), sample| (n + 1.0, sum + sample.rect.area().sqrt()));
        (n > 0.0).then(|| sum / n)
    };
    let before = size(&mut window(own.trail(), earlier(jolt.at, COURSE), jolt.at));
    let after = size(&mut window(own.trail(), earlier(now, COURSE), now));
    before.zip(after).is_some_and(|(before, after): (f32, f32)| !(1.0 / ALIKE..=ALIKE).contains(&(after / before)))
}

/// Someone who did not go there before goes on where `own` would have gone: the two have been exchanged, or `own` has a new number.
fn goes_on((other, body): (&SceneTrack, &Body), jolt: &Jolt, own: &SceneTrack, now: MediaTime) -> bool {
    if !is_alike(other, own) || went_before(other, body, jolt) {
        return false;
    }
    let (speed, length) = (jolt.before.speed(), own.car_length);
    let is_there = |sample: &Sample, within: f32| {
        let expected = speed * sample.at.since(jolt.at).as_secs_f32();
        let (ahead, beside) = jolt.before.ahead_and_beside(jolt.foot, sample.rect.foot());
        ahead >= AWAY_L * length && (ahead - expected).abs() <= within && beside <= BESIDE_L * length
    };
    if body.since(other) >= jolt.before.at {
        return window(other.trail(), jolt.at, now).any(|sample| is_there(sample, NEW_L * length));
    }
    let course = Course::of_foot(window(other.trail(), earlier(now, COURSE), now), other.stretch);
    let goes = course.is_some_and(|course| course.along(jolt.before) >= GOES_ON * speed && course.turned_from(jolt.before) <= GOES_ON_DEG);
    goes && other.trail().last().is_some_and(|last| is_there(last, AHEAD_L * length + AHEAD_SECS * speed))
}

/// What `other` was when the jolt happened.
fn before(other: &SceneTrack, jolt: &Jolt) -> Option<Past> {
    let seen = || window(other.trail(), earlier(jolt.at, COURSE), jolt.at);
    let (course, sample) = (Course::of_foot(seen(), other.stretch)?, *seen().last()?);
    Some(Past { track: other.track.id, class: other.track.class, course, sample, since: other.track.first_seen.0, upright: None })
}

/// Whether what `own` does now, the other one did before, at the same place: the tracker went on with the wrong one. A motorcycle's rider may be followed
/// by himself. What an impact pushes along is slower than what pushed it.
fn is_its_course(past: &Past, after: Course, jolt: &Jolt, own: &SceneTrack) -> bool {
    let may_be = is_kin(past.class, own.track.class) || (own.track.class.is_two_wheeler() && past.class == Class::Person);
    let ratio = after.speed() / past.course.speed().max(f32::EPSILON);
    let apart = past.sample.at.since(jolt.at).max(jolt.at.since(past.sample.at));
    may_be
        && apart <= MEETS_WITHIN
        && (GOES_ON..=1.0 / GOES_ON).contains(&ratio)
        && after.turned_from(past.course) <= GOES_ON_DEG
        && past.sample.rect.foot().distance(jolt.foot) <= MEETS_L * own.car_length
}

/// Whether `other` was on the same course of its own before: a neighbour in the lane.
fn went_before(other: &SceneTrack, body: &Body, jolt: &Jolt) -> bool {
    let until = jolt.before.at;
    let seen = Course::of_foot(window(other.trail(), earlier(until, COURSE), until), other.stretch);
    let known = seen.or(body.past.map(|past| past.course));
    known.is_some_and(|course| course.along(jolt.before) >= WENT * jolt.before.speed())
}

/// `other` stood where `own` stands now and is seen there no more: its detections are taken for `own`.
fn has_lost_its_place(other: &SceneTrack, jolt: &Jolt, own: &SceneTrack, now: MediaTime) -> bool {
    let is_there = now.since(other.track.last_seen) <= BLINK;
    if !is_alike(other, own) || (is_there && other.track.rect.iou(own.track.rect) >= SAME_PLACE) {
        return false;
    }
    let mut there = other.trail().iter().filter(|sample| sample.at < jolt.at && sample.rect.iou(own.track.rect) >= SAME_PLACE);
    let first = there.next().map(|sample| sample.at);
    first.zip(there.next_back()).is_some_and(|(first, last)| last.at.since(first) >= STOOD_FOR)
}

/// The same for a track that the tracker has given up.
fn stood_at(past: &Past, jolt: &Jolt, own: &SceneTrack) -> bool {
    past.sample.at < jolt.at
        && is_kin(past.class, own.track.class)
        && past.sample.rect.iou(own.track.rect) >= SAME_PLACE
        && past.course.speed() < MOVES_L_S * own.car_length
}

fn is_alike(a: &SceneTrack, b: &SceneTrack) -> bool {
    is_kin(a.track.class, b.track.class)
}

/// Classes that a detector may take for each other.
fn is_kin(a: Class, b: Class) -> bool {
    a.is_two_wheeler() == b.is_two_wheeler() && a.is_vehicle() == b.is_vehicle()
}
