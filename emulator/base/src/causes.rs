//! Errors with their causes, and panics, as text.

use std::any::Any;
use std::error::Error;
use std::iter;

/// The causes of an error, from the nearest to the first of all; without the error itself.
pub fn of(error: &dyn Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    iter::successors(error.source(), |&cause| cause.source())
}

/// The message of an error and of each of its causes, joined by `: `. For logs and messages that have no room for a list.
///
/// ```
/// use base::causes;
///
/// #[derive(Debug)]
/// struct NoList(std::io::Error);
/// # impl std::fmt::Display for NoList {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
/// #         f.write_str("read the list")
/// #     }
/// # }
/// # impl std::error::Error for NoList {
/// #     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
/// #         Some(&self.0)
/// #     }
/// # }
///
/// let error = NoList(std::io::Error::other("the disk is gone"));
/// assert_eq!(causes::in_one_line(&error), "read the list: the disk is gone");
/// assert_eq!(causes::of(&error).count(), 1);
/// ```
pub fn in_one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    for cause in of(error) {
        text.push_str(&format!(": {cause}"));
    }
    text
}

/// The message in the payload of a panic.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without text".to_owned())
}

#[cfg(test)]
mod tests {
    use std::{fmt, io};

    use super::*;

    #[derive(Debug)]
    struct Outer(Box<dyn Error>);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("read the list")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }

    #[test]
    fn causes_follow_the_message_in_their_order() {
        let error = Outer(Box::new(Outer(Box::new(io::Error::other("the disk is gone")))));
        assert_eq!(in_one_line(&error), "read the list: read the list: the disk is gone");
        assert_eq!(of(&error).map(ToString::to_string).last().expect("two causes"), "the disk is gone");
        assert_eq!(in_one_line(&io::Error::other("alone")), "alone");
    }

    #[test]
    fn panics_have_messages_of_three_kinds() {
        let payloads: [Box<dyn Any + Send>; 3] = [Box::new("fixed"), Box::new("made".to_owned()), Box::new(7)];
        let messages = payloads.map(|payload| panic_message(&*payload));
        assert_eq!(messages, ["fixed", "made", "a panic without text"]);
    }
}
