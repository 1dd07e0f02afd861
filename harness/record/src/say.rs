//! The one place that writes to the standard streams. Nobody may be reading: a pipe is closed, a terminal is gone, a disk is full.
//!
//! The output of a command goes to the standard output by [`out`]. When the reader has closed it there is nothing left to do
//! and nothing wrong; when it cannot be written, that is a failure. Progress, warnings and errors go to the standard error by
//! [`err`], which never fails: no run is worth less because nobody watches it. Both show control characters as U+FFFD. `print!` and its kin panic in both cases, and are
//! denied by the workspace's lints.

use std::io::{self, ErrorKind, Write};

use thiserror::Error;

/// The standard output cannot be written.
#[derive(Debug, Error)]
#[error("cannot write to the standard output: {0}")]
pub struct OutError(#[source] io::Error);

/// Writes `text` to the standard output; a closed one takes everything.
///
/// # Errors
/// [`OutError`] when it is there and cannot be written, as on a full disk.
pub fn out(text: &str) -> Result<(), OutError> {
    write_all(&mut io::stdout().lock(), &shown(text))
}

/// Writes `line` and its end to the standard error, if that can be written.
pub fn err(line: &str) {
    // One call a line, so that lines of several threads do not mix.
    let _ = io::stderr().lock().write_all(format!("{}\n", shown(line)).as_bytes());
}

/// `text` without control characters but line ends and tabs: what users wrote in names and files steers no terminal, and is in no XML.
pub fn shown(text: &str) -> String {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The same as [`out`], for output that another crate prints itself.
///
/// # Errors
/// [`OutError`].
pub fn written(printed: io::Result<()>) -> Result<(), OutError> {
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(OutError(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn write_all(stream: &mut impl Write, text: &str) -> Result<(), OutError> {
    written(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that fails so.
    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn panic_output_a_closed_stream_takes_everything_and_a_full_one_is_told() {
        assert!(write_all(&mut Failing(ErrorKind::BrokenPipe), "x").is_ok());
        let full = write_all(&mut Failing(ErrorKind::StorageFull), "x").unwrap_err();
        assert!(full.to_string().starts_with("cannot write to the standard output: "), "{full}");
    }

    #[test]
    fn minor_control_characters_are_shown_and_not_sent() {
        assert_eq!(shown("a\tb\u{1b}[31m\r\n"), "a\tb\u{fffd}[31m\u{fffd}\n");
    }
}
