//! The road as seen from above, guessed from how large cars and motorcycles look: places in car lengths instead of pixels.
//!
//! Nobody has measured anything when lanes are learned. But vehicles are of known size, and a pinhole camera without roll over flat ground has three
//! unknowns only: focal length, tilt and height. They are found by comparing the sizes of boxes with those of cuboids that drive the way the tracks do
//! (the idea of Dubská, Herout and Sochor, "Automatic camera calibration for traffic understanding", BMVC 2014, with sizes instead of vanishing points).

use super::step::Step;
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Pixel, Point, Rect};

/// Car lengths on flat ground seen from above: the camera's pole is the origin, x to the right of the picture, y away from the camera.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {}

/// A place on the plan.
pub type Place = Point<Plan>;

/// One car length in metres.
pub const L_M: f32 = 4.5;
/// Farther than this nothing is placed: a pixel is a car length there.
const FARTHEST_L: f32 = 40.0;

/// Length, width and height in L of a usual vehicle: car 4.4 × 1.8 × 1.5 m, motorcycle with rider 1.9 × 0.8 × 1.6 m, bus 9 × 2.5 × 3.1 m, lorry 7.5 × 2.4 × 3 m.
pub(super) fn dimensions(class: Class) -> [f32; 3] {
    let metres = match class {
        Class::Car => [4.4, 1.8, 1.5],
        Class::Motorcycle | Class::Bicycle => [1.9, 0.8, 1.6],
        Class::Bus => [9.0, 2.5, 3.1],
        Class::Truck => [7.5, 2.4, 3.0],
        Class::Person => [0.4, 0.6, 1.7],
    };
    metres.map(|side| side / L_M)
}

/// A guessed camera.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct View {
    size: FrameSize,
    /// In widths of the picture.
    focal: f32,
    /// How far down it looks, in radians.
    tilt: f32,
    /// Over the road, in L.
    height: f32,
    /// How far sizes of boxes are from what it says: mean of the logarithm of their ratio.
    misfit: f32,
}

/// A box with the step in pixels that its vehicle made.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizedBox {
    pub(super) rect: Rect<Pixel>,
    pub(super) class: Class,
    pub(super) step: Point<Pixel>,
}

impl View {
    /// A camera that is known.
    #[cfg(test)]
    pub(super) fn made(size: FrameSize, focal: f32, tilt: f32, height: f32) -> Self {
        Self { size, focal, tilt, height, misfit: 0.0 }
    }

    /// Where a place of the road lies from above; `None` at the horizon and beyond.
    pub fn to_plan(&self, at: Point<Pixel>) -> Option<Place> {
        let (u, v) = self.off_middle(at);
        let (sine, cosine) = self.tilt.sin_cos();
        let below = self.focal * sine + v * cosine;
        let place = Place::new(self.height * u / below, self.height * (self.focal * cosine - v * sine) / below);
        (below > 0.0 && place.x.hypot(place.y) <= FARTHEST_L).then_some(place)
    }

    /// Where a place of the road lies in the picture, also outside its borders; `None` behind the camera.
    pub fn to_image(&self, place: Place) -> Option<Point<Pixel>> {
        let (sine, cosine) = self.tilt.sin_cos();
        let depth = self.height * sine + place.y * cosine;
        let width = self.size.width as f32;
        let (u, v) = (self.focal * place.x / depth, self.focal * (self.height * cosine - place.y * sine) / depth);
        (depth > 0.05 * self.height).then(|| Point::new(u * width + width / 2.0, v * width + self.size.height as f32 / 2.0))
    }

    /// Size of the picture.
    pub fn size(&self) -> FrameSize {
        self.size
    }

    /// Height over the road in metres, tilt and horizontal opening in degrees: for people, who know about what their pole is.
    pub fn pole(&self) -> (f32, f32, f32) {
        (self.height * L_M, self.tilt.to_degrees(), 2.0 * (0.5 / self.focal).atan().to_degrees())
    }

    /// How far sizes of boxes are from what the guess says, as a share.
    pub fn misfit(&self) -> f32 {
        self.misfit
    }

    /// The middle of a vehicle on the ground: where a cuboid that goes this way has the middle of its box's lower edge in the same place.
    pub(super) fn middle_of(&self, rect: Rect<Pixel>, class: Class, heading: Option<Step>) -> Option<Place> {
        let foot = self.to_plan(rect.foot())?;
        let away = Step::between(self.to_plan(Point::new(rect.foot().x, rect.foot().y + 1.0))?, foot).unit()?;
        let [length, width, _] = dimensions(class);
        let Some(heading) = heading else { return Some(away.times((length + width) / 4.0).from(foot)) };
        let half = (length * heading.dot(away).abs() + width * heading.cross(away).abs()) / 2.0;
        let guess = away.times(half).from(foot);
        // What leans outward in the picture moves the box's middle; one step mends nearly all of it.
        let off = self
            .cuboid(guess, heading, class)
            .and_then(|rect| self.to_plan(rect.foot()))
            .map_or(Step::default(), |seen| Step::between(seen, foot));
        Some(if off.length() < half { off.from(guess) } else { guess })
    }

    /// Coordinates from the middle of the picture in its widths.
    fn off_middle(&self, at: Point<Pixel>) -> (f32, f32) {
        let width = self.size.width.max(1) as f32;
        ((at.x - width / 2.0) / width, (at.y - self.size.height as f32 / 2.0) / width)
    }

    /// Width and height in picture widths of the box around a cuboid whose foot is at `at` and that drives along `heading`, were the camera one L high.
    fn box_size(&self, at: Point<Pixel>, heading: Step, class: Class) -> [f32; 2] {
        let (u, v) = self.off_middle(at);
        let (sine, cosine) = self.tilt.sin_cos();
        let depth = self.focal / (self.focal * sine + v * cosine);
        let [length, width, height] = dimensions(class);
        let edges = [[heading.x * length, heading.y * length, 0.0], [-heading.y * width, heading.x * width, 0.0], [0.0, 0.0, height]];
        let mut extent = [0.0; 2];
        for [right, away, up] in edges {
            let (down, deep) = (-away * sine - up * cosine, away * cosine - up * sine);
            extent[0] += ((self.focal * right - u * deep) / depth).abs();
            extent[1] += ((self.focal * down - v * deep) / depth).abs();
        }
        extent
    }

    /// The camera that explains these boxes best; `None` with fewer than [`FEWEST_BOXES`].
    pub(super) fn fit(size: FrameSize, boxes: &[SizedBox]) -> Option<Self> {
        if boxes.len() < FEWEST_BOXES || size.width == 0 {
            return None;
        }
        let mut logs = Vec::with_capacity(2 * boxes.len());
        let mut best: Option<Self> = None;
        let (mut focal, mut tilt) = ((FOCAL.0 * FOCAL.1).sqrt(), (TILT.0 + TILT.1) / 2.0);
        // Each pass looks at a quarter of the range around the best of the pass before.
        let (mut focal_reach, mut tilt_reach) = ((FOCAL.1 / FOCAL.0).ln() / 2.0, (TILT.1 - TILT.0) / 2.0);
        for _ in 0..4 {
            for (i, j) in (-STEPS..=STEPS).flat_map(|i| (-STEPS..=STEPS).map(move |j| (i, j))) {
                let focal = (focal * (i as f32 / STEPS as f32 * focal_reach).exp()).clamp(FOCAL.0, FOCAL.1);
                let tilt = (tilt + j as f32 / STEPS as f32 * tilt_reach).clamp(TILT.0, TILT.1);
                let guess = Self { size, focal, tilt, height: 1.0, misfit: 0.0 }.scaled(boxes, &mut logs);
                best = match (best, guess) {
                    (Some(best), Some(guess)) if guess.misfit >= best.misfit => Some(best),
                    (best, guess) => guess.or(best),
                };
            }
            let found = best?;
            (focal, tilt) = (found.focal, found.tilt);
            (focal_reach, tilt_reach) = (focal_reach / 4.0, tilt_reach / 4.0);
        }
        best.map(|found| found.refined(boxes))
    }

    /// The best camera near this one by whole cuboids: the size of a box at its foot alone makes near vehicles too large.
    fn refined(self, boxes: &[SizedBox]) -> Self {
        let mut best = Self { misfit: self.cuboid_misfit(boxes), ..self };
        let mut step = 0.08;
        while step > 0.002 {
            let around =
                [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (1.0, -1.0, 0.0), (0.0, -1.0, 1.0), (1.0, -1.0, 1.0)];
            let tries = around.iter().flat_map(|&(focal, tilt, height)| [(focal, tilt, height), (-focal, -tilt, -height)]);
            let better = tries
                .map(|(focal, tilt, height)| {
                    let focal = (best.focal * f32::exp(step * focal)).clamp(FOCAL.0, FOCAL.1);
                    let tilt = (best.tilt + 0.4 * step * tilt).clamp(TILT.0, TILT.1);
                    let guess = Self { focal, tilt, height: best.height * f32::exp(step * height), ..best };
                    Self { misfit: guess.cuboid_misfit(boxes), ..guess }
                })
                .min_by(|a, b| a.misfit.total_cmp(&b.misfit));
            match better {
                Some(better) if better.misfit < best.misfit => best = better,
                _ => step /= 2.0,
            }
        }
        best
    }

    /// How far the boxes are from those of cuboids on the road, on average.
    fn cuboid_misfit(&self, boxes: &[SizedBox]) -> f32 {
        let sum: f32 = boxes.iter().map(|sized| self.cuboid_off(sized).unwrap_or([WORST; 2]).iter().sum::<f32>()).sum();
        sum / (2 * boxes.len()) as f32
    }

    fn cuboid_off(&self, sized: &SizedBox) -> Option<[f32; 2]> {
        let foot = sized.rect.foot();
        let next = Point::new(foot.x + sized.step.x, foot.y + sized.step.y);
        let heading = Step::between(self.to_plan(foot)?, self.to_plan(next)?).unit()?;
        let middle = self.middle_of(sized.rect, sized.class, Some(heading))?;
        let drawn = self.cuboid(middle, heading, sized.class)?;
        let off = |seen: f32, drawn: f32| (drawn / seen).ln().abs().min(WORST);
        Some([off(sized.rect.width, drawn.width), off(sized.rect.height, drawn.height)])
    }

    /// The box around a cuboid that stands here; `None` when a part of it is behind the camera.
    pub(super) fn cuboid(&self, middle: Place, heading: Step, class: Class) -> Option<Rect<Pixel>> {
        let [length, width, height] = dimensions(class);
        let (mut least, mut most) = ([f32::MAX; 2], [f32::MIN; 2]);
        for corner in 0..8 {
            let half = |bit: usize, of: f32| if corner & bit == 0 { of / 2.0 } else { -of / 2.0 };
            let at = heading.times(half(1, length)).plus(heading.left().times(half(2, width))).from(middle);
            // What is higher than the road lies where a lower camera would see it.
            let up = if corner & 4 == 0 { 0.0 } else { height };
            let seen = Self { height: self.height - up, ..*self }.to_image(at)?;
            for (axis, value) in [seen.x, seen.y].into_iter().enumerate() {
                (least[axis], most[axis]) = (least[axis].min(value), most[axis].max(value));
            }
        }
        Some(Rect::from_corners(least[0], least[1], most[0], most[1]))
    }

    /// The same with the height that suits the boxes, and how well it does; `None` when too many of them would lie in the sky.
    fn scaled(self, boxes: &[SizedBox], logs: &mut Vec<f32>) -> Option<Self> {
        logs.clear();
        for sized in boxes {
            let foot = sized.rect.foot();
            let next = Point::new(foot.x + sized.step.x, foot.y + sized.step.y);
            let Some((from, to)) = self.to_plan(foot).zip(self.to_plan(next)) else { continue };
            let Some(heading) = Step::between(from, to).unit() else { continue };
            let [width, height] = self.box_size(foot, heading, sized.class);
            let whole = self.size.width as f32;
            logs.extend([(width * whole / sized.rect.width).ln(), (height * whole / sized.rect.height).ln()]);
        }
        if logs.len() * 10 < boxes.len() * 18 {
            return None;
        }
        let middle = logs.len() / 2;
        let (_, log_height, _) = logs.select_nth_unstable_by(middle, f32::total_cmp);
        let log_height = *log_height;
        let misfit = logs.iter().map(|log| (log - log_height).abs().min(WORST)).sum::<f32>() / logs.len() as f32;
        Some(Self { height: log_height.exp(), misfit, ..self })
    }
}

/// Fewer boxes say nothing sure about three numbers.
pub(super) const FEWEST_BOXES: usize = 40;
/// Focal lengths of street cameras in picture widths (110° to 30° of opening), and tilts from flat to straight down.
const FOCAL: (f32, f32) = (0.35, 1.9);
const TILT: (f32, f32) = (0.05, 1.5);
/// Steps to each side of the middle in a pass.
const STEPS: i32 = 12;
/// Boxes that are farther off (half hidden, two in one) are all equally wrong.
const WORST: f32 = 0.5;
