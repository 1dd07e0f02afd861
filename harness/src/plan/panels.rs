//! From a spec to its plans, panel by panel: each panel is resolved as a spec of its own, and mistakes that panels share are
//! told once.

use std::collections::BTreeSet;

use super::check::Problem;
use super::data::read_any;
use super::pricing;
use super::resolve::{self, Registries};
use super::whatif;
use super::{DataSource, Experiment, Kind, Loader, Problems};
use crate::spec::{PanelSpec, Source, Spec};

impl Experiment {
    /// The plans of a spec, or everything that is wrong with its meaning. Reads the data when they are a file's.
    pub fn resolve(source: &Source, spec: &Spec, registries: Registries<'_>) -> Result<Experiment, Problems> {
        let mut problems = Problems::new(&source.file);
        let expanded = spec.whatif.as_ref().map(|asked| whatif::expand(&mut problems, spec, asked, &source.folder));
        let written = spec;
        let spec = match &expanded {
            Some(None) => return Err(whatif::in_its_words(problems, spec)),
            Some(Some(expanded)) => expanded,
            None => spec,
        };
        resolve::check_whole(&mut problems, spec, registries);
        check_names(&mut problems, spec);
        let pricing = pricing::find(&mut problems, &spec.prices, &source.folder).ok_or_else(|| problems.clone())?;
        let panels = spec.by_panel();
        let given = given_data(&mut problems, spec, &panels);
        let mut loaders: Vec<Loader> = Vec::new();
        let (mut plans, mut told) = (Vec::new(), Vec::new());
        for panel in &panels {
            let mut own = Problems::new(&source.file);
            let given = given.clone().filter(|given| kind_of(given) == Some(Kind::of(&panel.spec.workload)));
            plans.extend(resolve::panel(&mut own, panel, given, (&pricing, &source.folder), &mut loaders));
            told.push(own.problems);
        }
        problems.problems.extend(merged(&panels, told));
        if !problems.problems.is_empty() {
            return Err(whatif::in_its_words(problems, written));
        }
        let (name, title, figure) = (source.name.clone(), spec.title.clone(), spec.figure.clone());
        Ok(Experiment { name, origin: source.origin(), title, figure, plans, pricing, loaders })
    }
}

fn check_names(problems: &mut Problems, spec: &Spec) {
    plain(problems, "title", &spec.title);
    for (position, panel) in spec.panels.iter().enumerate() {
        let path = format!("panels[{position}].name");
        if panel.name.trim().is_empty() {
            problems.add(&path, "empty: expected a name");
        }
        plain(problems, &path, &panel.name);
        if let Some(first) = spec.panels[..position].iter().position(|other| other.name == panel.name) {
            problems.add(&path, format!("`{}` is the name of panels[{first}] already", panel.name));
        }
    }
}

/// That a name can be shown: control characters steer terminals, and are in no XML.
pub(super) fn plain(problems: &mut Problems, path: &str, name: &str) {
    if let Some(found) = name.chars().find(|c| c.is_control()) {
        let says =
            format!("found the control character {} in it, expected text that can be shown", found.escape_unicode());
        problems.add(path, says);
    }
}

/// The data of the command line, which go to the panels that learn from their kind.
fn given_data(problems: &mut Problems, spec: &Spec, panels: &[PanelSpec<'_>]) -> Option<DataSource> {
    let path = spec.given_data.clone()?;
    let kind = Kind::of(&panels[0].spec.workload);
    if panels.iter().all(|panel| Kind::of(&panel.spec.workload) == kind) {
        return Some(DataSource::File(kind, path));
    }
    match read_any(&path, spec.seeds.first().copied().unwrap_or(1)) {
        Ok(data) if panels.iter().all(|panel| Kind::of(&panel.spec.workload) != data.kind()) => {
            let kinds: BTreeSet<String> =
                panels.iter().map(|panel| Kind::of(&panel.spec.workload).to_string()).collect();
            let (found, expected) = (data.kind(), kinds.into_iter().collect::<Vec<_>>().join(" or "));
            let says = format!("{}: found {found}, which no panel learns from: expected {expected}", path.display());
            problems.add(resolve::GIVEN, says);
            None
        }
        Ok(data) => Some(DataSource::File(data.kind(), path)),
        Err(error) => {
            problems.add(resolve::GIVEN, error.to_string());
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

/// The problems of all panels: what a panel sets itself by the panel's path, what it shares once, and with the panel's
/// name where other panels do not have it.
fn merged(panels: &[PanelSpec<'_>], told: Vec<Vec<Problem>>) -> Vec<Problem> {
    let mut all: Vec<Problem> = Vec::new();
    for (panel, own) in panels.iter().zip(&told) {
        for problem in own {
            let by_all = panels.iter().zip(&told).all(|(_, other)| other.contains(problem));
            let problem = match panel.panel {
                Some((number, _)) if panel.says(&problem.path) => {
                    Problem { path: format!("panels[{number}].{}", problem.path), message: problem.message.clone() }
                }
                Some((_, named)) if !by_all => {
                    let message = format!("{} (in the panel `{}`)", problem.message, named.name);
                    Problem { message, ..problem.clone() }
                }
                _ => problem.clone(),
            };
            if !all.contains(&problem) {
                all.push(problem);
            }
        }
    }
    all
}
