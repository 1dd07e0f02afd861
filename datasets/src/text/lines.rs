//! The lines of a text file, plain or gzip, with their numbers; and the fields of a line.
//!
//! Bytes are read once and never copied, except for a line that crosses the end of the buffer. A line ends in LF or
//! CRLF; the last may lack it. A byte order mark is skipped, and so are empty lines.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::TextError;
use super::gzip::{Gunzip, MAGIC};

const BUFFER_BYTES: usize = 1 << 18;
/// A line longer than this is no line of ratings or counts.
const MAX_LINE_BYTES: usize = 1 << 12;
/// Characters of a found text that a message shows.
const SHOWN_CHARS: usize = 60;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A part of a line that violates its format.
pub(crate) struct Bad {
    pub(crate) found: String,
    pub(crate) expected: String,
}

pub(crate) struct Lines {
    file: PathBuf,
    a_line: &'static str,
    /// The format, for messages. `None` means that they name it anyway.
    read_as: Option<&'static str>,
    compression: Compression,
    reader: Box<dyn Read>,
    buffer: Vec<u8>,
    /// Bytes that were read and not yet returned: `buffer[start..end]`.
    start: usize,
    end: usize,
    at_end: bool,
    number: u64,
    /// A longer line is refused.
    max_line_bytes: usize,
}

#[derive(Clone, Copy)]
enum Compression {
    None,
    Gzip,
}

impl Lines {
    /// `a_line`: the form of a line, for messages.
    pub(crate) fn open(path: &Path, a_line: &'static str) -> Result<Self, TextError> {
        let open_error = |source| TextError::Open { path: path.to_owned(), nearest: None, source };
        let mut file = File::open(path).map_err(open_error)?;
        let mut head = Vec::new();
        file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(open_error)?;
        let compression = if head == MAGIC { Compression::Gzip } else { Compression::None };
        let whole = io::Cursor::new(head).chain(file);
        let reader: Box<dyn Read> = match compression {
            Compression::None => Box::new(whole),
            Compression::Gzip => Box::new(Gunzip::new(io::BufReader::with_capacity(BUFFER_BYTES, whole))),
        };
        let mut lines = Lines {
            file: path.to_owned(),
            a_line,
            read_as: None,
            compression,
            reader,
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            at_end: false,
            number: 0,
            max_line_bytes: MAX_LINE_BYTES,
        };
        lines.skip_byte_order_mark()?;
        Ok(lines)
    }

    /// The same lines, with messages that name the format that they should be of: one that was guessed may be another.
    pub(crate) fn read_as(self, format: &'static str) -> Self {
        Lines { read_as: Some(format), ..self }
    }

    /// The same lines, of which one may have `bytes` bytes: for formats with a whole example in a line. The buffer grows with it.
    pub(crate) fn of_at_most(mut self, bytes: usize) -> Self {
        self.buffer.resize(self.buffer.len().max(bytes + BUFFER_BYTES), 0);
        Lines { max_line_bytes: bytes, ..self }
    }

    /// The lines at the beginning of a file, as far as one read goes; the last may be incomplete.
    pub(crate) fn open_beginning(path: &Path, a_line: &'static str) -> Result<Self, TextError> {
        let mut lines = Lines::open(path, a_line)?;
        lines.reader = Box::new(io::empty());
        Ok(lines)
    }

    /// The next line that is not empty, without its end.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, &[u8])>, TextError> {
        loop {
            let Some((from, to)) = self.next_range()? else { return Ok(None) };
            self.number += 1;
            let to = if to > from && self.buffer[to - 1] == b'\r' { to - 1 } else { to };
            if to > from {
                return Ok(Some((self.number, &self.buffer[from..to])));
            }
        }
    }

    /// Path of the file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The error about something in the line given out last.
    pub(crate) fn error(&self, bad: Bad) -> TextError {
        self.error_at(self.number, bad)
    }

    fn error_at(&self, line: u64, bad: Bad) -> TextError {
        let (file, read_as) = (self.file.clone(), self.read_as);
        TextError::Line { file, line, found: bad.found, expected: bad.expected, read_as }
    }

    fn skip_byte_order_mark(&mut self) -> Result<(), TextError> {
        while self.end < BYTE_ORDER_MARK.len() && !self.at_end {
            self.fill()?;
        }
        if self.buffer[..self.end].starts_with(BYTE_ORDER_MARK) {
            self.start = BYTE_ORDER_MARK.len();
        }
        Ok(())
    }

    fn next_range(&mut self) -> Result<Option<(usize, usize)>, TextError> {
        let mut searched = 0;
        loop {
            let waiting = &self.buffer[self.start..self.end];
            if let Some(length) = waiting[searched..].iter().position(|&byte| byte == b'\n') {
                let from = self.start;
                let to = from + searched + length;
                self.start = to + 1;
                return Ok(Some((from, to)));
            }
            searched = waiting.len();
            if searched > self.max_line_bytes {
                let most = self.max_line_bytes;
                let found = format!("a line of more than {most} bytes beginning with {}", shown(waiting));
                return Err(self.error_at(self.number + 1, bad(found, self.a_line)));
            }
            if self.at_end {
                let range = (self.start, self.end);
                self.start = self.end;
                return Ok((range.0 < range.1).then_some(range));
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<(), TextError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(n) => self.end += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(self.read_error(source)),
            }
            return Ok(());
        }
    }

    fn read_error(&self, source: io::Error) -> TextError {
        let (file, line) = (self.file.clone(), self.number);
        match self.compression {
            Compression::None => TextError::Read { file, line, source },
            Compression::Gzip => TextError::Gzip { file, line, source },
        }
    }
}

/// The `N` fields of a line.
pub(crate) fn fields<'a, const N: usize>(
    line: &'a [u8],
    separator: &[u8],
    expected: &str,
) -> Result<[&'a [u8]; N], Bad> {
    let mut found: [&[u8]; N] = [&[]; N];
    let mut rest = Some(line);
    for field in &mut found {
        let Some(line_rest) = rest else { return Err(wrong_columns(line, separator, N, expected)) };
        (*field, rest) = cut(line_rest, separator);
    }
    if rest.is_some() {
        return Err(wrong_columns(line, separator, N, expected));
    }
    Ok(found)
}

fn cut<'a>(line: &'a [u8], separator: &[u8]) -> (&'a [u8], Option<&'a [u8]>) {
    let mut at = 0;
    while let Some(next) = line[at..].iter().position(|&byte| byte == separator[0]) {
        at += next;
        if line[at..].starts_with(separator) {
            return (&line[..at], Some(&line[at + separator.len()..]));
        }
        at += 1;
    }
    (line, None)
}

fn wrong_columns(line: &[u8], separator: &[u8], columns: usize, expected: &str) -> Bad {
    let mut count = 1;
    let mut rest = cut(line, separator).1;
    while let Some(more) = rest {
        count += 1;
        rest = cut(more, separator).1;
    }
    let s = if count == 1 { "" } else { "s" };
    bad(format!("{count} column{s} in {}", shown(line)), format!("{columns} columns: {expected}"))
}

/// The number of a user or an item: 0 to 2^32 - 1.
pub(crate) fn id(field: &[u8], column: &str) -> Result<u32, Bad> {
    match digits(field) {
        Some(id) if id <= u64::from(u32::MAX) => Ok(id as u32),
        _ => Err(bad(format!("{column} {}", shown(field)), format!("a whole number from 0 to {}", u32::MAX))),
    }
}

/// Parses stars within `low..=high`, as in `4` and `3.5`.
pub(crate) fn stars(field: &[u8], column: &str, low: f32, high: f32) -> Result<f32, Bad> {
    let value = match field {
        [whole @ b'0'..=b'9'] => Some(f32::from(whole - b'0')),
        [whole @ b'0'..=b'9', b'.', tenth @ b'0'..=b'9'] => {
            Some(f32::from((whole - b'0') * 10 + (tenth - b'0')) / 10.0)
        }
        _ => std::str::from_utf8(field).ok().and_then(|text| text.parse().ok()),
    };
    match value {
        Some(value) if (low..=high).contains(&value) => Ok(value),
        _ => Err(bad(format!("{column} {}", shown(field)), format!("stars from {low} to {high}"))),
    }
}

/// Seconds since 1970, which are dropped.
pub(crate) fn timestamp(field: &[u8]) -> Result<(), Bad> {
    match digits(field) {
        Some(_) => Ok(()),
        None => Err(bad(format!("timestamp {}", shown(field)), "a whole number of seconds since 1970")),
    }
}

/// A run of ASCII digits as a number; `None` if there is anything else, nothing, or more than a `u64` holds.
pub(crate) fn digits(field: &[u8]) -> Option<u64> {
    // 19 digits always fit.
    if field.is_empty() || field.len() > 19 {
        return None;
    }
    field.iter().try_fold(0u64, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
}

pub(crate) fn bad(found: impl Into<String>, expected: impl Into<String>) -> Bad {
    Bad { found: found.into(), expected: expected.into() }
}

/// Bytes of a file as they may be shown in a message: in backquotes, nothing unprintable, not too long.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => {
            text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
        }
        Err(_) => bytes.escape_ascii().to_string(),
    };
    let mut cut: String = text.chars().take(SHOWN_CHARS).collect();
    if cut.len() < text.len() {
        cut.push_str("...");
    }
    format!("`{cut}`")
}
