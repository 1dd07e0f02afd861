//! The data that plans learn from, loaded or made once and kept while they are asked for.

use std::path::{Path, PathBuf};
use std::time::Instant;

use thiserror::Error;
use tracing::info;

use crate::workload::list::{DataSet, DataSource, Kind, Unreadable};

/// Data that cannot be had.
#[derive(Debug, Error)]
pub enum DataError {
    /// No data of a kind there, or damaged ones.
    #[error("{0}")]
    Unreadable(Box<dyn std::error::Error + Send + Sync>),
    /// Nothing there that looks like data of any kind.
    #[error("{}: found {found}, expected {}", path.display(), expected())]
    NoKind {
        /// The file or folder.
        path: PathBuf,
        /// The entries of the folder, or the first bytes of the file.
        found: String,
    },
    /// Data of more than one kind there.
    #[error("{}: found data of more than one kind ({}), expected one; name the file", path.display(), found.join("; "))]
    ManyKinds {
        /// The path of the folder.
        path: PathBuf,
        /// The entries of each kind.
        found: Vec<String>,
    },
    /// Data of another kind there.
    #[error(
        "{}: found {found} ({name}), expected {expected}, which the workload `{}` learns from",
        path.display(), expected.about().name
    )]
    OtherKind {
        /// The file or folder.
        path: PathBuf,
        /// The kind of data in the file.
        found: Kind,
        /// The name of the data, in words.
        name: String,
        /// The kind that the workload learns from.
        expected: Kind,
    },
}

/// The formats of every kind.
fn expected() -> String {
    let of = |kind: &Kind| format!("{kind}: {}", kind.formats());
    Kind::ALL.iter().map(of).collect::<Vec<_>>().join("; or ")
}

impl From<Unreadable> for DataError {
    fn from(unreadable: Unreadable) -> Self {
        DataError::Unreadable(unreadable.error)
    }
}

/// Gives data by seed, and keeps those of the last seed.
#[derive(Debug)]
pub struct Loader {
    source: DataSource,
    last: Option<(u64, DataSet)>,
}

impl Loader {
    /// Nothing is read before it is asked for.
    pub fn new(source: DataSource) -> Self {
        Loader { source, last: None }
    }

    /// The source of its data.
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
        let is_fixed = matches!(&self.source, DataSource::File(kind, _) if !kind.about().seeded);
        if let Some((_, data)) = self.last.as_ref().filter(|(last, _)| is_fixed || *last == seed) {
            return Ok(data.clone());
        }
        self.last = None;
        let begun = Instant::now();
        let data = match (self.source.generate(seed), &self.source) {
            (Some(data), _) => data,
            (None, DataSource::File(kind, path)) => read(*kind, path, seed)?,
            (None, _) => unreachable!("what is no file is generated"),
        };
        let seconds = begun.elapsed().as_secs_f64();
        info!(name = data.name(), kind = %data.kind(), sizes = data.in_numbers(), seed, seconds, "data ready");
        self.last = Some((seed, data.clone()));
        Ok(data)
    }
}

fn read(kind: Kind, path: &Path, seed: u64) -> Result<DataSet, DataError> {
    // What it is instead is worth a second look.
    kind.read(path, seed).map_err(|unreadable| {
        let others = Kind::ALL.iter().copied().filter(|&other| other != kind);
        match others.filter_map(|other| other.read(path, seed).ok()).next() {
            Some(data) => DataError::OtherKind {
                path: path.to_owned(),
                found: data.kind(),
                name: data.name().to_owned(),
                expected: kind,
            },
            None => unreadable.into(),
        }
    })
}

/// Data of whatever kind is at `path`; `seed` decides what is held out.
///
/// # Errors
/// Returns an error if there are none, which names the kind that they seem to be, or the existing kinds; and if they are of several kinds.
pub fn read_any(path: &Path, seed: u64) -> Result<DataSet, DataError> {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for kind in Kind::ALL {
        match kind.read(path, seed) {
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
    match errors.iter().position(|error| !error.is_other) {
        Some(seems) => Err(errors.swap_remove(seems).into()),
        None => Err(no_kind(path, errors)),
    }
}

/// The error about a place without data of any kind.
fn no_kind(path: &Path, mut errors: Vec<Unreadable>) -> DataError {
    match errors.iter_mut().find_map(|error| error.found.take()) {
        Some(found) => DataError::NoKind { path: path.to_owned(), found },
        None => errors.swap_remove(0).into(),
    }
}
