//! A text format of ratings: how its files are found, recognised and read. Each format is a file of this folder and an entry of
//! `FORMATS`.

use super::LoadError;
use crate::ratings::Rating;
use crate::text::lines::Lines;

/// A text format of ratings.
pub(super) struct Format {
    /// The name of the format in messages and in the name of a data set.
    pub(super) name: &'static str,
    /// The file names that a folder is searched for, in messages.
    pub(super) looks_for: &'static str,
    /// The set that a file of this name (without `.gz`) belongs to. Files of one set are read together. `None` means that the name is not
    /// one of this format.
    pub(super) set: fn(&str) -> Option<String>,
    /// Whether a file with this first line is of this format, well formed or not.
    pub(super) recognises: fn(&[u8]) -> bool,
    /// Reads a whole file.
    pub(super) read: fn(&mut Lines, &mut Sink) -> Result<(), LoadError>,
}

/// The form of a line in every format, for messages.
pub(super) const A_LINE: &str = "one rating per line";

/// The consumer of a file's ratings: called once per rating with its line, and the user and item as numbered in the file.
pub(super) type Sink<'a> = dyn FnMut(u64, Rating) + 'a;
