//! What the specs of a variant have, and which settings of the variant none of them has a use for.

use std::collections::BTreeSet;

use record::suggest;
use serde_yaml::Value;

use super::apply::{Changes, GAIA, GAIA_ASYNC, profile_of, system_of};
use super::form::Form;
use super::yaml::{CELLS, MACHINES, PANELS, list, name_of, text};
use crate::spec::parts::Machines;

/// What specs have, before the variant is applied.
#[derive(Debug, Default)]
pub(super) struct Seen {
    machines: BTreeSet<String>,
    cells: BTreeSet<String>,
    panels: BTreeSet<String>,
    /// The profile and the system of every cell with a system that variants have settings for.
    systems: BTreeSet<(String, &'static str)>,
}

impl Seen {
    /// Adds what the spec has.
    pub(super) fn look(&mut self, spec: &Value) {
        if let (None, Machines::Named(kind)) = (spec.get(MACHINES), Machines::default()) {
            self.machines.insert(kind);
        }
        for part in std::iter::once(spec).chain(list(spec, PANELS)) {
            let cells = list(part, CELLS);
            let parts = std::iter::once(part).chain(cells);
            self.machines.extend(parts.filter_map(|part| text(part, MACHINES)).map(str::to_owned));
            self.cells.extend(cells.iter().map(|cell| name_of(cell).to_owned()));
        }
        self.panels.extend(list(spec, PANELS).iter().map(|panel| name_of(panel).to_owned()));
        match list(spec, PANELS) {
            [] => self.look_at_cells(list(spec, CELLS), &[spec]),
            panels => {
                for panel in panels {
                    let cells = if panel.get(CELLS).is_some() { list(panel, CELLS) } else { list(spec, CELLS) };
                    self.look_at_cells(cells, &[panel, spec]);
                }
            }
        }
    }

    fn look_at_cells(&mut self, cells: &[Value], within: &[&Value]) {
        for cell in cells {
            let profile = profile_of(cell, within).unwrap_or_default();
            let system = system_of(cell, within);
            let has = |name: &&str| system.is_some_and(|system| system.get(*name).is_some());
            let names = [GAIA, GAIA_ASYNC].into_iter().filter(has);
            self.systems.extend(names.map(|name| (profile.to_owned(), name)));
        }
    }

    /// The settings of the variant that none of these specs has a use for: the path of each, and the message.
    pub(super) fn unused(&self, form: &Form) -> Vec<(String, String)> {
        let mut unused = Vec::new();
        for name in form.machines.keys().filter(|name| !self.machines.contains(*name)) {
            unused.push((format!("machines.{name}"), not_there("the machine kind", name, &self.machines)));
        }
        let lists = [
            ("cells-left-out", "a cell", &form.cells_left_out, &self.cells),
            ("panels-left-out", "a panel", &form.panels_left_out, &self.panels),
        ];
        for (field, what, names, known) in lists {
            let missing = names.iter().enumerate().filter(|(_, name)| !known.contains(*name));
            unused.extend(missing.map(|(at, name)| (format!("{field}[{at}]"), not_there(what, name, known))));
        }
        for system in Changes::of_all(form).systems() {
            if !self.systems.iter().any(|(_, other)| *other == system) {
                unused.push((system.into(), format!("none of its specs has a cell of the system `{system}`")));
            }
        }
        for (profile, settings) in &form.profiles {
            unused.extend(self.unused_on(profile, &Changes::on(settings)));
        }
        unused
    }

    fn unused_on(&self, profile: &str, changes: &Changes) -> Vec<(String, String)> {
        let path = format!("profiles.{profile}");
        let systems: Vec<&str> = changes.systems().collect();
        if systems.is_empty() {
            return vec![(path, format!("empty: expected settings of `{GAIA}` or of `{GAIA_ASYNC}`"))];
        }
        let missing = systems.into_iter().filter(|system| !self.systems.contains(&(profile.to_owned(), *system)));
        let message = |system: &str| {
            let known = self.systems.iter().filter(|(_, other)| *other == system);
            let known: Vec<&str> = known.map(|(profile, _)| profile.as_str()).collect();
            let hint = suggest::hint(profile, &known);
            format!("none of its specs has a cell of this system on the profile `{profile}`{hint}")
        };
        missing.map(|system| (format!("{path}.{system}"), message(system))).collect()
    }
}

fn not_there(what: &str, name: &str, known: &BTreeSet<String>) -> String {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    format!("none of its specs has {what} `{name}`{}", suggest::hint(name, &known))
}
