//! The fields of a spec that sweeps lead through, and paths in them.

pub(super) const CELLS: &str = "cells";
pub(super) const PANELS: &str = "panels";
pub(super) const SWEEP: &str = "sweep";

/// The steps of a path below a place.
pub(super) fn steps(place: &[&str], key: &str) -> Vec<String> {
    place.iter().copied().chain(key.split('.')).map(str::to_owned).collect()
}
