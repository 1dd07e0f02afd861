//! Cells that a spec has and its report has not.

use record::results::hashes::{self, HashError};
use record::results::manifest::CellEntry;
use record::results::store::NotWhole;

/// A cell that is not in the figure.
#[derive(Debug)]
pub struct Unfinished {
    /// The cell and seed as `cells.json` lists them.
    pub entry: CellEntry,
    /// The reason why it is not whole, with the path of its folder.
    pub why: NotWhole,
}

impl Unfinished {
    /// The reason why it is not whole, with no more than the name of a file: the place of the results is not their content.
    pub(super) fn why_without_path(&self) -> String {
        match &self.why {
            NotWhole::Hashes(HashError::None { .. }) => {
                format!("it has no {}: left by an earlier version", hashes::FILE)
            }
            NotWhole::Hashes(
                HashError::Itself { path, .. }
                | HashError::NotCovered { path }
                | HashError::File { path, .. }
                | HashError::Changed { path, .. },
            ) => {
                let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
                format!("{name} is missing, truncated or changed after the run")
            }
            NotWhole::NoSummary { .. } => "not begun, or stopped before its end".into(),
            NotWhole::Summary { .. } => "its summary cannot be read".into(),
            NotWhole::OtherPlan { .. } => "its folder holds another plan".into(),
        }
    }
}
