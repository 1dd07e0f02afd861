//! CIFAR-10's binary batches: `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`.
//!
//! A batch is records of 3,073 bytes: the class, 0 to 9, then 32 x 32 pixels, red, green and blue planes. The classes' names are
//! in `batches.meta.txt`, one per line; without it they are the known ones. A batch that comes twice, by its name (a browser's copy
//! `data_batch_1 (1).bin`) or by its content, is an error, and so is a class without images to learn from.

use std::collections::{BTreeMap, HashMap};

use super::error::format;
use super::subset::{untested, without_images};
use super::tree::{File, Tree, without_copy_mark};
use super::{LoadError, Loaded};
use crate::images::{ImageShape, Images, Labelled};

const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
const RECORD_BYTES: usize = 3_073;
const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
const NAMES: &str = "batches.meta.txt";

/// The batches of a tree; `None` means that there is none. `named`: a file right in the root that was asked for; none of the set that
/// has not this file.
pub(super) fn load(tree: &Tree, named: Option<&str>) -> Result<Option<Loaded>, LoadError> {
    let batches: Vec<&File> = tree.files.iter().filter(|file| is_batch(file)).collect();
    if batches.is_empty() || named.is_some_and(|name| batches.iter().all(|file| file.name != name)) {
        return Ok(None);
    }
    check_copies(tree, &batches)?;
    let (test, train): (Vec<&File>, Vec<&File>) = batches.iter().partition(|file| file.last_name().contains("test"));
    let root = || tree.root.display().to_string();
    for (files, part, example) in [(&train, "training", "data_batch_1.bin"), (&test, "test", "test_batch.bin")] {
        if files.is_empty() {
            return Err(format(root(), format!("no {part} batch"), format!("a file {example}")));
        }
    }
    let classes = names(tree)?;
    let mut seen = HashMap::new();
    let (train, test) = (read(tree, &train, &mut seen)?, read(tree, &test, &mut seen)?);
    if let Some(class) = without_images(&train.labels, &classes) {
        let found = format!("no training image of class `{class}`");
        return Err(format(root(), found, "at least one per class"));
    }
    let untested = untested(&test.labels, &classes);
    let name =
        format!("CIFAR-10, {} images to learn from, {} to test on{untested}", train.labels.len(), test.labels.len());
    Ok(Some(Loaded::whole(Images::in_memory(name, classes, SHAPE, train, test))))
}

/// A batch of a tree, if there is one.
pub(super) fn is_there(tree: &Tree) -> Option<&File> {
    tree.files.iter().find(|file| is_batch(file))
}

/// By name, or any `.bin` of whole records.
fn is_batch(file: &File) -> bool {
    let name = file.last_name();
    let is_named = name.starts_with("data_batch") || name.starts_with("test_batch");
    name.ends_with(".bin") && (is_named || (file.bytes > 0 && file.bytes.is_multiple_of(RECORD_BYTES as u64)))
}

/// No two batches may be one by their names: in two folders they are of two sets, in one folder one is a copy.
fn check_copies(tree: &Tree, batches: &[&File]) -> Result<(), LoadError> {
    let mut first: BTreeMap<String, &File> = BTreeMap::new();
    for &file in batches {
        let Some(same) = first.insert(without_copy_mark(file.last_name()), file) else { continue };
        if same.folder() == file.folder() {
            let found = format!("{} and {}, the same batch by name", same.last_name(), file.last_name());
            return Err(format(tree.place(file.folder()), found, "only one of them"));
        }
        let mut folders: Vec<String> = batches.iter().map(|file| tree.relative(file.folder())).collect();
        folders.dedup();
        return Err(tree.ambiguous(folders));
    }
    Ok(())
}

fn names(tree: &Tree) -> Result<Vec<String>, LoadError> {
    let Some(file) = tree.files.iter().find(|file| file.last_name() == NAMES) else {
        return Ok(CLASSES.map(str::to_owned).to_vec());
    };
    let place = || tree.place(&file.name);
    let bytes = file.read().map_err(|source| LoadError::Read { file: place(), source })?;
    let text = String::from_utf8_lossy(&bytes);
    let names: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if names.len() != CLASSES.len() {
        return Err(format(place(), format!("{} names", names.len()), "the names of 10 classes, one per line"));
    }
    Ok(names)
}

/// Labels and pixels of these batches. `seen`: the batches read so far, by their content.
fn read<'a>(
    tree: &Tree,
    files: &[&'a File],
    seen: &mut HashMap<blake3::Hash, &'a File>,
) -> Result<Labelled, LoadError> {
    let mut read = Labelled::default();
    for file in files {
        let place = || tree.place(&file.name);
        let bytes = file.read().map_err(|source| LoadError::Read { file: place(), source })?;
        if bytes.is_empty() || bytes.len() % RECORD_BYTES != 0 {
            let found = match bytes.len() {
                0 => "an empty file".to_owned(),
                all => format!("{all} bytes, {} of them after the last complete record", all % RECORD_BYTES),
            };
            return Err(format(place(), found, format!("records of {RECORD_BYTES} bytes, at least one")));
        }
        if let Some(same) = seen.insert(blake3::hash(&bytes), file) {
            return Err(format(
                place(),
                format!("the same images as in {}", same.name),
                "different images in each batch",
            ));
        }
        for (number, record) in bytes.chunks_exact(RECORD_BYTES).enumerate() {
            if usize::from(record[0]) >= CLASSES.len() {
                return Err(format(place(), format!("class {} in record {number}", record[0]), "0 to 9"));
            }
            read.labels.push(u16::from(record[0]));
            read.pixels.extend_from_slice(&record[1..]);
        }
    }
    Ok(read)
}
