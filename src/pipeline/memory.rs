//! From one run of the program to the next: what was learned, and events that were open when the last run was cut off.

use serde::{Deserialize, Serialize};

use super::Pipeline;
use crate::base::time::{MediaTime, Stamp, WallTime};
use crate::rules::{LeftOpen, RuleMemory};
use crate::scene::SceneMemory;
use crate::vision::view::{CameraView, HomeMemory};

/// What is worth keeping of one camera.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// How large cars look and which way they go.
    pub scene: Option<SceneMemory>,
    /// What the configured view looks like.
    pub view: Option<HomeMemory>,
    /// What each rule knows.
    pub rules: Vec<RuleMemory>,
}

impl Pipeline {
    /// What is worth keeping now.
    pub fn memory(&self) -> Memory {
        let view = self.view.as_ref().and_then(CameraView::memory);
        Memory { scene: self.scene.memory(), view, rules: self.rules.memory() }
    }

    /// Goes on from what an earlier run kept, before the first frame. Gives back the names of rules that are not here any more or watch another ground.
    pub fn recall(&mut self, memory: &Memory) -> Vec<String> {
        memory.scene.iter().for_each(|known| self.scene.recall(known));
        if let (Some(view), Some(known)) = (&mut self.view, &memory.view) {
            view.recall(known);
        }
        self.rules.recall(&memory.rules)
    }

    /// Goes on with events that an earlier run left open, before the first frame and after [`Self::recall`]. Gives back those that no rule can judge.
    pub fn resume(&mut self, left: Vec<LeftOpen>, now: WallTime) -> Vec<LeftOpen> {
        self.resumed = (!left.is_empty()).then_some(Stamp { media: MediaTime::ZERO, wall: now });
        left.into_iter().filter_map(|left| self.rules.resume(left)).collect()
    }

    /// Whether events of an earlier run wait for the first frame.
    pub fn is_waiting(&self) -> bool {
        self.resumed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::class::Class;
    use crate::config::settings::ViewSettings;
    use crate::decode::Frame;
    use crate::detect::Detection;
    use crate::event::{EndReason, Event, EventId, Kind, Phase};
    use crate::pipeline::samples::{crowd, frame, frames, pipeline, seen, street};
    use crate::vision::view::ViewState;

    fn watch(pipeline: &mut Pipeline, frames: impl Iterator<Item = Frame>) -> Vec<Event> {
        frames.flat_map(|frame| pipeline.step(&frame).map_or(Vec::new(), |step| step.findings.events.clone())).collect()
    }

    fn told(events: &[Event]) -> Vec<(EventId, u32, Phase, Option<EndReason>)> {
        events.iter().map(|event| (event.id, event.revision, event.phase, event.ended.map(|(_, reason)| reason))).collect()
    }

    /// A run that sees `what` from second 0 and is killed at `until`, when one event is open.
    fn killed(what: &[Detection], until: u32) -> (Memory, Event) {
        let what = what.to_vec();
        let mut pipeline = pipeline(move |_| Ok(what.clone()));
        let events = watch(&mut pipeline, frames(1, 0, until));
        assert_eq!((events.len(), events[0].phase), (1, Phase::New), "{events:?}");
        // As it goes over the disk.
        let memory = serde_json::to_string(&pipeline.memory()).expect("finite figures");
        (serde_json::from_str(&memory).expect("read back"), events[0].clone())
    }

    /// The next run, which took everything up at `now` seconds.
    fn next(what: &[Detection], memory: &Memory, left: Event, now: u32) -> Pipeline {
        let what = what.to_vec();
        let mut pipeline = pipeline(move |_| Ok(what.clone()));
        assert_eq!(pipeline.recall(memory), Vec::<String>::new());
        let watched_until = left.updated;
        let left = LeftOpen { event: left, watched_until, patience: Duration::from_secs(20) };
        assert!(pipeline.resume(vec![left], frame(1, f64::from(now)).stamp().wall).is_empty());
        assert!(pipeline.is_waiting());
        pipeline
    }

    #[test]
    fn a_crowd_that_is_still_there_goes_on_under_the_same_id_and_one_that_is_gone_ends_under_it() {
        let (memory, open) = killed(&crowd(), 12);
        let events = watch(&mut next(&crowd(), &memory, open.clone(), 40), frames(1, 40, 70));
        assert_eq!(told(&events), [(open.id, 2, Phase::Update, None)]);
        assert_eq!((events[0].started, events[0].detected), (open.started, open.detected));
        let events = watch(&mut next(&[], &memory, open.clone(), 40), frames(1, 40, 70));
        assert_eq!(told(&events), [(open.id, 2, Phase::End, Some(EndReason::Cleared))]);
    }

    #[test]
    fn a_vehicle_that_still_stands_goes_on_under_the_same_id_and_one_that_is_gone_ends_under_it() {
        let car = [seen(Class::Car, 100.0, 100.0)];
        let (memory, open) = killed(&car, 25);
        let events = watch(&mut next(&car, &memory, open.clone(), 40), frames(1, 40, 70));
        assert_eq!(told(&events), [(open.id, 2, Phase::Update, None)]);
        let (stood, window) = (events[0].measurement.stationary_s, events[0].measurement.window_s);
        assert!(
            stood.zip(window).is_some_and(|(stood, window)| (21.0..30.0).contains(&stood) && (40.0..45.0).contains(&window)),
            "{events:?}"
        );
        assert!(events[0].confidence > 0.6, "{}", events[0].confidence);
        for other in [&[][..], &[seen(Class::Car, 220.0, 100.0)]] {
            let events = watch(&mut next(other, &memory, open.clone(), 40), frames(1, 40, 55));
            assert_eq!(told(&events), [(open.id, 2, Phase::End, Some(EndReason::Cleared))]);
        }
    }

    #[test]
    fn what_nobody_can_judge_ends_as_lost_when_it_was_last_told_of() {
        let (memory, open) = killed(&crowd(), 12);
        let lost = [(open.id, 2, Phase::End, Some(EndReason::CameraLost))];
        // No frame came at all.
        let mut never = next(&crowd(), &memory, open.clone(), 40);
        let events = never.finish(EndReason::CameraLost).events.clone();
        assert_eq!((told(&events), events[0].ended), (lost.to_vec(), Some((open.updated, EndReason::CameraLost))));
        assert!(never.finish(EndReason::CameraLost).events.is_empty(), "once");
        // A frame now and then says nothing about a crowd.
        let mut blind = next(&crowd(), &memory, open.clone(), 40);
        let events = watch(&mut blind, (4..10).map(|ten| frame(1, f64::from(ten) * 10.0)));
        assert_eq!((told(&events), events[0].ended), (lost.to_vec(), Some((open.updated, EndReason::CameraLost))));
    }

    #[test]
    fn an_event_of_a_rule_that_is_not_there_any_more_is_given_back() {
        let (memory, open) = killed(&crowd(), 12);
        let mut other = open.clone();
        other.started = other.started + Duration::from_secs(1);
        let mut pipeline = pipeline(|_| Ok(crowd()));
        pipeline.recall(&memory);
        let left = |event: &Event| LeftOpen { event: event.clone(), watched_until: event.updated, patience: Duration::from_secs(20) };
        let back = pipeline.resume(vec![left(&other), left(&open), left(&open)], open.updated);
        assert_eq!(back.len(), 2, "one that no rule derives, and a second one for the same place");
        let car = [seen(Class::Car, 100.0, 100.0)];
        let (_, stands) = killed(&car, 25);
        assert_eq!(stands.kind, Kind::StoppedVehicle);
        assert_eq!(pipeline.resume(vec![left(&stands)], open.updated).len(), 1, "nobody remembers where it stood");
    }

    #[test]
    fn home_is_known_again_and_a_camera_that_was_turned_while_nobody_watched_is_noticed() {
        let watched = || pipeline(|_| Ok(crowd())).watching(Some(CameraView::new(ViewSettings::default())));
        let streets = |from: u32, to: u32, shift| (from..to).map(move |second| street(f64::from(second), shift));
        let mut first = watched();
        watch(&mut first, streets(0, 20, 0));
        let memory = first.memory();
        assert!(memory.view.is_some());
        let after = |shift| {
            let mut next = watched();
            next.recall(&memory);
            watch(&mut next, streets(40, 60, shift));
            next.step(&street(60.0, shift)).expect("no error").view.word()
        };
        assert_eq!([after(0), after(60)], ["ok", "moved"]);
        let mut strange = watched();
        strange.recall(&Memory { view: memory.view.clone(), ..Memory::default() });
        assert_eq!(strange.memory().view, memory.view, "home is what it was");
        assert_eq!(strange.step(&street(0.0, 0)).expect("no error").view, ViewState::Holds);
    }
}
