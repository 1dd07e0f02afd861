//! Price lists from their files: YAML, with tables in it or in files of the same folder.

use std::collections::BTreeMap;
use std::path::Path;

use base::suggest;
use emulator::text;
use serde::Deserialize;

use super::by_region::{self, Traffic};
use super::error::{PriceError, PriceProblem};
use super::list::PriceList;
use crate::form::parse as parse_form;
use emulator::profile::is_path;

/// All files of harness/prices, by name.
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/prices.rs"));

/// The most that an hour or a gigabyte may cost: more is a slip.
const MOST_USD: f64 = 1e6;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct PriceFile {
    name: String,
    #[serde(default)]
    title: String,
    source: String,
    date: String,
    #[serde(default)]
    notes: Vec<String>,
    machines: MachineTable,
    traffic: TrafficTable,
    instance: String,
    #[serde(default)]
    kinds: BTreeMap<String, String>,
    #[serde(default)]
    lan: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum MachineTable {
    /// A file in the folder of the list.
    Csv(TableFile),
    /// By region and instance.
    Rows(BTreeMap<String, BTreeMap<String, f64>>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum TrafficTable {
    /// A file in the folder of the list.
    Csv(TableFile),
    /// USD per GB by region.
    Leaving(BTreeMap<String, f64>),
    /// USD per GB, the same everywhere.
    Uniform(f64),
    /// USD per GB from region to region, and by region for all others.
    Pairs(Pairs),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pairs {
    #[serde(default)]
    between: BTreeMap<String, BTreeMap<String, f64>>,
    #[serde(default)]
    leaving: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    file: String,
}

/// Names of the built-in lists, sorted.
pub fn names() -> Vec<&'static str> {
    EMBEDDED.iter().filter_map(|(file, _)| file.strip_suffix(".yaml")).collect()
}

/// The built-in list of this name.
pub fn builtin(wanted: &str) -> Option<PriceList> {
    let (file, text) = EMBEDDED.iter().find(|(file, _)| file.strip_suffix(".yaml") == Some(wanted))?;
    let beside = |name: &str| -> Result<String, PriceError> {
        let found = EMBEDDED.iter().find(|(file, _)| *file == name);
        Ok(found.expect("a test reads every built-in list").1.to_owned())
    };
    Some(parse(file, text, &beside).expect("a test reads every built-in list"))
}

/// The list of this name, or in the file at this path from `folder`.
///
/// # Errors
/// [`PriceError`].
pub fn find(name_or_path: &str, folder: &Path) -> Result<PriceList, PriceError> {
    if !is_path(name_or_path) {
        let unknown = || PriceError::Unknown { name: name_or_path.into(), hint: suggest::hint(name_or_path, &names()) };
        return builtin(name_or_path).ok_or_else(unknown);
    }
    let path = folder.join(name_or_path);
    let read =
        |path: &Path, shown: &str| text::read(path).map_err(|error| PriceError::Read { file: shown.into(), error });
    let text = read(&path, name_or_path)?;
    let tables = path.parent().unwrap_or(Path::new(""));
    parse(name_or_path, &text, &|name| read(&tables.join(name), name))
}

/// `beside`: reads the text of a table's file in the folder of the list.
fn parse(file: &str, text: &str, beside: &dyn Fn(&str) -> Result<String, PriceError>) -> Result<PriceList, PriceError> {
    let form: PriceFile = parse_form(file, text)?;
    let machines = match form.machines {
        MachineTable::Csv(table) => by_region::machines(&table.file, &beside(&table.file)?)?,
        MachineTable::Rows(rows) => rows,
    };
    let traffic = match form.traffic {
        TrafficTable::Csv(table) => by_region::traffic(&table.file, &beside(&table.file)?)?,
        TrafficTable::Leaving(leaving) => Traffic { leaving, between: BTreeMap::new() },
        TrafficTable::Pairs(Pairs { between, leaving }) => Traffic { leaving, between },
        TrafficTable::Uniform(usd) => {
            let leaving = machines.keys().map(|region| (region.clone(), usd)).collect();
            Traffic { leaving, between: BTreeMap::new() }
        }
    };
    let list = PriceList {
        name: form.name,
        title: form.title,
        source: form.source,
        date: form.date,
        notes: form.notes,
        machines,
        leaving: traffic.leaving,
        between: traffic.between,
        instance: form.instance,
        kinds: form.kinds,
        lan: form.lan,
    };
    check(&list).map_err(|problem| PriceError::Meaning { file: file.into(), problem })?;
    Ok(list)
}

fn check(list: &PriceList) -> Result<(), PriceProblem> {
    let texts = [("name", &list.name, "a name"), ("source", &list.source, "where the prices come from")];
    for (field, text, expected) in texts.into_iter().chain([("date", &list.date, "when the prices held")]) {
        if text.trim().is_empty() {
            return Err(PriceProblem::Empty(field, expected));
        }
    }
    if list.machines.values().all(BTreeMap::is_empty) {
        return Err(PriceProblem::NoMachines);
    }
    for (region, prices) in &list.machines {
        for (instance, usd) in prices {
            check_price(&format!("machines, {region}, {instance}"), *usd)?;
        }
    }
    for (region, usd) in &list.leaving {
        known_region(list, "traffic", region)?;
        check_price(&format!("traffic, {region}"), *usd)?;
    }
    for (from, row) in &list.between {
        known_region(list, "traffic", from)?;
        for (to, usd) in row {
            known_region(list, "traffic", to)?;
            check_price(&format!("traffic, {from}, {to}"), *usd)?;
        }
    }
    for (from, to) in list.regions().flat_map(|from| list.regions().map(move |to| (from, to))) {
        if list.traffic(from, to).is_none() {
            return Err(PriceProblem::NoTraffic { from: from.into(), to: to.into() });
        }
    }
    check_names(list)
}

/// The instances and regions that fields name.
fn check_names(list: &PriceList) -> Result<(), PriceProblem> {
    let fields = list.kinds.iter().map(|(kind, instance)| (format!("kinds.{kind}"), instance));
    for (place, instance) in fields.chain([("instance".to_owned(), &list.instance)]) {
        let known: Vec<&str> = list.instances().into_iter().collect();
        if !known.contains(&instance.as_str()) {
            let hint = suggest::hint(instance, &known);
            return Err(PriceProblem::Unknown { place, what: "instance", name: instance.clone(), hint });
        }
    }
    list.lan.as_ref().map_or(Ok(()), |region| known_region(list, "lan", region))
}

fn known_region(list: &PriceList, place: &str, name: &str) -> Result<(), PriceProblem> {
    if list.machines.contains_key(name) {
        return Ok(());
    }
    let known: Vec<&str> = list.regions().collect();
    let hint = suggest::hint(name, &known);
    Err(PriceProblem::Unknown { place: place.into(), what: "region", name: name.into(), hint })
}

fn check_price(place: &str, usd: f64) -> Result<(), PriceProblem> {
    if (0.0..=MOST_USD).contains(&usd) {
        return Ok(());
    }
    let expected = "0 to 1000000 USD";
    Err(PriceProblem::Price { place: place.into(), found: usd.to_string(), expected })
}
