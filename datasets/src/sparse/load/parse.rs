//! The lines of a LIBSVM file, one after another.

use std::path::{Path, PathBuf};

use super::LoadError;
use crate::sparse::{Entry, MAX_FEATURES};
use crate::text::lines::{Bad, Lines, bad, digits, shown};

const A_LINE: &str = "one example per line: label index:value index:value ...";
/// A longer line is refused: it would have some 60,000 values.
const MAX_LINE_BYTES: usize = 1 << 20;
/// A longer field is no label and no value.
const MAX_FIELD_BYTES: usize = 64;
const LABELS: &str = "a label: 0 or 1, -1 or +1, or 1 or 2";

/// From where indexes count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// From 0 if any line has index 0, else from 1. A file that counts from 0 and never names feature 0 is then read as counting
    /// from 1: its features have other numbers, and nothing else changes.
    #[default]
    Detect,
    /// Indexes count from 0.
    FromZero,
    /// Indexes count from 1; index 0 is an error.
    FromOne,
}

/// A file as it stands there: labels and indexes as written.
#[derive(Default)]
pub(super) struct Parsed {
    pub(super) labels: Vec<i8>,
    pub(super) starts: Vec<usize>,
    /// `feature` is the index as written.
    pub(super) entries: Vec<Entry>,
    pub(super) has_index_0: bool,
    pub(super) largest: Option<Largest>,
}

/// The largest index of a file, where it stands first.
pub(super) struct Largest {
    pub(super) file: PathBuf,
    pub(super) line: u64,
    pub(super) index: u32,
}

/// The place where each label was seen first, of all files of a data set: labels -1, 0, 1 and 2.
#[derive(Default)]
pub(super) struct Labels {
    first: [Option<(PathBuf, u64)>; 4],
}

impl Labels {
    /// The only label, where there is one alone.
    pub(super) fn only(&self) -> Option<i8> {
        let mut seen = (-1..).zip(&self.first).filter(|(_, first)| first.is_some()).map(|(label, _)| label);
        seen.next().filter(|_| seen.next().is_none())
    }

    /// Whether `label` is the larger of the two.
    pub(super) fn is_positive(&self, label: i8) -> bool {
        label == if self.first[3].is_some() { 2 } else { 1 }
    }

    /// Notes a label; an error when it does not go with those before.
    fn see(&mut self, label: i8, file: &Path, line: u64) -> Result<(), Bad> {
        let fits = |other: i8| label == other || matches!((label.min(other), label.max(other)), (0 | -1, 1) | (1, 2));
        let others = (-1i8..).zip(&self.first).filter_map(|(other, first)| Some((other, first.as_ref()?)));
        if let Some((other, (first_file, first_line))) = others.clone().find(|&(other, _)| !fits(other)) {
            let place = place(first_file, *first_line);
            let found = format!("label {label}, and label {other} in {place}");
            return Err(bad(found, "two labels: 0 and 1, -1 and +1, or 1 and 2"));
        }
        let mut known = others.filter(|&(other, _)| other != label);
        if let (Some((one, _)), Some((two, _))) = (known.next(), known.next()) {
            let found = format!("a third label {label} after {one} and {two}");
            return Err(bad(found, "two labels: 0 and 1, -1 and +1, or 1 and 2"));
        }
        self.first[(label + 1) as usize].get_or_insert_with(|| (file.to_owned(), line));
        Ok(())
    }
}

fn place(file: &Path, line: u64) -> String {
    format!("line {line} of {}", file.file_name().unwrap_or_default().to_string_lossy())
}

/// Reads all lines of a file; `labels` are those of the data set's files before it.
pub(super) fn read(file: &Path, ids: Ids, labels: &mut Labels) -> Result<Parsed, LoadError> {
    let mut lines = Lines::open(file, A_LINE)?.of_at_most(MAX_LINE_BYTES);
    let mut parser = Parser { file, ids, labels, parsed: Parsed { starts: vec![0], ..Parsed::default() } };
    while let Some((number, line)) = lines.next()? {
        if let Err(bad) = parser.line(number, line) {
            return Err(lines.error(bad).into());
        }
    }
    Ok(parser.parsed)
}

/// A file that is being read.
struct Parser<'a> {
    file: &'a Path,
    ids: Ids,
    labels: &'a mut Labels,
    parsed: Parsed,
}

impl Parser<'_> {
    /// Appends the example of a line, if it has one.
    fn line(&mut self, number: u64, line: &[u8]) -> Result<(), Bad> {
        let line = line.split(|&byte| byte == b'#').next().unwrap_or_default();
        let mut fields = line.split(|byte| byte.is_ascii_whitespace()).filter(|field| !field.is_empty());
        let Some(first) = fields.next() else { return Ok(()) };
        let label = label(first)?;
        self.labels.see(label, self.file, number)?;
        if self.parsed.labels.len() == u32::MAX as usize {
            return Err(bad("one more example", format!("at most {} examples", u32::MAX)));
        }
        let largest = self.pairs(fields)?;
        let known = self.parsed.largest.as_ref().map(|largest| largest.index);
        if let Some(index) = largest.filter(|&index| known.is_none_or(|known| index > known)) {
            self.parsed.largest = Some(Largest { file: self.file.to_owned(), line: number, index });
        }
        self.parsed.labels.push(label);
        self.parsed.starts.push(self.parsed.entries.len());
        Ok(())
    }

    /// Appends the values of an example, and returns its largest index.
    fn pairs<'b>(&mut self, fields: impl Iterator<Item = &'b [u8]>) -> Result<Option<u32>, Bad> {
        let mut before = None;
        for field in fields {
            let (index, value) = pair(field, self.ids)?;
            if let Some(before) = before.filter(|&before| before >= index) {
                let what = if before == index { "a second value of index" } else { "index" };
                let found = format!("{what} {index} after index {before}");
                return Err(bad(found, "indexes that ascend, each once per line"));
            }
            before = Some(index);
            self.parsed.has_index_0 |= index == 0;
            if value != 0.0 {
                self.parsed.entries.push(Entry { feature: index, value });
            }
        }
        Ok(before)
    }
}

/// A label: any way of writing one of the whole numbers from -1 to 2.
fn label(field: &[u8]) -> Result<i8, Bad> {
    match number(field) {
        Some(label) if label.fract() == 0.0 && (-1.0..=2.0).contains(&label) => Ok(label as i8),
        _ => Err(bad(format!("label {}", shown(field)), LABELS)),
    }
}

/// Parses `index:value`; the index is returned as written.
fn pair(field: &[u8], ids: Ids) -> Result<(u32, f32), Bad> {
    if field.starts_with(b"qid:") {
        return Err(bad(shown(field), "index:value; query ids belong to ranking data, which do not have two classes"));
    }
    let Some(colon) = field.iter().position(|&byte| byte == b':') else {
        return Err(bad(shown(field), "index:value"));
    };
    let (index, value) = (&field[..colon], &field[colon + 1..]);
    let least = u64::from(ids == Ids::FromOne);
    let index = match digits(index) {
        Some(index) if (least..=u64::from(MAX_FEATURES)).contains(&index) => index as u32,
        _ => {
            let expected = format!("a whole number from {least} to {MAX_FEATURES}");
            return Err(bad(format!("index {} in {}", shown(index), shown(field)), expected));
        }
    };
    match number(value).map(|value| value as f32) {
        Some(value) if value.is_finite() => Ok((index, value)),
        _ => Err(bad(
            format!("value {} of index {index}", shown(value)),
            format!("a number from -{0:e} to {0:e}", f32::MAX),
        )),
    }
}

/// A decimal number of at most [`MAX_FIELD_BYTES`]; neither infinite nor NaN, however they are spelled.
fn number(field: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(field).ok().filter(|text| text.len() <= MAX_FIELD_BYTES)?;
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
