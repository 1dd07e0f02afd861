//! Text files as users save them: UTF-8, with a byte order mark or without.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The most bytes of a text that a user writes by hand or measures: profiles, specs, machine kinds, price lists, reports.
pub const MAX_BYTES: u64 = 16 << 20;

/// The byte order mark that editors on Windows put in front of UTF-8.
const MARK: &[u8] = &[0xef, 0xbb, 0xbf];
/// The same mark in UTF-16, in either order of bytes.
const UTF_16: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];

/// The text of a file without its byte order mark, if it has one. Regular files, pipes and devices alike.
///
/// # Errors
/// Those of the system; more than [`MAX_BYTES`]; bytes that are not UTF-8, with the line of the first.
pub fn read(path: &Path) -> io::Result<String> {
    read_from(File::open(path)?)
}

/// [`read`] from an open source.
///
/// # Errors
/// As [`read`].
pub fn read_from(source: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let wrong = |says: String| io::Error::new(io::ErrorKind::InvalidData, says);
    if source.take(MAX_BYTES + 1).read_to_end(&mut bytes)? as u64 > MAX_BYTES {
        return Err(wrong(format!("longer than {MAX_BYTES} bytes, the most that such a file may have")));
    }
    if UTF_16.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(wrong("it is UTF-16: expected UTF-8 (save it as that)".into()));
    }
    let start = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
    let text = std::str::from_utf8(&bytes[start..]).map_err(|error| {
        let before = &bytes[start..start + error.valid_up_to()];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        wrong(format!("line {line} is not UTF-8: expected text"))
    })?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_text() {
        let read = |bytes: &[u8]| read_from(bytes).map_err(|error| error.to_string());
        assert_eq!(read(b"\xef\xbb\xbfname: x"), Ok("name: x".into()));
        assert_eq!(read("name: é".as_bytes()), Ok("name: é".into()));
        assert_eq!(read(b"\xef\xbb\xbf"), Ok(String::new()));
        assert_eq!(read(b"\xff\xfen\0").unwrap_err(), "it is UTF-16: expected UTF-8 (save it as that)");
        assert_eq!(read(b"a\nb\n\xe9").unwrap_err(), "line 3 is not UTF-8: expected text");
        let endless = io::repeat(b' ');
        assert!(read_from(endless).unwrap_err().to_string().starts_with("longer than 16777216 bytes"));
    }
}
