//! The text of a profile before it is parsed, and the values of fields that it leaves out.

use std::path::Path;

use super::error::ReadProfileError;
use crate::text;
use crate::time::Duration;
use crate::units::Bandwidth;

/// Machines per site of a profile that does not state a number, as in the Gaia paper's 11 regions.
pub(super) const DEFAULT_MACHINES: u32 = 2;
/// The round trip inside a site of a profile that does not state one: that of a data centre, assumed.
pub(super) const DEFAULT_RTT_INSIDE: Duration = Duration::from_micros(500);

/// The main file of a profile.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// The file's path in messages.
    pub(super) file: &'a str,
    /// The profile's name when its text does not state one.
    pub(super) stem: &'a str,
    /// The content of the file, without a byte order mark.
    pub(super) text: &'a str,
    /// The rate of network cards that the text does not state.
    pub(super) nic: Option<Bandwidth>,
}

/// A file that a profile names, read.
pub(super) struct Opened {
    /// The file's path in messages.
    pub(super) file: String,
    /// The content of the file, without a byte order mark.
    pub(super) text: String,
}

/// Reads a file that a profile names, by the name that stands there.
pub(super) type Open<'a> = dyn Fn(&str) -> Result<Opened, ReadProfileError> + 'a;

/// The text of the file at `path`.
pub(super) fn read_text(path: &Path) -> Result<String, ReadProfileError> {
    let file = path.display().to_string();
    if path.is_dir() {
        return Err(ReadProfileError::Folder { file });
    }
    text::read(path).map_err(|error| ReadProfileError::File { file, error })
}
