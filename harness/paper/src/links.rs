//! How busy the links of a cell were: its traffic over what the limits of its plan's network could have carried.
//!
//! Every byte passes the sender's network card, the receiver's, and between sites one limit more, which the profile's shaping
//! names (and the uplinks of the two sites, where they have limits): see `emulator::topology`. The busy share of a limit is
//!
//! charged bytes that passed it / (its rate x seconds of the run),
//!
//! over all seeds together. The busy share of a link from site to site is that of the busiest of its limits, because that one is
//! what messages wait for: with `machine-to-site` each sending machine has a limit of its own. It may be above 1 by the depth of
//! the buckets. Messages that are under way at the end of a run are not in its traffic.

use std::collections::BTreeMap;

use emulator::id::{MachineId, SiteId};
use emulator::profile::{Duplex, Profile, Shaping};
use emulator::topology::Topology;
use emulator::units::Bandwidth;
use planning::plan::Plan;
use record::results::{CellResult, TrafficRow};

use crate::plans;

/// Class of rows that Centralized's raw data leave in `traffic.parquet`: between the machines of the profile's sites, not of the one
/// site where learning takes place.
const RAW: &str = "raw";

/// A link from a site to another, by the places of the sites.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Link {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Charged bytes, mean over seeds.
    pub(crate) bytes: f64,
    /// The share of the run for which its busiest limit was sending, 0 to about 1.
    pub(crate) busy: f64,
    /// The rate of that limit.
    pub(crate) rate: Bandwidth,
}

/// What the traffic of a cell made of its network.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LinkUse {
    /// The names of the sites, in the profile's order.
    pub(crate) sites: Vec<String>,
    /// Every link between sites, sender by sender, then by receiver.
    pub(crate) links: Vec<Link>,
    /// Charged bytes inside each site, mean over seeds.
    pub(crate) inside: Vec<f64>,
    /// By site, the busy share of the busiest network card of its machines, in either direction.
    pub(crate) cards: Vec<f64>,
    /// By site, the same of its uplink, in either direction. `None` means that it has no limit.
    pub(crate) uplinks: Vec<Option<f64>>,
}

/// What limited a cell most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Busiest<'a> {
    /// A link between sites.
    Link(&'a Link),
    /// The network card of a machine in this site.
    Card(usize, f64),
    /// The uplink of this site.
    Uplink(usize, f64),
}

impl LinkUse {
    /// The use of the network by the runs of one cell. `None` means that there is none, that a plan cannot be read, or that a run took
    /// no time.
    pub(crate) fn of<'a>(runs: impl IntoIterator<Item = &'a CellResult>) -> Option<LinkUse> {
        let mut carried: Option<Carried> = None;
        for run in runs {
            let plan = plans::of(run)?;
            let mut next = match carried.take() {
                Some(carried) => carried,
                None => Carried::none(&plan)?,
            };
            next.add_run(&plan, run)?;
            carried = Some(next);
        }
        carried.filter(|carried| carried.seconds > 0.0).map(Carried::link_use)
    }

    /// The busiest of the links between sites, the first of equals. `None` means that there is one site, or no traffic between sites.
    pub(crate) fn busiest_link(&self) -> Option<&Link> {
        let used = self.links.iter().filter(|link| link.bytes > 0.0);
        used.fold(None, |busiest: Option<&Link>, link| match busiest {
            Some(known) if known.busy >= link.busy => Some(known),
            _ => Some(link),
        })
    }

    /// What was busiest of all limits: links first, then uplinks, then cards, where shares are equal.
    pub(crate) fn busiest(&self) -> Option<Busiest<'_>> {
        let link = self.busiest_link().map(|link| (link.busy, Busiest::Link(link)));
        let uplink = |(site, share): (usize, &Option<f64>)| share.map(|share| (share, Busiest::Uplink(site, share)));
        let card = |(site, share): (usize, &f64)| (*share, Busiest::Card(site, *share));
        let uplinks = self.uplinks.iter().enumerate().filter_map(uplink);
        let all = link.into_iter().chain(uplinks).chain(self.cards.iter().enumerate().map(card));
        let busiest =
            all.filter(|(share, _)| *share > 0.0).reduce(|best, next| if next.0 > best.0 { next } else { best });
        busiest.map(|(_, which)| which)
    }

    /// The link between two sites. `None` from a site to itself.
    pub(crate) fn link(&self, from: usize, to: usize) -> Option<&Link> {
        let others = self.sites.len().checked_sub(1)?;
        let place = from * others + to - usize::from(to > from);
        (from != to).then(|| self.links.get(place)).flatten()
    }
}

/// Bytes by limit, over the runs of a cell.
struct Carried {
    profile: Profile,
    runs: f64,
    seconds: f64,
    /// By site and site.
    pairs: BTreeMap<(usize, usize), u64>,
    /// By the two ends that the profile's shaping distinguishes, with the sites of both.
    limits: BTreeMap<([u32; 2], [usize; 2]), u64>,
    cards: BTreeMap<(usize, Way, u32), u64>,
    uplinks: BTreeMap<(usize, Way), u64>,
}

/// The direction in which bytes pass a card or an uplink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Out,
    In,
}

impl Carried {
    fn none(plan: &Plan) -> Option<Carried> {
        plan.profile.check().ok()?;
        Some(Carried {
            profile: plan.profile.clone(),
            runs: 0.0,
            seconds: 0.0,
            pairs: BTreeMap::new(),
            limits: BTreeMap::new(),
            cards: BTreeMap::new(),
            uplinks: BTreeMap::new(),
        })
    }

    /// Adds the traffic of a run. `None` means that its rows are not of the machines that its plan places.
    fn add_run(&mut self, plan: &Plan, run: &CellResult) -> Option<()> {
        if plan.profile != self.profile {
            return None;
        }
        let placed = plan.placed();
        let learning = Topology::new(&placed.profile, &placed.machines_per_site).ok()?;
        let gathering = Topology::new(&plan.profile, &plan.machines_per_site).ok()?;
        self.runs += 1.0;
        self.seconds += run.summary.seconds;
        run.traffic.iter().try_for_each(|row| {
            let is_raw = &*row.class == RAW;
            self.add(if is_raw { &gathering } else { &learning }, row, is_raw)
        })
    }

    fn add(&mut self, topology: &Topology, row: &TrafficRow, is_raw: bool) -> Option<()> {
        let placed = |machine: u32| {
            let known = (machine as usize) < topology.machine_count();
            let site = known.then(|| topology.site(topology.site_of(MachineId(machine))))?;
            self.profile.sites.iter().position(|own| own.name == site.name)
        };
        let (from, to) = (placed(row.from)?, placed(row.to)?);
        if row.from == row.to {
            return Some(());
        }
        // A machine that learns in Centralized's site is another one than that of its number which held raw data.
        let machine = |number: u32| number * 2 + u32::from(is_raw);
        *self.pairs.entry((from, to)).or_default() += row.bytes;
        *self.cards.entry((from, Way::Out, machine(row.from))).or_default() += row.bytes;
        *self.cards.entry((to, Way::In, machine(row.to))).or_default() += row.bytes;
        if from == to {
            return Some(());
        }
        let ends = match self.profile.shaping {
            Shaping::MachineToSite => [row.from, to as u32],
            Shaping::MachinePair => [row.from, row.to],
            Shaping::SitePair => [from as u32, to as u32],
        };
        *self.limits.entry((ends, [from, to])).or_default() += row.bytes;
        *self.uplinks.entry((from, Way::Out)).or_default() += row.bytes;
        *self.uplinks.entry((to, Way::In)).or_default() += row.bytes;
        Some(())
    }

    fn link_use(self) -> LinkUse {
        let sites = self.profile.sites.len();
        let mean = |pair: (usize, usize)| self.pairs.get(&pair).map_or(0.0, |bytes| *bytes as f64 / self.runs);
        let mut busy: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        for ((_, [from, to]), bytes) in &self.limits {
            let share = self.share(*bytes, self.rate(*from, *to));
            let known = busy.entry((*from, *to)).or_default();
            *known = known.max(share);
        }
        let pairs = (0..sites).flat_map(|from| (0..sites).map(move |to| (from, to))).filter(|(from, to)| from != to);
        let link = |pair: (usize, usize)| {
            let ((from, to), rate) = (pair, self.rate(pair.0, pair.1));
            Link { from, to, bytes: mean(pair), busy: busy.get(&pair).copied().unwrap_or_default(), rate }
        };
        LinkUse {
            sites: self.profile.sites.iter().map(|site| site.name.clone()).collect(),
            links: pairs.map(link).collect(),
            inside: (0..sites).map(|site| mean((site, site))).collect(),
            cards: (0..sites).map(|site| self.card(site)).collect(),
            uplinks: (0..sites).map(|site| self.uplink(site)).collect(),
        }
    }

    fn share(&self, bytes: u64, rate: Bandwidth) -> f64 {
        let could = rate.as_bits_per_second() as f64 / 8.0 * self.seconds;
        if could > 0.0 { bytes as f64 / could } else { 0.0 }
    }

    fn rate(&self, from: usize, to: usize) -> Bandwidth {
        let id = |site: usize| SiteId(site as u32);
        self.profile.bandwidth.value(id(from), id(to)).expect("a profile that was checked has all pairs")
    }

    fn card(&self, site: usize) -> f64 {
        let nic = self.profile.sites[site].nic;
        let of_site = self.cards.iter().filter(|((at, _, _), _)| *at == site);
        of_site.map(|((_, way, _), bytes)| self.share(*bytes, way.of(nic))).fold(0.0, f64::max)
    }

    fn uplink(&self, site: usize) -> Option<f64> {
        let uplink = self.profile.sites[site].uplink?;
        let share = |way: Way| self.share(self.uplinks.get(&(site, way)).copied().unwrap_or_default(), way.of(uplink));
        Some(share(Way::Out).max(share(Way::In)))
    }
}

impl Way {
    fn of(self, duplex: Duplex) -> Bandwidth {
        match self {
            Way::Out => duplex.outbound,
            Way::In => duplex.inbound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::testing::{plan, planned};
    use record::results::testing::cell;

    const BSP: &str = "{global: {bsp: {}}}";

    fn row(from: u32, to: u32, class: &str, bytes: u64) -> TrafficRow {
        // The names of sites are not read: machines are placed by the plan.
        let (from_site, to_site, class) = ("".into(), "".into(), class.into());
        TrafficRow { from, to, from_site, to_site, class, messages: 1, bytes_actual: 1, bytes }
    }

    /// A run of 100 seconds between Singapore (machines 0 and 1) and São Paulo (2 and 3), 16.76 Mbit/s from machine to site.
    fn run(plan: &Plan, rows: Vec<TrafficRow>) -> CellResult {
        planned(cell("Baseline").seconds(100.0).traffic(rows).done(), plan)
    }

    #[test]
    fn the_busy_share_is_that_of_the_busiest_limit() {
        let plan = plan("sg-sp", 2, BSP);
        let full = 16_760_000 / 8 * 100;
        let rows = vec![
            row(0, 2, "data", full / 2),
            row(0, 3, "control", full / 4),
            row(1, 2, "data", full / 10),
            row(2, 0, "data", full / 5),
            row(0, 1, "data", 1_000),
        ];
        let used = LinkUse::of([&run(&plan, rows)]).unwrap();
        assert_eq!(used.sites, ["Singapore", "São Paulo"]);
        let there = used.link(0, 1).unwrap();
        assert!((there.busy - 0.75).abs() < 1e-9, "machine 0 sends more than machine 1: {there:?}");
        assert_eq!(there.bytes, (full / 2 + full / 4 + full / 10) as f64);
        assert!((used.link(1, 0).unwrap().busy - 0.2).abs() < 1e-9);
        assert_eq!(used.busiest_link(), Some(there));
        assert_eq!((used.link(0, 0), used.inside[0], used.inside[1]), (None, 1_000.0, 0.0));
        assert!(used.cards[0] > 0.0 && used.cards[0] < 0.05, "{:?}", used.cards);
        assert_eq!((used.busiest(), used.uplinks.as_slice()), (Some(Busiest::Link(there)), [None, None].as_slice()));
    }

    #[test]
    fn machines_share_the_limit_of_a_pair_of_sites() {
        let mut plan = plan("sg-sp", 2, BSP);
        plan.profile.shaping = Shaping::SitePair;
        let uplink = Duplex {
            inbound: Bandwidth::from_bits_per_second(8_000_000),
            outbound: Bandwidth::from_bits_per_second(8_000_000_000),
        };
        plan.profile.sites[1].uplink = Some(uplink);
        let full = 16_760_000 / 8 * 100;
        let rows = vec![row(0, 2, "data", full / 4), row(1, 3, "data", full / 4)];
        let used = LinkUse::of([&run(&plan, rows)]).unwrap();
        assert!((used.link(0, 1).unwrap().busy - 0.5).abs() < 1e-9);
        let share = full as f64 / 2.0 / 1e8;
        assert_eq!(
            (used.uplinks[0], used.busiest()),
            (None, Some(Busiest::Uplink(1, share))),
            "the uplink has half the rate"
        );
    }

    #[test]
    fn seeds_count_together_and_bytes_are_their_mean() {
        let plan = plan("sg-sp", 1, BSP);
        let full = 16_760_000 / 8 * 100;
        let seeds = [run(&plan, vec![row(0, 1, "data", full)]), run(&plan, vec![])];
        let used = LinkUse::of(&seeds).unwrap();
        let link = used.link(0, 1).unwrap();
        assert!((link.busy - 0.5).abs() < 1e-9 && link.bytes == full as f64 / 2.0, "{link:?}");
    }

    #[test]
    fn one_site_has_cards_alone() {
        let plan = plan("lan", 2, BSP);
        let used = LinkUse::of([&run(&plan, vec![row(0, 1, "data", 1_000_000)])]).unwrap();
        assert_eq!((used.links.len(), used.busiest_link()), (0, None));
        assert!(matches!(used.busiest(), Some(Busiest::Card(0, share)) if share > 0.0));
    }

    #[test]
    fn without_a_plan_or_its_machines_nothing_is_known() {
        let plan = plan("sg-sp", 1, BSP);
        assert_eq!(LinkUse::of([&cell("Baseline").done()]), None);
        assert_eq!(LinkUse::of([&run(&plan, vec![row(0, 7, "data", 1)])]), None);
        assert_eq!(LinkUse::of([]), None);
        let mut instant = run(&plan, vec![]);
        instant.summary.seconds = 0.0;
        assert_eq!(LinkUse::of([&instant]), None);
    }
}
