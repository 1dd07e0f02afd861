//! Errors of meaning, one per field.

use std::fmt;

/// An error of meaning in one field of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as it is written in the spec.
    pub field: &'static str,
    /// The value found and the values expected.
    pub says: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.says)
    }
}
