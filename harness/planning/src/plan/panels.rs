//! From a spec to its plans, panel by panel: each panel is resolved as a spec of its own, and mistakes that panels share are
//! reported once.

use std::collections::BTreeSet;

use tracing::info;

use super::assumptions;
use super::check::{Diagnostic, Diagnostics, GIVEN, plain};
use super::data::{Loader, read_any};
use super::expectations;
use super::fitting;
use super::plots;
use super::pricing;
use super::resolve::{self, Registries, Resolving};
use super::whatif;
use super::whole::{Experiment, Planned};
use crate::spec::sweep::MAX_PANELS;
use crate::spec::{PanelSpec, Source, Spec};
use crate::workload::list::{DataSource, Kind};

/// The most runs of a spec: every cell of every panel with every seed, each with a plan of its own.
const MAX_RUNS: usize = 5_000;

impl Experiment {
    /// The plans of a spec, or everything that is wrong with its meaning. Reads the data when they are a file's.
    pub fn resolve(source: &Source, spec: &Spec, registries: Registries<'_>) -> Result<Experiment, Diagnostics> {
        let mut diagnostics = Diagnostics::new(&source.file);
        let expanded = spec.whatif.as_ref().map(|asked| whatif::expand(&mut diagnostics, spec, asked, &source.folder));
        let written = spec;
        let spec = match &expanded {
            Some(None) => return Err(in_words_of(diagnostics, spec)),
            Some(Some(expanded)) => expanded,
            None => spec,
        };
        if let Some((path, message)) = too_many(spec) {
            diagnostics.add(path, message);
            return Err(in_words_of(diagnostics, written));
        }
        resolve::check_whole(&mut diagnostics, spec, registries);
        check_names(&mut diagnostics, spec);
        if let Some(fit) = &spec.fit {
            fitting::check(&mut diagnostics, spec, fit);
        }
        let expectations = expectations::check(&mut diagnostics, &source.name, written, spec, registries);
        let pricing =
            pricing::find(&mut diagnostics, &spec.prices, &source.folder).ok_or_else(|| diagnostics.clone())?;
        let panels = spec.by_panel();
        let given = given_data(&mut diagnostics, spec, &panels);
        let mut loaders: Vec<Loader> = Vec::new();
        let (mut plans, mut found) = (Vec::new(), Vec::new());
        for panel in &panels {
            let mut own = Diagnostics::new(&source.file);
            let given = given.clone().filter(|given| kind_of(given) == Some(panel.spec.workload.kind()));
            let mut resolving = Resolving {
                diagnostics: &mut own,
                spec: &panel.spec,
                folder: &source.folder,
                pricing: &pricing,
                claims: registries.claims,
            };
            let of_panel = resolving.panel(panel.name(), given, &mut loaders);
            plans.extend(of_panel.into_iter().map(|planned| with_axes(panel, planned)));
            found.push(own.list);
        }
        diagnostics.list.extend(merged(&panels, found));
        let columns = registries.columns.map(|of| of(spec.figure.as_deref().unwrap_or_default()));
        plots::check(&mut diagnostics, &spec.plot, &plans, columns.as_deref());
        if !diagnostics.list.is_empty() {
            return Err(in_words_of(diagnostics, written));
        }
        let (name, title, figure) = (source.name.clone(), spec.title.clone(), spec.figure.clone());
        info!(spec = name, plans = plans.len(), panels = panels.len(), "spec resolved");
        let (plots, origin) = (spec.plot.list.clone(), source.origin());
        let whatif = written.whatif.as_ref().and_then(|question| assumptions::asked(question, spec, &plans));
        Ok(Experiment {
            name,
            variant: None,
            origin,
            title,
            figure,
            plots,
            plans,
            pricing,
            expectations,
            whatif,
            loaders,
        })
    }
}

/// Diagnostics in the words of the spec as written, before its question and its sweeps became cells and panels.
fn in_words_of(diagnostics: Diagnostics, written: &Spec) -> Diagnostics {
    let mut diagnostics = whatif::in_its_words(diagnostics, written);
    for diagnostic in &mut diagnostics.list {
        let (path, remark) = written.origins.in_its_words(&diagnostic.path);
        diagnostic.path = path;
        diagnostic.message.push_str(&remark);
    }
    diagnostics
}

/// A plan of a panel with its place in the sweeps.
fn with_axes(panel: &PanelSpec<'_>, planned: Planned) -> Planned {
    let cell = panel.spec.cells.iter().position(|cell| cell.name == planned.cell);
    Planned { swept: panel.spec.origins.of(panel.panel.map(|(number, _)| number), cell), ..planned }
}

/// The field and what is wrong with it, when there is more than can be planned: before anything is made for each panel, cell or seed.
fn too_many(spec: &Spec) -> Option<(&'static str, String)> {
    let panels = spec.panels.len();
    if panels > MAX_PANELS {
        return Some(("panels", format!("{panels}: expected at most {MAX_PANELS}")));
    }
    let of_panels = spec.panels.iter().map(|panel| panel.cells.as_ref().unwrap_or(&spec.cells).len());
    let cells = if panels == 0 { spec.cells.len() } else { of_panels.sum() };
    let runs = cells.saturating_mul(spec.seeds.len());
    let message = || format!("{} of {cells} cells are {runs} runs: expected at most {MAX_RUNS}", spec.seeds.len());
    (runs > MAX_RUNS).then(|| ("seeds", message()))
}

fn check_names(diagnostics: &mut Diagnostics, spec: &Spec) {
    plain(diagnostics, "title", &spec.title);
    for (position, panel) in spec.panels.iter().enumerate() {
        let path = format!("panels[{position}].name");
        if panel.name.trim().is_empty() {
            diagnostics.add(&path, "empty: expected a name");
        }
        plain(diagnostics, &path, &panel.name);
        if let Some(first) = spec.panels[..position].iter().position(|other| other.name == panel.name) {
            diagnostics.add(&path, format!("`{}` is the name of panels[{first}] already", panel.name));
        }
    }
}

/// The data of the command line, which go to the panels that learn from their kind.
fn given_data(diagnostics: &mut Diagnostics, spec: &Spec, panels: &[PanelSpec<'_>]) -> Option<DataSource> {
    let path = spec.given_data.clone()?;
    let kind = panels[0].spec.workload.kind();
    if panels.iter().all(|panel| panel.spec.workload.kind() == kind) {
        return Some(DataSource::File(kind, path));
    }
    match read_any(&path, spec.seeds.first().copied().unwrap_or(1)) {
        Ok(data) if panels.iter().all(|panel| panel.spec.workload.kind() != data.kind()) => {
            let kinds: BTreeSet<String> = panels.iter().map(|panel| panel.spec.workload.kind().to_string()).collect();
            let (found, expected) = (data.kind(), kinds.into_iter().collect::<Vec<_>>().join(" or "));
            let message = format!("{}: found {found}, which no panel learns from: expected {expected}", path.display());
            diagnostics.add(GIVEN, message);
            None
        }
        Ok(data) => Some(DataSource::File(data.kind(), path)),
        Err(error) => {
            diagnostics.add(GIVEN, error.to_string());
            None
        }
    }
}

fn kind_of(source: &DataSource) -> Option<Kind> {
    match source {
        DataSource::File(kind, _) => Some(*kind),
        _ => None,
    }
}

/// The diagnostics of all panels. One of a panel's own field has the panel's path. One of a shared field is listed once, with the
/// panel's name if other panels do not have it.
fn merged(panels: &[PanelSpec<'_>], found: Vec<Vec<Diagnostic>>) -> Vec<Diagnostic> {
    let sets: Vec<BTreeSet<&Diagnostic>> = found.iter().map(|own| own.iter().collect()).collect();
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for (panel, own) in panels.iter().zip(&found) {
        for diagnostic in own {
            let by_all = sets.iter().all(|other| other.contains(diagnostic));
            let diagnostic = match panel.panel {
                Some((number, _)) if panel.sets(&diagnostic.path) => Diagnostic {
                    path: format!("panels[{number}].{}", diagnostic.path),
                    message: diagnostic.message.clone(),
                },
                Some((_, named)) if !by_all => {
                    let message = format!("{} (in the panel `{}`)", diagnostic.message, named.name);
                    Diagnostic { message, ..diagnostic.clone() }
                }
                _ => diagnostic.clone(),
            };
            if seen.insert(diagnostic.clone()) {
                all.push(diagnostic);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Changes;

    fn diagnostics(text: String) -> String {
        let source = Source { name: "many".into(), file: "many.yaml".into(), folder: ".".into(), text };
        let spec = source.spec(&Changes::default()).expect("well formed");
        match Experiment::resolve(&source, &spec, Registries::default()) {
            Ok(experiment) => format!("{} plans", experiment.plans.len()),
            Err(diagnostics) => diagnostics.to_string(),
        }
    }

    fn spec(seeds: u64, cells: u64, panels: u64) -> String {
        let seeds: Vec<u64> = (0..seeds).collect();
        let cell = |number| format!("- {{name: c{number}, system: {{global: {{bsp: {{}}}}}}}}\n");
        let panel = |number| format!("- {{name: p{number}}}\n");
        let (cells, panels): (String, String) = ((0..cells).map(cell).collect(), (0..panels).map(panel).collect());
        let panels = if panels.is_empty() { panels } else { format!("panels:\n{panels}") };
        let data = "data: {generated: {users: 60, items: 20, ratings: 400}}\ngoal: {clocks: 1}";
        let network = "profile: va-ca\nmachines-per-site: 1";
        format!("seeds: {seeds:?}\n{data}\n{network}\nworkload: {{mf: {{rank: 8}}}}\ncells:\n{cells}{panels}")
    }

    #[test]
    fn more_runs_than_can_be_planned_are_refused_before_they_are() {
        assert_eq!(diagnostics(spec(10, 5, 2)), "100 plans");
        let of_one = diagnostics(spec(1_000, 500, 0));
        assert!(of_one.contains("seeds: 1000 of 500 cells are 500000 runs: expected at most 5000"), "{of_one}");
        let of_panels = diagnostics(spec(2, 500, 100));
        assert!(of_panels.contains("seeds: 2 of 50000 cells are 100000 runs: expected at most 5000"), "{of_panels}");
        let panels = diagnostics(spec(0, 1, 1_000));
        assert!(panels.contains("panels: 1000: expected at most 100"), "{panels}");
    }
}
