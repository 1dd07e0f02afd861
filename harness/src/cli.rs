//! The command line: arguments as typed values, the exit codes, and how failures are told.
//!
//! What commands do is in the modules that they are named after.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use emulator::real::clock::Dilation;
use emulator::units::ByteSize;
use gaia_core::workload::ic::device::DeviceChoice;
use planning::calibrate::CalibrateArgs;
use planning::plan::Kind;
use planning::spec::{Changes, Launch, Local, Setting};
use record::failure::Failure;
use record::log::{self, Format, Level, Log};
use record::say;

const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 a run failed, 2 the input is wrong, 3 a claim does not hold, or was not measured (--strict)";

/// Experiments with geo-distributed machine learning on an emulated WAN.
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(name = "experiments", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    /// What is logged.
    #[command(flatten)]
    pub log: LogArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes: the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct LogArgs {
    /// Say what happens, from this level on, as events with fields on the standard error; progress is then shown as lines, without bars
    #[arg(long, global = true, value_name = "LEVEL", env = log::LEVEL_VARIABLE, hide_env_values = true, default_value = Level::Off.name(),
        value_parser = levels())]
    pub log: Level,
    /// The form of a logged event
    #[arg(long, global = true, value_name = "FORMAT", env = log::FORMAT_VARIABLE, hide_env_values = true,
        default_value = Format::Text.name(), value_parser = formats())]
    pub log_format: Format,
}

impl LogArgs {
    /// As the log takes them.
    pub fn log(self) -> Log {
        Log { level: self.log, format: self.log_format }
    }
}

/// The levels of the log, by name.
fn levels() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::name))
        .map(|name| *Level::ALL.iter().find(|level| level.name() == name).expect("one of the possible values"))
}

/// The forms of events, by name.
fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name))
        .map(|name| *Format::ALL.iter().find(|format| format.name() == name).expect("one of the possible values"))
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
    /// Remove cells of earlier plans, which no figure shows any more
    Clean(CleanArgs),
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
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = planning::arguments::seconds_to::<1_000_000_000>)]
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

/// `experiments node`: one process of a run in real time.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct NodeArgs {
    /// What the launcher has written for all processes of the run
    #[arg(long, value_name = "FILE")]
    pub assignment: PathBuf,
    /// Be this machine (`m3`), or the `relay`
    #[arg(long = "as", value_name = "WHO")]
    pub role: running::Who,
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

/// `experiments clean`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct CleanArgs {
    /// A folder of results, or of one spec's results
    #[arg(default_value = "results")]
    pub dir: PathBuf,
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Remove the folders of specs whose results this version cannot read, too
    #[arg(long)]
    pub older: bool,
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
        /// The file to write [default: the name of PATH with .ratings, .bags, .images or .examples, here]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// Generate ratings of the Netflix Prize's shape, bags of words of the NYTimes corpus', images or sparse examples, as one compact file
    Generate {
        /// What to generate
        #[arg(default_value = "ratings", value_parser = generated())]
        what: Kind,
        /// Users and items as a share of Netflix's, at its density; documents and words as a share of NYTimes'
        /// [default: 0.1 for ratings, 0.02 for bags]; images and examples have none
        #[arg(long)]
        scale: Option<f64>,
        /// The generator's seed
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// The file to write [default: generated.ratings, .bags, .images or .examples]
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

/// What `experiments data generate` makes, by the endings of the files.
fn generated() -> impl TypedValueParser<Value = Kind> {
    let values = Kind::ALL.iter().map(|kind| {
        let about = kind.about();
        PossibleValue::new(about.ending).help(format!("{}, for {}", about.data, about.title))
    });
    PossibleValuesParser::new(values).map(|name| {
        let kind = Kind::ALL.iter().find(|kind| kind.about().ending == name);
        *kind.expect("one of the possible values")
    })
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
