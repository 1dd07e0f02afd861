//! Ratings from files, as users bring them.
//!
//! A file's format is recognised by its content, never by its name alone; each format is one file of this folder and one
//! line in `FORMATS`. Every text format may be compressed with gzip. In a folder, the files that a data set is known
//! by are looked for (also one folder further down), then any file whose first lines are ratings.
//!
//! The numbers of users and items in a file are mapped to 0.., in their order; [`Ids`] keeps the way back. Values stay
//! as they are (half stars too); times and dates are checked for their form and dropped.
//!
//! Memory: 12 bytes a rating, and the held-out part. Line numbers are not kept: a duplicate is found after sorting, and
//! the files are read a second time to say where its two lines are.

mod columns;
mod error;
mod find;
mod ids;
mod movielens_100k;
mod movielens_1m;
mod movielens_csv;
mod netflix;
mod recbole;

use std::path::{Path, PathBuf};

pub use error::LoadError;
pub use find::formats;
pub use ids::Ids;

use self::find::{Recognised, Source};
use self::ids::IdSet;
use super::cache;
use super::held_out::{HeldOut, merge, split};
use super::{Rating, Ratings};
use crate::text::lines::Lines;

/// Ratings from a file, and the numbers that its users and items have there.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The ratings, with users and items numbered from 0.
    pub ratings: Ratings,
    /// The numbers in the file.
    pub ids: Ids,
}

/// A text format of ratings.
struct Format {
    /// For people, and the name of what is loaded.
    name: &'static str,
    /// The files that a folder is searched for.
    looks_for: &'static str,
    /// The set that a file of this name (without `.gz`) in a folder is part of, if it is one of them. Files of one set are read
    /// together.
    set: fn(&str) -> Option<String>,
    /// Whether a file that begins with this line means to be of this format, well formed or not.
    recognises: fn(&[u8]) -> bool,
    /// Reads a whole file.
    read: fn(&mut Lines, &mut Sink) -> Result<(), LoadError>,
}

/// What a line of every format is.
const A_LINE: &str = "one rating a line";
/// Every text format. The first that recognises a file takes it.
const FORMATS: &[Format] =
    &[movielens_csv::FORMAT, recbole::FORMAT, movielens_100k::FORMAT, movielens_1m::FORMAT, netflix::FORMAT];

/// What a format's reader calls for each rating: the line, the user and item as numbered in the file, the stars.
type Sink<'a> = dyn FnMut(u64, u32, u32, f32) + 'a;

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
        read(format, file, &mut |_, user, item, value| {
            users.insert(user);
            items.insert(item);
            ratings.push(Rating { user, item, value });
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
        let found = read(format, file, &mut |line, u, i, _| {
            if (u, i) == (user, item) {
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

/// The format that a file beginning with `line` means to be of.
fn recognise(line: &[u8]) -> Option<Recognised> {
    FORMATS.iter().find(|format| (format.recognises)(line))
}
