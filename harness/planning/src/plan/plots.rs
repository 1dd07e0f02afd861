//! The plots of a spec name axes of its sweeps and columns of its table.

use record::results::sweep::column;
use record::suggest;

use super::check::{Diagnostics, plain};
use super::whole::Planned;
use crate::spec::Plots;

/// Columns of every table of plots besides the figure's numbers.
const BESIDES: [&str; 7] = ["panel", "cell", "system", "network", "outcome", "seeds", "wan_gb"];

/// Reports names in plots that are no axis of `plans` and none of `columns`, those of the figure's numbers; `None`: they are not known.
pub(super) fn check(diagnostics: &mut Diagnostics, plots: &Plots, plans: &[Planned], columns: Option<&[String]>) {
    let Some(columns) = columns else { return };
    let columns: Vec<&str> = columns.iter().map(String::as_str).chain(BESIDES).collect();
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
            if axes.iter().chain(&columns).any(is) {
                continue;
            }
            let known: Vec<&str> = axes.iter().chain(&columns).copied().collect();
            diagnostics
                .add(format!("{path}.{field}"), format!("no axis or column `{name}`{}", suggest::hint(name, &known)));
        }
    }
}
