//! `experiments calibrate`: the rates of this host, as a machine kind that specs can name (`machines: this-host.yaml`).
//!
//! What is measured is what machines do: a worker's clock of each workload, and a shard's work on its rows, with the
//! kernels that runs use (`measure`). Everything is timed on one thread in seconds of processor time, so that other
//! programs disturb little; workers' rates are then multiplied by the cores that a machine is to have, which takes perfect
//! scaling and no memory wall. A shard does one thing at a time, so that its rates are those of one core.
//!
//! A rate is the median of several repetitions; what they spread over is written down beside it.

mod measure;

use std::path::Path;

use gaia_core::cost::{IcRate, LdaRate, MachineKind, MfRate, ServerRates};
use gaia_core::simd::Isa;
use thiserror::Error;

use self::measure::{Effort, Rate, Server};
use crate::cli::{CalibrateArgs, Failure};
use crate::results::atomic;
use crate::results::manifest::Host;

/// A choice, as in the built-in kinds: how much a machine's durations differ from each other was not measured.
const JITTER: f64 = 0.05;

/// Where no file will be written.
#[derive(Debug, Error)]
enum PlaceError {
    #[error("{0} is there already: give another file, or --force to replace it")]
    Taken(String),
    #[error("{file} cannot be written: there is no folder {folder}")]
    NoFolder { file: String, folder: String },
}

/// All rates of one thread.
struct Rates {
    mf: Rate,
    lda: Rate,
    server: Server,
}

/// Measures this host, writes its machine kind, and gives what to show.
pub fn command(args: &CalibrateArgs) -> Result<String, Failure> {
    let path = args.file.as_path();
    // Before half a minute of measuring, not after.
    check_place(path, args.force).map_err(Failure::input)?;
    let isa = Isa::detect();
    let effort = Effort { repetitions: args.repetitions, seconds: args.seconds };
    let rates = Rates {
        mf: measure::updates(args.rank, isa, effort),
        lda: measure::tokens(args.topics, isa, effort),
        server: measure::server(isa, effort),
    };
    let host = Host::this(1);
    let cores = args.cores.map_or(host.threads as u32, u32::from);
    let kind = kind(args, &rates, &host, cores, isa);
    let text = serde_yaml::to_string(&kind).expect("a machine kind has text keys and finite numbers");
    atomic::write(path, text.as_bytes()).map_err(Failure::run)?;
    Ok(shown(path, args, &rates, cores))
}

fn check_place(path: &Path, force: bool) -> Result<(), PlaceError> {
    let file = path.display().to_string();
    if path.exists() && !force {
        return Err(PlaceError::Taken(file));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir());
    folder.map_or(Ok(()), |folder| Err(PlaceError::NoFolder { file, folder: folder.display().to_string() }))
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
        // Not every build has libtorch, and not every host a GPU.
        ic: IcRate::default(),
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
    let spreads: Vec<String> = rates.all().map(|(what, rate)| format!("{what} {:.1} %", rate.spread() * 100.0)).into();
    format!(
        "measured on {name} ({processor}, {isa}) on {date} by `experiments calibrate`: medians of {} repetitions of at \
         least {} s of processor time on one thread; mf and lda times {cores} {}, which takes perfect scaling; server \
         on one core, which is what a shard works with. Largest less smallest over the median: {}. ic is the default of all kinds, not measured; jitter is a choice",
        args.repetitions,
        args.seconds,
        if cores == 1 { "core" } else { "cores" },
        spreads.join(", ")
    )
}

impl Rates {
    fn all(&self) -> [(&'static str, &Rate); 6] {
        let Server { apply, filter, encode, decode } = &self.server;
        [
            ("mf", &self.mf),
            ("lda", &self.lda),
            ("apply", apply),
            ("filter", filter),
            ("encode", encode),
            ("decode", decode),
        ]
    }
}

fn shown(path: &Path, args: &CalibrateArgs, rates: &Rates, cores: u32) -> String {
    let units = [
        (format!("M rating updates/s at rank {}", args.rank), 1e6, cores),
        (format!("M tokens/s at {} topics", args.topics), 1e6, cores),
        ("GB/s".to_owned(), 1e9, 1),
        ("GB/s".to_owned(), 1e9, 1),
        ("GB/s".to_owned(), 1e9, 1),
        ("GB/s".to_owned(), 1e9, 1),
    ];
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
