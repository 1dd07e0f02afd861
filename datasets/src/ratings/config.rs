//! The settings of generated ratings in a spec: form here, meaning in [`Generated::check`].
//!
//! ```yaml
//! generated: { scale: 0.1 }                                  # the Netflix Prize at a tenth of its users and items
//! generated: { scale: 0.1, density-times: 2.5 }              # with 2.5 times as many ratings for each of them
//! generated: { users: 1000, items: 200, ratings: 20000, held-out: 0.1 }
//! ```

use serde::{Deserialize, Serialize};

use super::held_out::DEFAULT_SHARE;
pub use crate::field::FieldError;

/// Users who rated in the Netflix Prize data (README of the data set).
pub const NETFLIX_USERS: u32 = 480_189;
/// Films in the Netflix Prize data (README of the data set).
pub const NETFLIX_ITEMS: u32 = 17_770;
/// Ratings in the Netflix Prize data (README of the data set).
pub const NETFLIX_RATINGS: u64 = 100_480_507;
/// The share of the Netflix matrix' cells that have a rating.
pub const NETFLIX_DENSITY: f64 = NETFLIX_RATINGS as f64 / (NETFLIX_USERS as f64 * NETFLIX_ITEMS as f64);
/// Standard deviation of the noise in stars: sqrt(1.182^2 x 0.574), as `generate` derives it.
pub const NETFLIX_NOISE: f64 = 0.8955;
/// The linear scale when a spec gives neither scale nor shape.
pub const DEFAULT_SCALE: f64 = 0.1;

/// The largest density over Netflix's: 94 % of all cells have a rating.
const MAX_DENSITY_TIMES: f64 = 80.0;
/// The largest rank of the planted factors.
const MAX_RANK: u32 = 1_000;
/// The largest strength of the two skews: beyond it, weights fall below the resolution of a draw.
const MAX_SKEW: f64 = 3.0;

/// Settings of generated data. Give `scale`, or all of `users`, `items` and `ratings`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Generated {
    /// Linear scale of the Netflix shape, above 0 and at most 1: users and items are multiplied by it, the density stays.
    pub scale: Option<f64>,
    /// The share of the matrix' cells that have a rating, as a multiple of that of Netflix, with `scale`: above 0. At a tenth of the
    /// users and items 10 gives each of them as many ratings as in Netflix.
    pub density_times: f64,
    /// Number of users (rows).
    pub users: Option<u32>,
    /// Number of items (columns).
    pub items: Option<u32>,
    /// Number of ratings, held-out ones included.
    pub ratings: Option<u64>,
    /// The share of ratings held out for evaluation: at least 0, below 1.
    pub held_out: f64,
    /// Rank of the planted factors.
    pub rank: u32,
    /// Standard deviation of the noise, which no model can explain, in stars, before rounding.
    pub noise: f64,
    /// Strength of the items' popularity skew: 1 is Netflix's, 0 none.
    pub popularity: f64,
    /// Strength of the users' activity skew: 1 is Netflix's, 0 none.
    pub activity: f64,
}

/// A rating matrix in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Number of users (rows).
    pub users: u32,
    /// Number of items (columns).
    pub items: u32,
    /// Number of ratings, held-out ones included.
    pub ratings: u64,
}

impl Default for Generated {
    fn default() -> Self {
        Generated {
            scale: None,
            density_times: 1.0,
            users: None,
            items: None,
            ratings: None,
            held_out: DEFAULT_SHARE,
            rank: 10,
            noise: NETFLIX_NOISE,
            popularity: 1.0,
            activity: 1.0,
        }
    }
}

impl Generated {
    /// The Netflix shape at a linear `scale`, all else by default.
    pub fn at_scale(scale: f64) -> Self {
        Generated { scale: Some(scale), ..Generated::default() }
    }

    /// The matrix that this asks for. Meaningful when [`Generated::check`] finds nothing.
    pub fn shape(&self) -> Shape {
        match (self.users, self.items, self.ratings) {
            (Some(users), Some(items), Some(ratings)) => Shape { users, items, ratings },
            _ => Shape::netflix(self.scale.unwrap_or(DEFAULT_SCALE), self.density_times),
        }
    }

    /// Whether this is the Netflix shape at some scale, with nothing else changed but the density, which may be higher as long as an item
    /// has at most the ratings that one of Netflix has.
    pub fn has_netflix_shape(&self) -> bool {
        let scaled = Generated { scale: self.scale, density_times: self.density_times, ..Generated::default() };
        let densest = 1.0 / self.scale.unwrap_or(DEFAULT_SCALE);
        *self == scaled && (1.0..=densest).contains(&self.density_times)
    }

    /// Every error of meaning, in the order of the fields.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut error = |field, says: String| errors.push(FieldError { field, says });
        self.check_shape(&mut error);
        let mut within = |field, value: f64, low: f64, high: f64| {
            if !(low..=high).contains(&value) {
                error(field, format!("found {value}, expected a number from {low} to {high}"));
            }
        };
        within("density-times", self.density_times, 0.001, MAX_DENSITY_TIMES);
        within("noise", self.noise, 0.0, 10.0);
        within("popularity", self.popularity, 0.0, MAX_SKEW);
        within("activity", self.activity, 0.0, MAX_SKEW);
        if !(0.0..1.0).contains(&self.held_out) {
            error("held-out", format!("found {}, expected a share of at least 0 and below 1", self.held_out));
        }
        if !(1..=MAX_RANK).contains(&self.rank) {
            error("rank", format!("found {}, expected a whole number from 1 to {MAX_RANK}", self.rank));
        }
        errors
    }

    fn check_shape(&self, error: &mut impl FnMut(&'static str, String)) {
        let given =
            [("users", self.users.is_some()), ("items", self.items.is_some()), ("ratings", self.ratings.is_some())];
        let any = given.iter().find(|g| g.1).map(|g| g.0);
        if let Some(scale) = self.scale
            && !(scale > 0.0 && scale <= 1.0)
        {
            error("scale", format!("found {scale}, expected a number above 0 and at most 1"));
        }
        let Some(any) = any else { return };
        if self.density_times != 1.0 {
            error("density-times", format!("found together with `{any}`, expected it with `scale`"));
        }
        if self.scale.is_some() {
            error(
                "scale",
                format!("found together with `{any}`, expected either `scale` or `users`, `items` and `ratings`"),
            );
        }
        for (missing, _) in given.iter().filter(|g| !g.1) {
            error(missing, format!("missing with `{any}`, expected all of `users`, `items` and `ratings`"));
        }
        for (field, value) in [("users", self.users), ("items", self.items)] {
            if value == Some(0) {
                error(field, "found 0, expected at least 1".into());
            }
        }
        let (Some(users), Some(items), Some(ratings)) = (self.users, self.items, self.ratings) else { return };
        let cells = u64::from(users) * u64::from(items);
        if users > 0 && items > 0 && !(u64::from(users)..=cells).contains(&ratings) {
            let says = format!(
                "found {ratings}, expected from {users} (one per user) to {cells} (every user has rated every item)"
            );
            error("ratings", says);
        }
    }
}

impl Shape {
    /// Netflix's users and items times `scale`, at Netflix's density of 1.1776 % times `density_times`; at least one rating a
    /// user, at most one of each item.
    pub fn netflix(scale: f64, density_times: f64) -> Self {
        let part = |n: u32| libm::round(f64::from(n) * scale).max(1.0) as u32;
        let (users, items) = (part(NETFLIX_USERS), part(NETFLIX_ITEMS));
        let cells = |users, items| u128::from(u64::from(users) * u64::from(items));
        let ratings = u128::from(NETFLIX_RATINGS) * cells(users, items) / cells(NETFLIX_USERS, NETFLIX_ITEMS);
        let ratings = libm::round(ratings as f64 * density_times) as u64;
        Shape { users, items, ratings: ratings.clamp(u64::from(users), u64::from(users) * u64::from(items)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_netflix_shape_at_1_and_at_a_tenth() {
        assert_eq!(Shape::netflix(1.0, 1.0), Shape { users: 480_189, items: 17_770, ratings: 100_480_507 });
        assert_eq!(Shape::netflix(0.1, 1.0), Shape { users: 48_019, items: 1_777, ratings: 1_004_807 });
        assert_eq!(Shape::netflix(0.1, 2.5), Shape { users: 48_019, items: 1_777, ratings: 2_512_018 });
        assert_eq!(Shape::netflix(0.01, 100.0), Shape { users: 4_802, items: 178, ratings: 4_802 * 178 });
        assert_eq!(Generated::default().shape(), Shape::netflix(0.1, 1.0));
        let dense = Generated { density_times: 2.5, ..Generated::at_scale(0.1) };
        assert!(dense.has_netflix_shape() && dense.shape() == Shape::netflix(0.1, 2.5));
        let of_density = |density_times| Generated { density_times, ..Generated::at_scale(0.1) };
        // An item of Netflix has as many ratings as ten times the density give it here; fewer per parameter are nothing of Netflix's.
        assert_eq!([0.5, 10.0, 10.5].map(|it| of_density(it).has_netflix_shape()), [false, true, false]);
    }

    #[test]
    fn the_smallest_scale_still_has_a_rating_for_every_user() {
        assert_eq!(Shape::netflix(1e-9, 1.0), Shape { users: 1, items: 1, ratings: 1 });
        assert_eq!(Shape::netflix(0.001, 1.0), Shape { users: 480, items: 18, ratings: 480 });
    }

    #[test]
    fn every_error_of_meaning_is_found() {
        let says = |config: Generated| config.check().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let base = Generated::default();
        insta::assert_snapshot!(says(base), @"");
        insta::assert_snapshot!(says(Generated::at_scale(1.0)), @"");
        let bad = Generated {
            scale: Some(f64::NAN),
            density_times: 100.0,
            users: Some(0),
            items: Some(7),
            held_out: 1.0,
            rank: 0,
            noise: -1.0,
            popularity: f64::INFINITY,
            activity: 9.0,
            ..base
        };
        insta::assert_snapshot!(says(bad), @"
        scale: found NaN, expected a number above 0 and at most 1
        density-times: found together with `users`, expected it with `scale`
        scale: found together with `users`, expected either `scale` or `users`, `items` and `ratings`
        ratings: missing with `users`, expected all of `users`, `items` and `ratings`
        users: found 0, expected at least 1
        density-times: found 100, expected a number from 0.001 to 80
        noise: found -1, expected a number from 0 to 10
        popularity: found inf, expected a number from 0 to 3
        activity: found 9, expected a number from 0 to 3
        held-out: found 1, expected a share of at least 0 and below 1
        rank: found 0, expected a whole number from 1 to 1000
        ");
        let crowded = Generated { users: Some(10), items: Some(5), ratings: Some(51), ..base };
        insta::assert_snapshot!(says(crowded), @"ratings: found 51, expected from 10 (one per user) to 50 (every user has rated every item)");
    }
}
