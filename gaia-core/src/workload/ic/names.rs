//! Names of a network's parameters: the way to them through its layers.
//!
//! Layers are counted from 1 per kind in the list that they are in: `group2.residual1.convolution2.weight` is the second convolution
//! of the first residual block of the stage `group2`. So a name stays when layers without parameters come or go.

use super::architecture::{Layer, Parameter};

/// Names the parameters of a stage's `layers`; numbers in layers are positions in `parameters`.
pub(super) fn name(stage: &str, layers: &[Layer], parameters: &mut [Parameter]) {
    let mut counts = Counts::default();
    for layer in layers {
        let mut set = |number: usize, name: String| parameters[number].name = name;
        match layer {
            Layer::Convolution { weight, bias, .. } => {
                let path = counts.next(stage, "convolution");
                set(*weight, format!("{path}.weight"));
                bias.iter().for_each(|bias| set(*bias, format!("{path}.bias")));
            }
            Layer::Linear { weight, bias } => {
                let path = counts.next(stage, "linear");
                set(*weight, format!("{path}.weight"));
                set(*bias, format!("{path}.bias"));
            }
            Layer::BatchNorm { scale, .. } | Layer::GroupNorm { scale, .. } => {
                let path = counts.next(stage, "norm");
                set(*scale, format!("{path}.scale"));
                set(*scale + 1, format!("{path}.shift"));
            }
            Layer::Branches(paths) => {
                let within = counts.next(stage, "branches");
                for (number, path) in (1..).zip(paths) {
                    name(&format!("{within}.path{number}"), path, parameters);
                }
            }
            Layer::Residual(body) => name(&counts.next(stage, "residual"), body, parameters),
            Layer::Auxiliary(body, _) => name(&counts.next(stage, "auxiliary"), body, parameters),
            Layer::Relu
            | Layer::MaxPool(_)
            | Layer::MeanPool(_)
            | Layer::GlobalMean
            | Layer::LocalResponse
            | Layer::Dropout(_) => {}
        }
    }
}

/// Layers so far in one list, per kind.
#[derive(Default)]
struct Counts(Vec<(&'static str, u32)>);

impl Counts {
    /// The path of the next layer of this kind under `prefix`.
    fn next(&mut self, prefix: &str, kind: &'static str) -> String {
        let known = self.0.iter().position(|(name, _)| *name == kind).unwrap_or_else(|| {
            self.0.push((kind, 0));
            self.0.len() - 1
        });
        self.0[known].1 += 1;
        format!("{prefix}.{kind}{}", self.0[known].1)
    }
}
