//! MovieLens 100K `u.data`: `user <tab> item <tab> rating <tab> timestamp`, no header, 1 to 5 stars.

use super::{Format, LoadError, Sink};
use crate::text::lines::{Bad, Lines, fields, id, stars, timestamp};

pub(super) const FORMAT: Format = Format {
    name: "MovieLens 100K u.data",
    looks_for: "u.data",
    is_named: |name| name == "u.data",
    recognises: |line| line.contains(&b'\t') && line[0].is_ascii_digit(),
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
    let [user, item, value, time] = fields(line, b"\t", "user, item, rating, timestamp, with tabs between them")?;
    let rating = (id(user, "user")?, id(item, "item")?, stars(value, "rating", 1.0, 5.0)?);
    timestamp(time)?;
    Ok(rating)
}
