//! The command: measures every workload and a shard, and writes them as a machine kind.

use std::path::Path;

use gaia_core::rates::{MachineKind, ServerRates};
use gaia_core::simd::Isa;
use record::failure::Failure;
use record::place::{self, Existing};
use record::results::atomic;
use record::results::manifest::Host;

use super::args::CalibrateArgs;
use super::measure::{self, Effort, Rate, Server, four_digits};
use crate::workload::kind::Calibrated;
use crate::workload::list::Kind;

/// A choice, as in the built-in kinds: how much a machine's durations differ from each other was not measured.
const JITTER: f64 = 0.05;

/// All rates of one thread.
struct Rates {
    /// Of the workloads that this build can run, by name.
    workloads: Vec<(&'static str, Calibrated)>,
    server: Server,
}

/// Measures this host, writes its machine kind, and gives what to show.
///
/// # Errors
/// [`Failure::Input`] for a device that is not here or a file that may not be replaced, [`Failure::Run`] when it cannot be written.
pub fn command(args: &CalibrateArgs) -> Result<String, Failure> {
    let path = args.file.as_path();
    // Before half a minute of measuring, not after.
    place::check(path, Existing::forced(args.force), None).map_err(Failure::input)?;
    let isa = Isa::detect();
    let effort = Effort { repetitions: args.repetitions, seconds: args.seconds };
    let mut workloads = Vec::new();
    for kind in Kind::ALL {
        workloads.extend(kind.calibrate(args, isa, effort)?.map(|rate| (kind.about().name, rate)));
    }
    let rates = Rates { workloads, server: measure::server(isa, effort) };
    let host = Host::this(1);
    let cores = args.cores.map_or(host.threads as u32, u32::from);
    let shown = shown(path, &rates, cores);
    let source = source(args, &rates, &host, cores, isa);
    let kind = kind(name(&args.file), source, rates, cores);
    let text = serde_yaml::to_string(&kind).expect("a machine kind has text keys and finite numbers");
    atomic::write(path, text.as_bytes()).map_err(Failure::run)?;
    Ok(shown)
}

fn kind(name: String, source: String, rates: Rates, cores: u32) -> MachineKind {
    let gb = |rate: &Rate| four_digits(rate.median / 1e9);
    let server = &rates.server;
    let server_rates = ServerRates {
        apply_gb_per_second: gb(&server.apply),
        filter_gb_per_second: gb(&server.filter),
        encode_gb_per_second: gb(&server.encode),
        decode_gb_per_second: gb(&server.decode),
    };
    // The rates of workloads that are measured are entered below.
    let mut kind = MachineKind { jitter: JITTER, ..MachineKind::of_servers(name, source, server_rates) };
    for (_, calibrated) in rates.workloads {
        let rate = four_digits(calibrated.rate.median * f64::from(calibrated.cores(cores)));
        (calibrated.enter)(&mut kind, rate);
    }
    kind
}

/// Host, date and method, for people.
fn source(args: &CalibrateArgs, rates: &Rates, host: &Host, cores: u32, isa: Isa) -> String {
    let processor = host.processor.as_deref().unwrap_or("an unknown processor");
    let name = host.name.as_deref().unwrap_or("an unknown host");
    let date = host.started.split('T').next().unwrap_or(&host.started);
    let spreads: Vec<String> =
        rates.all().iter().map(|(what, rate)| format!("{what} {:.1} %", rate.spread() * 100.0)).collect();
    let of_cores = rates.workloads.iter().filter(|(_, rate)| rate.is_per_core).map(|(name, _)| *name);
    let unmeasured = Kind::ALL.iter().filter(|kind| rates.workloads.iter().all(|(name, _)| *name != kind.about().name));
    let defaults = unmeasured
        .map(|kind| format!(" {} is the default of all kinds, not measured: that needs libtorch.", kind.about().name));
    let how =
        rates.workloads.iter().filter(|(_, rate)| !rate.how.is_empty()).map(|(_, rate)| format!(" {}.", rate.how));
    format!(
        "measured on {name} ({processor}, {isa}) on {date} by `experiments calibrate`: medians of {} repetitions of at \
         least {} s of processor time on one thread; {} times {}, which takes perfect scaling; server \
         on one core, which is what a shard works with.{} Largest less smallest over the median: {}; jitter is a choice",
        args.repetitions,
        args.seconds,
        listed(&of_cores.collect::<Vec<_>>()),
        counted(cores),
        how.chain(defaults).collect::<String>(),
        spreads.join(", ")
    )
}

impl Rates {
    fn all(&self) -> Vec<(&'static str, &Rate)> {
        let Server { apply, filter, encode, decode } = &self.server;
        let workloads = self.workloads.iter().map(|(name, calibrated)| (*name, &calibrated.rate));
        let others = [("apply", apply), ("filter", filter), ("encode", encode), ("decode", decode)];
        workloads.chain(others).collect()
    }
}

impl Calibrated {
    /// The factor of the rate on a machine of `cores` cores.
    fn cores(&self, cores: u32) -> u32 {
        if self.is_per_core { cores } else { 1 }
    }
}

/// `mf, lda and lr`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// A number of cores in words: `8 cores`.
fn counted(cores: u32) -> String {
    format!("{cores} {}", if cores == 1 { "core" } else { "cores" })
}

fn shown(path: &Path, rates: &Rates, cores: u32) -> String {
    let workloads = rates.workloads.iter().map(|(_, rate)| (rate.unit.clone(), rate.scale, rate.cores(cores)));
    let server = std::iter::repeat(("GB/s".to_owned(), 1e9, 1));
    let mut text = format!("{:<8}{:>12}{:>8}{:>8}{:>12}\n", "", "one core", "spread", "cores", "machine");
    for ((what, rate), (unit, scale, cores)) in rates.all().into_iter().zip(workloads.chain(server)) {
        let (one, all) = (rate.median / scale, rate.median / scale * f64::from(cores));
        text += &format!("{what:<8}{one:>12.3}{:>7.1}%{cores:>8}{all:>12.3}  {unit}\n", rate.spread() * 100.0);
    }
    text + &format!("\n{}: in a spec, `machines: {}`, relative to the spec's folder\n", path.display(), path.display())
}

/// The file's name without its ending.
fn name(file: &Path) -> String {
    file.file_stem().map_or_else(|| "this-host".to_owned(), |stem| stem.to_string_lossy().into_owned())
}
