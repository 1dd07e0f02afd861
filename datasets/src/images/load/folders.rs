//! JPEG by class: the images that [`super::classes`] finds, brought to one shape.
//!
//! If the sampled images ([`LOOKED_AT`], evenly spaced) are of one size with sides up to [`MAX_SMALL_SIDE`],
//! all must be of that size. Otherwise each is cropped and resized to a square (see [`Fit::Crop`]). Sets that fit into
//! memory are decoded on loading, by all processors; others on reading (see [`super::lazy`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::classes;
use super::error::format;
use super::jpeg::{self, Fit, Unusable};
use super::lazy::Folder;
use super::subset::{Subset, untested, without_images};
use super::tree::{File, Tree};
use super::{LoadError, Loaded, Options};
use crate::images::{ImageShape, ImageSplit, Images, Labelled};

const LOOKED_AT: usize = 64;
const MAX_SMALL_SIDE: u32 = 96;
/// Corrupt files that a message names.
const NAMED: usize = 5;
const CHANNELS: u32 = 3;

/// The images of a tree of class folders; `None` means that there is none.
pub(super) fn load(tree: Tree, options: &Options) -> Result<Option<Loaded>, LoadError> {
    let Some((classes, mut parts)) = classes::find(&tree)? else { return Ok(None) };
    let total = parts.iter().map(|part| part.files.len()).sum();
    let mut corrupt = Corrupt { tree: &tree, limit: options.skip_limit, total, found: Vec::new() };
    for part in &mut parts {
        part.retain(&mut corrupt, |file| if file.bytes == 0 { Err(Unusable::Empty) } else { Ok(()) })?;
    }
    corrupt.check_classes(&parts[0].labels, &classes)?;
    let Some(fit) = fit(&parts[0], options) else {
        // None of those that were looked at is an image: each of them is named.
        parts[0].retain(&mut corrupt, |file| jpeg::dimensions(&file.read()?).map(|_| ()))?;
        return Err(format(
            tree.root.display().to_string(),
            "no JPEG among the sampled files",
            "folders of JPEG by class",
        ));
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

/// Files that cannot be used.
struct Corrupt<'a> {
    tree: &'a Tree,
    limit: u32,
    total: usize,
    found: Vec<String>,
}

impl Corrupt<'_> {
    /// Skips a file, or fails when too many are.
    fn skip(&mut self, file: &File, why: &Unusable) -> Result<(), LoadError> {
        self.found.push(format!("{}: {why}", file.name));
        if self.found.len() <= self.limit as usize {
            return Ok(());
        }
        Err(LoadError::TooManyCorrupt {
            place: self.tree.root.display().to_string(),
            limit: self.limit,
            images: self.total,
            first: self.first(),
        })
    }
}

impl Corrupt<'_> {
    /// Every class must have an image to learn from that can be used.
    fn check_classes(&self, labels: &[u16], classes: &[String]) -> Result<(), LoadError> {
        let Some(class) = without_images(labels, classes) else { return Ok(()) };
        let found = format!("no usable image of class `{class}`");
        let why =
            if self.found.is_empty() { String::new() } else { format!(" (skipped: {})", self.first().join("; ")) };
        let expected = format!("at least one training image{why}");
        Err(format(self.tree.root.display().to_string(), found, expected))
    }

    fn first(&self) -> Vec<String> {
        self.found.iter().take(NAMED).cloned().collect()
    }
}

impl Subset {
    /// Keeps the files that are good, and skips the others.
    fn retain(&mut self, corrupt: &mut Corrupt, good: impl Fn(&File) -> Result<(), Unusable>) -> Result<(), LoadError> {
        let mut kept = Subset::default();
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

/// The way in which images are brought to one shape, by the sampled ones; `None` means that none of them is an image.
fn fit(part: &Subset, options: &Options) -> Option<Fit> {
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
    parts: [Subset; 2],
    classes: Vec<String>,
    shape: ImageShape,
    fit: Fit,
    corrupt: &mut Corrupt,
) -> Result<Images, LoadError> {
    let mut decoded = Vec::new();
    for part in parts {
        let pixels = Vec::with_capacity(part.files.len() * shape.bytes());
        let mut whole = Labelled { labels: Vec::new(), pixels };
        for (at, image) in decode_all(&part.files, shape, fit).into_iter().enumerate() {
            match image {
                Ok(image) => {
                    whole.labels.push(part.labels[at]);
                    whole.pixels.extend_from_slice(&image);
                }
                Err(why) => corrupt.skip(&part.files[at], &why)?,
            }
        }
        if whole.labels.is_empty() {
            return Err(format(corrupt.tree.root.display().to_string(), "no image of a part", "at least one"));
        }
        decoded.push(whole);
    }
    corrupt.check_classes(&decoded[0].labels, &classes)?;
    let [train, test] = <[_; 2]>::try_from(decoded).expect("two parts give two");
    let name = name(&classes, shape, train.labels.len(), &test.labels);
    Ok(Images::in_memory(name, classes, shape, train, test))
}

fn name(classes: &[String], shape: ImageShape, train: usize, tested: &[u16]) -> String {
    let (count, test, untested) = (classes.len(), tested.len(), untested(tested, classes));
    format!("JPEG, {count} classes of {shape} images, {train} to learn from, {test} to test on{untested}")
}

/// All files decoded, by all processors.
fn decode_all(files: &[File], shape: ImageShape, fit: Fit) -> Vec<Result<Vec<u8>, Unusable>> {
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
                let read = file.read().map_err(Unusable::from);
                done.push((from + at, read.and_then(|bytes| jpeg::decode(&bytes, fit, &mut image)).map(|()| image)));
            }
        }
    };
    let mut all: Vec<(usize, Result<Vec<u8>, Unusable>)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("decoding does not panic")).collect()
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, image)| image).collect()
}

/// Images that are decoded when they are read. The hash covers names, lengths and classes, not the content: reading that would take
/// as long as an epoch.
fn lazy(
    parts: [Subset; 2],
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
    let name = name(&classes, shape, train.len(), &test.labels);
    Images { name, classes, shape, train, test, hash: *hasher.finalize().as_bytes() }
}
