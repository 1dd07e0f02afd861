//! Streams of values in postcard's format, for checkpoints: neither side needs the bytes as a whole in memory.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest string that can be read, in bytes.
const LONGEST: usize = 1 << 16;

/// Reads the value at the front of `from`, in many small pieces.
///
/// # Errors
/// If the bytes are no such value, or `from` fails.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut strings = vec![0; LONGEST];
    let read =
        postcard::from_io((from, &mut strings[..])).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
    read.map(|(value, _)| value)
}

/// Writes `value`, in many small pieces.
///
/// # Errors
/// The errors of `to`.
pub fn write<T: Serialize + ?Sized>(value: &T, to: impl Write) -> io::Result<()> {
    let mut kept = Kept { to, error: None };
    match postcard::to_io(value, &mut kept) {
        Ok(_) => Ok(()),
        Err(error) => Err(kept.error.unwrap_or_else(|| io::Error::other(error))),
    }
}

/// A writer that keeps its first error, which postcard would replace by one of its own.
struct Kept<W> {
    to: W,
    error: Option<io::Error>,
}

impl<W> Kept<W> {
    fn keep<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            self.error.get_or_insert(error);
            kind.into()
        })
    }
}

impl<W: Write> Write for Kept<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes);
        self.keep(written)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.to.write_all(bytes);
        self.keep(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.to.flush();
        self.keep(flushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_and_read_one_after_another() {
        let value = (7u32, vec![1.5f32, -2.0], "text".to_owned());
        let mut bytes = Vec::new();
        write(&value, &mut bytes).expect("memory takes everything");
        assert_eq!(bytes, postcard::to_stdvec(&value).expect("plain data"));
        write(&9u64, &mut bytes).expect("memory takes everything");
        let mut rest = &bytes[..];
        assert_eq!(read::<(u32, Vec<f32>, String)>(&mut rest).expect("whole"), value);
        assert_eq!(read::<u64>(&mut rest).expect("whole"), 9);
        assert!(read::<u64>(&mut rest).is_err());
    }

    #[test]
    fn lengths_are_not_believed_before_the_bytes_are_there() {
        // A vector, and a string, of 2^62 elements.
        let huge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 1, 2, 3];
        assert!(read::<Vec<f32>>(&mut &huge[..]).is_err());
        assert!(read::<String>(&mut &huge[..]).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_systems_error_is_kept() {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let error = write("text", full).expect_err("it is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
