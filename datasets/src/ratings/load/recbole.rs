//! RecBole's copies of MovieLens, `ml-100k.inter` and so on: a header `user_id:token <tab> item_id:token <tab> rating:float <tab>
//! timestamp:float`, then a rating a line, stars from 0.5 to 5.

use super::columns::{header, is_header};
use super::{Format, LoadError, Sink};
use crate::text::lines::{Bad, Lines, bad, fields, id, shown, stars};

const HEADER: &str = "user_id:token, item_id:token, rating:float, timestamp:float, with tabs between them";
/// What the type of the first column begins with, in every header of RecBole's.
const TYPED: &[u8] = b":token";

pub(super) const FORMAT: Format = Format {
    name: "RecBole .inter",
    looks_for: "*.inter",
    // Each a set of its own: RecBole keeps one data set, or one part of it, in each.
    set: |name| name.ends_with(".inter").then(|| name.to_owned()),
    recognises: |line| is_header(line) && is_typed(line),
    read,
};

fn is_typed(line: &[u8]) -> bool {
    line.split(|&byte| byte == b'\t').next().is_some_and(|first| first.ends_with(TYPED))
}

fn read(lines: &mut Lines, sink: &mut Sink) -> Result<(), LoadError> {
    if let Some((_, line)) = lines.next()?
        && let Err(bad) = header(line)
    {
        return Err(lines.error(bad).into());
    }
    while let Some((number, line)) = lines.next()? {
        match rating(line) {
            Ok((user, item, value)) => sink(number, user, item, value),
            Err(bad) => return Err(lines.error(bad).into()),
        }
    }
    Ok(())
}

fn rating(line: &[u8]) -> Result<(u32, u32, f32), Bad> {
    let [user, item, value, time] = fields(line, b"\t", HEADER)?;
    let rating = (id(user, "user_id")?, id(item, "item_id")?, stars(value, "rating", 0.5, 5.0)?);
    match std::str::from_utf8(time).ok().and_then(|time| time.parse::<f64>().ok()) {
        Some(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(rating),
        _ => Err(bad(format!("timestamp {}", shown(time)), "a number of seconds since 1970")),
    }
}
