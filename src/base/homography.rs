//! The projective map from one plane to another: from shares of a picture to metres on a flat ground, and back.

use super::eigen;

/// Coordinates in one of the planes.
pub(super) type Place = [f64; 2];

/// Points that carry a homography: fewer leave it open.
pub(super) const FEWEST_POINTS: usize = 4;

/// Where the system of equations has a second solution: eigenvalues of it nearer to zero than this share of the largest.
const DEGENERATE: f64 = 1e-6;
/// A map that squeezes the (normalised) plane to less than this is none that can be undone.
const SINGULAR: f64 = 1e-4;
/// The weight is 1 amid the points; where it is less than this, a place is a million times farther away than they are: the horizon.
const HORIZON: f64 = 1e-6;

/// Why there is no homography through some points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Misfit {
    /// Fewer than four, on one line, on one spot, or not finite.
    Degenerate,
    /// Some lie before the horizon and some behind it.
    BothSides,
}

/// Maps `(x, y, 1)` to `(u, v, 1)` up to a factor, the weight. Invariants: finite, invertible, the weight is positive before the horizon.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Homography([[f64; 3]; 3]);

impl Homography {
    /// The normalised direct linear transformation: Hartley and Zisserman, Multiple View Geometry in Computer Vision, 2nd ed., algorithm 4.2.
    /// Through four pairs exactly, through more with the least algebraic error.
    ///
    /// # Errors
    /// [`Misfit`].
    pub(super) fn fit(pairs: &[(Place, Place)]) -> Result<Self, Misfit> {
        if pairs.len() < FEWEST_POINTS {
            return Err(Misfit::Degenerate);
        }
        let from = Normaliser::of(pairs.iter().map(|pair| pair.0)).ok_or(Misfit::Degenerate)?;
        let to = Normaliser::of(pairs.iter().map(|pair| pair.1)).ok_or(Misfit::Degenerate)?;
        let mut normal = [[0.0; 9]; 9];
        for &(a, b) in pairs {
            let ([x, y], [u, v]) = (from.apply(a), to.apply(b));
            for row in [[0.0, 0.0, 0.0, -x, -y, -1.0, v * x, v * y, v], [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, -u]] {
                (0..9).for_each(|i| (0..9).for_each(|j| normal[i][j] += row[i] * row[j]));
            }
        }
        let all = eigen::of_symmetric(normal);
        let [a, b, c, d, e, f, g, h, i] = all[0].vector;
        let normalised = [[a, b, c], [d, e, f], [g, h, i]];
        // Written so that what is not a number is degenerate too.
        let is_unique = all[1].value > DEGENERATE * all[8].value;
        let is_invertible = determinant(&normalised).abs() > SINGULAR;
        if !(is_unique && is_invertible) {
            return Err(Misfit::Degenerate);
        }
        Self(product(&to.undo(), &product(&normalised, &from.matrix()))).facing(pairs, from.centre)
    }

    /// With the sign and size that make the weight 1 at `centre`, and positive at all points.
    fn facing(self, pairs: &[(Place, Place)], centre: Place) -> Result<Self, Misfit> {
        let scale = self.weight(centre);
        if scale == 0.0 {
            return Err(Misfit::BothSides);
        }
        let faced = Self(self.0.map(|row| row.map(|value| value / scale)));
        if !faced.0.iter().flatten().all(|value| value.is_finite()) {
            return Err(Misfit::Degenerate);
        }
        let is_before = |pair: &(Place, Place)| faced.weight(pair.0) > HORIZON;
        if pairs.iter().all(is_before) { Ok(faced) } else { Err(Misfit::BothSides) }
    }

    /// The way back; `None` for numbers that cannot be undone.
    pub(super) fn inverse(&self) -> Option<Self> {
        let m = &self.0;
        let cofactor = |i: usize, j: usize| {
            let (a, b, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
            m[a][c] * m[b][d] - m[a][d] * m[b][c]
        };
        let determinant = determinant(m);
        // Divided by the determinant, the weight of a place's image is one over its own: positive before the horizon.
        let inverse: [[f64; 3]; 3] = std::array::from_fn(|i| std::array::from_fn(|j| cofactor(j, i) / determinant));
        inverse.iter().flatten().all(|value| value.is_finite()).then_some(Self(inverse))
    }

    /// Where `place` lies in the other plane; `None` at and behind the horizon.
    pub(super) fn apply(&self, place: Place) -> Option<Place> {
        let weight = self.weight(place);
        let mapped = [self.row(0, place) / weight, self.row(1, place) / weight];
        (weight > HORIZON && mapped.iter().all(|value| value.is_finite())).then_some(mapped)
    }

    /// How far `place` moves in the other plane with a small step in this one: rows u and v, columns x and y.
    pub(super) fn derivative(&self, place: Place) -> Option<[[f64; 2]; 2]> {
        let (weight, at) = (self.weight(place), self.apply(place)?);
        Some(std::array::from_fn(|i| std::array::from_fn(|j| (self.0[i][j] - at[i] * self.0[2][j]) / weight)))
    }

    /// The `y` at which the horizon crosses the upright line at `x`; `None` where it does not.
    pub(super) fn horizon_y(&self, x: f64) -> Option<f64> {
        let [a, b, c] = self.0[2];
        let y = -(a * x + c) / b;
        y.is_finite().then_some(y)
    }

    fn weight(&self, place: Place) -> f64 {
        self.row(2, place)
    }

    fn row(&self, row: usize, [x, y]: Place) -> f64 {
        let [a, b, c] = self.0[row];
        a * x + b * y + c
    }
}

/// Moves points so that they lie around the origin, on average √2 away (ibid., 4.4.4): without it the equations are badly conditioned.
struct Normaliser {
    centre: Place,
    scale: f64,
}

impl Normaliser {
    fn of(places: impl Iterator<Item = Place> + Clone) -> Option<Self> {
        let count = places.clone().count() as f64;
        let centre = [0, 1].map(|axis| places.clone().map(|place| place[axis]).sum::<f64>() / count);
        let spread = places.map(|[x, y]| (x - centre[0]).hypot(y - centre[1])).sum::<f64>() / count;
        let scale = std::f64::consts::SQRT_2 / spread;
        (scale.is_finite() && scale > 0.0).then_some(Self { centre, scale })
    }

    fn apply(&self, [x, y]: Place) -> Place {
        [self.scale * (x - self.centre[0]), self.scale * (y - self.centre[1])]
    }

    fn matrix(&self) -> [[f64; 3]; 3] {
        let Self { centre: [x, y], scale } = *self;
        [[scale, 0.0, -scale * x], [0.0, scale, -scale * y], [0.0, 0.0, 1.0]]
    }

    fn undo(&self) -> [[f64; 3]; 3] {
        let Self { centre: [x, y], scale } = *self;
        [[1.0 / scale, 0.0, x], [0.0, 1.0 / scale, y], [0.0, 0.0, 1.0]]
    }
}

fn determinant(m: &[[f64; 3]; 3]) -> f64 {
    (0..3).map(|j| m[0][j] * (m[1][(j + 1) % 3] * m[2][(j + 2) % 3] - m[1][(j + 2) % 3] * m[2][(j + 1) % 3])).sum()
}

fn product(a: &[[f64; 3]; 3], b: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}
