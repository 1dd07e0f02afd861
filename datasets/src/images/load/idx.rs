//! MNIST's idx files, plain or gzip: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the two of `t10k`.
//!
//! A file begins with two zero bytes, the type of its numbers (8: bytes) and the number of dimensions, then each dimension in
//! four bytes, big-endian. Images have three dimensions, labels one; which part a file belongs to, its name says.

use super::error::format;
use super::tree::{File, Tree};
use super::{LoadError, Loaded};
use crate::images::{ImageShape, Images};
use crate::text::lines::shown;

/// Files that are looked at, when there are more they are no set of idx files.
const MAX_FILES: usize = 200;
/// The most bytes of a part.
const MAX_BYTES: u64 = 8 << 30;
const MAX_SIDE: u32 = 16_384;
const BYTES: u8 = 8;

/// The idx files of a tree; none when there is none.
pub(super) fn load(tree: &Tree) -> Result<Option<Loaded>, LoadError> {
    if tree.files.len() > MAX_FILES {
        return Ok(None);
    }
    let files: Vec<&File> = tree.files.iter().filter(|file| is_idx(file)).collect();
    if files.is_empty() {
        return Ok(None);
    }
    let [train, test] = ["train", "test"].map(|part| read_part(tree, &files, part));
    let ((shape, train), (test_shape, test)) = (train?, test?);
    if shape != test_shape {
        let found = format!("images of {test_shape} to test on and of {shape} to learn from");
        return Err(format(tree.root.display().to_string(), found, "images of one shape"));
    }
    let classes = 1 + train.0.iter().copied().max().unwrap_or(0);
    if let Some(at) = test.0.iter().position(|&label| label >= classes) {
        let found = format!("label {} of test image {at}, which no training image has", test.0[at]);
        return Err(format(tree.root.display().to_string(), found, format!("labels from 0 to {}", classes - 1)));
    }
    let name = format!(
        "idx, {classes} classes of {shape} images, {} to learn from, {} to test on",
        train.0.len(),
        test.0.len()
    );
    let classes = (0..classes).map(|class| class.to_string()).collect();
    Ok(Some(Loaded::whole(Images::in_memory(name, classes, shape, train, test))))
}

/// By content, or by name: a file that is named as one is told what is wrong with it.
fn is_idx(file: &File) -> bool {
    let begins = |head: &[u8]| head.len() == 4 && head[..3] == [0, 0, BYTES] && matches!(head[3], 1 | 3);
    file.unpacked_head(4).is_ok_and(|head| begins(&head)) || file.last_name().contains("-idx")
}

/// Labels, and pixels of one image after another.
type Labelled = (Vec<u16>, Vec<u8>);

/// The images and labels of a part.
fn read_part(tree: &Tree, files: &[&File], part: &str) -> Result<(ImageShape, Labelled), LoadError> {
    let is_of_part = |file: &&&File| {
        let name = file.last_name().to_lowercase();
        if part == "train" { name.contains("train") } else { name.contains("t10k") || name.contains("test") }
    };
    let mut found = [None, None];
    for file in files.iter().filter(is_of_part) {
        let (dimensions, at, bytes) = read(tree, file)?;
        let kind = usize::from(dimensions.len() == 3);
        // A file and its compressed form are one; the plain one comes first by name.
        found[kind].get_or_insert((file, dimensions, at, bytes));
    }
    let root = || tree.root.display().to_string();
    let [Some((labels_file, _, labels_at, labels)), Some((images_file, dimensions, images_at, images))] = found else {
        let missing = if found[0].is_none() { "labels" } else { "images" };
        let example = if part == "train" { "train" } else { "t10k" };
        let ending = if missing == "labels" { "labels-idx1-ubyte" } else { "images-idx3-ubyte" };
        return Err(format(
            root(),
            format!("no {missing} of the part `{part}`"),
            format!("a file {example}-{ending}, maybe with .gz"),
        ));
    };
    let [count, height, width] = [dimensions[0], dimensions[1], dimensions[2]];
    let labels: Vec<u16> = labels[labels_at..].iter().map(|&label| u16::from(label)).collect();
    if labels.len() != count as usize {
        let found = format!("{} labels in {}", labels.len(), labels_file.last_name());
        return Err(format(root(), found, format!("{count}, as many as the images in {}", images_file.last_name())));
    }
    let mut pixels = images;
    pixels.drain(..images_at);
    Ok((ImageShape { channels: 1, height, width }, (labels, pixels)))
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
        let says = format!("{expected}, as its dimensions {dimensions:?} say");
        return Err(format(place(), format!("{found} bytes after the header"), says));
    }
    Ok((dimensions, at, bytes))
}
