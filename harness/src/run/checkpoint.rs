//! The state of an unfinished cell on disk: `checkpoint.bin`, beside the manifest, until the cell is whole.
//!
//! Layout: magic; the plan's hash, the recorder's state and the driver's; BLAKE3 of all that. It is written bit by bit, so that a run needs
//! no memory for a copy of its state. A file that is damaged or of another plan is as good as none: the cell begins anew, and says so.

use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use emulator::binary;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::results::atomic::{self, WriteError};

const FILE: &str = "checkpoint.bin";
const MAGIC: &[u8; 8] = b"gaiackp2";
const HASH_BYTES: usize = 32;
/// What is written and hashed at once.
const PIECE_BYTES: usize = 1 << 20;

/// What a checkpoint holds.
pub(super) struct Checkpoint<R> {
    pub(super) recorder: R,
    bytes: Vec<u8>,
    driver: Range<usize>,
}

impl<R> Checkpoint<R> {
    /// What the driver wrote.
    pub(super) fn driver(&self) -> &[u8] {
        &self.bytes[self.driver.clone()]
    }
}

/// Writes the state of the cell of `plan`; `driver` writes its own.
pub(super) fn write<R: Serialize>(
    folder: &Path,
    plan: &str,
    recorder: &R,
    driver: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    atomic::write_with(&folder.join(FILE), |file| {
        let mut hashed = Hashed { to: &mut *file, hasher: blake3::Hasher::new() };
        let mut to = BufWriter::with_capacity(PIECE_BYTES, &mut hashed);
        to.write_all(MAGIC)?;
        binary::write(&(plan, recorder), &mut to)?;
        driver(&mut to)?;
        to.flush()?;
        drop(to);
        let hash = hashed.hasher.finalize();
        file.write_all(hash.as_bytes())
    })
}

/// A writer of what is hashed.
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

/// The state of the cell of `plan`: none when there is none; the reason when it cannot be used.
pub(super) fn read<R: DeserializeOwned>(folder: &Path, plan: &str) -> Result<Option<Checkpoint<R>>, String> {
    let bytes = match std::fs::read(folder.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    if bytes.len() < MAGIC.len() + HASH_BYTES {
        return Err("it is too short".to_owned());
    }
    if bytes[..MAGIC.len()] != *MAGIC {
        return Err("it is none of this version's".to_owned());
    }
    let end = bytes.len() - HASH_BYTES;
    if bytes[end..] != *blake3::hash(&bytes[..end]).as_bytes() {
        return Err("it is damaged".to_owned());
    }
    let body = &bytes[MAGIC.len()..end];
    let (of, rest): (String, _) = postcard::take_from_bytes(body).map_err(|error| error.to_string())?;
    if of != plan {
        return Err(format!("it is of plan {of}"));
    }
    let (recorder, rest): (R, _) = postcard::take_from_bytes(rest).map_err(|error| error.to_string())?;
    let driver = end - rest.len()..end;
    Ok(Some(Checkpoint { recorder, bytes, driver }))
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
        let whole = read::<u32>(folder, "a").expect("sound").expect("there");
        assert_eq!((whole.driver(), whole.recorder), (&b"driver"[..], 7));
        assert!(read::<u32>(folder, "b").is_err());
        let file = folder.join(FILE);
        let mut bytes = std::fs::read(&file).expect("there");
        *bytes.last_mut().expect("not empty") ^= 1;
        std::fs::write(&file, &bytes).expect("writable");
        assert_eq!(read::<u32>(folder, "a").err().as_deref(), Some("it is damaged"));
        std::fs::write(&file, &bytes[..20]).expect("writable");
        assert_eq!(read::<u32>(folder, "a").err().as_deref(), Some("it is too short"));
        remove(folder).expect("there");
        assert!(read::<u32>(folder, "a").expect("none is no error").is_none());
    }
}
