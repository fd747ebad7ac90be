//! Eigenvectors of a small symmetric matrix: the one piece of linear algebra that a homography needs, too little for a dependency.

/// An eigenvalue and its eigenvector of length 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Eigen<const N: usize> {
    pub(super) value: f64,
    pub(super) vector: [f64; N],
}

/// Sweeps over all pairs; ten are usual, more only where a number is not finite.
const MOST_SWEEPS: usize = 40;

/// All of them, the smallest value first, by the cyclic Jacobi method (Golub and Van Loan, Matrix Computations, 4th ed., 8.5). Only meaningful for a
/// symmetric `matrix` of finite numbers; ends for any.
pub(super) fn of_symmetric<const N: usize>(mut matrix: [[f64; N]; N]) -> [Eigen<N>; N] {
    let mut vectors: [[f64; N]; N] = std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))));
    for _ in 0..MOST_SWEEPS {
        let mut is_diagonal = true;
        for p in 0..N {
            for q in p + 1..N {
                if matrix[p][q].abs() > f64::EPSILON * f64::EPSILON * (matrix[p][p].abs() + matrix[q][q].abs()) {
                    is_diagonal = false;
                    rotate(&mut matrix, &mut vectors, p, q);
                }
            }
        }
        if is_diagonal {
            break;
        }
    }
    let mut all = std::array::from_fn(|i| Eigen { value: matrix[i][i], vector: std::array::from_fn(|k| vectors[k][i]) });
    all.sort_by(|a, b| a.value.total_cmp(&b.value));
    all
}

/// Turns the plane of the axes `p` and `q` so that the two no longer mix.
fn rotate<const N: usize>(matrix: &mut [[f64; N]; N], vectors: &mut [[f64; N]; N], p: usize, q: usize) {
    let tau = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
    let tangent = tau.signum() / (tau.abs() + tau.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for row in matrix.iter_mut().chain(vectors.iter_mut()) {
        (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
    }
    let (first, second) = (matrix[p], matrix[q]);
    matrix[p] = std::array::from_fn(|k| cosine * first[k] - sine * second[k]);
    matrix[q] = std::array::from_fn(|k| sine * first[k] + cosine * second[k]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_eigenvector_is_the_eigenvalue_times_the_vector() {
        let matrix = [[4.0, 1.0, -2.0], [1.0, 2.0, 0.5], [-2.0, 0.5, 3.0]];
        let all = of_symmetric(matrix);
        assert!(all[0].value < all[1].value && all[1].value < all[2].value);
        for Eigen { value, vector } in all {
            for row in 0..3 {
                let product: f64 = (0..3).map(|k| matrix[row][k] * vector[k]).sum();
                assert!((product - value * vector[row]).abs() < 1e-12, "{product} {value}");
            }
        }
    }

    #[test]
    fn what_is_not_a_number_ends() {
        of_symmetric([[f64::NAN; 9]; 9]);
        of_symmetric([[f64::INFINITY; 9]; 9]);
    }
}
