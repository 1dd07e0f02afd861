//! RecBole's copies of MovieLens, `ml-100k.inter` and so on: a header `user_id:token <tab> item_id:token <tab> rating:float <tab>
//! timestamp:float`, then a rating a line, stars from 0.5 to 5.

use super::columns::{Columns, Header, Time};
use super::format::Format;
use super::header::{header, is_header};

/// The type of the first column in every header of RecBole's.
const TYPED: &[u8] = b":token";

pub(super) const FORMAT: Format = Format {
    name: "RecBole .inter",
    looks_for: "*.inter",
    // Each a set of its own: RecBole keeps one data set, or one part of it, in each.
    set: |name| name.ends_with(".inter").then(|| name.to_owned()),
    recognises: |line| is_header(line) && is_typed(line),
    read: |lines, sink| COLUMNS.read(lines, sink),
};

const COLUMNS: Columns = Columns {
    separator: "\t",
    line: "user_id:token, item_id:token, rating:float, timestamp:float, separated by tabs",
    names: ["user_id", "item_id", "rating"],
    least_stars: 0.5,
    time: Time::Fraction,
    header: Some(Header { is_one: |_| true, check: header }),
};

fn is_typed(line: &[u8]) -> bool {
    line.split(|&byte| byte == b'\t').next().is_some_and(|first| first.ends_with(TYPED))
}
