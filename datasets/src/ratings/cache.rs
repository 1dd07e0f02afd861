//! Ratings in one compact file that is checked when it is read: 2-3 bytes per rating.
//!
//! Layout, integers little-endian, `v` a LEB128 varint:
//!
//! | part | bytes |
//! |---|---|
//! | header, with the magic `GAIARTNG` (see [`CacheError`] for its checks) | 52 |
//! | body: name (v length, UTF-8), users v, items v | |
//! | ids of users, ids of items: v distance from the one before | |
//! | values that occur: v count, 4 each (bits of f32); 0 when there are more than 256 | |
//! | train, then held out: for each user v count, then v distance from the item before and the value | |
//! | [`Ratings::hash`] | 32 |
//!
//! A value is one byte, its place in the list of values, or its 4 bytes when there is no list.

use std::path::Path;

use super::load::{Ids, Loaded};
use super::{Rating, Ratings};
pub use crate::container::CacheError;
use crate::container::{Bytes, Decoded, Kind, put_text, put_varint};
use crate::values::Values;

/// The first bytes of a cache of ratings.
pub const MAGIC: &str = "GAIARTNG";
/// Version of the layout above.
pub const VERSION: u32 = 1;

const KIND: Kind = Kind { what: "ratings", magic: MAGIC, version: VERSION };
const HASH_BYTES: usize = 32;

/// Writes ratings and their ids to `file`, whole or not at all.
///
/// # Panics
/// If `ids` are not those of `ratings` (their numbers differ), or the lists of `ratings` are not ordered.
pub fn write_cache(ratings: &Ratings, ids: &Ids, file: &Path) -> Result<(), CacheError> {
    KIND.write(file, &encode(ratings, ids))
}

/// Reads a file of [`write_cache`] and checks it.
pub fn read_cache(file: &Path) -> Result<Loaded, CacheError> {
    KIND.read(file, |body| {
        let (content, written) = decode(body)?;
        Some(Decoded { computed: content.ratings.hash, content, written })
    })
}

fn encode(ratings: &Ratings, ids: &Ids) -> Vec<u8> {
    let counts = (ratings.users as usize, ratings.items as usize);
    assert_eq!((ids.users.len(), ids.items.len()), counts, "a cache needs an id for every user and item");
    let values = Values::of(ratings.train.iter().chain(&ratings.held_out).map(|rating| rating.value));
    let mut body = Vec::with_capacity(3 * (ratings.train.len() + ratings.held_out.len()));
    put_text(&mut body, &ratings.name);
    put_varint(&mut body, u64::from(ratings.users));
    put_varint(&mut body, u64::from(ratings.items));
    for list in [&ids.users, &ids.items] {
        let mut before = 0;
        for &id in list {
            put_varint(&mut body, u64::from(id - before));
            before = id;
        }
    }
    values.put_list(&mut body);
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
    let name = bytes.text()?;
    let users = bytes.varint_u32()?;
    let items = bytes.varint_u32()?;
    let ids = Ids { users: take_ids(&mut bytes, users)?, items: take_ids(&mut bytes, items)? };
    let values = Values::take_list(&mut bytes)?;
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
