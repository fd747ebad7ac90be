//! Where a standing vehicle stands exactly, and since when.

use std::time::Duration;

use crate::base::geom::{Pixel, Rect};
use crate::base::time::{MediaTime, Stamp};
use crate::scene::Rest;

/// The places it was seen at, most of all the one where it stands: the others are where it braked, where it waited before it crept on, and where others
/// stood that were taken for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled {
    places: [Place; PLACES],
}

/// One of them.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Since when it was there first, and where exactly.
    rest: Rest,
    last_seen: MediaTime,
    /// In how many frames; none: it is no place yet.
    seen: u32,
}

/// Enough for a vehicle; of more, the one with the fewest sightings is forgotten.
const PLACES: usize = 4;
/// What moves less than this stands exactly where it did, in L.
const EXACTLY_L: f32 = 0.25;
/// Braking over the last half car length takes less than this ...
const BRAKES: Duration = Duration::from_secs(5);
/// ... and is over when the vehicle has been seen in one place for this long.
const STOPPED: Duration = Duration::from_secs(2);

impl Settled {
    /// Begins with the stop as it was noticed.
    pub(super) fn new(stop: Rest) -> Self {
        let mut places = [Place { rest: stop, last_seen: stop.since().media, seen: 0 }; PLACES];
        places[0].seen = 1;
        Self { places }
    }

    /// Takes the next observed box.
    pub(super) fn observe(&mut self, at: Stamp, rect: Rect<Pixel>, car_length: f32) {
        let stretch = self.place().rest.stretch();
        let away = |place: &Place| place.rest.away_px(rect);
        let nearest = self.places.iter_mut().filter(|place| place.seen > 0).min_by(|a, b| away(a).total_cmp(&away(b)));
        if let Some(place) = nearest.filter(|place| away(place) <= EXACTLY_L * car_length) {
            place.take(at.media, rect);
        } else if let Some(rarest) = self.places.iter_mut().min_by_key(|place| place.seen) {
            *rarest = Place { rest: Rest::new(at, rect).stretched(stretch), last_seen: at.media, seen: 1 };
        }
    }

    /// Since when it has stood where it was seen most.
    pub(super) fn since(&self) -> Stamp {
        self.place().rest.since()
    }

    /// `stop` at the place where it ended, once that is known: it was noticed while the vehicle still braked, and from there the last half car length
    /// would use up all the room that a standing vehicle is given.
    pub(super) fn end_of(&self, stop: Rest) -> Rest {
        let Place { rest, last_seen, .. } = self.place();
        let is_end = rest.since().media.since(stop.since().media) <= BRAKES && last_seen.since(rest.since().media) >= STOPPED;
        if is_end && rest.place() != stop.place() { stop.at(rest.place()) } else { stop }
    }

    /// Where it was seen most.
    fn place(&self) -> Place {
        self.places.iter().fold(self.places[0], |most, place| if place.seen > most.seen { *place } else { most })
    }
}

impl Place {
    /// It is seen here again. The first box may be a wild one: the place is the mean of those of the first seconds.
    fn take(&mut self, at: MediaTime, rect: Rect<Pixel>) {
        (self.seen, self.last_seen) = (self.seen.saturating_add(1), at);
        if self.rest.lasted(at) <= STOPPED {
            self.rest = self.rest.at(self.rest.place().towards(rect, 1.0 / self.seen as f32));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::WallTime;

    const L: f32 = 60.0;

    fn at(secs: f64) -> Stamp {
        Stamp { media: MediaTime::from_secs_f64(secs), wall: WallTime::from_micros((secs * 1e6) as i64) }
    }

    fn car(left: f32) -> Rect<Pixel> {
        Rect::new(left, 100.0, 60.0, 40.0)
    }

    /// Seen at `left` from one second to another, eight times a second.
    fn watch(settled: &mut Settled, secs: std::ops::Range<u32>, left: f32) {
        (secs.start * 8..secs.end * 8).for_each(|i| settled.observe(at(f64::from(i) / 8.0), car(left), L));
    }

    #[test]
    fn who_is_taken_for_another_for_a_while_has_not_moved() {
        let mut settled = Settled::new(Rest::new(at(0.0), car(100.0)));
        watch(&mut settled, 1..40, 101.0);
        watch(&mut settled, 40..60, 128.0);
        watch(&mut settled, 60..61, 99.0);
        assert_eq!(settled.since(), at(0.0));
    }

    #[test]
    fn who_waited_and_crept_on_stands_since_he_crept() {
        let mut settled = Settled::new(Rest::new(at(0.0), car(100.0)));
        watch(&mut settled, 1..10, 100.0);
        watch(&mut settled, 10..30, 117.0);
        assert_eq!(settled.since(), at(10.0));
    }

    #[test]
    fn wild_boxes_do_not_crowd_out_where_it_stands() {
        let mut settled = Settled::new(Rest::new(at(0.0), car(100.0)));
        for wild in 0..20 {
            watch(&mut settled, wild..wild + 1, 100.0);
            settled.observe(at(f64::from(wild) + 0.95), car(150.0 + 40.0 * wild as f32), L);
        }
        assert_eq!(settled.since(), at(0.0));
    }

    #[test]
    fn a_place_that_began_with_a_wild_box_is_where_it_was_seen_since() {
        let mut settled = Settled::new(Rest::new(at(0.0), car(100.0)));
        watch(&mut settled, 1..3, 100.0);
        settled.observe(at(2.99), car(120.0), L);
        watch(&mut settled, 3..4, 132.0);
        watch(&mut settled, 4..5, 100.0);
        watch(&mut settled, 5..40, 132.0);
        assert_eq!(settled.since(), at(2.99));
        assert!(settled.place().rest.away_px(car(132.0)) < 2.0, "{settled:?}");
    }

    #[test]
    fn a_stop_is_where_the_braking_ended() {
        let stop = Rest::new(at(0.0), car(100.0));
        let mut settled = Settled::new(stop);
        watch(&mut settled, 0..1, 112.0);
        watch(&mut settled, 1..3, 128.0);
        assert_eq!(settled.end_of(stop), stop, "it may still roll");
        watch(&mut settled, 3..4, 128.0);
        let ended = settled.end_of(stop);
        assert_eq!((ended.since(), ended.place()), (at(0.0), car(128.0)));
    }

    #[test]
    fn who_creeps_on_later_stops_anew() {
        let stop = Rest::new(at(0.0), car(100.0));
        let mut settled = Settled::new(stop);
        watch(&mut settled, 0..20, 100.0);
        watch(&mut settled, 20..50, 120.0);
        assert_eq!(settled.end_of(stop), stop);
    }
}
