//! Durations as a histogram that a checkpoint can hold.

use emulator::time::Duration;
use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use record::results::Percentiles;

/// The number of significant digits kept.
const DIGITS: u8 = 3;

/// Durations in nanoseconds, to three digits.
#[derive(Clone, Debug)]
pub(super) struct Durations {
    histogram: Histogram<u64>,
}

impl Default for Durations {
    fn default() -> Self {
        Durations { histogram: Histogram::new(DIGITS).expect("three digits are allowed") }
    }
}

impl Durations {
    pub(super) fn record(&mut self, span: Duration) {
        self.histogram.record(span.as_nanos()).expect("the histogram grows");
    }

    /// The percentiles, in seconds.
    pub(super) fn percentiles(&self) -> Percentiles {
        if self.histogram.is_empty() {
            return Percentiles::default();
        }
        let at = |quantile| self.histogram.value_at_quantile(quantile) as f64 / 1e9;
        Percentiles {
            count: self.histogram.len(),
            mean: self.histogram.mean() / 1e9,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: self.histogram.max() as f64 / 1e9,
        }
    }
}

impl Serialize for Durations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counts = self.histogram.iter_recorded();
        let counts: Vec<(u64, u64)> =
            counts.map(|step| (step.value_iterated_to(), step.count_since_last_iteration())).collect();
        counts.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Durations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let counts = Vec::<(u64, u64)>::deserialize(deserializer)?;
        let mut durations = Durations::default();
        for (value, count) in counts {
            durations.histogram.record_n(value, count).map_err(serde::de::Error::custom)?;
        }
        Ok(durations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_survive_a_checkpoint() {
        let mut durations = Durations::default();
        (1..=10_000).for_each(|millis| durations.record(Duration::from_millis(millis)));
        let bytes = postcard::to_stdvec(&durations).expect("plain data");
        let read: Durations = postcard::from_bytes(&bytes).expect("the same");
        assert_eq!(read.percentiles(), durations.percentiles());
        assert!((durations.percentiles().p90 - 9.0).abs() < 0.01);
        assert_eq!(Durations::default().percentiles().count, 0);
    }
}
