//! The factors at the start.

use std::ops::Range;

use base::streams;
use rand::Rng;

/// Standard deviation of a prediction at the start, in stars.
const PREDICTION_SD: f32 = 0.1;

/// A factor of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// L, a row per user.
    Users,
    /// R, a row per item.
    Items,
}

/// Rows `rows` of a factor at the start, packed: [`initial_row`] of each.
pub fn initial_rows(seed: u64, factor: Factor, rows: Range<u32>, rank: u32) -> Vec<f32> {
    let mut values = vec![0.0; rows.len() * rank as usize];
    for (row, values) in rows.zip(values.chunks_exact_mut(rank as usize)) {
        initial_row(seed, factor, row, values);
    }
    values
}

/// Fills in a row of a factor at the start: independent numbers, uniform around 0, as many as the rank.
///
/// Their standard deviation is proportional to rank^(-1/4), so that a prediction, a sum of `rank` products, has the
/// same one (0.1 stars) at any rank. Every row has its own random stream, named by seed, factor and row: the values do
/// not depend on how rows are spread over machines.
pub fn initial_row(seed: u64, factor: Factor, row: u32, values: &mut [f32]) {
    // Uniform in -a..a has the variance a^2 / 3; sqrt and division are exact to the last bit everywhere.
    let half_width = (3.0 * PREDICTION_SD / (values.len() as f32).sqrt()).sqrt();
    let mut stream = streams::unhashed(seed, purpose(factor), u64::from(row));
    for value in values {
        let bits = stream.next_u32() >> 8;
        *value = (bits as f32 * (1.0 / (1 << 23) as f32) - 1.0) * half_width;
    }
}

/// The purpose of a factor's streams, one per row.
fn purpose(factor: Factor) -> &'static [u8; 24] {
    match factor {
        Factor::Users => b"mf initial rows of users",
        Factor::Items => b"mf initial rows of items",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_do_not_depend_on_the_range_asked_for() {
        let all = initial_rows(3, Factor::Items, 0..50, 33);
        assert_eq!(initial_rows(3, Factor::Items, 20..30, 33), all[20 * 33..30 * 33]);
    }

    #[test]
    fn seeds_factors_and_rows_differ() {
        let row = |seed, factor, row| initial_rows(seed, factor, row..row + 1, 8);
        let first = row(1, Factor::Users, 0);
        assert_ne!(first, row(2, Factor::Users, 0));
        assert_ne!(first, row(1, Factor::Items, 0));
        assert_ne!(first, row(1, Factor::Users, 1));
    }

    #[test]
    fn predictions_have_the_same_spread_at_any_rank() {
        for rank in [8, 32, 500] {
            let l = initial_rows(1, Factor::Users, 0..2000, rank);
            let r = initial_rows(1, Factor::Items, 0..2000, rank);
            let rows = l.chunks_exact(rank as usize).zip(r.chunks_exact(rank as usize));
            let squares = rows.map(|(l, r)| l.iter().zip(r).map(|(a, b)| a * b).sum::<f32>().powi(2));
            let deviation = (squares.sum::<f32>() / 2000.0).sqrt();
            assert!((deviation / PREDICTION_SD - 1.0).abs() < 0.06, "rank {rank}: {deviation}");
        }
    }

    #[test]
    fn the_first_numbers_are_known() {
        let found = initial_rows(1, Factor::Users, 0..1, 3).into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(found, [1_046_873_312, 1_042_848_207, 3_189_275_419]);
    }
}
