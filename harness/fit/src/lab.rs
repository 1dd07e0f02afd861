//! The model by simulation: values of fields in, numbers of cells out. Cells are stored by the hash of their plans, so that one whose plan
//! is unchanged is read, not run; a fit that was killed resumes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gaia_core::workload::ic::device::DeviceChoice;
use planning::plan::{Experiment, Loader, Planned, Role, TARGET};
use record::failure::Failure;
use record::results::expectations::Expectations;
use record::results::{CellResult, store};
use record::say;
use running::{Host, Progress};

use crate::columns::{self, Columns};
use crate::setup::{CellName, Setup};

/// The folder of all runs, in the folder of the fit.
const RUNS: &str = "runs";
/// The most questions whose plans are in memory at a time.
const BATCH: usize = 500;

/// Values of fields, and the cells that are asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    /// The value of every field of the fit.
    pub(crate) fields: Vec<f64>,
    /// The cells whose numbers are needed.
    pub(crate) cells: BTreeSet<CellName>,
}

/// Simulates the cells of a fit.
pub(crate) struct Lab<'a> {
    setup: &'a Setup,
    host: Host,
    device: DeviceChoice,
    /// The folder of the fit.
    out: PathBuf,
    /// The numbers of cells by the hashes of the plans of all their seeds.
    known: BTreeMap<String, Columns>,
    /// Whether the course of the fit is reported.
    progress: Progress,
    /// Cells simulated by this command, and cells found on disk.
    pub(crate) simulated: usize,
    pub(crate) reused: usize,
}

/// The runs of one cell in one experiment.
struct Asked<'a> {
    cell: &'a CellName,
    runs: Vec<&'a Planned>,
    /// The runs of the cell that sets its target.
    targets: Vec<&'a Planned>,
    /// The hashes of the runs: the name of the cell's numbers.
    key: String,
}

impl<'a> Lab<'a> {
    /// A lab whose runs are in `out`.
    pub(crate) fn new(setup: &'a Setup, host: Host, progress: Progress, device: DeviceChoice, out: &Path) -> Self {
        Lab { setup, host, device, out: out.to_owned(), known: BTreeMap::new(), progress, simulated: 0, reused: 0 }
    }

    /// Reports a step of the fit.
    pub(crate) fn say(&self, line: &str) {
        if self.progress != Progress::Hidden {
            say::err(line);
        }
    }

    /// The numbers of the cells of each question.
    ///
    /// # Errors
    /// [`Failure`] of fields that the spec cannot have, and of cells that fail.
    pub(crate) fn ask(&mut self, questions: &[Question]) -> Result<Vec<BTreeMap<CellName, Columns>>, Failure> {
        let mut answers = Vec::new();
        for questions in questions.chunks(BATCH) {
            let experiments: Vec<Experiment> =
                questions.iter().map(|question| self.needed(question)).collect::<Result<_, _>>()?;
            let asked: Vec<Vec<Asked<'_>>> = experiments
                .iter()
                .zip(questions)
                .map(|(experiment, question)| question.cells.iter().map(|cell| asked(experiment, cell)).collect())
                .collect();
            self.run(&experiments, &asked)?;
            for asked in &asked {
                let mut answer = BTreeMap::new();
                for cell in asked {
                    answer.insert(cell.cell.clone(), self.columns(cell)?);
                }
                answers.push(answer);
            }
        }
        Ok(answers)
    }

    /// The experiment of a question, with those plans alone that it needs.
    fn needed(&self, question: &Question) -> Result<Experiment, Failure> {
        let mut experiment = self.setup.experiment(&question.fields)?;
        let is_needed = |planned: &Planned| {
            let cells = question.cells.iter().filter(|(panel, _)| *panel == planned.panel);
            planned.cell == TARGET || cells.into_iter().any(|(_, cell)| *cell == planned.cell)
        };
        experiment.plans.retain(is_needed);
        Ok(experiment)
    }

    /// Runs what is not on disk.
    fn run(&mut self, experiments: &[Experiment], asked: &[Vec<Asked<'_>>]) -> Result<(), Failure> {
        let folder = self.out.join(RUNS);
        let (mut missing, mut seen) = (Vec::new(), BTreeSet::new());
        for (number, cell) in
            asked.iter().enumerate().flat_map(|(number, cells)| cells.iter().map(move |cell| (number, cell)))
        {
            if self.known.contains_key(&cell.key) {
                continue;
            }
            for run in cell.runs.iter().chain(&cell.targets) {
                let hash = run.plan.hash();
                if !seen.insert(hash.clone()) {
                    continue;
                }
                if store::is_whole(&store::cell_folder(&folder, &hash), &hash) {
                    self.reused += 1;
                } else {
                    missing.push((number, *run));
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.simulated += missing.len();
        let merged = merged(experiments, asked, &missing);
        running::evaluate(&mut self.host, merged, self.device, &self.out)
    }

    /// The numbers of a cell whose runs are on disk.
    fn columns(&mut self, asked: &Asked<'_>) -> Result<Columns, Failure> {
        if let Some(columns) = self.known.get(&asked.key) {
            return Ok(columns.clone());
        }
        let folder = self.out.join(RUNS);
        let read = |run: &&Planned| store::read_cell(&folder, &run.entry());
        let results: Vec<CellResult> =
            asked.targets.iter().chain(&asked.runs).map(read).collect::<Result<_, _>>().map_err(Failure::run)?;
        let columns = columns::of_cell(&self.setup.figure, &results, &asked.cell.1).map_err(Failure::run)?;
        self.known.insert(asked.key.clone(), columns.clone());
        Ok(columns)
    }
}

/// The runs of `cell`, and of the cell that sets its target.
fn asked<'a>(experiment: &'a Experiment, cell: &'a CellName) -> Asked<'a> {
    let (panel, name) = cell;
    let named = |wanted: &str| -> Vec<&'a Planned> {
        experiment.plans.iter().filter(|planned| planned.panel == *panel && planned.cell == wanted).collect()
    };
    let runs = named(name);
    let needs_target = runs.iter().any(|run| matches!(run.plan.role, Role::ReachesTarget { .. }));
    let targets = if needs_target { named(TARGET) } else { Vec::new() };
    let key = format!("{panel}/{name}:{}", runs.iter().map(|run| run.plan.hash()).collect::<Vec<_>>().join(" "));
    Asked { cell, runs, targets, key }
}

/// The hashes of the plans that a cell depends on, as text: equal for equal results.
pub(crate) fn fingerprint(experiment: &Experiment, cell: &CellName) -> String {
    asked(experiment, cell).key
}

/// One experiment with the missing runs of all. Cells of one panel and seed run at the same time; those with a target of their own do so
/// with it, in a group per experiment.
fn merged(experiments: &[Experiment], asked: &[Vec<Asked<'_>>], missing: &[(usize, &Planned)]) -> Experiment {
    let first = &experiments[0];
    let mut loaders: Vec<Loader> = Vec::new();
    let (mut plans, mut taken) = (Vec::<Planned>::new(), BTreeSet::new());
    for (number, run) in missing {
        let source = experiments[*number].loaders[run.loader].source();
        let loader = loaders.iter().position(|loader| loader.source() == source).unwrap_or_else(|| {
            loaders.push(Loader::new(source.clone()));
            loaders.len() - 1
        });
        let target = asked[*number]
            .iter()
            .flat_map(|cell| &cell.targets)
            .find(|target| target.panel == run.panel && target.plan.seed == run.plan.seed);
        let panel = if target.is_some() { format!("{} ({number})", run.panel) } else { run.panel.clone() };
        let with_target = target.filter(|_| run.plan.role != Role::SetsTarget).map(|target| (*target).clone());
        for run in with_target.into_iter().chain([(*run).clone()]) {
            let planned = Planned { panel: panel.clone(), loader, ..run };
            if taken.insert((panel.clone(), planned.plan.hash())) {
                plans.push(planned);
            }
        }
    }
    let order = |planned: &Planned| {
        (planned.loader, planned.panel.clone(), planned.plan.seed, planned.plan.role != Role::SetsTarget)
    };
    plans.sort_by_key(order);
    Experiment {
        name: RUNS.into(),
        origin: first.origin.clone(),
        title: String::new(),
        figure: None,
        plots: Vec::new(),
        variant: None,
        plans,
        pricing: first.pricing.clone(),
        expectations: Expectations::default(),
        whatif: None,
        loaders,
    }
}
