//! From a panel of a spec to its plans: names are looked up, defaults filled in, meaning checked.
//!
//! The seam to what the other crates offer: profiles of emulator, data of datasets, rates of [`crate::machines`].

use std::collections::BTreeMap;
use std::path::Path;

use datasets::field::FieldError;
use emulator::profile::Profile;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::sync::config::{Encodings, System};
use record::cost::Pricing;
use record::suggest;

use super::central;
use super::check::{Diagnostics, GIVEN, plain};
use super::cluster::Asked;
use super::data::Loader;
use super::feasible;
use super::links;
use super::pricing;
use super::whole::{Links, Plan, Planned, Role, SCHEMA, TARGET};
use crate::machines;
use crate::sources::SOURCES;
use crate::spec::sweep::MAX_CELLS;
use crate::spec::{Cell, Goal, Launch, LinkModel, Machines, Scale, Spec, SpecData};
use crate::workload::list::{Data, DataSource, Terms, Workload, WorkloadChange};

/// Names that a spec may use and that this module does not know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registries<'a> {
    /// Names of all figures.
    pub figures: &'a [&'a str],
    /// Names of the claims of all figures. Empty means that they are not known: those that a spec expects to fail are then not checked.
    pub claims: &'a [&'a str],
    /// The columns of the table of a figure, by its name (empty: none is named). `None` means that they are not known, and not checked.
    pub columns: Option<fn(&str) -> Vec<String>>,
}

/// The parts of a cell that do not depend on the seed.
struct Resolved {
    name: String,
    workload: Workload,
    profile: Profile,
    machines_per_site: Vec<u32>,
    machines: MachineKind,
    system: System,
    encoding: Encodings,
    launch: Launch,
}

/// A panel on the way to its plans.
pub(super) struct Resolving<'a> {
    /// The diagnostics found so far.
    pub(super) diagnostics: &'a mut Diagnostics,
    /// The panel, as a spec of its own.
    pub(super) spec: &'a Spec,
    /// The folder that file names are relative to.
    pub(super) folder: &'a Path,
    /// The pricing of its runs.
    pub(super) pricing: &'a Pricing,
    /// The names of claims that a fit of a machine kind may have used.
    pub(super) claims: &'a [&'a str],
}

/// The fields that a spec has once, outside of panels.
pub(super) fn check_whole(diagnostics: &mut Diagnostics, spec: &Spec, registries: Registries<'_>) {
    if let Some(figure) = spec.figure.as_deref().filter(|figure| !registries.figures.contains(figure)) {
        diagnostics.add("figure", format!("unknown figure `{figure}`{}", suggest::hint(figure, registries.figures)));
    }
    diagnostics.seeds(&spec.seeds);
}

impl Resolving<'_> {
    /// The plans of the panel `name`; diagnostics, and not all of its plans, when it cannot be meant. Data `given` on the command line come
    /// in place of the panel's. Panels of equal data share a loader.
    pub(super) fn panel(&mut self, name: &str, given: Option<DataSource>, loaders: &mut Vec<Loader>) -> Vec<Planned> {
        self.check();
        let mut cells = self.cells();
        self.check_prices(&cells);
        self.check_launchers(&cells);
        let place = if given.is_some() { GIVEN } else { "data.file" };
        let Some(source) = given.or_else(|| self.data_source()) else { return Vec::new() };
        let loader = loaders.iter().position(|loader| *loader.source() == source).unwrap_or_else(|| {
            loaders.push(Loader::new(source));
            loaders.len() - 1
        });
        let data = self.describe_data(&mut loaders[loader], place);
        if !self.diagnostics.list.is_empty() {
            return Vec::new();
        }
        self.check_owners(if place == GIVEN { GIVEN } else { "data" }, &cells, &data);
        if !self.fits(&data) {
            return Vec::new();
        }
        self.centralize(&mut cells, loaders[loader].source(), &data);
        let planned = |(cell, plan)| Planned { panel: name.into(), cell, swept: None, loader, plan };
        let seeds = &self.spec.seeds;
        let plans: Vec<Planned> =
            seeds.iter().flat_map(|seed| self.plans_of_seed(&cells, *seed, &data[seed])).map(planned).collect();
        // What can be run does not depend on the seed.
        for (position, planned) in plans.iter().take(cells.len()).enumerate() {
            let path = self.path_of_cell(position);
            feasible::check(self.diagnostics, &path, &planned.plan);
        }
        plans
    }

    /// The path of the cell at this position among those that are resolved, the target cell first where there is one.
    fn path_of_cell(&self, position: usize) -> String {
        let first = usize::from(self.spec.goal == Goal::Target);
        position.checked_sub(first).map_or("target".into(), |number| format!("cells[{number}]"))
    }

    /// The fields that a panel may set.
    fn check(&mut self) {
        let (diagnostics, spec) = (&mut *self.diagnostics, self.spec);
        diagnostics.workload("workload", &spec.workload);
        check_similitude(diagnostics, spec);
        if let Scale::Factors { sigma_bytes, sigma_work } = spec.similitude {
            diagnostics.positive("similitude.factors.sigma-bytes", sigma_bytes, 1e9);
            diagnostics.positive("similitude.factors.sigma-work", sigma_work, 1e9);
        }
        for error in spec.workload.kind().check_split(spec.split) {
            diagnostics.add(format!("split.skewed.{}", error.field), error.says);
        }
        if let Some(times) = spec.bandwidth_times {
            diagnostics.positive("bandwidth-times", times, 1000.0);
        }
        if let Some(times) = spec.rtt_times {
            diagnostics.positive("rtt-times", times, 1000.0);
        }
        diagnostics.convergence(&spec.convergence);
        let clocks = spec.convergence.passes.saturating_mul(spec.workload.clocks_per_pass());
        diagnostics.target_rounds(&spec.target.system, clocks);
        diagnostics.encodings("encoding", spec.encoding);
        diagnostics.nic("nic", spec.nic);
        diagnostics.cap(&spec.cap);
        if let Goal::Clocks(clocks) = spec.goal {
            diagnostics.within("goal.clocks", clocks, 1..=1_000_000);
        }
        diagnostics.link(&spec.link);
        check_cell_names(diagnostics, &spec.cells);
    }

    /// The spec's prices. Where it names some, all of its sites must have them; the default ones are used where they fit.
    fn check_prices(&mut self, cells: &[Resolved]) {
        for cell in cells.iter().filter(|_| self.spec.prices.are_given()) {
            pricing::check(self.diagnostics, &cell.name, self.pricing, &cell.profile, &cell.machines.name);
        }
    }

    /// Machines in real time send real bytes, in chunks.
    fn check_launchers(&mut self, cells: &[Resolved]) {
        for (position, cell) in cells.iter().enumerate() {
            if self.spec.link.model() == LinkModel::Fluid && !cell.launch.is_simulated() {
                let path = format!("{}.launcher", self.path_of_cell(position));
                let message = "links of the model `fluid` are simulated only: expected `simulated`, or the model `auto` or `chunks`";
                self.diagnostics.add(path, message);
            }
        }
    }

    /// The target cell first. Cells that cannot be resolved are left out: then there are diagnostics.
    fn cells(&mut self) -> Vec<Resolved> {
        let spec = self.spec;
        let machines = self.find_machines("machines", &spec.machines);
        let target = self.target(machines.as_ref());
        let cells: Vec<Option<Resolved>> = spec
            .cells
            .iter()
            .enumerate()
            .map(|(position, cell)| self.cell(position, cell, machines.as_ref()))
            .collect();
        let target = target.filter(|_| spec.goal == Goal::Target);
        target.into_iter().chain(cells.into_iter().flatten()).collect()
    }

    fn target(&mut self, machines: Option<&MachineKind>) -> Option<Resolved> {
        let (spec, target) = (self.spec, &self.spec.target);
        let asked = Asked {
            cell: "target",
            profile: Some(&target.profile),
            sites: &[],
            bandwidth_times: None,
            rtt_times: None,
            machines_per_site: target.machines_per_site.as_ref(),
            nic: spec.nic.or(machines.and_then(|machines| machines.nic)),
            system: &target.system,
        };
        self.diagnostics.rules("target.system", &target.system, spec.workload.kind());
        let cluster = asked.resolve(self.diagnostics, self.folder)?;
        Some(Resolved {
            name: TARGET.into(),
            workload: spec.workload,
            profile: self.with_depth(cluster.profile),
            machines_per_site: cluster.machines_per_site,
            machines: machines?.clone(),
            system: target.system.canonical(),
            encoding: of_legs(&target.system, spec.encoding),
            launch: Launch::Simulated,
        })
    }

    fn cell(&mut self, position: usize, cell: &Cell, machines: Option<&MachineKind>) -> Option<Resolved> {
        let (spec, path) = (self.spec, format!("cells[{position}]"));
        let machines = match &cell.machines {
            Some(own) => self.find_machines(&format!("{path}.machines"), own),
            None => machines.cloned(),
        };
        let workload = self.changed(&path, cell.workload);
        let Some(system) = cell.system.as_ref().or(spec.system.as_ref()) else {
            let message = "missing: expected a training system here, or `system` for all cells";
            self.diagnostics.add(format!("{path}.system"), message);
            return None;
        };
        self.diagnostics.rules(&format!("{path}.system"), system, workload.kind());
        self.diagnostics.nic(&format!("{path}.nic"), cell.nic);
        if let Some(encodings) = cell.encoding {
            self.diagnostics.encodings(&format!("{path}.encoding"), encodings);
        }
        let is_of_spec = cell.profile.is_none();
        let shared = is_of_spec.then_some(spec.machines_per_site.as_ref()).flatten();
        let asked = Asked {
            cell: &path,
            profile: cell.profile.as_deref().or(spec.profile.as_deref()),
            sites: if is_of_spec { &spec.sites } else { &[] },
            bandwidth_times: spec.bandwidth_times.filter(|_| is_of_spec),
            rtt_times: spec.rtt_times.filter(|_| is_of_spec),
            machines_per_site: cell.machines_per_site.as_ref().or(shared),
            nic: cell.nic.or(spec.nic).or(machines.as_ref().and_then(|machines| machines.nic)),
            system,
        };
        let cluster = asked.resolve(self.diagnostics, self.folder)?;
        Some(Resolved {
            name: cell.name.clone(),
            workload,
            profile: self.with_depth(cluster.profile),
            machines_per_site: cluster.machines_per_site,
            machines: machines?,
            system: system.canonical(),
            encoding: of_legs(system, cell.encoding.unwrap_or(spec.encoding)),
            launch: cell.launcher.unwrap_or(spec.launcher),
        })
    }

    /// `profile` with the spec's bucket depth.
    fn with_depth(&self, profile: Profile) -> Profile {
        Profile { depth: self.spec.link.depth.or(profile.depth), ..profile }
    }

    fn find_machines(&mut self, path: &str, asked: &Machines) -> Option<MachineKind> {
        let kind = match asked {
            Machines::Inline(kind) => Ok((**kind).clone()),
            Machines::Named(name) => machines::find(name, self.folder),
        };
        match kind {
            Ok(kind) => {
                self.diagnostics.machine_kind(path, &kind);
                // The names in built-in kinds are tested where claims are known.
                if !matches!(asked, Machines::Named(name) if !machines::is_path(name)) {
                    self.diagnostics.claims(&format!("{path}.fitted-to"), &kind.fitted_to, self.claims);
                }
                Some(kind)
            }
            Err(error) => {
                self.diagnostics.add(path, error.to_string());
                None
            }
        }
    }

    /// The spec's workload with the changes of the cell at `path`.
    fn changed(&mut self, path: &str, change: Option<WorkloadChange>) -> Workload {
        let (workload, path) = (self.spec.workload, format!("{path}.workload"));
        match change.map(|change| workload.changed(change)) {
            None => workload,
            Some(Ok(changed)) => {
                self.diagnostics.workload(&path, &changed);
                changed
            }
            Some(Err(kind)) => {
                let (found, expected) = (kind.about().name, workload.name());
                let message = format!("found `{found}`, expected `{expected}`, which is the spec's workload");
                self.diagnostics.add(path, message);
                workload
            }
        }
    }

    fn data_source(&mut self) -> Option<DataSource> {
        let kind = self.spec.workload.kind();
        let data = self.spec.data.clone().unwrap_or_else(|| kind.default_data());
        let path = format!("data.{}", data.name());
        let (source, errors) = match (data.generated(), data) {
            (Some(generated), _) => generated,
            (None, SpecData::File(file)) => return Some(DataSource::File(kind, self.folder.join(file))),
            (None, _) => {
                self.diagnostics.add("data", "none: give a data set with --data");
                return None;
            }
        };
        let made = source.kind();
        if made != kind {
            let (workload, expected) = (self.spec.workload.name(), kind.about().generated);
            let message = format!(
                "makes {made}, and the workload `{workload}` learns from {kind}: expected `{expected}` or `file`"
            );
            self.diagnostics.add(&path, message);
        }
        for FieldError { field, says } in &errors {
            self.diagnostics.add(format!("{path}.{field}"), says.clone());
        }
        errors.is_empty().then_some(source)
    }

    /// The data of plans, by seed. The first seed is read last, because it is the first to run. `place`: the path
    /// of the errors of a file.
    fn describe_data(&mut self, loader: &mut Loader, place: &str) -> BTreeMap<u64, Data> {
        let mut described = BTreeMap::new();
        for seed in self.spec.seeds.iter().rev() {
            let data = match loader.source().described() {
                Some(generated) => Ok(generated),
                None => loader.data(*seed).map(|data| data.described()),
            };
            match data {
                Ok(data) => {
                    described.insert(*seed, data);
                }
                Err(error) => {
                    self.diagnostics.add(place, error.to_string());
                    break;
                }
            }
        }
        described
    }

    /// Whether the workload's model takes the data.
    fn fits(&mut self, data: &BTreeMap<u64, Data>) -> bool {
        let (Some(data), workload) = (data.values().next(), self.spec.workload) else { return true };
        let terms = Terms { seed: 1, machines: 1, split: self.spec.split, similitude: Similitude::NONE, clocks: None };
        let fits = workload.problem(data, terms).fits();
        let field = |field: &str| format!("workload.{}.{field}", workload.name());
        fits.map_err(|error| self.diagnostics.add(field(error.field), error.says)).is_ok()
    }

    /// Every machine must have a user, a document or whatever is dealt to learn from.
    fn check_owners(&mut self, path: &str, cells: &[Resolved], data: &BTreeMap<u64, Data>) {
        let Some(fewest) = data.values().min_by_key(|data| data.size().owners) else { return };
        let (owners, words) = (fewest.size().owners, fewest.kind().about().owners);
        let machines = |cell: &Resolved| cell.machines_per_site.iter().sum::<u32>();
        if let Some(cell) = cells.iter().find(|cell| machines(cell) > owners) {
            let (machines, name) = (machines(cell), &cell.name);
            self.diagnostics.add(path, format!("{owners} {words}, fewer than the {machines} machines of `{name}`"));
        }
    }

    /// Finds site and size for the cells that move their data to one.
    fn centralize(&mut self, cells: &mut [Resolved], source: &DataSource, data: &BTreeMap<u64, Data>) {
        let Some(size) = data.values().next().map(Data::size) else { return };
        let (spec, pricing) = (self.spec, self.pricing);
        let known = central::Known { scale: spec.similitude, split: spec.split, size, source, pricing };
        for (position, cell) in cells.iter_mut().enumerate() {
            let System::Centralized(asked) = &cell.system else { continue };
            let path = self.path_of_cell(position);
            if !cell.launch.is_simulated() {
                let message = "Centralized moves its data in virtual time only: expected `simulated`";
                self.diagnostics.add(format!("{path}.launcher"), message);
            }
            let placed = central::Placed {
                path: &path,
                profile: &cell.profile,
                machines_per_site: &cell.machines_per_site,
                kind: &cell.machines.name,
            };
            cell.system = System::Centralized(central::resolve(self.diagnostics, asked, &placed, &known));
        }
    }

    /// The plans, with the names of their cells.
    fn plans_of_seed(&self, cells: &[Resolved], seed: u64, data: &Data) -> Vec<(String, Plan)> {
        let spec = self.spec;
        let mut plans: Vec<(String, Plan)> = Vec::with_capacity(cells.len());
        for cell in cells {
            let role = match (spec.goal, plans.first()) {
                (Goal::Clocks(clocks), _) => Role::RunsClocks { clocks },
                (Goal::Target, None) => Role::SetsTarget,
                (Goal::Target, Some((_, target))) => Role::ReachesTarget { target: target.hash() },
            };
            let mut plan = Plan {
                schema: SCHEMA,
                role,
                seed,
                workload: cell.workload,
                data: data.clone(),
                split: spec.split,
                stands_for: spec.similitude.of_paper().map(|(name, _)| name.to_owned()),
                similitude: Similitude::NONE,
                profile: cell.profile.clone(),
                machines_per_site: cell.machines_per_site.clone(),
                machines: cell.machines.clone(),
                system: cell.system.clone(),
                encoding: cell.encoding,
                links: Links::Chunks,
                chunk: spec.link.chunk.unwrap_or(links::SMALLEST_CHUNK),
                convergence: spec.convergence,
                cap: spec.cap,
                launch: cell.launch,
                sources: SOURCES.into(),
            };
            plan.similitude = match spec.similitude {
                Scale::None => Similitude::NONE,
                Scale::Factors { sigma_bytes, sigma_work } => Similitude { sigma_bytes, sigma_work },
                _ => plan.problem().similitude().expect("the paper's problem is one of the workload"),
            };
            (plan.links, plan.chunk) = match spec.link.model() {
                LinkModel::Chunks => (plan.links, plan.chunk),
                LinkModel::Fluid => (Links::Fluid, plan.chunk),
                // Cells in real time are compared with simulated ones of the same links.
                LinkModel::Auto if cells.iter().any(|cell| !cell.launch.is_simulated()) => (plan.links, plan.chunk),
                LinkModel::Auto => links::choose(&plan),
            };
            plans.push((cell.name.clone(), plan));
        }
        plans
    }
}

/// The paper's problem must be one of the spec's workload.
fn check_similitude(diagnostics: &mut Diagnostics, spec: &Spec) {
    let Some((asked, of)) = spec.similitude.of_paper() else { return };
    let kind = spec.workload.kind();
    if of != kind {
        let (of, workload) = (of.about().name, kind.about().name);
        let own = kind.scale().and_then(Scale::of_paper);
        let own = own.map_or_else(String::new, |(name, _)| format!("`{name}`, "));
        let message =
            format!("`{asked}` is for the workload `{of}`: expected {own}`factors` or `none` with `{workload}`");
        diagnostics.add("similitude", message);
    }
}

fn check_cell_names(diagnostics: &mut Diagnostics, cells: &[Cell]) {
    if cells.is_empty() {
        diagnostics.add("cells", "empty: expected at least one");
    }
    if cells.len() > MAX_CELLS {
        diagnostics.add("cells", format!("{}: expected at most {MAX_CELLS}", cells.len()));
    }
    for (position, cell) in cells.iter().enumerate() {
        let path = format!("cells[{position}].name");
        plain(diagnostics, &path, &cell.name);
        if cell.name.trim().is_empty() {
            diagnostics.add(&path, "empty: expected a name");
        }
        if cell.name.eq_ignore_ascii_case(TARGET) {
            diagnostics.add(&path, format!("`{}` is the name of the cell that sets the objective", cell.name));
        }
        if let Some(first) = cells[..position].iter().position(|other| other.name == cell.name) {
            diagnostics.add(&path, format!("`{}` is the name of cells[{first}] already", cell.name));
        }
    }
}

/// The encodings of the legs that a system has: a global server has no other servers, so that plans of it do not differ by that.
fn of_legs(system: &System, encodings: Encodings) -> Encodings {
    if system.sites().is_some() { encodings } else { encodings.inside.into() }
}
