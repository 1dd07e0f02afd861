//! Power iteration: the places of rows along the direction in which they differ most, the leading singular vector of a matrix that is
//! only seen through its products.

use crate::random::{below, stream};

/// Iterations; the order of the places is settled long before.
const ROUNDS: u32 = 20;

/// A matrix, by its two products with a vector.
pub(crate) trait Matrix {
    /// The number of rows and of columns.
    fn shape(&self) -> Shape;

    /// Writes the product of the matrix and `direction`, one number per column, to `places`, one per row.
    fn times(&self, direction: &[f64], places: &mut [f64]);

    /// Writes the product of the transposed matrix and `places`, one number per row, to `direction`, one per column.
    fn transposed_times(&self, places: &[f64], direction: &mut [f64]);
}

/// The size of a matrix.
pub(crate) struct Shape {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

/// The product of each row and the leading right singular vector, which is found from a fixed start: the stream `name` of seed 0. All 0
/// when no row differs from 0.
pub(crate) fn places(matrix: &impl Matrix, name: &str) -> Vec<f64> {
    let Shape { rows, columns } = matrix.shape();
    let mut rng = stream(0, name);
    let mut direction: Vec<f64> =
        (0..columns).map(|_| f64::from(below(&mut rng, 1 << 20)) - f64::from(1 << 19)).collect();
    let mut places = vec![0.0; rows];
    for _ in 0..ROUNDS {
        let length = libm::sqrt(direction.iter().map(|x| x * x).sum::<f64>());
        if length == 0.0 {
            break;
        }
        direction.iter_mut().for_each(|x| *x /= length);
        matrix.times(&direction, &mut places);
        matrix.transposed_times(&places, &mut direction);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of two columns.
    struct Dense(Vec<[f64; 2]>);

    impl Matrix for Dense {
        fn shape(&self) -> Shape {
            Shape { rows: self.0.len(), columns: 2 }
        }

        fn times(&self, direction: &[f64], places: &mut [f64]) {
            for (place, row) in places.iter_mut().zip(&self.0) {
                *place = row[0] * direction[0] + row[1] * direction[1];
            }
        }

        fn transposed_times(&self, places: &[f64], direction: &mut [f64]) {
            direction.fill(0.0);
            for (place, row) in places.iter().zip(&self.0) {
                direction.iter_mut().zip(row).for_each(|(x, value)| *x += value * place);
            }
        }
    }

    #[test]
    fn places_lie_along_the_leading_singular_vector() {
        // Along (3, 4) / 5 with lengths 10, -5 and 2.5, and a short row across it.
        let rows = vec![[6.0, 8.0], [-3.0, -4.0], [1.5, 2.0], [-0.04, 0.03]];
        let found = places(&Dense(rows), "test");
        let sign = found[0].signum();
        for (place, expected) in found.iter().zip([10.0, -5.0, 2.5, 0.0]) {
            assert!((place * sign - expected).abs() < 1e-6, "{found:?}");
        }
    }

    #[test]
    fn rows_of_zeros_have_places_of_zero() {
        assert_eq!(places(&Dense(vec![[0.0; 2]; 3]), "test"), [0.0; 3]);
    }
}
