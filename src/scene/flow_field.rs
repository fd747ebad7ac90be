//! Which way traffic goes at each place of the picture, learned from the vehicles that pass.

use serde::{Deserialize, Serialize};

use super::heading::Heading;
use super::rest::displacement;
use super::{PerTrack, SceneTrack};
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Pixel, Point};

/// Twice as fine as the grid of car lengths in each direction: neighbouring lanes must not share a cell where a lane is a few hundredths wide.
const COLUMNS: usize = 32;
const ROWS: usize = 18;
const WORDS: usize = (COLUMNS * ROWS).div_ceil(64);

/// Vehicles that must have passed before a direction is believed. When at most a tenth of 30 go the other way, a street on which three in ten do
/// is taken for one-way once in a hundred times (binomial, 0.9 %).
const ENOUGH: f32 = 30.0;
/// Different minutes in which they passed: at least one whole signal cycle, because a green light lets one direction pass alone.
const ENOUGH_MINUTES: u8 = 5;
/// Share of the votes within 45° of their mean that makes one direction; below it, ways cross here.
const ALONG_SHARE: f32 = 0.75;
/// Share of the votes against the mean up to which there is still one direction.
const AGAINST_SHARE: f32 = 0.1;
/// A two-wheeler against the others has half a vote: riding against the flow for a short way is routine, and up to 18 % of the riders may do so
/// before the place counts as two-way. Everybody else has a whole one.
const AGAINST_VOTE: f32 = 0.5;
/// Votes weigh half after two days: a day of contraflow (eight hours) leaves the place without a direction at most, and never with the other one.
const HALF_LIFE_SECS: f64 = 48.0 * 3600.0;

/// Slowest vehicle that votes, in L/s (8 km/h): slower, the jitter of its box turns its direction.
const MOVING_L_S: f32 = 0.5;
/// How far all of its box must have moved meanwhile, in L: when a lorry hides half of a standing car, only one edge moves.
const MOVED_L: f32 = 0.25;
/// How far up the picture a vehicle covers the ground, in L: 0.9 m, half of a car's width as a camera on a pole sees it.
const DEPTH_L: f32 = 0.2;

/// What is known about the way of traffic at one place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Flow {
    /// Too few have passed.
    Unknown,
    /// No one direction: a two-way lane, the middle of a junction.
    Mixed,
    /// Nearly all go this way.
    OneWay(Heading),
}

/// Directions of travel on a 32 × 18 grid over the picture: per cell a circular histogram, in which each vehicle has one vote while it moves.
///
/// About 45 kB, taken at once. Directions are those of the picture, so nothing is calibrated. Learning goes on for ever; what is known survives the
/// end of a session as long as the picture's size stays, because the view is the same.
#[derive(Clone, Debug)]
pub struct FlowField {
    cells: Vec<Cell>,
    voted: PerTrack<[u64; WORDS]>,
    size: Option<FrameSize>,
    /// Watched time over all sessions, in seconds.
    age_secs: f64,
}

impl Default for FlowField {
    fn default() -> Self {
        Self { cells: vec![Cell::default(); COLUMNS * ROWS], voted: PerTrack::default(), size: None, age_secs: 0.0 }
    }
}

impl FlowField {
    /// The way of traffic at `place` of a picture of the size it was learned on. Places outside belong to the nearest cell.
    pub fn at(&self, place: Point<Pixel>) -> Flow {
        self.size.map_or(Flow::Unknown, |size| self.cells[index(size, place)].flow)
    }

    /// The tracks of a new session are others.
    pub(super) fn restart(&mut self) {
        self.voted = PerTrack::default();
    }

    /// What was learned, for the next run of the program.
    pub(super) fn memory(&self) -> FlowMemory {
        let cells =
            self.cells.iter().map(|cell| CellMemory { votes: cell.bins.to_vec(), at_secs: cell.voted_at_secs, minutes: cell.minutes });
        FlowMemory { age_secs: self.age_secs, cells: cells.collect() }
    }

    /// Goes on from what an earlier run learned on pictures of `size`. Votes on another grid are none.
    pub(super) fn recall(&mut self, size: FrameSize, memory: &FlowMemory) {
        let is_ours = |cell: &CellMemory| cell.votes.len() == BINS && cell.votes.iter().all(|votes| (0.0..=MOST_VOTES).contains(votes));
        if memory.cells.len() != COLUMNS * ROWS || !memory.cells.iter().all(is_ours) || !memory.age_secs.is_finite() {
            return;
        }
        *self = Self { size: Some(size), age_secs: memory.age_secs, ..Self::default() };
        for (cell, known) in self.cells.iter_mut().zip(&memory.cells) {
            cell.bins.copy_from_slice(&known.votes);
            (cell.voted_at_secs, cell.minutes) = (known.at_secs.clamp(0.0, memory.age_secs.max(0.0)), known.minutes.min(ENOUGH_MINUTES));
            cell.flow = cell.judge();
        }
    }

    /// Takes one frame, `elapsed_secs` behind the one before. Another picture size is another view.
    pub(super) fn learn(&mut self, size: FrameSize, tracks: &[SceneTrack], elapsed_secs: f64) {
        if self.size != Some(size) {
            *self = Self { size: Some(size), ..Self::default() };
        }
        self.age_secs += elapsed_secs;
        let (mut voted, age_secs) = (std::mem::take(&mut self.voted), self.age_secs);
        voted.keep_up(tracks, |_| [0; WORDS], |_, _| {});
        for (track, voted) in tracks.iter().zip(voted.values_mut()) {
            let Some(heading) = heading_of(track) else { continue };
            for cell in cells_under(size, track) {
                let (word, bit) = (&mut voted[cell / 64], 1 << (cell % 64));
                if *word & bit == 0 {
                    *word |= bit;
                    self.cells[cell].vote(track.track.class, heading, age_secs);
                }
            }
        }
        self.voted = voted;
    }
}

/// A cell that holds more was not written by this program: ten vehicles a second for the mean life of a vote, which is three days.
const MOST_VOTES: f32 = 2.6e6;

/// What a field has learned; cells row by row.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct FlowMemory {
    age_secs: f64,
    cells: Vec<CellMemory>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct CellMemory {
    votes: Vec<f32>,
    at_secs: f64,
    minutes: u8,
}

/// The way of a vehicle that has a vote now. Bicycles have none: they go where they like.
fn heading_of(track: &SceneTrack) -> Option<Heading> {
    let has_vote = matches!(track.track.class, Class::Car | Class::Motorcycle | Class::Bus | Class::Truck);
    let is_moving = track.track.is_observed && track.speed_l_s.is_some_and(|speed| speed >= MOVING_L_S);
    if !(has_vote && is_moving) {
        return None;
    }
    let motion = track.motion?;
    let last = track.trail().last()?;
    let first = track.trail().iter().rev().take_while(|sample| last.at.since(sample.at) <= motion.span).last()?;
    let has_moved = displacement(first.rect, last.rect, 1.0) >= MOVED_L * track.car_length;
    has_moved.then(|| Heading::of(motion.velocity)).flatten()
}

/// The cells of the ground that the vehicle covers: under the middle half of its box's lower edge, and a little up from it, where its far wheels are.
fn cells_under(size: FrameSize, track: &SceneTrack) -> impl Iterator<Item = usize> {
    let (foot, quarter) = (track.foot(), track.track.rect.width / 4.0);
    let (left, bottom) = place_in_grid(size, Point::new(foot.x - quarter, foot.y));
    let (right, top) = place_in_grid(size, Point::new(foot.x + quarter, foot.y - DEPTH_L * track.car_length));
    (top..=bottom).flat_map(move |row| (left..=right).map(move |column| row * COLUMNS + column))
}

fn index(size: FrameSize, place: Point<Pixel>) -> usize {
    let (column, row) = place_in_grid(size, place);
    row * COLUMNS + column
}

fn place_in_grid(size: FrameSize, place: Point<Pixel>) -> (usize, usize) {
    let share = size.to_norm(place);
    (((share.x * COLUMNS as f32) as usize).min(COLUMNS - 1), ((share.y * ROWS as f32) as usize).min(ROWS - 1))
}

const BINS: usize = 16;
const BIN_DEGREES: f32 = 360.0 / BINS as f32;
/// Votes are shared by two bins, so "within 45°" reaches half a bin farther.
const ALONG_DEGREES: f32 = 45.0 + BIN_DEGREES / 2.0;
const AGAINST_DEGREES: f32 = 135.0 - BIN_DEGREES / 2.0;

/// Votes by direction. Invariant: `flow` is what `bins` and `minutes` say.
#[derive(Clone, Copy, Debug)]
struct Cell {
    bins: [f32; BINS],
    /// Age of the field at the latest vote, up to which `bins` have faded.
    voted_at_secs: f64,
    /// Different minutes with a vote, as far as they matter.
    minutes: u8,
    flow: Flow,
}

impl Default for Cell {
    fn default() -> Self {
        Self { bins: [0.0; BINS], voted_at_secs: 0.0, minutes: 0, flow: Flow::Unknown }
    }
}

impl Cell {
    fn vote(&mut self, class: Class, heading: Heading, age_secs: f64) {
        let minute = |secs: f64| (secs / 60.0).floor();
        if self.minutes == 0 || minute(age_secs) > minute(self.voted_at_secs) {
            self.minutes = self.minutes.saturating_add(1).min(ENOUGH_MINUTES);
        }
        let faded = (-(age_secs - self.voted_at_secs) / HALF_LIFE_SECS).exp2() as f32;
        self.bins.iter_mut().for_each(|votes| *votes *= faded);
        self.voted_at_secs = age_secs;

        let is_against = self.mean().is_some_and(|mean| heading.degrees_to(mean) > 135.0);
        let weight = if is_against && class == Class::Motorcycle { AGAINST_VOTE } else { 1.0 };
        // Shared by the two nearest bins, so that the mean is as exact as the votes and not as coarse as the bins.
        let place = heading.degrees() / BIN_DEGREES;
        let (first, share) = (place.floor() as usize % BINS, place.fract());
        self.bins[first] += weight * (1.0 - share);
        self.bins[(first + 1) % BINS] += weight * share;
        self.flow = self.judge();
    }

    /// Mean direction of all votes; `None` without votes or when they cancel out.
    fn mean(&self) -> Option<Heading> {
        let (mut x, mut y) = (0.0, 0.0);
        for (bin, votes) in self.bins.iter().enumerate() {
            let (sine, cosine) = (bin as f32 * BIN_DEGREES).to_radians().sin_cos();
            (x, y) = (x + votes * cosine, y + votes * sine);
        }
        Heading::of(Point::new(x, y))
    }

    fn judge(&self) -> Flow {
        let total: f32 = self.bins.iter().sum();
        if total < ENOUGH || self.minutes < ENOUGH_MINUTES {
            return Flow::Unknown;
        }
        let Some(mean) = self.mean() else { return Flow::Mixed };
        let (mut along, mut against) = (0.0, 0.0);
        for (bin, votes) in self.bins.iter().enumerate() {
            let away = (bin as f32 * BIN_DEGREES - mean.degrees()).rem_euclid(360.0);
            let away = away.min(360.0 - away);
            along += if away <= ALONG_DEGREES { *votes } else { 0.0 };
            against += if away >= AGAINST_DEGREES { *votes } else { 0.0 };
        }
        let is_one_way = along >= ALONG_SHARE * total && against <= AGAINST_SHARE * total;
        if is_one_way { Flow::OneWay(mean) } else { Flow::Mixed }
    }
}

#[cfg(test)]
mod tests;
