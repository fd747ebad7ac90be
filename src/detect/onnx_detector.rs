//! The detector of one camera: the whole picture, and closer looks where they pay.

use std::sync::Arc;
use std::time::Duration;

use crate::base::class::Class;
use crate::base::geom::{Pixel, Rect};
use crate::base::time::thread_cpu;
use crate::config::settings::CameraDetectSettings;
use crate::decode::Frame;

use super::attention::Attention;
use super::detection::{Cost, Detection};
use super::heads::Candidate;
use super::letterbox::Letterbox;
use super::merge::Merge;
use super::pool::{ModelCopy, Pool};
use super::region::{Placement, Region};
use super::{DetectError, Detector, Turn};

/// Runs the pool's model on one camera's frames. Owns everything that is per camera, so that nothing is allocated per frame.
#[derive(Debug)]
pub struct OnnxDetector {
    pool: Arc<Pool>,
    keep: f32,
    classes: [bool; Class::ALL.len()],
    letterbox: Letterbox,
    attention: Attention,
    regions: Vec<Region>,
    candidates: Vec<Candidate>,
    merge: Merge,
}

impl OnnxDetector {
    /// For one camera.
    pub fn new(pool: Arc<Pool>, settings: &CameraDetectSettings) -> Self {
        let contract = pool.model();
        Self {
            keep: settings.min_score.unwrap_or(contract.scores.keep),
            classes: Class::ALL.map(|class| settings.classes.contains(&class)),
            letterbox: Letterbox::default(),
            attention: Attention::new(settings.crops, &contract.input),
            regions: Vec::with_capacity(settings.crops + 1),
            candidates: Vec::with_capacity(1024),
            merge: Merge::default(),
            pool,
        }
    }

    /// One run of the model on `region`: its boxes go to `merge`. `watch` stands where filling the tensor begins.
    fn look(&mut self, frame: &Frame, region: Region, copy: &mut ModelCopy, watch: &mut Watch) -> Result<(), DetectError> {
        let contract = self.pool.model();
        let planes = frame.planes();
        let placement = Placement::new(region, &contract.input);
        let inference = copy.inference.as_mut();
        self.letterbox.fill(&planes, &placement, &contract.input, inference.input(), &mut copy.padded_around);
        watch.lap(|cost| &mut cost.preprocess);

        let ran = inference.run();
        watch.lap(|cost| &mut cost.inference);
        watch.cost.inferences += 1;
        ran.map_err(|detail| DetectError::Run { model: contract.name.clone(), detail })?;

        self.candidates.clear();
        self.pool.head().read(inference, self.keep, &mut self.candidates);
        let classes = self.classes;
        self.candidates.retain(|candidate| classes[candidate.class.index()]);
        self.merge.add(&self.candidates, placement, planes.size);
        Ok(())
    }
}

impl Detector for OnnxDetector {
    fn turn(&self) -> Turn {
        Turn::with(self.pool.lease())
    }

    fn detect_in(&mut self, turn: Turn, frame: &Frame, focus: &[Rect<Pixel>], out: &mut Vec<Detection>) -> Result<Cost, DetectError> {
        out.clear();
        let mut watch = Watch::start();
        self.regions.clear();
        self.regions.push(Region::whole(frame.size()));
        self.regions.extend_from_slice(self.attention.choose(frame, focus));
        self.merge.clear();

        let mut lease = turn.lease().unwrap_or_else(|| self.pool.lease());
        for index in 0..self.regions.len() {
            if index > 0 {
                watch.lap(|cost| &mut cost.postprocess);
            }
            self.look(frame, self.regions[index], &mut lease, &mut watch)?;
        }
        drop(lease);

        self.merge.finish(&self.pool.model().nms, out);
        watch.lap(|cost| &mut cost.postprocess);
        Ok(watch.cost)
    }
}

/// CPU time of this thread by stage. Each lap asks the kernel, which takes longer than reading the outputs: as few as the stages need.
struct Watch {
    cost: Cost,
    last: Duration,
}

impl Watch {
    fn start() -> Self {
        Self { cost: Cost::default(), last: thread_cpu() }
    }

    /// Adds what was spent since the last lap to a stage.
    fn lap(&mut self, stage: fn(&mut Cost) -> &mut Duration) {
        let now = thread_cpu();
        *stage(&mut self.cost) += now.saturating_sub(self.last);
        self.last = now;
    }
}
