//! The link model against the wall clock.
//!
//! A [`Pacer`] drives a [`Fabric`] with `now = (wall - slip) / K`. It is woken late, always; every chunk that was due
//! meanwhile then leaves *at its own instant* of the run, one after another. So a backlogged limit loses nothing by a
//! late wake-up (this is the lateness credit), while an idle one gains nothing: what is sent later enters at the real
//! `now`. The credit has a bound: what exceeds it is slip, by which the run's time falls behind for good, so that a
//! stalled host does not answer with a burst. Slip is reported; a run with slip is not valid.
//!
//! Counted for each limit and each link: the bytes that left, the time that the link model gave them, and the time that
//! they really took. The first two are exact by construction; the third shows how well this host kept up.
//!
//! No clock is read here: the caller passes the time in.

use std::sync::Arc;

use base::durations::{Durations, Percentiles};
use serde::{Deserialize, Serialize};

use super::clock::Dilation;
use crate::id::MachineId;
use crate::link::{Fabric, LinkEvent};
use crate::network::Network;
use crate::node::Class;
use crate::time::{Duration, Instant};
use crate::units::{Bandwidth, ByteSize};

/// A fabric that follows the wall clock.
#[derive(Debug)]
pub struct Pacer {
    fabric: Fabric,
    network: Arc<Network>,
    dilation: Dilation,
    credit: u64,
    slip: u64,
    slips: u64,
    /// The lateness with which chunks left, in wall nanoseconds.
    lateness: Durations,
    limits: Vec<Load>,
    /// The load of each link, by ordered pair of machines.
    links: Vec<Load>,
    /// Charged bytes that had left, by pair.
    left: Vec<u64>,
}

/// The traffic of a limit or link. An *episode* is a time during which bytes wait for it.
#[derive(Clone, Debug, Default)]
struct Load {
    /// Charged bytes that have left.
    charged: u64,
    /// Ordered pairs whose bytes wait for it now.
    backlogged: u32,
    /// The number of episodes that have begun.
    episodes: u64,
    /// The start of the episode that lasts, in nanoseconds of the run's time.
    since_model: u64,
    /// The start of the episode that lasts, in wall nanoseconds.
    since_wall: u64,
    /// The length of all episodes that have ended, in nanoseconds of the run's time.
    busy_model: u64,
    /// The length of all episodes that have ended, in wall nanoseconds.
    busy_wall: u64,
}

/// A limit's or link's rate, while bytes waited for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Achieved {
    /// The limit's name, or `m0 to m1`.
    pub name: String,
    /// The configured rate; for a link, the smallest of its route.
    pub configured: Bandwidth,
    /// Charged bytes that have left.
    pub charged: ByteSize,
    /// The number of times that bytes came while none waited.
    pub episodes: u64,
    /// The time for which bytes waited for it, by the link model, in the run's time.
    pub busy: Duration,
    /// The same as it really passed, in the run's time: wall / K.
    pub busy_real: Duration,
}

/// The measurements of a pacer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PacingReport {
    /// Wall seconds per second of the run.
    pub dilation: Dilation,
    /// The lateness with which chunks left, in wall nanoseconds.
    pub lateness: Percentiles,
    /// Wall nanoseconds by which lateness exceeded its credit, in all.
    pub slip: u64,
    /// The number of times that it did.
    pub slips: u64,
    /// Every limit that has carried anything.
    pub limits: Vec<Achieved>,
    /// Every link that has carried anything.
    pub links: Vec<Achieved>,
}

impl Pacer {
    /// A pacer of an idle `fabric` on `network`. `credit`: wall nanoseconds of lateness that are made up for; 5 to 20 ms
    /// is right (0.5 ms loses 2-12 % at 500 Mbit/s on a loaded host).
    pub fn new(fabric: Fabric, network: Arc<Network>, dilation: Dilation, credit: u64) -> Pacer {
        Pacer {
            fabric,
            dilation,
            credit,
            slip: 0,
            slips: 0,
            lateness: Durations::default(),
            limits: vec![Load::default(); network.limits.len()],
            links: vec![Load::default(); network.routes.pairs()],
            left: vec![0; network.routes.pairs()],
            network,
        }
    }

    /// The links, for their counters.
    pub fn fabric(&self) -> &Fabric {
        &self.fabric
    }

    /// The run's time at `wall` nanoseconds after the epoch.
    pub fn instant(&self, wall: u64) -> Instant {
        self.dilation.instant(wall.saturating_sub(self.slip))
    }

    /// The time at which the run's time will be `at`, in wall nanoseconds after the epoch, if there is no further slip.
    pub fn wall_of(&self, at: Instant) -> u64 {
        self.dilation.wall_of(at).saturating_add(self.slip)
    }

    /// The time at which to call [`Pacer::advance`] next, in wall nanoseconds after the epoch.
    pub fn next_wall(&self) -> Option<u64> {
        self.fabric.poll_timeout().map(|at| self.wall_of(at))
    }

    /// Lets everything leave that is due at `wall`; `on_event` gets the links as they were then, its
    /// own instant, and what happened.
    pub fn advance(&mut self, wall: u64, mut on_event: impl FnMut(&Fabric, Instant, LinkEvent)) {
        while let Some(due) = self.fabric.poll_timeout() {
            let due_wall = self.wall_of(due);
            if due_wall > wall {
                break;
            }
            let late = wall - due_wall;
            // Slip moves all that is still due to later wall times. However long a stall was, the chunks that leave
            // here were due within `credit` nanoseconds of each other: no burst.
            self.lateness.record(late);
            if late > self.credit {
                self.slip += late - self.credit;
                self.slips += 1;
            }
            // At its own instant, not at the wall's: the stream's next chunk is booked from there, as if this call had
            // been punctual.
            self.fabric.handle_timeout(due);
            self.drain(due, wall, &mut on_event);
        }
    }

    /// Puts a message on its link at `wall`, after [`Pacer::advance`] to the same `wall`.
    pub fn send(&mut self, wall: u64, from: MachineId, to: MachineId, class: Class, charged: ByteSize, message: u64) {
        // The wall's instant, not that of the last event: an idle link gains nothing from a late call.
        let now = self.instant(wall);
        let idle = self.fabric.backlog(from, to) == ByteSize::default();
        self.fabric.send(now, from, to, class, charged, message);
        if idle {
            let pair = self.pair(from, to);
            self.links[pair].begin(now, wall);
            for limit in self.network.route(from, to).limits {
                self.limits[limit as usize].begin(now, wall);
            }
        }
    }

    fn drain(&mut self, due: Instant, wall: u64, on_event: &mut impl FnMut(&Fabric, Instant, LinkEvent)) {
        while let Some(event) = self.fabric.poll_event() {
            if let LinkEvent::Backlog { from, to, backlog } = event {
                self.count(due, wall, from, to, backlog);
            }
            on_event(&self.fabric, due, event);
        }
    }

    fn count(&mut self, due: Instant, wall: u64, from: MachineId, to: MachineId, backlog: ByteSize) {
        let pair = self.pair(from, to);
        let traffic = |class| self.fabric.traffic(from, to, class).charged.as_bytes();
        // An event reports that the backlog has changed, not the number of bytes that have left: sends change it too.
        let left = traffic(Class::Control) + traffic(Class::Data);
        let bytes = left - std::mem::replace(&mut self.left[pair], left);
        let end = backlog == ByteSize::default() && self.links[pair].backlogged > 0;
        let count = |load: &mut Load| {
            load.charged += bytes;
            if end {
                load.end(due, wall);
            }
        };
        count(&mut self.links[pair]);
        self.network.route(from, to).limits.iter().for_each(|&limit| count(&mut self.limits[limit as usize]));
    }

    fn pair(&self, from: MachineId, to: MachineId) -> usize {
        from.index() * self.network.machines + to.index()
    }

    /// The measurements up to `wall`. Where bytes still wait, the time until now counts.
    pub fn report(&self, wall: u64) -> PacingReport {
        let now = self.instant(wall);
        let limits = self.network.limits.iter().zip(&self.limits).filter(|(_, load)| load.charged > 0);
        let limits = limits.map(|(limit, load)| self.achieved(limit.name.clone(), limit.rate, load, now, wall));
        let links = self.links.iter().enumerate().filter(|(_, load)| load.charged > 0);
        let links = links.map(|(pair, load)| {
            let (from, to) = (pair / self.network.machines, pair % self.network.machines);
            let route = self.network.route(MachineId(from as u32), MachineId(to as u32));
            let rates = route.limits.iter().map(|&l| self.network.limits[l as usize].rate);
            let rate = rates.min().unwrap_or(Bandwidth::from_bits_per_second(u64::MAX));
            self.achieved(format!("m{from} to m{to}"), rate, load, now, wall)
        });
        PacingReport {
            dilation: self.dilation,
            lateness: self.lateness.percentiles(),
            slip: self.slip,
            slips: self.slips,
            limits: limits.collect(),
            links: links.collect(),
        }
    }

    fn achieved(&self, name: String, configured: Bandwidth, load: &Load, now: Instant, wall: u64) -> Achieved {
        // A copy, so that a report in the middle of an episode does not end it. All the pairs that wait for a limit end
        // theirs together.
        let mut load = load.clone();
        if load.backlogged > 0 {
            load.backlogged = 1;
            load.end(now, wall);
        }
        Achieved {
            name,
            configured,
            charged: ByteSize::from_bytes(load.charged),
            episodes: load.episodes,
            busy: Duration::from_nanos(load.busy_model),
            busy_real: self.dilation.span(load.busy_wall),
        }
    }
}

impl Load {
    fn begin(&mut self, now: Instant, wall: u64) {
        if self.backlogged == 0 {
            self.episodes += 1;
            self.since_model = now.as_nanos();
            self.since_wall = wall;
        }
        self.backlogged += 1;
    }

    fn end(&mut self, now: Instant, wall: u64) {
        self.backlogged -= 1;
        if self.backlogged == 0 {
            self.busy_model += now.as_nanos().saturating_sub(self.since_model);
            self.busy_wall += wall.saturating_sub(self.since_wall);
        }
    }
}

impl Achieved {
    /// Charged bits per second of the run's time as it really passed, while bytes waited; `None` means that none ever did.
    pub fn bits_per_second(&self) -> Option<f64> {
        rate(self.charged, self.busy_real)
    }

    /// The relative error of the real rate against the link model's: -0.01 is 1 % too slow. `None` means that no bytes ever waited.
    pub fn rate_error(&self) -> Option<f64> {
        Some(rate(self.charged, self.busy_real)? / rate(self.charged, self.busy)? - 1.0)
    }
}

fn rate(charged: ByteSize, busy: Duration) -> Option<f64> {
    (busy > Duration::ZERO).then(|| charged.as_bytes() as f64 * 8.0 / busy.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkConfig;
    use crate::network::{Limit, Route};

    const MS: u64 = 1_000_000;

    /// Two machines; 8 Mbit/s, so that 1000 bytes take a millisecond; no depth to speak of.
    fn pacer(dilation: &str) -> Pacer {
        let rate = Bandwidth::from_bits_per_second(8_000_000);
        let limit = Limit { name: "link".to_owned(), rate, depth: ByteSize::from_bytes(1000) };
        let route = Route { limits: vec![0], delay: Duration::from_millis(30), ..Route::default() };
        let network = Arc::new(Network { machines: 2, limits: vec![limit], routes: vec![route; 4].into() });
        let config = LinkConfig { chunk: ByteSize::from_bytes(1000) };
        let fabric = Fabric::new(network.clone(), config, 1).expect("a sound network");
        Pacer::new(fabric, network, dilation.parse().expect("a dilation"), 10 * MS)
    }

    fn send(pacer: &mut Pacer, wall: u64, bytes: u64, message: u64) {
        pacer.advance(wall, |_, _, _| ());
        pacer.send(wall, MachineId(0), MachineId(1), Class::Data, ByteSize::from_bytes(bytes), message);
    }

    /// Wakes at each instant asked for plus `late`; the run's time of every departure.
    fn departures(pacer: &mut Pacer, late: u64) -> Vec<Instant> {
        let mut all = Vec::new();
        while let Some(wall) = pacer.next_wall() {
            pacer.advance(wall + late, |_, _, event| {
                if let LinkEvent::Departed(departure) = event {
                    all.push(departure.departed_at);
                }
            });
        }
        all
    }

    #[test]
    fn lateness_within_the_credit_costs_a_backlogged_link_nothing() {
        let (mut punctual, mut late) = (pacer("1"), pacer("1"));
        for pacer in [&mut punctual, &mut late] {
            (0..50).for_each(|message| send(pacer, 0, 3000, message));
        }
        assert_eq!(departures(&mut late, 9 * MS), departures(&mut punctual, 0));
        let report = late.report(200 * MS);
        assert_eq!((report.slip, report.limits[0].charged.as_bytes()), (0, 150_000));
        assert!(report.lateness.p99 <= 9 * MS + MS / 10 && report.lateness.p50 > 4 * MS, "{:?}", report.lateness);
        let error = report.limits[0].rate_error().expect("bytes waited");
        assert!((-0.08..=0.0).contains(&error), "only the last wake-up counts: {error}");
    }

    #[test]
    fn an_idle_link_gains_no_credit() {
        let mut pacer = pacer("1");
        send(&mut pacer, 0, 1000, 0);
        departures(&mut pacer, 9 * MS);
        (1..=10).for_each(|message| send(&mut pacer, 500 * MS, 1000, message));
        let left = departures(&mut pacer, 0);
        assert!(left[0] >= Instant::from_nanos(500 * MS), "{left:?}");
        let last = *left.last().expect("ten were sent");
        assert!(last >= Instant::from_nanos(508 * MS), "the depth passes at once, no more: {left:?}");
    }

    #[test]
    fn lateness_beyond_the_credit_is_slip_and_no_burst() {
        let mut pacer = pacer("1");
        (0..100).for_each(|message| send(&mut pacer, 0, 1000, message));
        let mut burst = 0;
        pacer.advance(60 * MS, |_, _, event| burst += u32::from(matches!(event, LinkEvent::Departed(_))));
        assert!((9..=14).contains(&burst), "10 ms make 10 messages of 1 ms, and the depth: {burst}");
        let report = pacer.report(60 * MS);
        assert!((48 * MS..=50 * MS).contains(&report.slip), "{}", report.slip);
        assert!(report.limits[0].rate_error().expect("bytes waited") < -0.5);
    }

    #[test]
    fn dilation_stretches_the_wall_clock_and_leaves_the_run_alone() {
        let left = ["1", "4", "0.25"].map(|dilation| {
            let mut pacer = pacer(dilation);
            (0..20).for_each(|message| send(&mut pacer, 0, 1700, message));
            departures(&mut pacer, 0)
        });
        assert_eq!((&left[0], &left[0]), (&left[1], &left[2]));
        let mut slow = pacer("4");
        send(&mut slow, 0, 5000, 0);
        let last = departures(&mut slow, 0)[0];
        assert_eq!(slow.wall_of(last), 4 * last.as_nanos());
    }
}
