//! CPU time of everything that is neither decoding nor the model, against the bare floor and against the Python peer.
//!
//! Ours and the floor alternate frame by frame (O F F O …), the peer round by round. Each round is the same stretch of film for all three, and each
//! decodes a picture and goes on with it at once, as cameras do: what another one did in between would have emptied the caches.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use simpang::agent::look;
use simpang::base::time::thread_cpu;
use simpang::config::settings::{CameraSettings, Settings};
use simpang::detect::{Inference, OnnxDetector, Pool};
use simpang::pipeline::{Pipeline, Totals};
use simpang::rules::RuleSet;
use simpang::source::file::FileFrames;

use super::bare::{BareDecoder, Tape, Taped, bare_run, copy_of_the_model};
use super::machine::{median, millis};
use super::peer::Peer;
use super::stage::{self, Stage};
use super::table::Table;

const ROUNDS: usize = 15;
const FRAMES: usize = 53;
const SHORT: &str = "the film is shorter than the measurement";

/// Adds the lines of this section.
pub(crate) fn measure(table: &mut Table) -> Result<()> {
    against_the_peer(table)?;
    let rounds: Vec<Round> = Contest::new(1)?.rounds(ROUNDS, FRAMES / 2, |_| Ok(()))?;
    overhead(table, "one closer look", &rounds);
    Ok(())
}

fn against_the_peer(table: &mut Table) -> Result<()> {
    let mut peer = Peer::on_film()?;
    let mut answers = Vec::new();
    let rounds = Contest::new(0)?.rounds(ROUNDS, FRAMES, |frames| {
        answers.push(peer.run(frames)?);
        Ok(())
    })?;
    overhead(table, "whole picture only", &rounds);
    // The first round warms both up.
    let pairs = || rounds.iter().zip(&answers).skip(1);
    let theirs = |stages: &[&str]| median(answers.iter().skip(1).map(|a| stages.iter().map(|s| a.ms(s)).sum()).collect());
    let ratio = |of: &dyn Fn(&Round, &super::peer::Answer) -> f64| median(pairs().map(|(ours, theirs)| of(ours, theirs)).collect());
    let detail = |ours: f64, theirs: f64| format!("{ours:.3} against {theirs:.3} ms a frame");

    let rest = ["preprocess", "postprocess", "track"];
    table.at_most(
        "neither decoding nor the model, against the Python peer (its conversion to RGB left out, ours is in)",
        (ratio(&|ours, theirs| ours.rest() / rest.iter().map(|stage| theirs.ms(stage)).sum::<f64>()), 0.1),
        "×",
        &detail(median(rounds.iter().skip(1).map(Round::rest).collect()), theirs(&rest)),
    );
    table.state("the peer's conversion to RGB", &format!("{:.3} ms a frame", theirs(&["convert"])));
    let decode = median(rounds.iter().skip(1).map(|round| round.decode).collect());
    // What a Python program must call to get its frame. Its conversion to RGB is counted here, so it is not counted above.
    table.at_most(
        "decoding, against the Python peer's `capture.read` (file to frame; its conversion to RGB is in)",
        (ratio(&|ours, theirs| ours.decode / (theirs.ms("decode") + theirs.ms("convert"))), 1.0),
        "×",
        &detail(decode, theirs(&["decode", "convert"])),
    );
    // Like for like, and no bar: it compares the system's libavcodec with the newer one inside the peer's package.
    let without_conversion = ratio(&|ours, theirs| ours.decode / theirs.ms("decode"));
    table.state(
        "the same against its `capture.grab`, which does not convert",
        &format!("{without_conversion:.3} ×; {}", detail(decode, theirs(&["decode"]))),
    );
    let model = detail(median(rounds.iter().skip(1).map(|round| round.inference).collect()), theirs(&["inference"]));
    table.state("the model, ours and the peer's", &model);
    Ok(())
}

fn overhead(table: &mut Table, what: &str, rounds: &[Round]) {
    let of = |part: fn(&Round) -> f64| median(rounds.iter().skip(1).map(part).collect());
    let stages = format!(
        "{:.3} ms a frame (tensors {:.3}, boxes {:.3}, tracks {:.3}, rules {:.3}, decoding over bare {:.3})",
        of(Round::over_bare),
        of(|round| round.preprocess),
        of(|round| round.postprocess),
        of(|round| round.track),
        of(|round| round.rules),
        of(|round| round.decode - round.bare_decode),
    );
    let share = of(|round| 100.0 * round.over_bare() / round.floor());
    table.at_most(&format!("neither decoding nor the model, over bare decode + bare run, {what}"), (share, 2.0), "%", &stages);
    let difference = of(|round| 100.0 * (round.decode + round.step - round.floor()) / round.floor());
    // Stricter: also what our work costs the runtime's call, whose caches it empties.
    table.at_most(
        &format!("the whole pipeline's CPU time beyond bare decode + bare run, {what}"),
        (difference, 2.0),
        "%",
        &format!(
            "bare decode {:.3}, bare run {:.3}, run in the pipeline {:.3} ms a frame",
            of(|round| round.bare_decode),
            of(|round| round.bare_run),
            of(|round| round.inference),
        ),
    );
}

/// CPU milliseconds a frame.
#[derive(Default)]
struct Round {
    decode: f64,
    step: f64,
    preprocess: f64,
    inference: f64,
    postprocess: f64,
    track: f64,
    rules: f64,
    bare_decode: f64,
    bare_run: f64,
}

impl Round {
    /// Of a step, what is not the runtime's call.
    fn rest(&self) -> f64 {
        self.step - self.inference
    }

    /// Everything that we add.
    fn over_bare(&self) -> f64 {
        self.decode - self.bare_decode + self.rest()
    }

    fn floor(&self) -> f64 {
        self.bare_decode + self.bare_run
    }
}

/// The agent's pipeline and the floor on the same film.
struct Contest {
    frames: FileFrames,
    pipeline: Pipeline,
    bare_film: BareDecoder,
    /// Film and pipeline once more, uncounted: write down the tensors.
    scribe_frames: FileFrames,
    scribe: Pipeline,
    tape: Arc<Mutex<Tape>>,
    bare_model: Box<dyn Inference>,
}

impl Contest {
    fn new(crops: usize) -> Result<Self> {
        let settings = Stage::new(1, crops)?.settings()?;
        let camera = settings.cameras.first().context("the stage has a camera")?;
        let pool = Pool::open(&settings.detector)?;
        let (model, copy) = copy_of_the_model(&settings.detector)?;
        let (taped, tape) = Taped::new(copy);
        tape.lock().expect("not yet shared").keeps_tensors = true;
        let scribe = Pool::with_copies(model.contract().clone(), vec![Box::new(taped)])?;
        Ok(Self {
            frames: stage::frames()?,
            pipeline: pipeline(&settings, camera, &pool)?,
            bare_film: BareDecoder::open()?,
            scribe_frames: stage::frames()?,
            scribe: pipeline(&settings, camera, &scribe)?,
            tape,
            bare_model: copy_of_the_model(&settings.detector)?.1,
        })
    }

    fn rounds(mut self, rounds: usize, frames: usize, mut between: impl FnMut(usize) -> Result<()>) -> Result<Vec<Round>> {
        (0..rounds)
            .map(|_| {
                let round = self.round(frames)?;
                between(frames)?;
                Ok(round)
            })
            .collect()
    }

    fn round(&mut self, frames: usize) -> Result<Round> {
        let (mut round, before) = (Round::default(), self.pipeline.totals());
        for number in 0..frames {
            self.write_tensors()?;
            // Who goes first finds the caches as the other left them: they take turns.
            if number % 2 == 0 {
                self.ours(&mut round)?;
                self.floor(&mut round)?;
            } else {
                self.floor(&mut round)?;
                self.ours(&mut round)?;
            }
        }
        let after = self.pipeline.totals();
        ensure!(after.inferences == self.scribe.totals().inferences, "the floor ran the model on other tensors than the pipeline");
        let of = |part: fn(&Totals) -> Duration| millis(part(&after).saturating_sub(part(&before)));
        round.preprocess = of(|totals| totals.preprocess);
        round.inference = of(|totals| totals.inference);
        round.postprocess = of(|totals| totals.postprocess);
        round.track = of(|totals| totals.track);
        round.rules = of(|totals| totals.rules);
        Ok(round.per_frame(frames as f64))
    }

    fn ours(&mut self, round: &mut Round) -> Result<()> {
        let before = thread_cpu();
        let frame = self.frames.next();
        round.decode += millis(thread_cpu().saturating_sub(before));
        let frame = frame.context(SHORT)??;
        let before = thread_cpu();
        self.pipeline.step(&frame)?;
        round.step += millis(thread_cpu().saturating_sub(before));
        Ok(())
    }

    fn floor(&mut self, round: &mut Round) -> Result<()> {
        let before = thread_cpu();
        let is_there = self.bare_film.next()?;
        round.bare_decode += millis(thread_cpu().saturating_sub(before));
        ensure!(is_there, SHORT);
        for tensor in &self.tape.lock().expect("no holder panics").tensors {
            round.bare_run += millis(bare_run(self.bare_model.as_mut(), tensor)?);
        }
        Ok(())
    }

    fn write_tensors(&mut self) -> Result<()> {
        self.tape.lock().expect("no holder panics").tensors.clear();
        let frame = self.scribe_frames.next().context(SHORT)??;
        self.scribe.step(&frame)?;
        Ok(())
    }
}

impl Round {
    fn per_frame(self, frames: f64) -> Self {
        Self {
            decode: self.decode / frames,
            step: self.step / frames,
            preprocess: self.preprocess / frames,
            inference: self.inference / frames,
            postprocess: self.postprocess / frames,
            track: self.track / frames,
            rules: self.rules / frames,
            bare_decode: self.bare_decode / frames,
            bare_run: self.bare_run / frames,
        }
    }
}

/// The agent's pipeline of a camera, with this pool.
pub(crate) fn pipeline(settings: &Settings, camera: &CameraSettings, pool: &Arc<Pool>) -> Result<Pipeline> {
    let rules = RuleSet::build(camera, &settings.site.source())?;
    let (_, track) = look(camera, Some(pool));
    Ok(Pipeline::new(Box::new(OnnxDetector::new(Arc::clone(pool), &camera.detect)), &track, rules))
}
