//! The ratings that plans learn from, loaded or made once and kept while they are asked for.

use std::path::PathBuf;
use std::sync::Arc;

use datasets::ratings::Ratings;
use datasets::ratings::config::Generated;
use datasets::ratings::generate::generate;
use datasets::ratings::held_out::{DEFAULT_SHARE, HeldOut};
use datasets::ratings::load::{LoadError, load};
use thiserror::Error;

/// Where the ratings come from.
#[derive(Clone, Debug, PartialEq)]
pub enum DataSource {
    /// Made from these settings and a plan's seed.
    Generated(Generated),
    /// Read from this file or folder; which ratings are held out follows from a plan's seed.
    File(PathBuf),
}

/// Ratings that cannot be had.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct DataError(#[from] LoadError);

/// Gives ratings by seed, and keeps those of the last seed.
#[derive(Debug)]
pub struct Loader {
    source: DataSource,
    last: Option<(u64, Arc<Ratings>)>,
}

impl Loader {
    /// Nothing is read before it is asked for.
    pub fn new(source: DataSource) -> Self {
        Loader { source, last: None }
    }

    /// Where its ratings come from.
    pub fn source(&self) -> &DataSource {
        &self.source
    }

    /// The ratings for a plan's seed.
    pub fn ratings(&mut self, seed: u64) -> Result<Arc<Ratings>, DataError> {
        if let Some((_, ratings)) = self.last.as_ref().filter(|(last, _)| *last == seed) {
            return Ok(Arc::clone(ratings));
        }
        self.last = None;
        let ratings = Arc::new(match &self.source {
            DataSource::Generated(config) => generate(config, seed),
            DataSource::File(path) => load(path, HeldOut { share: DEFAULT_SHARE, seed })?.ratings,
        });
        self.last = Some((seed, Arc::clone(&ratings)));
        Ok(ratings)
    }
}
