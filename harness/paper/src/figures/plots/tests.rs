//! Plots of made-up sweeps. With `GAIA_GALLERY=<folder>` in the environment the drawings are kept there, to be looked at.

use std::fs;
use std::path::PathBuf;

use record::results::testing::{Made, cell};
use serde_json::{Value, json};

use super::super::claims_testing::check_page;
use super::super::convergence::Convergence;
use super::super::render;
use super::*;

fn plot(x: &str, y: &str) -> Plot {
    let (title, series) = (String::new(), Vec::new());
    Plot { title, x: x.into(), y: y.into(), series, log: vec![PlotAxis::X], form: PlotForm::Lines }
}

fn gaia(threshold: f64, profile: &str) -> Made {
    let axes: [(&str, Value); 2] = [("threshold", json!(threshold)), ("profile", json!(profile))];
    let factor = if profile == "va-ca" { 0.4 } else { 1.0 };
    cell(&format!("Gaia {threshold} {profile}"))
        .swept("Gaia", &axes)
        .seconds(factor * (300.0 + 4e3 * (threshold - 0.02).abs()))
        .wan_bytes_per_clock(1e7 / threshold)
}

const THRESHOLDS: [f64; 5] = [0.001, 0.003, 0.01, 0.03, 0.1];

/// Thresholds by networks by seeds, and cells that have no threshold.
fn sweep() -> Vec<CellResult> {
    let of_seed = |seed: u64| {
        let factor = 1.0 + 0.08 * seed as f64;
        let cells =
            ["ec2-all", "va-ca"].into_iter().flat_map(|profile| THRESHOLDS.map(|threshold| gaia(threshold, profile)));
        let others = [
            cell("Target").sets_target(),
            cell("Baseline ec2-all").swept("Baseline", &[("profile", json!("ec2-all"))]).seconds(812.0),
            cell("LAN").seconds(120.0),
        ];
        let made = others.into_iter().chain(cells).map(move |made| made.seed(seed).done());
        made.map(move |mut result| {
            result.summary.seconds_to_target = result.summary.seconds_to_target.map(|seconds| seconds * factor);
            result
        })
    };
    (1..=3).flat_map(of_seed).collect()
}

fn data_of(plot: &Plot, results: &[CellResult]) -> data::Data {
    let form = &Convergence;
    data::of(plot, &axes::for_plots(form, results).unwrap(), &axes::runs(form, results).unwrap(), results)
}

#[test]
fn a_line_has_the_cells_of_one_value_of_every_other_axis() {
    let data = data_of(&plot("threshold", "seconds_to_target"), &sweep());
    let names: Vec<(&str, usize, usize)> =
        data.series.iter().map(|of| (of.name.as_str(), of.points.len(), of.levels.len())).collect();
    let expected = [("Baseline ec2-all", 0, 1), ("LAN", 0, 1), ("Gaia ec2-all", 5, 0), ("Gaia va-ca", 5, 0)];
    assert_eq!(names, expected);
    let points = &data.series[2].points;
    assert!(points.windows(2).all(|pair| pair[0].x.mean < pair[1].x.mean));
    let first = points[0].y;
    assert!((first.low - 376.0 * 1.08).abs() < 1e-9 && (first.high - 376.0 * 1.24).abs() < 1e-9, "{first:?}");
    assert!((first.mean - 376.0 * 1.16).abs() < 1e-9 && data.without.is_empty() && data.problem.is_none());
}

#[test]
fn texts_are_places_along_the_axis() {
    let data = data_of(&plot("profile", "seconds_per_clock"), &sweep());
    assert_eq!(data.x.names, ["ec2-all", "va-ca"]);
    let gaia: Vec<&data::Series> = data.series.iter().filter(|of| of.name.starts_with("Gaia")).collect();
    assert_eq!(gaia.len(), 5);
    assert!(gaia.iter().all(|of| of.points.iter().map(|point| point.x.mean).eq([0.0, 1.0])), "{gaia:?}");
    assert_eq!(gaia[0].name, "Gaia threshold 0.001");
}

#[test]
fn cells_without_a_number_and_names_of_no_column_are_said() {
    let mut results = sweep();
    let never = results.iter_mut().filter(|result| result.cell == "Gaia 0.1 va-ca");
    never.for_each(|result| result.summary.seconds_to_target = None);
    let data = data_of(&plot("threshold", "seconds_to_target"), &results);
    assert_eq!(data.without, ["Gaia 0.1 va-ca"]);
    assert_eq!(data_of(&plot("threshold", "usd_totl"), &results).problem.unwrap(), "no axis or column `usd_totl`");
}

#[test]
fn the_front_has_the_points_that_no_other_beats() {
    let value = |mean: f64| data::Value { mean, low: mean, high: mean };
    let points: Vec<data::Point> = [(1.0, 9.0), (2.0, 5.0), (3.0, 5.0), (4.0, 1.0), (5.0, 2.0)]
        .into_iter()
        .map(|(x, y)| data::Point { x: value(x), y: value(y), label: String::new() })
        .collect();
    let all: Vec<&data::Point> = points.iter().collect();
    let of =
        |x: &data::Side, y: &data::Side| draw::front(&all, x, y).iter().map(|point| point.x.mean).collect::<Vec<_>>();
    let (lower, higher) = (data::Side::default(), data::Side { is_better_above: true, ..Default::default() });
    assert_eq!(of(&lower, &lower), [1.0, 2.0, 4.0]);
    assert_eq!(of(&lower, &higher), [1.0]);
    assert_eq!(of(&higher, &lower), [4.0, 5.0]);
}

#[test]
fn a_sweep_is_plotted_over_its_first_axis_of_numbers() {
    let plots = default_of(&sweep());
    let shown: Vec<(&str, &str)> = plots.iter().map(|plot| (plot.x.as_str(), plot.y.as_str())).collect();
    assert_eq!(shown, [("threshold", "seconds_to_target"), ("threshold", "wan_gb")]);
    assert_eq!(plots[0].log, [PlotAxis::X]);
    assert!(default_of(&[cell("Baseline").done()]).is_empty());
}

#[test]
fn every_situation_has_a_page() {
    let gallery = std::env::var_os("GAIA_GALLERY").map(PathBuf::from);
    let scatter = Plot {
        form: PlotForm::Scatter,
        log: vec![],
        series: vec!["profile".into()],
        ..plot("wan_gb", "seconds_to_target")
    };
    let lines = plot("threshold", "seconds_to_target");
    let both = Plot { log: vec![PlotAxis::X, PlotAxis::Y], ..plot("threshold", "wan_gb") };
    let odd = Plot {
        title: "A title that is longer than the frame is wide, and then still longer than that".into(),
        ..plot("nothing", "cell")
    };
    for (name, plots, results) in [
        ("lines", vec![lines.clone()], sweep()),
        ("two", vec![lines.clone(), both], sweep()),
        ("scatter", vec![scatter.clone()], sweep()),
        ("four", vec![lines.clone(), scatter, odd, plot("profile", "seconds_per_clock")], sweep()),
        ("none", vec![lines.clone()], vec![]),
        ("unswept", vec![lines], vec![cell("Baseline").done(), cell("Gaia").done()]),
    ] {
        let canvas = page(&Convergence, &plots, &results).unwrap();
        check_page(name, &canvas);
        let svg = render::svg(&canvas).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{name}");
        if let Some(gallery) = &gallery {
            fs::write(gallery.join(format!("plots-{name}.svg")), svg).unwrap();
            fs::write(gallery.join(format!("plots-{name}.png")), render::png(&canvas).unwrap()).unwrap();
        }
    }
}
