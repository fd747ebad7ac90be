//! Vehicles through the approach, from where they were seen first to the stop line: how long they took, and how long it takes who is not held up.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::base::class::Class;
use crate::base::geom::{Line, Norm, Pixel, Point, Polygon};
use crate::base::ground::Ground;
use crate::base::time::MediaTime;
use crate::scene::{Scene, SceneTrack};

/// What is remembered of one vehicle.
#[derive(Clone, Copy, Debug)]
pub(super) enum Passage {
    /// It was not in the approach yet.
    Before,
    /// It is in it.
    Inside(Inside),
    /// It has passed the line, or left otherwise.
    Behind,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Inside {
    entered: MediaTime,
    /// Where the distance was last added up to, and when it was seen last.
    mark: Point<Pixel>,
    last: MediaTime,
    /// Distance before the line at that time, in pixels.
    before_px: f32,
    /// Where abreast of the line that was: 0 at its first end, 1 at its second.
    along: f32,
    travelled_l: f32,
    /// `None` where a part of the way was not on calibrated ground.
    travelled_m: Option<f64>,
    stood_secs: f64,
}

/// A vehicle that came to the stop line.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Traverse {
    pub(super) class: Class,
    pub(super) secs: f64,
    pub(super) stood_secs: f64,
    pub(super) travelled_l: f64,
    /// `None` where the camera is not calibrated.
    pub(super) travelled_m: Option<f64>,
}

/// Steps shorter than this are jitter, in L.
const STEP_L: f32 = 0.3;
/// Slower than this is standing, in L/s (about 5 km/h).
const STANDING_L_S: f32 = 0.3;

/// How far beyond its ends the stop line still counts, in L: who goes by farther out takes another way, such as a free left turn, and never waited for it.
const BEYOND_ENDS_L: f32 = 0.25;

/// The place that is passed through.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) zone: Polygon<Norm>,
    /// With the zone on its positive side.
    pub(super) stop_line: Line<Norm>,
    pub(super) ground: Option<Ground>,
}

impl Passage {
    /// Takes where the vehicle is now; `Some` when it has come to the line.
    pub(super) fn see(&mut self, track: &SceneTrack, class: Class, scene: &Scene<'_>, stretch: &Stretch) -> Option<Traverse> {
        let (now, foot) = (scene.at.media, track.foot());
        let line = scene.size.line_to_pixel(stretch.stop_line);
        let (before_px, along) = (line.signed_distance(foot), line.along(foot));
        match self {
            Self::Before if before_px > 0.0 && stretch.zone.contains(scene.size.to_norm(foot)) => {
                *self = Self::Inside(Inside {
                    entered: now,
                    mark: foot,
                    last: now,
                    before_px,
                    along,
                    travelled_l: 0.0,
                    travelled_m: stretch.ground.as_ref().map(|_| 0.0),
                    stood_secs: 0.0,
                });
                None
            }
            Self::Before | Self::Behind => None,
            Self::Inside(inside) => {
                inside.go_on(track, scene, stretch);
                if before_px > 0.0 {
                    (inside.last, inside.before_px, inside.along) = (now, before_px, along);
                    return None;
                }
                let has_arrived = inside.meets((-before_px, along), BEYOND_ENDS_L * track.car_length / line.length().max(1.0));
                let traverse = inside.arrive(class, now, -before_px);
                *self = Self::Behind;
                has_arrived.then_some(traverse)
            }
        }
    }
}

impl Inside {
    fn go_on(&mut self, track: &SceneTrack, scene: &Scene<'_>, stretch: &Stretch) {
        let foot = track.foot();
        let step_l = self.mark.distance(foot) / track.car_length;
        if step_l >= STEP_L {
            self.travelled_l += step_l;
            let metres =
                stretch.ground.as_ref().and_then(|ground| ground.distance_m(scene.size.to_norm(self.mark), scene.size.to_norm(foot)));
            self.travelled_m = self.travelled_m.zip(metres).map(|(sum, metres)| sum + metres);
            self.mark = foot;
        }
        if track.speed_l_s.is_some_and(|speed| speed < STANDING_L_S) {
            self.stood_secs += scene.at.media.since(self.last).as_secs_f64();
        }
    }

    /// Share of the way from where it was seen last to where it is now, `behind_px` behind the line, that lay before the line.
    fn share_before(&self, behind_px: f32) -> f32 {
        self.before_px / (self.before_px + behind_px).max(1e-3)
    }

    /// Whether it met the line between its ends, or no more than `beyond` outside, in lengths of the line; now it is `behind_px` behind it and abreast of `along`.
    fn meets(&self, (behind_px, along): (f32, f32), beyond: f32) -> bool {
        let met = self.along + self.share_before(behind_px) * (along - self.along);
        (-beyond..=1.0 + beyond).contains(&met)
    }

    fn arrive(&self, class: Class, now: MediaTime, behind_px: f32) -> Traverse {
        let share = self.share_before(behind_px);
        let secs = self.last.since(self.entered).as_secs_f64() + now.since(self.last).as_secs_f64() * f64::from(share);
        let (travelled_l, travelled_m) = (f64::from(self.travelled_l), self.travelled_m);
        Traverse { class, secs, stood_secs: self.stood_secs, travelled_l, travelled_m }
    }
}

/// How long the approach is, and how fast it is driven by who is not held up: from the last vehicles that came to the line.
#[derive(Clone, Debug)]
pub(super) struct Unhindered {
    lengths: VecDeque<f32>,
    speeds: VecDeque<f32>,
    scale: Scale,
    /// Figures out of these, made anew every so often.
    length_l: Option<f32>,
    speed_l_s: Option<f32>,
    sorted: Vec<f32>,
}

/// What is kept of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct UnhinderedMemory {
    lengths: Vec<f32>,
    speeds: Vec<f32>,
    /// Metres, and how many L they are.
    scale: [f64; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct Scale {
    metres: f64,
    lengths: f64,
}

const REMEMBERED: usize = 256;
const ENOUGH: usize = 20;
/// Most are seen first at the far end; some come out of side streets, or are seen late.
const LENGTH_PERCENTILE: f32 = 0.75;
/// Who never stood may have been held up all the same: the faster half of them was not.
const SPEED_PERCENTILE: f32 = 0.75;
/// Who was followed over this share of the approach was followed from end to end.
const END_TO_END: f64 = 0.8;
/// Standing for less than this is not standing.
const STOOD: f64 = 0.5;

impl Unhindered {
    pub(super) fn new() -> Self {
        let ring = || VecDeque::with_capacity(REMEMBERED);
        let sorted = Vec::with_capacity(REMEMBERED);
        Self { lengths: ring(), speeds: ring(), scale: Scale::default(), length_l: None, speed_l_s: None, sorted }
    }

    pub(super) fn learn(&mut self, traverse: &Traverse) {
        push(&mut self.lengths, traverse.travelled_l as f32);
        self.length_l = percentile(&mut self.sorted, &self.lengths, LENGTH_PERCENTILE);
        if let Some(metres) = traverse.travelled_m {
            // Halved now and then: what was measured long ago counts less.
            let keep = if self.scale.lengths > 10_000.0 { 0.5 } else { 1.0 };
            self.scale.metres = keep * self.scale.metres + metres;
            self.scale.lengths = keep * self.scale.lengths + traverse.travelled_l;
        }
        if traverse.stood_secs < STOOD && self.is_end_to_end(traverse) && traverse.secs > 0.0 {
            push(&mut self.speeds, (traverse.travelled_l / traverse.secs) as f32);
            self.speed_l_s = percentile(&mut self.sorted, &self.speeds, SPEED_PERCENTILE);
        }
    }

    /// For the next run of the program.
    pub(super) fn memory(&self) -> UnhinderedMemory {
        let (lengths, speeds) = (self.lengths.iter().copied().collect(), self.speeds.iter().copied().collect());
        UnhinderedMemory { lengths, speeds, scale: [self.scale.metres, self.scale.lengths] }
    }

    /// Goes on with what an earlier run knew.
    pub(super) fn recall(&mut self, memory: &UnhinderedMemory) {
        memory.lengths.iter().filter(|length| **length >= 0.0).for_each(|length| push(&mut self.lengths, *length));
        memory.speeds.iter().filter(|speed| **speed >= 0.0).for_each(|speed| push(&mut self.speeds, *speed));
        self.length_l = percentile(&mut self.sorted, &self.lengths, LENGTH_PERCENTILE);
        self.speed_l_s = percentile(&mut self.sorted, &self.speeds, SPEED_PERCENTILE);
        let [metres, lengths] = memory.scale;
        if (0.0..=1e9).contains(&metres) && (0.0..=1e9).contains(&lengths) {
            self.scale = Scale { metres, lengths };
        }
    }

    /// Length of the approach in L.
    pub(super) fn length_l(&self) -> Option<f64> {
        self.length_l.map(f64::from)
    }

    /// Metres of one L.
    pub(super) fn metres_per_l(&self) -> Option<f64> {
        (self.scale.lengths > 0.0 && self.scale.metres > 0.0).then(|| self.scale.metres / self.scale.lengths)
    }

    fn is_end_to_end(&self, traverse: &Traverse) -> bool {
        self.length_l().is_some_and(|length| traverse.travelled_l >= END_TO_END * length)
    }

    /// How much longer than unhindered it took, in seconds; `None` when it was not followed from end to end, or nobody knows how long that is.
    pub(super) fn delay_secs(&self, traverse: &Traverse) -> Option<f64> {
        let speed = f64::from(self.speed_l_s?);
        self.is_end_to_end(traverse).then(|| traverse.secs - traverse.travelled_l / speed)
    }
}

fn push(ring: &mut VecDeque<f32>, value: f32) {
    if !value.is_finite() {
        return;
    }
    if ring.len() == REMEMBERED {
        ring.pop_front();
    }
    ring.push_back(value);
}

fn percentile(sorted: &mut Vec<f32>, values: &VecDeque<f32>, share: f32) -> Option<f32> {
    if values.len() < ENOUGH {
        return None;
    }
    sorted.clear();
    sorted.extend(values);
    let at = ((sorted.len() - 1) as f32 * share) as usize;
    let (_, value, _) = sorted.select_nth_unstable_by(at, f32::total_cmp);
    Some(*value).filter(|value| *value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traverse(secs: f64, stood_secs: f64, travelled_l: f64) -> Traverse {
        Traverse { class: Class::Car, secs, stood_secs, travelled_l, travelled_m: Some(4.5 * travelled_l) }
    }

    #[test]
    fn who_passes_beside_the_stop_line_has_not_come_to_it() {
        let before = |along: f32| Inside {
            entered: MediaTime::ZERO,
            mark: Point::new(0.0, 0.0),
            last: MediaTime::ZERO,
            before_px: 10.0,
            along,
            travelled_l: 0.0,
            travelled_m: None,
            stood_secs: 0.0,
        };
        for (from, to, is_met) in
            [(0.5, 0.5, true), (0.9, 1.2, true), (0.9, 1.5, false), (1.6, 1.6, false), (-0.5, -0.1, false), (1.4, 0.6, true)]
        {
            assert_eq!(before(from).meets((10.0, to), 0.1), is_met, "from {from} to {to}");
        }
    }

    #[test]
    fn a_delay_is_what_it_took_longer_than_who_was_not_held_up() {
        let mut unhindered = Unhindered::new();
        (0..ENOUGH * 3).for_each(|n| unhindered.learn(&traverse(10.0, 0.0, 20.0 + 0.01 * n as f64)));
        let held_up = traverse(70.0, 50.0, 20.2);
        let delay = unhindered.delay_secs(&held_up).expect("followed from end to end");
        assert!((delay - 60.0).abs() < 0.3, "{delay}");
        assert_eq!(unhindered.delay_secs(&traverse(5.0, 0.0, 9.0)), None, "seen halfway");
        assert!((unhindered.metres_per_l().expect("calibrated") - 4.5).abs() < 1e-9);
    }

    #[test]
    fn the_next_run_goes_on_with_what_this_one_knew() {
        let mut unhindered = Unhindered::new();
        (0..ENOUGH * 3).for_each(|n| unhindered.learn(&traverse(10.0, 0.0, 20.0 + 0.01 * n as f64)));
        let mut next = Unhindered::new();
        next.recall(&unhindered.memory());
        let held_up = traverse(70.0, 50.0, 20.2);
        assert_eq!(next.delay_secs(&held_up), unhindered.delay_secs(&held_up));
        assert_eq!((next.length_l(), next.metres_per_l()), (unhindered.length_l(), unhindered.metres_per_l()));
        let strange = UnhinderedMemory { lengths: vec![f32::NAN; 40], speeds: vec![-1.0; 999], scale: [f64::NAN, -1.0] };
        let mut nothing = Unhindered::new();
        nothing.recall(&strange);
        assert_eq!((nothing.length_l(), nothing.metres_per_l(), nothing.delay_secs(&held_up)), (None, None, None));
    }

    #[test]
    fn nothing_is_said_before_enough_were_seen() {
        let mut unhindered = Unhindered::new();
        (0..ENOUGH - 1).for_each(|_| unhindered.learn(&traverse(10.0, 0.0, 20.0)));
        assert_eq!((unhindered.length_l(), unhindered.delay_secs(&traverse(10.0, 0.0, 20.0))), (None, None));
        for wild in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            (0..60).for_each(|_| unhindered.learn(&traverse(wild, 0.0, wild)));
        }
    }
}
