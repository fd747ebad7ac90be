//! One impact and what became of it: watched → suspected → confirmed → over, or never told of.

mod kept;

use std::time::Duration;

pub use kept::CaseMemory;

use super::blockage::Blockage;
use super::course::Course;
use super::discharge::Discharge;
use super::memory::Memory;
use super::parties::Parties;
use super::party::{Party, SLIDES_FOR};
use super::passing::{self, Passing, Stand};
use super::rider::Fall;
use super::score::{Evidence, STOPPED_SECS};
use super::sudden::Jolt;
use super::usual::{IsExit, Standing};
use crate::base::class::Class;
use crate::base::cue::Cue;
use crate::base::geom::{Pixel, Point};
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::AccidentSettings;
use crate::event::{EndReason, Finding, Kind, Measurement, OpenEvent, Severity};
use crate::rules::episode::two_decimals;
use crate::scene::{Heading, Scene, SceneTrack};
use crate::track::TrackId;

/// What the rule looks into.
#[derive(Debug)]
pub(super) struct Case {
    /// The impact, on both clocks.
    pub(super) onset: Stamp,
    /// When the rule noticed it.
    noticed: MediaTime,
    /// Whose motion gave it away.
    pub(super) subject: TrackId,
    pub(super) jolt: Option<Jolt>,
    pub(super) fall: Option<Fall>,
    pub(super) place: Point<Pixel>,
    /// Whether that is in an exit.
    pub(super) is_in_exit: IsExit,
    /// Car length in pixels there.
    pub(super) length: f32,
    /// First the one that was jolted, then whom it touched.
    pub(super) parties: Parties,
    /// The fastest contact so far.
    closing_l_s: Option<f32>,
    pub(super) evidence: Evidence,
    /// People near the place when it happened.
    pub(super) people_before: usize,
    two_wheeler: bool,
    passing: Passing,
    /// What its lane lets pass, once something was told and it rests.
    blockage: Option<Blockage>,
    /// Whether it was told that the lane is blocked.
    told_blocked: bool,
    /// Whether the jolted one is driving: then it is too early to say anything.
    is_driving: bool,
    /// Time since then without pictures.
    blind: Duration,
    pub(super) told: Told,
}

/// How much of it was told.
#[derive(Debug)]
pub(super) enum Told {
    /// Nothing yet.
    Nothing,
    /// That it may be an accident.
    Suspected(Box<OpenEvent>),
    /// That it is one, and when it was last said.
    Confirmed(Box<OpenEvent>, MediaTime),
}

/// What is to be done about a case now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Wait,
    Suspect,
    Confirm,
    Repeat,
    /// It was nothing, or nobody can say any more.
    Retract,
    /// It was one and is over.
    Clear,
}

/// Nothing is told before this long after the jolt was noticed: until then the course after it is mixed with the one before, and a mistake of the tracker does not show.
const SURE_AFTER: Duration = Duration::from_millis(700);
/// Contact is looked for until this long after the jolt was noticed, and so is the tracker's mistake.
const LOOKS_FOR: Duration = Duration::from_millis(2500);
/// A suspicion about what still stands is kept for a whole signal cycle: at red nobody passes.
const KEPT_FOR: Duration = Duration::from_secs(120);
/// A confirmation that has begun to count is waited for this much longer than it takes.
const PATIENCE: Duration = Duration::from_secs(5);

impl Case {
    /// Begins with the road user that gave it away.
    pub(super) fn new(track: &SceneTrack, two_wheeler: bool, at: MediaTime, now: Stamp) -> Self {
        Self {
            onset: crate::rules::episode::earlier(now, now.media.since(at)),
            noticed: now.media,
            subject: track.track.id,
            jolt: None,
            fall: None,
            place: track.foot(),
            is_in_exit: IsExit::No,
            length: track.car_length,
            parties: Parties::alone(Party::new(track.track.id, track.track.class, now.media)),
            closing_l_s: None,
            evidence: Evidence::default(),
            people_before: 0,
            two_wheeler,
            passing: Passing::new(),
            blockage: None,
            told_blocked: false,
            is_driving: false,
            blind: Duration::ZERO,
            told: Told::Nothing,
        }
    }

    /// A machine that leans over in a bend looks like one that falls; when it was jolted after that, the impact was then.
    pub(super) fn begins_no_earlier_than(&mut self, at: MediaTime, now: Stamp) {
        if matches!(self.told, Told::Nothing) && at > self.onset.media {
            self.onset = crate::rules::episode::earlier(now, now.media.since(at));
        }
    }

    /// Takes part.
    pub(super) fn has(&self, track: TrackId) -> bool {
        self.parties.iter().any(|party| party.track == track)
    }

    /// Time since the impact in which there were pictures.
    pub(super) fn age(&self, now: MediaTime) -> Duration {
        now.since(self.onset.media).saturating_sub(self.blind)
    }

    /// Whether it is so fresh that the motion around it is still known.
    pub(super) fn is_fresh(&self, now: MediaTime) -> bool {
        now.since(self.noticed) <= LOOKS_FOR
    }

    /// Remembers whom the jolted one touched: the one it came together with fastest, in L/s.
    pub(super) fn touched(&mut self, (track, class): (TrackId, Class), closing_l_s: f32, now: MediaTime) {
        if self.closing_l_s.is_some_and(|known| closing_l_s <= known) {
            return;
        }
        self.closing_l_s = Some(closing_l_s);
        self.evidence.raise(Cue::Contact, closing_l_s);
        if !self.has(track) {
            self.parties.join(Party::new(track, class, now));
        }
    }

    pub(super) fn was_unwatched(&mut self, gap: Duration, end: MediaTime) {
        self.blind += gap.min(end.since(self.onset.media));
        self.parties.iter_mut().for_each(|party| party.was_unwatched(gap, end));
        self.blockage.iter_mut().for_each(Blockage::was_unwatched);
    }

    /// Takes what one frame shows of the time after the impact. `standing`: what that says at this place.
    pub(super) fn follow(&mut self, scene: &Scene<'_>, memory: &Memory, settings: &AccidentSettings, standing: Standing) {
        self.follow_numbers(scene, memory);
        let impact = self.onset.media;
        for index in 0..self.parties.len() {
            let other = self.parties.get(1 - index).map(|party| party.track);
            let known = self.parties[index].track;
            self.parties[index].follow(scene, impact, other);
            self.goes_on_as(known, self.parties[index].track);
        }
        self.is_driving = self.parties[0].is_driving(scene);
        let is_in_queue = self.watch_traffic(scene);
        // Machines do not lie down in queues.
        let lies = self.evidence.has(Cue::RiderDown, settings);
        let is_strange = match standing {
            Standing::Usual => lies,
            // A whole cycle holds a green: who stands through it with an empty lane ahead is in no queue, though nobody could pass.
            Standing::InQueues => {
                lies || (!is_in_queue && (self.passed() >= settings.passed || self.evidence.has(Cue::FlowBlocked, settings)))
            }
            Standing::Strange => lies || !is_in_queue,
        };
        let rested = self.rested().filter(|_| is_strange);
        self.evidence.set(Cue::PostImpactStop, rested.map(|rested| rested.as_secs_f32()));
    }

    /// An impact changes how things look, and the tracker may go on with new numbers.
    fn follow_numbers(&mut self, scene: &Scene<'_>, memory: &Memory) {
        for index in 0..self.parties.len() {
            let known = self.parties[index].track;
            let is_seen = scene.find(known).is_some_and(|track| track.track.is_observed);
            let successor = || memory.with(scene).find(|(_, body)| body.past.is_some_and(|past| past.track == known));
            if let Some((track, _)) = (!is_seen).then(successor).flatten().filter(|(track, _)| !self.has(track.track.id)) {
                self.parties[index].track = track.track.id;
                self.goes_on_as(known, track.track.id);
            }
        }
    }

    /// The tracker follows `known` under the number `now`.
    fn goes_on_as(&mut self, known: TrackId, now: TrackId) {
        if self.subject == known {
            self.subject = now;
        }
    }

    /// How long those who are still there have been resting, the shortest of them.
    fn rested(&self) -> Option<Duration> {
        let rested = |party: &Party| party.rested(self.onset.media);
        // Who is hidden by the other one has not left.
        let seen = self.parties.iter().filter(|party| party.is_there()).filter_map(rested).min();
        seen.or_else(|| self.parties.iter().filter_map(rested).min())
    }

    /// How the jolted one came.
    fn course(&self) -> Option<Course> {
        self.jolt.map(|jolt| jolt.before).or(self.fall.and_then(|fall| fall.before))
    }

    /// Which way it drove before the impact, where that was seen.
    pub(super) fn heading(&self) -> Option<Heading> {
        self.course().and_then(Course::heading)
    }

    /// Counts who passes; says whether others wait right ahead.
    fn watch_traffic(&mut self, scene: &Scene<'_>) -> bool {
        let Some(course) = self.course() else { return false };
        let stand = Stand { place: self.place, course, length: self.length };
        let parties = &self.parties;
        let takes_part = |track: TrackId| parties.iter().any(|party| party.track == track);
        self.passing.observe(scene, &stand, takes_part);
        passing::is_in_queue(scene, &stand, takes_part)
    }

    /// Takes what one frame, which stands for `secs` seconds, shows of its lane. Only for what was told of: a lane is not blocked sooner than a case that nobody
    /// heard of is forgotten.
    pub(super) fn watch_lane(&mut self, scene: &Scene<'_>, discharge: &Discharge, secs: f64) {
        let (Some(course), Some(place), false) = (self.course(), self.parties[0].place(), matches!(self.told, Told::Nothing)) else {
            return;
        };
        let Self { parties, length, blockage, evidence, .. } = self;
        let blockage = blockage.get_or_insert_with(|| Blockage::new(scene, discharge, Stand { place, course, length: *length }));
        blockage.observe(scene, (discharge, secs), |track| parties.iter().any(|party| party.track == track));
        evidence.set(Cue::FlowBlocked, blockage.share());
    }

    /// A message went out.
    pub(super) fn was_told(&mut self, settings: &AccidentSettings) {
        self.told_blocked |= self.evidence.has(Cue::FlowBlocked, settings);
    }

    /// Whether operators do not know yet that the lane is blocked: it is what they send somebody for.
    fn has_news(&self, settings: &AccidentSettings) -> bool {
        !self.told_blocked && self.evidence.has(Cue::FlowBlocked, settings)
    }

    fn passed(&self) -> u32 {
        self.passing.count()
    }

    /// What comes next.
    pub(super) fn step(&self, now: MediaTime, settings: &AccidentSettings) -> Step {
        let has_left = self.parties[0].has_left();
        match &self.told {
            Told::Confirmed(_, told) => match () {
                () if self.is_gone(now, settings) => Step::Clear,
                () if now.since(*told) >= settings.update_every || self.has_news(settings) => Step::Repeat,
                () => Step::Wait,
            },
            Told::Suspected(_) if self.is_confirmed(now, settings) => Step::Confirm,
            Told::Suspected(_) | Told::Nothing if has_left || self.is_too_late(now, settings) => Step::Retract,
            Told::Suspected(_) if self.has_news(settings) => Step::Repeat,
            Told::Nothing if now.since(self.noticed) >= self.sure_after() && !self.is_driving && self.is_suspect(now, settings) => {
                Step::Suspect
            }
            Told::Suspected(_) | Told::Nothing => Step::Wait,
        }
    }

    /// Who goes back the way he came is most often another one, who came from there: then as long as the motion around the jolt is known.
    fn sure_after(&self) -> Duration {
        if self.evidence.is_thrown_back() { LOOKS_FOR } else { SURE_AFTER }
    }

    fn is_suspect(&self, now: MediaTime, settings: &AccidentSettings) -> bool {
        self.evidence.is_suspect(settings) && self.has_victim(now, settings)
    }

    /// Whether it is one: what stays is not a contact from which one drove on, unless people come.
    fn is_confirmed(&self, now: MediaTime, settings: &AccidentSettings) -> bool {
        self.evidence.is_confirmed(settings) && (self.has_victim(now, settings) || self.evidence.has(Cue::Gathering, settings))
    }

    /// Whether somebody may have come to harm. A pack of two-wheelers that bunches up for a queue touches and stops within a moment, and others ride past it: between
    /// them alone somebody must fall, or people must come, or all of them must touch and stay in an exit, where nobody queues, while others pass. How it moved before
    /// must have been seen, not guessed. And a contact from which one drove on and nobody fell off was none; who is pushed by the impact drives on nowhere yet.
    fn has_victim(&self, now: MediaTime, settings: &AccidentSettings) -> bool {
        let has = |cue: Cue| self.evidence.has(cue, settings);
        let is_pack = self.parties.iter().all(Party::is_two_wheeler);
        let stay = || {
            [Cue::Contact, Cue::PostImpactStop].into_iter().all(has)
                && self.parties.iter().all(|party| party.rested(self.onset.media).is_some())
                && self.is_in_exit == IsExit::Yes
                && self.passed() >= settings.passed
        };
        let drove_on = self.age(now) > SLIDES_FOR && self.parties.iter().any(Party::has_left);
        let is_guessed = self.jolt.is_some_and(|jolt| !jolt.is_own);
        let fell = has(Cue::RiderDown) || has(Cue::PersonBeside);
        fell || (!drove_on && !is_guessed && (!is_pack || has(Cue::Gathering) || stay()))
    }

    /// The time for a confirmation is over. One that has begun to count gets the time to be complete.
    fn is_too_late(&self, now: MediaTime, settings: &AccidentSettings) -> bool {
        let counts = self.evidence.has(Cue::PostImpactStop, settings) || self.evidence.has(Cue::Gathering, settings);
        let more = if counts { Duration::from_secs_f32(STOPPED_SECS[1]) + PATIENCE } else { Duration::ZERO };
        let within = settings.confirm_within + more;
        let stands_suspected = matches!(self.told, Told::Suspected(_)) && self.rested().is_some();
        let may_block = settings.cues.contains(&Cue::FlowBlocked) && self.blockage.as_ref().is_some_and(Blockage::may_be);
        let within = if stands_suspected { within.max(KEPT_FOR) } else { within };
        self.age(now) >= within && !(stands_suspected && may_block)
    }

    /// Everyone drove on, or has not been seen for long.
    fn is_gone(&self, now: MediaTime, settings: &AccidentSettings) -> bool {
        self.parties.iter().all(|party| party.has_left() || party.gone_for(now).is_some_and(|gone| gone >= settings.gone))
    }

    /// The figures now.
    pub(super) fn finding(&self, now: Stamp, settings: &AccidentSettings) -> Finding {
        // The first message always is a suspicion, even when everything speaks at once: each life is told in the same order.
        let is_confirmed = match self.told {
            Told::Nothing => false,
            Told::Suspected(_) => self.is_confirmed(now.media, settings),
            Told::Confirmed(..) => true,
        };
        let measurement = Measurement {
            window_start: Some(self.onset.wall.to_string()),
            window_end: Some(now.wall.to_string()),
            window_s: Some(two_decimals(now.media.since(self.onset.media).as_secs_f64())),
            stationary_s: self.rested().map(|rested| two_decimals(rested.as_secs_f64())),
            vehicles_passed: self.rested().map(|_| self.passed()),
            ..Measurement::default()
        };
        Finding {
            kind: self.kind(),
            severity: if is_confirmed { Severity::Critical } else { Severity::High },
            confidence: two_decimals(self.evidence.score(settings)) as f32,
            measurement,
            involved: self.parties.iter().map(Party::involved).collect(),
            why: self.evidence.reasons(settings),
        }
    }

    /// Whether the jolted one has a rider who can fall off.
    pub(super) fn kind_has_rider(&self) -> bool {
        self.two_wheeler
    }

    fn kind(&self) -> Kind {
        match (self.parties.len() > 1, self.two_wheeler) {
            (true, _) => Kind::Collision,
            (false, true) => Kind::RiderDown,
            (false, false) => Kind::SingleVehicle,
        }
    }

    /// Ends the event, if one was told.
    pub(super) fn close(self) -> Option<OpenEvent> {
        match self.told {
            Told::Nothing => None,
            Told::Suspected(event) | Told::Confirmed(event, _) => Some(*event),
        }
    }

    /// Why it ends when nothing confirmed it.
    pub(super) fn end_reason(step: Step) -> EndReason {
        if step == Step::Clear { EndReason::Cleared } else { EndReason::NotConfirmed }
    }
}
