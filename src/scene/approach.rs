//! What happens on one approach, second by second: how full it is, how far its queue reaches, what leaves it.
//!
//! Speeds and flows are Edie's (1963): the distance all vehicles travelled in the zone, over the time they spent there. A vehicle belongs to the
//! queue from its first stop until it leaves, for a queue that moves up has not cleared; the smallest queue within a signal cycle is then what the
//! green left behind. Its length is told in car lengths, and in metres where the ground is known.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::footprint::Footprint;
use super::queue_length::{Axis, Place, length_l, length_m, without_gap};
use super::{PerTrack, Scene, SceneTrack};
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Line, Norm, Pixel, Point, Polygon, Rect};
use crate::base::ground::Ground;
use crate::base::time::MediaTime;

/// Slower than this is standing, in L/s (about 5 km/h).
const STANDING_L_S: f32 = 0.3;
/// Standing for this long joins the queue.
const JOINS_AFTER: Duration = Duration::from_secs(4);
/// A queued vehicle that was missed for this long may have left.
const HIDDEN: Duration = Duration::from_secs(3);
/// A vehicle that rests while this many later ones leave, for longer than a queue waits, is parked.
const PASSED: u32 = 3;
/// A track that ends this near the stop line has crossed it, in L.
const NEAR_LINE_L: f32 = 1.5;
/// Boxes this near the picture's border are about to leave it, in pixels.
const BORDER_PX: f32 = 3.0;
/// Weight of a new direction in the learned one.
const LEARNING: f32 = 0.02;

/// The place that is measured.
#[derive(Clone, Debug)]
pub struct ApproachPlace {
    /// The zone.
    pub zone: Polygon<Norm>,
    /// Where standing is normal: vehicles there are no part of the traffic.
    pub waiting: Vec<Polygon<Norm>>,
    /// Where the queue begins. Without it the zone's end does.
    pub stop_line: Option<Line<Norm>>,
    /// Passenger-car units (smp) of each class, in the order of [`Class::ALL`].
    pub smp: [f64; Class::ALL.len()],
}

/// One second of an approach. Sums are over the frames of the second, everything else is as it was at its end.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct ApproachSecond {
    /// Seconds that frames stood for.
    pub observed_secs: f64,
    /// Vehicle seconds in the zone, by class in the order of [`Class::ALL`].
    pub present_secs: [f64; Class::ALL.len()],
    /// Vehicle seconds with a known speed.
    pub timed_secs: f64,
    /// Distance travelled in them, in L.
    pub travelled_l: f64,
    /// Those of them in which the vehicle stood.
    pub stood_secs: f64,
    /// Vehicles that left over the stop line or out of the zone.
    pub discharged: u32,
    /// The same in smp.
    pub discharged_smp: f64,
    /// Share of the zone covered by vehicles, 0..=1.
    pub area_occupancy: f64,
    /// Vehicles in the zone, in smp.
    pub present_smp: f64,
    /// Share of the vehicles in the zone that stand, 0..=1; zero when there are none.
    pub stopped_share: f64,
    /// Vehicles in the queue, in smp.
    pub queue_smp: f64,
    /// How far the queue reaches back from the stop line, in L; without a stop line how long it is.
    pub queue_l: f64,
    /// The same in metres; `None` without a calibration, or where the queue reaches the horizon.
    pub queue_m: Option<f64>,
    /// Smp that find room in the zone, as far as is known.
    pub room_smp: Option<f64>,
}

/// What is remembered of one vehicle.
#[derive(Clone, Copy, Debug)]
struct Member {
    class: Class,
    /// In the zone since when, and where it came in.
    inside: Option<(MediaTime, Point<Pixel>)>,
    is_queued: bool,
    has_left: bool,
    /// Vehicles that came after it came to rest and have left.
    passed: u32,
    rest_since: MediaTime,
    is_near_end: bool,
}

/// Where a vehicle is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whereabouts {
    /// In the zone, before the stop line; or not seen, and so where it was.
    Inside,
    /// Not in the zone, and it did not leave it as traffic does.
    Beside,
    /// Over the stop line, or out of the zone after a car length in it.
    Beyond,
}

/// Measures one approach. Allocates only when there are more vehicles than ever before.
#[derive(Clone, Debug)]
pub struct Approach {
    place: ApproachPlace,
    footprint: Option<Footprint>,
    members: PerTrack<Member>,
    second: Option<i64>,
    sums: ApproachSecond,
    direction: Option<Point<Pixel>>,
    queue: Vec<Place>,
    ground: Option<Ground>,
}

/// What an approach has learned: which way its traffic goes in pictures of one size, and how large cars look in each row of its zone.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ApproachMemory {
    width: u32,
    height: u32,
    direction: Option<[f32; 2]>,
    car_lengths: Vec<Option<f32>>,
}

impl Approach {
    /// Has seen nothing.
    pub fn new(place: ApproachPlace) -> Self {
        Self {
            place,
            footprint: None,
            members: PerTrack::default(),
            second: None,
            sums: ApproachSecond::default(),
            direction: None,
            queue: Vec::with_capacity(64),
            ground: None,
        }
    }

    /// The same on a ground that is known in metres.
    pub fn on_ground(self, ground: Ground) -> Self {
        Self { ground: Some(ground), ..self }
    }

    /// Takes one frame, which stands for `secs` seconds; a vehicle that rests longer than `parked_after` while others leave is no part of the
    /// traffic. Gives the second that is over when the frame is the first one of another.
    pub fn observe(&mut self, scene: &Scene<'_>, secs: f64, parked_after: Duration) -> Option<ApproachSecond> {
        if self.footprint.as_ref().is_none_or(|footprint| footprint.size() != scene.size) {
            self.footprint = Some(Footprint::new(&self.place.zone, scene.size));
        }
        self.follow(scene, secs, parked_after);
        let second = scene.at.media.as_micros().div_euclid(1_000_000);
        let is_first = self.second.is_none();
        if self.second == Some(second) {
            return None;
        }
        self.second = Some(second);
        self.look(scene, parked_after);
        let over = std::mem::take(&mut self.sums);
        (!is_first).then_some(over)
    }

    /// A new session: its tracks and times have nothing to do with the old ones.
    pub fn restart(&mut self) {
        self.members = PerTrack::default();
        (self.second, self.sums) = (None, ApproachSecond::default());
    }

    /// What was learned, for the next run of the program; `None` before the first frame.
    pub fn memory(&self) -> Option<ApproachMemory> {
        let footprint = self.footprint.as_ref()?;
        let FrameSize { width, height } = footprint.size();
        let direction = self.direction.map(|direction| [direction.x, direction.y]);
        Some(ApproachMemory { width, height, direction, car_lengths: footprint.car_lengths().to_vec() })
    }

    /// Goes on from what an earlier run learned on the same zone, as long as the pictures have the same size.
    pub fn recall(&mut self, memory: &ApproachMemory) {
        let mut footprint = Footprint::new(&self.place.zone, FrameSize::new(memory.width, memory.height));
        footprint.recall(&memory.car_lengths);
        self.footprint = Some(footprint);
        self.direction = memory.direction.map(|[x, y]| Point::new(x, y)).filter(|direction| direction.x.hypot(direction.y) <= 2.0);
    }

    fn follow(&mut self, scene: &Scene<'_>, secs: f64, parked_after: Duration) {
        self.sums.observed_secs += secs;
        let (place, sums) = (&self.place, &mut self.sums);
        let mut left_since: Option<MediaTime> = None;
        let mut leave = |sums: &mut ApproachSecond, member: &Member| {
            sums.discharged += 1;
            sums.discharged_smp += place.smp[member.class.index()];
            let entered = member.inside.map(|(entered, _)| entered);
            left_since = left_since.max(entered);
        };
        let ended = |_, member: Member| {
            if member.is_near_end && !member.has_left && member.inside.is_some() {
                leave(sums, &member);
            }
        };
        self.members.keep_up(scene.tracks, Member::new, ended);
        let stop_line = place.stop_line.map(|line| oriented(line, &place.zone, scene.size));
        for (track, member) in scene.tracks.iter().zip(self.members.values_mut()) {
            if !track.track.class.is_vehicle() {
                continue;
            }
            match member.follow(track, scene, place, stop_line) {
                Whereabouts::Inside => {}
                Whereabouts::Beside => (member.inside, member.is_queued) = (None, false),
                Whereabouts::Beyond => {
                    if !member.has_left {
                        leave(sums, member);
                    }
                    (member.inside, member.is_queued, member.has_left) = (None, false, true);
                }
            }
            if member.counts(track, scene.at.media, parked_after) {
                add(sums, track, secs);
                learn_direction(&mut self.direction, track);
            }
        }
        if let Some(entered) = left_since {
            let waiting = self.members.values_mut().filter(|member| member.inside.is_some() && member.rest_since < entered);
            waiting.for_each(|member| member.passed = member.passed.saturating_add(1));
        }
    }

    /// What the frame shows at this moment.
    fn look(&mut self, scene: &Scene<'_>, parked_after: Duration) {
        let now = scene.at.media;
        let axis = Axis::of(self.place.stop_line.map(|line| oriented(line, &self.place.zone, scene.size)), self.direction);
        let (mut present, mut standing) = (0u32, 0u32);
        self.queue.clear();
        let Some(footprint) = &mut self.footprint else { return };
        footprint.clear();
        for (track, member) in scene.tracks.iter().zip(self.members.values_mut()) {
            if member.inside.is_none() || !track.is_present(now) && !member.is_queued {
                continue;
            }
            footprint.add(track.track.rect);
            footprint.learn(track.foot(), track.car_length);
            if !member.counts(track, now, parked_after) {
                continue;
            }
            let smp = self.place.smp[track.track.class.index()];
            self.sums.present_smp += smp;
            present += 1;
            standing += u32::from(track.speed_l_s.is_some_and(|speed| speed < STANDING_L_S));
            if member.is_queued {
                self.sums.queue_smp += smp;
                self.queue.push(axis.place(track));
            }
        }
        self.sums.stopped_share = f64::from(standing) / f64::from(present.max(1));
        self.sums.area_occupancy = footprint.share();
        self.sums.room_smp = footprint.area_l2();
        self.queue.sort_unstable_by(|a, b| a.back_px.total_cmp(&b.back_px));
        let queue = without_gap(&self.queue);
        self.sums.queue_l = length_l(queue, axis);
        self.sums.queue_m = self.ground.as_ref().and_then(|ground| length_m(queue, ground, self.place.stop_line, scene.size));
    }
}

impl Member {
    fn new(track: &SceneTrack) -> Self {
        let rest_since = track.rest().since().media;
        let class = track.track.class;
        Self { class, inside: None, is_queued: false, has_left: false, passed: 0, rest_since, is_near_end: false }
    }

    /// Takes where the vehicle is now.
    fn follow(&mut self, track: &SceneTrack, scene: &Scene<'_>, place: &ApproachPlace, stop_line: Option<Line<Pixel>>) -> Whereabouts {
        if !track.track.is_observed {
            return Whereabouts::Inside;
        }
        let foot = track.foot();
        let before_line = stop_line.map(|line| line.signed_distance(foot));
        let norm = scene.size.to_norm(foot);
        let is_waiting = || place.waiting.iter().any(|polygon| polygon.contains(norm));
        let is_inside = before_line.is_none_or(|px| px > 0.0) && place.zone.contains(norm) && !is_waiting();
        self.class = track.track.class;
        if !is_inside {
            // A box that trembles at the zone's far end has not left over the line.
            let came = self.inside.map_or(0.0, |(_, entry)| entry.distance(foot));
            let is_beyond = self.inside.is_some() && before_line.map_or(came >= track.car_length, |px| px <= 0.0);
            return if is_beyond { Whereabouts::Beyond } else { Whereabouts::Beside };
        }
        self.inside.get_or_insert((scene.at.media, foot));
        if self.rest_since != track.rest().since().media {
            (self.rest_since, self.passed) = (track.rest().since().media, 0);
        }
        let speed = track.speed_l_s.unwrap_or(0.0);
        self.is_queued |= track.standing_for(scene.at.media) >= JOINS_AFTER && speed < STANDING_L_S;
        let is_moving = speed >= STANDING_L_S;
        self.is_near_end = match before_line {
            Some(px) => is_moving && px < NEAR_LINE_L * track.car_length,
            None => is_moving && touches_border(track.track.rect, scene.size),
        };
        Whereabouts::Inside
    }

    /// Whether the vehicle is there and takes part in the traffic.
    fn counts(&self, track: &SceneTrack, now: MediaTime, parked_after: Duration) -> bool {
        let is_there = track.is_present(now) || self.is_queued && now.since(track.track.last_seen) <= HIDDEN;
        let is_parked = self.passed >= PASSED && track.standing_for(now) >= parked_after;
        track.track.class.is_vehicle() && self.inside.is_some() && is_there && !is_parked
    }
}

fn add(sums: &mut ApproachSecond, track: &SceneTrack, secs: f64) {
    sums.present_secs[track.track.class.index()] += secs;
    if let Some(speed) = track.speed_l_s {
        sums.timed_secs += secs;
        sums.travelled_l += f64::from(speed) * secs;
        sums.stood_secs += if speed < STANDING_L_S { secs } else { 0.0 };
    }
}

/// Where traffic goes: the mean direction of what moves.
fn learn_direction(direction: &mut Option<Point<Pixel>>, track: &SceneTrack) {
    let (Some(motion), Some(speed)) = (track.motion, track.speed_l_s) else { return };
    let px = motion.velocity.x.hypot(motion.velocity.y);
    if !track.track.is_observed || speed < 2.0 * STANDING_L_S || px <= 0.0 {
        return;
    }
    let unit = Point::new(motion.velocity.x / px, motion.velocity.y / px);
    let old = direction.unwrap_or(unit);
    *direction = Some(Point::new(old.x + LEARNING * (unit.x - old.x), old.y + LEARNING * (unit.y - old.y)));
}

/// The stop line in pixels, with the zone on its positive side.
fn oriented(line: Line<Norm>, zone: &Polygon<Norm>, size: FrameSize) -> Line<Pixel> {
    let line = size.line_to_pixel(line);
    let beyond: f32 = zone.corners().iter().map(|&corner| line.signed_distance(size.to_pixel(corner))).sum();
    if beyond < 0.0 { Line::new(line.b, line.a) } else { line }
}

fn touches_border(rect: Rect<Pixel>, size: FrameSize) -> bool {
    let (width, height) = (size.width as f32, size.height as f32);
    rect.left <= BORDER_PX || rect.top <= BORDER_PX || rect.right() >= width - BORDER_PX || rect.bottom() >= height - BORDER_PX
}
