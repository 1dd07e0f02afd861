//! Rows to Parquet and back.
//!
//! Equal rows give equal bytes: row groups of a fixed size, no compression, columns in a fixed order, and nothing of
//! the host or the date in the file. Each file names its table and schema version in its metadata (`gaia.table`,
//! `gaia.schema`). Times are in virtual seconds, sizes in bytes; results/README.md lists the columns.

use std::sync::Arc;

use polars::prelude::*;
use thiserror::Error;

use super::damaged::Damaged;
use super::parquet::{Cell, Columns, Footer};
use super::{Blocked, Breakdown, ClockRow, LinkEnds, Part, SCHEMA, Sample, TrafficRow, write};

/// Rows in a row group.
const ROW_GROUP: usize = 65_536;
const TABLE_KEY: &str = "gaia.table";
const SCHEMA_KEY: &str = "gaia.schema";
/// The prefix of a metric's column, so that no metric is mistaken for another column.
const METRIC: &str = "metric.";

/// An error of reading rows from Parquet.
#[derive(Debug, Error)]
pub enum TableError {
    /// Not Parquet, not as it is written here, or not these columns.
    #[error("read the table `{table}`")]
    Damaged {
        /// The name of the table.
        table: &'static str,
        /// The damage that was found.
        source: Damaged,
    },
    /// Written by another version, or another table.
    #[error("read the table `{table}`: the file holds {found}, expected `{table}` of schema {SCHEMA}")]
    Schema {
        /// The name of the table.
        table: &'static str,
        /// The table and schema in its metadata.
        found: String,
    },
}

/// A kind of row that has a Parquet form.
pub trait Row: Sized {
    /// The table's name in the file's metadata, and of the file.
    const TABLE: &'static str;
    /// The rows as a data frame.
    fn to_frame(rows: &[Self]) -> PolarsResult<DataFrame>;
    /// The rows of a file's columns.
    fn from_columns(columns: &mut Columns) -> Result<Vec<Self>, Damaged>;
}

/// `rows` as the bytes of a Parquet file.
///
/// # Errors
/// None for rows of this crate: memory is the only thing written to.
pub fn to_parquet<R: Row>(rows: &[R]) -> PolarsResult<Vec<u8>> {
    let stated = [(TABLE_KEY, R::TABLE), (SCHEMA_KEY, &*SCHEMA.to_string())];
    write::parquet(&mut R::to_frame(rows)?, ROW_GROUP, &stated)
}

/// The rows of a Parquet file that [`to_parquet`] made.
///
/// # Errors
/// [`TableError`] when the bytes are something else.
pub fn from_parquet<R: Row>(bytes: &[u8]) -> Result<Vec<R>, TableError> {
    let failed = |source| TableError::Damaged { table: R::TABLE, source };
    let footer = Footer::read(bytes).map_err(failed)?;
    let found = (footer.stated(TABLE_KEY), footer.stated(SCHEMA_KEY));
    if found != (Some(R::TABLE), Some(SCHEMA.to_string().as_str())) {
        let found = format!("`{}` of schema {}", found.0.unwrap_or("none"), found.1.unwrap_or("none"));
        return Err(TableError::Schema { table: R::TABLE, found });
    }
    R::from_columns(&mut footer.columns().map_err(failed)?).map_err(failed)
}

impl Row for Sample {
    const TABLE: &'static str = "samples";

    fn to_frame(rows: &[Self]) -> PolarsResult<DataFrame> {
        let mut frame = df![
            "clock" => column(rows, |r| r.clock),
            "seconds" => column(rows, |r| r.seconds),
            "objective" => column(rows, |r| r.objective),
            "objective_one_copy" => column(rows, |r| r.objective_one_copy),
            "wan_bytes" => column(rows, |r| r.wan_bytes),
            "wan_bytes_actual" => column(rows, |r| r.wan_bytes_actual),
        ]?;
        // All rows of a run have the metrics of its workload.
        for name in rows.first().into_iter().flat_map(|row| row.metrics.names()) {
            let values = column(rows, |r| r.metrics.get(name).unwrap_or(f64::NAN));
            frame.with_column(Column::new(format!("{METRIC}{name}").into(), values))?;
        }
        Ok(frame)
    }

    fn from_columns(columns: &mut Columns) -> Result<Vec<Self>, Damaged> {
        let (clock, seconds) = (u32::values(columns, "clock")?, f64::values(columns, "seconds")?);
        let (objective, one_copy) = (f64::values(columns, "objective")?, f64::values(columns, "objective_one_copy")?);
        let named = columns.names_from(METRIC);
        let metrics: Vec<(Arc<str>, Vec<f64>)> = named
            .into_iter()
            .map(|name| Ok((name[METRIC.len()..].into(), f64::values(columns, &name)?)))
            .collect::<Result<_, Damaged>>()?;
        let (wan, actual) = (u64::values(columns, "wan_bytes")?, u64::values(columns, "wan_bytes_actual")?);
        let row = |i: usize| Sample {
            clock: clock[i],
            seconds: seconds[i],
            objective: objective[i],
            objective_one_copy: one_copy[i],
            metrics: metrics.iter().map(|(name, values)| (name.clone(), values[i])).collect(),
            wan_bytes: wan[i],
            wan_bytes_actual: actual[i],
        };
        Ok((0..columns.rows).map(row).collect())
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
            "blocked_for" => column(rows, |r| r.blocked.map(|it| it.part.name())),
            "blocked_on" => column(rows, |r| r.blocked.map(|it| it.on)),
            "blocked_link_from" => column(rows, |r| r.blocked.and_then(|it| it.link).map(|link| link.from)),
            "blocked_link_to" => column(rows, |r| r.blocked.and_then(|it| it.link).map(|link| link.to)),
        ]
    }

    fn from_columns(columns: &mut Columns) -> Result<Vec<Self>, Damaged> {
        let (clock, machine, site) =
            (u32::values(columns, "clock")?, u32::values(columns, "machine")?, u32::values(columns, "site")?);
        let (started, ended) = (f64::values(columns, "started")?, f64::values(columns, "ended")?);
        let (compute, server, encode) =
            (f64::values(columns, "compute")?, f64::values(columns, "server")?, f64::values(columns, "encode")?);
        let (wire, barrier, staleness) =
            (f64::values(columns, "wire")?, f64::values(columns, "barrier")?, f64::values(columns, "staleness")?);
        let blocked = blocked(columns)?;
        let row = |i: usize| ClockRow {
            clock: clock[i],
            machine: machine[i],
            site: site[i],
            started: started[i],
            ended: ended[i],
            parts: Breakdown::from_parts([compute[i], server[i], encode[i], wire[i], barrier[i], staleness[i]]),
            blocked: blocked[i],
        };
        Ok((0..columns.rows).map(row).collect())
    }
}

/// The columns of [`Blocked`], row by row.
fn blocked(columns: &mut Columns) -> Result<Vec<Option<Blocked>>, Damaged> {
    let (part, on) =
        (<Option<Arc<str>>>::values(columns, "blocked_for")?, <Option<u32>>::values(columns, "blocked_on")?);
    let from = <Option<u32>>::values(columns, "blocked_link_from")?;
    let to = <Option<u32>>::values(columns, "blocked_link_to")?;
    let row = |i: usize| {
        let (name, on, link) = match (&part[i], on[i], from[i], to[i]) {
            (None, None, None, None) => return Ok(None),
            (Some(name), Some(on), None, None) => (name, on, None),
            (Some(name), Some(on), Some(from), Some(to)) => (name, on, Some(LinkEnds { from, to })),
            _ => return Err(Damaged(format!("row {i} with a part of what its clock was blocked on"))),
        };
        let part = Part::named(name).ok_or_else(|| Damaged(format!("`{name}` as a part of a clock")))?;
        Ok(Some(Blocked { part, on, link }))
    };
    (0..columns.rows).map(row).collect()
}

impl Row for TrafficRow {
    const TABLE: &'static str = "traffic";

    fn to_frame(rows: &[Self]) -> PolarsResult<DataFrame> {
        df![
            "from" => column(rows, |r| r.from),
            "to" => column(rows, |r| r.to),
            "from_site" => column(rows, |r| &*r.from_site),
            "to_site" => column(rows, |r| &*r.to_site),
            "class" => column(rows, |r| &*r.class),
            "messages" => column(rows, |r| r.messages),
            "bytes_actual" => column(rows, |r| r.bytes_actual),
            "bytes" => column(rows, |r| r.bytes),
        ]
    }

    fn from_columns(columns: &mut Columns) -> Result<Vec<Self>, Damaged> {
        let (from, to) = (u32::values(columns, "from")?, u32::values(columns, "to")?);
        let (from_site, to_site) = (<Arc<str>>::values(columns, "from_site")?, <Arc<str>>::values(columns, "to_site")?);
        let (class, messages) = (<Arc<str>>::values(columns, "class")?, u64::values(columns, "messages")?);
        let (actual, bytes) = (u64::values(columns, "bytes_actual")?, u64::values(columns, "bytes")?);
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
        Ok((0..columns.rows).map(row).collect())
    }
}

fn column<'a, R, T>(rows: &'a [R], field: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(field).collect()
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
        odd[1].metrics = [("held_out_rmse", f64::NAN)].into_iter().collect();
        odd[1].wan_bytes = u64::MAX;
        let back = from_parquet::<Sample>(&to_parquet(&odd).unwrap()).unwrap();
        assert!(
            back[0].objective.is_infinite()
                && back[1].metrics.get("held_out_rmse").is_none()
                && back[1].wan_bytes == u64::MAX
        );
    }

    #[test]
    fn columns_without_any_value_survive() {
        for (with_machine, with_link) in [(false, false), (true, false), (true, true)] {
            let mut rows = testing::clock_rows(50);
            for row in &mut rows {
                row.blocked = row.blocked.filter(|_| with_machine);
                row.blocked =
                    row.blocked.map(|blocked| Blocked { link: blocked.link.filter(|_| with_link), ..blocked });
            }
            assert_eq!(from_parquet::<ClockRow>(&to_parquet(&rows).unwrap()).unwrap(), rows);
        }
        assert_eq!(from_parquet::<ClockRow>(&to_parquet::<ClockRow>(&[]).unwrap()).unwrap(), []);
    }

    #[test]
    fn half_of_what_a_clock_was_blocked_on_is_an_error() {
        for column in ["blocked_for", "blocked_on", "blocked_link_from"] {
            let mut frame = ClockRow::to_frame(&testing::clock_rows(3)).unwrap();
            let empty = frame.column(column).unwrap().clear().extend_constant(AnyValue::Null, 3).unwrap();
            frame.with_column(empty).unwrap();
            let stated = [(TABLE_KEY, ClockRow::TABLE), (SCHEMA_KEY, &*SCHEMA.to_string())];
            let bytes = write::parquet(&mut frame, ROW_GROUP, &stated).unwrap();
            let error = from_parquet::<ClockRow>(&bytes).unwrap_err();
            assert!(format!("{error:?}").contains("blocked on"), "{column}: {error:?}");
        }
    }

    #[test]
    fn columns_that_came_later_are_ignored_and_missing_ones_are_errors() {
        let rows = testing::traffic_rows();
        let written = |frame: &mut DataFrame| {
            let stated = [(TABLE_KEY, TrafficRow::TABLE), (SCHEMA_KEY, &*SCHEMA.to_string())];
            write::parquet(frame, ROW_GROUP, &stated).unwrap()
        };
        let mut frame = TrafficRow::to_frame(&rows).unwrap();
        frame.with_column(Column::new("axis.threshold".into(), vec![0.01; rows.len()])).unwrap();
        assert_eq!(from_parquet::<TrafficRow>(&written(&mut frame)).unwrap(), rows);
        let error = from_parquet::<TrafficRow>(&written(&mut frame.drop("messages").unwrap())).unwrap_err();
        assert!(format!("{error:?}").contains("messages"), "{error:?}");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_gives_rows_or_an_error() {
        let whole = [
            to_parquet(&testing::samples(20, 4e8, 1e8, 200.0)).unwrap(),
            to_parquet(&testing::clock_rows(44)).unwrap(),
            to_parquet(&testing::traffic_rows()).unwrap(),
        ];
        let read = |bytes: &[u8]| {
            let _ = (from_parquet::<Sample>(bytes), from_parquet::<ClockRow>(bytes), from_parquet::<TrafficRow>(bytes));
        };
        for bytes in whole {
            for at in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << (at % 8);
                read(&flipped);
                flipped[at] = 0xff;
                read(&flipped);
                read(&bytes[..at]);
            }
        }
    }

    #[test]
    fn a_number_of_rows_is_believed_as_far_as_there_are_values() {
        let bytes = to_parquet(&testing::traffic_rows()).unwrap();
        // 100 as 32 and as 64 bits: of the file, the group, each column, and each page.
        let is_hundred = |at: &usize| matches!(bytes[*at..at + 3], [0x15 | 0x16, 0xc8, 0x01]);
        let hundred: Vec<usize> = (0..bytes.len() - 2).filter(is_hundred).collect();
        assert!(hundred.len() > 1 + 1 + 8 + 8, "{hundred:?}");
        let mut refused = 0;
        for at in hundred {
            let mut more = bytes.clone();
            more[at + 2] = 0x4a;
            match from_parquet::<TrafficRow>(&more) {
                Ok(rows) => assert_eq!(rows.len(), 100, "byte {at}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 8, "the group's number, and those of the pages");
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
