//! One way of running the model, with the box kept busy.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use anyhow::{Result, anyhow};

use super::clip::Clip;
use crate::agent::look;
use crate::base::time::{Clock, SystemClock, thread_cpu};
use crate::config::settings::{CameraSettings, DetectorSettings};
use crate::decode::Frame;
use crate::detect::Pool;
use crate::pipeline::{Pipeline, Totals};
use crate::rules::RuleSet;
use crate::source::gate::FrameGate;
use crate::vision::view::CameraView;

/// Memory is touched, the runtime has chosen its ways, processors have their speed.
const WARM_UP: Duration = Duration::from_secs(1);

/// How the model is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Way {
    /// Threads inside an inference.
    pub(super) threads: usize,
    /// Inferences at the same time.
    pub(super) sessions: usize,
}

impl Way {
    /// As many inferences at the same time as the processors can do.
    pub(super) fn with_threads(threads: usize, processors: usize) -> Self {
        Self { threads, sessions: (processors / threads).max(1) }
    }
}

/// What one way achieves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    way: Way,
    /// Frames a second of each camera that are analysed.
    pub(super) rate: f32,
    /// How many cameras keep the box busy all the time.
    pub(super) cameras: f64,
    /// One inference, in milliseconds of the processor that asked for it.
    pub(super) inference_ms: f64,
    /// Decoding one picture, in milliseconds of a processor.
    pub(super) decode_ms: f64,
    /// Everything else of an analysed frame, in milliseconds of a processor.
    pub(super) rest_ms: f64,
}

impl Load {
    pub(super) fn way(&self) -> Way {
        self.way
    }

    /// Whole cameras when the head-room stays free.
    pub(super) fn carried(&self) -> u32 {
        (self.cameras * (1.0 - super::HEAD_ROOM)).floor() as u32
    }
}

/// Runs cameras like `camera` as fast as the box can for `how_long`, all on the film `clip`.
///
/// # Errors
/// A model or a film that cannot be opened, a rule that cannot be built.
pub(super) fn measure(
    site: &str,
    detector: &DetectorSettings,
    camera: &CameraSettings,
    clip: &Clip,
    (way, how_long): (Way, Duration),
) -> Result<Load> {
    let pool = Pool::open(detector)?;
    // More cameras than processors: when one waits for the model, another decodes, as on a box that is full.
    let cameras = 2 * std::thread::available_parallelism().map_or(1, usize::from);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let workers: Vec<Worker> = (0..cameras).map(|_| Worker::new(site, camera, &pool, &clock, how_long)).collect::<Result<_>>()?;
    let start = Barrier::new(cameras);
    let done: Vec<Result<Done>> = std::thread::scope(|scope| {
        let work = |worker: Worker| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                worker.run(clip)
            })
        };
        let threads: Vec<_> = workers.into_iter().map(work).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow!("a measuring thread panicked")))).collect()
    });
    let done = done.into_iter().collect::<Result<Vec<Done>>>()?;
    Ok(summed_up(&done, way, camera.analyse_fps, clip.frame_rate()))
}

fn summed_up(done: &[Done], way: Way, rate: f32, frame_rate: f64) -> Load {
    let sum = |of: fn(&Done) -> f64| done.iter().map(of).sum::<f64>();
    let (frames, analysed) = (sum(|done| done.frames as f64), sum(|done| done.totals.analysed as f64));
    let per = |secs: f64, count: f64| secs * 1e3 / count.max(1.0);
    Load {
        way,
        rate,
        cameras: done.iter().map(|done| done.frames as f64 / frame_rate / done.length.as_secs_f64().max(1e-3)).sum(),
        inference_ms: per(sum(|done| done.totals.inference.as_secs_f64()), sum(|done| done.totals.inferences as f64)),
        decode_ms: per(sum(|done| done.decode.as_secs_f64()), frames),
        rest_ms: per(sum(|done| rest(&done.totals).as_secs_f64()), analysed),
    }
}

fn rest(totals: &Totals) -> Duration {
    totals.view + totals.preprocess + totals.postprocess + totals.track + totals.rules
}

/// What one camera's worker did after the warm-up.
#[derive(Default)]
struct Done {
    frames: u64,
    length: Duration,
    decode: Duration,
    totals: Totals,
}

/// One camera that is never late: the next frame is there when this one is done.
struct Worker {
    pipeline: Pipeline,
    gate: FrameGate,
    clock: Arc<dyn Clock>,
    how_long: Duration,
}

/// Where the measuring began.
struct Mark {
    at: Duration,
    before: Totals,
}

impl Worker {
    fn new(site: &str, camera: &CameraSettings, pool: &Arc<Pool>, clock: &Arc<dyn Clock>, how_long: Duration) -> Result<Self> {
        let (detector, track) = look(camera, Some(pool));
        let pipeline = Pipeline::new(detector, &track, RuleSet::build(camera, site)?).watching(camera.view.clone().map(CameraView::new));
        Ok(Self { pipeline, gate: FrameGate::at_most(camera.analyse_fps), clock: Arc::clone(clock), how_long })
    }

    fn run(mut self, clip: &Clip) -> Result<Done> {
        let began = self.clock.monotonic();
        let (mut done, mut mark, mut failed): (Done, Option<Mark>, _) = (Done::default(), None, None);
        let mut session = 0;
        while failed.is_none() && done.length < self.how_long {
            session += 1;
            let mut decoding_since = thread_cpu();
            clip.play(session, &mut |frame| {
                let decode = thread_cpu().saturating_sub(decoding_since);
                failed = self.analyse(&frame).err();
                let now = self.clock.monotonic();
                match &mark {
                    Some(mark) => {
                        done.frames += 1;
                        done.decode += decode;
                        done.length = now - mark.at;
                    }
                    None if now - began >= WARM_UP => mark = Some(Mark { at: now, before: self.pipeline.totals() }),
                    None => {}
                }
                decoding_since = thread_cpu();
                failed.is_none() && done.length < self.how_long
            })?;
        }
        done.totals = mark.map_or_else(Totals::default, |mark| since(&self.pipeline.totals(), &mark.before));
        failed.map_or(Ok(done), Err)
    }

    fn analyse(&mut self, frame: &Frame) -> Result<()> {
        if self.gate.passes(frame) {
            self.pipeline.step(frame)?;
        }
        Ok(())
    }
}

fn since(now: &Totals, before: &Totals) -> Totals {
    Totals {
        analysed: now.analysed - before.analysed,
        damaged: now.damaged - before.damaged,
        suspended: now.suspended - before.suspended,
        inferences: now.inferences - before.inferences,
        view: now.view - before.view,
        preprocess: now.preprocess - before.preprocess,
        inference: now.inference - before.inference,
        postprocess: now.postprocess - before.postprocess,
        track: now.track - before.track,
        rules: now.rules - before.rules,
    }
}
