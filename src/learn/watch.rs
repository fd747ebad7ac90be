//! What is seen of each vehicle while it is watched, kept small.

use crate::base::class::Class;
use crate::base::geom::{FrameSize, Pixel, Rect};

/// Sightings closer together in time are left out: five a second draw a path.
const EVERY_S: f64 = 0.18;
/// Of what stands, one a second is enough: a parked car would fill the memory in a day.
const EVERY_STANDING_S: f64 = 1.0;
/// A box that moved less than this share of its smaller side stands.
const STANDING: f32 = 0.1;
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
    /// In order of time, at least one.
    pub sightings: Vec<Sighting>,
    votes: [u16; Class::ALL.len()],
}

impl Watched {
    /// What it was called most often.
    pub fn class(&self) -> Class {
        Class::ALL.into_iter().max_by_key(|class| self.votes[class.index()]).unwrap_or(Class::Car)
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
                self.tracks.insert(index, Watched { id, sightings: Vec::new(), votes: [0; Class::ALL.len()] });
                index
            }
        };
        let track = &mut self.tracks[index];
        let vote = &mut track.votes[class.index()];
        *vote = vote.saturating_add(1);
        if track.sightings.last().is_none_or(|last| is_due(last, &sighting)) {
            track.sightings.push(sighting);
        }
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

fn is_due(last: &Sighting, next: &Sighting) -> bool {
    let stands = last.rect.foot().distance(next.rect.foot()) < STANDING * last.rect.width.min(last.rect.height);
    next.at - last.at >= if stands { EVERY_STANDING_S } else { EVERY_S }
}
