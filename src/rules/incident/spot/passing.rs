//! Who goes by a standing vehicle: what tells a breakdown from a queue.

use super::{STANDS, Spot};
use crate::base::class::Class;
use crate::base::geom::{Pixel, Point};
use crate::scene::{Heading, Scene, SceneTrack};

/// A vehicle passes when it goes by within this distance beside, in L: the own and the next lane.
const BESIDE_L: f32 = 3.0;
/// Slower than this does not pass but creeps in the same queue, in L/s.
const PASSING_L_S: f32 = 0.3;
/// What a tall vehicle hid comes out from this far behind its foot to this far ahead of it, in L, and drives at this speed at least, in L/s.
const COMES_OUT_L: [f32; 2] = [-1.0, 6.0];
const COMES_OUT_L_S: f32 = 0.5;

impl Spot {
    /// Counts the vehicles that go by in this frame, the way of the `lane` it stands in when that is known: oncoming traffic flows on whether it
    /// is broken down or waits in a queue. A bus or a lorry hides who passes on its far side: they come out ahead of it.
    pub(in crate::rules::incident) fn watch_passing(&mut self, scene: &Scene<'_>, lane: Option<Heading>) {
        for track in scene.tracks.iter().filter(|track| track.track.is_observed && track.track.class.is_vehicle()) {
            let id = track.track.id;
            let is_other = !self.holds(id) && !self.passed_lately.has(id);
            let goes_along = |lane: Heading| heading(track).is_none_or(|heading| heading.degrees_to(lane) < 90.0);
            let passes = || goes_by(track, self.rest.place().center(), self.car_length) || lane.is_some_and(|lane| self.hid(track, lane));
            if is_other && lane.is_none_or(goes_along) && passes() {
                self.passed = self.passed.saturating_add(1);
                self.passed_lately.note(id);
            }
        }
    }

    /// Whether `track` came out from behind this tall vehicle and goes on along the `lane`: it was seen first beside or ahead of it, moving.
    fn hid(&self, track: &SceneTrack, lane: Heading) -> bool {
        let (began, first) = track.track.first_seen;
        let is_new = matches!(self.class, Class::Bus | Class::Truck) && began.since(self.since().media) >= STANDS;
        if !is_new || track.speed_l_s.is_none_or(|speed| speed < COMES_OUT_L_S) {
            return false;
        }
        let place = |foot: Point<Pixel>| lane.ahead_and_beside(self.foot(), foot, self.stretch);
        let ((was, beside), (is, _)) = (place(first.foot()), place(track.foot()));
        (COMES_OUT_L[0] * self.car_length..=COMES_OUT_L[1] * self.car_length).contains(&was)
            && beside <= BESIDE_L * self.car_length
            && is >= was.max(0.0) + self.car_length
    }
}

fn heading(track: &SceneTrack) -> Option<Heading> {
    track.motion.and_then(|motion| Heading::of(motion.velocity))
}

/// Whether the track was behind `place` at its last sighting but one, seen in its own direction, and is now beside or ahead of it.
fn goes_by(track: &SceneTrack, place: Point<Pixel>, car_length: f32) -> bool {
    if track.speed_l_s.is_none_or(|speed| speed < PASSING_L_S) {
        return false;
    }
    let (Some(motion), Some(before)) = (track.motion, track.trail().iter().rev().nth(1)) else { return false };
    let speed = motion.velocity.x.hypot(motion.velocity.y);
    let (ux, uy) = (motion.velocity.x / speed, motion.velocity.y / speed);
    let ahead = |p: Point<Pixel>| (p.x - place.x) * ux + (p.y - place.y) * uy;
    let here = track.track.rect.center();
    let beside = (here.x - place.x) * uy - (here.y - place.y) * ux;
    ahead(before.rect.center()) < 0.0 && ahead(here) >= 0.0 && beside.abs() <= BESIDE_L * car_length
}
