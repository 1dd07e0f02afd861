//! MNIST's idx files, plain or gzip: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the two of `t10k`.
//!
//! A file begins with two zero bytes, the type of its numbers (8: bytes) and the number of dimensions, then each dimension in
//! four bytes, big-endian. Images have three dimensions, labels one; the file's name gives its part.
//!
//! The folder and the rest of the name give the set (EMNIST has six in one folder, torchvision keeps each in a folder of its own).
//! More than one set is an error, unless a file is named: then its set is read. Images of one set with labels of another are an
//! error, and so is a class without images to learn from.

use std::collections::BTreeMap;

use super::error::format;
use super::subset::{untested, without_images};
use super::tree::{File, Tree, without_copy_mark};
use super::{LoadError, Loaded};
use crate::images::{ImageShape, Images, Labelled};
use crate::text::lines::shown;

/// The limit on files; a set of idx files has fewer.
const MAX_FILES: usize = 200;
/// The most bytes of a part.
const MAX_BYTES: u64 = 8 << 30;
const MAX_SIDE: u32 = 16_384;
const BYTES: u8 = 8;
const TRAIN: usize = 0;
const TEST: usize = 1;
/// Words of a name that give part, kind and form, and not the set that it is of.
const WORDS: [&str; 14] = [
    "train", "training", "t10k", "test", "testing", "images", "image", "labels", "label", "idx", "idx1", "idx3",
    "ubyte", "gz",
];

/// The idx files of a tree; `None` means that there is none. `named`: a file right in the root that was asked for: the set is that
/// which it is one of; `None` if it is none.
pub(super) fn load(tree: &Tree, named: Option<&str>) -> Result<Option<Loaded>, LoadError> {
    let mut files = idx_files(tree);
    if let Some(named) = named {
        let Some(&file) = files.iter().find(|file| file.name == named) else { return Ok(None) };
        if part_of(file).is_none() {
            let expected = "`train`, `t10k` or `test` in it, for its part";
            return Err(format(tree.place(named), format!("the name {}", file.last_name()), expected));
        }
        let set = set_of(file);
        files.retain(|other| set_of(other) == set);
        // It is read, and none that could stand in its place.
        files.retain(|other| other.name == named || (part_of(other), kind_of(other)) != (part_of(file), kind_of(file)));
    }
    if files.is_empty() {
        return Ok(None);
    }
    let [train, test] = chosen(tree, &files)?;
    let [train, test] = [read_part(tree, train, "train"), read_part(tree, test, "test")];
    let ((shape, train), (test_shape, test)) = (train?, test?);
    if shape != test_shape {
        let found = format!("test images of {test_shape} and training images of {shape}");
        return Err(format(tree.root.display().to_string(), found, "images of one shape"));
    }
    let classes = 1 + train.labels.iter().copied().max().unwrap_or(0);
    if let Some(at) = test.labels.iter().position(|&label| label >= classes) {
        let found = format!("label {} of test image {at}, which no training image has", test.labels[at]);
        return Err(format(tree.root.display().to_string(), found, format!("labels from 0 to {}", classes - 1)));
    }
    let classes: Vec<String> = (0..classes).map(|class| class.to_string()).collect();
    if let Some(class) = without_images(&train.labels, &classes) {
        let found = format!("no training image of class {class}");
        let expected = format!(
            "at least one for each class from 0 to {}: number the labels from 0 without gaps",
            classes.len() - 1
        );
        return Err(format(tree.root.display().to_string(), found, expected));
    }
    let name = format!(
        "idx, {} classes of {shape} images, {} to learn from, {} to test on{}",
        classes.len(),
        train.labels.len(),
        test.labels.len(),
        untested(&test.labels, &classes)
    );
    Ok(Some(Loaded::whole(Images::in_memory(name, classes, shape, train, test))))
}

/// An idx file of a part in a tree, if there is one.
pub(super) fn is_there(tree: &Tree) -> Option<&File> {
    idx_files(tree).into_iter().find(|file| part_of(file).is_some())
}

fn idx_files(tree: &Tree) -> Vec<&File> {
    if tree.files.len() > MAX_FILES {
        return Vec::new();
    }
    tree.files.iter().filter(|file| is_idx(file)).collect()
}

/// By content, or by name: a damaged file with the name of an idx file is reported, not ignored.
fn is_idx(file: &File) -> bool {
    rank(file).is_some() || file.last_name().contains("-idx")
}

/// The number of dimensions, when a file begins as labels (1) or images (3).
fn rank(file: &File) -> Option<u8> {
    let head = file.unpacked_head(4).ok()?;
    if let [0, 0, BYTES, rank @ (1 | 3)] = head[..] { Some(rank) } else { None }
}

/// The part of a file by its name: training (0) or test (1).
fn part_of(file: &File) -> Option<usize> {
    let name = file.last_name().to_lowercase();
    let is_test = name.contains("t10k") || name.contains("test");
    if name.contains("train") { Some(TRAIN) } else { is_test.then_some(TEST) }
}

/// Labels (0) or images (1): by content, or by name where that is damaged.
fn kind_of(file: &File) -> usize {
    match rank(file) {
        Some(rank) => usize::from(rank == 3),
        None => usize::from(!file.last_name().to_lowercase().contains("label")),
    }
}

/// The set that a file is of: its folder, and its name without the words for part and kind.
fn set_of(file: &File) -> (&str, String) {
    let plain = without_copy_mark(file.last_name()).to_lowercase();
    let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty() && !WORDS.contains(word));
    (file.folder(), words.collect::<Vec<_>>().join("-"))
}

/// Whether a name has the words for part and kind that are usual, so that the rest identifies the set.
fn is_usual(file: &File) -> bool {
    let name = file.last_name().to_lowercase();
    name.contains("images") || name.contains("labels")
}

/// Labels and images of a part; none where there is none.
type Pair<'a> = [Option<&'a File>; 2];

/// The files of both parts, of one set.
fn chosen<'a>(tree: &Tree, files: &[&'a File]) -> Result<[Pair<'a>; 2], LoadError> {
    let mut slots: [[Vec<&File>; 2]; 2] = Default::default();
    for &file in files {
        let Some(part) = part_of(file) else { continue };
        let slot = &mut slots[part][kind_of(file)];
        let is_same = |other: &&File| other.folder() == file.folder() && unpacked_name(other) == unpacked_name(file);
        // A file and its compressed form are one; the plain one comes first by name.
        if !slot.iter().any(is_same) {
            slot.push(file);
        }
    }
    if let Some(twice) = slots.iter().flatten().find(|slot| slot.len() > 1) {
        return Err(more_than_one(tree, &slots, twice));
    }
    let chosen = slots.map(|part| part.map(|slot| slot.first().copied()));
    let mut usual = chosen.iter().flatten().flatten().filter(|file| is_usual(file));
    if let Some(first) = usual.next()
        && let Some(other) = usual.find(|file| set_of(file).1 != set_of(first).1)
    {
        let found = format!("{} with {}, of another set by its name", first.name, other.name);
        return Err(format(tree.root.display().to_string(), found, "images and labels of one set"));
    }
    Ok(chosen)
}

fn unpacked_name(file: &File) -> &str {
    file.last_name().strip_suffix(".gz").unwrap_or(file.last_name())
}

/// The error about several sets, or about copies of a file of one set: `twice` are of one part and kind.
fn more_than_one(tree: &Tree, slots: &[[Vec<&File>; 2]; 2], twice: &[&File]) -> LoadError {
    let mut sets: BTreeMap<(&str, String), Vec<&File>> = BTreeMap::new();
    for &file in slots.iter().flatten().flatten() {
        sets.entry(set_of(file)).or_default().push(file);
    }
    if sets.len() == 1 {
        let found = format!("{} and {}, the same file by name", twice[0].name, twice[1].name);
        return format(tree.root.display().to_string(), found, "only one of them; name it, or remove the other");
    }
    let describe = |files: &Vec<&File>| match files.len() {
        1 => files[0].name.clone(),
        n => format!("{} and {} more", files[0].name, n - 1),
    };
    tree.ambiguous(sets.values().map(describe).collect())
}

/// The images and labels of a part.
fn read_part(tree: &Tree, files: Pair, part: &str) -> Result<(ImageShape, Labelled), LoadError> {
    let root = || tree.root.display().to_string();
    let [Some(labels_file), Some(images_file)] = files else {
        // The error of the one that is there comes first.
        files.into_iter().flatten().try_for_each(|file| read(tree, file).map(|_| ()))?;
        let missing = if files[0].is_none() { "labels" } else { "images" };
        let example = if part == "train" { "train" } else { "t10k" };
        let ending = if missing == "labels" { "labels-idx1-ubyte" } else { "images-idx3-ubyte" };
        return Err(format(
            root(),
            format!("no {missing} of the part `{part}`"),
            format!("a file {example}-{ending}, maybe with .gz"),
        ));
    };
    let ((_, labels_at, labels), (dimensions, images_at, images)) =
        (read(tree, labels_file)?, read(tree, images_file)?);
    let [count, height, width] = dimensions[..] else {
        return Err(format(tree.place(&images_file.name), "labels", "images: three dimensions"));
    };
    let labels: Vec<u16> = labels[labels_at..].iter().map(|&label| u16::from(label)).collect();
    if labels.len() != count as usize {
        let found = format!("{} labels in {}", labels.len(), labels_file.last_name());
        return Err(format(root(), found, format!("{count}, as many as the images in {}", images_file.last_name())));
    }
    let mut pixels = images;
    pixels.drain(..images_at);
    Ok((ImageShape { channels: 1, height, width }, Labelled { labels, pixels }))
}

/// The dimensions of an idx file, where its numbers begin, and all of its bytes.
fn read(tree: &Tree, file: &File) -> Result<(Vec<u32>, usize, Vec<u8>), LoadError> {
    let place = || tree.place(&file.name);
    let bytes = file.read_unpacked(MAX_BYTES).map_err(|source| LoadError::Read { file: place(), source })?;
    let magic = bytes.get(..4).unwrap_or(&bytes);
    let &[0, 0, BYTES, rank @ (1 | 3)] = magic else {
        let expected = "the magic number 0x00000801 (labels) or 0x00000803 (images)";
        let hex: String = magic.iter().map(|byte| format!("{byte:02x}")).collect();
        let found = if magic.len() < 4 {
            format!("a file of {} bytes {}", magic.len(), shown(magic))
        } else {
            format!("0x{hex}")
        };
        return Err(format(place(), found, expected));
    };
    let at = 4 + 4 * usize::from(rank);
    let Some(header) = bytes.get(4..at) else {
        return Err(format(place(), format!("a file of {} bytes", bytes.len()), format!("a header of {at}")));
    };
    let dimensions: Vec<u32> = header.chunks_exact(4).map(|d| u32::from_be_bytes([d[0], d[1], d[2], d[3]])).collect();
    if dimensions.contains(&0) || dimensions[1..].iter().any(|&side| side > MAX_SIDE) {
        let found = format!("dimensions {dimensions:?}");
        return Err(format(place(), found, format!("at least 1 each, and at most {MAX_SIDE} rows and columns")));
    }
    let expected = dimensions.iter().map(|&d| u128::from(d)).product::<u128>();
    let found = (bytes.len() - at) as u128;
    if found != expected {
        let says = format!("{expected}, as stated by its dimensions {dimensions:?}");
        return Err(format(place(), format!("{found} bytes after the header"), says));
    }
    Ok((dimensions, at, bytes))
}
