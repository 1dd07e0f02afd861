//! Moving raw data to one site: the bytes that each machine sends to each other, and the time that it takes.
//!
//! Each machine of another site sends what it holds to one machine of the site that all goes to; senders are dealt to its
//! machines in turn. Data that are there already are not moved. Two clocks measure the same transfer: [`fluid_seconds`] by exact
//! max-min fairness, to choose a site before anything runs, and [`arrivals`] by the link model.

use std::sync::Arc;

use emulator::id::{MachineId, SiteId};
use emulator::link::{LinkError, LinkEvent, LinkModel, Links};
use emulator::maxmin::{Flow, completion_times};
use emulator::node::Class;
use emulator::time::Instant;
use emulator::topology::Topology;
use emulator::units::ByteSize;

/// The raw data that a machine sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The machine that sends.
    pub from: MachineId,
    /// The machine that receives.
    pub to: MachineId,
    /// At the scale that the run stands for.
    pub bytes: u64,
}

/// `bytes` dealt in proportion to `weights`, the whole exactly.
pub fn shares(bytes: u64, weights: &[u64]) -> Vec<u64> {
    let whole: u128 = weights.iter().copied().map(u128::from).sum::<u128>().max(1);
    let mut before = 0u128;
    let upto = |weight: u128| (u128::from(bytes) * weight / whole) as u64;
    let mut share = |weight: &u64| {
        let begin = before;
        before += u128::from(*weight);
        upto(before) - upto(begin)
    };
    weights.iter().map(&mut share).collect()
}

/// The transfers that move all data to `site` when machine `i` holds `held[i]` bytes, by sender.
pub fn sendings(topology: &Topology, site: SiteId, held: &[u64]) -> Vec<Sending> {
    let receivers: Vec<MachineId> = topology.machines_of(site).collect();
    let senders = topology.machines().filter(|machine| topology.site_of(*machine) != site);
    let sending = |(turn, from): (usize, MachineId)| Sending {
        from,
        to: receivers[turn % receivers.len()],
        bytes: held[from.index()],
    };
    senders.enumerate().map(sending).filter(|sending| sending.bytes > 0).collect()
}

/// Seconds until all is there, by exact max-min fair rates and the delay of the ways.
pub fn fluid_seconds(topology: &Topology, sendings: &[Sending]) -> f64 {
    let network = topology.network();
    let capacities: Vec<f64> =
        network.limits.iter().map(|limit| limit.rate.as_bits_per_second() as f64 / 8.0).collect();
    let flow = |sending: &Sending| Flow {
        limits: network.route(sending.from, sending.to).limits,
        start: 0.0,
        bytes: sending.bytes as f64,
    };
    let flows: Vec<Flow> = sendings.iter().map(flow).collect();
    let ends = completion_times(&capacities, &flows);
    let delay = |sending: &Sending| network.delay(sending.from, sending.to).as_secs_f64();
    ends.iter().zip(sendings).map(|(end, sending)| end + delay(sending)).fold(0.0, f64::max)
}

/// The time at which each of `sendings` is whole at its receiver, all having begun at 0.
///
/// # Errors
/// [`LinkError`] when the network cannot be emulated.
pub fn arrivals(
    topology: &Topology,
    sendings: &[Sending],
    model: LinkModel,
    seed: u64,
) -> Result<Vec<Instant>, LinkError> {
    let mut fabric = Links::new(Arc::new(topology.network()), model, seed)?;
    for (number, sending) in (0..).zip(sendings) {
        let bytes = ByteSize::from_bytes(sending.bytes);
        fabric.send(Instant::START, sending.from, sending.to, Class::Data, bytes, number);
    }
    let mut arrivals = vec![Instant::START; sendings.len()];
    while let Some(due) = fabric.poll_timeout() {
        fabric.handle_timeout(due);
        while let Some(event) = fabric.poll_event() {
            if let LinkEvent::Departed(departure) = event {
                arrivals[departure.message as usize] = departure.arrives_at;
            }
        }
    }
    Ok(arrivals)
}

#[cfg(test)]
mod tests {
    use emulator::link::LinkConfig;
    use emulator::profile::Profile;

    use super::*;

    fn topology(name: &str) -> Topology {
        let profile = Profile::builtin(name).unwrap();
        Topology::new(&profile, &profile.default_machines()).unwrap()
    }

    #[test]
    fn shares_add_up_to_the_whole() {
        assert_eq!(shares(10, &[1, 1, 1]), [3, 3, 4]);
        assert_eq!(shares(1 << 60, &[0, 3, 1]), [0, 3 << 58, 1 << 58]);
        assert_eq!(shares(7, &[1; 22]).iter().sum::<u64>(), 7);
    }

    #[test]
    fn all_but_the_sites_own_data_are_sent_in_turn() {
        let topology = topology("va-ca");
        let held: Vec<u64> = (1..=22).collect();
        let sent = sendings(&topology, SiteId(1), &held);
        assert_eq!(sent.iter().map(|sending| sending.bytes).sum::<u64>(), (1..=11).sum::<u64>());
        assert!(sent.iter().all(|sending| topology.site_of(sending.to) == SiteId(1)));
        let receivers: std::collections::BTreeSet<MachineId> = sent.iter().map(|sending| sending.to).collect();
        assert_eq!(receivers.len(), 11);
    }

    #[test]
    fn a_transfer_takes_as_long_as_its_link_needs() {
        // 118 Mbit/s per machine, and eleven of them to eleven interfaces of 1 Gbit/s: nothing is shared.
        let topology = topology("va-ca");
        let sent = sendings(&topology, SiteId(0), &[14_750_000; 22]);
        let seconds = fluid_seconds(&topology, &sent);
        assert!((seconds - 1.029_768).abs() < 1e-9, "one second and half of the 59.536 ms: {seconds}");
        let arrivals = arrivals(&topology, &sent, LinkModel::Chunks(LinkConfig::default()), 1).unwrap();
        let last = arrivals.iter().max().unwrap().as_secs_f64();
        assert!((last / seconds - 1.0).abs() < 0.005, "{last} against {seconds}");
    }

    #[test]
    fn both_clocks_agree_on_eleven_sites() {
        let topology = topology("ec2-all");
        for site in topology.sites() {
            let sent = sendings(&topology, site, &[1_000_000; 22]);
            let seconds = fluid_seconds(&topology, &sent);
            let arrivals = arrivals(&topology, &sent, LinkModel::Chunks(LinkConfig::default()), 1).unwrap();
            let last = arrivals.iter().max().unwrap().as_secs_f64();
            assert!((last / seconds - 1.0).abs() < 0.02, "{site:?}: {last} against {seconds}");
        }
    }
}
