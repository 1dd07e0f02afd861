//! Price lists from the catalogues that clouds publish and users fetch: prices of machines on demand and spot, and of traffic where the
//! catalogue has it, as the text of a list in YAML.
//!
//! Columns are found by their names; a catalogue without one of them is refused. Rows of other services, units, systems and terms are passed
//! over. Nothing is invented: a region that sells no such instance has no price, and is filled by the rule of lists.

use std::collections::BTreeMap;
use std::fmt::Write;

use base::suggest;
use csv::StringRecord;
use thiserror::Error;

/// A catalogue that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catalogue {
    /// AWS Price List bulk file of AmazonEC2: `index.csv`.
    Aws,
    /// Rows of the Azure Retail Prices API as CSV.
    Azure,
    /// The pricing table of Google Cloud's billing console as CSV.
    Gcp,
}

/// What is taken out of a catalogue.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The name of the list.
    pub name: &'a str,
    /// The instances to keep, without regard to case; empty: all.
    pub instances: &'a [String],
    /// USD per GB that leaves a region where the catalogue has no price of traffic.
    pub leaving: Option<f64>,
}

/// The reason that a catalogue was not imported.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum ImportError {
    #[error("{file}:{line}: not comma-separated: {source}")]
    Csv { file: String, line: u64, source: csv::Error },
    #[error("{file}: no column `{column}`; expected {of}{hint}")]
    NoColumn { file: String, column: &'static str, of: &'static str, hint: String },
    #[error("{file}:{line}: {column}: `{found}`: expected a number of USD, 0 or more")]
    Price { file: String, line: u64, column: &'static str, found: String },
    #[error("{file}: no prices of machines{instances}; expected rows such as {of}")]
    NoMachines { file: String, instances: String, of: &'static str },
    #[error(
        "{file}: no price of traffic from {region}; expected `--leaving USD`, the price per GB that leaves a region"
    )]
    NoTraffic { file: String, region: String },
    #[error("{file}:{line}: {currency}: expected prices in USD")]
    Currency { file: String, line: u64, currency: String },
}

type ByRegion = BTreeMap<String, BTreeMap<String, f64>>;

/// Prices found.
#[derive(Default)]
struct Found {
    machines: ByRegion,
    between: ByRegion,
    date: String,
}

impl Catalogue {
    /// The catalogue in words, with the columns that make it one.
    fn about(self) -> &'static str {
        match self {
            Catalogue::Aws => "the bulk file of the AWS Price List (AmazonEC2, index.csv)",
            Catalogue::Azure => "rows of the Azure Retail Prices API as CSV, with its field names as columns",
            Catalogue::Gcp => "the pricing table of the billing console of Google Cloud as CSV",
        }
    }

    /// The text of the price list of `text`, the content of `file`.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn import(self, file: &str, text: &str, asked: &Asked<'_>) -> Result<String, ImportError> {
        let mut found = self.read(file, text)?;
        if !asked.instances.is_empty() {
            let is_kept = |name: &str| {
                let plain = name.strip_suffix(SPOT).unwrap_or(name);
                asked.instances.iter().any(|kept| kept.eq_ignore_ascii_case(name) || kept.eq_ignore_ascii_case(plain))
            };
            found.machines.values_mut().for_each(|row| row.retain(|name, _| is_kept(name)));
        }
        found.machines.retain(|_, row| !row.is_empty());
        if found.machines.is_empty() {
            let names = asked.instances.join(", ");
            let instances = if names.is_empty() { names } else { format!(" of {names}") };
            return Err(ImportError::NoMachines { file: file.into(), instances, of: self.about() });
        }
        let regions: Vec<String> = found.machines.keys().cloned().collect();
        found.between.retain(|from, _| regions.contains(from));
        found.between.values_mut().for_each(|row| row.retain(|to, _| regions.contains(to)));
        for from in regions.iter().filter(|_| asked.leaving.is_none()) {
            let row = found.between.get(from);
            if regions.iter().any(|to| to != from && row.is_none_or(|row| !row.contains_key(to))) {
                return Err(ImportError::NoTraffic { file: file.into(), region: from.clone() });
            }
        }
        Ok(self.list(file, &found, asked))
    }

    fn read(self, file: &str, text: &str) -> Result<Found, ImportError> {
        let mut found = Found { date: "not stated".into(), ..Found::default() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut table: Option<Table<'_>> = None;
        for record in reader.records() {
            let record = record.map_err(|source| {
                let line = source.position().map_or(0, csv::Position::line);
                ImportError::Csv { file: file.into(), line, source }
            })?;
            match &table {
                // The bulk file begins with lines of two fields.
                None if self == Catalogue::Aws && record.len() == 2 => {
                    if &record[0] == "Publication Date" {
                        found.date = record[1].get(..10).unwrap_or(&record[1]).to_owned();
                    }
                }
                None => table = Some(Table { file, of: self.about(), header: record }),
                Some(table) => {
                    let row = Row { table, line: record.position().map_or(0, csv::Position::line), record: &record };
                    match self {
                        Catalogue::Aws => aws(&row, &mut found)?,
                        Catalogue::Azure => azure(&row, &mut found)?,
                        Catalogue::Gcp => gcp(&row, &mut found)?,
                    }
                }
            }
        }
        Ok(found)
    }

    fn list(self, file: &str, found: &Found, asked: &Asked<'_>) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let instance = commonest(&found.machines);
        let mut yaml = format!(
            "name: {}\ntitle: {}\nsource: {}\ndate: {}\nnotes:\n",
            quoted(asked.name),
            quoted(&format!("imported from {file}")),
            quoted(&format!("{file}: {}", self.about())),
            quoted(&found.date)
        );
        let mut note = |text: &str| yaml.push_str(&format!("  - {}\n", quoted(text)));
        note("Machines are priced as the instance of most regions until `instance` names another.");
        note("A network of one site has the prices of the first region by name, until `lan` names another.");
        if self == Catalogue::Gcp {
            note(
                "Google Cloud sells cores, memory and accelerators one by one: prices here are of these, not of whole machines.",
            );
        }
        if asked.leaving.is_some() {
            note("Traffic that the catalogue does not price costs what --leaving gave.");
        }
        yaml.push_str("machines:\n  rows:\n");
        rows(&mut yaml, &found.machines, 4);
        let leaving = asked.leaving.map(|usd| found.machines.keys().map(|region| (region.clone(), usd)).collect());
        yaml.push_str("traffic:\n");
        match leaving {
            Some(leaving) if found.between.values().all(BTreeMap::is_empty) => {
                let leaving: BTreeMap<String, f64> = leaving;
                yaml.push_str("  leaving:\n");
                leaving.iter().for_each(|(region, usd)| yaml.push_str(&format!("    {}: {usd}\n", quoted(region))));
            }
            leaving => {
                yaml.push_str("  pairs:\n    between:\n");
                rows(&mut yaml, &found.between, 6);
                let leaving: BTreeMap<String, f64> = leaving.unwrap_or_default();
                yaml.push_str("    leaving: {");
                let each: Vec<String> =
                    leaving.iter().map(|(region, usd)| format!("{}: {usd}", quoted(region))).collect();
                yaml.push_str(&format!("{}}}\n", each.join(", ")));
            }
        }
        let _ = writeln!(yaml, "instance: {}", quoted(instance));
        let lan = found.machines.keys().next().map_or("", String::as_str);
        let _ = writeln!(yaml, "lan: {}", quoted(lan));
        yaml
    }
}

/// The end of the name of an instance at its spot price.
const SPOT: &str = "-spot";

/// The instance that most regions have; of equals the first by name.
fn commonest(machines: &ByRegion) -> &str {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    machines.values().flat_map(BTreeMap::keys).for_each(|name| *counts.entry(name).or_default() += 1);
    let most = counts.values().copied().max().unwrap_or_default();
    counts.into_iter().find(|(_, count)| *count == most).map_or("", |(name, _)| name)
}

fn rows(yaml: &mut String, by_region: &ByRegion, indent: usize) {
    for (region, row) in by_region.iter().filter(|(_, row)| !row.is_empty()) {
        let each: Vec<String> =
            row.iter().map(|(name, usd)| format!("{}: {usd}", serde_json::Value::from(name.as_str()))).collect();
        yaml.push_str(&format!(
            "{:indent$}{}: {{{}}}\n",
            "",
            serde_json::Value::from(region.as_str()),
            each.join(", ")
        ));
    }
}

struct Table<'a> {
    file: &'a str,
    of: &'static str,
    header: StringRecord,
}

struct Row<'a> {
    table: &'a Table<'a>,
    line: u64,
    record: &'a StringRecord,
}

impl Row<'_> {
    /// The text in the column of this name.
    fn text(&self, column: &'static str) -> Result<&str, ImportError> {
        let header = &self.table.header;
        let Some(position) = header.iter().position(|name| name.trim().eq_ignore_ascii_case(column)) else {
            let names: Vec<&str> = header.iter().collect();
            let near = suggest::nearest(column, names.iter().copied());
            let hint = near.map_or_else(String::new, |near| format!("; is it `{near}`?"));
            return Err(ImportError::NoColumn { file: self.table.file.into(), column, of: self.table.of, hint });
        };
        Ok(self.record.get(position).unwrap_or_default().trim())
    }

    fn usd(&self, column: &'static str) -> Result<f64, ImportError> {
        let found = self.text(column)?;
        let usd = found.trim_start_matches('$').parse().ok().filter(|usd: &f64| usd.is_finite() && *usd >= 0.0);
        let file = || self.table.file.to_owned();
        usd.ok_or_else(|| ImportError::Price { file: file(), line: self.line, column, found: found.into() })
    }

    fn expect_usd(&self, column: &'static str) -> Result<(), ImportError> {
        let currency = self.text(column)?;
        if currency == "USD" {
            return Ok(());
        }
        Err(ImportError::Currency { file: self.table.file.into(), line: self.line, currency: currency.into() })
    }
}

/// A price of a machine; zero is that of rows which cannot be bought by themselves.
fn sell(found: &mut Found, region: &str, instance: String, usd: f64) {
    if usd > 0.0 && !region.is_empty() && !instance.is_empty() {
        found.machines.entry(region.to_owned()).or_default().insert(instance, usd);
    }
}

/// Linux on shared hardware, on demand; and traffic between regions, first tier.
fn aws(row: &Row<'_>, found: &mut Found) -> Result<(), ImportError> {
    if row.text("TermType")? != "OnDemand" {
        return Ok(());
    }
    if row.text("Transfer Type")? == "InterRegion Outbound" && row.text("StartingRange")? == "0" {
        row.expect_usd("Currency")?;
        let (from, to) = (row.text("From Region Code")?, row.text("To Region Code")?);
        let usd = row.usd("PricePerUnit")?;
        found.between.entry(from.to_owned()).or_default().insert(to.to_owned(), usd);
        return Ok(());
    }
    let is_wanted = row.text("Unit")? == "Hrs"
        && row.text("Tenancy")? == "Shared"
        && row.text("Operating System")? == "Linux"
        && row.text("Pre Installed S/W")? == "NA"
        && row.text("CapacityStatus")? == "Used";
    if is_wanted {
        row.expect_usd("Currency")?;
        sell(found, row.text("Region Code")?, row.text("Instance Type")?.to_owned(), row.usd("PricePerUnit")?);
    }
    Ok(())
}

/// Virtual machines without Windows by the hour, on demand and spot.
fn azure(row: &Row<'_>, found: &mut Found) -> Result<(), ImportError> {
    let (sku, product) = (row.text("skuName")?, row.text("productName")?);
    let is_wanted = row.text("serviceName")? == "Virtual Machines"
        && row.text("type")? == "Consumption"
        && row.text("unitOfMeasure")? == "1 Hour"
        && !product.contains("Windows")
        && !sku.ends_with("Low Priority");
    if is_wanted {
        row.expect_usd("currencyCode")?;
        let spot = if sku.ends_with(" Spot") { SPOT } else { "" };
        let instance = format!("{}{spot}", row.text("armSkuName")?);
        sell(found, row.text("armRegionName")?, instance, row.usd("retailPrice")?);
    }
    Ok(())
}

/// SKUs of Compute Engine by the hour, named by their description without its region.
fn gcp(row: &Row<'_>, found: &mut Found) -> Result<(), ImportError> {
    let unit = row.text("Unit description")?;
    if row.text("Service description")? != "Compute Engine" || !unit.ends_with("hour") {
        return Ok(());
    }
    let description = row.text("SKU description")?;
    let (is_spot, description) = match description.strip_prefix("Spot Preemptible ") {
        Some(rest) => (true, rest),
        None => (false, description),
    };
    let name = description.split(" running in ").next().unwrap_or(description).replace(' ', "-").to_lowercase();
    let name = if is_spot { name + SPOT } else { name };
    let usd = row.usd("List price ($)")?;
    for region in row.text("Geo regions")?.split([',', ';']) {
        sell(found, region.trim(), name.clone(), usd);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices;

    const AWS: &str = "\"FormatVersion\",\"v1.0\"\n\"Publication Date\",\"2026-11-20T10:00:00Z\"\n\"OfferCode\",\"AmazonEC2\"\n\
        \"SKU\",\"TermType\",\"StartingRange\",\"Unit\",\"PricePerUnit\",\"Currency\",\"Instance Type\",\"Tenancy\",\"Operating System\",\"Pre Installed S/W\",\"CapacityStatus\",\"Transfer Type\",\"From Region Code\",\"To Region Code\",\"Region Code\"\n\
        A,OnDemand,0,Hrs,55.0400000000,USD,p5.48xlarge,Shared,Linux,NA,Used,,,,us-east-1\n\
        B,OnDemand,0,Hrs,71.55,USD,p5.48xlarge,Shared,Linux,NA,Used,,,,eu-west-2\n\
        C,OnDemand,0,Hrs,99,USD,p5.48xlarge,Shared,Windows,NA,Used,,,,us-east-1\n\
        D,Reserved,0,Hrs,30,USD,p5.48xlarge,Shared,Linux,NA,Used,,,,us-east-1\n\
        E,OnDemand,0,Hrs,0.096,USD,m5.large,Shared,Linux,NA,Used,,,,us-east-1\n\
        F,OnDemand,0,GB,0.02,USD,,,,,,InterRegion Outbound,us-east-1,eu-west-2,\n\
        G,OnDemand,0,GB,0.02,USD,,,,,,InterRegion Outbound,eu-west-2,us-east-1,\n";

    const AZURE: &str = "currencyCode,retailPrice,armRegionName,productName,skuName,serviceName,unitOfMeasure,type,armSkuName\n\
        USD,98.32,eastus,Virtual Machines NDsrH100v5 Series,ND96isr H100 v5,Virtual Machines,1 Hour,Consumption,Standard_ND96isr_H100_v5\n\
        USD,24.58,eastus,Virtual Machines NDsrH100v5 Series,ND96isr H100 v5 Spot,Virtual Machines,1 Hour,Consumption,Standard_ND96isr_H100_v5\n\
        USD,104,eastus,Virtual Machines NDsrH100v5 Series Windows,ND96isr H100 v5,Virtual Machines,1 Hour,Consumption,Standard_ND96isr_H100_v5\n\
        USD,0.05,eastus,Bandwidth,Standard,Bandwidth,1 GB,Consumption,\n";

    const GCP: &str = "Service description,SKU ID,SKU description,Geo regions,Unit description,List price ($)\n\
        Compute Engine,1,Nvidia H100 80GB GPU running in Americas,\"us-central1, us-east4\",hour,9.796\n\
        Compute Engine,2,Spot Preemptible Nvidia H100 80GB GPU running in Americas,us-central1,hour,3.1\n\
        Cloud Storage,3,Standard Storage,us-central1,gibibyte month,0.02\n";

    fn import(of: Catalogue, text: &str, instances: &[&str], leaving: Option<f64>) -> Result<String, String> {
        let instances: Vec<String> = instances.iter().map(|name| (*name).to_owned()).collect();
        let asked = Asked { name: "mine", instances: &instances, leaving };
        of.import("catalogue.csv", text, &asked).map_err(|error| error.to_string())
    }

    /// The list that a spec would have of it.
    fn list(yaml: &str) -> prices::PriceList {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mine.yaml"), yaml).unwrap();
        prices::find("mine.yaml", folder.path()).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
    }

    #[test]
    fn the_bulk_file_of_aws_gives_machines_and_traffic() {
        let list = list(&import(Catalogue::Aws, AWS, &["p5.48xlarge"], None).unwrap());
        assert_eq!(list.machine("us-east-1", "p5.48xlarge").unwrap().usd_per_hour, 55.04);
        assert_eq!(list.traffic("eu-west-2", "us-east-1"), Some(0.02));
        assert_eq!((list.date.as_str(), list.instances().len()), ("2026-11-20", 1));
    }

    #[test]
    fn azures_rows_give_machines_on_demand_and_spot() {
        let list = list(&import(Catalogue::Azure, AZURE, &[], Some(0.02)).unwrap());
        let price = |name| list.machine("eastus", name).unwrap().usd_per_hour;
        assert_eq!([price("Standard_ND96isr_H100_v5"), price("Standard_ND96isr_H100_v5-spot")], [98.32, 24.58]);
        assert_eq!(list.leaving["eastus"], 0.02);
    }

    #[test]
    fn googles_table_gives_parts_of_machines() {
        let list = list(&import(Catalogue::Gcp, GCP, &[], Some(0.05)).unwrap());
        assert_eq!(list.machine("us-east4", "nvidia-h100-80gb-gpu").unwrap().usd_per_hour, 9.796);
        assert_eq!(list.machine("us-central1", "nvidia-h100-80gb-gpu-spot").unwrap().usd_per_hour, 3.1);
        assert!(list.notes.iter().any(|note| note.contains("not of whole machines")));
    }

    #[test]
    fn what_a_catalogue_lacks_is_said() {
        let told = |of, text: &str, instances: &[&str]| import(of, text, instances, None).unwrap_err();
        let messages = [
            told(Catalogue::Azure, &AZURE.replace("24.58,eastus", "24.58,westus3"), &[]),
            told(Catalogue::Aws, AWS, &["p6.48xlarge"]),
            told(Catalogue::Aws, &AWS.replace("\"Tenancy\"", "\"Tenency\""), &[]),
            told(Catalogue::Azure, &AZURE.replace("98.32", "free"), &[]),
            told(Catalogue::Azure, &AZURE.replace("USD,98.32", "EUR,98.32"), &[]),
            told(Catalogue::Gcp, "a,b\n1,2\n", &[]),
        ];
        for (message, said) in messages.iter().zip([
            "no price of traffic from eastus; expected `--leaving USD`",
            "no prices of machines of p6.48xlarge",
            "no column `Tenancy`; expected the bulk file of the AWS Price List (AmazonEC2, index.csv); is it `Tenency`?",
            "catalogue.csv:2: retailPrice: `free`: expected a number of USD",
            "catalogue.csv:2: EUR: expected prices in USD",
            "no column `Unit description`; expected the pricing table",
        ]) {
            assert!(message.contains(said), "{message}");
        }
    }
}
