//! Caches: one compact file that is checked when it is read.
//!
//! Layout, integers little-endian: magic (8 bytes), version (4), length of the body (8), BLAKE3 of the body (32), body. The
//! layout of a body is that of its kind. The file is replaced as a whole ([`replace`]): no link, pipe or device is. A file that is
//! damaged or of another version is an error; the caller must make it again from its source.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base::replace::{self, NotAFile, ReplaceError, Writers};
use thiserror::Error;

const MAGIC_BYTES: usize = 8;
const HASH_BYTES: usize = 32;
const HEADER_BYTES: usize = MAGIC_BYTES + 4 + 8 + HASH_BYTES;

/// The reason why a cache could not be written or read.
#[derive(Debug, Error)]
pub enum CacheError {
    /// The operating system reports an error.
    #[error("{file}: the cache of {what} cannot be {action}: {source}")]
    Io {
        /// The kind of data, in words.
        what: &'static str,
        /// Path of the file.
        file: PathBuf,
        /// The operation that failed: `read` or `written`.
        action: &'static str,
        /// The underlying error of the system.
        source: io::Error,
    },
    /// An entry that is never replaced, such as a link.
    #[error(
        "{file}: the cache of {what} cannot be written: found {found}, expected a regular file to replace, or nothing"
    )]
    NotAFile {
        /// The kind of data, in words.
        what: &'static str,
        /// Path of the entry.
        file: PathBuf,
        /// The type of the existing entry, with its article.
        found: &'static str,
    },
    /// Another kind of file.
    #[error("{file}: found no cache of {what}, expected a file that begins with `{magic}`")]
    NotACache {
        /// The kind of data expected, in words.
        what: &'static str,
        /// The magic bytes expected.
        magic: &'static str,
        /// Path of the file.
        file: PathBuf,
    },
    /// A cache that another version of this program has written.
    #[error("{file}: found version {found} of the cache of {what}, expected {expected}; import the data again")]
    Version {
        /// The kind of data, in words.
        what: &'static str,
        /// Path of the file.
        file: PathBuf,
        /// Version in the file's header.
        found: u32,
        /// Version that this program writes.
        expected: u32,
    },
    /// A cache that ends early or goes on too long.
    #[error("{file}: found {found} bytes of a cache of {what}, expected {expected}; import the data again")]
    Length {
        /// The kind of data, in words.
        what: &'static str,
        /// Path of the file.
        file: PathBuf,
        /// Length of the file in bytes.
        found: u64,
        /// Length according to the header, at least that of a header.
        expected: u64,
    },
    /// A cache whose content does not match its hash.
    #[error("{file}: the cache of {what} is damaged: found {found}, expected {expected}; import the data again")]
    Damaged {
        /// The kind of data, in words.
        what: &'static str,
        /// Path of the file.
        file: PathBuf,
        /// The text or content found.
        found: String,
        /// The form expected, with valid values.
        expected: String,
    },
}

/// The content of a body, and its content hash.
pub(crate) struct Decoded<T> {
    pub(crate) content: T,
    /// The hash of the decoded content.
    pub(crate) computed: [u8; HASH_BYTES],
    /// The hash that the body holds.
    pub(crate) written: [u8; HASH_BYTES],
}

/// A kind of cache.
pub(crate) struct Kind {
    /// The kind of data, in words, for messages.
    pub(crate) what: &'static str,
    /// Its first bytes: 8 letters.
    pub(crate) magic: &'static str,
    /// Version of the body's layout.
    pub(crate) version: u32,
}

impl Kind {
    /// Writes `body` to `file`, whole or not at all.
    pub(crate) fn write(&self, file: &Path, body: &[u8]) -> Result<(), CacheError> {
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend_from_slice(self.magic.as_bytes());
        header.extend_from_slice(&self.version.to_le_bytes());
        header.extend_from_slice(&(body.len() as u64).to_le_bytes());
        header.extend_from_slice(blake3::hash(body).as_bytes());
        let written = replace::with(file, Writers::Several, |to| {
            to.write_all(&header)?;
            to.write_all(body)
        });
        written.map_err(|error| match error {
            ReplaceError::System(source) => self.io(file, "written", source),
            ReplaceError::NotAFile(NotAFile { found }) => {
                CacheError::NotAFile { what: self.what, file: file.to_owned(), found }
            }
        })
    }

    /// Reads the body of `file` by `decode`, which returns `None` for a body that breaks the kind's layout.
    pub(crate) fn read<T>(&self, file: &Path, decode: impl Fn(&[u8]) -> Option<Decoded<T>>) -> Result<T, CacheError> {
        let bytes = fs::read(file).map_err(|source| self.io(file, "read", source))?;
        let body = self.checked_body(file, &bytes)?;
        let Some(Decoded { content, computed, written }) = decode(body) else {
            return Err(self.damaged(file, "a body that cannot be read".to_owned(), self.what.to_owned()));
        };
        if computed != written {
            let hex = |hash: [u8; HASH_BYTES]| blake3::Hash::from_bytes(hash).to_hex().to_string();
            return Err(self.damaged(file, format!("{} with hash {}", self.what, hex(computed)), hex(written)));
        }
        Ok(content)
    }

    /// The body, after all checks of the header.
    fn checked_body<'a>(&self, file: &Path, bytes: &'a [u8]) -> Result<&'a [u8], CacheError> {
        let (what, file_name) = (self.what, || file.to_owned());
        if !bytes.starts_with(self.magic.as_bytes()) {
            return Err(CacheError::NotACache { what, magic: self.magic, file: file_name() });
        }
        let mut header = Bytes { rest: &bytes[MAGIC_BYTES..] };
        let found = bytes.len() as u64;
        let short = || CacheError::Length { what, file: file_name(), found, expected: HEADER_BYTES as u64 };
        let version = u32::from_le_bytes(header.array().ok_or_else(short)?);
        if version != self.version {
            return Err(CacheError::Version { what, file: file_name(), found: version, expected: self.version });
        }
        let length = u64::from_le_bytes(header.array().ok_or_else(short)?);
        let hash: [u8; HASH_BYTES] = header.array().ok_or_else(short)?;
        if header.rest.len() as u64 != length {
            let expected = length.saturating_add(HEADER_BYTES as u64);
            return Err(CacheError::Length { what, file: file_name(), found, expected });
        }
        let actual = blake3::hash(header.rest);
        if actual != hash {
            let expected = blake3::Hash::from_bytes(hash).to_hex().to_string();
            return Err(self.damaged(file, format!("content with hash {}", actual.to_hex()), expected));
        }
        Ok(header.rest)
    }

    fn io(&self, file: &Path, action: &'static str, source: io::Error) -> CacheError {
        CacheError::Io { what: self.what, file: file.to_owned(), action, source }
    }

    fn damaged(&self, file: &Path, found: String, expected: String) -> CacheError {
        CacheError::Damaged { what: self.what, file: file.to_owned(), found, expected }
    }
}

/// Appends a LEB128 varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a text: its length in bytes as a varint, then UTF-8.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// A reader of bytes in memory. Its methods return `None` if the bytes end first.
pub(crate) struct Bytes<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(crate) fn varint_u32(&mut self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }

    /// A text that [`put_text`] wrote.
    pub(crate) fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    /// A number of things that are still to come, each at least one byte.
    pub(crate) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok().filter(|&n| n <= self.rest.len())
    }
}
