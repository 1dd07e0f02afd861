//! Names in a sweep: of axes, and of what a combination makes.

use record::results::sweep::value_text;
use record::suggest;
use serde_json::Value;

use super::form::NAME;

/// The value of an axis in a combination.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    /// The axis' name.
    pub(super) axis: String,
    pub(super) value: Value,
    /// Of the choice that has the value; it stands for all values of the choice.
    pub(super) label: Option<String>,
}

/// The shortest end of each path that is no other's: `threshold` for `system.gaia.significance.threshold`.
pub(super) fn axes(keys: &[&str]) -> Vec<String> {
    let steps: Vec<Vec<&str>> = keys.iter().map(|key| key.split('.').collect()).collect();
    let end = |path: &[&str], length: usize| path[path.len().saturating_sub(length)..].join(".");
    let shortest = |path: &Vec<&str>| {
        let is_own =
            |length: &usize| steps.iter().filter(|other| end(other, *length) == end(path, *length)).count() < 2;
        end(path, (1..path.len()).find(is_own).unwrap_or(path.len()))
    };
    steps.iter().map(shortest).collect()
}

/// The names of numbers in names without a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Numbers follow the name of their axis.
    Named,
    /// Only where several axes have numbers.
    WhereSeveral,
}

/// The name of a combination of `written`: the pattern with its values, or the name followed by them.
///
/// # Errors
/// What is wrong with the pattern.
pub(super) fn of_combination(written: &str, values: &[Named], numbers: Numbers) -> Result<String, String> {
    if written.contains('{') {
        return patterned(written, values);
    }
    let several = values.iter().filter(|named| named.label.is_none() && named.value.is_number()).count() > 1;
    let mut words: Vec<String> = Some(written.to_owned()).filter(|name| !name.is_empty()).into_iter().collect();
    for (position, named) in values.iter().enumerate() {
        match &named.label {
            Some(label) if values[..position].iter().any(|other| other.label.as_ref() == Some(label)) => {}
            Some(label) => words.push(label.clone()),
            None if named.value.is_number() && (several || numbers == Numbers::Named) => {
                words.push(format!("{} {}", named.axis, value_text(&named.value)));
            }
            None => words.push(value_text(&named.value)),
        }
    }
    Ok(words.join(" "))
}

/// What a pattern has apart from values; other names as they are.
pub(super) fn without_values(written: &str) -> String {
    if !written.contains('{') {
        return written.to_owned();
    }
    let mut kept = String::new();
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('{') {
        kept += before;
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    kept += rest;
    let words: Vec<&str> = kept.split_whitespace().collect();
    words.join(" ").trim_matches(|c: char| c == ' ' || c.is_ascii_punctuation()).to_owned()
}

/// `{axis}` stands for the value, `{axis:%}` for it in percent, `{name}` for the label of a combination in a list.
fn patterned(pattern: &str, values: &[Named]) -> Result<String, String> {
    let mut name = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        name += before;
        let Some((place, behind)) = after.split_once('}') else {
            return Err(format!("`{pattern}`: found `{{` without `}}`"));
        };
        name += &replaced(pattern, place, values)?;
        rest = behind;
    }
    Ok(name + rest)
}

fn replaced(pattern: &str, place: &str, values: &[Named]) -> Result<String, String> {
    let (axis, unit) = place.split_once(':').map_or((place, None), |(axis, unit)| (axis, Some(unit)));
    if axis == NAME
        && let Some(label) = values.iter().find_map(|named| named.label.as_ref())
    {
        return Ok(label.clone());
    }
    let Some(named) = values.iter().find(|named| named.axis == axis) else {
        let known: Vec<&str> = values.iter().map(|named| named.axis.as_str()).collect();
        return Err(format!("`{pattern}`: no axis `{axis}`{}", suggest::hint(axis, &known)));
    };
    match (unit, named.value.as_f64()) {
        (None, _) => Ok(value_text(&named.value)),
        // Of 0.07 times 100 the fewest digits are not those of 7.
        (Some("%"), Some(share)) => Ok(format!("{} %", (share * 1e2 * 1e9).round() / 1e9)),
        (Some("%"), None) => {
            Err(format!("`{pattern}`: {} is no number: expected `{{{axis}}}`", value_text(&named.value)))
        }
        (Some(unit), _) => Err(format!("`{pattern}`: `:{unit}`: expected `{{{axis}}}` or `{{{axis}:%}}`")),
    }
}

/// `{threshold}, {profile}`: what a pattern may have.
pub(super) fn places(named: &[Named]) -> String {
    let axes: Vec<String> = named.iter().map(|named| format!("`{{{}}}`", named.axis)).collect();
    axes.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(axis: &str, value: Value) -> Named {
        Named { axis: axis.into(), value, label: None }
    }

    #[test]
    fn axes_have_the_shortest_names_that_differ() {
        let keys = ["profile", "system.gaia.significance.threshold", "system.gaia.inside.ssp.slack"];
        assert_eq!(axes(&keys), ["profile", "threshold", "slack"]);
        assert_eq!(axes(&["encoding.inside", "system.gaia.inside"]), ["encoding.inside", "gaia.inside"]);
        assert_eq!(axes(&["goal", "system.gaia.goal"]), ["goal", "gaia.goal"]);
    }

    #[test]
    fn names_are_followed_by_values() {
        let values = [named("threshold", json!(0.01)), named("profile", json!("va-ca"))];
        assert_eq!(of_combination("Gaia", &values, Numbers::WhereSeveral).unwrap(), "Gaia 0.01 va-ca");
        assert_eq!(of_combination("", &values, Numbers::Named).unwrap(), "threshold 0.01 va-ca");
        let two = [named("threshold", json!(0.01)), named("slack", json!(2))];
        assert_eq!(of_combination("Gaia", &two, Numbers::WhereSeveral).unwrap(), "Gaia threshold 0.01 slack 2");
        let labelled = two.map(|value| Named { label: Some("bold".into()), ..value });
        assert_eq!(of_combination("Gaia", &labelled, Numbers::WhereSeveral).unwrap(), "Gaia bold");
        assert_eq!(of_combination("{name}!", &labelled, Numbers::WhereSeveral).unwrap(), "bold!");
    }

    #[test]
    fn a_pattern_has_values_and_percentages_in_it() {
        let values = [named("threshold", json!(0.07)), named("profile", json!("va-ca"))];
        let name = |pattern| of_combination(pattern, &values, Numbers::WhereSeveral);
        assert_eq!(name("{threshold:%} on {profile}").unwrap(), "7 % on va-ca");
        assert_eq!(without_values("Gaia, {threshold:%} on {profile}"), "Gaia, on");
        assert_eq!(without_values("{threshold:%}"), "");
        assert_eq!(without_values("Gaia (packed)"), "Gaia (packed)");
        for (pattern, message) in [
            ("{treshold}", "no axis `treshold`; did you mean `threshold`? (valid: threshold, profile)"),
            ("{profile:%}", "va-ca is no number: expected `{profile}`"),
            ("{threshold:x}", "`:x`: expected `{threshold}` or `{threshold:%}`"),
            ("{threshold", "found `{` without `}`"),
        ] {
            assert_eq!(name(pattern).unwrap_err(), format!("`{pattern}`: {message}"));
        }
    }
}
