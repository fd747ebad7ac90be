//! The ways of vehicles on the plan: sightings put on the ground, broken tracks joined.

use super::plan::{Place, SizedBox, View, dimensions};
use super::step::Step;
use super::watch::{Watch, Watched};
use crate::base::class::Class;
use crate::base::geom::{Pixel, Point, Rect};

/// A vehicle at a moment.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spot {
    /// Seconds of the recording.
    pub at: f64,
    /// Its middle on the plan.
    pub place: Place,
    /// The way it goes, by the places up to 0.6 car lengths before and behind.
    pub heading: Step,
    /// Its box.
    pub rect: Rect<Pixel>,
}

/// The way of one vehicle, as far as it was seen.
#[derive(Clone, Debug)]
pub struct Journey {
    /// What it is.
    pub class: Class,
    /// At least two, in order of time.
    pub spots: Vec<Spot>,
}

/// A heading is measured over so much way to each side: less, and the trembling of boxes turns it.
const CHORD_L: f32 = 0.6;
/// Who moves less than this says nothing about the way of traffic.
const SHORTEST_L: f32 = 1.2;

impl Journey {
    /// Where it was seen first.
    pub fn first(&self) -> &Spot {
        &self.spots[0]
    }

    /// Where it was seen last.
    pub fn last(&self) -> &Spot {
        &self.spots[self.spots.len() - 1]
    }

    pub(super) fn is_two_wheeler(&self) -> bool {
        self.class.is_two_wheeler()
    }

    /// From its middle to its front, in L.
    pub(super) fn half_length(&self) -> f32 {
        dimensions(self.class)[0] / 2.0
    }

    /// Speed in L/s over the last or the first second that it was seen.
    fn speed(&self, spots: &[Spot]) -> Step {
        let (first, last) = (spots[0], spots[spots.len() - 1]);
        Step::between(first.place, last.place).times(1.0 / (last.at - first.at).max(0.1) as f32)
    }

    fn end(&self) -> (&Spot, Step) {
        let last = self.last();
        let from = self.spots.partition_point(|spot| last.at - spot.at > 1.0).min(self.spots.len() - 2);
        (last, self.speed(&self.spots[from..]))
    }

    /// Its speed when it was seen last, in L/s.
    pub(super) fn last_speed(&self) -> Step {
        self.end().1
    }

    fn beginning(&self) -> (&Spot, Step) {
        let first = self.first();
        let to = self.spots.partition_point(|spot| spot.at - first.at <= 1.0).max(2);
        (first, self.speed(&self.spots[..to]))
    }
}

/// Boxes of moving cars and motorcycles, evenly over the picture, for guessing the camera.
pub(super) fn sized_boxes(watch: &Watch) -> Vec<SizedBox> {
    const COLUMNS: usize = 16;
    const ROWS: usize = 9;
    const MOST_A_CELL: usize = 30;
    let mut cells: Vec<Vec<SizedBox>> = vec![Vec::new(); 2 * COLUMNS * ROWS];
    for track in &watch.tracks {
        let class = track.class();
        if !matches!(class, Class::Car | Class::Motorcycle) {
            continue;
        }
        for pair in track.sightings.windows(5).step_by(2) {
            let (middle, from, to) = (pair[2].rect, pair[0].rect.foot(), pair[4].rect.foot());
            let step = Point::<Pixel>::new((to.x - from.x) / 4.0, (to.y - from.y) / 4.0);
            let has_moved = from.distance(to) > 0.5 * middle.width.min(middle.height);
            if has_moved && watch.is_whole(middle) {
                let share = watch.size.to_norm(middle.foot());
                let (column, row) = ((share.x * COLUMNS as f32) as usize, (share.y * ROWS as f32) as usize);
                let cell = row.min(ROWS - 1) * COLUMNS + column.min(COLUMNS - 1);
                cells[2 * cell + usize::from(class == Class::Car)].push(SizedBox { rect: middle, class, step });
            }
        }
    }
    let thinned = cells.iter().flat_map(|cell| cell.iter().step_by(cell.len().div_ceil(MOST_A_CELL).max(1)).copied());
    thinned.collect()
}

/// The ways of all that moved, in the order in which they were seen first; broken ones joined.
pub(super) fn journeys(watch: &Watch, view: &View) -> Vec<Journey> {
    let mut found: Vec<Journey> = watch.tracks.iter().filter_map(|track| placed(watch, track, view)).collect();
    found.sort_by(|a, b| a.first().at.total_cmp(&b.first().at));
    let mut joined = join(found);
    joined.retain_mut(|journey| {
        with_headings(journey, view);
        extent(&journey.spots) >= SHORTEST_L
    });
    joined
}

/// On the ground, with headings as far as they are known.
fn placed(watch: &Watch, track: &Watched, view: &View) -> Option<Journey> {
    let class = track.class();
    let is_placed = |rect: Rect<Pixel>| rect.bottom() < watch.size.height as f32 - 2.0;
    let sightings = track.sightings.iter().filter(|sighting| is_placed(sighting.rect));
    let spots: Vec<Spot> = sightings
        .filter_map(|sighting| {
            let place = view.middle_of(sighting.rect, class, None)?;
            Some(Spot { at: sighting.at, place, heading: Step::default(), rect: sighting.rect })
        })
        .collect();
    let mut journey = Journey { class, spots };
    if journey.spots.len() < 3 {
        return None;
    }
    with_headings(&mut journey, view);
    Some(journey)
}

/// Works out headings from places, and places anew from headings: how far the middle is behind the nearest edge depends on the way a vehicle goes.
fn with_headings(journey: &mut Journey, view: &View) {
    for index in 0..journey.spots.len() {
        let here = journey.spots[index].place;
        let is_off = |spot: &&Spot| spot.place.distance(here) >= CHORD_L;
        let before = journey.spots[..index].iter().rev().find(is_off).map_or(journey.spots[0].place, |spot| spot.place);
        let behind = journey.spots[index..].iter().find(is_off).map_or(journey.last().place, |spot| spot.place);
        let heading = Step::between(before, behind).unit().unwrap_or_default();
        journey.spots[index].heading = heading;
    }
    let class = journey.class;
    for spot in &mut journey.spots {
        let heading = Some(spot.heading).filter(|heading| heading.length() > 0.5);
        if let Some(place) = view.middle_of(spot.rect, class, heading) {
            spot.place = place;
        }
    }
}

/// How far apart its places are at most, roughly.
fn extent(spots: &[Spot]) -> f32 {
    let first = spots[0].place;
    spots.iter().map(|spot| spot.place.distance(first)).fold(0.0, f32::max)
}

/// A moving vehicle may be hidden for this long, one that stood and stands again longer.
const HIDDEN_S: f64 = 3.0;
const STANDING_S: f64 = 20.0;
const STANDING_L_S: f32 = 0.25;
/// How far from where it would be a vehicle may appear again, along its way and beside it; and how much of the way is added, because speeds change.
const ALONG_L: f32 = 0.8;
const BESIDE_L: f32 = 0.45;
const ALONG_SHARE: f32 = 0.3;
const BESIDE_SHARE: f32 = 0.12;
/// Moving off or braking for so long as it was hidden, 2 m/s² both ways, it is so much farther or nearer: L a second squared.
const SPEEDING_L_S2: f32 = 0.12;
/// It does not turn round while nobody looks.
const TURNED_DEG: f32 = 70.0;

/// Joins journeys of which one goes on where the other broke off, best matches first. Sorted by beginning.
fn join(journeys: Vec<Journey>) -> Vec<Journey> {
    let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
    for (end, journey) in journeys.iter().enumerate() {
        let until = journey.last().at + STANDING_S;
        let from = journeys.partition_point(|other| other.first().at <= journey.last().at);
        let following = journeys.iter().enumerate().skip(from).take_while(|(_, other)| other.first().at <= until);
        pairs.extend(following.filter_map(|(start, other)| Some((mismatch(journey, other)?, end, start))));
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let (mut next, mut has_before) = (vec![None; journeys.len()], vec![false; journeys.len()]);
    for (_, end, start) in pairs {
        if next[end].is_none() && !has_before[start] {
            (next[end], has_before[start]) = (Some(start), true);
        }
    }
    let mut whole = Vec::new();
    let mut parts: Vec<Option<Journey>> = journeys.into_iter().map(Some).collect();
    for first in 0..parts.len() {
        if has_before[first] {
            continue;
        }
        let Some(mut journey) = parts[first].take() else { continue };
        let mut at = next[first];
        while let Some(index) = at {
            journey.spots.extend(parts[index].take().into_iter().flat_map(|part| part.spots));
            at = next[index];
        }
        whole.push(journey);
    }
    whole
}

/// How badly the second goes on where the first broke off, 0 to 1; `None` when it cannot.
fn mismatch(end: &Journey, start: &Journey) -> Option<f32> {
    let ((last, before), (first, behind)) = (end.end(), start.beginning());
    let gap = (first.at - last.at) as f32;
    let moved = Step::between(last.place, first.place);
    let stood = before.length() < STANDING_L_S;
    if end.is_two_wheeler() != start.is_two_wheeler() || gap <= 0.0 {
        return None;
    }
    if stood && behind.length() < STANDING_L_S {
        return Some(moved.length() / BESIDE_L).filter(|off| *off <= 1.0);
    }
    // Trapezoid: the mean of both speeds for as long as it was hidden.
    let expected = before.plus(behind).times(0.5 * gap);
    let way = expected.unit().or_else(|| behind.unit())?;
    let has_turned = [before, behind].into_iter().any(|speed| speed.length() >= STANDING_L_S && speed.degrees_to(way) > TURNED_DEG);
    if f64::from(gap) > HIDDEN_S || has_turned {
        return None;
    }
    let missed = moved.plus(expected.times(-1.0));
    let reach = ALONG_L + ALONG_SHARE * expected.length() + SPEEDING_L_S2 * gap * gap;
    let off = (way.dot(missed) / reach).hypot(way.cross(missed) / (BESIDE_L + BESIDE_SHARE * expected.length()));
    (off <= 1.0).then_some(off)
}
