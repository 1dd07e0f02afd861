//! A price list as a type: the prices of machines and traffic.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The price list of specs that name none.
pub const DEFAULT: &str = "ec2-2016-09";

/// The prices of machines and traffic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PriceList {
    /// The name of the list in specs and results.
    pub name: String,
    /// One line for lists and figures.
    pub title: String,
    /// The source of the prices.
    pub source: String,
    /// The date of the prices.
    pub date: String,
    /// Assumptions and caveats, for readers of a report.
    pub notes: Vec<String>,
    /// USD per hour by region and instance, as stated.
    pub machines: BTreeMap<String, BTreeMap<String, f64>>,
    /// USD per GB (1e9 bytes) leaving a region, where no price between the two regions is stated.
    pub leaving: BTreeMap<String, f64>,
    /// USD per GB from a region to another, where stated.
    pub between: BTreeMap<String, BTreeMap<String, f64>>,
    /// The instance as which machines are priced whose kind `kinds` does not name.
    pub instance: String,
    /// The instance as which machines of a kind are priced.
    pub kinds: BTreeMap<String, String>,
    /// The region in which a network of one site is priced that names no region.
    pub lan: Option<String>,
}

/// The price of a machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MachinePrice {
    /// The price of a machine, in USD per hour.
    pub usd_per_hour: f64,
    /// Not stated for this region: from prices elsewhere.
    pub is_filled: bool,
}

impl PriceList {
    /// Every region that has a machine's price, sorted.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.machines.keys().map(String::as_str)
    }

    /// Every instance that has a price somewhere, sorted.
    pub fn instances(&self) -> BTreeSet<&str> {
        self.machines.values().flat_map(|prices| prices.keys().map(String::as_str)).collect()
    }

    /// The region of this name, upper and lower case being the same.
    pub fn region(&self, name: &str) -> Option<&str> {
        let wanted = name.trim().to_lowercase();
        self.regions().find(|region| region.to_lowercase() == wanted)
    }

    /// The instance as which a machine of this kind is priced.
    pub fn instance_of(&self, kind: &str) -> &str {
        self.kinds.get(kind).unwrap_or(&self.instance)
    }

    /// USD per hour for `instance` in `region`.
    ///
    /// A price that is not stated is filled: another instance's price in that region, times the mean ratio of the two
    /// instances' prices over the regions that have both. The other instance is the one with most such regions; of equals, the
    /// first by name. `None` means that there is no such instance.
    pub fn machine(&self, region: &str, instance: &str) -> Option<MachinePrice> {
        let here = self.machines.get(region)?;
        if let Some(&usd_per_hour) = here.get(instance) {
            return Some(MachinePrice { usd_per_hour, is_filled: false });
        }
        let ratios = |other: &str| -> Vec<f64> {
            let both = self.machines.values().filter_map(|prices| Some((prices.get(instance)?, prices.get(other)?)));
            both.filter(|(_, other)| **other > 0.0).map(|(wanted, other)| wanted / other).collect()
        };
        let others = here.iter().map(|(other, price)| (ratios(other), *price)).filter(|(ratios, _)| !ratios.is_empty());
        // Of equals the last is the greatest: by name backwards, that is the first.
        let (ratios, price) = others.rev().max_by_key(|(ratios, _)| ratios.len())?;
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        Some(MachinePrice { usd_per_hour: price * mean, is_filled: true })
    }

    /// USD per GB from a region to another: of the pair where stated, else of all that leaves the first. Within a region
    /// nothing, unless that is stated. `None` means that nothing is known of the region.
    pub fn traffic(&self, from: &str, to: &str) -> Option<f64> {
        let pair = self.between.get(from).and_then(|row| row.get(to)).copied();
        pair.or_else(|| (from == to).then_some(0.0)).or_else(|| self.leaving.get(from).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::{builtin, names};

    fn list() -> PriceList {
        let machines = |prices: &[(&str, f64)]| prices.iter().map(|(name, usd)| ((*name).to_owned(), *usd)).collect();
        PriceList {
            name: "test".into(),
            title: String::new(),
            source: String::new(),
            date: "2026-01".into(),
            notes: Vec::new(),
            machines: BTreeMap::from([
                ("a".into(), machines(&[("cpu", 1.0), ("gpu", 3.0), ("old", 1.0)])),
                ("b".into(), machines(&[("cpu", 2.0), ("gpu", 8.0)])),
                ("c".into(), machines(&[("cpu", 4.0), ("old", 0.1)])),
            ]),
            leaving: BTreeMap::from([("a".into(), 0.02), ("b".into(), 0.1)]),
            between: BTreeMap::from([("a".into(), BTreeMap::from([("b".into(), 0.01)]))]),
            instance: "cpu".into(),
            kinds: BTreeMap::from([("titan".into(), "gpu".into())]),
            lan: None,
        }
    }

    #[test]
    fn a_gap_is_filled_by_the_mean_ratio_to_the_instance_with_most_regions_and_marked() {
        // gpu over cpu: 3 in a, 4 in b, so 3.5 times 4.0; `old` shares one region only.
        let filled = list().machine("c", "gpu").unwrap();
        assert_eq!((filled.usd_per_hour, filled.is_filled), (14.0, true));
        let stated = list().machine("b", "gpu").unwrap();
        assert_eq!((stated.usd_per_hour, stated.is_filled), (8.0, false));
        assert_eq!(list().machine("c", "none"), None);
        assert_eq!(list().machine("d", "cpu"), None);
    }

    #[test]
    fn of_equal_instances_the_first_by_name_fills() {
        let mut list = list();
        for (region, price) in [("a", 10.0), ("b", 10.0), ("c", 10.0)] {
            list.machines.get_mut(region).unwrap().insert("zpu".into(), price);
        }
        assert_eq!(list.machine("c", "gpu").unwrap().usd_per_hour, 14.0);
    }

    #[test]
    fn traffic_is_priced_by_pair_then_by_region() {
        let list = list();
        assert_eq!(list.traffic("a", "b"), Some(0.01));
        assert_eq!(list.traffic("a", "c"), Some(0.02));
        assert_eq!(list.traffic("b", "a"), Some(0.1));
        assert_eq!(list.traffic("b", "b"), Some(0.0));
        assert_eq!(list.traffic("c", "a"), None);
        assert_eq!((list.instance_of("titan"), list.instance_of("e5")), ("gpu", "cpu"));
        assert_eq!(list.region("A"), Some("a"));
    }

    #[test]
    fn every_built_in_list_is_whole() {
        assert!(names().contains(&DEFAULT));
        for name in names() {
            let list = builtin(name).unwrap();
            assert_eq!(list.name, name);
            assert!(list.regions().count() >= 7 && !list.source.is_empty() && !list.date.is_empty(), "{name}");
            for region in list.regions() {
                // The instances that machines are priced as; others may be sold in too few regions to be filled.
                for instance in list.kinds.values().chain([&list.instance]) {
                    let price = list.machine(region, instance).unwrap();
                    assert!(price.usd_per_hour > 0.0, "{name} {region} {instance}");
                }
                for other in list.regions() {
                    assert!(list.traffic(region, other).is_some(), "{name} {region} {other}");
                }
            }
        }
    }

    #[test]
    fn the_three_regions_without_gpus_are_filled_and_no_others() {
        let list = builtin(DEFAULT).unwrap();
        let filled: Vec<&str> =
            list.regions().filter(|region| list.machine(region, "g2.8xlarge").unwrap().is_filled).collect();
        assert_eq!(filled, ["ap-northeast-2", "ap-south-1", "sa-east-1"]);
        assert!(list.regions().all(|region| !list.machine(region, "c4.4xlarge").unwrap().is_filled));
    }
}
