//! Matrix factorisation of ratings.

mod estimate;
mod numbers;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use datasets::field::FieldError;
use datasets::ratings::config::{Generated, NETFLIX_ITEMS, NETFLIX_RATINGS};
use datasets::ratings::held_out::{DEFAULT_SHARE, HeldOut};
use datasets::ratings::load::{Ids, LoadError, formats, load};
use datasets::ratings::partition::{self, Partition, partition};
use datasets::ratings::{self, Ratings};
use datasets::text::TextError;
use emulator::time::Duration;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::workload::mf::config::Mf;
use gaia_core::workload::mf::worker::{MfWorker, WholeData};
use rayon::prelude::*;
use record::failure::Failure;
use record::results::Better;
use serde::{Deserialize, Serialize};

use self::numbers::NETFLIX_RANK;
use super::kind::{DataRef, Dealt, Judge, Metric, Number, Posed, Size, WorkloadKind};
use super::out_of_bounds;
use super::sgd::Change;
use super::split::{Skew, SkewBy, Skews, Split};

/// The Netflix Prize's training set as text, unpacked: 100,480,507 lines of a customer's number (up to 2,649,429, 6.58 digits
/// on average when evenly spread), stars and date, 20.58 bytes each. The archive is known as "around 2 GB".
const NETFLIX_BYTES: u64 = 2_068_000_000;

/// Ratings that were read from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct File {
    /// BLAKE3 of the ratings as they were read and split with the plan's seed, in hexadecimal.
    pub hash: String,
    /// Rows of the rating matrix.
    pub users: u32,
    /// Columns of the rating matrix.
    pub items: u32,
    /// Entries to learn from.
    pub train: u64,
    /// The number of entries held out.
    pub held_out: u64,
}

fn parts(set: &Ratings, dealt: &Dealt<'_>) -> Vec<Partition> {
    partition(set, dealt.machines_per_site, Mf::deal(dealt.split).expect("a plan's split was checked"))
}

impl WorkloadKind for Mf {
    type Change = Change;
    type Generated = Generated;
    type File = File;
    type Set = Ratings;
    type Deal = partition::Split;
    type LoadError = LoadError;
    type Learner = MfWorker;

    const NAME: &'static str = "mf";
    const TITLE: &'static str = "matrix factorisation";
    const ABOUT: &'static str = "matrix factorisation by stochastic gradient descent, of ratings";
    const DATA: &'static str = "ratings";
    const OWNERS: &'static str = "users";
    const GENERATED: &'static str = "generated";
    const FORMATS: &'static [(&'static str, &'static str)] = &[
        ("generated", "ratings of the Netflix Prize's shape at any scale (`data: { generated: { scale: 0.1 } }`)"),
        ("MovieLens CSV", "`ratings.csv`: userId,movieId,rating,timestamp"),
        ("MovieLens 1M", "`ratings.dat`: UserID::MovieID::Rating::Timestamp"),
        ("MovieLens 100K", "`u.data`: user, item, rating, timestamp, tab-separated, maybe below a header line"),
        ("RecBole", "`*.inter`: user_id:token, item_id:token, rating:float, timestamp:float, tab-separated"),
        ("Netflix Prize", "`combined_data_*.txt` or `training_set/mv_*.txt`"),
    ];
    const ENDING: &'static str = "ratings";
    const SEEDED: bool = true;
    const METRICS: &'static [Metric] = &[Metric { name: "held_out_rmse", unit: "stars", better: Better::Lower }];
    const RATES: &'static [&'static str] = &["mf.updates-per-second"];
    const SMALLER: [&'static str; 2] =
        ["a smaller `data.generated.scale` or `workload.mf.rank`", "fewer ratings or a smaller `workload.mf.rank`"];
    const PAPER_BYTES: u64 = NETFLIX_BYTES;

    fn check(&self) -> Vec<FieldError> {
        let errors = Mf::check(self);
        errors.iter().map(|error| out_of_bounds(error.field, error.found, error.expected)).collect()
    }

    fn changed(mut self, change: Change) -> Self {
        change.apply(&mut self.learning_rate, &mut self.decay, &mut self.clocks_per_pass);
        self
    }

    fn clocks_mut(&mut self) -> &mut u32 {
        &mut self.clocks_per_pass
    }

    fn deal(split: Split) -> Result<partition::Split, Vec<FieldError>> {
        use partition::SkewBy as By;
        let known = &[Skew { asked: SkewBy::Tastes, own: By::Tastes }, Skew { asked: SkewBy::Sizes, own: By::Sizes }];
        Skews { known, workload: Self::NAME, data: "ratings" }.terms(split)
    }

    fn at_scale(scale: Option<f64>) -> Result<Generated, &'static str> {
        Ok(scale.map_or_else(Generated::default, Generated::at_scale))
    }

    fn load(path: &Path, seed: u64) -> Result<Ratings, LoadError> {
        Ok(load(path, HeldOut { share: DEFAULT_SHARE, seed })?.ratings)
    }

    fn is_other(error: &LoadError) -> bool {
        // Too many files for ratings may be images.
        use LoadError::{NothingFound, Text, Unknown};
        matches!(error, Unknown { .. } | NothingFound { .. } | Text(TextError::TooMany { .. }))
    }

    fn formats() -> String {
        formats()
    }

    fn described(set: &Ratings, hash: String) -> File {
        let [train, held_out] = [&set.train, &set.held_out].map(|part| part.len() as u64);
        File { hash, users: set.users, items: set.items, train, held_out }
    }

    fn in_numbers(set: &Ratings) -> String {
        let count = set.train.len() + set.held_out.len();
        let sum: f64 = set.train.iter().chain(&set.held_out).map(|rating| f64::from(rating.value)).sum();
        let (users, items, held_out, mean) = (set.users, set.items, set.held_out.len(), sum / count as f64);
        format!("{users} users, {items} items, {count} ratings ({held_out} held out), mean {mean:.3} stars")
    }

    fn write(set: &Ratings, from: Option<&Path>, out: &Path) -> Result<(), Failure> {
        let ids = match from {
            None => Ids::dense(set.users, set.items),
            // Once more, with the names that the file gives to users and items.
            Some(path) => load(path, HeldOut { share: DEFAULT_SHARE, seed: 1 }).map_err(Failure::input)?.ids,
        };
        ratings::cache::write_cache(set, &ids, out).map_err(Failure::run)
    }

    fn size(data: DataRef<'_, Self>) -> Size {
        match data {
            DataRef::Generated(config) => {
                let shape = config.shape();
                let held_out = (shape.ratings as f64 * config.held_out).round() as u64;
                Size { owners: shape.users, rows: shape.items, work: shape.ratings - held_out, held_out }
            }
            DataRef::File(&File { users, items, train, held_out, .. }) => {
                Size { owners: users, rows: items, work: train, held_out }
            }
        }
    }

    fn parameters(&self, data: DataRef<'_, Self>) -> f64 {
        f64::from(Self::size(data).rows) * f64::from(self.rank)
    }

    fn has_paper_shape(data: DataRef<'_, Self>, _: bool) -> bool {
        matches!(data, DataRef::Generated(config) if config.has_netflix_shape())
    }

    fn raw_bytes(_: &Generated, size: Size) -> u64 {
        super::proportional(NETFLIX_BYTES, size.work + size.held_out, NETFLIX_RATINGS)
    }

    /// The paper's bytes in the parameter server, and its ratings times its rank in a pass, over ours.
    fn similitude(&self, data: DataRef<'_, Self>) -> Option<Similitude> {
        let size = Self::size(data);
        let bytes = |items: u32, rank: u32| f64::from(items) * f64::from(rank) * 4.0;
        let work = |ratings: u64, rank: u32| ratings as f64 * f64::from(rank);
        Some(Similitude {
            sigma_bytes: bytes(NETFLIX_ITEMS, NETFLIX_RANK) / bytes(size.rows, self.rank),
            sigma_work: work(NETFLIX_RATINGS, NETFLIX_RANK) / work(size.work, self.rank),
        })
    }

    fn numbers(&self, posed: &Posed<'_, Self>) -> Vec<Number> {
        numbers::numbers(self, posed)
    }

    fn check_rates(kind: &MachineKind, within: &mut dyn FnMut(&str, f64, f64, f64)) {
        within("mf.rank", f64::from(kind.mf.rank), 1.0, 4096.0);
        within("mf.updates-per-second", kind.mf.updates_per_second, super::MIN_RATE, 1e12);
    }

    fn clock(&self, posed: &Posed<'_, Self>, kind: &MachineKind) -> Option<(&'static str, Duration)> {
        let units = super::units_of_clock(Self::size(posed.data), posed.machines, self.clocks_per_pass);
        Some(("mf.updates-per-second", kind.mf(&posed.similitude, units, self.rank)))
    }

    fn held(set: &Ratings, dealt: &Dealt<'_>) -> Vec<u64> {
        parts(set, dealt).iter().map(|part| (part.train.len() + part.held_out.len()) as u64).collect()
    }

    fn learners(self, set: &Ratings, dealt: &Dealt<'_>) -> Result<Vec<Arc<MfWorker>>, Box<dyn Error + Send + Sync>> {
        let whole = WholeData::of(set, &self);
        // Side by side. Each part is dropped when its worker has it in its own order: all of them together are as large as the data.
        let worker = |part: Partition| Arc::new(MfWorker::new(&part, whole, self, dealt.seed, dealt.isa));
        Ok(parts(set, dealt).into_par_iter().map(worker).collect())
    }

    fn learner(
        self,
        set: &Ratings,
        dealt: &Dealt<'_>,
        machine: usize,
    ) -> Result<Arc<MfWorker>, Box<dyn Error + Send + Sync>> {
        let whole = WholeData::of(set, &self);
        Ok(Arc::new(MfWorker::new(&parts(set, dealt)[machine], whole, self, dealt.seed, dealt.isa)))
    }

    fn judge<'a>(&'a self, _: &'a Ratings) -> Judge<'a> {
        Box::new(|seen| vec![seen.root_mean(0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_name_how_squares_are_summed_only_where_it_is_by_row() {
        let written = |config: &str| {
            let config: Mf = serde_yaml::from_str(config).expect("a form of mf");
            serde_json::to_string(&config).expect("plain data")
        };
        assert_eq!(written("adagrad-sums: entries"), written("{}"));
        assert!(!written("{}").contains("sums"));
        assert!(written("adagrad-sums: rows").contains(r#""adagrad-sums":"rows""#));
        let error = serde_yaml::from_str::<Mf>("adagrad-sums: row").expect_err("no such sums").to_string();
        assert!(error.contains("`entries` or `rows`"), "{error}");
    }
}
