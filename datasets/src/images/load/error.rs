//! What can be wrong with a set of images: where, what was found, what was expected.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::images::cache::CacheError;
use crate::text::TextError;

/// Every form of images, for messages.
pub const EXPECTED: &str = "CIFAR-10's binary batches, MNIST's idx files, folders train/<class>/ and test/<class>/ of JPEG (any of them also in a .tar, .tar.gz or .tar.xz), or a cache of images";

/// Why images could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A path that leads nowhere, or may not be read.
    #[error(transparent)]
    Path(#[from] TextError),
    /// Reading stopped with an error of the system, or of the compressed data.
    #[error("{file}: cannot be read: {source}")]
    Read {
        /// The file; within an archive, the archive's name comes first.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// An archive that ends early or is damaged.
    #[error("{file}: the archive is cut off or damaged ({source}), expected a whole .tar, .tar.gz or .tar.xz")]
    Archive {
        /// The archive.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An archive too large to be read into memory.
    #[error(
        "{file}: found more than {limit} bytes of files in the archive, expected at most that; unpack it and name the folder"
    )]
    LargeArchive {
        /// The archive.
        file: PathBuf,
        /// Bytes that are taken.
        limit: u64,
    },
    /// Something in a file or folder that is not what its format says.
    #[error("{place}: found {found}, expected {expected}")]
    Format {
        /// The file or folder.
        place: String,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// More images that cannot be decoded than may be skipped.
    #[error(
        "{place}: found more than {limit} of {images} images that cannot be used, expected at most that; the first: {}",
        .first.join("; ")
    )]
    TooManyCorrupt {
        /// The folder or archive.
        place: String,
        /// How many may be skipped.
        limit: u32,
        /// How many there are in all.
        images: usize,
        /// The first few: their names, and why.
        first: Vec<String>,
    },
    /// No set of images.
    #[error("{path}: found {found}, expected images: {EXPECTED}")]
    Unknown {
        /// The file or folder.
        path: PathBuf,
        /// What it has or begins with.
        found: String,
    },
    /// Images, but not in folders by class.
    #[error(
        "{path}: found {found}, expected folders of JPEG by class: train/<class>/*.jpg and test/<class>/*.jpg, or <class>/*.jpg"
    )]
    NoClasses {
        /// The file, folder or archive.
        path: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// A folder or archive with more than one set.
    #[error("{place}: found more than one set of images ({}), expected one; {advice}", .sets.join("; "))]
    Ambiguous {
        /// The folder or archive.
        place: PathBuf,
        /// The sets, or a file of each.
        sets: Vec<String>,
        /// How to choose one.
        advice: &'static str,
    },
    /// A cache file that is damaged or of another version.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// The error about something that is not what it should be.
pub(super) fn format(place: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> LoadError {
    LoadError::Format { place: place.into(), found: found.into(), expected: expected.into() }
}
