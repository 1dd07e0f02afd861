//! Durations as a histogram that a checkpoint can hold, and its percentiles.

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The number of significant digits kept.
const DIGITS: u8 = 3;

/// Durations in nanoseconds, each kept to three significant digits.
///
/// ```
/// use base::durations::Durations;
///
/// let mut waits = Durations::default();
/// (1..=1000).for_each(|micros| waits.record(micros * 1000));
/// let percentiles = waits.percentiles();
/// assert_eq!(percentiles.count, 1000);
/// assert!(percentiles.p90.abs_diff(900_000) < 1_000);
/// ```
#[derive(Clone, Debug)]
pub struct Durations {
    histogram: Histogram<u64>,
}

/// Percentiles of durations in nanoseconds; all 0 if none was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// The number of durations counted.
    pub count: u64,
    /// The median of the durations.
    pub p50: u64,
    /// The 90th percentile of the durations.
    pub p90: u64,
    /// The 99th percentile of the durations.
    pub p99: u64,
    /// The longest of the durations.
    pub most: u64,
}

impl Default for Durations {
    fn default() -> Self {
        Durations { histogram: Histogram::new(DIGITS).expect("three digits are allowed") }
    }
}

impl Durations {
    /// Counts one duration, in nanoseconds.
    pub fn record(&mut self, nanos: u64) {
        self.histogram.record(nanos).expect("the histogram grows");
    }

    /// The percentiles of all durations counted.
    pub fn percentiles(&self) -> Percentiles {
        let at = |quantile| self.histogram.value_at_quantile(quantile);
        Percentiles {
            count: self.histogram.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            most: self.histogram.max(),
        }
    }

    /// The mean in nanoseconds; 0 if no duration was counted.
    pub fn mean(&self) -> f64 {
        self.histogram.mean()
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
        (1..=10_000).for_each(|millis| durations.record(millis * 1_000_000));
        let bytes = postcard::to_stdvec(&durations).expect("plain data");
        let read: Durations = postcard::from_bytes(&bytes).expect("the same");
        assert_eq!(read.percentiles(), durations.percentiles());
        assert!(durations.percentiles().p90.abs_diff(9_000_000_000) < 10_000_000);
        assert!((durations.mean() / 5e9 - 1.0).abs() < 1e-3, "{}", durations.mean());
    }

    #[test]
    fn any_duration_is_counted() {
        let mut durations = Durations::default();
        assert_eq!((durations.percentiles(), durations.mean()), (Percentiles::default(), 0.0));
        [0, 1, u64::MAX].into_iter().for_each(|nanos| durations.record(nanos));
        let percentiles = durations.percentiles();
        assert_eq!((percentiles.count, percentiles.p50, percentiles.most), (3, 1, u64::MAX));
    }
}
