//! `experiments calibrate`: the rates of this host, as a machine kind that specs can name (`machines: this-host.yaml`).
//!
//! What is measured is what machines do: a worker's clock of each workload, and a shard's work on its rows, with the
//! kernels that runs use (`measure`). Everything is timed on one thread in seconds of processor time, so that other
//! programs disturb little; workers' rates are then multiplied by the cores that a machine is to have, which takes perfect
//! scaling and no memory wall. A shard does one thing at a time, so that its rates are those of one core.
//!
//! A build with libtorch measures training on images too, on a GPU by the wall clock and as the whole machine's.
//!
//! `probe` measures the same kernels in a fraction of a second each, for estimates, and caches the results.
//!
//! A rate is the median of several repetitions; what they spread over is written down beside it.

mod args;
#[cfg(feature = "torch")]
mod images;
pub mod measure;
pub mod probe;

use std::path::Path;

use gaia_core::cost::{IcRate, LdaRate, MachineKind, MfRate, ServerRates};
use gaia_core::simd::Isa;
use gaia_core::workload::ic::config::Network;
#[cfg(not(feature = "torch"))]
use {datasets::images::ImageShape, gaia_core::workload::ic::config::Ic};

pub use self::args::CalibrateArgs;
#[cfg(feature = "torch")]
pub use self::args::ImageArgs;
use self::images::train;
use self::measure::{Effort, Rate, Server};
use record::failure::Failure;
use record::place::{self, Existing};
use record::results::atomic;
use record::results::manifest::Host;

/// A choice, as in the built-in kinds: how much a machine's durations differ from each other was not measured.
const JITTER: f64 = 0.05;

/// What a build without libtorch says of image classification.
const NO_LIBTORCH: &str = "ic is the default of all kinds, not measured: that needs libtorch.";

/// All rates of one thread.
struct Rates {
    mf: Rate,
    lda: Rate,
    server: Server,
    /// In a build with libtorch.
    ic: Option<Trained>,
}

/// Images that a worker trains on.
struct Trained {
    /// Of one thread on the CPU; of the whole machine on a GPU.
    rate: Rate,
    network: Network,
    batch: u32,
    /// Of one image's forward pass.
    multiplications: u64,
    device: String,
    is_gpu: bool,
}

/// Without libtorch nothing is trained.
#[cfg(not(feature = "torch"))]
mod images {
    use super::*;

    pub(super) fn train(_: &CalibrateArgs, _: Effort) -> Result<Option<Trained>, Failure> {
        Ok(None)
    }

    pub(super) fn pace(_: Ic, _: ImageShape, _: u32, _: Effort) -> Option<probe::Pace> {
        None
    }
}

/// Measures this host, writes its machine kind, and gives what to show.
pub fn command(args: &CalibrateArgs) -> Result<String, Failure> {
    let path = args.file.as_path();
    // Before half a minute of measuring, not after.
    place::check(path, Existing::forced(args.force), None).map_err(Failure::input)?;
    let isa = Isa::detect();
    let effort = Effort { repetitions: args.repetitions, seconds: args.seconds };
    // First, as it may be told that the device is not here.
    let ic = train(args, effort)?;
    let rates = Rates {
        mf: measure::updates(args.rank, isa, effort),
        lda: measure::tokens(args.topics, isa, effort),
        server: measure::server(isa, effort),
        ic,
    };
    let host = Host::this(1);
    let cores = args.cores.map_or(host.threads as u32, u32::from);
    let kind = kind(args, &rates, &host, cores, isa);
    let text = serde_yaml::to_string(&kind).expect("a machine kind has text keys and finite numbers");
    atomic::write(path, text.as_bytes()).map_err(Failure::run)?;
    Ok(shown(path, args, &rates, cores))
}

fn kind(args: &CalibrateArgs, rates: &Rates, host: &Host, cores: u32, isa: Isa) -> MachineKind {
    let server = &rates.server;
    let of_cores = |rate: &Rate| significant(rate.median * f64::from(cores));
    let gb = |rate: &Rate| significant(rate.median / 1e9);
    MachineKind {
        name: name(&args.file),
        source: source(args, rates, host, cores, isa),
        fitted: Vec::new(),
        mf: MfRate { rank: args.rank, updates_per_second: of_cores(&rates.mf) },
        lda: LdaRate { topics: args.topics, tokens_per_second: of_cores(&rates.lda) },
        ic: rates.ic.as_ref().map_or_else(IcRate::default, |ic| ic.rate(cores)),
        server: ServerRates {
            apply_gb_per_second: gb(&server.apply),
            filter_gb_per_second: gb(&server.filter),
            encode_gb_per_second: gb(&server.encode),
            decode_gb_per_second: gb(&server.decode),
        },
        nic: None,
        jitter: JITTER,
    }
}

/// Host, date and method, for people.
fn source(args: &CalibrateArgs, rates: &Rates, host: &Host, cores: u32, isa: Isa) -> String {
    let processor = host.processor.as_deref().unwrap_or("an unknown processor");
    let name = host.name.as_deref().unwrap_or("an unknown host");
    let date = host.started.split('T').next().unwrap_or(&host.started);
    let spreads: Vec<String> =
        rates.all().iter().map(|(what, rate)| format!("{what} {:.1} %", rate.spread() * 100.0)).collect();
    format!(
        "measured on {name} ({processor}, {isa}) on {date} by `experiments calibrate`: medians of {} repetitions of at \
         least {} s of processor time on one thread; mf and lda times {}, which takes perfect scaling; server \
         on one core, which is what a shard works with. {} Largest less smallest over the median: {}; jitter is a choice",
        args.repetitions,
        args.seconds,
        counted(cores),
        rates.ic.as_ref().map_or_else(|| NO_LIBTORCH.to_owned(), |ic| ic.source(cores)),
        spreads.join(", ")
    )
}

impl Rates {
    fn all(&self) -> Vec<(&'static str, &Rate)> {
        let Server { apply, filter, encode, decode } = &self.server;
        let ic = self.ic.iter().map(|ic| ("ic", &ic.rate));
        let others = [("apply", apply), ("filter", filter), ("encode", encode), ("decode", decode)];
        [("mf", &self.mf), ("lda", &self.lda)].into_iter().chain(ic).chain(others).collect()
    }
}

impl Trained {
    /// The machine's.
    fn rate(&self, cores: u32) -> IcRate {
        IcRate {
            billion_multiplications: significant(self.multiplications as f64 / 1e9),
            images_per_second: significant(self.rate.median * f64::from(self.threads(cores))),
        }
    }

    /// What the rate is multiplied by.
    fn threads(&self, cores: u32) -> u32 {
        if self.is_gpu { 1 } else { cores }
    }

    /// For people.
    fn source(&self, cores: u32) -> String {
        let (network, batch, device) = (self.network.name(), self.batch, &self.device);
        let how =
            if self.is_gpu { "seconds of the wall clock".to_owned() } else { format!("times {}", counted(cores)) };
        format!("ic: {network} in batches of {batch} on {device}, {how}.")
    }
}

/// `8 cores`.
fn counted(cores: u32) -> String {
    format!("{cores} {}", if cores == 1 { "core" } else { "cores" })
}

fn shown(path: &Path, args: &CalibrateArgs, rates: &Rates, cores: u32) -> String {
    let ic = rates.ic.iter().map(|ic| {
        (
            format!("images/s of {} in batches of {} on {}", ic.network.name(), ic.batch, ic.device),
            1.0,
            ic.threads(cores),
        )
    });
    let workers = [
        (format!("M rating updates/s at rank {}", args.rank), 1e6, cores),
        (format!("M tokens/s at {} topics", args.topics), 1e6, cores),
    ];
    let server = std::iter::repeat(("GB/s".to_owned(), 1e9, 1));
    let units = workers.into_iter().chain(ic).chain(server);
    let mut text = format!("{:<8}{:>12}{:>8}{:>8}{:>12}\n", "", "one core", "spread", "cores", "machine");
    for ((what, rate), (unit, scale, cores)) in rates.all().into_iter().zip(units) {
        let (one, all) = (rate.median / scale, rate.median / scale * f64::from(cores));
        text += &format!("{what:<8}{one:>12.3}{:>7.1}%{cores:>8}{all:>12.3}  {unit}\n", rate.spread() * 100.0);
    }
    text + &format!("\n{}: in a spec, `machines: {}`, relative to the spec's folder\n", path.display(), path.display())
}

/// The file's name without its ending.
fn name(file: &Path) -> String {
    file.file_stem().map_or_else(|| "this-host".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// To four digits: more was not measured.
fn significant(value: f64) -> f64 {
    format!("{value:.3e}").parse().expect("a number in scientific form is one")
}
