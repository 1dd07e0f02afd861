//! The error of bytes that are no table.

use thiserror::Error;

/// The problem with the bytes.
#[derive(Debug, Error)]
#[error("found {0}, expected Parquet as it was written here")]
pub struct Damaged(pub(super) String);
