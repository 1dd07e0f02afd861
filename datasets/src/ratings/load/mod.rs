//! Ratings from files, as users bring them.
//!
//! A file's format is recognised by its content, never by its name alone; each format is one file of this folder and one
//! entry in `FORMATS` (`formats.rs`). Every text format may be compressed with gzip. In a folder, the files that a data set is known
//! by are looked for (also one folder further down), then any file whose first lines are ratings.
//!
//! The numbers of users and items in a file are mapped to 0.., in their order; [`Ids`] keeps the way back. Values stay
//! as they are (half stars too); times and dates are checked for their form and dropped.
//!
//! Memory: 12 bytes per rating, and the held-out part. Line numbers are not kept: a duplicate is found after sorting, and
//! the files are read a second time to find its two lines.

mod columns;
mod error;
mod find;
mod format;
mod formats;
mod header;
mod ids;
mod loaded;
mod movielens_100k;
mod movielens_1m;
mod movielens_csv;
mod netflix;
mod recbole;

use std::path::{Path, PathBuf};

pub use error::LoadError;
pub use find::formats;
pub use loaded::{Ids, Loaded};

use self::find::Source;
use self::format::{A_LINE, Format, Sink};
use self::ids::IdSet;
use super::cache;
use super::held_out::{HeldOut, merge, split};
use super::{Rating, Ratings};
use crate::text::lines::Lines;

/// Reads the ratings at `path`, a file or a folder, and holds out a part of them.
///
/// A cache file (see [`super::cache`]) is recognised too; its ratings are split anew, so that a cache and the files it
/// was made from load equal.
pub fn load(path: &Path, held_out: HeldOut) -> Result<Loaded, LoadError> {
    match find::source(path)? {
        Source::Cache(file) => {
            let Loaded { ratings, ids } = cache::read_cache(&file)?;
            let Ratings { name, users, items, train, held_out: kept_back, .. } = ratings;
            let (train, held_out) = split(merge(train, &kept_back), users, items, held_out);
            Ok(Loaded { ratings: Ratings::new(name, users, items, train, held_out), ids })
        }
        Source::Text(format, files) => load_text(format, &files, held_out),
    }
}

fn load_text(format: &Format, files: &[PathBuf], held_out: HeldOut) -> Result<Loaded, LoadError> {
    let mut ratings = Vec::new();
    let (mut users, mut items) = (IdSet::default(), IdSet::default());
    for file in files {
        let before = ratings.len();
        read(format, file, &mut |_, rating| {
            users.insert(rating.user);
            items.insert(rating.item);
            ratings.push(rating);
        })?;
        if ratings.len() == before {
            return Err(LoadError::NoRatings { file: file.clone(), format: format.name });
        }
    }
    let ids = Ids { users: users.finish(), items: items.finish() };
    for rating in &mut ratings {
        rating.user = users.rank(rating.user);
        rating.item = items.rank(rating.item);
    }
    let key = |r: &Rating| (u64::from(r.user) << 32) | u64::from(r.item);
    if !ratings.is_sorted_by_key(key) {
        ratings.sort_unstable_by_key(key);
    }
    if let Some(pair) = ratings.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
        let (user, item) = (ids.users[pair[0].user as usize], ids.items[pair[0].item as usize]);
        return Err(duplicate(format, files, user, item));
    }
    let (user_count, item_count) = (ids.users.len() as u32, ids.items.len() as u32);
    let (train, held_out) = split(ratings, user_count, item_count, held_out);
    let name = format!("{}, {user_count} users x {item_count} items", format.name);
    Ok(Loaded { ratings: Ratings::new(name, user_count, item_count, train, held_out), ids })
}

fn read(format: &Format, file: &Path, sink: &mut Sink) -> Result<(), LoadError> {
    let mut lines = Lines::open(file, A_LINE)?.read_as(format.name);
    (format.read)(&mut lines, sink)
}

/// The error about a user who has rated an item twice: reads the files again to find the lines.
fn duplicate(format: &Format, files: &[PathBuf], user: u32, item: u32) -> LoadError {
    let mut places = Vec::new();
    for file in files {
        let found = read(format, file, &mut |line, rating| {
            if (rating.user, rating.item) == (user, item) {
                places.push((file.clone(), line));
            }
        });
        if let Err(error) = found {
            return error;
        }
    }
    let mut places = places.into_iter();
    match (places.next(), places.next()) {
        (Some((first_file, first_line)), Some((file, line))) => {
            LoadError::Duplicate { file, line, first_file, first_line, user, item }
        }
        // Only when the file has changed between the two readings.
        _ => LoadError::Changed { file: files[0].clone() },
    }
}
