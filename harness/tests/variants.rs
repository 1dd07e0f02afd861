//! Variants on the command line: where their results go, which cells they share, how they fail; and those of experiments/.

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{errors, experiments, place};
use gaia_core::sync::config::{Hubs, MirrorClock, Relay, SelectiveBarrier, System, Ways};
use harness::plan::{Experiment, Plan, Planned, Registries};
use harness::results::store;
use harness::spec::{Changes, Found, Source, Variant, embedded_variants};
use tempfile::TempDir;

/// Two cells that end within a second.
const SPEC: &str = include_str!("common/two-cells.yaml");
const STRICT: &str = "
title: Gaia with DS 0
variant-of: [a.yaml]
gaia: { mirror-clock: { bounded: { staleness: 0 } } }
";
const FREE: &str = "
title: Gaia without its clock
variant-of: [a.yaml]
gaia: { mirror-clock: { off: {} } }
";

fn files() -> TempDir {
    place(&[("a.yaml", SPEC), ("strict.yaml", STRICT), ("free.yaml", FREE)])
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = experiments(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", errors(&output));
    String::from_utf8_lossy(&output.stdout).into_owned() + &errors(&output)
}

fn run(folder: &Path, spec: &str) -> String {
    done(folder, &["run", spec, "--out", "out"])
}

fn refused(output: &Output, expected: &[&str]) {
    let message = errors(output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(expected.iter().all(|part| message.contains(part)), "{message}: {expected:?}");
}

#[test]
fn a_variant_has_results_of_its_own_and_shares_cells() {
    let folder = files();
    let out = folder.path().join("out");
    let shown = run(folder.path(), "strict.yaml");
    assert!(shown.contains("strict/a Baseline") && !shown.contains("reused"), "{shown}");
    let json = fs::read_to_string(out.join("strict/variant.json")).unwrap();
    assert_eq!(json, "{\"schema\":1,\"name\":\"strict\",\"title\":\"Gaia with DS 0\"}\n");
    let index = store::read_cells(&out.join("strict/a")).unwrap();
    assert_eq!((index.spec.as_str(), index.title.as_str()), ("strict/a", "two cells (variant strict)"));
    let page = fs::read_to_string(out.join("strict/a/report.html")).unwrap();
    assert!(page.contains("<h1>two cells (variant strict)</h1>"));
    let of_file = store::read_origin(&out.join("strict/a")).unwrap().spec.unwrap();
    assert!(of_file.ends_with("strict.yaml"), "{of_file}");

    // From the variant to the spec, from it to another variant, and from one variant to another.
    let spec = run(folder.path(), "a.yaml");
    assert!(spec.contains("a Baseline: done before for strict/a, reused"), "{spec}");
    assert!(!spec.contains("a Gaia: done"), "{spec}");
    fs::remove_dir_all(out.join("strict")).unwrap();
    let free = run(folder.path(), "free.yaml");
    assert!(free.contains("free/a Baseline: done before for a, reused"), "{free}");
    fs::remove_dir_all(out.join("a")).unwrap();
    let strict = run(folder.path(), "strict.yaml");
    assert!(strict.contains("strict/a Baseline: done before for free/a, reused"), "{strict}");
    assert!(!strict.contains("strict/a Gaia: done"), "{strict}");
    let again = run(folder.path(), "strict.yaml");
    assert!(again.contains("strict/a Gaia: done before, reused"), "{again}");
}

#[test]
fn commands_on_results_go_through_variants() {
    let folder = files();
    done(folder.path(), &["run", "a.yaml", "strict.yaml", "--out", "out", "--quiet"]);
    let pages = |dir: &str| done(folder.path(), &["report", dir]).matches("report.html").count();
    assert_eq!([pages("out"), pages("out/strict"), pages("out/strict/a")], [2, 1, 1]);
    let cleaned = |dir: &str| done(folder.path(), &["clean", dir]);
    assert!(cleaned("out").contains("0 folders removed") && cleaned("out/strict").contains("0 folders removed"));
    // Without the cell that the variant alone has, it is an earlier plan's.
    done(folder.path(), &["run", "strict.yaml", "--out", "out", "--quiet", "--seed", "2"]);
    let cleaned = cleaned("out");
    assert!(cleaned.contains("2 folders removed") && cleaned.contains("out/strict/a/"), "{cleaned}");
    assert!(!done(folder.path(), &["claims", "out"]).is_empty());
}

#[test]
fn plan_shows_the_specs_of_a_variant_with_the_changes_of_the_command_line() {
    let folder = files();
    let text = done(folder.path(), &["plan", "strict.yaml", "a.yaml", "--seed", "7", "--set", "workload.mf.rank=5"]);
    assert!(text.starts_with("strict/a: two cells (variant strict)\n"), "{text}");
    assert!(text.contains("\na: two cells\n") && text.contains("4 plans, 3 of them different"), "{text}");
    let listed = done(folder.path(), &["list"]);
    let title = "The paper's figures with Gaia as in its first author's public code";
    let line = listed.lines().find(|line| line.trim_start().starts_with("authors-code")).unwrap();
    assert!(line.ends_with(title), "{line}");
}

#[test]
fn a_folder_is_of_one_spec_or_of_one_variant() {
    let folder = files();
    let path = folder.path();
    for name in ["specs", "variants"] {
        fs::create_dir(path.join(name)).unwrap();
    }
    fs::write(path.join("specs/strict.yaml"), SPEC).unwrap();
    fs::write(path.join("variants/a.yaml"), STRICT.replace("a.yaml", "../a.yaml")).unwrap();
    fs::write(path.join("variants/strict.yaml"), FREE.replace("a.yaml", "../a.yaml")).unwrap();
    done(path, &["run", "strict.yaml", "a.yaml", "--out", "out", "--quiet"]);
    let run = |spec: &str| experiments(path, &["run", spec, "--out", "out"]);
    refused(
        &run("specs/strict.yaml"),
        &["out/strict holds the results of a variant of that name", "specs/strict.yaml"],
    );
    refused(&run("variants/a.yaml"), &["out/a holds the results of a spec of that name", "variants/a.yaml"]);
    refused(
        &run("variants/strict.yaml"),
        &["out/strict/a holds the results of another spec of that name", "strict.yaml: found", "variants/strict.yaml"],
    );
    for both in [["strict.yaml", "specs/strict.yaml"], ["specs/strict.yaml", "strict.yaml"]] {
        let output = experiments(path, &["plan", both[0], both[1]]);
        refused(&output, &["two specs or variants are named `strict`"]);
    }
    assert!(done(path, &["plan", "strict.yaml", "strict.yaml"]).contains("2 plans;"));
}

#[test]
fn a_folder_is_of_one_variant_also_where_their_specs_differ() {
    let folder = files();
    let path = folder.path();
    fs::create_dir(path.join("variants")).unwrap();
    fs::write(path.join("b.yaml"), SPEC).unwrap();
    fs::write(path.join("variants/strict.yaml"), FREE.replace("a.yaml", "../b.yaml")).unwrap();
    let both = ["plan", "strict.yaml", "variants/strict.yaml"];
    refused(&experiments(path, &both), &["two specs or variants are named `strict`", "variants/strict.yaml"]);
    run(path, "strict.yaml");
    refused(
        &experiments(path, &["run", "variants/strict.yaml", "--out", "out"]),
        &["out/strict holds the results of another variant of that name", "strict.yaml: found", "variants/strict.yaml"],
    );
    assert!(!path.join("out/strict/b").exists());
    run(path, "strict.yaml");
}

#[test]
fn mistakes_name_the_variant_and_the_spec() {
    let folder = files();
    let write = |settings: &str| {
        fs::write(folder.path().join("bad.yaml"), format!("variant-of: [a.yaml]\n{settings}\n")).unwrap();
    };
    let plan = |more: &[&str]| experiments(folder.path(), &[&["plan", "bad.yaml"], more].concat());
    write("machines: { e5-2698: e5-2689 }\nseeds: [1, 1]");
    refused(
        &plan(&[]),
        &["a.yaml with the settings of bad.yaml: 2 problems", "machines: unknown machine kind `e5-2689`; did you mean"],
    );
    write("gaia: { overlay: { ec2: {} } }");
    refused(&plan(&[]), &["a.yaml with the settings of bad.yaml: 1 problem", "cells[1].system.gaia.overlay.ec2: "]);
    write("seeds: [1]");
    refused(
        &plan(&["--set", "cells.Gaya.encoding=packed"]),
        &["a.yaml with the settings of bad.yaml: --set", "`Gaia`"],
    );
    write("cells-left-out: [Gaya]");
    refused(&plan(&[]), &["bad.yaml: 1 problem", "cells-left-out[0]: ", "did you mean `Gaia`?"]);
}

fn resolve(source: &Source) -> Experiment {
    let names = harness::figures::Figure::names();
    let spec = source.spec(&Changes::default()).unwrap_or_else(|error| panic!("{error}"));
    Experiment::resolve(source, &spec, Registries { figures: &names, claims: &[], columns: None })
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The specs of a variant that is built in, and the specs as they are.
fn both(name: &str) -> Vec<(Vec<Planned>, Vec<Planned>)> {
    let (file, text) = embedded_variants().find(|(other, _)| *other == name).expect("it is built in");
    let source = Source { name: file.into(), file: file.into(), folder: "".into(), text: text.into() };
    let variant = Variant::of(source).unwrap_or_else(|error| panic!("{error}"));
    let sources = variant.sources().unwrap_or_else(|error| panic!("{error}"));
    let as_it_is = |source: &Source| match Found::find(source.name.split_once('/').unwrap().1) {
        Ok(Found::Spec(spec)) => resolve(&spec).plans,
        other => panic!("{other:?}"),
    };
    sources.iter().map(|source| (resolve(source).plans, as_it_is(source))).collect()
}

#[test]
fn every_variant_that_is_built_in_fits_its_specs() {
    for (name, _) in embedded_variants() {
        let both = both(name);
        let changed = both.iter().flat_map(|(ours, theirs)| ours.iter().zip(theirs)).filter(|(a, b)| a.plan != b.plan);
        assert!(changed.count() > 0, "{name}");
    }
}

#[test]
fn the_example_of_the_reference_fits_its_specs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments");
    let reference = fs::read_to_string(folder.join("README.md")).unwrap();
    let (_, section) = reference.split_once("\n## Variants\n").unwrap();
    let text = section.split("```").nth(1).and_then(|block| block.strip_prefix("yaml\n")).unwrap();
    let source = Source { name: "mine".into(), file: "mine.yaml".into(), folder, text: text.into() };
    let sources = Variant::of(source).unwrap().sources().unwrap_or_else(|error| panic!("{error}"));
    let plans: Vec<Planned> = sources.iter().flat_map(|source| resolve(source).plans).collect();
    assert!(plans.iter().any(|planned| planned.plan.machines.name == "c4-4xlarge"));
    assert!(plans.iter().all(|planned| planned.cell != "Baseline, packed"));
}

#[test]
fn the_derived_machines_are_fitted_to_nothing() {
    for (ours, _) in both("derived") {
        for planned in ours {
            assert!(planned.plan.machines.fitted.is_empty(), "{}: {:?}", planned.name(), planned.plan.machines);
        }
    }
}

/// Gaia's settings are the author's in every network, and nothing but Gaia changes.
#[test]
fn the_authors_code_changes_gaia_alone() {
    let mut seen = 0;
    for (ours, theirs) in both("authors-code") {
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let (name, Plan { system, encoding, profile, .. }) = (ours.name(), &ours.plan);
            let overlay = match system {
                System::Gaia(gaia) => {
                    seen += 1;
                    assert_eq!(gaia.selective_barrier, SelectiveBarrier::Off {}, "{name}");
                    assert_eq!(gaia.mirror_clock, MirrorClock::Bounded { staleness: 0 }, "{name}");
                    (&gaia.overlay, gaia.relay)
                }
                System::GaiaAsync(gaia) => (&gaia.overlay, gaia.relay),
                _ => {
                    assert_eq!(ours.plan.hash(), theirs.plan.hash(), "{name}");
                    continue;
                }
            };
            assert_eq!(serde_json::to_value(encoding).unwrap()["between"], "plain", "{name}");
            match profile.name.as_str() {
                "ec2-all" => assert!(matches!(overlay, (Ways::Ec2 { hubs: Hubs::Multi }, Relay::PassOn)), "{name}"),
                _ => assert!(overlay.0.are_direct(), "{name} in {}", profile.name),
            }
        }
    }
    assert!(seen > 30, "{seen}");
}
