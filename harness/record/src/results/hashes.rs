//! `hashes.json`: the hash of every file of a folder that a verdict rests on, and of its own content.
//!
//! It is written last, so that a folder of a cell is whole when it is there and all that it states holds. In a spec's folder it covers
//! the index of cells and what was reported of them. `host.json`, which differs between equal runs, is in neither.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::SCHEMA;
use super::atomic::{self, WriteError};

/// The name of the file.
pub const FILE: &str = "hashes.json";

/// A difference between a folder's files and their hashes.
#[derive(Debug, Error)]
pub enum HashError {
    /// Not finished, or written by a version that had none.
    #[error("{folder} has no {FILE}: it was not finished, or left by an earlier version")]
    None {
        /// The path of the folder.
        folder: PathBuf,
    },
    /// The file of hashes is damaged itself.
    #[error("{path} was truncated or changed after the run: {why}")]
    Itself {
        /// The path of the file.
        path: PathBuf,
        /// The part that does not match.
        why: String,
    },
    /// A file that a verdict depends on and that has no hash.
    #[error("{path} is not among the files that {FILE} beside it covers: it is older than they are")]
    NotCovered {
        /// The path of the file.
        path: PathBuf,
    },
    /// A file is missing or cannot be read.
    #[error("{path} is missing or cannot be read")]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file is not what was written.
    #[error("{path} was truncated or changed after the run ({found_bytes} bytes with another hash than {FILE} has)")]
    Changed {
        /// The path of the file.
        path: PathBuf,
        /// The current length of the file.
        found_bytes: usize,
    },
}

/// The content of [`FILE`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashes {
    schema: u32,
    /// BLAKE3 in hexadecimal, by file name.
    files: BTreeMap<String, String>,
    /// The same of the schema, and of every name and hash above.
    own: String,
}

impl Hashes {
    fn of(files: BTreeMap<String, String>) -> Self {
        let lines: String = files.iter().map(|(name, hash)| format!("{name} {hash}\n")).collect();
        let own = blake3::hash(format!("{SCHEMA}\n{lines}").as_bytes()).to_hex().to_string();
        Hashes { schema: SCHEMA, files, own }
    }
}

/// Covers those of `names` that are in `folder`.
///
/// # Errors
/// [`WriteError`], also when one of them is there and cannot be read.
pub fn write(folder: &Path, names: &[&str]) -> Result<(), WriteError> {
    let mut files = BTreeMap::new();
    for name in names {
        let path = folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => drop(files.insert((*name).to_owned(), hex(&bytes))),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(WriteError::of(&path, source)),
        }
    }
    let mut text = serde_json::to_vec_pretty(&Hashes::of(files)).expect("hashes have text keys");
    text.push(b'\n');
    atomic::write(&folder.join(FILE), &text)
}

/// Whether all files that are covered are what was written, and `needed` are among them.
///
/// # Errors
/// [`HashError`].
pub fn check(folder: &Path, needed: &[&str]) -> Result<(), HashError> {
    let files = read(folder)?;
    if let Some(name) = needed.iter().find(|name| !files.contains_key(**name)) {
        return Err(HashError::NotCovered { path: folder.join(name) });
    }
    files.iter().try_for_each(|(name, hash)| check_file(&folder.join(name), hash))
}

/// Whether `name` is what was written, in a folder that may have no hashes or none of it.
///
/// # Errors
/// [`HashError::Itself`], [`HashError::File`], [`HashError::Changed`].
pub fn check_if_covered(folder: &Path, name: &str) -> Result<(), HashError> {
    match read(folder) {
        Ok(files) => files.get(name).map_or(Ok(()), |hash| check_file(&folder.join(name), hash)),
        Err(HashError::None { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn read(folder: &Path) -> Result<BTreeMap<String, String>, HashError> {
    let path = folder.join(FILE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(HashError::None { folder: folder.to_owned() }),
        Err(source) => return Err(HashError::File { path, source }),
    };
    let itself = |why: String| HashError::Itself { path: path.clone(), why };
    let found: Hashes = serde_json::from_slice(&bytes).map_err(|error| itself(error.to_string()))?;
    let own = Hashes::of(found.files);
    if found.schema != SCHEMA || found.own != own.own {
        return Err(itself("its own hash is another than that of what it says".into()));
    }
    Ok(own.files)
}

fn check_file(path: &Path, hash: &str) -> Result<(), HashError> {
    let bytes = fs::read(path).map_err(|source| HashError::File { path: path.to_owned(), source })?;
    if hex(&bytes) != hash {
        return Err(HashError::Changed { path: path.to_owned(), found_bytes: bytes.len() });
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_unchecked_a_changed_byte_of_any_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        let names = ["a.json", "b.parquet", FILE];
        fs::write(place.join("a.json"), "{ \"clocks\": 2 }").unwrap();
        fs::write(place.join("b.parquet"), [7; 100]).unwrap();
        write(place, &["a.json", "b.parquet", "none.json"]).unwrap();
        check(place, &["a.json"]).unwrap();
        for name in names {
            let whole = fs::read(place.join(name)).unwrap();
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 1;
                fs::write(place.join(name), &changed).unwrap();
                // White space between the tokens of its own JSON is no content.
                let same = name == FILE && whole[at].is_ascii_whitespace() && changed[at].is_ascii_whitespace();
                assert!(check(place, &[]).is_err() || same, "{name}, byte {at}");
            }
            fs::write(place.join(name), &whole[..whole.len() - 2]).unwrap();
            assert!(check(place, &[]).unwrap_err().to_string().contains(name), "{name}");
            fs::write(place.join(name), &whole).unwrap();
        }
        check(place, &["a.json", "b.parquet"]).unwrap();
        assert!(matches!(check(place, &["none.json"]), Err(HashError::NotCovered { .. })));
        fs::remove_file(place.join("b.parquet")).unwrap();
        assert!(matches!(check(place, &[]), Err(HashError::File { .. })));
        check_if_covered(place, "a.json").unwrap();
        fs::remove_file(place.join(FILE)).unwrap();
        assert!(matches!(check(place, &[]), Err(HashError::None { .. })));
        check_if_covered(place, "a.json").unwrap();
    }
}
