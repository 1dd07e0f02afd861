//! Figures of made-up results in the situations that real ones come into.
//!
//! With `GAIA_GALLERY=<folder>` in the environment the drawings are kept there, to be looked at.

use std::fs;
use std::path::PathBuf;

use super::text::{DENSITY, text_width};
use super::*;
use crate::plans::testing::{images, plan, planned, topics};
use planning::plan::Plan;
use record::results::CellResult;
use record::results::testing::{cell, samples};

const FAST: [f64; 6] = [0.35, 0.04, 0.02, 0.18, 0.0, 0.05];
const SLOW: [f64; 6] = [0.35, 0.05, 0.02, 1.2, 0.0, 0.3];
const GAIA: [f64; 6] = [0.35, 0.09, 0.06, 0.32, 0.21, 0.1];

fn figure(name: &str) -> Figure {
    Figure::named(name).unwrap()
}

/// Results that figures must be able to draw, by a name for messages.
fn situations() -> Vec<(&'static str, Vec<CellResult>)> {
    let baseline = || cell("Baseline").seconds(812.0).breakdown(SLOW);
    let gaia = || cell("Gaia").seconds(385.0).breakdown(GAIA).wan_bytes_per_clock(1e8);
    let lan = || cell("LAN").seconds(301.0).breakdown(FAST).wan_bytes_per_clock(0.0);
    let seeds = |seed: u64| {
        let factor = 1.0 + (seed as f64 - 2.0) * 0.12;
        [
            baseline().seed(seed).seconds(812.0 * factor).done(),
            gaia().seed(seed).seconds(385.0 / factor).done(),
            lan().seed(seed).seconds(301.0 + seed as f64).done(),
        ]
    };
    let mut short = lan().done();
    short.samples.truncate(1);
    let mut diverged = gaia().never().seconds(900.0).done();
    diverged.summary.last_objective = f64::INFINITY;
    for (i, sample) in diverged.samples.iter_mut().enumerate() {
        sample.objective = match i {
            0..150 => sample.objective,
            150..160 => f64::NAN,
            160..300 => sample.objective * f64::from(i as u32 - 150) / 5.0,
            _ => f64::INFINITY,
        };
    }
    let mut odd = baseline().breakdown([f64::NAN, f64::INFINITY, -1.0, 0.0, 0.1, 0.0]).done();
    odd.summary.seconds_to_target = Some(f64::NAN);
    odd.summary.seconds = f64::INFINITY;
    odd.summary.first_objective = f64::NAN;
    let mut steep = baseline().done();
    steep.samples = samples(380, 8.4e8, 2e5, 812.0);
    let name = |name: &str| cell(name).breakdown(GAIA);
    vec![
        (
            "one-seed",
            vec![cell("Target").seconds(290.0).sets_target().done(), baseline().done(), gaia().done(), lan().done()],
        ),
        ("three-seeds", (1..=3).flat_map(seeds).collect()),
        (
            "gaia-slower",
            vec![baseline().done(), gaia().seconds(1210.0).breakdown(SLOW.map(|s| s * 1.5)).done(), lan().done()],
        ),
        ("gaia-never", vec![baseline().done(), gaia().seconds(1300.0).never().done(), lan().done()]),
        ("baseline-never", vec![baseline().seconds(2000.0).never().done(), gaia().done(), lan().done()]),
        ("diverged", vec![baseline().done(), diverged, lan().done()]),
        (
            "huge-ratio",
            vec![
                baseline().seconds(7_210.0).breakdown(SLOW.map(|s| s * 9.0)).done(),
                gaia().done(),
                lan().seconds(280.0).done(),
            ],
        ),
        (
            "long-names",
            vec![
                name("IterStore-style, SSP 1, Virginia and California").seconds(700.0).done(),
                name("Gaia without selective barrier").seconds(400.0).done(),
                name("Gaia, packed encoding").seconds(380.0).done(),
                name("Wideareanetworkwithoutanybreak").seconds(390.0).done(),
                name("LAN").seconds(301.0).done(),
            ],
        ),
        (
            "eight-cells",
            (1..=8u32).map(|i| name(&format!("Gaia {i} %")).seconds(300.0 + 60.0 * f64::from(i)).done()).collect(),
        ),
        ("seven-cells", many(7, "packed encoding", Reached::All)),
        ("ten-long-names", many(10, "no selective barrier", Reached::All)),
        ("ten-never", many(10, "no selective barrier", Reached::Odd)),
        ("none", vec![]),
        ("one-cell", vec![gaia().done()]),
        ("one-sample", vec![baseline().done(), short]),
        ("odd-numbers", vec![odd, gaia().done()]),
        ("steep", vec![steep, gaia().done()]),
        ("panels", panels(&["MF, full speed", "TM, full speed"], 1)),
        (
            "four-panels-of-seeds",
            panels(&["MF, EC2's machines", "MF, full speed", "TM, EC2's machines", "TM, full speed"], 3),
        ),
        (
            "no-target",
            vec![cell("Target").sets_target().never().done(), baseline().done(), gaia().done(), lan().never().done()],
        ),
        ("clocks-done", vec![baseline().clocks_done().done(), gaia().clocks_done().done()]),
        ("zero-seconds", vec![baseline().seconds(0.0).done(), gaia().seconds(0.0).done()]),
    ]
}

/// Baseline, Gaia and LAN in each panel; in the last, Gaia never reaches its target.
fn panels(names: &[&str], seeds: u64) -> Vec<CellResult> {
    let mut results = Vec::new();
    for (i, name) in names.iter().enumerate() {
        for seed in 1..=seeds {
            let of = |made: record::results::testing::Made| made.panel(name).seed(seed);
            let factor = 1.0 + 0.1 * seed as f64;
            results.push(of(cell("Target").sets_target()).done());
            results.push(of(cell("Baseline").seconds(812.0 * factor)).done());
            let gaia = of(cell("Gaia").seconds(385.0 * factor));
            results.push(if i + 1 == names.len() && seed == seeds { gaia.never().done() } else { gaia.done() });
            results.push(of(cell("LAN").seconds(301.0)).done());
        }
    }
    results
}

/// The cells that reach their target, of many.
#[derive(PartialEq, Eq)]
enum Reached {
    All,
    Odd,
}

/// Baseline, variants of Gaia with names of about 20 characters, and LAN.
fn many(count: u32, stem: &str, reached: Reached) -> Vec<CellResult> {
    let variant = |i: u32| {
        let seconds = 1_300.0 - 110.0 * f64::from(i);
        let variant = cell(&format!("{stem} {i}")).seconds(seconds).breakdown(GAIA.map(|s| s * f64::from(i)));
        if reached == Reached::All || i % 2 == 1 { variant.done() } else { variant.never().done() }
    };
    let ends = [cell("Baseline").seconds(812.0).breakdown(SLOW).done(), cell("LAN").breakdown(FAST).done()];
    let [baseline, lan] = ends;
    [baseline].into_iter().chain((1..count - 1).map(variant)).chain([lan]).collect()
}

/// A figure of each form.
const IN_THE_GALLERY: [&str; 10] =
    ["convergence", "fig3", "fig12", "fig5", "ic", "accuracy", "fig11", "table1", "whatif", "validation"];

/// Drawing pixels takes a second without optimisation: without a gallery only these are.
const ALWAYS_AS_PIXELS: [&str; 3] = ["gaia-never", "odd-numbers", "none"];

#[test]
fn every_figure_draws_every_situation() {
    let gallery = std::env::var_os("GAIA_GALLERY").map(PathBuf::from);
    for figure in Figure::ALL {
        for (name, results) in situations() {
            let svg = figure.svg(&results).unwrap();
            figure.table(&results).unwrap();
            figure.claims(&results);
            assert!(svg.ends_with("</svg>\n") && svg.contains("font-family=\"sans-serif\""), "{name}");
            assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{name}");
            let Some(gallery) = gallery.as_ref().filter(|_| IN_THE_GALLERY.contains(&figure.name)) else { continue };
            let png = figure.png(&results).unwrap();
            fs::write(gallery.join(format!("{}-{name}.svg", figure.name)), svg).unwrap();
            fs::write(gallery.join(format!("{}-{name}.png", figure.name)), png).unwrap();
        }
    }
    for (name, results) in situations().iter().filter(|(name, _)| ALWAYS_AS_PIXELS.contains(name)) {
        let png = figure("fig13").png(results).unwrap();
        assert!(png.starts_with(b"\x89PNG"), "{name}");
    }
}

#[test]
fn plots_know_the_columns_of_every_table() {
    let texts = ["panel", "cell", "system", "network", "outcome", "centralized", "reached_in_all_panels"];
    // Results for whole clocks alone, and with prices, have columns of their own.
    let priced = || vec![cell("Baseline").cost([1.0, 2.0, 3.0]).done(), cell("Gaia").cost([1.0; 3]).done()];
    for figure in Figure::ALL {
        let known = Figure::columns(figure.name);
        for (name, results) in situations().into_iter().chain([("priced", priced())]) {
            for column in figure.table(&results).unwrap().get_column_names() {
                let of = column.strip_suffix("_low").or(column.strip_suffix("_high")).unwrap_or(column);
                assert!(texts.contains(&of) || known.iter().any(|name| name == of), "{} {name}: {column}", figure.name);
            }
        }
    }
}

#[test]
fn equal_results_give_equal_bytes() {
    let (_, results) = &situations()[1];
    let figure = figure("fig13");
    assert_eq!(figure.svg(results).unwrap(), figure.svg(results).unwrap());
    assert_eq!(figure.png(results).unwrap(), figure.png(results).unwrap());
}

#[test]
fn the_drawing_shows_speedups_names_and_units() {
    let (_, results) = &situations()[0];
    let svg = figure("fig13").svg(results).unwrap();
    for text in ["2.1x", "2.7x", "Baseline", "Gaia", "LAN", "812 s", "target", "seconds a clock", "paper&apos;s scale"]
    {
        assert!(svg.contains(text), "{text}");
    }
    let (_, never) = &situations()[3];
    assert!(figure("fig13").svg(never).unwrap().contains("reached"));
    let (_, bound) = &situations()[4];
    assert!(figure("fig13").svg(bound).unwrap().contains("&gt;5.2x"));
}

/// The texts of an SVG with the attributes of their elements.
fn texts(svg: &str) -> Vec<(&str, &str)> {
    let elements = svg.split("<text ").skip(1);
    elements.map(|element| element.split_once("</text>").unwrap().0.split_once('>').unwrap()).collect()
}

fn named<'a>(name: &str) -> impl FnMut(&(&'a str, Vec<CellResult>)) -> bool {
    move |(situation, _)| *situation == name
}

fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    element.split_once(&format!("{name}=\"")).unwrap().1.split_once('"').unwrap().0
}

#[test]
fn names_of_many_cells_are_whole_and_upright_and_inside_the_page() {
    for situation in ["seven-cells", "ten-long-names", "ten-never", "eight-cells"] {
        let (_, results) = situations().into_iter().find(named(situation)).unwrap();
        let svg = figure("convergence").svg(&results).unwrap();
        assert!(!svg.contains('…'), "{situation}");
        let page: f64 = attribute(&svg, "viewBox").split(' ').nth(3).unwrap().parse().unwrap();
        for result in &results {
            let name = &result.cell;
            let words = |text: &str| text.trim() == name;
            let upright: Vec<&str> = texts(&svg)
                .into_iter()
                .filter(|(element, text)| element.contains("rotate(270") && words(text))
                .map(|(element, _)| element)
                .collect();
            assert_eq!(upright.len(), 2, "{situation}: {name} below the bars of (a) and (c)");
            for element in upright {
                let top: f64 = attribute(element, "y").parse().unwrap();
                let length = text_width(13.0, name) * DENSITY;
                assert!(top + length * 0.7 < page, "{situation}: {name} ends at {} of {page}", top + length);
                assert_eq!(attribute(element, "text-anchor"), "end");
            }
        }
    }
}

#[test]
fn few_short_names_lie_level_on_a_page_of_the_least_height() {
    let (_, results) = &situations()[0];
    let svg = figure("fig13").svg(results).unwrap();
    assert!(svg.contains("width=\"900\" height=\"300\""));
    let upright = texts(&svg).into_iter().filter(|(element, _)| element.contains("rotate(270"));
    let upright: Vec<&str> = upright.filter_map(|(_, text)| text.split_whitespace().next()).collect();
    assert_eq!(upright, ["normalised", "objective", "seconds"], "titles of axes only");
}

#[test]
fn values_above_bars_have_one_size_in_a_panel() {
    for situation in ["one-seed", "gaia-never", "seven-cells", "ten-long-names", "ten-never"] {
        let (_, results) = situations().into_iter().find(named(situation)).unwrap();
        let svg = figure("convergence").svg(&results).unwrap();
        let sizes = |is_value: &dyn Fn(&str) -> bool| -> std::collections::BTreeSet<&str> {
            let values = texts(&svg).into_iter().filter(|(_, text)| is_value(text.trim()));
            values.map(|(element, _)| attribute(element, "font-size")).collect()
        };
        let speedup = |text: &str| text.ends_with('x') && text.starts_with(|c: char| c.is_ascii_digit());
        let missed = |text: &str| ["not", "reached", "not reached"].contains(&text);
        assert_eq!(sizes(&|text| speedup(text) || missed(text)).len(), 1, "{situation}");
        let clock = |text: &str| text.strip_suffix(" s").is_some_and(|s| s.len() == 4 && s.contains('.'));
        assert_eq!(sizes(&clock).len(), 1, "{situation}");
    }
}

#[test]
fn three_applications_alongside_one_another_share_one_legend_that_is_whole() {
    let networks = [("EC2-ALL", "ec2-all"), ("V/C", "va-ca"), ("S/S", "sg-sp")];
    let panels = |application: &str, change: fn(Plan) -> Plan| {
        networks.map(|(network, profile)| {
            let plan = change(plan(profile, 1, "{global: {bsp: {}}}"));
            let made = |system| cell(system).panel(&format!("{application} {network}")).cost([1.0, 0.5, 0.5]).done();
            ["Baseline", "Gaia"].map(|system| planned(made(system), &plan))
        })
    };
    let results: Vec<CellResult> = [panels("MF", |plan| plan), panels("TM", topics), panels("IC", images)]
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    for (figure, times) in [(figure("fig11"), 1), (figure("table1"), 0)] {
        let svg = figure.svg(&results).unwrap();
        assert!(!svg.contains('…'), "{}", figure.name);
        let legends = texts(&svg).into_iter().filter(|(_, text)| text.trim() == "machines, computing");
        assert_eq!(legends.count(), times, "{}", figure.name);
    }
}

#[test]
fn bars_say_which_of_them_is_1() {
    let remark = |names: [&str; 2]| {
        let of = |panel| names.map(|name| cell(name).panel(panel).done());
        let svg = figure("fig8").svg(&[of("MF"), of("TM")].concat()).unwrap();
        texts(&svg)
            .into_iter()
            .find(|(_, text)| text.contains(" = 1 "))
            .unwrap()
            .1
            .trim()
            .split(" = ")
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(remark(["Baseline", "Gaia"]), "Baseline");
    assert_eq!(remark(["10 %", "1 %"]), "first bar");
}

#[test]
fn minor_the_baseline_is_found_whatever_its_case_and_is_named() {
    let results = [cell("Gaia").seconds(100.0).done(), cell("baseline").seconds(400.0).done()];
    let figure = figure("convergence");
    assert_eq!(figure.references(&results), ["baseline"]);
    let table = figure.table(&results).unwrap();
    let speedups: Vec<_> = table.column("speedup").unwrap().f64().unwrap().iter().flatten().collect();
    assert_eq!(speedups, [4.0, 1.0]);
    let both = [cell("baseline").done(), cell("Baseline").done()];
    assert_eq!(figure.references(&both), ["Baseline"], "the name itself comes first");
    assert_eq!(figure.references(&[cell("10 %").done(), cell("1 %").done()]), ["10 %"]);
}

#[test]
fn minor_control_characters_are_in_no_figure() {
    let svg = figure("convergence").svg(&[cell("a\u{1b}[31m\u{0}b").done()]).unwrap();
    assert!(!svg.contains(|c: char| c.is_control() && c != '\n') && svg.contains('\u{fffd}'));
}

#[test]
fn a_curve_of_test_accuracy_goes_on_at_100_percent() {
    let mut learnt = cell("Gaia").done();
    for sample in &mut learnt.samples {
        let accuracy = if sample.seconds < 50.0 { 0.75 } else { 1.0 };
        sample.metrics = [("test_accuracy", accuracy)].into_iter().collect();
    }
    let (last, count) = (learnt.samples.last().unwrap().seconds, learnt.samples.len());
    assert!(last > 100.0 && count > 100);
    let svg = figure("accuracy").svg(&[learnt]).unwrap();
    let longest = svg.split("points=\"").skip(1).map(|rest| rest.split('"').next().unwrap().split(' ').count()).max();
    assert!(longest >= Some(count), "{longest:?} of {count}");
}

#[test]
fn text_of_users_is_escaped() {
    let results = [cell("<script>&\"x\"").done()];
    let svg = figure("fig13").svg(&results).unwrap();
    assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;"));
}

#[test]
fn every_figure_is_found_by_its_name() {
    for figure in Figure::ALL {
        assert_eq!(Figure::named(figure.name).unwrap().name, figure.name);
        assert!(figure.question.ends_with('?'));
        let ids = figure.claims(&[]);
        assert!(!ids.is_empty() && ids.iter().all(|claim| claim.id.starts_with(&format!("{}.", figure.name))));
    }
    let error = Figure::named("fig41").unwrap_err().to_string();
    assert!(error.starts_with("there is no figure `fig41`; did you mean `fig11`? (valid: convergence, "), "{error}");
}

#[test]
fn the_table_has_the_numbers() {
    let (_, results) = &situations()[0];
    let table = figure("fig13").table(results).unwrap();
    let value = |column: &str, row: usize| table.column(column).unwrap().f64().unwrap().get(row);
    assert_eq!(table.height(), 4);
    assert_eq!(value("normalised_time", 1), Some(1.0));
    assert_eq!(value("speedup", 2), Some(1.0 / (385.0 / 812.0)));
    assert_eq!(value("insignificant_percent", 2), Some(95.6));
    assert_eq!(value("insignificant_percent", 1), None);
    assert_eq!(value("wan_gb_per_clock", 2), Some(0.1));
}

/// The words of every text of a figure.
fn words(figure: Figure, results: &[CellResult]) -> Vec<String> {
    let svg = figure.svg(results).unwrap();
    texts(&svg).into_iter().map(|(_, text)| text.trim().to_owned()).collect()
}

#[test]
fn target_not_converged_is_marked_and_no_claim_holds() {
    let (_, results) = situations().into_iter().find(named("no-target")).unwrap();
    for figure in Figure::ALL.iter().filter(|figure| figure.name != "validation") {
        for claim in figure.claims(&results) {
            assert_eq!(claim.verdict, crate::claims::Verdict::NotComparable, "{}: {}", claim.id, claim.says);
        }
    }
    let table = figure("convergence").table(&results).unwrap();
    let outcomes: Vec<_> = table.column("outcome").unwrap().str().unwrap().iter().flatten().collect();
    assert_eq!(outcomes, ["no target (given up)"; 4]);
    for column in ["seconds_to_target", "normalised_time", "speedup", "speedup_low"] {
        assert_eq!(table.column(column).unwrap().null_count(), 4, "{column}");
    }
    let words = words(figure("convergence"), &results);
    assert!(words.iter().any(|word| word == "Gaia (no target)") && !words.iter().any(|word| word.ends_with('x')));
    assert_eq!(words.iter().filter(|word| *word == "target").count(), 3, "one a bar, and none for a line");
}

#[test]
fn target_not_converged_nothing_is_said_of_a_target_where_there_is_none() {
    let (_, results) = situations().into_iter().find(named("clocks-done")).unwrap();
    for name in ["convergence", "slowdown", "accuracy", "whatif", "fig5", "fig13"] {
        let claims = figure(name).claims(&results);
        assert!(claims.iter().all(|claim| !claim.id.ends_with("same-target")), "{name}");
    }
    let mut old = results.clone();
    old.iter_mut().for_each(|run| run.summary.seconds_to_target = Some(run.summary.seconds));
    for results in [results, old] {
        let table = figure("convergence").table(&results).unwrap();
        for column in ["seconds_to_target", "normalised_time", "speedup"] {
            assert_eq!(table.column(column).unwrap().null_count(), 2, "{column}");
        }
        let words = words(figure("convergence"), &results);
        assert!(words.iter().any(|word| word == "(a) Time for all clocks"), "{words:?}");
        assert!(!words.iter().any(|word| word == "reached" || word == "target"), "{words:?}");
    }
}
