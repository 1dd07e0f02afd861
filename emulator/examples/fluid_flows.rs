//! Networks and flows as a plain file, and their completion times by the fluid model: the half of `ci/compare-simgrid.py` that is ours.
//!
//! ```text
//! fluid_flows write ec2 SEED FILE       22 machines on EC2's network of 2016, a flow for every ordered pair, 22.8 GB in all
//! fluid_flows write random SEED FILE    a random network: sites, machines, shaping, uplinks, rates, flows and their starts
//! fluid_flows run FILE                  CPU seconds of the model (the mean of as many runs as take 0.2), then the time in seconds at which each flow's last byte has left
//! ```
//!
//! The file: numbers of machines, limits and flows; the rate of each limit in bit/s; and per flow its sender, receiver, start in
//! nanoseconds, bytes, number of limits, limits. A pair has one flow at most, as two of one pair would follow one another.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use emulator::id::MachineId;
use emulator::link::LinkEvent;
use emulator::link::fluid::FluidFabric;
use emulator::network::{Limit, Network, Route};
use emulator::node::Class;
use emulator::profile::{Duplex, Profile, Shaping, Site, SiteMatrix};
use emulator::time::{Duration, Instant};
use emulator::topology::Topology;
use emulator::units::{Bandwidth, ByteSize};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Bytes of all flows on EC2's network.
const EC2_BYTES: u64 = 22_800_000_000;

/// CPU seconds that are timed, at least.
const TIMED: f64 = 0.2;

#[derive(Clone, Copy)]
struct Flow {
    from: MachineId,
    to: MachineId,
    start: u64,
    bytes: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", kind, seed, file] => {
            let rng = &mut ChaCha8Rng::seed_from_u64(seed.parse()?);
            let (topology, flows) = match *kind {
                "ec2" => ec2(rng)?,
                "random" => random(rng)?,
                other => return Err(format!("unknown network `{other}`: expected `ec2` or `random`").into()),
            };
            Ok(std::fs::write(file, text(&topology.network(), &flows))?)
        }
        ["run", file] => {
            let (network, flows) = read(&std::fs::read_to_string(file)?).ok_or("not a file of `fluid_flows write`")?;
            let network = Arc::new(network);
            let ends = run(network.clone(), &flows)?;
            // The system counts a thread's time in steps of milliseconds: many runs, and their mean.
            let (begun, mut runs, mut seconds) = (cpu_seconds(), 0, 0.0);
            while seconds < TIMED {
                black_box(run(network.clone(), &flows)?);
                runs += 1;
                seconds = cpu_seconds() - begun;
            }
            println!("{:.9}", seconds / f64::from(runs));
            ends.iter().for_each(|end| println!("{end:.9}"));
            Ok(())
        }
        _ => Err("expected `write ec2|random SEED FILE` or `run FILE`".into()),
    }
}

fn pairs(machines: u32) -> impl Iterator<Item = (MachineId, MachineId)> {
    let to = move |from| (0..machines).filter(move |&to| to != from).map(move |to| (MachineId(from), MachineId(to)));
    (0..machines).flat_map(to)
}

fn ec2(rng: &mut ChaCha8Rng) -> Result<(Topology, Vec<Flow>), Box<dyn Error>> {
    let profile = Profile::builtin("ec2-all").expect("it is built in");
    let topology = Topology::new(&profile, &vec![2; profile.sites.len()])?;
    let weights: Vec<u64> = pairs(22).map(|_| rng.random_range(2_000..=40_000)).collect();
    let sum: u64 = weights.iter().sum();
    let flow = |((from, to), weight)| Flow { from, to, start: 0, bytes: EC2_BYTES / sum * weight };
    Ok((topology, pairs(22).zip(weights).map(flow).collect()))
}

fn random(rng: &mut ChaCha8Rng) -> Result<(Topology, Vec<Flow>), Box<dyn Error>> {
    let sites = rng.random_range(2..=12_usize);
    let rate = |rng: &mut ChaCha8Rng, low: f64, high: f64| {
        Bandwidth::from_bits_per_second((low * (high / low).powf(rng.random::<f64>()) * 1e6) as u64)
    };
    let duplex =
        |rng: &mut ChaCha8Rng, low, high| Duplex { inbound: rate(rng, low, high), outbound: rate(rng, low, high) };
    let site = |number| Site {
        name: format!("site {number}"),
        region: None,
        aliases: Vec::new(),
        machines: rng.random_range(1..=6),
        nic: duplex(rng, 200.0, 10_000.0),
        uplink: rng.random_bool(0.6).then(|| duplex(rng, 50.0, 2_000.0)),
        rtt_inside: Duration::ZERO,
    };
    let sites: Vec<Site> = (0..sites).map(site).collect();
    let shapings = [Shaping::MachineToSite, Shaping::MachinePair, Shaping::SitePair];
    let profile = Profile {
        name: "random".into(),
        title: String::new(),
        source: String::new(),
        date: String::new(),
        notes: Vec::new(),
        bandwidth: SiteMatrix::from_fn(sites.len(), |_, _| Some(rate(rng, 10.0, 1_000.0))),
        rtt: SiteMatrix::from_fn(sites.len(), |_, _| Some(Duration::ZERO)),
        sites,
        jitter: Duration::ZERO,
        shaping: shapings[rng.random_range(0..shapings.len())],
        depth: None,
    };
    let topology = Topology::new(&profile, &profile.default_machines())?;
    let machines = topology.machine_count() as u32;
    let (share, spread) = (rng.random_range(0.2..1.0), rng.random_range(0..20_000_000_000_u64));
    let mut flows = Vec::new();
    for (from, to) in pairs(machines) {
        let bytes = (1e6 * 1_000.0_f64.powf(rng.random::<f64>())) as u64;
        let start = rng.random_range(0..=spread);
        if rng.random_bool(share) {
            flows.push(Flow { from, to, start, bytes });
        }
    }
    Ok((topology, flows))
}

fn text(network: &Network, flows: &[Flow]) -> String {
    let mut text = format!("{} {} {}\n", network.machines, network.limits.len(), flows.len());
    for limit in &network.limits {
        writeln!(text, "{}", limit.rate.as_bits_per_second()).expect("a string takes everything");
    }
    for &Flow { from, to, start, bytes } in flows {
        let limits = &network.route(from, to).limits;
        write!(text, "{} {} {start} {bytes} {}", from.0, to.0, limits.len()).expect("a string takes everything");
        limits.iter().for_each(|limit| text.push_str(&format!(" {limit}")));
        text.push('\n');
    }
    text
}

fn read(text: &str) -> Option<(Network, Vec<Flow>)> {
    let mut numbers = text.split_whitespace().map_while(|word| word.parse::<u64>().ok());
    let mut next = || numbers.next();
    let (machines, limits, count) = (next()? as usize, next()?, next()?);
    let (mut shared, mut routes) = (Vec::new(), vec![Route::default(); machines * machines]);
    for number in 0..limits {
        let (rate, depth) = (Bandwidth::from_bits_per_second(next()?), ByteSize::from_bytes(0));
        shared.push(Limit { name: format!("l{number}"), rate, depth });
    }
    let mut flows = Vec::new();
    for _ in 0..count {
        let (from, to) = (next()? as u32, next()? as u32);
        flows.push(Flow { from: MachineId(from), to: MachineId(to), start: next()?, bytes: next()? });
        let limits = next()?;
        let route = routes.get_mut(from as usize * machines + to as usize)?;
        for _ in 0..limits {
            route.limits.push(next()? as u32);
        }
    }
    Some((Network { machines, limits: shared, routes: routes.into() }, flows))
}

/// The time in seconds at which each flow's last byte has left.
fn run(network: Arc<Network>, flows: &[Flow]) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut fabric = FluidFabric::new(network, 1)?;
    let mut coming: Vec<usize> = (0..flows.len()).collect();
    coming.sort_by_key(|&flow| std::cmp::Reverse(flows[flow].start));
    let mut ends = vec![f64::NAN; flows.len()];
    loop {
        // Those that start together are sent together: between two of them nothing can happen.
        while let Some(number) = coming.pop() {
            let Flow { from, to, start, bytes } = flows[number];
            fabric.send(Instant::from_nanos(start), from, to, Class::Data, ByteSize::from_bytes(bytes), number as u64);
            if coming.last().is_none_or(|&next| flows[next].start > start) {
                break;
            }
        }
        let next = coming.last().map_or(Instant::NEVER, |&flow| Instant::from_nanos(flows[flow].start));
        while let Some(due) = fabric.poll_timeout().filter(|due| *due <= next) {
            fabric.handle_timeout(due);
            while let Some(event) = fabric.poll_event() {
                if let LinkEvent::Departed(departure) = event {
                    ends[departure.message as usize] = departure.departed_at.as_secs_f64();
                }
            }
        }
        if coming.is_empty() {
            return Ok(ends);
        }
    }
}

/// The processor time of this thread in seconds, which other load on the host does not change; Linux only.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux host");
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.expect("schedstat begins with nanoseconds") / 1e9
}
