//! MovieLens `ratings.csv` (ml-latest, ml-20m, ml-25m, ml-32m): a header, then `userId,movieId,rating,timestamp`,
//! stars from 0.5 to 5.

use base::suggest;

use super::columns::{Columns, Header, Time};
use super::format::Format;
use crate::text::lines::{Bad, bad, digits, fields, shown};

const NAMES: [&str; 4] = ["userId", "movieId", "rating", "timestamp"];
const HEADER: &str = "userId,movieId,rating,timestamp";

pub(super) const FORMAT: Format = Format {
    name: "MovieLens ratings.csv",
    looks_for: "ratings.csv",
    set: |name| (name == "ratings.csv").then(|| name.to_owned()),
    recognises,
    read: |lines, sink| COLUMNS.read(lines, sink),
};

const COLUMNS: Columns = Columns {
    separator: ",",
    line: HEADER,
    names: ["userId", "movieId", "rating"],
    least_stars: 0.5,
    time: Time::Whole,
    // A line of four columns without a header is recognised too, so that the error names the header.
    header: Some(Header { is_one: |_| true, check: header }),
};

/// Our header or one near it, or a line of four columns without a header.
fn recognises(line: &[u8]) -> bool {
    let first = line.split(|&byte| byte == b',').next().unwrap_or_default();
    let columns = line.split(|&byte| byte == b',').count();
    let near = |text: &str| text.to_lowercase().starts_with("user") || suggest::nearest(text, [NAMES[0]]).is_some();
    columns > 1 && (std::str::from_utf8(first).is_ok_and(near) || (columns == 4 && digits(first).is_some()))
}

fn header(line: &[u8]) -> Result<(), Bad> {
    let expected = || format!("the header {HEADER}");
    let Ok(found) = fields::<4>(line, b",", HEADER) else { return Err(bad(shown(line), expected())) };
    for (found, name) in found.iter().zip(NAMES) {
        if *found != name.as_bytes() {
            return Err(bad(format!("column {}", shown(found)), format!("`{name}` ({})", expected())));
        }
    }
    Ok(())
}
