//! Variants of small specs: what is replaced, what stays, and every mistake.

use std::fs;

use gaia_core::sync::config::{Encoding, Encodings, Gaia, MirrorClock, System, Ways};
use tempfile::TempDir;

use super::*;
use crate::spec::{Changes, Machines};

/// Cells that panels share, on two profiles; the third panel has cells of its own.
const SPEC: &str = "\
title: A spec
machines: xeon-2vcpu
encoding: dense
cells:
  - name: Baseline
    encoding: packed
    system: { global: { bsp: {} } }
  - name: Gaia
    machines: c4-4xlarge
    system: { gaia: { inside: { bsp: {} }, significance: { threshold: 0.02 }, overlay: { computed: {} } } }
  - name: LAN
    profile: lan
    system: { gaia: { inside: { bsp: {} } } }
panels:
  - name: V/C
    profile: va-ca
  - name: EC2
    profile: ec2-all
  - name: own
    machines: c4-4xlarge
    encoding: { inside: packed, between: packed }
    profile: ec2-all
    system: { gaia-async: { inside: { bsp: {} } } }
    cells:
      - name: Async
";

/// A variant in a folder of its own, with the specs next to it.
fn variant(text: &str, specs: &[(&str, &str)]) -> (TempDir, Result<Vec<Source>, VariantError>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in specs.iter().chain(&[("mine.yaml", text)]) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let found = Found::find(folder.path().join("mine.yaml").to_str().unwrap());
    let sources = found.and_then(|found| match found {
        Found::Variant(variant) => variant.sources(),
        Found::Spec(spec) => panic!("{} is no spec", spec.name),
    });
    (folder, sources)
}

/// The spec `a.yaml` under a variant with these settings.
fn replaced(settings: &str, spec: &str) -> Spec {
    let (_folder, sources) = variant(&format!("variant-of: [a.yaml]\n{settings}"), &[("a.yaml", spec)]);
    sources.unwrap_or_else(|error| panic!("{error}"))[0].spec(&Changes::default()).unwrap()
}

/// The message about a variant, without the path of its folder.
fn message(text: &str, specs: &[(&str, &str)]) -> String {
    let (folder, sources) = variant(text, specs);
    sources.expect_err(text).to_string().replace(&format!("{}/", folder.path().display()), "")
}

fn named(kind: &str) -> Machines {
    Machines::Named(kind.into())
}

fn gaia(system: Option<&System>) -> &Gaia {
    match system {
        Some(System::Gaia(gaia)) => gaia,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_variants_spec_has_the_name_of_both_and_the_title() {
    let (folder, sources) = variant("variant-of: [a.yaml, all]\nseeds: [4, 5]\n", &[("a.yaml", SPEC)]);
    let sources = sources.unwrap();
    assert_eq!(sources.len(), 1 + PAPER.len());
    assert_eq!((sources[0].name.as_str(), sources[0].folder.as_path()), ("mine/a", folder.path()));
    assert_eq!(sources[1].name, format!("mine/{}", PAPER[0]));
    for source in sources {
        let spec = source.spec(&Changes::default()).unwrap();
        assert!(spec.title.ends_with(" (variant mine)") && spec.seeds == [4, 5], "{}: {}", source.name, spec.title);
    }
}

#[test]
fn machine_kinds_are_replaced_wherever_a_spec_names_them() {
    let spec = replaced("machines: { c4-4xlarge: h200 }", SPEC);
    assert_eq!(spec.machines, named("xeon-2vcpu"));
    assert_eq!(spec.cells[1].machines, Some(named("h200")));
    assert_eq!(spec.panels[2].machines, Some(named("h200")));
    assert_eq!(spec.panels[0].machines, None);
    // Kinds are not replaced one after another, and the kind of a spec that names none has a name.
    let swapped = replaced("machines: { c4-4xlarge: xeon-2vcpu, xeon-2vcpu: c4-4xlarge }", SPEC);
    assert_eq!((&swapped.machines, &swapped.cells[1].machines), (&named("c4-4xlarge"), &Some(named("xeon-2vcpu"))));
    let default = replaced("machines: { e5-2698: h200 }", &SPEC.replace("machines: xeon-2vcpu\n", ""));
    assert_eq!(default.machines, named("h200"));
}

#[test]
fn a_machine_kind_in_a_file_is_found_from_the_variant() {
    let spec = replaced("machines: { xeon-2vcpu: kinds/mine.yaml }", SPEC);
    let Machines::Named(kind) = spec.machines else { panic!("it is named") };
    assert!(Path::new(&kind).is_absolute() && kind.ends_with("kinds/mine.yaml"), "{kind}");
}

#[test]
fn a_leg_of_the_encoding_is_replaced_in_the_spec_and_in_panels() {
    let legs = |inside, between| Encodings { inside, between };
    let spec = replaced("encoding: { between: plain }", SPEC);
    assert_eq!(spec.encoding, legs(Encoding::Dense, Encoding::Plain));
    assert_eq!(spec.panels[2].encoding, Some(legs(Encoding::Packed, Encoding::Plain)));
    assert_eq!(spec.panels[0].encoding, None);
    assert_eq!(spec.cells[0].encoding, Some(legs(Encoding::Packed, Encoding::Packed)), "a cell keeps its own");
    let default = replaced("encoding: { inside: packed }", &SPEC.replace("encoding: dense\n", ""));
    assert_eq!(default.encoding, legs(Encoding::Packed, Encoding::Plain));
}

#[test]
fn settings_of_gaia_are_replaced_or_added_and_others_stay() {
    let spec = replaced("gaia: { mirror-clock: { off: {} }, significance: { schedule: constant } }", SPEC);
    let changed = gaia(spec.cells[1].system.as_ref());
    assert_eq!(changed.mirror_clock, MirrorClock::Off {});
    assert_eq!((changed.significance.threshold, changed.significance.in_words().as_str()), (0.02, "0.02"));
    assert!(!changed.overlay.are_direct(), "it keeps its overlay");
    assert_eq!(gaia(spec.cells[2].system.as_ref()).significance.in_words(), "0.01");
    let overlay = replaced("gaia: { overlay: { direct: {} } }", SPEC);
    assert!(gaia(overlay.cells[1].system.as_ref()).overlay.are_direct(), "one form replaces the other");
}

#[test]
fn settings_of_a_profile_reach_the_cells_that_run_on_it() {
    let settings = "gaia: { overlay: { direct: {} } }\n\
        profiles: { ec2-all: { gaia: { overlay: { ec2: { hubs: multi } } }, gaia-async: { overlay: { ec2: {} } } } }";
    let spec = replaced(settings, SPEC);
    let panels = spec.by_panel();
    let overlay = |panel: usize, cell: usize| gaia(panels[panel].spec.cells[cell].system.as_ref()).overlay.clone();
    assert!(overlay(0, 1).are_direct() && overlay(0, 2).are_direct(), "between two sites");
    assert!(matches!(overlay(1, 1), Ways::Ec2 { .. }), "across eleven");
    assert!(overlay(1, 2).are_direct(), "a cell with a profile of its own");
    let Some(System::GaiaAsync(own)) = &panels[2].spec.cells[0].system else { panic!("it has the panel's") };
    assert!(matches!(own.overlay, Ways::Ec2 { .. }));

    // Where all panels run on one profile, the cells stay where they were written.
    let one = SPEC.replace("va-ca", "ec2-all");
    let spec = replaced(settings, &one);
    assert!(spec.panels[0].cells.is_none() && matches!(gaia(spec.cells[1].system.as_ref()).overlay, Ways::Ec2 { .. }));
    let alone = one[..one.find("panels:").unwrap()].to_owned() + "profile: ec2-all\n";
    let spec = replaced(
        "profiles: { ec2-all: { gaia: { relay: pass-on } }, lan: { gaia: { goal: { fastest: {} } } } }",
        &alone,
    );
    assert!(
        !gaia(spec.cells[1].system.as_ref()).relay.is_default()
            && gaia(spec.cells[2].system.as_ref()).relay.is_default()
    );
}

#[test]
fn cells_and_panels_are_left_out_by_name() {
    let spec = replaced("cells-left-out: [Baseline]\npanels-left-out: [EC2]", SPEC);
    let names: Vec<&str> = spec.cells.iter().map(|cell| cell.name.as_str()).collect();
    assert_eq!(names, ["Gaia", "LAN"]);
    assert_eq!(spec.panels.iter().map(|panel| panel.name.as_str()).collect::<Vec<_>>(), ["V/C", "own"]);
}

#[test]
fn changes_of_the_command_line_come_last() {
    let (_folder, sources) = variant("variant-of: [a.yaml]\nseeds: [3]\n", &[("a.yaml", SPEC)]);
    let set = vec!["cells.Gaia.system.gaia.mirror-clock.off={}".parse().unwrap()];
    let spec = sources.unwrap()[0].spec(&Changes { set, seed: Some(7), ..Changes::default() }).unwrap();
    assert_eq!((&spec.seeds[..], gaia(spec.cells[1].system.as_ref()).mirror_clock), (&[7][..], MirrorClock::Off {}));
}

#[test]
fn assertions_stay_and_expected_failures_do_not() {
    let with = format!("{SPEC}assert: [Gaia.clocks < 100]\nexpected: [{{ claim: spec.assert.1, because: so }}]\n");
    let spec = replaced("seeds: [3]", &with);
    assert_eq!((spec.assert.len(), spec.expected.len()), (1, 0));
}

#[test]
fn all_that_fits_no_spec_is_reported_together() {
    let text = "\
variant-of: [a.yaml, sweep-gaja, a.yaml, b.yaml]
machines: { xeon-2vpcu: h200 }
gaia-async: { relay: pass-on }
profiles: { ec2-al: { gaia: { relay: pass-on } }, va-ca: { gaia-async: { relay: pass-on } }, lan: {} }
cells-left-out: [Baseline, Gaya]
panels-left-out: [V/C, EC1]
";
    let b = "variant-of: [a.yaml]";
    let found = message(text, &[("a.yaml", SPEC), ("b.yaml", b)]);
    let lines: Vec<&str> = found.lines().collect();
    for (line, parts) in lines.iter().zip([
        &["mine.yaml: 8 problems"][..],
        &["variant-of[1]: no spec `sweep-gaja`; did you mean `sweep-gaia`? (valid: "],
        &["variant-of[3]: b.yaml is a variant itself: expected a spec"],
        &[
            "machines.xeon-2vpcu: ",
            "the machine kind `xeon-2vpcu`; did you mean `xeon-2vcpu`? (valid: c4-4xlarge, xeon-2vcpu)",
        ],
        &["cells-left-out[1]: ", "a cell `Gaya`; did you mean `Gaia`?"],
        &["panels-left-out[1]: ", "a panel `EC1`; did you mean `EC2`?"],
        &["profiles.ec2-al.gaia: ", "the profile `ec2-al`; did you mean `ec2-all`? (valid: ec2-all, lan, va-ca)"],
        &["profiles.lan: empty: expected settings of `gaia` or of `gaia-async`"],
        &["profiles.va-ca.gaia-async: ", "(valid: ec2-all)"],
    ]) {
        assert!(parts.iter().all(|part| line.contains(part)), "{line}: {parts:?}");
    }
    assert_eq!(lines.len(), 9, "{found}");
    let no_gaia = SPEC.replace("gaia-async", "gaia");
    let found = message("variant-of: [a.yaml]\ngaia-async: { relay: pass-on }", &[("a.yaml", &no_gaia)]);
    assert!(found.ends_with("gaia-async: none of its specs has a cell of the system `gaia-async`"), "{found}");
}

#[test]
fn nothing_is_left_empty() {
    let leave_out = |settings: &str| message(&format!("variant-of: [a.yaml]\n{settings}"), &[("a.yaml", SPEC)]);
    let panels = leave_out("panels-left-out: [V/C, EC2, own]");
    assert!(panels.ends_with("panels-left-out: a.yaml: no panel is left"), "{panels}");
    let cells = leave_out("cells-left-out: [Baseline, Gaia, LAN, Async]");
    assert!(
        cells.contains("a.yaml: no cell is left\n") && cells.ends_with("no cell of the panel `own` is left"),
        "{cells}"
    );
    let none = message("variant-of: []", &[]);
    assert_eq!(none, "mine.yaml: 1 problem\n  variant-of: empty: expected names or paths of specs, or `all`");
}

#[test]
fn mistakes_of_form_have_a_place() {
    for (text, expected) in [
        (
            "variant-of: [a.yaml]\ngaia: { mirror-clok: { off: {} } }",
            "mine.yaml:2:9: gaia: unknown field `mirror-clok`",
        ),
        ("variant-of: [a.yaml]\nencoding: { between: plan }", "did you mean `plain`?"),
        ("variant-off: [a.yaml]\nseeds: [1]", "mine.yaml:1:1: unknown field `variant-off`"),
        ("variant-of: a.yaml", "mine.yaml:1:13: variant-of: invalid type: string"),
        ("variant-of: [a.yaml]\nnic: 1 Gbit/s", "mine.yaml:2:1: unknown field `nic`"),
    ] {
        let found = message(text, &[("a.yaml", SPEC)]);
        assert!(found.contains(expected), "{found}");
    }
    // A mistake in a spec is one of the spec, with its own lines.
    let spec = message("variant-of: [a.yaml]", &[("a.yaml", "title: A\ncels: []\n")]);
    assert!(spec.starts_with("a.yaml:2:1: unknown field `cels`"), "{spec}");
}

#[test]
fn specs_of_one_name_and_the_standard_input_are_refused() {
    let text = "variant-of: [a.yaml, a.yml, '-', src/a.yaml]";
    let found = message(text, &[("a.yaml", SPEC), ("a.yml", SPEC)]);
    for part in [
        "variant-of[1]: a.yml has the name of a.yaml",
        "variant-of[2]: no spec `-` (valid: ",
        "variant-of[3]: no spec `src/a.yaml` (valid: ",
    ] {
        assert!(found.contains(part), "{found}");
    }
}
