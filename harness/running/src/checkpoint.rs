//! The state of an unfinished cell on disk: `checkpoint.bin`, in the manifest's folder, until the cell is complete.
//!
//! Layout: magic; the plan's hash, the recorder's state and the driver's; BLAKE3 of all that. It is written as a stream, without a copy of
//! the state in memory, and read likewise. A file that is damaged or of another plan is ignored: the cell starts again and logs why.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Take, Write};
use std::path::Path;

use emulator::binary::{self, Sharing};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use record::results::atomic::{self, WriteError};

const FILE: &str = "checkpoint.bin";
const MAGIC: &[u8; 8] = b"gaiackp5";
const HASH_BYTES: usize = 32;
/// Bytes that are written and hashed at once.
const PIECE_BYTES: usize = 1 << 20;

/// The content of an intact checkpoint.
pub(super) struct Checkpoint<R> {
    pub(super) recorder: R,
    /// The driver's state, still to be read.
    pub(super) driver: BufReader<Take<File>>,
    /// Until the driver has read, too: both hold parts of one model.
    _sharing: Sharing,
}

/// Writes the state of the cell of `plan`; `driver` writes its own. The bytes of the file.
pub(super) fn write<R: Serialize>(
    folder: &Path,
    plan: &str,
    recorder: &R,
    driver: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<u64, WriteError> {
    let mut bytes = 0;
    atomic::write_with(&folder.join(FILE), |file| {
        let mut hashed = Hashed { to: &mut *file, hasher: blake3::Hasher::new() };
        let mut to = BufWriter::with_capacity(PIECE_BYTES, &mut hashed);
        let _sharing = Sharing::begin();
        to.write_all(MAGIC)?;
        binary::write(&(plan, recorder), &mut to)?;
        driver(&mut to)?;
        to.flush()?;
        drop(to);
        bytes = hashed.hasher.count() + HASH_BYTES as u64;
        let hash = hashed.hasher.finalize();
        file.write_all(hash.as_bytes())
    })?;
    Ok(bytes)
}

/// Hashes everything that is written to `to`.
struct Hashed<W> {
    to: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The reasons why a checkpoint cannot be used.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The file cannot be read, or its content not be decoded.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Too short for any checkpoint.
    #[error("it is too short")]
    TooShort,
    /// Without the magic number of this version.
    #[error("it is none of this version's")]
    OtherVersion,
    /// With another hash than that of its content.
    #[error("it is damaged")]
    Damaged,
    /// Written by another cell, in the same folder.
    #[error("it is of plan {plan}")]
    OtherPlan {
        /// The hash of the other cell's plan.
        plan: String,
    },
}

/// The state of the cell of `plan`. `Ok(None)` means that there is none.
pub(super) fn read<R: DeserializeOwned>(folder: &Path, plan: &str) -> Result<Option<Checkpoint<R>>, CheckpointError> {
    match File::open(folder.join(FILE)) {
        Ok(file) => intact(file, plan).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Reads the file twice, to compare its hash before anything of it is used.
fn intact<R: DeserializeOwned>(mut file: File, plan: &str) -> Result<Checkpoint<R>, CheckpointError> {
    let length = file.metadata()?.len();
    let hashed = length.checked_sub(HASH_BYTES as u64).filter(|&hashed| hashed >= MAGIC.len() as u64);
    let hashed = hashed.ok_or(CheckpointError::TooShort)?;
    let mut magic = [0; MAGIC.len()];
    file.read_exact(&mut magic)?;
    if magic != *MAGIC {
        return Err(CheckpointError::OtherVersion);
    }
    let (mut hasher, mut hash) = (blake3::Hasher::new(), [0; HASH_BYTES]);
    hasher.update(&magic).update_reader((&mut file).take(hashed - MAGIC.len() as u64))?;
    file.read_exact(&mut hash)?;
    if hash != *hasher.finalize().as_bytes() {
        return Err(CheckpointError::Damaged);
    }
    file.seek(SeekFrom::Start(MAGIC.len() as u64))?;
    let mut body = BufReader::with_capacity(PIECE_BYTES, file.take(hashed - MAGIC.len() as u64));
    let sharing = Sharing::begin();
    let of: String = binary::read(&mut body)?;
    if of != plan {
        return Err(CheckpointError::OtherPlan { plan: of });
    }
    let recorder = binary::read(&mut body)?;
    Ok(Checkpoint { recorder, driver: body, _sharing: sharing })
}

/// Takes the checkpoint of a cell away.
pub(super) fn remove(folder: &Path) -> Result<(), WriteError> {
    atomic::remove(&folder.join(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_or_foreign_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        assert!(read::<u32>(folder, "a").expect("none is no error").is_none());
        write(folder, "a", &7u32, |to| to.write_all(b"driver")).expect("a folder to write in");
        let mut whole = read::<u32>(folder, "a").expect("sound").expect("there");
        let mut driver = String::new();
        whole.driver.read_to_string(&mut driver).expect("there");
        assert_eq!((driver.as_str(), whole.recorder), ("driver", 7));
        let error = |plan| read::<u32>(folder, plan).err().map(|error| error.to_string());
        assert_eq!(error("b").as_deref(), Some("it is of plan a"));
        let file = folder.join(FILE);
        let mut bytes = std::fs::read(&file).expect("there");
        *bytes.last_mut().expect("not empty") ^= 1;
        std::fs::write(&file, &bytes).expect("writable");
        assert_eq!(error("a").as_deref(), Some("it is damaged"));
        std::fs::write(&file, &bytes[..20]).expect("writable");
        assert_eq!(error("a").as_deref(), Some("it is too short"));
        remove(folder).expect("there");
        assert!(read::<u32>(folder, "a").expect("none is no error").is_none());
    }
}
