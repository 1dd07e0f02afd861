//! Images as users bring them, recognised by content:
//!
//! * CIFAR-10's binary batches (`cifar`);
//! * MNIST's idx files, plain or gzip (`idx`);
//! * folders of JPEG by class (`classes`, `folders`), as CIFAR-10's and ImageNet's, also with a list of classes for the part to test
//!   on (`listed`);
//! * either of these in an archive: .tar, .tar.gz, .tar.xz (`tree`);
//! * a cache (see [`super::cache`]).
//!
//! A path may be the file itself, its folder, or the folder around that. Files in the folder itself take precedence over
//! subfolders, and both over archives and caches; more than one set on one of these levels is an error, until one is named. Everything in which files disagree with themselves or
//! with each other is an error with its place. A JPEG that cannot be decoded is named, counted and skipped, up to
//! [`Options::skip_limit`]; then it is an error.

mod cifar;
mod classes;
mod error;
mod folders;
mod idx;
mod interface;
mod jpeg;
mod lazy;
mod listed;
mod subset;
mod tree;

use std::path::{Path, PathBuf};

pub use self::error::{EXPECTED, LoadError};
pub use self::interface::{Loaded, Options};
use self::jpeg::JPEG_MAGIC;
use self::tree::Tree;
use super::cache::{MAGIC, read_cache};
use crate::text::folder::{head, is_folder};
use crate::text::lines::shown;

/// The limit on files of a folder that are tried as archives or caches.
const MAX_TRIED: usize = 100;

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
    if archive(file)? {
        let tree = Tree::of_archive(file)?;
        let (has, loose) = (format!("an archive with {}", tree.has()), tree.loose_images());
        return in_tree(tree, options)?.ok_or_else(|| nothing(file, has, loose));
    }
    // A file of a set stands for the set that it is one of.
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if let Some(loaded) = of_files(&Tree::of_files(folder)?, Some(&name))? {
        return Ok(loaded);
    }
    let loose = head.starts_with(JPEG_MAGIC).then(|| "one JPEG".to_owned());
    let found =
        if head.is_empty() { "an empty file".to_owned() } else { format!("a file that begins with {}", shown(&head)) };
    Err(nothing(file, found, loose))
}

/// The error about a place without a set: `loose`, when it has images.
fn nothing(path: &Path, found: String, loose: Option<String>) -> LoadError {
    match loose {
        Some(found) => LoadError::NoClasses { path: path.to_owned(), found },
        None => LoadError::Unknown { path: path.to_owned(), found },
    }
}

fn in_folder(folder: &Path, options: &Options) -> Result<Loaded, LoadError> {
    let here = Tree::of_files(folder)?;
    if let Some(loaded) = of_files(&here, None)? {
        return Ok(loaded);
    }
    let mut whole = Vec::new();
    for file in here.files.iter().filter_map(|file| file.path()).take(MAX_TRIED) {
        if head(file, MAGIC.len())? == MAGIC.as_bytes() || archive(file)? {
            whole.push(file.to_owned());
        }
    }
    let tree = Tree::of_folder(folder)?;
    let (has, loose) = (format!("a folder with {}", tree.has()), tree.loose_images());
    if let Some(loaded) = in_tree(tree, options)? {
        return Ok(loaded);
    }
    match &whole[..] {
        [file] => in_file(file, options),
        [] => Err(nothing(folder, has, loose)),
        files => {
            let name = |file: &PathBuf| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Err(here.ambiguous(files.iter().map(name).collect()))
        }
    }
}

fn archive(file: &Path) -> Result<bool, LoadError> {
    tree::is_archive(file).map_err(|source| LoadError::Read { file: file.display().to_string(), source })
}

fn in_tree(tree: Tree, options: &Options) -> Result<Option<Loaded>, LoadError> {
    let files = [cifar::is_there(&tree), idx::is_there(&tree)].into_iter().flatten().next();
    if let Some(file) = files
        && classes::is_there(&tree)
    {
        return Err(tree.ambiguous(vec![file.name.clone(), "folders of JPEG by class".into()]));
    }
    match of_files(&tree, None)? {
        Some(loaded) => Ok(Some(loaded)),
        None => folders::load(tree, options),
    }
}

/// The sets that are a few files. `named`: a file right in the root that was asked for, and that the set must have.
fn of_files(tree: &Tree, named: Option<&str>) -> Result<Option<Loaded>, LoadError> {
    if let (None, Some(batch), Some(idx)) = (named, cifar::is_there(tree), idx::is_there(tree)) {
        return Err(tree.ambiguous(vec![batch.name.clone(), idx.name.clone()]));
    }
    match cifar::load(tree, named)? {
        Some(loaded) => Ok(Some(loaded)),
        None => idx::load(tree, named),
    }
}
