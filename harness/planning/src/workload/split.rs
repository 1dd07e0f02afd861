//! How data are dealt to machines, in the words of a spec: one form for all kinds of data.

use datasets::field::FieldError;
use datasets::split;
use serde::{Deserialize, Serialize};

/// How users (of ratings), documents (of a corpus), images or examples are dealt to machines.
pub type Split = split::Split<SkewBy>;

/// What sites differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkewBy {
    /// What their users like: ratings only.
    Tastes,
    /// What their documents are about: corpora only.
    Topics,
    /// Which classes their images or examples have.
    Labels,
    /// How much they have.
    Sizes,
}

/// As a spec names them.
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
/// What is wrong, by field.
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
