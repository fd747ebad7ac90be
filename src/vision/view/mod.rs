//! Whether a camera still shows the view that was configured: zones and lines mean nothing in another one.
//!
//! Once a second a frame's luma is reduced to 320 x 180 and 160 x 90. Edges are compared with those of home block by block; the blocks that match say
//! how far the picture strays (shift, zoom, rotation), the others whether it shows something else or nothing. See [`CameraView`].

mod field;
mod fit;
mod home;
mod marks;
mod picture;
mod shift;
mod slopes;
mod stillness;
mod watch;

use std::time::Duration;

pub use fit::Transform;
pub use home::HomeMemory;
pub use marks::MarkFigures;
pub use watch::{Trouble, ViewState};

use super::VisionError;
use crate::base::rate_limit::RateLimit;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::ViewSettings;
use crate::decode::Frame;
use field::{BLOCKS, EdgeField, Vote, Votes};
use home::{Home, Likeness};
use marks::Marks;
use picture::{Figures, Picture};
use shift::Correlator;
use slopes::Slopes;
use stillness::Stillness;
use watch::{Impression, Watch};

/// How often a picture is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Frames do not come at exact seconds: one this much early will do.
const EARLY: Duration = Duration::from_millis(60);
/// Share of the newest picture in the mean of the last ones: traffic and noise fade, what stays remains.
const NEWEST: f32 = 0.5;
/// Fewer places with edges than this are no view.
const FEWEST: usize = 10;
/// A scene that was lit within this time, by a lamp or by one that passed, is dark by night; the camera is not to blame.
const NIGHT: Duration = Duration::from_secs(60);
/// From this share of matching blocks on it is home, below the other it is not; between them nobody can tell.
const AGREE: f32 = 0.35;
const DISAGREE: f32 = 0.25;
/// From this share on, a part of home is still there.
const PARTLY: f32 = 0.12;
/// From this share of blocks without edges on, something took them away.
const BLANK: f32 = 0.6;
/// A peak this many standard deviations high is no accident.
const CLEAR_PEAK: f32 = 7.0;
/// Correlation of brightness at which a picture without edges is still the same one.
const SAME_LIGHT: f32 = 0.7;

/// Watches over one camera's view. Owned by the camera's pipeline.
pub struct CameraView {
    settings: ViewSettings,
    picture: Picture,
    slopes: Slopes,
    newest: EdgeField,
    recent: EdgeField,
    votes: Box<Votes>,
    correlator: Correlator,
    marks: Marks,
    /// What the marks say of the latest look, where it was asked.
    by_marks: Option<Impression>,
    home: Option<Home>,
    /// A view that may become home: the first one, or one that lasts where the settings allow it.
    candidate: Option<(Home, Stamp)>,
    watch: Watch,
    stillness: Stillness,
    looked: Option<(u32, MediaTime)>,
    /// Time since something was bright; `None` while nothing ever was.
    unlit: Option<Duration>,
    figures: Figures,
    likeness: Likeness,
    peak: Option<f32>,
    trouble: RateLimit,
}

/// What the latest look measured, for people who tune.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LookFigures {
    /// Share of home's edges that match, 0..=1.
    pub agree: f32,
    /// Share of home's edges where there are none now, 0..=1.
    pub blank: f32,
    /// Sharpness in proportion to home's.
    pub sharpness: f32,
    /// Brightness of the brighter parts, 0..=1.
    pub highlights: f32,
    /// Mean distance from home as share of the picture's width, when it can be told.
    pub stray: Option<f32>,
    /// Change from the look before in levels of luma: of the block that a quarter stays below, of the middle block and of the most changed one.
    pub change: [f32; 3],
    /// Height of the correlation's peak, when it was asked.
    pub peak: Option<f32>,
}

impl CameraView {
    /// Knows no home yet.
    pub fn new(settings: ViewSettings) -> Self {
        Self {
            picture: Picture::new(),
            slopes: Slopes::new(),
            newest: EdgeField::new(),
            recent: EdgeField::new(),
            votes: Box::new([[Vote::Nothing; BLOCKS]; 2]),
            correlator: Correlator::default(),
            marks: Marks::new(),
            by_marks: None,
            home: None,
            candidate: None,
            watch: Watch::new(&settings),
            stillness: Stillness::default(),
            looked: None,
            unlit: None,
            figures: Figures::default(),
            likeness: Likeness::default(),
            peak: None,
            trouble: RateLimit::new(Duration::from_secs(60)),
            settings,
        }
    }

    /// Home as it is now, for the next run of the program; `None` while it is not known.
    pub fn memory(&self) -> Option<HomeMemory> {
        self.home.as_ref().map(Home::memory)
    }

    /// Goes on with the home of an earlier run, before the first frame: a camera that was turned meanwhile is noticed. Another size of the reduced
    /// picture is no home.
    pub fn recall(&mut self, memory: &HomeMemory) {
        self.home = Home::recalled(memory);
        if let Some(home) = &self.home {
            // The mean of the last pictures begins with home, not with nothing: the first look must not see a blank.
            self.recent = home.edges.clone();
        }
    }

    /// What the looks so far say.
    pub fn state(&self) -> ViewState {
        self.watch.state()
    }

    /// Takes a frame; looks at it when a look is due.
    pub fn observe(&mut self, frame: &Frame) -> ViewState {
        let (session, at) = (frame.session(), frame.stamp());
        match self.looked {
            Some((known, last)) if known == session && at.media >= last && at.media.since(last) + EARLY < LOOK_EVERY => {
                return self.watch.state();
            }
            Some((known, last)) if known == session && at.media >= last => {}
            _ => self.begin_session(),
        }
        let since = self.looked.replace((session, at.media)).map_or(Duration::ZERO, |(_, last)| at.media.since(last));
        match self.look(frame, since) {
            Ok(state) => state,
            Err(error) => {
                // The picture's size is to blame, so it will be so next time: nothing can be said about such a view.
                if let Some(held_back) = self.trouble.pass(Duration::from_micros(at.media.as_micros().unsigned_abs())) {
                    tracing::warn!(%error, held_back, "the view could not be looked at");
                }
                self.watch.state()
            }
        }
    }

    /// Whether the latest look was at this frame.
    pub fn has_looked_at(&self, frame: &Frame) -> bool {
        self.looked == Some((frame.session(), frame.stamp().media))
    }

    /// What the latest look measured, once home is known.
    pub fn figures(&self) -> Option<LookFigures> {
        let home = self.home.as_ref()?;
        let change = self.figures.change;
        Some(LookFigures {
            agree: self.likeness.agree.unwrap_or_default(),
            blank: self.likeness.blank,
            sharpness: self.figures.sharpness / home.sharpness.max(1e-6),
            highlights: self.figures.highlights,
            stray: self.likeness.fit.map(|fit| fit.plus(home.drift).stray(self.figures.stretch)),
            change: [change.quarter, change.middle, change.most],
            peak: self.peak,
        })
    }

    /// What the latest look found of the marks that a dark picture is held by, once they are known.
    pub fn marks(&self) -> Option<MarkFigures> {
        self.marks.figures()
    }

    fn begin_session(&mut self) {
        self.watch.restart();
        self.stillness.restart();
        self.looked = None;
    }

    fn look(&mut self, frame: &Frame, since: Duration) -> Result<ViewState, VisionError> {
        let is_first = self.looked_never();
        self.figures = self.picture.take(frame)?;
        self.marks.take(self.picture.fine(), self.picture.black())?;
        self.slopes.measure(self.picture.luma());
        self.newest.measure(&self.slopes);
        self.newest.prepare();
        self.unlit = if self.is_dark() { self.unlit.map(|unlit| unlit + since) } else { Some(Duration::ZERO) };
        self.recent.blend(&self.newest, if is_first { 1.0 } else { NEWEST });
        let now = frame.stamp();
        let is_frozen = self.stillness.is_frozen(&self.figures, since, self.settings.frozen_after);
        let impression = self.impression()?;
        // A black or covered picture that is repeated is black or covered.
        if is_frozen && !matches!(impression, Impression::Wrong(Trouble::Dark | Trouble::Obstructed)) {
            return Ok(self.watch.lose(now, Trouble::Frozen));
        }
        let state = self.watch.observe(now, impression);
        self.learn(now, impression, state);
        Ok(self.watch.state())
    }

    fn looked_never(&self) -> bool {
        self.home.is_none() && self.candidate.is_none()
    }

    fn is_dark(&self) -> bool {
        self.figures.highlights < self.settings.dark
    }

    /// Edges decide where they can say where home is; marks where there are too few edges, or of one direction only.
    fn impression(&mut self) -> Result<Impression, VisionError> {
        let by_edges = self.by_edges()?;
        self.by_marks = None;
        if self.home.is_some() && (self.likeness.fit.is_some() || matches!(by_edges, Impression::Wrong(_))) {
            return Ok(by_edges);
        }
        let by_marks = self.marks.judge(self.picture.luma(), self.figures.stretch, &self.settings)?;
        let has_moved = matches!(self.watch.state(), ViewState::Lost { trouble: Trouble::Moved(_), .. });
        // Who was turned away may look where nothing is lit.
        self.by_marks = by_marks.map(|said| if has_moved && said == Impression::Wrong(Trouble::Dark) { Impression::Unsure } else { said });
        Ok(self.by_marks.unwrap_or(by_edges))
    }

    fn by_edges(&mut self) -> Result<Impression, VisionError> {
        self.peak = None;
        self.likeness = Likeness::default();
        let Some(home) = &self.home else { return Ok(self.alone()) };
        home.edges.compare(&self.recent, &mut self.votes);
        self.likeness = Likeness::of(&self.votes, self.figures.stretch);
        if self.likeness.textured < FEWEST {
            // What looked like edges did not last: noise that the codec repeated, or something that passed. There never was a view to hold.
            self.home = None;
            return Ok(self.alone());
        }
        if self.likeness.blank >= BLANK {
            let trouble = match () {
                () if self.is_dark() => Trouble::Dark,
                () if correlation(&home.luma, self.picture.luma()) >= SAME_LIGHT => Trouble::Blurred,
                () => Trouble::Obstructed,
            };
            return Ok(Impression::Wrong(trouble));
        }
        match self.likeness.agree {
            None => Ok(Impression::Unsure),
            Some(agree) if agree < DISAGREE => self.elsewhere(),
            Some(agree) => Ok(self.in_place(home, agree)),
        }
    }

    /// Without a home, only that there is nothing to see can be told.
    fn alone(&self) -> Impression {
        match (self.is_dark(), self.unlit) {
            (false, _) => Impression::Home,
            (true, Some(unlit)) if unlit < NIGHT => Impression::Unsure,
            (true, _) => Impression::Wrong(Trouble::Dark),
        }
    }

    /// Enough of home matches: does it lie where it should, and is it as sharp?
    fn in_place(&self, home: &Home, agree: f32) -> Impression {
        let fit = self.likeness.fit.map(|fit| fit.plus(home.drift));
        if let Some(fit) = fit.filter(|fit| fit.stray(self.figures.stretch) > self.settings.tolerance) {
            return Impression::Wrong(Trouble::Moved(Some(fit.transform())));
        }
        if self.figures.sharpness < self.settings.sharpness * home.sharpness {
            return Impression::Wrong(Trouble::Blurred);
        }
        if agree >= AGREE { Impression::Home } else { Impression::Unsure }
    }

    /// Home does not match where it should be: where is it?
    fn elsewhere(&mut self) -> Result<Impression, VisionError> {
        let Some(home) = &self.home else { return Ok(Impression::Unsure) };
        let peak = self.correlator.peak(|index| home.edges.at(index), |index| self.newest.at(index))?;
        self.peak = Some(peak.height);
        let shift = (peak.shift.0 / field::WIDTH as f32, peak.shift.1 * self.figures.stretch / field::WIDTH as f32);
        let is_far = shift.0.hypot(shift.1) > self.settings.tolerance;
        let transform = Transform { shift_x: shift.0, shift_y: shift.1, zoom: 1.0, rotation_deg: 0.0 };
        Ok(match peak.height >= CLEAR_PEAK {
            true if is_far => Impression::Wrong(Trouble::Moved(Some(transform))),
            // What is left of it is in its place, and most is something else. Words that the camera writes are less than that.
            true if self.likeness.agree.is_some_and(|agree| agree >= PARTLY) => Impression::Wrong(Trouble::Obstructed),
            true | false => Impression::Wrong(Trouble::Moved(None)),
        })
    }

    /// Home follows the light while the view holds; without home, or where a new view may be accepted, the present one is a candidate.
    fn learn(&mut self, now: Stamp, impression: Impression, state: ViewState) {
        let (holds, is_wrong) = (state == ViewState::Holds, matches!(impression, Impression::Wrong(_)));
        if holds && (impression == Impression::Home || !is_wrong && !self.marks.are_known()) {
            self.marks.learn(self.picture.luma());
        }
        if let (Some(home), Impression::Home, ViewState::Holds) = (&mut self.home, impression, state) {
            // What shows nothing teaches nothing: dusk must not wear home away.
            if self.newest.textured() >= FEWEST {
                let shift = self.likeness.fit.map_or((0.0, 0.0), fit::Similarity::shift);
                home.learn(&self.newest, self.picture.luma(), &self.figures, shift);
            }
            self.candidate = None;
            return;
        }
        let may_replace = self.settings.accept_after.filter(|_| matches!(state, ViewState::Lost { trouble: Trouble::Moved(_), .. }));
        // While its marks say that the view is another one, no other one becomes home unasked; when day comes after a night that went black, it does.
        let may_begin = self.home.is_none()
            && (self.by_marks.is_none_or(|by_marks| by_marks == Impression::Home)
                || matches!(state, ViewState::Lost { trouble: Trouble::Dark, .. }));
        if may_begin || may_replace.is_some() {
            self.try_candidate(now, may_replace);
        }
    }

    fn try_candidate(&mut self, now: Stamp, accept_after: Option<Duration>) {
        let luma = self.picture.luma();
        let Some((candidate, since)) = &mut self.candidate else {
            self.candidate = Some((Home::of(&self.newest, luma, &self.figures), now));
            return;
        };
        candidate.edges.compare(&self.newest, &mut self.votes);
        let likeness = Likeness::of(&self.votes, self.figures.stretch);
        let strays = likeness.fit.is_some_and(|fit| fit.stray(self.figures.stretch) > self.settings.tolerance);
        if likeness.textured < FEWEST || likeness.agree.is_none_or(|agree| agree < AGREE) || strays || now.media < since.media {
            candidate.restart(&self.newest, luma, &self.figures);
            *since = now;
            return;
        }
        candidate.learn(&self.newest, luma, &self.figures, (0.0, 0.0));
        let lasted = now.media.since(since.media);
        if candidate.is_steady() && accept_after.is_none_or(|needed| lasted >= needed) {
            self.home = self.candidate.take().map(|(home, _)| home);
            self.watch = Watch::new(&self.settings);
            if self.by_marks.is_none_or(|by_marks| by_marks != Impression::Home) {
                self.marks.restart();
            }
        }
    }
}

/// Pearson's correlation; zero when one of them is flat.
fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        (both, of_a, of_b) = (both + a * b, of_a + a * a, of_b + b * b);
    }
    let scale = (of_a * of_b).sqrt();
    if scale > 1.0 { both / scale } else { 0.0 }
}

#[cfg(test)]
mod tests;
