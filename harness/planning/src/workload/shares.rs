//! Tables of measured shares, and shares of generated data that are computed once per process.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// Pairs of a significance threshold and the share of a site's parameters with a significant update in a clock.
pub(super) type Shares = [(f64, f64); 7];

/// Interpolates linearly in the logarithms; constant outside the table. All updates are significant at threshold 0.
pub(super) fn between(shares: &Shares, threshold: f64) -> f64 {
    if threshold <= 0.0 {
        return 1.0;
    }
    let after = shares.partition_point(|&(there, _)| there < threshold).clamp(1, shares.len() - 1);
    let ((low, many), (high, few)) = (shares[after - 1], shares[after]);
    let place = ((threshold / low).ln() / (high / low).ln()).clamp(0.0, 1.0);
    many * (few / many).powf(place)
}

/// Computes a share once per process: the cells of a spec learn from the same data. `key` names what it depends on.
pub(super) fn remembered(key: String, share: impl FnOnce() -> f64) -> f64 {
    static SHARES: Mutex<BTreeMap<String, f64>> = Mutex::new(BTreeMap::new());
    if let Some(&share) = SHARES.lock().expect("no holder panics").get(&key) {
        return share;
    }
    let share = share();
    SHARES.lock().expect("no holder panics").insert(key, share);
    share
}

/// The share of `rows` that a worker touches when all are equally popular and it draws `drawn` times: an upper bound, for data that are
/// too large to be counted.
pub(super) fn share_of_even(drawn: f64, rows: u32) -> f64 {
    1.0 - (-drawn / f64::from(rows.max(1))).exp()
}

/// Above this number of owners and rows shares are approximated: more than Netflix and NYTimes have.
pub(super) const MOST_LISTED: u64 = 1_000_000;
/// The seed of generated data that shares of rows are computed from; they hardly depend on it.
pub(super) const SEED: u64 = 1;
