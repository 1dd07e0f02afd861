//! The interface of a model between sites towards specs and lists.

use super::model::BetweenSites;
use crate::sync::Inside;
use crate::sync::problem::InvalidSetting;

/// A model between sites as specs write it: its settings.
pub trait SyncModelBetween: BetweenSites + Clone {
    /// One line about it, for lists.
    const ABOUT: &'static str;

    /// Settings that stand for all, for lists and for tests that run every model.
    fn example() -> Self;

    /// The model and its settings, in a few words.
    fn in_words(&self) -> String;

    /// See [`Between::check`](super::Between::check).
    fn check(&self, inside: &Inside) -> Vec<InvalidSetting>;
}
