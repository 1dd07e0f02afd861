//! A run as the beginning of a longer training: time, cost and bytes of the whole, and what a step, an hour and a month of it take.
//!
//! The first steps are simulated. Those after them are taken to go on as the second half of these does: the same seconds and bytes
//! per step, on the machines that learn, in their regions. What comes before the first step (moving raw data) is paid once. A run of
//! a question that ends at a target is the whole training; its rates are those of the second half of its clocks as well.

use gaia_core::sync::config::System;
use record::results::{CellResult, Cost};

use crate::plans;

/// Hours of a month: 8,760 / 12.
pub(crate) const HOURS_A_MONTH: f64 = 730.0;
const SECONDS_AN_HOUR: f64 = 3600.0;

/// A training, whole. Costs are in USD, and `None` without prices.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Training {
    /// Clocks of every machine.
    pub(crate) steps: f64,
    /// Virtual seconds, from the beginning to the end.
    pub(crate) seconds: f64,
    /// Bytes between sites.
    pub(crate) wan_bytes: f64,
    /// The cost of the whole, by part.
    pub(crate) cost: Option<Parts>,
    /// What goes on for as long as it learns.
    pub(crate) steady: Steady,
}

/// A cost by part, in USD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Parts {
    pub(crate) machine_compute: f64,
    pub(crate) machine_network: f64,
    pub(crate) communication: f64,
}

/// What a step takes in the second half of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Steady {
    pub(crate) seconds_per_step: f64,
    pub(crate) wan_bytes_per_step: f64,
    /// USD of a step, by part; `None` without prices.
    pub(crate) usd_per_step: Option<Parts>,
}

impl Parts {
    fn of(cost: &Cost) -> Parts {
        let Cost { machine_compute, machine_network, communication, .. } = *cost;
        Parts { machine_compute, machine_network, communication }
    }

    /// The sum of the parts.
    pub(crate) fn total(&self) -> f64 {
        self.machine_compute + self.machine_network + self.communication
    }

    fn plus(&self, other: &Parts, times: f64) -> Parts {
        Parts {
            machine_compute: self.machine_compute + other.machine_compute * times,
            machine_network: self.machine_network + other.machine_network * times,
            communication: self.communication + other.communication * times,
        }
    }
}

impl Steady {
    /// USD of an hour of learning.
    pub(crate) fn usd_per_hour(&self) -> Option<f64> {
        let usd = self.usd_per_step?.total() / self.seconds_per_step * SECONDS_AN_HOUR;
        usd.is_finite().then_some(usd)
    }
}

impl Training {
    /// The training that `run` begins, or is. `None` means that it has done no step.
    pub(crate) fn of(run: &CellResult) -> Option<Training> {
        let summary = &run.summary;
        let steady = steady(run)?;
        let cost = summary.cost.as_ref().map(Parts::of);
        let done = f64::from(summary.clocks);
        let whole = summary.seconds_to_target.unwrap_or(summary.seconds);
        let Some(steps) = run.training_steps else {
            return Some(Training { steps: done, seconds: whole, wan_bytes: summary.wan_bytes as f64, cost, steady });
        };
        let more = (steps as f64 - done).max(0.0);
        let cost = cost.zip(steady.usd_per_step).map(|(cost, step)| cost.plus(&step, more));
        Some(Training {
            steps: done + more,
            seconds: summary.seconds + more * steady.seconds_per_step,
            wan_bytes: summary.wan_bytes as f64 + more * steady.wan_bytes_per_step,
            cost,
            steady,
        })
    }
}

/// Seconds, bytes and costs of a step, over the second half of the run's clocks.
fn steady(run: &CellResult) -> Option<Steady> {
    let (first, last) = (run.samples.first()?, run.samples.last()?);
    let half = run.samples.iter().find(|sample| sample.clock >= last.clock / 2)?;
    let half = if half.clock < last.clock { half } else { first };
    let steps = f64::from(last.clock.checked_sub(half.clock).filter(|steps| *steps > 0)?);
    let seconds_per_step = (last.seconds - half.seconds) / steps;
    let wan_bytes_per_step = (last.wan_bytes as f64 - half.wan_bytes as f64) / steps;
    let usd_per_step = run.summary.cost.as_ref().and_then(|cost| {
        let usd_per_second = machines_per_hour(run, cost)? / SECONDS_AN_HOUR;
        let waited = waited_share(run);
        // Learning has one mix of links. Raw data had another, and are paid by then: what learns after them is in one site.
        let sent = run.summary.wan_bytes as f64;
        let per_byte = if sent > 0.0 && !moves_raw_data(run) { cost.communication / sent } else { 0.0 };
        Some(Parts {
            machine_compute: usd_per_second * seconds_per_step * (1.0 - waited),
            machine_network: usd_per_second * seconds_per_step * waited,
            communication: per_byte * wan_bytes_per_step,
        })
    });
    Some(Steady { seconds_per_step, wan_bytes_per_step, usd_per_step })
}

/// USD of an hour of the machines that learn. `None` means that the plan of the run cannot be read.
fn machines_per_hour(run: &CellResult, cost: &Cost) -> Option<f64> {
    let plan = plans::of(run)?;
    let placed = plan.placed();
    let usd = |site: &str| cost.sites.iter().find(|known| known.site == site).map(|known| known.usd_per_hour);
    let sites = placed.profile.sites.iter().zip(&placed.machines_per_site);
    sites.map(|(site, machines)| Some(usd(&site.name)? * f64::from(*machines))).sum()
}

/// The share of a clock that machines wait for the network.
fn waited_share(run: &CellResult) -> f64 {
    let parts = &run.summary.breakdown;
    let all = parts.sum();
    if all > 0.0 { (parts.wire + parts.barrier) / all } else { 0.0 }
}

/// Whether the run moves its raw data to one site first.
pub(crate) fn moves_raw_data(run: &CellResult) -> bool {
    plans::of(run).is_some_and(|plan| matches!(plan.system, System::Centralized(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::testing::{plan, planned};
    use record::cost::Pricing;
    use record::prices;
    use record::results::testing::cell;
    use record::results::{PairUsage, SiteUsage, Usage};

    /// A run of 380 clocks in 380 seconds with 4 machines in two sites, all of whose hours are computing.
    fn priced(training_steps: Option<u64>) -> CellResult {
        let made = cell("Gaia").seconds(380.0).clocks_done();
        let mut run = planned(made.done(), &plan("va-ca", 2, "{global: {bsp: {}}}"));
        run.training_steps = training_steps;
        let site = |name: &str, region: &str| SiteUsage {
            site: name.into(),
            region: Some(region.into()),
            compute_hours: 2.0 * 380.0 / 3600.0,
            network_hours: 0.0,
        };
        let bytes = run.summary.wan_bytes;
        run.summary.usage = Usage {
            sites: vec![site("Virginia", "us-east-1"), site("California", "us-west-1")],
            traffic: vec![PairUsage { from: "Virginia".into(), to: "California".into(), bytes }],
        };
        let pricing = Pricing::of(prices::builtin(prices::DEFAULT).unwrap());
        run.summary.cost = Some(pricing.cost(&run.summary.usage, "e5-2698").unwrap());
        run
    }

    #[test]
    fn a_training_goes_on_as_the_second_half_of_its_run() {
        let (short, long) = (Training::of(&priced(None)).unwrap(), Training::of(&priced(Some(3800))).unwrap());
        assert_eq!((short.steps, long.steps), (380.0, 3800.0));
        assert!((long.seconds / short.seconds / 10.0 - 1.0).abs() < 0.01, "{} {}", short.seconds, long.seconds);
        let [of_short, of_long] = [&short, &long].map(|training| training.cost.unwrap().total());
        assert!((of_long / of_short / 10.0 - 1.0).abs() < 0.02, "{of_short} {of_long}");
        assert_eq!(short.steady, long.steady);
    }

    #[test]
    fn an_hour_is_that_of_machines_and_traffic() {
        let run = priced(None);
        let training = Training::of(&run).unwrap();
        let cost = run.summary.cost.unwrap();
        // The whole run is steady: its cost over its hours.
        let expected = cost.total / (380.0 / 3600.0);
        let found = training.steady.usd_per_hour().unwrap();
        assert!((found / expected - 1.0).abs() < 0.02, "{found} {expected}");
    }

    #[test]
    fn a_run_without_prices_has_a_time_and_no_cost() {
        let training = Training::of(&cell("Gaia").done()).unwrap();
        assert!(training.cost.is_none() && training.steady.usd_per_hour().is_none() && training.seconds > 0.0);
    }
}
