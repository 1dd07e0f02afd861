//! The interface of the loaders: the options that they take, and the set of images that they return.

use crate::images::Images;

/// The options of loading images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Rows and columns that large images are resized to.
    pub side: u32,
    /// The number of files that may be skipped because they are no whole JPEG; one more is an error.
    pub skip_limit: u32,
    /// Images that take more memory than this when they are decoded are decoded when they are read.
    pub memory_bytes: u64,
}

impl Default for Options {
    /// 224 x 224; 100 files; 2 GiB.
    fn default() -> Self {
        Options { side: 224, skip_limit: 100, memory_bytes: 2 << 30 }
    }
}

/// Images, and the files that were skipped.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The loaded set of images.
    pub images: Images,
    /// The names of the skipped files, with the reasons.
    pub skipped: Vec<String>,
}

impl Loaded {
    /// A set of which no file was skipped.
    pub(super) fn whole(images: Images) -> Self {
        Loaded { images, skipped: Vec::new() }
    }
}
