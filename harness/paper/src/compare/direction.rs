//! Which values of a column are better.

use planning::plan::Kind;
use record::results::Better;
use record::results::metrics::SHARE;
use serde::Serialize;

/// The direction of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To a better value.
    Better,
    /// To a worse one.
    Worse,
}

/// Columns of which more is better.
const HIGHER: [&str; 3] = ["speedup", "times_cheaper", "times_cheaper_than_baseline"];
/// Columns of which less is better, apart from times, bytes, prices and errors, which have their unit in the name.
const LOWER: [&str; 12] = [
    "normalised_time",
    "slowdown",
    "clocks",
    "final_objective",
    "least_one_copy_over_target",
    "cost_ratio",
    "compute",
    "server",
    "encode",
    "wire",
    "barrier",
    "staleness",
];
/// Parts of names that are units of what is spent.
const SPENT: [&str; 6] = ["seconds", "usd", "gb", "mb", "bytes", "error"];

impl Direction {
    /// Of a change from `a` to `b`, where these values are better. `None` means that neither is better.
    pub(super) fn of(better: Better, a: f64, b: f64) -> Option<Direction> {
        let improved = match better {
            Better::Lower => b < a,
            Better::Higher => b > a,
            Better::Neither => return None,
        };
        let comparable = a.partial_cmp(&b).is_some_and(std::cmp::Ordering::is_ne);
        comparable.then_some(if improved { Direction::Better } else { Direction::Worse })
    }

    /// `better` or `worse`.
    pub fn word(self) -> &'static str {
        match self {
            Direction::Better => "better",
            Direction::Worse => "worse",
        }
    }
}

/// The values of a column that are better, by its name. A metric says so itself; a column that describes (`touched_percent`, an axis of a
/// sweep) has no better values.
pub(super) fn better(column: &str) -> Better {
    let metrics = Kind::ALL.iter().flat_map(|kind| kind.about().metrics);
    let named = |name: &str, unit: &str| if unit == SHARE { format!("{name}_percent") } else { name.to_owned() };
    if let Some(metric) = metrics.into_iter().find(|metric| named(metric.name, metric.unit) == column) {
        return metric.better;
    }
    if HIGHER.contains(&column) {
        return Better::Higher;
    }
    if LOWER.contains(&column) || column.split('_').any(|part| SPENT.contains(&part)) {
        return Better::Lower;
    }
    Better::Neither
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_direction_of_their_unit() {
        use Better::{Higher, Lower, Neither};
        for (column, expected) in [
            ("seconds_to_target", Lower),
            ("wan_gb_per_clock", Lower),
            ("usd_total", Lower),
            ("gaia_usd_total", Lower),
            ("seconds_per_clock_error_percent", Lower),
            ("normalised_time", Lower),
            ("speedup", Higher),
            ("held_out_rmse", Lower),
            ("test_accuracy_percent", Higher),
            ("log_likelihood_per_token", Higher),
            ("tokens", Neither),
            ("insignificant_percent", Neither),
            ("threshold", Neither),
            ("seeds", Neither),
        ] {
            assert_eq!(better(column), expected, "{column}");
        }
    }

    #[test]
    fn a_change_to_what_is_no_number_has_no_direction() {
        assert_eq!(Direction::of(Better::Lower, 2.0, 1.0), Some(Direction::Better));
        assert_eq!(Direction::of(Better::Higher, 2.0, 1.0), Some(Direction::Worse));
        assert_eq!(Direction::of(Better::Lower, 2.0, f64::NAN), None);
        assert_eq!(Direction::of(Better::Lower, 2.0, 2.0), None);
        assert_eq!(Direction::of(Better::Neither, 2.0, 1.0), None);
    }
}
