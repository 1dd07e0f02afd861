//! The Netflix Prize: a line `movie:`, then lines `user,rating,date` of that movie, 1 to 5 whole stars. The original
//! `training_set/mv_0000001.txt` and so on hold one movie each, the later `combined_data_1.txt` to `_4.txt` many.

use super::LoadError;
use super::format::{Format, Sink};
use crate::ratings::Rating;
use crate::text::lines::{Bad, Lines, bad, digits, fields, id, shown};

/// The names of the original files: `mv_0000001.txt`.
const ORIGINAL: Numbered = Numbered { before: "mv_", after: ".txt" };
/// The names of the later files: `combined_data_1.txt`.
const COMBINED: Numbered = Numbered { before: "combined_data_", after: ".txt" };

pub(super) const FORMAT: Format = Format {
    name: "Netflix Prize",
    looks_for: "combined_data_*.txt, training_set/mv_*.txt",
    set: |name| [ORIGINAL, COMBINED].into_iter().find(|set| set.is_of(name)).map(|set| set.before.to_owned()),
    recognises,
    read,
};

/// File names that differ in a number.
struct Numbered {
    before: &'static str,
    after: &'static str,
}

impl Numbered {
    /// Whether `name` is a number between [`Numbered::before`] and [`Numbered::after`].
    fn is_of(&self, name: &str) -> bool {
        let number = name.strip_prefix(self.before).and_then(|rest| rest.strip_suffix(self.after));
        number.is_some_and(|number| digits(number.as_bytes()).is_some())
    }
}

/// A movie's line, or a rating that lacks one.
fn recognises(line: &[u8]) -> bool {
    let columns = line.split(|&byte| byte == b',').count();
    line.strip_suffix(b":").is_some_and(|movie| digits(movie).is_some()) || (columns == 3 && line[0].is_ascii_digit())
}

fn read(lines: &mut Lines, sink: &mut Sink) -> Result<(), LoadError> {
    let mut movie = None;
    while let Some((number, line)) = lines.next()? {
        if let Some(field) = line.strip_suffix(b":") {
            match id(field, "movie") {
                Ok(id) => movie = Some(id),
                Err(bad) => return Err(lines.error(bad).into()),
            }
            continue;
        }
        match (movie, rating(line)) {
            (Some(item), Ok((user, value))) => sink(number, Rating { user, item, value }),
            (_, Err(bad)) => return Err(lines.error(bad).into()),
            (None, Ok(_)) => {
                let found = format!("the rating {} before any movie", shown(line));
                return Err(lines.error(bad(found, "a line `movie:` first, as in `1:`")).into());
            }
        }
    }
    Ok(())
}

fn rating(line: &[u8]) -> Result<(u32, f32), Bad> {
    let [user, value, date] = fields(line, b",", "user,rating,date (or a line `movie:`)")?;
    let user = id(user, "user")?;
    let value = match value {
        [stars @ b'1'..=b'5'] => f32::from(stars - b'0'),
        _ => return Err(bad(format!("rating {}", shown(value)), "1, 2, 3, 4 or 5 stars")),
    };
    if !is_date(date) {
        return Err(bad(format!("date {}", shown(date)), "a date such as 2005-09-06"));
    }
    Ok((user, value))
}

fn is_date(field: &[u8]) -> bool {
    let digit_or_dash =
        |(at, byte): (usize, &u8)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() };
    field.len() == 10 && field.iter().enumerate().all(digit_or_dash)
}
