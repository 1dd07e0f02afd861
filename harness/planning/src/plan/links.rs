//! The model of links of a cell whose spec leaves the choice to it (`link.model: auto`), by its rates and sizes.
//!
//! # The rule
//! What is compared with is chunks of 16 KiB, as in the paper's figures. A fluid differs from them at every exchange, by at most
//! * `16 KiB / rate` of the slowest limit: the last chunk,
//! * [`TIMES`] times, of the limit where that is longest, what its depth and a chunk of every message to one machine take at its rate. The
//!   depth is a head start after a silence. Messages that share a limit equally arrive together as a fluid, and one after another in
//!   chunks, so that their receiver begins to work on the first earlier. Measured on LANs: 1.8 times on 12 machines, 2.5 times on 6 with
//!   depths of 1 MiB.
//!
//! A clock has two exchanges inside, of rows and of changes, and one between sites, or three through hubs. It takes at least as long as a
//! machine computes, and at least two exchanges inside: the bytes of a message at the rate of the slowest limit, or those of all
//! messages of a machine at that of its interface, whichever is longer.
//!
//! A cell has fluid links if all of these differences are at most [`MOST`] of that time; and, if it moves raw data first, if those of that
//! are of its time and a clock's. Then its messages have hundreds of chunks, so that a fluid takes less of this host, too. Otherwise it has
//! chunks: larger than 16 KiB where depths were set that hold eight of them, as long as the differences without the depth, for their size, are at most that much. A cell has one size; flows that share a limit never
//! have two.
//!
//! Systems that send continuously have chunks: they pace themselves by a backlog that falls evenly.

use emulator::profile::{Duplex, Profile, Shaping};
use emulator::topology::{bucket_depth, shared_bucket_depth};
use emulator::units::{Bandwidth, ByteSize};
use gaia_core::sync::config::{System, Ways};

use super::estimate::exchanged_bytes;
use super::whole::{Links, Plan};

/// The most that the time of a clock may differ, as a share.
const MOST: f64 = 0.0025;
/// The chunks of the paper's figures.
pub(super) const SMALLEST_CHUNK: ByteSize = ByteSize::from_bytes(16 << 10);
/// The largest chunks.
const LARGEST_CHUNK: u64 = 16 << 20;
/// Chunks that a bucket must hold for limits to find tokens at the same instant.
const CHUNKS_DEEP: u64 = 8;

/// Depths and rounds of chunks by which messages that share a limit arrive one after another.
const TIMES: f64 = 3.0;

/// The model of links of `plan`, and the size of chunks.
pub(super) fn choose(plan: &Plan) -> (Links, ByteSize) {
    if let System::Centralized(central) = &plan.system
        && plan.profile.find_site(&central.site).is_err()
    {
        // It has an error, which is reported.
        return (Links::Chunks, SMALLEST_CHUNK);
    }
    let placed = plan.placed();
    let machines = f64::from(placed.machine_count());
    if matches!(placed.system, System::Bosen(_)) || machines < 2.0 {
        return (Links::Chunks, SMALLEST_CHUNK);
    }
    let sites = placed.system.sites();
    let groups = if sites.is_some() { placed.profile.sites.len() as f64 } else { 1.0 };
    let exchanged = exchanged_bytes(&placed);
    let inside = Leg::of(&placed, if sites.is_some() { Reach::Sites } else { Reach::All });
    let message = exchanged / (machines / groups - 1.0).max(1.0);
    let exchange = seconds(message, inside.slowest).max(seconds(exchanged, slowest_interface(&placed.profile)));
    let computes = placed.problem().clock(&placed.machines).map_or(0.0, |(_, time)| time.as_secs_f64());
    let clock = computes.max(2.0 * exchange);
    let between = sites.map(|sites| {
        // Through hubs an update takes three steps.
        let steps = if sites.between.model().ways() == Ways::default() { 1.0 } else { 3.0 };
        (steps, Leg::of(&placed, Reach::Mirrors))
    });
    let moving = Moving::of(plan);
    let moves = |differs: f64, moving: &Moving| differs <= MOST * (moving.seconds + clock);
    let differs = between.as_ref().map_or(0.0, |(steps, leg)| steps * leg.differs());
    let learns_alike = 2.0 * inside.differs() + differs <= MOST * clock;
    if learns_alike && moving.as_ref().is_none_or(|moving| moves(moving.leg.differs(), moving)) {
        return (Links::Fluid, SMALLEST_CHUNK);
    }
    let leg = between.map_or(inside, |(_, leg)| leg);
    let shallowest = moving.as_ref().map_or(u64::MAX, |moving| moving.leg.shallowest).min(leg.shallowest);
    let sizes = std::iter::successors(Some(SMALLEST_CHUNK.as_bytes()), |size| Some(size * 2));
    let fits = |&size: &u64| {
        let times = size as f64 / SMALLEST_CHUNK.as_bytes() as f64;
        2.0 * times * leg.chunks() <= MOST * clock
            && moving.as_ref().is_none_or(|moving| moves(times * moving.leg.chunks(), moving))
            && size * CHUNKS_DEEP <= shallowest
            && size <= LARGEST_CHUNK
    };
    (Links::Chunks, sizes.take_while(fits).last().map_or(SMALLEST_CHUNK, ByteSize::from_bytes))
}

/// Raw data on their way to one site.
struct Moving {
    leg: Leg,
    /// The least that it takes.
    seconds: f64,
}

impl Moving {
    fn of(plan: &Plan) -> Option<Moving> {
        let System::Centralized(central) = &plan.system else { return None };
        let leg = Leg::of(plan, Reach::OneSite);
        let bytes = central.raw_data.map_or(0.0, |bytes| bytes.as_bytes() as f64);
        let seconds = seconds(bytes / f64::from(plan.machine_count()), leg.slowest);
        Some(Moving { leg, seconds })
    }
}

/// The machines that a machine sends to at the same time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// One in the site that raw data go to.
    OneSite,
    /// Those of its site.
    Sites,
    /// Those of all sites, its own included.
    All,
    /// One in every other site.
    Mirrors,
}

/// The limits that messages pass.
struct Leg {
    slowest: Bandwidth,
    /// Seconds in which a limit passes its depth and a chunk of 16 KiB of each message, where that is longest.
    spread: f64,
    /// The same without the depth.
    round: f64,
    /// Bytes of the least depth.
    shallowest: u64,
}

impl Leg {
    fn of(plan: &Plan, reach: Reach) -> Leg {
        let profile = &plan.profile;
        let own = f64::from(plan.machines_per_site.iter().copied().max().unwrap_or(1));
        let (sites, machines) = (profile.sites.len() as f64, f64::from(plan.machine_count()));
        // Messages to one machine that pass an interface, a machine's bucket to a site, a bucket of two sites, an uplink.
        let [interface, to_site, of_sites, uplink] = match reach {
            Reach::OneSite => [(machines / own).ceil(), 1.0, own, machines - own],
            Reach::Sites => [own - 1.0, 0.0, 0.0, 0.0],
            Reach::All => [machines - 1.0, 1.0, own, machines - own],
            Reach::Mirrors => [sites - 1.0, 1.0, own, sites - 1.0],
        };
        let (through, depth): (f64, fn(Bandwidth) -> ByteSize) = match profile.shaping {
            Shaping::SitePair => (of_sites, shared_bucket_depth),
            Shaping::MachineToSite => (to_site, bucket_depth),
            Shaping::MachinePair => (1.0, bucket_depth),
        };
        let both = |rates: Duplex| [rates.inbound, rates.outbound];
        let interfaces = profile.sites.iter().flat_map(|site| both(site.nic)).map(|rate| (rate, interface));
        let uplinks = profile.sites.iter().filter_map(|site| site.uplink).flat_map(both).map(|rate| (rate, uplink));
        let is_across = reach != Reach::Sites;
        let shared = interfaces.chain(uplinks.filter(|_| is_across));
        let shared = shared.map(|(rate, through)| (rate, through, shared_bucket_depth(rate)));
        let pairs = profile.bandwidth.values().filter(|_| is_across).map(|rate| (rate, through, depth(rate)));
        let mut leg = Leg { slowest: slowest_interface(profile), spread: 0.0, round: 0.0, shallowest: u64::MAX };
        for (rate, through, depth) in shared.chain(pairs) {
            let depth = profile.depth.unwrap_or(depth).as_bytes();
            leg.slowest = leg.slowest.min(rate);
            let round = through * SMALLEST_CHUNK.as_bytes() as f64;
            leg.spread = leg.spread.max(seconds(depth as f64 + round, rate));
            leg.round = leg.round.max(seconds(round, rate));
            leg.shallowest = leg.shallowest.min(depth);
        }
        leg
    }

    /// Seconds by which the time of an exchange may differ between chunks of 16 KiB and a fluid.
    fn differs(&self) -> f64 {
        self.last_chunk() + TIMES * self.spread
    }

    /// The part of that which is in proportion to the size of chunks.
    fn chunks(&self) -> f64 {
        self.last_chunk() + TIMES * self.round
    }

    fn last_chunk(&self) -> f64 {
        seconds(SMALLEST_CHUNK.as_bytes() as f64, self.slowest)
    }
}

fn slowest_interface(profile: &Profile) -> Bandwidth {
    let rates = profile.sites.iter().flat_map(|site| [site.nic.inbound, site.nic.outbound]);
    rates.min().expect("a profile has a site")
}

fn seconds(bytes: f64, rate: Bandwidth) -> f64 {
    bytes * 8.0 / rate.as_bits_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Experiment, Registries};
    use crate::spec::{Changes, Source};

    /// The choices for the cells Baseline, Gaia, Bösen and LAN of a model of 4.8 kB times `sigma`.
    fn choices(sigma: f64, link: &str) -> Vec<(Links, u64)> {
        let text = format!(
            "
workload: {{ mf: {{ rank: 8 }} }}
data: {{ generated: {{ users: 600, items: 150, ratings: 9000 }} }}
similitude: {{ factors: {{ sigma-bytes: {sigma}, sigma-work: 1 }} }}
goal: {{ clocks: 3 }}
profile: ec2-all
sites: [us-east-1, Ireland, ap-northeast-1]
machines-per-site: 2
link: {{ {link} }}
cells:
  - {{ name: Baseline, system: {{ global: {{ bsp: {{}} }} }} }}
  - {{ name: Gaia, system: {{ gaia: {{ inside: {{ bsp: {{}} }} }} }} }}
  - {{ name: Bosen, system: {{ bosen: {{ slack: 0, budget: nic }} }} }}
  - {{ name: LAN, profile: lan, machines-per-site: 6, system: {{ global: {{ bsp: {{}} }} }} }}
"
        );
        let source = Source { name: "spec".into(), file: "spec.yaml".into(), folder: ".".into(), text };
        let spec = source.spec(&Changes::default()).expect("sound");
        let plans = Experiment::resolve(&source, &spec, Registries::default()).expect("sound").plans;
        plans.iter().map(|planned| (planned.plan.links, planned.plan.chunk.as_bytes() >> 10)).collect()
    }

    #[test]
    fn the_larger_the_transfers_the_less_a_fluid_differs() {
        let (chunks, fluid) = ((Links::Chunks, 16), (Links::Fluid, 16));
        assert_eq!(choices(1e2, "model: auto"), [chunks; 4]);
        assert_eq!(choices(1e5, "model: auto"), [fluid, chunks, chunks, fluid], "Gaia's clock is short");
        assert_eq!(choices(3e5, "model: auto"), [fluid, fluid, chunks, fluid]);
        assert_eq!(choices(3e5, "model: chunks"), [chunks; 4]);
        assert_eq!(choices(3e5, ""), [chunks; 4]);
        assert_eq!(choices(1e2, "model: fluid"), [fluid; 4]);
    }

    #[test]
    fn deep_buckets_take_large_chunks() {
        // A head start of 0.19 s between sites.
        let of = |sigma| choices(sigma, "model: auto, depth: 1 MiB");
        assert_eq!(of(1e3)[0], (Links::Chunks, 16));
        assert_eq!(of(2e5)[0], (Links::Chunks, 64), "as large as the time of a clock allows");
        assert_eq!(of(5.4e5)[0], (Links::Chunks, 128), "an eighth of the depth");
        assert_eq!(of(2e6)[0], (Links::Fluid, 16));
    }
}
