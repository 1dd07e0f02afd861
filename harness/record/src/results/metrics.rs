//! Numbers that judge a model, by name.
//!
//! A workload names its metrics; nothing here or above knows which there are. A run records the value of each after every clock
//! ([`Sample::metrics`](super::Sample::metrics), a column of `samples.parquet` per metric) and at its end
//! ([`Summary::metrics`](super::Summary::metrics)).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::number;

/// The unit of a share, 0 to 1: tables and pages show it in percent.
pub const SHARE: &str = "share";

/// Which values of a metric are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Smaller ones: an error, a loss.
    Lower,
    /// Larger ones: an accuracy, a likelihood.
    Higher,
    /// Neither: the number describes what was learned, it does not judge it.
    Neither,
}

/// A metric at the end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Measured {
    /// The name in columns and claims: `held_out_rmse`.
    pub name: String,
    /// Its unit in words: `stars`, `nats per token`, [`SHARE`]. Empty means that it has none.
    pub unit: String,
    /// Which values are better.
    pub better: Better,
    /// Its value. `None` means that there was nothing to measure it on, such as no held-out data.
    #[serde(with = "number::optional")]
    pub value: Option<f64>,
}

impl Measured {
    /// The name of its column in tables: shares are in percent there.
    pub fn column(&self) -> String {
        if self.unit == SHARE { format!("{}_percent", self.name) } else { self.name.clone() }
    }

    /// The value as shown in tables.
    pub fn in_column(&self) -> Option<f64> {
        self.value.map(|value| if self.unit == SHARE { value * 100.0 } else { value })
    }
}

/// The values of a run's metrics at one clock, in the order in which the workload names them; NaN where there is nothing to measure
/// one on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricValues(Vec<(Arc<str>, f64)>);

impl MetricValues {
    /// The value of a metric. `None` means that the workload has no such metric, or that there is nothing to measure it on.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value).filter(|value| !value.is_nan())
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// The names, in the order of the values.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().map(|(name, _)| name)
    }
}

impl<N: Into<Arc<str>>> FromIterator<(N, f64)> for MetricValues {
    fn from_iter<I: IntoIterator<Item = (N, f64)>>(values: I) -> Self {
        // One NaN: equal runs leave equal bytes, whichever NaN the processor makes.
        let canonical = |value: f64| if value.is_nan() { f64::NAN } else { value };
        MetricValues(values.into_iter().map(|(name, value)| (name.into(), canonical(value))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_in_percent_in_tables_and_nowhere_else() {
        let accuracy =
            Measured { name: "test_accuracy".into(), unit: SHARE.into(), better: Better::Higher, value: Some(0.5) };
        assert_eq!((accuracy.column(), accuracy.in_column()), ("test_accuracy_percent".into(), Some(50.0)));
        let rmse = Measured { name: "held_out_rmse".into(), unit: "stars".into(), value: None, ..accuracy };
        assert_eq!((rmse.column(), rmse.in_column()), ("held_out_rmse".into(), None));
    }

    #[test]
    fn a_metric_without_data_has_no_value_and_one_bit_pattern() {
        let values: MetricValues =
            [("auc", f64::from_bits(0xfff8_0000_0000_0000)), ("loss", 0.5)].into_iter().collect();
        assert_eq!((values.get("auc"), values.get("loss"), values.get("rmse")), (None, Some(0.5), None));
        assert_eq!(values.iter().next().map(|(_, value)| value.to_bits()), Some(f64::NAN.to_bits()));
    }
}
