//! The command line of `experiments calibrate`.

use std::path::PathBuf;

use clap::Args;
#[cfg(feature = "torch")]
use gaia_core::workload::ic::config::{NETWORKS, NetworkName};
#[cfg(feature = "torch")]
use gaia_core::workload::ic::device::DeviceChoice;
#[cfg(feature = "torch")]
use record::suggest;
#[cfg(feature = "torch")]
use thiserror::Error;

use crate::arguments::seconds_to;

/// The arguments of `experiments calibrate`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct CalibrateArgs {
    /// File to write; specs refer to it as `machines: this-host.yaml`
    #[arg(value_name = "FILE", default_value = "this-host.yaml")]
    pub file: PathBuf,
    /// Cores per machine; rates of one core are multiplied by this number [default: all cores of this host]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub cores: Option<u16>,
    /// Rank at which rating updates are measured
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub rank: u32,
    /// Number of topics at which tokens are measured
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..=4096))]
    pub topics: u32,
    /// Repetitions per rate; the rate is their median
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repetitions: u32,
    /// Least processor seconds per repetition
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, value_parser = seconds_to::<3600>)]
    pub seconds: f64,
    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
    /// Options of the measurement of training on images.
    #[cfg(feature = "torch")]
    #[command(flatten)]
    pub images: ImageArgs,
}

/// Options of `experiments calibrate` for training on images, in a build with libtorch.
#[cfg(feature = "torch")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct ImageArgs {
    /// Network whose training is measured
    #[arg(long, value_name = "NAME", default_value = "cifar10-quick", value_parser = network)]
    pub network: NetworkName,
    /// Number of images per step
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch: u32,
    /// Device for the training: `auto` (CUDA if available), `cpu` or `cuda:N`
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
}

/// A name that no network has.
#[cfg(feature = "torch")]
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no network has this name{hint}")]
struct UnknownNetwork {
    /// The nearest name, and all of them.
    hint: String,
}

/// The network of this name in specs.
#[cfg(feature = "torch")]
fn network(name: &str) -> Result<NetworkName, UnknownNetwork> {
    let named = NETWORKS.into_iter().find(|network| network.name() == name);
    named.ok_or_else(|| UnknownNetwork { hint: suggest::hint(name, &NETWORKS.map(NetworkName::name)) })
}
