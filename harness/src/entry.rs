//! The lines of lists: `experiments list` and `experiments data list`.

/// A line of a list: something by name.
pub(crate) struct Entry {
    /// The name in specs or on the command line.
    pub(crate) name: String,
    /// Its description in one line.
    pub(crate) about: String,
}

impl Entry {
    pub(crate) fn new(name: impl Into<String>, about: impl Into<String>) -> Self {
        Entry { name: name.into(), about: about.into() }
    }
}
