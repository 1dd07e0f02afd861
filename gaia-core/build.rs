//! The lists of sync models, from the folders that hold them. Under the feature `torch`, in addition: where tests, benches and examples
//! find the libtorch that they were built with.

#[path = "build/models.rs"]
mod models;

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    if let Ok(libraries) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{libraries}");
    }
    write_list("src/sync/models", "sync_models_inside");
    write_list("src/sync/between/models", "models_between_sites");
}

/// Writes `OUT_DIR/CALL.rs`: the call of a macro with the models of a folder.
fn write_list(folder: &str, call: &str) {
    println!("cargo::rerun-if-changed={folder}");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it for build scripts"));
    let entries = fs::read_dir(folder).expect("the folder is part of the sources");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<(String, String)> = paths.filter(|path| is_rust(path)).map(|path| read(&path)).collect();
    // The order of lists and error messages.
    files.sort();
    match models::call(call, folder, &files) {
        Ok(text) => fs::write(out.join(format!("{call}.rs")), text).expect("OUT_DIR can be written"),
        Err(problems) => problems.iter().for_each(|problem| println!("cargo::error={problem}")),
    }
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "rs")
}

/// The name of a file without its ending, and its text.
fn read(path: &Path) -> (String, String) {
    let name = path.file_stem().expect("files have names").to_string_lossy().into_owned();
    (name, fs::read_to_string(path).expect("a source file can be read"))
}
