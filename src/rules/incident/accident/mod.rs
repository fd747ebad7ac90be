//! Watches for a probable accident: cues that each can be explained add up to a score (the seven of a rule-based practice: sudden stop, contact, heading jump,
//! rider down, standing after the impact, people gathering, a blocked lane).
//!
//! One cue proves nothing: people brake hard, boxes touch, trackers mistake one vehicle for another. So an accident is *suspected* when something touched
//! or fell and something moved as traffic does not move; it is *confirmed* when what crashed also stays where others pass; and *retracted* when it
//! drives on or nothing more comes. Every message carries the cues that spoke.

mod course;
mod body;
mod memory;
mod places;
mod sudden;
mod contact;
mod rider;
mod lying;
mod parties;
mod party;
mod passing;
mod discharge;
mod blockage;
mod score;
mod usual;
mod shake;
mod doubt;
mod case;

use std::collections::VecDeque;
use std::time::Duration;

use body::Body;
pub use case::CaseMemory;
use case::{Case, Step, Told};
use discharge::Discharge;
use lying::Lying;
use memory::Memory;
use places::Places;
use shake::Shake;
use sudden::Jolt;
use usual::Usual;

use crate::base::cue::Cue;
use crate::base::geom::{Pixel, Point};
use crate::base::id::Slug;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::{AccidentSettings, Zone};
use crate::event::{EndReason, EventScope, OpenEvent, Opening, RuleText};
use crate::rules::left_open::Waiting;
use crate::rules::memory::{Keeper, Kept};
use crate::rules::sampling::Sampling;
use crate::rules::{Findings, LeftOpen, Rule, RuleMemory};
use crate::scene::{KnownIncident, Scene, SceneTrack};

/// Watches one zone, or the whole picture, for accidents.
#[derive(Debug)]
pub struct Accident {
    scope: EventScope,
    settings: AccidentSettings,
    places: Places,
    sampling: Sampling,
    memory: Memory,
    usual: Usual,
    discharge: Discharge,
    shake: Shake,
    lying: Lying,
    cases: Vec<Case>,
    /// Where and when accidents were told of.
    told: VecDeque<(Point<Pixel>, MediaTime)>,
    keeper: Keeper,
    /// Cases of an earlier run of the program.
    earlier: Waiting<CaseMemory>,
}

/// A track must have been followed for this long.
const OLD_ENOUGH: Duration = Duration::from_millis(1000);
/// A track whose box trembles more than this from frame to frame, in L, shows no motion that could be believed.
const JITTER_L: f64 = 0.2;
/// One accident is told of once: nothing within this distance in L and this time is another one.
const SAME_L: f32 = 3.0;
const SAME_FOR: Duration = Duration::from_secs(60);
/// Cases that are watched at once: more is a picture in which nothing can be said.
const MOST: usize = 32;
/// People gather within this time.
const GATHERS_FOR: Duration = Duration::from_secs(30);
/// A second jolt of a party belongs to the first one's case for this long.
const SAME_IMPACT: Duration = Duration::from_secs(3);

impl Accident {
    /// Watches `zone` under the name in `scope`, or the whole picture; `all` are the camera's zones.
    pub(crate) fn new<'a>(
        scope: EventScope,
        settings: AccidentSettings,
        all: impl Iterator<Item = (&'a Slug, &'a Zone)> + Clone,
        sampling: Sampling,
    ) -> Self {
        let watched = all.clone().filter(|(id, _)| settings.zone.as_ref().is_none_or(|watched| watched == *id));
        let keeper = Keeper::new(&settings.name, watched.map(|(_, zone)| zone));
        let places = Places::new(settings.zone.as_ref(), all);
        Self {
            scope,
            settings,
            places,
            sampling,
            memory: Memory::new(),
            usual: Usual::new(),
            discharge: Discharge::new(),
            shake: Shake::default(),
            lying: Lying::new(),
            cases: Vec::with_capacity(MOST),
            told: VecDeque::with_capacity(MOST),
            keeper,
            earlier: Waiting::new(MOST),
        }
    }

    /// Goes on with the cases of an earlier run.
    fn take_up(&mut self, now: Stamp, out: &mut Findings) {
        for (left, known) in self.earlier.take_up() {
            match Case::recalled(&known, &left, now) {
                Some(case) => self.cases.push(case),
                None => out.events.push(left.end(now.wall)),
            }
        }
    }

    /// Looks for motion that traffic does not make, and for what lies.
    fn look(&mut self, scene: &Scene<'_>) {
        let now = scene.at.media;
        for (index, track) in scene.tracks.iter().enumerate() {
            let body = *self.memory.at(index);
            if !self.is_known(scene, track, &body) {
                continue;
            }
            if let Some(jolt) = sudden::jolt(track, &body, now).filter(|_| !body.is_broken(now)) {
                self.take_jolt(scene, track, jolt);
            }
            let seen = body.fell.filter(|fall| now.since(fall.at) <= SAME_IMPACT);
            let fall = seen.or_else(|| self.lying.found(track, &body, now)).filter(|fall| !self.shake.is_near(fall.at));
            if let Some((fall, case)) = fall.and_then(|fall| Some((fall, self.case_of(scene, track, fall.at)?))) {
                case.fall.get_or_insert(fall);
            }
        }
    }

    /// Whether `track` is a vehicle on a watched place whose motion can be believed.
    fn is_known(&self, scene: &Scene<'_>, track: &SceneTrack, body: &Body) -> bool {
        let now = scene.at.media;
        track.track.is_observed
            && track.track.class.is_vehicle()
            && self.places.is_watched(scene, track.foot())
            && now.since(body.since(track)) >= OLD_ENOUGH
            && body.score() >= self.settings.min_score
            && body.jitter_l() <= JITTER_L
            && body.is_itself(now)
    }

    fn take_jolt(&mut self, scene: &Scene<'_>, track: &SceneTrack, jolt: Jolt) {
        let now = scene.at.media;
        if self.shake.is_near(jolt.at) || doubt::is_cut(scene.size, track, course::earlier(jolt.before.at, body::COURSE), now) {
            return;
        }
        let is_known = self.cases.iter().any(|case| case.has(track.track.id));
        if jolt.turn_deg.is_some() && !is_known {
            self.usual.turned(scene.size, jolt.foot);
        }
        let turn = jolt.turn_deg.filter(|_| !self.usual.is_turning(scene.size, jolt.foot));
        if turn.is_none() && jolt.stop_l_s2.is_none_or(|stop| f64::from(stop) <= self.settings.braking_l_s2) {
            return;
        }
        let Some(case) = self.case_of(scene, track, jolt.at) else { return };
        jolt.stop_l_s2.into_iter().for_each(|stop| case.evidence.raise(Cue::SuddenStop, stop));
        turn.into_iter().for_each(|turn| case.evidence.raise(Cue::HeadingJump, turn));
        if case.subject == track.track.id {
            case.place = track.foot();
            // The first notice is nearest to the impact; only a stop says better when and how fast it was.
            if case.jolt.is_none_or(|known| known.stop_l_s2.is_none() && jolt.stop_l_s2.is_some()) {
                case.jolt = Some(jolt);
                case.begins_no_earlier_than(jolt.at, scene.at);
            }
        }
    }

    /// The case that `track` belongs to, a new one when there is none; `None` when there are too many or it was told of already.
    fn case_of(&mut self, scene: &Scene<'_>, track: &SceneTrack, at: MediaTime) -> Option<&mut Case> {
        let known = self
            .cases
            .iter()
            .position(|case| case.has(track.track.id) && at.since(case.onset.media).max(case.onset.media.since(at)) <= SAME_IMPACT);
        if let Some(known) = known {
            return self.cases.get_mut(known);
        }
        let near = |place: Point<Pixel>| place.distance_stretched(track.foot(), track.stretch) <= SAME_L * track.car_length;
        let is_told = self.told.iter().any(|(place, told)| near(*place) && at.since(*told) <= SAME_FOR);
        let is_open = self.cases.iter().any(|case| !matches!(case.told, Told::Nothing) && near(case.place));
        if is_told || is_open || self.cases.len() == MOST || self.cases.iter().any(|case| case.subject == track.track.id) {
            return None;
        }
        let mut case = Case::new(track, track.track.class.is_two_wheeler(), at, scene.at);
        case.people_before = self.places.people(scene, case.place, case.length);
        self.cases.push(case);
        self.cases.last_mut()
    }

    /// What the frame says about the cases; those that were a mistake are forgotten.
    fn follow(&mut self, scene: &Scene<'_>, secs: f64) {
        let now = scene.at.media;
        let Self { cases, memory, usual, discharge, places, settings, shake, .. } = self;
        cases.retain_mut(|case| {
            if case.is_fresh(now) && matches!(case.told, Told::Nothing) {
                let mistaken = look_around(scene, memory, case, settings);
                if let (true, Ok(index)) = (mistaken, scene.tracks.binary_search_by_key(&case.subject, |track| track.track.id)) {
                    memory.mistake(index, now);
                }
                if mistaken || shake.is_near(case.onset.media) {
                    return false;
                }
            }
            case.is_in_exit = places.is_exit(scene, case.place);
            let standing = usual.standing(scene.size, (case.place, case.is_in_exit), case.heading());
            case.watch_lane(scene, discharge, secs);
            case.follow(scene, memory, settings, standing);
            look_after(scene, places, case);
            true
        });
    }

    /// Tells of what changed.
    fn tell(&mut self, now: Stamp, out: &mut Findings) {
        let mut index = 0;
        while index < self.cases.len() {
            let step = self.cases[index].step(now.media, &self.settings);
            match step {
                Step::Wait => index += 1,
                Step::Suspect => {
                    self.suspect(index, now, out);
                    index += 1;
                }
                Step::Confirm | Step::Repeat => {
                    self.update(index, (step, now), out);
                    index += 1;
                }
                Step::Retract | Step::Clear => {
                    let case = self.cases.remove(index);
                    out.events.extend(case.close().map(|event| event.end(now.wall, now.wall, Case::end_reason(step))));
                }
            }
        }
    }

    fn suspect(&mut self, index: usize, now: Stamp, out: &mut Findings) {
        let case = &mut self.cases[index];
        let subject = format!("{}/{}", self.places.zone_ref.id, case.subject.0);
        let (zone, rule) = (self.places.zone_ref.clone(), rule_text(&self.settings));
        let opening = Opening { scope: &self.scope, zone, rule, subject: &subject, onset: case.onset, now };
        let (event, message) = OpenEvent::begin(opening, case.finding(now, &self.settings));
        out.events.push(message);
        case.told = Told::Suspected(Box::new(event));
        let (place, reach) = (case.place, SAME_L * case.length);
        // What else was watched around here is the same accident.
        self.cases.retain(|other| !matches!(other.told, Told::Nothing) || other.place.distance(place) > reach);
        self.note_told(place, now.media);
    }

    fn update(&mut self, index: usize, (step, now): (Step, Stamp), out: &mut Findings) {
        let case = &mut self.cases[index];
        let finding = case.finding(now, &self.settings);
        case.told = match (std::mem::replace(&mut case.told, Told::Nothing), step) {
            (Told::Nothing, _) => Told::Nothing,
            (Told::Suspected(mut event), Step::Repeat) => {
                out.events.push(event.update(now.wall, finding));
                Told::Suspected(event)
            }
            (Told::Suspected(mut event) | Told::Confirmed(mut event, _), _) => {
                out.events.push(event.update(now.wall, finding));
                Told::Confirmed(event, now.media)
            }
        };
        case.was_told(&self.settings);
    }

    fn note_told(&mut self, place: Point<Pixel>, now: MediaTime) {
        if self.told.len() == MOST {
            self.told.pop_front();
        }
        self.told.push_back((place, now));
    }
}

impl Rule for Accident {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        self.take_up(scene.at, out);
        let gap = self.sampling.unseen(scene);
        if !gap.is_zero() {
            self.cases.iter_mut().for_each(|case| case.was_unwatched(gap, scene.at.media));
        }
        self.shake.observe(scene);
        self.usual.observe(scene);
        let secs = self.sampling.secs(scene);
        self.discharge.observe(scene, secs);
        self.memory.observe(scene);
        self.lying.observe(scene);
        self.look(scene);
        self.follow(scene, secs);
        self.tell(scene.at, out);
    }

    fn known(&self, known: &mut Vec<KnownIncident>) {
        let told = self.cases.iter().filter(|case| !matches!(case.told, Told::Nothing));
        known.extend(told.map(|case| KnownIncident { place: case.place, began: course::earlier(case.onset.media, SAME_IMPACT) }));
    }

    fn finish(&mut self, at: Stamp, reason: EndReason, out: &mut Findings) {
        out.events.extend(self.earlier.end(at.wall));
        let open = self.cases.drain(..).filter_map(Case::close);
        out.events.extend(open.map(|event| event.end(at.wall, at.wall, reason)));
        self.memory.restart();
        self.told.clear();
        self.shake = Shake::default();
        self.lying = Lying::new();
        self.usual.restart();
        self.discharge.restart();
    }

    fn memory(&self) -> Option<RuleMemory> {
        let cases: Vec<_> = self.cases.iter().filter_map(Case::memory).collect();
        (!cases.is_empty()).then(|| self.keeper.keep(Kept::Accidents(cases)))
    }

    fn recall(&mut self, memory: &RuleMemory) -> bool {
        let (true, Kept::Accidents(known)) = (self.keeper.is_mine(memory), &memory.kept) else { return false };
        self.earlier.recall(known);
        true
    }

    fn resume(&mut self, left: LeftOpen) -> Option<LeftOpen> {
        self.earlier.resume(left)
    }
}

/// Looks for whom the jolted one touched; says whether the jolt is a mistake of the tracker.
fn look_around(scene: &Scene<'_>, memory: &Memory, case: &mut Case, settings: &AccidentSettings) -> bool {
    let now = scene.at.media;
    let (Some(jolt), Ok(index)) = (case.jolt, scene.tracks.binary_search_by_key(&case.subject, |track| track.track.id)) else {
        return false;
    };
    let own = &scene.tracks[index];
    if !own.track.is_observed {
        return false;
    }
    // What lies there is no other one: neighbours drive upright.
    if case.fall.is_none() && doubt::is_mistaken(scene, memory, &jolt, own) {
        return true;
    }
    for (other, body) in memory.with(scene) {
        let is_other =
            other.track.id != case.subject && !other.track.is_rider && body.score() >= settings.min_score && body.jitter_l() <= JITTER_L;
        let is_near = !body.is_broken(now) && contact::gap(own.track.rect, other.track.rect) <= SAME_L * case.length;
        if is_other && is_near {
            let closing = contact::closing_l_s(&jolt, (own, memory.at(index)), (other, body));
            if let Some(closing) = closing.filter(|closing| f64::from(*closing) > settings.closing_l_s) {
                case.touched((other.track.id, other.track.class), closing, scene.at.media);
            }
        }
    }
    false
}

/// What shows only afterwards: a machine that lies, its rider beside it, people who come.
fn look_after(scene: &Scene<'_>, places: &Places, case: &mut Case) {
    let now = scene.at.media;
    let spared = |foot: Point<Pixel>| places.is_walking(scene, foot);
    let own = scene.find(case.subject).filter(|track| track.track.is_observed);
    if let Some(ratio) = own.zip(case.fall.as_ref()).and_then(|(track, fall)| rider::lies(track, fall, now)) {
        case.evidence.set(Cue::RiderDown, Some(ratio));
    }
    let beside = || rider::person_beside(scene, case.onset.media, case.place, spared);
    if let Some(away) = (case.kind_has_rider() && case.jolt.is_some()).then(beside).flatten() {
        case.evidence.set(Cue::PersonBeside, Some(away));
    }
    if case.age(now) <= GATHERS_FOR {
        let people = places.people(scene, case.place, case.length);
        if people > case.people_before {
            case.evidence.raise(Cue::Gathering, (people - case.people_before) as f32);
        }
    }
}

fn rule_text(settings: &AccidentSettings) -> RuleText {
    let AccidentSettings { suspect_at, confirm_at, .. } = settings;
    RuleText {
        id: "accident.v1".to_owned(),
        enter: format!(
            "score >= {suspect_at} with contact or rider down, and sudden stop, heading jump or standing; confirmed at {confirm_at} with standing"
        ),
        exit: format!("drives on, or not confirmed within {} s", settings.confirm_within.as_secs_f64()),
    }
}
