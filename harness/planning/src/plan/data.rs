//! The data that plans learn from, loaded or made once and kept while they are asked for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datasets::bow::{self, Corpus};
use datasets::images::load::{Loaded, Options};
use datasets::images::{self, Images};
use datasets::ratings::held_out::{DEFAULT_SHARE, HeldOut};
use datasets::ratings::{self, Ratings};
use datasets::text::TextError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::spec::Workload;
use record::say;

/// What kind of data a workload learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Users' ratings of items.
    Ratings,
    /// Bags of words.
    Corpus,
    /// Labelled images.
    Images,
}

/// Where the data come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DataSource {
    /// Ratings made from these settings and a plan's seed.
    Generated(ratings::config::Generated),
    /// Documents made from these settings and a plan's seed.
    GeneratedCorpus(bow::config::Generated),
    /// Images made from these settings and a plan's seed.
    GeneratedImages(images::config::Generated),
    /// Data of this kind, read from this file or folder; which ratings are held out follows from a plan's seed.
    File(Kind, PathBuf),
}

/// Data in memory, or within reach.
#[derive(Clone, Debug)]
pub enum DataSet {
    /// Users' ratings of items.
    Ratings(Arc<Ratings>),
    /// Bags of words.
    Corpus(Arc<Corpus>),
    /// Labelled images.
    Images(Arc<Images>),
}

/// Data that cannot be had.
#[derive(Debug, Error)]
pub enum DataError {
    /// No ratings there.
    #[error(transparent)]
    Ratings(#[from] ratings::load::LoadError),
    /// No bags of words there.
    #[error(transparent)]
    Corpus(#[from] bow::load::LoadError),
    /// No images there.
    #[error(transparent)]
    Images(#[from] images::load::LoadError),
    /// Nothing there that looks like data of any kind.
    #[error(
        "{}: found {found}, expected ratings: {}; or bags of words: {}; or images: {}",
        path.display(), ratings::load::formats(), bow::load::EXPECTED, images::load::EXPECTED
    )]
    NoKind {
        /// The file or folder.
        path: PathBuf,
        /// What it has or begins with.
        found: String,
    },
    /// Data of more than one kind there.
    #[error("{}: found data of more than one kind ({}), expected one; name the file", path.display(), found.join("; "))]
    ManyKinds {
        /// The folder.
        path: PathBuf,
        /// What it has of each.
        found: Vec<String>,
    },
    /// Data of another kind there.
    #[error("{}: found {found} ({name}), expected {expected}, which the workload `{}` learns from", path.display(), expected.workload())]
    OtherKind {
        /// The file or folder.
        path: PathBuf,
        /// What it holds.
        found: Kind,
        /// In words.
        name: String,
        /// What was to be read.
        expected: Kind,
    },
}

/// Gives data by seed, and keeps those of the last seed.
#[derive(Debug)]
pub struct Loader {
    source: DataSource,
    last: Option<(u64, DataSet)>,
}

impl Kind {
    /// What `workload` learns from.
    pub fn of(workload: &Workload) -> Kind {
        match workload {
            Workload::Mf(_) => Kind::Ratings,
            Workload::Lda(_) => Kind::Corpus,
            Workload::Ic(_) => Kind::Images,
        }
    }

    fn workload(self) -> &'static str {
        match self {
            Kind::Ratings => "mf",
            Kind::Corpus => "lda",
            Kind::Images => "ic",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Ratings => "ratings",
            Kind::Corpus => "bags of words",
            Kind::Images => "images",
        })
    }
}

impl DataSet {
    /// Their kind.
    pub fn kind(&self) -> Kind {
        match self {
            DataSet::Ratings(_) => Kind::Ratings,
            DataSet::Corpus(_) => Kind::Corpus,
            DataSet::Images(_) => Kind::Images,
        }
    }

    /// Where they come from, in words.
    pub fn name(&self) -> &str {
        match self {
            DataSet::Ratings(ratings) => &ratings.name,
            DataSet::Corpus(corpus) => &corpus.name,
            DataSet::Images(images) => &images.name,
        }
    }

    /// BLAKE3 of their content.
    pub fn hash(&self) -> &[u8; 32] {
        match self {
            DataSet::Ratings(ratings) => &ratings.hash,
            DataSet::Corpus(corpus) => &corpus.hash,
            DataSet::Images(images) => &images.hash,
        }
    }
}

impl Loader {
    /// Nothing is read before it is asked for.
    pub fn new(source: DataSource) -> Self {
        Loader { source, last: None }
    }

    /// Where its data come from.
    pub fn source(&self) -> &DataSource {
        &self.source
    }

    /// Lets go of what it keeps.
    pub fn forget(&mut self) {
        self.last = None;
    }

    /// The data for a plan's seed.
    ///
    /// # Errors
    /// [`DataError`], when they are read from a file.
    pub fn data(&mut self, seed: u64) -> Result<DataSet, DataError> {
        // A corpus or images from a file are the same for every seed: nothing of them is held out by it.
        let is_fixed = matches!(self.source, DataSource::File(Kind::Corpus | Kind::Images, _));
        if let Some((_, data)) = self.last.as_ref().filter(|(last, _)| is_fixed || *last == seed) {
            return Ok(data.clone());
        }
        self.last = None;
        let data = match &self.source {
            DataSource::Generated(config) => DataSet::Ratings(Arc::new(ratings::generate::generate(config, seed))),
            DataSource::GeneratedCorpus(config) => DataSet::Corpus(Arc::new(bow::generate::generate(config, seed))),
            DataSource::GeneratedImages(config) => DataSet::Images(Arc::new(images::generate::generate(config, seed))),
            DataSource::File(kind, path) => read(*kind, path, seed)?,
        };
        self.last = Some((seed, data.clone()));
        Ok(data)
    }
}

fn read(kind: Kind, path: &Path, seed: u64) -> Result<DataSet, DataError> {
    // What it is instead is worth a second look.
    read_kind(kind, path, seed).map_err(|error| {
        let others = KINDS.into_iter().filter(|&other| other != kind);
        match others.filter_map(|other| read_kind(other, path, seed).ok()).next() {
            Some(data) => DataError::OtherKind {
                path: path.to_owned(),
                found: data.kind(),
                name: data.name().to_owned(),
                expected: kind,
            },
            None => error,
        }
    })
}

/// The data in a file or folder, of whichever kind; `seed` decides which ratings are held out.
///
/// # Errors
/// When they are of no kind: what is wrong with the kind that they seem to be, or which kinds there are. When they are of several.
pub fn read_any(path: &Path, seed: u64) -> Result<DataSet, DataError> {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for kind in KINDS {
        match read_kind(kind, path, seed) {
            // A file is of one kind; a folder may have files of several.
            Ok(data) if !path.is_dir() => return Ok(data),
            Ok(data) => found.push(data),
            Err(error) => errors.push(error),
        }
    }
    if found.len() > 1 {
        let found = found.iter().map(|data| format!("{}: {}", data.kind(), data.name())).collect();
        return Err(DataError::ManyKinds { path: path.to_owned(), found });
    }
    if let Some(data) = found.pop() {
        return Ok(data);
    }
    match errors.iter().position(|error| !error.is_other()) {
        Some(seems) => Err(errors.swap_remove(seems)),
        None => Err(no_kind(path, errors)),
    }
}

/// The error about a place without data of any kind. What is there, the images' says for files, folders and archives.
fn no_kind(path: &Path, mut errors: Vec<DataError>) -> DataError {
    let found = errors.iter().find_map(|error| match error {
        DataError::Images(images::load::LoadError::Unknown { found, .. }) => Some(found.clone()),
        _ => None,
    });
    match found {
        Some(found) => DataError::NoKind { path: path.to_owned(), found },
        None => errors.swap_remove(0),
    }
}

/// Every kind, in the order in which files are tried.
const KINDS: [Kind; 3] = [Kind::Ratings, Kind::Corpus, Kind::Images];

impl DataError {
    /// Whether nothing there looks like data of this kind.
    fn is_other(&self) -> bool {
        use {
            bow::load::LoadError as OfCorpus, images::load::LoadError as OfImages,
            ratings::load::LoadError as OfRatings,
        };
        match self {
            // Too many files for ratings or bags may be images.
            DataError::Ratings(error) => matches!(
                error,
                OfRatings::Unknown { .. } | OfRatings::NothingFound { .. } | OfRatings::Text(TextError::TooMany { .. })
            ),
            DataError::Corpus(error) => matches!(
                error,
                OfCorpus::Unknown { .. } | OfCorpus::NothingFound { .. } | OfCorpus::Text(TextError::TooMany { .. })
            ),
            DataError::Images(error) => matches!(error, OfImages::Unknown { .. }),
            DataError::NoKind { .. } | DataError::ManyKinds { .. } | DataError::OtherKind { .. } => true,
        }
    }
}

fn read_kind(kind: Kind, path: &Path, seed: u64) -> Result<DataSet, DataError> {
    Ok(match kind {
        Kind::Ratings => {
            let held_out = HeldOut { share: DEFAULT_SHARE, seed };
            DataSet::Ratings(Arc::new(ratings::load::load(path, held_out)?.ratings))
        }
        Kind::Corpus => DataSet::Corpus(Arc::new(bow::load::load(path)?)),
        Kind::Images => {
            let Loaded { images, skipped } = images::load::load(path, &Options::default())?;
            tell_skipped(path, &skipped);
            DataSet::Images(Arc::new(images))
        }
    })
}

/// Names the images that were passed over.
fn tell_skipped(path: &Path, skipped: &[String]) {
    if !skipped.is_empty() {
        say::err(&format!("{}: {} images cannot be used and are skipped:", path.display(), skipped.len()));
        skipped.iter().for_each(|image| say::err(&format!("  {image}")));
    }
}
