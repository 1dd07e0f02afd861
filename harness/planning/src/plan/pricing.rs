//! The prices of a spec: looked up, and checked against the sites of its cells.

use std::path::Path;

use emulator::profile::Profile;

use super::check::Diagnostics;
use crate::spec::Prices;
use record::cost::{Pricing, Unpriced};
use record::prices::{self, DEFAULT};
use record::suggest;

/// The pricing that `asked` stands for. `None` means that there is a problem with it.
pub(super) fn find(diagnostics: &mut Diagnostics, asked: &Prices, folder: &Path) -> Option<Pricing> {
    let list = match prices::find(asked.list.as_deref().unwrap_or(DEFAULT), folder) {
        Ok(list) => list,
        Err(error) => {
            diagnostics.add("prices", error.to_string());
            return None;
        }
    };
    let known: Vec<&str> = list.instances().into_iter().collect();
    if let Some(instance) = asked.instance.as_deref().filter(|instance| !known.contains(instance)) {
        diagnostics.add("prices.instance", format!("unknown instance `{instance}`{}", suggest::hint(instance, &known)));
    }
    let regions: Vec<&str> = list.regions().collect();
    for (site, region) in &asked.price_as {
        if list.region(region).is_none() {
            let hint = suggest::hint(region, &regions);
            diagnostics.add(format!("prices.price-as.{site}"), format!("unknown region `{region}`{hint}"));
        }
    }
    diagnostics.within("prices.spread", asked.spread, 0.0..=1.0);
    Some(Pricing { list, instance: asked.instance.clone(), price_as: asked.price_as.clone(), spread: asked.spread })
}

/// Every site of `profile` must have a price for a machine of this kind.
pub(super) fn check(diagnostics: &mut Diagnostics, path: &str, pricing: &Pricing, profile: &Profile, kind: &str) {
    let is_alone = profile.sites.len() == 1;
    for site in &profile.sites {
        let region = match pricing.region_of(&site.name, site.region.as_deref(), is_alone) {
            Ok(region) => region,
            Err(error) => {
                diagnostics.add("prices", format!("{path}.profile: {error}"));
                continue;
            }
        };
        let instance = pricing.instance_of(kind);
        if pricing.list.machine(region, instance).is_none() {
            let (list, instance, region) = (pricing.list.name.clone(), instance.to_owned(), region.to_owned());
            diagnostics.add("prices", format!("{path}: {}", Unpriced::Machine { list, instance, region }));
        }
    }
}
