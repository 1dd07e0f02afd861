//! `experiments data`: what data sets there are, and making, checking and converting files of them.

use std::path::{Path, PathBuf};

use datasets::bow::{self, Corpus};
use datasets::images::{self, Images};
use datasets::ratings::held_out::{DEFAULT_SHARE, HeldOut};
use datasets::ratings::load::{Ids, Loaded, load};
use datasets::ratings::{self, Ratings};

use crate::cli::{DataCommand, Generated};
use planning::plan::{DataSet, read_any};
use record::aligned::{Side, aligned};
use record::failure::Failure;
use record::place::{self, Existing};
use record::say;

/// The seed of the held-out part where no run's seed is given.
const SEED: u64 = 1;

/// Does a data command and gives what to show.
pub fn command(command: &DataCommand) -> Result<String, Failure> {
    match command {
        DataCommand::List => Ok(list()),
        DataCommand::Import { path, out, force } => import(path, out.as_deref(), Existing::forced(*force)),
        DataCommand::Generate { what, scale, seed, out, force } => {
            let (make, default): (Make, &str) = match what {
                Generated::Ratings => (make_ratings, "generated.ratings"),
                Generated::Bags => (make_bags, "generated.bags"),
                Generated::Images => (make_images, "generated.images"),
            };
            let out = out.as_deref().unwrap_or(Path::new(default));
            make(*scale, *seed, Place { out, existing: Existing::forced(*force) })
        }
        DataCommand::Verify { path } => verify(path),
    }
}

/// Generates data of this scale and seed into a file, and gives what to show.
type Make = fn(Option<f64>, u64, Place<'_>) -> Result<String, Failure>;

/// Where a file goes.
#[derive(Clone, Copy)]
struct Place<'a> {
    out: &'a Path,
    existing: Existing,
}

impl<'a> Place<'a> {
    /// The path, where it is free.
    fn free(self) -> Result<&'a Path, Failure> {
        place::check(self.out, self.existing, None).map(|()| self.out).map_err(Failure::input)
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
        (
            "generated-images",
            "labelled images of any shape and number (`data: { generated-images: { classes: 10, height: 32, width: 32 } }`)",
        ),
        ("MovieLens CSV", "`ratings.csv`: userId,movieId,rating,timestamp"),
        ("MovieLens 1M", "`ratings.dat`: UserID::MovieID::Rating::Timestamp"),
        ("MovieLens 100K", "`u.data`: user, item, rating, timestamp, tab-separated, maybe below a header line"),
        ("RecBole", "`*.inter`: user_id:token, item_id:token, rating:float, timestamp:float, tab-separated"),
        ("Netflix Prize", "`combined_data_*.txt` or `training_set/mv_*.txt`"),
        ("UCI bag of words", "`docword.*.txt`, with the spellings in `vocab.*.txt` beside it"),
        ("CIFAR-10", "`data_batch_*.bin` and `test_batch.bin`"),
        ("MNIST", "`train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, and the two of `t10k`"),
        (
            "JPEG by class",
            "`train/<class>/*.jpg` and `test/<class>/*.jpg` (or `val/`), as ImageNet by WordNet id; or `<class>/*.jpg`",
        ),
        (
            "ILSVRC12, Tiny-ImageNet",
            "the same, with `val/` listed in `LOC_val_solution.csv` or `val/val_annotations.txt`",
        ),
        ("cache", "what `experiments data import` and `generate` write"),
    ];
    entries.map(|(name, about)| (name.to_string(), about.to_string())).to_vec()
}

fn list() -> String {
    let rows: Vec<[String; 2]> = known().into_iter().map(|(name, about)| [name, about]).collect();
    let mut text = aligned(&[Side::Left], &rows);
    text.push_str("Formats are recognised by content, in a file or a folder; text and idx may be gzipped (.gz), images in .tar, .tar.gz or .tar.xz.\n");
    text
}

fn import(path: &Path, out: Option<&Path>, existing: Existing) -> Result<String, Failure> {
    let free = |out: &Path| place::check(out, existing, Some(path)).map_err(Failure::input);
    // Before minutes of reading, not after.
    out.map_or(Ok(()), free)?;
    let out = |ending| {
        let out = out.map_or_else(|| default_out(path, ending), Path::to_path_buf);
        free(&out).map(|()| out)
    };
    match read_any(path, SEED).map_err(Failure::input)? {
        DataSet::Corpus(corpus) => {
            let out = out("bags")?;
            bow::cache::write_cache(&corpus, &out).map_err(Failure::run)?;
            Ok(written(&numbers_of_corpus(&corpus), &out))
        }
        DataSet::Images(images) => {
            let (bytes, most) = (images::cache::pixel_bytes(&images), images::load::Options::default().memory_bytes);
            if bytes > most {
                return Err(Failure::input(format!(
                    "{}: {bytes} bytes of pixels, expected at most {most}: larger sets are decoded when they are read, from where they are",
                    path.display()
                )));
            }
            let out = out("images")?;
            images::cache::write_cache(&images, &out).map_err(Failure::run)?;
            Ok(written(&numbers_of_images(&images), &out))
        }
        // Once more, with the names that the file gives to users and items.
        DataSet::Ratings(_) => {
            let Loaded { ratings, ids } =
                load(path, HeldOut { share: DEFAULT_SHARE, seed: SEED }).map_err(Failure::input)?;
            let out = out("ratings")?;
            ratings::cache::write_cache(&ratings, &ids, &out).map_err(Failure::run)?;
            Ok(written(&numbers_of_ratings(&ratings), &out))
        }
    }
}

/// The name of the file or folder, with another ending, where the command runs.
fn default_out(path: &Path, ending: &str) -> PathBuf {
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let name = whole.file_name().map_or_else(|| "imported".into(), |name| name.to_string_lossy().into_owned());
    let stem = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("imported");
    PathBuf::from(format!("{stem}.{ending}"))
}

fn make_ratings(scale: Option<f64>, seed: u64, place: Place<'_>) -> Result<String, Failure> {
    let config = scale.map_or_else(ratings::config::Generated::default, ratings::config::Generated::at_scale);
    if let Some(error) = config.check().first() {
        return Err(Failure::input(format!("--{error}")));
    }
    let out = place.free()?;
    let ratings = ratings::generate::generate(&config, seed);
    ratings::cache::write_cache(&ratings, &Ids::dense(ratings.users, ratings.items), out).map_err(Failure::run)?;
    Ok(written(&numbers_of_ratings(&ratings), out))
}

fn make_bags(scale: Option<f64>, seed: u64, place: Place<'_>) -> Result<String, Failure> {
    let config = scale.map_or_else(bow::config::Generated::default, bow::config::Generated::at_scale);
    if let Some(error) = config.check().first() {
        return Err(Failure::input(format!("--{error}")));
    }
    let out = place.free()?;
    let corpus = bow::generate::generate(&config, seed);
    bow::cache::write_cache(&corpus, out).map_err(Failure::run)?;
    Ok(written(&numbers_of_corpus(&corpus), out))
}

fn make_images(scale: Option<f64>, seed: u64, place: Place<'_>) -> Result<String, Failure> {
    if scale.is_some() {
        return Err(Failure::input(
            "--scale: images have none; a spec's `generated-images` gives their shape and number",
        ));
    }
    let out = place.free()?;
    let images = images::generate::generate(&images::config::Generated::default(), seed);
    images::cache::write_cache(&images, out).map_err(Failure::run)?;
    Ok(written(&numbers_of_images(&images), out))
}

fn verify(path: &Path) -> Result<String, Failure> {
    let numbers = match read_any(path, SEED).map_err(Failure::input)? {
        DataSet::Ratings(ratings) => numbers_of_ratings(&ratings),
        DataSet::Corpus(corpus) => numbers_of_corpus(&corpus),
        DataSet::Images(images) => {
            read_all(&images).map_err(|says| Failure::input(format!("{}: {says}", path.display())))?;
            numbers_of_images(&images)
        }
    };
    Ok(format!("{}: whole\n{numbers}", path.display()))
}

/// Reads every image: those that are decoded when they are read show only then whether they can be.
fn read_all(images: &Images) -> Result<(), String> {
    /// Images that are read at a time.
    const BATCH: usize = 256;
    let mut buffer = vec![0; BATCH * images.shape.bytes()];
    for split in [&images.train, &images.test] {
        let numbers: Vec<u32> = (0..split.len() as u32).collect();
        for batch in numbers.chunks(BATCH) {
            split.pixels.read(batch, &mut buffer[..batch.len() * images.shape.bytes()]);
        }
        split.pixels.skipped().iter().for_each(|image| say::err(&format!("cannot be used: {image}")));
        split.pixels.failure().map_or(Ok(()), Err)?;
    }
    Ok(())
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

fn numbers_of_images(images: &Images) -> String {
    format!(
        "  {}\n  {} classes, {} images to learn from, {} to test on, {}\n  hash {}\n",
        images.name,
        images.classes.len(),
        images.train.len(),
        images.test.len(),
        images.shape,
        blake3::Hash::from_bytes(images.hash).to_hex(),
    )
}
