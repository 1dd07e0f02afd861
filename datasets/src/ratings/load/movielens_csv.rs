//! MovieLens `ratings.csv` (ml-latest, ml-20m, ml-25m, ml-32m): a header, then `userId,movieId,rating,timestamp`,
//! stars from 0.5 to 5.

use super::{Format, LoadError, Sink};
use crate::text::lines::{Bad, Lines, bad, digits, fields, id, shown, stars, timestamp};

const COLUMNS: [&str; 4] = ["userId", "movieId", "rating", "timestamp"];
const HEADER: &str = "userId,movieId,rating,timestamp";
/// A header this near to ours means to be ours (Jaro-Winkler, 1 is equal).
const NEAR: f64 = 0.8;

pub(super) const FORMAT: Format = Format {
    name: "MovieLens ratings.csv",
    looks_for: "ratings.csv",
    set: |name| (name == "ratings.csv").then(|| name.to_owned()),
    recognises,
    read,
};

/// Our header or one near it, or a line of four columns without a header.
fn recognises(line: &[u8]) -> bool {
    let first = line.split(|&byte| byte == b',').next().unwrap_or_default();
    let columns = line.split(|&byte| byte == b',').count();
    let near = |text: &str| strsim::jaro_winkler(&text.to_lowercase(), &COLUMNS[0].to_lowercase()) >= NEAR;
    columns > 1 && (std::str::from_utf8(first).is_ok_and(near) || (columns == 4 && digits(first).is_some()))
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

fn header(line: &[u8]) -> Result<(), Bad> {
    let expected = || format!("the header {HEADER}");
    let Ok(found) = fields::<4>(line, b",", HEADER) else { return Err(bad(shown(line), expected())) };
    for (found, name) in found.iter().zip(COLUMNS) {
        if *found != name.as_bytes() {
            return Err(bad(format!("column {}", shown(found)), format!("`{name}` ({})", expected())));
        }
    }
    Ok(())
}

fn rating(line: &[u8]) -> Result<(u32, u32, f32), Bad> {
    let [user, item, value, time] = fields(line, b",", HEADER)?;
    let rating = (id(user, COLUMNS[0])?, id(item, COLUMNS[1])?, stars(value, COLUMNS[2], 0.5, 5.0)?);
    timestamp(time)?;
    Ok(rating)
}
