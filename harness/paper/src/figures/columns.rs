//! The names of the columns that figures' tables have, for plots that name them.

use planning::workload::list::Kind;

use super::axes::WAN_GB;

/// The columns of all forms, apart from those of metrics and of axes.
const OF_FORMS: &[&str] = &[
    "seconds_to_target",
    "normalised_time",
    "speedup",
    "clocks",
    "seconds_per_clock",
    "wan_gb_per_clock",
    "wan_mb_per_clock_actual",
    WAN_GB,
    "insignificant_percent",
    "touched_percent",
    "held_amount_percent",
    "insignificant_of_touched_percent",
    "threshold_percent",
    "final_objective",
    "least_one_copy_over_target",
    "usd_machine_compute",
    "usd_machine_network",
    "usd_communication",
    "usd_total",
    "times_cheaper_than_baseline",
    "times_cheaper",
    "seconds",
    "seconds_per_clock_error_percent",
    "worst_link_bytes_error_percent",
    "final_objective_error_percent",
    "machines",
    "dilation",
    "compute",
    "server",
    "encode",
    "wire",
    "barrier",
    "staleness",
    "paper_percent",
    "cost_ratio",
    "gaia_seconds",
    "centralized_seconds",
    "gaia_usd_total",
    "centralized_usd_total",
    "seeds",
    "system",
    "network",
    "outcome",
    "panel",
    "cell",
    "centralized",
    "reached_in_all_panels",
];

/// The names of the columns of all tables, with those of all workloads' metrics. A table has some of them, by its form and its results.
pub fn columns() -> Vec<String> {
    let metrics = Kind::ALL.iter().flat_map(|kind| kind.about().metrics).map(|metric| metric.measured(0.0).column());
    OF_FORMS.iter().map(|name| (*name).to_owned()).chain(metrics).collect()
}
