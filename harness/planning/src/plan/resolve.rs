//! From a spec to its plans: names are looked up, defaults filled in, meaning checked.
//!
//! The seam to what the other crates offer: profiles of emulator, data of datasets, rates of [`crate::machines`].

use std::collections::BTreeMap;
use std::path::Path;

use datasets::bow::config::{NYTIMES_TOKENS, NYTIMES_WORDS};
use datasets::field::FieldError;
use datasets::ratings::config::{NETFLIX_ITEMS, NETFLIX_RATINGS};
use emulator::profile::{Duplex, MAX_RATE, Profile};
use emulator::units::Bandwidth;
use gaia_core::cost::{MachineKind, Similitude};
use gaia_core::sync::config::{Encodings, System};
use gaia_core::workload::ic::config::Ic;
use gaia_core::workload::lda::config::Lda;
use gaia_core::workload::mf::config::Mf;

use super::central;
use super::estimate::Size;
use super::feasible;
use super::overlay;
use super::panels::plain;
use super::pricing;
use super::{Data, DataSet, DataSource, Kind, Loader, Plan, Planned, Problems, Role, SCHEMA, SOURCES, TARGET};
use crate::machines;
use crate::spec::{self, Cell, Goal, Launch, Machines, PanelSpec, PerSite, Scale, Spec, Workload, WorkloadChange};
use record::cost::Pricing;
use record::suggest;

/// The paper's rank for Netflix (section 5.2).
pub(super) const NETFLIX_RANK: u32 = 500;
/// The paper's topics for NYTimes (section 5.2).
pub(super) const NYTIMES_TOPICS: u32 = 500;
/// Where data of the command line are told about.
pub(super) const GIVEN: &str = "--data";
/// The most machines of a site.
const MAX_MACHINES_A_SITE: u32 = 64;
/// The most machines of a cell.
const MAX_MACHINES: u32 = 1024;
/// The most cells of a spec.
const MAX_CELLS: usize = 500;

/// Names that a spec may use and that this module does not know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registries<'a> {
    /// Figures.
    pub figures: &'a [&'a str],
}

/// What is resolved for one cell, whatever the seed.
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

/// The plans of a panel; problems, and not all of them, when it cannot be meant. Data `given` on the command line come in
/// place of the panel's. Panels of equal data share a loader.
pub(super) fn panel(
    problems: &mut Problems,
    panel: &PanelSpec<'_>,
    given: Option<DataSource>,
    (pricing, folder): (&Pricing, &Path),
    loaders: &mut Vec<Loader>,
) -> Vec<Planned> {
    let spec = &panel.spec;
    check_panel(problems, spec);
    let mut cells = resolve_cells(problems, spec, folder);
    check_prices(problems, spec, &cells, pricing);
    let place = if given.is_some() { GIVEN } else { "data.file" };
    let Some(source) = given.or_else(|| data_source(problems, spec, folder)) else { return Vec::new() };
    let loader = loaders.iter().position(|loader| *loader.source() == source).unwrap_or_else(|| {
        loaders.push(Loader::new(source));
        loaders.len() - 1
    });
    let data = describe_data(problems, &mut loaders[loader], (spec, place));
    if !problems.problems.is_empty() {
        return Vec::new();
    }
    check_owners(problems, if place == GIVEN { GIVEN } else { "data" }, &cells, &data);
    if !fits(problems, &spec.workload, &data) {
        return Vec::new();
    }
    centralize(problems, spec, &mut cells, (loaders[loader].source(), &data, pricing));
    let planned = |(cell, plan)| Planned { panel: panel.name().into(), cell, loader, plan };
    let plans: Vec<Planned> =
        spec.seeds.iter().flat_map(|seed| plans_of_seed(spec, &cells, *seed, &data[seed])).map(planned).collect();
    // What can be run does not depend on the seed.
    for (position, planned) in plans.iter().take(cells.len()).enumerate() {
        feasible::check(problems, &path_of_cell(spec, position), &planned.plan);
    }
    plans
}

/// The spec's prices. Where it names some, all of its sites must have them; the default ones are used where they fit.
fn check_prices(problems: &mut Problems, spec: &Spec, cells: &[Resolved], pricing: &Pricing) {
    for cell in cells.iter().filter(|_| spec.prices.are_given()) {
        pricing::check(problems, &cell.name, pricing, &cell.profile, &cell.machines.name);
    }
}

/// Finds site and size for the cells that move their data to one.
fn centralize(
    problems: &mut Problems,
    spec: &Spec,
    cells: &mut [Resolved],
    (source, data, pricing): (&DataSource, &BTreeMap<u64, Data>, &Pricing),
) {
    let Some(size) = data.values().next().map(Data::size) else { return };
    let known = central::Known { scale: spec.similitude, split: spec.split, size, source, pricing };
    for (position, cell) in cells.iter_mut().enumerate() {
        let System::Centralized(asked) = &cell.system else { continue };
        let path = path_of_cell(spec, position);
        if !cell.launch.is_simulated() {
            problems.add(
                format!("{path}.launcher"),
                "Centralized moves its data in virtual time only: expected `simulated`",
            );
        }
        let placed = central::Placed {
            path: &path,
            profile: &cell.profile,
            machines_per_site: &cell.machines_per_site,
            kind: &cell.machines.name,
        };
        cell.system = System::Centralized(central::resolve(problems, asked, &placed, &known));
    }
}

/// The path of the cell at this position among those that are resolved, the target cell first where there is one.
fn path_of_cell(spec: &Spec, position: usize) -> String {
    let first = usize::from(spec.goal == Goal::Target);
    position.checked_sub(first).map_or("target".into(), |number| format!("cells[{number}]"))
}

/// What stands once in a spec.
pub(super) fn check_whole(problems: &mut Problems, spec: &Spec, registries: Registries<'_>) {
    if let Some(figure) = spec.figure.as_deref().filter(|figure| !registries.figures.contains(figure)) {
        problems.add("figure", format!("unknown figure `{figure}`{}", suggest::hint(figure, registries.figures)));
    }
    problems.seeds(&spec.seeds);
}

/// What a panel may set.
fn check_panel(problems: &mut Problems, spec: &Spec) {
    problems.workload("workload", &spec.workload);
    check_similitude(problems, spec);
    if let Scale::Factors { sigma_bytes, sigma_work } = spec.similitude {
        problems.positive("similitude.factors.sigma-bytes", sigma_bytes, 1e9);
        problems.positive("similitude.factors.sigma-work", sigma_work, 1e9);
    }
    let split_errors = match spec.workload {
        Workload::Mf(_) => spec::split::of_ratings(spec.split).err(),
        Workload::Lda(_) => spec::split::of_documents(spec.split).err(),
        Workload::Ic(_) => spec::split::of_images(spec.split).err(),
    };
    for error in split_errors.into_iter().flatten() {
        problems.add(format!("split.skewed.{}", error.field), error.says);
    }
    if let Some(times) = spec.bandwidth_times {
        problems.positive("bandwidth-times", times, 1000.0);
    }
    problems.convergence(&spec.convergence);
    let clocks = spec.convergence.passes.saturating_mul(spec.workload.clocks_per_pass());
    problems.target_rounds(&spec.target.system, clocks);
    problems.nic("nic", spec.nic);
    problems.cap(&spec.cap);
    if let Goal::Clocks(clocks) = spec.goal {
        problems.within("goal.clocks", clocks, 1..=1_000_000);
    }
    problems.link(&spec.link);
    check_cell_names(problems, &spec.cells);
}

/// The paper's problem must be one of the spec's workload.
fn check_similitude(problems: &mut Problems, spec: &Spec) {
    let (asked, of) = match spec.similitude {
        Scale::Netflix => ("netflix", "mf"),
        Scale::Nytimes => ("nytimes", "lda"),
        Scale::Ilsvrc12 => ("ilsvrc12", "ic"),
        Scale::None | Scale::Factors { .. } => return,
    };
    let workload = spec.workload.name();
    if of != workload {
        let own = match spec.workload {
            Workload::Mf(_) => "netflix",
            Workload::Lda(_) => "nytimes",
            Workload::Ic(_) => "ilsvrc12",
        };
        let says =
            format!("`{asked}` is for the workload `{of}`: expected `{own}`, `factors` or `none` with `{workload}`");
        problems.add("similitude", says);
    }
}

fn check_cell_names(problems: &mut Problems, cells: &[Cell]) {
    if cells.is_empty() {
        problems.add("cells", "empty: expected at least one");
    }
    if cells.len() > MAX_CELLS {
        problems.add("cells", format!("{}: expected at most {MAX_CELLS}", cells.len()));
    }
    for (position, cell) in cells.iter().enumerate() {
        let path = format!("cells[{position}].name");
        plain(problems, &path, &cell.name);
        if cell.name.trim().is_empty() {
            problems.add(&path, "empty: expected a name");
        }
        if cell.name.eq_ignore_ascii_case(TARGET) {
            problems.add(&path, format!("`{}` is the name of the cell that sets the objective", cell.name));
        }
        if let Some(first) = cells[..position].iter().position(|other| other.name == cell.name) {
            problems.add(&path, format!("`{}` is the name of cells[{first}] already", cell.name));
        }
    }
}

/// The target cell first. Cells that cannot be resolved are left out: then there are problems.
fn resolve_cells(problems: &mut Problems, spec: &Spec, folder: &Path) -> Vec<Resolved> {
    let target = &spec.target;
    let machines = find_machines(problems, "machines", &spec.machines, folder);
    let network = resolve_network(
        problems,
        "target",
        Network {
            nic: spec.nic.or(machines.as_ref().and_then(|machines| machines.nic)),
            ..Network::of(&target.profile, target.machines_per_site.as_ref(), &target.system)
        },
        (spec, folder),
    );
    let target = network.zip(machines.clone()).map(|((profile, machines_per_site), machines)| Resolved {
        name: TARGET.into(),
        workload: spec.workload,
        profile,
        machines_per_site,
        machines,
        system: target.system.canonical(),
        encoding: of_legs(&target.system, spec.encoding),
        launch: Launch::Simulated,
    });
    let cell = |(position, cell): (usize, &Cell)| {
        let path = format!("cells[{position}]");
        let own = cell.machines.as_ref().map(|own| find_machines(problems, &format!("{path}.machines"), own, folder));
        let machines = own.unwrap_or_else(|| machines.clone());
        let workload = changed(problems, &path, spec.workload, cell.workload);
        let shared = cell.profile.is_none().then_some(spec.machines_per_site.as_ref()).flatten();
        let profile = cell.profile.as_deref().or(spec.profile.as_deref());
        let Some(system) = cell.system.as_ref().or(spec.system.as_ref()) else {
            problems
                .add(format!("{path}.system"), "missing: expected a training system here, or `system` for all cells");
            return None;
        };
        problems.nic(&format!("{path}.nic"), cell.nic);
        let asked = Network {
            name: profile,
            nic: cell.nic.or(spec.nic).or(machines.as_ref().and_then(|machines| machines.nic)),
            sites: if cell.profile.is_none() { &spec.sites } else { &[] },
            bandwidth_times: spec.bandwidth_times.filter(|_| cell.profile.is_none()),
            machines_per_site: cell.machines_per_site.as_ref().or(shared),
            system,
        };
        let (profile, machines_per_site) = resolve_network(problems, &path, asked, (spec, folder))?;
        Some(Resolved {
            name: cell.name.clone(),
            workload,
            profile,
            machines_per_site,
            machines: machines?,
            system: system.canonical(),
            encoding: of_legs(system, cell.encoding.unwrap_or(spec.encoding)),
            launch: cell.launcher.unwrap_or(spec.launcher),
        })
    };
    let cells: Vec<Option<Resolved>> = spec.cells.iter().enumerate().map(cell).collect();
    let target = target.filter(|_| spec.goal == Goal::Target);
    target.into_iter().chain(cells.into_iter().flatten()).collect()
}

/// The encodings of the legs that a system has: a global server has no other servers, so that plans of it do not differ by that.
fn of_legs(system: &System, encodings: Encodings) -> Encodings {
    if system.sites().is_some() { encodings } else { encodings.inside.into() }
}

/// `profile` with machines whose network interfaces have this rate, if any is given: what a LAN gives.
fn with_nic(mut profile: Profile, rate: Option<Bandwidth>) -> Profile {
    if let Some(rate) = rate {
        profile.sites.iter_mut().for_each(|site| site.nic = Duplex { inbound: rate, outbound: rate });
    }
    profile
}

fn find_machines(problems: &mut Problems, path: &str, asked: &Machines, folder: &Path) -> Option<MachineKind> {
    let kind = match asked {
        Machines::Inline(kind) => Ok((**kind).clone()),
        Machines::Named(name) => machines::find(name, folder),
    };
    match kind {
        Ok(kind) => {
            problems.machine_kind(path, &kind);
            Some(kind)
        }
        Err(error) => {
            problems.add(path, error.to_string());
            None
        }
    }
}

fn changed(problems: &mut Problems, path: &str, workload: Workload, change: Option<WorkloadChange>) -> Workload {
    let path = format!("{path}.workload");
    let changed = match (workload, change) {
        (_, None) => return workload,
        (Workload::Mf(mf), Some(WorkloadChange::Mf(change))) => Workload::Mf(Mf {
            learning_rate: change.learning_rate.unwrap_or(mf.learning_rate),
            decay: change.decay.unwrap_or(mf.decay),
            clocks_per_pass: change.clocks_per_pass.unwrap_or(mf.clocks_per_pass),
            ..mf
        }),
        (Workload::Lda(lda), Some(WorkloadChange::Lda(change))) => {
            Workload::Lda(Lda { clocks_per_pass: change.clocks_per_pass.unwrap_or(lda.clocks_per_pass), ..lda })
        }
        (Workload::Ic(ic), Some(WorkloadChange::Ic(change))) => {
            Workload::Ic(Ic { learning_rate: change.learning_rate.unwrap_or(ic.learning_rate), ..ic })
        }
        (workload, Some(change)) => {
            let found = match change {
                WorkloadChange::Mf(_) => "mf",
                WorkloadChange::Lda(_) => "lda",
                WorkloadChange::Ic(_) => "ic",
            };
            let expected = workload.name();
            problems.add(path, format!("found `{found}`, expected `{expected}`, which is the spec's workload"));
            return workload;
        }
    };
    problems.workload(&path, &changed);
    changed
}

/// What a cell says of its network.
struct Network<'a> {
    name: Option<&'a str>,
    /// None: all.
    sites: &'a [String],
    bandwidth_times: Option<f64>,
    machines_per_site: Option<&'a PerSite>,
    /// In place of what the profile says, if any: what a LAN gives.
    nic: Option<Bandwidth>,
    system: &'a System,
}

impl<'a> Network<'a> {
    /// The whole network of this name.
    fn of(name: &'a str, machines_per_site: Option<&'a PerSite>, system: &'a System) -> Self {
        Network { name: Some(name), sites: &[], bandwidth_times: None, machines_per_site, nic: None, system }
    }
}

/// The profile of a name or a path, with those of its sites that take part (none named: all); none when there is a problem
/// with the one or the other, told with their paths in the spec. `nic`: of machines whose network cards it does not state.
pub(super) fn find_profile(
    problems: &mut Problems,
    (path, path_of_sites): (&str, &str),
    (name, sites): (&str, &[String]),
    (nic, folder): (Option<Bandwidth>, &Path),
) -> Option<Profile> {
    let profile =
        if machines::is_path(name) { Profile::read_with_nic(&folder.join(name), nic) } else { Profile::builtin(name) };
    let profile = profile.map_err(|error| problems.add(path, error.to_string())).ok()?;
    if sites.is_empty() {
        return Some(profile);
    }
    profile.restrict(sites).map_err(|error| problems.add(path_of_sites, error.to_string())).ok()
}

/// The profile, with the spec's bucket depth, and the machines of each site.
fn resolve_network(
    problems: &mut Problems,
    path: &str,
    asked: Network<'_>,
    (spec, folder): (&Spec, &Path),
) -> Option<(Profile, Vec<u32>)> {
    problems.system(&format!("{path}.system"), asked.system);
    let Some(name) = asked.name else {
        problems.add(format!("{path}.profile"), "missing: expected a network here, or `profile` for all cells");
        return None;
    };
    let paths = (&*format!("{path}.profile"), "sites");
    let profile = find_profile(problems, paths, (name, asked.sites), (asked.nic, folder))?;
    let mut profile = with_nic(profile, asked.nic);
    if let Some(times) = asked.bandwidth_times {
        profile = profile.wan_times(times);
        // A rate of a card that is too high has been told with its own place.
        if let Err(wrong) = with_nic(profile.clone(), Some(MAX_RATE)).check() {
            problems.add("bandwidth-times", format!("{times}: {wrong}"));
            return None;
        }
    }
    if let Err(wrong) = overlay::overlay(&asked.system.ways(), &profile) {
        let between = if matches!(asked.system, System::Hierarchical(_)) { ".between.significant" } else { "" };
        let system_path = format!("{path}.system.{}{between}.overlay", asked.system.name());
        wrong.into_iter().for_each(|(field, says)| problems.add(format!("{system_path}.{field}"), says));
    }
    profile.depth = spec.link.depth.or(profile.depth);
    let machines_per_site = match asked.machines_per_site {
        None => profile.default_machines(),
        Some(PerSite::Each(number)) => vec![*number; profile.sites.len()],
        Some(PerSite::List(list)) => list.clone(),
    };
    check_machines(problems, &format!("{path}.machines-per-site"), &profile, &machines_per_site, asked.system);
    Some((profile, machines_per_site))
}

fn check_machines(problems: &mut Problems, path: &str, profile: &Profile, per_site: &[u32], system: &System) {
    let sites = profile.sites.len();
    if per_site.len() != sites {
        let (found, name) = (per_site.len(), &profile.name);
        problems.add(path, format!("{found} numbers: expected {sites}, one for each site of the profile `{name}`"));
        return;
    }
    let all: u64 = per_site.iter().map(|number| u64::from(*number)).sum();
    if let Some(wrong) = per_site.iter().find(|number| !(1..=MAX_MACHINES_A_SITE).contains(number)) {
        problems.add(path, format!("{wrong}: expected 1 to {MAX_MACHINES_A_SITE}"));
    } else if all > u64::from(MAX_MACHINES) {
        problems.add(path, format!("{all} machines in all: expected at most {MAX_MACHINES}"));
    }
    if system.sites().is_some() && per_site.iter().any(|number| *number != per_site[0]) {
        let name = if matches!(system, System::Hierarchical(_)) { "a hierarchical system" } else { "Gaia" };
        problems.add(path, format!("{per_site:?}: {name} needs the same number of machines in every site"));
    }
}

fn data_source(problems: &mut Problems, spec: &Spec, folder: &Path) -> Option<DataSource> {
    let kind = Kind::of(&spec.workload);
    let (path, errors, source) = match spec.data.clone().unwrap_or_else(|| spec.workload.default_data()) {
        spec::Data::None => {
            problems.add("data", "none: give a data set with --data");
            return None;
        }
        spec::Data::File(path) => return Some(DataSource::File(kind, folder.join(path))),
        spec::Data::Generated(config) => ("data.generated", config.check(), DataSource::Generated(config)),
        spec::Data::GeneratedCorpus(config) => {
            ("data.generated-corpus", config.check(), DataSource::GeneratedCorpus(config))
        }
        spec::Data::GeneratedImages(config) => {
            ("data.generated-images", config.check(), DataSource::GeneratedImages(config))
        }
    };
    let made = match &source {
        DataSource::Generated(_) => Kind::Ratings,
        DataSource::GeneratedCorpus(_) => Kind::Corpus,
        DataSource::GeneratedImages(_) => Kind::Images,
        DataSource::File(kind, _) => *kind,
    };
    if made != kind {
        let expected = match kind {
            Kind::Ratings => "generated",
            Kind::Corpus => "generated-corpus",
            Kind::Images => "generated-images",
        };
        let workload = spec.workload.name();
        let says =
            format!("makes {made}, and the workload `{workload}` learns from {kind}: expected `{expected}` or `file`");
        problems.add(path, says);
    }
    for FieldError { field, says } in &errors {
        problems.add(format!("{path}.{field}"), says.clone());
    }
    errors.is_empty().then_some(source)
}

/// What plans say about the data, by seed. The first seed is read last, because it is the first to run. What is wrong with a
/// file is told of `place`.
fn describe_data(problems: &mut Problems, loader: &mut Loader, (spec, place): (&Spec, &str)) -> BTreeMap<u64, Data> {
    let mut described = BTreeMap::new();
    for seed in spec.seeds.iter().rev() {
        let generated = match loader.source() {
            DataSource::Generated(config) => Some(Data::Generated { config: *config }),
            DataSource::GeneratedCorpus(config) => Some(Data::GeneratedCorpus { config: *config }),
            DataSource::GeneratedImages(config) => Some(Data::GeneratedImages { config: *config }),
            DataSource::File(..) => None,
        };
        match generated.map_or_else(|| loader.data(*seed).map(|data| described_file(&data)), Ok) {
            Ok(data) => {
                described.insert(*seed, data);
            }
            Err(error) => {
                problems.add(place, error.to_string());
                break;
            }
        }
    }
    described
}

fn described_file(data: &DataSet) -> Data {
    let hash = blake3::Hash::from_bytes(*data.hash()).to_hex().to_string();
    match data {
        DataSet::Ratings(ratings) => Data::File {
            hash,
            users: ratings.users,
            items: ratings.items,
            train: ratings.train.len() as u64,
            held_out: ratings.held_out.len() as u64,
        },
        DataSet::Corpus(corpus) => {
            Data::CorpusFile { hash, documents: corpus.documents(), words: corpus.words, tokens: corpus.tokens }
        }
        DataSet::Images(images) => Data::ImageFile {
            hash,
            shape: images.shape,
            classes: images.classes.len() as u32,
            train: images.train.len() as u32,
            test: images.test.len() as u32,
        },
    }
}

/// Whether the network takes the images, where it is one that learns from images.
fn fits(problems: &mut Problems, workload: &Workload, data: &BTreeMap<u64, Data>) -> bool {
    let (Workload::Ic(ic), Some(data)) = (workload, data.values().next()) else { return true };
    data.network(ic).map_err(|error| problems.add("workload.ic.network", error.to_string())).is_ok()
}

/// Every machine must have a user, a document or an image to learn from.
fn check_owners(problems: &mut Problems, path: &str, cells: &[Resolved], data: &BTreeMap<u64, Data>) {
    let Some(fewest) = data.values().min_by_key(|data| data.size().owners) else { return };
    let owners = fewest.size().owners;
    let words = match fewest {
        Data::Generated { .. } | Data::File { .. } => "users",
        Data::GeneratedCorpus { .. } | Data::CorpusFile { .. } => "documents",
        Data::GeneratedImages { .. } | Data::ImageFile { .. } => "images to learn from",
    };
    let machines = |cell: &Resolved| cell.machines_per_site.iter().sum::<u32>();
    if let Some(cell) = cells.iter().find(|cell| machines(cell) > owners) {
        let (machines, name) = (machines(cell), &cell.name);
        problems.add(path, format!("{owners} {words}, fewer than the {machines} machines of `{name}`"));
    }
}

/// With their cells' names.
fn plans_of_seed(spec: &Spec, cells: &[Resolved], seed: u64, data: &Data) -> Vec<(String, Plan)> {
    let mut plans: Vec<(String, Plan)> = Vec::with_capacity(cells.len());
    for cell in cells {
        let role = match (spec.goal, plans.first()) {
            (Goal::Clocks(clocks), _) => Role::RunsClocks { clocks },
            (Goal::Target, None) => Role::SetsTarget,
            (Goal::Target, Some((_, target))) => Role::ReachesTarget { target: target.hash() },
        };
        let (stands_for, similitude) = similitude(spec.similitude, data, &cell.workload);
        let plan = Plan {
            schema: SCHEMA,
            role,
            seed,
            workload: cell.workload,
            data: data.clone(),
            split: spec.split,
            stands_for,
            similitude,
            profile: cell.profile.clone(),
            machines_per_site: cell.machines_per_site.clone(),
            machines: cell.machines.clone(),
            system: cell.system.clone(),
            encoding: cell.encoding,
            chunk: spec.link.chunk,
            convergence: spec.convergence,
            cap: spec.cap,
            launch: cell.launch,
            sources: SOURCES.into(),
        };
        plans.push((cell.name.clone(), plan));
    }
    plans
}

/// Whose size is stood for, and the factors: the paper's bytes in the parameter server, and its steps times the width of
/// a row in a pass, over ours.
fn similitude(scale: Scale, data: &Data, workload: &Workload) -> (Option<String>, Similitude) {
    let (size, width): (Size, u32) = (data.size(), workload.width());
    let paper = |name: &str, rows: u32, work: u64, paper_width: u32| {
        let bytes = |rows: u32, width: u32| f64::from(rows) * f64::from(width) * 4.0;
        let steps = |work: u64, width: u32| work as f64 * f64::from(width);
        let factors = Similitude {
            sigma_bytes: bytes(rows, paper_width) / bytes(size.rows, width),
            sigma_work: steps(work, paper_width) / steps(size.work, width),
        };
        (Some(name.to_owned()), factors)
    };
    match scale {
        Scale::None => (None, Similitude::NONE),
        Scale::Factors { sigma_bytes, sigma_work } => (None, Similitude { sigma_bytes, sigma_work }),
        Scale::Netflix => paper("netflix", NETFLIX_ITEMS, NETFLIX_RATINGS, NETFLIX_RANK),
        Scale::Nytimes => paper("nytimes", NYTIMES_WORDS, NYTIMES_TOKENS, NYTIMES_TOPICS),
        Scale::Ilsvrc12 => {
            let Workload::Ic(ic) = workload else { unreachable!("a plan's similitude is one of its workload") };
            let network = data.network(ic).expect("that the network takes the images was checked");
            (Some("ilsvrc12".to_owned()), super::images::similitude(ic, &network))
        }
    }
}
