//! *The loop*: one camera's frame → view → detections → tracks → scene → findings. Live and replay call the same [`Pipeline::step_in`].

mod memory;

pub use memory::Memory;

use std::time::Duration;

use crate::base::geom::{Pixel, Rect};
use crate::base::time::{Stamp, thread_cpu};
use crate::config::settings::TrackSettings;
use crate::decode::Frame;
use crate::detect::{DetectError, Detection, Detector, Turn};
use crate::event::EndReason;
use crate::rules::{Findings, RuleSet};
use crate::scene::{Scene, SceneState};
use crate::track::{Track, Tracker};
use crate::vision::foreground::Background;
use crate::vision::view::{CameraView, ViewState};

/// Everything that follows one camera's frames. One owner, no lock.
pub struct Pipeline {
    view: Option<CameraView>,
    /// Where a rule asks what is new in the picture.
    background: Option<Background>,
    detector: Box<dyn Detector>,
    tracker: Tracker,
    scene: SceneState,
    rules: RuleSet,
    detections: Vec<Detection>,
    focus: Vec<Rect<Pixel>>,
    findings: Findings,
    last: Option<(u32, Stamp)>,
    /// When events of an earlier run were taken up, until the first frame.
    resumed: Option<Stamp>,
    totals: Totals,
}

/// What a frame led to; borrowed until the next step.
#[derive(Debug)]
pub struct Step<'a> {
    /// What the model said.
    pub detections: &'a [Detection],
    /// What is followed.
    pub tracks: &'a [Track],
    /// What it means.
    pub findings: &'a Findings,
    /// Whether the frame shows the configured view. While it does not, nothing is looked for.
    pub view: ViewState,
}

/// Work done since the start; CPU time of the pipeline's thread by stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Frames that went through every stage.
    pub analysed: u64,
    /// Frames left out because they were damaged: what is not there is not invented.
    pub damaged: u64,
    /// Frames left out because the view is not the configured one, or doubtful.
    pub suspended: u64,
    /// Times the model ran.
    pub inferences: u64,
    /// Watching over the view, and for what is new in it.
    pub view: Duration,
    /// Filling tensors.
    pub preprocess: Duration,
    /// Inside the runtime's call.
    pub inference: Duration,
    /// Reading outputs, suppressing doubles.
    pub postprocess: Duration,
    /// Following.
    pub track: Duration,
    /// Scene and rules.
    pub rules: Duration,
}

impl Pipeline {
    /// For one camera: its way of looking, of following, and its rules.
    pub fn new(detector: Box<dyn Detector>, track: &TrackSettings, rules: RuleSet) -> Self {
        Self {
            view: None,
            background: rules.needs_pixels().then(Background::new),
            detector,
            tracker: Tracker::new(track),
            scene: SceneState::new(),
            rules,
            detections: Vec::new(),
            focus: Vec::new(),
            findings: Findings::default(),
            last: None,
            resumed: None,
            totals: Totals::default(),
        }
    }

    /// The same, with the view watched over: lines and zones mean nothing in another one.
    #[must_use]
    pub fn watching(self, view: Option<CameraView>) -> Self {
        Self { view, ..self }
    }

    /// Waits until this camera may use the model; the newest frame is taken after that and given to [`Self::step_in`].
    pub fn turn(&self) -> Turn {
        self.detector.turn()
    }

    /// One frame of a film, where every frame counts: waits for its turn by itself.
    ///
    /// # Errors
    /// As [`Self::step_in`].
    pub fn step(&mut self, frame: &Frame) -> Result<Step<'_>, DetectError> {
        let turn = self.turn();
        self.step_in(turn, frame)
    }

    /// One frame. A damaged frame finds nothing and changes nothing but the count of damaged frames.
    ///
    /// # Errors
    /// When the model failed on this frame: the caller counts it and goes on with the next one.
    pub fn step_in(&mut self, turn: Turn, frame: &Frame) -> Result<Step<'_>, DetectError> {
        self.findings.clear();
        if frame.is_damaged() {
            self.totals.damaged += 1;
            return Ok(self.nothing_found());
        }
        if !self.view_holds(frame) {
            self.totals.suspended += 1;
            return Ok(self.nothing_found());
        }
        let at = frame.stamp();
        if self.last.is_some_and(|(session, _)| session != frame.session()) {
            self.focus.clear();
        }
        self.look_behind(frame);
        let cost = self.detector.detect_in(turn, frame, &self.focus, &mut self.detections)?;
        let detected = thread_cpu();
        // Only now: what ends with a session must not be found in a step that fails, whose findings nobody gets.
        self.follow_session(frame.session(), at);
        let tracks = self.tracker.update(at.media, &self.detections);
        self.focus.clear();
        self.focus.extend(tracks.iter().map(|track| track.rect));
        let tracked = thread_cpu();
        let foreground = self.background.as_ref().and_then(Background::foreground);
        let scene = Scene { foreground, ..self.scene.observe(at, frame.size(), tracks) };
        self.rules.observe(&scene, &mut self.findings);

        self.totals.rules += thread_cpu().saturating_sub(tracked);
        self.totals.track += tracked.saturating_sub(detected);
        self.totals.preprocess += cost.preprocess;
        self.totals.inference += cost.inference;
        self.totals.postprocess += cost.postprocess;
        self.totals.inferences += u64::from(cost.inferences);
        self.totals.analysed += 1;
        Ok(Step { detections: &self.detections, tracks, findings: &self.findings, view: ViewState::Holds })
    }

    /// In doubt the rules rest, as in a short interruption. When the view is lost for sure, what was open ends; all begins anew when it is back.
    fn view_holds(&mut self, frame: &Frame) -> bool {
        let Some(view) = &mut self.view else { return true };
        let before = thread_cpu();
        let state = view.observe(frame);
        self.totals.view += thread_cpu().saturating_sub(before);
        if matches!(state, ViewState::Lost { .. }) {
            self.cut(EndReason::CameraLost);
        }
        state == ViewState::Holds
    }

    /// What is new in the picture, before anybody says what it is.
    fn look_behind(&mut self, frame: &Frame) {
        let Some(background) = &mut self.background else { return };
        let before = thread_cpu();
        background.observe(frame);
        self.totals.view += thread_cpu().saturating_sub(before);
    }

    fn nothing_found(&mut self) -> Step<'_> {
        self.detections.clear();
        let view = self.view.as_ref().map_or(ViewState::Holds, CameraView::state);
        Step { detections: &[], tracks: &[], findings: &self.findings, view }
    }

    /// The stream is over, or away for too long: what is open ends with `reason`, once. A frame that comes all the same begins anew.
    pub fn finish(&mut self, reason: EndReason) -> &Findings {
        self.findings.clear();
        self.cut(reason);
        &self.findings
    }

    /// The rules, for their totals.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// Work done so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Media times of another session do not compare with ours: what was open cannot be known to go on.
    fn follow_session(&mut self, session: u32, at: Stamp) {
        if let Some((previous, last)) = self.last
            && previous != session
        {
            self.end_session(last, EndReason::CameraLost);
        }
        self.last = Some((session, at));
        self.resumed = None;
    }

    /// Ends the session, if there is one, or what waits for its first frame.
    fn cut(&mut self, reason: EndReason) {
        let resumed = self.resumed.take();
        if let Some(at) = self.last.take().map(|(_, at)| at).or(resumed) {
            self.end_session(at, reason);
        }
    }

    fn end_session(&mut self, at: Stamp, reason: EndReason) {
        self.rules.finish(at, reason, &mut self.findings);
        self.tracker.reset();
        self.scene.restart();
        self.background.iter_mut().for_each(Background::restart);
        self.focus.clear();
    }
}

#[cfg(test)]
pub(crate) mod samples;

#[cfg(test)]
mod tests {
    use super::samples::{FPS, crowd, frame, frames, pipeline, seen, street};
    use super::*;
    use crate::base::class::Class;
    use crate::config::settings::ViewSettings;
    use crate::event::{Event, Kind, Phase};

    /// Events of all these frames; a frame on which the model fails has none.
    fn watch(pipeline: &mut Pipeline, frames: impl Iterator<Item = Frame>) -> Vec<Event> {
        frames.flat_map(|frame| pipeline.step(&frame).map_or(Vec::new(), |step| step.findings.events.clone())).collect()
    }

    fn told(events: &[Event]) -> Vec<(Kind, Phase, Option<EndReason>)> {
        events.iter().map(|event| (event.kind, event.phase, event.ended.map(|(_, reason)| reason))).collect()
    }

    #[test]
    fn what_ends_with_a_session_is_told_although_the_model_fails_on_the_first_frame_of_the_next() {
        let mut fails_once = true;
        let mut pipeline = pipeline(move |frame| match frame.session() {
            1 => Ok(crowd()),
            _ if std::mem::take(&mut fails_once) => Err(DetectError::NoModel),
            _ => Ok(Vec::new()),
        });
        let first = watch(&mut pipeline, frames(1, 0, 12));
        assert_eq!(told(&first), [(Kind::Count, Phase::New, None)]);
        assert!(pipeline.step(&frame(2, 0.0)).is_err());
        let second = watch(&mut pipeline, frames(2, 1, 2));
        assert_eq!(told(&second), [(Kind::Count, Phase::End, Some(EndReason::CameraLost))]);
        assert_eq!((second[0].id, second[0].ended.map(|(at, _)| at)), (first[0].id, Some(frame(1, 11.875).stamp().wall)));
    }

    #[test]
    fn what_is_open_outlasts_an_interruption_under_the_same_id_and_ends_when_it_is_over() {
        let mut pipeline = pipeline(|frame| Ok(if frame.stamp().media.as_secs_f64() < 50.0 { crowd() } else { Vec::new() }));
        let before = watch(&mut pipeline, frames(1, 0, 12));
        assert_eq!(told(&before), [(Kind::Count, Phase::New, None)]);
        assert_eq!(told(&watch(&mut pipeline, frames(1, 40, 50))), [], "25 s and more without a frame");
        let after = watch(&mut pipeline, frames(1, 50, 70));
        assert_eq!(told(&after), [(Kind::Count, Phase::End, Some(EndReason::Cleared))]);
        assert_eq!(after[0].id, before[0].id);
    }

    #[test]
    fn what_is_gone_after_an_interruption_ends_as_cleared() {
        let mut pipeline = pipeline(|frame| Ok(if frame.stamp().media.as_secs_f64() < 20.0 { crowd() } else { Vec::new() }));
        assert_eq!(told(&watch(&mut pipeline, frames(1, 0, 12))), [(Kind::Count, Phase::New, None)]);
        assert_eq!(told(&watch(&mut pipeline, frames(1, 25, 27))), [], "two seconds are too short to say");
        assert_eq!(told(&watch(&mut pipeline, frames(1, 27, 45))), [(Kind::Count, Phase::End, Some(EndReason::Cleared))]);
    }

    #[test]
    fn time_without_frames_is_no_time_in_which_a_vehicle_stood() {
        let mut pipeline = pipeline(|_| Ok(vec![seen(Class::Car, 100.0, 100.0)]));
        assert_eq!(told(&watch(&mut pipeline, frames(1, 0, 8))), []);
        assert_eq!(told(&watch(&mut pipeline, frames(1, 26, 32))), [], "seen standing for 14 s of 32");
        let later = watch(&mut pipeline, frames(1, 32, 45));
        assert_eq!(told(&later), [(Kind::StoppedVehicle, Phase::New, None)]);
        assert!(later[0].detected >= frame(1, 37.0).stamp().wall, "{:?}", later[0]);
    }

    #[test]
    fn cars_before_and_behind_an_interruption_are_not_one_that_passed_the_line() {
        // One is a second before the line in the middle (x = 160) when the camera goes, the other as far behind it when it comes back.
        let mut pipeline = pipeline(|frame| {
            let secs = frame.stamp().media.as_secs_f64();
            let left = if secs < 2.0 { 5.0 + 45.0 * secs } else { 185.0 + 45.0 * (secs - 7.0) };
            Ok(vec![seen(Class::Car, left as f32, 100.0)])
        });
        assert_eq!(told(&watch(&mut pipeline, frames(1, 0, 2))), []);
        assert_eq!(told(&watch(&mut pipeline, frames(1, 7, 9))), []);
        pipeline.finish(EndReason::CameraLost);
        let counts: u32 = pipeline.rules().totals().values().flat_map(|line| line.values()).flat_map(|to| to.values()).sum();
        assert_eq!(counts, 0, "{:?}", pipeline.rules().totals());
    }

    #[test]
    fn finishing_ends_once_and_a_frame_that_comes_all_the_same_begins_anew() {
        let mut pipeline = pipeline(|_| Ok(crowd()));
        let first = watch(&mut pipeline, frames(1, 0, 12));
        assert_eq!(told(&pipeline.finish(EndReason::CameraLost).events), [(Kind::Count, Phase::End, Some(EndReason::CameraLost))]);
        assert_eq!(told(&pipeline.finish(EndReason::CameraLost).events), []);
        let again = watch(&mut pipeline, frames(1, 12, 24));
        assert_eq!(told(&again), [(Kind::Count, Phase::New, None)]);
        assert_ne!(again[0].id, first[0].id);
    }

    /// Frames of the street from one second to another, so many pixels off.
    fn streets(from: u32, to: u32, shift: usize) -> impl Iterator<Item = Frame> {
        (from * FPS..to * FPS).map(move |index| street(f64::from(index) / f64::from(FPS), shift))
    }

    fn watched() -> Pipeline {
        pipeline(|_| Ok(crowd())).watching(Some(CameraView::new(ViewSettings::default())))
    }

    #[test]
    fn a_camera_that_is_turned_away_ends_its_events_as_lost_and_begins_anew_when_it_is_back() {
        let mut pipeline = watched();
        let first = watch(&mut pipeline, streets(0, 20, 0));
        assert_eq!(told(&first), [(Kind::Count, Phase::New, None)]);
        let away = watch(&mut pipeline, streets(20, 60, 60));
        assert_eq!(told(&away), [(Kind::Count, Phase::End, Some(EndReason::CameraLost))]);
        let (ended, noticed) = (away[0].ended.map(|(at, _)| at), street(30.0, 0).stamp().wall);
        assert!(ended.is_some_and(|at| at < noticed), "it ended when the view was seen last: {ended:?}");
        let analysed = pipeline.totals().analysed;
        let step = pipeline.step(&street(60.0, 60)).expect("no error");
        assert_eq!((step.view.word(), step.detections.len(), step.tracks.len()), ("moved", 0, 0));
        let back = watch(&mut pipeline, streets(61, 90, 0));
        assert_eq!(told(&back), [(Kind::Count, Phase::New, None)]);
        assert_ne!(back[0].id, first[0].id);
        let seen = u64::from(FPS) * (90 - 61 - 15);
        assert!(pipeline.totals().analysed - analysed >= seen, "the model rested, and looks again within 15 s");
        assert!(pipeline.totals().suspended >= u64::from(FPS) * 30);
    }

    #[test]
    fn a_glance_elsewhere_is_an_interruption_and_ends_nothing() {
        let mut pipeline = watched();
        assert_eq!(told(&watch(&mut pipeline, streets(0, 20, 0))), [(Kind::Count, Phase::New, None)]);
        assert_eq!(told(&watch(&mut pipeline, streets(20, 23, 60))), []);
        assert_eq!(told(&watch(&mut pipeline, streets(23, 60, 0))), []);
    }
}
