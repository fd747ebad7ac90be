//! The ways of vehicles through the picture, in one piece: what a tracker loses and finds again under a new number goes on where it was.
//!
//! The line count does the same for one line ([`super::line_count`]); here it is done once for whatever is remembered about a way.

use std::time::Duration;

use super::doubles::covered;
use super::edges::velocity;
use super::fragments::{Group, MOVING_GAP, PathEnd, PathStart, STANDING_GAP, mismatch};
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Pixel, Rect};
use crate::base::time::MediaTime;
use crate::scene::{PerTrack, Scene, SceneTrack};

/// The ways that are followed, and those that were lost and may go on. Allocates when a track begins or ends.
#[derive(Clone, Debug)]
pub(super) struct Stitched<T> {
    ways: PerTrack<Way<T>>,
    lost: Vec<Way<T>>,
}

/// The way of one vehicle, and `own`: what the rule remembers about it.
#[derive(Clone, Debug)]
pub(super) struct Way<T> {
    pub(super) own: T,
    pub(super) end: PathEnd,
    state: State,
    votes: [u16; Class::ALL.len()],
    /// In how many more frames than not its box, still new, showed parts of other vehicles.
    covered: i16,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// It began in this frame; whether it continues another one is not decided.
    New,
    /// It is followed, or it was lost and may be continued.
    Followed,
    /// Another one continues it. When it is seen again after all, it is someone else.
    Continued,
}

/// When and where a vehicle is taken to begin.
pub(super) type Sight = (MediaTime, Rect<Pixel>);

/// Slower than this stands, in L/s: it is waited for longer.
const STANDING_L_S: f32 = 0.2;
/// Lost ways that are remembered at most; far more than a junction loses in the time they are remembered.
const MOST_LOST: usize = 256;

impl<T> Default for Stitched<T> {
    fn default() -> Self {
        Self { ways: PerTrack::default(), lost: Vec::new() }
    }
}

impl<T: Clone> Stitched<T> {
    /// Takes one frame: `begin` makes what is remembered about a vehicle that begins, `look` takes each one that is seen now.
    pub(super) fn observe(
        &mut self,
        scene: &Scene<'_>,
        begin: impl Fn(&SceneTrack, Sight) -> T,
        mut look: impl FnMut(&SceneTrack, &mut Way<T>),
    ) {
        let lost = &mut self.lost;
        let keep = |_, way: Way<T>| {
            if way.state == State::Followed {
                lost.push(way);
            }
        };
        self.ways.keep_up(scene.tracks, |track| Way::new(track, scene.size, begin(track, track.track.first_seen)), keep);
        // Known ones first: one that is seen now cannot be what a new one continues.
        for state in [State::Followed, State::New] {
            for (index, track) in scene.tracks.iter().enumerate().filter(|(_, track)| track.track.is_observed) {
                let is_new = self.ways.at(index).state == State::New;
                if is_new != (state == State::New) || !track.track.class.is_vehicle() {
                    continue;
                }
                if is_new {
                    self.go_on(index);
                }
                let way = self.ways.at_mut(index);
                if way.state == State::Continued {
                    way.own = begin(track, (scene.at.media, track.track.rect));
                }
                way.take(track, scene);
                look(track, way);
            }
        }
    }

    /// Takes out the ways that nothing goes on with any more.
    pub(super) fn settle(&mut self, now: MediaTime, mut gone: impl FnMut(Way<T>)) {
        let surplus = self.lost.len().saturating_sub(MOST_LOST);
        self.lost.drain(..surplus).filter(|way| way.state == State::Followed).for_each(&mut gone);
        let mut index = 0;
        while index < self.lost.len() {
            let way = &self.lost[index];
            if way.state != State::Followed {
                self.lost.remove(index);
            } else if now.since(way.end.at) > way.patience() {
                gone(self.lost.remove(index));
            } else {
                index += 1;
            }
        }
    }

    /// The session ends, and every way with it.
    pub(super) fn finish(&mut self, mut gone: impl FnMut(Way<T>)) {
        let ways = self.lost.drain(..).chain(self.ways.drain());
        ways.filter(|way| way.state == State::Followed).for_each(&mut gone);
    }

    /// Lets a new way go on with the lost one that fits best.
    fn go_on(&mut self, index: usize) {
        let start = self.ways.at(index).start();
        let candidates = self.lost.iter_mut().chain(self.ways.values_mut()).filter(|old| old.state == State::Followed);
        let fits = candidates.filter_map(|old| mismatch(&old.end, &start).map(|mismatch| (mismatch, old)));
        let Some((_, old)) = fits.min_by(|a, b| a.0.total_cmp(&b.0)) else { return };
        old.state = State::Continued;
        let (own, votes) = (old.own.clone(), old.votes);
        let way = self.ways.at_mut(index);
        (way.own, way.votes) = (own, votes);
    }
}

impl<T> Way<T> {
    fn new(track: &SceneTrack, picture: FrameSize, own: T) -> Self {
        let (at, rect) = track.track.first_seen;
        let group = Group::of(track.track.class);
        let end = PathEnd { group, at, rect, picture, velocity: None, car_length: track.car_length };
        Self { own, end, state: State::New, votes: [0; Class::ALL.len()], covered: 0 }
    }

    fn start(&self) -> PathStart {
        PathStart { group: self.end.group, at: self.end.at, rect: self.end.rect }
    }

    fn take(&mut self, track: &SceneTrack, scene: &Scene<'_>) {
        self.state = State::Followed;
        let vote = &mut self.votes[track.track.class.index()];
        *vote = vote.saturating_add(1);
        let is_covered = covered(track, scene);
        self.covered = is_covered.map_or(0, |is_covered| self.covered.saturating_add(if is_covered { 1 } else { -1 }));
        let (group, picture) = (Group::of(track.track.class), scene.size);
        self.end = PathEnd {
            group,
            at: scene.at.media,
            rect: track.track.rect,
            picture,
            velocity: velocity(track, picture),
            car_length: track.car_length,
        };
    }

    fn patience(&self) -> Duration {
        let speed = self.end.velocity.map(|velocity| velocity.x.hypot(velocity.y) / self.end.car_length);
        if speed.is_some_and(|speed| speed < STANDING_L_S) { STANDING_GAP } else { MOVING_GAP }
    }

    /// It ended while its box showed parts of other vehicles more often than not.
    pub(super) fn is_ghost(&self) -> bool {
        self.covered > 0
    }

    /// The class it was seen as most often, the last of the list in a draw.
    pub(super) fn class(&self) -> Class {
        let most = Class::ALL.into_iter().max_by_key(|class| self.votes[class.index()]);
        most.expect("there are classes")
    }
}
