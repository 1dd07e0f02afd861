//! Folders of small files, the errors about them, and the folder of the real data.

use std::fmt::{Debug, Display};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

/// A folder with these files: paths in it, and contents. A path that ends in `/` is an empty folder.
pub(crate) fn folder<P: AsRef<str>, C: AsRef<[u8]>>(files: &[(P, C)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name.as_ref());
        if name.as_ref().ends_with('/') {
            fs::create_dir_all(path).unwrap();
            continue;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

pub(crate) fn gz(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// The error about a file or folder that does not load, with the temporary folder's path taken out.
pub(crate) fn complaint<T: Debug, E: Display>(loaded: Result<T, E>, within: &Path) -> String {
    match loaded {
        Ok(loaded) => panic!("it loads: {loaded:?}"),
        Err(error) => error
            .to_string()
            .replace(&format!("{}/", within.display()), "")
            .replace(&within.display().to_string(), "FOLDER"),
    }
}

/// The folder with real data sets, or a line with the reason why a test is skipped.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn real(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("GAIA_DATA")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"));
    let folder = data.join(name);
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("skipped: no {name} among the real data (set GAIA_DATA to the folder that has it)");
    None
}
