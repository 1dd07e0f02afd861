//! The checks of a spec's `assert` and `expected`: cells, columns and claims that exist.

use record::results::expectations::{Asserted, Expectations, ExpectedFailure};
use record::suggest;

use super::check::{Diagnostics, plain};
use super::resolve::Registries;
use super::whole::TARGET;
use crate::spec::{Goal, PanelSpec, Spec, is_name};

/// The most assertions, and the most claims that may be expected to fail.
const MAX_ENTRIES: usize = 1_000;
/// The column of a cell's name in tables.
const CELL: &str = "cell";

/// What the spec `name` expects. `written` is the spec before a question in it is expanded: without panels of its own, cells have no panel in
/// the table.
pub(super) fn check(
    diagnostics: &mut Diagnostics,
    name: &str,
    written: &Spec,
    spec: &Spec,
    registries: Registries<'_>,
) -> Expectations {
    diagnostics.within("assert", spec.assert.len(), 0..=MAX_ENTRIES);
    diagnostics.within("expected", spec.expected.len(), 0..=MAX_ENTRIES);
    let mut known = Known { panels: spec.by_panel(), with_panels: !written.panels.is_empty(), columns: None };
    if let Some(columns) = registries.columns {
        known.columns = Some(columns(spec.figure.as_deref().unwrap_or_default()));
    }
    let assert = assertions(diagnostics, name, spec, &known);
    let expected = expected(diagnostics, spec, &assert, registries);
    Expectations { assert, expected }
}

/// What names in assertions may stand for.
struct Known<'a> {
    panels: Vec<PanelSpec<'a>>,
    /// Whether names begin with a panel's.
    with_panels: bool,
    /// The columns of the figure's table. `None` means that they are not known here.
    columns: Option<Vec<String>>,
}

fn assertions(diagnostics: &mut Diagnostics, spec_name: &str, spec: &Spec, known: &Known<'_>) -> Vec<Asserted> {
    let names: Vec<String> =
        (1..).zip(&spec.assert).map(|(number, one)| one.name.clone().unwrap_or_else(|| number.to_string())).collect();
    let mut asserted = Vec::new();
    for (position, assertion) in spec.assert.iter().enumerate() {
        let path = format!("assert[{position}]");
        let name = &names[position];
        if assertion.name.as_deref().is_some_and(|name| !is_name(name)) {
            let message = format!("`{name}`: expected a letter, then letters, digits, `-` and `_`");
            diagnostics.add(format!("{path}.name"), message);
        }
        if let Some(first) = names[..position].iter().position(|other| other == name) {
            diagnostics.add(format!("{path}.name"), format!("`{name}` is the name of assert[{first}] already"));
        }
        plain(diagnostics, &format!("{path}.says"), assertion.says.as_deref().unwrap_or_default());
        let paths = assertion.that.paths();
        if paths.is_empty() {
            let message =
                format!("`{}` has no number of a cell: expected one, such as `Gaia.clocks`", assertion.that.text);
            diagnostics.add(&path, message);
        }
        for words in paths {
            if let Err(message) = known.check(words) {
                diagnostics.add(&path, format!("`{}`: {message}", words.join(".")));
            }
        }
        asserted.push(Asserted {
            id: format!("{spec_name}.assert.{name}"),
            that: assertion.that.text.clone(),
            says: assertion.says.clone(),
        });
    }
    asserted
}

impl Known<'_> {
    /// Whether the words are a number of a cell.
    ///
    /// # Errors
    /// What is wrong, with what was expected.
    fn check(&self, words: &[String]) -> Result<(), String> {
        let (panel, cell, column) = match (self.with_panels, words) {
            (true, [panel, cell, column]) => (Some(panel), cell, column),
            (false, [cell, column]) => (None, cell, column),
            (true, _) => return Err("expected `panel.cell.column`: the spec has panels".into()),
            (false, _) => return Err("expected `cell.column`: the spec has no panels".into()),
        };
        let mut panels: Vec<&PanelSpec<'_>> = self.panels.iter().collect();
        if let Some(panel) = panel {
            let names: Vec<&str> = panels.iter().map(|panel| panel.name()).collect();
            let hint = suggest::hint(panel, &names);
            panels.retain(|known| known.name() == panel);
            if panels.is_empty() {
                return Err(format!("there is no panel `{panel}`{hint}"));
            }
        }
        let mut cells: Vec<&str> =
            panels.iter().flat_map(|panel| panel.spec.cells.iter().map(|cell| &*cell.name)).collect();
        if panels.iter().any(|panel| matches!(panel.spec.goal, Goal::Target)) {
            cells.push(TARGET);
        }
        if !cells.contains(&cell.as_str()) {
            cells.dedup();
            return Err(format!("there is no cell `{cell}`{}", suggest::hint(cell, &cells)));
        }
        let Some(columns) = &self.columns else { return Ok(()) };
        if !columns.iter().any(|known| known == CELL) {
            return Err("the figure's table has no rows of cells: expected another figure for assertions".into());
        }
        let names: Vec<&str> = columns.iter().map(String::as_str).filter(|known| *known != CELL).collect();
        if names.contains(&column.as_str()) {
            return Ok(());
        }
        Err(format!("there is no column `{column}`{}", suggest::hint(column, &names)))
    }
}

fn expected(
    diagnostics: &mut Diagnostics,
    spec: &Spec,
    asserted: &[Asserted],
    registries: Registries<'_>,
) -> Vec<ExpectedFailure> {
    let ids = asserted.iter().map(|one| one.id.as_str());
    let names: Vec<&str> = registries.claims.iter().copied().chain(ids).collect();
    for (position, one) in spec.expected.iter().enumerate() {
        let path = format!("expected[{position}]");
        let claim = one.claim.as_str();
        if !registries.claims.is_empty() && !names.contains(&claim) {
            diagnostics
                .add(format!("{path}.claim"), format!("there is no claim `{claim}`{}", suggest::hint(claim, &names)));
        }
        if let Some(first) = spec.expected[..position].iter().position(|other| other.claim == one.claim) {
            diagnostics.add(format!("{path}.claim"), format!("`{claim}` is that of expected[{first}] already"));
        }
        if one.because.trim().is_empty() {
            diagnostics.add(format!("{path}.because"), "empty: expected the reason for which the claim fails");
        }
        plain(diagnostics, &format!("{path}.because"), &one.because);
    }
    let failure =
        |one: &crate::spec::Expected| ExpectedFailure { claim: one.claim.clone(), because: one.because.clone() };
    spec.expected.iter().map(failure).collect()
}
