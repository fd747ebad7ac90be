//! An approach of two lanes with a signal: 70 % motorcycles two abreast in a lane, Poisson arrivals, a camera that looks against the traffic.
//!
//! Vehicles keep a gap of `jam + headway · speed` behind whatever shares a strip with them (the linear speed-spacing relation of Newell and Pipes), with
//! bounded acceleration; four strips of half a lane. Quick and simple on purpose: it judges the rule's logic, not a junction.

use simpang::base::class::Class;
use simpang::base::geom::{FrameSize, Pixel, Point, Rect};
use simpang::base::time::MediaTime;
use simpang::detect::Score;
use simpang::track::{Track, TrackId};

use crate::dice::Dice;

pub(super) const SIZE: FrameSize = FrameSize::new(640, 360);
/// Seconds a step, and a frame.
pub(super) const STEP: f64 = 0.5;
/// Seconds of the usual cycle.
pub(super) const CYCLE: f64 = 118.0;

const ENTRY_M: f64 = 260.0;
const AHEAD_M: f64 = 25.0;
const LANE_M: f64 = 3.5;

/// A fixed-time signal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    pub(super) cycle: f64,
    pub(super) green: f64,
}

impl Default for Signal {
    fn default() -> Self {
        Self { cycle: CYCLE, green: 35.0 }
    }
}

#[derive(Clone, Copy, Debug)]
struct Vehicle {
    id: u32,
    class: Class,
    /// Bits of the strips it takes.
    strips: u8,
    /// Metres from its front to the stop line; negative behind it.
    x: f64,
    speed: f64,
    free: f64,
    length: f64,
    has_stopped: bool,
    runs_amber: bool,
    first_seen: Option<(MediaTime, Rect<Pixel>)>,
    last_seen: MediaTime,
}

/// The road at one moment.
pub(super) struct Traffic {
    dice: Dice,
    signal: Signal,
    visible_m: f64,
    steps: u64,
    was_green: bool,
    next_arrival: f64,
    next_id: u32,
    /// Nearest to the stop line first.
    road: Vec<Vehicle>,
    /// Who found no room on the road yet.
    outside: std::collections::VecDeque<Vehicle>,
    tracks: Vec<Track>,
    discharged: u32,
    discharged_smp: f64,
}

fn smp(class: Class) -> f64 {
    simpang::base::emp::EmpTable::default().of_class(class)
}

/// Column of the picture, 0..1, of a point `metres` before the stop line and `side` metres right of the middle.
pub(super) fn column(metres: f64, side: f64) -> f32 {
    (0.5 + side * FOCAL_PX / (18.0 + metres) / f64::from(SIZE.width)) as f32
}

/// Row of the picture, 0..1, of a point `metres` before the stop line: the camera stands 18 m behind the line, 8 m high.
pub(super) fn row(metres: f64) -> f32 {
    ((10.0 + FOCAL_PX * HEIGHT_M / (18.0 + metres)) / f64::from(SIZE.height)) as f32
}

const FOCAL_PX: f64 = 600.0;
const HEIGHT_M: f64 = 8.0;

impl Traffic {
    pub(super) fn new(seed: u64, signal: Signal, visible_m: f64) -> Self {
        Self {
            dice: Dice::new(seed),
            signal,
            visible_m,
            steps: 0,
            was_green: false,
            next_arrival: 0.0,
            next_id: 1,
            road: Vec::new(),
            outside: Default::default(),
            tracks: Vec::new(),
            discharged: 0,
            discharged_smp: 0.0,
        }
    }

    fn now(&self) -> f64 {
        self.steps as f64 * STEP
    }

    fn is_green(&self) -> bool {
        (self.now() + 0.3 * self.signal.cycle).rem_euclid(self.signal.cycle) < self.signal.green
    }

    /// One step with this many vehicles an hour.
    pub(super) fn step(&mut self, vehicles_h: f64) {
        self.steps += 1;
        self.arrive(vehicles_h);
        let is_green = self.is_green();
        let was_green = std::mem::replace(&mut self.was_green, is_green);
        for index in 0..self.road.len() {
            let mine = self.road[index];
            let ahead = self.road[..index].iter().rev().find(|other| other.strips & mine.strips != 0);
            let mut gap = ahead.map_or(f64::INFINITY, |other| mine.x - other.x - other.length);
            let (jam, headway) = if mine.class == Class::Motorcycle { (0.8, 0.9) } else { (2.0, 1.2) };
            let me = &mut self.road[index];
            if mine.x > 0.0 {
                // Who is nearer than it can brake when the light changes goes through.
                let is_too_late = was_green && mine.speed * mine.speed / 8.0 > mine.x;
                me.runs_amber = !is_green && (mine.runs_amber || is_too_late);
                if !is_green && !me.runs_amber {
                    gap = gap.min(mine.x + jam - 0.5);
                }
            }
            let wanted = ((gap - jam) / headway).clamp(0.0, mine.free);
            let speed = wanted.min(mine.speed + 1.8 * STEP);
            me.speed = speed;
            me.has_stopped |= speed < 0.5;
            me.x -= speed * STEP;
            if mine.x > 0.0 && me.x <= 0.0 {
                self.discharged += 1;
                self.discharged_smp += smp(mine.class);
            }
        }
        self.road.retain(|vehicle| vehicle.x > -AHEAD_M);
        self.road.sort_by(|a, b| a.x.total_cmp(&b.x));
        self.look();
    }

    fn arrive(&mut self, vehicles_h: f64) {
        if vehicles_h > 0.0 {
            while self.next_arrival <= self.now() {
                let vehicle = self.vehicle();
                // So many wait outside only when nobody asks about them: a run for the capacity.
                if self.outside.len() < 2_000 {
                    self.outside.push_back(vehicle);
                }
                self.next_arrival += -(1.0 - self.dice.next()).ln() * 3600.0 / vehicles_h;
            }
        }
        while let Some(mut vehicle) = self.outside.front().copied() {
            let room = |strips: u8| {
                let last = self.road.iter().rev().find(|other| other.strips & strips != 0);
                last.map_or(f64::INFINITY, |last| ENTRY_M - last.x - last.length)
            };
            let choices: &[u8] = if vehicle.class == Class::Motorcycle { &[1, 2, 4, 8] } else { &[3, 12] };
            let best = choices.iter().copied().max_by(|a, b| room(*a).total_cmp(&room(*b))).expect("choices");
            if room(best) < 2.0 {
                break;
            }
            vehicle.strips = best;
            vehicle.speed = vehicle.free.min((room(best) - 2.0) / 1.2);
            self.outside.pop_front();
            self.road.push(vehicle);
        }
    }

    fn vehicle(&mut self) -> Vehicle {
        let roll = self.dice.next();
        let (class, length) = match roll {
            r if r < 0.70 => (Class::Motorcycle, 1.9),
            r if r < 0.95 => (Class::Car, 4.4),
            r if r < 0.97 => (Class::Bus, 11.0),
            _ => (Class::Truck, 8.0),
        };
        let id = self.next_id;
        self.next_id += 1;
        Vehicle {
            id,
            class,
            strips: 0,
            x: ENTRY_M,
            speed: 0.0,
            free: self.dice.between(9.0, 13.0),
            length,
            has_stopped: false,
            runs_amber: false,
            first_seen: None,
            last_seen: MediaTime::ZERO,
        }
    }

    /// What the tracker says: boxes tremble by 2 % of their size, one in twenty is missed, and now and then a number changes.
    fn look(&mut self) {
        self.tracks.clear();
        let now = MediaTime::from_secs_f64((self.steps - 1) as f64 * STEP);
        for index in 0..self.road.len() {
            let vehicle = self.road[index];
            if vehicle.x > self.visible_m || vehicle.x < -12.0 {
                continue;
            }
            let exact = rect(&vehicle);
            let tremble = 0.02;
            let rect = Rect::new(
                exact.left + exact.width * self.dice.between(-tremble, tremble) as f32,
                exact.top + exact.height * self.dice.between(-tremble, tremble) as f32,
                exact.width,
                exact.height,
            );
            let is_observed = self.dice.next() > 0.05;
            if self.dice.next() < STEP / 600.0 {
                self.road[index].id = self.next_id;
                self.road[index].first_seen = None;
                self.next_id += 1;
            }
            let me = &mut self.road[index];
            let before = me.first_seen;
            if is_observed {
                me.first_seen.get_or_insert((now, rect));
                me.last_seen = now;
            }
            // The tracker confirms with the second sight.
            if let (Some(first_seen), true) = (me.first_seen, before.is_some()) {
                self.tracks.push(Track {
                    id: TrackId(me.id),
                    rect,
                    class: me.class,
                    score: Score::new(0.8),
                    velocity: Point::new(0.0, 0.0),
                    is_observed,
                    is_rider: false,
                    first_seen,
                    last_seen: me.last_seen,
                });
            }
        }
        self.tracks.sort_by_key(|track| track.id);
    }

    pub(super) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Vehicles that have passed the stop line since the beginning, and the same in smp.
    pub(super) fn discharged(&self) -> (u32, f64) {
        (self.discharged, self.discharged_smp)
    }

    /// Metres from the stop line to the rear of the last vehicle that has stopped and not passed the line, in view or not.
    pub(super) fn queue_m(&self) -> f64 {
        let last = self.road.iter().rfind(|vehicle| vehicle.x > 0.0 && vehicle.has_stopped);
        last.map_or(0.0, |last| last.x + last.length)
    }

    /// Smp that have stopped and not passed the line, in view or not.
    pub(super) fn queued_smp(&self) -> f64 {
        let road = self.road.iter().filter(|vehicle| vehicle.x > 0.0 && vehicle.has_stopped);
        road.map(|vehicle| smp(vehicle.class)).sum::<f64>() + self.outside.iter().map(|vehicle| smp(vehicle.class)).sum::<f64>()
    }
}

/// The box in the picture.
fn rect(vehicle: &Vehicle) -> Rect<Pixel> {
    let (width, height) = match vehicle.class {
        Class::Motorcycle => (0.8, 1.6),
        Class::Bus | Class::Truck => (2.5, 3.2),
        Class::Car | Class::Person | Class::Bicycle => (1.8, 1.5),
    };
    let near = 18.0 + vehicle.x;
    let far = near + vehicle.length;
    let scale = FOCAL_PX / near;
    let first = vehicle.strips.trailing_zeros() as f64;
    let strips = f64::from(vehicle.strips.count_ones());
    let middle = (first + strips / 2.0 - 2.0) * LANE_M / 2.0;
    let bottom = 10.0 + HEIGHT_M * scale;
    let top = 10.0 + (HEIGHT_M - height) * FOCAL_PX / far;
    Rect::from_corners(
        (320.0 + (middle - width / 2.0) * scale) as f32,
        top as f32,
        (320.0 + (middle + width / 2.0) * scale) as f32,
        bottom as f32,
    )
}

/// Vehicles an hour that pass at most, measured on a road that is always full.
pub(super) fn capacity(signal: Signal) -> f64 {
    static USUAL: std::sync::OnceLock<f64> = std::sync::OnceLock::new();
    if signal.cycle == CYCLE { *USUAL.get_or_init(|| measured(Signal::default())) } else { measured(signal) }
}

fn measured(signal: Signal) -> f64 {
    let mut traffic = Traffic::new(4711, signal, 0.0);
    let cycles = |secs: f64| (secs / signal.cycle).round() * signal.cycle / STEP;
    (0..cycles(1200.0) as usize).for_each(|_| traffic.step(20_000.0));
    let before = traffic.discharged;
    let steps = cycles(7200.0) as usize;
    (0..steps).for_each(|_| traffic.step(20_000.0));
    f64::from(traffic.discharged - before) * 3600.0 / (steps as f64 * STEP)
}
