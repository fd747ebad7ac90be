//! Tries what a configuration names, as the agent would: the model, each camera, the broker. Used by `doctor` and `check --probe`.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::base::class::Class;
use crate::base::elf::Machine;
use crate::base::geom::FrameSize;
use crate::base::time::{Clock, SystemClock, WallTime};
use crate::config::settings::{CameraDetectSettings, CameraSettings, DetectorSettings, MqttSettings, SourceSettings};
use crate::detect::{DetectError, Detector as _, OnnxDetector, Pool, check_processor};
use crate::outbox::{Cause, greet};
use crate::source::fault::{Fault, SourceError};
use crate::source::feed::CameraFeed;
use crate::source::feed_status::FeedState;
use crate::source::simulated::SimulatedFrames;

/// A camera must show its first picture within this time.
pub const CAMERA_PATIENCE: Duration = Duration::from_secs(15);

/// A model that works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelRun {
    /// Its name.
    pub name: String,
    /// CPU time of one run.
    pub took: Duration,
}

/// A picture of a camera.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FirstPicture {
    /// Its size.
    pub size: FrameSize,
    /// How it was compressed; empty for the drawn scene.
    pub codec: String,
}

/// Why a camera showed none.
#[derive(Debug, thiserror::Error)]
pub enum NoPicture {
    /// It, or the network, said why.
    #[error("{}; {}", .0, .0.hint())]
    Fault(Fault),
    /// It did not.
    #[error("no picture within {} s; look at it alone with simpang probe", CAMERA_PATIENCE.as_secs())]
    Silent,
    /// There is nothing to try.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The system refuses what is needed to try.
    #[error("nothing can be tried; check the limits of processes and open files (`ulimit -a`)")]
    Runtime(#[source] std::io::Error),
}

/// For which processor program and runtime library are; of the program alone where no model is needed.
///
/// # Errors
/// When they are for different ones.
pub fn processor(settings: &DetectorSettings) -> Result<Machine, DetectError> {
    if settings.model.is_some() {
        check_processor(&settings.runtime_library)?;
    }
    Ok(Machine::of_this_program())
}

/// Opens the model and runs it once on a drawn picture; `None` when no model is needed.
///
/// # Errors
/// Everything that can be wrong with the model and its runtime.
pub fn model(settings: &DetectorSettings) -> Result<Option<ModelRun>, DetectError> {
    if settings.model.is_none() {
        return Ok(None);
    }
    // One copy: the agent may be running beside this, and a box has little memory.
    let pool = Pool::open(&DetectorSettings { sessions: 1, ..settings.clone() })?;
    let name = pool.model().name.clone();
    let mut detector = OnnxDetector::new(pool, &CameraDetectSettings { crops: 0, min_score: None, classes: Class::ALL.to_vec() });
    let mut took = Duration::ZERO;
    for picture in SimulatedFrames::new(1, WallTime::from_micros(0)).take(1) {
        took = detector.detect(&picture, &[], &mut Vec::new())?.inference;
    }
    Ok(Some(ModelRun { name, took }))
}

/// The first picture of each camera, in their order; all are tried at the same time.
pub fn first_pictures(cameras: &[CameraSettings]) -> Vec<Result<FirstPicture, NoPicture>> {
    thread::scope(|scope| {
        let tries: Vec<_> = cameras.iter().map(|camera| scope.spawn(move || first_picture(camera))).collect();
        tries.into_iter().map(|tried| tried.join().unwrap_or(Err(NoPicture::Silent))).collect()
    })
}

fn first_picture(camera: &CameraSettings) -> Result<FirstPicture, NoPicture> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(NoPicture::Runtime)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (feed, frames) = CameraFeed::start(camera, clock, runtime.handle())?;
    let frame = frames.recv_timeout(CAMERA_PATIENCE);
    let status = feed.status();
    feed.stop();
    match (frame, status.state) {
        (Ok(frame), _) => Ok(FirstPicture { size: frame.size(), codec: status.codec.unwrap_or_default() }),
        (Err(_), FeedState::Reconnecting { fault, .. }) => Err(NoPicture::Fault(fault)),
        (Err(_), _) => Err(NoPicture::Silent),
    }
}

/// Whether `camera` shows a drawn scene.
pub fn is_drawn(camera: &CameraSettings) -> bool {
    matches!(camera.source, SourceSettings::Simulated { .. })
}

/// Says hello to the broker and goodbye.
///
/// # Errors
/// Why it does not let this box in.
pub fn broker(settings: &MqttSettings) -> Result<(), Cause> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|_| Cause::Broken)?;
    runtime.block_on(greet(settings))
}
