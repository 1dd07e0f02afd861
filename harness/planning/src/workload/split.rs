//! How data are dealt to machines, in the words of a spec: one form for all kinds of data.

use datasets::field::FieldError;
use datasets::split;
use serde::{Deserialize, Serialize};

/// The distribution of users (of ratings), documents (of a corpus), images or examples to machines.
pub type Split = split::Split<SkewBy>;

/// The property in which sites differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkewBy {
    /// The taste of their users: ratings only.
    Tastes,
    /// The topics of their documents: corpora only.
    Topics,
    /// Which classes their images or examples have.
    Labels,
    /// The amount of their data.
    Sizes,
}

/// Every skew with its name in specs, and the data to which it applies.
const SKEWS: [(SkewBy, &str, &str); 4] = [
    (SkewBy::Tastes, "tastes", "ratings"),
    (SkewBy::Topics, "topics", "documents"),
    (SkewBy::Labels, "labels", "labelled data"),
    (SkewBy::Sizes, "sizes", "all data"),
];

impl SkewBy {
    fn entry(self) -> (&'static str, &'static str) {
        let (_, name, of) = SKEWS.into_iter().find(|(by, ..)| *by == self).expect("every skew is listed");
        (name, of)
    }
}

/// `split` in the terms of a kind of data, which sites may differ in `by`. `workload` learns from `data`.
///
/// # Errors
/// Problems, by field.
pub fn in_terms_of<By: Copy>(
    split: Split,
    by: &[(SkewBy, By)],
    workload: &str,
    data: &str,
) -> Result<split::Split<By>, Vec<FieldError>> {
    let terms = split.try_map(|asked| {
        let known = by.iter().find(|(known, _)| *known == asked);
        known.map(|(_, own)| *own).ok_or_else(|| {
            let expected: Vec<String> = by.iter().map(|(by, _)| format!("`{}`", by.entry().0)).collect();
            let ((name, of), expected) = (asked.entry(), expected.join(" or "));
            format!("`{name}` is for {of}, and the workload `{workload}` learns from {data}: expected {expected}")
        })
    });
    let terms = terms.map_err(|says| vec![FieldError { field: "by", says }])?;
    let errors = terms.check();
    if errors.is_empty() { Ok(terms) } else { Err(errors) }
}
