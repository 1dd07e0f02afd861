//! The form in which checkpoints are written, bit by bit.

use std::io::{self, Write};

use serde::Serialize;

/// Writes `value` in postcard's form, in many small pieces.
///
/// # Errors
/// Those of `to`.
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
    fn what_is_written_is_what_postcard_makes_of_it() {
        let value = (7u32, vec![1.5f32, -2.0], "text");
        let mut bytes = Vec::new();
        write(&value, &mut bytes).expect("memory takes everything");
        assert_eq!(bytes, postcard::to_stdvec(&value).expect("plain data"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_systems_error_is_told() {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let error = write("text", full).expect_err("it is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
