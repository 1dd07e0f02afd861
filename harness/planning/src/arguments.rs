//! Parsers of command-line values.

use thiserror::Error;

/// A span of time that no option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecondsError {
    /// Text that is no number.
    #[error("expected a number of seconds")]
    NotANumber,
    /// A number below 0 or above the option's bound, or NaN.
    #[error("expected 0 to {most} seconds")]
    OutOfBounds {
        /// The largest number of seconds that the option takes.
        most: u32,
    },
}

/// A number of seconds from 0 to `MOST`: a span that every type for time can hold.
///
/// # Errors
/// [`SecondsError`] when `text` is no such number.
pub fn seconds_to<const MOST: u32>(text: &str) -> Result<f64, SecondsError> {
    let seconds: f64 = text.parse().map_err(|_| SecondsError::NotANumber)?;
    let is_within = (0.0..=f64::from(MOST)).contains(&seconds);
    if is_within { Ok(seconds) } else { Err(SecondsError::OutOfBounds { most: MOST }) }
}
