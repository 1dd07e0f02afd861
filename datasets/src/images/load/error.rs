//! Errors of loading images, each with its place, the content found and the form expected.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::images::cache::CacheError;
use crate::text::TextError;

/// Every form of images, for messages.
pub const EXPECTED: &str = "CIFAR-10's binary batches, MNIST's idx files, folders train/<class>/ and test/<class>/ of JPEG (any of them also in a .tar, .tar.gz or .tar.xz), or a cache of images";

/// The reason why images could not be loaded.
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
        /// The underlying error of the system.
        source: io::Error,
    },
    /// An archive that ends early or is damaged.
    #[error("{file}: the archive is truncated or damaged ({source}), expected a complete .tar, .tar.gz or .tar.xz")]
    Archive {
        /// Path of the archive.
        file: PathBuf,
        /// The underlying error of the system.
        source: io::Error,
    },
    /// An archive too large to be read into memory.
    #[error(
        "{file}: found more than {limit} bytes of files in the archive, expected at most {limit}; unpack it and give the folder"
    )]
    LargeArchive {
        /// Path of the archive.
        file: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file or folder that violates its format.
    #[error("{place}: found {found}, expected {expected}")]
    Format {
        /// The file or folder.
        place: String,
        /// The text or content found.
        found: String,
        /// The form expected, with valid values.
        expected: String,
    },
    /// More images that cannot be decoded than may be skipped.
    #[error(
        "{place}: found more than {limit} unusable images of {images}, expected at most {limit}; the first: {}",
        .first.join("; ")
    )]
    TooManyCorrupt {
        /// The folder or archive.
        place: String,
        /// The limit on skipped images.
        limit: u32,
        /// Number of images in the set.
        images: usize,
        /// The names of the first few, with the reasons.
        first: Vec<String>,
    },
    /// No set of images.
    #[error("{path}: found {found}, expected images: {EXPECTED}")]
    Unknown {
        /// The file or folder.
        path: PathBuf,
        /// The entries of a folder, or the beginning of a file.
        found: String,
    },
    /// Images, but not in folders by class.
    #[error(
        "{path}: found {found}, expected folders of JPEG by class: train/<class>/*.jpg and test/<class>/*.jpg, or <class>/*.jpg"
    )]
    NoClasses {
        /// The file, folder or archive.
        path: PathBuf,
        /// The first entries of the folder.
        found: String,
    },
    /// A folder or archive with more than one set.
    #[error("{place}: found more than one set of images ({}), expected one; {advice}", .sets.join("; "))]
    Ambiguous {
        /// The folder or archive.
        place: PathBuf,
        /// The sets, or a file of each.
        sets: Vec<String>,
        /// The advice in the message.
        advice: &'static str,
    },
    /// A cache file that is damaged or of another version.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// The error of a file or folder that violates its format.
pub(super) fn format(place: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> LoadError {
    LoadError::Format { place: place.into(), found: found.into(), expected: expected.into() }
}
