//! MovieLens 1M and 10M `ratings.dat`: `UserID::MovieID::Rating::Timestamp`, no header, stars from 0.5 to 5.

use super::{Format, LoadError, Sink};
use crate::text::lines::{Bad, Lines, fields, id, stars, timestamp};

pub(super) const FORMAT: Format = Format {
    name: "MovieLens 1M ratings.dat",
    looks_for: "ratings.dat",
    set: |name| (name == "ratings.dat").then(|| name.to_owned()),
    recognises: |line| line.windows(2).any(|pair| pair == b"::") && line[0].is_ascii_digit(),
    read,
};

fn read(lines: &mut Lines, sink: &mut Sink) -> Result<(), LoadError> {
    while let Some((number, line)) = lines.next()? {
        match rating(line) {
            Ok((user, item, value)) => sink(number, user, item, value),
            Err(bad) => return Err(lines.error(bad).into()),
        }
    }
    Ok(())
}

fn rating(line: &[u8]) -> Result<(u32, u32, f32), Bad> {
    let [user, item, value, time] = fields(line, b"::", "UserID::MovieID::Rating::Timestamp")?;
    let rating = (id(user, "UserID")?, id(item, "MovieID")?, stars(value, "Rating", 0.5, 5.0)?);
    timestamp(time)?;
    Ok(rating)
}
