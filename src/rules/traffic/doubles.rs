//! One thing must not count twice: two boxes around one lorry, a box around two cars, a rider and his machine, a passage that was guessed and
//! then seen.

use std::collections::VecDeque;
use std::time::Duration;

use super::course::Passed;
use super::fragments::Group;
use crate::base::class::Class;
use crate::base::time::MediaTime;
use crate::scene::{Scene, SceneTrack};
use crate::track::{TrackId, is_on_machine};

/// What passed one line a moment ago.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubles {
    recent: VecDeque<(Option<TrackId>, Passed)>,
}

/// How long a passage is remembered: longer than a path waits to be continued.
const REMEMBERED: Duration = Duration::from_secs(6);
/// Tracks that passed in this time with boxes that overlap more than this are one thing. Motorcycles side by side overlap less.
const SAME_WITHIN: Duration = Duration::from_millis(1500);
const SAME_IOU: f32 = 0.6;
/// A box that lay in a larger one by this share and stood as low, in most of the frames in which both were seen lately, is a part of that: the
/// cab of a lorry. Its bottom may be off by this share of its height; a car in front of a lorry stands lower than that.
const PART_INSIDE: f32 = 0.5;
const PART_BOTTOM: f32 = 0.25;
const PART_FOR: Duration = Duration::from_millis(300);
const PART_SEEN: usize = 3;
/// A box that began this short a time ago and is covered that much by older ones shows parts of other vehicles.
const GHOST_AGE: Duration = Duration::from_millis(1000);
const GHOST_COVERED: f32 = 0.75;
/// Cosine of the angle within which two ways are the same.
const ALONGSIDE: f32 = 0.8;
/// A passage is a guess when the thing was not seen for longer than this around it.
const GUESS_UNSEEN: Duration = Duration::from_millis(300);
/// A guess is that of another thing which passed within this time, no farther beside than this share of a car or of the thing's own size.
const GUESS_WITHIN: Duration = Duration::from_millis(700);
const GUESS_BESIDE: f32 = 0.8;

impl Doubles {
    pub(super) fn note(&mut self, track: Option<TrackId>, passed: Passed) {
        self.recent.push_back((track, passed));
    }

    pub(super) fn forget(&mut self, now: MediaTime) {
        self.recent.retain(|(_, passed)| now.since(passed.at) <= REMEMBERED);
    }

    pub(super) fn clear(&mut self) {
        self.recent.clear();
    }

    /// Whether what `track` shows has counted, or counts, under another number.
    pub(super) fn is_double(&self, track: &SceneTrack, passed: Passed, scene: &Scene<'_>) -> bool {
        self.has_passed_in_another_box(track, passed, scene) || is_carried(track, scene)
    }

    fn has_passed_in_another_box(&self, track: &SceneTrack, passed: Passed, scene: &Scene<'_>) -> bool {
        let others = self.recent.iter().filter(|(id, other)| *id != Some(track.track.id) && other.to == passed.to);
        let others = others.filter_map(|(id, other)| Some((scene.find((*id)?)?, apart(other.at, passed.at))));
        others.filter(|(other, _)| other.track.is_observed).any(|(other, apart)| {
            let is_same = other.track.rect.iou(track.track.rect) > SAME_IOU || is_rider_of(track, other);
            (apart <= SAME_WITHIN && is_same) || is_part(track, other) || is_part(other, track)
        })
    }

    /// Whether a passage that was hardly seen is one that was: `size_along` is the smaller of a car's and the thing's own size, in line lengths.
    pub(super) fn explains(&self, guess: Passed, size_along: f32) -> bool {
        guess.unseen > GUESS_UNSEEN
            && self.recent.iter().any(|(_, passed)| {
                let is_beside = (passed.along - guess.along).abs() <= GUESS_BESIDE * size_along;
                passed.to == guess.to && is_beside && apart(passed.at, guess.at) <= GUESS_WITHIN
            })
    }
}

/// Whether `small` has long been a part of `large`: the middles of a lorry and of its cab pass a line seconds apart.
fn is_part(small: &SceneTrack, large: &SceneTrack) -> bool {
    let is_heavy = matches!(large.track.class, Class::Bus | Class::Truck) && Group::of(small.track.class) == Group::Vehicle;
    if !is_heavy || small.track.rect.area() > large.track.rect.area() {
        return false;
    }
    let mut others = large.trail().iter().peekable();
    let (mut together, mut inside, mut first, mut last) = (0, 0, None, None);
    for sample in small.trail().iter() {
        while others.next_if(|other| other.at < sample.at).is_some() {}
        let Some(other) = others.next_if(|other| other.at == sample.at) else { continue };
        together += 1;
        let is_as_low = (sample.rect.bottom() - other.rect.bottom()).abs() <= PART_BOTTOM * sample.rect.height;
        if is_as_low && sample.rect.share_inside(other.rect) >= PART_INSIDE {
            inside += 1;
            (first, last) = (first.or(Some(sample.at)), Some(sample.at));
        }
    }
    let lasted = first.zip(last).map_or(Duration::ZERO, |(first, last)| last.since(first));
    inside >= PART_SEEN && 2 * inside > together && lasted >= PART_FOR
}

/// A person where the rider of a machine would be, moving as it does: the machine counts.
fn is_rider_of(person: &SceneTrack, machine: &SceneTrack) -> bool {
    let is_pair = Group::of(person.track.class) == Group::Person && Group::of(machine.track.class) == Group::TwoWheeler;
    is_pair && is_on_machine(person.track.rect, machine.track.rect)
}

/// Whether a machine that has yet to pass carries this person over the line.
fn is_carried(person: &SceneTrack, scene: &Scene<'_>) -> bool {
    let machines = scene.tracks.iter().filter(|machine| machine.track.is_observed && is_rider_of(person, machine));
    machines.filter_map(|machine| Some((machine.motion?.velocity, person.motion?.velocity))).any(|(m, p)| {
        let (dot, slow, fast) = (m.x * p.x + m.y * p.y, m.x.hypot(m.y).min(p.x.hypot(p.y)), m.x.hypot(m.y).max(p.x.hypot(p.y)));
        dot > ALONGSIDE * slow * fast && slow > 0.5 * fast
    })
}

/// Whether a new vehicle's box shows parts of older ones: two side by side get a third box around both for a moment. `None` when it is not new.
pub(super) fn covered(track: &SceneTrack, scene: &Scene<'_>) -> Option<bool> {
    let (born, group, rect) = (track.track.first_seen.0, Group::of(track.track.class), track.track.rect);
    if group != Group::Vehicle || scene.at.media.since(born) > GHOST_AGE {
        return None;
    }
    let is_older = |other: &&SceneTrack| other.track.first_seen.0 < born && other.track.is_observed;
    let older = scene.tracks.iter().filter(is_older).filter(|other| Group::of(other.track.class) == group);
    Some(older.map(|other| rect.share_inside(other.track.rect)).sum::<f32>() > GHOST_COVERED)
}

fn apart(a: MediaTime, b: MediaTime) -> Duration {
    a.since(b).max(b.since(a))
}
