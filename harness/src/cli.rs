//! The command line: arguments as typed values, the exit codes, and the report of clap's own failures.
//!
//! Each command is implemented in the module of its name.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use emulator::real::clock::Dilation;
use emulator::units::ByteSize;
use gaia_core::workload::ic::device::DeviceChoice;
use paper::compare::{Pattern, Tolerance};
use planning::calibrate::CalibrateArgs;
use planning::plan::Kind;
use planning::spec::{Changes, Launch, Local, Override};
use record::failure::Failure;
use record::log::{self, Format, Level, Log};
use record::say;

const EXIT_CODES: &str = "Exit codes: 0 success, 1 a run failed, 2 invalid input, 3 a claim failed or was not measured, or a cell is missing (--strict), or results differ (compare)";

const FIT_FILES: &str = "\
Writes to DIR/NAME: fit.json (everything), residuals.csv, profiles.csv, figure.svg and figure.png, report.html; runs/ has the simulated cells,
which a later call reuses. docs/fit.md has the steps for a cluster of your own, experiments/README.md the form of the section `fit`.";

/// Experiments with geo-distributed machine learning on an emulated WAN.
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(name = "experiments", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    /// Level and format of the log.
    #[command(flatten)]
    pub log: LogArgs,
    /// The command, with its own arguments.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes: the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct LogArgs {
    /// Log what happens, from this level on, as events with fields on the standard error; progress is then shown as lines, without bars
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

/// The commands, in the order of the help.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Command {
    /// List specs, variants, figures, systems, workloads, profiles, machine kinds and data sets
    List,
    /// Check specs and print the cells to run, with estimated time and memory, without running them
    Plan(PlanArgs),
    /// Run specs and draw their figures; finished cells are reused, interrupted ones resumed
    Run(RunArgs),
    /// Redraw figures and page from the results on disk
    Report(ReportArgs),
    /// Show all claims: the paper's value, the measured one, the verdict; then totals
    Claims(ClaimsArgs),
    /// Compare two folders of results: digests, numbers with direction and range over seeds, verdicts
    Compare(CompareArgs),
    /// Write a run as a trace for Perfetto (ui.perfetto.dev): machines as tracks, arrows to who waited
    Trace(TraceArgs),
    /// Fit constants of the model (rates of machines, networks) to measured numbers
    Fit(FitArgs),
    /// Remove cells of earlier plans, which no figure shows any more
    Clean(CleanArgs),
    /// Measure this host's rates and write them as a machine kind for specs
    Calibrate(CalibrateArgs),
    /// Take part in a run in real time; started by `run --launcher local`
    #[command(hide = true)]
    Node(NodeArgs),
    /// Import price lists from catalogues of clouds
    #[command(subcommand)]
    Prices(PricesCommand),
    /// List, import, generate and verify data sets
    #[command(subcommand)]
    Data(DataCommand),
}

/// Changes of a spec from the command line.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct ChangeArgs {
    /// Run with this seed only
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Set a field of the spec, such as workload.mf.rank=64 or cells.Gaia.encoding=packed; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Repeat the spec for each value of a field, as panels, or a cell, such as cells.Gaia.system.gaia.significance.threshold=0.001,0.01; can
    /// be repeated: axes are crossed
    #[arg(long, value_name = "KEY=A,B,C")]
    pub sweep: Vec<Override>,
    /// Use this file or folder instead of the spec's data; its format is detected from its content
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
}

/// The arguments of `experiments plan`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct PlanArgs {
    /// Paths, or names of specs or variants in experiments/; `all` for the paper's figures, `-` for the standard input
    #[arg(required = true, value_name = "SPEC")]
    pub specs: Vec<String>,
    /// Changes of the spec.
    #[command(flatten)]
    pub changes: ChangeArgs,
    /// Memory of the host that will run them [default: the available memory of this host]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<ByteSize>,
}

/// The arguments of `experiments run`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RunArgs {
    /// Paths, or names of specs or variants in experiments/; `all` for the paper's figures, `-` for the standard input
    #[arg(required = true, value_name = "SPEC")]
    pub specs: Vec<String>,
    /// Folder of the results
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// Threads for cells and their tasks [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Memory for cells: limits how many run at the same time, and refuses a cell that does not fit
    /// [default: the available memory of this host]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<ByteSize>,
    /// Changes of the specs.
    #[command(flatten)]
    pub changes: ChangeArgs,
    /// Launcher of cells that set none themselves [default: as in the spec]
    #[arg(long, value_enum)]
    pub launcher: Option<Launcher>,
    /// Wall seconds per second of a run in real time, from 0.001 to 1000000
    #[arg(long, value_name = "K", default_value = "1", requires = "launcher")]
    pub dilation: Dilation,
    /// Wall seconds between two checkpoints of an unfinished cell, at least ten times the time to write one; a killed run is
    /// resumed from the last checkpoint
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = planning::arguments::seconds_to::<1_000_000_000>)]
    pub checkpoint_every: f64,
    /// Device for networks: `auto` (CUDA if available), `cpu` or `cuda:N`
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// Let every cell learn by itself: results are the same, and take longer. Otherwise a cell that differs from one before in its network
    /// or machines alone, under BSP and one parameter server, takes over what that one has learned
    #[arg(long)]
    pub no_replay: bool,
    /// Do not show progress
    #[arg(long, short)]
    pub quiet: bool,
    /// Exit with code 3 if a claim or assertion failed that the spec does not expect to, if one was not measured, or if a cell is missing
    #[arg(long)]
    pub strict: bool,
    /// Also write claims and assertions as a JUnit report into this file: a test case each
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Instruction set of kernels; results are the same with each
    #[arg(long, value_enum, env = "GAIA_ISA", hide_env_values = true, default_value_t = IsaChoice::Auto)]
    pub isa: IsaChoice,
}

/// The arguments of `experiments fit`.
#[derive(Clone, Debug, PartialEq, Args)]
#[command(after_help = FIT_FILES)]
pub struct FitArgs {
    /// Path, or name of a spec in experiments/, with a section `fit`: unknowns, fields and measurements; `-` for the standard input
    #[arg(value_name = "SPEC")]
    pub spec: String,
    /// Folder of the results; those of the fit are in a folder of the spec's name
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// Threads for cells and their tasks [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Memory for cells [default: the available memory of this host]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<ByteSize>,
    /// Changes of the spec.
    #[command(flatten)]
    pub changes: ChangeArgs,
    /// Fit again without each group of measurements also where every evaluation simulates the cells; with a surface it is always done
    #[arg(long)]
    pub leave_out: bool,
    /// Device for networks: `auto` (CUDA if available), `cpu` or `cuda:N`
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// Do not show progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// `experiments node`: one process of a run in real time.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct NodeArgs {
    /// File with the settings of all processes of the run, written by the launcher
    #[arg(long, value_name = "FILE")]
    pub assignment: PathBuf,
    /// Role of this process: a machine (`m3`) or the `relay`
    #[arg(long = "as", value_name = "WHO")]
    pub role: running::Who,
}

/// The arguments of `experiments report`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ReportArgs {
    /// Folder of results, or of one spec's or variant's results
    #[arg(default_value = "results")]
    pub dir: PathBuf,
    /// Price list to use instead of the specs', by name or path
    #[arg(long, value_name = "LIST")]
    pub prices: Option<String>,
    /// Exit with code 3 if a claim or assertion failed that the spec does not expect to, if one was not measured, or if a cell is missing
    #[arg(long)]
    pub strict: bool,
    /// Also write claims and assertions as a JUnit report into this file: a test case each
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// The arguments of `experiments claims`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ClaimsArgs {
    /// Folder of the results of specs; a folder in it with a variant.json is a column of its own
    #[arg(default_value = "results")]
    pub dir: PathBuf,
    /// Also write a page on all claims into this folder: claims.html, the drawings forest and residuals (.svg, .png), and their
    /// numbers, claims.csv and residuals.csv
    #[arg(long, value_name = "FOLDER")]
    pub page: Option<PathBuf>,
    /// Exit with code 3 if a claim or assertion failed that the spec does not expect to, if one was not measured, or if a cell is missing
    #[arg(long)]
    pub strict: bool,
    /// Also write claims and assertions as a JUnit report into this file: a test case each
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// The arguments of `experiments compare`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct CompareArgs {
    /// Folder of results, or of one figure: what stood before
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// The same: what is compared with it
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// Changes of numbers up to this percentage do not count, such as `1%`; `0%`: digests must be equal as well
    /// [default: changes that show where numbers are printed count]
    #[arg(long, value_name = "PERCENT")]
    pub tolerance: Option<Tolerance>,
    /// Compare only the figures, cells, columns and claims that both have, and tables only if they are over the same seeds
    #[arg(long)]
    pub common: bool,
    /// Leave out figures, panels and claims of this name; `*` stands for any text; can be repeated
    #[arg(long, value_name = "NAME")]
    pub leave_out: Vec<Pattern>,
    /// Exit with code 3 only for what is worse or gone, and for changed numbers that have no better direction
    #[arg(long)]
    pub worse: bool,
    /// Print the comparison as JSON
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `experiments trace`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct TraceArgs {
    /// Folder of one spec's results
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Name of the cell, such as Gaia; in a spec with panels also with its panel: "MF Gaia"
    #[arg(value_name = "CELL")]
    pub cell: String,
    /// Seed of the run [default: the first one]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// File to write [default: SPEC-CELL-SEED.trace.json, in the current folder]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
}

/// The arguments of `experiments clean`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct CleanArgs {
    /// Folder of results, or of one spec's or variant's results
    #[arg(default_value = "results")]
    pub dir: PathBuf,
    /// Print what would be removed, without removing it
    #[arg(long)]
    pub dry_run: bool,
    /// Also remove the folders of specs whose results this version cannot read
    #[arg(long)]
    pub older: bool,
}

/// The commands of `experiments prices`.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum PricesCommand {
    /// Read a catalogue of prices that a cloud publishes, and write it as a price list for specs
    Import {
        /// The cloud whose catalogue FILE is
        #[arg(value_enum)]
        cloud: Cloud,
        /// The catalogue as CSV: the bulk file of AWS Price List (AmazonEC2, index.csv), rows of Azure Retail Prices, or the pricing table of Google
        /// Cloud's billing console
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// File to write, ending in .yaml
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Keep this instance, on demand and spot; can be repeated [default: all]
        #[arg(long, value_name = "NAME")]
        instance: Vec<String>,
        /// USD per GB that leaves a region, where the catalogue has no price from region to region
        #[arg(long, value_name = "USD", value_parser = usd)]
        leaving: Option<f64>,
        /// Replace an existing file
        #[arg(long)]
        force: bool,
    },
}

/// A cloud that publishes a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Cloud {
    /// Amazon Web Services
    Aws,
    /// Microsoft Azure
    Azure,
    /// Google Cloud
    Gcp,
}

/// A price in USD.
fn usd(text: &str) -> Result<f64, String> {
    let usd = text.parse().ok().filter(|usd: &f64| (0.0..=1e6).contains(usd));
    usd.ok_or_else(|| "expected a number of USD from 0 to 1000000".into())
}

/// The commands of `experiments data`.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum DataCommand {
    /// List the formats that can be read, and the data that can be generated
    List,
    /// Read a data set and write it as one compact file
    Import {
        /// File or folder; its format is detected from its content
        path: PathBuf,
        /// File to write [default: the name of PATH with .ratings, .bags, .images or .examples, in the current folder]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Replace an existing file
        #[arg(long)]
        force: bool,
    },
    /// Generate a data set as one compact file: ratings (the shape of the Netflix Prize), bags of words (NYTimes), images or sparse examples
    Generate {
        /// Kind of data to generate
        #[arg(default_value = "ratings", value_parser = generated())]
        what: Kind,
        /// Size as a share of the original: users and items of Netflix at its density, documents and words of NYTimes
        /// [default: 0.1 for ratings, 0.02 for bags]; not for images and examples
        #[arg(long)]
        scale: Option<f64>,
        /// Seed of the generator
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// File to write [default: generated.ratings, .bags, .images or .examples]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Replace an existing file
        #[arg(long)]
        force: bool,
    },
    /// Verify a data set: read all of it, compare its hash, print its statistics
    Verify {
        /// File or folder of the data set
        path: PathBuf,
    },
}

/// The values of `experiments data generate`: the endings of the files.
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

/// How the machines of a cell are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Launcher {
    /// All in this process, in virtual time
    Simulated,
    /// One process per machine on this host, in real time over TCP
    Local,
}

/// The instruction set of kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IsaChoice {
    /// The widest that this host supports
    Auto,
    /// Kernels written for AVX-512
    Avx512,
    /// Kernels written for AVX2 and FMA
    Avx2,
    /// Plain Rust, without either
    Scalar,
}

impl ChangeArgs {
    /// The changes as a spec applies them; the launcher is that of `run` only.
    pub fn changes(&self) -> Changes {
        Changes {
            set: self.set.clone(),
            sweep: self.sweep.clone(),
            seed: self.seed,
            data: self.data.clone(),
            launcher: None,
        }
    }
}

impl RunArgs {
    /// The changes as a spec applies them; the launcher is that of `run` only.
    pub fn changes(&self) -> Changes {
        let launcher = self.launcher.map(|launcher| match launcher {
            Launcher::Simulated => Launch::Simulated,
            Launcher::Local => Launch::Local(Local { dilation: self.dilation }),
        });
        Changes { launcher, ..self.changes.changes() }
    }
}

/// Prints clap's message: help and version on the standard output, errors on the standard error. Returns clap's exit code.
///
/// # Errors
/// [`Failure::Run`] when the standard output cannot be written.
pub fn print_error(error: &clap::Error) -> Result<ExitCode, Failure> {
    let printed = error.print();
    if !error.use_stderr() {
        say::written(printed).map_err(Failure::run)?;
    }
    Ok(ExitCode::from(error.exit_code() as u8))
}
