//! A network at work: forward, backward and the step of stochastic gradient descent, on one flat array of parameters.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use datasets::images::Moments;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

use super::super::architecture::{Architecture, Layer, Parameter, Window};

/// BatchNorm's running values move by this share of the way to a batch's (PyTorch's default).
const RUNNING_SHARE: f64 = 0.1;
/// Added to a variance before its root is taken.
const EPSILON: f64 = 1e-5;

/// Constants of [`Layer::LocalResponse`] (Krizhevsky et al. 2012).
const RESPONSE: (usize, f64, f64) = (5, 1e-4, 0.75);

/// Layers that libtorch runs.
pub(super) struct TorchNetwork {
    architecture: Arc<Architecture>,
    channels_last: bool,
    device: tch::Device,
    constants: Mutex<Constants>,
}

/// Tensors that never change, on the device.
struct Constants {
    /// The factor of a pixel's byte, by channel.
    scale: Tensor,
    /// Added to a scaled pixel, by channel.
    shift: Tensor,
    /// For every number of channels that local response layers have: which channels are neighbours.
    neighbours: Vec<(i64, Tensor)>,
}

/// Constants of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) rate: f64,
    pub(super) momentum: f64,
    pub(super) weight_decay: f64,
}

/// The source of dropout's draws.
pub(super) enum Draws<'a> {
    /// A stream of one worker: libtorch's generator of the CPU is the whole process's.
    Own(&'a mut ChaCha8Rng),
    /// The device's generator, seeded in this worker's turn.
    Device,
}

/// A worker's arrays on the device.
pub(super) struct Arrays {
    pub(super) parameters: Tensor,
    pub(super) momentum: Tensor,
    pub(super) statistics: Tensor,
}

/// Images as bytes (count, channels, height, width) and their classes as integers.
pub(super) struct Batch {
    pub(super) images: Tensor,
    pub(super) labels: Tensor,
}

impl Batch {
    /// The same on `device`.
    pub(super) fn on(&self, device: tch::Device) -> Batch {
        Batch { images: self.images.to_device(device), labels: self.labels.to_device(device) }
    }
}

/// One way through the layers.
struct Pass<'a> {
    weights: &'a [Tensor],
    statistics: &'a Tensor,
    training: Option<Training<'a>>,
}

struct Training<'a> {
    labels: &'a Tensor,
    draws: Draws<'a>,
    auxiliary_loss: Option<Tensor>,
}

impl TorchNetwork {
    /// Pixels are brought to mean 0 and deviation 1 by `moments`.
    pub(super) fn new(
        architecture: Arc<Architecture>,
        channels_last: bool,
        device: tch::Device,
        moments: &Moments,
    ) -> Self {
        let by_channel = moments.mean.iter().zip(&moments.deviation);
        let (scale, shift): (Vec<f32>, Vec<f32>) =
            by_channel.map(|(mean, deviation)| (1.0 / (255.0 * deviation), -mean / deviation)).unzip();
        let shape = if channels_last { [1, 1, 1, -1] } else { [1, -1, 1, 1] };
        let constant = |values: &[f32]| Tensor::from_slice(values).view(shape).to_device(device);
        let constants = Constants { scale: constant(&scale), shift: constant(&shift), neighbours: Vec::new() };
        TorchNetwork { architecture, channels_last, device, constants: Mutex::new(constants) }
    }

    /// One step on one batch, in place.
    pub(super) fn step(&self, arrays: &mut Arrays, batch: &Batch, step: &Step, draws: Draws<'_>) {
        let weights = self.weights(&arrays.parameters, true);
        let training = Training { labels: &batch.labels, draws, auxiliary_loss: None };
        let mut pass = Pass { weights: &weights, statistics: &arrays.statistics, training: Some(training) };
        let scores = self.forward(self.scaled(&batch.images), &mut pass);
        let mut loss = scores.cross_entropy_for_logits(&batch.labels);
        if let Some(more) = pass.training.and_then(|training| training.auxiliary_loss) {
            loss += more;
        }
        let gradients = Tensor::run_backward(&[&loss], &weights, false, false);
        drop(weights);
        tch::no_grad(|| {
            let Arrays { parameters, momentum, .. } = arrays;
            let _ = momentum.g_mul_scalar_(step.momentum);
            let _ = momentum.g_add_(&self.flat(&gradients));
            if step.weight_decay > 0.0 {
                let _ = momentum.g_add_(&(&*parameters * step.weight_decay));
            }
            let _ = parameters.g_sub_(&(&*momentum * step.rate));
        });
    }

    /// The sum of losses and the number of wrong answers.
    pub(super) fn judge(&self, parameters: &Tensor, statistics: &Tensor, batch: &Batch) -> (f64, u64) {
        tch::no_grad(|| {
            let weights = self.weights(parameters, false);
            let mut pass = Pass { weights: &weights, statistics, training: None };
            let scores = self.forward(self.scaled(&batch.images), &mut pass);
            let of_label = scores.log_softmax(-1, Kind::Float).gather(1, &batch.labels.unsqueeze(1), false);
            let loss = -of_label.sum(Kind::Double).double_value(&[]);
            let right = scores.argmax(-1, false).eq_tensor(&batch.labels).sum(Kind::Int64).int64_value(&[]);
            (loss, batch.labels.size()[0] as u64 - right as u64)
        })
    }

    /// Every parameter as a view of the flat array, which begins where its storage begins.
    fn weights(&self, parameters: &Tensor, trained: bool) -> Vec<Tensor> {
        let view = |parameter: &Parameter| {
            let shape: Vec<i64> = parameter.shape.iter().map(|&n| n as i64).collect();
            let offset = parameter.range.start as i64;
            let strides = match shape[..] {
                [_, inputs, height, width] if self.channels_last => {
                    vec![inputs * height * width, 1, width * inputs, inputs]
                }
                [_, inputs, height, width] => vec![inputs * height * width, height * width, width, 1],
                [_, inputs] => vec![inputs, 1],
                _ => vec![1],
            };
            parameters.as_strided(shape, strides, offset).set_requires_grad(trained)
        };
        self.architecture.parameters.iter().map(view).collect()
    }

    /// Gradients, one a parameter, in the order of the flat array, with 0 where no parameter is.
    fn flat(&self, gradients: &[Tensor]) -> Tensor {
        let zeros = |len: usize| Tensor::zeros([len as i64], (Kind::Float, self.device));
        let mut pieces = Vec::with_capacity(gradients.len() * 2);
        let mut at = 0;
        for (parameter, gradient) in self.architecture.parameters.iter().zip(gradients) {
            if parameter.range.start > at {
                pieces.push(zeros(parameter.range.start - at));
            }
            let in_order = self.channels_last && parameter.shape.len() == 4;
            pieces.push(if in_order { gradient.permute([0, 2, 3, 1]).reshape([-1]) } else { gradient.reshape([-1]) });
            at = parameter.range.end;
        }
        if self.architecture.floats() > at {
            pieces.push(zeros(self.architecture.floats() - at));
        }
        Tensor::cat(&pieces, 0)
    }

    /// Bytes as numbers of mean 0 and deviation 1, laid out as the layers want them.
    fn scaled(&self, images: &Tensor) -> Tensor {
        let (scale, shift) = {
            let constants = self.constants();
            (constants.scale.shallow_clone(), constants.shift.shallow_clone())
        };
        if self.channels_last {
            let images = images.permute([0, 2, 3, 1]).contiguous().to_kind(Kind::Float);
            (images * scale + shift).permute([0, 3, 1, 2])
        } else {
            images.to_kind(Kind::Float) * scale + shift
        }
    }

    fn constants(&self) -> MutexGuard<'_, Constants> {
        self.constants.lock().expect("nobody panics while holding it")
    }

    fn forward(&self, images: Tensor, pass: &mut Pass<'_>) -> Tensor {
        self.architecture.stages.iter().fold(images, |input, stage| self.through(&stage.layers, input, pass))
    }

    fn through(&self, layers: &[Layer], input: Tensor, pass: &mut Pass<'_>) -> Tensor {
        layers.iter().fold(input, |input, layer| self.layer(layer, input, pass))
    }

    fn layer(&self, layer: &Layer, input: Tensor, pass: &mut Pass<'_>) -> Tensor {
        let weights = pass.weights;
        match *layer {
            Layer::Convolution { weight, bias, stride, padding } => {
                let (stride, padding) = ([stride as i64; 2], [padding as i64; 2]);
                let bias = bias.map(|bias| &weights[bias]);
                input.conv2d(&weights[weight], bias, stride, padding, [1, 1], 1)
            }
            Layer::Linear { weight, bias } => input.flatten(1, -1).linear(&weights[weight], Some(&weights[bias])),
            Layer::BatchNorm { scale, ref statistics } => batch_norm(&input, scale, statistics, pass),
            Layer::GroupNorm { scale, groups } => {
                input.group_norm(groups as i64, Some(&weights[scale]), Some(&weights[scale + 1]), EPSILON, true)
            }
            Layer::Relu => input.relu(),
            Layer::MaxPool(Window { size, stride, padding }) => {
                let [size, stride, padding] = [size, stride, padding].map(|n| [n as i64; 2]);
                input.max_pool2d(size, stride, padding, [1, 1], true)
            }
            Layer::MeanPool(Window { size, stride, padding }) => {
                let [size, stride, padding] = [size, stride, padding].map(|n| [n as i64; 2]);
                input.avg_pool2d(size, stride, padding, true, false, None)
            }
            Layer::GlobalMean => input.adaptive_avg_pool2d([1, 1]),
            Layer::LocalResponse => self.local_response(&input),
            Layer::Dropout(share) => dropout(input, share, pass),
            Layer::Branches(ref paths) => {
                let outputs: Vec<Tensor> =
                    paths.iter().map(|path| self.through(path, input.shallow_clone(), pass)).collect();
                Tensor::cat(&outputs, 1)
            }
            Layer::Residual(ref body) => {
                let output = self.through(body, input.shallow_clone(), pass);
                (shortcut(input, &output) + output).relu()
            }
            Layer::Auxiliary(ref body, share) => {
                if pass.training.is_some() {
                    let scores = self.through(body, input.shallow_clone(), pass);
                    let training = pass.training.as_mut().expect("it was just seen");
                    let loss = scores.cross_entropy_for_logits(training.labels) * f64::from(share);
                    training.auxiliary_loss = Some(match training.auxiliary_loss.take() {
                        Some(before) => before + loss,
                        None => loss,
                    });
                }
                input
            }
        }
    }

    /// A sum over neighbouring channels is a 1 x 1 convolution with ones near the diagonal.
    fn local_response(&self, input: &Tensor) -> Tensor {
        let (size, alpha, beta) = RESPONSE;
        let neighbours = self.neighbours(input.size()[1], size as i64);
        let sums = input.square().conv2d(&neighbours, None::<&Tensor>, [1, 1], [0, 0], [1, 1], 1);
        input * (sums * (alpha / size as f64) + 1.0).pow_tensor_scalar(-beta)
    }

    fn neighbours(&self, channels: i64, size: i64) -> Tensor {
        let known = &mut self.constants().neighbours;
        if let Some((_, tensor)) = known.iter().find(|&&(of, _)| of == channels) {
            return tensor.shallow_clone();
        }
        let ones: Vec<f32> = (0..channels * channels)
            .map(|k| if (k / channels - k % channels).abs() <= size / 2 { 1.0 } else { 0.0 })
            .collect();
        let tensor = Tensor::from_slice(&ones).view([channels, channels, 1, 1]).to_device(self.device);
        known.push((channels, tensor.shallow_clone()));
        tensor
    }
}

fn batch_norm(input: &Tensor, scale: usize, statistics: &Range<usize>, pass: &Pass<'_>) -> Tensor {
    let channels = statistics.len() as i64 / 2;
    let mean = pass.statistics.narrow(0, statistics.start as i64, channels);
    let variance = pass.statistics.narrow(0, statistics.start as i64 + channels, channels);
    let (scale, shift) = (&pass.weights[scale], &pass.weights[scale + 1]);
    let training = pass.training.is_some();
    input.batch_norm(Some(scale), Some(shift), Some(&mean), Some(&variance), training, RUNNING_SHARE, EPSILON, true)
}

fn dropout(input: Tensor, share: f32, pass: &mut Pass<'_>) -> Tensor {
    let Some(training) = &mut pass.training else { return input };
    match &mut training.draws {
        Draws::Device => input.dropout(f64::from(share), true),
        Draws::Own(random) => {
            let least = (f64::from(share) * f64::from(u32::MAX)) as u32;
            let kept = 1.0 / (1.0 - share);
            let factors: Vec<f32> =
                (0..input.numel()).map(|_| if random.next_u32() >= least { kept } else { 0.0 }).collect();
            let factors = Tensor::from_slice(&factors).view(input.size().as_slice());
            input * factors
        }
    }
}

/// `input` in the shape of `output`: where that has half the pixels, every second one; zeros for the channels it lacks.
fn shortcut(input: Tensor, output: &Tensor) -> Tensor {
    let (from, to) = (input.size(), output.size());
    if from == to {
        return input;
    }
    let half = input.slice(2, 0, None, 2).slice(3, 0, None, 2);
    half.constant_pad_nd([0, 0, 0, 0, 0, to[1] - from[1]])
}
