//! Mistakes in price lists, each with the message that the user reads; and lists that are imported.

mod common;

use std::fs;
use std::path::Path;

use common::{errors, experiments};
use harness::prices;

const LIST: &str = "\
name: mine
title: Our contract
source: our contract
date: 2026-01
machines: { csv: { file: machines.csv } }
traffic: { csv: { file: traffic.csv } }
instance: big
kinds: { e5-2698: big }
lan: eu-1
";

const MACHINES: &str = "\
# USD an hour
region,big,small
eu-1,1.5,0.2
us-1,1.25,NA
";

const TRAFFIC: &str = "\
from\\to,eu-1,us-1,leaving
eu-1,,0.02,0.09
us-1,,,0.05
";

/// One mistake: its name, the file, what is replaced, by what.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

const MISTAKES: &[Mistake] = &[
    ("no YAML", "list.yaml", "name: mine", "name: [mine"),
    ("a misspelt field", "list.yaml", "instance:", "instances:"),
    ("a missing field", "list.yaml", "date: 2026-01\n", ""),
    ("an empty source", "list.yaml", "source: our contract", "source: ''"),
    ("an unknown form", "list.yaml", "traffic: { csv: { file: traffic.csv } }", "traffic: { uniformly: 0.1 }"),
    ("an unknown instance", "list.yaml", "instance: big", "instance: bigg"),
    ("an unknown instance of a kind", "list.yaml", "e5-2698: big", "e5-2698: huge"),
    ("an unknown region for LAN", "list.yaml", "lan: eu-1", "lan: eu1"),
    ("a missing table", "list.yaml", "file: machines.csv", "file: machine.csv"),
    (
        "a negative price in place",
        "list.yaml",
        "machines: { csv: { file: machines.csv } }",
        "machines: { rows: { eu-1: { big: -1 } } }",
    ),
    ("no prices in place", "list.yaml", "machines: { csv: { file: machines.csv } }", "machines: { rows: {} }"),
    ("a word for a price", "machines.csv", "1.25", "cheap"),
    ("a negative price", "machines.csv", "1.25", "-1.25"),
    ("no number", "machines.csv", "1.25", "NaN"),
    ("a row too short", "machines.csv", "eu-1,1.5,0.2", "eu-1,1.5"),
    ("a region twice", "machines.csv", "us-1", "eu-1"),
    ("a column twice", "machines.csv", "big,small", "big,big"),
    ("a column without a name", "machines.csv", "big,small", "big,"),
    ("no header", "machines.csv", MACHINES, "# nothing\n"),
    ("a dear price", "machines.csv", "1.25", "2000000"),
    ("traffic of an unknown region", "traffic.csv", "from\\to,eu-1,us-1", "from\\to,eu-1,us-2"),
    ("traffic without a price", "traffic.csv", "us-1,,,0.05", "us-1,,,"),
];

fn write(folder: &Path, (_, file, from, to): &Mistake) {
    for (name, text) in [("list.yaml", LIST), ("machines.csv", MACHINES), ("traffic.csv", TRAFFIC)] {
        let text = if name == *file { text.replacen(from, to, 1) } else { text.to_owned() };
        fs::write(folder.join(name), text).expect("writable");
    }
}

#[test]
fn a_good_list_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &("", "list.yaml", "", ""));
    let list = prices::find("list.yaml", folder.path()).expect("it is right");
    let filled = list.machine("us-1", "small").expect("it can be filled");
    assert!(filled.is_filled && (filled.usd_per_hour - 1.25 * 0.2 / 1.5).abs() < 1e-12);
    assert_eq!((list.traffic("eu-1", "us-1"), list.traffic("us-1", "eu-1")), (Some(0.02), Some(0.05)));
}

#[test]
fn mistakes_in_price_lists_have_a_place_and_an_expectation() {
    let folder = tempfile::tempdir().expect("a folder");
    let message = |mistake: &Mistake| {
        write(folder.path(), mistake);
        let error = prices::find("list.yaml", folder.path()).expect_err(mistake.0);
        format!("{}:\n  {error}", mistake.0)
    };
    let messages: Vec<String> = MISTAKES.iter().map(message).collect();
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn unknown_lists_are_reported_with_the_nearest() {
    let unknown = |name: &str| prices::find(name, Path::new("")).expect_err(name).to_string();
    insta::assert_snapshot!([unknown("ec2-2016"), unknown("gcp"), unknown("none/list.yaml")].join("\n"));
}

#[test]
fn a_catalogue_becomes_a_list_that_specs_can_use() {
    let header = "currencyCode,retailPrice,armRegionName,productName,skuName,serviceName,unitOfMeasure,type,armSkuName";
    let row = |usd: f64, region: &str, end: &str| {
        format!(
            "USD,{usd},{region},NDsr Series,ND96isr H100 v5{end},Virtual Machines,1 Hour,Consumption,Standard_ND96isr_H100_v5\n"
        )
    };
    let rows = [row(98.32, "eastus", ""), row(20.5, "eastus", " Spot"), row(110.0, "westeurope", "")].concat();
    let folder = common::place(&[("azure.csv", &format!("{header}\n{rows}"))]);
    let import = |also: &[&str]| {
        experiments(folder.path(), &[&["prices", "import", "azure", "azure.csv", "--out", "azure.yaml"], also].concat())
    };
    let refused = import(&[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        errors(&refused).contains("no price of traffic from eastus; expected `--leaving USD`"),
        "{}",
        errors(&refused)
    );
    let done = import(&["--leaving", "0.05"]);
    assert!(done.status.success(), "{}", errors(&done));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(said, "azure.yaml: 2 regions, 2 instances; machines as Standard_ND96isr_H100_v5\n");
    assert_eq!(import(&["--leaving", "0.05"]).status.code(), Some(2), "an existing file stays without --force");
    let spec = "
whatif: { network: net.yaml, model: 4 MB, updates-per-second: 1, steps: 10 }
workload: { mf: { rank: 4 } }
data: { generated: { users: 200, items: 60, ratings: 2000 } }
prices: azure.yaml
";
    let network = "
sites: [{name: eastus}, {name: westeurope}]
nic: {in: 1 Gbit/s, out: 1 Gbit/s}
bandwidth: {uniform: 100 Mbit/s}
rtt: {uniform: 80 ms}
";
    fs::write(folder.path().join("q.yaml"), spec).expect("writable");
    fs::write(folder.path().join("net.yaml"), network).expect("writable");
    let planned = experiments(folder.path(), &["plan", "q.yaml"]);
    assert!(planned.status.success(), "{}", errors(&planned));
    let list = fs::read_to_string(folder.path().join("azure.yaml")).expect("written");
    fs::write(
        folder.path().join("azure.yaml"),
        list.replace("lan:", "notes-on-lan:").replace("notes-on-lan: \"eastus\"", ""),
    )
    .expect("writable");
    let unplaced = experiments(folder.path(), &["plan", "q.yaml"]);
    assert!(errors(&unplaced).contains("or `lan: REGION` in the price list"), "{}", errors(&unplaced));
}
