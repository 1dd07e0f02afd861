//! Examples with one of two labels and a few values each, in compressed sparse rows.

/// The value of one feature in an example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// The feature's number, in `0..features`.
    pub feature: u32,
    /// Finite and not 0.
    pub value: f32,
}

/// The two classes. A file's larger label is the positive one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// The target is 0.
    Negative,
    /// The target is 1.
    Positive,
}

impl Label {
    /// The target of the log loss: 0 or 1.
    pub fn target(self) -> f64 {
        f64::from(u8::from(self == Label::Positive))
    }
}

/// Examples in compressed sparse rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    pub(super) labels: Vec<Label>,
    /// The first entry of each example, then the number of all entries.
    pub(super) starts: Vec<usize>,
    /// The entries of all examples, ascending by feature within each.
    pub(super) entries: Vec<Entry>,
}

impl Default for Examples {
    fn default() -> Self {
        Examples { labels: Vec::new(), starts: vec![0], entries: Vec::new() }
    }
}

impl Examples {
    /// Appends an example after all others.
    ///
    /// # Panics
    /// If features do not strictly ascend, or a value is 0 or not finite.
    pub fn push(&mut self, label: Label, entries: impl IntoIterator<Item = Entry>) {
        let first = self.entries.len();
        self.entries.extend(entries);
        let entries = &self.entries[first..];
        assert!(entries.is_sorted_by(|a, b| a.feature < b.feature), "the features of an example ascend");
        assert!(entries.iter().all(|entry| entry.value.is_finite() && entry.value != 0.0), "finite values, not 0");
        self.labels.push(label);
        self.starts.push(self.entries.len());
    }

    /// Number of examples, with or without values.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Number of nonzero values in all examples.
    pub fn nonzeros(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The labels, in order.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The entries of an example, by feature.
    ///
    /// # Panics
    /// If there is no such example.
    pub fn entries(&self, example: usize) -> &[Entry] {
        &self.entries[self.starts[example]..self.starts[example + 1]]
    }

    /// All examples in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Label, &[Entry])> {
        (0..self.len()).map(|example| (self.labels[example], self.entries(example)))
    }
}
