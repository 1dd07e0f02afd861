//! Images to test on that lie in one folder, with a list of their classes: as Tiny-ImageNet and ILSVRC12 are distributed.
//!
//! * Tiny-ImageNet: `val/images/*.JPEG`, and in `val/val_annotations.txt` a line for each: file, class and a box, with tabs between them.
//! * ILSVRC12: `val/*.JPEG`, and in `LOC_val_solution.csv`, in that folder or next to it, below the header `ImageId,PredictionString` a
//!   line for each: the file's name without its ending, then class and box of each object, with spaces between them. All are of
//!   one class.
//!
//! The images come by class, then by name, as if they were sorted into folders. A list and images that do not belong together are
//! an error: every image has one line, and every line an image.

use std::collections::BTreeMap;

use thiserror::Error;

use super::LoadError;
use super::error::format;
use super::subset::{Subset, images_in, label};
use super::tree::{File, Tree};
use crate::text::lines::shown;

/// The alternatives to folders by class, for messages.
pub(super) const EXPECTED: &str = "or the classes of all images in val_annotations.txt or LOC_val_solution.csv";

const ANNOTATIONS: &str = "val_annotations.txt";
const SOLUTION: &str = "LOC_val_solution.csv";
const SOLUTION_HEADER: &str = "ImageId,PredictionString";
/// Numbers of an object's box in a solution.
const BOX: usize = 4;
/// The most bytes of a list: ILSVRC12's has 2 MB.
const MAX_BYTES: u64 = 1 << 28;

/// A line of a list.
struct Line<'a> {
    /// The name of the image, with or without its ending.
    image: &'a str,
    class: &'a str,
}

/// A line that violates the format of its list. The message is the form expected.
#[derive(Debug, Error)]
enum Malformed {
    #[error("file, class and box, separated by tabs")]
    Annotation,
    #[error("an image, then class and box of each object: ImageId,class x y x y")]
    Solution,
    #[error("objects of one class")]
    Classes,
}

/// The parser of a list's lines.
type ReadLine = fn(&str) -> Result<Line<'_>, Malformed>;

/// The images of `folder` with the classes that a list gives them; none without a list. `around`: the folder that it lies in.
pub(super) fn part(tree: &Tree, folder: &str, around: &str, names: &[String]) -> Result<Option<Subset>, LoadError> {
    let within =
        |folder: &str, name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    // Alongside it lies the list of the images to validate on, never of those whose classes are kept back.
    let is_val = folder.rsplit('/').next().is_some_and(|name| name.starts_with("val"));
    let beside = is_val.then(|| (within(around, SOLUTION), solution as ReadLine));
    let inside = [(within(folder, ANNOTATIONS), annotation as ReadLine), (within(folder, SOLUTION), solution)];
    for (name, read) in inside.into_iter().chain(beside) {
        if let Some(list) = tree.file(&name) {
            return sorted(tree, folder, list, read, names).map(Some);
        }
    }
    Ok(None)
}

fn sorted(tree: &Tree, folder: &str, list: &File, read: ReadLine, names: &[String]) -> Result<Subset, LoadError> {
    let place = tree.place(&list.name);
    let error = |source| LoadError::Read { file: place.clone(), source };
    let text = String::from_utf8_lossy(&list.read_unpacked(MAX_BYTES).map_err(error)?).into_owned();
    let mut classes = of_lines(&text, &place, read, names)?;
    let mut found: Vec<(u16, &File)> = Vec::new();
    for file in images_in(tree, folder).into_iter().filter(|file| file.is_named_image()) {
        let stem = file.last_name().rsplit_once('.').map_or(file.last_name(), |(stem, _)| stem);
        match classes.remove(file.last_name()).or_else(|| classes.remove(stem)) {
            Some((_, label)) => found.push((label, file)),
            None => {
                let expected = format!("a line for {}", file.last_name());
                return Err(format(place, format!("none for the image {}", tree.place(&file.name)), expected));
            }
        }
    }
    if let Some((name, (line, _))) = classes.into_iter().next() {
        let expected = format!("an image of that name in {}", tree.place(folder));
        return Err(format(format!("{place}:{line}"), format!("`{name}`, which is not there"), expected));
    }
    // Files come by name.
    found.sort_by_key(|&(label, _)| label);
    Ok(Subset {
        labels: found.iter().map(|&(label, _)| label).collect(),
        files: found.into_iter().map(|(_, file)| file.clone()).collect(),
    })
}

/// The line and the class of each image, by its name.
fn of_lines<'a>(
    text: &'a str,
    place: &str,
    read: ReadLine,
    names: &[String],
) -> Result<BTreeMap<&'a str, (usize, u16)>, LoadError> {
    let mut classes: BTreeMap<&str, (usize, u16)> = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}').trim_end();
        if line.is_empty() || (at == 0 && line == SOLUTION_HEADER) {
            continue;
        }
        let here = || format!("{place}:{}", at + 1);
        let wrong = |expected: Malformed| format(here(), shown(line.as_bytes()), expected.to_string());
        let Line { image: name, class } = read(line).map_err(wrong)?;
        let label = label(names, class, here)?;
        if let Some((first, _)) = classes.insert(name, (at + 1, label)) {
            let expected = format!("one (the first is on line {first})");
            return Err(format(here(), format!("a second line for `{name}`"), expected));
        }
    }
    Ok(classes)
}

fn annotation(line: &str) -> Result<Line<'_>, Malformed> {
    let mut fields = line.split('\t');
    match (fields.next(), fields.next()) {
        (Some(image), Some(class)) if !image.is_empty() && !class.is_empty() => Ok(Line { image, class }),
        _ => Err(Malformed::Annotation),
    }
}

fn solution(line: &str) -> Result<Line<'_>, Malformed> {
    let objects = line.split_once(',').map(|(name, objects)| (name, objects.split_whitespace().collect::<Vec<_>>()));
    match objects {
        Some((image, objects)) if !image.is_empty() && !objects.is_empty() && objects.len().is_multiple_of(BOX + 1) => {
            let is_same = objects.chunks(BOX + 1).all(|object| object[0] == objects[0]);
            if is_same { Ok(Line { image, class: objects[0] }) } else { Err(Malformed::Classes) }
        }
        _ => Err(Malformed::Solution),
    }
}
