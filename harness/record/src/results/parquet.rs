//! Parquet as [`super::tables`] writes it, to columns of numbers and text.
//!
//! Uncompressed columns without structure; a chunk of a column is pages of values that are written out (`PLAIN`), or a page of different
//! values and then their places in it (`RLE_DICTIONARY`). A row without a value is an error unless its column may be empty. Whatever
//! else Parquet knows is an error: a file that others wrote must not lead a whole reader of Parquet into what it takes for granted.
//!
//! Memory is bounded by the layout: chunks lie one behind another, and a group has at most [`MAX_ROWS`] rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::damaged::Damaged;
use super::thrift::{Value, take, varint};

/// Rows in a group: the writer cuts rows into groups of half as many at least.
const MAX_ROWS: usize = 1 << 17;
const MAGIC: &[u8] = b"PAR1";
/// Types of pages, by their numbers in the format.
const DATA: usize = 0;
const DICTIONARY: usize = 2;
/// Encodings of values, by their numbers in the format.
const PLAIN: usize = 0;
const RLE: usize = 3;
const RLE_DICTIONARY: usize = 8;

/// The columns of a file.
pub struct Columns {
    columns: BTreeMap<String, Column>,
    /// The names in the order of the file.
    order: Vec<String>,
    pub(super) rows: usize,
}

impl Columns {
    /// The names of columns that begin with `prefix`, in the order of the file.
    pub(super) fn names_from(&self, prefix: &str) -> Vec<String> {
        self.order.iter().filter(|name| name.starts_with(prefix)).cloned().collect()
    }
}

/// A column: the values that are there, and the rows without one.
#[derive(Debug, PartialEq)]
struct Column {
    values: Values,
    /// Places of rows, ascending.
    empty_rows: Vec<usize>,
}

/// Values of one kind.
#[derive(Debug, PartialEq)]
enum Values {
    U32(Vec<u32>),
    U64(Vec<u64>),
    F64(Vec<f64>),
    Text(Vec<Arc<str>>),
}

/// A column of the schema.
struct Field {
    name: String,
    is_optional: bool,
    /// Makes the values of the column, none yet.
    empty: fn() -> Values,
}

/// The footer: the metadata of the file.
pub(super) struct Footer<'a> {
    /// The file up to its footer.
    content: &'a [u8],
    metadata: Value<'a>,
}

impl<'a> Footer<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Damaged> {
        let none = || Damaged(format!("{} bytes without Parquet's marks at both ends", bytes.len()));
        let (inner, length) = bytes.strip_suffix(MAGIC).and_then(<[u8]>::split_last_chunk).ok_or_else(none)?;
        if !inner.starts_with(MAGIC) {
            return Err(none());
        }
        let at = inner.len().checked_sub(u32::from_le_bytes(*length) as usize).ok_or_else(none)?;
        let (content, mut rest) = inner.split_at(at);
        let metadata = Value::read(&mut rest)?;
        if !rest.is_empty() {
            return Err(Damaged(format!("{} bytes behind the metadata", rest.len())));
        }
        Ok(Footer { content, metadata })
    }

    /// The value of `key` in the file's metadata.
    pub(super) fn stated(&self, key: &str) -> Option<&'a str> {
        let entries = self.metadata.list(5).ok()?;
        entries.iter().find(|entry| entry.text(1).is_ok_and(|found| found == key))?.text(2).ok()
    }

    /// The columns of the schema, the row groups of each joined.
    pub(super) fn columns(&self) -> Result<Columns, Damaged> {
        let fields = self.fields()?;
        let empty = |field: &Field| Column { values: (field.empty)(), empty_rows: Vec::new() };
        let mut columns: Vec<Column> = fields.iter().map(empty).collect();
        let (mut rows, mut behind) = (0, MAGIC.len());
        for group in self.metadata.list(4)? {
            let count = group.count(3)?;
            let chunks = group.list(1)?;
            if count > MAX_ROWS || chunks.len() != fields.len() {
                return Err(Damaged(format!("a group of {count} rows in {} columns", chunks.len())));
            }
            for ((chunk, field), column) in chunks.iter().zip(&fields).zip(&mut columns) {
                let pages = self.chunk(chunk, &mut behind)?;
                column.append(pages, count, field.is_optional)?;
            }
            rows += count;
        }
        let order: Vec<String> = fields.into_iter().map(|field| field.name).collect();
        Ok(Columns { columns: order.iter().cloned().zip(columns).collect(), order, rows })
    }

    fn fields(&self) -> Result<Vec<Field>, Damaged> {
        let schema = self.metadata.list(2)?.get(1..).unwrap_or_default();
        schema.iter().map(Field::read).collect()
    }

    /// The pages of a chunk, which lies behind the one before: `behind` is where that ends.
    fn chunk(&self, chunk: &Value, behind: &mut usize) -> Result<&'a [u8], Damaged> {
        let said = chunk.field(3).ok_or_else(|| Damaged("a chunk without metadata".into()))?;
        let codec = said.count(4)?;
        if codec != 0 {
            return Err(Damaged(format!("compression {codec}")));
        }
        let from = if said.field(11).is_some() { said.count(11)? } else { said.count(9)? };
        let to = from.saturating_add(said.count(7)?);
        let pages = self.content.get(from..to).filter(|_| from >= *behind);
        *behind = to;
        pages.ok_or_else(|| Damaged(format!("a chunk from byte {from} to {to}")))
    }
}

impl Field {
    fn read(element: &Value) -> Result<Field, Damaged> {
        let name = element.text(4)?.to_owned();
        let converted = element.field(6).map(|_| element.count(6)).transpose()?;
        let empty: fn() -> Values = match (element.count(1)?, converted) {
            (1, Some(13)) => || Values::U32(Vec::new()),
            (2, Some(14)) => || Values::U64(Vec::new()),
            (5, None) => || Values::F64(Vec::new()),
            (6, Some(0)) => || Values::Text(Vec::new()),
            (kind, _) => return Err(Damaged(format!("the column `{name}` of kind {kind}"))),
        };
        Ok(Field { name, is_optional: element.count(3)? == 1, empty })
    }
}

impl Column {
    /// Rows so far, with and without a value.
    fn len(&self) -> usize {
        self.values.len() + self.empty_rows.len()
    }

    /// Appends the `rows` values of a chunk.
    fn append(&mut self, mut pages: &[u8], rows: usize, is_optional: bool) -> Result<(), Damaged> {
        let all = self.len() + rows;
        let mut different: Option<Values> = None;
        while !pages.is_empty() {
            let head = Value::read(&mut pages)?;
            let (kind, length) = (head.count(1)?, head.count(3)?);
            let mut body = take(&mut pages, length)?;
            let said =
                |field| head.field(field).ok_or_else(|| Damaged(format!("a page of kind {kind} that says no more")));
            if kind == DICTIONARY && different.is_none() {
                let mut values = self.values.none();
                values.append_plain(&mut body, said(7)?.count(1)?)?;
                different = Some(values);
            } else if kind == DATA {
                self.append_page(said(5)?, body, all - self.len(), is_optional, different.as_ref())?;
            } else {
                return Err(Damaged(format!("a page of kind {kind} where none can be")));
            }
        }
        if self.len() != all {
            return Err(Damaged(format!("{} values fewer than rows", all - self.len())));
        }
        Ok(())
    }

    /// Appends the rows of a page, at most `most`.
    fn append_page(
        &mut self,
        said: &Value,
        mut body: &[u8],
        most: usize,
        is_optional: bool,
        different: Option<&Values>,
    ) -> Result<(), Damaged> {
        let (rows, encoding) = (said.count(1)?, said.count(2)?);
        if rows > most || said.count(3)? != RLE {
            return Err(Damaged(format!("a page of {rows} values for {most} rows")));
        }
        let mut count = rows;
        if is_optional {
            let length = u32::from_le_bytes(*take(&mut body, 4)?.first_chunk().expect("four bytes"));
            let levels = take(&mut body, length as usize)?;
            count -= self.append_empty_rows(levels, rows)?;
        }
        match (encoding, different) {
            (PLAIN, _) => self.values.append_plain(&mut body, count)?,
            (RLE_DICTIONARY, Some(different)) => {
                let width = take(&mut body, 1)?[0];
                hybrid(body, u32::from(width), count, |place| self.values.push_one_of(different, place as usize))?;
                return Ok(());
            }
            _ => return Err(Damaged(format!("values in encoding {encoding}"))),
        }
        if body.is_empty() { Ok(()) } else { Err(Damaged(format!("{} bytes behind the values", body.len()))) }
    }

    /// Notes those of the next `rows` rows whose level is 0: they have no value. Returns their number.
    fn append_empty_rows(&mut self, levels: &[u8], rows: usize) -> Result<usize, Damaged> {
        let (mut row, before) = (self.len(), self.empty_rows.len());
        hybrid(levels, 1, rows, |level| {
            if level == 0 {
                self.empty_rows.push(row);
            }
            row += 1;
            if level <= 1 { Ok(()) } else { Err(Damaged(format!("a value of level {level}"))) }
        })?;
        Ok(self.empty_rows.len() - before)
    }
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Values::U32(values) => values.len(),
            Values::U64(values) => values.len(),
            Values::F64(values) => values.len(),
            Values::Text(values) => values.len(),
        }
    }

    /// No values of the same kind.
    fn none(&self) -> Values {
        match self {
            Values::U32(_) => Values::U32(Vec::new()),
            Values::U64(_) => Values::U64(Vec::new()),
            Values::F64(_) => Values::F64(Vec::new()),
            Values::Text(_) => Values::Text(Vec::new()),
        }
    }

    /// Appends `count` values that are written out.
    fn append_plain(&mut self, body: &mut &[u8], count: usize) -> Result<(), Damaged> {
        match self {
            Values::U32(values) => values.extend(fixed(body, count)?.iter().map(|bytes| u32::from_le_bytes(*bytes))),
            Values::U64(values) => values.extend(fixed(body, count)?.iter().map(|bytes| u64::from_le_bytes(*bytes))),
            Values::F64(values) => values.extend(fixed(body, count)?.iter().map(|bytes| f64::from_le_bytes(*bytes))),
            Values::Text(values) => {
                for _ in 0..count {
                    let length = u32::from_le_bytes(fixed(body, 1)?[0]);
                    let text = str::from_utf8(take(body, length as usize)?).map_err(|e| Damaged(e.to_string()))?;
                    values.push(text.into());
                }
            }
        }
        Ok(())
    }

    fn push_one_of(&mut self, different: &Values, place: usize) -> Result<(), Damaged> {
        fn push<T: Clone>(values: &mut Vec<T>, different: &[T], place: usize) -> Option<()> {
            values.push(different.get(place)?.clone());
            Some(())
        }
        let pushed = match (self, different) {
            (Values::U32(values), Values::U32(different)) => push(values, different, place),
            (Values::U64(values), Values::U64(different)) => push(values, different, place),
            (Values::F64(values), Values::F64(different)) => push(values, different, place),
            (Values::Text(values), Values::Text(different)) => push(values, different, place),
            _ => None,
        };
        pushed.ok_or_else(|| Damaged(format!("value {place} of {}", different.len())))
    }
}

/// The next `count` values of `N` bytes each.
fn fixed<'a, const N: usize>(body: &mut &'a [u8], count: usize) -> Result<&'a [[u8; N]], Damaged> {
    take(body, count.saturating_mul(N)).map(|bytes| bytes.as_chunks().0)
}

/// Calls `each` with `count` numbers of `width` bits, in runs of one number or of groups of eight.
fn hybrid(
    mut bytes: &[u8],
    width: u32,
    count: usize,
    mut each: impl FnMut(u32) -> Result<(), Damaged>,
) -> Result<(), Damaged> {
    if width > u32::BITS {
        return Err(Damaged(format!("numbers of {width} bits")));
    }
    let mut left = count;
    while left > 0 {
        let head = varint(&mut bytes)?;
        let number = usize::try_from(head >> 1).unwrap_or(usize::MAX);
        if head & 1 == 0 {
            let mut value = [0; 4];
            let taken = take(&mut bytes, width.div_ceil(8) as usize)?;
            value[..taken.len()].copy_from_slice(taken);
            let value = u32::from_le_bytes(value);
            for _ in 0..number.min(left) {
                each(value)?;
            }
            left -= number.min(left);
        } else {
            let packed = take(&mut bytes, number.saturating_mul(width as usize))?;
            let packed_count = number.saturating_mul(8).min(left);
            for at in 0..packed_count {
                each(unpacked(packed, at * width as usize, width))?;
            }
            left -= packed_count;
        }
    }
    Ok(())
}

/// The number of `width` bits that begins at bit `from`.
fn unpacked(packed: &[u8], from: usize, width: u32) -> u32 {
    let bytes = packed[from / 8..].iter().take(size_of::<u64>()).rev();
    let whole = bytes.fold(0_u64, |whole, &byte| whole << 8 | u64::from(byte));
    ((whole >> (from % 8)) & ((1 << width) - 1)) as u32
}

/// A kind of value that a column may hold.
pub(super) trait Cell: Sized {
    /// The values of a column of this kind.
    fn values(columns: &mut Columns, name: &str) -> Result<Vec<Self>, Damaged>;
}

macro_rules! cell {
    ($cell:ty, $kind:ident, $says:literal) => {
        impl Cell for $cell {
            fn values(columns: &mut Columns, name: &str) -> Result<Vec<Self>, Damaged> {
                let rows = <Option<$cell>>::values(columns, name)?.into_iter();
                rows.map(|row| row.ok_or_else(|| Damaged(format!("an empty value in `{name}`")))).collect()
            }
        }

        impl Cell for Option<$cell> {
            fn values(columns: &mut Columns, name: &str) -> Result<Vec<Self>, Damaged> {
                match columns.columns.remove(name) {
                    Some(Column { values: Values::$kind(values), empty_rows }) => Ok(in_rows(values, &empty_rows)),
                    _ => Err(Damaged(format!(concat!("no column `{}` of ", $says), name))),
                }
            }
        }
    };
}

cell!(u32, U32, "u32");
cell!(u64, U64, "u64");
cell!(f64, F64, "f64");
cell!(Arc<str>, Text, "text");

/// One entry per row, in the order of rows.
fn in_rows<T>(values: Vec<T>, empty_rows: &[usize]) -> Vec<Option<T>> {
    let rows = values.len() + empty_rows.len();
    let (mut values, mut empty) = (values.into_iter(), empty_rows.iter().peekable());
    (0..rows).map(|row| if empty.next_if_eq(&&row).is_some() { None } else { values.next() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(bytes: &[u8], width: u32, count: usize) -> Result<Vec<u32>, Damaged> {
        let mut numbers = Vec::new();
        hybrid(bytes, width, count, |number| {
            numbers.push(number);
            Ok(())
        })?;
        Ok(numbers)
    }

    #[test]
    fn runs_and_groups_of_eight_are_read() {
        // The example of Parquet's page on encodings: 0 to 7 in three bits each.
        assert_eq!(numbers(&[0x03, 0x88, 0xc6, 0xfa], 3, 8).unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(numbers(&[0x08, 0x2a, 0x01, 0x03, 0xff, 1], 9, 4).unwrap(), [298; 4]);
        assert_eq!(numbers(&[0x04, 0x01, 0x03, 0b0110_0101], 1, 5).unwrap(), [1, 1, 1, 0, 1]);
        let whole = [[0x03].as_slice(), &[0xff; 32]].concat();
        assert_eq!(numbers(&whole, 32, 8).unwrap(), [u32::MAX; 8]);
        assert_eq!(numbers(&[0x04, 0x07], 0, 5).unwrap(), [0; 5]);
        assert!(numbers(&[], 7, 0).unwrap().is_empty());
    }

    #[test]
    fn empty_values_stand_in_their_rows() {
        assert_eq!(in_rows(vec![5, 6], &[0, 2, 4]), [None, Some(5), None, Some(6), None]);
        assert_eq!(in_rows(Vec::<u32>::new(), &[0, 1]), [None, None]);
        assert_eq!(in_rows(vec![7], &[]), [Some(7)]);
    }

    #[test]
    fn runs_that_are_not_there_are_errors() {
        assert!(numbers(&[0x03, 0x88, 0xc6], 3, 8).is_err(), "cut");
        assert!(numbers(&[0x03, 0x88, 0xc6, 0xfa], 3, 9).is_err(), "one too few");
        assert!(numbers(&[0x00, 0x00, 0x00], 1, 1).is_err(), "runs of nothing");
        assert!(numbers(&[0x02], 33, 1).is_err(), "no such width");
        let billions = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert!(numbers(&billions, 32, 8).is_err(), "more groups than bytes");
    }
}
