//! Errors as one line of text, for logs and messages that have no room for a list of causes.

use std::error::Error;

/// The message of an error and of each of its sources, joined by `: `.
pub fn in_one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug)]
    struct Outer(io::Error);

    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("read the list")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn sources_follow_the_message() {
        let error = Outer(io::Error::other("the disk is gone"));
        assert_eq!(in_one_line(&error), "read the list: the disk is gone");
        assert_eq!(in_one_line(&error.0), "the disk is gone");
    }
}
