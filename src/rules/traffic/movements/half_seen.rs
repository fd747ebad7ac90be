//! Vehicles that were seen at one of their gates only. They are judged when the numbers of their quarter of an hour are told, not when they are gone: by then more
//! is known about the usual ways, which matters in the first quarter of a new camera.

use super::trace::Trace;
use super::usual::{Missing, Scale, Usual, most_like};
use crate::base::class::Class;

/// Vehicles that wait at most; the next one is judged at once. Bounds the memory and the time that one frame takes.
const MOST: usize = 128;

/// Where a vehicle was seen, and which movements it can belong to.
#[derive(Clone, Debug)]
pub(super) struct HalfSeen {
    pub(super) class: Class,
    pub(super) trace: Trace,
    pub(super) missing: Missing,
    pub(super) scale: Scale,
    /// Movements, and how many times likelier each is than its usual number says.
    pub(super) possible: Vec<(usize, f64)>,
}

impl HalfSeen {
    /// The movement it most probably belongs to, by what is known now.
    pub(super) fn movement(&self, usual: &[Usual]) -> Option<usize> {
        let possible = self.possible.iter().map(|&(place, favour)| (place, &usual[place], favour));
        most_like(&self.trace, self.missing, self.scale, possible)
    }
}

/// Those that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    vehicles: Vec<HalfSeen>,
}

impl Waiting {
    /// Takes one more; gives it back when there is no place.
    pub(super) fn push(&mut self, vehicle: HalfSeen) -> Option<HalfSeen> {
        if self.vehicles.len() == MOST {
            return Some(vehicle);
        }
        self.vehicles.push(vehicle);
        None
    }

    /// All of them: the numbers are told.
    pub(super) fn take(&mut self) -> Vec<HalfSeen> {
        std::mem::take(&mut self.vehicles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::geom::FrameSize;

    #[test]
    fn when_too_many_wait_the_next_one_is_given_back_and_none_is_lost() {
        let scale = Scale { size: FrameSize::new(640, 360), car_length: 40.0 };
        let vehicle = HalfSeen { class: Class::Car, trace: Trace::new(), missing: Missing::Exit, scale, possible: vec![(0, 1.0)] };
        let mut waiting = Waiting::default();
        let given_back = (0..MOST + 3).filter_map(|_| waiting.push(vehicle.clone())).count();
        assert_eq!((given_back, waiting.take().len(), waiting.take().len()), (3, MOST, 0));
        assert_eq!(vehicle.movement(&[Usual::default()]), None, "nothing is known yet");
    }
}
