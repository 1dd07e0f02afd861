//! How data are dealt to machines, in the words of a spec: one form for ratings and documents.

use datasets::{bow, field::FieldError, ratings};
use serde::{Deserialize, Serialize};

/// How users (of ratings) or documents (of a corpus) are dealt to machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Split {
    /// Every machine gets about the same amount, of all kinds.
    #[default]
    Even,
    /// Sites differ.
    Skewed {
        /// In what.
        by: SkewBy,
        /// How much: 0 (not at all) to 1.
        skew: f64,
    },
}

/// What sites differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkewBy {
    /// What their users like: ratings only.
    Tastes,
    /// What their documents are about: corpora only.
    Topics,
    /// How much they have.
    Sizes,
}

impl Split {
    /// As ratings are dealt.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn of_ratings(self) -> Result<ratings::partition::Split, Vec<FieldError>> {
        use ratings::partition::{SkewBy as By, Split as Of};
        let split = match self {
            Split::Even => Of::Even,
            Split::Skewed { by: SkewBy::Tastes, skew } => Of::Skewed { by: By::Tastes, skew },
            Split::Skewed { by: SkewBy::Sizes, skew } => Of::Skewed { by: By::Sizes, skew },
            Split::Skewed { by: SkewBy::Topics, .. } => {
                let says = "`topics` is for documents, and the workload `mf` learns from ratings: expected `tastes` or `sizes`";
                return Err(vec![FieldError { field: "by", says: says.into() }]);
            }
        };
        let errors = split.check();
        if errors.is_empty() { Ok(split) } else { Err(errors) }
    }

    /// As the documents of a corpus are dealt.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn of_documents(self) -> Result<bow::partition::Split, Vec<FieldError>> {
        use bow::partition::{SkewBy as By, Split as Of};
        let split = match self {
            Split::Even => Of::Even,
            Split::Skewed { by: SkewBy::Topics, skew } => Of::Skewed { by: By::Topics, skew },
            Split::Skewed { by: SkewBy::Sizes, skew } => Of::Skewed { by: By::Sizes, skew },
            Split::Skewed { by: SkewBy::Tastes, .. } => {
                let says = "`tastes` is for ratings, and the workload `lda` learns from documents: expected `topics` or `sizes`";
                return Err(vec![FieldError { field: "by", says: says.into() }]);
            }
        };
        let errors = split.check();
        if errors.is_empty() { Ok(split) } else { Err(errors) }
    }
}
