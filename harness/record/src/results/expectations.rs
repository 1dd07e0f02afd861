//! What a spec expects of its results: part of `cells.json`, so that reports judge it from the files alone.

use serde::{Deserialize, Serialize};

/// The assertions of a spec, and the claims that it expects to fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Expectations {
    /// In the spec's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assert: Vec<Asserted>,
    /// In the spec's order; each claim at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<ExpectedFailure>,
}

/// An assertion on the numbers of cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asserted {
    /// Its name among claims: `fig13.assert.faster`.
    pub id: String,
    /// The comparison, as the spec has it.
    pub that: String,
    /// The same in words, where the spec has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

/// A claim that fails, and is known to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExpectedFailure {
    /// The name of the claim or assertion.
    pub claim: String,
    /// The reason for which it fails.
    pub because: String,
}

impl Expectations {
    /// Whether the spec expects nothing.
    pub fn is_empty(&self) -> bool {
        *self == Expectations::default()
    }
}
