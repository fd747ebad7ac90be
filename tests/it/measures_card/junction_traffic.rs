//! A junction of four arms with a signal, seen from a high corner, with everything that is true about it: who went where, what the signal gives, who waited.
//!
//! Left-hand traffic, one arm green at a time, two lanes in and two out. Vehicles follow the one before them in their lane (linear speed-spacing relation of
//! Newell and Pipes), turn on smooth curves, and do not mind those from other arms. The tracker trembles, misses, changes numbers after gaps, and loses some
//! vehicles before a gate or finds them behind it.

use simpang::base::class::Class;
use simpang::base::geom::{FrameSize, Pixel, Point, Rect};
use simpang::base::time::MediaTime;
use simpang::detect::Score;
use simpang::track::{Track, TrackId};

use crate::dice::Dice;

pub(super) const SIZE: FrameSize = FrameSize::new(960, 600);
/// Seconds a step, and a frame.
pub(super) const STEP: f64 = 0.125;
/// Names of the arms, in the order of their ids.
pub(super) const ARMS: [&str; 4] = ["barat", "selatan", "timur", "utara"];
/// Outwards.
const OUTWARDS: [(f64, f64); 4] = [(-1.0, 0.0), (0.0, -1.0), (1.0, 0.0), (0.0, 1.0)];
pub(super) const CYCLE: f64 = 100.0;
pub(super) const GREEN: f64 = 20.0;
const BEGIN_M: f64 = 88.0;
/// Stop lines, and mouths of the exits, from the middle.
pub(super) const MOUTH_M: f64 = 12.0;
const LANE_M: f64 = 3.5;
/// Where the measured approach begins, from the middle.
pub(super) const ZONE_M: f64 = 84.0;
/// Where the time in the approach is taken from, before the stop line.
const TIMED_M: f64 = 70.0;

/// What the tracker makes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flaws {
    /// Share of boxes that are missed.
    pub(super) missed: f64,
    /// Losses of a track that are found again under a new number, a second.
    pub(super) breaks: f64,
    /// Share of vehicles of which one gate is never seen.
    pub(super) cut: f64,
}

#[derive(Clone, Debug)]
struct Vehicle {
    id: u32,
    class: Class,
    arm: usize,
    exit: usize,
    lane: usize,
    /// Metres along its path.
    s: f64,
    speed: f64,
    free: f64,
    length: f64,
    runs_amber: bool,
    timed_from: Option<f64>,
    has_stopped: bool,
    /// Seen only in this part of its path.
    seen: (f64, f64),
    lost_until: f64,
    first_seen: Option<(MediaTime, Rect<Pixel>)>,
    last_seen: MediaTime,
    is_confirmed: bool,
}

/// The approach of the first arm in one quarter of an hour.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stretch {
    /// Metres that all vehicles went in it, and the seconds they were in it.
    pub(super) travelled_m: f64,
    pub(super) spent_secs: f64,
    /// Farthest that a queued vehicle's front was from the stop line.
    pub(super) queue_max_m: f64,
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    /// By quarter of an hour.
    pub(super) stretch: Vec<Stretch>,
    /// Seconds, entry, exit, class: at the mouth of the exit.
    pub(super) movements: Vec<(f64, usize, usize, Class)>,
    /// Seconds, arm, class: where the approach begins.
    pub(super) arrivals: Vec<(f64, usize, Class)>,
    /// Seconds, arm, class, delay over the last part of the approach: at the stop line.
    pub(super) delays: Vec<(f64, usize, Class, f64)>,
}

/// The junction at one moment.
pub(super) struct Traffic {
    dice: Dice,
    flaws: Flaws,
    /// Vehicles an hour by arm.
    demand: [f64; 4],
    steps: u64,
    was_green: [bool; 4],
    next_arrival: [f64; 4],
    next_id: u32,
    /// By arm and lane, the first in front.
    lanes: [[Vec<Vehicle>; 2]; 4],
    waiting: [std::collections::VecDeque<Vehicle>; 4],
    tracks: Vec<Track>,
    pub(super) truth: Truth,
}

/// Place on the ground, metres from the middle to the right and away from the camera, as a place in the picture.
pub(super) fn project((x, y): (f64, f64)) -> Point<Pixel> {
    let depth = 1.0 + 0.003 * y;
    Point::new((480.0 + 4.5 * x / depth) as f32, (320.0 - 3.6 * y / depth) as f32)
}

/// A place of an arm: metres outwards, and to the left of who drives in.
pub(super) fn place(arm: usize, out: f64, left: f64) -> (f64, f64) {
    let (ux, uy) = OUTWARDS[arm];
    // Driving in is (-ux, -uy); to its left is (uy, -ux).
    (ux * out + uy * left, uy * out - ux * left)
}

fn lane_offset(lane: usize) -> f64 {
    LANE_M * (1.5 - lane as f64)
}

impl Vehicle {
    /// Length of the way through the middle.
    fn inner(&self) -> f64 {
        let (a, _, c) = self.curve();
        let chord = (a.0 - c.0).hypot(a.1 - c.1);
        if self.exit == self.arm { 3.0 * chord.max(4.0) } else { chord * 1.1 }
    }

    /// Quadratic curve from the stop line to the mouth of the exit.
    fn curve(&self) -> ((f64, f64), (f64, f64), (f64, f64)) {
        let from = place(self.arm, MOUTH_M, lane_offset(self.lane));
        let to = place(self.exit, MOUTH_M, -lane_offset(self.lane));
        let middle = if self.exit == self.arm { place(self.arm, -10.0, 0.0) } else { (0.0, 0.0) };
        (from, middle, to)
    }

    fn exit_s(&self) -> f64 {
        BEGIN_M - MOUTH_M + self.inner()
    }

    fn at(&self, s: f64) -> (f64, f64) {
        let before = BEGIN_M - MOUTH_M;
        if s <= before {
            return place(self.arm, BEGIN_M - s, lane_offset(self.lane));
        }
        if s >= self.exit_s() {
            return place(self.exit, MOUTH_M + s - self.exit_s(), -lane_offset(self.lane));
        }
        let t = (s - before) / self.inner();
        let (a, b, c) = self.curve();
        let blend = |a: f64, b: f64, c: f64| (1.0 - t) * (1.0 - t) * a + 2.0 * t * (1.0 - t) * b + t * t * c;
        (blend(a.0, b.0, c.0), blend(a.1, b.1, c.1))
    }

    /// The box around its front and rear and sides.
    fn rect(&self) -> Rect<Pixel> {
        let (front, rear) = (self.at(self.s), self.at((self.s - self.length).max(0.0)));
        let (width, height) = match self.class {
            Class::Motorcycle => (0.8, 4.0),
            Class::Bus | Class::Truck => (2.4, 9.0),
            Class::Car | Class::Person | Class::Bicycle => (1.8, 5.0),
        };
        let (dx, dy) = (front.0 - rear.0, front.1 - rear.1);
        let norm = dx.hypot(dy).max(0.1);
        let (nx, ny) = (-dy / norm * width / 2.0, dx / norm * width / 2.0);
        let corners = [front, rear].into_iter().flat_map(|(x, y)| [project((x + nx, y + ny)), project((x - nx, y - ny))]);
        let (mut left, mut top, mut right, mut bottom) = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
        for corner in corners {
            (left, top, right, bottom) = (left.min(corner.x), top.min(corner.y), right.max(corner.x), bottom.max(corner.y));
        }
        Rect::from_corners(left, top - height, right, bottom)
    }
}

impl Traffic {
    pub(super) fn new(seed: u64, demand: [f64; 4], flaws: Flaws) -> Self {
        Self {
            dice: Dice::new(seed),
            flaws,
            demand,
            steps: 0,
            was_green: [false; 4],
            next_arrival: [0.0; 4],
            next_id: 1,
            lanes: Default::default(),
            waiting: Default::default(),
            tracks: Vec::new(),
            truth: Truth::default(),
        }
    }

    fn now(&self) -> f64 {
        self.steps as f64 * STEP
    }

    pub(super) fn step(&mut self) {
        self.steps += 1;
        for arm in 0..4 {
            self.arrive(arm);
            let is_green = (self.now() - arm as f64 * CYCLE / 4.0).rem_euclid(CYCLE) < GREEN;
            let was_green = std::mem::replace(&mut self.was_green[arm], is_green);
            for lane in 0..2 {
                self.drive(arm, lane, (was_green, is_green));
            }
        }
        self.look();
    }

    fn arrive(&mut self, arm: usize) {
        let now = self.now();
        while self.demand[arm] > 0.0 && self.next_arrival[arm] <= now {
            let vehicle = self.vehicle(arm);
            if self.waiting[arm].len() < 500 {
                self.waiting[arm].push_back(vehicle);
            }
            self.next_arrival[arm] += -(1.0 - self.dice.next()).ln() * 3600.0 / self.demand[arm];
        }
        while let Some(vehicle) = self.waiting[arm].front() {
            let room = self.lanes[arm][vehicle.lane].last().map_or(f64::INFINITY, |last| last.s - last.length);
            if room < 3.0 {
                break;
            }
            let mut vehicle = self.waiting[arm].pop_front().expect("there is a front");
            vehicle.speed = vehicle.free.min((room - 2.0) / 1.2);
            let lane = vehicle.lane;
            self.lanes[arm][lane].push(vehicle);
        }
    }

    fn vehicle(&mut self, arm: usize) -> Vehicle {
        let (class, length) = match self.dice.next() {
            r if r < 0.55 => (Class::Motorcycle, 2.0),
            r if r < 0.92 => (Class::Car, 4.4),
            r if r < 0.96 => (Class::Bus, 10.0),
            _ => (Class::Truck, 8.0),
        };
        // Left, ahead, right, back.
        let turn = match self.dice.next() {
            r if r < 0.25 => 3,
            r if r < 0.70 => 2,
            r if r < 0.93 => 1,
            _ => 0,
        };
        let exit = (arm + turn) % 4;
        let to_the_left = place(arm, 0.0, 1.0);
        let is_left = OUTWARDS[exit].0 * to_the_left.0 + OUTWARDS[exit].1 * to_the_left.1 > 0.5;
        let is_ahead = exit == (arm + 2) % 4;
        let lane = if is_ahead { usize::from(self.dice.next() < 0.5) } else { usize::from(!is_left) };
        let id = self.next_id;
        self.next_id += 1;
        let mut vehicle = Vehicle {
            id,
            class,
            arm,
            exit,
            lane,
            s: 0.0,
            speed: 0.0,
            free: self.dice.between(9.0, 13.0),
            length,
            runs_amber: false,
            timed_from: None,
            has_stopped: false,
            seen: (f64::NEG_INFINITY, f64::INFINITY),
            lost_until: 0.0,
            first_seen: None,
            last_seen: MediaTime::ZERO,
            is_confirmed: false,
        };
        if self.dice.next() < self.flaws.cut {
            let (stop, exit) = (BEGIN_M - MOUTH_M, vehicle.exit_s());
            let inside = stop + (exit - stop) * self.dice.between(0.15, 0.85);
            vehicle.seen = if self.dice.next() < 0.5 { (inside, f64::INFINITY) } else { (f64::NEG_INFINITY, inside) };
        }
        vehicle
    }

    fn drive(&mut self, arm: usize, lane: usize, (was_green, is_green): (bool, bool)) {
        let (now, stop) = (self.now(), BEGIN_M - MOUTH_M);
        for index in 0..self.lanes[arm][lane].len() {
            let ahead = index.checked_sub(1).map(|ahead| (self.lanes[arm][lane][ahead].s, self.lanes[arm][lane][ahead].length));
            let me = &mut self.lanes[arm][lane][index];
            let (jam, headway) = if me.class == Class::Motorcycle { (0.8, 0.9) } else { (2.0, 1.2) };
            let mut gap = ahead.map_or(f64::INFINITY, |(s, length)| s - length - me.s);
            let to_line = stop - me.s;
            if to_line > 0.0 {
                let is_too_late = was_green && me.speed * me.speed / 8.0 > to_line;
                me.runs_amber = !is_green && (me.runs_amber || is_too_late);
                if !is_green && !me.runs_amber {
                    gap = gap.min(to_line + jam - 0.5);
                }
            }
            let is_inside = me.s > stop && me.s < me.exit_s();
            let bend = if me.exit == me.arm {
                4.0
            } else if me.exit == (me.arm + 2) % 4 {
                20.0
            } else {
                6.5
            };
            let most = if is_inside { me.free.min(bend) } else { me.free };
            let speed = ((gap - jam) / headway).clamp(0.0, most).min(me.speed + 1.8 * STEP);
            me.speed = speed;
            let before = me.s;
            me.s += speed * STEP;
            me.has_stopped |= speed < 0.5;
            if arm == 0 && me.s >= BEGIN_M - ZONE_M && me.s < stop {
                let quarter = (now / 900.0) as usize;
                if self.truth.stretch.len() <= quarter {
                    self.truth.stretch.resize(quarter + 1, Stretch::default());
                }
                let stretch = &mut self.truth.stretch[quarter];
                stretch.travelled_m += speed * STEP;
                stretch.spent_secs += STEP;
                if me.has_stopped {
                    stretch.queue_max_m = stretch.queue_max_m.max(stop - me.s);
                }
            }
            if me.s >= stop - TIMED_M && me.timed_from.is_none() {
                me.timed_from = Some(now);
                self.truth.arrivals.push((now, arm, me.class));
            }
            if before < stop && me.s >= stop {
                let took = now - me.timed_from.unwrap_or(now);
                self.truth.delays.push((now, arm, me.class, took - TIMED_M / me.free));
            }
            if before < me.exit_s() && me.s >= me.exit_s() {
                self.truth.movements.push((now, arm, me.exit, me.class));
            }
        }
        self.lanes[arm][lane].retain(|vehicle| vehicle.s < vehicle.exit_s() + 76.0);
    }

    fn look(&mut self) {
        self.tracks.clear();
        let (secs, now) = (self.now(), MediaTime::from_secs_f64((self.steps - 1) as f64 * STEP));
        let (dice, flaws) = (&mut self.dice, self.flaws);
        for vehicle in self.lanes.iter_mut().flatten().flatten() {
            let exact = vehicle.rect();
            let is_in = exact.left > 0.0 && exact.top > 0.0 && exact.right() < SIZE.width as f32 && exact.bottom() < SIZE.height as f32;
            if dice.next() < flaws.breaks * STEP && secs >= vehicle.lost_until {
                vehicle.lost_until = secs + dice.between(0.3, 2.0);
            }
            let is_seen = is_in && vehicle.s > vehicle.seen.0 && vehicle.s < vehicle.seen.1;
            if !is_seen || secs < vehicle.lost_until {
                if vehicle.first_seen.take().is_some() {
                    vehicle.id = self.next_id;
                    self.next_id += 1;
                    vehicle.is_confirmed = false;
                }
                continue;
            }
            let tremble = 0.03;
            let rect = Rect::new(
                exact.left + exact.width * dice.between(-tremble, tremble) as f32,
                exact.top + exact.height * dice.between(-tremble, tremble) as f32,
                exact.width,
                exact.height,
            );
            let is_observed = dice.next() > flaws.missed;
            if is_observed {
                vehicle.is_confirmed = vehicle.first_seen.is_some();
                vehicle.first_seen.get_or_insert((now, rect));
                vehicle.last_seen = now;
            }
            if let (Some(first_seen), true) = (vehicle.first_seen, vehicle.is_confirmed) {
                self.tracks.push(Track {
                    id: TrackId(vehicle.id),
                    rect,
                    class: vehicle.class,
                    score: Score::new(0.8),
                    velocity: Point::new(0.0, 0.0),
                    is_observed,
                    is_rider: false,
                    first_seen,
                    last_seen: vehicle.last_seen,
                });
            }
        }
        self.tracks.sort_by_key(|track| track.id);
    }

    pub(super) fn tracks(&self) -> &[Track] {
        &self.tracks
    }
}

/// Vehicles an hour that pass one arm at most, measured on a road that is always full.
pub(super) fn capacity() -> f64 {
    static FULL: std::sync::OnceLock<f64> = std::sync::OnceLock::new();
    *FULL.get_or_init(|| {
        let mut traffic = Traffic::new(4711, [6000.0, 0.0, 0.0, 0.0], Flaws { missed: 1.0, breaks: 0.0, cut: 0.0 });
        (0..(20.0 * CYCLE / STEP) as usize).for_each(|_| traffic.step());
        let before = traffic.truth.delays.len();
        (0..(60.0 * CYCLE / STEP) as usize).for_each(|_| traffic.step());
        (traffic.truth.delays.len() - before) as f64 * 3600.0 / (60.0 * CYCLE)
    })
}
