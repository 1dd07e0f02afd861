//! Header lines of ratings with tabs between the columns: user, item, rating and time, under the names that are usual for them.

use crate::text::lines::{Bad, bad, fields, shown};

/// The columns, and other names for them, without case and `_`.
const COLUMNS: [(&str, &[&str]); 4] = [
    ("user", &["user", "userid", "uid"]),
    ("item", &["item", "itemid", "iid", "movie", "movieid", "mid"]),
    ("rating", &["rating", "ratings", "stars"]),
    ("timestamp", &["timestamp", "time", "unixtime", "unixtimestamp"]),
];

/// Whether a line with tabs means to be a header of ratings, well formed or not: by its first column.
pub(super) fn is_header(line: &[u8]) -> bool {
    let mut columns = line.split(|&byte| byte == b'\t');
    columns.next().is_some_and(|first| names(first, 0)) && columns.next().is_some()
}

/// Checks a header line.
pub(super) fn header(line: &[u8]) -> Result<(), Bad> {
    let found: [&[u8]; 4] = fields(line, b"\t", "user, item, rating, timestamp, separated by tabs")?;
    match found.iter().enumerate().find(|&(at, column)| !names(column, at)) {
        Some((at, column)) => {
            let expected = format!("`{}` (the header: user, item, rating, timestamp)", COLUMNS[at].0);
            Err(bad(format!("column {}", shown(column)), expected))
        }
        None => Ok(()),
    }
}

/// Whether this is a name of column `at`; a colon is followed by the column's type.
fn names(column: &[u8], at: usize) -> bool {
    let name = column.split(|&byte| byte == b':').next().unwrap_or_default();
    let plain: String =
        name.iter().filter(|&&byte| byte != b'_').map(|byte| byte.to_ascii_lowercase() as char).collect();
    COLUMNS[at].1.contains(&plain.trim_matches('"'))
}
