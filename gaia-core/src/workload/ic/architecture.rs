//! Networks as data: layers, the positions of their parameters, and their cost.
//!
//! All parameters of a network lie in one flat array, stage after stage; a stage is a layer group with a table of its own in
//! the parameter server (as in GeePS), padded with zeros to whole rows of [`WIDTH`] floats. So a worker's view of all rows *is*
//! the network's parameters, and every weight is a slice of it. Nothing here computes; `network.rs` does, with libtorch.

use std::ops::Range;

use crate::layout::{Layout, Table};
use crate::tensor::Tensor;

/// Floats a row of every table.
pub const WIDTH: usize = 256;

/// Channels, height and width of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Feature maps; 1 or 3 in an image.
    pub channels: usize,
    /// Rows of pixels per channel.
    pub height: usize,
    /// Pixels per row of a channel.
    pub width: usize,
}

/// The initial values of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// Evenly between minus this and this.
    Even(f32),
    /// This value in every place.
    Constant(f32),
}

/// A parameter: a slice of the flat array.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its stage and its layers, outermost first, then its part in the innermost: `group2.residual1.convolution1.weight`.
    pub name: String,
    /// Its place in the flat array.
    pub range: Range<usize>,
    /// Its shape: outputs, inputs, height, width of a convolution's weight; outputs, inputs of a linear layer's.
    pub shape: Vec<usize>,
    /// The distribution of its values before the first step.
    pub initial: Initial,
}

/// A layer. Numbers of parameters are positions in [`Architecture::parameters`].
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// A convolution; the bias where there is one.
    Convolution {
        /// Number of its weight.
        weight: usize,
        /// Number of its bias.
        bias: Option<usize>,
        /// Pixels from one output to the next.
        stride: usize,
        /// Zeros that are added at each edge, in pixels.
        padding: usize,
    },
    /// A fully connected layer, on all activations of an image.
    Linear {
        /// Number of its weight.
        weight: usize,
        /// Number of its bias.
        bias: usize,
    },
    /// Normalises every channel over the batch (Ioffe and Szegedy 2015).
    BatchNorm {
        /// Number of its scale; its shift is the next.
        scale: usize,
        /// Place of the running mean among the statistics; the running variance follows.
        statistics: Range<usize>,
    },
    /// Normalises groups of channels within an image (Wu and He 2018).
    GroupNorm {
        /// Number of its scale; its shift is the next.
        scale: usize,
        /// The number of groups that channels are divided into.
        groups: usize,
    },
    /// max(x, 0), a rectified linear unit.
    Relu,
    /// The largest of every window.
    MaxPool(Window),
    /// The mean of every window.
    MeanPool(Window),
    /// The mean of every channel.
    GlobalMean,
    /// x / (1 + alpha / 5 * sum of squares over 5 neighbouring channels)^0.75, alpha = 0.0001 (Krizhevsky et al. 2012).
    LocalResponse,
    /// Sets this share to 0 in training, and scales the rest up.
    Dropout(f32),
    /// Parallel paths, joined along the channels.
    Branches(Vec<Vec<Layer>>),
    /// max(x + body(x), 0); where the body halves the image and has more channels, every second pixel of x and zeros.
    Residual(Vec<Layer>),
    /// A classifier on the side, in training alone: its loss counts with this weight.
    Auxiliary(Vec<Layer>, f32),
}

/// A pooling window. Outputs are rounded up: a window may reach over the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Pixels per side of the square.
    pub size: usize,
    /// Pixels from one to the next.
    pub stride: usize,
    /// Empty pixels that are added at each edge.
    pub padding: usize,
}

/// Layers whose parameters are one table, read and sent together.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The name of its table.
    pub name: String,
    /// The layers, in the order of a forward pass.
    pub layers: Vec<Layer>,
    /// Its rows in the parameter server.
    pub rows: Range<u32>,
    /// Multiplications of an image's forward pass.
    pub multiplications: u64,
}

/// A network for images of one extent.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// The shape of its input.
    pub input: Extent,
    /// The number of classes.
    pub classes: usize,
    /// Its layer groups, in the order of the forward pass.
    pub stages: Vec<Stage>,
    /// Its parameters, by place.
    pub parameters: Vec<Parameter>,
    /// Running means and variances: floats that stay with a worker.
    pub statistics: usize,
}

impl Architecture {
    /// The tables in the parameter server, one per stage: its backward work is twice its forward work, as gradients are taken
    /// by the weights and by the inputs. Each parameter is a tensor; floats that align parameters and fill up rows belong to none.
    pub fn layout(&self) -> Layout {
        let table = |stage: &Stage| {
            let rows = stage.rows.end - stage.rows.start;
            let table = Table { name: stage.name.clone(), rows, width: WIDTH as u32 };
            (table, [stage.multiplications, 2 * stage.multiplications])
        };
        let tensor = |parameter: &Parameter| Tensor {
            name: parameter.name.clone(),
            shape: parameter.shape.clone(),
            first: parameter.range.start,
        };
        let tensors = self.parameters.iter().map(tensor).collect();
        Layout::staged(self.stages.iter().map(table).collect()).with_tensors(tensors)
    }

    /// Trained parameters, padding left out.
    pub fn parameter_count(&self) -> usize {
        self.parameters.iter().map(|parameter| parameter.range.len()).sum()
    }

    /// Floats in all tables, padding and all: the length of the flat array.
    pub fn floats(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.rows.end as usize * WIDTH)
    }

    /// Multiplications of an image's forward pass.
    pub fn multiplications(&self) -> u64 {
        self.stages.iter().map(|stage| stage.multiplications).sum()
    }

    /// Running means of 0 and variances of 1.
    pub fn initial_statistics(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.statistics];
        self.stages.iter().for_each(|stage| fill_variances(&stage.layers, &mut values));
        values
    }

    /// The parameters that have floats in `range` of the flat array.
    pub fn parameters_within(&self, range: Range<usize>) -> impl Iterator<Item = (usize, &Parameter)> {
        let first = self.parameters.partition_point(|parameter| parameter.range.end <= range.start);
        (first..).zip(&self.parameters[first..]).take_while(move |(_, parameter)| parameter.range.start < range.end)
    }
}

fn fill_variances(layers: &[Layer], values: &mut [f32]) {
    for layer in layers {
        match layer {
            Layer::BatchNorm { statistics, .. } => {
                let middle = statistics.start + statistics.len() / 2;
                values[middle..statistics.end].fill(1.0);
            }
            Layer::Branches(paths) => paths.iter().for_each(|path| fill_variances(path, values)),
            Layer::Residual(body) | Layer::Auxiliary(body, _) => fill_variances(body, values),
            _ => {}
        }
    }
}
