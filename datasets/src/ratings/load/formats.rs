//! The registry of text formats.

use super::format::Format;
use super::{movielens_1m, movielens_100k, movielens_csv, netflix, recbole};

/// Every text format. The first that recognises a file takes it.
pub(super) const FORMATS: &[Format] =
    &[movielens_csv::FORMAT, recbole::FORMAT, movielens_100k::FORMAT, movielens_1m::FORMAT, netflix::FORMAT];

/// The format of a file with this first line.
pub(super) fn recognise(line: &[u8]) -> Option<&'static Format> {
    FORMATS.iter().find(|format| (format.recognises)(line))
}
