//! Decompression of gzip: member after member, until the next bytes do not begin a member.
//!
//! Zeros behind the end (a tape's padding) and other bytes (an appended signature) are skipped, as gzip itself does. A
//! member that ends early or is damaged is an error.

use std::io::{self, BufRead, Chain, Cursor, Read};

use flate2::bufread::GzDecoder;

/// The first bytes of a gzip file, and of each member of it.
pub(crate) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A member: the bytes that were read ahead, then the rest.
type Member<R> = Chain<Cursor<Vec<u8>>, R>;

/// The unpacked bytes of a gzip stream.
pub(crate) struct Gunzip<R: BufRead> {
    /// None behind the last member.
    member: Option<GzDecoder<Member<R>>>,
}

impl<R: BufRead> Gunzip<R> {
    /// `packed` must begin with a member; other data give an error on reading.
    pub(crate) fn new(packed: R) -> Self {
        Gunzip { member: Some(GzDecoder::new(Cursor::new(Vec::new()).chain(packed))) }
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.member {
            let read = member.read(out)?;
            if read > 0 {
                return Ok(read);
            }
            let Some(ended) = self.member.take() else { break };
            let (_, mut rest) = ended.into_inner().into_inner();
            let mut begins = Vec::new();
            rest.by_ref().take(MAGIC.len() as u64).read_to_end(&mut begins)?;
            self.member = (begins == MAGIC).then(|| GzDecoder::new(Cursor::new(begins).chain(rest)));
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        // Few bytes at a time: the ends of members and of the buffer fall anywhere.
        Gunzip::new(io::BufReader::with_capacity(3, bytes)).read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn members_follow_each_other_and_what_comes_behind_them_is_passed_over() {
        let two = [packed(b"one "), packed(b"two")].concat();
        for behind in [&b""[..], &[0], &[0; 10_240], b"signature", &[0x1f]] {
            assert_eq!(unpacked(&[&two[..], behind].concat()).unwrap(), b"one two", "{behind:?}");
        }
    }

    #[test]
    fn a_member_that_is_cut_off_or_damaged_is_an_error() {
        let two = [packed(b"one "), packed(b"two")].concat();
        let first = packed(b"one ").len();
        for cut in (1..first).chain(first + 2..two.len()) {
            assert!(unpacked(&two[..cut]).is_err(), "cut to {cut} of {}", two.len());
        }
        assert!(unpacked(&[&two[..], &MAGIC, b"garbage"].concat()).is_err());
        assert!(unpacked(b"no gzip").is_err());
    }
}
