//! The command line: arguments as typed values, the exit codes, and how failures are told.
//!
//! What commands do is in the modules that they are named after.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::say;
use crate::spec::{Changes, Launch, Local, Setting};
#[cfg(feature = "torch")]
use crate::suggest;
use emulator::real::clock::Dilation;
use emulator::units::ByteSize;
#[cfg(feature = "torch")]
use gaia_core::workload::ic::config::{NETWORKS, Network};
use gaia_core::workload::ic::device::DeviceChoice;

/// Everything went as asked.
pub const DONE: u8 = 0;
/// A run failed.
pub const RUN_FAILED: u8 = 1;
/// The user's input is wrong.
pub const INPUT_WRONG: u8 = 2;
/// A claim does not hold or was not measured, under `--strict`.
pub const CLAIM_FAILED: u8 = 3;

const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 a run failed, 2 the input is wrong, 3 a claim does not hold, or was not measured (--strict)";

/// Experiments with geo-distributed machine learning on an emulated WAN.
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(name = "experiments", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Command {
    /// Show what there is: specs, figures, systems, workloads, profiles, machine kinds, data sets
    List,
    /// Check a spec and show what would run, with estimated time and memory; runs nothing
    Plan(PlanArgs),
    /// Run specs, and draw their figures; what is finished already is reused
    Run(RunArgs),
    /// Draw figures and page again from what is on disk
    Report(ReportArgs),
    /// Show all claims: what the paper says, what was measured, the verdict
    Claims(ClaimsArgs),
    /// Measure this host's rates, and write them as a machine kind that specs can name
    Calibrate(CalibrateArgs),
    /// Take part in a run in real time; started by `run --launcher local`
    #[command(hide = true)]
    Node(NodeArgs),
    /// List, import, generate and verify data sets
    #[command(subcommand)]
    Data(DataCommand),
}

/// What changes a spec from the command line.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct ChangeArgs {
    /// Run with this seed only
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Change a field of the spec: workload.mf.rank=64, cells.Gaia.encoding=packed; may be given again
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Setting>,
    /// Learn from this file or folder instead of the spec's data; its format is recognised by content
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
}

/// `experiments plan`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct PlanArgs {
    /// Paths, or names of specs in experiments/; `all`: the paper's figures; `-`: the standard input
    #[arg(required = true, value_name = "SPEC")]
    pub specs: Vec<String>,
    /// Changes of the spec.
    #[command(flatten)]
    pub changes: ChangeArgs,
    /// The memory of the host that is to run them [default: what this host has left]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<ByteSize>,
}

/// `experiments run`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RunArgs {
    /// Paths, or names of specs in experiments/; `all`: the paper's figures; `-`: the standard input
    #[arg(required = true, value_name = "SPEC")]
    pub specs: Vec<String>,
    /// Where results go
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// Threads for cells and their tasks [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// The memory that cells may take: no more run at once than it holds, and one that it cannot hold is refused
    /// [default: what this host has left]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<ByteSize>,
    /// Changes of the specs.
    #[command(flatten)]
    pub changes: ChangeArgs,
    /// How the machines of cells that do not say are run [default: as the spec says]
    #[arg(long, value_enum)]
    pub launcher: Option<Launcher>,
    /// Wall seconds a second of a run in real time; 0.001 to 1000000
    #[arg(long, value_name = "K", default_value = "1", requires = "launcher")]
    pub dilation: Dilation,
    /// Wall seconds between two checkpoints of an unfinished cell, and at least ten times what one takes to write; a run that is
    /// killed goes on from the last
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds_to::<1_000_000_000>)]
    pub checkpoint_every: f64,
    /// What networks run on: `auto` (CUDA where there is some), `cpu` or `cuda:N`
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
    /// Exit with 3 when a claim does not hold or was not measured, or a cell is missing
    #[arg(long)]
    pub strict: bool,
    /// The instructions that kernels use; results are the same with all
    #[arg(long, value_enum, env = "GAIA_ISA", hide_env_values = true, default_value_t = IsaChoice::Auto)]
    pub isa: IsaChoice,
}

/// `experiments calibrate`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct CalibrateArgs {
    /// The file to write; a spec names it as `machines: this-host.yaml`
    #[arg(value_name = "FILE", default_value = "this-host.yaml")]
    pub file: PathBuf,
    /// Cores of a machine: what one does is multiplied by so many [default: all of this host]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub cores: Option<u16>,
    /// The rank at which rating updates are measured
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub rank: u32,
    /// The number of topics at which tokens are measured
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..=4096))]
    pub topics: u32,
    /// Each rate is the median of so many
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repetitions: u32,
    /// Processor seconds of each repetition, at least
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, value_parser = seconds_to::<3600>)]
    pub seconds: f64,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
    /// How training on images is measured.
    #[cfg(feature = "torch")]
    #[command(flatten)]
    pub images: ImageArgs,
}

/// How `experiments calibrate` measures training on images, in a build with libtorch.
#[cfg(feature = "torch")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct ImageArgs {
    /// The network that is trained
    #[arg(long, value_name = "NAME", default_value = "cifar10-quick", value_parser = network)]
    pub network: Network,
    /// Images a step
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch: u32,
    /// What it is trained on: `auto` (CUDA where there is some), `cpu` or `cuda:N`
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
}

/// A network by the name that specs have for it.
#[cfg(feature = "torch")]
fn network(name: &str) -> Result<Network, String> {
    let named = NETWORKS.into_iter().find(|network| network.name() == name);
    named.ok_or_else(|| format!("no network has this name{}", suggest::hint(name, &NETWORKS.map(Network::name))))
}

/// `experiments node`: one process of a run in real time.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct NodeArgs {
    /// What the launcher has written for all processes of the run
    #[arg(long, value_name = "FILE")]
    pub assignment: PathBuf,
    /// Be this machine (`m3`), or the `relay`
    #[arg(long = "as", value_name = "WHO")]
    pub role: crate::run::Who,
}

/// `experiments report`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ReportArgs {
    /// A folder of results, or of one spec's results
    #[arg(default_value = "results")]
    pub dir: PathBuf,
    /// Price by this list, by name or path, instead of the specs'
    #[arg(long, value_name = "LIST")]
    pub prices: Option<String>,
    /// Exit with 3 when a claim does not hold or was not measured, or a cell is missing
    #[arg(long)]
    pub strict: bool,
}

/// `experiments claims`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ClaimsArgs {
    /// A folder of results
    #[arg(default_value = "results")]
    pub dir: PathBuf,
    /// Exit with 3 when a claim does not hold or was not measured, or a cell is missing
    #[arg(long)]
    pub strict: bool,
}

/// `experiments data`.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum DataCommand {
    /// Show the formats that are read, and what can be generated
    List,
    /// Read a data set and write it as one compact file
    Import {
        /// A file or folder; its format is recognised by content
        path: PathBuf,
        /// The file to write [default: the name of PATH with .ratings, .bags or .images, here]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// Generate ratings of the Netflix Prize's shape, bags of words of the NYTimes corpus', or images, as one compact file
    Generate {
        /// What to generate
        #[arg(value_enum, default_value_t = Generated::Ratings)]
        what: Generated,
        /// Users and items as a share of Netflix's, at its density; documents and words as a share of NYTimes'
        /// [default: 0.1 for ratings, 0.02 for bags]; images have none
        #[arg(long)]
        scale: Option<f64>,
        /// The generator's seed
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// The file to write [default: generated.ratings, .bags or .images]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// Check a data set: read all of it, compare its hash, show its numbers
    Verify {
        /// A file or folder
        path: PathBuf,
    },
}

/// What `experiments data generate` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Generated {
    /// Users' ratings of items, for matrix factorisation
    Ratings,
    /// Bags of words, for topic modelling
    Bags,
    /// Labelled images, for image classification
    Images,
}

/// How machines are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Launcher {
    /// All in this process, in virtual time
    Simulated,
    /// A process each on this host, in real time over TCP
    Local,
}

/// The instructions that kernels use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IsaChoice {
    /// The widest that this host has
    Auto,
    /// AVX-512
    Avx512,
    /// AVX2 and FMA
    Avx2,
    /// None of them
    Scalar,
}

/// Why a command did not do what was asked. Told on the standard error, with its causes.
#[derive(Debug)]
pub enum Failure {
    /// The user's input is wrong: exit 2.
    Input(Box<dyn Error + Send + Sync>),
    /// A run failed: exit 1.
    Run(Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// A mistake in what the user gave.
    pub fn input(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Failure::Input(error.into())
    }

    /// Something that went wrong with good input.
    pub fn run(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Failure::Run(error.into())
    }

    /// The message, with the causes that it does not tell itself.
    pub fn message(&self) -> String {
        let (Failure::Input(error) | Failure::Run(error)) = self;
        let mut text = format!("error: {error}");
        let mut cause = error.source();
        while let Some(inner) = cause {
            if !text.contains(&inner.to_string()) {
                text.push_str(&format!("\n  because: {inner}"));
            }
            cause = inner.source();
        }
        text
    }
}

impl ChangeArgs {
    /// As specs take them.
    pub fn changes(&self) -> Changes {
        Changes { set: self.set.clone(), seed: self.seed, data: self.data.clone(), launcher: None }
    }
}

impl RunArgs {
    /// As specs take them.
    pub fn changes(&self) -> Changes {
        let launcher = self.launcher.map(|launcher| match launcher {
            Launcher::Simulated => Launch::Simulated,
            Launcher::Local => Launch::Local(Local { dilation: self.dilation }),
        });
        Changes { launcher, ..self.changes.changes() }
    }
}

/// A number of seconds from 0 to `MOST`: a span that every type for time can hold.
fn seconds_to<const MOST: u32>(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    let is_within = (0.0..=f64::from(MOST)).contains(&seconds);
    if is_within { Ok(seconds) } else { Err(format!("expected 0 to {MOST} seconds")) }
}

/// What clap has to say: help and version on the standard output, mistakes on the standard error.
///
/// # Errors
/// [`Failure::Run`] when the standard output cannot be written.
pub fn told(told: &clap::Error) -> Result<ExitCode, Failure> {
    let printed = told.print();
    if !told.use_stderr() {
        say::written(printed).map_err(Failure::run)?;
    }
    Ok(ExitCode::from(told.exit_code() as u8))
}

/// Tells a failure and gives the process's exit code.
pub fn exit(done: Result<ExitCode, Failure>) -> ExitCode {
    done.unwrap_or_else(|failure| {
        say::err(&failure.message());
        match failure {
            Failure::Input(_) => ExitCode::from(INPUT_WRONG),
            Failure::Run(_) => ExitCode::from(RUN_FAILED),
        }
    })
}
