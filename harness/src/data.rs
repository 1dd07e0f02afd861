//! `experiments data`: what data sets there are, and making, checking and converting files of them.

use std::path::{Path, PathBuf};

use datasets::ratings::Ratings;
use datasets::ratings::cache::write_cache;
use datasets::ratings::config::Generated;
use datasets::ratings::generate::generate;
use datasets::ratings::held_out::{DEFAULT_SHARE, HeldOut};
use datasets::ratings::load::{Ids, load};

use crate::cli::{DataCommand, Failure};

/// The seed of the held-out part where no run's seed is given.
const SEED: u64 = 1;

/// Does a data command and gives what to show.
pub fn command(command: &DataCommand) -> Result<String, Failure> {
    match command {
        DataCommand::List => Ok(list()),
        DataCommand::Import { path, out } => import(path, out.as_deref()),
        DataCommand::Generate { scale, seed, out } => make(*scale, *seed, out),
        DataCommand::Verify { path } => verify(path),
    }
}

/// Names and descriptions of what can be learnt from.
pub fn known() -> Vec<(String, String)> {
    let entries = [
        ("generated", "ratings of the Netflix Prize's shape at any scale (`data: { generated: { scale: 0.1 } }`)"),
        ("MovieLens CSV", "`ratings.csv`: userId,movieId,rating,timestamp"),
        ("MovieLens 1M", "`ratings.dat`: UserID::MovieID::Rating::Timestamp"),
        ("MovieLens 100K", "`u.data`: user, item, rating, timestamp, tab-separated"),
        ("Netflix Prize", "`combined_data_*.txt` or `training_set/mv_*.txt`"),
        ("cache", "what `experiments data import` and `generate` write"),
    ];
    entries.map(|(name, about)| (name.to_string(), about.to_string())).to_vec()
}

fn list() -> String {
    let known = known();
    let width = known.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text: String = known.iter().map(|(name, about)| format!("{name:width$}  {about}\n")).collect();
    text.push_str("Formats are recognised by content, in a file or a folder; text may be gzipped (.gz).\n");
    text
}

fn import(path: &Path, out: Option<&Path>) -> Result<String, Failure> {
    let out = out.map_or_else(|| default_out(path), Path::to_path_buf);
    let loaded = load(path, HeldOut { share: DEFAULT_SHARE, seed: SEED }).map_err(Failure::input)?;
    write_cache(&loaded.ratings, &loaded.ids, &out).map_err(Failure::run)?;
    Ok(written(&loaded.ratings, &out))
}

/// The name of the file or folder, with another ending, where the command runs.
fn default_out(path: &Path) -> PathBuf {
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let name = whole.file_name().map_or_else(|| "imported".into(), |name| name.to_string_lossy().into_owned());
    let stem = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("imported");
    PathBuf::from(format!("{stem}.ratings"))
}

fn make(scale: f64, seed: u64, out: &Path) -> Result<String, Failure> {
    let config = Generated::at_scale(scale);
    if let Some(error) = config.check().first() {
        return Err(Failure::input(format!("--{error}")));
    }
    let ratings = generate(&config, seed);
    write_cache(&ratings, &Ids::dense(ratings.users, ratings.items), out).map_err(Failure::run)?;
    Ok(written(&ratings, out))
}

fn verify(path: &Path) -> Result<String, Failure> {
    let loaded = load(path, HeldOut { share: DEFAULT_SHARE, seed: SEED }).map_err(Failure::input)?;
    Ok(format!("{}: whole\n{}", path.display(), numbers(&loaded.ratings)))
}

fn written(ratings: &Ratings, out: &Path) -> String {
    format!("wrote {}\n{}", out.display(), numbers(ratings))
}

fn numbers(ratings: &Ratings) -> String {
    let count = ratings.train.len() + ratings.held_out.len();
    let sum: f64 = ratings.train.iter().chain(&ratings.held_out).map(|rating| f64::from(rating.value)).sum();
    format!(
        "  {}\n  {} users, {} items, {count} ratings ({} held out), mean {:.3} stars\n  hash {}\n",
        ratings.name,
        ratings.users,
        ratings.items,
        ratings.held_out.len(),
        sum / count as f64,
        blake3::Hash::from_bytes(ratings.hash).to_hex(),
    )
}
