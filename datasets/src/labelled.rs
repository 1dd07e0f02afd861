//! Splits of data whose things have one label each: images, examples.

use serde::{Deserialize, Serialize};

/// The way in which labelled things are dealt to machines.
pub type Split = crate::split::Split<SkewBy>;

/// The property in which sites differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkewBy {
    /// Sites differ in the labels of their examples.
    Labels,
    /// Sites differ in their amount of data.
    Sizes,
}

/// The training data of one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The machine, numbered from 0, site by site.
    pub machine: u32,
    /// Its images or examples as numbered in the whole training part, ascending.
    pub train: Vec<u32>,
}

impl Partition {
    /// One partition per machine, in order.
    pub(crate) fn of_all(train: Vec<Vec<u32>>) -> Vec<Partition> {
        (0..).zip(train).map(|(machine, train)| Partition { machine, train }).collect()
    }
}
