//! Folders of JPEG by class: `train/<class>/*.jpg` and `test/<class>/*.jpg`, as ImageNet has them by WordNet id.
//!
//! The part to test on may be called `test`, `val` or `validation`. Folders of classes without `train/` around them are taken as
//! one part, of which every [`HELD_OUT_EVERY`]th image of each class, by name, is to test on.
//!
//! When the images that are looked at ([`LOOKED_AT`], evenly spaced) are of one size with sides up to [`MAX_SMALL_SIDE`],
//! all must be of that size. Otherwise each is cropped and resized to a square (see [`Fit::Crop`]). What fits into memory
//! is decoded at once, by all processors; the rest when it is read (see [`super::lazy`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::error::format;
use super::jpeg::{self, Fit};
use super::lazy::Folder;
use super::tree::{File, Tree};
use super::{LoadError, Loaded, Options};
use crate::images::{ImageShape, ImageSplit, Images};

const TRAIN: [&str; 2] = ["train", "training"];
const TEST: [&str; 5] = ["test", "val", "validation", "valid", "testing"];
const HELD_OUT_EVERY: usize = 10;
const LOOKED_AT: usize = 64;
const MAX_SMALL_SIDE: u32 = 96;
/// Corrupt files that a message names.
const NAMED: usize = 5;
/// A class' name this near to one that is missing is suggested (Jaro-Winkler, 1 is equal).
const NEAR: f64 = 0.8;
const CHANNELS: u32 = 3;

/// Images with their classes, not yet decoded.
#[derive(Default)]
struct Part {
    labels: Vec<u16>,
    files: Vec<File>,
}

/// The images of a tree of class folders; none when there is none.
pub(super) fn load(tree: Tree, options: &Options) -> Result<Option<Loaded>, LoadError> {
    let Some((classes, mut parts)) = classes(&tree)? else { return Ok(None) };
    let total = parts.iter().map(|part| part.files.len()).sum();
    let mut corrupt = Corrupt { tree: &tree, limit: options.skip_limit, total, found: Vec::new() };
    for part in &mut parts {
        part.retain(&mut corrupt, |file| if file.bytes == 0 { Err("an empty file".to_owned()) } else { Ok(()) })?;
    }
    let Some(fit) = fit(&parts[0], options) else {
        // None of those that were looked at is an image: each of them is named.
        parts[0].retain(&mut corrupt, |file| jpeg::dimensions(&file.read().map_err(|e| e.to_string())?).map(|_| ()))?;
        return Err(format(tree.root.display().to_string(), "no JPEG among the first", "folders of JPEG by class"));
    };
    let (width, height) = match fit {
        Fit::Exact(width, height) => (width, height),
        Fit::Crop(side) => (side, side),
    };
    let shape = ImageShape { channels: CHANNELS, height, width };
    let bytes = total as u64 * shape.bytes() as u64;
    let images = if bytes <= options.memory_bytes {
        in_memory(parts, classes, shape, fit, &mut corrupt)?
    } else {
        lazy(parts, classes, shape, fit, options, &corrupt)
    };
    Ok(Some(Loaded { images, skipped: corrupt.found }))
}

/// The classes' names, and what is to learn from and to test on.
type Classes = (Vec<String>, [Part; 2]);

/// The classes of a tree; none when it is no tree of images.
fn classes(tree: &Tree) -> Result<Option<Classes>, LoadError> {
    let depth = |name: &str| name.split('/').count();
    let below = |names: &[&str]| {
        // At the root, or in the one folder around it.
        let is =
            |folder: &&String| depth(folder) <= 2 && names.contains(&folder.rsplit('/').next().unwrap_or_default());
        let implied = tree.files.iter().filter_map(|file| file.name.rsplit_once('/')?.0.rsplit_once('/'));
        let implied = implied.map(|(part, _)| part.to_owned());
        let mut found: Vec<String> = tree.folders.iter().cloned().chain(implied).filter(|folder| is(&folder)).collect();
        found.sort_by_key(|folder| depth(folder));
        found.into_iter().next()
    };
    let Some(train) = below(&TRAIN) else { return without_parts(tree) };
    let Some(test) = below(&TEST) else {
        let expected = format!("one of the folders {}/ beside {train}/", TEST[..3].join("/, "));
        return Err(format(tree.root.display().to_string(), "nothing to test on", expected));
    };
    let names = class_folders(tree, &train);
    if names.is_empty() {
        return Err(format(tree.place(&train), "no folder in it", "a folder of images for each class"));
    }
    check_number(tree, &names)?;
    let train = part(tree, &train, &names)?;
    let test = part(tree, &test, &names)?;
    Ok(Some((names, [train, test])))
}

/// Classes right below the root, of which a part is held out.
fn without_parts(tree: &Tree) -> Result<Option<Classes>, LoadError> {
    let is_jpeg = |file: &File| file.head(2).is_ok_and(|head| head == [0xff, 0xd8]);
    let in_class = |file: &&File| file.name.split('/').count() == 2;
    if !tree.files.iter().find(in_class).is_some_and(is_jpeg) {
        return Ok(None);
    }
    let names = class_folders(tree, "");
    check_number(tree, &names)?;
    let whole = part(tree, "", &names)?;
    let mut parts = [Part::default(), Part::default()];
    let mut of_class = vec![0_usize; names.len()];
    for (label, file) in whole.labels.into_iter().zip(whole.files) {
        let number = &mut of_class[usize::from(label)];
        *number += 1;
        let to = &mut parts[usize::from(number.is_multiple_of(HELD_OUT_EVERY))];
        to.labels.push(label);
        to.files.push(file);
    }
    if parts[1].files.is_empty() {
        let found = format!("no class with {HELD_OUT_EVERY} images, of which one is held out to test on");
        return Err(format(tree.root.display().to_string(), found, "more images, or folders train/ and test/"));
    }
    Ok(Some((names, parts)))
}

fn check_number(tree: &Tree, names: &[String]) -> Result<(), LoadError> {
    let most = usize::from(u16::MAX);
    if names.len() < 2 || names.len() > most {
        let found = format!("{} class folder(s)", names.len());
        return Err(format(
            tree.root.display().to_string(),
            found,
            format!("2 to {most} folders of images, one a class"),
        ));
    }
    Ok(())
}

/// The names of the folders right below `folder`.
fn class_folders(tree: &Tree, folder: &str) -> Vec<String> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let below = |name: &str| name.strip_prefix(&prefix).map(str::to_owned);
    let listed = tree.folders.iter().filter_map(|name| below(name).filter(|name| !name.contains('/')));
    // An archive need not list its folders.
    let implied =
        tree.files.iter().filter_map(|file| below(&file.name)?.split_once('/').map(|(class, _)| class.to_owned()));
    let mut names: Vec<String> = listed.chain(implied).collect();
    names.sort();
    names.dedup();
    names
}

/// The images below `folder`, by class, then by name.
fn part(tree: &Tree, folder: &str, names: &[String]) -> Result<Part, LoadError> {
    let mut part = Part::default();
    let found = class_folders(tree, folder);
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    if found.is_empty() {
        let files = tree.files.iter().filter(|file| file.name.starts_with(&prefix)).count();
        let found = format!("no folder but {files} file(s)");
        return Err(format(tree.place(folder), found, "a folder of images for each class"));
    }
    for class in &found {
        let place = || tree.place(&format!("{prefix}{class}"));
        let Ok(label) = names.binary_search(class) else {
            let near = names.iter().map(|name| (strsim::jaro_winkler(name, class), name));
            let nearest = near.filter(|near| near.0 >= NEAR).max_by(|a, b| a.0.total_cmp(&b.0));
            let meant = nearest.map(|(_, name)| format!(" (did you mean `{name}`?)")).unwrap_or_default();
            let expected = format!("one of the {} classes to learn from{meant}", names.len());
            return Err(format(place(), format!("a class `{class}` that is not learnt"), expected));
        };
        let within = format!("{prefix}{class}/");
        let from = tree.files.partition_point(|file| file.name < within);
        let files = tree.files[from..].iter().take_while(|file| file.name.starts_with(&within));
        let files: Vec<File> = files.filter(|file| !file.name[within.len()..].contains('/')).cloned().collect();
        if files.is_empty() {
            return Err(format(place(), "an empty class folder", "at least one image"));
        }
        part.labels.extend(std::iter::repeat_n(label as u16, files.len()));
        part.files.extend(files);
    }
    Ok(part)
}

/// Files that cannot be used.
struct Corrupt<'a> {
    tree: &'a Tree,
    limit: u32,
    total: usize,
    found: Vec<String>,
}

impl Corrupt<'_> {
    /// Skips a file, or fails when too many are.
    fn skip(&mut self, file: &File, why: &str) -> Result<(), LoadError> {
        self.found.push(format!("{}: {why}", file.name));
        if self.found.len() <= self.limit as usize {
            return Ok(());
        }
        Err(LoadError::TooManyCorrupt {
            place: self.tree.root.display().to_string(),
            limit: self.limit,
            images: self.total,
            first: self.found.iter().take(NAMED).cloned().collect(),
        })
    }
}

impl Part {
    /// Keeps the files that are good, and skips the others.
    fn retain(&mut self, corrupt: &mut Corrupt, good: impl Fn(&File) -> Result<(), String>) -> Result<(), LoadError> {
        let mut kept = Part::default();
        for (label, file) in self.labels.drain(..).zip(self.files.drain(..)) {
            match good(&file) {
                Ok(()) => {
                    kept.labels.push(label);
                    kept.files.push(file);
                }
                Err(why) => corrupt.skip(&file, &why)?,
            }
        }
        *self = kept;
        Ok(())
    }
}

/// How images are brought to one shape, by those that are looked at; none when none of them is an image.
fn fit(part: &Part, options: &Options) -> Option<Fit> {
    let spaced = crate::images::evenly_spaced(part.files.len(), LOOKED_AT);
    let sizes = spaced.into_iter().filter_map(|at| jpeg::dimensions(&part.files[at as usize].read().ok()?).ok());
    let mut sizes: Vec<(u32, u32)> = sizes.collect();
    let count = sizes.len();
    // The commonest size, if nearly all have it: a few may be damaged.
    sizes.sort_unstable();
    let mut runs: Vec<&[(u32, u32)]> = sizes.chunk_by(|a, b| a == b).collect();
    runs.sort_by_key(|run| run.len());
    let run = runs.last()?;
    let (width, height) = run[0];
    let small = width.max(height) <= MAX_SMALL_SIDE && 10 * run.len() >= 9 * count;
    Some(if small { Fit::Exact(width, height) } else { Fit::Crop(options.side) })
}

fn in_memory(
    parts: [Part; 2],
    classes: Vec<String>,
    shape: ImageShape,
    fit: Fit,
    corrupt: &mut Corrupt,
) -> Result<Images, LoadError> {
    let mut decoded = Vec::new();
    for part in parts {
        let (mut labels, mut pixels) = (Vec::new(), Vec::with_capacity(part.files.len() * shape.bytes()));
        for (at, image) in decode_all(&part.files, shape, fit).into_iter().enumerate() {
            match image {
                Ok(image) => {
                    labels.push(part.labels[at]);
                    pixels.extend_from_slice(&image);
                }
                Err(why) => corrupt.skip(&part.files[at], &why)?,
            }
        }
        if labels.is_empty() {
            return Err(format(corrupt.tree.root.display().to_string(), "no image of a part", "at least one"));
        }
        decoded.push((labels, pixels));
    }
    let [train, test] = <[_; 2]>::try_from(decoded).expect("two parts give two");
    let name = name(&classes, shape, train.0.len(), test.0.len());
    Ok(Images::in_memory(name, classes, shape, train, test))
}

fn name(classes: &[String], shape: ImageShape, train: usize, test: usize) -> String {
    format!("JPEG, {} classes of {shape} images, {train} to learn from, {test} to test on", classes.len())
}

/// All files decoded, by all processors.
fn decode_all(files: &[File], shape: ImageShape, fit: Fit) -> Vec<Result<Vec<u8>, String>> {
    /// Files that a thread takes at a time.
    const TAKEN: usize = 64;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let from = next.fetch_add(TAKEN, Ordering::Relaxed);
            let Some(files) = files.get(from..files.len().min(from + TAKEN)).filter(|files| !files.is_empty()) else {
                return done;
            };
            for (at, file) in files.iter().enumerate() {
                let mut image = vec![0; shape.bytes()];
                let read = file.read().map_err(|error| error.to_string());
                done.push((from + at, read.and_then(|bytes| jpeg::decode(&bytes, fit, &mut image)).map(|()| image)));
            }
        }
    };
    let mut all: Vec<(usize, Result<Vec<u8>, String>)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("decoding does not panic")).collect()
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, image)| image).collect()
}

/// Images that are decoded when they are read. What is hashed is not their content, which would take as long as an epoch, but
/// names, lengths and classes.
fn lazy(
    parts: [Part; 2],
    classes: Vec<String>,
    shape: ImageShape,
    fit: Fit,
    options: &Options,
    corrupt: &Corrupt,
) -> Images {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{shape} {fit:?} {}", classes.len()).as_bytes());
    for part in &parts {
        hasher.update(&(part.files.len() as u64).to_le_bytes());
        for (file, label) in part.files.iter().zip(&part.labels) {
            hasher.update(file.name.as_bytes());
            hasher.update(&[0]);
            hasher.update(&file.bytes.to_le_bytes());
            hasher.update(&label.to_le_bytes());
        }
    }
    let left = options.skip_limit as usize - corrupt.found.len().min(options.skip_limit as usize);
    let [train, test] = parts.map(|part| {
        let labels: Arc<[u16]> = part.labels.into();
        let pixels = Folder::new(part.files, labels.clone(), shape, fit, left, options.memory_bytes);
        ImageSplit { labels, pixels: Arc::new(pixels) }
    });
    let name = name(&classes, shape, train.len(), test.len());
    Images { name, classes, shape, train, test, hash: *hasher.finalize().as_bytes() }
}
