//! Parsers of command-line values.

/// A number of seconds from 0 to `MOST`: a span that every type for time can hold.
///
/// # Errors
/// The expected range, when `text` is no such number.
pub fn seconds_to<const MOST: u32>(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    let is_within = (0.0..=f64::from(MOST)).contains(&seconds);
    if is_within { Ok(seconds) } else { Err(format!("expected 0 to {MOST} seconds")) }
}
