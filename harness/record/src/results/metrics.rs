//! Numbers that judge a model, by name.
//!
//! A workload names its metrics; nothing here or above knows which there are. A run records the value of each after every clock
//! ([`Sample::metrics`](super::Sample::metrics), a column of `samples.parquet` per metric) and at its end
//! ([`Summary::metrics`](super::Summary::metrics)).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::number;

/// Abbreviations as titles write them; names write them in small letters.
const ABBREVIATIONS: [&str; 8] = ["AUC", "F1", "GB", "MAE", "MB", "RMSE", "USD", "WAN"];

/// The unit of a share, 0 to 1: tables and pages show it in percent.
pub const SHARE: &str = "share";

/// The values of a metric that are better.
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
    /// The values that are better.
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

    /// The title of its column in tables for readers: the name in words, the unit, and which values are better, such as
    /// `held-out RMSE (stars, lower is better)`.
    pub fn title(&self) -> String {
        let unit = if self.unit == SHARE { "%" } else { &self.unit };
        let better = match self.better {
            Better::Lower => "lower is better",
            Better::Higher => "higher is better",
            Better::Neither => "",
        };
        let remarks: Vec<&str> = [unit, better].into_iter().filter(|remark| !remark.is_empty()).collect();
        let name = in_words(&self.name);
        if remarks.is_empty() { name } else { format!("{name} ({})", remarks.join(", ")) }
    }

    /// The value as shown in tables.
    pub fn in_column(&self) -> Option<f64> {
        self.value.map(|value| if self.unit == SHARE { value * 100.0 } else { value })
    }
}

/// The name of a metric or a column as a reader's words: `held_out_rmse` becomes `held-out RMSE`, `touched_percent` `touched (%)`.
pub fn in_words(name: &str) -> String {
    let (name, unit) = name.strip_suffix("_percent").map_or((name, ""), |name| (name, " (%)"));
    let name = name.replace("held_out_", "held-out_");
    let word = |word: &str| {
        let known = ABBREVIATIONS.iter().find(|known| known.eq_ignore_ascii_case(word));
        known.map_or_else(|| word.to_owned(), |known| (*known).to_owned())
    };
    let words: Vec<String> = name.split('_').map(word).collect();
    words.join(" ") + unit
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
    fn titles_are_names_in_words_with_unit_and_direction() {
        let title = |name: &str, unit: &str, better| {
            Measured { name: name.into(), unit: unit.into(), better, value: None }.title()
        };
        assert_eq!(title("held_out_rmse", "stars", Better::Lower), "held-out RMSE (stars, lower is better)");
        assert_eq!(title("top5_error", SHARE, Better::Lower), "top5 error (%, lower is better)");
        assert_eq!(title("held_out_auc", "", Better::Higher), "held-out AUC (higher is better)");
        assert_eq!(title("topics_per_page", "topics", Better::Neither), "topics per page (topics)");
        assert_eq!(title("tokens", "", Better::Neither), "tokens");
        let columns = ["wan_gb_per_clock", "usd_total", "touched_percent", "want_gbs"].map(in_words);
        assert_eq!(columns, ["WAN GB per clock", "USD total", "touched (%)", "want gbs"]);
    }

    #[test]
    fn a_metric_without_data_has_no_value_and_one_bit_pattern() {
        let values: MetricValues =
            [("auc", f64::from_bits(0xfff8_0000_0000_0000)), ("loss", 0.5)].into_iter().collect();
        assert_eq!((values.get("auc"), values.get("loss"), values.get("rmse")), (None, Some(0.5), None));
        assert_eq!(values.iter().next().map(|(_, value)| value.to_bits()), Some(f64::NAN.to_bits()));
    }
}
