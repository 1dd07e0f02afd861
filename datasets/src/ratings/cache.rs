//! Ratings in one compact file that is checked when it is read: 2-3 bytes a rating.
//!
//! Layout, integers little-endian, `v` a LEB128 varint:
//!
//! | part | bytes |
//! |---|---|
//! | magic `GAIARTNG` | 8 |
//! | version | 4 |
//! | length of the body | 8 |
//! | BLAKE3 of the body | 32 |
//! | body: name (v length, UTF-8), users v, items v | |
//! | ids of users, ids of items: v distance from the one before | |
//! | values that occur: v count, 4 each (bits of f32); 0 when there are more than 256 | |
//! | train, then held out: for each user v count, then v distance from the item before and the value | |
//! | [`Ratings::hash`] | 32 |
//!
//! A value is one byte, its place in the list of values, or its 4 bytes when there is no list. The file is written
//! beside its place, synced, and renamed: whoever reads it sees all of it or none. A file that is damaged or of another
//! version is an error; the caller makes it again from its source.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::load::{Ids, Loaded};
use super::{Rating, Ratings};

/// The first bytes of a cache of ratings.
pub const MAGIC: [u8; 8] = *b"GAIARTNG";
/// The layout above.
pub const VERSION: u32 = 1;

const HASH_BYTES: usize = 32;
const HEADER_BYTES: usize = MAGIC.len() + 4 + 8 + HASH_BYTES;
/// More different values than this are written out in full.
const MAX_LISTED_VALUES: usize = 256;

/// Why a cache could not be written or read.
#[derive(Debug, Error)]
pub enum CacheError {
    /// The file system said no.
    #[error("{file}: the cache of ratings cannot be {action}: {source}")]
    Io {
        /// The file.
        file: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Another kind of file.
    #[error("{file}: found no cache of ratings, expected a file that begins with `GAIARTNG`")]
    NotACache {
        /// The file.
        file: PathBuf,
    },
    /// A cache that another version of this program has written.
    #[error("{file}: found version {found} of the cache of ratings, expected {VERSION}; import the data again")]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
    },
    /// A cache that ends early or goes on too long.
    #[error("{file}: found {found} bytes of a cache of ratings, expected {expected}; import the data again")]
    Length {
        /// The file.
        file: PathBuf,
        /// Its length.
        found: u64,
        /// What its header says; at least a header.
        expected: u64,
    },
    /// A cache whose content is not what was written.
    #[error("{file}: the cache of ratings is damaged: found {found}, expected {expected}; import the data again")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
}

/// Writes ratings and their ids to `file`, whole or not at all.
///
/// # Panics
/// When `ids` are not those of `ratings` (their numbers differ), or the lists of `ratings` are not ordered.
pub fn write_cache(ratings: &Ratings, ids: &Ids, file: &Path) -> Result<(), CacheError> {
    let body = encode(ratings, ids);
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&VERSION.to_le_bytes());
    header.extend_from_slice(&(body.len() as u64).to_le_bytes());
    header.extend_from_slice(blake3::hash(&body).as_bytes());
    write_whole(file, &[&header, &body]).map_err(|source| CacheError::Io {
        file: file.to_owned(),
        action: "written",
        source,
    })
}

/// Reads what [`write_cache`] has written, and checks it.
pub fn read_cache(file: &Path) -> Result<Loaded, CacheError> {
    let bytes = fs::read(file).map_err(|source| CacheError::Io { file: file.to_owned(), action: "read", source })?;
    let body = checked_body(file, &bytes)?;
    let damaged = |found: &str, expected: &str| CacheError::Damaged {
        file: file.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
    };
    let (loaded, hash) = decode(body).ok_or_else(|| damaged("a body that cannot be read", "ratings"))?;
    if loaded.ratings.hash != hash {
        let hex = |hash: [u8; HASH_BYTES]| blake3::Hash::from_bytes(hash).to_hex();
        return Err(damaged(&format!("ratings with hash {}", hex(loaded.ratings.hash)), &hex(hash)));
    }
    Ok(loaded)
}

/// The body, when all that the header says of it holds.
fn checked_body<'a>(file: &Path, bytes: &'a [u8]) -> Result<&'a [u8], CacheError> {
    let owned = || file.to_owned();
    if !bytes.starts_with(&MAGIC) {
        return Err(CacheError::NotACache { file: owned() });
    }
    let mut header = Bytes { rest: &bytes[MAGIC.len()..] };
    let found = bytes.len() as u64;
    let short = || CacheError::Length { file: owned(), found, expected: HEADER_BYTES as u64 };
    let version = u32::from_le_bytes(header.array().ok_or_else(short)?);
    if version != VERSION {
        return Err(CacheError::Version { file: owned(), found: version });
    }
    let length = u64::from_le_bytes(header.array().ok_or_else(short)?);
    let hash: [u8; HASH_BYTES] = header.array().ok_or_else(short)?;
    if header.rest.len() as u64 != length {
        let expected = length.saturating_add(HEADER_BYTES as u64);
        return Err(CacheError::Length { file: owned(), found, expected });
    }
    let actual = blake3::hash(header.rest);
    if actual != hash {
        return Err(CacheError::Damaged {
            file: owned(),
            found: format!("content with hash {}", actual.to_hex()),
            expected: blake3::Hash::from_bytes(hash).to_hex().to_string(),
        });
    }
    Ok(header.rest)
}

fn write_whole(file: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    for part in parts {
        beside.write_all(part)?;
    }
    beside.as_file().sync_all()?;
    beside.persist(file).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

fn encode(ratings: &Ratings, ids: &Ids) -> Vec<u8> {
    let counts = (ratings.users as usize, ratings.items as usize);
    assert_eq!((ids.users.len(), ids.items.len()), counts, "a cache needs an id for every user and item");
    let values = Values::of(ratings);
    let mut body = Vec::with_capacity(3 * (ratings.train.len() + ratings.held_out.len()));
    put_varint(&mut body, ratings.name.len() as u64);
    body.extend_from_slice(ratings.name.as_bytes());
    put_varint(&mut body, u64::from(ratings.users));
    put_varint(&mut body, u64::from(ratings.items));
    for list in [&ids.users, &ids.items] {
        let mut before = 0;
        for &id in list {
            put_varint(&mut body, u64::from(id - before));
            before = id;
        }
    }
    put_varint(&mut body, values.0.len() as u64);
    for bits in &values.0 {
        body.extend_from_slice(&bits.to_le_bytes());
    }
    for list in [&ratings.train, &ratings.held_out] {
        put_ratings(&mut body, ratings.users, list, &values);
    }
    body.extend_from_slice(&ratings.hash);
    body
}

fn put_ratings(body: &mut Vec<u8>, users: u32, list: &[Rating], values: &Values) {
    let mut rest = list;
    for user in 0..users {
        let (of_user, others) = rest.split_at(rest.iter().take_while(|r| r.user == user).count());
        rest = others;
        put_varint(body, of_user.len() as u64);
        let mut before = 0;
        for rating in of_user {
            put_varint(body, u64::from(rating.item - before));
            before = rating.item;
            values.put(body, rating.value);
        }
    }
    assert!(rest.is_empty(), "ratings must be ordered by user, and users numbered below {users}");
}

fn decode(body: &[u8]) -> Option<(Loaded, [u8; HASH_BYTES])> {
    let mut bytes = Bytes { rest: body };
    let length = bytes.length()?;
    let name = String::from_utf8(bytes.take(length)?.to_vec()).ok()?;
    let users = bytes.varint_u32()?;
    let items = bytes.varint_u32()?;
    let ids = Ids { users: take_ids(&mut bytes, users)?, items: take_ids(&mut bytes, items)? };
    let listed = bytes.length()?;
    let values = Values((0..listed).map(|_| bytes.array().map(u32::from_le_bytes)).collect::<Option<_>>()?);
    let train = take_ratings(&mut bytes, users, items, &values)?;
    let held_out = take_ratings(&mut bytes, users, items, &values)?;
    let hash = bytes.array()?;
    if !bytes.rest.is_empty() {
        return None;
    }
    Some((Loaded { ratings: Ratings::new(name, users, items, train, held_out), ids }, hash))
}

fn take_ids(bytes: &mut Bytes, count: u32) -> Option<Vec<u32>> {
    let mut ids = Vec::new();
    let mut id = 0u32;
    for _ in 0..count {
        id = id.checked_add(bytes.varint_u32()?)?;
        ids.push(id);
    }
    Some(ids)
}

fn take_ratings(bytes: &mut Bytes, users: u32, items: u32, values: &Values) -> Option<Vec<Rating>> {
    let mut ratings = Vec::new();
    for user in 0..users {
        let mut item = 0u32;
        for _ in 0..bytes.length()? {
            item = item.checked_add(bytes.varint_u32()?).filter(|&item| item < items)?;
            ratings.push(Rating { user, item, value: values.take(bytes)? });
        }
    }
    Some(ratings)
}

/// The bits of the values that occur, ascending; empty when there are too many to list.
struct Values(Vec<u32>);

impl Values {
    fn of(ratings: &Ratings) -> Self {
        let mut seen = BTreeSet::new();
        for rating in ratings.train.iter().chain(&ratings.held_out) {
            seen.insert(rating.value.to_bits());
            if seen.len() > MAX_LISTED_VALUES {
                return Values(Vec::new());
            }
        }
        Values(seen.into_iter().collect())
    }

    fn put(&self, body: &mut Vec<u8>, value: f32) {
        let bits = value.to_bits();
        match self.0.binary_search(&bits) {
            Ok(place) => body.push(place as u8),
            Err(_) => body.extend_from_slice(&bits.to_le_bytes()),
        }
    }

    fn take(&self, bytes: &mut Bytes) -> Option<f32> {
        let bits = if self.0.is_empty() {
            u32::from_le_bytes(bytes.array()?)
        } else {
            let [place] = bytes.array()?;
            *self.0.get(usize::from(place))?
        };
        Some(f32::from_bits(bits))
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// What is left to read.
struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn varint(&mut self) -> Option<u64> {
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

    fn varint_u32(&mut self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }

    /// A number of things that are still to come, each at least one byte.
    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok().filter(|&n| n <= self.rest.len())
    }
}
