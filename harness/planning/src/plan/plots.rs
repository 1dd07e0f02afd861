//! The plots of a spec name axes of its sweeps and columns of its table.

use record::results::sweep::column;
use record::suggest;

use super::check::{Diagnostics, plain};
use super::whole::Planned;
use crate::spec::Plots;

/// Reports names in plots that are no axis of `plans` and none of `columns`, the columns of all tables; none are known where that is empty.
pub(super) fn check(diagnostics: &mut Diagnostics, plots: &Plots, plans: &[Planned], columns: &[&str]) {
    let mut axes: Vec<&str> = Vec::new();
    for axis in plans.iter().filter_map(|planned| planned.swept.as_ref()).flat_map(|swept| &swept.axes) {
        if !axes.contains(&axis.axis.as_str()) {
            axes.push(&axis.axis);
        }
    }
    for (number, plot) in plots.list.iter().enumerate() {
        let path = if plots.list.len() == 1 { "plot".to_owned() } else { format!("plot[{number}]") };
        plain(diagnostics, &format!("{path}.title"), &plot.title);
        let named = [("x", &plot.x), ("y", &plot.y)].into_iter();
        for (field, name) in named.chain(plot.series.iter().map(|name| ("series", name))) {
            let is = |known: &&str| *known == name || column(known) == *name;
            if columns.is_empty() || axes.iter().chain(columns).any(is) {
                continue;
            }
            let known: Vec<&str> = axes.iter().chain(columns).copied().collect();
            diagnostics
                .add(format!("{path}.{field}"), format!("no axis or column `{name}`{}", suggest::hint(name, &known)));
        }
    }
}
