//! How steep a picture's brightness is, without what light does to it.
//!
//! Things have edges of a pixel or two; shadows of clouds, lamps and the glare of the sun change over many. A slope that goes on all around is light, which
//! wanders, and is no part of the view (Land's retinex: illumination is what varies slowly). On plain asphalt nothing else would be left to compare.

use super::field::{HEIGHT, WIDTH};

/// How far around a pixel its slope must go on to be light's, in reduced pixels.
const AROUND: usize = 5;
/// How much of the mean slope around is taken away, in times itself: light's slopes are not quite even.
const TAKEN: f32 = 1.5;

/// Reused from look to look.
#[derive(Debug)]
pub(super) struct Slopes {
    /// Levels a reduced pixel, to the right and down.
    slopes: [Vec<f32>; 2],
    /// Of all slopes above and to the left.
    sums: [Vec<f32>; 2],
}

impl Slopes {
    /// Of nothing.
    pub(super) fn new() -> Self {
        Self {
            slopes: std::array::from_fn(|_| vec![0.0; WIDTH * HEIGHT]),
            sums: std::array::from_fn(|_| vec![0.0; (WIDTH + 1) * (HEIGHT + 1)]),
        }
    }

    /// Becomes those of one picture: luma of [`WIDTH`] x [`HEIGHT`], row by row.
    pub(super) fn measure(&mut self, luma: &[f32]) {
        let [slopes_x, slopes_y] = &mut self.slopes;
        for y in 1..HEIGHT - 1 {
            let (above, here, below) = (&luma[(y - 1) * WIDTH..], &luma[y * WIDTH..], &luma[(y + 1) * WIDTH..]);
            for x in 1..WIDTH - 1 {
                // Sobel, divided so that a slope of one level a pixel gives one.
                slopes_x[y * WIDTH + x] =
                    (above[x + 1] - above[x - 1] + 2.0 * (here[x + 1] - here[x - 1]) + below[x + 1] - below[x - 1]) / 8.0;
                slopes_y[y * WIDTH + x] = (below[x - 1] - above[x - 1] + 2.0 * (below[x] - above[x]) + below[x + 1] - above[x + 1]) / 8.0;
            }
        }
        for (slopes, sums) in self.slopes.iter().zip(&mut self.sums) {
            for (y, slopes) in slopes.chunks_exact(WIDTH).enumerate() {
                let (above, here) = sums[y * (WIDTH + 1)..].split_at_mut(WIDTH + 1);
                let mut row = 0.0;
                for ((sum, above), slope) in here[1..=WIDTH].iter_mut().zip(&above[1..]).zip(slopes) {
                    row += slope;
                    *sum = above + row;
                }
            }
        }
    }

    /// The slope of a thing's edge at a pixel, zero where it is light's.
    pub(super) fn at(&self, x: usize, y: usize) -> (f32, f32) {
        let [across, down] = [0, 1].map(|axis: usize| self.slopes[axis][y * WIDTH + x]);
        let [light_across, light_down] = self.around(x, y);
        let steepness = across * across + down * down;
        let share = (across * light_across + down * light_down) / steepness.max(1e-6);
        let kept = (1.0 - TAKEN * share).clamp(0.0, 1.0);
        (across * kept, down * kept)
    }

    /// Mean slope around a pixel.
    fn around(&self, x: usize, y: usize) -> [f32; 2] {
        let (left, right) = (x.saturating_sub(AROUND), (x + AROUND + 1).min(WIDTH));
        let (top, bottom) = (y.saturating_sub(AROUND), (y + AROUND + 1).min(HEIGHT));
        let area = ((right - left) * (bottom - top)) as f32;
        [0, 1].map(|axis: usize| {
            let at = |x: usize, y: usize| self.sums[axis][y * (WIDTH + 1) + x];
            (at(right, bottom) + at(left, top) - at(left, bottom) - at(right, top)) / area
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(luma: impl Fn(f32, f32) -> f32) -> Slopes {
        let picture: Vec<f32> = (0..WIDTH * HEIGHT).map(|index| luma((index % WIDTH) as f32, (index / WIDTH) as f32)).collect();
        let mut slopes = Slopes::new();
        slopes.measure(&picture);
        slopes
    }

    #[test]
    fn an_edge_stays_and_the_rim_of_a_wide_shadow_does_not() {
        let shadow = |x: f32| 100.0 * ((x - 70.0) / 20.0).clamp(0.0, 1.0);
        let edge = |x: f32| if x < 120.0 { 0.0 } else { 60.0 };
        let slopes = of(|x, _| shadow(x) + edge(x));
        assert!(slopes.at(80, 45).0.abs() < 0.1, "{:?}", slopes.at(80, 45));
        assert!(slopes.at(120, 45).0 > 15.0, "{:?}", slopes.at(120, 45));
        // An edge within the rim stays as well.
        let slopes = of(|x, y| shadow(x) + if y < 45.0 { 0.0 } else { 60.0 });
        let (across, down) = slopes.at(80, 45);
        assert!(down > 15.0 && across.abs() < 4.0, "{across} {down}");
    }
}
