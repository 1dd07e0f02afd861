//! MovieLens 100K `u.data`: `user <tab> item <tab> rating <tab> timestamp`, 1 to 5 stars. Copies may have a header line.

use super::columns::{header, is_header};
use super::{Format, LoadError, Sink};
use crate::text::lines::{Bad, Lines, fields, id, stars, timestamp};

pub(super) const FORMAT: Format = Format {
    name: "MovieLens 100K u.data",
    looks_for: "u.data",
    set: |name| (name == "u.data").then(|| name.to_owned()),
    recognises: |line| line.contains(&b'\t') && (line[0].is_ascii_digit() || is_header(line)),
    read,
};

fn read(lines: &mut Lines, sink: &mut Sink) -> Result<(), LoadError> {
    let mut at_first = true;
    while let Some((number, line)) = lines.next()? {
        let is_first = std::mem::take(&mut at_first);
        let parsed = if is_first && is_header(line) { header(line).map(|()| None) } else { rating(line).map(Some) };
        match parsed {
            Ok(rating) => rating.into_iter().for_each(|(user, item, value)| sink(number, user, item, value)),
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
