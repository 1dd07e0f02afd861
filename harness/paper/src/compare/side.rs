//! One side of a comparison: a figure's folder as a run or the reference has it.

use std::fs;
use std::path::Path;

use record::results::store::{self, ReadError};
use serde::Deserialize;

use super::error::CompareError;
use super::options::Options;
use super::table::Table;
use crate::claims::{self, Claim};

/// The file that lists digests where a folder has no cells.
pub(super) const MANIFESTS: &str = "manifests.json";
/// The file that a cell in real time has, which is never quite the same twice.
const CONFORMANCE: &str = "conformance.json";

/// A figure.
#[derive(Debug)]
pub(super) struct Side {
    /// `None` means that there is no list of them.
    pub(super) cells: Option<Vec<CellState>>,
    pub(super) table: Table,
    pub(super) claims: Vec<Claim>,
}

/// A cell and seed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CellState {
    pub(super) panel: String,
    pub(super) cell: String,
    pub(super) seed: u64,
    /// The plan's hash.
    pub(super) plan: String,
    /// The hash over its events, or the reason why it is not whole.
    pub(super) digest: Result<String, String>,
    /// Whether it was run in real time.
    pub(super) real: bool,
}

/// An entry of [`MANIFESTS`], as `ci/reference.py` writes it. It has more fields.
#[derive(Deserialize)]
struct Kept {
    panel: String,
    cell: String,
    seed: u64,
    plan: String,
    digest: String,
    #[serde(default)]
    launch: Option<serde_json::Value>,
}

impl Side {
    /// The figure in `folder`, without what `options` leave out.
    pub(super) fn read(folder: &Path, options: &Options) -> Result<Side, CompareError> {
        let left_out = |name: &str| options.leave_out.iter().any(|pattern| pattern.matches(name));
        let mut cells = cells(folder)?;
        if let Some(cells) = &mut cells {
            cells.retain(|cell| !left_out(&cell.panel));
        }
        let mut table = Table::read(folder)?;
        table.rows.retain(|row| !left_out(&row.panel));
        let claims = folder.join(claims::FILE);
        if !claims.exists() {
            return Err(CompareError::NoReport { path: claims, folder: folder.to_owned() });
        }
        let mut claims = claims::read(&claims)?;
        claims.retain(|claim| !left_out(&claim.id));
        Ok(Side { cells, table, claims })
    }
}

/// The cells of a figure's folder.
fn cells(folder: &Path) -> Result<Option<Vec<CellState>>, CompareError> {
    if folder.join(store::file::CELLS).exists() {
        let state = |entry: &record::results::CellEntry| {
            let place = store::cell_folder(folder, &entry.plan);
            let digest = store::check_whole(&place, &entry.plan).map(|summary| summary.digest);
            CellState {
                panel: entry.panel.clone(),
                cell: entry.cell.clone(),
                seed: entry.seed,
                plan: entry.plan.clone(),
                digest: digest.map_err(|why| why.to_string()),
                real: place.join(CONFORMANCE).exists(),
            }
        };
        return Ok(Some(store::read_cells(folder)?.cells.iter().map(state).collect()));
    }
    let path = folder.join(MANIFESTS);
    if !path.exists() {
        return Ok(None);
    }
    let bytes = fs::read(&path).map_err(|source| ReadError::Io { path: path.clone(), source })?;
    let kept: Vec<Kept> =
        serde_json::from_slice(&bytes).map_err(|source| ReadError::Json { path: path.clone(), source })?;
    let state = |Kept { panel, cell, seed, plan, digest, launch }| CellState {
        panel,
        cell,
        seed,
        plan,
        digest: Ok(digest),
        real: launch.is_some(),
    };
    Ok(Some(kept.into_iter().map(state).collect()))
}
