//! The dealing of data to machines, in the words of a spec: one form for all kinds of data.

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
    /// The classes of their images or examples.
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

/// A property in which the sites of a kind of data may differ.
#[derive(Clone, Copy, Debug)]
pub struct Skew<By> {
    /// The property in the words of a spec.
    pub asked: SkewBy,
    /// The same in those of its data.
    pub own: By,
}

/// The properties in which the sites of a workload may differ.
#[derive(Clone, Copy, Debug)]
pub struct Skews<'a, By> {
    /// All of them; at least one.
    pub known: &'a [Skew<By>],
    /// The workload's name in specs.
    pub workload: &'static str,
    /// The name of its data, in the plural.
    pub data: &'static str,
}

impl<By: Copy> Skews<'_, By> {
    /// `split` in the terms of these data.
    ///
    /// # Errors
    /// A property that is not among these, or a skew out of range, by field of `split.skewed`.
    pub fn terms(&self, split: Split) -> Result<split::Split<By>, Vec<FieldError>> {
        let Skews { known, workload, data } = *self;
        let terms = split.try_map(|asked| {
            known.iter().find(|skew| skew.asked == asked).map(|skew| skew.own).ok_or_else(|| {
                let expected: Vec<String> = known.iter().map(|skew| format!("`{}`", skew.asked.entry().0)).collect();
                let ((name, of), expected) = (asked.entry(), expected.join(" or "));
                format!("`{name}` is for {of}, and the workload `{workload}` learns from {data}: expected {expected}")
            })
        });
        let terms = terms.map_err(|message| vec![FieldError { field: "by", says: message }])?;
        let errors = terms.check();
        if errors.is_empty() { Ok(terms) } else { Err(errors) }
    }
}
