//! The parts of a spec that determine a plan and its hash, and those that do not.

use std::path::Path;

use harness::plan::{Experiment, Plan, Planned, Registries, Role};
use harness::spec::{Changes, PAPER, Source, embedded};

/// The figures that the specs of experiments/ name.
fn registries() -> Registries<'static> {
    static NAMES: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(harness::figures::Figure::names);
    Registries { figures: &NAMES, claims: &[], columns: None }
}

const SPEC: &str = "\
seeds: [1]
workload: { mf: { rank: 16, lambda: 0.1 } }
data: { generated: { scale: 0.01 } }
cells:
  - name: Gaia
    profile: va-ca
    system:
      gaia:
        inside: { ssp: { slack: 1 } }
        significance: { threshold: 0.01, schedule: constant }
";

/// The same spec in another order and dress.
const SAME: &str = "\
# A comment.
cells:
  - system:
      gaia: { significance: { schedule: constant, threshold: 1.0e-2 }, inside: { ssp: { slack: 1 } } }
    profile: 'va-ca'
    name: \"Gaia\"
data:
  generated:
    scale: 0.010
workload:
  mf:
    lambda: 0.10
    rank: 16   # another
seeds:
  - 1
";

fn plans(text: &str, changes: &Changes) -> Vec<Plan> {
    planned(text, changes).into_iter().map(|planned| planned.plan).collect()
}

fn planned(text: &str, changes: &Changes) -> Vec<Planned> {
    let source = Source { name: "mine".into(), file: "mine.yaml".into(), folder: "".into(), text: text.into() };
    let spec = source.spec(changes).unwrap();
    Experiment::resolve(&source, &spec, registries()).unwrap().plans
}

fn hashes(text: &str, changes: &Changes) -> Vec<String> {
    plans(text, changes).iter().map(Plan::hash).collect()
}

fn set(settings: &[&str]) -> Changes {
    Changes { set: settings.iter().map(|setting| setting.parse().unwrap()).collect(), ..Changes::default() }
}

#[test]
fn order_comments_and_dress_do_not_matter() {
    assert_eq!(hashes(SPEC, &Changes::default()), hashes(SAME, &Changes::default()));
}

#[test]
fn a_title_and_a_figure_do_not_matter() {
    let dressed = format!("title: Another\nfigure: fig13\n{SPEC}");
    assert_eq!(hashes(&dressed, &Changes::default()), hashes(SPEC, &Changes::default()));
}

#[test]
fn what_changes_the_result_changes_the_hash() {
    let base = hashes(SPEC, &Changes::default());
    for setting in [
        "seeds=[2]",
        "workload.mf.rank=17",
        "workload.mf.clocks-per-pass=2",
        "data.generated.scale=0.011",
        "data.generated.noise=0.5",
        "split.skewed={by: sizes, skew: 0.5}",
        "similitude=netflix",
        "machines=xeon-2vcpu",
        "encoding=packed",
        "link.chunk=32 KiB",
        "link.depth=1 MiB",
        "convergence.change=0.03",
        "cap.clocks=100",
        "target.profile=va-ca",
        "target.system.global.ssp.slack=2",
    ] {
        let changed = hashes(SPEC, &set(&[setting]));
        assert_ne!(changed[0], base[0], "{setting}: the target");
        assert_ne!(changed[1], base[1], "{setting}: a cell hangs on its target");
    }
    for setting in [
        "cells.Gaia.profile=sg-sp",
        "cells.0.machines-per-site=3",
        "cells.Gaia.encoding=packed",
        "cells.Gaia.encoding={inside: dense, between: plain}",
        "cells.Gaia.system.gaia.overlay.computed={}",
        "cells.Gaia.machines=xeon-2vcpu",
        "cells.Gaia.workload.mf.clocks-per-pass=4",
        "cells.Gaia.system.gaia.significance.threshold=0.02",
        "cells.Gaia.system.gaia.inside.bsp={}",
        "cells.Gaia.system.gaia.mirror-clock.off={}",
    ] {
        let changed = hashes(SPEC, &set(&[setting]));
        assert_eq!(changed[0], base[0], "{setting}: the target");
        assert_ne!(changed[1], base[1], "{setting}: the cell");
    }
}

#[test]
fn a_leg_of_an_encoding_is_changed_alone_and_matters_where_there_is_one() {
    let changed = |settings: &[&str]| hashes(SPEC, &set(settings))[1].clone();
    let both = "encoding={inside: packed, between: plain}";
    assert_eq!(changed(&["encoding=packed", "encoding.between=plain"]), changed(&[both]));
    assert_ne!(changed(&["encoding=packed"]), changed(&[both]));
    let global = "cells.Gaia.system.global.bsp={}";
    assert_eq!(changed(&[global, both]), changed(&[global, "encoding=packed"]));
    // Where no word stands yet, the other leg is as it was: the spec's for a cell, the default for the spec.
    let of_cell = "cells.Gaia.encoding.between=plain";
    assert_eq!(changed(&["encoding=packed", of_cell]), changed(&[both]));
    assert_eq!(changed(&["encoding.between=packed"]), changed(&["encoding={inside: plain, between: packed}"]));
}

#[test]
fn what_hubs_do_matters_where_there_are_some() {
    let changed = |settings: &[&str]| hashes(SPEC, &set(settings))[1].clone();
    let passing_on = "cells.Gaia.system.gaia.relay=pass-on";
    let groups = "cells.Gaia.system.gaia.overlay={computed: {groups: 2}}";
    assert_eq!(changed(&[passing_on]), changed(&[]));
    assert_ne!(changed(&[passing_on, groups]), changed(&[groups]));
}

#[test]
fn settings_fill_in_what_the_spec_leaves_out() {
    let changes = set(&["workload.mf.rank=64", "cells.Gaia.system.gaia.inside.ssp.slack=3", "seeds=[4, 5]"]);
    let plans = plans(SPEC, &changes);
    let harness::spec::Workload::Mf(mf) = plans[1].workload else { panic!("a cell keeps its workload") };
    assert_eq!((mf.rank, mf.lambda), (64, 0.1));
    assert_eq!(plans.iter().map(|plan| plan.seed).collect::<Vec<_>>(), [4, 4, 5, 5]);
    let gaia_core::sync::config::System::Gaia(gaia) = &plans[1].system else { panic!("a cell keeps its system") };
    assert_eq!(gaia.inside, gaia_core::sync::config::Inside::ssp(3));
}

#[test]
fn a_seed_of_the_command_line_stands_alone() {
    let changes = Changes { seed: Some(9), ..Changes::default() };
    assert!(plans(SPEC, &changes).iter().all(|plan| plan.seed == 9));
}

#[test]
fn a_cell_reaches_for_the_target_of_its_seed() {
    let planned = planned(SPEC, &set(&["seeds=[1, 2]"]));
    let names: Vec<String> = planned.iter().map(Planned::name).collect();
    assert_eq!(names, ["Target", "Gaia", "Target", "Gaia"]);
    let plans: Vec<&Plan> = planned.iter().map(|planned| &planned.plan).collect();
    assert_eq!(plans[0].role, Role::SetsTarget);
    assert_eq!(plans[1].role, Role::ReachesTarget { target: plans[0].hash() });
    assert_eq!(plans[3].role, Role::ReachesTarget { target: plans[2].hash() });
}

#[test]
fn a_plan_survives_its_manifest() {
    for plan in plans(SPEC, &Changes::default()) {
        let text = serde_json::to_string(&plan).unwrap();
        let back: Plan = serde_json::from_str(&text).unwrap();
        assert_eq!(back, plan);
        assert_eq!(back.hash(), plan.hash());
    }
}

#[test]
fn plans_hold_no_path_of_this_host() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("ratings.csv");
    let mut text = String::from("userId,movieId,rating,timestamp\n");
    for user in 1..=40 {
        (1..=30).for_each(|item| text.push_str(&format!("{user},{item},{}.5,0\n", (user * item) % 5)));
    }
    std::fs::write(&data, &text).unwrap();
    let changes = Changes { data: Some(data.clone()), ..Changes::default() };
    let here = plans(SPEC, &changes);
    assert!(!serde_json::to_string(&here).unwrap().contains(folder.path().to_str().unwrap()));

    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("renamed.csv");
    std::fs::rename(&data, &moved).unwrap();
    let there = plans(SPEC, &Changes { data: Some(moved.clone()), ..Changes::default() });
    assert_eq!(here, there);

    std::fs::write(&moved, text.replace("\n7,7,4.5,0\n", "\n7,7,4.0,0\n")).unwrap();
    let other = plans(SPEC, &Changes { data: Some(moved), ..Changes::default() });
    assert_ne!(here[0].hash(), other[0].hash(), "one rating differs");
}

#[test]
fn netflix_is_stood_for_by_bytes_and_work() {
    let plan = &plans(SPEC, &set(&["similitude=netflix"]))[0];
    let harness::plan::Data::Mf(harness::workload::list::Made { config }) = &plan.data else {
        panic!("the spec generates")
    };
    let shape = config.shape();
    let train = shape.ratings - (shape.ratings as f64 * config.held_out).round() as u64;
    let bytes = 17_770.0 * 500.0 / (f64::from(shape.items) * 16.0);
    let work = 100_480_507.0 * 500.0 / (train as f64 * 16.0);
    assert!((plan.similitude.sigma_bytes / bytes - 1.0).abs() < 1e-12);
    assert!((plan.similitude.sigma_work / work - 1.0).abs() < 1e-12);
    assert_eq!(plan.stands_for.as_deref(), Some("netflix"));
}

#[test]
fn every_spec_that_is_built_in_can_be_planned() {
    for (name, text) in embedded() {
        let source = Source { name: name.into(), file: name.into(), folder: "".into(), text: text.into() };
        let spec = source.spec(&Changes::default()).unwrap_or_else(|error| panic!("{error}"));
        let resolved = Experiment::resolve(&source, &spec, registries());
        if text.contains("\ndata: none\n") {
            let problem = format!("{name}: 1 problem\n  data: none: give a data set with --data");
            assert_eq!(resolved.expect_err("it needs data").to_string(), problem);
            continue;
        }
        let experiment = resolved.unwrap_or_else(|error| panic!("{error}"));
        assert!(experiment.plans.len() > spec.seeds.len());
    }
}

#[test]
fn the_example_of_the_reference_can_be_planned() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/examples/three-sites.yaml");
    let source = Source::read(&path).unwrap();
    let spec = source.spec(&Changes::default()).unwrap();
    let experiment = Experiment::resolve(&source, &spec, registries()).unwrap();
    let sites: Vec<_> = experiment.plans[1].plan.profile.sites.iter().map(|site| site.name.as_str()).collect();
    assert_eq!(sites, ["Berlin", "Paris", "Tokyo"]);
    assert_eq!(experiment.plans.len(), 2 * (1 + spec.cells.len()));

    let reference = std::fs::read_to_string(path.with_file_name("../README.md")).unwrap();
    for field in source.text.lines().filter(|line| !line.is_empty()) {
        assert!(reference.contains(field), "the reference shows the example: `{field}`");
    }
}

/// Two panels: what they set differs, the rest is shared.
const PANELS: &str = "\
seeds: [1]
workload: { mf: { rank: 16, lambda: 0.1 } }
data: { generated: { scale: 0.01 } }
profile: va-ca
cells:
  - name: Gaia
    system: { gaia: { inside: { ssp: { slack: 1 } }, significance: { threshold: 0.01, schedule: constant } } }
  - name: LAN
    profile: lan
    system: { global: { bsp: {} } }
panels:
  - name: V/C
  - name: S/S
    profile: sg-sp
    machines-per-site: 3
  - name: TM
    workload: { lda: { topics: 10 } }
    data: { generated-corpus: { scale: 0.002 } }
    convergence: { passes: 3 }
";

#[test]
fn names_do_not_matter_and_panels_are_specs() {
    let named = planned(PANELS, &Changes::default());
    let names: Vec<String> = named.iter().map(Planned::name).collect();
    let expected =
        ["V/C Target", "V/C Gaia", "V/C LAN", "S/S Target", "S/S Gaia", "S/S LAN", "TM Target", "TM Gaia", "TM LAN"];
    assert_eq!(names, expected);
    let hash = |at: usize| named[at].plan.hash();
    // The first panel's Gaia is SPEC's cell.
    assert_eq!([hash(0), hash(1)], hashes(SPEC, &Changes::default())[..]);
    assert_eq!([hash(3), hash(5)], [hash(0), hash(2)], "what panels share is one run");
    assert_ne!(hash(4), hash(1));
    assert_eq!(named[4].plan.machines_per_site, [3, 3]);
    assert_ne!(named[5].plan.machines_per_site, [3, 3], "the spec's machines are those of the spec's network");
    assert_eq!((named[6].plan.workload.name(), named[6].plan.convergence.passes), ("lda", 3));
    assert_eq!(named.iter().map(|planned| planned.loader).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 0, 1, 1, 1]);
    let renamed = SPEC.replace("name: Gaia", "name: Gaya");
    assert_eq!(hashes(&renamed, &Changes::default()), hashes(SPEC, &Changes::default()));
}

#[test]
fn settings_reach_into_panels() {
    let changed = |setting: &str| -> Vec<String> {
        let (before, after) = (planned(PANELS, &Changes::default()), planned(PANELS, &set(&[setting])));
        let pairs = before.iter().zip(&after).filter(|(a, b)| a.plan.hash() != b.plan.hash());
        pairs.map(|(planned, _)| planned.name()).collect()
    };
    assert_eq!(changed("panels.S/S.cells.Gaia.encoding=packed"), ["S/S Gaia"]);
    assert_eq!(changed("panels[0].cells.LAN.profile=sg-sp"), ["V/C LAN"]);
    assert_eq!(changed("cells.Gaia.encoding=packed"), ["V/C Gaia", "S/S Gaia", "TM Gaia"]);
    assert_eq!(changed("panels.TM.workload.lda.topics=12"), ["TM Target", "TM Gaia", "TM LAN"]);
    assert_eq!(changed("panels.S/S.workload.mf.rank=8"), ["S/S Target", "S/S Gaia", "S/S LAN"]);
    assert_eq!(changed("workload.mf.rank=8").len(), 6, "not the panel with a workload of its own");
}

#[test]
fn the_papers_figures_are_built_in_and_share_cells() {
    let built_in: Vec<&str> = embedded().map(|(name, _)| name).collect();
    assert!(PAPER.iter().all(|name| built_in.contains(name)), "{built_in:?}");
    let mut hashes = Vec::new();
    for name in PAPER {
        let source = Source::find(name).unwrap();
        let spec = source.spec(&Changes::default()).unwrap();
        let plans = Experiment::resolve(&source, &spec, registries()).unwrap().plans;
        assert_eq!(spec.figure.as_deref(), Some(*name));
        hashes.extend(plans.iter().map(|planned| planned.plan.hash()));
    }
    let all = hashes.len();
    hashes.sort();
    hashes.dedup();
    assert!(
        hashes.len() * 4 < all * 3,
        "{} of {all} plans are different: figures have common targets and LANs",
        hashes.len()
    );
}
