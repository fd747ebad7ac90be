//! A person on a motorcycle or a bicycle is not a pedestrian: else every queue at a red light is a crowd.
//!
//! A detector gives two boxes for it, the person and the machine. A person is a rider once its box has lain half or more within the
//! machine's (reaching up over the seat) while both moved, and together. Standing side by side proves nothing, so it changes nothing:
//! who rode up to the red light stays a rider there, and who stands beside a parked motorcycle stays a pedestrian.

use std::time::Duration;

use super::kalman::size_of;
use super::tracklet::Tracklet;
use crate::base::class::Class;
use crate::base::geom::{Pixel, Rect};
use crate::base::time::MediaTime;

/// Share of a person's box within the machine's that may be riding it.
const SHARE_ON_IT: f32 = 0.5;
/// How far above its box a machine's rider reaches, in heights of that box.
const REACH_UP: f32 = 1.0;
/// Slowest movement that shows who belongs together, in the person's sizes per second.
const MOVING: f32 = 0.5;
/// Difference of velocities that still is "together", as a share of the faster one.
const SAME_MOVEMENT: f32 = 0.35;
/// How long they must move together: a pedestrian crossing in front of a motorcycle overlaps it for less.
const TOGETHER_FOR: Duration = Duration::from_millis(300);
/// How long a rider stays one without its machine being seen: detectors lose small machines under big riders.
const ALONE_FOR: Duration = Duration::from_secs(3);

/// What is known about a person riding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Riding {
    /// On foot, as far as is known.
    No,
    /// Moving together with a machine since then.
    Perhaps(MediaTime),
    /// A rider, last seen on a machine then.
    Yes(MediaTime),
}

/// How a person and the machines around it stand to each other in one frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Company {
    Apart,
    Beside,
    MovingTogether,
}

/// Brings `riding` of every person up to date.
pub(super) fn mark(tracklets: &mut [Tracklet], at: MediaTime) {
    for index in 0..tracklets.len() {
        let person = &tracklets[index];
        if person.class() == Class::Person && person.is_observed {
            let machines = tracklets.iter().filter(|other| matches!(other.class(), Class::Motorcycle | Class::Bicycle));
            let company = machines.map(|machine| company(person, machine)).fold(Company::Apart, closer);
            tracklets[index].riding = next(person.riding, company, at);
        }
    }
}

fn closer(a: Company, b: Company) -> Company {
    match (a, b) {
        (Company::MovingTogether, _) | (_, Company::MovingTogether) => Company::MovingTogether,
        (Company::Beside, _) | (_, Company::Beside) => Company::Beside,
        (Company::Apart, Company::Apart) => Company::Apart,
    }
}

fn next(riding: Riding, company: Company, at: MediaTime) -> Riding {
    match (riding, company) {
        (Riding::No, Company::MovingTogether) => Riding::Perhaps(at),
        (Riding::Perhaps(since), Company::MovingTogether) if at.since(since) >= TOGETHER_FOR => Riding::Yes(at),
        (Riding::Yes(_), Company::MovingTogether | Company::Beside) => Riding::Yes(at),
        (Riding::Yes(last), Company::Apart) if at.since(last) > ALONE_FOR => Riding::No,
        (Riding::Perhaps(_), Company::Apart) => Riding::No,
        (same, _) => same,
    }
}

fn company(person: &Tracklet, machine: &Tracklet) -> Company {
    if !is_on_machine(person.last.rect, machine.filter.rect()) {
        return Company::Apart;
    }
    let (p, m) = (person.filter.velocity(), machine.filter.velocity());
    let faster = p.x.hypot(p.y).max(m.x.hypot(m.y));
    let is_moving = faster > MOVING * size_of(person.last.rect);
    if is_moving && p.distance(m) <= SAME_MOVEMENT * faster { Company::MovingTogether } else { Company::Beside }
}

/// Whether a person's box is where a rider of this machine would be.
pub fn is_on_machine(person: Rect<Pixel>, machine: Rect<Pixel>) -> bool {
    person.share_inside(with_seat(machine)) >= SHARE_ON_IT
}

fn with_seat(rect: Rect<Pixel>) -> Rect<Pixel> {
    let reach = rect.height * REACH_UP;
    Rect::new(rect.left, rect.top - reach, rect.width, rect.height + reach)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_riding_makes_a_rider_and_only_a_while_alone_ends_it() {
        let at = MediaTime::from_secs_f64;
        let story = [
            (0.0, Company::Beside, false),
            (5.0, Company::Beside, false),
            (5.1, Company::MovingTogether, false),
            (5.2, Company::Apart, false),
            (6.0, Company::MovingTogether, false),
            (6.4, Company::MovingTogether, true),
            (9.0, Company::Beside, true),
            (11.9, Company::Apart, true),
            (12.1, Company::Apart, false),
        ];
        let mut riding = Riding::No;
        for (secs, company, expected) in story {
            riding = next(riding, company, at(secs));
            assert_eq!(matches!(riding, Riding::Yes(_)), expected, "after {secs} s");
        }
    }
}
