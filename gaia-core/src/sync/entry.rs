//! A model in a list.

/// One line of a list of models: of type [`Inside`](super::Inside) or [`Between`](super::between::Between).
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<M> {
    /// The name in specs.
    pub name: String,
    /// One line about the model.
    pub about: &'static str,
    /// The model with settings that stand for all.
    pub example: M,
}
