//! How much traffic a lane usually lets pass, at any place: where vehicles drove lately is remembered car length by car length, so that the place where
//! something crashes has a past.
//!
//! In passenger-car units (smp), as discharge is counted in the field: a lane through which only motorcycles squeeze is blocked. The mean is taken over many
//! cycles of the signal, and what is held against it over whole ones: both hold every phase as often as the other.

use std::collections::VecDeque;

use super::passing::Stand;
use crate::base::class::Class;
use crate::base::emp::EmpTable;
use crate::base::geom::{Pixel, Point};
use crate::scene::{PerTrack, Scene};
use crate::track::TrackId;

/// The steps of all vehicles. Allocates only when there are more of them than ever before.
#[derive(Debug)]
pub(super) struct Discharge {
    /// Where each vehicle's next step begins.
    at: PerTrack<Point<Pixel>>,
    /// The steps that were completed in this frame.
    steps: Vec<Step>,
    /// Those that teach what is usual, oldest first, with the undisturbed time until then, in seconds.
    lately: VecDeque<(f32, Step)>,
    /// Time that was watched while nothing was the matter, in seconds.
    watched_secs: f64,
    smp: [f64; Class::ALL.len()],
}

/// A vehicle drove from one place to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) track: TrackId,
    from: Point<Pixel>,
    to: Point<Pixel>,
    pub(super) smp: f32,
}

/// A step is at least this long, in L: nobody trembles so far.
const STEP_L: f32 = 1.0;
/// And at most so long: a longer one is another vehicle under the same number.
const JUMP_L: f32 = 4.0;
/// Half a lane of 3.5 m, in L.
const LANE_L: f32 = 0.4;
/// Usual is what passed in the last quarter of an hour, as in traffic counts ...
const LATELY_SECS: f64 = 900.0;
/// ... when at least this long was watched, more than the longest cycle, ...
const WATCHED_SECS: f64 = 300.0;
/// ... and so many vehicles have passed.
const ENOUGH: usize = 10;
/// Steps that are remembered: a quarter of an hour of 6000 vehicles an hour that cross 20 L of picture, less time on busier roads. A megabyte.
const REMEMBERED: usize = 32_768;
/// Steps in one frame.
const AT_ONCE: usize = 128;

impl Discharge {
    pub(super) fn new() -> Self {
        Self {
            at: PerTrack::default(),
            steps: Vec::with_capacity(AT_ONCE),
            lately: VecDeque::with_capacity(REMEMBERED),
            watched_secs: 0.0,
            smp: EmpTable::default().smp,
        }
    }

    /// Takes one frame, which stands for `secs` seconds. What drives around an incident that is known does not teach what is usual.
    pub(super) fn observe(&mut self, scene: &Scene<'_>, secs: f64) {
        let Self { at, steps, smp, .. } = self;
        steps.clear();
        at.keep_up(scene.tracks, |track| track.foot(), |_, _| {});
        for (track, from) in scene.tracks.iter().zip(at.values_mut()) {
            if !track.track.is_observed || !track.track.class.is_vehicle() {
                continue;
            }
            let to = track.foot();
            let moved = from.distance_stretched(to, track.stretch);
            if moved < STEP_L * track.car_length {
                continue;
            }
            if moved <= JUMP_L * track.car_length {
                steps.push(Step { track: track.track.id, from: *from, to, smp: smp[track.track.class.index()] as f32 });
            }
            *from = to;
        }
        if scene.known.is_empty() {
            self.watched_secs += secs;
            self.learn();
        }
    }

    fn learn(&mut self) {
        for step in &self.steps {
            if self.lately.len() == REMEMBERED {
                self.lately.pop_front();
            }
            self.lately.push_back((self.watched_secs as f32, *step));
        }
    }

    /// The steps of this frame.
    pub(super) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter()
    }

    /// What usually passes `stand` in its lane, in smp a second; `None` where too little was seen or hardly anybody drives.
    pub(super) fn usual(&self, stand: &Stand) -> Option<f64> {
        let oldest = if self.lately.len() == REMEMBERED { self.lately.front().map_or(0.0, |(at, _)| f64::from(*at)) } else { 0.0 };
        let since = oldest.max(self.watched_secs - LATELY_SECS);
        let secs = self.watched_secs - since;
        let passed = self.lately.iter().rev().take_while(|(at, _)| f64::from(*at) >= since).filter(|(_, step)| step.passes(stand));
        let (number, smp) = passed.fold((0, 0.0), |(number, smp), (_, step)| (number + 1, smp + f64::from(step.smp)));
        (secs >= WATCHED_SECS && number >= ENOUGH).then(|| smp / secs)
    }

    /// The tracks of a session mean nothing in the next one.
    pub(super) fn restart(&mut self) {
        *self = Self::new();
    }
}

impl Step {
    /// Whether it leads past `stand`, in its lane and the way that stands there.
    pub(super) fn passes(&self, stand: &Stand) -> bool {
        let ahead = |place: Point<Pixel>| stand.course.ahead_and_beside(stand.place, place).0;
        let (was, is) = (ahead(self.from), ahead(self.to));
        if was >= 0.0 || is < 0.0 {
            return false;
        }
        let share = was / (was - is);
        let (from, to) = (self.from, self.to);
        let there = Point::new(from.x + share * (to.x - from.x), from.y + share * (to.y - from.y));
        stand.course.ahead_and_beside(stand.place, there).1 <= LANE_L * stand.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::geom::{FrameSize, Rect};
    use crate::base::time::{MediaTime, Stamp, WallTime};
    use crate::detect::Score;
    use crate::rules::incident::accident::course::{Course, window};
    use crate::scene::{KnownIncident, SceneState};
    use crate::track::Track;

    /// A car of 60 by 40 pixels every ten seconds, which drives to the right in a lane at this height; what `discharge` says of a place in the lane at 200.
    fn watch(discharge: &mut Discharge, lane: f32, secs: i64, known: &[KnownIncident]) -> Option<f64> {
        let (mut state, mut stand) = (SceneState::new(), None);
        for frame in 0..secs * 8 {
            let micros = frame * 125_000;
            let at = Stamp { media: MediaTime::from_micros(micros), wall: WallTime::from_micros(micros) };
            let rect = Rect::new((frame % 80) as f32 * 7.5, lane - 40.0, 60.0, 40.0);
            let (id, score, velocity) = (TrackId((frame / 80) as u32 + 1), Score::new(0.8), Point::new(60.0, 0.0));
            let (class, first_seen, last_seen) = (Class::Car, (at.media, rect), at.media);
            let car = Track { id, rect, class, score, velocity, is_observed: true, is_rider: false, first_seen, last_seen };
            let tracks = [car];
            let scene = Scene { known, ..state.observe(at, FrameSize::new(640, 360), &tracks) };
            discharge.observe(&scene, 0.125);
            let track = &scene.tracks[0];
            if let Some(course) = Course::of_foot(window(track.trail(), MediaTime::ZERO, at.media), track.stretch) {
                stand = Some(Stand { place: Point::new(300.0, 200.0), course, length: track.car_length });
            }
        }
        discharge.usual(&stand.expect("a car drove"))
    }

    #[test]
    fn what_passes_in_the_lane_is_learned_after_five_minutes_and_nothing_while_an_incident_is_known() {
        let known = [KnownIncident { place: Point::new(300.0, 200.0), began: MediaTime::ZERO }];
        let usual = |lane, secs, known: &[KnownIncident]| watch(&mut Discharge::new(), lane, secs, known);
        let smp_s = usual(200.0, 400, &[]).expect("forty cars passed");
        assert!((smp_s - 0.1).abs() < 0.005, "{smp_s}");
        assert_eq!(usual(200.0, 290, &[]), None, "too early");
        assert_eq!(usual(200.0, 400, &known), None, "an incident is known");
        assert_eq!(usual(160.0, 400, &[]), None, "the lane beside");
    }

    #[test]
    fn what_passed_before_an_incident_is_still_usual_after_it() {
        let known = [KnownIncident { place: Point::new(300.0, 200.0), began: MediaTime::ZERO }];
        let mut discharge = Discharge::new();
        let before = watch(&mut discharge, 200.0, 400, &[]);
        assert_eq!(watch(&mut discharge, 160.0, 2000, &known), before);
        discharge.restart();
        assert_eq!(watch(&mut discharge, 200.0, 100, &[]), None, "another session");
    }
}
