//! *The loop*: one camera's frame → detections → tracks → scene → findings. Live and replay call the same [`Pipeline::step_in`].

use std::time::Duration;

use crate::base::geom::{Pixel, Rect};
use crate::base::time::{Stamp, thread_cpu};
use crate::config::settings::TrackSettings;
use crate::decode::Frame;
use crate::detect::{DetectError, Detection, Detector, Turn};
use crate::event::EndReason;
use crate::rules::{Findings, RuleSet};
use crate::scene::SceneState;
use crate::track::{Track, Tracker};

/// Everything that follows one camera's frames. One owner, no lock.
pub struct Pipeline {
    detector: Box<dyn Detector>,
    tracker: Tracker,
    scene: SceneState,
    rules: RuleSet,
    detections: Vec<Detection>,
    focus: Vec<Rect<Pixel>>,
    findings: Findings,
    last: Option<(u32, Stamp)>,
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
}

/// Work done since the start; CPU time of the pipeline's thread by stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Frames that went through every stage.
    pub analysed: u64,
    /// Frames left out because they were damaged: what is not there is not invented.
    pub damaged: u64,
    /// Times the model ran.
    pub inferences: u64,
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
            detector,
            tracker: Tracker::new(track),
            scene: SceneState::new(),
            rules,
            detections: Vec::new(),
            focus: Vec::new(),
            findings: Findings::default(),
            last: None,
            totals: Totals::default(),
        }
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
            self.detections.clear();
            return Ok(Step { detections: &[], tracks: &[], findings: &self.findings });
        }
        let at = frame.stamp();
        if self.last.is_some_and(|(session, _)| session != frame.session()) {
            self.focus.clear();
        }
        let cost = self.detector.detect_in(turn, frame, &self.focus, &mut self.detections)?;
        let detected = thread_cpu();
        // Only now: what ends with a session must not be found in a step that fails, whose findings nobody gets.
        self.follow_session(frame.session(), at);
        let tracks = self.tracker.update(at.media, &self.detections);
        self.focus.clear();
        self.focus.extend(tracks.iter().map(|track| track.rect));
        let tracked = thread_cpu();
        let scene = self.scene.observe(at, frame.size(), tracks);
        self.rules.observe(&scene, &mut self.findings);

        self.totals.rules += thread_cpu().saturating_sub(tracked);
        self.totals.track += tracked.saturating_sub(detected);
        self.totals.preprocess += cost.preprocess;
        self.totals.inference += cost.inference;
        self.totals.postprocess += cost.postprocess;
        self.totals.inferences += u64::from(cost.inferences);
        self.totals.analysed += 1;
        Ok(Step { detections: &self.detections, tracks, findings: &self.findings })
    }

    /// The stream is over: what is open ends with `reason`.
    pub fn finish(&mut self, reason: EndReason) -> &Findings {
        self.findings.clear();
        if let Some((_, at)) = self.last.take() {
            self.rules.finish(at, reason, &mut self.findings);
        }
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
            self.rules.finish(last, EndReason::CameraLost, &mut self.findings);
            self.tracker.reset();
            self.scene.restart();
        }
        self.last = Some((session, at));
    }
}
