//! The networks, one function each, as their papers have them.

use thiserror::Error;

use super::architecture::{Architecture, Extent, Layer};
use super::builder::{Builder, Kernel};
use super::config::{Ic, NetworkName};

/// Smallest and largest side for the small networks, in pixels.
const SMALL: std::ops::RangeInclusive<usize> = 24..=64;

/// The weight of an auxiliary head's loss (Szegedy et al. 2015, section 5).
const AUXILIARY_WEIGHT: f32 = 0.3;

/// Images that a network cannot take.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{network}` takes images of {expected}, and the data's are {found}{suggestion}")]
pub struct UnfitImages {
    network: &'static str,
    expected: &'static str,
    found: String,
    suggestion: &'static str,
}

/// The network that `config` names, for images of extent `input` and `classes` classes.
///
/// # Errors
/// Returns an error if the network is made for other images.
pub fn architecture(config: &Ic, input: Extent, classes: usize) -> Result<Architecture, UnfitImages> {
    check(config.network, input)?;
    let mut builder = Builder::new(input, config.norm.of(config.network));
    match config.network {
        NetworkName::GoogLeNet => googlenet(&mut builder, classes),
        NetworkName::SmallInception => small_inception(&mut builder, classes),
        NetworkName::ResNet20 => resnet_20(&mut builder, classes),
        NetworkName::Cifar10Quick => cifar10_quick(&mut builder, classes),
    }
    Ok(builder.finish(classes))
}

fn check(network: NetworkName, input: Extent) -> Result<(), UnfitImages> {
    let Extent { channels, height, width } = input;
    let (fits, expected) = match network {
        NetworkName::GoogLeNet => (height == 224 && width == 224, "224 x 224"),
        _ => (SMALL.contains(&height) && SMALL.contains(&width), "24 x 24 to 64 x 64"),
    };
    if fits {
        return Ok(());
    }
    let suggestion = match network {
        NetworkName::GoogLeNet if SMALL.contains(&height) && SMALL.contains(&width) => {
            ": `small-inception` takes these"
        }
        _ if height == 224 && width == 224 => ": `googlenet` takes these",
        _ => "",
    };
    let found = format!("{height} x {width} with {channels} channels");
    Err(UnfitImages { network: network.name(), expected, found, suggestion })
}

/// Krizhevsky's small network as Caffe's examples have it: 145,578 parameters for CIFAR-10.
fn cifar10_quick(net: &mut Builder, classes: usize) {
    net.convolution(Kernel::same(32, 5));
    net.max_pool(3, 2, 0);
    net.layer(Layer::Relu);
    net.end_stage("conv1");
    net.rectified(Kernel::same(32, 5));
    net.mean_pool(3, 2, 0);
    net.end_stage("conv2");
    net.rectified(Kernel::same(64, 5));
    net.mean_pool(3, 2, 0);
    net.end_stage("conv3");
    net.linear(64);
    net.end_stage("ip1");
    net.linear(classes);
    net.end_stage("ip2");
}

/// He et al. (2016), section 4.2, n = 3: 269,722 parameters for CIFAR-10.
fn resnet_20(net: &mut Builder, classes: usize) {
    net.rectified(Kernel::same(16, 3));
    net.end_stage("conv1");
    for (group, channels) in [16, 32, 64].into_iter().enumerate() {
        for block in 0..3 {
            let stride = if group > 0 && block == 0 { 2 } else { 1 };
            net.residual(|net| {
                net.rectified(Kernel { stride, ..Kernel::same(channels, 3) });
                net.convolution(Kernel::same(channels, 3));
            });
        }
        net.end_stage(&format!("group{}", group + 1));
    }
    net.global_mean();
    net.linear(classes);
    net.end_stage("fc");
}

/// Channels of an inception module's paths: 1 x 1; reduction and 3 x 3; reduction and 5 x 5; behind the pool.
struct Inception {
    one: usize,
    three: [usize; 2],
    five: [usize; 2],
    pool: usize,
}

fn inception(net: &mut Builder, channels: &Inception) {
    let Inception { one, three, five, pool } = *channels;
    net.branches(&[
        &|net| net.rectified(Kernel::same(one, 1)),
        &|net| {
            net.rectified(Kernel::same(three[0], 1));
            net.rectified(Kernel::same(three[1], 3));
        },
        &|net| {
            net.rectified(Kernel::same(five[0], 1));
            net.rectified(Kernel::same(five[1], 5));
        },
        &|net| {
            net.max_pool(3, 1, 1);
            net.rectified(Kernel::same(pool, 1));
        },
    ]);
}

/// Three modules behind a small stem.
fn small_inception(net: &mut Builder, classes: usize) {
    net.rectified(Kernel::same(32, 3));
    net.max_pool(3, 2, 0);
    net.end_stage("stem");
    inception(net, &Inception { one: 16, three: [16, 32], five: [8, 16], pool: 16 });
    net.max_pool(3, 2, 0);
    net.end_stage("inception1");
    inception(net, &Inception { one: 32, three: [32, 64], five: [8, 16], pool: 16 });
    net.max_pool(3, 2, 0);
    net.end_stage("inception2");
    inception(net, &Inception { one: 48, three: [48, 96], five: [16, 32], pool: 32 });
    net.end_stage("inception3");
    net.global_mean();
    net.linear(classes);
    net.end_stage("fc");
}

/// Szegedy et al. (2015), Table 1: 6,998,552 parameters for 1000 classes, auxiliary heads left out.
fn googlenet(net: &mut Builder, classes: usize) {
    let plain = net.normalises_nothing();
    net.rectified(Kernel { outputs: 64, size: 7, stride: 2, padding: 3 });
    net.max_pool(3, 2, 0);
    if plain {
        net.layer(Layer::LocalResponse);
    }
    net.rectified(Kernel::same(64, 1));
    net.rectified(Kernel::same(192, 3));
    if plain {
        net.layer(Layer::LocalResponse);
    }
    net.max_pool(3, 2, 0);
    net.end_stage("stem");
    for (name, channels) in GOOGLENET {
        inception(net, &channels);
        match name {
            "inception3b" | "inception4e" => net.max_pool(3, 2, 0),
            "inception4a" | "inception4d" => net.auxiliary(AUXILIARY_WEIGHT, |net| {
                net.mean_pool(5, 3, 0);
                net.rectified(Kernel::same(128, 1));
                net.linear(1024);
                net.layer(Layer::Relu);
                net.layer(Layer::Dropout(0.7));
                net.linear(classes);
            }),
            _ => {}
        }
        net.end_stage(name);
    }
    net.global_mean();
    net.layer(Layer::Dropout(0.4));
    net.linear(classes);
    net.end_stage("fc");
}

const GOOGLENET: [(&str, Inception); 9] = [
    ("inception3a", Inception { one: 64, three: [96, 128], five: [16, 32], pool: 32 }),
    ("inception3b", Inception { one: 128, three: [128, 192], five: [32, 96], pool: 64 }),
    ("inception4a", Inception { one: 192, three: [96, 208], five: [16, 48], pool: 64 }),
    ("inception4b", Inception { one: 160, three: [112, 224], five: [24, 64], pool: 64 }),
    ("inception4c", Inception { one: 128, three: [128, 256], five: [24, 64], pool: 64 }),
    ("inception4d", Inception { one: 112, three: [144, 288], five: [32, 64], pool: 64 }),
    ("inception4e", Inception { one: 256, three: [160, 320], five: [32, 128], pool: 128 }),
    ("inception5a", Inception { one: 256, three: [160, 320], five: [32, 128], pool: 128 }),
    ("inception5b", Inception { one: 384, three: [192, 384], five: [48, 128], pool: 128 }),
];

#[cfg(test)]
mod tests {
    use super::super::config::{NETWORKS, Norm};
    use super::*;

    fn built(network: NetworkName, norm: Norm, channels: usize, side: usize, classes: usize) -> Architecture {
        let input = Extent { channels, height: side, width: side };
        architecture(&Ic { network, norm, ..Ic::default() }, input, classes).expect("fit images")
    }

    fn in_auxiliary_heads(layers: &[Layer], parameters: &Architecture) -> usize {
        let own = |layer: &Layer| match *layer {
            Layer::Convolution { weight, bias, .. } => std::iter::once(weight).chain(bias).collect(),
            Layer::Linear { weight, bias } => vec![weight, bias],
            _ => Vec::new(),
        };
        let heads = layers.iter().filter_map(|layer| match layer {
            Layer::Auxiliary(body, _) => Some(body),
            _ => None,
        });
        heads.flatten().flat_map(own).map(|number| parameters.parameters[number].range.len()).sum()
    }

    #[test]
    fn parameters_are_as_published() {
        assert_eq!(built(NetworkName::Cifar10Quick, Norm::AsPublished, 3, 32, 10).parameter_count(), 145_578);
        assert_eq!(built(NetworkName::ResNet20, Norm::AsPublished, 3, 32, 10).parameter_count(), 269_722);
        let googlenet = built(NetworkName::GoogLeNet, Norm::AsPublished, 3, 224, 1000);
        let heads: usize = googlenet.stages.iter().map(|stage| in_auxiliary_heads(&stage.layers, &googlenet)).sum();
        assert_eq!(googlenet.parameter_count() - heads, 6_998_552);
        // Of each: 1 x 1 to 128 channels from 512 or 528, 2048 to 1024, 1024 to 1000.
        assert_eq!(heads, 2 * (128 + 2048 * 1024 + 1024 + 1024 * 1000 + 1000) + 128 * (512 + 528));
    }

    #[test]
    fn multiplications_are_as_published() {
        // Szegedy et al., Table 1: "about 1.5 billion multiply-adds"; its rows add up to 1.58.
        let heads = 16 * 128 * (512 + 528) + 2 * (2048 * 1024 + 1024 * 1000);
        let googlenet = built(NetworkName::GoogLeNet, Norm::AsPublished, 3, 224, 1000).multiplications() - heads;
        assert!((1.57e9..1.6e9).contains(&(googlenet as f64)), "{googlenet}");
        // He et al.'s network has 40.8 million.
        let resnet = built(NetworkName::ResNet20, Norm::AsPublished, 3, 32, 10).multiplications();
        assert!((40.5e6..41e6).contains(&(resnet as f64)), "{resnet}");
    }

    #[test]
    fn parameters_fill_the_tables_without_overlap() {
        for network in NETWORKS {
            for norm in [Norm::None, Norm::Batch, Norm::Group] {
                let side = if network == NetworkName::GoogLeNet { 224 } else { 28 };
                let built = built(network, norm, 1, side, 7);
                assert_eq!(built.layout().floats(), built.floats());
                let mut at = 0;
                for parameter in &built.parameters {
                    assert!(
                        parameter.range.start >= at && parameter.range.start - at < super::super::architecture::WIDTH
                    );
                    assert_eq!(parameter.range.len(), parameter.shape.iter().product::<usize>());
                    at = parameter.range.end;
                }
                assert!(built.floats() >= at && built.parameter_count() <= at);
                assert_eq!(built.statistics > 0, norm == Norm::Batch);
            }
        }
    }

    #[test]
    fn unfit_images_are_told_with_a_network_that_takes_them() {
        let error = |network, side| {
            let input = Extent { channels: 3, height: side, width: side };
            architecture(&Ic { network, ..Ic::default() }, input, 10).expect_err("unfit").to_string()
        };
        assert_eq!(
            error(NetworkName::GoogLeNet, 32),
            "`googlenet` takes images of 224 x 224, and the data's are 32 x 32 with 3 channels: `small-inception` takes these"
        );
        assert_eq!(
            error(NetworkName::ResNet20, 100),
            "`resnet-20` takes images of 24 x 24 to 64 x 64, and the data's are 100 x 100 with 3 channels"
        );
    }
}
