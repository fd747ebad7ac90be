//! What a camera's picture shows that its place does not show usually: moving things, and things that came and stay.
//!
//! Twice a second the luma of a frame is reduced to 320 pixels across or a little less, and compared with a background of two layers a pixel: what was
//! seen there longest, and what hides that now. The light of each part of the picture is taken out before (median of the ratios, so that clouds and exposure
//! are no change), noise and trembling are measured or allowed for. See [`Background`].

mod layers;
mod light;
mod reduced;
mod regions;

use std::time::Duration;

use crate::base::foreground::Foreground;
use crate::base::geom::FrameSize;
use crate::base::time::MediaTime;
use crate::decode::Frame;
use layers::Layers;
use light::Light;
use reduced::Reduced;
use regions::Finder;

/// How often a picture is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Frames do not come at exact times: one this much early will do.
const EARLY: Duration = Duration::from_millis(60);
/// A look stands for no more than this: what happened in a longer interruption nobody saw.
const LONGEST: Duration = Duration::from_secs(1);
/// Nothing is said before the background was watched for this long.
const LEARNS_FOR: Duration = Duration::from_secs(30);
/// When more of the picture than this is new at once, the light or the camera changed, not the street ...
const UPSET: f32 = 0.5;
/// ... and what lasts this long is the new look of the place.
const UPSET_FOR: Duration = Duration::from_secs(20);
/// Side of a cell in reduced pixels.
const CELL: usize = 4;

/// The background of one camera's view. Owned by the camera's pipeline; allocates with the first look at a size of picture, and then no more.
#[derive(Debug, Default)]
pub struct Background {
    reduced: Reduced,
    light: Light,
    layers: Layers,
    finder: Finder,
    looked: Option<Looked>,
    watched: Duration,
    upset: Duration,
    foreground: Foreground,
}

/// The picture of the latest look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Looked {
    session: u32,
    at: MediaTime,
    size: FrameSize,
}

impl Background {
    /// Knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything: another view, or nobody knows what happened meanwhile.
    pub fn restart(&mut self) {
        self.looked = None;
    }

    /// Takes a frame; looks at it when a look is due.
    pub fn observe(&mut self, frame: &Frame) {
        let now = Looked { session: frame.session(), at: frame.stamp().media, size: frame.size() };
        let since = match self.looked {
            Some(last) if (last.session, last.size) == (now.session, now.size) && now.at >= last.at => now.at.since(last.at),
            _ => {
                self.begin(frame);
                self.looked = Some(now);
                return;
            }
        };
        if since + EARLY >= LOOK_EVERY {
            self.looked = Some(now);
            self.look(frame, since.min(LONGEST));
        }
    }

    /// What the latest look showed; `None` while the background is not known, or when everything changed at once.
    pub fn foreground(&self) -> Option<&Foreground> {
        let is_known = self.looked.is_some() && self.watched >= LEARNS_FOR && self.upset.is_zero();
        is_known.then_some(&self.foreground)
    }

    fn begin(&mut self, frame: &Frame) {
        self.reduced.take(&frame.planes());
        let (width, height) = (self.reduced.width(), self.reduced.height());
        self.layers.begin(self.reduced.luma(), width);
        self.light.begin(width, height);
        self.finder.begin(width * height);
        let cell = [CELL as f32 / width.max(1) as f32, CELL as f32 / height.max(1) as f32];
        self.foreground = Foreground::new(width / CELL, height / CELL, cell);
        // Room for all that may ever be found.
        self.foreground.regions_mut().reserve(regions::MOST);
        (self.watched, self.upset) = (Duration::ZERO, Duration::ZERO);
    }

    fn look(&mut self, frame: &Frame, since: Duration) {
        self.reduced.take(&frame.planes());
        let (luma, secs) = (self.reduced.luma(), since.as_secs_f32());
        self.light.measure(luma, &self.layers);
        let changed = self.layers.compare(luma, &self.light);
        if self.watched >= LEARNS_FOR && changed > UPSET {
            self.upset += since;
            if self.upset >= UPSET_FOR {
                self.begin(frame);
            }
            return;
        }
        self.upset = Duration::ZERO;
        self.watched += since;
        self.layers.learn(luma, &self.light, secs);
        self.foreground.begin(frame.stamp().media);
        self.layers.count(CELL, self.foreground.cells_mut());
        if self.watched >= LEARNS_FOR {
            self.finder.find(&mut self.layers, frame.size(), self.foreground.regions_mut());
        }
    }
}

#[cfg(test)]
mod tests;
