//! `experiments fit`: infers constants of the model from measured numbers, by least squares.
//!
//! * `setup`: the section `fit` of a spec, checked. `columns`: the numbers of a cell. `lab`: cells, simulated or read.
//! * `model`: unknowns to numbers, by simulation or by `surface`. `minimise`, `estimate`: the optimum.
//! * `profile`, `identify`, `leave_out`: what the numbers determine. `fitting` is the course of all that.
//! * `result`: the outcome as types, with `statements` in words; `files`, `figure`, `page` and `text` show it.
//!
//! Nothing here depends on time or threads: equal specs and sources leave equal bytes.

mod columns;
mod estimate;
mod figure;
mod files;
mod fitting;
mod identify;
mod lab;
mod leave_out;
mod minimise;
mod model;
mod page;
mod profile;
mod result;
mod setup;
mod statements;
mod surface;
mod text;

use std::path::PathBuf;

use gaia_core::workload::ic::device::DeviceChoice;
use planning::spec::Changes;
use record::failure::Failure;
use record::results::lock::Lock;
use record::results::manifest::Origin;
use record::results::{self, atomic, folders, store};
use running::{Host, Options};
use thiserror::Error;

pub use self::fitting::LeaveOut;
pub use self::identify::{Identifiability, Statement};
pub use self::minimise::Bound;
pub use self::profile::{Interval, ProfilePoint};
pub use self::result::{
    ChangedVerdict, Evaluation, FieldResult, FitResult, LeftOut, OtherMinimum, Predicted, Quality, Residual, SCHEMA,
    UnknownResult,
};

/// A fit to make.
#[derive(Clone, Debug)]
pub struct Job {
    /// The path of the spec, or the name of one in experiments/.
    pub spec: String,
    /// The changes of the command line.
    pub changes: Changes,
    /// The folder of results; those of the fit are in one of the spec's name.
    pub out: PathBuf,
    /// Threads, memory, progress.
    pub options: Options,
    /// The device of networks.
    pub device: DeviceChoice,
    /// Whether the fit is made again without each group.
    pub leave_out: LeaveOut,
}

/// The folder of a fit has results of `run`, or of the fit of another file.
#[derive(Debug, Error)]
#[error(
    "{folder} holds the results of {what}: expected another folder with --out, so that figure and page are not replaced"
)]
struct Occupied {
    folder: PathBuf,
    what: String,
}

/// A fit, made.
#[derive(Debug)]
pub struct Fitted {
    /// Its result.
    pub result: FitResult,
    /// The folder of its files.
    pub folder: PathBuf,
    /// The number of cells that this command simulated.
    pub simulated: usize,
    /// The number of those that an earlier command had simulated.
    pub reused: usize,
}

impl Fitted {
    /// The result for the terminal.
    pub fn summary(&self) -> String {
        let Fitted { folder, simulated, reused, .. } = self;
        format!("{}\n{simulated} cells simulated, {reused} reused; {}\n", text::summary(&self.result), folder.display())
    }
}

/// Makes a fit and writes its files.
///
/// # Errors
/// [`Failure::Input`] for a spec that cannot be fitted, [`Failure::Run`] for cells and files that failed.
pub fn fit(job: &Job) -> Result<Fitted, Failure> {
    let setup = setup::Setup::new(&job.spec, &job.changes)?;
    let folder = job.out.join(&setup.source.name);
    if folders::is_of_spec(&folder) {
        return Err(Failure::input(Occupied { folder, what: format!("`experiments run {}`", job.spec) }));
    }
    if folders::is_of_variant(&folder) {
        return Err(Failure::input(Occupied { folder, what: "a variant of that name".to_owned() }));
    }
    if let Some(theirs) = store::other_spec(&folder, setup.origin.as_ref()) {
        return Err(Failure::input(Occupied { folder, what: format!("the fit of that name of {theirs}") }));
    }
    atomic::create_folder(&folder).map_err(Failure::run)?;
    let _lock = Lock::take(&folder).map_err(Failure::run)?;
    store::write_origin(&folder, &Origin { schema: results::SCHEMA, spec: setup.origin.clone() })
        .map_err(Failure::run)?;
    let host = Host::new(&job.options).map_err(Failure::run)?;
    let mut lab = lab::Lab::new(&setup, host, job.options.progress, job.device, &folder);
    let result = fitting::fit(&setup, &mut lab, job.leave_out)?;
    files::write(&folder, &result)?;
    let (simulated, reused) = (lab.simulated, lab.reused);
    Ok(Fitted { result, folder, simulated, reused })
}
