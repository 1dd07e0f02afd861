//! CIFAR-10's binary batches: `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`.
//!
//! A batch is records of 3,073 bytes: the class, 0 to 9, then 32 x 32 pixels, red, green and blue planes. The classes' names are
//! in `batches.meta.txt`, one a line; without it they are the known ones.

use super::error::format;
use super::tree::{File, Tree};
use super::{LoadError, Loaded};
use crate::images::{ImageShape, Images};

const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
const RECORD_BYTES: usize = 3_073;
const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
const NAMES: &str = "batches.meta.txt";

/// The batches of a tree; none when there is none.
pub(super) fn load(tree: &Tree) -> Result<Option<Loaded>, LoadError> {
    let (test, train): (Vec<&File>, Vec<&File>) =
        tree.files.iter().filter(|file| is_batch(file)).partition(|file| file.last_name().contains("test"));
    if test.is_empty() && train.is_empty() {
        return Ok(None);
    }
    let root = || tree.root.display().to_string();
    for (files, part, example) in [(&train, "learn from", "data_batch_1.bin"), (&test, "test on", "test_batch.bin")] {
        if files.is_empty() {
            return Err(format(root(), format!("no batch to {part}"), format!("a file {example}")));
        }
    }
    let classes = names(tree)?;
    let (train, test) = (read(tree, &train)?, read(tree, &test)?);
    let name = format!("CIFAR-10, {} images to learn from, {} to test on", train.0.len(), test.0.len());
    Ok(Some(Loaded::whole(Images::in_memory(name, classes, SHAPE, train, test))))
}

/// By name, or any `.bin` of whole records.
fn is_batch(file: &File) -> bool {
    let name = file.last_name();
    let is_named = name.starts_with("data_batch") || name.starts_with("test_batch");
    name.ends_with(".bin") && (is_named || (file.bytes > 0 && file.bytes.is_multiple_of(RECORD_BYTES as u64)))
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
        return Err(format(place(), format!("{} names", names.len()), "the names of 10 classes, one a line"));
    }
    Ok(names)
}

fn read(tree: &Tree, files: &[&File]) -> Result<(Vec<u16>, Vec<u8>), LoadError> {
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    for file in files {
        let place = || tree.place(&file.name);
        let bytes = file.read().map_err(|source| LoadError::Read { file: place(), source })?;
        if bytes.is_empty() || bytes.len() % RECORD_BYTES != 0 {
            let found = match bytes.len() {
                0 => "an empty file".to_owned(),
                all => format!("{all} bytes, {} of them after the last whole record", all % RECORD_BYTES),
            };
            return Err(format(place(), found, format!("records of {RECORD_BYTES} bytes, at least one")));
        }
        for (number, record) in bytes.chunks_exact(RECORD_BYTES).enumerate() {
            if usize::from(record[0]) >= CLASSES.len() {
                return Err(format(place(), format!("class {} in record {number}", record[0]), "0 to 9"));
            }
            labels.push(u16::from(record[0]));
            pixels.extend_from_slice(&record[1..]);
        }
    }
    Ok((labels, pixels))
}
