//! The version of results' files.

/// Version of every file's schema.
pub const SCHEMA: u32 = 4;

/// The version of the program that reads files of another schema, and the remedy, for error messages.
pub(crate) fn reader_of(schema: u32) -> &'static str {
    if schema < SCHEMA {
        "version 0.1 of this program reads it, and this version runs the spec again"
    } else {
        "a newer version of this program wrote it"
    }
}
