//! A figure's table as comma-separated values: `table.csv`, and `runs.csv`, its numbers run by run.
//!
//! A float has the fewest digits that read back as the same number, so that equal tables have equal bytes. An empty field stands for a
//! value that does not exist, and for an empty text.

use csv::Writer;
use polars::prelude::{AnyValue, DataFrame, PolarsError, PolarsResult};

use crate::figures::Runs;

/// The bytes of a table: a line of column names, then one line per row.
///
/// # Errors
/// A column holds values that no figure has, such as lists or dates.
pub(crate) fn table_csv(table: &DataFrame) -> PolarsResult<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    let in_memory = "memory takes any number of bytes, and every line has one field per column";
    writer.write_record(table.get_column_names().iter().map(|name| name.as_str())).expect(in_memory);
    for row in 0..table.height() {
        for column in table.columns() {
            writer.write_field(field(&column.get(row)?)?).expect(in_memory);
        }
        writer.write_record(None::<&[u8]>).expect(in_memory);
    }
    Ok(writer.into_inner().expect(in_memory))
}

/// The bytes of the numbers of every run: a line of column names, then one line per run.
///
/// # Errors
/// As [`table_csv`].
pub(crate) fn runs_csv(runs: &Runs) -> PolarsResult<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    let in_memory = "memory takes any number of bytes, and every line has one field per column";
    writer.write_record(&runs.columns).expect(in_memory);
    for run in &runs.rows {
        for column in &runs.columns {
            writer.write_field(field(&run.value(column))?).expect(in_memory);
        }
        writer.write_record(None::<&[u8]>).expect(in_memory);
    }
    Ok(writer.into_inner().expect(in_memory))
}

/// The text of a value, before it is quoted.
fn field(value: &AnyValue<'_>) -> PolarsResult<String> {
    match value {
        AnyValue::Null => Ok(String::new()),
        AnyValue::String(text) => Ok((*text).to_owned()),
        AnyValue::StringOwned(text) => Ok(text.to_string()),
        AnyValue::Boolean(is) => Ok(is.to_string()),
        AnyValue::UInt32(number) => Ok(number.to_string()),
        AnyValue::UInt64(number) => Ok(number.to_string()),
        // The text of serde_json: other writers of shortest digits leave out the plus sign of an exponent.
        AnyValue::Float64(number) => Ok(zmij::Buffer::new().format(*number).to_owned()),
        other => {
            let found = other.dtype();
            let expected = "texts, booleans, u32, u64 and f64";
            Err(PolarsError::ComputeError(format!("a column of {found:?}: table.csv has {expected}").into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use csv::{Reader, StringRecord};
    use polars::prelude::{Column, df};

    use super::*;

    #[test]
    fn nulls_are_empty_and_texts_are_quoted_where_they_must_be() {
        let table = df![
            "plain, or not" => [Some("a b"), Some("a, b"), Some("a \"b\""), Some("a\nb"), None],
            "number" => [Some(-0.0), Some(f64::NAN), Some(f64::INFINITY), Some(-f64::INFINITY), None],
            "count" => [1u32, 0, 4_294_967_295, 4, 5],
            "is" => [true, false, true, false, true],
        ];
        let text = String::from_utf8(table_csv(&table.unwrap()).unwrap()).unwrap();
        let lines = "\"plain, or not\",number,count,is\na b,-0.0,1,true\n\"a, b\",NaN,0,false\n\
                     \"a \"\"b\"\"\",inf,4294967295,true\n\"a\nb\",-inf,4,false\n,,5,true\n";
        assert_eq!(text, lines);
    }

    #[test]
    fn floats_have_the_fewest_digits() {
        let numbers = [0.1 + 0.2, 812.0, 1e15, 1e16, 2.5e300, 1e-4, 1e-5, 1.5e-7, 5e-324];
        let table = df!["x" => numbers, "y" => [1u64; 9]].unwrap();
        let text = String::from_utf8(table_csv(&table).unwrap()).unwrap();
        let written: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        let expected = [
            "0.30000000000000004",
            "812.0",
            "1000000000000000.0",
            "1e+16",
            "2.5e+300",
            "0.0001",
            "0.00001",
            "1.5e-7",
            "5e-324",
        ];
        assert_eq!(written, expected);
    }

    #[test]
    fn a_column_that_has_no_text_is_an_error() {
        let error = table_csv(&df!["x" => [1.0f32]].unwrap()).unwrap_err().to_string();
        assert!(error.contains("Float32") && error.contains("f64"), "{error}");
    }

    /// The column of these texts, of the first type that has all of them.
    fn column(name: &str, texts: &[&str]) -> Column {
        fn all<T: std::str::FromStr>(texts: &[&str]) -> Option<Vec<Option<T>>> {
            let read = |text: &&str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
            texts.iter().map(read).collect()
        }
        let name = name.into();
        match (all::<u32>(texts), all::<f64>(texts), all::<bool>(texts)) {
            (Some(counts), ..) => Column::new(name, counts),
            (_, Some(numbers), _) => Column::new(name, numbers),
            (.., Some(truths)) => Column::new(name, truths),
            _ => Column::new(
                name,
                texts.iter().map(|text| Some(*text).filter(|text| !text.is_empty())).collect::<Vec<_>>(),
            ),
        }
    }

    #[test]
    fn the_reference_tables_are_written_as_they_are() {
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
        let mut count = 0;
        for folder in fs::read_dir(reference).unwrap() {
            let path = folder.unwrap().path().join("table.csv");
            // The folders of the fit and of the claims have none.
            let Ok(bytes) = fs::read(&path) else { continue };
            let mut reader = Reader::from_reader(&*bytes);
            let names = reader.headers().unwrap().clone();
            let rows: Vec<StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
            let column = |(i, name)| column(name, &rows.iter().map(|row| &row[i]).collect::<Vec<_>>());
            let table = DataFrame::new(rows.len(), names.iter().enumerate().map(column).collect()).unwrap();
            assert_eq!(String::from_utf8(table_csv(&table).unwrap()), String::from_utf8(bytes), "{}", path.display());
            count += 1;
        }
        assert!(count >= 30, "{count} tables");
    }
}
