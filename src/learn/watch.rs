//! What is seen of each vehicle while it is watched, kept small.

use crate::base::class::Class;
use crate::base::geom::{FrameSize, Pixel, Rect};

/// Sightings closer together in time are left out: five a second draw a path.
const EVERY_S: f64 = 0.18;
/// A box that moved less than this share of its smaller side stands. Of a stand the first and the last sighting are kept, however long it lasts: they say
/// where, from when and until when, and what stands all day would fill the memory.
const STANDING: f32 = 0.1;
/// One whose box trembles by more than that never stands: of so many sightings every second one is forgotten.
const MOST_SIGHTINGS: usize = 2048;
/// A box this near to the border shows only part of a vehicle.
const EDGE_PX: f32 = 2.0;
/// More are not kept: a day of a busy junction, 100 MB.
const MOST_TRACKS: usize = 60_000;

/// A vehicle was seen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sighting {
    /// Seconds of the recording.
    pub at: f64,
    /// The detector's box.
    pub rect: Rect<Pixel>,
}

/// All sightings of one vehicle under one number of the tracker.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The tracker's number.
    pub id: u32,
    /// In order of time, at least one and at most `MOST_SIGHTINGS`.
    pub sightings: Vec<Sighting>,
    /// Whether the last sighting is where the one before it is: then the next one there takes its place.
    gait: Gait,
    votes: [u16; Class::ALL.len()],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Gait {
    Moves,
    Stands,
}

impl Watched {
    /// What it was called most often.
    pub fn class(&self) -> Class {
        Class::ALL.into_iter().max_by_key(|class| self.votes[class.index()]).unwrap_or(Class::Car)
    }

    fn take(&mut self, class: Class, sighting: Sighting) {
        let vote = &mut self.votes[class.index()];
        *vote = vote.saturating_add(1);
        match self.sightings.as_mut_slice() {
            [.., begun, last] if self.gait == Gait::Stands && is_same_place(begun, &sighting) => {
                if sighting.at > last.at {
                    *last = sighting;
                }
            }
            [.., last] if sighting.at - last.at < EVERY_S => {}
            [.., last] => {
                self.gait = if is_same_place(last, &sighting) { Gait::Stands } else { Gait::Moves };
                self.push(sighting);
            }
            [] => self.push(sighting),
        }
    }

    fn push(&mut self, sighting: Sighting) {
        if self.sightings.len() >= MOST_SIGHTINGS {
            let mut number = 0;
            self.sightings.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
        self.sightings.push(sighting);
    }
}

/// Collects what is seen. Tracker numbers rise; people and bicycles are not looked at: they go where they like.
#[derive(Clone, Debug)]
pub struct Watch {
    pub(super) size: FrameSize,
    pub(super) tracks: Vec<Watched>,
    span: Option<(f64, f64)>,
    pub(super) left_out: usize,
    latest_left_out: Option<u32>,
}

impl Watch {
    /// Of pictures of this size.
    pub fn new(size: FrameSize) -> Self {
        Self { size, tracks: Vec::new(), span: None, left_out: 0, latest_left_out: None }
    }

    /// A frame at `at` seconds was looked at, whatever it showed.
    pub fn frame(&mut self, at: f64) {
        self.span = Some((self.span.map_or(at, |(first, _)| first), at));
    }

    /// A thing was seen.
    pub fn see(&mut self, id: u32, class: Class, sighting: Sighting) {
        if !matches!(class, Class::Car | Class::Motorcycle | Class::Bus | Class::Truck) {
            return;
        }
        let index = match self.tracks.binary_search_by_key(&id, |track| track.id) {
            Ok(index) => index,
            Err(_) if self.tracks.len() >= MOST_TRACKS => {
                // Numbers of tracks rise.
                self.left_out += usize::from(self.latest_left_out.is_none_or(|latest| id > latest));
                self.latest_left_out = self.latest_left_out.max(Some(id));
                return;
            }
            Err(index) => {
                self.tracks.insert(index, Watched { id, sightings: Vec::new(), gait: Gait::Moves, votes: [0; Class::ALL.len()] });
                index
            }
        };
        self.tracks[index].take(class, sighting);
    }

    /// Seconds from the first frame to the last.
    pub fn seconds(&self) -> f64 {
        self.span.map_or(0.0, |(first, last)| last - first)
    }

    /// Whether the picture shows all of the box.
    pub(super) fn is_whole(&self, rect: Rect<Pixel>) -> bool {
        let (width, height) = (self.size.width as f32, self.size.height as f32);
        rect.left > EDGE_PX && rect.top > EDGE_PX && rect.right() < width - EDGE_PX && rect.bottom() < height - EDGE_PX
    }
}

fn is_same_place(one: &Sighting, other: &Sighting) -> bool {
    one.rect.foot().distance(other.rect.foot()) < STANDING * one.rect.width.min(one.rect.height)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: u32 = 86_400;

    /// A car seen once a second whose box is where `left` says.
    fn watched(seconds: u32, left: impl Fn(u32) -> f32) -> Vec<Sighting> {
        let mut watch = Watch::new(FrameSize::new(1280, 720));
        for second in 0..seconds {
            let rect = Rect::new(left(second), 300.0, 80.0, 50.0);
            watch.see(1, Class::Car, Sighting { at: f64::from(second), rect });
        }
        watch.tracks.remove(0).sightings
    }

    #[test]
    fn of_a_car_that_stands_all_day_its_arrival_and_its_departure_are_kept() {
        let way = |second: u32| match second {
            0..10 => 10.0 * second as f32,
            10..86_390 => 100.0 + (second % 3) as f32,
            _ => 100.0 + 10.0 * (second - 86_389) as f32,
        };
        let sightings = watched(DAY_S, way);
        let times: Vec<f64> = sightings.iter().map(|sighting| sighting.at).collect();
        assert_eq!(times.len(), 22, "{times:?}");
        assert_eq!((times[10], times[11]), (10.0, 86_389.0), "the stand");
    }

    #[test]
    fn a_box_that_trembles_all_day_does_not_fill_the_memory() {
        let sightings = watched(DAY_S, |second| 100.0 + 9.0 * (second % 2) as f32);
        assert!(sightings.len() <= MOST_SIGHTINGS, "{}", sightings.len());
        assert!(sightings.is_sorted_by(|a, b| a.at < b.at), "in order");
        assert_eq!((sightings[0].at, sightings[sightings.len() - 1].at), (0.0, f64::from(DAY_S - 1)));
    }
}
