//! How much of a zone's picture people cover, and how many they must be: where they stand close, a detector loses heads, and what they cover grows on.
//!
//! How much one person covers is learned while they stand apart and each of them is found. People hide each other, so what is covered grows slower than
//! their number: as of things that lie at random (the Boolean model: Hall, Introduction to the Theory of Coverage Processes, 1988), a share φ of an area A is
//! covered by `−A / a · ln(1 − φ)` things of area a. That is `area / area a person` where few overlap, and more where many do. It is taken row by row of the
//! picture: at the far edge of a zone there are heads, at the near one only feet.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::foreground::Foreground;
use crate::base::geom::{FrameSize, Norm, Point, Polygon};
use crate::base::ground::Ground;
use crate::base::time::MediaTime;
use crate::scene::Scene;

/// What people cover of one zone. Areas are square metres across the line of sight: a person looks as large wherever it stands.
#[derive(Debug)]
pub(super) struct Covered {
    ground: Ground,
    zone: Polygon<Norm>,
    /// Of which picture and grid the cells are.
    of: Option<(FrameSize, (usize, usize))>,
    /// Cells of the zone, with the area of each.
    cells: Vec<(usize, f64)>,
    looked: Option<MediaTime>,
    share: Option<Share>,
    /// [`Share::equal`] over the last few looks: people move, and what they hide of each other changes.
    equal: Option<f64>,
    sample: Sample,
    usual: Usual,
}

/// What one look says.
#[derive(Clone, Copy, Debug)]
struct Share {
    at: MediaTime,
    /// Of the part of the zone that no vehicle covers, 0..=1.
    covered: f64,
    /// Area that people would cover if none hid another.
    equal: f64,
    /// Area of the whole zone, and of that part.
    area: f64,
    free: f64,
}

/// Looks that are one sample together.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    since: Option<MediaTime>,
    looks: f64,
    people: f64,
    equal: f64,
}

/// How much one person covers, learned.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Usual {
    samples: u32,
    mean: f64,
    variance: f64,
}

/// How many there are by what they cover.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct ByArea {
    pub(super) people: f64,
    /// Standard error in proportion, 0 to 1.
    pub(super) error: f64,
}

/// Looks of so many seconds are a sample: shorter, and they show the same people in the same place.
const SAMPLE: Duration = Duration::from_secs(5);
/// Share of the newest look in the mean of the last ones, which reaches back about five seconds.
const NEWEST: f64 = 0.1;
/// A look is worth nothing after this.
const STALE: Duration = Duration::from_secs(2);
/// So many people at least teach what one covers ...
const FEWEST: f64 = 3.0;
/// ... and no more on a square metre than this, where detectors find each of them.
const APART_PER_M2: f64 = 1.0;
/// Samples before it is believed, and from which on an old one counts less with each new one.
const ENOUGH: u32 = 30;
const MEMORY: u32 = 500;
/// And the mean must be known as well as this: standard error in proportion.
const SURE: f64 = 0.1;
/// What one person covers at all, in square metres across the line of sight: a head seen from above to a person with a load and a shadow.
const PERSON: std::ops::RangeInclusive<f64> = 0.1..=4.0;
/// Nearly everything is covered: how many there are behind that nobody can say.
const MOST_COVERED: f64 = 0.95;
/// How far the people are from standing at random, and how well a share is measured: assumed, not measured.
const ARRANGEMENT: f64 = 0.15;
const SHARE_OFF: f64 = 0.03;

impl Covered {
    /// Of `zone` on `ground`; knows nothing yet.
    pub(super) fn new(zone: Polygon<Norm>, ground: Ground) -> Self {
        let (sample, usual) = (Sample::default(), Usual::default());
        Self { ground, zone, of: None, cells: Vec::new(), looked: None, share: None, equal: None, sample, usual }
    }

    /// What was learned; `None` when nothing was.
    pub(super) fn usual(&self) -> Option<Usual> {
        (self.usual.samples > 0).then_some(self.usual)
    }

    /// Goes on from what an earlier run learned.
    pub(super) fn recall(&mut self, usual: Usual) {
        let is_sound = usual.samples > 0 && PERSON.contains(&usual.mean) && usual.variance.is_finite() && usual.variance >= 0.0;
        if is_sound {
            self.usual = Usual { samples: usual.samples.min(MEMORY), ..usual };
        }
    }

    /// Another session: what was learned stays.
    pub(super) fn restart(&mut self) {
        (self.looked, self.share, self.equal, self.sample) = (None, None, None, Sample::default());
    }

    /// Takes what the pixels say, when they were looked at, beside the number of `people` that were detected in a zone of `m2` square metres.
    pub(super) fn look(&mut self, scene: &Scene<'_>, people: u32, m2: f64) {
        let Some(foreground) = scene.foreground else {
            self.restart();
            return;
        };
        if self.looked.replace(foreground.looked()) == Some(foreground.looked()) {
            return;
        }
        self.cut(scene.size, foreground);
        self.share = self.measure(scene, foreground);
        let Some(share) = self.share else {
            self.equal = None;
            return;
        };
        let before = self.equal.unwrap_or(share.equal);
        self.equal = Some(before + NEWEST * (share.equal - before));
        self.learn(share, f64::from(people), m2);
    }

    /// How many people there are by what they cover, once it is known what one of them does.
    pub(super) fn people(&self, now: MediaTime) -> Option<ByArea> {
        let share = self.share.filter(|share| now.since(share.at) <= STALE)?;
        let scatter = self.usual.scatter()?;
        let equal = self.equal?;
        let people = equal / self.usual.mean;
        // By how much the error of a share grows: the derivative of −ln(1 − φ) is 1 / (1 − φ).
        let by_share = SHARE_OFF * share.area / (equal.max(f64::MIN_POSITIVE) * (1.0 - share.covered.min(MOST_COVERED)));
        let error = scatter.hypot(ARRANGEMENT).hypot(by_share).min(1.0);
        people.is_finite().then_some(ByArea { people, error })
    }

    /// The cells of the zone, anew where the picture has another size.
    fn cut(&mut self, size: FrameSize, foreground: &Foreground) {
        let of = Some((size, foreground.grid()));
        if std::mem::replace(&mut self.of, of) == of {
            return;
        }
        let [width, height] = foreground.cell_px(size);
        let half = width / 2.0 / size.width.max(1) as f32;
        self.cells.clear();
        for index in 0..foreground.cells().len() {
            let at = foreground.place(index);
            let across = self.ground.distance_m(Point::new(at.x - half, at.y), Point::new(at.x + half, at.y));
            if let (true, Some(across)) = (self.zone.contains(at), across) {
                // As wide as it is high in the picture: a person stands upright.
                self.cells.push((index, across * across * f64::from(height / width)));
            }
        }
    }

    /// What vehicles and riders cover is not people, and what is behind them nobody sees.
    fn measure(&self, scene: &Scene<'_>, foreground: &Foreground) -> Option<Share> {
        let is_vehicle = |index: usize| {
            let at = scene.size.to_pixel(foreground.place(index));
            scene.tracks.iter().filter(|track| track.track.class.is_vehicle() || track.track.is_rider).any(|track| {
                let rect = track.track.rect;
                (rect.left..=rect.right()).contains(&at.x) && (rect.top..=rect.bottom()).contains(&at.y)
            })
        };
        let columns = foreground.grid().0.max(1);
        let (mut area, mut free, mut covered, mut seen, mut equal) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for row in self.cells.chunk_by(|(a, _), (b, _)| a / columns == b / columns) {
            let (mut row_area, mut row_free, mut row_covered) = (0.0, 0.0, 0.0);
            for &(index, cell) in row {
                row_area += cell;
                if !is_vehicle(index) {
                    row_free += cell;
                    row_covered += cell * f64::from(foreground.cells()[index].clamp(0.0, 1.0));
                }
            }
            (area, free, covered) = (area + row_area, free + row_free, covered + row_covered);
            if row_free > 0.0 {
                seen += row_area;
                equal -= row_area * (1.0 - (row_covered / row_free).min(MOST_COVERED)).ln();
            }
        }
        // Behind vehicles that fill half of the zone there may be anybody.
        let share = || Share { at: foreground.looked(), covered: covered / free, equal: equal * area / seen, area, free };
        (area > 0.0 && free >= 0.5 * area).then(share)
    }

    fn learn(&mut self, share: Share, people: f64, m2: f64) {
        // A vehicle in the zone throws shadows, and hides people of whom the detector sees the heads.
        let is_clear = share.free == share.area && people >= FEWEST && people < APART_PER_M2 * m2 && share.covered < 0.5;
        if !is_clear {
            self.sample = Sample::default();
            return;
        }
        let sample = &mut self.sample;
        let since = *sample.since.get_or_insert(share.at);
        sample.looks += 1.0;
        sample.people += people;
        sample.equal += share.equal;
        if share.at.since(since) >= SAMPLE {
            let each = sample.equal / sample.people;
            if PERSON.contains(&each) {
                self.usual.take(each);
            }
            self.sample = Sample::default();
        }
    }
}

impl Usual {
    fn take(&mut self, each: f64) {
        self.samples = (self.samples + 1).min(MEMORY);
        let weight = 1.0 / f64::from(self.samples);
        let off = each - self.mean;
        self.mean += weight * off;
        self.variance = (1.0 - weight) * (self.variance + weight * off * off);
    }

    /// How far a sample is from the mean, in proportion, once there are enough for the mean to be known.
    fn scatter(&self) -> Option<f64> {
        let scatter = self.variance.sqrt() / self.mean;
        let is_known = self.samples >= ENOUGH && scatter / f64::from(self.samples).sqrt() <= SURE;
        is_known.then_some(scatter)
    }
}
