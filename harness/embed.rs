//! For build scripts: text files that become part of the program.

use std::fs;
use std::path::{Path, PathBuf};

/// `&[("name.yaml", "text"), ...]` of the files of a folder with these endings, by name.
pub(crate) fn write_texts(folder: &Path, endings: &[&str], to: &Path) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder is part of the sources")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)))
        .collect();
    // By name without its ending: `ic` before `ic-cifar10`.
    files.sort_by_key(|path| path.with_extension(""));
    let mut text = String::from("&[\n");
    for file in files {
        let name = file.file_name().expect("files have names").to_string_lossy().into_owned();
        text.push_str(&format!("({name:?}, include_str!({:?})),\n", file.display().to_string()));
    }
    text.push_str("]\n");
    fs::write(to, text).expect("OUT_DIR can be written");
}
