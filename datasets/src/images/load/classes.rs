//! The classes and parts of the images of a tree: `train/<class>/*.jpg` next to `test/<class>/*.jpg`, or
//! `<class>/*.jpg`; right below the root or in one folder around it.
//!
//! * The images of a class lie in its folder, or in its subfolder `images/` if the class folder has no image itself (Tiny-ImageNet).
//! * The part to test on may be called `test`, `val` or `validation`. The first of them, by name, that has folders of classes, or a list
//!   of the classes of its images (see [`super::listed`]), is taken: ImageNet's `test/` has neither.
//! * Folders of classes without `train/` around them are one part, of which every [`HELD_OUT_EVERY`]th image of each class, by name,
//!   is to test on.
//! * More than one such set is an error, and so is a class without images to learn from. Classes that are not tested on are named.

use super::LoadError;
use super::error::format;
use super::listed;
use super::subset::{Subset, class_folders, images_in, label, within};
use super::tree::{File, Tree};

const TRAIN: [&str; 2] = ["train", "training"];
const TEST: [&str; 5] = ["test", "testing", "val", "valid", "validation"];
const HELD_OUT_EVERY: usize = 10;
/// The names of the classes, and the training and test parts.
pub(super) type Classes = (Vec<String>, [Subset; 2]);

/// The place of a set: the folder of the training part, or the folder around classes without parts, `""` for the root.
enum Place {
    Train(String),
    Classes(String),
}

/// The classes of a tree; `None` means that it is no tree of images by class.
pub(super) fn find(tree: &Tree) -> Result<Option<Classes>, LoadError> {
    let mut places = places(tree);
    if places.len() > 1 {
        let names = places.iter().map(|place| match place {
            Place::Train(folder) | Place::Classes(folder) => format!("{folder}/"),
        });
        return Err(tree.ambiguous(names.collect()));
    }
    match places.pop() {
        Some(Place::Train(train)) => with_parts(tree, &train).map(Some),
        Some(Place::Classes(folder)) => without_parts(tree, &folder).map(Some),
        None => Ok(None),
    }
}

/// Whether a tree seems to have images by class, well formed or not.
pub(super) fn is_there(tree: &Tree) -> bool {
    places(tree).iter().any(|place| match place {
        Place::Train(train) => has_images(tree, train),
        Place::Classes(_) => true,
    })
}

/// The sets that there are: those right in the root; otherwise those one folder further down.
fn places(tree: &Tree) -> Vec<Place> {
    let trains = |depth: usize| {
        let is_train = |name: &&String| name.split('/').count() == depth && TRAIN.contains(&last(name));
        let mut found: Vec<&String> = tree.folders.iter().filter(is_train).collect();
        if found.len() > 1 && found.iter().any(|folder| has_images(tree, folder)) {
            found.retain(|folder| has_images(tree, folder));
        }
        found.into_iter().map(|folder| Place::Train(folder.clone())).collect::<Vec<_>>()
    };
    let here = trains(1);
    if !here.is_empty() {
        return here;
    }
    let mut below = trains(2);
    if below.is_empty() && are_classes(tree, "") {
        return vec![Place::Classes(String::new())];
    }
    let has_train = |folder: &str| TRAIN.iter().any(|train| tree.has_folder(&format!("{folder}/{train}")));
    for folder in class_folders(tree, "") {
        if !TEST.contains(&folder.as_str()) && !has_train(&folder) && are_classes(tree, &folder) {
            below.push(Place::Classes(folder));
        }
    }
    below
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether a class right below `folder` has files.
fn has_images(tree: &Tree, folder: &str) -> bool {
    class_folders(tree, folder).iter().any(|class| !images_in(tree, &format!("{folder}/{class}")).is_empty())
}

/// Whether there are folders of images right below `folder`; around the root's there are at least two.
fn are_classes(tree: &Tree, folder: &str) -> bool {
    let prefix = within(folder);
    let in_class = |file: &&File| file.name[prefix.len()..].split('/').count() == 2;
    let first = tree.below(&prefix).iter().find(in_class);
    let enough = folder.is_empty() || class_folders(tree, folder).len() > 1;
    enough && first.is_some_and(File::is_jpeg)
}

fn with_parts(tree: &Tree, train: &str) -> Result<Classes, LoadError> {
    let names = class_folders(tree, train);
    let around = train.rsplit_once('/').map_or("", |(around, _)| around);
    let tests = TEST.iter().map(|test| format!("{}{test}", within(around)));
    let tests: Vec<String> = tests.filter(|test| tree.has_folder(test)).collect();
    let Some(first) = tests.first() else {
        let expected = format!("one of the folders test/, val/, validation/ next to {train}/");
        return Err(format(tree.place(around), "no test images", expected));
    };
    if names.is_empty() {
        return Err(format(tree.place(train), "no folder in it", "a folder of images for each class"));
    }
    check_number(tree, &names)?;
    let learnt = part(tree, train, &names)?;
    for test in &tests {
        let is_by_class = class_folders(tree, test).iter().any(|class| names.binary_search(class).is_ok());
        let tested =
            if is_by_class { Some(part(tree, test, &names)?) } else { listed::part(tree, test, around, &names)? };
        let Some(tested) = tested else { continue };
        return Ok((names, [learnt, tested]));
    }
    if tests.len() > 1 {
        let all = tests.iter().map(|test| format!("{test}/")).collect::<Vec<_>>().join(", ");
        let expected = format!("one with folders of them, {}", listed::EXPECTED);
        return Err(format(tree.place(around), format!("no training classes in {all}"), expected));
    }
    part(tree, first, &names).map(|tested| (names, [learnt, tested]))
}

/// Classes right below `folder`, of which a part is held out.
fn without_parts(tree: &Tree, folder: &str) -> Result<Classes, LoadError> {
    let names = class_folders(tree, folder);
    check_number(tree, &names)?;
    let whole = part(tree, folder, &names)?;
    let mut parts = [Subset::default(), Subset::default()];
    let mut of_class = vec![0_usize; names.len()];
    for (label, file) in whole.labels.into_iter().zip(whole.files) {
        let number = &mut of_class[usize::from(label)];
        *number += 1;
        let to = &mut parts[usize::from(number.is_multiple_of(HELD_OUT_EVERY))];
        to.labels.push(label);
        to.files.push(file);
    }
    if parts[1].files.is_empty() {
        let found = format!("no class with {HELD_OUT_EVERY} images, of which one is held out for testing");
        return Err(format(tree.place(folder), found, "more images, or folders train/ and test/"));
    }
    Ok((names, parts))
}

fn check_number(tree: &Tree, names: &[String]) -> Result<(), LoadError> {
    let most = usize::from(u16::MAX);
    if names.len() < 2 || names.len() > most {
        let expected = format!("2 to {most} folders of images, one per class");
        return Err(format(tree.place(""), format!("{} class folder(s)", names.len()), expected));
    }
    Ok(())
}

/// The images below `folder`, by class, then by name.
fn part(tree: &Tree, folder: &str, names: &[String]) -> Result<Subset, LoadError> {
    let mut part = Subset::default();
    let found = class_folders(tree, folder);
    let prefix = within(folder);
    if found.is_empty() {
        let found = format!("no folder but {} file(s)", tree.below(&prefix).len());
        return Err(format(
            tree.place(folder),
            found,
            format!("a folder of images for each class, {}", listed::EXPECTED),
        ));
    }
    for class in &found {
        let place = || tree.place(&format!("{prefix}{class}"));
        let label = label(names, class, place)?;
        let files = images_in(tree, &format!("{prefix}{class}"));
        if files.is_empty() {
            return Err(format(place(), "an empty class folder", "at least one image"));
        }
        part.labels.extend(std::iter::repeat_n(label, files.len()));
        part.files.extend(files.into_iter().cloned());
    }
    Ok(part)
}
