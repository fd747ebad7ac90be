//! A camera's view of a flat ground, in metres: from points whose place is known both in the picture and on the ground.
//!
//! What it says holds on the ground only, and where the ground is flat: inside the area that the points cover. A lens that bends straight lines,
//! a slope or a kerb is an error that shows in the residual, in check distances, and in a grid drawn over the picture.

use super::geom::{FrameSize, Metre, Norm, Point, Polygon};
use super::homography::{self, FEWEST_POINTS, Homography, Place};

/// From so many points on, a wrong one is found: by those that agree with each other.
const FEWEST_FOR_CONSENSUS: usize = 6;
/// A point farther than this from where the others put it was not measured well enough, in metres.
pub const MOST_RESIDUAL_M: f64 = 0.3;
/// Samples of four points; with half of the points wrong, 72 find four right ones in 99 of 100 cases.
const SAMPLES: u64 = 500;

/// How well a point is found in a picture by hand, and how much the lower edge of a box trembles: one and two pixels of a sub-stream of 640×360, in
/// shares of the picture. Assumed, not measured.
const PIXEL: Place = [1.0 / 640.0, 1.0 / 360.0];
const CLICK_PX: f64 = 1.0;
const FOOT_PX: f64 = 2.0;
/// A speed is the way between two places at least so far apart, in metres.
const SPEED_BASE_M: f64 = 10.0;
/// Standard deviations of what is called the uncertainty: 19 of 20 are nearer.
const COVERAGE: f64 = 2.0;

/// A point that is known in the picture and on the ground.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct GroundPoint {
    /// In shares of the picture.
    pub image: Point<Norm>,
    /// In metres.
    pub ground: Point<Metre>,
}

/// Why points say nothing about the ground.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GroundError {
    /// Fewer than four.
    #[error("has {0} of at least 4 points")]
    TooFew(usize),
    /// On one line or spot, or so near to one that the map could not be undone.
    #[error("has points that lie on one line or on one spot")]
    Degenerate,
    /// No view of a flat ground has them in this order.
    #[error("has points in an order that no view of a flat ground has")]
    NoView,
}

/// The ground before a camera. Made from points by [`Ground::fit`], the same for the same points.
#[derive(Clone, PartialEq, Debug)]
pub struct Ground {
    to_ground: Homography,
    to_image: Homography,
    points: Vec<GroundPoint>,
    residuals_m: Vec<Option<f64>>,
    agreed: usize,
    covered: Polygon<Metre>,
}

impl Ground {
    /// Fits the points by the normalised DLT. From six points on, when not all lie within [`MOST_RESIDUAL_M`], only the largest group that does counts
    /// (RANSAC, Fischler and Bolles 1981, with fixed samples): then [`Ground::residuals_m`] shows which ones are wrong.
    ///
    /// # Errors
    /// [`GroundError`].
    pub fn fit(points: Vec<GroundPoint>) -> Result<Self, GroundError> {
        if points.len() < FEWEST_POINTS {
            return Err(GroundError::TooFew(points.len()));
        }
        let pairs: Vec<_> = points.iter().map(|point| (place(point.image), place(point.ground))).collect();
        let all = Homography::fit(&pairs);
        let (to_ground, agreed) = match (consensus(all.ok(), &pairs), all) {
            (Some(consensus), _) => (consensus.map, consensus.agreed),
            (None, Ok(map)) => (map, pairs.len()),
            (None, Err(homography::Misfit::Degenerate)) => return Err(GroundError::Degenerate),
            (None, Err(homography::Misfit::BothSides)) => return Err(GroundError::NoView),
        };
        let residuals_m = pairs.iter().map(|pair| residual(&to_ground, pair)).collect();
        let covered = hull(points.iter().map(|point| point.ground).collect()).ok_or(GroundError::Degenerate)?;
        let to_image = to_ground.inverse().ok_or(GroundError::Degenerate)?;
        Ok(Self { to_ground, to_image, points, residuals_m, agreed, covered })
    }

    /// The points it was made from.
    pub fn points(&self) -> &[GroundPoint] {
        &self.points
    }

    /// How far each point lies from where its picture falls on the ground, in metres; `None` where that is at the horizon. Always 0 with four points.
    pub fn residuals_m(&self) -> &[Option<f64>] {
        &self.residuals_m
    }

    /// Root mean square of the residuals, in metres.
    pub fn residual_m(&self) -> f64 {
        let squares = self.residuals_m.iter().flatten().map(|metres| metres * metres);
        (squares.sum::<f64>() / self.points.len() as f64).sqrt()
    }

    /// How many of the points it rests on: all, or the largest group of six or more that agrees.
    pub fn agreed(&self) -> usize {
        self.agreed
    }

    /// Where a place of the picture lies on the ground; `None` at and above the horizon.
    pub fn to_ground(&self, at: Point<Norm>) -> Option<Point<Metre>> {
        self.to_ground.apply(place(at)).map(|[x, y]| Point::new(x as f32, y as f32))
    }

    /// Where a place of the ground lies in the picture, perhaps outside of it; `None` behind the camera.
    pub fn to_image(&self, at: Point<Metre>) -> Option<Point<Norm>> {
        self.to_image.apply(place(at)).map(|[x, y]| Point::new(x as f32, y as f32))
    }

    /// Metres between two places of the picture; `None` when one is at the horizon.
    pub fn distance_m(&self, from: Point<Norm>, to: Point<Norm>) -> Option<f64> {
        let ([x, y], [u, v]) = (self.to_ground.apply(place(from))?, self.to_ground.apply(place(to))?);
        Some((x - u).hypot(y - v))
    }

    /// Square metres of ground in a part of the picture; `None` when it reaches the horizon. Exact: straight edges stay straight.
    pub fn area_m2(&self, part: &Polygon<Norm>) -> Option<f64> {
        let corners: Option<Vec<Place>> = part.corners().iter().map(|&corner| self.to_ground.apply(place(corner))).collect();
        corners.map(|corners| area(&corners))
    }

    /// Convex hull of the points on the ground: inside it the map is supported, outside it is a guess.
    pub fn covered(&self) -> &Polygon<Metre> {
        &self.covered
    }

    /// Area of [`Ground::covered`], in square metres.
    pub fn covered_m2(&self) -> f64 {
        area(&self.covered.corners().iter().map(|&corner| place(corner)).collect::<Vec<_>>())
    }

    /// Metres of ground in a pixel of a picture of this `size`, mean of all directions (the root of the area); `None` at and above the horizon.
    pub fn metres_per_pixel(&self, at: Point<Norm>, size: FrameSize) -> Option<f64> {
        let [[a, b], [c, d]] = self.to_ground.derivative(place(at))?;
        Some(((a * d - b * c).abs() / (f64::from(size.width) * f64::from(size.height))).sqrt())
    }

    /// How far a speed measured at this place may be off, in percent of it, 19 times of 20; `None` at and above the horizon.
    ///
    /// `100 · 2 · √2 · √(σ_map² + σ_foot²) / 10 m`: the speed is the way between two places 10 m apart, each of which is off by the map and by the trembling
    /// of a box's foot. σ_foot is 2 pixels of a 640×360 picture in metres at this place, in the direction where a pixel is longest; σ_map is
    /// 1 such pixel (a point is not clicked better), or `√(Σ residual² / (2n − 8))` when that is more (8 numbers of the map were taken from 2n of
    /// n points). A quicker measurement over less than 10 m is worse in proportion.
    pub fn speed_uncertainty_pct(&self, at: Point<Norm>) -> Option<f64> {
        let pixel_m = self.longest_pixel_m(at)?;
        let spare = 2 * self.points.len() - 2 * FEWEST_POINTS;
        let squares: f64 = self.residuals_m.iter().flatten().map(|metres| metres * metres).sum();
        let fitted = if spare > 0 { (squares / spare as f64).sqrt() } else { 0.0 };
        let map = fitted.max(CLICK_PX * pixel_m);
        Some(100.0 * COVERAGE * std::f64::consts::SQRT_2 * map.hypot(FOOT_PX * pixel_m) / SPEED_BASE_M)
    }

    /// The smallest and the largest uncertainty of a speed over the points, in percent: nearest and farthest.
    pub fn speed_uncertainty_range_pct(&self) -> (f64, f64) {
        let all = self.points.iter().filter_map(|point| self.speed_uncertainty_pct(point.image));
        all.fold((f64::INFINITY, 0.0), |(least, most), pct| (pct.min(least), pct.max(most)))
    }

    /// The `y` of the horizon at this `x` of the picture, in shares; `None` when the camera looks straight down.
    pub fn horizon_y(&self, x: f32) -> Option<f32> {
        self.to_ground.horizon_y(f64::from(x)).map(|y| y as f32)
    }

    /// Metres in a [`PIXEL`] in its longest direction: the larger singular value of the derivative.
    fn longest_pixel_m(&self, at: Point<Norm>) -> Option<f64> {
        let [[a, b], [c, d]] = self.to_ground.derivative(place(at))?.map(|[x, y]| [x * PIXEL[0], y * PIXEL[1]]);
        let (sum, difference) = ((a + d).hypot(b - c), (a - d).hypot(b + c));
        Some((sum + difference) / 2.0)
    }
}

/// The map that most points agree on.
#[derive(Clone, Copy)]
struct Consensus {
    map: Homography,
    agreed: usize,
    /// Sum of the residuals of those, in metres.
    off_m: f64,
}

impl Consensus {
    /// What the points say about a map.
    fn of(map: Homography, pairs: &[(Place, Place)]) -> Self {
        let near = pairs.iter().filter_map(|pair| residual(&map, pair)).filter(|metres| *metres <= MOST_RESIDUAL_M);
        let (agreed, off_m) = near.fold((0, 0.0), |(agreed, off), metres| (agreed + 1, off + metres));
        Self { map, agreed, off_m }
    }

    /// Fitted once more, to all that agree.
    fn refined(self, pairs: &[(Place, Place)]) -> Self {
        let is_near = |pair: &&(Place, Place)| residual(&self.map, pair).is_some_and(|metres| metres <= MOST_RESIDUAL_M);
        let near: Vec<_> = pairs.iter().filter(is_near).copied().collect();
        Homography::fit(&near).map_or(self, |map| Self::of(map, pairs).better(self))
    }

    fn better(self, other: Self) -> Self {
        let is_better = self.agreed > other.agreed || (self.agreed == other.agreed && self.off_m < other.off_m);
        if is_better { self } else { other }
    }
}

/// `None` with too few points, or when no group of more than half, and one more than four, agrees.
fn consensus(all: Option<Homography>, pairs: &[(Place, Place)]) -> Option<Consensus> {
    let count = pairs.len();
    if count < FEWEST_FOR_CONSENSUS {
        return None;
    }
    let mut best = all.map(|map| Consensus::of(map, pairs));
    let mut random = 0;
    for _ in 0..SAMPLES {
        if best.is_some_and(|best| best.agreed == count) {
            break;
        }
        let sample = [(); FEWEST_POINTS].map(|()| pairs[(next(&mut random) % count as u64) as usize]);
        // A point that is drawn twice makes the sample degenerate.
        if let Ok(map) = Homography::fit(&sample) {
            let found = Consensus::of(map, pairs).refined(pairs);
            best = Some(best.map_or(found, |best| found.better(best)));
        }
    }
    best.filter(|best| best.agreed > FEWEST_POINTS.max(count / 2))
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same samples every time.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn residual(map: &Homography, (image, ground): &(Place, Place)) -> Option<f64> {
    map.apply(*image).map(|[x, y]| (x - ground[0]).hypot(y - ground[1]))
}

fn place<S>(point: Point<S>) -> Place {
    [f64::from(point.x), f64::from(point.y)]
}

/// Shoelace formula from the first corner, so that a far origin costs no digits.
fn area(corners: &[Place]) -> f64 {
    let Some(&[x, y]) = corners.first() else { return 0.0 };
    let doubled: f64 = corners.windows(2).map(|pair| (pair[0][0] - x) * (pair[1][1] - y) - (pair[1][0] - x) * (pair[0][1] - y)).sum();
    doubled.abs() / 2.0
}

/// Convex hull (Andrew's monotone chain, 1979); `None` when it has no area.
fn hull(mut points: Vec<Point<Metre>>) -> Option<Polygon<Metre>> {
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let turns_left = |[a, b]: [Point<Metre>; 2], c: Point<Metre>| {
        let ([ax, ay], [bx, by], [cx, cy]) = (place(a), place(b), place(c));
        (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0.0
    };
    let half = |points: &mut dyn Iterator<Item = Point<Metre>>| {
        let mut chain: Vec<Point<Metre>> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..]
                && !turns_left([a, b], point)
            {
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut corners = half(&mut points.iter().copied());
    corners.append(&mut half(&mut points.iter().rev().copied()));
    Polygon::new(corners)
}

#[cfg(test)]
mod tests;
