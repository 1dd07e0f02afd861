//! MovieLens 1M and 10M `ratings.dat`: `UserID::MovieID::Rating::Timestamp`, no header, stars from 0.5 to 5.

use super::columns::{Columns, Time};
use super::format::Format;

pub(super) const FORMAT: Format = Format {
    name: "MovieLens 1M ratings.dat",
    looks_for: "ratings.dat",
    set: |name| (name == "ratings.dat").then(|| name.to_owned()),
    recognises: |line| line.windows(2).any(|pair| pair == b"::") && line[0].is_ascii_digit(),
    read: |lines, sink| COLUMNS.read(lines, sink),
};

const COLUMNS: Columns = Columns {
    separator: "::",
    line: "UserID::MovieID::Rating::Timestamp",
    names: ["UserID", "MovieID", "Rating"],
    least_stars: 0.5,
    time: Time::Whole,
    header: None,
};
