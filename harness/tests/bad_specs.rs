//! Mistakes in specs, each with the message that the user reads.

use std::fs;
use std::path::Path;

use harness::plan::{Experiment, Registries};
use harness::spec::{Changes, Override, Source};

const REGISTRIES: Registries<'static> = Registries {
    figures: &["fig3", "fig13", "convergence"],
    claims: &["fig13.gaia-speedup", "fig13.baseline-over-lan"],
    columns: Some(harness::figures::Figure::columns),
};

/// A spec that is right; mistakes are made by replacing a part of it.
const GOOD: &str = "\
title: A spec
figure: fig13
seeds: [1, 2]
workload:
  mf:
    rank: 16
data:
  generated: { scale: 0.01 }
similitude: netflix
machines: e5-2698
cells:
  - name: Baseline
    profile: va-ca
    system: { global: { ssp: { slack: 1 } } }
  - name: Gaia
    profile: va-ca
    machines-per-site: 3
    system:
      gaia:
        inside: { bsp: {} }
        significance: { threshold: 0.01 }
";

const PROFILE: &str = "\
name: mine
title: Mine
source: by hand
date: 2024
machines-per-site: 2
sites: [{ name: North }, { name: South }]
rtt-inside: 0.5 ms
nic: { in: 1 Gbit/s, out: 1 Gbit/s }
bandwidth: { uniform: 50 Mbit/s }
rtt: { uniform: 80 ms }
";

/// A machine kind, written in place, with four mistakes.
const KIND: &str = "\
machines:
  name: mine
  source: guessed
  fitted: [mf.update-per-second]
  fitted-to: [fig13.baseline-over-lan, fig13.gaia-sped-up]
  mf: { rank: 500, updates-per-second: 0 }
  server: { apply-gb-per-second: 4, filter-gb-per-second: 8, encode-gb-per-second: 6, decode-gb-per-second: 6 }
  jitter: 1
";

/// One mistake: its name, what is replaced, by what.
type Mistake = (&'static str, &'static str, &'static str);

/// Mistakes of form: the first is reported, with line and column.
const FORM: &[Mistake] = &[
    ("bad yaml", "seeds: [1, 2]", "seeds: [1, 2"),
    ("open quote", "title: A spec", "title: 'A spec"),
    ("tab", "  mf:\n    rank: 16", "\tmf:\n\t\trank: 16"),
    ("not a mapping", GOOD, "just words"),
    ("empty file", GOOD, ""),
    ("unknown field", "title: A spec", "titel: A spec"),
    ("unknown field inside", "rank: 16", "ranks: 16"),
    ("duplicate field", "title: A spec", "title: A spec\ntitle: Another"),
    ("assertion that compares nothing", "seeds: [1, 2]", "assert: [Gaia.clocks - Baseline.clocks]"),
    ("assertion with an open quote", "seeds: [1, 2]", "assert: ['\"Gaia.clocks < 9']"),
    ("assertion of an unknown form", "seeds: [1, 2]", "assert: [{ if: Gaia.clocks < 9 }]"),
    ("wrong type", "rank: 16", "rank: sixteen"),
    ("negative rank", "rank: 16", "rank: -16"),
    ("fraction of a rank", "rank: 16", "rank: 16.5"),
    ("negative slack", "slack: 1", "slack: -1"),
    ("misspelt system", "gaia:", "gaja:"),
    ("misspelt sync model", "{ bsp: {} }", "{ bps: {} }"),
    ("bosen without a budget", "{ global: { ssp: { slack: 1 } } }", "{ bosen: { slack: 1 } }"),
    ("bosen with a budget without unit", "{ global: { ssp: { slack: 1 } } }", "{ bosen: { slack: 1, budget: 100 } }"),
    ("two systems", "{ global: { ssp: { slack: 1 } } }", "{ global: { bsp: {} }, gaia: { inside: { bsp: {} } } }"),
    ("system without settings", "{ global: { ssp: { slack: 1 } } }", "global"),
    ("sync model without settings", "{ bsp: {} }", "bsp"),
    ("ssp without slack", "{ ssp: { slack: 1 } }", "{ ssp: {} }"),
    ("misspelt workload", "  mf:", "  mff:"),
    ("misspelt scale", "similitude: netflix", "similitude: netflx"),
    ("misspelt encoding", "machines: e5-2698", "encoding: paked"),
    ("misspelt encoding of a leg", "machines: e5-2698", "encoding: { inside: dense, between: paked }"),
    ("encoding of one leg", "machines: e5-2698", "encoding: { between: packed }"),
    ("encoding of a third leg", "machines: e5-2698", "encoding: { inside: dense, between: packed, abroad: plain }"),
    ("misspelt relay", "threshold: 0.01 }", "threshold: 0.01 }\n        relay: passon"),
    ("push in words", "slack: 1", "slack: 1, push: always"),
    ("misspelt overlay", "threshold: 0.01 }", "threshold: 0.01 }\n        overlay: { ec3: {} }"),
    ("misspelt goal", "threshold: 0.01 }", "threshold: 0.01 }\n        goal: { cheap: {} }"),
    ("misspelt hubs", "threshold: 0.01 }", "threshold: 0.01 }\n        overlay: { ec2: { hubs: multy } }"),
    ("misspelt schedule", "threshold: 0.01", "threshold: 0.01, schedule: sqrt-clock"),
    ("cell changes the rank", "machines-per-site: 3", "workload: { mf: { rank: 8 } }"),
    ("machines per site in words", "machines-per-site: 3", "machines-per-site: three"),
    ("bad unit", "machines: e5-2698", "link: { chunk: 64 kilobytes }"),
    ("no unit", "machines: e5-2698", "link: { chunk: 65536 }"),
    ("inline machine without rates", "machines: e5-2698", "machines: { name: mine, source: guessed }"),
    ("no cells at all", "cells:\n", "cell:\n"),
];

/// Mistakes of meaning: all are reported, by field path.
const MEANING: &[Mistake] = &[
    ("misspelt figure", "figure: fig13", "figure: fig31"),
    ("assertion on a misspelt cell", "seeds: [1, 2]", "assert: [Giaa.seconds_to_target < Baseline.seconds_to_target]"),
    ("assertion on a misspelt column", "seeds: [1, 2]", "assert: ['Gaia.second_to_target < 1']"),
    ("assertion on a panel that is not there", "seeds: [1, 2]", "assert: [MF.Gaia.clocks < 100]"),
    ("assertion without a cell", "seeds: [1, 2]", "assert: [1 < 2]"),
    (
        "assertions of one name",
        "seeds: [1, 2]",
        "assert: [{ name: few, that: Gaia.clocks < 9 }, { name: few, that: Target.clocks < 9 }]",
    ),
    (
        "expected failure of a misspelt claim, without a reason",
        "seeds: [1, 2]",
        "expected: [{ claim: fig13.gaia-speeedup, because: '' }]",
    ),
    ("misspelt profile", "profile: va-ca\n    system", "profile: va-c\n    system"),
    ("misspelt machines", "machines: e5-2698", "machines: e5-2689"),
    ("cell without a system", "    system: { global: { ssp: { slack: 1 } } }\n", ""),
    ("cell without a network", "    profile: va-ca\n    system", "    system"),
    ("rates out of bounds", "machines: e5-2698", KIND),
    ("missing machine file", "machines: e5-2698", "machines: mine.yaml"),
    ("missing profile file", "profile: va-ca\n    system", "profile: nets/mine.yaml\n    system"),
    ("negative threshold", "threshold: 0.01", "threshold: -0.01"),
    ("threshold not a number", "threshold: 0.01", "threshold: .nan"),
    ("zero rank", "rank: 16", "rank: 0"),
    ("huge rank", "rank: 16", "rank: 1000000"),
    ("huge slack", "slack: 1", "slack: 4000000"),
    ("scale of nothing", "scale: 0.01", "scale: 0"),
    ("scale beside a shape", "scale: 0.01", "scale: 0.01, users: 100"),
    ("duplicate cell name", "name: Gaia", "name: Baseline"),
    ("cell named as the target", "name: Gaia", "name: target"),
    ("empty cell name", "name: Gaia", "name: ''"),
    ("no seeds", "seeds: [1, 2]", "seeds: []"),
    ("duplicate seeds", "seeds: [1, 2]", "seeds: [1, 2, 1]"),
    ("list of the wrong length", "machines-per-site: 3", "machines-per-site: [1, 2, 3]"),
    ("unequal machines under gaia", "machines-per-site: 3", "machines-per-site: [2, 3]"),
    ("no machines", "machines-per-site: 3", "machines-per-site: 0"),
    ("more machines than users", "scale: 0.01", "users: 5, items: 5, ratings: 20"),
    ("missing data file", "generated: { scale: 0.01 }", "file: ratings.csv"),
    ("no data", "data:\n  generated: { scale: 0.01 }", "data: none"),
    ("skew of two", "machines: e5-2698", "split: { skewed: { by: tastes, skew: 2 } }"),
    ("sigma of zero", "similitude: netflix", "similitude: { factors: { sigma-bytes: 0, sigma-work: 1 } }"),
    ("depth beyond all use", "machines: e5-2698", "link: { chunk: 64 KiB, depth: 2 GiB }"),
    ("cap of zero", "machines: e5-2698", "cap: { clocks: 0, times-target: 0.5 }"),
    ("convergence of nothing", "machines: e5-2698", "convergence: { change: 0, passes: 0, min-improvement: 1 }"),
    ("overlay of another profile", "threshold: 0.01 }", "threshold: 0.01 }\n        overlay: { ec2: {} }"),
    ("more groups than sites", "threshold: 0.01 }", "threshold: 0.01 }\n        overlay: { computed: { groups: 3 } }"),
    (
        "sites of groups",
        "threshold: 0.01 }",
        "threshold: 0.01 }\n        overlay: { groups: { sites: [[Virgina, California], [Virginia, California], []], links: [[Virginia, Mars]] } }",
    ),
    (
        "groups with holes",
        "threshold: 0.01 }",
        "threshold: 0.01 }\n        overlay: { groups: { sites: [[Virginia], [Virginia]], hubs: [Virginia, California] } }",
    ),
    (
        "hubs beside links",
        "threshold: 0.01 }",
        "threshold: 0.01 }\n        overlay: { groups: { sites: [[Virginia], [California]], hubs: [Virginia], links: [[Virginia, California]] } }",
    ),
    (
        "too few links",
        "threshold: 0.01 }",
        "threshold: 0.01 }\n        overlay: { groups: { sites: [[Virginia], [California]], links: [] } }",
    ),
    (
        "bosen out of bounds",
        "{ global: { ssp: { slack: 1 } } }",
        "{ bosen: { slack: 5000, budget: 1 Gbit/s, parts: 0, message: 10 B } }",
    ),
    (
        "a soft threshold above the hard one",
        "threshold: 0.01 }",
        "threshold: 0.01 }\n        goal: { fastest: { soft: 2, seconds: 0 } }",
    ),
    ("local steps inside a site", "{ bsp: {} }", "{ local-steps: { every: 4 } }"),
    ("pushing inside a site", "{ bsp: {} }", "{ ssp: { slack: 1, push: true } }"),
    ("no local steps", "{ ssp: { slack: 1 } }", "{ local-steps: { every: 0 } }"),
    (
        "a target that stands still",
        "machines: e5-2698",
        "target: { profile: lan, system: { global: { local-steps: { every: 10 } } } }",
    ),
    ("staleness", "threshold: 0.01 }", "threshold: 0.01 }\n        mirror-clock: { bounded: { staleness: 5000 } }"),
    ("lossy encoding of all messages", "machines: e5-2698", "encoding: bf16"),
    (
        "lossy encoding inside the sites of a cell",
        "machines-per-site: 3\n",
        "machines-per-site: 3\n    encoding: { inside: int8, between: bf16 }\n",
    ),
];

/// A spec of topic modelling that is right.
const GOOD_LDA: &str = "\
workload:
  lda: { topics: 20 }
data:
  generated-corpus: { scale: 0.002 }
similitude: nytimes
cells:
  - name: Gaia
    profile: va-ca
    system: { gaia: { inside: { bsp: {} } } }
";

/// Mistakes in specs of topic modelling.
const LDA: &[Mistake] = &[
    ("unknown field", "topics: 20", "topic: 20"),
    ("one topic", "topics: 20", "topics: 1"),
    ("priors", "topics: 20", "alpha: 0, beta: -1"),
    ("clocks per pass", "topics: 20", "clocks-per-pass: 20000"),
    ("misspelt reads", "topics: 20", "reads: own-word"),
    ("ratings", "generated-corpus: { scale: 0.002 }", "generated: { scale: 0.01 }"),
    ("a corpus for matrix factorisation", "lda: { topics: 20 }\n", "mf: {}\n"),
    ("similitude of the other workload", "similitude: nytimes", "similitude: netflix"),
    ("split of the other workload", "similitude: nytimes", "split: { skewed: { by: tastes, skew: 0.5 } }"),
    ("skew of two", "similitude: nytimes", "split: { skewed: { by: topics, skew: 2 } }"),
    ("change of the other workload", "    profile: va-ca", "    workload: { mf: { decay: 1 } }\n    profile: va-ca"),
    ("scale of nothing", "scale: 0.002", "scale: 0"),
    ("more machines than documents", "scale: 0.002", "documents: 5, words: 9, tokens: 50"),
    ("a word too frequent to be counted", "scale: 0.002", "documents: 500, words: 9, tokens: 160000000"),
    ("missing data file", "generated-corpus: { scale: 0.002 }", "file: docword.kos.txt"),
];

/// A spec of image classification that is right.
const GOOD_IC: &str = "\
workload:
  ic: { network: cifar10-quick }
data:
  generated-images: { train: 500 }
similitude: ilsvrc12
cells:
  - name: Gaia
    profile: va-ca
    system: { gaia: { inside: { bsp: {} } } }
";

/// Mistakes in specs of image classification.
const IC: &[Mistake] = &[
    ("misspelt network", "cifar10-quick", "cifar10-quik"),
    ("unknown field", "{ network: cifar10-quick }", "{ net: cifar10-quick }"),
    ("momentum and batch", "{ network: cifar10-quick }", "{ momentum: 1, batch: 0 }"),
    ("images too small for the network", "train: 500", "train: 500, height: 16"),
    ("images too small for GoogLeNet", "cifar10-quick", "googlenet"),
    ("one class", "train: 500", "classes: 1, difficulty: 2"),
    ("ratings", "generated-images: { train: 500 }", "generated: { scale: 0.01 }"),
    ("images for topic modelling", "ic: { network: cifar10-quick }", "lda: {}"),
    ("similitude of another workload", "similitude: ilsvrc12", "similitude: nytimes"),
    ("split of another workload", "similitude: ilsvrc12", "split: { skewed: { by: topics, skew: 0.5 } }"),
    ("skew of two", "similitude: ilsvrc12", "split: { skewed: { by: labels, skew: 2 } }"),
    ("change of another workload", "    profile: va-ca", "    workload: { mf: { decay: 1 } }\n    profile: va-ca"),
    ("more machines than images", "train: 500", "train: 5"),
    ("missing folder", "generated-images: { train: 500 }", "file: cifar10"),
];

/// A spec with panels that is right.
const GOOD_PANELS: &str = "\
profile: va-ca
similitude: none
cells:
  - name: Gaia
    system: { gaia: { inside: { bsp: {} } } }
panels:
  - name: MF
    workload: { mf: { rank: 8 } }
    data: { generated: { scale: 0.01 } }
  - name: TM
    workload: { lda: { topics: 20 } }
    data: { generated-corpus: { scale: 0.002 } }
";

/// Mistakes in specs with panels.
const PANELS: &[Mistake] = &[
    ("unknown field", "  - name: TM\n", "  - name: TM\n    seeds: [1]\n"),
    ("misspelt field", "    data: { generated-corpus", "    dat: { generated-corpus"),
    ("nameless panel", "  - name: TM\n    workload", "  - workload"),
    ("empty and duplicate names", "name: TM", "name: MF"),
    ("in one panel", "topics: 20", "topics: 1"),
    ("shared by all", "bsp: {}", "ssp: { slack: 4000000 }"),
    ("shared, and wrong for one", "similitude: none", "similitude: netflix"),
    ("no network at all", "profile: va-ca\n", ""),
    ("no cells at all", "cells:\n  - name: Gaia\n    system: { gaia: { inside: { bsp: {} } } }\n", ""),
    (
        "cells of a panel",
        "name: TM\n",
        "name: TM\n    cells: [{ name: Gaia, system: { gaia: { inside: { bsp: {} } } }, profile: lann }]\n",
    ),
];

/// `--set` arguments that do not fit a spec with panels.
const PANEL_SETTINGS: &[(&str, &str)] = &[
    ("no such panel", "panels.IC.encoding=packed"),
    ("no such cell of a panel", "panels.MF.cells.Giaa.encoding=packed"),
    ("no such field of a panel", "panels.MF.sedes=[1]"),
    ("what all panels set themselves", "workload.mf.rank=64"),
];

/// Mistakes in a profile that a spec names.
const PROFILES: &[Mistake] = &[
    (
        "unknown site",
        "{ uniform: 50 Mbit/s }",
        "{ rows: { North: { Suoth: 50 Mbit/s }, South: { North: 50 Mbit/s } } }",
    ),
    ("bad unit of a bandwidth", "{ uniform: 50 Mbit/s }", "{ uniform: 50 Mbps }"),
    ("duplicate site", "{ name: South }", "{ name: North }"),
];

/// `--set` arguments that do not fit.
const SETTINGS: &[(&str, &str)] = &[
    ("path of no field", "workload.mf.rnk=64"),
    ("path into a scalar", "title.length=5"),
    ("path of no cell", "cells.Giaa.encoding=packed"),
    ("path of no cell by number", "cells.7.encoding=packed"),
    ("path into a name", "cells.Gaia.profile.nic=100"),
    ("value of the wrong type", "workload.mf.rank=many"),
    ("value that is not yaml", "seeds=[1, 2"),
    ("value out of bounds", "cells[1].system.gaia.significance.threshold=11"),
    ("choice of no form", "cells.Gaia.system.geeps.bsp={}"),
];

fn message(folder: &Path, text: &str, changes: &Changes) -> String {
    let source =
        Source { name: "bad".into(), file: "bad.yaml".into(), folder: folder.to_path_buf(), text: text.into() };
    let error = match source.spec(changes) {
        Err(error) => error.to_string(),
        Ok(spec) => Experiment::resolve(&source, &spec, REGISTRIES).expect_err("a mistake was made").to_string(),
    };
    error.replace(&format!("{}/", folder.display()), "FOLDER/")
}

/// All messages, each under the name of its mistake.
fn messages(mistakes: &[Mistake]) -> String {
    messages_in(GOOD, mistakes)
}

/// The same of mistakes in another spec.
fn messages_in(good: &str, mistakes: &[Mistake]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let report = |(name, part, by): &Mistake| {
        assert!(good.contains(part), "{name}: the good spec has no `{part}`");
        format!("# {name}\n{}\n", message(folder.path(), &good.replacen(part, by, 1), &Changes::default()))
    };
    mistakes.iter().map(report).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_good_specs_are_good() {
    for (good, plans) in [(GOOD, 6), (GOOD_LDA, 2), (GOOD_IC, 2), (GOOD_PANELS, 4)] {
        let source = Source { name: "good".into(), file: "good.yaml".into(), folder: "".into(), text: good.into() };
        let spec = source.spec(&Changes::default()).unwrap();
        let experiment = Experiment::resolve(&source, &spec, REGISTRIES).unwrap();
        assert_eq!(experiment.plans.len(), plans);
    }
}

#[test]
fn mistakes_of_form_have_a_place() {
    insta::assert_snapshot!(messages(FORM));
}

#[test]
fn mistakes_of_meaning_have_a_path() {
    insta::assert_snapshot!(messages(MEANING));
}

#[test]
fn mistakes_in_topic_modelling_are_reported() {
    insta::assert_snapshot!(messages_in(GOOD_LDA, LDA));
}

#[test]
fn mistakes_in_specs_of_image_classification() {
    insta::assert_snapshot!(messages_in(GOOD_IC, IC));
}

#[test]
fn mistakes_in_panels_are_reported_where_they_are() {
    let report = |(name, setting): &(&str, &str)| {
        let changes = Changes { set: vec![setting.parse().unwrap()], ..Changes::default() };
        format!("# {name}\n{}\n", message(Path::new(""), GOOD_PANELS, &changes))
    };
    let settings: Vec<String> = PANEL_SETTINGS.iter().map(report).collect();
    insta::assert_snapshot!(format!("{}\n{}", messages_in(GOOD_PANELS, PANELS), settings.join("\n")));
}

#[test]
fn mistakes_of_meaning_are_reported_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let together = [
        "misspelt figure",
        "misspelt profile",
        "misspelt machines",
        "negative threshold",
        "huge slack",
        "zero rank",
        "duplicate seeds",
        "duplicate cell name",
    ];
    let mistakes = MEANING.iter().filter(|(name, ..)| together.contains(name));
    let text = mistakes.fold(GOOD.to_string(), |text, (_, part, by)| text.replacen(part, by, 1));
    insta::assert_snapshot!(message(folder.path(), &text, &Changes::default()));
}

#[test]
fn mistakes_in_profiles_are_reported_where_they_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let spec = GOOD.replacen("profile: va-ca", "profile: mine.yaml", 1);
    let report = |(name, part, by): &Mistake| {
        assert!(PROFILE.contains(part), "{name}: the profile has no `{part}`");
        fs::write(folder.path().join("mine.yaml"), PROFILE.replacen(part, by, 1)).unwrap();
        format!("# {name}\n{}\n", message(folder.path(), &spec, &Changes::default()))
    };
    insta::assert_snapshot!(PROFILES.iter().map(report).collect::<Vec<_>>().join("\n"));
}

#[test]
fn mistakes_in_settings_name_the_setting() {
    let report = |(name, setting): &(&str, &str)| {
        let changes = Changes { set: vec![setting.parse().unwrap()], ..Changes::default() };
        format!("# {name}\n{}\n", message(Path::new(""), GOOD, &changes))
    };
    insta::assert_snapshot!(SETTINGS.iter().map(report).collect::<Vec<_>>().join("\n"));
    assert!("workload.mf.rank".parse::<Override>().is_err());
    assert!("=64".parse::<Override>().is_err());
}

#[test]
fn misspelt_and_missing_specs() {
    // Which specs there are is not this test's matter.
    let report = |name: &str| {
        let reported = Source::find(name).expect_err("there is no such spec").to_string();
        let (before, valid) = reported.split_once("(valid: ").expect("the valid names are reported");
        format!("{before}(valid: ...){}", valid.split_once(')').expect("they end").1)
    };
    let all = ["fig31", "fig13.yml.yaml", "nowhere/fig13.yaml", "mars"].map(report);
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn data_given_on_the_command_line_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("ratings.csv");
    fs::write(&data, "userId,movieId,rating,timestamp\n1,2,five,0\n").unwrap();
    let with = |path: std::path::PathBuf| Changes { data: Some(path), ..Changes::default() };
    let missing = message(folder.path(), GOOD, &with(folder.path().join("missing.csv")));
    let malformed = message(folder.path(), GOOD, &with(data));
    insta::assert_snapshot!(format!("{missing}\n{malformed}"));
}

#[test]
fn data_of_the_other_workload_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (ratings, bags) = (folder.path().join("ratings.csv"), folder.path().join("docword.mine.txt"));
    fs::write(&ratings, "userId,movieId,rating,timestamp\n1,2,4,0\n2,2,3,0\n").unwrap();
    fs::write(&bags, "1\n2\n2\n1 1 3\n1 2 1\n").unwrap();
    let reported = |good: &str, data: &Path| {
        message(folder.path(), good, &Changes { data: Some(data.to_path_buf()), ..Changes::default() })
    };
    insta::assert_snapshot!(format!("{}\n{}", reported(GOOD_LDA, &ratings), reported(GOOD, &bags)));
}
