//! A cell's folder, `<out>/<spec>/<plan>/`, and the check that it is whole.
//!
//! Order of writing: `manifest.json` and `host.json` before the first sample, the tables at the end, `summary.json`
//! then, and `hashes.json` last, which covers all of them but `host.json`, and itself ([`super::hashes`]): a folder is whole when
//! every hash holds and its summary is of the plan asked for. Anything else (killed, truncated, edited, another version)
//! is run again. Files are written whole or not at all ([`super::atomic`]); [`super::lock`] decides which process may write.
//!
//! `<out>/<spec>/cells.json` lists the folders that the spec's figure stands for.
//!
//! To load the results of a spec, read that list, then each cell on it:
//!
//! ```
//! use record::results::store::{self, ReadError};
//! use record::results::testing;
//!
//! # let out = tempfile::tempdir()?;
//! # let made = [testing::cell("Baseline").done(), testing::cell("Gaia").seconds(120.0).done()];
//! # store::write_cells(out.path(), &testing::index(&made))?;
//! # made.iter().for_each(|cell| drop(testing::write_whole(out.path(), cell)));
//! # let folder = out.path();
//! // `folder` is <out>/<spec>.
//! for entry in &store::read_cells(folder)?.cells {
//!     match store::read_cell(folder, entry) {
//!         Ok(run) => println!("{}: {} s, {} samples", run.name(), run.summary.seconds, run.samples.len()),
//!         Err(ReadError::NotWhole(why)) => println!("{}: not finished: {why}", entry.name()),
//!         Err(error) => return Err(error.into()),
//!     }
//! }
//! # let gaia = store::read_cell(folder, &store::read_cells(folder)?.cells[1])?;
//! # assert_eq!((gaia.name().as_str(), gaia.summary.seconds), ("Gaia", 120.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing::debug;

use super::atomic::{self, WriteError};
use super::conformance;
use super::hashes::{self, HashError};
use super::manifest::{CellEntry, CellIndex, Host, Manifest, Origin};
use super::tables::{self, Row, TableError};
use super::{CellResult, ClockRow, SCHEMA, Sample, Summary, TrafficRow};

/// Names of the files.
pub mod file {
    /// The file of [`super::Manifest`].
    pub const MANIFEST: &str = "manifest.json";
    /// [`super::Host`]; in the spec's folder [`super::Origin`].
    pub const HOST: &str = "host.json";
    /// The file of [`super::Sample`]s.
    pub const SAMPLES: &str = "samples.parquet";
    /// The file of [`super::ClockRow`]s.
    pub const CLOCKS: &str = "clocks.parquet";
    /// The file of [`super::TrafficRow`]s.
    pub const TRAFFIC: &str = "traffic.parquet";
    /// [`super::Summary`], with the hashes of manifest and tables.
    pub const SUMMARY: &str = "summary.json";
    /// [`super::CellIndex`], in the spec's folder.
    pub const CELLS: &str = "cells.json";
}

/// The files whose hashes are in the summary.
const HASHED: [&str; 4] = [file::MANIFEST, file::SAMPLES, file::CLOCKS, file::TRAFFIC];

/// The measurements of a run, except its summary.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'a> {
    /// The samples, by clock.
    pub samples: &'a [Sample],
    /// By clock, then machine.
    pub clocks: &'a [ClockRow],
    /// By sender, receiver, class.
    pub traffic: &'a [TrafficRow],
}

/// The reason that a cell's folder is not a finished run.
#[derive(Debug, Error)]
pub enum NotWhole {
    /// Never begun, or not finished.
    #[error("{folder} has no {}", file::SUMMARY)]
    NoSummary {
        /// The folder of the cell.
        folder: PathBuf,
    },
    /// Its summary cannot be read.
    #[error("{folder}: {} cannot be read", file::SUMMARY)]
    Summary {
        /// The folder of the cell.
        folder: PathBuf,
        /// The error of its file.
        source: Box<ReadError>,
    },
    /// It belongs to another plan.
    #[error("{folder} is of the plan {found}, expected {expected}")]
    OtherPlan {
        /// The folder of the cell.
        folder: PathBuf,
        /// The plan's hash in the summary.
        found: String,
        /// The one asked for.
        expected: String,
    },
    /// A file is not what was written, or missing.
    #[error(transparent)]
    Hashes(#[from] HashError),
}

impl NotWhole {
    /// Whether nothing was ever finished in the folder: no cause to report why a cell is run.
    pub fn is_unfinished(&self) -> bool {
        matches!(self, NotWhole::NoSummary { .. })
    }
}

/// An error of reading a result.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("read {path}")]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Not the JSON expected.
    #[error("read {path}")]
    Json {
        /// The path of the file.
        path: PathBuf,
        /// With line and column.
        source: serde_json::Error,
    },
    /// Written by another version.
    #[error("read {path}: schema {found}, expected {SCHEMA}; {}", super::schema::reader_of(*found))]
    Schema {
        /// The path of the file.
        path: PathBuf,
        /// The schema of the file.
        found: u32,
    },
    /// Not the table expected.
    #[error("read {path}")]
    Table {
        /// The path of the file.
        path: PathBuf,
        /// The error of the table.
        source: TableError,
    },
    /// The cell is not finished.
    #[error("read a cell that is not whole")]
    NotWhole(#[from] NotWhole),
    /// A file is not what was written.
    #[error("read {path}; `experiments run` or `report` makes it again")]
    Hashes {
        /// The path of the file.
        path: PathBuf,
        /// The difference that was found.
        source: HashError,
    },
}

/// `summary.json`: the summary's fields, and the hashes of manifest and tables.
#[derive(Serialize, Deserialize)]
struct SummaryFile {
    #[serde(flatten)]
    summary: Summary,
    /// BLAKE3 in hexadecimal, by file name.
    files: BTreeMap<String, String>,
}

/// The first field of every JSON file.
#[derive(Deserialize)]
struct SchemaOnly {
    schema: u32,
}

/// The folder of the cell with this plan hash.
pub fn cell_folder(spec_folder: &Path, plan: &str) -> PathBuf {
    spec_folder.join(plan)
}

/// Makes `folder` ready for a run: no summary of an earlier one, then the manifest and the host.
///
/// # Errors
/// [`WriteError`].
pub fn begin_cell(folder: &Path, manifest: &Manifest, host: &Host) -> Result<(), WriteError> {
    atomic::create_folder(folder)?;
    atomic::remove(&folder.join(hashes::FILE))?;
    atomic::remove(&folder.join(file::SUMMARY))?;
    write_manifest(folder, manifest)?;
    write_host(folder, host)
}

/// Writes `manifest.json`.
///
/// # Errors
/// [`WriteError`].
pub fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), WriteError> {
    write_json(&folder.join(file::MANIFEST), manifest)
}

/// Writes `host.json`.
///
/// # Errors
/// [`WriteError`].
pub fn write_host(folder: &Path, host: &Host) -> Result<(), WriteError> {
    write_json(&folder.join(file::HOST), host)
}

/// Writes `samples.parquet`, `clocks.parquet` and `traffic.parquet`.
///
/// # Errors
/// [`WriteError`].
pub fn write_tables(folder: &Path, tables: &Tables<'_>) -> Result<(), WriteError> {
    write_table(&folder.join(file::SAMPLES), tables.samples)?;
    write_table(&folder.join(file::CLOCKS), tables.clocks)?;
    write_table(&folder.join(file::TRAFFIC), tables.traffic)
}

/// Writes `summary.json`, and last `hashes.json`, which covers the files that are in `folder` now and makes the cell whole.
///
/// # Errors
/// [`WriteError`], also when one of those files is missing.
pub fn write_summary(folder: &Path, summary: &Summary) -> Result<(), WriteError> {
    let mut files = BTreeMap::new();
    for name in HASHED {
        let path = folder.join(name);
        let bytes = fs::read(&path).map_err(|source| WriteError::of(&path, source))?;
        files.insert(name.to_owned(), blake3::hash(&bytes).to_hex().to_string());
    }
    write_json(&folder.join(file::SUMMARY), &SummaryFile { summary: summary.clone(), files })?;
    let covered: Vec<&str> = HASHED.into_iter().chain([file::SUMMARY, conformance::FILE]).collect();
    hashes::write(folder, &covered)
}

/// Whether `folder` holds a finished run of `plan`.
pub fn is_whole(folder: &Path, plan: &str) -> bool {
    check_whole(folder, plan).is_ok()
}

/// The same with the reason, for the message that a cell is run again.
///
/// # Errors
/// [`NotWhole`].
pub fn check_whole(folder: &Path, plan: &str) -> Result<Summary, NotWhole> {
    let path = folder.join(file::SUMMARY);
    if !path.exists() {
        return Err(NotWhole::NoSummary { folder: folder.to_owned() });
    }
    let needed: Vec<&str> = HASHED.into_iter().chain([file::SUMMARY]).collect();
    hashes::check(folder, &needed)?;
    let SummaryFile { summary, .. } =
        read_json(&path).map_err(|source| NotWhole::Summary { folder: folder.to_owned(), source: Box::new(source) })?;
    if summary.plan != plan {
        let (found, expected) = (summary.plan, plan.to_owned());
        return Err(NotWhole::OtherPlan { folder: folder.to_owned(), found, expected });
    }
    Ok(summary)
}

/// A finished cell of a spec's folder, by its entry in the index.
///
/// # Errors
/// [`ReadError::NotWhole`] unless the cell's folder is whole.
pub fn read_cell(spec_folder: &Path, entry: &CellEntry) -> Result<CellResult, ReadError> {
    let folder = &cell_folder(spec_folder, &entry.plan);
    let summary = check_whole(folder, &entry.plan)?;
    let manifest = read_json(&folder.join(file::MANIFEST))?;
    let samples = read_samples(folder)?;
    let traffic = read_traffic(folder)?;
    let CellEntry { panel, cell, swept, .. } = entry.clone();
    Ok(CellResult { panel, cell, swept, manifest, summary, samples, traffic, training_steps: None })
}

/// The state of learning after every clock.
///
/// # Errors
/// [`ReadError`].
pub fn read_samples(folder: &Path) -> Result<Vec<Sample>, ReadError> {
    read_table(&folder.join(file::SAMPLES))
}

/// Each clock of each machine.
///
/// # Errors
/// [`ReadError`].
pub fn read_clocks(folder: &Path) -> Result<Vec<ClockRow>, ReadError> {
    read_table(&folder.join(file::CLOCKS))
}

/// Traffic between machines.
///
/// # Errors
/// [`ReadError`].
pub fn read_traffic(folder: &Path) -> Result<Vec<TrafficRow>, ReadError> {
    read_table(&folder.join(file::TRAFFIC))
}

/// Writes `cells.json`: from now on the spec's folder stands for these cells.
///
/// # Errors
/// [`WriteError`].
pub fn write_cells(spec_folder: &Path, index: &CellIndex) -> Result<(), WriteError> {
    write_json(&spec_folder.join(file::CELLS), index)?;
    hashes::write(spec_folder, &[file::CELLS])
}

/// Writes `host.json` of a spec's folder.
///
/// # Errors
/// [`WriteError`].
pub fn write_origin(spec_folder: &Path, origin: &Origin) -> Result<(), WriteError> {
    write_json(&spec_folder.join(file::HOST), origin)
}

/// The spec that the folder is of.
///
/// # Errors
/// [`ReadError`].
pub fn read_origin(spec_folder: &Path) -> Result<Origin, ReadError> {
    read_json(&spec_folder.join(file::HOST))
}

/// The path of another spec than `ours` that the folder is of. `None` also where nothing is at that path any more: a spec that has moved
/// is taken for the same.
pub fn other_spec(spec_folder: &Path, ours: Option<&String>) -> Option<String> {
    let theirs = read_origin(spec_folder).ok()?.spec?;
    (Some(&theirs) != ours && Path::new(&theirs).exists()).then_some(theirs)
}

/// The cells that the spec's folder stands for.
///
/// # Errors
/// [`ReadError`].
pub fn read_cells(spec_folder: &Path) -> Result<CellIndex, ReadError> {
    let path = spec_folder.join(file::CELLS);
    hashes::check_if_covered(spec_folder, file::CELLS)
        .map_err(|source| ReadError::Hashes { path: path.clone(), source })?;
    read_json(&path)
}

/// Indented, with a last newline.
fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), WriteError> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("results have string keys and no failing fields");
    bytes.push(b'\n');
    atomic::write(path, &bytes)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, ReadError> {
    let bytes = fs::read(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    let json = |source| ReadError::Json { path: path.to_owned(), source };
    let SchemaOnly { schema: found } = serde_json::from_slice(&bytes).map_err(json)?;
    if found != SCHEMA {
        return Err(ReadError::Schema { path: path.to_owned(), found });
    }
    serde_json::from_slice(&bytes).map_err(json)
}

fn write_table<R: Row>(path: &Path, rows: &[R]) -> Result<(), WriteError> {
    let bytes = tables::to_parquet(rows).expect("equally long columns of numbers and text have a Parquet form");
    atomic::write(path, &bytes)?;
    debug!(file = %path.display(), rows = rows.len(), bytes = bytes.len(), "table written");
    Ok(())
}

fn read_table<R: Row>(path: &Path) -> Result<Vec<R>, ReadError> {
    let bytes = fs::read(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    tables::from_parquet(&bytes).map_err(|source| ReadError::Table { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::testing::{self, write_whole};

    #[test]
    fn what_was_written_is_read_back() {
        let out = tempfile::tempdir().unwrap();
        let cell = testing::cell("Gaia").done();
        let folder = write_whole(out.path(), &cell);
        assert!(is_whole(&folder, &cell.summary.plan));
        assert_eq!(read_cell(out.path(), &testing::entry(&cell)).unwrap(), cell);
        assert_eq!(read_clocks(&folder).unwrap(), testing::clock_rows(40));
        assert_eq!(read_traffic(&folder).unwrap(), testing::traffic_rows());
    }

    #[test]
    fn equal_cells_leave_equal_bytes() {
        let cell = testing::cell("Gaia").done();
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (first, second) = (write_whole(a.path(), &cell), write_whole(b.path(), &cell));
        write_whole(b.path(), &cell);
        for name in HASHED.into_iter().chain([file::SUMMARY, hashes::FILE]) {
            assert_eq!(fs::read(first.join(name)).unwrap(), fs::read(second.join(name)).unwrap(), "{name}");
        }
        assert_eq!(fs::read_dir(&second).unwrap().count(), HASHED.len() + 3, "nothing else is left");
    }

    #[test]
    fn summary_unchecked_a_truncated_changed_or_missing_file_is_noticed() {
        let out = tempfile::tempdir().unwrap();
        let cell = testing::cell("Gaia").done();
        for name in HASHED.into_iter().chain([file::SUMMARY, hashes::FILE]) {
            let folder = write_whole(out.path(), &cell);
            let bytes = fs::read(folder.join(name)).unwrap();
            fs::write(folder.join(name), &bytes[..bytes.len() - 2]).unwrap();
            let error = check_whole(&folder, &cell.summary.plan).unwrap_err();
            assert!(matches!(error, NotWhole::Hashes(_)) && error.to_string().contains(name), "{error}");
            fs::remove_file(folder.join(name)).unwrap();
            let error = check_whole(&folder, &cell.summary.plan).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn a_begun_cell_is_not_whole_even_over_a_finished_one() {
        let out = tempfile::tempdir().unwrap();
        let cell = testing::cell("Gaia").done();
        let folder = write_whole(out.path(), &cell);
        begin_cell(&folder, &cell.manifest, &Host::this(1)).unwrap();
        assert!(matches!(check_whole(&folder, &cell.summary.plan), Err(NotWhole::NoSummary { .. })));
        assert!(matches!(read_cell(out.path(), &testing::entry(&cell)), Err(ReadError::NotWhole(_))));
    }

    #[test]
    fn half_a_summary_another_plan_and_another_schema_are_noticed() {
        let out = tempfile::tempdir().unwrap();
        let cell = testing::cell("Gaia").done();
        let folder = write_whole(out.path(), &cell);
        assert!(matches!(check_whole(&folder, "0000"), Err(NotWhole::OtherPlan { .. })));
        let summary = fs::read_to_string(folder.join(file::SUMMARY)).unwrap();
        for broken in [
            &summary[..summary.len() / 2],
            "",
            &summary.replacen(&format!("\"schema\": {SCHEMA}"), "\"schema\": 999", 1),
        ] {
            fs::write(folder.join(file::SUMMARY), broken).unwrap();
            let hashed = check_whole(&folder, &cell.summary.plan);
            assert!(matches!(hashed, Err(NotWhole::Hashes(HashError::Changed { .. }))), "{broken}");
            // As if it had been written so.
            hashes::write(&folder, &[HASHED.as_slice(), &[file::SUMMARY]].concat()).unwrap();
            assert!(matches!(check_whole(&folder, &cell.summary.plan), Err(NotWhole::Summary { .. })), "{broken}");
        }
    }

    #[test]
    fn a_summary_needs_its_tables() {
        let out = tempfile::tempdir().unwrap();
        let cell = testing::cell("Gaia").done();
        let folder = cell_folder(out.path(), &cell.summary.plan);
        begin_cell(&folder, &cell.manifest, &Host::this(1)).unwrap();
        assert!(write_summary(&folder, &cell.summary).is_err());
        assert!(!is_whole(&folder, &cell.summary.plan));
    }

    #[test]
    fn a_diverged_objective_survives() {
        let out = tempfile::tempdir().unwrap();
        let mut cell = testing::cell("Gaia").done();
        cell.summary.last_objective = f64::INFINITY;
        cell.summary.metrics = vec![testing::held_out_rmse(Some(f64::NAN))];
        write_whole(out.path(), &cell);
        let back = read_cell(out.path(), &testing::entry(&cell)).unwrap().summary;
        assert_eq!(back.last_objective, f64::INFINITY);
        assert!(back.metric("held_out_rmse").is_some_and(f64::is_nan));
    }

    #[test]
    fn fields_that_came_later_are_ignored() {
        let cell = testing::cell("Gaia").done();
        let mut later = serde_json::to_value(&cell.summary).unwrap();
        later["axes"] = serde_json::json!({ "threshold": 0.01 });
        assert_eq!(serde_json::from_value::<Summary>(later).unwrap(), cell.summary);
        let mut later = serde_json::to_value(testing::index(std::slice::from_ref(&cell))).unwrap();
        later["cells"][0]["axes"] = serde_json::json!({ "threshold": 0.01 });
        assert_eq!(serde_json::from_value::<CellIndex>(later).unwrap(), testing::index(&[cell]));
    }

    #[test]
    fn the_index_of_cells_survives() {
        let out = tempfile::tempdir().unwrap();
        let index = testing::index(&[testing::cell("Baseline").done(), testing::cell("Gaia").done()]);
        write_cells(out.path(), &index).unwrap();
        assert_eq!(read_cells(out.path()).unwrap(), index);
        assert!(matches!(read_cells(&out.path().join("none")), Err(ReadError::Io { .. })));
        let path = out.path().join(file::CELLS);
        let changed = fs::read_to_string(&path).unwrap().replace("Gaia", "LAN");
        fs::write(path, changed).unwrap();
        assert!(matches!(read_cells(out.path()), Err(ReadError::Hashes { .. })));
    }
}
