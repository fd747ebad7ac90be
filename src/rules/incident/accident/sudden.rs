//! Cues C1 and C3: a vehicle stops, is thrown back or changes its direction within a moment.

use std::time::Duration;

use super::body::{Body, COURSE, Past};
use super::course::{Course, earlier, window};
use crate::base::geom::{Pixel, Point};
use crate::base::time::MediaTime;
use crate::scene::SceneTrack;

/// Something happened to the motion of one road user.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jolt {
    /// When, as far as can be said.
    pub(super) at: MediaTime,
    /// Where it was then.
    pub(super) foot: Point<Pixel>,
    /// How it moved before.
    pub(super) before: Course,
    /// Deceleration along its course in L/s², when it stopped or was thrown back.
    pub(super) stop_l_s2: Option<f32>,
    /// Change of direction in degrees, when it moved before and after.
    pub(super) turn_deg: Option<f32>,
    /// Whether its own track shows how it moved before; else that is guessed from one that was lost near where this one began.
    pub(super) is_own: bool,
}

/// C1: at least this fast before, at most this fast after, all within this time.
const FAST_L_S: f32 = 1.0;
const STILL_L_S: f32 = 0.15;
const STOPS_WITHIN: Duration = Duration::from_millis(1200);
/// "Still" is believed after this long: over a shorter time the jitter of boxes is as large.
const STILL_FOR: Duration = Duration::from_millis(1000);
const STILL_SPAN: Duration = Duration::from_millis(800);
/// C3: at least this fast before and after.
const MOVES_L_S: f32 = 0.5;
/// No driver goes back the way he came within a second: so slow it means something already.
const THROWN_BACK_L_S: f32 = 0.3;
pub(super) const THROWN_BACK_DEG: f32 = 135.0;
/// What goes on from a track that an impact broke has lost at least this share of its speed; a newcomer that passes by has not.
const BROKEN_SPEED: f32 = 0.6;
/// Least change of direction that is looked at.
const TURN_DEG: f32 = 45.0;
/// Middle to middle of the two courses; one that was lost between them is given the time it was lost.
const TURNS_WITHIN: Duration = Duration::from_millis(1200);

/// What happened to `track` up to now, if anything did.
pub(super) fn jolt(track: &SceneTrack, body: &Body, now: MediaTime) -> Option<Jolt> {
    let after = Course::of_foot(window(track.trail(), earlier(now, COURSE), now), track.stretch);
    let past = body.past.as_ref().filter(|past| after.is_some_and(|after| after.speed() <= BROKEN_SPEED * past.course.speed()));
    let turn = after.and_then(|after| turn(track, past, after, now));
    let stop = stop(track, past, now);
    let (at, before) = match (stop, turn) {
        (Some(stop), _) => (stop.at, stop.before),
        (None, Some(turn)) => (turn.at, turn.before),
        (None, None) => return None,
    };
    let foot = window(track.trail(), at, now).next().map_or_else(|| track.foot(), |sample| sample.rect.foot());
    let is_own = past.is_none_or(|past| past.course != before);
    Some(Jolt { at, foot, before, stop_l_s2: stop.map(|stop| stop.size), turn_deg: turn.map(|turn| turn.size), is_own })
}

#[derive(Clone, Copy, Debug)]
struct Change {
    at: MediaTime,
    before: Course,
    size: f32,
}

/// C1. The time from the middle of the course before to the first moment of standing: so that a slow stop is not made sudden by its last part.
fn stop(track: &SceneTrack, past: Option<&Past>, now: MediaTime) -> Option<Change> {
    let length = track.car_length;
    let recent = window(track.trail(), earlier(now, STILL_FOR), now);
    let still_since = recent.clone().next()?.at;
    let whole = Course::of_whole(recent, track.stretch)?;
    let stands = whole.speed() <= STILL_L_S * length && now.since(still_since) >= STILL_SPAN;
    let thrown_since = earlier(now, COURSE);
    let thrown =
        Course::of_whole(window(track.trail(), thrown_since, now), track.stretch).filter(|after| after.speed() >= THROWN_BACK_L_S * length);
    let (until, after) = match thrown {
        _ if stands => (still_since, whole),
        Some(thrown) => (thrown.at, thrown),
        None => return None,
    };
    // Most tracks wait in a queue or drive on, and no course of theirs may precede that: asked first, before it is asked whether they were steady.
    let may_precede = |before: &Course| {
        let is_fast = before.speed() >= FAST_L_S * length;
        is_fast && (stands || is_thrown_back(after, *before, length))
    };
    let size = |before: Course| {
        let took = until.since(before.at);
        let is_sudden = until > before.at && took <= STOPS_WITHIN;
        is_sudden.then(|| (before.speed() - after.along(before)) / length / took.as_secs_f32())
    };
    let at = if stands { still_since } else { thrown_since };
    let changes = befores(track, past, at, may_precede).filter_map(|before| Some(Change { at, before, size: size(before)? }));
    changes.max_by(|a, b| a.size.total_cmp(&b.size))
}

/// C3.
fn turn(track: &SceneTrack, past: Option<&Past>, after: Course, now: MediaTime) -> Option<Change> {
    let length = track.car_length;
    let at = earlier(now, COURSE);
    let own = Course::of_foot(window(track.trail(), earlier(at, COURSE), at), track.stretch);
    let before = own.or_else(|| past.map(|past| past.course))?;
    let size = after.turned_from(before);
    let moves = after.speed() >= MOVES_L_S * length || is_thrown_back(after, before, length);
    let is_sudden = after.at.since(before.at) <= TURNS_WITHIN && before.speed() >= MOVES_L_S * length;
    (moves && is_sudden && size >= TURN_DEG).then_some(Change { at, before, size })
}

/// Courses of every time before `until` that a sudden stop may have begun at, of those that `may_precede` it.
fn befores<'a>(
    track: &'a SceneTrack,
    past: Option<&'a Past>,
    until: MediaTime,
    may_precede: impl Fn(&Course) -> bool + Copy + 'a,
) -> impl Iterator<Item = Course> + 'a {
    let earliest = earlier(until, STOPS_WITHIN);
    let ends = window(track.trail(), earliest, until).map(|sample| sample.at);
    let own = ends.filter_map(move |end| {
        let samples = window(track.trail(), earlier(end, COURSE), end);
        let whole = Course::of_whole(samples.clone(), track.stretch).filter(may_precede)?;
        Course::of_foot(samples.clone(), track.stretch)?.is_steady(samples).then_some(whole)
    });
    own.chain(past.map(|past| past.course).filter(may_precede))
}

fn is_thrown_back(after: Course, before: Course, length: f32) -> bool {
    after.speed() >= THROWN_BACK_L_S * length && after.turned_from(before) >= THROWN_BACK_DEG
}
