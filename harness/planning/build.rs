//! The program's knowledge of its own making: the hash of the sources that determine results, the commit, and the specs and
//! machine kinds that are built in.
//!
//! The source hash covers names and contents of the files, never where they lie.

#[path = "../embed.rs"]
mod embed;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders of the crates whose sources determine the results of a run; emulator holds testbed-base, too.
const RESULT_CRATES: [&str; 3] = ["datasets", "emulator", "gaia-core"];

fn main() {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts"));
    let harness = manifest.parent().expect("planning lies in harness").to_path_buf();
    let root = harness.parent().expect("harness lies in the workspace").to_path_buf();
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../embed.rs");

    println!("cargo::rustc-env=EXPERIMENTS_SOURCE_HASH={}", source_hash(&root));
    let (commit, dirty) = commit(&root);
    println!("cargo::rustc-env=EXPERIMENTS_COMMIT={commit}");
    println!("cargo::rustc-env=EXPERIMENTS_DIRTY={dirty}");

    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it for build scripts"));
    embed::write_texts(&root.join("experiments"), &["yaml"], &out.join("specs.rs"));
    embed::write_texts(&harness.join("machines"), &["yaml"], &out.join("machines.rs"));
}

/// 16 hexadecimal digits over the sorted files of [`RESULT_CRATES`], tests, benches and examples left out.
fn source_hash(root: &Path) -> String {
    let mut files = Vec::new();
    for name in RESULT_CRATES {
        println!("cargo::rerun-if-changed={}", root.join(name).display());
        collect(&root.join(name), &mut files);
    }
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for file in &files {
        let relative = file.strip_prefix(root).expect("collected below the root");
        let name: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let name = name.join("/");
        let text = fs::read(file).expect("a source file can be read");
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hasher.update(&(text.len() as u64).to_le_bytes()).update(&text);
    }
    hasher.finalize().to_hex()[..16].to_string()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder can be read") {
        let path = entry.expect("a source folder can be read").path();
        let name = path.file_name().expect("entries have names").to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "tests", "benches", "examples", "proptest-regressions"].contains(&name.as_str())
                && !name.starts_with('.')
            {
                collect(&path, files);
            }
        } else if name.ends_with(".rs") || name.ends_with(".yaml") || name.ends_with(".csv") {
            files.push(path);
        }
    }
}

/// The commit and whether tracked files differ from it; an empty commit without git.
fn commit(root: &Path) -> (String, bool) {
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(root, &["rev-parse", "--git-path", name]).map(|path| root.join(path));
        if let Some(path) = path.filter(|path| path.exists()) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    for name in ["harness", "experiments"] {
        println!("cargo::rerun-if-changed={}", root.join(name).display());
    }
    let Some(head) = git(root, &["rev-parse", "HEAD"]) else { return (String::new(), false) };
    let changes = git(root, &["status", "--porcelain", "--untracked-files=no"]);
    (head, changes.is_none_or(|changes| !changes.is_empty()))
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(["--no-optional-locks"]).args(arguments).current_dir(root).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}
