//! Rows to Parquet and back.
//!
//! Equal rows give equal bytes: row groups of a fixed size, no compression, columns in a fixed order, and nothing of
//! the host or the date in the file. Each file names its table and schema version in its metadata (`gaia.table`,
//! `gaia.schema`). Times are in virtual seconds, sizes in bytes; results/README.md lists the columns.

use std::io::Cursor;

use polars::prelude::*;
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;
use polars_io::parquet::write::{KeyValueMetadata, ParquetCompression, ParquetWriter};
use thiserror::Error;

use super::{Breakdown, ClockRow, SCHEMA, Sample, TrafficRow};

/// Rows in a row group.
const ROW_GROUP: usize = 65_536;
const TABLE_KEY: &str = "gaia.table";
const SCHEMA_KEY: &str = "gaia.schema";

/// Why rows were not read from Parquet.
#[derive(Debug, Error)]
pub enum TableError {
    /// Not Parquet, or not these columns.
    #[error("read the table `{table}`")]
    Parquet {
        /// Which.
        table: &'static str,
        /// What polars found.
        source: PolarsError,
    },
    /// Written by another version, or another table.
    #[error("read the table `{table}`: the file holds {found}, expected `{table}` of schema {SCHEMA}")]
    Schema {
        /// Which.
        table: &'static str,
        /// What its metadata says.
        found: String,
    },
}

/// A kind of row that has a Parquet form.
pub trait Row: Sized {
    /// The table's name in the file's metadata, and of the file.
    const TABLE: &'static str;
    /// As columns.
    fn to_frame(rows: &[Self]) -> PolarsResult<DataFrame>;
    /// From columns.
    fn from_frame(frame: &DataFrame) -> PolarsResult<Vec<Self>>;
}

/// `rows` as the bytes of a Parquet file.
///
/// # Errors
/// None for rows of this crate: memory is the only thing written to.
pub fn to_parquet<R: Row>(rows: &[R]) -> PolarsResult<Vec<u8>> {
    let metadata = vec![(TABLE_KEY.to_owned(), R::TABLE.to_owned()), (SCHEMA_KEY.to_owned(), SCHEMA.to_string())];
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Uncompressed)
        .with_row_group_size(Some(ROW_GROUP))
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
        .set_parallel(false)
        .finish(&mut R::to_frame(rows)?)?;
    Ok(bytes)
}

/// The rows of a Parquet file that [`to_parquet`] made.
///
/// # Errors
/// [`TableError`] when the bytes are something else.
pub fn from_parquet<R: Row>(bytes: &[u8]) -> Result<Vec<R>, TableError> {
    let failed = |source| TableError::Parquet { table: R::TABLE, source };
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let metadata = reader.get_metadata().map_err(failed)?;
    let value = |key: &str| {
        let entry = metadata.key_value_metadata().as_ref()?.iter().find(|entry| entry.key == key)?;
        entry.value.clone()
    };
    let found = (value(TABLE_KEY), value(SCHEMA_KEY));
    if found != (Some(R::TABLE.to_owned()), Some(SCHEMA.to_string())) {
        let word = |part: Option<String>| part.unwrap_or_else(|| "none".into());
        let found = format!("`{}` of schema {}", word(found.0), word(found.1));
        return Err(TableError::Schema { table: R::TABLE, found });
    }
    R::from_frame(&reader.finish().map_err(failed)?).map_err(failed)
}

impl Row for Sample {
    const TABLE: &'static str = "samples";

    fn to_frame(rows: &[Self]) -> PolarsResult<DataFrame> {
        df![
            "clock" => column(rows, |r| r.clock),
            "seconds" => column(rows, |r| r.seconds),
            "objective" => column(rows, |r| r.objective),
            "objective_one_copy" => column(rows, |r| r.objective_one_copy),
            "held_out_rmse" => column(rows, |r| r.held_out_rmse),
            "wan_bytes" => column(rows, |r| r.wan_bytes),
            "wan_bytes_actual" => column(rows, |r| r.wan_bytes_actual),
        ]
    }

    fn from_frame(frame: &DataFrame) -> PolarsResult<Vec<Self>> {
        let (clock, seconds) = (u32s(frame, "clock")?, f64s(frame, "seconds")?);
        let (objective, one_copy) = (f64s(frame, "objective")?, f64s(frame, "objective_one_copy")?);
        let rmse = f64s(frame, "held_out_rmse")?;
        let (wan, actual) = (u64s(frame, "wan_bytes")?, u64s(frame, "wan_bytes_actual")?);
        let row = |i: usize| Sample {
            clock: clock[i],
            seconds: seconds[i],
            objective: objective[i],
            objective_one_copy: one_copy[i],
            held_out_rmse: rmse[i],
            wan_bytes: wan[i],
            wan_bytes_actual: actual[i],
        };
        Ok((0..frame.height()).map(row).collect())
    }
}

impl Row for ClockRow {
    const TABLE: &'static str = "clocks";

    fn to_frame(rows: &[Self]) -> PolarsResult<DataFrame> {
        df![
            "clock" => column(rows, |r| r.clock),
            "machine" => column(rows, |r| r.machine),
            "site" => column(rows, |r| r.site),
            "started" => column(rows, |r| r.started),
            "ended" => column(rows, |r| r.ended),
            "compute" => column(rows, |r| r.parts.compute),
            "server" => column(rows, |r| r.parts.server),
            "encode" => column(rows, |r| r.parts.encode),
            "wire" => column(rows, |r| r.parts.wire),
            "barrier" => column(rows, |r| r.parts.barrier),
            "staleness" => column(rows, |r| r.parts.staleness),
        ]
    }

    fn from_frame(frame: &DataFrame) -> PolarsResult<Vec<Self>> {
        let (clock, machine, site) = (u32s(frame, "clock")?, u32s(frame, "machine")?, u32s(frame, "site")?);
        let (started, ended) = (f64s(frame, "started")?, f64s(frame, "ended")?);
        let (compute, server, encode) = (f64s(frame, "compute")?, f64s(frame, "server")?, f64s(frame, "encode")?);
        let (wire, barrier, staleness) = (f64s(frame, "wire")?, f64s(frame, "barrier")?, f64s(frame, "staleness")?);
        let row = |i: usize| ClockRow {
            clock: clock[i],
            machine: machine[i],
            site: site[i],
            started: started[i],
            ended: ended[i],
            parts: Breakdown {
                compute: compute[i],
                server: server[i],
                encode: encode[i],
                wire: wire[i],
                barrier: barrier[i],
                staleness: staleness[i],
            },
        };
        Ok((0..frame.height()).map(row).collect())
    }
}

impl Row for TrafficRow {
    const TABLE: &'static str = "traffic";

    fn to_frame(rows: &[Self]) -> PolarsResult<DataFrame> {
        df![
            "from" => column(rows, |r| r.from),
            "to" => column(rows, |r| r.to),
            "from_site" => column(rows, |r| r.from_site.as_str()),
            "to_site" => column(rows, |r| r.to_site.as_str()),
            "class" => column(rows, |r| r.class.as_str()),
            "messages" => column(rows, |r| r.messages),
            "bytes_actual" => column(rows, |r| r.bytes_actual),
            "bytes" => column(rows, |r| r.bytes),
        ]
    }

    fn from_frame(frame: &DataFrame) -> PolarsResult<Vec<Self>> {
        let (from, to) = (u32s(frame, "from")?, u32s(frame, "to")?);
        let (from_site, to_site) = (strings(frame, "from_site")?, strings(frame, "to_site")?);
        let (class, messages) = (strings(frame, "class")?, u64s(frame, "messages")?);
        let (actual, bytes) = (u64s(frame, "bytes_actual")?, u64s(frame, "bytes")?);
        let row = |i: usize| TrafficRow {
            from: from[i],
            to: to[i],
            from_site: from_site[i].clone(),
            to_site: to_site[i].clone(),
            class: class[i].clone(),
            messages: messages[i],
            bytes_actual: actual[i],
            bytes: bytes[i],
        };
        Ok((0..frame.height()).map(row).collect())
    }
}

fn column<'a, R, T>(rows: &'a [R], field: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(field).collect()
}

fn u32s(frame: &DataFrame, name: &str) -> PolarsResult<Vec<u32>> {
    frame.column(name)?.u32()?.iter().map(|value| present(value, name)).collect()
}

fn u64s(frame: &DataFrame, name: &str) -> PolarsResult<Vec<u64>> {
    frame.column(name)?.u64()?.iter().map(|value| present(value, name)).collect()
}

fn f64s(frame: &DataFrame, name: &str) -> PolarsResult<Vec<f64>> {
    frame.column(name)?.f64()?.iter().map(|value| present(value, name)).collect()
}

fn strings(frame: &DataFrame, name: &str) -> PolarsResult<Vec<String>> {
    frame.column(name)?.str()?.iter().map(|value| present(value.map(str::to_owned), name)).collect()
}

fn present<T>(value: Option<T>, name: &str) -> PolarsResult<T> {
    value.ok_or_else(|| PolarsError::ComputeError(format!("the column `{name}` has an empty value").into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::testing;

    #[test]
    fn what_was_written_is_read_back_and_equal_rows_give_equal_bytes() {
        let samples = testing::samples(1000, 4e8, 1e8, 200.0);
        let bytes = to_parquet(&samples).unwrap();
        assert_eq!(bytes, to_parquet(&testing::samples(1000, 4e8, 1e8, 200.0)).unwrap());
        assert_eq!(from_parquet::<Sample>(&bytes).unwrap(), samples);

        let clocks = testing::clock_rows(70_000);
        assert_eq!(from_parquet::<ClockRow>(&to_parquet(&clocks).unwrap()).unwrap(), clocks);

        let traffic = testing::traffic_rows();
        assert_eq!(from_parquet::<TrafficRow>(&to_parquet(&traffic).unwrap()).unwrap(), traffic);
    }

    #[test]
    fn no_rows_and_odd_numbers_survive() {
        assert_eq!(from_parquet::<Sample>(&to_parquet::<Sample>(&[]).unwrap()).unwrap(), []);
        let mut odd = testing::samples(2, 4e8, 1e8, 200.0);
        odd[0].objective = f64::INFINITY;
        odd[1].held_out_rmse = f64::NAN;
        odd[1].wan_bytes = u64::MAX;
        let back = from_parquet::<Sample>(&to_parquet(&odd).unwrap()).unwrap();
        assert!(back[0].objective.is_infinite() && back[1].held_out_rmse.is_nan() && back[1].wan_bytes == u64::MAX);
    }

    #[test]
    fn another_table_and_other_bytes_are_refused() {
        let bytes = to_parquet(&testing::traffic_rows()).unwrap();
        let error = from_parquet::<Sample>(&bytes).unwrap_err().to_string();
        assert!(error.contains(&format!("`traffic` of schema {SCHEMA}, expected `samples`")), "{error}");
        assert!(from_parquet::<Sample>(b"PAR1 and nothing else").is_err());
        assert!(from_parquet::<TrafficRow>(&bytes[..bytes.len() / 2]).is_err());
    }
}
