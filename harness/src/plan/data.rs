//! The data that plans learn from, loaded or made once and kept while they are asked for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datasets::bow::{self, Corpus};
use datasets::ratings::held_out::{DEFAULT_SHARE, HeldOut};
use datasets::ratings::{self, Ratings};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::spec::Workload;

/// What kind of data a workload learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Users' ratings of items.
    Ratings,
    /// Bags of words.
    Corpus,
}

/// Where the data come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DataSource {
    /// Ratings made from these settings and a plan's seed.
    Generated(ratings::config::Generated),
    /// Documents made from these settings and a plan's seed.
    GeneratedCorpus(bow::config::Generated),
    /// Data of this kind, read from this file or folder; which ratings are held out follows from a plan's seed.
    File(Kind, PathBuf),
}

/// Data in memory.
#[derive(Clone, Debug)]
pub enum DataSet {
    /// Users' ratings of items.
    Ratings(Arc<Ratings>),
    /// Bags of words.
    Corpus(Arc<Corpus>),
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
    /// Data of the other kind there.
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
        }
    }

    fn workload(self) -> &'static str {
        match self {
            Kind::Ratings => "mf",
            Kind::Corpus => "lda",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Ratings => "ratings",
            Kind::Corpus => "bags of words",
        })
    }
}

impl DataSet {
    /// Their kind.
    pub fn kind(&self) -> Kind {
        match self {
            DataSet::Ratings(_) => Kind::Ratings,
            DataSet::Corpus(_) => Kind::Corpus,
        }
    }

    /// Where they come from, in words.
    pub fn name(&self) -> &str {
        match self {
            DataSet::Ratings(ratings) => &ratings.name,
            DataSet::Corpus(corpus) => &corpus.name,
        }
    }

    /// BLAKE3 of their content.
    pub fn hash(&self) -> &[u8; 32] {
        match self {
            DataSet::Ratings(ratings) => &ratings.hash,
            DataSet::Corpus(corpus) => &corpus.hash,
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

    /// The data for a plan's seed.
    ///
    /// # Errors
    /// [`DataError`], when they are read from a file.
    pub fn data(&mut self, seed: u64) -> Result<DataSet, DataError> {
        // A corpus from a file is the same for every seed: nothing of it is held out.
        let is_fixed = matches!(self.source, DataSource::File(Kind::Corpus, _));
        if let Some((_, data)) = self.last.as_ref().filter(|(last, _)| is_fixed || *last == seed) {
            return Ok(data.clone());
        }
        self.last = None;
        let data = match &self.source {
            DataSource::Generated(config) => DataSet::Ratings(Arc::new(ratings::generate::generate(config, seed))),
            DataSource::GeneratedCorpus(config) => DataSet::Corpus(Arc::new(bow::generate::generate(config, seed))),
            DataSource::File(kind, path) => read(*kind, path, seed)?,
        };
        self.last = Some((seed, data.clone()));
        Ok(data)
    }
}

fn read(kind: Kind, path: &Path, seed: u64) -> Result<DataSet, DataError> {
    match read_kind(kind, path, seed) {
        Ok(data) => Ok(data),
        // What it is instead is worth a second look.
        Err(error) => {
            let found = if kind == Kind::Ratings { Kind::Corpus } else { Kind::Ratings };
            Err(match read_kind(found, path, seed) {
                Ok(data) => {
                    DataError::OtherKind { path: path.to_owned(), found, name: data.name().to_owned(), expected: kind }
                }
                Err(_) => error,
            })
        }
    }
}

/// The data in a file or folder, of whichever kind; `seed` decides which ratings are held out.
///
/// # Errors
/// When they are of neither kind: what is wrong with the kind that they seem to be, or with them as ratings.
pub fn read_any(path: &Path, seed: u64) -> Result<DataSet, DataError> {
    let as_ratings = match read_kind(Kind::Ratings, path, seed) {
        Ok(data) => return Ok(data),
        Err(error) => error,
    };
    use bow::load::LoadError::{NothingFound, Unknown};
    match read_kind(Kind::Corpus, path, seed) {
        Ok(data) => Ok(data),
        Err(DataError::Corpus(Unknown { .. } | NothingFound { .. })) => Err(as_ratings),
        Err(as_corpus) => match as_ratings {
            DataError::Ratings(
                ratings::load::LoadError::Unknown { .. } | ratings::load::LoadError::NothingFound { .. },
            ) => Err(as_corpus),
            other => Err(other),
        },
    }
}

fn read_kind(kind: Kind, path: &Path, seed: u64) -> Result<DataSet, DataError> {
    Ok(match kind {
        Kind::Ratings => {
            let held_out = HeldOut { share: DEFAULT_SHARE, seed };
            DataSet::Ratings(Arc::new(ratings::load::load(path, held_out)?.ratings))
        }
        Kind::Corpus => DataSet::Corpus(Arc::new(bow::load::load(path)?)),
    })
}
