//! The combinations of a sweep: one choice of each group, the last group fastest.

use record::results::AxisValue;
use serde_yaml::Value;

use super::Origin;
use super::form::{Choice, Group, Setting};
use super::names::{self, Named};

/// A choice of each group.
#[derive(Clone, Debug)]
pub(super) struct Combination<'a> {
    choices: Vec<&'a Choice>,
}

/// The number of combinations. `None` means that no number has it.
pub(super) fn count(groups: &[&Group]) -> Option<usize> {
    groups.iter().try_fold(1_usize, |product, group| product.checked_mul(group.choices.len()))
}

/// All combinations; the caller has seen that there are not too many.
pub(super) fn all<'a>(groups: &[&'a Group]) -> Vec<Combination<'a>> {
    let mut all = vec![Combination { choices: Vec::new() }];
    for group in groups {
        let with = |combination: &Combination<'a>, choice| {
            let choices = combination.choices.iter().copied().chain([choice]).collect();
            Combination { choices }
        };
        all = all.iter().flat_map(|before| group.choices.iter().map(move |choice| with(before, choice))).collect();
    }
    all
}

impl<'a> Combination<'a> {
    /// The fields that it sets, what is set for a whole before what is set inside it.
    pub(super) fn settings(&self) -> Vec<&'a Setting> {
        let mut settings: Vec<&Setting> = self.choices.iter().flat_map(|choice| &choice.settings).collect();
        settings.sort_by_key(|setting| setting.key.matches('.').count());
        settings
    }

    /// The values of the axes. `keys`: the paths of all axes of the sweep, by which axes have their names.
    ///
    /// # Errors
    /// A value that results cannot hold, such as a tag of YAML.
    pub(super) fn values(&self, keys: &[&str]) -> Result<Vec<Named>, String> {
        let axes = names::axes(keys);
        let named = |choice: &Choice, Setting { key, value }: &Setting| {
            let position = keys.iter().position(|known| known == key).expect("it is one of the sweep's");
            let json = |value: &Value| serde_json::to_value(value).map_err(|error| format!("`{key}`: {error}"));
            Ok(Named { axis: axes[position].clone(), value: json(value)?, label: choice.label.clone() })
        };
        let pairs = self.choices.iter().flat_map(|choice| choice.settings.iter().map(move |setting| (choice, setting)));
        pairs.map(|(choice, setting)| named(choice, setting)).collect()
    }
}

/// How many combinations groups make, in words: `5 x 20 combinations`.
pub(super) fn in_words(groups: &[&Group]) -> String {
    let counts: Vec<String> = groups.iter().map(|group| group.choices.len().to_string()).collect();
    format!("{} combinations", counts.join(" x "))
}

/// What a combination of these values made of a cell or panel at `path`, which the spec calls `written`.
pub(super) fn made_by(path: String, written: &str, name: String, named: Vec<Named>) -> Origin {
    let axes = named.into_iter().map(|Named { axis, value, .. }| AxisValue { axis, value }).collect();
    Origin { path, written: names::without_values(written), made: Some(name), axes }
}
