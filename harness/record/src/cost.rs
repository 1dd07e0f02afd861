//! The cost of a run: its usage times a price list. A function of the results on disk, so that new prices need no new run.
//!
//! * Machines are paid by the hour, by instance and region, from the start of the run to its end (fractions of an hour as
//!   such). The instance follows from the machine kind and the price list, or from the spec.
//! * Traffic between sites is paid where it leaves, by the price from region to region where the list has one, else by the
//!   price of all that leaves the region. A GB is 1e9 bytes. Traffic inside a site is free.
//! * A site's region is the one that `price-as` names, else the profile's `region`, else the site's own name. A network of
//!   one site that none of these places is priced in the list's `lan` region.

use std::collections::BTreeMap;

use base::suggest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::prices::{self, PriceList};
use crate::results::{Cost, SiteCost, SiteUsage, Usage};

/// Bytes of a priced GB.
const GB: f64 = 1e9;

/// A price list as a spec uses it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pricing {
    /// The price list that applies.
    pub list: PriceList,
    /// The instance of every machine, instead of the list's instance for its kind.
    #[serde(default)]
    pub instance: Option<String>,
    /// The region of sites, by their names.
    #[serde(default)]
    pub price_as: BTreeMap<String, String>,
    /// The relative uncertainty of all prices, in both directions.
    #[serde(default)]
    pub spread: f64,
}

/// The reason that a run has no cost.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unpriced {
    /// A site that is no region of the list.
    #[error(
        "the site `{site}` is no region of the prices `{list}`{hint}; expected `price-as: {{ {site}: REGION }}`{or_lan}"
    )]
    Site {
        /// The name of the site.
        site: String,
        /// The name of the list.
        list: String,
        /// The nearest region, and all.
        hint: String,
        /// The other way to place a network of one site; else empty.
        or_lan: &'static str,
    },
    /// No price, and nothing to fill it from.
    #[error("the prices `{list}` have no price of `{instance}` in {region}, and none to fill it from")]
    Machine {
        /// The name of the list.
        list: String,
        /// The name of the instance.
        instance: String,
        /// The region without a price.
        region: String,
    },
}

/// The cost of `usage` of machines of this kind by the default price list. `None` means that the list lacks a price.
pub fn by_default(usage: &Usage, kind: &str) -> Option<Cost> {
    let list = prices::builtin(prices::DEFAULT).expect("the default list is built in");
    Pricing::of(list).cost(usage, kind).ok()
}

impl Pricing {
    /// The prices of a list, as it has them.
    pub fn of(list: PriceList) -> Self {
        Pricing { list, instance: None, price_as: BTreeMap::new(), spread: 0.0 }
    }

    /// The same use of another list; the instance is kept where that list has it.
    pub fn with(self, list: &PriceList) -> Self {
        let instance = self.instance.filter(|instance| list.instances().contains(instance.as_str()));
        Pricing { list: list.clone(), instance, ..self }
    }

    /// The instance that a machine of this kind is priced as.
    pub fn instance_of(&self, kind: &str) -> &str {
        self.instance.as_deref().unwrap_or_else(|| self.list.instance_of(kind))
    }

    /// The cost of `usage` of machines of this kind.
    ///
    /// # Errors
    /// [`Unpriced`] when a site has no region or a region no price.
    pub fn cost(&self, usage: &Usage, kind: &str) -> Result<Cost, Unpriced> {
        let instance = self.instance_of(kind);
        let is_alone = usage.sites.len() == 1 && usage.traffic.is_empty();
        let regions: BTreeMap<&str, &str> = (usage.sites.iter())
            .map(|site| Ok((site.site.as_str(), self.region_of(&site.site, site.region.as_deref(), is_alone)?)))
            .collect::<Result<_, Unpriced>>()?;
        let region = |site: &str| match regions.get(site) {
            Some(region) => Ok(*region),
            None => self.region_of(site, None, false),
        };
        let mut communication: BTreeMap<&str, f64> = BTreeMap::new();
        for pair in &usage.traffic {
            let usd = self.list.traffic(region(&pair.from)?, region(&pair.to)?).expect("a list prices all pairs");
            *communication.entry(&pair.from).or_default() += pair.bytes as f64 / GB * usd;
        }
        let site = |site: &SiteUsage| self.site(site, regions[site.site.as_str()], instance, &communication);
        let sites = usage.sites.iter().map(site).collect::<Result<Vec<_>, _>>()?;
        let sum = |part: fn(&SiteCost) -> f64| sites.iter().map(part).sum::<f64>();
        let (machine_compute, machine_network) = (sum(|s| s.machine_compute), sum(|s| s.machine_network));
        let communication = communication.values().sum::<f64>();
        Ok(Cost {
            prices: self.list.name.clone(),
            date: self.list.date.clone(),
            instance: instance.to_owned(),
            machine_compute,
            machine_network,
            communication,
            total: machine_compute + machine_network + communication,
            spread: self.spread,
            sites,
        })
    }

    fn site(
        &self,
        usage: &SiteUsage,
        region: &str,
        instance: &str,
        communication: &BTreeMap<&str, f64>,
    ) -> Result<SiteCost, Unpriced> {
        let price = self.list.machine(region, instance).ok_or_else(|| Unpriced::Machine {
            list: self.list.name.clone(),
            instance: instance.to_owned(),
            region: region.to_owned(),
        })?;
        Ok(SiteCost {
            site: usage.site.clone(),
            region: region.to_owned(),
            usd_per_hour: price.usd_per_hour,
            filled: price.is_filled,
            machine_compute: usage.compute_hours * price.usd_per_hour,
            machine_network: usage.network_hours * price.usd_per_hour,
            communication: communication.get(usage.site.as_str()).copied().unwrap_or(0.0),
        })
    }

    /// The list's region for a site. `is_alone`: of a network of one site.
    ///
    /// # Errors
    /// [`Unpriced::Site`].
    pub fn region_of(&self, site: &str, region: Option<&str>, is_alone: bool) -> Result<&str, Unpriced> {
        let given = self.price_as.get(site).map(String::as_str);
        let named = given.or(region).and_then(|name| self.list.region(name)).or_else(|| self.list.region(site));
        named.or_else(|| self.list.lan.as_deref().filter(|_| is_alone)).ok_or_else(|| {
            let known: Vec<&str> = self.list.regions().collect();
            let (name, list) = (given.or(region).unwrap_or(site), self.list.name.clone());
            let or_lan = if is_alone { ", or `lan: REGION` in the price list" } else { "" };
            Unpriced::Site { site: site.to_owned(), list, hint: suggest::hint(name, &known), or_lan }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::PairUsage;

    fn by_name<T: Clone>(entries: &[(&str, T)]) -> BTreeMap<String, T> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn pricing() -> Pricing {
        Pricing::of(PriceList {
            name: "test".into(),
            title: String::new(),
            source: String::new(),
            date: "2026-01".into(),
            notes: Vec::new(),
            machines: by_name(&[
                ("eu-1", by_name(&[("cpu", 1.0), ("gpu", 2.0)])),
                ("us-1", by_name(&[("cpu", 0.5), ("gpu", 4.0)])),
                ("ap-1", by_name(&[("cpu", 3.0)])),
            ]),
            leaving: by_name(&[("eu-1", 0.02), ("us-1", 0.1), ("ap-1", 0.25)]),
            between: by_name(&[("us-1", by_name(&[("eu-1", 0.04)]))]),
            instance: "cpu".into(),
            kinds: by_name(&[("titan", "gpu".to_owned())]),
            lan: Some("us-1".into()),
        })
    }

    fn site(site: &str, region: Option<&str>, compute_hours: f64, network_hours: f64) -> SiteUsage {
        SiteUsage { site: site.into(), region: region.map(Into::into), compute_hours, network_hours }
    }

    fn pair(from: &str, to: &str, bytes: u64) -> PairUsage {
        PairUsage { from: from.into(), to: to.into(), bytes }
    }

    fn usage() -> Usage {
        Usage {
            sites: vec![
                site("Dublin", Some("eu-1"), 2.0, 1.0),
                site("Virginia", Some("us-1"), 4.0, 8.0),
                site("Tokyo", Some("AP-1"), 0.0, 0.5),
            ],
            traffic: vec![
                pair("Dublin", "Tokyo", 3_000_000_000),
                pair("Tokyo", "Virginia", 4_000_000_000),
                pair("Virginia", "Dublin", 500_000_000),
                pair("Virginia", "Tokyo", 10_000_000_000),
            ],
        }
    }

    #[test]
    fn a_cost_is_hours_times_prices_and_bytes_times_prices_of_their_pair() {
        let cost = pricing().cost(&usage(), "e5-2698").unwrap();
        assert_eq!(cost.machine_compute, 2.0 * 1.0 + 4.0 * 0.5);
        assert_eq!(cost.machine_network, 1.0 * 1.0 + 8.0 * 0.5 + 0.5 * 3.0);
        // Dublin 3 GB at 0.02; Tokyo 4 GB at 0.25; Virginia half a GB to Dublin at the pair's 0.04 and 10 GB at 0.1.
        let by_site: Vec<f64> = cost.sites.iter().map(|site| site.communication).collect();
        assert_eq!(by_site, [0.06, 0.5 * 0.04 + 1.0, 1.0]);
        assert!((cost.communication - 2.08).abs() < 1e-12);
        assert_eq!(cost.total, cost.machine_compute + cost.machine_network + cost.communication);
        assert_eq!((cost.instance.as_str(), cost.prices.as_str(), cost.filled().len()), ("cpu", "test", 0));
    }

    #[test]
    fn the_parts_by_site_add_up_to_the_whole() {
        let cost = pricing().cost(&usage(), "titan").unwrap();
        let sum = |part: fn(&SiteCost) -> f64| cost.sites.iter().map(part).sum::<f64>();
        let whole = sum(|s| s.machine_compute) + sum(|s| s.machine_network) + sum(|s| s.communication);
        assert!((whole - cost.total).abs() < 1e-12);
        // No GPU is sold in ap-1: 3 times the mean of 2 / 1 and 4 / 0.5.
        assert_eq!(cost.filled(), ["ap-1"]);
        assert_eq!(cost.sites[2].usd_per_hour, 3.0 * (2.0 + 8.0) / 2.0);
    }

    #[test]
    fn a_network_of_one_site_is_priced_in_the_lists_region_and_others_must_be_placed() {
        let alone = Usage { sites: vec![site("LAN", None, 1.0, 1.0)], traffic: Vec::new() };
        let cost = pricing().cost(&alone, "e5-2698").unwrap();
        assert_eq!((cost.sites[0].region.as_str(), cost.total), ("us-1", 1.0));
        let placed = Pricing { price_as: by_name(&[("LAN", "ap-1".to_owned())]), ..pricing() };
        assert_eq!(placed.cost(&alone, "e5-2698").unwrap().total, 6.0);
        let two = Usage { sites: vec![site("LAN", None, 1.0, 1.0), site("eu1", None, 1.0, 1.0)], traffic: Vec::new() };
        let error = pricing().cost(&two, "e5-2698").unwrap_err().to_string();
        assert_eq!(
            error,
            "the site `LAN` is no region of the prices `test` (valid: ap-1, eu-1, us-1); expected `price-as: { LAN: REGION }`"
        );
        let near = Usage { sites: vec![site("eu1", None, 1.0, 1.0), site("us-1", None, 0.0, 0.0)], ..alone };
        assert!(pricing().cost(&near, "x").unwrap_err().to_string().contains("did you mean `eu-1`?"));
    }

    #[test]
    fn another_list_keeps_the_use_where_it_fits() {
        let gpu = Pricing { instance: Some("gpu".into()), ..pricing() };
        let mut list = gpu.list.clone();
        assert_eq!(gpu.clone().with(&list).instance.as_deref(), Some("gpu"));
        list.machines.values_mut().for_each(|prices| prices.retain(|instance, _| instance != "gpu"));
        assert_eq!(gpu.with(&list).instance, None);
    }
}
