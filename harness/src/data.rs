//! `experiments data`: what data sets there are, and making, checking and converting files of them.

use std::path::{Path, PathBuf};

use datasets::bow::{self, Corpus};
use datasets::ratings::held_out::{DEFAULT_SHARE, HeldOut};
use datasets::ratings::load::{Ids, load};
use datasets::ratings::{self, Ratings};

use crate::cli::{DataCommand, Failure, Generated};
use crate::plan::{DataSet, read_any};

/// The seed of the held-out part where no run's seed is given.
const SEED: u64 = 1;

/// Does a data command and gives what to show.
pub fn command(command: &DataCommand) -> Result<String, Failure> {
    match command {
        DataCommand::List => Ok(list()),
        DataCommand::Import { path, out } => import(path, out.as_deref()),
        DataCommand::Generate { what: Generated::Ratings, scale, seed, out } => {
            make_ratings(*scale, *seed, out.as_deref())
        }
        DataCommand::Generate { what: Generated::Bags, scale, seed, out } => make_bags(*scale, *seed, out.as_deref()),
        DataCommand::Verify { path } => verify(path),
    }
}

/// Names and descriptions of what can be learnt from.
pub fn known() -> Vec<(String, String)> {
    let entries = [
        ("generated", "ratings of the Netflix Prize's shape at any scale (`data: { generated: { scale: 0.1 } }`)"),
        (
            "generated-corpus",
            "bags of words of the NYTimes corpus' shape at any scale (`data: { generated-corpus: { scale: 0.02 } }`)",
        ),
        ("MovieLens CSV", "`ratings.csv`: userId,movieId,rating,timestamp"),
        ("MovieLens 1M", "`ratings.dat`: UserID::MovieID::Rating::Timestamp"),
        ("MovieLens 100K", "`u.data`: user, item, rating, timestamp, tab-separated"),
        ("Netflix Prize", "`combined_data_*.txt` or `training_set/mv_*.txt`"),
        ("UCI bag of words", "`docword.*.txt`, with the spellings in `vocab.*.txt` beside it"),
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
    // As ratings first: with the names that the file gives to users and items.
    if let Ok(loaded) = load(path, HeldOut { share: DEFAULT_SHARE, seed: SEED }) {
        let out = out.map_or_else(|| default_out(path, "ratings"), Path::to_path_buf);
        ratings::cache::write_cache(&loaded.ratings, &loaded.ids, &out).map_err(Failure::run)?;
        return Ok(written(&numbers_of_ratings(&loaded.ratings), &out));
    }
    let DataSet::Corpus(corpus) = read_any(path, SEED).map_err(Failure::input)? else {
        return Err(Failure::input(format!("{}: changed while it was being read", path.display())));
    };
    let out = out.map_or_else(|| default_out(path, "bags"), Path::to_path_buf);
    bow::cache::write_cache(&corpus, &out).map_err(Failure::run)?;
    Ok(written(&numbers_of_corpus(&corpus), &out))
}

/// The name of the file or folder, with another ending, where the command runs.
fn default_out(path: &Path, ending: &str) -> PathBuf {
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let name = whole.file_name().map_or_else(|| "imported".into(), |name| name.to_string_lossy().into_owned());
    let stem = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("imported");
    PathBuf::from(format!("{stem}.{ending}"))
}

fn make_ratings(scale: Option<f64>, seed: u64, out: Option<&Path>) -> Result<String, Failure> {
    let out = out.unwrap_or(Path::new("generated.ratings"));
    let config = scale.map_or_else(ratings::config::Generated::default, ratings::config::Generated::at_scale);
    if let Some(error) = config.check().first() {
        return Err(Failure::input(format!("--{error}")));
    }
    let ratings = ratings::generate::generate(&config, seed);
    ratings::cache::write_cache(&ratings, &Ids::dense(ratings.users, ratings.items), out).map_err(Failure::run)?;
    Ok(written(&numbers_of_ratings(&ratings), out))
}

fn make_bags(scale: Option<f64>, seed: u64, out: Option<&Path>) -> Result<String, Failure> {
    let out = out.unwrap_or(Path::new("generated.bags"));
    let config = scale.map_or_else(bow::config::Generated::default, bow::config::Generated::at_scale);
    if let Some(error) = config.check().first() {
        return Err(Failure::input(format!("--{error}")));
    }
    let corpus = bow::generate::generate(&config, seed);
    bow::cache::write_cache(&corpus, out).map_err(Failure::run)?;
    Ok(written(&numbers_of_corpus(&corpus), out))
}

fn verify(path: &Path) -> Result<String, Failure> {
    let numbers = match read_any(path, SEED).map_err(Failure::input)? {
        DataSet::Ratings(ratings) => numbers_of_ratings(&ratings),
        DataSet::Corpus(corpus) => numbers_of_corpus(&corpus),
    };
    Ok(format!("{}: whole\n{numbers}", path.display()))
}

fn written(numbers: &str, out: &Path) -> String {
    format!("wrote {}\n{numbers}", out.display())
}

fn numbers_of_ratings(ratings: &Ratings) -> String {
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

fn numbers_of_corpus(corpus: &Corpus) -> String {
    let spelled = if corpus.vocabulary.is_empty() { "without spellings" } else { "with spellings" };
    format!(
        "  {}\n  {} documents, {} words ({spelled}), {} tokens\n  hash {}\n",
        corpus.name,
        corpus.documents(),
        corpus.words,
        corpus.tokens,
        blake3::Hash::from_bytes(corpus.hash).to_hex(),
    )
}
