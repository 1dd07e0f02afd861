//! Images as users bring them, recognised by content:
//!
//! * CIFAR-10's binary batches (`cifar`);
//! * MNIST's idx files, plain or gzip (`idx`);
//! * folders of JPEG by class (`folders`), as CIFAR-10's and ImageNet's;
//! * either of these in an archive: .tar, .tar.gz, .tar.xz (`tree`);
//! * a cache (see [`super::cache`]).
//!
//! A path may be the file itself, its folder, or the folder around that. Everything in which files disagree with themselves or
//! with each other is an error with its place. A JPEG that cannot be decoded is named, counted and skipped, up to
//! [`Options::skip_limit`]; then it is an error.

mod cifar;
mod error;
mod folders;
mod idx;
mod jpeg;
mod lazy;
mod tree;

use std::path::{Path, PathBuf};

pub use self::error::LoadError;
use self::tree::Tree;
use super::Images;
use super::cache::{MAGIC, read_cache};
use crate::text::folder::{head, is_folder};
use crate::text::lines::shown;

/// Files right in a folder that are looked at whether they are archives or caches.
const MAX_TRIED: usize = 100;

/// How images are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Rows and columns that large images are resized to.
    pub side: u32,
    /// How many files may be skipped because they are no whole JPEG; one more is an error.
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

/// Images, and what was passed over.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The images.
    pub images: Images,
    /// The files that were skipped: their names, and why.
    pub skipped: Vec<String>,
}

impl Loaded {
    fn whole(images: Images) -> Self {
        Loaded { images, skipped: Vec::new() }
    }
}

/// Reads the images at `path`: a file or a folder.
///
/// # Errors
/// See [`LoadError`].
pub fn load(path: &Path, options: &Options) -> Result<Loaded, LoadError> {
    if is_folder(path)? { in_folder(path, options) } else { in_file(path, options) }
}

fn in_file(file: &Path, options: &Options) -> Result<Loaded, LoadError> {
    let head = head(file, MAGIC.len())?;
    if head == MAGIC.as_bytes() {
        return Ok(Loaded::whole(read_cache(file)?));
    }
    let found = || {
        if head.is_empty() { "an empty file".to_owned() } else { format!("a file that begins with {}", shown(&head)) }
    };
    if archive(file)? {
        let tree = Tree::of_archive(file)?;
        let has = format!("an archive with {}", tree.has());
        return in_tree(tree, options)?.ok_or(LoadError::Unknown { path: file.to_owned(), found: has });
    }
    // A file of a set stands for the set that it lies with.
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let is_of_a_set = name.ends_with(".bin") || name.contains("ubyte");
    let set = if is_of_a_set { of_files(&Tree::of_files(folder)?)? } else { None };
    set.ok_or_else(|| LoadError::Unknown { path: file.to_owned(), found: found() })
}

fn in_folder(folder: &Path, options: &Options) -> Result<Loaded, LoadError> {
    let here = Tree::of_files(folder)?;
    if let Some(loaded) = of_files(&here)? {
        return Ok(loaded);
    }
    let mut whole = Vec::new();
    for file in here.files.iter().filter_map(|file| file.path()).take(MAX_TRIED) {
        if head(file, MAGIC.len())? == MAGIC.as_bytes() || archive(file)? {
            whole.push(file.to_owned());
        }
    }
    let tree = Tree::of_folder(folder)?;
    let has = tree.has();
    if let Some(loaded) = in_tree(tree, options)? {
        return Ok(loaded);
    }
    match &whole[..] {
        [file] => in_file(file, options),
        [] => Err(LoadError::Unknown { path: folder.to_owned(), found: format!("a folder with {has}") }),
        files => {
            let name = |file: &PathBuf| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Err(LoadError::Ambiguous { folder: folder.to_owned(), files: files.iter().map(name).collect() })
        }
    }
}

fn archive(file: &Path) -> Result<bool, LoadError> {
    tree::is_archive(file).map_err(|source| LoadError::Read { file: file.display().to_string(), source })
}

fn in_tree(tree: Tree, options: &Options) -> Result<Option<Loaded>, LoadError> {
    match of_files(&tree)? {
        Some(loaded) => Ok(Some(loaded)),
        None => folders::load(tree, options),
    }
}

/// The sets that are a few files.
fn of_files(tree: &Tree) -> Result<Option<Loaded>, LoadError> {
    match cifar::load(tree)? {
        Some(loaded) => Ok(Some(loaded)),
        None => idx::load(tree),
    }
}
