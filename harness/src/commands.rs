//! `experiments plan` and `experiments list`: commands that only look.

use std::path::Path;

use emulator::profile::{Profile, builtin_names};
use gaia_core::sync::config::{Between, Inside};
use thiserror::Error;

use crate::cli::PlanArgs;
use crate::entry::Entry;
use paper::figures::Figure;
use planning::calibrate::probe::Probe;
use planning::plan::{self, Experiment, Kind, Registries, fits};
use planning::spec::{ALL, Found, PAPER, Source, SourceError, Variant, embedded, embedded_variants};
use planning::{machines, memory};
use record::aligned::{Side, aligned};
use record::failure::Failure;
use record::prices;

/// The experiment that a spec (no variant) and changes ask for, found, typed, resolved and checked.
pub fn experiment(
    name_or_path: &str,
    changes: &planning::spec::Changes,
    registries: Registries<'_>,
) -> Result<Experiment, Failure> {
    of_spec(&Source::find(name_or_path).map_err(Failure::input)?, changes, registries)
}

fn of_spec(
    source: &Source,
    changes: &planning::spec::Changes,
    registries: Registries<'_>,
) -> Result<Experiment, Failure> {
    let spec = source.spec(changes).map_err(Failure::input)?;
    Experiment::resolve(source, &spec, registries).map_err(Failure::input)
}

/// The experiments of the specs of a variant, with its settings and then these changes.
fn of_variant(
    variant: &Variant,
    changes: &planning::spec::Changes,
    registries: Registries<'_>,
) -> Result<Vec<Experiment>, Failure> {
    let of_spec = |source: &Source| {
        let spec = source.spec(changes).map_err(|error| match error {
            // Of the command line: it does not name the spec that it does not fit.
            SourceError::Set(error) => Failure::input(format!("{}: {error}", source.file)),
            other => Failure::input(other),
        })?;
        let experiment = Experiment::resolve(source, &spec, registries).map_err(Failure::input)?;
        Ok(Experiment { variant: Some(variant.in_results()), origin: variant.origin(), ..experiment })
    };
    variant.sources().map_err(Failure::input)?.iter().map(of_spec).collect()
}

/// The experiments of several specs and variants; `all` stands for the paper's figures.
pub fn experiments(
    names: &[String],
    changes: &planning::spec::Changes,
    registries: Registries<'_>,
) -> Result<Vec<Experiment>, Failure> {
    let named = |name: &String| {
        if name == ALL { PAPER.iter().map(|name| (*name).to_owned()).collect() } else { vec![name.clone()] }
    };
    let mut experiments: Vec<Experiment> = Vec::new();
    for name in names.iter().flat_map(named) {
        let new = match Found::find(&name).map_err(Failure::input)? {
            Found::Spec(source) => vec![of_spec(&source, changes, registries)?],
            Found::Variant(variant) => of_variant(&variant, changes, registries)?,
        };
        for new in new {
            match experiments.iter().find(|other| share_a_folder(other, &new)) {
                None => experiments.push(new),
                // The same one twice, as with `all`.
                Some(other) if other.name == new.name && other.origin == new.origin => {}
                Some(other) => return Err(Failure::input(SameName::both(other, &new))),
            }
        }
    }
    Ok(experiments)
}

/// Whether two specs have one name, or a spec that of the variant of the other, or their variants one name and two files.
fn share_a_folder(one: &Experiment, other: &Experiment) -> bool {
    if let (Some(one_variant), Some(other_variant)) = (&one.variant, &other.variant) {
        return one.name == other.name || (one_variant.name == other_variant.name && one.origin != other.origin);
    }
    let folder_of_variant =
        |of: &Experiment, name: &str| of.variant.as_ref().is_some_and(|variant| variant.name == name);
    one.name == other.name || folder_of_variant(one, &other.name) || folder_of_variant(other, &one.name)
}

/// Two specs, two variants, or a spec and a variant, that would share a folder of results.
#[derive(Debug, Error)]
#[error(
    "two specs or variants are named `{name}`, {first} and {second}: their results would share a folder; expected names that differ, or a \
     command each with an --out of its own"
)]
pub struct SameName {
    name: String,
    first: String,
    second: String,
}

impl SameName {
    fn both(first: &Experiment, second: &Experiment) -> Self {
        let file = |experiment: &Experiment| experiment.origin.clone().unwrap_or_else(|| "one that is built in".into());
        let folder = |experiment: &Experiment| experiment.variant.as_ref().map(|variant| variant.name.clone());
        if let (Some(name), Some(_)) = (folder(first), folder(second)) {
            return SameName { name, first: file(first), second: file(second) };
        }
        let name = if first.name.len() < second.name.len() { &first.name } else { &second.name };
        SameName { name: name.clone(), first: file(first), second: file(second) }
    }
}

/// The output of `experiments plan`.
#[derive(Debug)]
pub struct PlanText {
    /// The tables of all specs, as they are printed.
    pub text: String,
    /// The error to print after them when a cell does not fit into memory.
    pub refused: Result<(), Failure>,
}

/// The output of `experiments plan`: the runs of specs, with estimates.
pub fn plan(args: &PlanArgs, registries: Registries<'_>) -> Result<PlanText, Failure> {
    // Measured before data are loaded.
    let memory = memory::limit(args.memory);
    let experiments = experiments(&args.specs, &args.changes.changes(), registries)?;
    let (mut text, mut probe) = (String::new(), Probe::of_this_host());
    for experiment in &experiments {
        let title = if experiment.title.is_empty() { String::new() } else { format!(": {}", experiment.title) };
        let (table, numbers) = (plan::table(experiment, &mut probe), plan::numbers_text(experiment));
        let axes = plan::axes_text(experiment);
        let (assumptions, target) = (plan::assumptions_text(experiment), plan::target_text(experiment));
        text.push_str(&format!("{}{title}\n{axes}{table}{target}{assumptions}{numbers}\n", experiment.name));
    }
    if experiments.len() > 1 {
        text.push_str(&plan::shared(&experiments, &mut probe));
    }
    let refused = fits::check(&experiments, memory, |_, _| false).map_err(Failure::input);
    Ok(PlanText { text: format!("{}\n", text.trim_end()), refused })
}

/// The output of `experiments list`.
pub fn list() -> String {
    let mut text = String::new();
    let mut section = |title: &str, entries: Vec<Entry>| {
        let rows: Vec<[String; 2]> =
            entries.into_iter().map(|Entry { name, about }| [format!("  {name}"), about]).collect();
        text.push_str(&format!("{title}\n{}", aligned(&[Side::Left], &rows)));
    };
    section(
        "specs (`all`: the paper's figures)",
        embedded().map(|(name, text)| Entry::new(name, spec_title(name, text))).collect(),
    );
    section(
        "variants of specs",
        embedded_variants().map(|(name, text)| Entry::new(name, variant_title(name, text))).collect(),
    );
    section("figures", Figure::ALL.iter().map(|figure| Entry::new(figure.name, figure.question)).collect());
    section(
        "systems",
        vec![
            Entry::new("global", "one global parameter server, sharded over all machines (IterStore-style)"),
            Entry::new("gaia", "a parameter server in every site, Approximate Synchronous Parallel between them"),
            Entry::new("gaia-async", "Gaia's filter alone, without selective barrier and mirror clock"),
            Entry::new(
                "hierarchical",
                "a parameter server in every site, and any model between sites: averages every H clocks",
            ),
            Entry::new("bosen", "one global parameter server, updates sent all the time within a budget (Bösen-style)"),
            Entry::new("centralized", "all raw data moved to one site first, then a global parameter server there"),
        ],
    );
    section("sync models inside", Inside::all().into_iter().map(|model| Entry::new(model.name, model.about)).collect());
    section(
        "sync models between sites",
        Between::all().into_iter().map(|model| Entry::new(model.name, model.about)).collect(),
    );
    section("workloads", Kind::ALL.iter().map(|kind| Entry::new(kind.about().name, kind.about().about)).collect());
    section("profiles", builtin_names().map(profile).collect());
    section("machine kinds", machines::names().into_iter().map(machine_kind).collect());
    section("price lists", prices::names().into_iter().map(price_list).collect());
    section("data sets", crate::data::known());
    text
}

/// A spec or a variant that is built in.
fn built_in(name: &str, text: &str) -> Source {
    Source { name: name.into(), file: name.into(), folder: Path::new("").into(), text: text.into() }
}

fn variant_title(name: &str, text: &str) -> String {
    Variant::of(built_in(name, text)).map_or_else(|error| error.to_string(), |variant| variant.title().to_owned())
}

fn spec_title(name: &str, text: &str) -> String {
    built_in(name, text)
        .spec(&planning::spec::Changes::default())
        .map_or_else(|error| error.to_string(), |spec| spec.title)
}

fn profile(name: &str) -> Entry {
    let about = Profile::builtin(name).map_or_else(
        |error| error.to_string(),
        |profile| {
            let sites = profile.sites.len();
            let machines: u32 = profile.default_machines().iter().sum();
            format!("{} ({sites} site{}, {machines} machines)", profile.title, if sites == 1 { "" } else { "s" })
        },
    );
    Entry::new(name, about)
}

fn price_list(name: &str) -> Entry {
    let about = prices::builtin(name).map_or_else(String::new, |list| {
        let (regions, instances) = (list.regions().count(), list.instances().len());
        format!("{} ({regions} regions, {instances} instances; machines as {})", list.title, list.instance)
    });
    Entry::new(name, about)
}

fn machine_kind(name: &str) -> Entry {
    let about = machines::builtin(name).map_or_else(String::new, |kind| {
        format!(
            "{:.1} M rating updates/s at rank {}, {:.1} M tokens/s at {} topics, {:.0} images/s at {} G multiplications",
            kind.mf.updates_per_second / 1e6,
            kind.mf.rank,
            kind.lda.tokens_per_second / 1e6,
            kind.lda.topics,
            kind.ic.images_per_second,
            kind.ic.billion_multiplications
        )
    });
    Entry::new(name, about)
}
