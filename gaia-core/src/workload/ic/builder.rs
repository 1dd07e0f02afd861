//! Puts a network together layer by layer, and keeps count of places, extents and multiplications.

use std::mem::take;

use super::architecture::{Architecture, Extent, Initial, Layer, Parameter, Stage, WIDTH, Window};
use super::config::Norm;
use super::names;

/// Alignment of parameters in floats: a cache line.
const ALIGNED: usize = 16;

/// A network under construction: the current stage, and the extent of its input.
pub(super) struct Builder {
    norm: Norm,
    input: Extent,
    /// The extent of the next layer's input.
    pub(super) extent: Extent,
    /// The floats in use.
    floats: usize,
    statistics: usize,
    multiplications: u64,
    parameters: Vec<Parameter>,
    layers: Vec<Layer>,
    stages: Vec<Stage>,
}

/// The window and the outputs of a convolution.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    pub(super) outputs: usize,
    pub(super) size: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

impl Kernel {
    /// `outputs` channels from windows of `size` x `size`, at every pixel.
    pub(super) fn same(outputs: usize, size: usize) -> Self {
        Kernel { outputs, size, stride: 1, padding: size / 2 }
    }
}

impl Builder {
    /// `norm`: the normalisation after a convolution; never [`Norm::AsPublished`].
    pub(super) fn new(input: Extent, norm: Norm) -> Self {
        Builder {
            norm,
            input,
            extent: input,
            floats: 0,
            statistics: 0,
            multiplications: 0,
            parameters: Vec::new(),
            layers: Vec::new(),
            stages: Vec::new(),
        }
    }

    pub(super) fn normalises_nothing(&self) -> bool {
        self.norm == Norm::None
    }

    pub(super) fn finish(self, classes: usize) -> Architecture {
        debug_assert!(self.layers.is_empty(), "every layer is in a stage");
        let (input, stages, parameters, statistics) = (self.input, self.stages, self.parameters, self.statistics);
        Architecture { input, classes, stages, parameters, statistics }
    }

    /// The layers since the last one are a stage, with a table of its own.
    pub(super) fn end_stage(&mut self, name: &str) {
        let first = self.stages.last().map_or(0, |stage| stage.rows.end);
        self.floats = self.floats.next_multiple_of(WIDTH);
        names::name(name, &self.layers, &mut self.parameters);
        self.stages.push(Stage {
            name: name.to_owned(),
            layers: take(&mut self.layers),
            rows: first..(self.floats / WIDTH) as u32,
            multiplications: take(&mut self.multiplications),
        });
    }

    /// A parameter behind the last one; the end of its stage names it.
    fn parameter(&mut self, shape: Vec<usize>, initial: Initial) -> usize {
        let floats: usize = shape.iter().product();
        let first = self.floats.next_multiple_of(ALIGNED);
        let range = first..first + floats;
        self.floats = range.end;
        self.parameters.push(Parameter { name: String::new(), range, shape, initial });
        self.parameters.len() - 1
    }

    pub(super) fn layer(&mut self, layer: Layer) {
        self.layers.push(layer);
    }

    /// A convolution and its normalisation, with the initial weights of He et al. (2015) for rectified units.
    pub(super) fn convolution(&mut self, kernel: Kernel) {
        let Kernel { outputs, size, stride, padding } = kernel;
        let inputs = self.extent.channels;
        let bound = (6.0 / (inputs * size * size) as f32).sqrt();
        let weight = self.parameter(vec![outputs, inputs, size, size], Initial::Even(bound));
        let bias = (self.norm == Norm::None).then(|| self.parameter(vec![outputs], Initial::Constant(0.0)));
        let side = |pixels: usize| (pixels + 2 * padding - size) / stride + 1;
        let (height, width) = (side(self.extent.height), side(self.extent.width));
        self.extent = Extent { channels: outputs, height, width };
        self.multiplications += (height * width * outputs * inputs * size * size) as u64;
        self.layer(Layer::Convolution { weight, bias, stride, padding });
        self.normalise();
    }

    fn normalise(&mut self) {
        let channels = self.extent.channels;
        if self.norm == Norm::None {
            return;
        }
        let scale = self.parameter(vec![channels], Initial::Constant(1.0));
        self.parameter(vec![channels], Initial::Constant(0.0));
        if self.norm == Norm::Batch {
            let statistics = self.statistics..self.statistics + 2 * channels;
            self.statistics = statistics.end;
            self.layer(Layer::BatchNorm { scale, statistics });
        } else {
            self.layer(Layer::GroupNorm { scale, groups: groups(channels) });
        }
    }

    /// A convolution, its normalisation, and rectified units.
    pub(super) fn rectified(&mut self, kernel: Kernel) {
        self.convolution(kernel);
        self.layer(Layer::Relu);
    }

    /// A fully connected layer on all activations.
    pub(super) fn linear(&mut self, outputs: usize) {
        let Extent { channels, height, width } = self.extent;
        let inputs = channels * height * width;
        let bound = (3.0 / inputs as f32).sqrt();
        let weight = self.parameter(vec![outputs, inputs], Initial::Even(bound));
        let bias = self.parameter(vec![outputs], Initial::Constant(0.0));
        self.multiplications += (inputs * outputs) as u64;
        self.extent = Extent { channels: outputs, height: 1, width: 1 };
        self.layer(Layer::Linear { weight, bias });
    }

    pub(super) fn max_pool(&mut self, size: usize, stride: usize, padding: usize) {
        self.pool(Window { size, stride, padding }, Layer::MaxPool);
    }

    pub(super) fn mean_pool(&mut self, size: usize, stride: usize, padding: usize) {
        self.pool(Window { size, stride, padding }, Layer::MeanPool);
    }

    fn pool(&mut self, window: Window, layer: impl Fn(Window) -> Layer) {
        let Window { size, stride, padding } = window;
        let side = |pixels: usize| (pixels + 2 * padding - size).div_ceil(stride) + 1;
        let (height, width) = (side(self.extent.height), side(self.extent.width));
        self.extent = Extent { height, width, ..self.extent };
        self.layer(layer(window));
    }

    pub(super) fn global_mean(&mut self) {
        self.extent = Extent { height: 1, width: 1, ..self.extent };
        self.layer(Layer::GlobalMean);
    }

    /// Parallel paths, joined along the channels.
    pub(super) fn branches(&mut self, branches: &[&dyn Fn(&mut Builder)]) {
        let (before, extent) = (take(&mut self.layers), self.extent);
        let (mut paths, mut channels) = (Vec::new(), 0);
        for branch in branches {
            self.extent = extent;
            branch(self);
            channels += self.extent.channels;
            paths.push(take(&mut self.layers));
        }
        self.extent.channels = channels;
        self.layers = before;
        self.layer(Layer::Branches(paths));
    }

    pub(super) fn residual(&mut self, body: impl Fn(&mut Builder)) {
        let before = take(&mut self.layers);
        body(self);
        let body = std::mem::replace(&mut self.layers, before);
        self.layer(Layer::Residual(body));
    }

    /// An auxiliary classifier on the input of the next layer.
    pub(super) fn auxiliary(&mut self, weight: f32, body: impl Fn(&mut Builder)) {
        let (before, extent) = (take(&mut self.layers), self.extent);
        body(self);
        self.extent = extent;
        let body = std::mem::replace(&mut self.layers, before);
        self.layer(Layer::Auxiliary(body, weight));
    }
}

/// Groups of at least 8 channels, at most 32 groups, all of one size.
fn groups(channels: usize) -> usize {
    (1..=32.min((channels / 8).max(1))).rev().find(|groups| channels.is_multiple_of(*groups)).expect("1 divides all")
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn groups_are_even() {
        assert_eq!([4, 8, 16, 24, 64, 112, 192, 256, 1024].map(groups), [1, 1, 2, 3, 8, 14, 24, 32, 32]);
    }
}
