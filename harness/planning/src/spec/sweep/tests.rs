//! Sweeps of small specs: what they make, what it is named, and every mistake.

use gaia_core::sync::config::{MirrorClock, System};
use serde_json::json;

use crate::plan::{Experiment, Registries};
use crate::spec::{Changes, Source, Spec};

/// A global server and Gaia between two sites, without a target.
const SPEC: &str = "\
data: { generated: { users: 60, items: 20, ratings: 400 } }
goal: { clocks: 1 }
workload: { mf: { rank: 8 } }
profile: va-ca
machines-per-site: 1
cells:
  - name: Baseline
    system: { global: { bsp: {} } }
  - name: Gaia
    system: { gaia: { inside: { bsp: {} }, significance: { schedule: constant } } }
";

fn source(text: &str) -> Source {
    Source { name: "made".into(), file: "made.yaml".into(), folder: ".".into(), text: text.into() }
}

fn spec(text: &str) -> Spec {
    source(text).spec(&Changes::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn error(text: &str) -> String {
    source(text).spec(&Changes::default()).expect_err(text).to_string()
}

/// `SPEC` with a sweep of Gaia.
fn of_gaia(sweep: &str) -> String {
    format!("{SPEC}    sweep: {sweep}\n")
}

/// `SPEC` with a sweep of the whole.
fn of_whole(sweep: &str) -> String {
    format!("sweep: {sweep}\n{SPEC}")
}

fn names(spec: &Spec) -> Vec<&str> {
    spec.cells.iter().map(|cell| cell.name.as_str()).collect()
}

fn panels(spec: &Spec) -> Vec<&str> {
    spec.panels.iter().map(|panel| panel.name.as_str()).collect()
}

fn threshold(system: Option<&System>) -> f64 {
    match system {
        Some(System::Gaia(gaia)) => gaia.significance.threshold,
        other => panic!("{other:?}"),
    }
}

fn resolved(spec: &Spec, text: &str) -> Experiment {
    Experiment::resolve(&source(text), spec, Registries::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn axes_of_a_cell_are_crossed_and_the_last_is_fastest() {
    let text = of_gaia("{ system.gaia.significance.threshold: [0.001, 0.01], profile: [va-ca, sg-sp] }");
    let spec = spec(&text);
    assert_eq!(
        names(&spec),
        ["Baseline", "Gaia 0.001 va-ca", "Gaia 0.001 sg-sp", "Gaia 0.01 va-ca", "Gaia 0.01 sg-sp"]
    );
    let thresholds: Vec<f64> = spec.cells[1..].iter().map(|cell| threshold(cell.system.as_ref())).collect();
    assert_eq!(thresholds, [0.001, 0.001, 0.01, 0.01]);
    assert_eq!(spec.cells[2].profile.as_deref(), Some("sg-sp"));
    let plans = resolved(&spec, &text).plans;
    assert_eq!(plans[0].swept, None);
    let swept = plans[2].swept.as_ref().unwrap();
    let axes: Vec<_> = swept.axes.iter().map(|axis| (axis.axis.as_str(), axis.value.clone())).collect();
    assert_eq!((swept.cell.as_str(), axes), ("Gaia", vec![("threshold", json!(0.001)), ("profile", json!("sg-sp"))]));
}

#[test]
fn a_swept_cell_is_the_plan_of_the_cell_written_by_hand() {
    let text = of_gaia("{ system.gaia.significance.threshold: [0.05] }");
    let by_hand = SPEC.replace("schedule: constant", "schedule: constant, threshold: 0.05");
    let (swept, hand) = (resolved(&spec(&text), &text), resolved(&spec(&by_hand), &by_hand));
    let hashes = |experiment: &Experiment| experiment.plans.iter().map(|plan| plan.plan.hash()).collect::<Vec<_>>();
    assert_eq!(hashes(&swept), hashes(&hand));
}

#[test]
fn axes_go_together_in_zip_and_in_lists() {
    let zipped =
        spec(&of_gaia("{ zip: { profile: [va-ca, sg-sp], machines-per-site: [1, 2] }, nic: [1 Gbit/s, 2 Gbit/s] }"));
    assert_eq!(names(&zipped)[1..3], ["Gaia va-ca 1 1 Gbit/s", "Gaia va-ca 1 2 Gbit/s"]);
    assert_eq!(zipped.cells.len(), 5);
    let listed = spec(&of_gaia(
        "[{ name: never, system.gaia.mirror-clock.off: {} }, { system.gaia.mirror-clock.bounded.staleness: 3 }]",
    ));
    assert_eq!(names(&listed), ["Baseline", "Gaia never", "Gaia 3"]);
    let clocks: Vec<MirrorClock> = listed.cells[1..]
        .iter()
        .map(|cell| match &cell.system {
            Some(System::Gaia(gaia)) => gaia.mirror_clock,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(clocks, [MirrorClock::Off {}, MirrorClock::Bounded { staleness: 3 }]);
    // What only some combinations set is an axis without a value in the others.
    let swept = listed.origins.of(None, Some(1)).unwrap();
    assert_eq!(swept.axes.len(), 1);
    assert_eq!(listed.origins.of(None, Some(0)), None);
}

#[test]
fn the_name_of_a_cell_may_be_a_pattern() {
    let text = of_gaia("{ system.gaia.significance.threshold: [0.001, 0.1] }")
        .replace("name: Gaia", "name: \"{threshold:%}\"");
    assert_eq!(names(&spec(&text)), ["Baseline", "0.1 %", "10 %"]);
    let twice = of_gaia("{ system.gaia.significance.threshold: [0.001, 0.1], profile: [va-ca, sg-sp] }")
        .replace("name: Gaia", "name: \"at {threshold}\"");
    assert_eq!(
        error(&twice),
        "made.yaml: cells[1].name: two combinations are named `at 0.001`: expected a pattern with every axis, `{threshold}`, `{profile}`"
    );
}

#[test]
fn a_sweep_of_the_whole_spec_makes_panels() {
    let text = of_whole("{ profile: [va-ca, sg-sp], workload.mf.rank: [8, 16] }");
    let spec = spec(&text);
    assert_eq!(panels(&spec), ["va-ca rank 8", "va-ca rank 16", "sg-sp rank 8", "sg-sp rank 16"]);
    let plans = resolved(&spec, &text).plans;
    assert_eq!(plans.len(), 8);
    let last = &plans[7];
    assert_eq!((last.panel.as_str(), last.cell.as_str()), ("sg-sp rank 16", "Gaia"));
    let swept = last.swept.as_ref().unwrap();
    assert_eq!((swept.panel.as_str(), swept.cell.as_str(), swept.axes.len()), ("", "Gaia", 2));
    let named = self::spec(&of_whole("{ name: \"{rank} factors\", workload.mf.rank: [8, 16] }"));
    assert_eq!(panels(&named), ["8 factors", "16 factors"]);
}

#[test]
fn a_path_into_the_system_reaches_the_cells_that_have_it() {
    let spec = spec(&of_whole("{ system.gaia.significance.threshold: [0.02, 0.2] }"));
    let of_panel = |number: usize| spec.by_panel()[number].spec.cells.clone();
    let thresholds: Vec<f64> = [0, 1].map(|number| threshold(of_panel(number)[1].system.as_ref())).into();
    assert_eq!(thresholds, [0.02, 0.2]);
    assert!(matches!(of_panel(1)[0].system, Some(System::Global(_))), "Baseline stays");
}

#[test]
fn panels_of_another_form_or_with_the_field_itself_stay_as_they_are() {
    let text = format!(
        "sweep: {{ workload.mf.rank: [8, 16] }}\n{SPEC}panels: [{{ name: MF }}, {{ name: TM, workload: {{ lda: {{ topics: 4 }} }}, \
         data: {{ generated-corpus: {{ documents: 60, words: 20, tokens: 400 }} }} }}]\n"
    );
    let spec = self::spec(&text);
    assert_eq!(panels(&spec), ["MF rank 8", "MF rank 16", "TM"]);
    let plans = resolved(&spec, &text).plans;
    assert_eq!(plans.iter().filter(|plan| plan.swept.is_none()).count(), 2);
    assert_eq!(plans[0].swept.as_ref().unwrap().panel, "MF");
    let own =
        format!("sweep: {{ profile: [va-ca, sg-sp] }}\n{SPEC}panels: [{{ name: a }}, {{ name: b, profile: sg-sp }}]\n");
    assert_eq!(panels(&self::spec(&own)), ["a va-ca", "a sg-sp", "b"]);
}

#[test]
fn shared_cells_are_swept_on_the_settings_of_each_panel() {
    let text = "\
data: { generated: { users: 60, items: 20, ratings: 400 } }
goal: { clocks: 1 }
workload: { mf: { rank: 8 } }
profile: va-ca
cells: [{ name: DS, sweep: { system.gaia.mirror-clock.bounded.staleness: [0, 2] } }]
panels:
  - { name: bold, system: { gaia: { inside: { bsp: {} }, significance: { threshold: 0.3 } } } }
  - { name: shy, system: { gaia: { inside: { bsp: {} }, significance: { threshold: 0.1 } } } }
";
    let spec = spec(text);
    let thresholds: Vec<f64> = spec
        .by_panel()
        .iter()
        .flat_map(|panel| panel.spec.cells.iter().map(|cell| threshold(cell.system.as_ref())).collect::<Vec<_>>())
        .collect();
    assert_eq!(thresholds, [0.3, 0.3, 0.1, 0.1]);
    assert_eq!(resolved(&spec, text).plans[3].name(), "shy DS 2");
}

#[test]
fn mistakes_name_the_place_and_what_is_expected() {
    for (sweep, message) in [
        ("{}", "empty: expected axes with lists of values"),
        ("5", "`5`: expected axes with lists of values"),
        ("{ profile: va-ca }", "`profile` is `va-ca`: expected a list of values, such as `[va-ca]`"),
        ("{ profile: [] }", "`profile` is an empty list: expected at least one value"),
        ("{ profile: [va-ca, va-ca] }", "`profile` has `va-ca` twice"),
        (
            "{ zip: { profile: [va-ca], machines-per-site: [1, 2] } }",
            "`machines-per-site` has 2 values, and `profile` has 1: expected as many",
        ),
        ("{ profile: [va-ca], zip: [{ profile: sg-sp }] }", "`profile` is an axis twice"),
        ("[va-ca]", "entry 0 is `va-ca`: expected a mapping from fields to values"),
    ] {
        let found = error(&of_gaia(sweep));
        assert!(found.starts_with("made.yaml:9:5: cells[1]: sweep: ") && found.contains(message), "{sweep}: {found}");
    }
    for (sweep, message) in [
        ("{ system.gaia.significance.treshold: [0.1] }", "cells[1].system.gaia.significance: unknown field `treshold`"),
        ("{ system.gaia.significance.treshold: [0.1] }", "did you mean `threshold`? (in `Gaia 0.1` of the sweep)"),
        ("{ machines-per-site: [1, two] }", "cells[1].machines-per-site"),
        ("{ seeds: [[1]] }", "unknown field `seeds`"),
        ("{ name: x, profile: [va-ca] }", "cells[1].sweep: `name`: the name of the cell is the pattern"),
        ("{ profile.x: [1] }", "cells[1].sweep: `profile.x`: "),
    ] {
        let text = if message.contains("profile.x") {
            of_gaia(sweep).replace("  - name: Gaia\n", "  - name: Gaia\n    profile: va-ca\n")
        } else {
            of_gaia(sweep)
        };
        let found = error(&text);
        assert!(found.contains(message), "{sweep}: {found}");
    }
    let many: Vec<String> = (1..=100).map(|number| number.to_string()).collect();
    let many = many.join(", ");
    let found = error(&of_gaia(&format!(
        "{{ machines-per-site: [{many}], system.gaia.mirror-clock.bounded.staleness: [{many}] }}"
    )));
    assert!(
        found.ends_with("cells[1].sweep: 100 x 100 combinations: expected at most 500 cells in a panel"),
        "{found}"
    );
}

#[test]
fn mistakes_in_a_sweep_of_the_whole_spec() {
    for (sweep, message) in [
        ("{ seed: [1, 2] }", "sweep: `seed`: no field that panels may differ in"),
        ("{ profil: [va-ca] }", "did you mean `profile`?"),
        (
            "{ cells.Gaia.profile: [va-ca] }",
            "sweep: `cells.Gaia.profile`: expected a field of the whole spec; a cell has a `sweep` of its own",
        ),
        (
            "{ system.bosen.slack: [1, 2] }",
            "sweep: `system.bosen.slack`: no cell has this field, or takes it from the spec",
        ),
        ("{ system: [{ global: { bsp: {} } }] }", "sweep: `system`: no cell has this field, or takes it from the spec"),
        ("{ name: \"{rnk}\", workload.mf.rank: [8] }", "no axis `rnk`; did you mean `rank`?"),
        ("{ name: \"{rank}\", workload.mf: [{ rank: 8 }], nic: [1 Gbit/s] }", "no axis `rank`"),
        (
            "{ name: \"{rank}\", workload.mf.rank: [8], nic: [1 Gbit/s, 2 Gbit/s] }",
            "`name`: two combinations are named `8`",
        ),
        ("{ workload.mf.rnk: [8] }", "unknown field `rnk`"),
    ] {
        let found = error(&of_whole(sweep));
        assert!(found.starts_with("made.yaml: ") && found.contains(message), "{sweep}: {found}");
    }
    let many: Vec<String> = (1..=101).map(|number| number.to_string()).collect();
    let found = error(&of_whole(&format!("{{ workload.mf.rank: [{}] }}", many.join(", "))));
    assert!(found.contains("sweep: 101 combinations: expected at most 100 panels"), "{found}");
}

#[test]
fn errors_of_meaning_name_the_cell_as_it_was_written() {
    let text = of_gaia("{ system.gaia.significance.threshold: [0.1, 11] }");
    let found = Experiment::resolve(&source(&text), &spec(&text), Registries::default()).unwrap_err().to_string();
    let expected = "made.yaml: 1 problem\n  cells[1].system.gaia.significance.threshold: 11: expected 0 to 10 (in `Gaia 11` of the sweep)";
    assert_eq!(found, expected);
    let text = of_whole("{ workload.mf.rank: [8, 0] }");
    let found = Experiment::resolve(&source(&text), &spec(&text), Registries::default()).unwrap_err().to_string();
    assert!(found.contains("\n  workload.mf.rank: ") && found.contains("(in `rank 0` of the sweep)"), "{found}");
}

#[test]
fn the_command_line_adds_and_replaces_axes() {
    let with = |text: &str, axes: &[&str]| {
        let sweep = axes.iter().map(|axis| axis.parse().unwrap()).collect();
        source(text).spec(&Changes { sweep, ..Changes::default() })
    };
    let both = with(SPEC, &["cells.Gaia.system.gaia.significance.threshold=0.1,0.2", "profile=va-ca,sg-sp"]).unwrap();
    assert_eq!(panels(&both), ["va-ca", "sg-sp"]);
    let cells: Vec<&str> = both.panels[1].cells.as_ref().unwrap().iter().map(|cell| cell.name.as_str()).collect();
    assert_eq!(cells, ["Baseline", "Gaia 0.1", "Gaia 0.2"]);
    let written = of_gaia("{ profile: [va-ca, sg-sp] }");
    let replaced = with(&written, &["cells.Gaia.profile=[va-ca]"]).unwrap();
    assert_eq!(names(&replaced), ["Baseline", "Gaia va-ca"]);
    let listed = of_gaia("[{ profile: va-ca }, { profile: sg-sp }]");
    let crossed = with(&listed, &["cells.1.machines-per-site=1,2"]).unwrap();
    assert_eq!(crossed.cells.len(), 5);
    for (axis, message) in [
        (
            "cells.Gai.profile=va-ca",
            "--sweep cells.Gai.profile=va-ca: `cells` has no entry `Gai`; did you mean `Gaia`?",
        ),
        ("cells.Gaia=va-ca", "--sweep cells.Gaia=va-ca: expected a field of the whole spec, or cells.NAME.FIELD"),
        ("panels.MF.profile=va-ca", "expected a field of the whole spec, or cells.NAME.FIELD"),
        ("profile=", "`profile` is an empty list: expected at least one value"),
        ("profile=va-ca,va-ca", "`profile` has `va-ca` twice"),
        ("profile={", "the value is not YAML"),
    ] {
        let found = with(SPEC, &[axis]).unwrap_err().to_string();
        assert!(found.contains(message), "{axis}: {found}");
    }
}
