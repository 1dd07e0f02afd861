//! A part of a set, training or test: its images with their labels, and where a tree has the images of a class.

use std::collections::BTreeSet;

use base::suggest;

use super::LoadError;
use super::error::format;
use super::tree::{File, Tree};

/// The folder in which Tiny-ImageNet has the images of a class, and those to test on.
const IMAGES: &str = "images";

/// Images with their classes, not yet decoded.
#[derive(Default)]
pub(super) struct Subset {
    pub(super) labels: Vec<u16>,
    pub(super) files: Vec<File>,
}

/// The prefix of names below `folder`.
pub(super) fn within(folder: &str) -> String {
    if folder.is_empty() { String::new() } else { format!("{folder}/") }
}

/// The names of the folders right below `folder`.
pub(super) fn class_folders(tree: &Tree, folder: &str) -> Vec<String> {
    let prefix = within(folder);
    let from = tree.folders.partition_point(|name| *name < prefix);
    let below = tree.folders[from..].iter().map_while(|name| name.strip_prefix(&prefix));
    below.filter(|name| !name.is_empty() && !name.contains('/')).map(str::to_owned).collect()
}

/// The images of a class or of a part without classes: the files of its folder, or of its subfolder `images/` if the folder has
/// no image itself.
pub(super) fn images_in<'a>(tree: &'a Tree, folder: &str) -> Vec<&'a File> {
    let right_in = |folder: &str| {
        let prefix = within(folder);
        tree.below(&prefix).iter().filter(move |file| !file.name[prefix.len()..].contains('/')).collect::<Vec<_>>()
    };
    let here = right_in(folder);
    if here.iter().any(|file| file.is_named_image()) {
        return here;
    }
    let further_down = right_in(&format!("{folder}/{IMAGES}"));
    if further_down.is_empty() { here } else { further_down }
}

/// The label of `class`: its position in `names`, which are sorted.
///
/// # Errors
/// If no class of the training part has this name; `place` is where it was found.
pub(super) fn label(names: &[String], class: &str, place: impl FnOnce() -> String) -> Result<u16, LoadError> {
    names.binary_search_by(|name| name.as_str().cmp(class)).map(|label| label as u16).map_err(|_| {
        let nearest = suggest::nearest(class, names.iter().map(String::as_str));
        let meant = nearest.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default();
        let expected = format!("one of the {} training classes{meant}", names.len());
        format(place(), format!("an unknown class `{class}`"), expected)
    })
}

/// The first class that none of the images has.
pub(super) fn without_images<'a>(labels: &[u16], classes: &'a [String]) -> Option<&'a str> {
    let mut has = vec![false; classes.len()];
    labels.iter().for_each(|&label| has[usize::from(label)] = true);
    has.iter().position(|&has| !has).map(|class| classes[class].as_str())
}

/// For the name of a set: the classes that are learnt and not tested on; empty when there is none.
pub(super) fn untested(labels: &[u16], classes: &[String]) -> String {
    let tested: BTreeSet<u16> = labels.iter().copied().collect();
    match without_images(labels, classes) {
        Some(first) if classes.len() - tested.len() > 1 => {
            format!(", none of class `{first}` and {} more", classes.len() - tested.len() - 1)
        }
        Some(first) => format!(", none of class `{first}`"),
        None => String::new(),
    }
}
