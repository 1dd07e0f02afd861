//! MovieLens 100K `u.data`: `user <tab> item <tab> rating <tab> timestamp`, 1 to 5 stars. Copies may have a header line.

use super::columns::{Columns, Header, Time};
use super::format::Format;
use super::header::{header, is_header};

pub(super) const FORMAT: Format = Format {
    name: "MovieLens 100K u.data",
    looks_for: "u.data",
    set: |name| (name == "u.data").then(|| name.to_owned()),
    recognises: |line| line.contains(&b'\t') && (line[0].is_ascii_digit() || is_header(line)),
    read: |lines, sink| COLUMNS.read(lines, sink),
};

const COLUMNS: Columns = Columns {
    separator: "\t",
    line: "user, item, rating, timestamp, separated by tabs",
    names: ["user", "item", "rating"],
    least_stars: 1.0,
    time: Time::Whole,
    header: Some(Header { is_one: is_header, check: header }),
};
