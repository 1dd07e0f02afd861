//! Dollars of a run: what is priced is what was sent and used, and prices are no part of a plan.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use common::errors;
use harness::prices;
use harness::results::store;
use serde_json::Value;

/// Two cells of four machines, one of which learns in one place.
const SPEC: &str = "
title: a small run
workload:
  mf: { rank: 8 }
data:
  generated: { users: 400, items: 120, ratings: 8000 }
similitude: netflix
goal: { clocks: 6 }
cells:
  - name: Gaia
    profile: va-ca
    machines-per-site: 2
    system: { gaia: { inside: { ssp: { slack: 1 } } } }
  - name: LAN
    profile: lan
    machines-per-site: 4
    system: { global: { ssp: { slack: 1 } } }
";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(spec: &str) -> Self {
        Place { folder: common::place(&[("small.yaml", spec)]) }
    }

    fn experiments(&self, arguments: &[&str]) -> Output {
        common::experiments(self.folder.path(), arguments)
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.experiments(arguments);
        assert!(output.status.success(), "{}", errors(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn results(&self) -> PathBuf {
        self.folder.path().join("results/small")
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.results().join(name)).expect("it is there")).expect("JSON")
    }

    /// The folder of a cell.
    fn cell(&self, name: &str) -> PathBuf {
        let index = self.json("cells.json");
        let entries = index["cells"].as_array().expect("a list");
        let entry = entries.iter().find(|entry| entry["cell"] == name).expect("it ran");
        self.results().join(entry["plan"].as_str().expect("text"))
    }
}

fn summary(cell: &Path) -> Value {
    serde_json::from_slice(&fs::read(cell.join("summary.json")).expect("it is there")).expect("JSON")
}

#[test]
fn what_is_priced_is_what_was_sent_and_what_machines_ran() {
    let place = Place::new(SPEC);
    place.done(&["run", "small.yaml", "--quiet"]);
    let cell = place.cell("Gaia");
    let summary = summary(&cell);
    let list = prices::builtin("ec2-2016-09").expect("built in");

    let mut sent: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in store::read_traffic(&cell).expect("whole").into_iter().filter(|row| row.from_site != row.to_site) {
        *sent.entry((row.from_site.to_string(), row.to_site.to_string())).or_default() += row.bytes;
    }
    let priced = summary["usage"]["traffic"].as_array().expect("a list");
    assert_eq!(priced.len(), sent.len());
    let mut communication = 0.0;
    for pair in priced {
        let text = |key: &str| pair[key].as_str().expect("text").to_owned();
        let bytes = sent[&(text("from"), text("to"))];
        assert_eq!(pair["bytes"], bytes);
        let region = |site: &str| if site == "Virginia" { "us-east-1" } else { "us-west-1" };
        communication += bytes as f64 / 1e9 * list.traffic(region(&text("from")), region(&text("to"))).expect("priced");
    }
    assert!(communication > 0.0);

    let number = |value: &Value| value.as_f64().expect("a number");
    let hours: f64 = (summary["usage"]["sites"].as_array().expect("a list").iter())
        .map(|site| number(&site["compute_hours"]) + number(&site["network_hours"]))
        .sum();
    let seconds = number(&summary["seconds"]);
    assert!((hours - 4.0 * seconds / 3600.0).abs() < 1e-9 * hours, "four machines for the whole run");
    let cost = &summary["cost"];
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
    assert!(near(number(&cost["communication"]), communication));
    let machines = 2.0 * seconds / 3600.0 * (0.838 + 1.049);
    assert!(near(number(&cost["machine_compute"]) + number(&cost["machine_network"]), machines));
    assert!(near(number(&cost["total"]), machines + communication));
}

#[test]
fn reports_are_priced_anew_without_running_again() {
    let place = Place::new(SPEC);
    let first = place.done(&["run", "small.yaml"]);
    assert!(first.contains("costs: ec2-2016-09") && first.contains("USD total"), "{first}");
    let before = summary(&place.cell("Gaia"));
    let total = |place: &Place| place.json("costs.json")["cells"][0]["cost"]["total"].as_f64().expect("a number");
    let cheap = total(&place);
    assert_eq!(before["cost"]["total"].as_f64(), Some(cheap));

    let again = place.done(&["report", "results", "--prices", "ec2-present"]);
    assert!(again.contains("costs: ec2-present") && again.contains("machines as m5.8xlarge"), "{again}");
    assert_eq!(summary(&place.cell("Gaia")), before, "a cell does not change with prices");
    assert_eq!(total(&place), cheap, "the report by the spec's prices stays");
    let beside =
        |file: &str| fs::read_to_string(place.folder.path().join("results/small/prices-ec2-present").join(file));
    let costs: serde_json::Value = serde_json::from_str(&beside("costs.json").expect("written")).expect("JSON");
    assert_ne!(costs["cells"][0]["cost"]["total"].as_f64(), Some(cheap));
    assert!(beside("report.html").expect("written").contains("ec2-present") && beside("table.csv").is_ok());
    assert!(again.contains("prices-ec2-present/report.html"), "{again}");
}

#[test]
fn prices_of_the_command_line_are_refused_as_those_of_the_spec_are() {
    let place = Place::new(SPEC);
    place.done(&["run", "small.yaml", "--quiet"]);
    let before = fs::read(place.results().join("costs.json")).expect("it is there");
    let list = "
name: mine
source: by hand
date: 2026-01-01
instance: cpu
machines: { rows: { us-east-1: { cpu: 1.0 }, eu-1: { cpu: 1.0 } } }
traffic: { uniform: 0.1 }
";
    fs::write(place.folder.path().join("mine.yaml"), list).expect("writable");
    let refused = |arguments: &[&str]| {
        let output = place.experiments(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        errors(&output)
    };
    let spec = refused(&["plan", "small.yaml", "--set", "prices=mine.yaml"]);
    let option = refused(&["report", "results", "--prices", "mine.yaml"]);
    let why = "the site `California` is no region of the prices `mine`";
    assert!(spec.contains(why), "{spec}");
    assert!(option.starts_with("error: --prices: ") && option.contains(&format!("Gaia: {why}")), "{option}");
    assert_eq!(fs::read(place.results().join("costs.json")).expect("it is there"), before, "nothing is written");
}

#[test]
fn prices_are_no_part_of_a_plan() {
    let place = Place::new(SPEC);
    let plain = place.done(&["plan", "small.yaml"]);
    assert_eq!(place.done(&["plan", "small.yaml", "--set", "prices=ec2-present"]), plain);
    let other = "prices={ list: ec2-present, instance: m5.metal, price-as: { LAN: eu-west-1 } }";
    assert_eq!(place.done(&["plan", "small.yaml", "--set", other]), plain);
}

#[test]
fn mistakes_about_prices_are_reported() {
    let place = Place::new(&SPEC.replace("va-ca", "mine.csv"));
    let table = "# unit: Mbit/s\n# rtt: 80 ms\nfrom\\to,Berlin,Tokyo\nBerlin,1000,120\nTokyo,120,1000\n";
    fs::write(place.folder.path().join("mine.csv"), table).expect("writable");
    let reported = |setting: &str| {
        let output = place.experiments(&["plan", "small.yaml", "--set", setting]);
        assert_eq!(output.status.code(), Some(2), "{setting}");
        format!("{setting}\n{}", errors(&output))
    };
    let messages = [
        reported("prices=ec2-2016"),
        reported("prices=ec2-present"),
        reported("prices.instance=c4.large"),
        reported("prices.price-as={ Berlin: eu-central-1, Tokyo: ap-northeast1 }"),
        reported("prices.lists=ec2-present"),
        reported("prices=[]"),
    ];
    insta::assert_snapshot!(messages.join("\n"));
    // Without a word on prices, sites that have none are no mistake.
    place.done(&["plan", "small.yaml"]);
    place.done(&["plan", "small.yaml", "--set", "prices.price-as={ Berlin: eu-central-1, Tokyo: ap-northeast-1 }"]);
}
