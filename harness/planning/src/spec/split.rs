//! How data are dealt to machines, in the words of a spec: one form for ratings, documents and images.

use datasets::{bow, field::FieldError, images, ratings, split};
use serde::{Deserialize, Serialize};

/// How users (of ratings), documents (of a corpus) or images are dealt to machines.
pub type Split = split::Split<SkewBy>;

/// What sites differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkewBy {
    /// What their users like: ratings only.
    Tastes,
    /// What their documents are about: corpora only.
    Topics,
    /// Which classes their images have: images only.
    Labels,
    /// How much they have.
    Sizes,
}

/// As ratings are dealt.
///
/// # Errors
/// What is wrong, by field.
pub fn of_ratings(split: Split) -> Result<ratings::partition::Split, Vec<FieldError>> {
    use ratings::partition::SkewBy as By;
    checked(split.try_map(|by| match by {
        SkewBy::Tastes => Ok(By::Tastes),
        SkewBy::Sizes => Ok(By::Sizes),
        SkewBy::Topics => {
            Err("`topics` is for documents, and the workload `mf` learns from ratings: expected `tastes` or `sizes`")
        }
        SkewBy::Labels => {
            Err("`labels` is for images, and the workload `mf` learns from ratings: expected `tastes` or `sizes`")
        }
    }))
}

/// As the documents of a corpus are dealt.
///
/// # Errors
/// What is wrong, by field.
pub fn of_documents(split: Split) -> Result<bow::partition::Split, Vec<FieldError>> {
    use bow::partition::SkewBy as By;
    checked(split.try_map(|by| match by {
        SkewBy::Topics => Ok(By::Topics),
        SkewBy::Sizes => Ok(By::Sizes),
        SkewBy::Tastes => {
            Err("`tastes` is for ratings, and the workload `lda` learns from documents: expected `topics` or `sizes`")
        }
        SkewBy::Labels => {
            Err("`labels` is for images, and the workload `lda` learns from documents: expected `topics` or `sizes`")
        }
    }))
}

/// As images are dealt.
///
/// # Errors
/// What is wrong, by field.
pub fn of_images(split: Split) -> Result<images::partition::Split, Vec<FieldError>> {
    use images::partition::SkewBy as By;
    checked(split.try_map(|by| match by {
        SkewBy::Labels => Ok(By::Labels),
        SkewBy::Sizes => Ok(By::Sizes),
        SkewBy::Tastes => {
            Err("`tastes` is for ratings, and the workload `ic` learns from images: expected `labels` or `sizes`")
        }
        SkewBy::Topics => {
            Err("`topics` is for documents, and the workload `ic` learns from images: expected `labels` or `sizes`")
        }
    }))
}

fn checked<By>(split: Result<split::Split<By>, &'static str>) -> Result<split::Split<By>, Vec<FieldError>> {
    let split = split.map_err(|says| vec![FieldError { field: "by", says: says.into() }])?;
    let errors = split.check();
    if errors.is_empty() { Ok(split) } else { Err(errors) }
}
