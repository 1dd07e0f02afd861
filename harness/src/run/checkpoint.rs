//! The state of an unfinished cell on disk: `checkpoint.bin`, beside the manifest, until the cell is whole.
//!
//! Layout: magic, BLAKE3 of the rest, the plan's hash, then the driver's and the recorder's state. A file that is damaged
//! or of another plan is as good as none: the cell begins anew, and says so.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::results::atomic::{self, WriteError};

const FILE: &str = "checkpoint.bin";
const MAGIC: &[u8; 8] = b"gaiackp1";
const HASH_BYTES: usize = 32;

#[derive(Serialize)]
struct Written<'a, R> {
    plan: &'a str,
    driver: &'a [u8],
    recorder: &'a R,
}

/// What a checkpoint holds.
#[derive(Deserialize)]
pub(super) struct Checkpoint<R> {
    plan: String,
    pub(super) driver: Vec<u8>,
    pub(super) recorder: R,
}

/// Writes the state of the cell of `plan`.
pub(super) fn write<R: Serialize>(folder: &Path, plan: &str, driver: &[u8], recorder: &R) -> Result<(), WriteError> {
    let body = postcard::to_stdvec(&Written { plan, driver, recorder }).expect("plain data can be written");
    let mut bytes = Vec::with_capacity(MAGIC.len() + HASH_BYTES + body.len());
    bytes.extend(MAGIC);
    bytes.extend(blake3::hash(&body).as_bytes());
    bytes.extend(body);
    atomic::write(&folder.join(FILE), &bytes)
}

/// The state of the cell of `plan`: none when there is none; the reason when it cannot be used.
pub(super) fn read<R: DeserializeOwned>(folder: &Path, plan: &str) -> Result<Option<Checkpoint<R>>, String> {
    let bytes = match std::fs::read(folder.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let body = bytes.get(MAGIC.len() + HASH_BYTES..).ok_or("it is too short")?;
    if bytes[..MAGIC.len()] != *MAGIC {
        return Err("it is none of this version's".to_owned());
    }
    if bytes[MAGIC.len()..MAGIC.len() + HASH_BYTES] != *blake3::hash(body).as_bytes() {
        return Err("it is damaged".to_owned());
    }
    let checkpoint: Checkpoint<R> = postcard::from_bytes(body).map_err(|error| error.to_string())?;
    if checkpoint.plan != plan {
        return Err(format!("it is of plan {}", checkpoint.plan));
    }
    Ok(Some(checkpoint))
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
        write(folder, "a", b"driver", &7u32).expect("a folder to write in");
        let whole = read::<u32>(folder, "a").expect("sound").expect("there");
        assert_eq!((whole.driver.as_slice(), whole.recorder), (&b"driver"[..], 7));
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
