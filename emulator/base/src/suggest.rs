//! The nearest valid name to a misspelt one, for error messages.
//!
//! One measure for names of sites, files, fields and figures: the edits between two names (insertions, deletions, substitutions and swaps of
//! neighbours), upper and lower case being the same.

/// The most letters of a name that is compared: a comparison takes time by the product of two lengths.
pub const LONGEST: usize = 100;

/// The valid name that was probably meant: a different case, a prefix of at least three letters, or at most a third of the letters
/// off (at least one, never all). `None` means that no name is near.
///
/// ```
/// use base::suggest;
///
/// assert_eq!(suggest::nearest("virgina", ["Ireland", "Virginia"]), Some("Virginia"));
/// assert_eq!(suggest::nearest("Mars", ["Ireland", "Virginia"]), None);
/// ```
pub fn nearest<'a>(name: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.chars().count() > LONGEST {
        return None;
    }
    let wanted = name.to_lowercase();
    valid
        .into_iter()
        .filter(|candidate| candidate.chars().count() <= LONGEST)
        .map(|candidate| (distance(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowance(&wanted, candidate))
        .filter(|(distance, candidate)| *distance < wanted.chars().count().max(candidate.chars().count()))
        .min_by_key(|(distance, candidate)| (*distance, candidate.len().abs_diff(name.len())))
        .map(|(_, candidate)| candidate)
}

/// `, did you mean `x`?` or nothing, then the valid names: the end of a message about an unknown name.
pub fn hint(name: &str, valid: &[&str]) -> String {
    let mut hint = String::new();
    if let Some(near) = nearest(name, valid.iter().copied()) {
        hint.push_str(&format!("; did you mean `{near}`?"));
    }
    if !valid.is_empty() {
        hint.push_str(&format!(" (valid: {})", valid.join(", ")));
    }
    hint
}

/// The nearest valid name to the field or variant that a message of serde finds unknown:
/// ``unknown field `a`, expected one of `b`, `c` ``.
///
/// ```
/// let message = "profile: unknown field `tilte`, expected one of `name`, `title` at line 3";
/// assert_eq!(base::suggest::in_message(message), Some("title"));
/// ```
pub fn in_message(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("unknown field `").or_else(|| message.split_once("unknown variant `"))?;
    let (name, rest) = rest.split_once('`')?;
    let (_, expected) = rest.split_once("expected ")?;
    nearest(name, expected.split('`').skip(1).step_by(2))
}

fn distance(wanted: &str, candidate: &str) -> usize {
    if wanted.len() >= 3 && candidate.starts_with(wanted) {
        return 1;
    }
    strsim::osa_distance(wanted, candidate)
}

/// Edits that still count as a misspelling: a third of the longer name.
fn allowance(wanted: &str, candidate: &str) -> usize {
    (wanted.chars().count().max(candidate.chars().count()) / 3).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let valid = ["fig3", "fig13", "ec2-all", "lan", "sg-sp", "va-ca", "e5-2698"];
        for (name, near) in [
            ("ec2-al", Some("ec2-all")),
            ("EC2-ALL", Some("ec2-all")),
            ("e5-2689", Some("e5-2698")),
            ("ec2", Some("ec2-all")),
            ("lna", Some("lan")),
            ("fig31", Some("fig13")),
            ("mars", None),
        ] {
            assert_eq!(nearest(name, valid), near, "{name}");
        }
        assert_eq!(nearest("b", ["a"]), None, "no letter in common");
        assert_eq!(nearest("ab", ["aa"]), Some("aa"));
        assert_eq!(nearest(&"fig3".repeat(1_000_000), valid), None);
    }

    #[test]
    fn messages_about_anything_else_have_no_nearest_name() {
        assert_eq!(in_message("unknown variant `gaja`, expected `global` or `gaia`"), Some("gaia"));
        for message in ["missing field `title`", "unknown field `a`, there are no fields", "unknown field `", ""] {
            assert_eq!(in_message(message), None, "{message}");
        }
    }

    #[test]
    fn hint_lists_valid_names() {
        assert_eq!(hint("lna", &["lan", "ec2-all"]), "; did you mean `lan`? (valid: lan, ec2-all)");
        assert_eq!(hint("mars", &["lan"]), " (valid: lan)");
        assert_eq!(hint("mars", &[]), "");
    }
}
