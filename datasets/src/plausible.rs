//! Sizes that a file may declare: a header or an index that implies far more rows than the values can fill is a mistake, and would take
//! memory for rows that are empty.

/// Rows that are accepted for any number of values.
const ALWAYS: u64 = 1_000_000;
/// Rows that are accepted per value. UCI's NYTimes has 0.004 documents and 0.001 words per pair; of LIBSVM's sets none has more than
/// 0.4 features per value (news20 has 0.15).
const PER_VALUE: u64 = 100;

/// The most rows (documents, words, features) that a data set of `values` values may declare, in a text and in a cache.
pub(crate) fn most_rows(values: u64) -> u64 {
    ALWAYS.max(values.saturating_mul(PER_VALUE))
}
