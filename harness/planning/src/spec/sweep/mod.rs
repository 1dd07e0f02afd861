//! Sweeps: one cell, or the whole spec, once for every combination of values.
//!
//! A sweep of a cell makes cells. A sweep of the whole spec makes panels, each with all cells and a target of its own, so that any field of a
//! panel can be an axis and cells are compared with the Baseline of their own combination. Both are written out in the YAML of the spec, before
//! it is typed: what follows sees cells and panels as if they had been written by hand, and plans do not change by the way they were written.
//! [`Origins`] keeps where they come from, for tables and messages.

mod combine;
mod expand;
mod form;
mod given;
mod names;
mod panels;
mod paths;

use record::results::{AxisValue, Swept};
use thiserror::Error;

pub use form::Sweep;
pub use given::GivenSweepError;

/// The most panels of a spec.
pub(crate) const MAX_PANELS: usize = 100;
/// The most cells of a panel.
pub(crate) const MAX_CELLS: usize = 500;

/// Where the cells and panels of a spec come from. Empty in a spec without sweeps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origins {
    /// The panels; empty without panels.
    pub(super) panels: Vec<OfPanel>,
    /// The cells of panels without their own, or of a spec without panels.
    pub(super) cells: Vec<Origin>,
}

/// Where a panel comes from, and its own cells if it has some.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OfPanel {
    pub(super) panel: Origin,
    pub(super) cells: Option<Vec<Origin>>,
}

/// A cell or a panel as the spec has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Origin {
    /// Its path in the spec as written: `cells[1]`; empty for a panel that was none.
    pub(super) path: String,
    /// The name in the spec as written, without what stands for values.
    pub(super) written: String,
    /// The name that the sweep made. `None` means that it is as it was written.
    pub(super) made: Option<String>,
    /// The values of the axes.
    pub(super) axes: Vec<AxisValue>,
}

/// A sweep that cannot be written out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {message}")]
pub struct SweepError {
    /// The path of the sweep, or of the field that is wrong with its values.
    pub path: String,
    /// What was found and expected.
    pub message: String,
}

impl Origins {
    /// The place of a cell in the sweeps. `panel`: its number, in a spec with panels; `cell`: its number in the panel, `None` for the target.
    /// `None` means that no sweep made the cell or the panel.
    pub fn of(&self, panel: Option<usize>, cell: Option<usize>) -> Option<Swept> {
        let of_panel = panel.and_then(|number| self.panels.get(number));
        let cells = of_panel.and_then(|of| of.cells.as_ref()).unwrap_or(&self.cells);
        let cell = cell.and_then(|number| cells.get(number));
        let mut axes: Vec<AxisValue> = of_panel.map(|of| of.panel.axes.clone()).unwrap_or_default();
        // A cell's own axis is over that of the whole spec.
        for own in cell.iter().flat_map(|cell| &cell.axes) {
            match axes.iter_mut().find(|other| other.axis == own.axis) {
                Some(other) => *other = own.clone(),
                None => axes.push(own.clone()),
            }
        }
        let panel = of_panel.map(|of| of.panel.written.clone()).unwrap_or_default();
        (!axes.is_empty()).then(|| Swept {
            panel,
            cell: cell.map(|cell| cell.written.clone()).unwrap_or_default(),
            axes,
        })
    }

    /// A path in the spec that was written out as one of the spec as written, and the name of the combination: as a remark.
    pub(crate) fn in_its_words(&self, path: &str) -> (String, String) {
        let (of_panel, rest) = match numbered(path, "panels") {
            Some((number, rest)) if number < self.panels.len() => (Some(&self.panels[number]), rest),
            _ => (None, path),
        };
        let cells = of_panel.and_then(|of| of.cells.as_ref()).unwrap_or(&self.cells);
        let (cell, rest) = match numbered(rest, "cells") {
            Some((number, rest)) if number < cells.len() => (Some(&cells[number]), rest),
            _ => (None, rest),
        };
        let own_path = match (of_panel, cell) {
            (_, Some(cell)) => cell.path.as_str(),
            (Some(of), None) => of.panel.path.as_str(),
            (None, None) => return (path.to_owned(), String::new()),
        };
        let made =
            [of_panel.map(|of| &of.panel), cell].into_iter().flatten().filter_map(|origin| origin.made.as_deref());
        let made: Vec<String> = made.map(|name| format!("`{name}`")).collect();
        let remark = if made.is_empty() { String::new() } else { format!(" (in {} of the sweep)", made.join(", ")) };
        let path = [own_path, rest].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
        (path, remark)
    }
}

/// The number and the rest of `LIST[NUMBER].REST`.
fn numbered<'a>(path: &'a str, list: &str) -> Option<(usize, &'a str)> {
    let (number, rest) = path.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, rest.strip_prefix('.').unwrap_or(rest)))
}

pub(super) use expand::expanded;

#[cfg(test)]
mod tests;
