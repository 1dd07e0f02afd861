//! Errors of meaning, told field by field.

use std::fmt;

/// An error of meaning in one field of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as it is written in the spec.
    pub field: &'static str,
    /// What was found and what was expected.
    pub says: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.says)
    }
}
