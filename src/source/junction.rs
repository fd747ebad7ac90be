//! Traffic of an invented junction, for demonstrations without a camera: signals, queues, a breakdown, people who gather.
//!
//! Pure: a seed and a time give the same vehicles in the same places, on every machine. Seen from straight above, driving on the left.
//! Distances are pixels of the drawn picture; a car is 46 long.

use crate::base::class::Class;
use crate::base::geom::{FrameSize, Pixel, Rect};
use crate::base::time::MediaTime;

/// Size of the drawn picture.
pub const SIZE: FrameSize = FrameSize::new(960, 540);
/// Simulated steps, and drawn frames, a second.
pub const STEPS_PER_SECOND: u64 = 10;
const STEP_SECS: f32 = 1.0 / STEPS_PER_SECOND as f32;

/// Edges of the two roads; they cross in between.
pub(super) const MAIN_ROAD: (f32, f32) = (220.0, 348.0);
pub(super) const SIDE_ROAD: (f32, f32) = (416.0, 544.0);
/// Distance of the stop line from the crossing road.
pub(super) const STOP_LINE: f32 = 34.0;

/// One signal cycle: each road in turn, all red in between so that the middle clears.
const CYCLE_SECS: f32 = 40.0;
const GREEN_SECS: f32 = 15.0;
const CLEARING_SECS: f32 = 5.0;

const FREE_SPEED: f32 = 95.0;
const ACCELERATION: f32 = 70.0;
const BRAKING: f32 = 160.0;
const SMALLEST_GAP: f32 = 7.0;
const TIME_GAP_SECS: f32 = 0.7;

/// A car breaks down in the main road's kerb lane every so often.
const BREAKDOWN_EVERY_SECS: f32 = 150.0;
const FIRST_BREAKDOWN_SECS: f32 = 5.0;
/// So long a car is waited for that may break down: a whole cycle and more.
const BREAKDOWN_WINDOW_SECS: f32 = 60.0;
const BREAKDOWN_LASTS_SECS: f32 = 55.0;
/// Where along the lane: beyond the crossing.
const BREAKDOWN_AT: f32 = 700.0;
/// How far from its kerb-side place others pass.
const PASSING_OFFSET: f32 = 15.0;

/// People meet on the corner.
const GATHERING_EVERY_SECS: f32 = 150.0;
const GATHERING_FROM_SECS: f32 = 20.0;
const GATHERING_TO_SECS: f32 = 110.0;
const GATHERING_PEOPLE: u64 = 14;

/// Something that moves on the junction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SceneObject {
    /// The box around it, inside the picture.
    pub rect: Rect<Pixel>,
    /// What it is.
    pub class: Class,
    /// Which way it points.
    pub(super) heading: Heading,
    /// Stays the same as long as it is there: colour and jitter come from it.
    pub id: u64,
}

/// Directions on the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heading {
    Right,
    Left,
    Down,
    Up,
}

/// What a signal shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Light {
    Green,
    Red,
}

/// The junction at one time; time only moves on, or starts again.
#[derive(Clone, Debug)]
pub struct Junction {
    seed: u64,
    step: u64,
    lanes: Vec<Lane>,
    next_id: u64,
    /// How many were due when the last car broke down.
    breakdowns: u64,
}

#[derive(Clone, Debug)]
struct Lane {
    heading: Heading,
    /// Middle of the lane, across the direction of travel.
    across: f32,
    /// Front bumper's place at the stop line, along the direction of travel.
    stop: f32,
    length: f32,
    /// First in front.
    vehicles: Vec<Vehicle>,
    next_arrival_secs: f32,
    random: u64,
    mean_headway_secs: f32,
}

#[derive(Clone, Copy, Debug)]
struct Vehicle {
    id: u64,
    class: Class,
    /// Front bumper along the lane.
    at: f32,
    speed: f32,
    /// To the kerb is positive.
    offset: f32,
    breakdown_until: Option<f32>,
}

impl Junction {
    /// Empty, at time zero.
    pub fn new(seed: u64) -> Self {
        let lane = |heading, across, mean_headway_secs| {
            let (stop, length) = match heading {
                Heading::Right => (SIDE_ROAD.0 - STOP_LINE, SIZE.width as f32),
                Heading::Left => (SIZE.width as f32 - SIDE_ROAD.1 - STOP_LINE, SIZE.width as f32),
                Heading::Down => (MAIN_ROAD.0 - STOP_LINE, SIZE.height as f32),
                Heading::Up => (SIZE.height as f32 - MAIN_ROAD.1 - STOP_LINE, SIZE.height as f32),
            };
            let random = hash(seed ^ (across as u64) << 8 ^ length as u64);
            Lane { heading, across, stop, length, vehicles: Vec::new(), next_arrival_secs: 0.0, random, mean_headway_secs }
        };
        // Driving on the left: to the right in the upper half, to the left in the lower; downwards in the right half.
        let lanes = vec![
            lane(Heading::Right, MAIN_ROAD.0 + 16.0, 4.2),
            lane(Heading::Right, MAIN_ROAD.0 + 48.0, 3.6),
            lane(Heading::Left, MAIN_ROAD.1 - 48.0, 4.0),
            lane(Heading::Left, MAIN_ROAD.1 - 16.0, 4.6),
            lane(Heading::Down, SIDE_ROAD.1 - 16.0, 6.0),
            lane(Heading::Down, SIDE_ROAD.1 - 48.0, 7.0),
            lane(Heading::Up, SIDE_ROAD.0 + 48.0, 7.0),
            lane(Heading::Up, SIDE_ROAD.0 + 16.0, 6.0),
        ];
        Self { seed, step: 0, lanes, next_id: 1, breakdowns: 0 }
    }

    /// What is on the junction at `media`, to the step. Going back in time starts again from zero.
    pub fn objects_at(&mut self, media: MediaTime) -> Vec<SceneObject> {
        let wanted = (media.as_secs_f64().max(0.0) * STEPS_PER_SECOND as f64).round() as u64;
        if wanted < self.step {
            *self = Self::new(self.seed);
        }
        while self.step < wanted {
            self.advance();
        }
        let mut objects: Vec<_> = self.lanes.iter().flat_map(Lane::objects).collect();
        objects.extend(self.people());
        objects
    }

    /// What the signal of a road with this heading shows now.
    pub(super) fn light(&self, heading: Heading) -> Light {
        light(heading, self.secs())
    }

    fn secs(&self) -> f32 {
        self.step as f32 * STEP_SECS
    }

    fn advance(&mut self) {
        self.step += 1;
        let now = self.secs();
        let due = ((now - FIRST_BREAKDOWN_SECS) / BREAKDOWN_EVERY_SECS + 1.0).floor().max(0.0) as u64;
        let waited = (now - FIRST_BREAKDOWN_SECS).rem_euclid(BREAKDOWN_EVERY_SECS);
        let may_break_down = self.breakdowns < due && waited < BREAKDOWN_WINDOW_SECS;
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            lane.arrive(now, &mut self.next_id);
            lane.advance(now);
            if index == 0 && may_break_down && lane.break_down(now) {
                self.breakdowns = due;
            }
        }
    }

    /// Walkers on both sidewalks, people on the crossing while the main road waits, a gathering on the corner.
    fn people(&self) -> Vec<SceneObject> {
        let now = self.secs();
        let mut people = Vec::new();
        for walker in 0..6u64 {
            let random = hash(self.seed ^ 0x0077_616c_6b00 ^ walker);
            let (pace, start) = (16.0 + unit(random) * 10.0, unit(hash(random)) * 1100.0);
            let along = (start + now * pace) % 1100.0 - 70.0;
            let along = if walker % 2 == 0 { along } else { 960.0 - along };
            let foot = if walker % 2 == 0 { MAIN_ROAD.0 - 12.0 } else { MAIN_ROAD.1 + 38.0 };
            people.push(person(10_000 + walker, along, foot));
        }
        let waiting = (now % CYCLE_SECS) - GREEN_SECS - 1.0;
        for walker in 0..3u64 {
            let gone = (waiting - walker as f32 * 1.3) * 16.0;
            if (0.0..MAIN_ROAD.1 - MAIN_ROAD.0 + 20.0).contains(&gone) {
                let id = 20_000 + (now / CYCLE_SECS) as u64 * 10 + walker;
                people.push(person(id, SIDE_ROAD.0 - 17.0 + walker as f32 * 5.0, MAIN_ROAD.0 + gone));
            }
        }
        people.extend(self.gathering(now));
        people.into_iter().flatten().collect()
    }

    fn gathering(&self, now: f32) -> Vec<Option<SceneObject>> {
        let (round, at) = ((now / GATHERING_EVERY_SECS) as u64, now % GATHERING_EVERY_SECS);
        let people = (0..GATHERING_PEOPLE).map(|number| {
            let random = hash(self.seed ^ 0x6761_7468 ^ (round << 32) ^ number);
            let (x, y) = (90.0 + (number % 7) as f32 * 34.0 + unit(random) * 8.0, 462.0 + (number / 7) as f32 * 40.0);
            // They come from the left edge one after the other and leave the same way.
            let (come, leave) = (GATHERING_FROM_SECS + number as f32 * 0.7, GATHERING_TO_SECS + number as f32 * 0.5);
            let from_edge = ((at - come) * 30.0).min((leave - at) * 30.0 + x);
            let sway = (now * 0.7 + unit(random) * 6.0).sin() * 1.5;
            (from_edge > 0.0).then(|| person(30_000 + round * 100 + number, from_edge.min(x) + sway, y)).flatten()
        });
        people.collect()
    }
}

impl Lane {
    fn objects(&self) -> impl Iterator<Item = SceneObject> + '_ {
        self.vehicles.iter().filter_map(|vehicle| {
            let (length, width) = dimensions(vehicle.class);
            let across = self.across + vehicle.offset * self.kerb_side();
            let (front, rear) = (vehicle.at, vehicle.at - length);
            let (left, right) = (across - width / 2.0, across + width / 2.0);
            let rect = match self.heading {
                Heading::Right => Rect::from_corners(rear, left, front, right),
                Heading::Left => Rect::from_corners(self.length - front, left, self.length - rear, right),
                Heading::Down => Rect::from_corners(left, rear, right, front),
                Heading::Up => Rect::from_corners(left, self.length - front, right, self.length - rear),
            };
            visible(rect).map(|rect| SceneObject { rect, class: vehicle.class, heading: self.heading, id: vehicle.id })
        })
    }

    /// Sign of "towards the kerb" on the screen.
    fn kerb_side(&self) -> f32 {
        match self.heading {
            Heading::Right | Heading::Up => -1.0,
            Heading::Left | Heading::Down => 1.0,
        }
    }

    fn arrive(&mut self, now: f32, next_id: &mut u64) {
        let has_room = self.vehicles.last().is_none_or(|last| last.at - dimensions(last.class).0 > 30.0);
        if now < self.next_arrival_secs || !has_room {
            return;
        }
        self.random = hash(self.random);
        let class = match (unit(self.random) * 100.0) as u32 {
            // The very first vehicle, in the main road's kerb lane: it will break down, so that a demonstration need not wait.
            _ if *next_id == 1 => Class::Car,
            0..52 => Class::Motorcycle,
            52..88 => Class::Car,
            88..94 => Class::Bus,
            _ => Class::Truck,
        };
        self.random = hash(self.random);
        // Motorcycles spread over the lane's width.
        let offset = if class == Class::Motorcycle { unit(self.random) * 14.0 - 7.0 } else { 0.0 };
        self.vehicles.push(Vehicle { id: *next_id, class, at: 0.0, speed: FREE_SPEED, offset, breakdown_until: None });
        *next_id += 1;
        self.random = hash(self.random);
        // Exponential headways: arrivals without memory.
        self.next_arrival_secs = now - self.mean_headway_secs * (1.0 - unit(self.random)).max(1e-3).ln();
    }

    fn advance(&mut self, now: f32) {
        let red = light(self.heading, now) == Light::Red;
        let mut leader: Option<Vehicle> = None;
        for vehicle in &mut self.vehicles {
            let line = if red && vehicle.at <= self.stop { self.stop - vehicle.at } else { f32::INFINITY };
            let ahead = leader.map_or(f32::INFINITY, |ahead| ahead.at - dimensions(ahead.class).0 - vehicle.at);
            vehicle.follow(now, line.min(ahead - SMALLEST_GAP).max(0.0));
            // What has broken down is passed, not followed.
            if vehicle.breakdown_until.is_none_or(|until| now >= until) {
                leader = Some(*vehicle);
            }
        }
        let broken = self.vehicles.iter().find(|vehicle| vehicle.breakdown_until.is_some_and(|until| now < until)).map(|broken| broken.at);
        for vehicle in self.vehicles.iter_mut().filter(|vehicle| vehicle.class != Class::Motorcycle) {
            let near = broken.is_some_and(|at| (-75.0..70.0).contains(&(vehicle.at - at)));
            let wanted = match vehicle.breakdown_until {
                Some(until) if now < until => 12.0,
                _ if near => 12.0 - 2.0 * PASSING_OFFSET,
                _ => 0.0,
            };
            vehicle.offset += (wanted - vehicle.offset).clamp(-2.5, 2.5);
        }
        self.vehicles.retain(|vehicle| vehicle.at - dimensions(vehicle.class).0 < self.length);
    }

    /// Whether a car that has just passed the place stays there from now on.
    fn break_down(&mut self, now: f32) -> bool {
        let just_passed = |vehicle: &&mut Vehicle| vehicle.class == Class::Car && (BREAKDOWN_AT..BREAKDOWN_AT + 15.0).contains(&vehicle.at);
        let Some(car) = self.vehicles.iter_mut().find(just_passed) else { return false };
        car.breakdown_until = Some(now + BREAKDOWN_LASTS_SECS);
        true
    }
}

impl Vehicle {
    /// One step with `gap` pixels free in front.
    fn follow(&mut self, now: f32, gap: f32) {
        let broken = self.breakdown_until.is_some_and(|until| now < until);
        // The speed from which braking still ends in front of what is there.
        let safe = (2.0 * BRAKING * gap).sqrt().min(gap / TIME_GAP_SECS * 1.6);
        let wanted = if broken { 0.0 } else { FREE_SPEED.min(safe) };
        self.speed += (wanted - self.speed).clamp(-BRAKING * STEP_SECS, ACCELERATION * STEP_SECS);
        self.at += (self.speed.max(0.0) * STEP_SECS).min(gap);
    }
}

fn light(heading: Heading, secs: f32) -> Light {
    let phase = match heading {
        Heading::Right | Heading::Left => secs % CYCLE_SECS,
        Heading::Down | Heading::Up => (secs + GREEN_SECS + CLEARING_SECS) % CYCLE_SECS,
    };
    if phase < GREEN_SECS { Light::Green } else { Light::Red }
}

/// Length and width.
fn dimensions(class: Class) -> (f32, f32) {
    match class {
        Class::Person => (12.0, 24.0),
        Class::Bicycle | Class::Motorcycle => (26.0, 13.0),
        Class::Car => (46.0, 23.0),
        Class::Bus => (104.0, 28.0),
        Class::Truck => (80.0, 27.0),
    }
}

fn person(id: u64, x: f32, foot: f32) -> Option<SceneObject> {
    let (width, height) = dimensions(Class::Person);
    let rect = Rect::new(x - width / 2.0, foot - height, width, height);
    visible(rect).map(|rect| SceneObject { rect, class: Class::Person, heading: Heading::Up, id })
}

/// The part inside the picture, when enough of it is.
fn visible(rect: Rect<Pixel>) -> Option<Rect<Pixel>> {
    let inside = rect.intersection(Rect::new(0.0, 0.0, SIZE.width as f32, SIZE.height as f32))?;
    (inside.area() > 0.35 * rect.area()).then_some(inside)
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014).
pub(super) fn hash(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number in 0..1.
pub(super) fn unit(random: u64) -> f32 {
    (random >> 40) as f32 / (1u64 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f64) -> MediaTime {
        MediaTime::from_secs_f64(secs)
    }

    #[test]
    fn the_same_seed_and_time_give_the_same_objects_whatever_was_asked_before() {
        let mut straight = Junction::new(7);
        let mut wandering = Junction::new(7);
        wandering.objects_at(at(80.0));
        wandering.objects_at(at(3.0));
        let expected = straight.objects_at(at(41.3));
        assert_eq!(wandering.objects_at(at(41.3)), expected);
        assert_ne!(Junction::new(8).objects_at(at(41.3)), expected);
    }

    #[test]
    fn no_two_vehicles_of_a_lane_stand_in_one_another_and_all_lie_in_the_picture() {
        let mut junction = Junction::new(1);
        for step in 0..6000u32 {
            for object in junction.objects_at(at(f64::from(step) / 10.0)) {
                assert!(object.rect.left >= 0.0 && object.rect.right() <= 960.0 && object.rect.top >= 0.0 && object.rect.bottom() <= 540.0);
            }
            for lane in &junction.lanes {
                let following: Vec<_> = lane.vehicles.iter().filter(|vehicle| vehicle.breakdown_until.is_none()).collect();
                for pair in following.windows(2) {
                    let gap = pair[0].at - dimensions(pair[0].class).0 - pair[1].at;
                    assert!(gap > -1.0, "step {step}, {:?}: {pair:?}", lane.heading);
                }
            }
        }
    }

    #[test]
    fn a_red_light_makes_a_queue_that_green_dissolves() {
        let mut junction = Junction::new(1);
        let mut standing = |secs: f64| {
            junction.objects_at(at(secs));
            let main = junction.lanes.iter().filter(|lane| lane.heading == Heading::Right);
            main.flat_map(|lane| &lane.vehicles).filter(|vehicle| vehicle.speed < 1.0 && vehicle.breakdown_until.is_none()).count()
        };
        let before_green = standing(119.0);
        let after_green = standing(133.0);
        assert!(before_green >= 4 && after_green <= 1, "{before_green} then {after_green}");
    }

    #[test]
    fn within_a_minute_a_car_stands_while_others_pass_and_people_gather() {
        for seed in 1..=10 {
            let mut junction = Junction::new(seed);
            let mut first = None;
            for step in 0..900u32 {
                let objects = junction.objects_at(at(f64::from(step) / 10.0));
                let broken = junction.lanes[0].vehicles.iter().any(|vehicle| vehicle.breakdown_until.is_some() && vehicle.speed < 1.0);
                first = first.or_else(|| broken.then_some(step / 10));
                let gathered = objects.iter().filter(|object| object.class == Class::Person && object.rect.top > 430.0).count();
                assert!(step != 450 || gathered >= 12, "seed {seed}: {gathered} people at 45 s");
            }
            assert!(first.is_some_and(|secs| secs < 60), "seed {seed}: breakdown at {first:?} s");
        }
    }
}
